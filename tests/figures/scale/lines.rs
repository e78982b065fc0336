//! What single things cost: enrolments, handshakes, check-ins and reports, by a thousand devices at once; and what travels.

use super::wish;
use crate::row::Row;
use crate::said::said;
use model::desired::Cadence;
use model::section::SectionKind;
use std::sync::Arc;
use std::time::Duration;
use tests::swarm::crowd::each;
use tests::swarm::device::Device;
use tests::swarm::line::{Line, PING, Road};
use tests::swarm::profile::enrol;
use tests::swarm::world::{Cost, World};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

const DEVICES: u64 = 1_000;
const WARM_EACH: u64 = 40;
const REPORTS_EACH: u64 = 12;
const DAY: f64 = 86_400.0;
/// The server pings by itself, too, as often as agents do on average (controlplane/server/src/server.rs).
const SERVER_PING: Duration = Duration::from_secs(240);
/// A connection a day: a laptop is closed in the evening.
const LINES_A_DAY: f64 = 1.0;

/// Rows of one thousand devices.
pub(super) async fn measure() -> Vec<Row> {
    let mut world = World::empty(wish(DEVICES), said()).expect("a server");
    let (_, enrolment) = enrol(&mut world).await.expect("all join");
    world.visits("first reports").await.expect("first reports");

    let full = visits(&mut world, true).await;
    let resumed = visits(&mut world, false).await;
    let drawn = drawn(&mut world).await;
    let (drawn, warm) = repeated(&mut world, drawn, WARM_EACH, false).await;
    let (drawn, reports) = repeated(&mut world, drawn, REPORTS_EACH, true).await;
    let ping = pinged(&world, drawn).await;

    let (checked, reported) = (DEVICES * WARM_EACH, DEVICES * REPORTS_EACH);
    let cadence = Cadence::default();
    let line = resumed.bytes as f64 / DEVICES as f64;
    let day = DAY / cadence.hold().as_secs_f64() * (warm.bytes as f64 / checked as f64)
        + (DAY / PING.as_secs_f64() + DAY / SERVER_PING.as_secs_f64()) * ping
        + LINES_A_DAY * line;
    let polls = DAY / cadence.poll().as_secs_f64();
    vec![
        Row::more("warm check-in, nothing new, 1,000 at once", 1e6 / warm.micros_each(checked), "/core-s")
            .within(15_000.0, 25_000.0),
        Row::more("check-in, a changed 2 KiB section, durable", 1e6 / reports.micros_each(reported), "/core-s")
            .within(5_000.0, 12_000.0),
        Row::less("cold check-in, full handshake", full.micros_each(DEVICES), "us CPU").within(700.0, 550.0),
        Row::less("cold check-in, resumed", resumed.micros_each(DEVICES), "us CPU").within(450.0, 300.0),
        Row::less("1,000 enrolments, each with its handshake", enrolment.micros_each(DEVICES) / 1e3, "ms CPU")
            .within(3.0, 1.2),
        Row::less(
            "a day's polling of 1,000,000 devices, by resumed check-ins",
            resumed.micros_each(DEVICES) * 1e-6 * polls * 1e6 / DAY,
            "cores",
        )
        .within(2.0, 1.0),
        Row::less("on the wire, a held check-in and its answer", warm.bytes as f64 / checked as f64, "bytes"),
        Row::less("on the wire, a ping and its answer", ping, "bytes"),
        Row::less("on the wire, a resumed line with a check-in", line, "bytes"),
        Row::less("on the wire, an idle device for a day", day / 1024.0, "KiB").within(200.0, 60.0),
    ]
}

/// Each device comes once with a handshake of this kind, and goes.
async fn visits(world: &mut World, full: bool) -> Cost {
    if full {
        world.devices.iter_mut().for_each(|device| device.sessions_forget().expect("settings"));
    }
    let visited = world.measured("cold check-ins", async |world| world.visits("cold check-ins").await).await;
    visited.expect("all get through").1
}

/// A line for each, over which a call was made already: who makes none in ten seconds is sent away.
async fn drawn(world: &mut World) -> Vec<(Device, Line)> {
    const AT_A_TIME: usize = 48;
    let devices = std::mem::take(&mut world.devices);
    let drawn = each(&world.crowd, AT_A_TIME, devices, |mut device| {
        let crowd = Arc::clone(&world.crowd);
        async move {
            let line = crowd.connected(&mut device).await.map_err(|failed| failed.why)?;
            device.ask(&line, Duration::ZERO).await.map_err(|failed| failed.why)?;
            Ok((device, line))
        }
    });
    drawn.await.expect("lines")
}

/// Each device does it so often over the line it has.
async fn repeated(
    world: &mut World,
    drawn: Vec<(Device, Line)>,
    times: u64,
    report: bool,
) -> (Vec<(Device, Line)>, Cost) {
    let all = async |_: &mut World| {
        let mut tasks = JoinSet::new();
        for (mut device, line) in drawn {
            tasks.spawn(async move {
                for _ in 0..times {
                    let heard = if report {
                        device.change(SectionKind::Packages);
                        device.report(&line).await
                    } else {
                        device.ask(&line, Duration::ZERO).await
                    };
                    let heard = heard.unwrap_or_else(|failed| panic!("{}", failed.why));
                    assert_eq!(heard.wait, None, "nobody is sent away");
                }
                assert!(!device.has_news(false), "everything is durable");
                (device, line)
            });
        }
        Ok(tasks.join_all().await)
    };
    world.measured(if report { "reports" } else { "warm check-ins" }, all).await.expect("all get through")
}

/// Bytes of a ping and its answer, on lines over which nothing else travels.
async fn pinged(world: &World, drawn: Vec<(Device, Line)>) -> f64 {
    const PINGED: usize = 20;
    const EVERY: Duration = Duration::from_secs(1);
    const PINGS: u32 = 12;
    let mut devices: Vec<Device> = drawn.into_iter().map(|(device, _)| device).take(PINGED).collect();
    let road = Road { ping: EVERY, traffic: Arc::default(), ..world.crowd.road.clone() };
    let mut lines = Vec::new();
    for device in &mut devices {
        let line = device.connect(&road).await.unwrap_or_else(|failed| panic!("{}", failed.why));
        device.ask(&line, Duration::ZERO).await.unwrap_or_else(|failed| panic!("{}", failed.why));
        lines.push(line);
    }
    let (before, began) = (road.traffic.bytes(), Instant::now());
    sleep(EVERY * PINGS).await;
    let pings = began.elapsed().as_secs_f64() / EVERY.as_secs_f64() * lines.len() as f64;
    (road.traffic.bytes() - before) as f64 / pings
}
