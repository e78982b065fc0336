//! Messages to nouns and back: the only place where generated types and the model meet.

mod audit;
mod desired;
mod device;
mod filtering;
mod grant;
mod inventory;
mod recovery;
mod resource;
mod school;
mod section;
mod site;

pub use audit::{tip_last, tip_read};
pub use desired::{
    PUBLISHER_ROOT_MAX, TRUST_PURPOSE, Trust, device_id, head_decode, head_encode, plan_decode, plan_encode,
    trust_decode, trust_encode,
};
pub use device::boot_id;
pub use inventory::*;
pub use recovery::{time_decode, time_encode};
pub use resource::{ticket_decode, ticket_encode};
pub use school::{calendar_breaks, calendar_read};
pub use section::{Assembled, Assembly, PartError, parts_join, section_parts, section_unpack};
pub use site::{site_proof_decode, site_proof_encode};

/// Why a message is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// A field is missing, too large, or out of its range.
    #[error("the field {field} is not valid")]
    Invalid {
        /// Which field.
        field: &'static str,
    },
    /// Not the message at all.
    #[error("the message cannot be read")]
    Decode(#[from] prost::DecodeError),
}

impl ConvertError {
    /// The field is not valid.
    #[must_use]
    pub const fn invalid(field: &'static str) -> Self {
        Self::Invalid { field }
    }
}
