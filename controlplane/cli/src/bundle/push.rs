//! A signed repository to the control plane: what is not there yet, the timestamp last, so that nobody is offered half of it.

use crate::Error;
use crate::call::Call;
use crate::print::{Sheet, Tone};
use clap::Args;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use wire::v1::{BundlePushRequest, RepositoryFile, RepositoryPiece};

/// Files asked about at a time.
const FILES_ASKED: usize = 1_000;
/// The most bytes and the most pieces of one message.
const BYTES_SENT: usize = 192 * 1024;
const PIECES_SENT: usize = 500;
const TIMESTAMP: &str = "metadata/timestamp.json";

#[derive(Debug, Args)]
pub(crate) struct Push {
    repository: PathBuf,
}

/// What was brought; the field names are promised to programs.
#[derive(Debug, Serialize)]
struct Pushed {
    files: usize,
    files_sent: usize,
    bytes: u64,
    bytes_sent: u64,
}

pub(super) async fn bundle_push(push: &Push, call: &mut Call<'_>) -> Result<(), Error> {
    let root = public(&push.repository)?;
    let files = files_found(&root)?;
    let mut client = call.client().await?;
    let mut lacking: Vec<(RepositoryFile, u64)> = Vec::new();
    for some in files.chunks(FILES_ASKED) {
        let request = BundlePushRequest { files: some.to_vec(), pieces: Vec::new() };
        let there = call.answer(client.bundle_push(request)).await?.there;
        let lacks = some.iter().cloned().zip(there);
        lacking.extend(lacks.filter(|(file, there)| *there < file.size || file.path == TIMESTAMP));
    }
    let bytes: u64 = files.iter().map(|file| file.size).sum();
    let due: u64 = lacking.iter().map(|(file, there)| file.size.saturating_sub(*there)).sum();
    call.progress.bar(due, call.words.text("progress-sending"));
    let mut message = Message::default();
    let mut sent = 0;
    for (file, there) in &lacking {
        // Everything that it names is there before it is.
        if file.path == TIMESTAMP && !message.pieces.is_empty() {
            call.answer(client.bundle_push(message.take())).await?;
        }
        let path = root.join(&file.path);
        let read_failed = |source| Error::File { path: path.clone(), source };
        let mut open = File::open(&path).map_err(read_failed)?;
        let mut at = *there;
        open.seek(SeekFrom::Start(at)).map_err(read_failed)?;
        loop {
            let length = usize::try_from(file.size - at).unwrap_or(BYTES_SENT).min(message.room());
            let mut body = vec![0; length];
            open.read_exact(&mut body).map_err(read_failed)?;
            let piece = RepositoryPiece { path: file.path.clone(), size: file.size, offset: at, body: body.into() };
            at += piece.body.len() as u64;
            sent += piece.body.len() as u64;
            message.add(piece);
            if message.is_full() {
                call.answer(client.bundle_push(message.take())).await?;
                call.progress.at(sent);
            }
            if at >= file.size {
                break;
            }
        }
    }
    if !message.pieces.is_empty() {
        call.answer(client.bundle_push(message.take())).await?;
    }
    call.progress.clear();
    let pushed = Pushed { files: files.len(), files_sent: lacking.len(), bytes, bytes_sent: sent };
    let look = call.print.look();
    let mut sheet = Sheet::default();
    sheet.section(look.text("bundle-pushed"));
    sheet.line(look.text("bundle-files-sent"), look.number(u64::try_from(pushed.files_sent).unwrap_or(0)), Tone::Plain);
    sheet.line(look.text("bundle-bytes-sent"), look.bytes(pushed.bytes_sent), Tone::Plain);
    sheet.line(look.text("bundle-bytes"), look.bytes(pushed.bytes), Tone::Plain);
    call.print.one(&pushed, || sheet)
}

/// Pieces that travel together.
#[derive(Default)]
struct Message {
    pieces: Vec<RepositoryPiece>,
    bytes: usize,
}

impl Message {
    fn room(&self) -> usize {
        BYTES_SENT.saturating_sub(self.bytes)
    }

    fn add(&mut self, piece: RepositoryPiece) {
        self.bytes += piece.body.len() + piece.path.len();
        self.pieces.push(piece);
    }

    fn is_full(&self) -> bool {
        self.room() == 0 || self.pieces.len() >= PIECES_SENT
    }

    fn take(&mut self) -> BundlePushRequest {
        self.bytes = 0;
        BundlePushRequest { files: Vec::new(), pieces: std::mem::take(&mut self.pieces) }
    }
}

/// What is public of a repository: the folder itself, or `public` within the publisher's.
pub(super) fn public(repository: &Path) -> Result<PathBuf, Error> {
    let within = [repository.join("public"), repository.to_owned()];
    within
        .into_iter()
        .find(|root| root.join(TIMESTAMP).is_file())
        .ok_or_else(|| Error::File { path: repository.join(TIMESTAMP), source: io::Error::from(ErrorKind::NotFound) })
}

/// Everything there is: chunks first, then targets, then metadata, its roots after the rest and the timestamp last.
fn files_found(root: &Path) -> Result<Vec<RepositoryFile>, Error> {
    let mut found = Vec::new();
    for folder in ["chunks", "targets", "metadata"] {
        let mut paths = BTreeSet::new();
        folder_read(&root.join(folder), folder, &mut paths)?;
        let rank = |path: &str| (path == TIMESTAMP, path.ends_with(".root.json"));
        let mut paths: Vec<(String, u64)> = paths.into_iter().collect();
        paths.sort_by_key(|(path, _)| rank(path));
        found.extend(paths.into_iter().map(|(path, size)| RepositoryFile { path, size }));
    }
    Ok(found)
}

fn folder_read(folder: &Path, name: &str, paths: &mut BTreeSet<(String, u64)>) -> Result<(), Error> {
    let failed = |source| Error::File { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let about = entry.metadata().map_err(failed)?;
        let Ok(file_name) = entry.file_name().into_string() else { continue };
        // What is being written there is nothing yet.
        if file_name.starts_with('.') || file_name.ends_with(".draft") {
            continue;
        }
        let path = format!("{name}/{file_name}");
        if about.is_dir() {
            folder_read(&entry.path(), &path, paths)?;
        } else if about.is_file() {
            paths.insert((path, about.len()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_comes_after_what_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            "metadata/timestamp.json",
            "metadata/2.root.json",
            "metadata/9.snapshot.json",
            "targets/a",
            "chunks/ab/ab1",
        ] {
            let path = folder.path().join("public").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"x").unwrap();
        }
        let root = public(folder.path()).unwrap();
        let found: Vec<String> = files_found(&root).unwrap().into_iter().map(|file| file.path).collect();
        let order = ["chunks/ab/ab1", "targets/a", "metadata/9.snapshot.json", "metadata/2.root.json", TIMESTAMP];
        assert_eq!(found, order);
        assert!(public(&folder.path().join("none")).is_err());
    }
}
