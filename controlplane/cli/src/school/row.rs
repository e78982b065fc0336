//! A school as a line, and in full.

use crate::print::{Look, Row, Tone};
use serde::Serialize;
use wire::v1::{SchoolShowResponse, SchoolSummary};

/// A line of the list of schools; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct SchoolRow {
    pub(crate) uai: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) degree: Option<String>,
    pub(crate) sector: Option<String>,
    pub(crate) commune: Option<String>,
    pub(crate) commune_code: Option<String>,
    pub(crate) communes: u32,
    pub(crate) departement: Option<String>,
    pub(crate) academie: Option<String>,
    pub(crate) zone: Option<String>,
    pub(crate) siret: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) pupils: Option<u32>,
    pub(crate) priority: Option<String>,
    pub(crate) several_sites: bool,
    pub(crate) dispersed: bool,
    pub(crate) flag: Option<String>,
}

/// A school in full.
#[derive(Debug, Serialize)]
pub(super) struct SchoolSheet {
    #[serde(flatten)]
    pub(super) row: SchoolRow,
    all_communes: Vec<CommuneRow>,
    phone: Option<String>,
    opened: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    contact: Option<String>,
}

#[derive(Debug, Serialize)]
struct CommuneRow {
    code: String,
    name: String,
}

impl From<SchoolSummary> for SchoolRow {
    fn from(summary: SchoolSummary) -> Self {
        let one = summary.school.unwrap_or_default();
        let first = one.communes.first().cloned().unwrap_or_default();
        Self {
            uai: one.uai,
            name: one.name,
            kind: one.kind,
            degree: some(summary.degree),
            sector: some(one.sector),
            commune: some(first.name),
            commune_code: some(first.code),
            communes: u32::try_from(one.communes.len()).unwrap_or(u32::MAX),
            departement: some(one.departement),
            academie: some(one.academie),
            zone: some(summary.zone),
            siret: some(one.siret),
            owner: some(summary.owner),
            pupils: one.pupils,
            priority: some(one.priority),
            several_sites: one.several_sites,
            dispersed: one.dispersed,
            flag: some(summary.flag),
        }
    }
}

impl From<SchoolShowResponse> for SchoolSheet {
    fn from(answer: SchoolShowResponse) -> Self {
        let summary = answer.school.unwrap_or_default();
        let one = summary.school.clone().unwrap_or_default();
        let degrees = |e5: i32| f64::from(e5) / 100_000.0;
        Self {
            row: summary.into(),
            all_communes: one.communes.into_iter().map(|c| CommuneRow { code: c.code, name: c.name }).collect(),
            phone: some(one.phone),
            opened: some(one.opened),
            latitude: one.position.map(|p| degrees(p.latitude_e5)),
            longitude: one.position.map(|p| degrees(p.longitude_e5)),
            contact: some(answer.contact),
        }
    }
}

impl SchoolSheet {
    /// What a sheet says of it, by the keys of the labels.
    pub(super) fn lines(&self, look: &Look<'_>) -> Vec<(&'static str, Option<String>)> {
        let row = &self.row;
        let communes: Vec<String> = self.all_communes.iter().map(|c| format!("{} ({})", c.name, c.code)).collect();
        let sites = [(row.several_sites, "school-several-sites"), (row.dispersed, "school-dispersed")];
        let sites = sites.into_iter().filter(|(yes, _)| *yes).map(|(_, key)| ("school-sites", Some(look.text(key))));
        let mut lines = vec![
            ("school-kind", Some(look.text(&format!("school-kind-{}", row.kind)))),
            ("school-sector", row.sector.as_ref().map(|sector| look.text(&format!("school-sector-{sector}")))),
            ("school-communes", some(communes.join(", "))),
            ("school-departement", row.departement.clone()),
            ("school-academie", row.academie.clone()),
            ("school-zone", row.zone.as_ref().map(|zone| look.text(&format!("zone-{zone}")))),
            ("school-pupils", row.pupils.map(|pupils| look.number(pupils.into()))),
            ("school-siret", row.siret.clone()),
            ("school-owner", row.owner.clone()),
            ("school-phone", self.phone.clone()),
            ("school-opened", self.opened.clone()),
            ("school-contact", self.contact.clone()),
        ];
        lines.extend(row.priority.clone().map(|priority| ("school-priority", Some(priority))));
        lines.extend(sites);
        lines
    }
}

impl Row for SchoolRow {
    const COLUMNS: &'static [&'static str] = &[
        "school-uai",
        "school-name",
        "school-kind",
        "school-commune",
        "school-departement",
        "school-pupils",
        "school-owner",
        "school-flag",
    ];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let known = |text: Option<String>| match text {
            Some(text) => (text, Tone::Plain),
            None => ("–".to_owned(), Tone::Faint),
        };
        let flag = self.flag.as_ref().map(|flag| look.text(&format!("school-flag-{flag}")));
        vec![
            (self.uai.clone(), Tone::Plain),
            (self.name.clone(), Tone::Plain),
            (look.text(&format!("school-kind-{}", self.kind)), Tone::Plain),
            known(self.commune.clone()),
            known(self.departement.clone()),
            known(self.pupils.map(|pupils| look.number(pupils.into()))),
            known(self.owner.clone()),
            flag.map_or((String::new(), Tone::Plain), |flag| (flag, Tone::Warning)),
        ]
    }
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
