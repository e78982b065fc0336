//! kill -9 at every durable step of a renewal and of a recovery: the real agent, the real server, and the time shifted under both.
//!
//! strace kills the agent as it enters its n-th rename, which is where each file of the state folder takes its place; what comes
//! before and after is on disk or is not, as in a power cut. faketime moves the clock.

use std::process::{Command, Stdio};
use tests::process::{AgentProcess, ServerProcess, within};
use tests::system_program;

/// The most renames a start with a renewal or a recovery takes; the test fails if it takes more.
const STEPS_MAX: u32 = 40;
/// How often an agent that was cut is started again before it is given up.
const STARTS_MAX: u32 = 3;

/// What goes before a program so that its clock is so many days ahead; unlike faketime itself it becomes the program, so that a
/// signal reaches it.
///
/// faketime names its shared memory by its process number, and fails where one that was killed left the same name behind: so it is asked
/// again, and those that are killed here make none.
fn shifted(days: u32) -> Vec<String> {
    let shift = format!("+{days}d");
    for _ in 0..20 {
        let out = Command::new("faketime").args(["-f", &shift, "env"]).output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        let set = text.lines().filter(|line| line.starts_with("LD_PRELOAD=") || line.starts_with("FAKETIME="));
        let set: Vec<String> = set.map(str::to_owned).collect();
        if set.len() == 2 {
            return [vec!["env".to_owned()], set, vec!["FAKETIME_DISABLE_SHM=1".to_owned()]].concat();
        }
    }
    panic!("faketime sets no clock")
}

/// Starts the agent under a shifted clock, to be killed at its n-th rename; says whether it came to that.
fn killed(agent: &AgentProcess, shift: &[&str], step: u32, settled: impl Fn() -> bool) -> bool {
    let inject = format!("inject=rename,renameat,renameat2:signal=KILL:when={step}");
    let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=rename", "-e", &inject];
    let mut child = agent
        .wrapped(&[shift, &strace].concat(), &["run"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut ended = false;
    within(30_000, || {
        ended = child.try_wait().unwrap().is_some();
        ended || settled()
    });
    if !ended {
        // Without strace it would live on.
        let children = format!("/proc/{0}/task/{0}/children", child.id());
        for traced in std::fs::read_to_string(children).unwrap().split_whitespace() {
            let _ = Command::new("kill").args(["-KILL", traced]).status();
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    ended
}

/// Kills agents at every step under this shift and starts each again: each comes back by itself, with a new certificate, and nobody
/// takes it for a copy.
fn cut_at_every_step(days: u32, verb: &str) {
    if ["strace", "faketime"].into_iter().any(|name| system_program(name).is_none()) {
        return;
    }
    let shift = shifted(days);
    let shift: Vec<&str> = shift.iter().map(String::as_str).collect();
    let shift = shift.as_slice();
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    let path = server.data.join("server.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, config.replace("second_person_above = 10", "second_person_above = 100")).unwrap();
    server.start();
    let token = server.token(&["--kind", "kit", "--uses", &STEPS_MAX.to_string()]);
    let new = |n: u32| AgentProcess::new(folder.path(), &format!("agent-{n}"), "");
    let mut agents: Vec<AgentProcess> = (0..STEPS_MAX).map(new).collect();
    agents.iter().for_each(|agent| agent.enrol(&server, &token));
    let ids: Vec<String> = agents.iter().map(AgentProcess::id).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    assert!(server.cartable(&[&["device", "approve", "--why", "a test"], ids.as_slice()].concat()).status.success());
    server.stop();
    server.start_with(shift);
    let mut steps = 0;
    for (agent, step) in agents.iter_mut().zip(1..) {
        let before = agent.certificate();
        let renewed =
            |agent: &AgentProcess| agent.certificate() != before && !agent.state.join("tls.next.pem").exists();
        let died = killed(agent, shift, step, || renewed(agent));
        // A server whose disk stalls sends devices away for up to a minute, and a renewal that failed is tried again after minutes:
        // on a machine that is busy with all the other tests that happens, and a start anew is one more cut.
        let came = (0..STARTS_MAX).any(|_| {
            agent.kill();
            agent.start_with(shift);
            within(150_000, || renewed(agent))
        });
        assert!(
            came,
            "step {step} (killed: {died}): no new certificate; the agent said:\n{}\nthe server said:\n{}",
            agent.log_text(),
            server.log_text()
        );
        agent.kill();
        if !died {
            steps = step - 1;
            break;
        }
    }
    // Each of these was cut: the renewal's key, its candidate, its window, and the switch are among them.
    assert!((6..STEPS_MAX).contains(&steps), "{steps} steps");
    server.stop();
    server.start_with(shift);
    let acts = server.shifted_json(shift, &["audit", "list"]);
    let verbs: Vec<&str> = acts.as_array().unwrap().iter().filter_map(|act| act["verb"].as_str()).collect();
    assert!(verbs.iter().filter(|v| **v == verb).count() > usize::try_from(steps).unwrap(), "{verbs:?}");
    for accused in ["device_cloned", "certificate_superseded"] {
        assert!(!verbs.contains(&accused), "a cut is not a copy: {verbs:?}");
    }
    let listed = server.shifted_json(shift, &["device", "list", "--state", "active"]);
    assert_eq!(listed.as_array().unwrap().len(), agents.len(), "{listed}");
}

#[test]
fn a_renewal_cut_at_every_step_comes_to_its_end() {
    cut_at_every_step(21, "certificate_switch");
}

#[test]
fn a_recovery_cut_at_every_step_comes_to_its_end() {
    cut_at_every_step(40, "device_recover");
}
