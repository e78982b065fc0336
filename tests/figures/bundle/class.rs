//! A class of thirty behind one link, simulated with the rule by which devices go outside, over many draws.

use agent_core::seed::{ASK_EVERY, Seed, beginning};
use std::time::Duration;

const DEVICES: u32 = 30;
/// A bundle in so many parts, of which the link carries so many between two looks: 20 MB over 4 Mbit/s.
const PARTS: usize = 100;
const LINK: usize = 38;
const CLASSES: u32 = 500;

/// How often the link carries the bundle, on the average; with a site node, and without.
pub(super) fn times() -> [f64; 2] {
    [true, false].map(|site_node| {
        let parts: usize = (0..CLASSES).map(|class| carried(class, site_node)).sum();
        parts as f64 / PARTS as f64 / f64::from(CLASSES)
    })
}

/// All look at one moment, and so see what the others had before; who goes outside at once shares the link and takes
/// what it begins with: the worst case.
fn carried(class: u32, site_node: bool) -> usize {
    let mut now = Duration::from_secs(1_000);
    let seed = |at: u32| match at {
        0 if site_node => Seed::after(now, Duration::ZERO),
        _ => Seed::spread(now, drawn(class * 64 + at)),
    };
    let mut devices: Vec<(Seed, [bool; PARTS])> = (0..DEVICES).map(|at| (seed(at), [false; PARTS])).collect();
    let mut carried = 0;
    while devices.iter().any(|(_, has)| has.contains(&false)) {
        let had: [bool; PARTS] = std::array::from_fn(|part| devices.iter().any(|(_, has)| has[part]));
        for (seed, has) in &mut devices {
            let before = *has;
            has.iter_mut().zip(had).for_each(|(own, had)| *own |= had);
            if *has != before {
                seed.given(now);
            }
        }
        let goes = |(seed, has): &(Seed, [bool; PARTS])| has.contains(&false) && seed.wait(now).is_none();
        let going = devices.iter().filter(|device| goes(device)).count();
        for (at, (_, has)) in (32_u32..).zip(devices.iter_mut()).filter(|(_, device)| goes(device)) {
            let mut missing: Vec<usize> = (0..PARTS).filter(|part| !has[*part]).collect();
            let begins = beginning(missing.len(), drawn(class * 64 + at));
            missing.rotate_left(begins);
            for part in missing.into_iter().take(LINK / going) {
                has[part] = true;
                carried += 1;
            }
        }
        now += ASK_EVERY;
    }
    carried
}

/// A number that looks like nothing, the same each time (the finaliser of MurmurHash3).
fn drawn(at: u32) -> u32 {
    let mut hash = at.wrapping_add(1).wrapping_mul(0x9E37_79B9);
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85EB_CA6B);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xC2B2_AE35);
    hash ^ (hash >> 16)
}
