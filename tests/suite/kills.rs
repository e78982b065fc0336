//! kill -9 of server and agent at any moment: what was acknowledged is there afterwards.
//!
//! The oracle is the devices' own list of acknowledgements.

use rand::Rng;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tests::process::{AgentProcess, ServerProcess, until, within};
use tests::reporter::Reporter;
use tokio::sync::{Mutex, watch};
use tonic::Code;

const SERVER_KILLS: u32 = 100;
const DEVICES: u32 = 4;
const AGENT_KILLS: u32 = 20;

/// Whether devices may talk.
#[derive(Clone, Copy, PartialEq)]
enum Phase {
    /// To the server's so many-th start.
    Up(u32),
    Down,
    Over,
}

/// Reports as fast as the server answers, for as long as there is a server.
async fn report(
    reporter: Arc<Mutex<Reporter>>,
    port: u16,
    mut phases: watch::Receiver<Phase>,
    acknowledged: watch::Sender<u64>,
) {
    loop {
        let phase = *phases.borrow_and_update();
        if phase == Phase::Over {
            return;
        }
        if phase != Phase::Down {
            let mut reporter = reporter.lock().await;
            if let Ok(mut client) = reporter.client(port).await {
                while *phases.borrow() == phase {
                    reporter.change();
                    match reporter.tell(&mut client).await {
                        Ok(answer) => {
                            assert!(answer.wanted.is_empty(), "a device that repeats what was lost leaves no gap")
                        }
                        Err(status) => {
                            let cut = matches!(
                                status.code(),
                                Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal
                            );
                            assert!(cut, "{status:?}");
                            break;
                        }
                    }
                    acknowledged.send_modify(|n| *n += 1);
                }
            }
        }
        if phases.wait_for(|next| *next != phase).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_kills_of_the_server_lose_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let reporters: Vec<_> =
        Reporter::enrol(&server, DEVICES).await.into_iter().map(|r| Arc::new(Mutex::new(r))).collect();
    let (phases, phase) = watch::channel(Phase::Down);
    let (sender, mut acknowledged) = watch::channel(0_u64);
    let mut tasks = tokio::task::JoinSet::new();
    for reporter in &reporters {
        tasks.spawn(report(Arc::clone(reporter), server.port, phase.clone(), sender.clone()));
    }
    for kill in 1..=SERVER_KILLS {
        let (more, pause) = {
            let mut random = rand::rng();
            (random.random_range(1..=24), random.random_range(0..400))
        };
        phases.send_replace(Phase::Up(kill));
        let goal = *acknowledged.borrow() + more;
        // What it gives locks the channel: not kept.
        let reached =
            tokio::time::timeout(Duration::from_secs(60), acknowledged.wait_for(|n| *n >= goal)).await.is_ok();
        assert!(reached, "devices are not acknowledged after kill {kill}: {}", server.log_text());
        for _ in 0..pause {
            tokio::task::yield_now().await;
        }
        server.kill();
        phases.send_replace(Phase::Down);
        server.start();
        for reporter in &reporters {
            // Free once the device has seen that the server is gone.
            reporter.lock().await.check(&server).await;
        }
    }
    phases.send_replace(Phase::Over);
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    assert!(server.stop().success());
    server.start();
    for reporter in &reporters {
        reporter.lock().await.check(&server).await;
    }
    assert!(!server.log_text().contains("LOST"), "{}", server.log_text());
    assert!(!server.log_text().contains("damaged"), "{}", server.log_text());
}

/// The digests of an agent's list, the last one of each section.
fn last_acknowledged(agent: &AgentProcess) -> std::collections::BTreeMap<String, String> {
    let text = std::fs::read_to_string(agent.acknowledgements()).unwrap_or_default();
    let lines = text.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    });
    lines.collect()
}

fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).unwrap_or_default().lines().count()
}

#[test]
fn an_agent_killed_while_it_enrols_becomes_one_device() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let mut ended = 0;
    for step in 1..=10 {
        let token = server.token(&["--kind", "unit"]);
        let agent = AgentProcess::new(folder.path(), &format!("agent-{step}"), &bare(folder.path()));
        // Each file that appears is a step of the enrolment; the steps on the server fall between the first ones.
        let files = || std::fs::read_dir(&agent.state).map_or(0, Iterator::count);
        ended += i32::from(agent.enrol_killed(&server, &token, &[], || files() >= step));
        let again = agent.run(&["enrol", "--server", &server.url(), "--token", &token]);
        let text = String::from_utf8_lossy(&again.stderr);
        assert!(again.status.success() || text.contains("already enrolled"), "{step}: {text}");
        assert!(agent.run(&["status"]).status.success(), "{step}");
        let devices = server.json(&["device", "list"]);
        assert_eq!(devices.as_array().unwrap().len(), step, "one device for each agent");
    }
    assert!(ended < 5, "{ended} of 10 enrolments were over before they were killed");
}

#[test]
fn an_agent_killed_at_random_moments_still_converges() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let mut agent = AgentProcess::new(folder.path(), "agent", &bare(folder.path()));
    agent.enrol(&server, &server.token(&["--kind", "unit"]));
    let id = server.json(&["device", "list"])[0]["id"].as_str().unwrap().to_owned();
    let name = folder.path().join("root/sys/class/dmi/id/product_name");
    std::fs::create_dir_all(name.parent().unwrap()).unwrap();
    let kept = || server.json(&["device", "show", &id]);
    let model = |sheet: &serde_json::Value| -> u32 {
        let text = sheet["hardware"]["model"].as_str().unwrap_or("Machine 0");
        text.trim_start_matches("Machine ").parse().unwrap()
    };
    let mut newest = 0;
    for kill in 1..=AGENT_KILLS {
        std::fs::write(&name, format!("Machine {kill}\n")).unwrap();
        let (moment, more) = {
            let mut random = rand::rng();
            (random.random_range(0..500), random.random_range(1..=3))
        };
        let goal = lines(&agent.acknowledgements()) + more;
        agent.start();
        within(moment, || lines(&agent.acknowledgements()) >= goal);
        agent.kill();
        let shown = model(&kept());
        assert!((newest..=kill).contains(&shown), "{shown} is kept after {newest}");
        newest = shown;
    }
    agent.start();
    until(20, "the last report is kept and acknowledged", || {
        let sheet = kept();
        let acknowledged = last_acknowledged(&agent);
        let reports = sheet["reports"].as_array().unwrap();
        let fits = |r: &serde_json::Value| {
            acknowledged.get(r["section"].as_str().unwrap()).is_some_and(|d| r["digest"] == **d)
        };
        model(&sheet) == AGENT_KILLS && reports.len() == 5 && reports.iter().all(fits)
    });
    assert!(agent.stop().success());
}

/// The configuration of an agent that sees an all but empty machine.
fn bare(folder: &Path) -> String {
    let root = folder.join("root");
    std::fs::create_dir_all(&root).unwrap();
    format!("root = {:?}\n", root.to_str().unwrap())
}
