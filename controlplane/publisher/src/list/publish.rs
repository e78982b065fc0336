//! The list that was approved becomes a bundle: an image, or what changed since the last one, on it.

use super::stored::{About, Stored};
use super::work::Work;
use crate::error::{Error, Result, read_failed, write_failed};
use crate::folder::{Folder, file_put};
use crate::kind::LISTS_ROLE;
use crate::pack::{Packed, lists_pack};
use crate::progress::Progress;
use crate::proposal::Proposal;
use crate::repository::{Repository, versions};
use crate::source::MANIFEST;
use bundle::{Manifest, Name as BundleName, Version};
use filter::{Categories, FilterSet, Listing, Name, Seed};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::digest::Digest;
use model::lists::{LIST_FILE, ListCategory, ListFile, ListManifest};
use model::time::Timestamp as Moment;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const IMAGE: &str = "image";
const BUNDLE: &str = "bundle";
/// The most versions of one day.
const DAY_VERSIONS_MAX: u32 = 100;

/// What was packed.
#[derive(Clone, Debug, Serialize)]
pub struct ListPacked {
    /// Names in the list.
    pub entries: u64,
    /// Whether devices fetch a whole image, and not what changed alone.
    pub new_image: bool,
    /// What lies on the image.
    pub overlays: usize,
    /// The image, in bytes.
    pub image_bytes: u64,
    /// The last overlay, in bytes.
    pub overlay_bytes: u64,
    /// The folder, for who is to sign and compares.
    pub folder: PathBuf,
    /// As any bundle.
    pub bundle: Packed,
}

/// What the last version consists of, and what it answers.
struct Last {
    about: About,
    manifest: ListManifest,
    files: Vec<Vec<u8>>,
}

/// The files of the next version, the image first.
struct Next {
    files: Vec<Vec<u8>>,
    new_image: bool,
}

/// Makes the bundle of the approved list and proposes it, to be signed by the role of lists.
///
/// # Errors
/// [`Error::ListNone`] when none was approved, [`Error::ListUnapproved`] when it is no longer what was approved, [`Error::ListSame`] when it is published already, [`Error::NotDelegated`] where the repository has
/// no such role; what compiling, the folders and the repository say.
pub fn list_publish(
    root: &Path,
    repository: &Folder,
    now: Moment,
    progress: &mut dyn FnMut(u64, &str) -> Progress,
) -> Result<(Proposal, ListPacked)> {
    let work = Work::open(root, false)?;
    let (approved, packed) = (work.approved(), work.packed());
    if !approved.is_there() {
        return Err(Error::ListNone(approved.folder().to_owned()));
    }
    let about = approved.about()?;
    if about.approval.as_ref().is_none_or(|approval| approval.digest != Some(about.digest())) {
        return Err(Error::ListUnapproved);
    }
    let published =
        versions(Repository::read(repository)?.published(repository)?.list(LISTS_ROLE)?, &BundleName::lists());
    let last = Some(&packed).filter(|packed| packed.is_there()).map(Last::read).transpose()?;
    let unchanged = last.as_ref().is_some_and(|last| last.is_of(&about));
    match last {
        Some(last) if unchanged && published.contains(&last.manifest.version) => Err(Error::ListSame),
        // It was packed, and its proposal never published.
        Some(last) if unchanged && published.last().is_none_or(|published| *published < last.manifest.version) => {
            let next = Next { files: last.files, new_image: false };
            bundle_propose(&packed, &last.manifest, &next, repository, now, progress)
        }
        last => {
            let bytes = approved.names_bytes()? + packed.names_bytes().unwrap_or(0);
            let bar = progress(bytes, &root.display().to_string());
            let day = date(now);
            let before = published.last().into_iter().chain(last.as_ref().map(|last| &last.manifest.version)).max();
            let version = version_next(day, before)?;
            let next = match &last {
                Some(last) => match overlaid(last, (&packed, &approved), &about, &bar)? {
                    Some(next) => next,
                    None => whole(&approved, &about, &bar)?,
                },
                None => whole(&approved, &about, &bar)?,
            };
            drop(bar);
            let manifest = manifest(&about, version, day, &next.files);
            let draft = work.draft("packed")?;
            draft_write(&draft, &approved, &about, &manifest, &next.files)?;
            work.place(&draft, "packed")?;
            bundle_propose(&packed, &manifest, &next, repository, now, progress)
        }
    }
}

/// Whether a list that was just imported could be published at all: better said now than after somebody approved it.
pub(super) fn manifest_check(about: &About) -> Result<()> {
    let version = version_next(Date::ZERO, None)?;
    manifest(about, version, Date::ZERO, &[vec![0]]).encode().map(drop).map_err(Error::List)
}

impl Last {
    fn read(packed: &Stored) -> Result<Self> {
        let folder = packed.folder().join(BUNDLE);
        let file = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).map_err(read_failed(&path))
        };
        let manifest = ListManifest::decode(&file(LIST_FILE)?).map_err(Error::List)?;
        let mut files = Vec::new();
        for one in std::iter::once(&manifest.image).chain(&manifest.overlays) {
            let bytes = file(&one.file)?;
            if Digest::of(&bytes) != one.sha256 {
                return Err(Error::ListDamaged(folder.join(&one.file)));
            }
            files.push(bytes);
        }
        Ok(Self { about: packed.about()?, manifest, files })
    }

    fn is_of(&self, about: &About) -> bool {
        let same = manifest(about, self.manifest.version.clone(), self.manifest.made, &self.files);
        self.about.names_sha256 == about.names_sha256 && same == self.manifest
    }
}

/// The last version's files and one more; none when it takes a new image.
fn overlaid(
    last: &Last,
    (packed, approved): (&Stored, &Stored),
    about: &About,
    bar: &Progress,
) -> Result<Option<Next>> {
    let set = stacked(&last.files)?;
    let (seed, categories) = (set.seed(), set.categories().clone());
    drop(set);
    let from = packed.listing(&last.about, seed, categories, bar)?;
    let to = approved.listing(about, seed, ordered(about)?, bar)?;
    let never = never(about);
    let below = last.files.last().map(|bytes| *Digest::of(bytes).as_bytes()).unwrap_or_default();
    let overlay = match to.overlay(&from, below, &never) {
        Ok(overlay) => overlay,
        Err(error) => return takes_image(error),
    };
    drop(from);
    let mut files = last.files.clone();
    files.push(overlay);
    match stacked(&files).and_then(|set| Ok(checked(&to, &set, &never)?)) {
        Ok(()) => Ok(Some(Next { files, new_image: false })),
        Err(Error::Filter(error)) => takes_image(error),
        Err(error) => Err(error),
    }
}

fn takes_image(error: filter::Error) -> Result<Option<Next>> {
    use filter::Error as Filter;
    match error {
        Filter::SeedsDiffer | Filter::CategoriesDiffer | Filter::Limit { .. } => Ok(None),
        error => Err(error.into()),
    }
}

/// A new image. Its seed is of the list's own digest: two who publish the same list make the same bytes.
fn whole(approved: &Stored, about: &About, bar: &Progress) -> Result<Next> {
    let mut seed = [0; 16];
    seed.copy_from_slice(&about.names_sha256.as_bytes()[..16]);
    let listing = approved.listing(about, Seed::new(seed), ordered(about)?, bar)?;
    let never = never(about);
    let files = vec![listing.image(&never)?];
    checked(&listing, &stacked(&files)?, &never)?;
    Ok(Next { files, new_image: true })
}

fn checked(listing: &Listing, set: &FilterSet<'_>, never: &[Name]) -> filter::Result<()> {
    listing.check(set, never)
}

fn stacked(files: &[Vec<u8>]) -> Result<FilterSet<'_>> {
    let digest = |bytes: &Vec<u8>| *Digest::of(bytes).as_bytes();
    let (image, overlays) = files.split_first().ok_or(Error::Filter(filter::Error::OtherBase))?;
    let overlays: Vec<(&[u8], filter::Digest)> =
        overlays.iter().map(|bytes| (bytes.as_slice(), digest(bytes))).collect();
    Ok(FilterSet::stack(image.as_slice(), digest(image), &overlays)?)
}

fn ordered(about: &About) -> Result<Categories> {
    let mut categories = Categories::new();
    for one in &about.categories {
        categories.add(&one.name, one.white)?;
    }
    Ok(categories)
}

fn never(about: &About) -> Vec<Name> {
    about.sentinels.open().iter().filter_map(|name| name.parse().ok()).collect()
}

fn manifest(about: &About, version: Version, made: Date, files: &[Vec<u8>]) -> ListManifest {
    let file = |(at, bytes): (usize, &Vec<u8>)| {
        let file = if at == 0 { IMAGE.to_owned() } else { format!("overlay-{at}") };
        ListFile { file, sha256: Digest::of(bytes), bytes: bytes.len() as u64 }
    };
    let mut files = files.iter().enumerate().map(file);
    let none = ListFile { file: IMAGE.to_owned(), sha256: Digest::of(&[]), bytes: 0 };
    let image = files.next().unwrap_or(none);
    let categories = about.categories.iter().map(|one| ListCategory {
        name: one.name.clone(),
        white: one.white,
        label_fr: one.label_fr.clone(),
        label_en: one.label_en.clone(),
        aliases: one.called(),
    });
    let mut manifest = ListManifest::new(version, made, image);
    manifest.overlays.extend(files);
    manifest.categories.extend(categories);
    manifest.entries = about.entries;
    manifest.attribution.clone_from(&about.attribution);
    manifest.never = about.sentinels.open();
    manifest.must.clone_from(&about.sentinels.must);
    manifest
}

fn draft_write(
    draft: &Stored,
    approved: &Stored,
    about: &About,
    manifest: &ListManifest,
    files: &[Vec<u8>],
) -> Result<()> {
    let folder = draft.folder().join(BUNDLE);
    fs::create_dir_all(&folder).map_err(write_failed(&folder))?;
    for (one, bytes) in std::iter::once(&manifest.image).chain(&manifest.overlays).zip(files) {
        file_put(&folder.join(&one.file), bytes)?;
    }
    file_put(&folder.join(LIST_FILE), &manifest.encode().map_err(Error::List)?)?;
    let path = folder.join(MANIFEST);
    let described = Manifest {
        name: BundleName::lists(),
        version: manifest.version.clone(),
        title: "Listes de filtrage".to_owned(),
        description: "Catégories de noms de sites, pour le filtrage des contenus sur les appareils".to_owned(),
        language: "fr".to_owned(),
        levels: BTreeSet::new(),
        subjects: BTreeSet::new(),
        // What is derived from version 2.0 may be under a later one.
        licence: "CC-BY-SA-4.0".to_owned(),
        publisher: about.attribution.chars().take(200).collect::<String>().trim().to_owned(),
        systems: BTreeSet::new(),
        architectures: BTreeSet::new(),
        measures: BTreeSet::new(),
    };
    let text =
        toml::to_string(&described).map_err(|error| Error::Manifest { path: path.clone(), why: error.to_string() })?;
    file_put(&path, text.as_bytes())?;
    approved.names_copy(draft)?;
    draft.about_write(about)
}

fn bundle_propose(
    packed: &Stored,
    manifest: &ListManifest,
    next: &Next,
    repository: &Folder,
    now: Moment,
    progress: &mut dyn FnMut(u64, &str) -> Progress,
) -> Result<(Proposal, ListPacked)> {
    let folder = packed.folder().join(BUNDLE);
    let (proposal, bundles) = lists_pack(repository, &folder, now, progress)?;
    let bundle = bundles.into_iter().next().ok_or_else(|| Error::ListDamaged(folder.clone()))?;
    let said = ListPacked {
        entries: manifest.entries,
        new_image: next.new_image,
        overlays: manifest.overlays.len(),
        image_bytes: manifest.image.bytes,
        overlay_bytes: manifest.overlays.last().map_or(0, |overlay| overlay.bytes),
        folder,
        bundle,
    };
    Ok((proposal, said))
}

/// Of the day, and further ones of it numbered.
fn version_next(day: Date, before: Option<&Version>) -> Result<Version> {
    let day = format!("{}.{}.{}", day.year().max(0), day.month(), day.day());
    let numbered = (0..DAY_VERSIONS_MAX).map(|at| if at == 0 { day.clone() } else { format!("{day}.{at}") });
    let versions = numbered.filter_map(|text| text.parse::<Version>().ok());
    let mut later = versions.filter(|version| before.is_none_or(|before| version > before));
    later.next().ok_or_else(|| Error::VersionOld {
        bundle: BundleName::lists().to_string(),
        version: day.clone(),
        last: before.map(ToString::to_string).unwrap_or_default(),
    })
}

fn date(now: Moment) -> Date {
    let now = jiff::Timestamp::from_millisecond(now.unix_millis()).unwrap_or_default();
    now.to_zoned(TimeZone::UTC).date()
}
