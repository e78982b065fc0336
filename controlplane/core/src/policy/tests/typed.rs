//! Names as people type them: what is typed is what devices match.

use super::*;
use model::host::HOST_LABELS_MAX;

/// Ways to write a label, and how it is asked for.
const LABELS: [(&[&str], &str); 7] = [
    (&["élève", "Élève", "ÉLÈVE", "e\u{301}le\u{300}ve", "xn--lve-6lad", "XN--Lve-6LAD"], "xn--lve-6lad"),
    (&["www", "WWW", "ｗｗｗ"], "www"),
    (&["example", "Example", "ＥＸＡＭＰＬＥ"], "example"),
    (&["例え"], "xn--r8jz45g"),
    (&["_dmarc", "_DMARC"], "_dmarc"),
    (&["a_b-", "A_B-"], "a_b-"),
    (&["-7"], "-7"),
];
/// Dots as keyboards have them (UTS 46, section 2.3).
const DOTS: [&str; 4] = [".", "。", "．", "｡"];
const ENDS: [&str; 5] = ["", ".", "。", " ", ". "];

/// A name as somebody types it, and as it is asked for.
fn typed() -> impl Strategy<Value = (String, String)> {
    let label = (0..LABELS.len(), any::<proptest::sample::Index>(), 0..DOTS.len());
    (proptest::collection::vec(label, 2..6), 0..ENDS.len()).prop_map(|(labels, end)| {
        let (mut text, mut asked) = (String::new(), Vec::new());
        for (at, (label, way, dot)) in labels.into_iter().enumerate() {
            let (ways, wire) = LABELS[label];
            text.push_str(if at == 0 { "" } else { DOTS[dot] });
            text.push_str(ways[way.index(ways.len())]);
            asked.push(wire);
        }
        text.push_str(ENDS[end]);
        (text, asked.join("."))
    })
}

proptest! {
    /// A policy, a list and whoever asks why mean one name, however each of them writes it.
    #[test]
    fn what_is_typed_is_what_is_matched((text, asked) in typed(), open in any::<bool>()) {
        let name = host_typed(&text).unwrap();
        prop_assert_eq!(name.as_str(), &asked);
        let listed: filter::Name = text.trim().parse().unwrap();
        prop_assert_eq!(listed.as_str(), &asked, "as in a list");
        let key = if open { "open_names" } else { "block_names" };
        let all = composed(&[("national", &format!("[both]\n{key} = [\"{text}\"]\nonly_open = {open}\n"))]);
        for beneath in [asked.clone(), format!("x.{asked}"), format!("x{asked}")] {
            let named = beneath != format!("x{asked}");
            for regime in REGIMES {
                prop_assert_eq!(all.verdict(regime, &host(&beneath), None).blocked, named != open, "{} {}", text, beneath);
            }
        }
    }

    /// What is taken is a name of the engine's and one that travels to devices, and means itself when it is typed again.
    #[test]
    fn any_text_is_a_name_or_none(text in prop_oneof!["\\PC{0,60}", "[a-zA-Z0-9._-]{0,60}", "[aé_。．.]{1,12}"]) {
        match host_typed(&text) {
            Ok(name) => {
                prop_assert_eq!(name.as_str().parse(), Ok(name.clone()));
                prop_assert_eq!(host_typed(name.as_str()), Ok(name.clone()));
                prop_assert_eq!(text.trim().parse::<filter::Name>().map(|name| name.to_string()), Ok(name.to_string()));
            }
            Err(_) => prop_assert!(text.trim().parse::<filter::Name>().is_ok_and(|name| name.depth() < 2)
                || text.trim().parse::<filter::Name>().is_err()),
        }
        // Whoever judges a name without the engine judges as the engine does.
        let engine = text.parse::<filter::Name>().is_ok_and(|name| name.depth() > 1 && name.as_str() == text);
        prop_assert_eq!(text.parse::<Host>().is_ok(), engine, "{}", text);
    }
}

#[test]
fn what_is_no_name_is_refused_as_it_was_typed() {
    assert_eq!(HOST_LABELS_MAX, filter::limits::LABELS_MAX);
    let deep = "a.".repeat(HOST_LABELS_MAX) + "fr";
    let long = format!("{}.fr", "a".repeat(64));
    for bad in [
        "",
        " ",
        "fr",
        "é",
        ".fr",
        "a..fr",
        "a。。fr",
        "https://a.fr/",
        "1.2.3.4",
        "[::1]",
        "a b.fr",
        "a*.fr",
        &deep,
        &long,
    ] {
        let shown: String = bad.chars().take(80).collect();
        let said = host_typed(bad).unwrap_err().to_string();
        assert!(said.starts_with(&format!("{shown:?} is not a name such as example.org")), "{said}");
    }
}
