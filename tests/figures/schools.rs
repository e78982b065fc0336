//! A whole country's schools imported by the command line, over mTLS into the durable store; and lists of them.

use crate::row::{Report, Row};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::Duration;
use tests::annuaire::Register;
use tests::process::ServerProcess;
use tokio::time::Instant;

/// As many as the ministry's register has.
const SCHOOLS: u32 = 66_000;

/// Import, the same again, and lists.
pub(crate) fn measure() -> Report {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("annuaire.csv");
    let mut out = BufWriter::new(File::create(&path).expect("a file"));
    let expected = Register::of(SCHOOLS).write(&mut out).expect("written");
    out.flush().expect("written");
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let path = path.to_str().expect("plain letters");
    let (first, took) = timed(&server, &["school", "import", path]);
    assert_eq!(first["added"], expected.schools, "{first}");
    let (again, took_again) = timed(&server, &["school", "import", path]);
    assert_eq!(again["same"], expected.schools, "{again}");
    let (one, took_one) = timed(&server, &["school", "list", "--departement", "25"]);
    let (page, took_page) = timed(&server, &["school", "list", "--limit", "100"]);
    assert!(one.as_array().is_some_and(|one| one.len() > 600) && page.as_array().is_some_and(|page| page.len() == 100));
    let seconds = |took: Duration| took.as_secs_f64();
    let rows = vec![
        Row::less("66,000 schools imported, durable", seconds(took), "s").within(10.0, 5.0),
        Row::less("the same file again, nothing to change", seconds(took_again), "s").within(10.0, 3.0),
        Row::less("the schools of one département, whole command", seconds(took_one) * 1e3, "ms")
            .within(2_000.0, 500.0),
        Row::less("the first hundred schools, whole command", seconds(took_page) * 1e3, "ms").within(1_000.0, 150.0),
    ];
    Report { area: "schools", rows }
}

fn timed(server: &ServerProcess, arguments: &[&str]) -> (serde_json::Value, Duration) {
    // Figures measure; the clock that tests move by hand is not theirs.
    let began = Instant::now();
    let said = server.json(arguments);
    (said, began.elapsed())
}
