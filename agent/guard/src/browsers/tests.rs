//! What is rendered, held against what it was, and put in place on made-up systems.

use super::*;
use model::filtering::YouTube;
use serde_json::Value;
use std::fs;

const PAGE: &str = "http://cartable.localhost/";

fn host(name: &str) -> Host {
    name.parse().unwrap()
}

/// A side that closes all that it can.
fn strict() -> Side {
    let mut side = Side {
        names_blocked: ["games.example", "a.open.example", "equal.example"].map(host).into(),
        names_open: ["quiet.games.example", "equal.example", "elsewhere.example"].map(host).into(),
        safe_search: true,
        youtube: YouTube::Strict,
        engine: Some(Engine::QwantJunior),
        ..Side::default()
    };
    side.browser.private_windows = false;
    side.browser.developer_tools = false;
    side.browser.any_extension = false;
    side.browser.sign_in = false;
    side.browser.extensions = ["abcdefghijklmnopabcdefghijklmnop", "words@example.org"].map(str::to_owned).into();
    side
}

fn wish<'a>(side: &'a Side, open: &'a [Host], first: &'a [Host]) -> Wish<'a> {
    Wish { side, first, open, page: PAGE, proxy: &Proxy::Direct, language: Language::Fr }
}

struct World(tempfile::TempDir);

impl World {
    fn new() -> Self {
        let world = Self(tempfile::TempDir::new().unwrap());
        fs::create_dir_all(world.0.path().join("root/etc/chromium")).unwrap();
        world
    }

    fn system(&self) -> System {
        System::new(self.0.path().join("root"), self.0.path().join("state"))
    }

    fn put(&self, path: &str, text: &str) {
        let at = self.system().at(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, text).unwrap();
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.system().at(path)).unwrap()
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.text(path)).unwrap()
    }
}

#[test]
fn each_browser_is_told_what_it_was() {
    let world = World::new();
    let (side, open, first) = (strict(), [host("open.example")], [host("first.example")]);
    Browsers::new(&world.system()).take(&wish(&side, &open, &first)).unwrap();
    for (path, snapshot) in [
        (CHROMIUM[0].1.path, include_str!("snapshots/chromium.json")),
        (CHROMIUM[3].1.path, include_str!("snapshots/edge.json")),
        (FIREFOX.path, include_str!("snapshots/firefox.json")),
    ] {
        let (is, was): (Value, Value) = (world.json(path), serde_json::from_str(snapshot).unwrap());
        assert_eq!(is, was, "{path} is now\n{}", world.text(path));
    }
    assert_eq!(world.text(CHROMIUM[0].1.path), world.text(CHROMIUM[2].1.path));
}

#[test]
fn what_is_allowed_is_not_mentioned() {
    let side = Side { other_resolvers: true, ..Side::default() };
    let world = World::new();
    Browsers::new(&world.system()).take(&wish(&side, &[], &[])).unwrap();
    for (kin_path, inner) in [(CHROMIUM[0].1.path, None), (FIREFOX.path, Some("policies"))] {
        let file = world.json(kin_path);
        let policies = inner.map_or(&file, |inner| &file[inner]).as_object().unwrap();
        assert_eq!(policies.keys().collect::<Vec<_>>(), ["ManagedBookmarks"]);
    }
}

#[test]
fn what_was_there_is_put_back() {
    let world = World::new();
    let theirs = "{\"policies\": {\"DisableTelemetry\": true, \"DNSOverHTTPS\": {\"Enabled\": true}}}";
    world.put(FIREFOX.path, theirs);
    let other = "/etc/chromium/policies/managed/other.json";
    world.put(other, "{}");
    let (side, system) = (strict(), world.system());
    let browsers = Browsers::new(&system);
    assert!(!browsers.observe(&wish(&side, &[], &[])).unwrap().held());
    assert!(browsers.take(&wish(&side, &[], &[])).unwrap());
    assert!(browsers.observe(&wish(&side, &[], &[])).unwrap().held());
    assert!(!browsers.take(&wish(&side, &[], &[])).unwrap());
    let told = world.json(FIREFOX.path);
    assert_eq!(told["policies"]["DisableTelemetry"], true, "what an administrator has said goes on holding");
    assert_eq!(told["policies"]["DNSOverHTTPS"]["Enabled"], false, "but for what we say");
    // Another side, and somebody's hand.
    assert!(browsers.take(&wish(&Side::default(), &[], &[])).unwrap());
    fs::remove_file(system.at(CHROMIUM[0].1.path)).unwrap();
    assert_eq!(
        browsers.observe(&wish(&Side::default(), &[], &[])).unwrap(),
        Seen::Drifted(vec![CHROMIUM[0].1.path.to_owned()])
    );
    browsers.take(&wish(&Side::default(), &[], &[])).unwrap();
    browsers.put_back().unwrap();
    browsers.put_back().unwrap();
    assert_eq!((world.text(FIREFOX.path), world.text(other)), (theirs.to_owned(), "{}".to_owned()));
    assert!(!system.is_there(CHROMIUM[0].1.path) && system.is_there("/etc/chromium"));
    assert!(!system.is_there("/etc/opt") && !system.is_there("/etc/chromium-browser"), "no folder of ours stays");
}

#[test]
fn what_came_with_firefox_goes_on_holding() {
    let world = World::new();
    world.put(FIREFOX_INSTALLED[0], "{\"policies\": {\"NoDefaultBookmarks\": true}}");
    let (side, system) = (strict(), world.system());
    Browsers::new(&system).take(&wish(&side, &[], &[])).unwrap();
    assert_eq!(world.json(FIREFOX.path)["policies"]["NoDefaultBookmarks"], true);
    // What is no JSON is kept, and put back as it was.
    let world = World::new();
    world.put(FIREFOX.path, "{ // broken");
    let system = world.system();
    Browsers::new(&system).take(&wish(&side, &[], &[])).unwrap();
    assert!(world.json(FIREFOX.path)["policies"]["Proxy"]["Locked"].as_bool().unwrap());
    Browsers::new(&system).put_back().unwrap();
    assert_eq!(world.text(FIREFOX.path), "{ // broken");
}

#[test]
fn power_may_go_at_each_step() {
    let side = strict();
    for steps in 0..60 {
        let world = World::new();
        world.put(FIREFOX.path, "{}");
        let system = world.system();
        system.fuse.set(Some(steps));
        let taken = Browsers::new(&system).take(&wish(&side, &[], &[]));
        let next = world.system();
        if steps % 2 == 0 {
            Browsers::new(&next).take(&wish(&side, &[], &[])).unwrap();
            next.fuse.set(Some(steps));
            let _ = Browsers::new(&next).put_back();
        }
        let last = world.system();
        Browsers::new(&last).put_back().unwrap();
        assert_eq!(world.text(FIREFOX.path), "{}");
        assert_eq!(last.names("/etc"), ["chromium", "firefox"], "{steps} steps");
        assert_eq!(
            (last.names("/etc/chromium"), last.names("/etc/firefox/policies")),
            (vec![], vec!["policies.json".to_owned()])
        );
        if taken.is_ok() {
            return;
        }
    }
    panic!("it never comes to an end");
}

#[test]
fn browsers_get_no_more_than_they_read() {
    let name = |n: usize| host(&format!("n{n}.example"));
    let mut side = Side { names_blocked: (0..1_400).map(name).collect(), ..Side::default() };
    side.names_open = (0..50).map(|n| host(&format!("open.n{n}.example"))).collect();
    let first = [host("zz.example")];
    let wish = wish(&side, &[], &first);
    let patterns = wish.patterns();
    assert_eq!(patterns.blocked[0], first[0]);
    assert!(patterns.blocked.len() + patterns.open.len() <= PATTERNS_MAX - 10);
    assert_eq!(patterns.blocked.len() + wish.left_to_dns(), 1_401);
    for open in &patterns.open {
        assert!(patterns.blocked.iter().any(|name| name.covers(open)), "{open} is an exception from nothing");
    }
    for name in &patterns.blocked {
        assert!(side.names_open.iter().all(|open| !name.covers(open) || patterns.open.contains(open)), "{name}");
    }
}
