//! The mirror: pieces of the signed repository's files, as they lie in a folder. Whoever asks judges them.

use crate::shared::Shared;
use crate::status::invalid;
use bundle::item_is_plain;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Duration;
use tonic::Status;
use wire::v1::{FetchRequest, FetchResponse, FetchedPiece, FilePiece};

/// The most pieces of one request.
const PIECES_MAX: usize = 256;
/// The most bytes of one answer.
const BYTES_MAX: usize = 1 << 20;
/// What all devices are given at once, and then each second, in bytes: more than a small server's line carries.
const BURST_BYTES: u64 = 256 << 20;
const SECOND_BYTES: u64 = 128 << 20;

/// The first pieces, as many as fit.
///
/// # Errors
/// `invalid_argument` for what no repository holds; `unavailable` when the folder cannot be read.
pub(crate) async fn fetch(shared: &Shared, request: FetchRequest) -> Result<FetchResponse, Status> {
    if request.pieces.is_empty() || request.pieces.len() > PIECES_MAX {
        return Err(invalid(format!("1 to {PIECES_MAX} pieces a request")));
    }
    if !request.pieces.iter().all(|piece| item_is_plain(&piece.item)) {
        return Err(invalid(
            "a path of the repository has letters, digits, - . _ and /, and no part begins with a dot",
        ));
    }
    let asked = request.pieces.iter().map(|piece| u64::from(piece.length)).sum::<u64>().min(BYTES_MAX as u64);
    if !shared.fetched.lock().unwrap_or_else(PoisonError::into_inner).take(asked, shared.clock.ticks()) {
        return Err(Status::resource_exhausted("too many devices fetch at this moment; try again"));
    }
    let root = shared.folder.repository();
    let read = tokio::task::spawn_blocking(move || pieces_read(&root, &request.pieces)).await;
    let pieces = read.map_err(|error| Status::internal(error.to_string()))?.map_err(|error| {
        tracing::error!(%error, "the mirror cannot be read");
        Status::unavailable("the mirror cannot be read; try again")
    })?;
    Ok(FetchResponse { pieces })
}

/// What is handed out in a while: answers lie in memory until the line of who asked has taken them.
#[derive(Debug, Default)]
pub(crate) struct Fetched {
    at: Duration,
    spent: u64,
}

impl Fetched {
    fn take(&mut self, bytes: u64, now: Duration) -> bool {
        let passed = u64::try_from(now.saturating_sub(self.at).as_millis()).unwrap_or(u64::MAX);
        let back = passed.saturating_mul(SECOND_BYTES / 1_000);
        (self.at, self.spent) = (now, self.spent.saturating_sub(back));
        let fits = self.spent + bytes <= BURST_BYTES;
        if fits {
            self.spent += bytes;
        }
        fits
    }
}

fn pieces_read(root: &Path, pieces: &[FilePiece]) -> io::Result<Vec<FetchedPiece>> {
    let (mut read, mut room) = (Vec::with_capacity(pieces.len()), BYTES_MAX);
    for piece in pieces {
        let wanted = usize::try_from(piece.length).unwrap_or(BYTES_MAX).min(BYTES_MAX);
        if wanted > room && !read.is_empty() {
            break;
        }
        let fetched = piece_read(root.join(&piece.item), piece.offset, wanted)?;
        room = room.saturating_sub(fetched.body.len());
        read.push(fetched);
    }
    Ok(read)
}

fn piece_read(path: PathBuf, offset: u64, length: usize) -> io::Result<FetchedPiece> {
    let file = match File::open(path) {
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => {
            return Ok(FetchedPiece::default());
        }
        file => file?,
    };
    let about = file.metadata()?;
    if !about.is_file() {
        return Ok(FetchedPiece::default());
    }
    let left = usize::try_from(about.len().saturating_sub(offset)).unwrap_or(length);
    let mut body = vec![0; length.min(left)];
    file.read_exact_at(&mut body, offset)?;
    Ok(FetchedPiece { found: true, body: body.into(), size: about.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(path: &str, offset: u64, length: u32) -> FilePiece {
        FilePiece { item: path.to_owned(), offset, length }
    }

    #[test]
    fn pieces_are_read_as_far_as_they_go_and_fit() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("targets")).unwrap();
        std::fs::write(folder.path().join("targets/a"), vec![7; BYTES_MAX + 10]).unwrap();
        let max = u32::try_from(BYTES_MAX).unwrap();
        let read = |pieces: &[FilePiece]| pieces_read(folder.path(), pieces).unwrap();
        let sizes = |pieces: &[FilePiece]| read(pieces).iter().map(|p| (p.found, p.body.len())).collect::<Vec<_>>();
        assert_eq!(sizes(&[piece("targets/a", 0, u32::MAX), piece("targets/a", 0, 1)]), [(true, BYTES_MAX)]);
        assert_eq!(sizes(&[piece("targets/a", 1 << 20, max), piece("targets/a", 5, 7)]), [(true, 10), (true, 7)]);
        assert_eq!(sizes(&[piece("targets/a", u64::MAX, 3)]), [(true, 0)]);
        assert_eq!(sizes(&[piece("targets", 0, 3), piece("none", 0, 3), piece("targets/a/b", 0, 3)]), [(false, 0); 3]);
        assert_eq!(read(&[piece("targets/a", 3, 1)])[0].size, (1 << 20) + 10);
    }

    #[test]
    fn what_is_handed_out_is_bounded_and_comes_back_with_time() {
        let (mut fetched, second) = (Fetched::default(), Duration::from_secs(1));
        let taken = (0..1_000).filter(|_| fetched.take(1 << 20, second)).count();
        assert_eq!(taken, 256);
        assert!(!fetched.take(1 << 20, second) && fetched.take(1 << 20, second * 2));
        assert!(fetched.take(256 << 20, second * 60));
    }
}
