//! The engine beside a plain map and a walk.

use super::lists::{Dice, Lists, TWIN};
use super::{listing, name, seed};
use crate::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names with their sets of categories.
type Plain = BTreeMap<String, u128>;

/// What a sheet is, said plainly.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) names: Plain,
    pub(super) block: u128,
    pub(super) allow: u128,
    pub(super) rank: u8,
}

/// The rules said the slow way: of all that speaks of the name, the highest rank, then most labels, then allowing, then the first sheet.
pub(super) fn plain_verdict(pages: &[Page], asked: &str) -> Verdict {
    let labels: Vec<&str> = asked.split('.').collect();
    let mut all = Vec::new();
    for (sheet, page) in pages.iter().enumerate() {
        for length in 1..=labels.len() {
            let suffix = labels[labels.len() - length..].join(".");
            let set = page.names.get(&suffix).copied().unwrap_or(0);
            let (allowed, blocked) = (set & page.allow, set & page.block);
            let decides = if allowed > 0 { allowed } else { blocked };
            if decides > 0 {
                let category = CategoryId(u8::try_from(decides.trailing_zeros()).unwrap());
                let by = Match { sheet, category, labels: u32::try_from(length).unwrap() };
                all.push((page.rank, length, allowed > 0, std::cmp::Reverse(sheet), by));
            }
        }
    }
    let best = all.into_iter().max_by_key(|(rank, length, allowed, sheet, _)| (*rank, *length, *allowed, *sheet));
    best.map_or(Verdict { decision: Decision::Unlisted, by: None }, |(_, _, allowed, _, by)| Verdict {
        decision: if allowed { Decision::Allowed } else { Decision::Blocked },
        by: Some(by),
    })
}

/// Few labels and short names, so that names lie beneath each other.
pub(super) fn any_name() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "cc", "d-d", "_e", "longer-label-9", "www"]), 2..6)
        .prop_map(|labels| labels.join("."))
}

pub(super) fn any_names(most: usize) -> impl Strategy<Value = Vec<(String, u8)>> {
    prop::collection::vec((any_name(), 0..6_u8), 0..most)
}

pub(super) fn plain(names: &[(String, u8)]) -> Plain {
    let mut plain = Plain::new();
    for (name, category) in names {
        *plain.entry(name.clone()).or_default() |= 1 << category;
    }
    plain
}

/// Names, whether they share the first sheet's seed, blocked, allowed, rank.
type Made = (Vec<(String, u8)>, bool, u8, u8, u8);

fn any_sheet() -> impl Strategy<Value = Made> {
    (any_names(60), any::<bool>(), 0..64_u8, 0..64_u8, 0..2_u8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 300 } else { 3_000 }))]

    #[test]
    fn the_engine_says_what_a_map_and_a_walk_say(
        sheets in prop::collection::vec(any_sheet(), 1..4),
        asked in prop::collection::vec(any_name(), 200),
    ) {
        let mut pages = Vec::new();
        let mut made = Vec::new();
        for (at, (names, alike, block, allow, rank)) in (0..).zip(&sheets) {
            let seed = if *alike { seed(0) } else { seed(at + 1) };
            let image = listing(seed, 6, names).image(&[]).unwrap();
            let set = Arc::new(FilterSet::open(image).unwrap());
            made.push(Sheet { set, block: Mask((*block).into()), allow: Mask((*allow).into()), rank: *rank });
            let (block, allow) = ((*block).into(), (*allow).into());
            pages.push(Page { names: plain(names), block, allow, rank: *rank });
        }
        let filter = Filter::new(made).unwrap();
        for asked in &asked {
            prop_assert_eq!(filter.verdict(asked.as_bytes()), plain_verdict(&pages, asked), "{}", asked);
            let spoken = format!("{}.", asked.to_ascii_uppercase());
            prop_assert_eq!(filter.verdict(spoken.as_bytes()), plain_verdict(&pages, asked), "{}", spoken);
        }
    }
}

#[test]
fn a_large_list_answers_for_each_of_its_names_and_for_no_other() {
    let (size, asked) = if cfg!(debug_assertions) { (100_000, 400_000) } else { (1_000_000, 8_000_000) };
    let lists = Lists::of(size);
    let mut collector = Collector::new(seed(7), Categories::new());
    let mut names = Plain::new();
    for (category, white, range) in lists.categories() {
        let id = collector.category(category, white).unwrap();
        let twin = (category == TWIN.0).then(|| collector.category(TWIN.1, false).unwrap());
        for number in range {
            let text = lists.name(number);
            for id in [Some(id), twin].into_iter().flatten() {
                collector.add(id, &name(&text)).unwrap();
                *names.entry(text.clone()).or_default() |= 1 << id.0;
            }
        }
    }
    let listing = collector.finish().unwrap();
    let image = listing.image(&[]).unwrap();
    let bits = image.len() as f64 * 8.0 / listing.len() as f64;
    assert!(bits < 38.2, "{bits} bits a name");
    let set = Arc::new(FilterSet::open(image).unwrap());
    let black = set.categories().black();
    let page = Page { names, block: black.0, allow: 0, rank: 0 };
    let filter = Filter::new(vec![Sheet { set, block: black, allow: Mask::NONE, rank: 0 }]).unwrap();
    let mut dice = Dice::new(11);
    for round in 0..asked {
        // Half of them listed, and of all some beneath what they are.
        let number = if round % 2 == 0 { dice.next() % size } else { size + dice.next() % 100_000_000 };
        let text = ["", "", "www.", "a.b."][usize::try_from(dice.next() % 4).unwrap()].to_owned() + &lists.name(number);
        let verdict = filter.verdict(text.as_bytes());
        assert_eq!(verdict, plain_verdict(std::slice::from_ref(&page), &text), "{text}");
        assert!(round % 2 == 0 || verdict.decision == Decision::Unlisted, "{text}");
    }
}

#[test]
fn a_name_in_a_category_that_nobody_speaks_of_opens_nothing() {
    let names = [("bad.example".to_owned(), 0), ("games.bad.example".to_owned(), 2)];
    let set = Arc::new(FilterSet::open(listing(seed(1), 6, &names).image(&[]).unwrap()).unwrap());
    let of = |block: &[&str], allow: &[&str]| {
        let mask = |names: &[&str]| set.categories().mask(names.iter().copied()).unwrap();
        let sheet = Sheet { set: Arc::clone(&set), block: mask(block), allow: mask(allow), rank: 0 };
        let filter = Filter::new(vec![sheet]).unwrap();
        move |asked: &str| filter.verdict(asked.as_bytes())
    };
    let adult = of(&["c0"], &[]);
    assert_eq!(adult("www.games.bad.example").decision, Decision::Blocked);
    assert_eq!(adult("www.games.bad.example").by.unwrap().labels, 2);
    assert_eq!(adult("notbad.example").decision, Decision::Unlisted);
    let open = of(&["c0"], &["c2"]);
    assert_eq!(open("www.games.bad.example").decision, Decision::Allowed);
    assert_eq!(open("bad.example").decision, Decision::Blocked);
}

#[test]
fn what_a_list_means_as_allowed_is_never_part_of_all() {
    let names = [("bank.example".to_owned(), 1), ("bad.example".to_owned(), 0)];
    let set = FilterSet::open(listing(seed(1), 6, &names).image(&[]).unwrap()).unwrap();
    let block = set.categories().black();
    let filter = Filter::new(vec![Sheet { set: Arc::new(set), block, allow: Mask::NONE, rank: 0 }]).unwrap();
    assert_eq!(filter.verdict(b"bank.example").decision, Decision::Unlisted);
    assert_eq!(filter.verdict(b"bad.example").decision, Decision::Blocked);
}

#[test]
fn the_floor_decides_before_a_longer_name_of_a_school() {
    let sheet = |names: &[(String, u8)], block, allow, rank| {
        let set = FilterSet::open(listing(seed(1), 1, names).image(&[]).unwrap()).unwrap();
        Sheet { set: Arc::new(set), block, allow, rank }
    };
    let floor = sheet(&[("school.example".to_owned(), 0)], Mask::NONE, Mask::ALL, 1);
    let school = sheet(&[("quiz.school.example".to_owned(), 0)], Mask::ALL, Mask::NONE, 0);
    let filter = Filter::new(vec![school, floor]).unwrap();
    assert_eq!(filter.verdict(b"quiz.school.example").decision, Decision::Allowed);
}

#[test]
fn names_that_no_resolver_asks_for_end_the_look_and_nothing_else() {
    let set = FilterSet::open(listing(seed(1), 1, &[("bad.example".to_owned(), 0)]).image(&[]).unwrap()).unwrap();
    let sheet = Sheet { set: Arc::new(set), block: Mask::ALL, allow: Mask::NONE, rank: 0 };
    let filter = Filter::new(vec![sheet]).unwrap();
    let long = [b"x".repeat(64), b".bad.example".to_vec()].concat();
    for (asked, decision) in [
        (&b""[..], Decision::Unlisted),
        (b".", Decision::Unlisted),
        (b"..", Decision::Unlisted),
        (b"example", Decision::Unlisted),
        (b"bad.example..", Decision::Unlisted),
        (b"bad..example", Decision::Unlisted),
        (b".bad.example", Decision::Blocked),
        (b"\xff\x00.bad.example", Decision::Blocked),
        (&long, Decision::Blocked),
        (&b"a.".repeat(100_000), Decision::Unlisted),
    ] {
        assert_eq!(filter.verdict(asked).decision, decision, "{asked:?}");
    }
    let labels: [&[u8]; 3] = [b"www.bad.example", b"bad", b"example"];
    assert_eq!(filter.verdict_labels(labels.into_iter().rev()).decision, Decision::Blocked);
    assert_eq!(filter.verdict_labels([b"bad.example".as_slice()].into_iter()).decision, Decision::Unlisted);
}
