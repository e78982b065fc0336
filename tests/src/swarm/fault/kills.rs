//! kill -9 of the server, over and over, amid the reports of all.

use super::ground::{Crowded, Ground, LIMIT, Seen};
use crate::swarm::device::Device;
use crate::swarm::latency::Latencies;
use crate::swarm::world::World;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What came of the kills.
#[derive(Clone, Debug)]
pub struct Kills {
    /// After how many nine in ten were held again; after the last one, all.
    pub survived: u64,
    /// Reports acknowledged in the moments before the kills.
    pub acknowledged: u64,
    /// From each kill until nine in ten were held again: a server that has too much to do sends some away for a minute or two.
    pub back: Latencies,
    /// From the last kill until all were held.
    pub all_back: Duration,
    /// What others saw, and what is left.
    pub seen: Seen,
}

/// Kills the server so many times, each time amid the reports of all; it is started again, and they come back.
///
/// # Errors
/// Why not, as text; that they did not come back, too.
pub async fn kills(ground: &mut Ground, count: u64) -> Result<Kills, String> {
    ground.world.place.own_check()?;
    let devices = ground.world.wish.devices;
    let over = Duration::from_secs(1).max(Duration::from_micros(devices * 500));
    let (mut back, mut all_back) = (Latencies::default(), Duration::ZERO);
    let act = async |world: &mut World, _: &mut Vec<Device>| {
        let mut acknowledged = 0;
        for kill in 1..=count {
            world.crowd.begin();
            world.crowd.stir(over);
            let begun = Instant::now();
            // Some may be away for a while, and notice nothing before they are back.
            let reported = |world: &World| world.crowd.marks.reported.load(Ordering::Relaxed);
            while reported(world) < devices * 4 / 10 && begun.elapsed() < LIMIT {
                sleep(Duration::from_millis(2)).await;
            }
            acknowledged += reported(world);
            let killed = Instant::now();
            tokio::task::block_in_place(|| world.place.killed())?;
            if !held(world, devices - devices / 10).await {
                return Err(format!("after kill {kill} not even nine in ten came back"));
            }
            back.note(killed.elapsed());
            world.crowd.shown.begun(&format!("kill {kill} of {count}: back"), devices);
            if kill == count {
                world.all_held(LIMIT).await?;
                all_back = killed.elapsed();
            }
        }
        // Who had not noticed yet goes on to report.
        sleep(over).await;
        world.all_held(LIMIT).await?;
        Ok(acknowledged)
    };
    let (acknowledged, seen) = ground.under("killed, over and over", Crowded::Held, act).await?;
    Ok(Kills { survived: back.count() as u64, acknowledged, back, all_back, seen })
}

/// Waits until the server holds so many; looking costs it something.
async fn held(world: &World, wanted: u64) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < LIMIT {
        if world.place.held().await.unwrap_or_default() >= wanted {
            return true;
        }
        sleep(Duration::from_millis(200)).await;
    }
    false
}
