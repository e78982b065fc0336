//! A class of real agents behind one line, each in a network namespace of its own; what crosses the line is counted by the kernel.

use tests::process::until;
use tests::resources::Edition;
use tests::school::School;

const DEVICES: usize = 30;
/// A rural line.
const LINE_KILOBITS: u32 = 4_000;
/// Twenty megabytes, which take 40 s over it.
const THOUSANDTHS: u64 = 220;

/// What crosses the line for a class, against what crosses it for one device; nothing where namespaces are not permitted.
pub(super) fn times() -> Option<f64> {
    Some(crossed(DEVICES)? as f64 / crossed(1)? as f64)
}

fn crossed(devices: usize) -> Option<u64> {
    let school = School::open(devices, LINE_KILOBITS)?;
    let _ = school.publish(THOUSANDTHS, Edition::First, "2026.9");
    let before = school.room.line_bytes();
    let _ = school.over(&school.rollout("2026.9", &["--wave", "100%"]));
    // It is finished when 95 in 100 have it.
    let has = |seat| school.in_place(seat).as_deref() == Some("2026.9");
    until(120, "all have it", || (0..devices).all(has));
    Some(school.room.line_bytes() - before)
}
