//! Whose word a document is.

use crate::assignment::Target;
use crate::facts::Facts;
use model::class::Class;
use model::owner::OwnerId;
use model::uai::Uai;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Whose word a document is, from the top down: of two that speak of one thing the earlier one says how far the later one may go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Layer {
    /// What holds in the whole country.
    National,
    /// What this territory says.
    Territory,
    /// What an owner says of its equipment.
    Owner(OwnerId),
    /// What a school says.
    School(Uai),
    /// What is said for a class.
    Class(Class),
}

/// Why a text names no layer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a layer is national, territory, or owner:, school: or class: with a name, not {0:?}")]
pub struct LayerError(String);

impl Layer {
    /// The layers of a device with these facts, from the top down.
    pub fn of(facts: &Facts) -> impl Iterator<Item = Self> {
        let all = [
            Some(Self::National),
            Some(Self::Territory),
            facts.owner.clone().map(Self::Owner),
            facts.school.map(Self::School),
            facts.class.clone().map(Self::Class),
        ];
        all.into_iter().flatten()
    }

    /// The devices it is about, as targets name them.
    #[must_use]
    pub fn target(&self) -> Target {
        match self {
            Self::National | Self::Territory => Target::Territory,
            Self::Owner(owner) => Target::Owner(owner.clone()),
            Self::School(school) => Target::School(*school),
            Self::Class(class) => Target::Class(class.clone()),
        }
    }

    /// Whether it holds for every device.
    #[must_use]
    pub const fn is_everybodys(&self) -> bool {
        matches!(self, Self::National | Self::Territory)
    }

    /// How many names, and how many bytes of them, a document of this layer holds at most. All layers of a device together leave room in
    /// its plan for lessons and for what is unblocked.
    #[must_use]
    pub const fn room(&self) -> (usize, usize) {
        match self {
            Self::National => (500, 12 << 10),
            Self::Territory => (400, 9 << 10),
            Self::Owner(_) | Self::Class(_) => (100, 2 << 10),
            Self::School(_) => (150, 4 << 10),
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::National => f.write_str("national"),
            Self::Territory => f.write_str("territory"),
            Self::Owner(owner) => write!(f, "owner:{owner}"),
            Self::School(school) => write!(f, "school:{school}"),
            Self::Class(class) => write!(f, "class:{class}"),
        }
    }
}

impl FromStr for Layer {
    type Err = LayerError;
    fn from_str(text: &str) -> Result<Self, LayerError> {
        let read = match text.split_once(':') {
            None if text == "national" => Some(Self::National),
            None if text == "territory" => Some(Self::Territory),
            Some(("owner", name)) => name.parse().ok().map(Self::Owner),
            Some(("school", name)) => name.parse().ok().map(Self::School),
            Some(("class", name)) => name.parse().ok().map(Self::Class),
            _ => None,
        };
        read.ok_or_else(|| LayerError(text.chars().take(120).collect()))
    }
}

impl TryFrom<String> for Layer {
    type Error = LayerError;
    fn try_from(text: String) -> Result<Self, LayerError> {
        text.parse()
    }
}

impl From<Layer> for String {
    fn from(layer: Layer) -> Self {
        layer.to_string()
    }
}
