//! Claims, kinds and states.

use super::ConvertError;
use crate::v1;
use model::device::{Claims, JoinState};
use model::id::BootId;
use model::section::SectionKind;

impl From<SectionKind> for v1::SectionKind {
    fn from(kind: SectionKind) -> Self {
        match kind {
            SectionKind::Hardware => Self::Hardware,
            SectionKind::Peripherals => Self::Peripherals,
            SectionKind::System => Self::System,
            SectionKind::Packages => Self::Packages,
            SectionKind::Health => Self::Health,
        }
    }
}

impl TryFrom<v1::SectionKind> for SectionKind {
    type Error = ConvertError;
    fn try_from(kind: v1::SectionKind) -> Result<Self, ConvertError> {
        match kind {
            v1::SectionKind::Unspecified => Err(ConvertError::invalid("section.kind")),
            v1::SectionKind::Hardware => Ok(Self::Hardware),
            v1::SectionKind::Peripherals => Ok(Self::Peripherals),
            v1::SectionKind::System => Ok(Self::System),
            v1::SectionKind::Packages => Ok(Self::Packages),
            v1::SectionKind::Health => Ok(Self::Health),
        }
    }
}

impl From<JoinState> for v1::JoinState {
    fn from(state: JoinState) -> Self {
        match state {
            JoinState::Active => Self::Active,
            JoinState::Quarantined => Self::Quarantined,
            JoinState::Revoked => Self::Revoked,
        }
    }
}

impl TryFrom<v1::JoinState> for JoinState {
    type Error = ConvertError;
    fn try_from(state: v1::JoinState) -> Result<Self, ConvertError> {
        match state {
            v1::JoinState::Unspecified => Err(ConvertError::invalid("state")),
            v1::JoinState::Active => Ok(Self::Active),
            v1::JoinState::Quarantined => Ok(Self::Quarantined),
            v1::JoinState::Revoked => Ok(Self::Revoked),
        }
    }
}

impl From<Claims> for v1::Claims {
    fn from(c: Claims) -> Self {
        Self {
            maker: c.maker.unwrap_or_default(),
            model: c.model.unwrap_or_default(),
            serial: c.serial.unwrap_or_default(),
            system_uuid: c.system_uuid.unwrap_or_default(),
        }
    }
}

impl From<v1::Claims> for Claims {
    /// Placeholders are left out and texts cut, whatever the sender did.
    fn from(c: v1::Claims) -> Self {
        Self { maker: Some(c.maker), model: Some(c.model), serial: Some(c.serial), system_uuid: Some(c.system_uuid) }
            .cleaned()
    }
}

/// A boot id of its sixteen bytes.
///
/// # Errors
/// [`ConvertError`] when they are not sixteen.
pub fn boot_id(bytes: &[u8]) -> Result<BootId, ConvertError> {
    <[u8; 16]>::try_from(bytes).map(BootId::from_bytes).map_err(|_| ConvertError::invalid("boot"))
}
