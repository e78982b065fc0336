//! The pupils' export.

use super::walk::{Part, Wrong, attribute};
use super::{PUPILS, document_open};
use crate::Error;
use crate::vault::file::{Fault, Refused, SchoolFile, birth_read};
use crate::vault::table::LINES_MAX;
use quick_xml::events::BytesStart;
use std::collections::BTreeMap;
use std::path::Path;
use wire::v1::VaultIncoming;

/// Reads the pupils' export of a school.
pub(crate) fn pupils_read(path: &Path, school: &str) -> Result<SchoolFile, Error> {
    let mut pupils = Pupils::default();
    document_open(path, school, PUPILS, &mut pupils)?;
    Ok(pupils.finish())
}

#[derive(Default)]
struct Pupils {
    addresses: bool,
    pupils: Vec<VaultIncoming>,
    births: Vec<String>,
    /// The class of each pupil, by the identifier within the school.
    classes: BTreeMap<String, String>,
    /// Whose structures are being read, and the one that is.
    structured: String,
    structure: (String, String),
}

impl Part for Pupils {
    const ROOT: &'static str = "BEE_ELEVES";

    fn begin(&mut self, place: &str, start: &BytesStart<'_>) -> Result<(), Wrong> {
        match place {
            "DONNEES/ELEVES/ELEVE" => {
                if self.pupils.len() == LINES_MAX {
                    return Err(Wrong::Lines);
                }
                let line = u32::try_from(self.pupils.len() + 1).unwrap_or(u32::MAX);
                let local_id = attribute(start, "ELEVE_ID")?;
                self.pupils.push(VaultIncoming { line, local_id, ..VaultIncoming::default() });
                self.births.push(String::new());
            }
            "DONNEES/STRUCTURES/STRUCTURES_ELEVE" => self.structured = attribute(start, "ELEVE_ID")?,
            "DONNEES/STRUCTURES/STRUCTURES_ELEVE/STRUCTURE" => self.structure = Default::default(),
            place if place.contains("ADRESSE") => self.addresses = true,
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, place: &str, text: String) {
        match (place, self.pupils.last_mut()) {
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
    }
}

impl Pupils {
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
