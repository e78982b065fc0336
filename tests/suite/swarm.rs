//! The load tool, small: each profile against a real server over mutual TLS, and what it says when it cannot.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tests::process::ServerProcess;
use tests::programs::program;
use tests::swarm::crowd::Shown;
use tests::swarm::profile::{Outcome, Profile, run};
use tests::swarm::world::Wish;
use tests::swarm::{plot, report};

const DEVICES: u64 = 45;

struct Nobody;

impl Shown for Nobody {
    fn begun(&self, _: &str, _: u64) {}
    fn done(&self, _: u64) {}
}

fn wish() -> Wish {
    Wish { devices: DEVICES, seed: 8, over: Duration::from_millis(600), speaks: true, running: None }
}

async fn outcome(profile: Profile) -> Outcome {
    let outcome = run(profile, wish(), Arc::new(Nobody)).await.unwrap();
    assert_eq!((outcome.profile, outcome.devices, outcome.seed), (profile, DEVICES, 8));
    let cost = &outcome.cost;
    // Devices that are held may cost nothing at all for so short a while.
    assert!(profile == Profile::Held || !cost.cpu.is_zero(), "{cost:?}");
    assert!(cost.resident_mib.1 > 1.0 && !cost.samples.is_empty(), "{cost:?}");
    for fact in &outcome.facts {
        assert!(fact.value.is_finite(), "{fact:?}");
    }
    assert!(report::table(&outcome).contains(profile.name()));
    assert_eq!(report::json(&outcome)["devices"], DEVICES);
    assert!(plot::svg(&outcome).contains("<polyline"));
    outcome
}

fn count(outcome: &Outcome, what: &str) -> u64 {
    outcome.cost.latencies.get(what).map_or(0, |all| all.count() as u64)
}

fn fact(outcome: &Outcome, what: &str) -> f64 {
    outcome.facts.iter().find(|fact| fact.name.contains(what)).unwrap_or_else(|| panic!("{what}: {outcome:?}")).value
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_home_each_device_comes_once_and_resumes() {
    let outcome = outcome(Profile::Poll).await;
    assert_eq!(count(&outcome, "visit, all of it"), DEVICES, "{:?}", outcome.cost.failed);
    assert_eq!((count(&outcome, "handshake, resumed"), count(&outcome, "handshake, full")), (DEVICES, 0));
    // A resumed handshake, an answer, and next to nothing else.
    assert!((1_000.0..6_000.0).contains(&fact(&outcome, "on the wire")), "{:?}", outcome.facts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_class_all_are_held() {
    let outcome = outcome(Profile::Held).await;
    assert_eq!(count(&outcome, "silent until heard"), DEVICES);
    assert!(outcome.cost.failed.is_empty(), "{:?}", outcome.cost.failed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_monday_all_report_and_are_held() {
    let outcome = outcome(Profile::Monday).await;
    assert_eq!((count(&outcome, "report"), count(&outcome, "silent until heard")), (DEVICES, DEVICES));
    let (full, resumed) = (count(&outcome, "handshake, full"), count(&outcome, "handshake, resumed"));
    // By this seed.
    assert!(full + resumed == DEVICES && full > 10 && resumed > 10, "{full} {resumed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_all_come_back_and_nothing_is_lost() {
    let outcome = outcome(Profile::Restart).await;
    assert!(fact(&outcome, "just before the kill") >= (DEVICES / 2) as f64);
    assert!(fact(&outcome, "reports lost") == 0.0);
    assert!(count(&outcome, "silent until heard") >= DEVICES, "{:?}", outcome.cost.failed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_join() {
    assert_eq!(count(&outcome(Profile::Enrol).await, "enrolment"), DEVICES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_are_told_of_a_change_and_say_that_they_hold_it() {
    let outcome = outcome(Profile::Policy).await;
    assert_eq!((count(&outcome, "told of a change"), count(&outcome, "report")), (DEVICES, DEVICES));
    assert!(fact(&outcome, "until all are told") <= fact(&outcome, "until all are held again"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_summer_all_find_back() {
    let outcome = outcome(Profile::Summer).await;
    assert_eq!((count(&outcome, "found back"), count(&outcome, "report")), (DEVICES, DEVICES));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_runs_already_is_used_and_never_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let running = |pid| Wish { devices: 6, running: Some((server.data.clone(), pid)), ..wish() };
    let outcome = run(Profile::Policy, running(server.pid()), Arc::new(Nobody)).await.unwrap();
    assert_eq!(count(&outcome, "told of a change"), 6);
    assert_eq!(server.json(&["server", "status"])["devices_active"], 6);
    let refused = run(Profile::Restart, running(server.pid()), Arc::new(Nobody)).await.unwrap_err();
    assert!(refused.contains("--data"), "{refused}");
    let refused = run(Profile::Poll, running(std::process::id()), Arc::new(Nobody)).await.unwrap_err();
    assert!(refused.contains("no cartable-server"), "{refused}");
    // So many for one person to decide of.
    let many = Wish { devices: 12, ..running(server.pid()) };
    let refused = run(Profile::Policy, many, Arc::new(Nobody)).await.unwrap_err();
    assert!(refused.contains("second_person_above"), "{refused}");
}

#[test]
fn the_program_says_what_is_too_much_and_prints_json() {
    let swarm = |arguments: &[&str]| Command::new(program("swarm")).args(arguments).output().unwrap();
    let refused = swarm(&["--devices", "1000000"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("open files") && said.contains("ask for at most"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("enrol.svg");
    let (few, plotted) =
        (["--profile", "enrol", "--devices", "5", "--output", "json"], ["--plot", plot.to_str().unwrap()]);
    let done = swarm(&[&few[..], &plotted[..]].concat());
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let said: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((said["profile"].as_str(), said["latency_ms"]["enrolment"]["count"].as_u64()), (Some("enrol"), Some(5)));
    assert!(std::fs::read_to_string(plot).unwrap().ends_with("</svg>\n"));
}
