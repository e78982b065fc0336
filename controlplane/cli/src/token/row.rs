//! A token as a line: never its secret.

use crate::print::{Look, Row, Tone, rfc3339};
use serde::Serialize;
use wire::v1::{TokenKind, TokenState, TokenSummary};

/// A line of the list of tokens; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct TokenRow {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) state: &'static str,
    pub(crate) uses: u32,
    pub(crate) used: u32,
    pub(crate) failures: u32,
    pub(crate) created: Option<String>,
    pub(crate) expires: Option<String>,
    pub(crate) school: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) kit: Option<String>,
    pub(crate) slot: Option<String>,
    pub(crate) serials: u32,
    pub(crate) device: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) operator: Option<String>,
    #[serde(skip)]
    pub(crate) created_unix_ms: i64,
    #[serde(skip)]
    pub(crate) expires_unix_ms: i64,
}

impl From<TokenSummary> for TokenRow {
    fn from(t: TokenSummary) -> Self {
        let (kind, state) = (kind_name(t.kind()), state_name(t.state()));
        let some = |text: String| Some(text).filter(|t| !t.is_empty());
        Self {
            id: t.id,
            kind,
            state,
            uses: t.uses,
            used: t.used,
            failures: t.failures,
            created: rfc3339(t.created_unix_ms),
            expires: rfc3339(t.expires_unix_ms),
            school: some(t.school),
            owner: some(t.owner),
            kit: some(t.kit),
            slot: some(t.slot),
            serials: t.serials,
            device: some(t.device),
            note: some(t.note),
            operator: some(t.operator),
            created_unix_ms: t.created_unix_ms,
            expires_unix_ms: t.expires_unix_ms,
        }
    }
}

impl Row for TokenRow {
    const COLUMNS: &'static [&'static str] =
        &["token-id", "token-kind", "token-state", "token-uses", "token-expires", "token-school", "token-note"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let tone = match self.state {
            "open" => Tone::Good,
            "locked" => Tone::Bad,
            _ => Tone::Faint,
        };
        let known = |text: &Option<String>| match text {
            Some(text) => (text.clone(), Tone::Plain),
            None => ("–".to_owned(), Tone::Faint),
        };
        vec![
            (self.id.clone(), Tone::Plain),
            (look.text(&format!("token-kind-{}", self.kind)), Tone::Plain),
            (look.text(&format!("token-state-{}", self.state)), tone),
            (format!("{}/{}", self.used, self.uses), Tone::Plain),
            (look.date(self.expires_unix_ms), Tone::Plain),
            known(&self.school),
            known(&self.note),
        ]
    }
}

fn kind_name(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Unit => "unit",
        TokenKind::Kit => "kit",
        TokenKind::ReEnrol => "re_enrol",
        TokenKind::Unspecified => "unknown",
    }
}

fn state_name(state: TokenState) -> &'static str {
    match state {
        TokenState::Open => "open",
        TokenState::UsedUp => "used_up",
        TokenState::Expired => "expired",
        TokenState::Locked => "locked",
        TokenState::Revoked => "revoked",
        TokenState::Unspecified => "unknown",
    }
}
