//! A year of reports: what the store has grown to for each device.

use super::fill::{Body, Fill, START, device_id, health};
use super::{folder_bytes, runtime};
use crate::row::Row;
use controlplane_core::presence::Presence;
use controlplane_core::report::{Report as Said, bodies_forget, report_keep};
use controlplane_core::store::SharedStore;
use controlplane_store::{Config, Embedded};
use model::id::TerritoryId;
use model::section::SectionKind;
use model::time::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wire::convert::health_encode;

/// As many as a département's collèges have.
const DEVICES: usize = 10_000;
/// Days on which a device is on, in a year: school days.
const DAYS: usize = 180;
/// Takes the place of them: for a look that need not be the figure.
const VARIABLE: &str = "CARTABLE_FIGURES_KNOWN_DAYS";
/// Looks at its health of a day that differ from the one before enough to be sent.
const LOOKS: usize = 2;
/// So many devices report at the same time.
const AT_ONCE: usize = 64;

pub(super) fn rows(full: bool) -> Vec<Row> {
    let days = std::env::var(VARIABLE).ok().and_then(|text| text.parse().ok());
    let days = days.unwrap_or(if full { DAYS } else { DAYS / 6 });
    let home = tempfile::tempdir().expect("a temporary folder");
    let folder = home.path().join("store");
    let (store, _) = Embedded::open(Config::new(&folder)).expect("a store");
    let embedded = Arc::new(store);
    let shared: SharedStore = Arc::<Embedded>::clone(&embedded);
    let runtime = runtime();
    let mut fill = Fill::of(DEVICES);
    let began = Instant::now();
    let reports = runtime.block_on(async {
        fill.write(&shared).await;
        let mut reports = 0;
        let territory: TerritoryId = "doubs".parse().expect("a territory");
        for day in 1..=days {
            reports += day_of(&shared, &mut fill, day, days).await;
            let at = START.after(Duration::from_secs((day * 360 / days) as u64 * 86_400));
            bodies_forget(&shared, &territory, at).await.expect("it looks");
        }
        reports
    });
    let took = began.elapsed();
    let kib = |bytes: u64| bytes as f64 / 1024.0 / DEVICES as f64;
    let running = kib(folder_bytes(&folder));
    drop(shared);
    runtime.block_on(embedded.close()).expect("it closes");
    drop(embedded);
    let part = |name: &str| kib(folder_bytes(&folder.join(name)));
    eprintln!("{reports} reports of {DEVICES} devices in {} s", took.as_secs());
    vec![
        Row::less("a year of reports: how many", reports as f64 / 1e6, "million"),
        Row::more("a year of reports: written", reports as f64 / took.as_secs_f64(), "/s"),
        Row::less("disk for each known device after it", running, "KiB").within(12.0, 5.0),
        Row::less("of that the entries", part("entries"), "KiB"),
        Row::less("of that the journal", part("journal"), "KiB"),
        Row::less("of that the exports", part("exports"), "KiB"),
    ]
}

/// What the devices report on a day: their health, and once a week the packages that changed.
async fn day_of(store: &SharedStore, fill: &mut Fill, day: usize, days: usize) -> usize {
    let territory: TerritoryId = "doubs".parse().expect("a territory");
    // Fewer days than a year's cover the same year.
    let date = day * 360 / days;
    let at = START.after(Duration::from_secs(date as u64 * 86_400));
    let mut tasks = tokio::task::JoinSet::new();
    let mut reports = 0;
    for look in 0..LOOKS {
        for n in 0..DEVICES {
            let mut sections = vec![(SectionKind::Health, Arc::new(health_of(n, day * LOOKS + look)))];
            if look == 0 && date / 7 != (day - 1) * 360 / days / 7 {
                sections.push((SectionKind::Packages, fill.packages(n, date)));
            }
            while tasks.len() >= AT_ONCE {
                tasks.join_next().await.expect("one of them").expect("it reports");
            }
            tasks.spawn(report(Arc::clone(store), territory.clone(), n, sections, at));
            reports += 1;
        }
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("it reports");
    }
    reports
}

fn health_of(n: usize, look: usize) -> Body {
    Body::of(SectionKind::Health, &health_encode(&health(n, look)))
}

/// As the server keeps a report.
async fn report(
    store: SharedStore,
    territory: TerritoryId,
    n: usize,
    sections: Vec<(SectionKind, Arc<Body>)>,
    at: Timestamp,
) {
    let heard = |presence: &mut Presence| {
        presence.seen = at;
        presence.sequence += 1;
    };
    let sections = sections.iter().map(|(kind, body)| (*kind, body.section(at))).collect();
    let report = Said { sections, ..Said::default() };
    report_keep(&store, &territory, device_id(n), &heard, &report).await.expect("durable");
}
