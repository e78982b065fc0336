//! Names, the special ones, and safe search.

use super::oracle;
use crate::safe::{SafeSearch, YouTube};
use crate::special::{Special, of_network, of_portal, special};
use crate::{Name, NameFault};
use proptest::prelude::*;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

#[test]
fn a_name_says_its_labels() {
    let one = name("WWW.Example.test.");
    assert_eq!(one.labels().collect::<Vec<_>>(), [&b"www"[..], b"example", b"test"]);
    assert_eq!((one.wire(), name("").wire()), (b"\x03www\x07example\x04test\0".to_vec(), vec![0]));
    for bad in ["a..b", ".a", "..", &"a".repeat(64), &vec!["a".repeat(63); 4].join(".")] {
        assert_eq!(bad.parse::<Name>(), Err(NameFault), "{bad}");
    }
    assert!(["a".repeat(63), "a".repeat(63), "a".repeat(63), "a".repeat(61)].join(".").parse::<Name>().is_ok());
    let deepest = name(&vec!["a"; 127].join("."));
    assert_eq!((deepest.labels().count(), deepest.labels_upward().count(), deepest.wire().len()), (127, 127, 255));
    assert_eq!(name("").labels_upward().count(), 0);
    // No label passes for a zone that it only ends like.
    assert!(name("x.localhost").within("localhost") && !name("mylocalhost").within("localhost"));
    assert!(!name("localhost").within("x.localhost") && !name("").within("localhost"));
    assert!(name("a.test").is("a.test") && !name("b.a.test").is("a.test") && !name("test").is("a.test"));
    assert!(!format!("{one:?}{:?}", one.labels_upward()).contains("example"));
}

proptest! {
    #[test]
    fn a_name_is_read_back(labels in proptest::collection::vec("[a-z0-9_-]{1,20}", 1..10)) {
        let text = labels.join(".");
        let one = name(&text);
        let mut upward: Vec<&[u8]> = one.labels_upward().collect();
        upward.reverse();
        prop_assert_eq!(upward, one.labels().collect::<Vec<_>>());
        prop_assert_eq!(oracle::name(&one.wire(), 0).unwrap(), (oracle::labels(&text), one.wire().len()));
        // A copy goes on where the other stands.
        let mut left = one.labels_upward();
        left.next();
        prop_assert_eq!(left.clone().collect::<Vec<_>>(), left.collect::<Vec<_>>());
    }
}

#[test]
fn special_names_stay_here() {
    for (text, kind) in [
        ("localhost", Some(Special::Here)),
        ("a.b.localhost", Some(Special::Here)),
        ("localhost.example", None),
        ("dc.college.local", None),
        ("x.onion", Some(Special::Nowhere)),
        ("1.0.0.127.in-addr.arpa", Some(Special::HereReverse)),
        ("1.2.0.192.in-addr.arpa", None),
        (&format!("1{}.ip6.arpa", ".0".repeat(31)), Some(Special::HereReverse)),
    ] {
        assert_eq!(special(&name(text)), kind, "{text}");
    }
}

#[test]
fn what_only_the_network_knows_is_asked_of_it_alone() {
    for text in [
        "router",
        "nas.home.arpa",
        "box.lan",
        "dc.college.local",
        "local",
        "1.0.0.10.in-addr.arpa",
        "1.1.168.192.in-addr.arpa",
        "1.0.16.172.in-addr.arpa",
        "31.172.in-addr.arpa",
        "1.0.127.100.in-addr.arpa",
        "1.0.0.8.e.f.ip6.arpa",
        "0.0.d.f.ip6.arpa",
    ] {
        assert!(of_network(&name(text)), "{text}");
    }
    for text in [
        "www.example.test",
        "1.0.15.172.in-addr.arpa",
        "1.0.32.172.in-addr.arpa",
        "1.0.128.100.in-addr.arpa",
        "x.plan",
        "x.notlocal",
    ] {
        assert!(!of_network(&name(text)), "{text}");
    }
    assert!(of_portal(&name("www.msftconnecttest.com")));
    assert!(of_portal(&name("detectportal.firefox.com")) && !of_portal(&name("www.detectportal.firefox.com")));
}

#[test]
fn search_engines_are_made_safe() {
    let all = SafeSearch::ALL;
    for (text, target) in [
        ("www.google.com", Some("forcesafesearch.google.com")),
        ("www.google.fr", Some("forcesafesearch.google.com")),
        ("www.google.gp", Some("forcesafesearch.google.com")),
        ("www.google.cat", Some("forcesafesearch.google.com")),
        ("www.google.co.uk", Some("forcesafesearch.google.com")),
        ("www.google.com.pf", Some("forcesafesearch.google.com")),
        ("maps.google.com", None),
        ("www.google.example", None),
        ("www.google.com.evil.test", None),
        ("www.youtube.com", Some("restrict.youtube.com")),
        ("youtubei.googleapis.com", Some("restrict.youtube.com")),
        ("www.youtube-nocookie.com", Some("restrict.youtube.com")),
        ("www.bing.com", Some("strict.bing.com")),
        ("duckduckgo.com", Some("safe.duckduckgo.com")),
        ("www.ecosia.org", Some("strict-safe-search.ecosia.org")),
        ("pixabay.com", Some("safesearch.pixabay.com")),
        ("search.brave.com", Some("forcesafe.search.brave.com")),
        ("www.example.test", None),
    ] {
        assert_eq!(all.rewrite(&name(text)), target, "{text}");
        assert_eq!(SafeSearch::default().rewrite(&name(text)), None, "{text}");
        // What stands for a name is not itself made safe: there would be no end.
        assert!(target.is_none_or(|target| all.rewrite(&name(target)).is_none()));
    }
    let moderate = SafeSearch { youtube: YouTube::Moderate, ..SafeSearch::default() };
    assert_eq!(moderate.rewrite(&name("m.youtube.com")), Some("restrictmoderate.youtube.com"));
    assert_eq!(moderate.rewrite(&name("www.google.fr")), None);
}
