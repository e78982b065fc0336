//! The *annuaire de l'éducation*: one row of the ministry's open data as an establishment, with what was repaired in it.
//!
//! The file has some 72 columns, of which these are read. Its column names change their case between exports; spreadsheets that it
//! went through drop leading zeros, lower letters and break accents. What can be known is repaired and said, what cannot is refused
//! and said. Reading bytes and lines is for who calls.

mod value;

use crate::departement::Departement;
use crate::establishment::{
    COMMUNE_CHARS_MAX, Commune, Establishment, Kind, NAME_CHARS_MAX, Sector, TEXT_CHARS_MAX, commune_code,
};
use crate::uai::{UaiError, WrittenUai};
use value::{bool_read, date_read, kind_read, phone_read, position_read, siret_read, tidy};

/// The longest field, in bytes; the register's own are far shorter.
pub const FIELD_BYTES_MAX: usize = 4_096;

/// The columns that are read, as the ministry names them; the first so many must be there.
const NAMES: [&str; 20] = [
    "Identifiant_de_l_etablissement",
    "Nom_etablissement",
    "Type_etablissement",
    "Statut_public_prive",
    "Code_commune",
    "Nom_commune",
    "Code_departement",
    "Libelle_academie",
    "Code_academie",
    "SIREN_SIRET",
    "Nombre_d_eleves",
    "Appartenance_Education_Prioritaire",
    "Telephone",
    "date_ouverture",
    "position",
    "latitude",
    "longitude",
    "etat",
    "multi_uai",
    "rpi_disperse",
];
const NEEDED: usize = 7;

/// Where each column that is read stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    at: [Option<usize>; NAMES.len()],
    count: usize,
}

/// The columns that a file lacks, and cannot be read without.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file has no column {}", .0.join(", "))]
pub struct Missing(pub Vec<&'static str>);

/// A row that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The establishment.
    pub establishment: Establishment,
    /// What was repaired, or left out because it could not be.
    pub notes: Vec<Note>,
}

/// One thing about a row that a person may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// In which column.
    pub column: &'static str,
    /// What was done.
    pub what: Done,
    /// What stood there.
    pub was: String,
    /// What stands there now; empty when nothing does.
    pub now: String,
}

/// What was done about a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Done {
    /// Leading zeros were put back.
    Zeros,
    /// Letters were raised.
    Case,
    /// Accents that were decoded wrongly were put right.
    Accents,
    /// Characters that are no text were taken out.
    Controls,
    /// It was cut to the longest that is kept.
    Cut,
    /// It follows from another column.
    Derived,
    /// It cannot be meant, and was left out.
    Dropped,
    /// The check letter is wrong.
    Letter,
    /// The establishment is closed.
    Closed,
    /// Another row of the same establishment was joined to it.
    Joined,
    /// Another row has the same UAI and does not say why.
    Twice,
}

/// Why a row is not read at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It has another number of fields than there are columns.
    Fields {
        /// How many it has.
        found: usize,
        /// How many there are.
        columns: usize,
    },
    /// A field is too long.
    Long(&'static str),
    /// The UAI has no shape that could be repaired.
    Uai(String),
    /// There is no name.
    Name,
    /// The check letter is wrong, and the one who imports wants none of those.
    Letter(WrittenUai),
}

impl Done {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zeros => "zeros",
            Self::Case => "case",
            Self::Accents => "accents",
            Self::Controls => "controls",
            Self::Cut => "cut",
            Self::Derived => "derived",
            Self::Dropped => "dropped",
            Self::Letter => "letter",
            Self::Closed => "closed",
            Self::Joined => "joined",
            Self::Twice => "twice",
        }
    }

    /// Whether the establishment is left out of indicators because of it.
    #[must_use]
    pub const fn flags(self) -> bool {
        matches!(self, Self::Letter | Self::Closed)
    }
}

impl Refused {
    /// The name in reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Fields { .. } => "fields",
            Self::Long(_) => "long",
            Self::Uai(_) => "uai",
            Self::Name => "name",
            Self::Letter(_) => "letter",
        }
    }
}

impl Columns {
    /// Finds the columns by the names in a file's first row, whatever their case.
    ///
    /// # Errors
    /// [`Missing`] with the names of those that must be there and are not.
    pub fn find<'a>(header: impl IntoIterator<Item = &'a str>) -> Result<Self, Missing> {
        let (mut at, mut count) = ([None; NAMES.len()], 0);
        for (place, name) in header.into_iter().enumerate() {
            let plain = |c: char| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
            let name: String = name.trim_start_matches('\u{feff}').trim().chars().map(plain).collect();
            let known = NAMES.iter().position(|known| known.eq_ignore_ascii_case(&name));
            if let Some(known) = known {
                at[known] = at[known].or(Some(place));
            }
            count = place + 1;
        }
        let missing: Vec<_> = (0..NEEDED).filter(|column| at[*column].is_none()).map(|column| NAMES[column]).collect();
        if missing.is_empty() { Ok(Self { at, count }) } else { Err(Missing(missing)) }
    }

    /// The columns that a file may have and this one has not.
    #[must_use]
    pub fn absent(&self) -> Vec<&'static str> {
        (NEEDED..NAMES.len()).filter(|column| self.at[*column].is_none()).map(|column| NAMES[column]).collect()
    }

    /// Reads a row.
    ///
    /// # Errors
    /// [`Refused`] when it cannot be known which establishment it is, or what it is called.
    pub fn read(&self, fields: &[&str]) -> Result<Read, Refused> {
        if fields.len() != self.count {
            return Err(Refused::Fields { found: fields.len(), columns: self.count });
        }
        for (column, at) in self.at.iter().enumerate() {
            if at.is_some_and(|at| fields[at].len() > FIELD_BYTES_MAX) {
                return Err(Refused::Long(NAMES[column]));
            }
        }
        let mut row = Row { columns: self, fields, notes: Vec::new() };
        let uai = row.uai()?;
        let name = row.text(1, NAME_CHARS_MAX);
        if name.is_empty() {
            return Err(Refused::Name);
        }
        let closed = matches!(row.raw(17).to_lowercase().as_str(), "ferme" | "fermé" | "fermee" | "fermée");
        if closed {
            row.note(17, Done::Closed, row.raw(17), "");
        }
        let establishment = Establishment {
            uai,
            name,
            kind: kind_read(row.raw(2)).unwrap_or(Kind::Other),
            sector: row.parsed(3, |text| match text.to_lowercase().as_str() {
                "public" => Some(Sector::Public),
                "privé" | "prive" | "private" => Some(Sector::Private),
                _ => None,
            }),
            communes: row.commune().into_iter().collect(),
            departement: row.departement(uai),
            academie: row.academie(),
            siret: row.parsed(9, siret_read).unwrap_or_default(),
            pupils: row.parsed(10, |text| text.strip_suffix(".0").unwrap_or(text).parse().ok()),
            priority: row.text(11, TEXT_CHARS_MAX),
            phone: row.phone(),
            opened: row.parsed(13, date_read),
            position: row.position(),
            several_sites: row.flag(18),
            dispersed: row.flag(19),
            closed,
        };
        Ok(Read { establishment, notes: row.notes })
    }
}

/// A row while it is read.
struct Row<'a> {
    columns: &'a Columns,
    fields: &'a [&'a str],
    notes: Vec<Note>,
}

impl<'a> Row<'a> {
    /// What stands in a column, without the space around it; nothing when the file has no such column.
    fn raw(&self, column: usize) -> &'a str {
        self.columns.at[column].and_then(|at| self.fields.get(at)).map_or("", |text| text.trim())
    }

    fn note(&mut self, column: usize, what: Done, was: &str, now: &str) {
        let (was, now) = (was.chars().take(TEXT_CHARS_MAX).collect(), now.chars().take(TEXT_CHARS_MAX).collect());
        self.notes.push(Note { column: NAMES[column], what, was, now });
    }

    fn uai(&mut self) -> Result<WrittenUai, Refused> {
        let raw = self.raw(0);
        let uai: WrittenUai = raw.parse().map_err(|error| match error {
            UaiError::Shape(written) | UaiError::Letter { written, .. } => Refused::Uai(written),
        })?;
        let now = uai.to_string();
        if raw.len() < now.len() {
            self.note(0, Done::Zeros, raw, &now);
        } else if raw != now {
            self.note(0, Done::Case, raw, &now);
        }
        if uai.uai().is_none() {
            self.note(0, Done::Letter, &now, &uai.expected().to_string());
        }
        Ok(uai)
    }

    /// A text, tidied and cut.
    fn text(&mut self, column: usize, most: usize) -> String {
        let raw = self.raw(column);
        let (text, done) = tidy(raw);
        if let Some(done) = done {
            self.note(column, done, raw, &text);
        }
        if text.chars().count() <= most {
            return text;
        }
        let cut: String = text.chars().take(most).collect();
        self.note(column, Done::Cut, &text, &cut);
        cut
    }

    /// A value, left out and said so when it cannot be meant.
    fn parsed<T>(&mut self, column: usize, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let raw = self.raw(column);
        if raw.is_empty() {
            return None;
        }
        let parsed = parse(raw);
        if parsed.is_none() {
            self.note(column, Done::Dropped, raw, "");
        }
        parsed
    }

    fn flag(&mut self, column: usize) -> bool {
        self.parsed(column, bool_read).unwrap_or_default()
    }

    fn commune(&mut self) -> Option<Commune> {
        let raw = self.raw(4);
        let code = self.parsed(4, commune_code)?;
        if code.len() != raw.len() {
            self.note(4, Done::Zeros, raw, &code);
        } else if code != raw {
            self.note(4, Done::Case, raw, &code);
        }
        let name = self.text(5, COMMUNE_CHARS_MAX);
        Some(Commune { code, name })
    }

    /// The département of its column, else of its UAI.
    fn departement(&mut self, uai: WrittenUai) -> Option<Departement> {
        let raw = self.raw(6);
        let written = self.parsed(6, |text| text.parse::<Departement>().ok());
        // `75` and `075` are both in use; only one figure has lost its zero.
        if let Some(departement) = written.filter(|_| raw.len() == 1) {
            self.note(6, Done::Zeros, raw, &departement.to_string());
        }
        if written.is_some() {
            return written;
        }
        let derived = Departement::of_uai(uai)?;
        self.note(6, Done::Derived, raw, &derived.to_string());
        Some(derived)
    }

    fn academie(&mut self) -> String {
        let label = self.text(7, TEXT_CHARS_MAX);
        if label.is_empty() { self.text(8, TEXT_CHARS_MAX) } else { label }
    }

    fn phone(&mut self) -> String {
        let raw = self.raw(12);
        let Some((phone, repaired)) = self.parsed(12, phone_read) else { return String::new() };
        if repaired {
            self.note(12, Done::Zeros, raw, &phone);
        }
        phone
    }

    fn position(&mut self) -> Option<crate::establishment::Position> {
        if !self.raw(14).is_empty() {
            return self.parsed(14, position_read);
        }
        let both = format!("{},{}", self.raw(15), self.raw(16));
        if both == "," { None } else { position_read(&both) }
    }
}

#[cfg(test)]
mod tests;
