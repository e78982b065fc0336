//! The list in place: verified, mapped, and never copied.

use super::active::ListPlace;
use crate::map::{MapError, Mapped};
use filter::{Decision, Filter, FilterSet, Mask, Sheet};
use model::digest::Digest;
use model::lists::{LIST_BYTES_MAX, LIST_FILE, ListError, ListManifest};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

/// The largest overlay, in bytes: more than the engine ever makes of what it takes.
const OVERLAY_BYTES_MAX: u64 = 4 << 20;

/// A list, ready to be asked.
#[derive(Clone, Debug)]
pub(super) struct List {
    /// What it says of itself.
    pub(super) manifest: Arc<ListManifest>,
    pub(super) set: Arc<FilterSet<'static>>,
}

/// Why a list is not used; the one before stays.
#[derive(Debug, thiserror::Error)]
pub(super) enum ListFault {
    #[error("it is not there")]
    Missing(#[source] io::Error),
    #[error("it was made by a later release")]
    Newer,
    #[error("it is damaged")]
    Damaged,
    #[error("others may change it")]
    Open,
    /// It blocks what it must not, or opens what it must block.
    #[error("one of its sentinels is not as it must be")]
    Sentinel,
}

impl List {
    /// Opens the version in a folder, every byte of it verified.
    pub(super) fn open(place: &ListPlace) -> Result<Self, ListFault> {
        let bytes = file_read(&place.folder.join(LIST_FILE), LIST_BYTES_MAX as u64)?;
        if Digest::of(&bytes) != place.manifest {
            return Err(ListFault::Damaged);
        }
        let manifest = ListManifest::decode(&bytes).map_err(|error| match error {
            ListError::Newer(_) => ListFault::Newer,
            ListError::Field { .. } => ListFault::Damaged,
        })?;
        let image = &manifest.image;
        let mapped = Mapped::open(&place.folder.join(&image.file), image.bytes, image.sha256)?;
        let mut overlays = Vec::with_capacity(manifest.overlays.len());
        for overlay in &manifest.overlays {
            let bytes = file_read(&place.folder.join(&overlay.file), OVERLAY_BYTES_MAX)?;
            if bytes.len() as u64 != overlay.bytes || Digest::of(&bytes) != overlay.sha256 {
                return Err(ListFault::Damaged);
            }
            overlays.push((bytes, *overlay.sha256.as_bytes()));
        }
        let overlays: Vec<(&[u8], filter::Digest)> =
            overlays.iter().map(|(bytes, digest)| (bytes.as_slice(), *digest)).collect();
        let set = FilterSet::stack(mapped, *image.sha256.as_bytes(), &overlays)?;
        let list = Self { manifest: Arc::new(manifest), set: Arc::new(set) };
        list.sentinels_check()?;
        Ok(list)
    }

    /// A category as the engine calls it, of a name that a policy may use.
    pub(super) fn category<'a>(&'a self, name: &'a str) -> &'a str {
        self.manifest.category(name).map_or(name, |category| &category.name)
    }

    /// What must never be blocked by any category that means to block, and what must be.
    fn sentinels_check(&self) -> Result<(), ListFault> {
        let sheet = Sheet { set: self.set.clone(), block: self.set.categories().black(), allow: Mask::NONE, rank: 0 };
        let filter = Filter::new(vec![sheet])?;
        let blocked = |name: &String| filter.verdict(name.as_bytes()).decision == Decision::Blocked;
        if self.manifest.never.iter().any(blocked) || !self.manifest.must.iter().all(blocked) {
            return Err(ListFault::Sentinel);
        }
        Ok(())
    }
}

impl ListFault {
    /// The code by which it is reported.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "list_missing",
            Self::Newer => "list_newer",
            Self::Damaged => "list_damaged",
            Self::Open => "list_open",
            Self::Sentinel => "list_sentinel",
        }
    }
}

impl From<MapError> for ListFault {
    fn from(error: MapError) -> Self {
        match error {
            MapError::Read(error) => Self::Missing(error),
            MapError::Open => Self::Open,
            MapError::Damaged => Self::Damaged,
        }
    }
}

impl From<filter::Error> for ListFault {
    fn from(error: filter::Error) -> Self {
        match error {
            filter::Error::Newer(_) => Self::Newer,
            _ => Self::Damaged,
        }
    }
}

/// A link to each file of a list beside it, so that it outlasts the folder it came in; a copy where the two lie on different mounts. Whole or not
/// there: a full disk must not leave half a file that a later start would meet.
pub(super) fn list_keep(place: &ListPlace, manifest: &ListManifest, to: &Path) -> io::Result<ListPlace> {
    fs::create_dir_all(to)?;
    let listed = std::iter::once(&manifest.image).chain(&manifest.overlays).map(|one| (&*one.file, Some(one.bytes)));
    for (file, bytes) in std::iter::once((LIST_FILE, None)).chain(listed) {
        let (from, to) = (place.folder.join(file), to.join(file));
        let whole = |meta: fs::Metadata| bytes.is_none_or(|bytes| meta.len() == bytes);
        if bytes.is_some() && fs::metadata(&to).is_ok_and(whole) {
            continue;
        }
        let beside = to.with_extension("tmp");
        let _ = fs::remove_file(&beside);
        let made = match fs::hard_link(&from, &beside) {
            Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                fs::copy(&from, &beside).and_then(|_| File::open(&beside)?.sync_all())
            }
            linked => linked,
        };
        if let Err(error) = made.and_then(|()| fs::rename(&beside, &to)) {
            let _ = fs::remove_file(&beside);
            return Err(error);
        }
    }
    File::open(to)?.sync_all()?;
    Ok(ListPlace { folder: to.to_owned(), manifest: place.manifest })
}

fn file_read(path: &Path, max: u64) -> Result<Vec<u8>, ListFault> {
    let file = File::open(path).map_err(ListFault::Missing)?;
    let mut bytes = Vec::new();
    file.take(max + 1).read_to_end(&mut bytes).map_err(ListFault::Missing)?;
    if bytes.len() as u64 > max { Err(ListFault::Damaged) } else { Ok(bytes) }
}
