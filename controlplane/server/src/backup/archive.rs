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

#[cfg(test)]
mod tests {
    use super::*;

    type Member<'a> = (&'a str, EntryType, &'a [u8]);

    const GOOD_HEAD: &[u8] =
        br#"{"format":"cartable-backup","version":1,"territory":"doubs","made_unix_ms":0,"program":"0.1.0","later":1}"#;

    /// An archive of whatever members somebody chose, names not looked at.
    fn packed(members: &[Member<'_>]) -> Vec<u8> {
        let mut tar = Vec::new();
        for (name, kind, body) in members {
            let mut header = Header::new_ustar();
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(body.len() as u64);
            header.set_entry_type(*kind);
            header.set_cksum();
            tar.extend_from_slice(header.as_bytes());
            tar.extend_from_slice(body);
            tar.resize(tar.len().next_multiple_of(512), 0);
        }
        tar.resize(tar.len() + 1024, 0);
        zstd::encode_all(tar.as_slice(), 3).unwrap()
    }

    fn end_of(members: &[Member<'_>]) -> Vec<u8> {
        let sum = |body: &[u8]| Sum { bytes: body.len() as u64, sha256: Digest::of(body) };
        let files = members.iter().map(|(name, _, body)| ((*name).to_owned(), sum(body))).collect();
        serde_json::to_vec(&End { revision: 1, epoch: 1, files }).unwrap()
    }

    /// What reading says, and which files were shown.
    fn read(bytes: &[u8]) -> (Result<(Head, End)>, Vec<String>) {
        let mut shown = Vec::new();
        let said = archive_read(bytes, |_, name, _, _| {
            shown.push(name.to_owned());
            Ok(())
        });
        (said, shown)
    }

    fn around(members: &[Member<'_>]) -> Vec<u8> {
        let end = end_of(members);
        let head = [(HEAD, EntryType::Regular, GOOD_HEAD)];
        packed(&[&head, members, &[(END, EntryType::Regular, end.as_slice())]].concat())
    }

    #[test]
    fn what_is_written_is_read() {
        let mut writer =
            Writer::new(Vec::new(), &"doubs".parse().unwrap(), Timestamp::from_unix_seconds(1_790_000_000)).unwrap();
        writer.add("server.toml", 3, &mut b"abc".as_slice()).unwrap();
        writer.add("store/journal/00000000000000000001.log", 200_000, &mut io::repeat(7)).unwrap();
        // A file that has become shorter than it was.
        assert!(writer.add("ca/root.pem", 4, &mut b"abc".as_slice()).is_err());
        let mut writer = Writer::new(Vec::new(), &"doubs".parse().unwrap(), Timestamp::default()).unwrap();
        writer.add("server.toml", 3, &mut b"abc".as_slice()).unwrap();
        let (end, bytes) = writer.finish(9, 2).unwrap();
        let (said, shown) = read(&bytes);
        let (head, read_end) = said.unwrap();
        assert_eq!((head.territory.as_str(), read_end.revision, &read_end.files), ("doubs", 9, &end.files));
        assert_eq!(shown, ["server.toml"]);
        // Each byte counts, and each cut.
        let mut harmless = 0;
        for at in 0..bytes.len() {
            let mut spoilt = bytes.clone();
            spoilt[at] ^= 4;
            // A few bits of zstd's frame say nothing of what is in it: then the very same is read.
            if let Ok((_, same)) = read(&spoilt).0 {
                assert_eq!(same.files, end.files, "byte {at}");
                harmless += 1;
            }
            assert!(read(&bytes[..at]).0.is_err(), "cut at {at} of {}", bytes.len());
        }
        assert!(harmless <= 5, "{harmless} of {} bytes", bytes.len());
    }

    #[test]
    fn what_has_no_place_goes_nowhere() {
        let regular = EntryType::Regular;
        let good: Member<'_> = ("server.toml", regular, b"abc");
        assert!(read(&around(&[good])).0.is_ok());
        let large = vec![0; 1024 * 1024 + 1];
        for bad in [
            ("../server.toml", regular, b"abc".as_slice()),
            ("/etc/passwd", regular, b"abc"),
            ("ca/../../x", regular, b"abc"),
            ("store/entries/db", regular, b"abc"),
            ("restoring", regular, b"abc"),
            ("ca/x", EntryType::Symlink, b""),
            ("ca/x", EntryType::Link, b""),
            ("ca", EntryType::Directory, b""),
            ("ca/x", EntryType::Char, b""),
            ("ca/x", EntryType::GNULongName, b"../../etc/passwd\0"),
            ("ca/x", EntryType::XHeader, b"20 path=../../abcde\n"),
            ("ca/x", EntryType::GNUSparse, b"abc"),
            ("server.toml", regular, b"abc"),
            ("ca/root.pem", regular, &large),
        ] {
            let (said, shown) = read(&around(&[good, bad]));
            assert!(matches!(said, Err(Error::Backup(BackupFault::Damaged(_)))), "{bad:?}: {said:?}");
            // A file that comes twice is found when its second one has been read.
            assert!(shown.len() == 1 || bad.0 == "server.toml", "{bad:?} was shown: {shown:?}");
        }
    }

    #[test]
    fn what_is_no_backup_or_too_new_a_one_is_told() {
        let regular = EntryType::Regular;
        let end = end_of(&[]);
        let end: Member<'_> = (END, regular, &end);
        let newer = GOOD_HEAD.to_vec();
        let newer = String::from_utf8(newer).unwrap().replace("\"version\":1", "\"version\":2");
        let fault = |bytes: &[u8]| match read(bytes).0 {
            Err(Error::Backup(fault)) => fault,
            other => panic!("{other:?}"),
        };
        assert_eq!(fault(b"nothing of ours, and longer than a frame's beginning"), BackupFault::NotOurs);
        assert!(read(&zstd::encode_all(b"text".as_slice(), 3).unwrap()).0.is_err());
        assert!(read(&packed(&[])).0.is_err() && read(b"").0.is_err());
        assert_eq!(fault(&packed(&[("server.toml", regular, b"abc"), end])), BackupFault::NotOurs);
        assert_eq!(fault(&packed(&[(HEAD, regular, br#"{"format":"other","version":1}"#), end])), BackupFault::NotOurs);
        assert_eq!(fault(&packed(&[(HEAD, regular, newer.as_bytes()), end])), BackupFault::Newer);
        for cut in [packed(&[(HEAD, regular, GOOD_HEAD)]), packed(&[(HEAD, regular, GOOD_HEAD), end, end])] {
            assert!(matches!(fault(&cut), BackupFault::Damaged(_)));
        }
    }

    #[test]
    fn an_archive_that_unpacks_without_end_is_left() {
        // Half a gigabyte of nothing in some kilobytes, as a file that may be so large, and behind the last one.
        let mut writer = Writer::new(Vec::new(), &"doubs".parse().unwrap(), Timestamp::default()).unwrap();
        let most = super::super::EXPORT_BYTES_MAX;
        let name = "store/exports/00000000000000000001.jsonl";
        assert!(member_limit(name).is_some_and(|limit| limit == most));
        writer.add(name, 1024, &mut io::repeat(0)).unwrap();
        let (_, bytes) = writer.finish(1, 1).unwrap();
        let more = zstd::encode_all(io::repeat(0).take(512 * 1024 * 1024), 3).unwrap();
        let (said, _) = read(&[bytes, more].concat());
        assert!(matches!(said, Err(Error::Backup(BackupFault::Damaged(_)))), "{said:?}");
    }
}
