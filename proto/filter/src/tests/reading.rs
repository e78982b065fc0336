//! Lists as they are found, and the gate before them.

use super::{listing, name, seed};
use crate::limits::FAULTS_SHOWN;
use crate::*;
use proptest::prelude::*;

/// What a file holds, in words, and the report.
fn read(format: Format, pieces: &[&[u8]]) -> (Vec<String>, Report) {
    let mut reader = Reader::new(format);
    let mut found = Vec::new();
    let mut each = |entry: Entry<'_>| {
        found.push(match entry {
            Entry::Name(name) => name.to_string(),
            Entry::Address(address) => format!("address {address}"),
            Entry::Url(url) => format!("url {url}"),
        });
        Ok(())
    };
    for piece in pieces {
        reader.read(piece, &mut each).unwrap();
    }
    let report = reader.end(&mut each).unwrap();
    (found, report)
}

/// A line, and what stands in it or why it is refused.
fn one(format: Format, line: &str) -> std::result::Result<Vec<String>, Reason> {
    let (found, report) = read(format, &[line.as_bytes()]);
    report.faults.first().map_or(Ok(found), |fault| Err(fault.why))
}

#[test]
fn lines_are_read_in_whichever_way_they_are_written() {
    for (line, expected) in [
        ("example.com", "example.com"),
        ("Example.COM.\r", "example.com"),
        ("  example.com\t", "example.com"),
        ("example.com # why", "example.com"),
        ("\u{feff}example.com", "example.com"),
        ("*.example.com", "example.com"),
        (".example.com", "example.com"),
        ("||example.com^", "example.com"),
        ("0.0.0.0 example.com", "example.com"),
        ("127.0.0.1\ta.example b.example # two", "a.example b.example"),
        ("::1 example.com", "example.com"),
        ("fe80::1%lo0 localhost", ""),
        ("127.0.0.1 localhost", ""),
        ("_214214214.xyz", "_214214214.xyz"),
        ("-a-.blogs.example", "-a-.blogs.example"),
        ("élève.example", "xn--lve-6lad.example"),
        ("ÉLÈVE.example", "xn--lve-6lad.example"),
        ("xn--lve-6lad.example", "xn--lve-6lad.example"),
        ("пример。рф", "xn--e1afmkfd.xn--p1ai"),
        ("8.8.8.8", "address 8.8.8.8"),
        ("2001:db8::1", "address 2001:db8::1"),
        ("[2001:db8::1]", "address 2001:db8::1"),
        ("# comment", ""),
        ("! comment", ""),
        ("[Adblock Plus 2.0]", ""),
        ("", ""),
    ] {
        let expected: Vec<String> = if expected.starts_with("address") {
            vec![expected.to_owned()]
        } else {
            expected.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        assert_eq!(one(Format::Domains, line), Ok(expected), "{line:?}");
    }
}

#[test]
fn what_is_no_name_is_refused_with_its_reason() {
    let long_label = format!("{}.example", "a".repeat(64));
    let long_name = format!("{}.example", vec!["a".repeat(62); 4].join("."));
    let deep = format!("{}example", "a.".repeat(32));
    for (line, why) in [
        ("com", Reason::Single),
        ("*.com", Reason::Single),
        (".", Reason::Name(NameFault::Empty)),
        ("a..example", Reason::Name(NameFault::LabelEmpty)),
        ("..example.com", Reason::Name(NameFault::LabelEmpty)),
        ("example.com..", Reason::Name(NameFault::LabelEmpty)),
        (&long_label, Reason::Name(NameFault::LabelLong)),
        (&long_name, Reason::Name(NameFault::Long)),
        (&"a".repeat(4_000), Reason::Name(NameFault::Long)),
        (&"a".repeat(5_000), Reason::Long),
        (&deep, Reason::Name(NameFault::Deep)),
        ("exa mple.com", Reason::Name(NameFault::Sign)),
        ("a.*.example", Reason::Name(NameFault::Sign)),
        ("example.com/page", Reason::Name(NameFault::Sign)),
        ("a\0.example", Reason::Name(NameFault::Sign)),
        ("\u{fffd}.example", Reason::Name(NameFault::International)),
        ("1.2.3", Reason::Name(NameFault::Number)),
        ("8.8.8.8.8", Reason::Name(NameFault::Number)),
        ("999.1.1.1", Reason::Name(NameFault::Number)),
        ("10.1.2.3 example.com", Reason::Leads),
        ("@@||example.com^", Reason::Exception),
        ("||example.com^$third-party", Reason::Rule),
        ("||example.com/ads", Reason::Rule),
    ] {
        assert_eq!(one(Format::Domains, line), Err(why), "{line:?}");
    }
    let (found, report) = read(Format::Domains, &[b"a.example\n\xe9t\xe9.example\nb.example\n"]);
    assert_eq!(found, ["a.example", "b.example"]);
    assert_eq!(report.faults, [Fault { line: 2, why: Reason::Encoding }]);
}

#[test]
fn of_pages_only_whole_hosts_are_names() {
    let lines = b"example.com/\nhttps://a.example\nexample.com/page?x=1\nb.example:8080/\n10.0.0.1/x\n10.0.0.1\nc.example\nu@d.example\n";
    let (found, report) = read(Format::Urls, &[lines]);
    let expected = [
        "example.com",
        "a.example",
        "url example.com/page?x=1",
        "url b.example:8080/",
        "url 10.0.0.1/x",
        "address 10.0.0.1",
        "c.example",
        "url u@d.example",
    ];
    assert_eq!(found, expected);
    assert_eq!((report.names, report.urls, report.addresses, report.refused), (3, 4, 1, 0));
}

#[test]
fn all_faults_are_counted_and_some_are_shown() {
    let (_, report) = read(Format::Domains, &["com\n".repeat(1_000).as_bytes()]);
    assert_eq!((report.lines, report.refused, report.faults.len()), (1_000, 1_000, FAULTS_SHOWN));
}

#[test]
fn reading_ends_when_an_entry_is_refused() {
    let mut reader = Reader::new(Format::Domains);
    let refuse = |_: Entry<'_>| Err(Error::Unfaithful);
    assert_eq!(reader.read(b"a.example\n", refuse), Err(Error::Unfaithful));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 500 } else { 20_000 }))]

    #[test]
    fn any_bytes_are_read_alike_in_any_pieces(
        lines in prop::collection::vec(prop_oneof![
            "[a-zA-Z0-9._* #|^@!:/-]{0,30}",
            "\\PC{0,20}",
            Just("0.0.0.0 a.example b.example".to_owned()),
        ], 0..20),
        noise in prop::collection::vec(any::<u8>(), 0..40),
        piece in 1..50_usize,
        urls in any::<bool>(),
    ) {
        let mut bytes = lines.join("\n").into_bytes();
        bytes.extend_from_slice(&noise);
        let format = if urls { Format::Urls } else { Format::Domains };
        let whole = read(format, &[&bytes]);
        let pieces: Vec<&[u8]> = bytes.chunks(piece).collect();
        prop_assert_eq!(&read(format, &pieces), &whole);
        let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
        let open = usize::from(bytes.last().is_some_and(|byte| *byte != b'\n'));
        prop_assert_eq!(whole.1.lines, u64::try_from(ends + open).unwrap());
    }

    #[test]
    fn a_name_once_read_is_read_the_same_again(text in "\\PC{0,40}\\.[a-z]{2,5}") {
        if let Ok(once) = text.parse::<Name>() {
            prop_assert_eq!(once.as_str().parse::<Name>(), Ok(once.clone()));
            prop_assert!(once.as_str().len() <= 253 && once.as_str().split('.').all(|l| (1..=63).contains(&l.len())));
        }
    }
}

fn share(category: &str, names: u64) -> Share {
    Share { category: category.to_owned(), names }
}

#[test]
fn a_category_that_swings_is_held_back() {
    for (before, after, held) in [
        (1_000, 700, false),
        (1_000, 699, true),
        (1_000, 1_500, false),
        (1_000, 1_501, true),
        (89, 4_000, true),
        (6, 9, false),
        (6, 0, true),
        (0, 19, false),
        (0, 21, true),
        (1_000, 1_000, false),
    ] {
        let refusals = Gate::shares_check(&[share("doh", before)], &[share("doh", after)]);
        assert_eq!(!refusals.is_empty(), held, "{before} {after}");
    }
    assert_eq!(Gate::shares_check(&[], &[share("new", 9_000)]), []);
    let gone = Gate::shares_check(&[share("doh", 90)], &[]);
    assert_eq!(gone, [Refusal::Shrunk { now: share("doh", 0), before: 90 }]);
    assert_eq!(gone[0].to_string(), "doh shrank from 90 names to 0");
}

#[test]
fn names_that_stand_guard_are_asked_for() {
    let names = ["school.example", "casino.example"].map(|name| (name.to_owned(), 0));
    let mut names = names.to_vec();
    names.push(("update.example".to_owned(), 1));
    let listing = listing(seed(1), 2, &names);
    let gate = Gate {
        never: vec![name("ent.school.example"), name("update.example"), name("other.example")],
        never_beneath: vec![name("pix.example")],
        always: vec![name("www.casino.example"), name("gone.example")],
    };
    assert_eq!(
        gate.names_check(&listing),
        [Refusal::Never(name("ent.school.example")), Refusal::Always(name("gone.example"))]
    );
    assert!(gate.forbids(&name("app.pix.example")) && gate.forbids(&name("pix.example")));
    assert!(!gate.forbids(&name("notpix.example")));
    assert_eq!(listing.shares(), [share("c0", 2), share("c1", 1)]);
}
