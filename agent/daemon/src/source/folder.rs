//! A repository that lies in a folder: on a medium that was carried here.

use super::{ANSWER_BYTES_MAX, Fetched, PIECES_MAX, Piece, Road, Source, SourceError};
use crate::platform::{Here, Platform};
use async_trait::async_trait;
use bundle::item_is_plain;
use bytes::Bytes;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// A folder with the files of a repository.
#[derive(Clone, Debug)]
pub(crate) struct FolderSource {
    root: PathBuf,
}

impl FolderSource {
    /// The folder with `metadata`, `targets` and `chunks` in it.
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }
}

#[async_trait]
impl Source for FolderSource {
    fn road(&self) -> Road {
        Road::Medium
    }

    async fn fetch(&self, pieces: &[Piece]) -> Result<Vec<Fetched>, SourceError> {
        if pieces.is_empty() || pieces.len() > PIECES_MAX || !pieces.iter().all(|piece| item_is_plain(&piece.item)) {
            return Err(SourceError::Refused("not files of a repository".to_owned()));
        }
        let (root, pieces) = (self.root.clone(), pieces.to_vec());
        let read = tokio::task::spawn_blocking(move || pieces_read(&root, &pieces)).await;
        let read = read.map_err(|error| SourceError::Unreachable(error.to_string()))?;
        read.map_err(|error| SourceError::Unreachable(error.to_string()))
    }
}

fn pieces_read(root: &Path, pieces: &[Piece]) -> io::Result<Vec<Fetched>> {
    let (mut read, mut room) = (Vec::with_capacity(pieces.len()), ANSWER_BYTES_MAX);
    for piece in pieces {
        let wanted = usize::try_from(piece.length).unwrap_or(ANSWER_BYTES_MAX).min(ANSWER_BYTES_MAX);
        if wanted > room && !read.is_empty() {
            break;
        }
        let fetched = piece_read(root, &piece.item, piece.offset, wanted)?;
        if let Fetched::Found { body, .. } = &fetched {
            room = room.saturating_sub(body.len());
        }
        read.push(fetched);
    }
    Ok(read)
}

fn piece_read(root: &Path, item: &str, offset: u64, wanted: usize) -> io::Result<Fetched> {
    let mut path = root.to_owned();
    let mut about = None;
    // Part by part, before anything is opened: a link leads elsewhere, and opening a pipe would wait for ever.
    for part in item.split('/') {
        if about.as_ref().is_some_and(|about: &Metadata| !about.is_dir()) {
            return Ok(Fetched::Missing);
        }
        path.push(part);
        about = match fs::symlink_metadata(&path) {
            Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => {
                return Ok(Fetched::Missing);
            }
            about => Some(about?),
        };
    }
    if about.is_none_or(|about| !about.is_file()) {
        return Ok(Fetched::Missing);
    }
    let mut file = Here::plain_open(&path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Ok(Fetched::Missing);
    }
    let size = about.len();
    let wanted = wanted.min(usize::try_from(size.saturating_sub(offset)).unwrap_or(wanted));
    let mut body = vec![0; wanted];
    if wanted > 0 {
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(&mut body)?;
    }
    Ok(Fetched::Found { body: Bytes::from(body), size })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(item: &str, offset: u64, length: u32) -> Piece {
        Piece { item: item.to_owned(), offset, length }
    }

    #[tokio::test]
    async fn pieces_are_read_as_far_as_they_go_and_fit() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("targets")).unwrap();
        fs::write(folder.path().join("targets/a"), vec![7; ANSWER_BYTES_MAX + 10]).unwrap();
        let source = FolderSource::new(folder.path());
        let max = u32::try_from(ANSWER_BYTES_MAX).unwrap();
        let sizes = async |pieces: &[Piece]| {
            let fetched = source.fetch(pieces).await.unwrap().into_iter();
            let size = |fetched| match fetched {
                Fetched::Missing => None,
                Fetched::Found { body, size } => Some((body.len(), size)),
            };
            fetched.map(size).collect::<Vec<_>>()
        };
        let whole = u64::from(max) + 10;
        assert_eq!(
            sizes(&[piece("targets/a", 0, u32::MAX), piece("targets/a", 0, 1)]).await,
            [Some((ANSWER_BYTES_MAX, whole))]
        );
        assert_eq!(
            sizes(&[piece("targets/a", 1 << 20, max), piece("targets/a", 5, 7)]).await,
            [Some((10, whole)), Some((7, whole))]
        );
        assert_eq!(sizes(&[piece("targets/a", u64::MAX, 3)]).await, [Some((0, whole))]);
        assert_eq!(sizes(&[piece("targets", 0, 3), piece("none", 0, 3), piece("targets/a/b", 0, 3)]).await, [None; 3]);
        assert_eq!(source.road(), Road::Medium);
        for bad in [&[][..], &[piece("../a", 0, 1)], &vec![piece("targets/a", 0, 1); PIECES_MAX + 1]] {
            assert!(matches!(source.fetch(bad).await, Err(SourceError::Refused(_))));
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_is_no_file_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("zero")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap();
        assert!(made.success());
        // Nor does a folder lead elsewhere.
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("secret"), "secret").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("chunks")).unwrap();
        let pieces = ["zero", "pipe", "chunks/secret"].map(|item| piece(item, 0, 9));
        let fetched = FolderSource::new(folder.path()).fetch(&pieces).await;
        assert_eq!(fetched.unwrap(), [Fetched::Missing, Fetched::Missing, Fetched::Missing]);
    }
}
