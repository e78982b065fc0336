//! Acts as typed.

use super::condition::{Back, Condition, Grade};
use crate::Error;
use crate::asset::{Measure, measure_name};
use crate::class::class_read;
use crate::config::file_bytes;
use crate::device::{owner_read, school_read};
use clap::{Args, ValueEnum};
use model::digest::Digest;
use std::path::PathBuf;
use wire::v1::loan_act::Deed;
use wire::v1::{
    self, LoanAccessory, LoanAct, LoanClose, LoanCreate, LoanExtend, LoanHandOver, LoanPrepare, LoanReport, LoanReturn,
    LoanReturnParts, LoanSign, LoanSignature, LoanSwap, LoanTransfer,
};

/// An act to be sent, and what it is called.
pub(super) struct Act {
    pub(super) said: LoanAct,
    pub(super) verb: &'static str,
}

/// What each act has.
#[derive(Debug, Args)]
pub(crate) struct Common {
    #[arg(long)]
    pub(super) why: Option<String>,
    #[arg(long)]
    pub(super) act: Option<String>,
}

/// An act that needs no more than its loan.
#[derive(Debug, Args)]
pub(crate) struct Plain {
    loan: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    #[arg(long)]
    school: String,
    #[arg(long)]
    class: Option<String>,
    #[arg(long)]
    borrower: String,
    #[arg(long, value_enum, default_value = "pupil")]
    kind: Kind,
    #[arg(long)]
    adult: bool,
    #[arg(long, value_enum)]
    measure: Option<Measure>,
    #[arg(long)]
    funding: Option<String>,
    #[arg(long)]
    owner: Option<String>,
    #[arg(long)]
    start: Option<String>,
    #[arg(long)]
    due: Option<String>,
    #[arg(long)]
    id: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Pupil,
    Teacher,
    Staff,
}

#[derive(Debug, Args)]
pub(crate) struct Prepare {
    loan: String,
    #[arg(long)]
    asset: Option<String>,
    #[arg(long)]
    accessory: Vec<String>,
    #[arg(long)]
    template: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Sign {
    loan: String,
    #[arg(long, value_enum, required = true)]
    by: Vec<Signer>,
    #[arg(long, value_enum, default_value = "paper")]
    mode: Mode,
    #[arg(long)]
    on: String,
    #[arg(long)]
    scan: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Signer {
    Borrower,
    Guardian1,
    Guardian2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    Paper,
    Desk,
}

#[derive(Debug, Args)]
pub(crate) struct HandOver {
    loan: String,
    #[arg(long)]
    asset: Option<String>,
    #[command(flatten)]
    condition: Condition,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Extend {
    loan: String,
    #[arg(long)]
    due: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Return {
    loan: String,
    #[arg(long)]
    part: Vec<String>,
    #[arg(long, conflicts_with = "found")]
    parts_only: bool,
    #[arg(long)]
    found: bool,
    #[command(flatten)]
    condition: Condition,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Swap {
    loan: String,
    #[arg(long)]
    asset: String,
    #[command(flatten)]
    condition: Condition,
    #[command(flatten)]
    back: Back,
    #[arg(long)]
    missing: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Incident {
    loan: String,
    #[arg(long, value_enum)]
    kind: IncidentKind,
    #[arg(long)]
    on: Option<String>,
    #[arg(long)]
    complaint: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum IncidentKind {
    Breakage,
    Failure,
    Loss,
    Theft,
}

#[derive(Debug, Args)]
pub(crate) struct Transfer {
    loan: String,
    #[arg(long)]
    school: String,
    #[arg(long)]
    on: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Close {
    loan: String,
    #[arg(long = "as", value_enum, default_value = "returned")]
    how: How,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum How {
    Returned,
    Lost,
    Stolen,
    Damaged,
}

impl Common {
    pub(super) fn act(self, loan: String, verb: &'static str, deed: Deed) -> Act {
        let (act, why) = (self.act.unwrap_or_default(), self.why.unwrap_or_default());
        Act { said: LoanAct { act, at_unix_ms: 0, loan, why, deed: Some(deed) }, verb }
    }
}

impl Plain {
    pub(super) fn act(self, deed: Deed) -> Act {
        let verb = match deed {
            Deed::Approve(_) => "approve",
            Deed::Decide(_) => "decide",
            Deed::Undecide(_) => "undecide",
            _ => "cancel",
        };
        self.common.act(self.loan, verb, deed)
    }
}

impl Create {
    pub(super) fn act(self) -> Result<Act, Error> {
        let kind = match self.kind {
            Kind::Pupil => v1::BorrowerKind::Pupil,
            Kind::Teacher => v1::BorrowerKind::Teacher,
            Kind::Staff => v1::BorrowerKind::Staff,
        };
        let deed = Deed::Create(LoanCreate {
            id: self.id.unwrap_or_default(),
            school: school_read(&self.school)?,
            class: self.class.as_deref().map(class_read).transpose()?.unwrap_or_default(),
            owner: self.owner.as_deref().map(owner_read).transpose()?.unwrap_or_default(),
            borrower: self.borrower,
            kind: kind.into(),
            minor: self.kind == Kind::Pupil && !self.adult,
            measure: measure_name(self.measure),
            funding: self.funding.unwrap_or_default(),
            start_on: self.start.unwrap_or_default(),
            due_on: self.due.unwrap_or_default(),
        });
        Ok(self.common.act(String::new(), "create", deed))
    }
}

impl Prepare {
    pub(super) fn act(self) -> Result<Act, Error> {
        let deed = Deed::Prepare(LoanPrepare {
            asset: self.asset.unwrap_or_default(),
            accessories: self.accessory.iter().map(|text| accessory_read(text)).collect::<Result<_, _>>()?,
            template: self.template.unwrap_or_else(|| super::template::DEFAULT_VERSION.to_owned()),
        });
        Ok(self.common.act(self.loan, "prepare", deed))
    }
}

impl Sign {
    pub(super) fn act(self) -> Result<Act, Error> {
        let scan = self.scan.as_deref().map(file_bytes).transpose()?;
        let scan = scan.map_or_else(String::new, |bytes| Digest::of(&bytes).to_string());
        let mode = match self.mode {
            Mode::Paper => v1::SignatureMode::Paper,
            Mode::Desk => v1::SignatureMode::Desk,
        };
        let signature = |by: &Signer| LoanSignature {
            by: match by {
                Signer::Borrower => v1::Signer::Borrower,
                Signer::Guardian1 => v1::Signer::Guardian1,
                Signer::Guardian2 => v1::Signer::Guardian2,
            }
            .into(),
            mode: mode.into(),
            on: self.on.clone(),
            scan: scan.clone(),
        };
        let signatures = self.by.iter().map(signature).collect();
        Ok(self.common.act(self.loan, "sign", Deed::Sign(LoanSign { signatures })))
    }
}

impl HandOver {
    pub(super) fn act(self) -> Act {
        let condition = Some(self.condition.wire());
        let deed = Deed::HandOver(LoanHandOver { asset: self.asset.unwrap_or_default(), condition });
        self.common.act(self.loan, "hand_over", deed)
    }
}

impl Extend {
    pub(super) fn act(self) -> Act {
        self.common.act(self.loan, "extend", Deed::Extend(LoanExtend { due_on: self.due }))
    }
}

impl Return {
    pub(super) fn act(self) -> Result<Act, Error> {
        let parts: Vec<LoanAccessory> = self.part.iter().map(|text| part_read(text)).collect::<Result<_, _>>()?;
        if self.parts_only {
            let deed = Deed::ReturnParts(LoanReturnParts { parts });
            return Ok(self.common.act(self.loan, "return_parts", deed));
        }
        // What was found elsewhere was looked at there.
        let condition = (!self.found).then(|| self.condition.wire());
        Ok(self.common.act(self.loan, "return", Deed::Return(LoanReturn { condition, parts, asset: String::new() })))
    }
}

impl Swap {
    pub(super) fn act(self) -> Result<Act, Error> {
        let back = (!self.missing).then(|| self.back.wire());
        let deed = Deed::Swap(LoanSwap { asset: self.asset, condition: Some(self.condition.wire()), back });
        Ok(self.common.act(self.loan, "swap", deed))
    }
}

impl Incident {
    pub(super) fn act(self) -> Act {
        let kind = match self.kind {
            IncidentKind::Breakage => v1::IncidentKind::Breakage,
            IncidentKind::Failure => v1::IncidentKind::Failure,
            IncidentKind::Loss => v1::IncidentKind::Loss,
            IncidentKind::Theft => v1::IncidentKind::Theft,
        };
        let (on, complaint) = (self.on.unwrap_or_default(), self.complaint.unwrap_or_default());
        let deed = Deed::Incident(LoanReport { kind: kind.into(), on, complaint });
        self.common.act(self.loan, "incident", deed)
    }
}

impl Transfer {
    pub(super) fn act(self) -> Result<Act, Error> {
        let school = school_read(&self.school)?;
        let deed = Deed::Transfer(LoanTransfer { school, on: self.on.unwrap_or_default() });
        Ok(self.common.act(self.loan, "transfer", deed))
    }
}

impl Close {
    pub(super) fn act(self) -> Act {
        let how = match self.how {
            How::Returned => v1::LoanClosing::Returned,
            How::Lost => v1::LoanClosing::Lost,
            How::Stolen => v1::LoanClosing::Stolen,
            How::Damaged => v1::LoanClosing::Damaged,
        };
        self.common.act(self.loan, "close", Deed::Close(LoanClose { how: how.into() }))
    }
}

impl Grade {
    pub(super) const fn wire(self) -> v1::Grade {
        match self {
            Self::Good => v1::Grade::Good,
            Self::Worn => v1::Grade::Worn,
            Self::Damaged => v1::Grade::Damaged,
        }
    }
}

/// An accessory as typed: `charger:CH-0042`.
fn accessory_read(text: &str) -> Result<LoanAccessory, Error> {
    match text.split_once(':') {
        Some((kind, number)) if !kind.is_empty() && !number.is_empty() => {
            Ok(LoanAccessory { number: number.to_owned(), kind: kind.to_owned(), state: 0 })
        }
        _ => Err(Error::usage("error-loan-accessory", &[("value", text)])),
    }
}

/// What became of an accessory, as typed: `CH-0042=missing`; its number alone when it came back.
fn part_read(text: &str) -> Result<LoanAccessory, Error> {
    let (number, state) = text.split_once('=').unwrap_or((text, "returned"));
    let state = match state {
        "returned" => v1::PartState::Returned,
        "missing" => v1::PartState::Missing,
        "damaged" => v1::PartState::Damaged,
        _ => return Err(Error::usage("error-loan-part", &[("value", text)])),
    };
    Ok(LoanAccessory { number: number.to_owned(), kind: String::new(), state: state.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accessories_are_typed_with_their_kind_and_come_back_with_their_state() {
        let one = accessory_read("charger:CH-1").unwrap();
        assert_eq!((one.kind.as_str(), one.number.as_str()), ("charger", "CH-1"));
        for bad in ["charger", ":CH-1", "charger:"] {
            assert!(accessory_read(bad).is_err(), "{bad}");
        }
        assert_eq!(part_read("CH-1").unwrap().state(), v1::PartState::Returned);
        assert_eq!(part_read("CH-1=missing").unwrap().state(), v1::PartState::Missing);
        assert!(part_read("CH-1=gone").is_err());
    }
}
