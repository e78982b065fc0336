//! What a day changes, exactly.

use super::lists::Lists;
use super::oracle::{any_name, any_names, plain};
use super::{listing, name, seed};
use crate::image::split;
use crate::limits::{CHAIN_MAX, CHANGES_MAX};
use crate::*;
use proptest::prelude::*;

fn digest(number: usize) -> Digest {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&number.to_le_bytes());
    digest
}

/// The image of the first listing with an overlay for each of the others.
fn chain(days: &[Listing]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let image = days[0].image(&[]).unwrap();
    let overlays = days.windows(2).enumerate().map(|(at, pair)| pair[1].overlay(&pair[0], digest(at), &[]).unwrap());
    (image, overlays.collect())
}

fn stacked<'a>(image: &'a [u8], overlays: &[Vec<u8>]) -> Result<FilterSet<'a>> {
    let overlays: Vec<(&[u8], Digest)> =
        overlays.iter().enumerate().map(|(at, bytes)| (bytes.as_slice(), digest(at + 1))).collect();
    FilterSet::stack(image, digest(0), &overlays)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 200 } else { 2_000 }))]

    #[test]
    fn an_image_with_its_overlays_is_the_last_list_itself(
        days in prop::collection::vec(any_names(40), 1..6),
        asked in prop::collection::vec(any_name(), 100),
    ) {
        let listings: Vec<Listing> = days.iter().map(|names| listing(seed(3), 6, names)).collect();
        let (image, overlays) = chain(&listings);
        let set = stacked(&image, &overlays).unwrap();
        let last = plain(days.last().unwrap());
        for asked in asked.iter().chain(days.iter().flatten().map(|(name, _)| name)) {
            let held = set.find(seed(3).whole(&name(asked)));
            prop_assert_eq!(held.0, last.get(asked).copied().unwrap_or(0), "{}", asked);
        }
        prop_assert_eq!(listings.last().unwrap().check(&set, &[]), Ok(()));
    }
}

/// A list of a size, without some of its names, and with some that come after them.
fn day(size: u64, without: std::ops::Range<u64>, more: u64) -> Listing {
    let lists = Lists::of(size);
    let mut collector = Collector::new(seed(4), Categories::new());
    for (category, white, range) in lists.categories() {
        let id = collector.category(category, white).unwrap();
        for number in range.filter(|number| !without.contains(number)) {
            collector.add(id, &name(&lists.name(number))).unwrap();
        }
    }
    let id = collector.category("adult", false).unwrap();
    for number in size..size + more {
        collector.add(id, &name(&lists.name(number))).unwrap();
    }
    collector.finish().unwrap()
}

#[test]
fn a_day_is_a_few_kilobytes() {
    let days = [day(50_000, 0..0, 0), day(50_000, 100..150, 200)];
    let (image, overlays) = chain(&days);
    assert!(overlays[0].len() <= 8 << 10, "{} bytes", overlays[0].len());
    let set = stacked(&image, &overlays).unwrap();
    days[1].check(&set, &[]).unwrap();
    assert_eq!(days[0].check(&set, &[]), Err(Error::Unfaithful));
    assert!(set.changes_bytes() <= 8 << 10);
}

#[test]
fn an_overlay_lies_on_what_it_was_made_on_and_on_nothing_else() {
    let days = [day(500, 0..0, 0), day(500, 3..6, 0), day(500, 3..9, 2)];
    let (image, overlays) = chain(&days);
    let [first, second] = [overlays[0].as_slice(), overlays[1].as_slice()];
    let stack = |on: Digest, overlays: &[(&[u8], Digest)]| FilterSet::stack(&image, on, overlays).map(|_| ());
    assert_eq!(stack(digest(0), &[(first, digest(1)), (second, digest(2))]), Ok(()));
    assert_eq!(stack(digest(9), &[(first, digest(1))]), Err(Error::OtherBase));
    assert_eq!(stack(digest(0), &[(second, digest(2))]), Err(Error::OtherBase));
    assert_eq!(stack(digest(0), &[(second, digest(2)), (first, digest(1))]), Err(Error::OtherBase));
    assert_eq!(stack(digest(0), &[(&image, digest(1))]), Err(Error::OtherBase));
    assert_eq!(FilterSet::open(first).map(|_| ()), Err(Error::OtherBase));
    assert_eq!(FilterSet::stack(first, digest(0), &[(second, digest(2))]).map(|_| ()), Err(Error::OtherBase));
    let many = vec![(first, digest(0)); CHAIN_MAX + 1];
    assert!(matches!(stack(digest(0), &many), Err(Error::Limit { .. })));
}

#[test]
fn what_no_overlay_can_say_takes_a_new_image() {
    let one = [("a.example".to_owned(), 0)];
    let (few, more) = (listing(seed(1), 2, &one), listing(seed(1), 3, &one));
    assert_eq!(few.overlay(&more, digest(0), &[]), Err(Error::CategoriesDiffer));
    assert!(more.overlay(&few, digest(0), &[]).is_ok());
    assert_eq!(few.overlay(&listing(seed(2), 2, &one), digest(0), &[]), Err(Error::SeedsDiffer));
    let many = u64::try_from(CHANGES_MAX).unwrap() + 1;
    assert!(matches!(day(0, 0..0, many).overlay(&day(0, 0..0, 0), digest(0), &[]), Err(Error::Limit { .. })));
    assert!(day(0, 0..0, many - 1).overlay(&day(0, 0..0, 0), digest(0), &[]).is_ok());
}

#[test]
fn a_category_that_comes_later_is_known_from_then_on() {
    let days =
        [listing(seed(1), 1, &[("a.example".to_owned(), 0)]), listing(seed(1), 3, &[("a.example".to_owned(), 2)])];
    let (image, overlays) = chain(&days);
    let set = stacked(&image, &overlays).unwrap();
    assert_eq!(set.find(seed(1).whole(&name("a.example"))), set.categories().mask(["c2"]).unwrap());
    assert_eq!(set.categories().mask(["c9"]), Err(Error::CategoryUnknown("c9".to_owned())));
}

#[test]
fn more_is_kept_of_fingerprints_until_a_name_that_must_stay_open_is_told_apart() {
    let listed = day(1_000, 0..0, 0);
    let buckets = u32::try_from(listed.len()).unwrap();
    let alone = listed.bits(1, buckets, &[]);
    assert!(alone > 1, "a thousand names differ by more than a bit");
    // Of many names some are taken for listed ones by so few bits.
    let lists = Lists::of(1_000);
    let bits = |number| listed.bits(alone, buckets, &[name(&lists.name(number))]);
    let mistaken = (1_000..2_000_000).find(|number| bits(*number) > alone).unwrap();
    let hash = seed(4).whole(&name(&lists.name(mistaken)));
    let like = |bits| {
        let sought = split(hash, buckets, bits);
        listed.entries.iter().any(|entry| split(entry.hash, buckets, bits) == sought)
    };
    assert!(like(alone) && !like(bits(mistaken)));
}

#[test]
fn a_name_that_must_stay_open_stops_the_list() {
    let names = [("school.example".to_owned(), 0), ("bank.example".to_owned(), 1)];
    let listed = listing(seed(1), 2, &names);
    let refused = listed.image(&[name("bank.example"), name("ent.school.example")]);
    let never = "ent.school.example".to_owned();
    assert_eq!(refused, Err(Error::NeverListed { never, category: "c0".to_owned() }));
    assert!(listed.image(&[name("bank.example"), name("other.example")]).is_ok());
    let before = listing(seed(1), 2, &[]);
    assert!(matches!(listed.overlay(&before, digest(0), &[name("school.example")]), Err(Error::NeverListed { .. })));
}
