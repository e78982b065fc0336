//! The archive: written in one pass, so that it can go into a pipe, and read without believing any of it.

use super::{END, End, FILES_MAX, FORMAT, HEAD, Head, SMALL_BYTES_MAX, Sum, VERSION, member_limit};
use crate::error::{BackupFault, Error, Result};
use model::digest::{Digest, Digester};
use model::id::TerritoryId;
use model::time::Timestamp;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use tar::{Archive, Builder, EntryType, Header};

/// Good for text, and fast enough for a small server that goes on serving.
const LEVEL: i32 = 3;
/// A reader never needs more memory than this power of two; a file that wants more is not ours.
const WINDOW_LOG_MAX: u32 = 27;
/// What follows the last file is padding, and no more of it than tar's own block.
const PADDING_BYTES_MAX: u64 = 64 * 1024;
const READ_BYTES: usize = 64 * 1024;

/// An archive being written.
pub(super) struct Writer<W: Write> {
    tar: Builder<zstd::Encoder<'static, W>>,
    made: Timestamp,
    files: BTreeMap<String, Sum>,
}

impl<W: Write> Writer<W> {
    /// Begins one.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn new(out: W, territory: &TerritoryId, made: Timestamp) -> io::Result<Self> {
        let mut encoder = zstd::Encoder::new(out, LEVEL)?;
        encoder.include_checksum(true)?;
        let mut writer = Self { tar: Builder::new(encoder), made, files: BTreeMap::new() };
        let head = Head {
            format: FORMAT.to_owned(),
            version: VERSION,
            territory: territory.clone(),
            made_unix_ms: made.unix_millis(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let head = serde_json::to_vec_pretty(&head)?;
        writer.put(HEAD, head.len() as u64, &mut head.as_slice())?;
        Ok(writer)
    }

    /// Adds a file.
    ///
    /// # Errors
    /// What the system says, and `UnexpectedEof` when it is shorter than said.
    pub(super) fn add(&mut self, name: &str, bytes: u64, input: &mut dyn Read) -> io::Result<()> {
        let sha256 = self.put(name, bytes, input)?;
        self.files.insert(name.to_owned(), Sum { bytes, sha256 });
        Ok(())
    }

    /// Writes the last file and everything that waits; gives what it holds, and where it was written.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn finish(mut self, revision: u64, epoch: u32) -> io::Result<(End, W)> {
        let end = End { revision, epoch, files: std::mem::take(&mut self.files) };
        let text = serde_json::to_vec(&end)?;
        self.put(END, text.len() as u64, &mut text.as_slice())?;
        let mut out = self.tar.into_inner()?.finish()?;
        out.flush()?;
        Ok((end, out))
    }

    fn put(&mut self, name: &str, bytes: u64, input: &mut dyn Read) -> io::Result<Digest> {
        let mut header = Header::new_ustar();
        header.set_path(name)?;
        header.set_size(bytes);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(self.made.unix_seconds()).unwrap_or(0));
        header.set_entry_type(EntryType::Regular);
        header.set_cksum();
        let mut digesting = Digesting { input: input.take(bytes), digester: Digester::default(), bytes: 0 };
        self.tar.append(&header, &mut digesting)?;
        // Else the archive would be out of step from here on.
        if digesting.bytes == bytes {
            Ok(digesting.digester.finish())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
}

/// Reads an archive to its very end. `take` is shown each file before the end is known: what it does counts only if this answers `Ok`.
///
/// # Errors
/// [`BackupFault`] that says what is wrong with it, and whatever `take` says.
pub(super) fn archive_read(
    input: impl Read,
    mut take: impl FnMut(&Head, &str, u64, &mut dyn Read) -> Result<()>,
) -> Result<(Head, End)> {
    let mut decoder = zstd::Decoder::new(input).map_err(not_ours)?;
    decoder.window_log_max(WINDOW_LOG_MAX).map_err(not_ours)?;
    let mut archive = Archive::new(decoder);
    let mut head: Option<Head> = None;
    let mut end: Option<End> = None;
    let mut seen: BTreeMap<String, Sum> = BTreeMap::new();
    // Raw: no long names, no links, no sparse files, nothing that another entry describes.
    for entry in archive.entries().map_err(not_ours)?.raw(true) {
        let mut entry = entry.map_err(|error| if head.is_none() { not_ours(error) } else { broken(error) })?;
        let name = String::from_utf8(entry.path_bytes().into_owned()).unwrap_or_default();
        let bytes = entry.size();
        if end.is_some() {
            return Err(damaged("something follows its last file"));
        }
        if entry.header().entry_type() != EntryType::Regular {
            return Err(damaged("it holds something else than plain files"));
        }
        let Some(head) = &head else {
            head = Some(head_read(&name, &small(&mut entry, bytes)?)?);
            continue;
        };
        if name == END {
            let text = small(&mut entry, bytes)?;
            end = Some(serde_json::from_slice(&text).map_err(|_| damaged("its last file cannot be read"))?);
            continue;
        }
        if member_limit(&name).is_none_or(|most| bytes > most) || seen.len() >= FILES_MAX {
            return Err(damaged("it holds a file that has no place in a backup, or too large a one"));
        }
        let mut digesting = Digesting { input: (&mut entry).take(bytes), digester: Digester::default(), bytes: 0 };
        take(head, &name, bytes, &mut digesting)?;
        io::copy(&mut digesting, &mut io::sink()).map_err(broken)?;
        if digesting.bytes != bytes {
            return Err(damaged("it is cut off"));
        }
        if seen.insert(name, Sum { bytes, sha256: digesting.digester.finish() }).is_some() {
            return Err(damaged("it holds a file twice"));
        }
    }
    let (Some(head), Some(end)) = (head, end) else { return Err(damaged("it is cut off")) };
    if end.files != seen {
        return Err(damaged("its files are not as they were written"));
    }
    // The checksum of the whole comes last, so that not a single byte is left unread.
    let mut rest = archive.into_inner().take(PADDING_BYTES_MAX + 1);
    let mut padding = Vec::new();
    rest.read_to_end(&mut padding).map_err(broken)?;
    if padding.len() as u64 > PADDING_BYTES_MAX || padding.iter().any(|byte| *byte != 0) {
        return Err(damaged("something follows its last file"));
    }
    Ok((head, end))
}

fn head_read(name: &str, text: &[u8]) -> Result<Head> {
    #[derive(serde::Deserialize)]
    struct Version {
        format: String,
        version: u32,
    }
    let not = || Error::Backup(BackupFault::NotOurs);
    let version: Version = serde_json::from_slice(text).map_err(|_| not())?;
    if name != HEAD || version.format != FORMAT {
        return Err(not());
    }
    if version.version > VERSION {
        return Err(Error::Backup(BackupFault::Newer));
    }
    serde_json::from_slice(text).map_err(|_| damaged("its first file cannot be read"))
}

fn small(entry: &mut impl Read, bytes: u64) -> Result<Vec<u8>> {
    if bytes > SMALL_BYTES_MAX {
        return Err(damaged("its description is too large"));
    }
    let mut text = Vec::new();
    entry.take(SMALL_BYTES_MAX).read_to_end(&mut text).map_err(broken)?;
    Ok(text)
}

fn not_ours(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => broken(error),
        _ => Error::Backup(BackupFault::NotOurs),
    }
}

/// The system's own failures are told as such; all others mean that the bytes are not those that were written.
fn broken(error: io::Error) -> Error {
    damaged(&error.to_string())
}

fn damaged(why: &str) -> Error {
    Error::Backup(BackupFault::Damaged(why.to_owned()))
}

/// Digests what goes by.
struct Digesting<R> {
    input: R,
    digester: Digester,
    bytes: u64,
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(READ_BYTES);
        let read = self.input.read(&mut buffer[..most])?;
        self.digester.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}
