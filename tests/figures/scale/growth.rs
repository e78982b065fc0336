//! What grows with the number of devices that are held: memory, a change told to all, a kill; each for several numbers of them.

use super::{named, wish};
use crate::meter::resident_mib;
use crate::row::Row;
use crate::said::said;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tests::swarm::profile::{Killed, hold, killed, told};
use tests::swarm::world::World;

/// The number of devices of which limits speak.
const JUDGED: u64 = 15_000;

/// Rows for each of these numbers, and how much more the largest needs than in proportion.
pub(super) async fn measure(counts: &[u64]) -> Vec<Row> {
    let mut all = Vec::new();
    for count in counts {
        eprintln!("{count} held devices …");
        all.push(held(*count).await);
    }
    // One table: the same thing for each number, one below the other.
    let rows = all.first().map_or(0, Vec::len);
    let mut sorted: Vec<Row> = Vec::new();
    let mut columns: Vec<_> = all.into_iter().map(Vec::into_iter).collect();
    for _ in 0..rows {
        sorted.extend(columns.iter_mut().filter_map(Iterator::next));
    }
    sorted
}

async fn held(count: u64) -> Vec<Row> {
    // Until it is measured, devices say what they hold, as they do in the first report.
    let mut world = World::ready(wish(count), said()).await.expect("a server with devices");
    // What enrolling needed is given back; what a device that was heard once needs is no matter of its line.
    tokio::task::block_in_place(|| world.place.restarted()).expect("it starts again");
    let started = resident_mib(world.place.pid());
    world.visits("a visit each").await.expect("all get through");
    let known = resident_mib(world.place.pid());
    let over = Duration::from_millis(count);
    let (lives, coming) =
        world.measured("coming to be held", async |world| hold(world, over).await).await.expect("all are held");
    let held = coming.resident_mib.1;
    let kib = |from: f64, to: f64| (to - from) * 1024.0 / count as f64;

    let (span, change) = told(&mut world).await.expect("all are told");
    world.crowd.speaks.store(true, Ordering::Relaxed);
    let (span_said, change_said) = told(&mut world).await.expect("all are told");
    let Killed { before, lost, cost } = killed(&mut world, lives).await.expect("all come back");
    eprintln!("  {before} reports were acknowledged in the moment before the kill");

    let row = |text, value, unit| named(text, count, Row::less, value, unit);
    let judged = |row: Row, must: f64, goal: f64| if count == JUDGED { row.within(must, goal) } else { row };
    vec![
        row("held: memory of the server for each", kib(known, held), "KiB").within(40.0, 28.0),
        row("held: the same with what it takes to know it", kib(started, held), "KiB"),
        row("held: to come to be held, with its handshake", coming.micros_each(count), "us CPU"),
        judged(row("a change: until all are told", span.as_secs_f64(), "s"), 5.0, 2.0),
        row("a change: processor for each, until it is held again", change.micros_each(count), "us CPU")
            .within(80.0, 30.0),
        row("a change: until all are told, when each says that it holds it", span_said.as_secs_f64(), "s"),
        row("a change: processor for each, with that report, durable", change_said.micros_each(count), "us CPU"),
        judged(row("kill -9: until all are held again", cost.wall.as_secs_f64(), "s"), 90.0, 45.0),
        row("kill -9: processor for each that comes back", cost.micros_each(count), "us CPU"),
        row("kill -9: acknowledged reports lost", lost as f64, "").within(0.0, 0.0),
    ]
}
