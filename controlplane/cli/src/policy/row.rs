//! Lines of a policy: what changes, what holds and why, versions, names.

use super::tone;
use crate::print::{Look, Row, Sheet, Tone, clean, rfc3339};
use serde::Serialize;
use wire::v1::{PolicyChange, PolicyList, PolicyMore, PolicyReason, PolicyTurn, PolicyUnknown, PolicyVersion};

/// One thing that differs; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ChangeRow {
    regime: Option<String>,
    key: String,
    item: Option<String>,
    before: String,
    after: String,
    pub(super) effect: String,
}

/// What a layer says of one thing, and what came of it; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ReasonRow {
    regime: Option<String>,
    key: String,
    item: Option<String>,
    value: String,
    layer: String,
    outcome: String,
    by: Option<String>,
}

/// What becomes of a name; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct TurnRow {
    pub(crate) name: String,
    pub(crate) regime: String,
    pub(crate) blocked: bool,
    because: String,
    item: Option<String>,
    /// The name in the list by which a category decides.
    listed: Option<String>,
    /// Whose word it is: "policy", "floor", "lesson" or "unblock".
    whose: Option<String>,
    /// The layer, or the lesson.
    by: Option<String>,
    devices: u32,
}

/// A list that devices are to hold; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ListRow {
    version: Option<String>,
    /// "held", "away", "none" or "given".
    pub(crate) state: String,
    devices: u32,
}

/// A category that nobody knows; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct UnknownRow {
    category: String,
    near: Vec<String>,
}

/// How many more there are of each than an answer holds; the field names are promised to programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct MoreRow {
    pub(super) changes: u32,
    pub(super) ignored: u32,
    pub(super) schools: u32,
    pub(super) below: u32,
}

/// A version of a layer; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct VersionRow {
    layer: String,
    version: u32,
    name: Option<String>,
    digest: String,
    by: String,
    second: Option<String>,
    why: String,
    at: Option<String>,
    of: Option<u32>,
    removed: bool,
    pub(super) text: Option<String>,
    #[serde(skip)]
    at_unix_ms: i64,
}

impl ChangeRow {
    pub(super) fn line(&self, sheet: &mut Sheet, look: &Look<'_>) {
        let nothing = |value: &str| if value.is_empty() { "–".to_owned() } else { value.to_owned() };
        let effect = look.text(&format!("policy-effect-{}", self.effect));
        let said = |value: &str| nothing(&value_text(&self.key, value, look));
        let value = format!("{} → {} ({effect})", said(&self.before), said(&self.after));
        sheet.line(about(self.regime.as_deref(), &self.key, self.item.as_deref(), look), value, tone(&self.effect));
    }
}

impl ReasonRow {
    pub(crate) fn line(&self, sheet: &mut Sheet, look: &Look<'_>) {
        let label = about(self.regime.as_deref(), &self.key, self.item.as_deref(), look);
        let (outcome, tone) = self.outcome(look);
        let value = value_text(&self.key, &self.value, look);
        sheet.line(label, format!("{value} – {} ({outcome})", self.layer), tone);
    }

    fn outcome(&self, look: &Look<'_>) -> (String, Tone) {
        let by = self.by.as_deref().unwrap_or_default();
        let text = look.words.text_with(&format!("policy-outcome-{}", self.outcome), &[("by", by.into())]);
        let tone = match self.outcome.as_str() {
            "holds" => Tone::Good,
            "ignored" => Tone::Warning,
            _ => Tone::Faint,
        };
        (text, tone)
    }
}

impl TurnRow {
    pub(crate) fn line(&self, sheet: &mut Sheet, look: &Look<'_>) {
        let verdict = look.text(if self.blocked { "policy-blocked" } else { "policy-open" });
        let item = self.item.as_deref().unwrap_or_default();
        let because = look.words.text_with(&format!("policy-because-{}", self.because), &[("item", item.into())]);
        let label = format!("{} ({})", self.name, look.text(&format!("policy-regime-{}", self.regime)));
        let by = self.by.as_deref().unwrap_or_default();
        let whose = |whose: &String| match whose.as_str() {
            "policy" => by.to_owned(),
            whose => look.words.text_with(&format!("policy-whose-{whose}"), &[("by", by.into())]),
        };
        let words = [self.listed.clone(), self.whose.as_ref().map(whose)];
        let words: String = words
            .into_iter()
            .flatten()
            .filter(|word| !word.is_empty())
            .fold(String::new(), |all, word| format!("{all} – {word}"));
        sheet.line(
            label,
            format!("{verdict}{} {because}{words}", look.colon()),
            if self.blocked { Tone::Warning } else { Tone::Good },
        );
    }
}

impl ListRow {
    /// How it stands, in words.
    pub(crate) fn text(&self, look: &Look<'_>) -> String {
        let version = self.version.as_deref().unwrap_or_default();
        look.words.text_with(&format!("policy-list-{}", self.state), &[("version", version.into())])
    }

    /// Where it was not counted, a warning.
    pub(crate) fn tone(&self) -> Tone {
        if matches!(self.state.as_str(), "away" | "none") { Tone::Warning } else { Tone::Plain }
    }
}

impl UnknownRow {
    pub(super) fn line(&self, sheet: &mut Sheet, look: &Look<'_>) {
        let near = match self.near.as_slice() {
            [] => String::new(),
            near => look.words.text_with("policy-near", &[("names", near.join(", ").into())]),
        };
        sheet.line(self.category.clone(), near, Tone::Warning);
    }
}

fn about(regime: Option<&str>, key: &str, item: Option<&str>, look: &Look<'_>) -> String {
    let key = match item {
        Some(item) => format!("{key} {item}"),
        None => key.to_owned(),
    };
    match regime {
        Some(regime) => format!("{key} ({})", look.text(&format!("policy-regime-{regime}"))),
        None => key,
    }
}

/// What is said of a key, in the reader's words where they are none of the document's own.
fn value_text(key: &str, value: &str, look: &Look<'_>) -> String {
    match (key, value) {
        ("category" | "name", "blocked") => look.text("policy-blocked"),
        ("category" | "name", "open") => look.text("policy-open"),
        ("hours", hours) => hours_text(hours, look),
        (_, value) => value.to_owned(),
    }
}

/// Hours as people of this language write them into a document.
pub(crate) fn hours_text(hours: &str, look: &Look<'_>) -> String {
    const DAYS: [(&str, &str); 7] = [
        ("mon", "lun"),
        ("tue", "mar"),
        ("wed", "mer"),
        ("thu", "jeu"),
        ("fri", "ven"),
        ("sat", "sam"),
        ("sun", "dim"),
    ];
    if look.words.language() == words::Language::En {
        return hours.to_owned();
    }
    DAYS.iter().fold(hours.to_owned(), |text, (english, french)| text.replace(english, french))
}

/// A regime as far as there are words for it.
fn regime_read(text: &str) -> Option<String> {
    ["in_school", "out_of_school"].into_iter().find(|known| *known == text).map(str::to_owned)
}

fn some(text: &str) -> Option<String> {
    Some(clean(text)).filter(|text| !text.is_empty())
}

impl From<PolicyChange> for ChangeRow {
    fn from(change: PolicyChange) -> Self {
        let known = ["tightens", "alters"].into_iter().find(|known| *known == change.effect);
        Self {
            regime: regime_read(&change.regime),
            key: clean(&change.key),
            item: some(&change.item),
            before: clean(&change.before),
            after: clean(&change.after),
            // What is not known may loosen.
            effect: known.unwrap_or("loosens").to_owned(),
        }
    }
}

impl From<PolicyReason> for ReasonRow {
    fn from(reason: PolicyReason) -> Self {
        let known = ["again", "overridden", "ignored"].into_iter().find(|known| *known == reason.outcome);
        Self {
            regime: regime_read(&reason.regime),
            key: clean(&reason.key),
            item: some(&reason.item),
            value: clean(&reason.value),
            layer: clean(&reason.layer),
            outcome: known.unwrap_or("holds").to_owned(),
            by: some(&reason.by),
        }
    }
}

impl From<PolicyTurn> for TurnRow {
    fn from(turn: PolicyTurn) -> Self {
        let because = turn.because.unwrap_or_default();
        let known = ["name", "category", "all", "only_open"].into_iter().find(|known| *known == because.code);
        Self {
            name: clean(&turn.name),
            regime: regime_read(&turn.regime).unwrap_or_else(|| "out_of_school".to_owned()),
            blocked: turn.blocked,
            because: known.unwrap_or("nothing").to_owned(),
            item: some(&because.item),
            listed: some(&because.listed),
            whose: ["policy", "floor", "lesson", "unblock"]
                .into_iter()
                .find(|known| *known == because.whose)
                .map(str::to_owned),
            by: some(&because.by),
            devices: turn.devices,
        }
    }
}

impl From<PolicyList> for ListRow {
    fn from(list: PolicyList) -> Self {
        // What is not known was not counted.
        let known = ["held", "none", "given"].into_iter().find(|known| *known == list.state);
        let state = known.unwrap_or("away").to_owned();
        Self { version: some(&list.version), state, devices: list.devices }
    }
}

impl From<PolicyUnknown> for UnknownRow {
    fn from(unknown: PolicyUnknown) -> Self {
        let near = unknown.near.iter().map(|name| clean(name)).collect();
        Self { category: clean(&unknown.category), near }
    }
}

impl From<PolicyMore> for MoreRow {
    fn from(more: PolicyMore) -> Self {
        let PolicyMore { changes, ignored, schools, below } = more;
        Self { changes, ignored, schools, below }
    }
}

impl From<PolicyVersion> for VersionRow {
    fn from(version: PolicyVersion) -> Self {
        Self {
            layer: clean(&version.layer),
            version: version.version,
            name: some(&version.name),
            digest: clean(&version.digest),
            by: clean(&version.by),
            second: some(&version.second),
            why: clean(&version.why),
            at: rfc3339(version.at_unix_ms),
            of: (version.of > 0).then_some(version.of),
            removed: version.removed,
            text: Some(version.text).filter(|text| !text.is_empty()),
            at_unix_ms: version.at_unix_ms,
        }
    }
}

impl Row for ReasonRow {
    const COLUMNS: &'static [&'static str] =
        &["policy-key", "policy-value", "policy-layer", "policy-regime", "policy-outcome"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let regime = self.regime.as_ref().map(|regime| look.text(&format!("policy-regime-{regime}")));
        vec![
            (about(None, &self.key, self.item.as_deref(), look), Tone::Plain),
            (value_text(&self.key, &self.value, look), Tone::Plain),
            (self.layer.clone(), Tone::Plain),
            (regime.unwrap_or_default(), Tone::Plain),
            self.outcome(look),
        ]
    }
}

impl Row for VersionRow {
    const COLUMNS: &'static [&'static str] =
        &["policy-layer", "policy-version", "policy-name", "policy-at", "policy-by", "policy-why"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let by = match &self.second {
            Some(second) => format!("{} + {second}", self.by),
            None => self.by.clone(),
        };
        let version = match self.of {
            Some(of) => format!("{} (= {of})", self.version),
            None => self.version.to_string(),
        };
        let name = if self.removed { look.text("policy-removed") } else { self.name.clone().unwrap_or_default() };
        vec![
            (self.layer.clone(), Tone::Plain),
            (version, Tone::Plain),
            (name, if self.removed { Tone::Faint } else { Tone::Plain }),
            (look.date(self.at_unix_ms), Tone::Plain),
            (by, Tone::Plain),
            (self.why.clone(), Tone::Plain),
        ]
    }
}
