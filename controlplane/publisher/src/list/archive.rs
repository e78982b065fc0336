//! A list in a tar archive, compressed with gzip or not. It is read twice: once for what is in it, once for the names.
//!
//! Entries are read raw: the long names that extensions give would be held in memory whatever their length, and no list has any.

use super::meter::Meter;
use super::source::{Member, Members, SourceFault, fault, io_fault, is_held, member_put, path_plain, unpacked};
use crate::error::{Result, read_failed};
use crate::progress::Progress;
use flate2::read::MultiGzDecoder;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use tar::EntryType;

/// What gzip begins with (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// As much is read at once.
const READ_BYTES: usize = 1 << 17;

/// What is in an archive.
type Entry<'a, 'b> = tar::Entry<'a, Box<dyn Read + 'b>>;

/// An archive's bytes: a file, or memory.
pub(super) struct Archive<R = File> {
    path: PathBuf,
    file: R,
    size: u64,
}

impl Archive {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(read_failed(path))?;
        let size = file.metadata().map_err(read_failed(path))?.len();
        Ok(Self { path: path.to_owned(), file, size })
    }
}

impl<R: Read + Seek> Archive<R> {
    /// Of what is open already.
    pub(super) fn of(file: R, size: u64) -> Self {
        Self { path: PathBuf::from("-"), file, size }
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn members(&mut self, bar: &Progress) -> Result<Members> {
        let (mut members, mut folders) = (Members::new(), 0);
        self.each(&Meter::default(), bar, &mut |path, entry| {
            let header = entry.header();
            let member = match header.entry_type() {
                EntryType::Directory => {
                    folders += 1;
                    // They make no member, and are counted all the same.
                    let many = folders > super::source::MEMBERS_MAX;
                    return if many { Err(fault(path, SourceFault::Many(super::source::MEMBERS_MAX))) } else { Ok(()) };
                }
                EntryType::Symlink => Member::Link(link_text(entry).ok_or_else(|| fault(path, SourceFault::Path))?),
                EntryType::Link => {
                    // Another name of a file that the archive holds: a link from the top.
                    let to = link_text(entry).ok_or_else(|| fault(path, SourceFault::Path))?;
                    let to = path_plain("", &to).map_err(|why| fault(path, why))?;
                    let above = path.matches('/').count();
                    Member::Link(format!("{}{to}", "../".repeat(above)))
                }
                EntryType::Regular | EntryType::Continuous => {
                    let mut held = None;
                    if is_held(path, entry.size()) {
                        let mut bytes = Vec::new();
                        entry.read_to_end(&mut bytes).map_err(io_fault(path))?;
                        held = Some(bytes);
                    }
                    Member::File(held)
                }
                _ => return Err(fault(path, SourceFault::Kind)),
            };
            member_put(&mut members, path.to_owned(), member)
        })?;
        Ok(members)
    }

    pub(super) fn read(
        &mut self,
        wanted: &BTreeSet<&str>,
        bar: &Progress,
        each: &mut dyn FnMut(&str, &mut dyn Read) -> Result<()>,
    ) -> Result<()> {
        let meter = Meter::default();
        self.each(&meter, bar, &mut |path, entry| {
            let is_file = [EntryType::Regular, EntryType::Continuous].contains(&entry.header().entry_type());
            if is_file && wanted.contains(path) {
                each(path, &mut *unpacked(path, entry, &meter))?;
            }
            Ok(())
        })
    }

    fn each(
        &mut self,
        meter: &Meter,
        bar: &Progress,
        take: &mut dyn FnMut(&str, &mut Entry<'_, '_>) -> Result<()>,
    ) -> Result<()> {
        let shown = self.path.display().to_string();
        let mut begin = [0; 2];
        self.file.seek(SeekFrom::Start(0)).map_err(io_fault(&shown))?;
        let gzip = self.file.read_exact(&mut begin).is_ok() && begin == GZIP;
        self.file.seek(SeekFrom::Start(0)).map_err(io_fault(&shown))?;
        let counted = BufReader::with_capacity(READ_BYTES, meter.counted(&mut self.file, bar));
        let contents: Box<dyn Read + '_> = match gzip {
            true => Box::new(meter.bounded(MultiGzDecoder::new(counted))),
            false => Box::new(meter.bounded(counted)),
        };
        let mut archive = tar::Archive::new(contents);
        let (entries, mut count) = (archive.entries().map_err(io_fault(&shown))?.raw(true), 0_usize);
        for entry in entries {
            let mut entry = entry.map_err(io_fault(&shown))?;
            count += 1;
            // Dates and owners of a pax archive are nothing to a list.
            if [EntryType::XHeader, EntryType::XGlobalHeader].contains(&entry.header().entry_type()) {
                if count > 4 * super::source::MEMBERS_MAX {
                    return Err(fault(&shown, SourceFault::Many(super::source::MEMBERS_MAX)));
                }
                continue;
            }
            let bytes = entry.path_bytes().into_owned();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if std::str::from_utf8(&bytes).is_err() {
                return Err(fault(&text, SourceFault::Path));
            }
            let path = path_entry(&text).map_err(|why| fault(&text, why))?;
            take(&path, &mut entry)?;
        }
        // What follows is read too: only then the checksum of the compression was seen.
        io::copy(&mut archive.into_inner(), &mut io::sink()).map(drop).map_err(io_fault(&shown))
    }
}

/// A path of an archive goes down and nowhere else, even where it would come back.
fn path_entry(path: &str) -> std::result::Result<String, SourceFault> {
    if path.split('/').any(|part| part == "..") {
        return Err(SourceFault::Outside);
    }
    path_plain("", path)
}

fn link_text(entry: &Entry<'_, '_>) -> Option<String> {
    let bytes = entry.link_name_bytes()?;
    std::str::from_utf8(&bytes).ok().map(str::to_owned)
}
