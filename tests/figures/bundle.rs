//! An educational bundle and its next versions: how fast it is packed, and what real agents fetch of it from a real server; beside rsync,
//! casync, xdelta3 and zstd, where they are installed.

mod class;
mod peer;
mod site;

use crate::meter;
use crate::row::{Report, Row};
use ::bundle::{ContentId, Packing};
use agent::{Clock, SystemClock};
use publisher::{Packed, Progress, bundle_pack, publish};
use site::{Device, Site};
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::programs::program;
use tests::publishing::Publisher;
use tests::resources::{Edition, Resource};

/// How large the bundle is, in thousandths: for a look that need not be the figure.
const VARIABLE: &str = "CARTABLE_FIGURES_THOUSANDTHS";
/// When of an install the agent is killed, in hundredths of what it fetches; and once more while all is verified.
const DEATHS: [u64; 5] = [7, 23, 51, 74, 98];

/// So many installs are timed, each beside one of casync: the quickest of either says least of the machine's other work.
const INSTALLS: usize = 3;

/// Folders of a bundle's versions.
struct Sources {
    first: PathBuf,
    next: PathBuf,
    later: PathBuf,
}

/// Packs, publishes, lets agents fetch, and weighs it all.
pub(crate) fn measure() -> Report {
    let _ = program("cartable-agent");
    let home = tempfile::tempdir().expect("a temporary folder");
    let home = home.path();
    let scale = std::env::var(VARIABLE).map_or(1_000, |text| text.parse().expect("a number of thousandths"));
    eprintln!("three versions of a bundle …");
    let sources = Sources { first: home.join("1"), next: home.join("2"), later: home.join("3") };
    let editions = [(&sources.first, Edition::First), (&sources.next, Edition::Next), (&sources.later, Edition::Later)];
    for (at, (folder, edition)) in editions.into_iter().enumerate() {
        Resource::of(scale).write(folder, edition, &(at + 1).to_string());
    }
    let publisher = Publisher::new(home, SystemClock.now());
    eprintln!("packing …");
    let mut rows = packing(&publisher, &sources);
    eprintln!("agents …");
    rows.extend(devices(home, &publisher, &sources));
    eprintln!("a class of thirty behind one line …");
    match class::times() {
        Some(times) => rows.push(
            Row::less("class of 30, real agents: bytes over its 4 Mbit/s line against one device", times, "×")
                .within(1.3, 1.05),
        ),
        None => eprintln!("not measured: the class of thirty wants network namespaces, so root"),
    }
    Report { area: "bundle", rows }
}

/// Packs and publishes two versions.
fn packing(publisher: &Publisher, sources: &Sources) -> Vec<Row> {
    let (first, took) = pack(publisher, &sources.first);
    let (next, took_next) = pack(publisher, &sources.next);
    let speed = |took: Duration| megabytes(first.bytes) / took.as_secs_f64();
    let files = files(&sources.first);
    let all: Vec<Vec<u8>> = files.iter().map(|path| fs::read(path).expect("a file")).collect();
    let hashing = used(|| all.iter().for_each(|bytes| assert_ne!(ContentId::of(bytes), ContentId::of(b""))));
    let mut packing = Packing::new().expect("a compressor");
    let compressing = used(|| {
        for bytes in all.iter().flat_map(|bytes| bytes.chunks(64 << 10)) {
            packing.chunk_store(bytes).expect("a chunk");
        }
    });
    vec![
        Row::less("size of the bundle", megabytes(first.bytes), "MB"),
        Row::less("files in it", first.files as f64, ""),
        Row::more("packing, per core", speed(took), "MB/s").within(80.0, 180.0),
        Row::more("limit: BLAKE3 of the same, one core", speed(hashing), "MB/s"),
        Row::more("limit: zstd -3 of the same, one core", speed(compressing), "MB/s"),
        Row::less("packing the next version, with its patch", took_next.as_secs_f64(), "core-seconds"),
        Row::less("the patch alone", megabytes(next.patch_bytes.expect("a patch")), "MB"),
        Row::less("metadata, with each install and update", megabytes(metadata_bytes(publisher)), "MB"),
    ]
}

/// Packs, then publishes; with the processor time of packing.
fn pack(publisher: &Publisher, source: &Path) -> (Packed, Duration) {
    let now = SystemClock.now();
    let mut packed = None;
    let took = used(|| {
        let hidden = &mut |_: u64, _: &str| Progress::hidden();
        packed = Some(bundle_pack(&publisher.folder, &[source.to_owned()], now, hidden).expect("it is packed"));
    });
    let (mut proposal, mut packed) = packed.expect("it was packed");
    proposal.sign(&publisher.key).expect("it is signed");
    publish(&publisher.folder, &proposal, now).expect("it is published");
    (packed.remove(0), took)
}

/// Real agents install, are killed, and follow.
fn devices(home: &Path, publisher: &Publisher, sources: &Sources) -> Vec<Row> {
    let site = Site::new(home, publisher);
    eprintln!("first install …");
    let mut one = site.device("one");
    let first = site.brings(&mut one, "1", |_| {});
    let tarred = peer::tarred(&sources.first);
    eprintln!("first install, killed {} times …", DEATHS.len() + 1);
    let mut two = site.device("two");
    let killed = killed(&site, &mut two, first.bytes);
    eprintln!("first install, {INSTALLS} times, and casync …");
    let casync = peer::casync(&sources.first, &sources.next, home);
    let (mut quickest, mut casync_quickest) = (Duration::MAX, Duration::MAX);
    let mut spent = Duration::MAX;
    for at in 0..INSTALLS {
        let mut fresh = site.direct(&format!("fresh-{at}"));
        let taken = site.brings(&mut fresh, "1", |_| {});
        (quickest, spent) = (quickest.min(taken.wall), spent.min(taken.cpu));
        if casync.is_some() {
            casync_quickest = casync_quickest.min(peer::casync_extract(home));
        }
    }
    eprintln!("update …");
    one.restart();
    let next = site.brings(&mut one, "2", |_| {});
    let rsync = peer::rsync(&sources.first, &sources.next, home);
    let archives = peer::archives(&sources.first, &sources.next, home);
    pack(publisher, &sources.later);
    eprintln!("update from two versions back …");
    two.restart();
    let older = site.brings(&mut two, "3", |_| {});
    let rsync_older = peer::rsync(&sources.first, &sources.later, home);
    eprintln!("update of what is damaged …");
    one.restart();
    let place = fs::canonicalize(one.current()).expect("a version in place");
    damage(&place);
    let damaged = peer::copy(&place, home.join("damaged"));
    let mended = site.brings(&mut one, "3", |_| {});
    let rsync_damaged = peer::rsync(&damaged, &sources.later, home);
    for device in [&one, &two] {
        assert_eq!(
            same(&fs::canonicalize(device.current()).expect("a version"), &sources.later),
            Vec::<PathBuf>::new()
        );
    }

    let peak = [&first, &next, &older, &mended].iter().map(|taken| taken.peak).fold(0.0, f64::max);
    let mut rows = vec![
        Row::less("first install, on the wire", megabytes(first.bytes), "MB"),
        against("first install against tar + zstd -3", first.bytes, tarred).within(1.03, 1.0),
        Row::less("update from the last version, on the wire", megabytes(next.bytes), "MB")
            .within(rsync.map_or(6.0, megabytes), 1.4),
        against("update from the last version against rsync -z", next.bytes, rsync).within(1.0, 0.23),
        Row::less("update from two versions back, on the wire", megabytes(older.bytes), "MB"),
        against("update from two versions back against rsync -z", older.bytes, rsync_older).within(2.0, 1.0),
        Row::less("update of a damaged version, on the wire", megabytes(mended.bytes), "MB"),
        against("update of a damaged version against rsync -z", mended.bytes, rsync_damaged).within(2.0, 1.0),
        Row::less("first install, wall, the quickest", quickest.as_secs_f64(), "s"),
        Row::less("first install, the agent's processor time", spent.as_secs_f64(), "s CPU"),
        Row::less("update, wall", next.wall.as_secs_f64(), "s"),
        Row::less("agent memory before it fetches", first.before, "MiB"),
        Row::less("agent memory at most, first install", first.peak, "MiB"),
        Row::less("agent memory at most, update by a patch", next.peak, "MiB"),
        Row::less("agent memory at most, all of these", peak, "MiB").within(40.0, 24.0),
        Row::less("kill -9 during install, fetched again, each time", killed.0, "%").within(5.0, 1.0),
        Row::less("the same, all six deaths of one install together", killed.1, "%"),
    ];
    if let Some(bytes) = casync {
        let ratio = quickest.as_secs_f64() / casync_quickest.as_secs_f64();
        rows.push(Row::less("first install, wall, against casync extract", ratio, "×").within(1.0, 0.5));
        rows.push(Row::less("peer: casync extract and sync, wall, the quickest", casync_quickest.as_secs_f64(), "s"));
        rows.push(Row::less("peer: casync, update", megabytes(bytes), "MB"));
    }
    let peers = [
        ("peer: tar + zstd -3", tarred),
        ("peer: rsync -z, update", rsync),
        ("peer: rsync -z, update from two versions back", rsync_older),
        ("peer: rsync -z, update of a damaged version", rsync_damaged),
        ("peer: xdelta3 -9 of the whole archive, update", archives[0]),
        ("peer: zstd --patch-from of the whole archive, update", archives[1]),
    ];
    rows.extend(peers.into_iter().filter_map(|(name, bytes)| Some(Row::less(name, megabytes(bytes?), "MB"))));
    rows
}

/// An install in which the agent is killed now and then; what it fetches again of the whole each time, and all together, in per cent.
/// What an install takes that is left in peace is given.
fn killed(site: &Site, device: &mut Device, whole: u64) -> (f64, f64) {
    let begun = device.bytes();
    let mut moments = DEATHS.iter().map(|share| whole * share / 100).peekable();
    let (mut verifying, mut deaths) = (false, 0);
    let taken = site.brings(device, "1", |device| {
        let fetched = device.bytes() - begun;
        let at_last = device.noted().is_some_and(|(_, reason)| reason == "verifying");
        if moments.next_if(|moment| *moment <= fetched).is_some()
            || (at_last && !std::mem::replace(&mut verifying, true))
        {
            device.die();
            deaths += 1;
        }
    });
    let again = taken.bytes.saturating_sub(whole) as f64 / whole as f64 * 100.0;
    (again / f64::from(deaths.max(1)), again)
}

/// Spoils a version as a bad disk and a curious person do: of each hundred small files one changed and one gone, a film changed in its
/// middle, another cut short.
fn damage(place: &Path) {
    let files = files(place);
    let (media, small): (Vec<&PathBuf>, Vec<&PathBuf>) =
        files.iter().partition(|path| path.starts_with(place.join("media")));
    for path in small.iter().skip(7).step_by(100) {
        spoil(path, 100);
    }
    for path in small.iter().skip(57).step_by(100) {
        fs::remove_file(path).expect("a file");
    }
    spoil(media[media.len() / 3], 1_000);
    let cut = fs::OpenOptions::new().write(true).open(media[media.len() / 4]).expect("a file");
    cut.set_len(cut.metadata().expect("its size").len() / 2).expect("it is cut");
}

fn spoil(path: &Path, bytes: usize) {
    let file = fs::OpenOptions::new().write(true).open(path).expect("a file");
    let size = file.metadata().expect("its size").len();
    file.write_all_at(&vec![b'#'; bytes], size / 2).expect("it is changed");
}

/// The files below a folder, in order.
fn files(root: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.retain(|path| path.file_name().is_some_and(|name| name != "bundle.toml"));
    found.sort();
    found
}

/// What is not the same in both folders.
fn same(one: &Path, other: &Path) -> Vec<PathBuf> {
    let read = |root: &Path| {
        let read = |path: PathBuf| {
            (path.strip_prefix(root).expect("below it").to_owned(), ContentId::of(&fs::read(&path).expect("a file")))
        };
        files(root).into_iter().map(read).collect::<std::collections::BTreeSet<_>>()
    };
    read(one).symmetric_difference(&read(other)).map(|(path, _)| path.clone()).collect()
}

/// What a device asks for before it knows which target it wants: the latest of each role that changes.
fn metadata_bytes(publisher: &Publisher) -> u64 {
    let folder = publisher.folder.public().join("metadata");
    let latest = |role: &str| {
        let paths = (1..).map(|version| folder.join(format!("{version}.{role}.json"))).take_while(|path| path.exists());
        paths.last().expect("one is there")
    };
    let paths: [PathBuf; 3] = [folder.join("timestamp.json"), latest("snapshot"), latest("bundles")];
    paths.iter().map(|path| fs::metadata(path).expect("a file").len()).sum()
}

fn against(name: &'static str, own: u64, peer: Option<u64>) -> Row {
    Row::less(name, peer.map_or(f64::NAN, |peer| own as f64 / peer as f64), "×")
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn used(work: impl FnOnce()) -> Duration {
    let before = meter::cpu(std::process::id());
    work();
    meter::cpu(std::process::id()).saturating_sub(before)
}
