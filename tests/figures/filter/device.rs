//! The filter as a device has it: the real `cartable-agent filter`, with the list in a bundle's folder, asked over loopback.

use crate::meter;
use crate::row::Row;
use filter::FilterSet;
use hickory_proto::rr::RecordType;
use model::digest::Digest;
use model::lists::{LIST_FILE, ListCategory, ListFile, ListManifest};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tests::filtering::{FilterProcess, active, everywhere, side};
use tests::lists::{Dice, Lists};
use tests::names::{Upstream, ask};

/// Names that are asked for before its memory is looked at, half of them listed.
const LOOKUPS: u64 = 100_000;
/// Different open names: a device asks for some hundred a day.
const OPEN: u64 = 800;
/// So often it is started.
const STARTS: usize = 5;
/// One that does not answer by then never does.
const PATIENCE: Duration = Duration::from_secs(60);

/// The rows.
pub(super) fn rows(image: &Path, lists: Lists, names: u64, scale: u64) -> Vec<Row> {
    let home = tempfile::tempdir().expect("a temporary folder");
    let upstream = Upstream::start();
    let lookups = LOOKUPS * scale / 1_000;
    let policy = everywhere(&side(&["all"], &["closed.example"]));
    let started = |filter: &mut FilterProcess, closed: &str| -> Duration {
        let start = Instant::now();
        filter.start();
        while !ask(filter.at, closed, RecordType::A)
            .is_some_and(|said| said.addresses.iter().all(|one| one.is_loopback()))
        {
            assert!(start.elapsed() < PATIENCE, "{}", filter.log_text());
            std::thread::yield_now();
        }
        start.elapsed()
    };
    eprintln!("starting a filter without a list …");
    let bare = home.path().join("bare");
    fs::create_dir(&bare).expect("a folder");
    let mut filter = FilterProcess::new(&bare, &upstream);
    filter.tell(&active(Some(&policy), None));
    let _ = started(&mut filter, "closed.example");
    look_up(&filter, lists, names, lookups);
    let without = meter::anonymous_mib(filter.pid());
    drop(filter);

    eprintln!("starting one with the list …");
    let mut filter = FilterProcess::new(home.path(), &upstream);
    let list = home.path().join("list");
    let digest = bundle_write(&list, image);
    filter.tell(&active(Some(&policy), Some((&list, digest))));
    let closed = lists.name(0);
    let first = started(&mut filter, &closed);
    let mut again: Vec<Duration> = (0..STARTS)
        .map(|_| {
            filter.kill();
            started(&mut filter, &closed)
        })
        .collect();
    again.sort_unstable();
    eprintln!("asking for {lookups} names …");
    look_up(&filter, lists, names, lookups);
    let (with, total) = (meter::anonymous_mib(filter.pid()), meter::proportional_mib(filter.pid()));
    let milliseconds = |took: Duration| took.as_secs_f64() * 1e3;
    vec![
        Row::less("device: start to first answer", milliseconds(again[STARTS / 2]), "ms").within(300.0, 50.0),
        Row::less("device: the same with a list that is new", milliseconds(first), "ms"),
        Row::less("device: anonymous memory that the list adds", with - without, "MiB").within(6.0, 2.0),
        Row::less("device: anonymous memory of the filter, all of it", with, "MiB"),
        Row::less("device: memory (PSS) after 100,000 look-ups", total, "MiB").within(60.0, 32.0),
    ]
}

/// Listed names all over the list, and open ones.
fn look_up(filter: &FilterProcess, lists: Lists, names: u64, lookups: u64) {
    let mut dice = Dice::new(17);
    for turn in 0..lookups / 2 {
        for number in [dice.next() % names, names + turn % OPEN] {
            assert!(ask(filter.at, &lists.name(number), RecordType::A).is_some(), "{}", filter.log_text());
        }
    }
}

/// The list as a bundle's folder holds it; the digest of what describes it.
fn bundle_write(folder: &Path, image: &Path) -> Digest {
    let bytes = fs::read(image).expect("an image");
    fs::create_dir(folder).expect("a folder");
    fs::write(folder.join("image"), &bytes).expect("a file");
    let file = ListFile { file: "image".to_owned(), sha256: Digest::of(&bytes), bytes: bytes.len() as u64 };
    let set = FilterSet::open(&bytes).expect("it opens");
    let made = jiff::civil::date(2026, 11, 30);
    let mut manifest = ListManifest::new("2026.11.30".parse().expect("a version"), made, file);
    manifest.entries = set.len() as u64;
    manifest.attribution = "Listes inventées".to_owned();
    manifest.categories = set
        .categories()
        .all()
        .iter()
        .map(|one| ListCategory {
            name: one.name.clone(),
            white: one.white,
            label_fr: one.name.clone(),
            label_en: one.name.clone(),
            aliases: [].into(),
        })
        .collect();
    let bytes = manifest.encode().expect("a manifest");
    fs::write(folder.join(LIST_FILE), &bytes).expect("a file");
    Digest::of(&bytes)
}
