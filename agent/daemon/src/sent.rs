//! What was sent last, kept as it was sent: for the borrower to read, each field with its purpose from the register.

use crate::acts::{Act, Acts};
use crate::error::Error;
use crate::folder::Folder;
use model::section::SectionKind;
use model::time::Timestamp;
use prost::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wire::fields::{Descriptions, Field, Value};
use wire::v1;

/// What the name of such a file begins with; the message's name follows.
const PREFIX: &str = "sent-";
/// The last check-in, and the last that carried a report.
const CHECK_IN: &str = "CheckInRequest";
const REPORT: &str = "CheckInRequest.report";
/// The purpose register, as it was when this program was made.
const REGISTER: &str = include_str!("../../../docs/privacy/register.toml");
const PACKAGE: &str = "cartable.v1";

/// All that is known to have been sent, and what was done to the device from afar.
#[derive(Debug, Serialize)]
pub struct Sent {
    /// Every message that was sent, with its fields.
    pub messages: Vec<SentMessage>,
    /// Why each of those fields is sent.
    pub legal_basis: BTreeMap<String, Texts>,
    /// For how long they are kept.
    pub retention: BTreeMap<String, Texts>,
    /// What was done to this device from afar, oldest first.
    pub acts: Vec<Act>,
}

/// A message as it was sent last.
#[derive(Debug, Serialize)]
pub struct SentMessage {
    /// Its name, such as `Hardware`.
    pub name: String,
    /// When.
    pub at_unix_ms: Timestamp,
    /// Its fields and those of the messages within it, each once.
    pub fields: Vec<SentField>,
}

/// A field, with every value it had.
#[derive(Debug, Serialize)]
pub struct SentField {
    /// Its whole name, such as `cartable.v1.Hardware.maker`.
    pub name: String,
    /// Its values, in order.
    pub values: Vec<Shown>,
    /// What it is for; nothing where the register does not know it.
    pub purpose: Option<Texts>,
    /// The key of its legal basis.
    pub legal_basis: String,
    /// The key of its retention.
    pub retention: String,
}

/// A value as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Shown {
    /// A text, or the name of a choice, or bytes in hexadecimal.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A whole number without a sign.
    Count(u64),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
}

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    /// In French.
    pub fr: String,
    /// In English.
    pub en: String,
}

#[derive(Deserialize)]
struct Register {
    legal_basis: BTreeMap<String, Texts>,
    retention: BTreeMap<String, Texts>,
    field: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    purpose_fr: String,
    purpose_en: String,
    legal_basis: String,
    retention: String,
}

/// Whether a file of the state folder is one of these.
pub(crate) fn is_named(name: &str) -> bool {
    let message = name.strip_prefix(PREFIX).map(|rest| rest.strip_suffix(".report").unwrap_or(rest));
    message.is_some_and(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Notes a message that is being sent. A note that cannot be written is no reason not to send: what is missing is then older.
pub(crate) fn note(folder: &Folder, name: &str, message: &impl Message) {
    note_bytes(folder, name, &message.encode_to_vec());
}

/// Notes a check-in; pieces of sections are noted without what they carry, for sections are noted whole.
pub(crate) fn note_check_in(folder: &Folder, request: &v1::CheckInRequest) {
    let mut bare = request.clone();
    bare.parts.iter_mut().for_each(|part| part.body = bytes::Bytes::new());
    let bytes = bare.encode_to_vec();
    note_bytes(folder, CHECK_IN, &bytes);
    if request.report {
        note_bytes(folder, REPORT, &bytes);
    }
}

/// The file under which a section is kept when it was sent.
pub(crate) const fn section_file(kind: SectionKind) -> &'static str {
    match kind {
        SectionKind::Hardware => "sent-Hardware",
        SectionKind::Peripherals => "sent-Peripherals",
        SectionKind::System => "sent-System",
        SectionKind::Packages => "sent-Packages",
        SectionKind::Health => "sent-Health",
    }
}

/// Reads it all; takes no lock.
pub(crate) fn read(folder: &Folder) -> Result<Sent, Error> {
    let register = || Error::Answer("the purpose register cannot be read");
    let Register { legal_basis, retention, field } = toml::from_str(REGISTER).map_err(|_| register())?;
    let purposes: BTreeMap<String, Entry> = field.into_iter().map(|entry| (entry.name.clone(), entry)).collect();
    let descriptions = Descriptions::new().map_err(|_| register())?;
    let mut messages = Vec::new();
    for file in names(folder)? {
        let Some(bytes) = folder.read(&file)? else { continue };
        let name = file.trim_start_matches(PREFIX);
        let message = format!("{PACKAGE}.{}", name.trim_end_matches(".report"));
        // Cut or of another version: what cannot be read is not shown as something else.
        let Ok(fields) = descriptions.read(&message, &bytes) else { continue };
        let fields = flat(fields).into_iter().map(|(name, values)| SentField::new(name, values, &purposes)).collect();
        messages.push(SentMessage { name: name.to_owned(), at_unix_ms: modified(folder, &file), fields });
    }
    Ok(Sent { messages, legal_basis, retention, acts: Acts::read(folder).acts })
}

impl SentField {
    fn new(name: String, values: Vec<Shown>, purposes: &BTreeMap<String, Entry>) -> Self {
        let entry = purposes.get(&name);
        Self {
            purpose: entry.map(|entry| Texts { fr: entry.purpose_fr.clone(), en: entry.purpose_en.clone() }),
            legal_basis: entry.map(|entry| entry.legal_basis.clone()).unwrap_or_default(),
            retention: entry.map(|entry| entry.retention.clone()).unwrap_or_default(),
            name,
            values,
        }
    }
}

/// Each field once, with all its values, in the order in which they are met; a field that holds a message stands before what is
/// within it, and has no value of its own.
fn flat(fields: Vec<Field>) -> Vec<(String, Vec<Shown>)> {
    let mut order: Vec<(String, Vec<Shown>)> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut next: Vec<Field> = fields;
    next.reverse();
    while let Some(Field { name, value }) = next.pop() {
        let place = *places.entry(name.clone()).or_insert_with(|| {
            order.push((name, Vec::new()));
            order.len() - 1
        });
        let shown = match value {
            Value::Message(within) => {
                next.extend(within.into_iter().rev());
                continue;
            }
            Value::Text(text) | Value::Choice(text) => Shown::Text(text),
            Value::Bytes(bytes) => Shown::Text(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
            Value::Whole(number) => Shown::Whole(number),
            Value::Count(number) => Shown::Count(number),
            Value::Number(number) => Shown::Number(number),
            Value::Flag(flag) => Shown::Flag(flag),
        };
        order[place].1.push(shown);
    }
    order
}

/// The sections first, then what goes with them.
fn names(folder: &Folder) -> Result<Vec<String>, Error> {
    let sections = SectionKind::ALL.map(section_file);
    let mut names = sections.map(str::to_owned).to_vec();
    let all = std::fs::read_dir(folder.root()).map_err(Error::file(folder.root()))?;
    let all = all.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut others: Vec<String> = all.filter(|name| is_named(name) && !sections.contains(&name.as_str())).collect();
    others.sort();
    names.extend(others);
    Ok(names)
}

fn modified(folder: &Folder, file: &str) -> Timestamp {
    let at = std::fs::metadata(folder.path(file)).and_then(|data| data.modified()).ok();
    let since = at.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok()).unwrap_or_default();
    Timestamp::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or(0))
}

fn note_bytes(folder: &Folder, name: &str, bytes: &[u8]) {
    if let Err(error) = folder.write_lightly(&format!("{PREFIX}{name}"), bytes) {
        tracing::debug!(%error, "what is sent cannot be noted");
    }
}

#[cfg(test)]
mod tests;
