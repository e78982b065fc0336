//! A rollout under a server, a real process, that is killed at any moment.

use crate::rollouts::{Device, Fate};
use model::digest::Digest;
use serde_json::Value;
use std::time::Duration;
use tests::process::ServerProcess;
use tests::reporter::{Fleet, Reporter};

const KILLS: usize = 50;
/// No more than one person decides on alone.
const DEVICES: u32 = 10;

/// So that each run kills at moments of its own, and says at which.
fn moments() -> Vec<Duration> {
    let moments: Vec<u64> = (0..KILLS).map(|_| u64::from(rand::random::<u16>()) * 900 / u64::from(u16::MAX)).collect();
    println!("killed after {moments:?} ms");
    moments.into_iter().map(Duration::from_millis).collect()
}

/// How the rollout stands; no wave is open before the one ahead of it is in place, and nobody outside open waves was told.
fn seen(server: &ServerProcess, rollout: &str, version: usize, devices: &[Device]) -> Value {
    let shown = server.json(&["rollout", "show", rollout]);
    let waves = shown["waves"].as_array().unwrap();
    let open = waves.iter().filter(|wave| !wave["opened"].is_null()).count();
    assert!(waves[open..].iter().all(|wave| wave["opened"].is_null()), "waves open in order: {shown}");
    for ahead in &waves[..open.saturating_sub(1)] {
        assert_eq!(ahead["in_place"], ahead["devices"], "{shown}");
    }
    let of_open: u64 = waves[..open].iter().map(|wave| wave["devices"].as_u64().unwrap()).sum();
    let told = devices.iter().filter(|device| device.wants() == Some(version.to_string())).count() as u64;
    assert!(told <= of_open, "{told} devices were told: {shown}");
    shown
}

/// Plans and starts a rollout of a version in five waves.
fn begin(server: &ServerProcess, version: usize) -> String {
    let (bundle, index) = (format!("eau@{version}"), Digest::of(&version.to_le_bytes()).to_string());
    let waves = ["--wave", "20%", "--wave", "40%", "--wave", "60%", "--wave", "80%", "--wave", "100%"];
    let plan = ["rollout", "plan", "--bundle", &bundle, "--index", &index, "--scope", "territory", "--urgent"];
    let planned = server.json(&[&plan[..], &waves, &["--sample", "1"]].concat());
    let id = planned["id"].as_str().unwrap().to_owned();
    server.json(&["rollout", "start", &id, "--yes"]);
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_fifty_times_ends_its_rollouts_as_planned() {
    let Fleet { folder: _folder, mut server, reporters } = Fleet::start(DEVICES).await;
    let of = |reporter: Reporter| {
        let id = reporter.id.parse().unwrap();
        Device::of(reporter.device, id, Fate::Works)
    };
    let mut devices: Vec<Device> = reporters.into_iter().map(of).collect();
    let port = server.port;
    let (mut version, mut open, mut in_place) = (1, 0, 0);
    let mut id = begin(&server, version);
    for moment in moments() {
        let all_call = async {
            loop {
                for device in &mut devices {
                    device.calls(port).await;
                }
            }
        };
        let _: Result<(), _> = tokio::time::timeout(moment, all_call).await;
        server.kill();
        server.start();
        let shown = seen(&server, &id, version, &devices);
        let now = (shown["open_waves"].as_u64().unwrap(), shown["in_place"].as_u64().unwrap());
        assert!(now.0 >= open && now.1 >= in_place, "what was acknowledged is not taken back: {shown}");
        (open, in_place) = now;
        if shown["state"] == "finished" {
            // It is to be killed in the middle of one each time.
            assert_eq!(in_place, u64::from(DEVICES), "{shown}");
            version += 1;
            (id, open, in_place) = (begin(&server, version), 0, 0);
        }
    }
    let ends = async {
        while seen(&server, &id, version, &devices)["state"] != "finished" {
            for device in &mut devices {
                device.calls(port).await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(180), ends).await.expect("it ends");
    println!("{version} rollouts were finished");
    let shown = seen(&server, &id, version, &devices);
    assert_eq!((&shown["in_place"], &shown["failing"]), (&DEVICES.into(), &0.into()), "{shown}");
    assert!(devices.iter().all(|device| device.wants() == Some(version.to_string())));
}
