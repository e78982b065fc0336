//! What is blocked and hardened in one of the two regimes.

use super::{FilteringError, fault};
use crate::host::{CategoryName, Host};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// The most extensions that browsers may have.
pub const EXTENSIONS_MAX: usize = 50;

/// What holds in a regime.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Side {
    /// Categories that are blocked; `all` stands for every one that the list does not mean as allowed.
    pub blocked: BTreeSet<CategoryName>,
    /// Categories that are allowed, before all blocking of names as long.
    pub open: BTreeSet<CategoryName>,
    /// Names that are blocked, with all beneath them.
    pub names_blocked: BTreeSet<Host>,
    /// Names that are allowed, with all beneath them, unless a longer one is blocked.
    pub names_open: BTreeSet<Host>,
    /// Whether everything is blocked of which nothing is said.
    pub only_open: bool,
    /// Whether search engines are led to their safe answers.
    pub safe_search: bool,
    /// Which videos are shown.
    pub youtube: YouTube,
    /// With which engine browsers search; none: as the browser likes.
    pub engine: Option<Engine>,
    /// Whether programs may ask other resolvers than the device's own, which then filters only those who ask it.
    pub other_resolvers: bool,
    /// Whether programs may go through virtual private networks and services that fetch pages for others.
    #[serde(default)]
    pub vpn: bool,
    /// What browsers let their users do.
    pub browser: Browser,
}

/// Which videos YouTube shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum YouTube {
    /// All of them.
    #[default]
    Off,
    /// Its moderate restricted mode.
    Moderate,
    /// Its strict restricted mode.
    Strict,
}

/// An engine that browsers search with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say what they are")]
pub enum Engine {
    Qwant,
    QwantJunior,
    Ecosia,
    Duckduckgo,
    Google,
    Bing,
}

/// What browsers let their users do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Browser {
    /// Private windows.
    pub private_windows: bool,
    /// The tools for developers, and pages such as `about:config`.
    pub developer_tools: bool,
    /// Any extension; else those of `extensions` alone.
    pub any_extension: bool,
    /// Extensions that may be installed, as the browsers call them: 32 letters, or an address-like id.
    pub extensions: BTreeSet<String>,
    /// Signing in to the browser, so that it carries settings and history elsewhere.
    pub sign_in: bool,
}

impl Default for Browser {
    fn default() -> Self {
        Self {
            private_windows: true,
            developer_tools: true,
            any_extension: true,
            extensions: BTreeSet::new(),
            sign_in: true,
        }
    }
}

impl Side {
    pub(super) fn check(&self) -> Result<(), FilteringError> {
        if self.browser.extensions.len() > EXTENSIONS_MAX {
            return Err(fault("extensions", format!("more than {EXTENSIONS_MAX}")));
        }
        match self.browser.extensions.iter().find(|id| !is_extension(id)) {
            Some(id) => Err(fault("extensions", format!("{:?}", id.chars().take(80).collect::<String>()))),
            None => Ok(()),
        }
    }

    pub(super) fn texts(&self, each: &mut dyn FnMut(&str)) {
        self.blocked.iter().chain(&self.open).for_each(|name| each(name.as_str()));
        self.names_blocked.iter().chain(&self.names_open).for_each(|name| each(name.as_str()));
        self.browser.extensions.iter().for_each(|id| each(id));
    }
}

impl YouTube {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Off, Self::Moderate, Self::Strict];

    /// The name in documents and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Moderate => "moderate",
            Self::Strict => "strict",
        }
    }
}

impl Engine {
    /// Each of them.
    pub const ALL: [Self; 6] =
        [Self::Qwant, Self::QwantJunior, Self::Ecosia, Self::Duckduckgo, Self::Google, Self::Bing];

    /// The name in documents and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Qwant => "qwant",
            Self::QwantJunior => "qwant_junior",
            Self::Ecosia => "ecosia",
            Self::Duckduckgo => "duckduckgo",
            Self::Google => "google",
            Self::Bing => "bing",
        }
    }
}

impl FromStr for YouTube {
    type Err = FilteringError;
    fn from_str(text: &str) -> Result<Self, FilteringError> {
        let found = Self::ALL.into_iter().find(|one| one.name() == text);
        found.ok_or_else(|| fault("youtube", "off, moderate or strict".to_owned()))
    }
}

impl FromStr for Engine {
    type Err = FilteringError;
    fn from_str(text: &str) -> Result<Self, FilteringError> {
        let names = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|one| one.name() == text).ok_or_else(|| fault("engine", names()))
    }
}

impl fmt::Display for YouTube {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Chrome's ids are 32 letters; Firefox's are a UUID in braces or look like an address of mail (MDN, `browser_specific_settings`).
fn is_extension(id: &str) -> bool {
    (3..=80).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"@._-{}".contains(&b))
}
