//! The guardians' export: people, addresses, and which pupil each one answers for.

use super::document_open;
use super::walk::{Part, Wrong, attribute};
use crate::Error;
use crate::vault::file::{Fault, Refused, SchoolFile};
use crate::vault::table::LINES_MAX;
use quick_xml::events::BytesStart;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use wire::v1::{VaultGuardian, VaultGuardianLine, VaultPupilName};

/// A line on the wire names at most so many pupils.
const PUPILS_MAX: usize = 10;
/// The most lines of an address; those before are joined.
const ADDRESS_LINES_MAX: usize = 5;

/// Reads the guardians' export of a school: those who sign, first and second; their addresses only where they are wanted.
pub(crate) fn guardians_read(path: &Path, school: &str, with_addresses: bool) -> Result<SchoolFile, Error> {
    let mut guardians = Guardians::default();
    document_open(path, school, "responsables", &mut guardians)?;
    Ok(guardians.finish(with_addresses))
}

#[derive(Default)]
struct Guardians {
    /// People by their identifier within the document, with those of their addresses.
    people: BTreeMap<String, Someone>,
    addresses: BTreeMap<String, Address>,
    links: Vec<Link>,
    /// The person and the address that are being read.
    person: String,
    address: String,
}

/// A person of the document.
#[derive(Default)]
struct Someone {
    line: u32,
    guardian: VaultGuardian,
    usage: String,
    /// Mobile, at home, at work.
    phones: [String; 3],
    address: String,
}

#[derive(Default)]
struct Address {
    lines: Vec<String>,
    postcode: String,
    town: String,
    country: String,
}

/// Who answers for whom: `1` and `2` sign.
#[derive(Default)]
struct Link {
    pupil: String,
    person: String,
    legal: String,
}

impl Part for Guardians {
    const ROOT: &'static str = "BEE_RESPONSABLES";

    fn begin(&mut self, place: &str, start: &BytesStart<'_>) -> Result<(), Wrong> {
        let room = |count: usize| if count < LINES_MAX { Ok(()) } else { Err(Wrong::Lines) };
        match place {
            "DONNEES/PERSONNES/PERSONNE" => {
                room(self.people.len())?;
                self.person = attribute(start, "PERSONNE_ID")?;
                let line = u32::try_from(self.people.len() + 1).unwrap_or(u32::MAX);
                self.people.insert(self.person.clone(), Someone { line, ..Someone::default() });
            }
            "DONNEES/ADRESSES/ADRESSE" => {
                room(self.addresses.len())?;
                self.address = attribute(start, "ADRESSE_ID")?;
                self.addresses.insert(self.address.clone(), Address::default());
            }
            "DONNEES/RESPONSABLES/RESPONSABLE_ELEVE" => {
                // Each pupil has several.
                room(self.links.len() / 4)?;
                self.links.push(Link::default());
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, place: &str, text: String) {
        let Some((above, name)) = place.rsplit_once('/') else { return };
        match above {
            "DONNEES/PERSONNES/PERSONNE" => {
                if let Some(person) = self.people.get_mut(&self.person) {
                    person.take(name, text);
                }
            }
            "DONNEES/ADRESSES/ADRESSE" => {
                if let Some(address) = self.addresses.get_mut(&self.address) {
                    address.take(name, text);
                }
            }
            "DONNEES/RESPONSABLES/RESPONSABLE_ELEVE" => {
                if let Some(link) = self.links.last_mut() {
                    match name {
                        "ELEVE_ID" => link.pupil = text,
                        "PERSONNE_ID" => link.person = text,
                        "RESP_LEGAL" => link.legal = text,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

impl Guardians {
    fn finish(mut self, with_addresses: bool) -> SchoolFile {
        let mut file = SchoolFile { whole: true, ..SchoolFile::default() };
        // The first to sign of each pupil comes before the second, whatever the order of the document.
        let mut signing: BTreeMap<(&str, u32, &str), BTreeSet<&str>> = BTreeMap::new();
        let mut lost = BTreeSet::new();
        for link in self.links.iter().filter(|link| link.legal == "1" || link.legal == "2") {
            match self.people.get(&link.person) {
                Some(person) if !link.pupil.is_empty() => {
                    signing.entry((&link.legal, person.line, &link.person)).or_default().insert(&link.pupil);
                }
                _ => drop(lost.insert(link.person.as_str())),
            }
        }
        file.refused.extend(lost.iter().map(|_| Refused { line: 0, fault: Fault::Link }));
        let addresses = std::mem::take(&mut self.addresses);
        for ((_, line, id), pupils) in signing {
            let Some(person) = self.people.get(id) else { continue };
            let lines = addresses.get(&person.address).map(Address::lines).unwrap_or_default();
            file.addresses |= !lines.is_empty();
            let guardian = person.guardian(if with_addresses { lines } else { Vec::new() });
            let pupils: Vec<&str> = pupils.into_iter().collect();
            for few in pupils.chunks(PUPILS_MAX) {
                let pupil = |id: &&str| VaultPupilName { local_id: (*id).to_owned(), ..VaultPupilName::default() };
                let pupils = few.iter().map(pupil).collect();
                file.guardians.push(VaultGuardianLine {
                    line,
                    guardian: Some(guardian.clone()),
                    pupils,
                    ..VaultGuardianLine::default()
                });
            }
        }
        file.guardians_close();
        file
    }
}

impl Someone {
    fn take(&mut self, name: &str, text: String) {
        match name {
            "LC_CIVILITE" => {
                self.guardian.title = match text.to_uppercase().as_str() {
                    "MME" | "MLLE" => "Mme".to_owned(),
                    "M" | "M." => "M.".to_owned(),
                    _ => text,
                }
            }
            "NOM_DE_FAMILLE" | "NOM" if !text.is_empty() => self.guardian.surname = text,
            "NOM_USAGE" => self.usage = text,
            "PRENOM" => self.guardian.first_name = text,
            "TEL_PORTABLE" => self.phones[0] = text,
            "TEL_PERSONNEL" => self.phones[1] = text,
            "TEL_PROFESSIONNEL" => self.phones[2] = text,
            "MEL" => self.guardian.email = text,
            "ADRESSE_ID" => self.address = text,
            _ => {}
        }
    }

    fn guardian(&self, address: Vec<String>) -> VaultGuardian {
        let mut guardian = VaultGuardian { address, ..self.guardian.clone() };
        if !self.usage.is_empty() {
            guardian.surname.clone_from(&self.usage);
        }
        guardian.phones = self.phones.iter().filter(|phone| !phone.is_empty()).cloned().collect();
        guardian
    }
}

impl Address {
    fn take(&mut self, name: &str, text: String) {
        match name {
            "CODE_POSTAL" => self.postcode = text,
            "LIBELLE_POSTAL" => self.town = text,
            "COMMUNE_ETRANGERE" if self.town.is_empty() => self.town = text,
            "LL_PAYS" if text.to_uppercase() != "FRANCE" => self.country = text,
            _ if self.lines.len() == ADDRESS_LINES_MAX || text.is_empty() => {}
            name if name.starts_with("LIGNE") && name.ends_with("_ADRESSE") => self.lines.push(text),
            _ => {}
        }
    }

    fn lines(&self) -> Vec<String> {
        let town = format!("{} {}", self.postcode, self.town).trim().to_owned();
        let mut lines = self.lines.clone();
        lines.extend([town, self.country.clone()].into_iter().filter(|line| !line.is_empty()));
        while lines.len() > ADDRESS_LINES_MAX {
            let second = lines.remove(1);
            lines[0] = format!("{}, {second}", lines[0]);
        }
        lines
    }
}
