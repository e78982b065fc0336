//! Real browsers with the policies that the agent writes, in a network of their own and with an `/etc` of their own.

pub(crate) mod driven;

use driven::{Chromium, Firefox};
use guard::System;
use guard::browsers::{Browsers, Proxy, Wish};
use guard::page::{Kind, Label, Page, Refused, Told, Why};
use model::filtering::{Engine, Side, YouTube};
use model::host::Host;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use words::Language;

/// Says that this process of the suite is to serve the page, and nothing else.
const SERVES: &str = "CARTABLE_SUITE_SERVES_PAGE";
const OWN: &str = "http://cartable.localhost:8080";

/// A machine with nothing but loopback, and the local page on it.
struct Machine {
    folder: tempfile::TempDir,
    namespace: String,
    page: Option<Child>,
    said: Option<std::io::Lines<BufReader<std::process::ChildStdout>>>,
}

impl Machine {
    /// `None` where namespaces are not permitted, unless `CARTABLE_REQUIRE` asks for them.
    fn new(browser: &str) -> Option<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        tests::system_program(browser)?;
        let namespace = format!("cb{}x{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let mut machine = Self { folder: tempfile::tempdir().unwrap(), namespace, page: None, said: None };
        if !(ip(&["netns", "add", &machine.namespace]) && ip(&["-n", &machine.namespace, "link", "set", "lo", "up"])) {
            assert!(!tests::required("netns"), "network namespaces are required");
            println!("skipped: no network namespaces here");
            return None;
        }
        let copied = Command::new("cp").args(["-a", "/etc"]).arg(machine.folder.path()).status();
        assert!(copied.unwrap().success());
        machine.serve();
        Some(machine)
    }

    /// This very program again, within the namespace.
    fn serve(&mut self) {
        let mut child = Command::new("ip")
            .args(["netns", "exec", &self.namespace])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "browsers::the_page_is_served_to_a_browser", "--nocapture"])
            .env(SERVES, "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(said.any(|line| line.unwrap().ends_with("served")));
        (self.page, self.said) = (Some(child), Some(said));
    }

    /// Writes what the agent would, into the machine's `/etc`.
    fn hold(&self, side: &Side) {
        let system = System::new(self.folder.path(), self.folder.path().join("state"));
        let (open, proxy) = ([], Proxy::Direct);
        let wish = Wish { side, first: &[], open: &open, page: OWN, proxy: &proxy, language: Language::Fr };
        assert!(Browsers::new(&system).take(&wish).unwrap());
        assert!(Browsers::new(&system).observe(&wish).unwrap().held());
    }

    /// What the page hands on next.
    fn asked(&mut self) -> String {
        self.said
            .as_mut()
            .unwrap()
            .find_map(|line| line.unwrap().split_once("asked ").map(|(_, what)| what.to_owned()))
            .unwrap()
    }

    fn etc(&self) -> std::path::PathBuf {
        self.folder.path().join("etc")
    }

    fn home(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(page) = &mut self.page {
            let _ = page.kill();
            let _ = page.wait();
        }
        ip(&["netns", "del", &self.namespace]);
    }
}

fn ip(arguments: &[&str]) -> bool {
    let done = Command::new("ip").args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).status();
    done.is_ok_and(|status| status.success())
}

/// A side that closes much; tools for developers stay, since tests drive browsers by them.
fn side() -> Side {
    let names = |names: [&str; 1]| names.map(|name| name.parse::<Host>().unwrap()).into_iter().collect::<BTreeSet<_>>();
    let mut side = Side {
        names_blocked: names(["games.example"]),
        names_open: names(["quiet.games.example"]),
        safe_search: true,
        youtube: YouTube::Strict,
        engine: Some(Engine::Qwant),
        ..Side::default()
    };
    side.browser.private_windows = false;
    side.browser.any_extension = false;
    side.browser.sign_in = false;
    side
}

#[test]
fn chromium_holds_what_it_is_told() {
    let Some(mut machine) = Machine::new("chromium") else { return };
    machine.hold(&side());
    let mut chromium = Chromium::start(&machine.namespace, &machine.etc(), machine.home());
    assert_eq!(chromium.open(&format!("{OWN}/")), None);
    for blocked in ["http://games.example/", "https://www.games.example/x"] {
        assert_eq!(chromium.open(blocked).as_deref(), Some("net::ERR_BLOCKED_BY_ADMINISTRATOR"), "{blocked}");
    }
    let open = chromium.open("http://quiet.games.example/").unwrap();
    assert!(
        open.starts_with("net::ERR_") && open != "net::ERR_BLOCKED_BY_ADMINISTRATOR",
        "{open}: no network, and no policy"
    );

    // The page, as it is used.
    assert_eq!(chromium.open(&format!("{OWN}/?site=games.example&lang=fr")), None);
    assert_eq!(chromium.eval("document.querySelector('h1').innerText"), json!("Ce site est fermé"));
    assert_eq!(
        chromium.eval("getComputedStyle(document.querySelector('main')).borderRadius"),
        json!("24px"),
        "its style is let in"
    );
    chromium.eval("document.querySelector('form button').click()");
    assert_eq!(machine.asked(), "Unblock games.example");
    chromium.until("document.querySelector('[role=status]') !== null");
    chromium.eval("history.back()");
    chromium.until("document.querySelector('#site') !== null");
    chromium.eval(
        "document.querySelector('#site').value = 'https://Bad.example/x'; document.querySelector('.quiet').click()",
    );
    assert_eq!(machine.asked(), "Report bad.example");

    // What it says of itself: each is in force, for the whole machine, and none is in error.
    assert_eq!(chromium.open("chrome://policy"), None);
    let text = "(function text(node) { return [...node.childNodes].map(c => (c.nodeType === 3 ? c.data.trim() : '') + (c.shadowRoot ? text(c.shadowRoot) : '') + ' ' + text(c)).join(' ') })(document.body)";
    chromium.until(&format!("{text}.includes('URLBlocklist')"));
    let said = chromium.eval(text);
    let said = said.as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    let told: Value = serde_json::from_slice(
        &std::fs::read(machine.etc().join("chromium/policies/managed/zz-cartable.json")).unwrap(),
    )
    .unwrap();
    for (name, value) in told.as_object().unwrap() {
        let after = said.split(&format!(" {name} ")).nth(1).unwrap_or_else(|| panic!("{name} is not known"));
        // The next policy's row begins with its name.
        let row = after.split(" Info ").next().unwrap();
        assert!(row.contains("Platform Machine Mandatory OK"), "{name}: {row}");
        if !value.is_array() && !value.is_object() {
            assert!(row.starts_with(&value.to_string().trim_matches('"').to_owned()), "{name}: {row}");
        }
    }
}

#[test]
fn firefox_holds_what_it_is_told() {
    let Some(mut machine) = Machine::new("firefox-esr") else { return };
    machine.hold(&side());
    let mut firefox = Firefox::start(&machine.namespace, &machine.etc(), machine.home());
    assert_eq!(firefox.open(&format!("{OWN}/")), None);
    for blocked in ["http://games.example/", "https://www.games.example/x"] {
        let error = firefox.open(blocked).unwrap();
        assert!(error.contains("e=blockedByPolicy"), "{blocked}: {error}");
    }
    let error = firefox.open("http://quiet.games.example/").unwrap();
    assert!(error.contains("e=dnsNotFound"), "no network, and no policy: {error}");

    assert_eq!(firefox.open(&format!("{OWN}/?site=games.example&lang=fr")), None);
    assert_eq!(firefox.eval("return document.querySelector('h1').innerText"), json!("Ce site est fermé"));
    firefox.eval("document.querySelector('form button').click()");
    assert_eq!(machine.asked(), "Unblock games.example");

    firefox.inside();
    let said = firefox.eval(
        "return [Services.policies.status, Object.keys(Services.policies.getActivePolicies()),
            ['network.trr.mode', 'network.proxy.type'].map(name => [Services.prefs.prefIsLocked(name), Services.prefs.getIntPref(name)]),
            ['privatebrowsing', 'webextperms'].map(name => Services.policies.isAllowed(name))]",
    );
    // Active; DNS over HTTPS off by policy (5, firefox-source-docs.mozilla.org/networking/dns), no proxy, both locked.
    assert_eq!((&said[0], &said[2]), (&json!(1), &json!([[true, 5], [true, 0]])), "{said}");
    assert_eq!(said[3][0], json!(false), "{said}");
    let active: Vec<&str> = said[1].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let told: Value =
        serde_json::from_slice(&std::fs::read(machine.etc().join("firefox/policies/policies.json")).unwrap()).unwrap();
    for name in told["policies"].as_object().unwrap().keys() {
        assert!(active.contains(&name.as_str()), "{name} is not active: {active:?}");
    }
}

/// Not a test by itself: [`Machine::serve`] runs it.
#[tokio::test]
async fn the_page_is_served_to_a_browser() {
    struct Owner;
    impl Told for Owner {
        fn why(&self, _: &str) -> Why {
            Why::Category(Label { fr: "Jeux".to_owned(), en: "Games".to_owned() })
        }
        fn ask(&self, kind: Kind, name: &str, _: Option<u32>) -> Result<(), Refused> {
            println!("asked {kind:?} {name}");
            Ok(())
        }
        fn contact(&self) -> String {
            String::new()
        }
    }
    if std::env::var_os(SERVES).is_some() {
        let places = ["127.0.0.1:8080", "[::1]:8080"].map(|at| at.parse().unwrap());
        let page = Page::bind(&places, Arc::new(Owner)).await.unwrap();
        println!("served");
        page.serve().await;
    }
}
