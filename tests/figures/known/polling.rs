//! A day's polling of a million devices, from a sample that polls a real server.

use super::runtime;
use crate::core::section;
use crate::fleet::{all, enrol};
use crate::meter::spent;
use crate::row::Row;
use tests::process::ServerProcess;

/// Devices of the sample, and how often each polls.
const SAMPLE: usize = 128;
const POLLS_EACH: usize = 24;
/// A device polls after so many seconds, and is held for so many (the default cadence).
const POLL_SECONDS: f64 = 900.0;
const HOLD_SECONDS: f64 = 600.0;
/// Known and switched on all day, which no school's device is.
const DEVICES: f64 = 1_000_000.0;
/// Looks at its health that a device sends in a day; the others are as the one before.
const REPORTS_A_DAY: f64 = 8.0;
const SECONDS_A_DAY: f64 = 86_400.0;

pub(super) fn rows() -> Vec<Row> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let (port, pid) = (server.port, server.pid());
    let [poll, report] = runtime().block_on(async {
        let members = enrol(&server, SAMPLE).await;
        let before = spent(pid);
        // Each poll is a connection of its own: who is not held is not connected.
        let members = all(members, move |mut member| async move {
            for _ in 0..POLLS_EACH {
                let mut client = member.connect(port).await;
                member.check_in(&mut client, Vec::new()).await;
            }
            member
        })
        .await;
        let poll = (spent(pid) - before).as_secs_f64() / (SAMPLE * POLLS_EACH) as f64;
        let before = spent(pid);
        let members = all(members, move |mut member| async move {
            for _ in 0..POLLS_EACH {
                let mut client = member.connect(port).await;
                member.check_in(&mut client, section()).await;
            }
            member
        })
        .await;
        drop(members);
        [poll, (spent(pid) - before).as_secs_f64() / (SAMPLE * POLLS_EACH) as f64]
    });
    server.stop();
    let polls = DEVICES * SECONDS_A_DAY / (POLL_SECONDS + HOLD_SECONDS);
    let cores = (polls * poll + DEVICES * REPORTS_A_DAY * report) / SECONDS_A_DAY;
    vec![
        Row::less("a poll: connection, full handshake, check-in", poll * 1e6, "us CPU"),
        Row::less("a poll with a report, durable", report * 1e6, "us CPU"),
        Row::less("a day's polling of 1,000,000 devices", cores, "cores").within(2.0, 1.0),
    ]
}
