//! Whom an assignment is for.

use crate::facts::Facts;
use crate::rules::EVERYWHERE;
use model::class::Class;
use model::id::DeviceId;
use model::loan::LoanId;
use model::measure::Measure;
use model::owner::OwnerId;
use model::uai::Uai;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest label of a kit in a target, in bytes.
const KIT_BYTES_MAX: usize = 100;

/// Whom an assignment is for, the most particular last: of two that cover a device the later one decides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Target {
    /// Every device.
    Territory,
    /// What was bought for a measure.
    Measure(Measure),
    /// What this owner has.
    Owner(OwnerId),
    /// What is filed under this school.
    School(Uai),
    /// What serves this class of a school.
    Class(Class),
    /// What is packed in this kit.
    Kit(String),
    /// What is lent by this loan.
    Loan(LoanId),
    /// One device.
    Device(DeviceId),
}

/// Why a text names no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a target is territory, or measure:, owner:, school:, class:, kit:, loan: or device: with a name, not {0:?}")]
pub struct TargetError(String);

impl Target {
    /// The kind, as it stands before the colon.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Territory => EVERYWHERE,
            Self::Measure(_) => "measure",
            Self::Owner(_) => "owner",
            Self::School(_) => "school",
            Self::Class(_) => "class",
            Self::Kit(_) => "kit",
            Self::Loan(_) => "loan",
            Self::Device(_) => "device",
        }
    }

    /// Whether it covers a device with these facts.
    #[must_use]
    pub fn covers(&self, facts: &Facts) -> bool {
        match self {
            Self::Territory => true,
            Self::Measure(measure) => facts.measure == Some(*measure),
            Self::Owner(owner) => facts.owner.as_ref() == Some(owner),
            Self::School(school) => facts.school == Some(*school),
            Self::Class(class) => facts.class.as_ref() == Some(class),
            Self::Kit(kit) => facts.kit.as_ref() == Some(kit),
            Self::Loan(loan) => facts.loan == Some(*loan),
            Self::Device(device) => facts.device == *device,
        }
    }

    /// The targets that cover a device with these facts, the least particular first.
    pub fn of(facts: &Facts) -> impl Iterator<Item = Self> {
        let all = [
            Some(Self::Territory),
            facts.measure.map(Self::Measure),
            facts.owner.clone().map(Self::Owner),
            facts.school.map(Self::School),
            facts.class.clone().map(Self::Class),
            facts.kit.clone().map(Self::Kit),
            facts.loan.map(Self::Loan),
            Some(Self::Device(facts.device)),
        ];
        all.into_iter().flatten()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())?;
        match self {
            Self::Territory => Ok(()),
            Self::Measure(measure) => write!(f, ":{}", measure.name()),
            Self::Owner(owner) => write!(f, ":{owner}"),
            Self::School(school) => write!(f, ":{school}"),
            Self::Class(class) => write!(f, ":{class}"),
            Self::Kit(kit) => write!(f, ":{kit}"),
            Self::Loan(loan) => write!(f, ":{loan}"),
            Self::Device(device) => write!(f, ":{device}"),
        }
    }
}

impl FromStr for Target {
    type Err = TargetError;
    fn from_str(text: &str) -> Result<Self, TargetError> {
        let wrong = || TargetError(text.chars().take(120).collect());
        if text == EVERYWHERE {
            return Ok(Self::Territory);
        }
        let (kind, name) = text.split_once(':').ok_or_else(wrong)?;
        let read = match kind {
            "measure" => name.parse().ok().map(Self::Measure),
            "owner" => name.parse().ok().map(Self::Owner),
            "school" => name.parse().ok().map(Self::School),
            "class" => name.parse().ok().map(Self::Class),
            "kit" => is_label(name).then(|| Self::Kit(name.to_owned())),
            "loan" => name.parse().ok().map(Self::Loan),
            "device" => name.parse().ok().map(Self::Device),
            _ => None,
        };
        read.ok_or_else(wrong)
    }
}

/// Whether a text may be a kit's label, and stand in a key.
fn is_label(text: &str) -> bool {
    (1..=KIT_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
}

impl TryFrom<String> for Target {
    type Error = TargetError;
    fn try_from(text: String) -> Result<Self, TargetError> {
        text.parse()
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}
