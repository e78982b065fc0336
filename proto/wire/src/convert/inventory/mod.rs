//! The five sections as bytes.
//!
//! A section is encoded as its canonical form stands, and a message has no maps, so equal facts are equal bytes. What is read
//! was written by a device: every list and text is held to its limit, and numbers of a newer agent become the unknown value
//! of their kind.

mod hardware;
mod health;
mod peripherals;
mod system;

pub use hardware::{hardware_decode, hardware_encode};
pub use health::{health_decode, health_encode};
pub use peripherals::{peripherals_decode, peripherals_encode};
pub use system::{packages_decode, packages_encode, system_decode, system_encode};

use super::ConvertError;
use model::device::EVIDENCE_CHARS_MAX;
use model::health::Health;
use model::inventory::{Hardware, Packages, Peripherals, System, is_shown};
use model::section::{SECTION_BYTES_MAX, SectionKind};

/// A section as facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Section {
    /// The machine.
    Hardware(Hardware),
    /// What is plugged in.
    Peripherals(Peripherals),
    /// What runs.
    System(System),
    /// What is installed.
    Packages(Packages),
    /// How it is.
    Health(Health),
}

impl Section {
    /// Which section it is.
    #[must_use]
    pub const fn kind(&self) -> SectionKind {
        match self {
            Self::Hardware(_) => SectionKind::Hardware,
            Self::Peripherals(_) => SectionKind::Peripherals,
            Self::System(_) => SectionKind::System,
            Self::Packages(_) => SectionKind::Packages,
            Self::Health(_) => SectionKind::Health,
        }
    }
}

/// A section's bytes, as they are hashed, sent and kept.
#[must_use]
pub fn section_encode(section: &Section) -> Vec<u8> {
    match section {
        Section::Hardware(facts) => hardware_encode(facts),
        Section::Peripherals(facts) => peripherals_encode(facts),
        Section::System(facts) => system_encode(facts),
        Section::Packages(facts) => packages_encode(facts),
        Section::Health(facts) => health_encode(facts),
    }
}

/// The facts in a section's bytes.
///
/// # Errors
/// [`ConvertError`] for bytes that are no such section, or go beyond its limits.
pub fn section_decode(kind: SectionKind, bytes: &[u8]) -> Result<Section, ConvertError> {
    Ok(match kind {
        SectionKind::Hardware => Section::Hardware(hardware_decode(bytes)?),
        SectionKind::Peripherals => Section::Peripherals(peripherals_decode(bytes)?),
        SectionKind::System => Section::System(system_decode(bytes)?),
        SectionKind::Packages => Section::Packages(packages_decode(bytes)?),
        SectionKind::Health => Section::Health(health_decode(bytes)?),
    })
}

fn message<M: prost::Message + Default>(bytes: &[u8]) -> Result<M, ConvertError> {
    if bytes.len() > SECTION_BYTES_MAX {
        return Err(ConvertError::invalid("section"));
    }
    Ok(M::decode(bytes)?)
}

fn text(text: Option<String>, field: &'static str) -> Result<Option<String>, ConvertError> {
    let fits = |t: &String| t.chars().nth(EVIDENCE_CHARS_MAX).is_none() && t.chars().all(is_shown);
    if text.as_ref().is_none_or(fits) { Ok(text) } else { Err(ConvertError::invalid(field)) }
}

fn list<M, T>(
    list: Vec<M>,
    max: usize,
    field: &'static str,
    each: impl Fn(M) -> Result<T, ConvertError>,
) -> Result<Vec<T>, ConvertError> {
    if list.len() > max {
        return Err(ConvertError::invalid(field));
    }
    list.into_iter().map(each).collect()
}

#[cfg(test)]
mod tests;
