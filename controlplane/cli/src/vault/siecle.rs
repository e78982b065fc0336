//! SIECLE's exports: what secondary schools have, as XML, alone or in a zip archive.
//!
//! The XML is read as a stream. A document type is refused, so there is no entity but the five of XML and characters by number; depth, the
//! length of each piece and the whole have their limits.

use super::file::{Fault, Refused, SchoolFile, birth_read, text_cut};
use super::onde::LINES_MAX;
use super::text::{Alphabet, FILE_BYTES_MAX, Reading, too_large};
use crate::Error;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use wire::v1::VaultIncoming;
use zip::ZipArchive;

/// The deepest that elements lie within each other.
const DEPTH_MAX: usize = 16;
/// The longest text, tag or attribute, in bytes.
const PIECE_MAX: usize = 64 * 1024;
/// The most files in an archive.
const ENTRIES_MAX: usize = 100;
const ZIP: &[u8] = b"PK\x03\x04";

/// Reads the pupils' export of a school.
pub(super) fn pupils_read(path: &Path, school: &str) -> Result<SchoolFile, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.len() > FILE_BYTES_MAX {
        return Err(too_large(path));
    }
    let mut begin = [0; 4];
    let read = file.read(&mut begin).map_err(failed)?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    if begin[..read] != *ZIP {
        return document_read(file, path, school);
    }
    let broken = |_| bad(path, "error-vault-zip");
    let mut archive = ZipArchive::new(file).map_err(broken)?;
    if archive.len() > ENTRIES_MAX {
        return Err(bad(path, "error-vault-zip"));
    }
    let pupils = |name: &str| {
        let name = name.to_lowercase();
        name.rsplit('/').next().is_some_and(|file| file.starts_with("eleves") && file.ends_with(".xml"))
    };
    let mut names = archive.file_names().filter_map(Result::ok).map(std::borrow::Cow::into_owned);
    let name = names.find(|name| pupils(name)).ok_or_else(|| bad(path, "error-vault-zip"))?;
    drop(names);
    let entry = archive.by_name(&name).map_err(broken)?;
    if entry.size() > FILE_BYTES_MAX {
        return Err(too_large(path));
    }
    document_read(entry, path, school)
}

fn bad(path: &Path, key: &'static str) -> Error {
    Error::usage(key, &[("path", &path.display().to_string())])
}

fn document_read(mut input: impl Read, path: &Path, school: &str) -> Result<SchoolFile, Error> {
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
    let mut document = Document { school, ..Document::default() };
    let walked = document.walk(reading);
    walked.map_err(|why| match why {
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
        Wrong::Shape(line) => {
            let values = [("path", &*path.display().to_string()), ("line", &*line.to_string())];
            Error::usage("error-vault-xml", &values)
        }
    })?;
    Ok(document.finish())
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
        "iso-8859-1" | "windows-1252" => Some(Alphabet::Latin1),
        "iso-8859-15" => Some(Alphabet::Latin9),
        _ => None,
    }
}

/// Why a document is not taken.
enum Wrong {
    Doctype,
    Large,
    School(String),
    Lines,
    Shape(u32),
}

#[derive(Default)]
struct Document<'a> {
    school: &'a str,
    /// Where the reader is: names of elements, and how they join below the root.
    path: Vec<String>,
    place: String,
    text: String,
    seen_school: bool,
    addresses: bool,
    pupils: Vec<VaultIncoming>,
    births: Vec<String>,
    /// The class of each pupil, by the identifier within the school.
    classes: BTreeMap<String, String>,
    /// Whose structures are being read, and the one that is.
    structured: String,
    structure: (String, String),
    line: u32,
}

impl Document<'_> {
    fn walk<R: Read>(&mut self, reading: Reading<R>) -> Result<(), Wrong> {
        let mut reader = Reader::from_reader(reading);
        reader.config_mut().check_end_names = true;
        let mut buffer = Vec::new();
        loop {
            reader.get_mut().mark();
            buffer.clear();
            let shape = Wrong::Shape(self.line);
            let event = match reader.read_event_into(&mut buffer) {
                Ok(event) => event,
                Err(quick_xml::Error::Io(error)) if error.kind() == std::io::ErrorKind::FileTooLarge => {
                    return Err(Wrong::Large);
                }
                Err(_) => return Err(shape),
            };
            match event {
                Event::DocType(_) => return Err(Wrong::Doctype),
                Event::Start(start) => self.begin(&start)?,
                Event::Empty(start) => {
                    self.begin(&start)?;
                    self.end()?;
                }
                Event::Text(text) => {
                    self.line = self.line.saturating_add(u32::try_from(text.matches('\n').count()).unwrap_or(0));
                    self.text.push_str(&text);
                }
                Event::CData(text) => self.text.push_str(&text),
                Event::GeneralRef(named) => {
                    let by_number = named.resolve_char_ref().map_err(|_| Wrong::Shape(self.line))?;
                    let letter = by_number.or(match &*named {
                        "amp" => Some('&'),
                        "lt" => Some('<'),
                        "gt" => Some('>'),
                        "quot" => Some('"'),
                        "apos" => Some('\''),
                        _ => None,
                    });
                    self.text.push(letter.ok_or(Wrong::Shape(self.line))?);
                }
                Event::End(_) => self.end()?,
                Event::Eof => break,
                _ => {}
            }
            if self.text.len() > PIECE_MAX {
                return Err(Wrong::Shape(self.line));
            }
        }
        // Cut in the middle, it is not the file that the school has made.
        if !self.path.is_empty() || !self.seen_school {
            return Err(Wrong::Shape(self.line));
        }
        Ok(())
    }

    fn begin(&mut self, start: &BytesStart<'_>) -> Result<(), Wrong> {
        if self.path.len() >= DEPTH_MAX {
            return Err(Wrong::Shape(self.line));
        }
        let name = start.name().as_ref().to_owned();
        if self.path.is_empty() && name != "BEE_ELEVES" {
            return Err(Wrong::Shape(self.line));
        }
        self.text.clear();
        self.path.push(name);
        self.place = self.path[1..].join("/");
        match self.place.as_str() {
            "DONNEES/ELEVES/ELEVE" => {
                // The school stands before its pupils; without it nothing is taken.
                if !self.seen_school {
                    return Err(Wrong::Shape(self.line));
                }
                if self.pupils.len() == LINES_MAX {
                    return Err(Wrong::Lines);
                }
                let line = u32::try_from(self.pupils.len() + 1).unwrap_or(u32::MAX);
                let local_id = self.identifier(start)?;
                self.pupils.push(VaultIncoming { line, local_id, ..VaultIncoming::default() });
                self.births.push(String::new());
            }
            "DONNEES/STRUCTURES/STRUCTURES_ELEVE" => self.structured = self.identifier(start)?,
            "DONNEES/STRUCTURES/STRUCTURES_ELEVE/STRUCTURE" => self.structure = Default::default(),
            place if place.contains("ADRESSE") => self.addresses = true,
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Wrong> {
        let text = text_cut(&std::mem::take(&mut self.text));
        let pupil = self.pupils.last_mut();
        match (self.place.as_str(), pupil) {
            ("PARAMETRES/UAJ", _) => {
                if text.to_uppercase() != self.school {
                    return Err(Wrong::School(text.chars().take(16).collect()));
                }
                self.seen_school = true;
            }
            (at, Some(pupil)) if at.starts_with("DONNEES/ELEVES/ELEVE/") => {
                match at.rsplit('/').next().unwrap_or_default() {
                    "ID_NATIONAL" if pupil.ine.is_empty() => pupil.ine = text,
                    "INE_RNIE" if !text.is_empty() => pupil.ine = text,
                    "NOM_DE_FAMILLE" | "NOM" if !text.is_empty() => pupil.surname = text,
                    "NOM_USAGE" => pupil.usage_name = text,
                    "PRENOM" => pupil.first_name = text,
                    "DATE_NAISS" => {
                        if let Some(birth) = self.births.last_mut() {
                            *birth = text;
                        }
                    }
                    _ => {}
                }
            }
            ("DONNEES/STRUCTURES/STRUCTURES_ELEVE/STRUCTURE/CODE_STRUCTURE", _) => self.structure.0 = text,
            ("DONNEES/STRUCTURES/STRUCTURES_ELEVE/STRUCTURE/TYPE_STRUCTURE", _) => self.structure.1 = text,
            ("DONNEES/STRUCTURES/STRUCTURES_ELEVE/STRUCTURE", _)
                if self.structure.1 == "D" && self.classes.len() < LINES_MAX =>
            {
                self.classes.insert(self.structured.clone(), std::mem::take(&mut self.structure.0));
            }
            _ => {}
        }
        self.path.pop();
        self.place = self.path.get(1..).unwrap_or_default().join("/");
        Ok(())
    }

    fn identifier(&self, start: &BytesStart<'_>) -> Result<String, Wrong> {
        let found = start.try_get_attribute("ELEVE_ID").map_err(|_| Wrong::Shape(self.line))?;
        Ok(found.map(|attribute| text_cut(&attribute.value)).unwrap_or_default())
    }

    fn finish(self) -> SchoolFile {
        let mut file = SchoolFile { addresses: self.addresses, ..SchoolFile::default() };
        for (mut pupil, birth) in self.pupils.into_iter().zip(self.births) {
            if let Some(class) = self.classes.get(&pupil.local_id) {
                pupil.class.clone_from(class);
            }
            match birth_read(&birth) {
                Ok(birth) => file.persons.push(VaultIncoming { birth, ..pupil }),
                Err(()) => file.refused.push(Refused { line: pupil.line, fault: Fault::Birth }),
            }
        }
        file
    }
}
