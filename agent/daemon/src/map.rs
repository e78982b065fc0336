//! A sealed file as memory: read-only, verified, and never copied.
//!
//! The one module with `unsafe`: memory that a file stands behind is only as constant as the file. So what is mapped must belong to whoever
//! runs this or to root, and be writable by nobody else; who owns it replaces such files and never writes into them.
#![allow(unsafe_code)]

use memmap2::{Advice, Mmap, MmapOptions};
use model::digest::{Digest, Digester};
use rustix::process::geteuid;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Read in such pieces while it is verified.
const PIECE_BYTES: usize = 256 << 10;
/// Written by others than its owner.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// A file's bytes, mapped.
#[derive(Debug)]
pub(crate) struct Mapped(Mmap);

/// Why a file is not mapped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MapError {
    /// It cannot be read.
    #[error("it cannot be read")]
    Read(#[from] io::Error),
    /// Others may change it.
    #[error("others may change it")]
    Open,
    /// It is not what was signed.
    #[error("it is damaged")]
    Damaged,
}

impl Mapped {
    /// Maps a file whose length and digest are as they must be.
    ///
    /// # Errors
    /// [`MapError`] when it is not there, others may change it, or it is not what was signed.
    pub(crate) fn open(path: &Path, bytes: u64, sha256: Digest) -> Result<Self, MapError> {
        let mut file = File::open(path)?;
        let meta = file.metadata()?;
        let owned = meta.uid() == 0 || meta.uid() == geteuid().as_raw();
        if !meta.is_file() || !owned || meta.mode() & WRITABLE_BY_OTHERS != 0 {
            return Err(MapError::Open);
        }
        if meta.len() != bytes || verified(&mut file)? != sha256 {
            return Err(MapError::Damaged);
        }
        // SAFETY: the file was opened for reading, it is whole, and nobody but its owner may write into it; the owner is root or this
        // program, and both put a new file in the place of an old one, which this mapping outlives.
        let mapped = unsafe { MmapOptions::new().map(&file) }?;
        // Looks go anywhere: reading ahead would bring in what nobody asks for.
        let _ = mapped.advise(Advice::Random);
        Ok(Self(mapped))
    }
}

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn verified(file: &mut File) -> io::Result<Digest> {
    let (mut digester, mut piece) = (Digester::default(), vec![0; PIECE_BYTES]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(digester.finish()),
            length => digester.update(&piece[..length]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_what_was_signed_and_nobody_else_may_change_is_mapped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        let text = vec![7_u8; 700_000];
        fs::write(&path, &text).unwrap();
        let (length, digest) = (700_000, Digest::of(&text));
        let open = |bytes, digest| Mapped::open(&path, bytes, digest);
        fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        assert_eq!(open(length, digest).unwrap().as_ref(), text);
        assert!(matches!(open(length - 1, digest), Err(MapError::Damaged)));
        assert!(matches!(open(length, Digest::of(b"other")), Err(MapError::Damaged)));
        let mapped = open(length, digest).unwrap();
        // Another file in its place does not touch what is mapped.
        fs::write(folder.path().join("next"), b"x").unwrap();
        fs::rename(folder.path().join("next"), &path).unwrap();
        assert_eq!(mapped.as_ref(), text);
        fs::write(&path, &text).unwrap();
        for mode in [0o666, 0o664, 0o646] {
            fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert!(matches!(open(length, digest), Err(MapError::Open)), "{mode:o}");
        }
        assert!(matches!(Mapped::open(folder.path(), 0, digest), Err(MapError::Open | MapError::Read(_))));
        assert!(matches!(Mapped::open(&path.join("no"), 0, digest), Err(MapError::Read(_))));
    }
}
