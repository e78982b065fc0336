//! A list as it is kept between two commands: what it is, and its names as text, so that a person can look at them.

use super::approve::Approval;
use super::gate::{Objection, Sentinels};
use super::tree::Passed;
use crate::error::{Error, Result, read_failed, write_failed};
use crate::folder::file_put;
use crate::progress::Progress;
use filter::{Categories, CategoryId, Collector, Listing, Name, Seed};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use model::digest::{Digest, Digester};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

const ABOUT: &str = "about.json";
const NAMES: &str = "names.gz";
const FORMAT: &str = "cartable-list 1";
/// What the text of names begins with.
const BEGIN: &str = "cartable-names 1\n";
/// The largest description that is read, in bytes.
const ABOUT_BYTES_MAX: u64 = 4 << 20;
/// The longest line of names, in bytes: categories, or a name.
const LINE_BYTES_MAX: u64 = 8 << 10;
/// As much text is written at once.
const TEXT_BYTES: usize = 1 << 16;

/// What a list is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    pub(super) format: String,
    /// When it was imported.
    pub imported: String,
    /// Its categories, in an order that only grows.
    pub categories: Vec<CategoryAbout>,
    /// Different names.
    pub entries: u64,
    /// Of the text of its names.
    pub names_sha256: Digest,
    /// Whose lists they are.
    pub attribution: String,
    /// Which names stand guard.
    pub sentinels: Sentinels,
    /// Names that are left out, whatever the source says.
    pub omitted: BTreeSet<String>,
    /// What was read and what not.
    pub report: ImportReport,
    /// What speaks against it.
    pub objections: Vec<Objection>,
    /// Who approved it.
    pub approval: Option<Approval>,
}

/// A category of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryAbout {
    /// Its name.
    pub name: String,
    /// Whether it holds names to allow.
    pub white: bool,
    /// What people read, in French.
    pub label_fr: String,
    /// And in English.
    pub label_en: String,
    /// Other names that the source gives it.
    pub aliases: BTreeSet<String>,
    /// Other names that the source gave it once: a policy that says one goes on meaning it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub kept: BTreeSet<String>,
    /// The category of which the source makes it another name; it has that one's names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<String>,
    /// How many names it has.
    pub names: u64,
}

impl CategoryAbout {
    /// Without names yet.
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            white: false,
            label_fr: name.to_owned(),
            label_en: name.to_owned(),
            aliases: BTreeSet::new(),
            kept: BTreeSet::new(),
            merged: None,
            names: 0,
        }
    }

    /// All other names that devices know it by.
    pub(super) fn called(&self) -> BTreeSet<String> {
        self.aliases.union(&self.kept).cloned().collect()
    }
}

/// What was read of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportReport {
    /// Files of names.
    pub files: u64,
    /// Names as they stand there, one that is there twice counted twice.
    pub names: u64,
    /// Addresses: no resolver is asked for them.
    pub addresses: u64,
    /// Pages: beyond DNS.
    pub urls: u64,
    /// Lines that are refused.
    pub refused: u64,
    /// The first of them, each with its file and line.
    pub faults: Vec<String>,
    /// Files that are not read.
    pub passed: Passed,
}

/// A list's folder.
#[derive(Clone, Debug)]
pub(super) struct Stored(PathBuf);

/// The text of names while it is written.
pub(super) struct NamesWriter {
    path: PathBuf,
    packed: GzEncoder<BufWriter<File>>,
    digester: Digester,
    heading: String,
    /// What is not written yet: a name at a time would cost more than all else.
    text: Vec<u8>,
}

impl Stored {
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0
    }

    pub(super) fn is_there(&self) -> bool {
        self.0.join(ABOUT).is_file()
    }

    pub(super) fn about(&self) -> Result<About> {
        let path = self.0.join(ABOUT);
        let damaged = || Error::ListDamaged(path.clone());
        if fs::metadata(&path).map_err(read_failed(&path))?.len() > ABOUT_BYTES_MAX {
            return Err(damaged());
        }
        let about: About =
            serde_json::from_slice(&fs::read(&path).map_err(read_failed(&path))?).map_err(|_| damaged())?;
        if about.format == FORMAT { Ok(about) } else { Err(damaged()) }
    }

    /// Written last: a list without it is none.
    pub(super) fn about_write(&self, about: &About) -> Result<()> {
        let path = self.0.join(ABOUT);
        let text = serde_json::to_vec_pretty(about).map_err(|error| write_failed(&path)(error.into()))?;
        file_put(&path, &text)
    }

    pub(super) fn names_write(&self) -> Result<NamesWriter> {
        fs::create_dir_all(&self.0).map_err(write_failed(&self.0))?;
        let path = self.0.join(NAMES);
        let file = File::create(&path).map_err(write_failed(&path))?;
        let packed = GzEncoder::new(BufWriter::new(file), Compression::fast());
        let text = BEGIN.as_bytes().to_vec();
        Ok(NamesWriter { path, packed, digester: Digester::default(), heading: String::new(), text })
    }

    pub(super) fn names_bytes(&self) -> Result<u64> {
        let path = self.0.join(NAMES);
        Ok(fs::metadata(&path).map_err(read_failed(&path))?.len())
    }

    /// Gives the names to a list beside this one, which stands for the same file until either is written anew.
    pub(super) fn names_copy(&self, to: &Self) -> Result<()> {
        let (from, to) = (self.0.join(NAMES), to.0.join(NAMES));
        // Some file systems have no second names.
        fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop)).map_err(write_failed(&to))
    }

    /// Hands out each name with its categories, by their places in the list of them; refuses a text of another digest.
    pub(super) fn names_read(
        &self,
        about: &About,
        bar: &Progress,
        each: &mut dyn FnMut(&[usize], &str) -> Result<()>,
    ) -> Result<()> {
        let path = self.0.join(NAMES);
        let damaged = || Error::ListDamaged(path.clone());
        let file = File::open(&path).map_err(read_failed(&path))?;
        let packed = super::meter::Meter::default().counted(file, bar);
        let mut text = BufReader::with_capacity(1 << 16, MultiGzDecoder::new(packed));
        let (mut digester, mut line, mut categories) = (Digester::default(), Vec::new(), Vec::new());
        loop {
            line.clear();
            let count = text.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(|_| damaged())?;
            if count == 0 {
                break;
            }
            digester.update(&line);
            if line == BEGIN.as_bytes() {
                continue;
            }
            let word = line.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok()).ok_or_else(damaged)?;
            let Some(heading) = word.strip_prefix('[').and_then(|word| word.strip_suffix(']')) else {
                each(&categories, word)?;
                continue;
            };
            let place = |name: &str| about.categories.iter().position(|one| one.name == name);
            categories = heading.split(' ').map(place).collect::<Option<_>>().ok_or_else(damaged)?;
        }
        if digester.finish() == about.names_sha256 { Ok(()) } else { Err(damaged()) }
    }

    /// The list as the engine takes it.
    pub(super) fn listing(&self, about: &About, seed: Seed, categories: Categories, bar: &Progress) -> Result<Listing> {
        let mut collector = Collector::new(seed, categories);
        let ids: Vec<CategoryId> = about
            .categories
            .iter()
            .map(|one| collector.category(&one.name, one.white))
            .collect::<filter::Result<_>>()?;
        self.names_read(about, bar, &mut |places, word| {
            let name: Name = word.parse().map_err(|_| Error::ListDamaged(self.0.join(NAMES)))?;
            places.iter().filter_map(|place| ids.get(*place)).try_for_each(|id| Ok(collector.add(*id, &name)?))
        })?;
        Ok(collector.finish()?)
    }
}

impl NamesWriter {
    /// A name of these categories, which are names without spaces.
    pub(super) fn name(&mut self, categories: &str, name: &str) -> Result<()> {
        if self.heading != categories {
            categories.clone_into(&mut self.heading);
            self.text.extend_from_slice(format!("[{categories}]\n").as_bytes());
        }
        self.text.extend_from_slice(name.as_bytes());
        self.text.push(b'\n');
        if self.text.len() < TEXT_BYTES { Ok(()) } else { self.flush() }
    }

    /// Ends the text, durably; its digest.
    pub(super) fn finish(mut self) -> Result<Digest> {
        self.flush()?;
        let Self { path, packed, digester, .. } = self;
        let done = packed.finish().and_then(|file| {
            let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()
        });
        done.map_err(write_failed(&path))?;
        Ok(digester.finish())
    }

    fn flush(&mut self) -> Result<()> {
        self.digester.update(&self.text);
        self.packed.write_all(&self.text).map_err(write_failed(&self.path))?;
        self.text.clear();
        Ok(())
    }
}

impl About {
    /// One that was just imported.
    pub(super) fn new(imported: String, names_sha256: Digest) -> Self {
        Self {
            format: FORMAT.to_owned(),
            imported,
            categories: Vec::new(),
            entries: 0,
            names_sha256,
            attribution: String::new(),
            sentinels: Sentinels::default(),
            omitted: BTreeSet::new(),
            report: ImportReport::default(),
            objections: Vec::new(),
            approval: None,
        }
    }

    /// Of all that becomes of it on devices, and of what was left out for that: what a person says yes to.
    pub(super) fn digest(&self) -> Digest {
        let told = (&self.format, &self.categories, self.entries, &self.names_sha256, &self.attribution);
        // Sets and texts alone: there is one writing of them, and nothing that could fail.
        Digest::of(&serde_json::to_vec(&(told, &self.sentinels, &self.omitted)).unwrap_or_default())
    }
}
