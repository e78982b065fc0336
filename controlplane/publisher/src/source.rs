//! The folder that a bundle is made from.

use crate::error::{Error, Result, read_failed};
use bundle::limits::{FILES_MAX, PATH_DEPTH_MAX};
use bundle::{Entry, Manifest, SafePath};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What the manifest is called; it is no file of the bundle.
pub(crate) const MANIFEST: &str = "bundle.toml";
/// The largest manifest that is read, in bytes.
const MANIFEST_BYTES_MAX: u64 = 64 << 10;

/// A folder's manifest and files.
pub(crate) struct Source {
    pub(crate) manifest: Manifest,
    pub(crate) entries: Vec<Entry>,
    root: PathBuf,
}

impl Source {
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let manifest = manifest_read(&root.join(MANIFEST))?;
        let mut entries = Vec::new();
        walk(root, root, 0, &mut entries)?;
        Ok(Self { manifest, entries, root: root.to_owned() })
    }

    pub(crate) fn path(&self, path: &SafePath) -> PathBuf {
        self.root.join(path.as_str())
    }

    /// All files together, in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.entries.iter().map(|entry| entry.size).sum()
    }
}

fn manifest_read(path: &Path) -> Result<Manifest> {
    let length = fs::metadata(path).map_err(read_failed(path))?.len();
    let bad = |why: String| Error::Manifest { path: path.to_owned(), why };
    if length > MANIFEST_BYTES_MAX {
        return Err(bad(format!("> {MANIFEST_BYTES_MAX}")));
    }
    let text = fs::read_to_string(path).map_err(read_failed(path))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| bad(error.message().to_owned()))?;
    // Devices pass unknown fields over; who writes one has mistyped another.
    if let Some(field) = table.keys().find(|key| !Manifest::FIELDS.contains(&key.as_str())) {
        return Err(Error::Field { path: path.to_owned(), field: field.clone() });
    }
    let manifest: Manifest = table.try_into().map_err(|error: toml::de::Error| bad(error.message().to_owned()))?;
    manifest.check()?;
    Ok(manifest)
}

fn walk(root: &Path, folder: &Path, depth: usize, entries: &mut Vec<Entry>) -> Result<()> {
    // Beyond it no path is good; a folder mounted into itself has no end.
    if depth > PATH_DEPTH_MAX {
        return Err(bundle::Error::Limit { what: "folders", limit: PATH_DEPTH_MAX as u64 }.into());
    }
    for entry in fs::read_dir(folder).map_err(read_failed(folder))? {
        let path = entry.map_err(read_failed(folder))?.path();
        let about = fs::symlink_metadata(&path).map_err(read_failed(&path))?;
        if about.is_dir() {
            walk(root, &path, depth + 1, entries)?;
            continue;
        }
        if !about.is_file() {
            return Err(Error::NotRegular(path));
        }
        let below = path.strip_prefix(root).unwrap_or(&path);
        let name = below.to_str().ok_or_else(|| Error::NotUtf8(path.clone()))?;
        if name == MANIFEST {
            continue;
        }
        if entries.len() >= FILES_MAX {
            return Err(bundle::Error::Limit { what: "files", limit: FILES_MAX as u64 }.into());
        }
        entries.push(Entry { path: SafePath::new(name)?, size: about.size() });
    }
    Ok(())
}
