//! Classes and what serves them, as lines.

use crate::print::{Look, Row, Tone, clean};
use serde::Serialize;
use wire::v1::{ClassMember, ClassSummary};

/// A line of the list of classes; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct ClassRow {
    class: String,
    kits: u32,
    loans: u32,
    devices: u32,
}

/// Something that serves a class; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct MemberRow {
    kind: String,
    name: String,
    /// Of a device: on what its class is written.
    through: Option<String>,
}

impl From<ClassSummary> for ClassRow {
    fn from(class: ClassSummary) -> Self {
        Self { class: clean(&class.class), kits: class.kits, loans: class.loans, devices: class.devices }
    }
}

impl From<ClassMember> for MemberRow {
    fn from(member: ClassMember) -> Self {
        let through = Some(clean(&member.through)).filter(|through| !through.is_empty());
        Self { kind: clean(&member.kind), name: clean(&member.name), through }
    }
}

impl Row for ClassRow {
    const COLUMNS: &'static [&'static str] = &["class-class", "class-kits", "class-loans", "class-devices"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let count = |n: u32| (look.number(n.into()), if n == 0 { Tone::Faint } else { Tone::Plain });
        vec![(self.class.clone(), Tone::Plain), count(self.kits), count(self.loans), count(self.devices)]
    }
}

impl Row for MemberRow {
    const COLUMNS: &'static [&'static str] = &["class-kind", "class-name", "class-through"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let word = |kind: &str| look.words.find(&format!("class-kind-{kind}"), None).unwrap_or_else(|| kind.to_owned());
        // What is written on itself needs no second word.
        let through = self.through.as_deref().filter(|through| *through != self.kind).map(word);
        vec![
            (word(&self.kind), Tone::Plain),
            (self.name.clone(), Tone::Plain),
            (through.unwrap_or_default(), Tone::Faint),
        ]
    }
}
