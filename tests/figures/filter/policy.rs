//! From a person's command to what a connected device answers: server, agent and filter as they run, on one machine.

use crate::row::Row;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tests::filtering::FilterProcess;
use tests::names::Upstream;
use tests::process::ServerProcess;

/// So many changes are timed; the middle one counts.
const CHANGES: usize = 7;
/// How long one may take, in milliseconds.
const PATIENCE: u64 = 60_000;

/// A name is blocked by a policy, and asked for until it is.
pub(super) fn rows(home: &Path) -> Vec<Row> {
    eprintln!("changing a policy …");
    let folder = home.join("policy");
    fs::create_dir(&folder).expect("a folder");
    let mut server = ServerProcess::init(&folder);
    server.start();
    let upstream = Upstream::start();
    let mut filter = FilterProcess::new(&folder, &upstream);
    filter.agent.enrol(&server, &server.token(&[]));
    filter.agent.start();
    filter.start();
    let mut names = vec!["first.example".to_owned()];
    change(&server, &folder, &names);
    assert!(filter.answers(PATIENCE, &names[0], true), "{}{}", filter.agent.log_text(), filter.log_text());
    let mut took: Vec<(Duration, Duration)> = Vec::new();
    for n in 0..CHANGES {
        let name = format!("n{n}.example");
        assert!(filter.answers(PATIENCE, &name, false), "{}", filter.log_text());
        names.push(name.clone());
        let begun = Instant::now();
        change(&server, &folder, &names);
        let commanded = begun.elapsed();
        assert!(filter.answers(PATIENCE, &name, true), "{}{}", filter.agent.log_text(), filter.log_text());
        took.push((begun.elapsed(), begun.elapsed().saturating_sub(commanded)));
    }
    took.sort_unstable();
    let (whole, after) = took[CHANGES / 2];
    let slowest = took[CHANGES - 1].0;
    vec![
        Row::less("policy change: from the command's start to the device's answer, median", whole.as_secs_f64(), "s")
            .within(3.0, 1.0),
        Row::less("policy change: of it after the command has returned", after.as_secs_f64(), "s"),
        Row::less("policy change: the slowest of seven", slowest.as_secs_f64(), "s"),
    ]
}

fn change(server: &ServerProcess, folder: &Path, names: &[String]) {
    let file = folder.join("policy.toml");
    fs::write(&file, format!("[both]\nblock_names = {names:?}\n")).expect("a file");
    let file = file.to_str().expect("a path of text");
    server.json(&["policy", "apply", file, "--layer", "territory", "--why", "figures"]);
}
