//! An operator as a line.

use crate::print::{Look, Row, Tone, rfc3339};
use serde::Serialize;
use wire::v1::{Grant, OperatorState, OperatorSummary, Role};

/// A line of the list of operators; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct OperatorRow {
    pub(crate) name: String,
    pub(crate) state: &'static str,
    /// Roles with their scopes, such as `technician:0951099D+0750654D`, `admin:territory`, `auditor:owner=commune-besancon`.
    pub(crate) grants: String,
    pub(crate) since: Option<String>,
    pub(crate) until: Option<String>,
    pub(crate) by: Option<String>,
    pub(crate) invitation: Option<String>,
    #[serde(skip)]
    pub(crate) until_unix_ms: i64,
}

impl From<OperatorSummary> for OperatorRow {
    fn from(o: OperatorSummary) -> Self {
        let state = match o.state() {
            OperatorState::Active => "active",
            OperatorState::Invited => "invited",
            OperatorState::Expired => "expired",
            OperatorState::Revoked => "revoked",
            OperatorState::Unspecified => "unknown",
        };
        let some = |text: String| Some(text).filter(|t| !t.is_empty());
        Self {
            state,
            grants: o.grants.iter().map(grant_code).collect::<Vec<_>>().join(" "),
            since: rfc3339(o.since_unix_ms),
            until: rfc3339(o.until_unix_ms),
            by: some(o.by),
            invitation: some(o.invitation),
            until_unix_ms: o.until_unix_ms,
            name: o.name,
        }
    }
}

impl Row for OperatorRow {
    const COLUMNS: &'static [&'static str] =
        &["operator-name", "operator-state", "operator-grants", "operator-until", "operator-by", "operator-invitation"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let tone = match self.state {
            "active" => Tone::Good,
            "invited" => Tone::Warning,
            _ => Tone::Faint,
        };
        let known = |text: &Option<String>| match text {
            Some(text) => (text.clone(), Tone::Plain),
            None => ("–".to_owned(), Tone::Faint),
        };
        vec![
            (self.name.clone(), Tone::Plain),
            (look.text(&format!("operator-state-{}", self.state)), tone),
            (grants_text(self, look).join(" · "), Tone::Plain),
            (look.date(self.until_unix_ms), Tone::Plain),
            known(&self.by),
            known(&self.invitation),
        ]
    }
}

/// Each role with its scope, in the reader's language.
pub(crate) fn grants_text(row: &OperatorRow, look: &Look<'_>) -> Vec<String> {
    let grants = row.grants.split(' ').filter_map(|code| code.split_once(':'));
    let text = |(role, scope): (&str, &str)| {
        let role = look.text(&format!("role-{role}"));
        let scope = match scope.strip_prefix("owner=") {
            Some(owner) => owner.to_owned(),
            None if scope == "territory" => look.text("scope-territory"),
            None => scope.replace('+', ", "),
        };
        look.words.text_with("operator-grant", &[("role", role.into()), ("scope", scope.into())])
    };
    grants.map(text).collect()
}

fn grant_code(grant: &Grant) -> String {
    let scope = match (grant.owner.as_str(), grant.schools.as_slice()) {
        ("", []) => "territory".to_owned(),
        ("", schools) => schools.join("+"),
        (owner, _) => format!("owner={owner}"),
    };
    format!("{}:{scope}", role_name(grant.role()))
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Technician => "technician",
        Role::LoanDesk => "loan_desk",
        Role::PolicyAuthor => "policy_author",
        Role::Publisher => "publisher",
        Role::Auditor => "auditor",
        Role::Evaluator => "evaluator",
        Role::Unspecified => "unknown",
    }
}
