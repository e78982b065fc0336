//! Loans: who has which equipment, since when, until when, and what became of it.

mod act;
mod amount;
#[cfg(test)]
mod around;
mod change;
mod deed;
mod find;
mod forget;
mod hand;
mod list;
mod open;
mod policy;
mod remind;
mod term;
#[cfg(test)]
pub(crate) mod tests;
mod work;

pub(crate) use act::loan_erase;
pub use act::{Acted, Desk, LocalDays, loan_act};
pub use amount::{Amount, Item, ItemWhy};
pub use deed::{AccessoryWish, Ask, Closing, Deed, PartBack, Seen, Wish};
pub use find::loan_find;
pub use forget::{ACT_LIFE, acts_forget};
pub use list::{Filter, loan_page};
pub use policy::{LOAN_POLICIES, policy_get, policy_set};
pub use remind::{Reminded, remind_due};
pub(crate) use term::loan_hold;
pub use work::loan_indexes;

use crate::scope::Filed;
use crate::table::{Intent, Table};
use jiff::civil::Date;
use model::borrower::BorrowerRef;
use model::class::Class;
use model::digest::Digest;
use model::loan::{
    BorrowerKind, ConditionReport, Difference, ExamDays, IncidentKind, LoanId, LoanState, Reminder, Signature,
};
use model::measure::{FundingLine, Measure};
use model::owner::OwnerId;
use model::time::Timestamp;
use model::uai::Uai;
use serde::{Deserialize, Serialize};

/// Loans by id.
pub static LOANS: Table<Loan, Intent> = Table::new("loan");
/// The open loan of an asset, by inventory number: `Absent` here is what makes two of them impossible.
pub static LOAN_OPEN: Table<LoanId, Intent> = Table::new("loan_open");
/// Loans by convention number.
pub static LOAN_NUMBERS: Table<LoanId, Intent> = Table::new("loan_number");
/// Active loans by due day: `<date>/<id>`.
pub static LOAN_DUES: Table<LoanId, Intent> = Table::new("loan_due");
/// The same of one school: `<UAI>/<date>/<id>`.
pub static LOAN_SCHOOL_DUES: Table<LoanId, Intent> = Table::new("loan_school_due");
/// Loans by school: `<UAI>/<id>`.
pub static LOAN_SCHOOLS: Table<LoanId, Intent> = Table::new("loan_school");
/// Loans by borrower: `<reference>/<id>`.
pub static LOAN_BORROWERS: Table<LoanId, Intent> = Table::new("loan_borrower");
/// Loans by each asset they had: `<inventory number>/<id>`.
pub static LOAN_ASSETS: Table<LoanId, Intent> = Table::new("loan_asset");
/// The last number given: `<UAI>/<year>`.
pub static LOAN_SEQUENCES: Table<u32, Intent> = Table::new("loan_sequence");
/// Acts that were done, by the id their author gave them.
pub static LOAN_ACTS: Table<ActDone, Intent> = Table::new("loan_act");

/// A loan (domain.md, "Loan"). Of the borrower it knows a reference and no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loan {
    /// Which.
    pub id: LoanId,
    /// As it stands on the agreement: UAI, year, sequence.
    pub number: String,
    /// Where it stands.
    pub state: LoanState,
    /// The establishment.
    pub school: Uai,
    /// For which class of that school it is, where that was said; until it is over, for it says something of the borrower.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// Whose equipment it is about, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerId>,
    /// A keyed hash that the vault made; nothing once it was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub borrower: Option<BorrowerRef>,
    /// What the borrower is.
    pub kind: BorrowerKind,
    /// Whether guardians sign.
    pub minor: bool,
    /// For which measure: its own, or that of the device that its agreement names; there at the latest when that is handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<Measure>,
    /// From which money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub funding: Option<FundingLine>,
    /// From when it is planned.
    pub start_on: Date,
    /// The last day; may be open for staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<Date>,
    /// The asset that the agreement names, until it is handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepared: Option<String>,
    /// The devices it has had, one at a time.
    #[serde(default)]
    pub lines: Vec<Line>,
    /// What came with it.
    #[serde(default)]
    pub accessories: Vec<Accessory>,
    /// The version of the agreement's template, once it is made out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub template: String,
    /// When the agreement was made out: the day on the paper, whatever changes afterwards. Nothing in what was written before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_out: Option<Timestamp>,
    /// Who signed.
    #[serde(default)]
    pub signatures: Vec<Signature>,
    /// What went wrong.
    #[serde(default)]
    pub incidents: Vec<Incident>,
    /// The reminders.
    #[serde(default)]
    pub reminders: Vec<Reminder>,
    /// What else was changed while it lasted.
    #[serde(default)]
    pub events: Vec<Event>,
    /// The decision to show the return screen, while it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decided>,
    /// An exam of the borrower's, during which the device restricts nothing; one at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exam: Option<ExamDays>,
    /// What is proposed to be asked for, at its closing; a person decides elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Amount>,
    /// When it was asked for.
    pub created: Timestamp,
    /// When anything in it last changed.
    pub changed: Timestamp,
}

/// A device that a loan has had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The inventory number.
    pub asset: String,
    /// From when.
    pub from: Timestamp,
    /// Until when; nothing while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<LineEnd>,
    /// How it was when it was handed over.
    pub out: ConditionReport,
    /// How it was when it came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<ConditionReport>,
}

/// What became of a device of a loan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineEnd {
    /// It came back.
    Returned,
    /// It was lost.
    Lost,
    /// It was stolen.
    Stolen,
}

/// What came with a device, such as a charger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accessory {
    /// Its number.
    pub number: String,
    /// What it is.
    pub kind: String,
    /// Where it stands.
    pub state: PartState,
}

/// Where an accessory stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// The borrower has it.
    Out,
    /// It came back.
    Returned,
    /// It did not come back.
    Missing,
    /// It came back damaged.
    Damaged,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// What.
    pub kind: IncidentKind,
    /// On which day.
    pub on: Date,
    /// With which device.
    pub asset: String,
    /// The number of the complaint; there for each theft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complaint: Option<String>,
}

/// A change while a loan lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: EventKind,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// It has another due day.
    Extended {
        /// The one before.
        from: Option<Date>,
        /// The one that holds.
        to: Date,
    },
    /// A person decided to show the return screen.
    Decided,
    /// That was taken back, by a person or by a new due day.
    Undecided,
    /// An exam was noted.
    Exam(ExamDays),
    /// That was taken back.
    ExamCancelled,
    /// The borrower moved.
    Transferred {
        /// From here.
        from: Uai,
        /// To there.
        to: Uai,
    },
}

/// The decision to show the return screen: a person's, never a rule's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
}

/// An act that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActDone {
    /// To which loan.
    pub loan: LoanId,
    /// The digest of what was asked, so that one id is not used for two acts.
    pub asked: Digest,
    /// When it was taken, by the server's clock; nothing where that was not noted yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

impl Loan {
    /// Where it is filed.
    #[must_use]
    pub fn filed(&self) -> Filed {
        Filed { owner: self.owner.clone(), school: Some(self.school) }
    }

    /// The device that the borrower has.
    #[must_use]
    pub fn line(&self) -> Option<&Line> {
        self.lines.last().filter(|line| line.until.is_none())
    }

    /// The asset that no other loan may have: the one that waits for it, or the one that the borrower has.
    #[must_use]
    pub fn holds(&self) -> Option<&str> {
        match self.state {
            LoanState::AgreementPending | LoanState::Ready => self.prepared.as_deref(),
            LoanState::Active => self.line().map(|line| line.asset.as_str()),
            _ => None,
        }
    }

    /// How many days it is overdue.
    #[must_use]
    pub fn overdue_by(&self, today: Date) -> Option<i32> {
        let due_on = self.due_on.filter(|_| self.state == LoanState::Active)?;
        model::loan::overdue_by(due_on, today)
    }

    /// What is worse about its last device than when it was handed over.
    #[must_use]
    pub fn worse(&self) -> Vec<Difference> {
        let last = self.lines.last();
        last.and_then(|line| Some(line.back?.worse_than(&line.out))).unwrap_or_default()
    }
}

impl PartState {
    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Returned => "returned",
            Self::Missing => "missing",
            Self::Damaged => "damaged",
        }
    }
}

impl LineEnd {
    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::Lost => "lost",
            Self::Stolen => "stolen",
        }
    }
}
