//! SIECLE's exports: what secondary schools have, as XML, alone or in a zip archive.
//!
//! The XML is read as a stream. A document type is refused, so there is no entity but the five of XML and characters by number; depth, the
//! length of each piece and the whole have their limits.

mod guardians;
mod pupils;
mod walk;

pub(super) use guardians::guardians_read;
pub(super) use pupils::pupils_read;

use super::table::LINES_MAX;
use super::text::{Alphabet, FILE_BYTES_MAX, Reading, too_large};
use crate::Error;
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use walk::{Part, Walk, Wrong};
use zip::ZipArchive;

/// The longest text, tag or attribute, in bytes.
const PIECE_MAX: usize = 64 * 1024;
/// The most files in an archive.
const ENTRIES_MAX: usize = 100;
/// How the name of the pupils' file begins.
const PUPILS: &str = "eleves";
const ZIP: &[u8] = b"PK\x03\x04";

/// Reads a school's document into what is made of it; `file` is how its name begins within an archive.
fn document_open(path: &Path, school: &str, file_name: &str, part: &mut impl Part) -> Result<(), Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.len() > FILE_BYTES_MAX {
        return Err(too_large(path));
    }
    let mut begin = [0; 4];
    let read = file.read(&mut begin).map_err(failed)?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    if begin[..read] != *ZIP {
        return document_read(file, path, school, part);
    }
    let wanted = if file_name == PUPILS { "ElevesSansAdresses.xml" } else { "ResponsablesAvecAdresses.xml" };
    let none = || Error::usage("error-vault-zip", &[("path", &path.display().to_string()), ("file", wanted)]);
    let mut archive = ZipArchive::new(file).map_err(|_| none())?;
    if archive.len() > ENTRIES_MAX {
        return Err(none());
    }
    let meant = |name: &str| {
        let name = name.to_lowercase();
        name.rsplit('/').next().is_some_and(|file| file.starts_with(file_name) && file.ends_with(".xml"))
    };
    let mut names = archive.file_names().filter_map(Result::ok).map(std::borrow::Cow::into_owned);
    let name = names.find(|name| meant(name)).ok_or_else(none)?;
    drop(names);
    let entry = archive.by_name(&name).map_err(|_| none())?;
    if entry.size() > FILE_BYTES_MAX {
        return Err(too_large(path));
    }
    document_read(entry, path, school, part)
}

fn bad(path: &Path, key: &'static str) -> Error {
    Error::usage(key, &[("path", &path.display().to_string())])
}

fn document_read(mut input: impl Read, path: &Path, school: &str, part: &mut impl Part) -> Result<(), Error> {
    let mut head = vec![0; 256];
    let mut read = 0;
    // A short read is no end of a file.
    while read < head.len() {
        match input.read(&mut head[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(source) => return Err(Error::File { path: path.to_owned(), source }),
        }
    }
    head.truncate(read);
    let alphabet = alphabet_of(&head).ok_or_else(|| bad(path, "error-vault-alphabet"))?;
    let reading = Reading::new(Cursor::new(head).chain(input), alphabet, PIECE_MAX);
    let mut walk = Walk::new(school, part);
    walk.over(reading).map_err(|why| match why {
        Wrong::Doctype => bad(path, "error-vault-doctype"),
        Wrong::Large => too_large(path),
        Wrong::School(found) => {
            let values = [("path", &*path.display().to_string()), ("found", &*found), ("school", school)];
            Error::usage("error-vault-school", &values)
        }
        Wrong::Lines => {
            let values = [("path", &*path.display().to_string()), ("most", &*LINES_MAX.to_string())];
            Error::usage("error-vault-lines", &values)
        }
        Wrong::Shape => {
            let values = [("path", &*path.display().to_string()), ("line", &*walk.line().to_string())];
            Error::usage("error-vault-xml", &values)
        }
    })
}

/// The alphabet that a document declares; none for one that is not read here.
fn alphabet_of(head: &[u8]) -> Option<Alphabet> {
    let text = String::from_utf8_lossy(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head)).to_lowercase();
    if head.contains(&0) {
        return None;
    }
    let declared = text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")).map(|(declared, _)| declared);
    let Some((_, named)) = declared.and_then(|declared| declared.split_once("encoding")) else {
        return Some(Alphabet::Utf8);
    };
    let named = named.trim_start_matches([' ', '=', '"', '\'']);
    let end = named.find(['"', '\'']).unwrap_or(named.len());
    match &named[..end] {
        "utf-8" | "us-ascii" => Some(Alphabet::Utf8),
        "iso-8859-1" | "windows-1252" => Some(Alphabet::Windows1252),
        "iso-8859-15" => Some(Alphabet::Latin9),
        _ => None,
    }
}
