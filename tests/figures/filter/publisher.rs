//! The list as a publisher makes it: the real `cartable-publish`, from the source to what devices fetch, and what a day changes of that.

use super::{ADDED, REMOVED};
use crate::meter;
use crate::row::Row;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tests::lists::Lists;
use tests::programs::program;
use tests::publishing::Typed;
use tests::ut1::ut1_write;

/// What a command took.
struct Took {
    cpu: Duration,
    peak_mib: f64,
}

/// The rows.
pub(super) fn rows(lists: Lists) -> Vec<Row> {
    let home = tempfile::tempdir().expect("a temporary folder");
    let (typed, source) = (Typed::new(home.path()), home.path().join("ut1"));
    let run = |arguments: &[&str]| watched(home.path(), arguments);
    let import = ["list", "import", "ut1", "--work", "work"];
    let approve = ["list", "approve", "--work", "work", "--why", "figures", "--by", "figures"];
    let publish = |to: &'static str| ["list", "publish", "--work", "work", "--repository", "repo", "--to", to];
    eprintln!("importing and publishing a list …");
    ut1_write(lists, &source, 0, 0);
    let imported = run(&import);
    run(&approve);
    let published = run(&publish("first"));
    typed.sign("first", &["lists"]);
    eprintln!("publishing what a day changed …");
    ut1_write(lists, &source, REMOVED, ADDED);
    run(&import);
    run(&approve);
    let packed = typed.publish(&publish("second"));
    let patch = packed["list"]["bundle"]["patch_bytes"].as_u64().expect("a patch");
    typed.sign("second", &["lists"]);
    let wire = patch + documents_bytes(&typed.folder().join("public/metadata"));
    let cpu = |took: &Took| took.cpu.as_secs_f64();
    vec![
        Row::less("publisher: import and publish, processor time", cpu(&imported) + cpu(&published), "core-seconds")
            .within(30.0, 8.0),
        Row::less("publisher: the most memory, import", imported.peak_mib, "MiB").within(1_536.0, 450.0),
        Row::less("publisher: the most memory, publish", published.peak_mib, "MiB").within(1_536.0, 450.0),
        Row::less("a day's change on the wire, with what is signed", wire as f64 / 1024.0, "KiB").within(64.0, 8.0),
    ]
}

/// The documents that a device fetches anew when the list changed: the newest of each role that signs something of it.
fn documents_bytes(folder: &Path) -> u64 {
    let length = |name: &str| fs::metadata(folder.join(name)).map_or(0, |about| about.len());
    let newest = |role: &str| (1..100_u32).map(|version| length(&format!("{version}.{role}.json"))).rfind(|n| *n > 0);
    length("timestamp.json") + newest("snapshot").expect("a snapshot") + newest("lists").expect("a list of targets")
}

/// Runs the program, and looks at it until it has ended: what the system counts goes with it.
fn watched(home: &Path, arguments: &[&str]) -> Took {
    let mut command = Command::new(program("cartable-publish"));
    command.args(arguments).args(["--lang", "en", "--output", "json"]).current_dir(home);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("it runs");
    let (pid, mut took) = (child.id(), Took { cpu: Duration::ZERO, peak_mib: 0.0 });
    while child.try_wait().expect("its state").is_none() {
        took.cpu = took.cpu.max(meter::spent(pid));
        // There is none of one that has ended.
        took.peak_mib = took.peak_mib.max(meter::peak_mib(pid));
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(child.wait().expect("its end").success(), "{arguments:?}");
    took
}
