//! Area `faults`: what goes wrong under the load of a whole crowd, each with its count, with the engine of `cargo swarm`.
//!
//! `CARTABLE_FIGURES_FAULTS=1000` takes another number of devices, `CARTABLE_FIGURES_FAULTS_KILLS=5` of kills, and
//! `CARTABLE_FIGURES_FAULTS_ONLY=kills,disk` some of the faults.

use crate::row::{Report, Row};
use crate::said::said;
use std::time::Duration;
use tests::programs::program;
use tests::python::python;
use tests::swarm::fault::{
    Crowded, Ground, Seen, certificates, disk_full, floods, half_open, kills, largest, memory_limit,
};
use tests::swarm::world::Wish;

const SEED: u64 = 8;
const DEVICES: u64 = 5_000;
const KILLS: u64 = 50;
const HALF_OPEN: u64 = 1_000;
const CERTIFICATES: u64 = 5_000;
/// A crowd reports once in so long.
const EVERY: Duration = Duration::from_secs(20);
/// The largest report is sent for so long, and floods last so long.
const LARGEST: Duration = Duration::from_secs(60);
const FLOODS: Duration = Duration::from_secs(30);
/// Of the memory that all need, so much; and for so long: who is not let in tries ever more rarely, and is waited for afterwards.
const MEMORY_PART: f64 = 0.6;
const MEMORY: Duration = Duration::from_secs(40);
/// How often the server is restarted while its disk is full.
const FULL_RESTARTS: u64 = 1;

/// The faults, in the order of the table.
const ALL: [&str; 7] = ["kills", "disk", "largest", "half-open", "floods", "certificates", "memory"];

/// Lets them all happen, one after the other.
pub(crate) fn measure() -> Report {
    let _ = program("cartable-server");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let only = std::env::var("CARTABLE_FIGURES_FAULTS_ONLY").unwrap_or_default();
    let wanted = |name: &str| only.is_empty() || only.split(',').any(|one| one == name);
    let mut rows = Vec::new();
    for name in ALL.into_iter().filter(|name| wanted(name)) {
        eprintln!("{name} …");
        rows.extend(runtime.block_on(fault(name)));
    }
    runtime.shutdown_background();
    Report { area: "faults", rows }
}

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn wish() -> Wish {
    let devices = number("CARTABLE_FIGURES_FAULTS", DEVICES);
    Wish { devices, seed: SEED, over: Duration::from_secs(2), speaks: false, running: None }
}

/// Each on a server of its own, so that what is left of one is not laid to another.
async fn fault(name: &'static str) -> Vec<Row> {
    let ground = async || Ground::ready(wish(), said()).await.expect("a server with devices");
    let crowded = Crowded::Reporting(EVERY);
    match name {
        "kills" => {
            let count = number("CARTABLE_FIGURES_FAULTS_KILLS", KILLS);
            let done = kills(&mut ground().await, count).await.expect("all come back");
            let seconds = |part| done.back.quantile(part).unwrap_or_default().as_secs_f64();
            let own = [
                count_of(name, "survived", Row::more, done.survived).within(count as f64, count as f64),
                count_of(name, "reports acknowledged just before them", Row::more, done.acknowledged),
                of(name, "until nine in ten are held again, median", Row::less, seconds(0.5), "s"),
                of(name, "until nine in ten are held again, longest", Row::less, seconds(1.0), "s"),
                of(name, "until all are held again, the last", Row::less, done.all_back.as_secs_f64(), "s"),
            ];
            own.into_iter().chain(seen_rows(name, &done.seen, false)).collect()
        }
        "disk" => {
            let done = disk_full(wish(), said(), EVERY, FULL_RESTARTS).await.expect("all report again");
            let Some(done) = done else {
                eprintln!("  left out: nothing may be mounted here");
                return Vec::new();
            };
            let own = [
                count_of(name, "reports refused while it was full", Row::more, done.refused),
                count_of(name, "reports acknowledged while it was full", Row::less, done.acknowledged),
                count_of(name, "kill -9 with less than the floor free, survived", Row::more, done.restarts),
                count_of(name, "starts refused with no byte free", Row::less, done.refusals),
                of(name, "log, in 20 s of refusals", Row::less, done.log_bytes as f64 / 1024.0, "KiB"),
                of(name, "from room until all have reported", Row::less, done.back.as_secs_f64(), "s"),
            ];
            own.into_iter().chain(seen_rows(name, &done.seen, true)).collect()
        }
        "largest" => {
            let done = largest(&mut ground().await, LARGEST, crowded).await.expect("they are acknowledged");
            let own = [
                count_of(name, "reports acknowledged", Row::more, done.acknowledged),
                count_of(name, "messages they took", Row::less, done.messages),
                of(name, "bytes of them", Row::more, done.bytes as f64 / 1e6, "MB"),
                of(name, "slowest of them", Row::less, done.slowest.as_secs_f64(), "s"),
                count_of(name, "last one not kept", Row::less, done.apart).within(0.0, 0.0),
            ];
            own.into_iter().chain(seen_rows(name, &done.seen, true)).collect()
        }
        "half-open" => {
            let mut ground = ground().await;
            let first = half_open(&mut ground, HALF_OPEN, Crowded::Held).await.expect("all are closed");
            let done = half_open(&mut ground, HALF_OPEN, crowded).await.expect("all are closed");
            let closed = done.closed.quantile(1.0).unwrap_or_default().as_secs_f64();
            let own = [
                count_of(name, "closed by the server, twice", Row::more, first.opened + done.opened),
                of(name, "the last one closed after", Row::less, closed, "s"),
            ];
            own.into_iter().chain(seen_rows(name, &done.seen, true)).collect()
        }
        "floods" => {
            let Some(python) = python("h2", "hyperframe.frame, hpack") else { return Vec::new() };
            let mut ground = ground().await;
            let first = floods(&mut ground, &python, FLOODS, Crowded::Held).await.expect("they end");
            let done = floods(&mut ground, &python, FLOODS, crowded).await.expect("they end");
            let sum = |of: fn(&tests::swarm::fault::Flooded) -> u64| of(&first) + of(&done);
            let own = [
                count_of(name, "connections", Row::more, sum(|f| f.connections)),
                count_of(name, "of them not closed by the server", Row::less, sum(|f| f.connections - f.closed))
                    .within(0.0, 0.0),
                count_of(name, "frames sent", Row::more, sum(|f| f.frames)),
                of(name, "processor of the server meanwhile, quiet crowd", Row::less, cores(&first.seen), "cores"),
            ];
            own.into_iter().chain(seen_rows(name, &done.seen, true)).collect()
        }
        "certificates" => {
            let mut ground = ground().await;
            let first = certificates(&mut ground, CERTIFICATES, Crowded::Held).await.expect("all are refused");
            let done = certificates(&mut ground, CERTIFICATES, crowded).await.expect("all are refused");
            first.said.iter().for_each(|(said, count)| eprintln!("  {said}: {count}"));
            let each = first.seen.cpu.as_secs_f64() * 1e6 / first.called as f64;
            let own = [
                count_of(name, "refused, twice", Row::more, first.called + done.called),
                of(name, "processor for each, quiet crowd", Row::less, each, "us CPU"),
            ];
            own.into_iter().chain(seen_rows(name, &done.seen, true)).collect()
        }
        _ => {
            let mut ground = ground().await;
            let done = memory_limit(&mut ground, MEMORY_PART, MEMORY).await.expect("all come back");
            let own = [
                of(name, "limit, six tenths of what all need beside the start", Row::less, done.limit_mib, "MiB"),
                count_of(name, "ended by the system, started again", Row::less, done.ended),
                count_of(name, "most devices held under it", Row::more, done.held),
                count_of(name, "fewest held, in its second half", Row::more, done.held_least),
                of(name, "from its end until all are held", Row::less, done.back.as_secs_f64(), "s"),
            ];
            own.into_iter().chain(seen_rows(name, &done.seen, false)).collect()
        }
    }
}

fn cores(seen: &Seen) -> f64 {
    seen.cpu.as_secs_f64() / seen.wall.as_secs_f64()
}

/// What others saw, and what is left.
fn seen_rows(name: &str, seen: &Seen, grows: bool) -> Vec<Row> {
    seen.failed.iter().for_each(|(why, count)| eprintln!("  {count} times: {why}"));
    let mut rows = vec![
        count_of(name, "acknowledged reports lost", Row::less, seen.lost).within(0.0, 0.0),
        count_of(name, "others: called anew", Row::more, seen.asked),
        count_of(name, "others: not answered", Row::less, seen.asked - seen.answered),
        of(name, "others: slowest answer, with its handshake", Row::less, seen.slowest.as_secs_f64() * 1e3, "ms"),
        count_of(name, "others: reports of the crowd acknowledged", Row::more, seen.reports),
        of(name, "others: slowest of these", Row::less, seen.slowest_report.as_secs_f64() * 1e3, "ms"),
        of(name, "memory before, all held", Row::less, seen.resident_mib.0, "MiB"),
        of(name, "memory after, all held", Row::less, seen.resident_mib.1, "MiB"),
        count_of(name, "open files before", Row::less, seen.files.0),
        count_of(name, "open files after", Row::less, seen.files.1),
    ];
    if grows {
        rows.push(of(name, "store on the disk, grown by", Row::less, seen.disk_mib.1 - seen.disk_mib.0, "MiB"));
    }
    rows
}

fn count_of(name: &str, text: &str, row: fn(&'static str, f64, &'static str) -> Row, count: u64) -> Row {
    of(name, text, row, count as f64, "")
}

fn of(name: &str, text: &str, row: fn(&'static str, f64, &'static str) -> Row, value: f64, unit: &'static str) -> Row {
    row(format!("{name}: {text}").leak(), value, unit)
}
