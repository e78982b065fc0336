//! A loan as a line.

use crate::print::{Look, Row, Tone, clean};
use serde::Serialize;
use wire::v1;

/// A line of the list of loans; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct LoanRow {
    pub(crate) number: String,
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) school: String,
    pub(crate) owner: Option<String>,
    pub(crate) borrower: Option<String>,
    pub(crate) kind: &'static str,
    pub(crate) measure: Option<String>,
    pub(crate) funding: Option<String>,
    pub(crate) asset: Option<String>,
    pub(crate) start_on: String,
    pub(crate) due_on: Option<String>,
    pub(crate) overdue_days: u32,
    pub(crate) reminders: usize,
    pub(crate) last_reminder: Option<u32>,
    pub(crate) return_screen: bool,
    pub(crate) accessories_missing: usize,
    pub(crate) proposal_cents: Option<u32>,
}

impl From<v1::Loan> for LoanRow {
    fn from(loan: v1::Loan) -> Self {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let missing = |one: &&v1::LoanAccessory| one.state() == v1::PartState::Missing;
        Self {
            state: state_name(loan.state()).to_owned(),
            kind: kind_name(loan.kind()),
            asset: loan.lines.last().map(|line| line.asset.clone()).or_else(|| some(&loan.prepared)),
            reminders: loan.reminders.len(),
            last_reminder: loan.reminders.last().map(|reminder| reminder.after_days),
            return_screen: loan.decided_unix_ms != 0,
            accessories_missing: loan.accessories.iter().filter(missing).count(),
            owner: some(&loan.owner),
            borrower: some(&loan.borrower),
            funding: some(&loan.funding),
            due_on: some(&loan.due_on),
            number: loan.number,
            id: loan.id,
            school: loan.school,
            measure: some(&loan.measure),
            start_on: loan.start_on,
            overdue_days: loan.overdue_days,
            proposal_cents: loan.proposal_cents,
        }
    }
}

impl Row for LoanRow {
    const COLUMNS: &'static [&'static str] =
        &["loan-number", "loan-state", "loan-asset", "loan-due", "loan-overdue", "loan-reminder", "loan-borrower"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let known = |text: Option<String>| match text {
            Some(text) => (text, Tone::Plain),
            None => ("–".to_owned(), Tone::Faint),
        };
        let overdue = match self.overdue_days {
            0 => ("–".to_owned(), Tone::Faint),
            days => (look.count("loan-days", days as usize), Tone::Bad),
        };
        vec![
            (self.number.clone(), Tone::Plain),
            (look.text(&format!("loan-state-{}", self.state)), state_tone(&self.state)),
            known(self.asset.clone()),
            known(self.due_on.as_deref().map(|day| look.day(day))),
            overdue,
            known(self.last_reminder.map(|days| format!("J+{days}"))),
            // Enough to tell two apart; the vault says who it is.
            known(self.borrower.as_ref().map(|text| text.chars().take(8).collect())),
        ]
    }
}

pub(super) fn state_tone(state: &str) -> Tone {
    match state {
        "active" => Tone::Good,
        "returned_unchecked" | "agreement_pending" => Tone::Warning,
        "closed_lost" | "closed_stolen" | "closed_damaged" => Tone::Bad,
        "closed" | "cancelled" => Tone::Faint,
        _ => Tone::Plain,
    }
}

pub(super) fn state_name(state: v1::LoanState) -> &'static str {
    match state {
        v1::LoanState::Draft => "draft",
        v1::LoanState::Approved => "approved",
        v1::LoanState::AgreementPending => "agreement_pending",
        v1::LoanState::Ready => "ready",
        v1::LoanState::Active => "active",
        v1::LoanState::ReturnedUnchecked => "returned_unchecked",
        v1::LoanState::Closed => "closed",
        v1::LoanState::Cancelled => "cancelled",
        v1::LoanState::ClosedLost => "closed_lost",
        v1::LoanState::ClosedStolen => "closed_stolen",
        v1::LoanState::ClosedDamaged => "closed_damaged",
        v1::LoanState::Unspecified => "unknown",
    }
}

/// What an accessory is called, by its kind; a kind that nobody knows is its own name.
pub(crate) fn item_word(kind: &str, look: &Look<'_>) -> String {
    look.words.find(&format!("desk-item-{}", kind.replace('_', "-")), None).unwrap_or_else(|| clean(kind))
}

pub(super) fn kind_name(kind: v1::BorrowerKind) -> &'static str {
    match kind {
        v1::BorrowerKind::Pupil => "pupil",
        v1::BorrowerKind::Teacher => "teacher",
        v1::BorrowerKind::Staff => "staff",
        v1::BorrowerKind::Unspecified => "unknown",
    }
}
