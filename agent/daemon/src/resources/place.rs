//! Where resources lie on this device: `NAME/VERSION/…` for everybody to read, `NAME/current` for the version that holds, and the index
//! of each version in the agent's own folder.

use super::files::{file_read, folder_make, folder_names, tree_remove};
use crate::error::Error;
use crate::folder::Folder;
use crate::platform::{Here, Platform};
use bundle::Index;
use bundle::limits::INDEX_BYTES_MAX;
use model::digest::Digest;
use model::resource::{BundleName, BundleVersion, BundleWanted};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folder of indexes within the state folder.
pub(crate) const FOLDER: &str = "indexes";
/// What is being made, and what is on its way out.
const STAGE: &str = ".stage";
/// What names the version that holds.
const CURRENT: &str = "current";

/// The folder of resources, and that of their indexes.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    root: PathBuf,
    indexes: Folder,
}

impl Place {
    pub(crate) fn new(root: &Path, state: &Folder) -> Self {
        Self { root: root.to_owned(), indexes: state.inner(FOLDER) }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of indexes.
    pub(super) fn indexes_root(&self) -> &Path {
        self.indexes.root()
    }

    /// Makes both folders; that of resources is opened for everybody to read, whoever made it.
    pub(super) fn make(&self) -> io::Result<()> {
        self.indexes.make().map_err(other)?;
        folder_make(&self.root)?;
        folder_make(&self.root.join(STAGE))
    }

    /// The bundles of which anything lies here.
    pub(super) fn names(&self) -> io::Result<Vec<BundleName>> {
        Ok(folder_names(&self.root)?.into_iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// The versions of a bundle that lie here whole, as far as their index is kept; oldest first.
    pub(super) fn versions(&self, name: &BundleName) -> io::Result<Vec<BundleVersion>> {
        let mut versions: Vec<BundleVersion> = folder_names(&self.root.join(name.as_str()))?
            .into_iter()
            .filter_map(|version| version.parse().ok())
            .collect();
        versions.retain(|version| self.indexes.path(&index_name(name, version)).is_file());
        versions.sort();
        Ok(versions)
    }

    /// Where a version lies.
    pub(super) fn folder(&self, name: &BundleName, version: &BundleVersion) -> PathBuf {
        self.root.join(name.as_str()).join(version.to_string())
    }

    /// Where a version is made.
    pub(super) fn stage(&self, name: &BundleName, version: &BundleVersion) -> PathBuf {
        self.root.join(STAGE).join(format!("{name}.{version}"))
    }

    /// Where a version's index is put while it comes.
    pub(super) fn index_part(&self, name: &BundleName, version: &BundleVersion) -> PathBuf {
        self.root.join(STAGE).join(format!("{name}.{version}.index"))
    }

    /// Where a version's patch is put while it comes.
    pub(super) fn patch(&self, name: &BundleName, version: &BundleVersion, from: &BundleVersion) -> PathBuf {
        self.root.join(STAGE).join(format!("{name}.{version}.from.{from}.patch"))
    }

    /// The version that holds, as `current` says.
    pub(super) fn current(&self, name: &BundleName) -> Option<BundleVersion> {
        let at = self.root.join(name.as_str()).join(CURRENT);
        let version = match fs::read_link(&at) {
            Ok(to) => to.to_str()?.to_owned(),
            Err(_) => String::from_utf8(file_read(&at, 64).ok()??).ok()?,
        };
        let version: BundleVersion = version.trim().parse().ok()?;
        self.folder(name, &version).is_dir().then_some(version)
    }

    /// A version's index as it was signed.
    pub(super) fn index_bytes(&self, name: &BundleName, version: &BundleVersion) -> io::Result<Option<Vec<u8>>> {
        file_read(&self.indexes.path(&index_name(name, version)), INDEX_BYTES_MAX as u64)
    }

    /// The same, read; one that is damaged is none.
    pub(super) fn index(&self, name: &BundleName, version: &BundleVersion) -> io::Result<Option<Index>> {
        Ok(self.index_bytes(name, version)?.and_then(|bytes| Index::decode(&bytes).ok()))
    }

    /// Keeps a version's index.
    pub(super) fn index_write(&self, name: &BundleName, version: &BundleVersion, bytes: &[u8]) -> io::Result<()> {
        self.indexes.write(&index_name(name, version), bytes).map_err(other)
    }

    /// The version that is seen in place, when it is the one that is wanted: its index is kept, and its files are there with their sizes.
    pub(super) fn seen(&self, wanted: &BundleWanted) -> io::Result<bool> {
        if self.current(&wanted.name).as_ref() != Some(&wanted.version) {
            return Ok(false);
        }
        let Some(bytes) = self.index_bytes(&wanted.name, &wanted.version)? else { return Ok(false) };
        if Digest::of(&bytes) != wanted.index {
            return Ok(false);
        }
        let Ok(index) = Index::decode(&bytes) else { return Ok(false) };
        let folder = self.folder(&wanted.name, &wanted.version);
        Ok(index.files().iter().all(|file| {
            let about = fs::symlink_metadata(folder.join(file.path.as_str()));
            about.is_ok_and(|about| about.is_file() && about.len() == file.size)
        }))
    }

    /// Puts a version in place that was made and is durable, and has `current` name it.
    ///
    /// Cut at any instant, the version before holds, or the new one does.
    pub(super) fn switch(&self, name: &BundleName, version: &BundleVersion) -> io::Result<()> {
        let (stage, folder) = (self.stage(name, version), self.folder(name, version));
        let own = self.root.join(name.as_str());
        folder_make(&own)?;
        if folder.symlink_metadata().is_ok() {
            // What lay there under that version was not whole.
            let old = self.root.join(STAGE).join(format!("{name}.{version}.old"));
            tree_remove(&old)?;
            fs::rename(&folder, &old)?;
        }
        fs::rename(&stage, &folder)?;
        Here::folder_sync(&own)?;
        Here::version_name(&own.join(CURRENT), &version.to_string())?;
        Here::folder_sync(&own)?;
        Here::folder_sync(&self.root)?;
        tree_remove(&self.root.join(STAGE).join(format!("{name}.{version}.old")))
    }

    /// How large the versions are that are only kept for a way back.
    pub(super) fn spare(&self, name: &BundleName) -> io::Result<u64> {
        let current = self.current(name);
        let mut bytes = 0;
        for version in self.versions(name)?.iter().filter(|version| Some(*version) != current.as_ref()) {
            bytes += self.index(name, version)?.map_or(0, |index| index.size());
        }
        Ok(bytes)
    }

    /// Removes the versions of a bundle but these, their indexes and what was being made of it, but for the version that is wanted.
    pub(super) fn prune(
        &self,
        name: &BundleName,
        keep: &[BundleVersion],
        wanted: Option<&BundleVersion>,
    ) -> io::Result<()> {
        for folder in folder_names(&self.root.join(name.as_str()))? {
            let kept = folder.parse().is_ok_and(|version| keep.contains(&version)) || folder == CURRENT;
            if !kept {
                tree_remove(&self.root.join(name.as_str()).join(folder))?;
            }
        }
        let staged = wanted.map(|version| format!("{name}.{version}"));
        let mine = |file: &str, name: &str| file.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        for file in folder_names(&self.root.join(STAGE))? {
            let kept = staged.as_ref().and_then(|staged| file.strip_prefix(staged));
            let kept = kept.is_some_and(|rest| rest.is_empty() || rest.starts_with(".from."));
            if mine(&file, name.as_str()) && !kept {
                tree_remove(&self.root.join(STAGE).join(file))?;
            }
        }
        for file in folder_names(self.indexes.root())? {
            let Some(version) = file.strip_prefix(&format!("{name}.")) else { continue };
            let kept = version.parse().is_ok_and(|version| keep.contains(&version) || Some(&version) == wanted);
            if !kept {
                tree_remove(&self.indexes.path(&file))?;
            }
        }
        Ok(())
    }

    /// Removes a bundle and all that was kept of it; the word that it holds goes first.
    pub(super) fn remove(&self, name: &BundleName) -> io::Result<()> {
        let own = self.root.join(name.as_str());
        tree_remove(&own.join(CURRENT))?;
        self.prune(name, &[], None)?;
        tree_remove(&own)?;
        Here::folder_sync(&self.root)
    }

    /// The bundles of which anything is kept, be it only an index or what was begun. A folder without an index is somebody else's.
    pub(super) fn known(&self) -> io::Result<Vec<BundleName>> {
        let first = |file: String| file.split('.').next().and_then(|name| name.parse().ok());
        let mut names: Vec<BundleName> = folder_names(self.indexes.root())?.into_iter().filter_map(first).collect();
        names.extend(folder_names(&self.root.join(STAGE))?.into_iter().filter_map(first));
        names.sort();
        names.dedup();
        Ok(names)
    }
}

/// Removes every bundle, for a device that is to know nothing any more.
///
/// # Errors
/// [`Error::File`] when something cannot be deleted.
pub(crate) fn forget(root: &Path, state: &Folder) -> Result<(), Error> {
    let place = Place::new(root, state);
    let known = place.known().map_err(Error::file(root))?;
    known.iter().try_for_each(|name| place.remove(name)).map_err(Error::file(root))?;
    tree_remove(&root.join(STAGE)).map_err(Error::file(root))
}

/// What the folder of indexes holds.
pub(crate) fn own(name: &str) -> bool {
    let parts = name.split_once('.');
    parts.is_some_and(|(name, version)| name.parse::<BundleName>().is_ok() && version.parse::<BundleVersion>().is_ok())
}

fn index_name(name: &BundleName, version: &BundleVersion) -> String {
    format!("{name}.{version}")
}

fn other(error: Error) -> io::Error {
    match error {
        Error::File { source, .. } => source,
        error => io::Error::other(error),
    }
}
