//! The filter as a process of its own: it answers names by what it was told last, and nothing that goes wrong makes it looser.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tests::filtering::{FilterProcess, active, everywhere, list_write, side};
use tests::names::{ELSEWHERE, Upstream, address, ask};
use tests::process::AgentProcess;

const NAMES: [(&str, &str); 3] = [("adult", "closed.example"), ("games", "games.example"), ("press", "paper.example")];

#[test]
fn names_are_answered_by_the_policy_that_was_told_last() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::start();
    let mut filter = FilterProcess::new(folder.path(), &upstream);
    let list = folder.path().join("list");
    let digest = list_write(&list, "2026.11.30", &NAMES);
    let told =
        |blocked: &[&str], names: &[&str]| active(Some(&everywhere(&side(blocked, names))), Some((&list, digest)));
    filter.tell(&told(&["adult", "games"], &["chat.example"]));
    filter.start();
    assert!(filter.answers(10_000, "www.closed.example", true), "{}", filter.log_text());
    let first = |name: &str| address(filter.at, name).unwrap();
    for closed in ["closed.example", "a.games.example", "CHAT.example"] {
        assert!(first(closed).is_loopback(), "{closed}");
    }
    for open in ["nobody.example", "paper.example", "education.gouv.fr"] {
        assert_eq!(first(open), ELSEWHERE, "{open}");
    }
    // A browser that asks how to reach it safely is told nothing, and goes on to the address.
    let said = ask(filter.at, "closed.example", RecordType::HTTPS).unwrap();
    assert_eq!((said.code, said.addresses.len()), (ResponseCode::NoError, 0));
    assert!(ask(filter.at, "closed.example", RecordType::AAAA).unwrap().addresses[0].is_loopback());
    let canary = ask(filter.at, "use-application-dns.net", RecordType::A).unwrap();
    assert_eq!(canary.code, ResponseCode::NXDomain);
    let search = ask(filter.at, "www.google.fr", RecordType::AAAA).unwrap();
    assert_eq!((search.aliases, search.addresses.len()), (vec!["forcesafesearch.google.com".to_owned()], 1));
    let local = ask(filter.at, "cartable.localhost", RecordType::A).unwrap();
    assert!(local.addresses[0].is_loopback());

    // Another policy holds without a start.
    filter.tell(&told(&["games"], &[]));
    assert!(filter.answers(10_000, "chat.example", false), "{}", filter.log_text());
    assert!(first("closed.example").is_loopback(), "the package's own floor");
    // Nothing is to be filtered any more: it answers no longer.
    filter.tell(&active(None, None));
    assert!(tests::process::within(10_000, || address(filter.at, "nobody.example").is_none()));
}

#[test]
fn whatever_goes_wrong_the_last_good_policy_holds() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::start();
    let mut filter = FilterProcess::new(folder.path(), &upstream);
    let list = folder.path().join("list");
    let digest = list_write(&list, "2026.11.30", &NAMES);
    let policy = everywhere(&side(&["adult", "games"], &["chat.example"]));
    filter.tell(&active(Some(&policy), Some((&list, digest))));
    filter.start();
    assert!(filter.answers(10_000, "games.example", true), "{}", filter.log_text());
    let holds = |filter: &FilterProcess, what: &str| {
        for name in ["closed.example", "games.example", "chat.example"] {
            assert!(filter.answers(10_000, name, true), "{what}: {name}\n{}", filter.log_text());
        }
        assert!(filter.answers(10_000, "nobody.example", false), "{what}\n{}", filter.log_text());
    };
    // What it cannot take, one after the other; and each time it is killed and started again with that.
    let loose = everywhere(&side(&[], &[]));
    let next = folder.path().join("next");
    let next_digest = list_write(&next, "2026.12.1", &[("press", "paper.example")]);
    let spoiled = |name: &str, spoil: &dyn Fn(&std::path::Path)| {
        let to = folder.path().join(name);
        let digest = list_write(&to, "2026.12.1", &[("press", "paper.example")]);
        spoil(&to);
        active(Some(&loose), Some((&to, digest)))
    };
    let image = |to: &std::path::Path| to.join("image");
    let turned = |to: &std::path::Path| {
        let mut bytes = fs::read(image(to)).unwrap();
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        fs::write(image(to), bytes).unwrap();
    };
    let sentinel = {
        let to = folder.path().join("sentinel");
        let digest = list_write(&to, "2026.12.1", &[("adult", "education.gouv.fr")]);
        active(Some(&loose), Some((&to, digest)))
    };
    let mut later = active(Some(&loose), Some((&next, next_digest)));
    later["filtering"]["also"] = json!(1);
    let mut large = active(Some(&loose), Some((&next, next_digest)));
    large["filtering"]["contact"] = json!("x".repeat(2_000_000));
    let mut many = active(Some(&loose), Some((&next, next_digest)));
    many["filtering"]["unblocked"] = json!(vec![json!({"name": "a.example", "from": 0, "until": 1}); 300]);
    let bad = [
        ("torn", json!("half")),
        (
            "a field that a later release knows",
            json!({"filtering": null, "floor": {}, "own": [], "list": null, "also": 1}),
        ),
        ("too large", large),
        ("too many", many),
        ("a list that is not there", active(Some(&loose), Some((&folder.path().join("nowhere"), next_digest)))),
        ("another list", active(Some(&loose), Some((&list, next_digest)))),
        ("a turned bit", spoiled("turned", &turned)),
        (
            "a torn image",
            spoiled("torn", &|to| {
                let file = fs::OpenOptions::new().write(true).open(image(to)).unwrap();
                file.set_len(100).unwrap();
            }),
        ),
        (
            "an image that others may change",
            spoiled("open", &|to| {
                fs::set_permissions(image(to), fs::Permissions::from_mode(0o666)).unwrap();
            }),
        ),
        ("a sentinel", sentinel),
    ];
    for (what, told) in bad {
        let said = filter.refusals();
        filter.tell(&told);
        assert!(tests::process::within(20_000, || filter.refusals() > said), "{what}: {}", filter.log_text());
        holds(&filter, what);
        filter.kill();
        filter.start();
        holds(&filter, what);
    }
    // The list it came with is gone, and nobody tells it anything: it has what it needs.
    fs::remove_dir_all(&list).unwrap();
    fs::write(filter.agent.state.join("enrolment.json"), "{}").unwrap();
    fs::remove_file(filter.agent.state.join("filter/active.json")).unwrap();
    filter.kill();
    filter.start();
    holds(&filter, "alone");
    // And then it takes what is good again.
    filter.tell(&active(Some(&loose), Some((&next, next_digest))));
    assert!(filter.answers(20_000, "games.example", false), "{}", filter.log_text());
}

#[test]
fn a_network_that_wants_to_be_greeted_is_for_a_while_and_nothing_else_is_let_through() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::start();
    let root = folder.path().join("root");
    let mut filter = rooted(folder.path(), &root, &upstream);
    let closed = ["neverssl.com", "detectportal.firefox.com", "chat.example"];
    filter.tell(&active(Some(&everywhere(&side(&[], &closed))), None));
    filter.start();
    // Without a network there is nobody to be greeted.
    for name in closed {
        assert!(filter.answers(10_000, name, true), "{name}: {}", filter.log_text());
    }
    let asked = |name: &str| {
        let before = upstream.asked();
        assert_eq!(address(filter.at, name).unwrap(), ELSEWHERE);
        upstream.asked() - before
    };
    assert_eq!((asked("nobody.example"), asked("nobody.example")), (1, 0));

    let run = root.join("run/NetworkManager");
    fs::create_dir_all(&run).unwrap();
    fs::write(run.join("no-stub-resolv.conf"), "nameserver 192.0.2.53\n").unwrap();
    assert!(filter.answers(10_000, "neverssl.com", false), "{}", filter.log_text());
    assert_eq!(address(filter.at, "detectportal.firefox.com").unwrap(), ELSEWHERE);
    for name in ["chat.example", "www.neverssl.com", "a.detectportal.firefox.com"] {
        assert!(address(filter.at, name).unwrap().is_loopback(), "{name}");
    }
    // What such a network says of a name is not believed for longer than it takes to say it.
    assert_eq!((asked("nobody.example"), asked("nobody.example")), (1, 1));
    assert!(!filter.log_text().contains("192.0.2.53"), "which network it is concerns nobody");
}

#[test]
fn whoever_meets_a_closed_site_is_told_of_it_and_no_name_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::start();
    let root = folder.path().join("root");
    let mut filter = rooted(folder.path(), &root, &upstream);
    filter.tell(&active(Some(&everywhere(&side(&[], &["chat.example"]))), None));
    filter.start();
    assert!(filter.answers(10_000, "nobody.example", false), "{}", filter.log_text());
    // It has asked itself, and what is open is no news.
    let news = root.join("run/cartable-filter/desktop");
    assert!(!news.exists());
    assert!(filter.answers(1_000, "chat.example", true), "{}", filter.log_text());
    assert!(tests::process::within(5_000, || news.exists()), "{}", filter.log_text());
    let said = fs::read_to_string(&news).unwrap();
    assert!(said.trim().parse::<u64>().is_ok(), "{said}");
    assert_eq!(fs::metadata(&news).unwrap().permissions().mode() & 0o777, 0o644);
    assert!(filter.answers(1_000, "chat.example", true));
    assert_eq!(fs::read_to_string(&news).unwrap(), said, "once in a while is enough");

    // A session shows it, in its language, to whoever takes notifications there.
    let bus = folder.path().join("bin");
    fs::create_dir(&bus).unwrap();
    let program = bus.join("busctl");
    let shown = folder.path().join("shown");
    fs::write(&program, format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > {}\n", shown.display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    for (language, title) in [("fr", "Un site est fermé"), ("en", "A site is closed")] {
        let path = format!("{}:{}", bus.display(), std::env::var("PATH").unwrap_or_default());
        let mut command = std::process::Command::new(tests::programs::program("cartable-agent"));
        let out = command.args(["--lang", language, "notice", "--to", "closed"]).env("PATH", path).output().unwrap();
        assert!(out.status.success());
        let said = fs::read_to_string(&shown).unwrap();
        assert!(said.contains(title) && said.contains("http://cartable.localhost"), "{said}");
        assert!(!said.contains("chat"), "{said}");
    }
}

#[test]
fn totals_are_numbers_that_stay_here() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::start();
    let mut filter = FilterProcess::new(folder.path(), &upstream);
    filter.tell(&active(Some(&everywhere(&side(&[], &["chat.example"]))), None));
    filter.start();
    let day = |filter: &FilterProcess| -> Value {
        let out = filter.agent.run(&["status", "--output", "json"]);
        serde_json::from_slice::<Value>(&out.stdout).unwrap()["answered"][0].clone()
    };
    // What it asks itself is nobody's question.
    assert!(tests::process::within(10_000, || filter.log_text().contains("list_missing")), "{}", filter.log_text());
    for (name, times) in [("chat.example", 3), ("nobody.example", 2), ("www.google.fr", 1)] {
        for _ in 0..times {
            address(filter.at, name).unwrap();
        }
    }
    assert!(filter.stop().success());
    let said = day(&filter);
    let counts = ["answered", "closed", "made_safe", "failed"].map(|key| said[key].as_u64().unwrap());
    assert_eq!(counts, [6, 3, 1, 0], "{said}");
    // A start later it goes on; and whoever reads it finds four numbers and a day.
    filter.start();
    assert!(filter.answers(10_000, "chat.example", true));
    filter.stop();
    assert!(day(&filter)["closed"].as_u64() >= Some(4));
    assert_eq!(said.as_object().unwrap().len(), 5);
    let text = fs::read_to_string(filter.folder().join("totals.json")).unwrap();
    assert!(!text.contains("example"), "{text}");
}

/// One whose system lies under a folder.
fn rooted(folder: &std::path::Path, root: &std::path::Path, upstream: &Upstream) -> FilterProcess {
    let (at, more) = FilterProcess::place(upstream);
    let more = format!("root = {:?}\n{more}", root.to_str().unwrap());
    FilterProcess::of(AgentProcess::new(folder, "device", &more), at)
}

#[test]
fn a_device_that_is_given_away_is_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::start();
    let mut filter = FilterProcess::new(folder.path(), &upstream);
    filter.tell(&active(Some(&everywhere(&side(&[], &["chat.example"]))), None));
    filter.start();
    assert!(filter.answers(10_000, "chat.example", true), "{}", filter.log_text());
    // Nothing is left of an enrolment, as after `forget`.
    fs::remove_file(filter.agent.state.join("filter/active.json")).unwrap();
    assert!(tests::process::within(20_000, || address(filter.at, "nobody.example").is_none()), "{}", filter.log_text());
    let good = filter.agent.state.with_file_name("device-filter").join("good.json");
    assert!(tests::process::within(5_000, || !good.exists()));
}
