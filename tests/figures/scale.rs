//! Area `scale`: what one server carries of devices that are connected, measured with the engine of `cargo swarm`.

mod growth;
mod lines;

use crate::known::known;
use crate::row::{Report, Row};
use std::time::Duration;
use tests::programs::program;
use tests::swarm::world::Wish;

/// Chance of every run.
const SEED: u64 = 8;
/// Held at a time, in a short run and in a whole one.
const SHORT: [u64; 2] = [1_000, 5_000];
const FULL: [u64; 3] = [1_000, 5_000, 15_000];
/// One of `lines`, `growth`, `known`: only its rows.
const ONLY: &str = "CARTABLE_FIGURES_SCALE_ONLY";
/// Takes the place of the numbers of held devices: for a look that need not be the figure.
const HELD: &str = "CARTABLE_FIGURES_HELD";

/// Measures everything, one thing at a time.
pub(crate) fn measure(full: bool) -> Report {
    let _ = program("cartable-server");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let only = std::env::var(ONLY).ok();
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    let mut rows = runtime.block_on(async {
        let mut rows = if wanted("lines") { lines::measure().await } else { Vec::new() };
        if wanted("growth") {
            rows.extend(growth::measure(&numbers(full)).await);
        }
        rows
    });
    runtime.shutdown_background();
    if wanted("known") {
        rows.extend(known(full));
    }
    Report { area: "scale", rows }
}

fn numbers(full: bool) -> Vec<u64> {
    match std::env::var(HELD) {
        Ok(text) => text.split(',').map(|n| n.trim().parse().expect("numbers of devices")).collect(),
        Err(_) => {
            if full {
                FULL.to_vec()
            } else {
                SHORT.to_vec()
            }
        }
    }
}

/// So many devices; none tells the server that it holds what it was told, unless a row is about that.
fn wish(devices: u64) -> Wish {
    Wish { devices, seed: SEED, over: Duration::from_secs(2), speaks: false, running: None }
}

/// A row whose name says for how many.
fn named(
    text: &str,
    devices: u64,
    row: fn(&'static str, f64, &'static str) -> Row,
    value: f64,
    unit: &'static str,
) -> Row {
    row(format!("{text}, {devices} devices").leak(), value, unit)
}
