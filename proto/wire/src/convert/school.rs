//! Establishments and the school calendar.

use super::ConvertError;
use crate::v1;
use model::calendar::{Break, Calendar, Zone};
use model::establishment::{Commune, Establishment, Position};
use std::collections::BTreeMap;

impl From<Establishment> for v1::School {
    fn from(one: Establishment) -> Self {
        let commune = |c: Commune| v1::Commune { code: c.code, name: c.name };
        let position = |p: Position| v1::Position { latitude_e5: p.latitude_e5, longitude_e5: p.longitude_e5 };
        Self {
            uai: one.uai.to_string(),
            name: one.name,
            kind: one.kind.name().to_owned(),
            sector: one.sector.map_or("", |sector| sector.name()).to_owned(),
            communes: one.communes.into_iter().map(commune).collect(),
            departement: one.departement.map_or_else(String::new, |d| d.to_string()),
            academie: one.academie,
            siret: one.siret,
            pupils: one.pupils,
            priority: one.priority,
            phone: one.phone,
            opened: one.opened.map_or_else(String::new, |day| day.to_string()),
            position: one.position.map(position),
            several_sites: one.several_sites,
            dispersed: one.dispersed,
            closed: one.closed,
        }
    }
}

/// The whole must be within its limits, too.
impl TryFrom<v1::School> for Establishment {
    type Error = ConvertError;
    fn try_from(one: v1::School) -> Result<Self, ConvertError> {
        let commune = |c: v1::Commune| Commune { code: c.code, name: c.name };
        let position = |p: v1::Position| Position { latitude_e5: p.latitude_e5, longitude_e5: p.longitude_e5 };
        let read = Self {
            uai: one.uai.parse().map_err(|_| ConvertError::invalid("uai"))?,
            name: one.name,
            kind: one.kind.parse().map_err(|_| ConvertError::invalid("kind"))?,
            sector: some(&one.sector, "sector")?,
            communes: one.communes.into_iter().map(commune).collect(),
            departement: some(&one.departement, "departement")?,
            academie: one.academie,
            siret: one.siret,
            pupils: one.pupils,
            priority: one.priority,
            phone: one.phone,
            opened: some(&one.opened, "opened")?,
            position: one.position.map(position),
            several_sites: one.several_sites,
            dispersed: one.dispersed,
            closed: one.closed,
        };
        if read.fits() { Ok(read) } else { Err(ConvertError::invalid("school")) }
    }
}

/// Breaks by their zone.
///
/// # Errors
/// When a zone is not known, a day is none, or a break cannot be meant.
pub fn calendar_read(breaks: Vec<v1::SchoolBreak>) -> Result<BTreeMap<Zone, Vec<Break>>, ConvertError> {
    let mut zones: BTreeMap<Zone, Vec<Break>> = BTreeMap::new();
    for one in breaks {
        let zone = one.zone.parse().map_err(|_| ConvertError::invalid("zone"))?;
        let first = one.first.parse().map_err(|_| ConvertError::invalid("first"))?;
        let last = one.last.parse().map_err(|_| ConvertError::invalid("last"))?;
        let read = Break { first, last, name: one.name };
        read.check().map_err(|_| ConvertError::invalid("break"))?;
        zones.entry(zone).or_default().push(read);
    }
    Ok(zones)
}

/// All breaks of a calendar, zone by zone.
#[must_use]
pub fn calendar_breaks(calendar: &Calendar) -> Vec<v1::SchoolBreak> {
    let of = |zone: Zone| {
        calendar.breaks(zone).iter().map(move |one| v1::SchoolBreak {
            zone: zone.name().to_owned(),
            name: one.name.clone(),
            first: one.first.to_string(),
            last: one.last.to_string(),
        })
    };
    calendar.zones().flat_map(of).collect()
}

fn some<T: std::str::FromStr>(text: &str, field: &'static str) -> Result<Option<T>, ConvertError> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| ConvertError::invalid(field)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_school_is_the_same_after_the_wire_and_hostile_ones_are_refused() {
        let value = serde_json::json!({
            "uai": "6200088B", "name": "École", "kind": "primary", "sector": "public", "departement": "2A",
            "communes": [{"code": "2A041", "name": "Exemple"}], "siret": "21200041800047", "pupils": 0,
            "opened": "1969-04-26", "position": {"latitude_e5": 4_138_000, "longitude_e5": -1}, "dispersed": true,
        });
        let school: Establishment = serde_json::from_value(value).unwrap();
        let wire = v1::School::from(school.clone());
        assert_eq!(Establishment::try_from(wire.clone()).unwrap(), school);
        let long = "x".repeat(100_000);
        for bad in [
            v1::School::default(),
            v1::School { uai: "62000881".to_owned(), ..wire.clone() },
            v1::School { name: long.clone(), ..wire.clone() },
            v1::School { name: "a\u{1b}[2J".to_owned(), ..wire.clone() },
            v1::School { kind: "école".to_owned(), ..wire.clone() },
            v1::School { siret: "21200041800048".to_owned(), ..wire.clone() },
            v1::School { opened: "26/04/1969".to_owned(), ..wire.clone() },
            v1::School { communes: vec![v1::Commune { code: "2A041".to_owned(), name: long.clone() }], ..wire.clone() },
            v1::School { phone: long, ..wire },
        ] {
            assert!(Establishment::try_from(bad).is_err());
        }
    }
}
