//! The filter: a list of 4.6 million names read, compiled, asked and changed, and the resolver that asks it.

#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]

mod device;
mod policy;
mod publisher;
mod resolver;

use crate::meter;
use crate::row::{Report, Row};
use ::filter::{
    Categories, Collector, Decision, Entry, Filter, FilterSet, Format, Listing, Mask, Name, Reader, Seed, Sheet,
};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufWriter, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tests::lists::{Dice, Lists, TWIN};

/// How much of it all, in thousandths: for a look that need not be the figure.
const VARIABLE: &str = "CARTABLE_FIGURES_THOUSANDTHS";
/// One of `engine`, `device`, `publisher`, `policy`, `resolver`: only its rows.
const PART: &str = "CARTABLE_FIGURES_PART";
/// Set in the process that compiles: where the list is.
const COMPILES: &str = "CARTABLE_FIGURES_COMPILES";
/// Names of the list.
const NAMES: u64 = 4_600_000;
/// Names nobody listed that are tried.
const TRIED: u64 = 100_000_000;
/// Verdicts that are timed, so many times: the quickest round says least of the machine's other work.
const TIMED: u64 = 200_000;
const ROUNDS: usize = 5;
/// Of a day.
const REMOVED: u64 = 50;
const ADDED: u64 = 200;

/// Writes the list, has another process compile it, and asks the image.
pub(crate) fn measure() -> Report {
    if let Some(folder) = std::env::var_os(COMPILES) {
        compile(Path::new(&folder));
        std::process::exit(0);
    }
    resolver::serve_if_asked();
    let scale = std::env::var(VARIABLE).map_or(1_000, |text| text.parse().expect("a number of thousandths"));
    let (names, tried) = (NAMES * scale / 1_000, TRIED * scale / 1_000);
    let home = tempfile::tempdir().expect("a temporary folder");
    let lists = Lists::of(names);
    eprintln!("a list of {names} names …");
    list_write(home.path(), lists);
    eprintln!("compiling …");
    let (spent, peak) = compiled(home.path());
    let path = image_path(home.path());
    let part = std::env::var(PART).ok();
    let wanted = |name: &str| part.as_deref().is_none_or(|part| part == name);
    let mut rows = Vec::new();
    if wanted("engine") {
        rows.extend(engine(&path, lists, (names, tried), (spent, peak)));
    }
    if wanted("device") {
        rows.extend(device::rows(&path, lists, names, scale));
    }
    if wanted("publisher") {
        rows.extend(publisher::rows(lists));
    }
    if wanted("policy") {
        rows.extend(policy::rows(home.path()));
    }
    if wanted("resolver") {
        rows.extend(resolver::rows(&path, lists, names));
    }
    Report { area: "filter", rows }
}

/// What the image weighs, and what it answers in this process.
fn engine(path: &Path, lists: Lists, (names, tried): (u64, u64), (spent, peak): (Duration, f64)) -> Vec<Row> {
    let image = fs::read(path).expect("an image");
    let megabytes = image.len() as f64 / 1e6;
    let bits = image.len() as f64 * 8.0 / names as f64;
    let limit = look(image.len());
    let opening = Instant::now();
    let set = FilterSet::open(image).expect("it opens");
    let opened = opening.elapsed();
    let (block, chance) = (set.categories().black(), set.mistake_chance());
    let filter = Filter::new(vec![Sheet { set: Arc::new(set), block, allow: Mask::NONE, rank: 0 }]).expect("a filter");
    eprintln!("asking …");
    let (median, slow) = verdicts(&filter, lists, names);
    eprintln!("trying {tried} names that nobody listed …");
    let (mistaken, looks) = mistakes(&filter, lists, names..names + tried);
    let (day, held) = day(lists, names);
    let nanoseconds = |took: Duration| took.as_nanos() as f64;
    vec![
        Row::less("image, names and categories", megabytes, "MB").within(40.0, 22.0),
        Row::less("of a name", bits, "bits"),
        Row::less("reading and compiling, one core", spent.as_secs_f64(), "core-seconds").within(30.0, 8.0),
        Row::less("the most memory while compiling", peak, "MiB").within(1_536.0, 450.0),
        Row::less("opening, its digest verified before", nanoseconds(opened) / 1e3, "µs"),
        Row::less("verdict, half of the names listed: median", nanoseconds(median), "ns").within(2_000.0, 400.0),
        Row::less("verdict: p99", nanoseconds(slow), "ns").within(10_000.0, 2_000.0),
        Row::less("limit: one look into as much memory", limit, "ns"),
        Row {
            must: Some(1.0),
            ..Row::less("a name nobody listed is blocked: chance by the format", looks * chance * 1e9, "in 10⁹")
        },
        Row::less("names nobody listed that were tried", tried as f64 / 1e6, "million"),
        Row::less("fingerprints looked up for one of them", looks, ""),
        Row::less("of them blocked", mistaken as f64, "").within(0.0, 0.0),
        Row::less("a day's change (200 added, 50 removed)", day as f64 / 1024.0, "KiB").within(64.0, 8.0),
        Row::less("the changes of 30 days, in memory", held as f64 / 1024.0, "KiB"),
    ]
}

/// Writes a list as UT1 lays it out.
fn list_write(home: &Path, lists: Lists) {
    for (category, _, range) in lists.categories() {
        let folder = home.join(category);
        fs::create_dir(&folder).expect("a folder");
        let mut file = BufWriter::new(File::create(folder.join("domains")).expect("a file"));
        range.for_each(|number| writeln!(file, "{}", lists.name(number)).expect("it is written"));
    }
}

/// Has this program compile the list in a process of its own: the processor time it took, and the most memory in MiB.
fn compiled(home: &Path) -> (Duration, f64) {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).arg("filter").env(COMPILES, home).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let (nanoseconds, peak) = text.trim().split_once(' ').expect("two numbers");
    (Duration::from_nanos(nanoseconds.parse().expect("a number")), peak.parse().expect("a number"))
}

/// What a publisher does: reads each file piece by piece, compiles, and writes the image; says what it took.
fn compile(home: &Path) {
    let mut collector = Collector::new(Seed::new([7; 16]), Categories::new());
    for (category, white, _) in Lists::of(0).categories() {
        let id = collector.category(category, white).expect("a category");
        let twin = (category == TWIN.0).then(|| collector.category(TWIN.1, false).expect("a category"));
        let mut file = File::open(home.join(category).join("domains")).expect("a file");
        let mut reader = Reader::new(Format::Domains);
        let mut collect = |entry: Entry<'_>| match entry {
            Entry::Name(name) => [Some(id), twin].into_iter().flatten().try_for_each(|id| collector.add(id, &name)),
            Entry::Address(_) | Entry::Url(_) => Ok(()),
        };
        let mut piece = vec![0; 64 << 10];
        loop {
            let length = file.read(&mut piece).expect("it is read");
            if length == 0 {
                break;
            }
            reader.read(&piece[..length], &mut collect).expect("names");
        }
        assert_eq!(reader.end(&mut collect).expect("names").refused, 0);
    }
    let never: [Name; 2] = ["education.gouv.fr", "pix.fr"].map(|name| name.parse().expect("a name"));
    let image = collector.finish().and_then(|listing| listing.image(&never)).expect("an image");
    fs::write(image_path(home), image).expect("it is written");
    let own = std::process::id();
    print!("{} {}", meter::cpu(own).as_nanos(), meter::peak_mib(own));
}

fn image_path(home: &Path) -> PathBuf {
    home.join("image")
}

/// Half of them listed, some beneath what they are: the median and the 99th percentile of the best round.
fn verdicts(filter: &Filter<'_>, lists: Lists, names: u64) -> (Duration, Duration) {
    let mut dice = Dice::new(5);
    // One after another in memory: what is measured is the filter, not the way to a name.
    let mut text = String::new();
    let mut places: Vec<Range<usize>> = Vec::new();
    for turn in 0..TIMED {
        let other = names + dice.next() % TRIED;
        let start = text.len();
        let _ = if turn % 2 == 0 {
            write!(text, "{}", lists.name(dice.next() % names))
        } else {
            write!(text, "{}{}", dice.one(&["", "www.", "cdn.static."]), lists.name(other))
        };
        places.push(start..text.len());
    }
    let text = text.as_bytes();
    let round = || {
        let mut took: Vec<Duration> = Vec::with_capacity(places.len());
        for place in &places {
            let start = Instant::now();
            black_box(filter.verdict(black_box(&text[place.clone()])));
            took.push(start.elapsed());
        }
        took.sort_unstable();
        (took[took.len() / 2], took[took.len() * 99 / 100])
    };
    (0..ROUNDS).map(|_| round()).min().expect("a round")
}

/// How many of some names are blocked, and how many fingerprints are looked up for one, at most.
fn mistakes(filter: &Filter<'_>, lists: Lists, numbers: Range<u64>) -> (u64, f64) {
    let (mut mistaken, mut looks, all) = (0, 0, numbers.end - numbers.start);
    for number in numbers {
        let name = lists.name(number);
        // All suffixes but the last label alone.
        looks += name.bytes().filter(|byte| *byte == b'.').count();
        mistaken += u64::from(filter.verdict(name.as_bytes()).decision != Decision::Unlisted);
    }
    (mistaken, looks as f64 / all as f64)
}

/// The bytes of a day's overlay, and of thirty such joined in a device's memory.
fn day(lists: Lists, names: u64) -> (usize, usize) {
    let listing = |day: u64| -> Listing {
        let mut collector = Collector::new(Seed::new([7; 16]), Categories::new());
        for (category, white, _) in lists.categories() {
            collector.category(category, white).expect("a category");
        }
        let adult = collector.categories().find("adult").expect("a category");
        // Of the list only what changes in these days: an overlay is of nothing else.
        for number in (REMOVED * day..REMOVED * 30).chain(names..names + ADDED * day) {
            collector.add(adult, &lists.name(number).parse().expect("a name")).expect("room");
        }
        collector.finish().expect("a listing")
    };
    let first = listing(0);
    let image = first.image(&[]).expect("an image");
    let mut before = first;
    let mut overlays = Vec::new();
    for day in 1..=30_u8 {
        let after = listing(day.into());
        overlays.push((after.overlay(&before, [day - 1; 32], &[]).expect("an overlay"), [day; 32]));
        before = after;
    }
    let chain: Vec<(&[u8], [u8; 32])> = overlays.iter().map(|(bytes, digest)| (bytes.as_slice(), *digest)).collect();
    let set = FilterSet::stack(image, [0; 32], &chain).expect("a stack");
    before.check(&set, &[]).expect("it answers as the list of the last day");
    let largest = overlays.iter().map(|(bytes, _)| bytes.len()).max().expect("a day");
    (largest, set.changes_bytes())
}

/// Nanoseconds for one look after another at places of so many bytes that nobody can foresee.
fn look(bytes: usize) -> f64 {
    // Each place says the next, 64 bytes being what memory brings at once.
    let places = (bytes / 64).max(2);
    let mut order: Vec<usize> = (0..places).collect();
    let mut dice = Dice::new(3);
    for at in (1..places).rev() {
        order.swap(at, usize::try_from(dice.next() % (at as u64 + 1)).expect("a place"));
    }
    let mut next = vec![0_usize; places * 8];
    for (at, place) in order.iter().enumerate() {
        next[place * 8] = order[(at + 1) % places] * 8;
    }
    let round = |_| {
        let start = Instant::now();
        let place = (0..200_000).fold(0, |place, _| next[place]);
        black_box(place);
        start.elapsed()
    };
    let best = (0..ROUNDS).map(round).min().expect("a round");
    best.as_nanos() as f64 / 200_000.0
}
