//! The order of the system calls behind an acknowledgement, since kill -9 keeps the page cache: journal written, journal
//! synced, and only then the answer.

use std::collections::{BTreeMap, HashMap};
use std::process::Command;
use tests::process::{ServerProcess, until};
use tests::reporter::Reporter;
use tests::{required, system_program};

/// Reports sent one by one.
const REPORTS: usize = 40;
/// An answer has a head, a plan and digests; other frames of HTTP/2 are far smaller.
const ANSWER_BYTES: i64 = 200;

/// What a traced call works on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum On {
    Journal(String),
    Socket(String),
}

/// A call that matters here.
#[derive(Clone, Debug)]
struct Call {
    name: String,
    on: On,
    /// The lines of the trace on which it began and ended.
    began: usize,
    ended: usize,
    result: i64,
}

/// The calls of a trace, in the order in which they began; those that never ended are left out.
fn calls(trace: &str) -> Vec<Call> {
    let mut open: HashMap<&str, (String, On, usize)> = HashMap::new();
    let mut calls = Vec::new();
    for (at, line) in trace.lines().enumerate() {
        let Some((pid, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        let result = rest.rsplit_once(" = ").and_then(|(_, r)| r.split(' ').next()?.parse::<i64>().ok());
        if rest.starts_with("<...") {
            if let (Some((name, on, began)), Some(result)) = (open.remove(pid), result) {
                calls.push(Call { name, on, began, ended: at, result });
            }
            continue;
        }
        let Some((name, arguments)) = rest.split_once('(') else { continue };
        let Some(on) = on(arguments) else { continue };
        if rest.ends_with("<unfinished ...>") {
            open.insert(pid, (name.to_owned(), on, at));
        } else if let Some(result) = result {
            calls.push(Call { name: name.to_owned(), on, began: at, ended: at, result });
        }
    }
    calls.sort_by_key(|call| call.began);
    calls
}

/// What the first argument, a descriptor with its path, stands for.
fn on(arguments: &str) -> Option<On> {
    let (_, path) = arguments.split_once('<')?;
    if path.starts_with("TCP") {
        return Some(On::Socket(path.split_once(']')?.0.to_owned()));
    }
    let path = path.split_once('>')?.0;
    (path.contains("/journal/") && path.ends_with(".log")).then(|| On::Journal(path.to_owned()))
}

fn is_write(call: &Call) -> bool {
    matches!(call.name.as_str(), "write" | "writev" | "pwrite64" | "sendto" | "sendmsg")
}

fn is_sync(call: &Call) -> bool {
    matches!(call.name.as_str(), "fsync" | "fdatasync")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_acknowledgement_leaves_after_its_sync() {
    let Some(strace) = system_program("strace") else { return };
    let strace = strace.to_str().unwrap();
    let may_trace =
        Command::new(strace).args(["-o", "/dev/null", "true"]).output().is_ok_and(|out| out.status.success());
    if !may_trace {
        assert!(!required("strace"), "strace is required and may not trace here");
        eprintln!("skipped: strace may not trace here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let mut server = ServerProcess::init(folder.path());
    // Enrolled before, so that the trace begins with the reports.
    server.start();
    let mut reporter = Reporter::enrol(&server, 1).await.remove(0);
    assert!(server.stop().success());
    // -D: the server stays our child, strace stands beside it.
    server.start_with(&[
        strace,
        "-D",
        "-f",
        "-yy",
        "-s",
        "0",
        "-e",
        "signal=none",
        "-e",
        "trace=write,writev,pwrite64,fsync,fdatasync,sendto,sendmsg",
        "-o",
        trace.to_str().unwrap(),
    ]);
    let mut client = reporter.client(server.port).await.unwrap();
    // The handshake's and the head's own writes are over with this one.
    client.check_in(reporter.request()).await.unwrap();
    for _ in 0..REPORTS {
        reporter.change();
        reporter.tell(&mut client).await.unwrap();
    }
    assert!(reporter.acknowledged.len() >= REPORTS);
    drop(client);
    let pid = format!("{} ", server.pid());
    assert!(server.stop().success());
    let text = || std::fs::read_to_string(&trace).unwrap();
    let over = |line: &str| line.starts_with(&pid) && line.ends_with("+++ exited with 0 +++");
    until(20, "strace has written everything", || text().lines().any(over));
    order_check(&calls(&text()));
}

fn order_check(calls: &[Call]) {
    let mut sockets: BTreeMap<&On, Vec<&Call>> = BTreeMap::new();
    for call in calls.iter().filter(|c| matches!(c.on, On::Socket(_)) && is_write(c) && c.result >= ANSWER_BYTES) {
        sockets.entry(&call.on).or_default().push(call);
    }
    let answers = sockets.into_values().max_by_key(Vec::len).expect("a connection");
    assert!((REPORTS..REPORTS + 4).contains(&answers.len()), "{} answers to {REPORTS} reports", answers.len());
    let journal: Vec<&Call> = calls.iter().filter(|c| matches!(c.on, On::Journal(_))).collect();
    for pair in answers[answers.len() - REPORTS - 1..].windows(2) {
        let (before, answer) = (pair[0].ended, pair[1].began);
        // Between two answers: what was written for the second.
        let written: Vec<_> = journal.iter().filter(|c| is_write(c) && c.began > before && c.began < answer).collect();
        assert!(!written.is_empty(), "the answer on line {answer} has nothing in the journal since line {before}");
        for write in written {
            assert!(
                write.ended < answer,
                "the answer on line {answer} leaves during the write of line {}",
                write.began
            );
            let synced = journal.iter().any(|sync| {
                is_sync(sync)
                    && sync.on == write.on
                    && sync.result == 0
                    && sync.began > write.ended
                    && sync.ended < answer
            });
            assert!(synced, "the answer on line {answer} leaves before the write of line {} is synced", write.began);
        }
    }
}

#[test]
fn an_answer_before_its_sync_is_found() {
    let line = |text: &str| format!("{text}\n");
    let answer = "7 sendto(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, \"\"..., 300, 0, NULL, 0) = 300";
    let (write, begun, done) = (
        "8 write(5</d/journal/1.log>, \"\"..., 90) = 90",
        "8 fdatasync(5</d/journal/1.log> <unfinished ...>",
        "8 <... fdatasync resumed>)      = 0",
    );
    let trace = |one: &[&str]| {
        let round: String = one.iter().map(|l| line(l)).collect();
        line(answer) + &round.repeat(REPORTS)
    };
    order_check(&calls(&trace(&[write, begun, done, answer])));
    for wrong in [
        &[write, begun, answer, done][..],
        &[write, answer, begun, done],
        &[write, answer],
        &[answer],
        &[begun, done, write, answer],
    ] {
        let found = std::panic::catch_unwind(|| order_check(&calls(&trace(wrong))));
        assert!(found.is_err(), "{wrong:?} passes");
    }
}
