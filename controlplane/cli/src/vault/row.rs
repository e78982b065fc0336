//! An identity as a line and as a sheet.

use crate::print::{Look, Row, Sheet, Tone, rfc3339};
use serde::Serialize;
use wire::v1::{VaultGuardian, VaultPerson, VaultSource, VaultStatusResponse};

/// A line of the people found; the field names are promised to programs.
#[derive(Clone, Default, Serialize)]
pub(crate) struct PersonRow {
    pub(crate) reference: String,
    pub(crate) kind: String,
    pub(crate) surname: String,
    pub(crate) usage_name: Option<String>,
    pub(crate) first_name: String,
    pub(crate) birth: Option<String>,
    pub(crate) class: Option<String>,
    pub(crate) school: String,
    pub(crate) source: &'static str,
    pub(crate) imported: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) guardians: Vec<GuardianRow>,
    #[serde(skip)]
    imported_unix_ms: i64,
}

/// A guardian within it.
#[derive(Clone, Default, Serialize)]
pub(crate) struct GuardianRow {
    title: String,
    surname: String,
    first_name: String,
    address: Vec<String>,
    phones: Vec<String>,
    email: String,
}

/// What `vault status` says.
#[derive(Serialize)]
pub(super) struct Status {
    pub(super) persons: u64,
    pub(super) made: Option<String>,
    #[serde(flatten)]
    pub(super) retention: Retained,
    #[serde(skip)]
    pub(super) made_unix_ms: i64,
}

/// How long identities are kept.
#[derive(Serialize)]
pub(super) struct Retained {
    pub(super) days_after_loan: u32,
    pub(super) days_without_loan: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) due: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) erased: bool,
}

impl Retained {
    pub(super) fn lines(&self, sheet: &mut Sheet, look: &Look<'_>) {
        for (key, days) in [("vault-after-loan", self.days_after_loan), ("vault-without-loan", self.days_without_loan)]
        {
            sheet.line(look.text(key), look.count("vault-days", days as usize), Tone::Plain);
        }
    }
}

impl From<VaultStatusResponse> for Status {
    fn from(status: VaultStatusResponse) -> Self {
        Self {
            persons: status.persons,
            made: rfc3339(status.made_unix_ms),
            retention: Retained {
                days_after_loan: status.days_after_loan,
                days_without_loan: status.days_without_loan,
                due: None,
                erased: false,
            },
            made_unix_ms: status.made_unix_ms,
        }
    }
}

impl From<VaultPerson> for PersonRow {
    fn from(p: VaultPerson) -> Self {
        let source = match p.source() {
            VaultSource::Onde => "onde",
            VaultSource::Siecle => "siecle",
            VaultSource::Staff => "staff",
            VaultSource::Hand => "hand",
            VaultSource::Unspecified => "unknown",
        };
        let some = |text: String| Some(text).filter(|t| !t.is_empty());
        Self {
            source,
            imported: rfc3339(p.imported_unix_ms),
            imported_unix_ms: p.imported_unix_ms,
            reference: p.reference,
            kind: p.kind,
            surname: p.surname,
            usage_name: some(p.usage_name),
            first_name: p.first_name,
            birth: some(p.birth),
            class: some(p.class),
            school: p.school,
            guardians: p.guardians.into_iter().map(GuardianRow::from).collect(),
        }
    }
}

impl From<VaultGuardian> for GuardianRow {
    fn from(g: VaultGuardian) -> Self {
        let VaultGuardian { title, surname, first_name, address, phones, email } = g;
        Self { title, surname, first_name, address, phones, email }
    }
}

impl Row for PersonRow {
    const COLUMNS: &'static [&'static str] =
        &["vault-surname", "vault-first-name", "vault-class", "vault-birth", "vault-school", "vault-reference"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let known = |text: &Option<String>| match text {
            Some(text) => (text.clone(), Tone::Plain),
            None => (look.unknown(), Tone::Faint),
        };
        vec![
            (self.surname.clone(), Tone::Plain),
            (self.first_name.clone(), Tone::Plain),
            known(&self.class),
            known(&self.birth.as_deref().map(|day| look.day(day))),
            (self.school.clone(), Tone::Plain),
            (self.reference.clone(), Tone::Faint),
        ]
    }
}

/// An identity in full, for people.
pub(super) fn person_sheet(row: &PersonRow, look: &Look<'_>) -> Sheet {
    let mut sheet = Sheet::default();
    sheet.section(format!("{} {}", row.surname, row.first_name));
    let mut line = |key: &str, value: &str| {
        if !value.is_empty() {
            sheet.line(look.text(key), value.to_owned(), Tone::Plain);
        }
    };
    line("vault-reference", &row.reference);
    line("vault-usage-name", row.usage_name.as_deref().unwrap_or_default());
    line("vault-birth", &row.birth.as_deref().map(|day| look.day(day)).unwrap_or_default());
    line("vault-class", row.class.as_deref().unwrap_or_default());
    line("vault-school", &row.school);
    line("vault-imported", &format!("{} ({})", look.date(row.imported_unix_ms), row.source.to_uppercase()));
    for guardian in &row.guardians {
        sheet.section(format!("{}{} {}", look.text("vault-guardian"), look.colon(), full_name(guardian)));
        for (at, text) in guardian.address.iter().enumerate() {
            let label = if at == 0 { look.text("vault-address") } else { String::new() };
            sheet.line(label, text.clone(), Tone::Plain);
        }
        if !guardian.phones.is_empty() {
            sheet.line(look.text("vault-phones"), guardian.phones.join(", "), Tone::Plain);
        }
        if !guardian.email.is_empty() {
            sheet.line(look.text("vault-email"), guardian.email.clone(), Tone::Plain);
        }
    }
    sheet
}

fn full_name(guardian: &GuardianRow) -> String {
    let parts = [&guardian.title, &guardian.first_name, &guardian.surname];
    parts.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" ")
}
