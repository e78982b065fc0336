//! Images that somebody made to harm: refused, or answering anything, but always answering.

use super::oracle::{any_name, any_names};
use super::{listing, seed};
use crate::limits::{CATEGORIES_MAX, LINE_BYTES_MAX};
use crate::*;
use proptest::prelude::*;
use std::sync::Arc;

/// Asks an image everything, if it opens at all.
fn ask(image: &[u8], overlay: &[u8], asked: &[String]) {
    let on = [0; 32];
    for set in [FilterSet::open(image), FilterSet::open(overlay), FilterSet::stack(image, on, &[(overlay, on)])] {
        let Ok(set) = set else { continue };
        let sheet = Sheet { set: Arc::new(set), block: Mask::ALL, allow: Mask(5), rank: 0 };
        let filter = Filter::new(vec![sheet]).unwrap();
        for asked in asked {
            let _ = filter.verdict(asked.as_bytes());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 400 } else { 20_000 }))]

    #[test]
    fn damaged_images_are_refused_or_answer(
        names in any_names(80),
        later in any_names(80),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        header in any::<bool>(),
        asked in prop::collection::vec(any_name(), 60),
    ) {
        let (before, after) = (listing(seed(5), 6, &names), listing(seed(5), 6, &later));
        let mut image = before.image(&[]).unwrap();
        let mut overlay = after.overlay(&before, [0; 32], &[]).unwrap();
        for bytes in [&mut image, &mut overlay] {
            for (place, byte) in &damage {
                // Half of the time where the sizes stand.
                let length = if header { bytes.len().min(120) } else { bytes.len() };
                bytes[place.index(length)] = *byte;
            }
        }
        ask(&image, &overlay, &asked);
    }

    #[test]
    fn torn_images_are_refused(names in any_names(30), cut in any::<prop::sample::Index>(), more in 1..40_usize) {
        let mut image = listing(seed(5), 6, &names).image(&[]).unwrap();
        prop_assert!(FilterSet::open(&image[..cut.index(image.len())]).is_err());
        image.resize(image.len() + more, 0);
        prop_assert!(FilterSet::open(image).is_err());
    }

    #[test]
    fn a_good_header_before_noise_answers(
        names in any_names(80),
        noise in prop::collection::vec(any::<u8>(), 64),
        asked in prop::collection::vec(any_name(), 60),
    ) {
        let mut image = listing(seed(5), 6, &names).image(&[]).unwrap();
        let after = image.len().min(150);
        for (byte, noise) in image[after..].iter_mut().zip(noise.iter().cycle()) {
            *byte = *noise;
        }
        ask(&image, &image, &asked);
    }
}

#[test]
fn each_bit_of_a_small_image_may_be_turned() {
    let names: Vec<(String, u8)> = (0..40).map(|n| (format!("n{n}.example"), n % 6)).collect();
    let (before, after) = (listing(seed(6), 6, &names[..30]), listing(seed(6), 6, &names[10..]));
    let (image, overlay) = (before.image(&[]).unwrap(), after.overlay(&before, [0; 32], &[]).unwrap());
    let asked: Vec<String> = names.iter().map(|(name, _)| format!("www.{name}")).collect();
    for at in 0..image.len().max(overlay.len()) {
        for bit in 0..8 {
            let (mut image, mut overlay) = (image.clone(), overlay.clone());
            for bytes in [&mut image, &mut overlay] {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
            ask(&image, &overlay, &asked);
        }
    }
}

#[test]
fn other_formats_say_so() {
    let image = listing(seed(6), 1, &[]).image(&[]).unwrap();
    let as_version = |text: &str| {
        let mut other = format!("cartable-filter {text}\n").into_bytes();
        other.extend_from_slice(&image[b"cartable-filter 1\n".len()..]);
        FilterSet::open(other).map(|_| ())
    };
    assert_eq!(as_version("1"), Ok(()));
    assert_eq!(as_version("2"), Err(Error::Newer(2)));
    assert_eq!(as_version("99999"), Err(Error::Newer(99_999)));
    for none in ["0", "", "x", "-1", "999999", "1 "] {
        assert_eq!(as_version(none), Err(Error::Damaged("no filter image")), "{none:?}");
    }
    assert!(FilterSet::open(Vec::new()).is_err());
}

#[test]
fn too_much_is_said_and_not_held() {
    let mut categories = Categories::new();
    for number in 0..CATEGORIES_MAX {
        categories.add(&format!("c{number}"), false).unwrap();
    }
    assert!(matches!(categories.add("more", false), Err(Error::Limit { .. })));
    assert_eq!(categories.black(), Mask::ALL);
    for none in ["", "Adult", "a b", "../a", "é", &"a".repeat(41)] {
        assert!(matches!(Categories::new().add(none, false), Err(Error::CategoryName(_))), "{none:?}");
    }
}

#[test]
fn a_line_of_a_gigabyte_is_passed_over_without_being_held() {
    let mut reader = Reader::new(Format::Domains);
    let mut names = 0;
    let mut each = |entry: Entry<'_>| {
        names += usize::from(matches!(entry, Entry::Name(_)));
        Ok(())
    };
    reader.read(b"one.example\n", &mut each).unwrap();
    let piece = vec![b'a'; 1 << 20];
    for _ in 0..1 << 10 {
        reader.read(&piece, &mut each).unwrap();
        assert!(reader.held_bytes() <= LINE_BYTES_MAX);
    }
    reader.read(b"\ntwo.example", &mut each).unwrap();
    let report = reader.end(&mut each).unwrap();
    assert_eq!((names, report.lines, report.refused), (2, 3, 1));
    assert_eq!(report.faults, [Fault { line: 2, why: Reason::Long }]);
}
