//! Rules over whole lists: what a plain map and a walk say, the engine says; and nothing hostile gets anywhere.

mod hostile;
#[path = "../../../tests/src/lists.rs"]
#[allow(unreachable_pub, dead_code, reason = "it is the tests package's, for all to use")]
mod lists;
mod oracle;
mod overlays;
mod reading;

use crate::*;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn seed(number: u8) -> Seed {
    Seed::new([number; 16])
}

/// A listing of names with the numbers of their categories, `c0`, `c1` …; those with an odd number are white.
fn listing(seed: Seed, categories: u8, names: &[(String, u8)]) -> Listing {
    let mut collector = Collector::new(seed, Categories::new());
    let ids: Vec<CategoryId> =
        (0..categories).map(|n| collector.category(&format!("c{n}"), n % 2 == 1).unwrap()).collect();
    for (text, category) in names {
        collector.add(ids[usize::from(*category)], &name(text)).unwrap();
    }
    collector.finish().unwrap()
}
