//! Any text as documents of a policy's layers: read, composed, compared, asked.

#![no_main]

use controlplane_core::policy::{Document, Layer, Scales, changes, compose, negotiable_changes};
use libfuzzer_sys::fuzz_target;
use model::filtering::{Filtering, Hours, Regime};
use model::floor::Floor;
use model::time::Timestamp;
use std::sync::Arc;

const LAYERS: [&str; 5] = ["national", "territory", "owner:commune-a", "school:0951099D", "class:0951099D/CM2 A"];
const ASKED: [&str; 4] = ["education.gouv.fr", "jeux.example", "www.games.example", "a.b.c.example.org"];

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let layers = LAYERS.iter().filter_map(|name| name.parse::<Layer>().ok());
    let documents: Vec<(Layer, Arc<Document>)> = layers
        .zip(text.split("\n---\n"))
        .filter_map(|(layer, text)| match Document::read(text, &layer) {
            Ok(document) => Some((layer, Arc::new(document))),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                None
            }
        })
        .collect();
    if documents.is_empty() {
        return;
    }
    let all = compose(&documents);
    assert_eq!(all, compose(&documents));
    let _ = all.below(&Floor::built_in());
    let above = compose(&documents[..documents.len() - 1]);
    let _ = (changes(Some(&above), Some(&all)), changes(None, Some(&all)), changes(Some(&all), None));
    assert!(changes(Some(&all), Some(&all)).is_empty());
    let _ = negotiable_changes(documents.first().map(|(_, one)| &**one), documents.last().map(|(_, one)| &**one));
    // What they come to is something that devices take.
    let filtering = Filtering {
        in_school: all.in_school,
        out_of_school: all.out_of_school,
        hours: all.slots.map(|slots| Hours { zone: "Europe/Paris".to_owned(), slots, days_off: Vec::new() }),
        lessons: Vec::new(),
        unblocked: Vec::new(),
        contact: all.contact,
    };
    if let Err(error) = filtering.check() {
        panic!("{error}");
    }
    for regime in [Regime::InSchool, Regime::OutOfSchool] {
        let scales = Scales::new(&filtering, &Floor::built_in(), None, regime, Timestamp::default());
        let scales = scales.expect("the engine takes it");
        for asked in ASKED {
            let verdict = scales.verdict(&asked.parse().expect("a host"));
            let _ = (verdict.because.code(), verdict.because.item());
        }
    }
});
