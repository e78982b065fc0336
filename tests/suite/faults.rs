//! The faults of `cargo figures faults`, small: after each, all are served, and nothing that was acknowledged is lost.

use std::sync::Arc;
use std::time::Duration;
use tests::swarm::crowd::Shown;
use tests::swarm::fault::{Crowded, Ground, Seen, certificates, kills, largest};
use tests::swarm::world::Wish;

const DEVICES: u64 = 20;
const REPORTING: Crowded = Crowded::Reporting(Duration::from_secs(1));

struct Nobody;

impl Shown for Nobody {
    fn begun(&self, _: &str, _: u64) {}
    fn done(&self, _: u64) {}
}

async fn ground() -> Ground {
    let wish = Wish { devices: DEVICES, seed: 8, over: Duration::from_millis(600), speaks: false, running: None };
    Ground::ready(wish, Arc::new(Nobody)).await.unwrap()
}

fn nothing_is_lost(seen: &Seen) {
    assert_eq!(seen.lost, 0, "{seen:?}");
    assert!(seen.answered > 0, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_amid_reports_it_keeps_what_it_acknowledged() {
    let kills = kills(&mut ground().await, 2).await.unwrap();
    assert_eq!(kills.survived, 2);
    assert!(kills.acknowledged >= DEVICES / 2, "four in ten, twice: {kills:?}");
    nothing_is_lost(&kills.seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_certificates_are_refused_and_others_answered() {
    let refused = certificates(&mut ground().await, 60, REPORTING).await.unwrap();
    // Who was cut off may not have read why.
    for kind in ["ended", "of another authority", "signed by itself"] {
        let told = refused.said.iter().filter(|(said, _)| said.starts_with(kind));
        assert_eq!(told.map(|(_, count)| count).sum::<u64>(), 20, "{:?}", refused.said);
    }
    nothing_is_lost(&refused.seen);
    assert_eq!(refused.seen.answered, refused.seen.asked, "{:?}", refused.seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_report_takes_no_turn_of_others() {
    let largest = largest(&mut ground().await, Duration::from_secs(3), REPORTING).await.unwrap();
    assert!(largest.acknowledged >= 1 && largest.apart == 0, "{largest:?}");
    nothing_is_lost(&largest.seen);
    assert_eq!(largest.seen.answered, largest.seen.asked, "{:?}", largest.seen);
}
