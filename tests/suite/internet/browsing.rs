//! Real browsers before that internet: with the policies that the filter wrote, and its answers.

use super::super::browsers::driven::{Chromium, Firefox};
use super::Scene;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::filtering::Engine;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::filtering::side;
use tests::process::until;
use tests::wire::Place;

/// A page of the closed site, and what it leads to.
const CLOSED: &str = "http://www.closed.example/some/page?what=for";
const LED: &str = "http://cartable.localhost/?site=www.closed.example&ferme=1";
/// Where engines answer as they do for schools.
const SAFE: [(&str, [&str; 2]); 3] = [
    ("www.google.com", ["10.80.0.21", "fd80::21"]),
    ("www.youtube.com", ["10.80.0.22", "fd80::22"]),
    ("duckduckgo.com", ["10.80.0.24", "fd80::24"]),
];

impl Scene {
    /// With an `/etc` as this machine has it, in which an administrator said something before the filter came.
    fn browsing(browser: &str, said: (&str, &dyn Fn(&Path) -> Value)) -> Option<Self> {
        tests::system_program(browser)?;
        let mut scene = Self::new()?;
        let (etc, servers) = (scene.etc(), fs::read(scene.etc().join("resolv.conf")).unwrap());
        assert!(Command::new("cp").args(["-a", "/etc/."]).arg(&etc).status().unwrap().success());
        fs::remove_file(etc.join("resolv.conf")).unwrap();
        fs::write(etc.join("resolv.conf"), servers).unwrap();
        let (path, policies) = said;
        fs::create_dir_all(etc.join(path).parent().unwrap()).unwrap();
        fs::write(etc.join(path), policies(&scene.folder.path().join("root.pem")).to_string()).unwrap();
        let mut wished = side(&["adult"], &["chat.example"]);
        wished.engine = Some(Engine::Qwant);
        wished.browser.private_windows = false;
        scene.take_over(&wished);
        until(30, "browsers are told", || etc.join("chromium/policies/managed/zz-cartable.json").exists());
        Some(scene)
    }

    fn etc(&self) -> PathBuf {
        self.root().join("etc")
    }

    /// What the page was asked for and waits for the control plane.
    fn asks(&self) -> Vec<Vec<u8>> {
        let asks = fs::read_dir(self.filter.folder().join("asks")).unwrap();
        asks.map(|ask| fs::read(ask.unwrap().path()).unwrap()).collect()
    }
}

/// Of a page that says at which address its site was reached.
fn is_of(text: &Value, addresses: [&str; 2], name: &str) -> bool {
    let text = text.as_str().unwrap_or_default().trim();
    addresses.iter().any(|address| text == format!("{address} {name}"))
}

/// For whoever wants to look at it.
fn picture_keep(name: &str, png: &[u8]) {
    assert!(png.starts_with(b"\x89PNG") && png.len() > 8_000, "{name}: {} bytes", png.len());
    if let Some(folder) = std::env::var_os("CARTABLE_SUITE_PICTURES") {
        fs::write(PathBuf::from(folder).join(name), png).unwrap();
    }
}

#[test]
fn chromium_sees_what_a_policy_leaves_of_the_internet() {
    let believed = |root: &Path| {
        let pem = fs::read_to_string(root).unwrap();
        let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        assert!(STANDARD.decode(&der).is_ok());
        json!({"CACertificates": [der]})
    };
    let Some(scene) = Scene::browsing("chromium", ("chromium/policies/managed/school.json", &believed)) else { return };
    let mut chromium = Chromium::start(&scene.wire.name(Place::Device), &scene.etc(), scene.folder.path());
    for scheme in ["http", "https"] {
        assert_eq!(chromium.open(&format!("{scheme}://open.example/")), None, "{scheme}");
        let text = chromium.eval("document.body.innerText");
        assert!(is_of(&text, ["10.80.0.10", "fd80::10"], "open.example"), "{scheme}: {text}");
    }
    for (engine, addresses) in SAFE {
        assert_eq!(chromium.open(&format!("https://{engine}/")), None, "{engine}");
        let text = chromium.eval("document.body.innerText");
        assert!(is_of(&text, addresses, engine), "{engine}: {text}");
    }

    // By HTTPS nobody answers: nothing is broken open, and there is no warning that somebody could click away.
    assert_eq!(chromium.open("https://www.closed.example/").as_deref(), Some("net::ERR_CONNECTION_REFUSED"));
    assert_eq!(chromium.eval("document.querySelector('#proceed-link') === null"), json!(true));
    assert_eq!(chromium.eval("document.body.classList.contains('neterror')"), json!(true));
    for named in ["http://chat.example/", "https://a.chat.example/"] {
        assert_eq!(chromium.open(named).as_deref(), Some("net::ERR_BLOCKED_BY_ADMINISTRATOR"), "{named}");
    }
    let round = chromium.open("https://1.1.1.1/").unwrap();
    assert!(round.starts_with("net::ERR_CONNECTION_"), "{round}");

    assert_eq!(chromium.open(CLOSED), None);
    assert_eq!(chromium.eval("location.href"), json!(LED));
    assert_eq!(chromium.open(&format!("{LED}&lang=fr")), None);
    assert_eq!(chromium.eval("document.querySelector('h1').innerText"), json!("Ce site est fermé"));
    let why = chromium.eval("document.querySelector('.why').innerText");
    assert!(why.as_str().unwrap().contains("Catégorie adult"), "{why}");
    picture_keep("chromium.png", &chromium.picture());
    chromium.eval("document.querySelector('form button').click()");
    chromium.until("document.querySelector('[role=status]') !== null");
    let asks = scene.asks();
    assert!(asks.len() == 1 && String::from_utf8_lossy(&asks[0]).contains("www.closed.example"));

    // A user who would rather ask a resolver of another: by the very way of the settings' own page.
    assert_eq!(chromium.open("chrome://settings/security"), None);
    let set = "new Promise(done => chrome.settingsPrivate.setPref('dns_over_https.mode', 'secure', '', done))";
    assert_eq!(chromium.eval(set), json!(false));
    let said = chromium.eval("new Promise(done => chrome.settingsPrivate.getPref('dns_over_https.mode', done))");
    assert_eq!((&said["value"], &said["enforcement"]), (&json!("off"), &json!("ENFORCED")), "{said}");
}

#[test]
fn firefox_sees_what_a_policy_leaves_of_the_internet() {
    let believed = |root: &Path| json!({"policies": {"Certificates": {"Install": [root]}}});
    let Some(scene) = Scene::browsing("firefox-esr", ("firefox/policies/policies.json", &believed)) else { return };
    // A user who would rather ask a resolver of another, as such things are passed on.
    let profile = scene.folder.path().join("firefox");
    fs::create_dir_all(&profile).unwrap();
    let own = "user_pref(\"network.trr.mode\", 3);\nuser_pref(\"network.trr.uri\", \"https://1.1.1.1/dns-query\");\n";
    fs::write(profile.join("user.js"), own).unwrap();
    let mut firefox = Firefox::start(&scene.wire.name(Place::Device), &scene.etc(), scene.folder.path());
    // It reads the certificate while it starts.
    until(20, "the school's certificates are believed", || firefox.open("https://open.example/").is_none());
    for scheme in ["http", "https"] {
        assert_eq!(firefox.open(&format!("{scheme}://open.example/")), None, "{scheme}");
        let text = firefox.eval("return document.body.innerText");
        assert!(is_of(&text, ["10.80.0.10", "fd80::10"], "open.example"), "{scheme}: {text}");
    }
    for (engine, addresses) in SAFE {
        assert_eq!(firefox.open(&format!("https://{engine}/")), None, "{engine}");
        let text = firefox.eval("return document.body.innerText");
        assert!(is_of(&text, addresses, engine), "{engine}: {text}");
    }

    let error = firefox.open("https://www.closed.example/").unwrap();
    assert!(error.contains("e=connectionFailure"), "{error}");
    assert_eq!(
        firefox.eval("return document.querySelector('#exceptionDialogButton:not([hidden])') === null"),
        json!(true)
    );
    for named in ["http://chat.example/", "https://a.chat.example/"] {
        let error = firefox.open(named).unwrap();
        assert!(error.contains("e=blockedByPolicy"), "{named}: {error}");
    }

    assert_eq!(firefox.open(CLOSED), None);
    assert_eq!(firefox.eval("return location.href"), json!(LED));
    assert_eq!(firefox.open(&format!("{LED}&lang=fr")), None);
    assert_eq!(firefox.eval("return document.querySelector('h1').innerText"), json!("Ce site est fermé"));
    picture_keep("firefox.png", &firefox.picture());
    firefox.eval("document.querySelector('form button').click()");
    until(10, "the page has taken it", || scene.asks().len() == 1);

    firefox.inside();
    let said = firefox.eval(
        "try { Services.prefs.setIntPref('network.trr.mode', 3) } catch {}
         return [Services.prefs.prefIsLocked('network.trr.mode'), Services.prefs.getIntPref('network.trr.mode')]",
    );
    // Off by choice (5), whatever the user's file says.
    assert_eq!(said, json!([true, 5]));
}
