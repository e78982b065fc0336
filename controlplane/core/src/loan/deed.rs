//! What can be asked of a loan, as values: a desk without a network keeps them and sends them later.

use super::PartState;
use crate::error::{Error, Result};
use jiff::civil::Date;
use model::borrower::BorrowerRef;
use model::class::Class;
use model::digest::Digest;
use model::loan::{ActId, BorrowerKind, ExamDays, Grade, IncidentKind, LoanId, Signature};
use model::measure::{FundingLine, Measure};
use model::owner::OwnerId;
use model::uai::Uai;
use serde::{Deserialize, Serialize};

/// The most accessories of a loan.
pub(super) const ACCESSORIES_MAX: usize = 20;
/// The longest name, number or code in a deed, in characters.
const TEXT_CHARS_MAX: usize = 64;

/// An act that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Its name, so that it is done once.
    pub act: Option<ActId>,
    /// The loan: its id, its number, or the inventory number of what it holds; empty for a new one.
    pub loan: String,
    /// What.
    pub deed: Deed,
    /// Why, for the audit.
    pub why: String,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// A loan is asked for.
    Create(Box<Wish>),
    /// It is to be.
    Approve,
    /// The agreement is made out, or made out anew.
    Prepare {
        /// The asset it names; nothing where the first that is at hand will do.
        asset: Option<String>,
        /// What comes with it.
        accessories: Vec<AccessoryWish>,
        /// The version of the template.
        template: String,
    },
    /// Somebody signed.
    Sign(Vec<Signature>),
    /// The device is handed over.
    HandOver {
        /// Which; may be left out where the agreement names it.
        asset: Option<String>,
        /// How it is.
        seen: Seen,
    },
    /// It has another due day.
    Extend {
        /// Which.
        due_on: Date,
    },
    /// Some accessories come back, or are said not to.
    ReturnParts(Vec<PartBack>),
    /// The device comes back.
    Return {
        /// How it is; nothing for a device that was found elsewhere.
        seen: Option<Seen>,
        /// What came with it.
        parts: Vec<PartBack>,
        /// Which it is; nothing for the one that the loan has.
        asset: Option<String>,
    },
    /// Another device takes the place of the first.
    Swap {
        /// The other one.
        asset: String,
        /// How that is.
        seen: Seen,
        /// How the first is, where it comes back.
        back: Option<Seen>,
    },
    /// Something went wrong.
    Incident {
        /// What.
        kind: IncidentKind,
        /// On which day.
        on: Date,
        /// The complaint's number.
        complaint: Option<String>,
    },
    /// The return screen is to be shown.
    Decide,
    /// It is not to be shown any more.
    Undecide,
    /// The borrower sits an exam, during which the device restricts nothing.
    Exam(ExamDays),
    /// That is taken back.
    ExamCancel,
    /// The borrower moves.
    Transfer {
        /// Where to.
        school: Uai,
        /// On which day.
        on: Date,
    },
    /// It is over.
    Close(Closing),
    /// It is given up.
    Cancel,
}

/// A loan that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Its id, where whoever asks has made one.
    pub id: Option<LoanId>,
    /// The establishment.
    pub school: Uai,
    /// For which class of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// Whose equipment it is to be.
    pub owner: Option<OwnerId>,
    /// The borrower.
    pub borrower: BorrowerRef,
    /// What the borrower is.
    pub kind: BorrowerKind,
    /// Whether guardians sign.
    pub minor: bool,
    /// For which measure.
    pub measure: Option<Measure>,
    /// From which money.
    pub funding: Option<FundingLine>,
    /// From when.
    pub start_on: Date,
    /// Until when.
    pub due_on: Option<Date>,
}

/// An accessory that is to come with a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessoryWish {
    /// Its number.
    pub number: String,
    /// What it is.
    pub kind: String,
}

/// What a person saw of a device; the wear of battery and disk is taken from what the device itself says, where it runs an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The screen.
    pub screen: Grade,
    /// The keyboard.
    pub keyboard: Grade,
    /// The case.
    pub case: Grade,
    /// The battery's wear, where the device does not say it.
    pub battery_wear: Option<u8>,
    /// The disk's wear, where the device does not say it.
    pub disk_wear: Option<u8>,
}

/// What became of an accessory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartBack {
    /// Its number.
    pub number: String,
    /// Where it stands.
    pub state: PartState,
}

/// How a loan ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// As it should.
    Returned,
    /// The device was lost.
    Lost,
    /// The device was stolen.
    Stolen,
    /// The device is damaged.
    Damaged,
}

impl Ask {
    /// The digest of what is asked, but for the name it has.
    pub(super) fn digest(&self) -> Result<Digest> {
        let text = serde_json::to_vec(&(&self.loan, &self.deed));
        text.map(|text| Digest::of(&text)).map_err(|e| Error::Invalid(format!("the act cannot be read: {e}")))
    }
}

impl Deed {
    /// The verb in the audit.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Create(_) => "loan_create",
            Self::Approve => "loan_approve",
            Self::Prepare { .. } => "loan_prepare",
            Self::Sign(_) => "loan_sign",
            Self::HandOver { .. } => "loan_hand_over",
            Self::Extend { .. } => "loan_extend",
            Self::ReturnParts(_) => "loan_return_parts",
            Self::Return { .. } => "loan_return",
            Self::Swap { .. } => "loan_swap",
            Self::Incident { .. } => "loan_incident",
            Self::Decide => "loan_decide",
            Self::Undecide => "loan_undecide",
            Self::Exam(_) => "loan_exam",
            Self::ExamCancel => "loan_exam_cancel",
            Self::Transfer { .. } => "loan_transfer",
            Self::Close(_) => "loan_close",
            Self::Cancel => "loan_cancel",
        }
    }

    /// Whether every text and every list in it is within its limits.
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Prepare { asset, accessories, template } => {
                text_check("the version of a template", template)?;
                asset.iter().try_for_each(|asset| asset_check(asset))?;
                accessories.iter().try_for_each(|one| {
                    text_check("an accessory's number", &one.number)?;
                    text_check("an accessory's kind", &one.kind)
                })?;
                let numbers: std::collections::BTreeSet<_> = accessories.iter().map(|one| &one.number).collect();
                if accessories.len() > ACCESSORIES_MAX || numbers.len() != accessories.len() {
                    let text =
                        format!("a loan has at most {ACCESSORIES_MAX} accessories, each with a number of its own");
                    return Err(Error::Invalid(text));
                }
                Ok(())
            }
            Self::HandOver { asset, seen } => {
                seen.check()?;
                asset.iter().try_for_each(|asset| asset_check(asset))
            }
            Self::Swap { asset, seen, back } => {
                seen.check()?;
                back.iter().try_for_each(Seen::check)?;
                asset_check(asset)
            }
            Self::Return { seen, asset, .. } => {
                seen.iter().try_for_each(Seen::check)?;
                asset.iter().try_for_each(|asset| asset_check(asset))
            }
            Self::Incident { kind, complaint, .. } => {
                if *kind == IncidentKind::Theft && complaint.is_none() {
                    return Err(Error::Invalid("a theft needs the number of the complaint".to_owned()));
                }
                complaint.iter().try_for_each(|number| text_check("the number of a complaint", number))
            }
            _ => Ok(()),
        }
    }
}

impl Seen {
    fn check(&self) -> Result<()> {
        let within = |wear: Option<u8>| wear.is_none_or(|wear| wear <= 100);
        if within(self.battery_wear) && within(self.disk_wear) {
            return Ok(());
        }
        Err(Error::Invalid("wear is 0 to 100 hundredths".to_owned()))
    }
}

/// An inventory number stands at the beginning of keys.
fn asset_check(number: &str) -> Result<()> {
    text_check("an inventory number", number)?;
    if number.contains('/') {
        return Err(Error::Invalid("an inventory number has no slash".to_owned()));
    }
    Ok(())
}

fn text_check(what: &str, text: &str) -> Result<()> {
    let printable = !text.chars().any(char::is_control) && text.trim() == text;
    if (1..=TEXT_CHARS_MAX).contains(&text.chars().count()) && printable {
        return Ok(());
    }
    Err(Error::Invalid(format!("{what} is 1 to {TEXT_CHARS_MAX} printable characters")))
}
