//! What one layer says, read and judged.

use super::error::DocumentError;
use super::form::{Form, FormWords};
use super::layer::Layer;
use model::filtering::{Browser, CONTACT_CHARS_MAX, Engine, Filtering, Hours, Side, Slot, UNBLOCK_DAYS_MAX, YouTube};
use model::host::{CategoryName, Host};
use serde::Deserialize;
use std::collections::BTreeSet;

/// The longest document, in bytes.
pub const POLICY_BYTES_MAX: usize = 64 << 10;
/// The longest title of one, in characters.
const NAME_CHARS_MAX: usize = 100;

/// What one layer says. What it does not speak of is left to the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// What it is called.
    pub name: Option<String>,
    /// Whom a user asks about it.
    pub contact: Option<String>,
    /// When school is.
    pub slots: Option<Vec<Slot>>,
    /// What holds in school.
    pub in_school: Words,
    /// What holds elsewhere.
    pub out_of_school: Words,
    /// What the layers below may loosen.
    pub negotiable: Negotiable,
}

/// What a layer says of one regime.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Categories that are blocked; `all` stands for every one that a list does not mean as allowed.
    pub block: BTreeSet<CategoryName>,
    /// Categories that are open.
    pub open: BTreeSet<CategoryName>,
    /// Names that are blocked.
    pub block_names: BTreeSet<Host>,
    /// Names that are open.
    pub open_names: BTreeSet<Host>,
    /// Whether only what is open is not blocked.
    pub only_open: Option<bool>,
    /// Whether search engines are led to their safe answers.
    pub safe_search: Option<bool>,
    /// Which videos are shown.
    pub youtube: Option<YouTube>,
    /// With which engine browsers search.
    pub engine: Option<EngineWord>,
    /// Whether programs may ask other resolvers; where the first layer does not say it, they may not.
    pub other_resolvers: Option<bool>,
    /// Whether programs may use virtual private networks; where the first layer does not say it, they may not.
    pub vpn: Option<bool>,
    /// Whether browsers have private windows.
    pub private_windows: Option<bool>,
    /// Whether browsers have tools for developers.
    pub developer_tools: Option<bool>,
    /// Whether browsers take any extension.
    pub any_extension: Option<bool>,
    /// The extensions that they take else.
    pub extensions: Option<BTreeSet<String>>,
    /// Whether browsers are signed in to.
    pub sign_in: Option<bool>,
}

/// An engine that browsers search with, or any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum EngineWord {
    /// As the browser likes.
    Any,
    /// This one.
    One(Engine),
}

/// What a layer leaves to those below it. What it does not name is as it says, or tighter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a key of its own in a document")]
pub struct Negotiable {
    /// Which categories may be opened that it blocks, or blocked that it opens; `all` stands for each.
    pub categories: BTreeSet<CategoryName>,
    /// Whether single names may be opened that it blocks, by themselves or in a category. What it opens by name stays open.
    pub names: bool,
    /// Whether staff may unblock a name for a while when a user asks for it.
    pub unblock: bool,
    /// For how many days at most; as long as a device takes where nothing is said.
    pub unblock_days: Option<u32>,
    /// Whether a lesson or an exam may open what it blocks.
    pub lessons: bool,
    /// Whether more than what is open may be shown.
    pub only_open: bool,
    /// Whether safe search may be left off.
    pub safe_search: bool,
    /// Whether more videos may be shown.
    pub youtube: bool,
    /// Whether another engine may be named.
    pub engine: bool,
    /// Whether other resolvers may be asked.
    pub other_resolvers: bool,
    /// Whether virtual private networks may be used.
    pub vpn: bool,
    /// Whether browsers may let their users do more.
    pub browser: bool,
    /// Whether other hours may be named.
    pub hours: bool,
}

impl Document {
    /// Reads a document of a layer.
    ///
    /// # Errors
    /// [`DocumentError`] with the line, the key and what is allowed.
    pub fn read(text: &str, layer: &Layer) -> Result<Self, DocumentError> {
        if text.len() > POLICY_BYTES_MAX {
            return Err(DocumentError::whole(format!("a policy is at most {POLICY_BYTES_MAX} bytes")));
        }
        let form: Form = toml::from_str(text).map_err(|error| DocumentError::parsed(text, &error))?;
        let document = Self {
            name: form.name,
            contact: form.contact,
            slots: form.hours.map(|hours| hours.slots.into_iter().map(|slot| slot.0).collect()),
            in_school: Words::of(form.in_school, &form.both),
            out_of_school: Words::of(form.out_of_school, &form.both),
            negotiable: form.negotiable,
        };
        document.check(text, layer)?;
        Ok(document)
    }

    /// What it says of both regimes.
    pub(super) fn words(&self) -> [&Words; 2] {
        [&self.in_school, &self.out_of_school]
    }

    fn check(&self, text: &str, layer: &Layer) -> Result<(), DocumentError> {
        for (key, value, most) in [("name", &self.name, NAME_CHARS_MAX), ("contact", &self.contact, CONTACT_CHARS_MAX)]
        {
            let good = |value: &String| value.chars().count() <= most && !value.chars().any(char::is_control);
            if !value.as_ref().is_none_or(good) {
                return Err(DocumentError::at(text, key, key, format!("one line of at most {most} characters")));
            }
        }
        if self.slots.as_ref().is_some_and(Vec::is_empty) {
            return Err(DocumentError::at(text, "slots", "slots", "name a slot, or leave the hours out".to_owned()));
        }
        if self.negotiable.unblock_days.is_some_and(|days| !(1..=UNBLOCK_DAYS_MAX).contains(&days)) {
            let why = format!("1 to {UNBLOCK_DAYS_MAX} days");
            return Err(DocumentError::at(text, "unblock_days", "unblock_days", why));
        }
        let (mut count, mut bytes) = (0, 0);
        for words in self.words() {
            if let Some(both) = words.block.intersection(&words.open).next() {
                let word = both.as_str();
                return Err(DocumentError::at(text, "open", &format!("\"{word}\""), format!("{word} is blocked too")));
            }
            if let Some(both) = words.block_names.intersection(&words.open_names).next() {
                let word = both.as_str();
                return Err(DocumentError::at(text, "open_names", word, format!("{word} is blocked too")));
            }
            if words.open.iter().any(CategoryName::is_all) {
                return Err(DocumentError::at(text, "open", "open", "only block takes \"all\""));
            }
            words.texts(&mut |text| (count, bytes) = (count + 1, bytes + text.len() + 4));
        }
        let (many, large) = layer.room();
        if count > many || bytes > large {
            return Err(DocumentError::whole(format!(
                "{count} names and categories in {bytes} bytes: a policy of this layer holds at most {many} in {large}; longer ones are lists"
            )));
        }
        // The rest is judged as devices judge it.
        let side = |words: &Words| Side {
            browser: Browser { extensions: words.extensions.clone().unwrap_or_default(), ..Browser::default() },
            ..Side::default()
        };
        let hours = |slots: &Vec<Slot>| Hours { zone: "UTC".to_owned(), slots: slots.clone(), days_off: Vec::new() };
        let sides = [side(&self.in_school), side(&self.out_of_school)];
        let [in_school, out_of_school] = sides;
        let hours = self.slots.as_ref().map(hours);
        let (lessons, unblocked, contact) = (Vec::new(), Vec::new(), String::new());
        let all = Filtering { in_school, out_of_school, hours, lessons, unblocked, contact };
        all.check().map_err(|error| DocumentError::at(text, error.field, error.field, error.why))
    }
}

impl Words {
    /// What is said of one regime, with what is said of both: of single values the particular word holds.
    fn of(own: FormWords, both: &FormWords) -> Self {
        Self {
            block: own.block.union(&both.block).cloned().collect(),
            open: own.open.union(&both.open).cloned().collect(),
            block_names: own.block_names.union(&both.block_names).cloned().collect(),
            open_names: own.open_names.union(&both.open_names).cloned().collect(),
            only_open: own.only_open.or(both.only_open),
            safe_search: own.safe_search.or(both.safe_search),
            youtube: own.youtube.or(both.youtube),
            engine: own.engine.or(both.engine),
            other_resolvers: own.other_resolvers.or(both.other_resolvers),
            vpn: own.vpn.or(both.vpn),
            private_windows: own.private_windows.or(both.private_windows),
            developer_tools: own.developer_tools.or(both.developer_tools),
            any_extension: own.any_extension.or(both.any_extension),
            extensions: own.extensions.or_else(|| both.extensions.clone()),
            sign_in: own.sign_in.or(both.sign_in),
        }
    }

    /// Whether it keeps names away, so that opening one there loosens.
    pub(super) fn blocks(&self) -> bool {
        !self.block.is_empty() || !self.block_names.is_empty() || self.only_open == Some(true)
    }

    fn texts(&self, each: &mut dyn FnMut(&str)) {
        self.block.iter().chain(&self.open).for_each(|name| each(name.as_str()));
        self.block_names.iter().chain(&self.open_names).for_each(|name| each(name.as_str()));
        self.extensions.iter().flatten().for_each(|id| each(id));
    }
}

impl Negotiable {
    /// Whether a category is left to the layers below.
    #[must_use]
    pub fn category(&self, name: &CategoryName) -> bool {
        self.categories.contains(name) || self.categories.iter().any(CategoryName::is_all)
    }

    /// The keys that are there or not, by name.
    pub(super) const fn flags(&self) -> [(&'static str, bool); 11] {
        [
            ("names", self.names),
            ("unblock", self.unblock),
            ("lessons", self.lessons),
            ("only_open", self.only_open),
            ("safe_search", self.safe_search),
            ("youtube", self.youtube),
            ("engine", self.engine),
            ("other_resolvers", self.other_resolvers),
            ("vpn", self.vpn),
            ("browser", self.browser),
            ("hours", self.hours),
        ]
    }
}

impl EngineWord {
    /// The engine that it names.
    pub(super) const fn engine(self) -> Option<Engine> {
        match self {
            Self::Any => None,
            Self::One(engine) => Some(engine),
        }
    }
}

impl TryFrom<String> for EngineWord {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if text == "any" {
            return Ok(Self::Any);
        }
        let read: Result<Engine, _> = text.parse();
        read.map(Self::One).map_err(|error| format!("any, {}", error.why))
    }
}
