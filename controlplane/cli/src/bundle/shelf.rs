//! Where a repository is read for a medium: at the control plane, or in a folder at hand.

use crate::Error;
use crate::call::Call;
use crate::print::clean;
use bundle::item_is_plain;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;
use tonic::Code;
use tonic::transport::Channel;
use wire::v1::admin_client::AdminClient;
use wire::v1::{FetchRequest, FetchedPiece, FilePiece};

/// The most pieces, and the most bytes, of one answer.
pub(super) const PIECES_MAX: usize = 256;
pub(super) const BYTES_MAX: u64 = 1 << 20;
/// A server that has too much to do is asked again after a second, so many times.
const BUSY_MAX: usize = 120;

/// A repository.
pub(super) enum Shelf {
    Server(Box<AdminClient<Channel>>),
    Folder(PathBuf),
}

impl Shelf {
    /// The first pieces in order, at least one.
    pub(super) async fn pieces(
        &mut self,
        pieces: &[FilePiece],
        call: &mut Call<'_>,
    ) -> Result<Vec<FetchedPiece>, Error> {
        // What nobody has verified names them.
        if let Some(piece) = pieces.iter().find(|piece| !item_is_plain(&piece.item)) {
            return Err(damaged(&piece.item));
        }
        let client = match self {
            Self::Folder(root) => {
                return pieces.iter().map(|piece| piece_read(root.join(&piece.item), piece)).collect();
            }
            Self::Server(client) => client,
        };
        let mut busy = 0;
        loop {
            match call.answer(client.bundle_fetch(FetchRequest { pieces: pieces.to_vec() })).await {
                Ok(answer) if !answer.pieces.is_empty() => return Ok(answer.pieces),
                Ok(_) => return Err(damaged(&pieces[0].item)),
                Err(Error::Status(status)) if status.code() == Code::ResourceExhausted && busy < BUSY_MAX => {
                    busy += 1;
                    call.progress.during(tokio::time::sleep(Duration::from_secs(1))).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// How large files are; nothing of one that is not there.
    pub(super) async fn sizes(&mut self, items: &[String], call: &mut Call<'_>) -> Result<Vec<Option<u64>>, Error> {
        let mut sizes = Vec::with_capacity(items.len());
        while sizes.len() < items.len() {
            let asked = items[sizes.len()..].iter().take(PIECES_MAX);
            let asked: Vec<FilePiece> = asked.map(|item| piece(item, 0, 0)).collect();
            let told = self.pieces(&asked, call).await?;
            sizes.extend(told.into_iter().take(asked.len()).map(|told| told.found.then_some(told.size)));
        }
        Ok(sizes)
    }

    /// A whole file of at most so many bytes; nothing where there is none.
    pub(super) async fn file(&mut self, item: &str, max: u64, call: &mut Call<'_>) -> Result<Option<Vec<u8>>, Error> {
        let mut bytes = Vec::new();
        loop {
            let next = self.piece_at(item, bytes.len() as u64, BYTES_MAX, call).await?;
            let Some((body, size)) = next else { return Ok(None) };
            if size > max || (body.is_empty() && (bytes.len() as u64) < size) {
                return Err(damaged(item));
            }
            bytes.extend_from_slice(&body);
            if bytes.len() as u64 >= size {
                return Ok(Some(bytes));
            }
        }
    }

    /// What a file has from here on, and its size; nothing where there is none.
    pub(super) async fn piece_at(
        &mut self,
        item: &str,
        offset: u64,
        length: u64,
        call: &mut Call<'_>,
    ) -> Result<Option<(Vec<u8>, u64)>, Error> {
        let told = self.pieces(&[piece(item, offset, length)], call).await?;
        let told = told.into_iter().next().filter(|told| told.found);
        Ok(told.map(|told| (told.body.to_vec(), told.size)))
    }
}

/// A piece that is asked for.
pub(super) fn piece(item: &str, offset: u64, length: u64) -> FilePiece {
    FilePiece { item: item.to_owned(), offset, length: u32::try_from(length.min(BYTES_MAX)).unwrap_or(0) }
}

/// A file of the repository is not what another one says of it.
pub(super) fn damaged(item: &str) -> Error {
    Error::Damaged(clean(item))
}

fn piece_read(path: PathBuf, piece: &FilePiece) -> Result<FetchedPiece, Error> {
    let read = || -> io::Result<FetchedPiece> {
        let about = match fs::metadata(&path) {
            Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => {
                return Ok(FetchedPiece::default());
            }
            about => about?,
        };
        if !about.is_file() {
            return Ok(FetchedPiece::default());
        }
        let left = about.len().saturating_sub(piece.offset).min(u64::from(piece.length));
        let mut body = vec![0; usize::try_from(left).unwrap_or(0)];
        if !body.is_empty() {
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(piece.offset))?;
            file.read_exact(&mut body)?;
        }
        Ok(FetchedPiece { found: true, body: body.into(), size: about.len() })
    };
    read().map_err(|source| Error::File { path: path.clone(), source })
}
