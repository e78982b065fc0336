//! A list comes in: read, judged by the gate, and kept as a candidate for a person to look at.

use super::checksum::checksums_check;
use super::gate::{Sentinels, names_objections, objections};
use super::meter::Meter;
use super::reading::{Purpose, Reading};
use super::source::{Source, unpacked};
use super::stored::{About, CategoryAbout, ImportReport, Stored};
use super::tree::Tree;
use super::usage::{Told, global_usage_read, usage_is_white};
use super::work::Work;
use crate::error::{Error, Result, read_failed};
use crate::progress::Progress;
use crate::tuf::moment;
use filter::{Categories, Collector, Format, Seed};
use model::host::CategoryName;
use model::time::Timestamp as Moment;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::PathBuf;

/// Whose lists these are when nobody says otherwise; their licence demands that it be said.
const ATTRIBUTION: &str = "Listes UT1, Fabrice Prigent, Université Toulouse Capitole, CC BY-SA";
/// Categories of UT1 that are for pupils at an exam "and nobody else": like those that allow, no part of "all".
const EXAM_ALONE: [&str; 1] = ["examen_pix"];
/// For counting and judging any seed will do; what is published has its own.
const SEED: Seed = Seed::new([0; 16]);

/// What is to be imported.
#[derive(Clone, Debug, Default)]
pub struct Import {
    /// A folder, or a tar archive.
    pub path: PathBuf,
    /// The work folder.
    pub work: PathBuf,
    /// The publisher's MD5 sums.
    pub md5: Option<PathBuf>,
    /// The publisher's SHA-256 sums.
    pub sha256: Option<PathBuf>,
    /// Lists of one's own, each a category.
    pub own: Vec<Own>,
    /// Categories that hold names to allow, whatever the source says.
    pub white: Vec<String>,
    /// Names that stand guard; none: those of the list that was approved last.
    pub sentinels: Option<PathBuf>,
    /// Names that are left out.
    pub omitted: Vec<String>,
    /// Whose lists they are.
    pub attribution: Option<String>,
}

/// A category of one's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// The category.
    pub category: String,
    /// Its names: domains, a hosts file or `||name^`, compressed or not.
    pub file: PathBuf,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The list.
    pub about: About,
    /// What it was compared with: the list that was packed last, else the one that was approved last.
    pub before: Option<About>,
}

/// Imports a list as the candidate of a work folder. What the gate says against it is part of what is returned: it is kept all the same, and
/// nobody can approve it until that is answered.
///
/// # Errors
/// [`Error::Checksum`], [`Error::Source`], [`Error::Sentinels`]; what the folders say.
pub fn list_import(import: &Import, now: Moment, progress: &mut dyn FnMut(u64, &str) -> Progress) -> Result<Imported> {
    let work = Work::open(&import.work, true)?;
    let about = |stored: Option<Stored>| stored.map(|stored| stored.about()).transpose();
    // What is kept comes from the list that was approved last; what devices have may be older.
    let approved = about(Some(work.approved()).filter(Stored::is_there))?;
    let before = about(work.before().0)?;
    checksums_check(&import.path, import.md5.as_deref(), import.sha256.as_deref())?;
    let sentinels = match (&import.sentinels, &approved) {
        (Some(path), _) => Sentinels::read(path)?,
        (None, Some(approved)) => approved.sentinels.clone(),
        (None, None) => Sentinels::own(),
    };
    let omitted = import.omitted.iter().map(|name| match name.parse::<filter::Name>() {
        Ok(name) => Ok(name.to_string()),
        Err(why) => Err(Error::Sentinels { path: import.path.clone(), why: format!("{name:?}: {why}") }),
    });
    let omitted: BTreeSet<String> = omitted.collect::<Result<_>>()?;
    let mut source = Source::open(&import.path)?;
    let mut own_bytes = 0;
    for own in &import.own {
        own_bytes += fs::metadata(&own.file).map_err(read_failed(&own.file))?.len();
    }
    let bar = progress(source.size() + own_bytes, &import.path.display().to_string());
    let mut tree = Tree::of(&source.members(&bar)?)?;
    let mut categories = described(&mut tree, import, approved.as_ref());
    names_check(&categories)?;
    let mut ordered = Categories::new();
    for one in &categories {
        ordered.add(&one.name, one.white)?;
    }
    let gate = sentinels.gate();
    let draft = work.draft("candidate")?;
    let mut reading = Reading {
        gate: &gate,
        omitted: &omitted,
        collector: Collector::new(SEED, ordered),
        names: draft.names_write()?,
        report: ImportReport { passed: tree.passed.clone(), ..ImportReport::default() },
        beneath: BTreeSet::new(),
    };
    let mut purposes = BTreeMap::new();
    for (path, (format, of)) in &tree.files {
        purposes.insert(path.as_str(), purpose(&mut reading.collector, *format, of, &categories)?);
    }
    let wanted: BTreeSet<&str> = purposes.keys().copied().collect();
    source.read(&wanted, &bar, &mut |path, contents| match purposes.get(path) {
        Some(purpose) => reading.read(path, purpose, contents),
        None => Ok(()),
    })?;
    for own in &import.own {
        let purpose = purpose(&mut reading.collector, Format::Domains, &[own.category.clone()].into(), &categories)?;
        let (meter, path) = (Meter::default(), own.file.display().to_string());
        let file = File::open(&own.file).map_err(read_failed(&own.file))?;
        let contents = meter.bounded(meter.counted(file, &bar));
        reading.read(&path, &purpose, &mut *unpacked(&path, contents, &meter))?;
    }
    let Reading { collector, names, report, beneath, .. } = reading;
    let names_sha256 = names.finish()?;
    let listing = collector.finish()?;
    for (one, share) in categories.iter_mut().zip(listing.shares()) {
        one.names = share.names;
    }
    let objections_own = names_objections(&gate, &listing, &beneath);
    let kept = approved.map(|approved| approved.attribution);
    let mut about = About {
        categories,
        entries: listing.len() as u64,
        attribution: import.attribution.clone().or(kept).unwrap_or_else(|| ATTRIBUTION.to_owned()),
        sentinels,
        omitted,
        report,
        objections: objections_own,
        ..About::new(moment(now), names_sha256)
    };
    about.objections = objections(before.as_ref(), &about);
    super::publish::manifest_check(&about)?;
    draft.about_write(&about)?;
    work.place(&draft, "candidate")?;
    Ok(Imported { about, before })
}

/// The categories in their order: those of the list before, for masks hold from one day to the next, then new ones. One that went stays without
/// names, and another name that went stays one: a policy that says it must not fail.
fn described(tree: &mut Tree, import: &Import, before: Option<&About>) -> Vec<CategoryAbout> {
    let mut all: Vec<CategoryAbout> = before.map(|before| before.categories.clone()).unwrap_or_default();
    let known: BTreeSet<String> =
        all.iter().map(|one| &one.name).chain(import.own.iter().map(|own| &own.category)).cloned().collect();
    let mut parted = tree.parted(|name| known.contains(name));
    let told = global_usage_read(&tree.global_usage);
    let own = import.own.iter().map(|own| &own.category);
    let found: BTreeSet<&String> = tree.categories.keys().chain(own).collect();
    let new: Vec<&String> = found.iter().copied().filter(|name| all.iter().all(|one| one.name != **name)).collect();
    all.extend(new.into_iter().map(|name| CategoryAbout::new(name)));
    let taken: BTreeSet<String> =
        all.iter().map(|one| &one.name).chain(tree.categories.values().flatten()).cloned().collect();
    for one in &mut all {
        one.kept = one.called().into_iter().filter(|name| !taken.contains(name)).collect();
        one.aliases.clear();
        one.merged = parted.remove(&one.name);
    }
    for one in all.iter_mut().filter(|one| found.contains(&one.name)) {
        let told = told.get(&one.name).cloned().unwrap_or_else(Told::default);
        let usage = tree.usage.get(&one.name).is_some_and(|text| usage_is_white(text));
        let exam = EXAM_ALONE.contains(&one.name.as_str());
        one.white = told.white.unwrap_or(usage) || exam || import.white.contains(&one.name);
        one.label_fr = told.label_fr.unwrap_or_else(|| one.name.clone());
        one.label_en = told.label_en.unwrap_or_else(|| one.name.clone());
        one.aliases = tree.categories.get(&one.name).cloned().unwrap_or_default();
    }
    all
}

/// Words that mean something else to policies name no category.
fn names_check(categories: &[CategoryAbout]) -> Result<()> {
    let mut names = categories.iter().flat_map(|one| std::iter::once(one.name.clone()).chain(one.called()));
    match names.find(|name| name == CategoryName::ALL) {
        Some(name) => Err(Error::CategoryReserved(name)),
        None => Ok(()),
    }
}

fn purpose(
    collector: &mut Collector,
    format: Format,
    of: &BTreeSet<String>,
    categories: &[CategoryAbout],
) -> Result<Purpose> {
    let ids = of.iter().map(|name| collector.category(name, false)).collect::<filter::Result<_>>()?;
    let blocks = categories.iter().any(|one| of.contains(&one.name) && !one.white);
    let heading = of.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    Ok(Purpose { format, ids, heading, blocks })
}
