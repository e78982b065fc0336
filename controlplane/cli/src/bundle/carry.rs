//! A medium that is written: file by file, each whole or not there, so that a stick that is pulled out holds nothing half.

use super::shelf::damaged;
use crate::Error;
use bundle::{ContentId, chunk_open, item_is_plain};
use model::digest::{Digest, Digester};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// What a file is called while it is written.
const DRAFT: &str = ".export.part";
/// Read at a time.
const PART: usize = 256 << 10;

/// By what a file is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// A chunk: its length when it is unpacked, and its digest.
    Chunk(usize, ContentId),
    /// A file of the list.
    Sha256(Digest),
}

/// A file that is to be on the medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) path: String,
    pub(super) size: u64,
    pub(super) known: Known,
}

/// A folder on a medium.
pub(super) struct Medium {
    root: PathBuf,
    /// Open from the beginning, so that what goes wrong with any write is heard of.
    folder: File,
}

/// A file that is being written; it has its name once it is whole.
pub(super) struct Draft {
    file: File,
    at: PathBuf,
}

impl Medium {
    /// The folder, made if it is not there.
    pub(super) fn open(root: &Path) -> Result<Self, Error> {
        fs::create_dir_all(root).map_err(failed(root))?;
        let folder = File::open(root).map_err(failed(root))?;
        let medium = Self { root: root.to_owned(), folder };
        // What a stick that was pulled out left would count as used.
        medium.draft_remove()?;
        Ok(medium)
    }

    /// Whether a file is there, whole: what a stick says it holds is not what it holds.
    pub(super) fn has(&self, item: &Item) -> bool {
        let path = self.root.join(&item.path);
        let plain = item_is_plain(&item.path)
            && fs::symlink_metadata(&path).is_ok_and(|about| about.is_file() && about.len() == item.size);
        plain && read_known(&path, item).unwrap_or(false)
    }

    /// Whether there is room for these; else the bytes that are needed and those that are free.
    pub(super) fn room(&self, missing: &[Item], more: u64) -> Result<(), (u64, u64)> {
        // What cannot be told is met when it is written.
        let Ok(about) = rustix::fs::statvfs(&self.root) else { return Ok(()) };
        let block = about.f_frsize.max(1);
        let free = about.f_bavail.saturating_mul(about.f_frsize);
        let whole = |size: u64| size.div_ceil(block).saturating_mul(block);
        let folder = |item: &Item| Path::new(&item.path).parent().map(Path::to_owned);
        let folders: BTreeSet<PathBuf> =
            missing.iter().filter_map(folder).filter(|folder| !self.root.join(folder).is_dir()).collect();
        let files = missing.iter().map(|item| whole(item.size)).fold(0, u64::saturating_add);
        let needed = files.saturating_add(whole(more)).saturating_add(block.saturating_mul(folders.len() as u64 + 8));
        if needed > free { Err((needed, free)) } else { Ok(()) }
    }

    /// Writes a whole file.
    pub(super) fn write(&self, path: &str, bytes: &[u8], durable: bool) -> Result<(), Error> {
        let mut draft = self.draft()?;
        draft.add(bytes)?;
        self.place(draft, path, durable)
    }

    /// Begins a file.
    pub(super) fn draft(&self) -> Result<Draft, Error> {
        self.draft_remove()?;
        let at = self.root.join(DRAFT);
        // Never through a link that a stick brought along.
        let file = File::create_new(&at).map_err(failed(&at))?;
        Ok(Draft { file, at })
    }

    fn draft_remove(&self) -> Result<(), Error> {
        let at = self.root.join(DRAFT);
        match fs::remove_file(&at) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(&at)(error)),
            _ => Ok(()),
        }
    }

    /// Gives a file its name.
    pub(super) fn place(&self, draft: Draft, path: &str, durable: bool) -> Result<(), Error> {
        if !item_is_plain(path) {
            self.draft_remove()?;
            return Err(damaged(path));
        }
        let to = self.root.join(path);
        let place = || -> io::Result<()> {
            if durable {
                draft.file.sync_all()?;
            }
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::rename(&draft.at, &to)
        };
        place().map_err(failed(&to))
    }

    /// Makes all of it durable: one by one, thousands of files would take a stick minutes.
    pub(super) fn sync(&self) -> Result<(), Error> {
        rustix::fs::syncfs(&self.folder).map_err(|error| failed(&self.root)(error.into()))
    }
}

impl Draft {
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(failed(&self.at))
    }
}

/// Whether these bytes are what the list says.
pub(super) fn is_known(bytes: &[u8], known: &Known) -> bool {
    match known {
        Known::Chunk(length, id) => chunk_open(bytes, *length, *id).is_ok(),
        Known::Sha256(digest) => Digest::of(bytes) == *digest,
    }
}

fn read_known(path: &Path, item: &Item) -> io::Result<bool> {
    let mut file = File::open(path)?;
    match &item.known {
        Known::Chunk(..) => {
            let mut bytes = Vec::new();
            file.take(item.size + 1).read_to_end(&mut bytes)?;
            Ok(is_known(&bytes, &item.known))
        }
        Known::Sha256(digest) => {
            let (mut digester, mut buffer) = (Digester::default(), vec![0; PART]);
            loop {
                match file.read(&mut buffer) {
                    Ok(0) => return Ok(digester.finish() == *digest),
                    Ok(count) => digester.update(&buffer[..count]),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
    move |source| Error::FileWrite { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_when_it_is_what_the_list_says() {
        let folder = tempfile::tempdir().unwrap();
        let medium = Medium::open(&folder.path().join("stick/resources")).unwrap();
        let item = Item { path: "targets/a".to_owned(), size: 3, known: Known::Sha256(Digest::of(b"abc")) };
        assert!(!medium.has(&item));
        medium.write("targets/a", b"abc", true).unwrap();
        assert!(medium.has(&item));
        // Of the right length and not the right bytes, as a stick that was pulled out may leave it.
        fs::write(medium.root.join("targets/a"), b"ab\0").unwrap();
        assert!(!medium.has(&item));
        fs::remove_file(medium.root.join("targets/a")).unwrap();
        fs::write(folder.path().join("elsewhere"), b"abc").unwrap();
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), medium.root.join("targets/a")).unwrap();
        assert!(!medium.has(&item), "a link is followed by nobody");
        let chunk = Item { path: "chunks/ab/ab1".to_owned(), size: 5, known: Known::Chunk(5, ContentId::of(b"chunk")) };
        medium.write(&chunk.path, b"chunk", false).unwrap();
        assert!(medium.has(&chunk));
        let left: Vec<_> = fs::read_dir(&medium.root).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert!(!left.contains(&DRAFT.into()), "{left:?}");
        medium.sync().unwrap();
    }

    #[test]
    fn neither_a_name_nor_a_link_leads_out_of_the_medium() {
        let folder = tempfile::tempdir().unwrap();
        let medium = Medium::open(&folder.path().join("stick")).unwrap();
        for name in ["../evil", "/tmp/evil", "metadata/1./../../evil", "a/../../evil", ".hidden"] {
            assert!(medium.write(name, b"x", true).is_err(), "{name}");
        }
        fs::write(folder.path().join("mine"), b"mine").unwrap();
        std::os::unix::fs::symlink(folder.path().join("mine"), medium.root.join(DRAFT)).unwrap();
        medium.write("targets/a", b"abc", true).unwrap();
        assert_eq!(fs::read(folder.path().join("mine")).unwrap(), b"mine");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing beside it");
    }

    #[test]
    fn room_is_asked_for_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let medium = Medium::open(folder.path()).unwrap();
        let huge = Item { path: "chunks/ab/a".to_owned(), size: 1 << 60, known: Known::Sha256(Digest::of(b"")) };
        let (needed, free) = medium.room(&[huge], 10).unwrap_err();
        assert!(needed > 1 << 60 && free < needed);
        medium.room(&[], 10).unwrap();
    }
}
