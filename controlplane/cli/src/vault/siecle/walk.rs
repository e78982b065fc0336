//! Going through a document of SIECLE as a stream, within limits, to the part of it that is wanted.

use super::PIECE_MAX;
use crate::vault::file::text_cut;
use crate::vault::text::Reading;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::io::Read;

/// The deepest that elements lie within each other.
const DEPTH_MAX: usize = 16;

/// Why a document is not taken.
pub(super) enum Wrong {
    /// It declares a document type.
    Doctype,
    /// It is larger than any school's.
    Large,
    /// It is another school's.
    School(String),
    /// It has more people than any school.
    Lines,
    /// It is no whole document of this kind.
    Shape,
}

/// What is made of a document: it is told of each element, by the names that lead to it below the root.
pub(super) trait Part {
    /// The root's name.
    const ROOT: &'static str;

    /// An element begins.
    fn begin(&mut self, place: &str, start: &BytesStart<'_>) -> Result<(), Wrong>;

    /// An element ends, with the text in it.
    fn end(&mut self, place: &str, text: String);
}

/// Where the reader is.
pub(super) struct Walk<'a, P> {
    school: &'a str,
    part: &'a mut P,
    path: Vec<String>,
    /// How the path's names join below the root.
    place: String,
    text: String,
    seen_school: bool,
    line: u32,
}

/// What stands in an attribute; nothing without it.
pub(super) fn attribute(start: &BytesStart<'_>, name: &str) -> Result<String, Wrong> {
    let found = start.try_get_attribute(name).map_err(|_| Wrong::Shape)?;
    Ok(found.map(|attribute| text_cut(&attribute.value)).unwrap_or_default())
}

impl<'a, P: Part> Walk<'a, P> {
    pub(super) fn new(school: &'a str, part: &'a mut P) -> Self {
        let (path, place, text) = (Vec::new(), String::new(), String::new());
        Self { school, part, path, place, text, seen_school: false, line: 0 }
    }

    /// About which line it is.
    pub(super) const fn line(&self) -> u32 {
        self.line
    }

    /// Goes through all of it.
    pub(super) fn over<R: Read>(&mut self, reading: Reading<R>) -> Result<(), Wrong> {
        let mut reader = Reader::from_reader(reading);
        reader.config_mut().check_end_names = true;
        let mut buffer = Vec::new();
        loop {
            reader.get_mut().mark();
            buffer.clear();
            let event = match reader.read_event_into(&mut buffer) {
                Ok(event) => event,
                Err(quick_xml::Error::Io(error)) if error.kind() == std::io::ErrorKind::FileTooLarge => {
                    return Err(Wrong::Large);
                }
                Err(_) => return Err(Wrong::Shape),
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
                    let by_number = named.resolve_char_ref().map_err(|_| Wrong::Shape)?;
                    let letter = by_number.or(match &*named {
                        "amp" => Some('&'),
                        "lt" => Some('<'),
                        "gt" => Some('>'),
                        "quot" => Some('"'),
                        "apos" => Some('\''),
                        _ => None,
                    });
                    self.text.push(letter.ok_or(Wrong::Shape)?);
                }
                Event::End(_) => self.end()?,
                Event::Eof => break,
                _ => {}
            }
            if self.text.len() > PIECE_MAX {
                return Err(Wrong::Shape);
            }
        }
        // Cut in the middle, it is not the file that the school has made.
        if !self.path.is_empty() || !self.seen_school {
            return Err(Wrong::Shape);
        }
        Ok(())
    }

    fn begin(&mut self, start: &BytesStart<'_>) -> Result<(), Wrong> {
        if self.path.len() >= DEPTH_MAX {
            return Err(Wrong::Shape);
        }
        let name = start.name().as_ref().to_owned();
        if self.path.is_empty() && name != P::ROOT {
            return Err(Wrong::Shape);
        }
        self.text.clear();
        self.path.push(name);
        self.place = self.path[1..].join("/");
        // The school stands before its people; without it nobody is taken.
        if self.place == "DONNEES" && !self.seen_school {
            return Err(Wrong::Shape);
        }
        self.part.begin(&self.place, start)
    }

    fn end(&mut self) -> Result<(), Wrong> {
        let text = text_cut(&std::mem::take(&mut self.text));
        if self.place == "PARAMETRES/UAJ" {
            if text.to_uppercase() != self.school {
                return Err(Wrong::School(text.chars().take(16).collect()));
            }
            self.seen_school = true;
        } else {
            self.part.end(&self.place, text);
        }
        self.path.pop();
        self.place = self.path.get(1..).unwrap_or_default().join("/");
        Ok(())
    }
}
