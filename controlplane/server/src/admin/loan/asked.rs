//! What a message asks, as the core takes it.

use super::super::asset::{funding_of, measure_of};
use super::super::class::class_of;
use super::super::device::{owner_of, school_of, short};
use crate::status::invalid;
use controlplane_core::loan::{AccessoryWish, Ask, Closing, Deed, Filter, PartBack, PartState, Seen, Wish};
use jiff::civil::Date;
use model::borrower::BorrowerRef;
use model::digest::Digest;
use model::loan::{BorrowerKind, ExamDays, Grade, IncidentKind, LoanState, Signature, SignatureMode, Signer};
use model::uai::Uai;
use tonic::Status;
use wire::v1::loan_act::Deed as Asked;
use wire::v1::{
    self as v1, LoanAccessory, LoanAct, LoanClosing, LoanCondition, LoanCreate, LoanListRequest, LoanReport,
    LoanSignature,
};

/// The most entries of one list in an act.
const LIST_MAX: usize = 50;

/// An act; `today` is the day on which it was done, for days that are left out.
pub(super) fn ask_of(act: LoanAct, today: Date) -> Result<Ask, Status> {
    let deed = act.deed.ok_or_else(|| invalid("an act says what is to be done"))?;
    let id = if act.act.is_empty() { None } else { Some(act.act.parse().map_err(invalid)?) };
    short(&act.loan)?;
    Ok(Ask { act: id, loan: act.loan, deed: deed_of(deed, today)?, why: act.why })
}

fn deed_of(deed: Asked, today: Date) -> Result<Deed, Status> {
    Ok(match deed {
        Asked::Create(create) => Deed::Create(Box::new(wish_of(create, today)?)),
        Asked::Approve(_) => Deed::Approve,
        Asked::Prepare(prepare) => Deed::Prepare {
            asset: some(prepare.asset),
            accessories: listed(prepare.accessories, |one| Ok(AccessoryWish { number: one.number, kind: one.kind }))?,
            template: prepare.template,
        },
        Asked::Sign(sign) => Deed::Sign(listed(sign.signatures, signature_of)?),
        Asked::HandOver(over) => Deed::HandOver { asset: some(over.asset), seen: needed(seen_of(over.condition)?)? },
        Asked::Extend(extend) => Deed::Extend { due_on: day_of(&extend.due_on)? },
        Asked::ReturnParts(back) => Deed::ReturnParts(listed(back.parts, part_of)?),
        Asked::Return(back) => Deed::Return {
            seen: seen_of(back.condition)?,
            parts: listed(back.parts, part_of)?,
            asset: some(back.asset),
        },
        Asked::Swap(swap) => {
            Deed::Swap { asset: swap.asset, seen: needed(seen_of(swap.condition)?)?, back: seen_of(swap.back)? }
        }
        Asked::Incident(report) => incident_of(&report, today)?,
        Asked::Decide(_) => Deed::Decide,
        Asked::Undecide(_) => Deed::Undecide,
        Asked::Exam(exam) => Deed::Exam(ExamDays::new(day_of(&exam.from)?, day_of(&exam.until)?).map_err(invalid)?),
        Asked::ExamCancel(_) => Deed::ExamCancel,
        Asked::Transfer(to) => Deed::Transfer { school: uai_of(&to.school)?, on: day_or(&to.on, today)? },
        Asked::Close(close) => Deed::Close(match close.how() {
            LoanClosing::Returned => Closing::Returned,
            LoanClosing::Lost => Closing::Lost,
            LoanClosing::Stolen => Closing::Stolen,
            LoanClosing::Damaged => Closing::Damaged,
            LoanClosing::Unspecified => return Err(invalid("say how the loan ends")),
        }),
        Asked::Cancel(_) => Deed::Cancel,
    })
}

fn wish_of(create: LoanCreate, today: Date) -> Result<Wish, Status> {
    let kind = match create.kind() {
        v1::BorrowerKind::Pupil => BorrowerKind::Pupil,
        v1::BorrowerKind::Teacher => BorrowerKind::Teacher,
        v1::BorrowerKind::Staff => BorrowerKind::Staff,
        v1::BorrowerKind::Unspecified => return Err(invalid("a borrower is a pupil, a teacher or staff")),
    };
    Ok(Wish {
        id: if create.id.is_empty() { None } else { Some(create.id.parse().map_err(invalid)?) },
        school: uai_of(&create.school)?,
        class: class_of(&create.class)?,
        owner: owner_of(&create.owner)?,
        borrower: borrower_of(create.borrower)?,
        kind,
        minor: create.minor,
        measure: measure_of(&create.measure)?,
        funding: funding_of(&create.funding)?,
        start_on: day_or(&create.start_on, today)?,
        due_on: some(create.due_on).map(|day| day_of(&day)).transpose()?,
    })
}

fn incident_of(report: &LoanReport, today: Date) -> Result<Deed, Status> {
    let kind = match report.kind() {
        v1::IncidentKind::Breakage => IncidentKind::Breakage,
        v1::IncidentKind::Failure => IncidentKind::Failure,
        v1::IncidentKind::Loss => IncidentKind::Loss,
        v1::IncidentKind::Theft => IncidentKind::Theft,
        v1::IncidentKind::Unspecified => {
            return Err(invalid("an incident is a breakage, a failure, a loss or a theft"));
        }
    };
    Ok(Deed::Incident { kind, on: day_or(&report.on, today)?, complaint: some(report.complaint.clone()) })
}

fn signature_of(one: LoanSignature) -> Result<Signature, Status> {
    let by = match one.by() {
        v1::Signer::Borrower => Signer::Borrower,
        v1::Signer::Guardian1 => Signer::Guardian1,
        v1::Signer::Guardian2 => Signer::Guardian2,
        v1::Signer::Unspecified => return Err(invalid("name who signed")),
    };
    let mode = match one.mode() {
        v1::SignatureMode::Paper => SignatureMode::Paper,
        v1::SignatureMode::Desk => SignatureMode::Desk,
        v1::SignatureMode::Unspecified => return Err(invalid("it is signed on paper or at the desk")),
    };
    let scan = some(one.scan).map(|scan| scan.parse::<Digest>().map_err(invalid)).transpose()?;
    Ok(Signature { by, mode, on: day_of(&one.on)?, scan })
}

fn part_of(one: LoanAccessory) -> Result<PartBack, Status> {
    let state = match one.state() {
        v1::PartState::Returned => PartState::Returned,
        v1::PartState::Missing => PartState::Missing,
        v1::PartState::Damaged => PartState::Damaged,
        v1::PartState::Out | v1::PartState::Unspecified => PartState::Out,
    };
    Ok(PartBack { number: one.number, state })
}

fn seen_of(condition: Option<LoanCondition>) -> Result<Option<Seen>, Status> {
    let Some(condition) = condition else { return Ok(None) };
    let grade = |grade: v1::Grade| match grade {
        v1::Grade::Good => Ok(Grade::Good),
        v1::Grade::Worn => Ok(Grade::Worn),
        v1::Grade::Damaged => Ok(Grade::Damaged),
        v1::Grade::Unspecified => Err(invalid("say of screen, keyboard and case how they are")),
    };
    let wear = |wear: Option<u32>| wear.map(|wear| u8::try_from(wear).unwrap_or(u8::MAX));
    Ok(Some(Seen {
        screen: grade(condition.screen())?,
        keyboard: grade(condition.keyboard())?,
        case: grade(condition.case())?,
        battery_wear: wear(condition.battery_wear),
        disk_wear: wear(condition.disk_wear),
    }))
}

fn needed(seen: Option<Seen>) -> Result<Seen, Status> {
    seen.ok_or_else(|| invalid("say how the device is that is handed over"))
}

pub(super) fn filter_of(asked: &LoanListRequest, today: Date) -> Result<Filter, Status> {
    let state = match asked.state() {
        v1::LoanState::Unspecified => None,
        state => LoanState::ALL.into_iter().find(|one| super::shown::state_of(*one) == state),
    };
    let day = |text: &str| if text.is_empty() { Ok(None) } else { day_of(text).map(Some) };
    Ok(Filter {
        overdue_on: asked.overdue.then_some(today),
        due_before: day(&asked.due_before)?,
        school: school_of(&asked.school)?,
        state,
        measure: measure_of(&asked.measure)?,
        owner: owner_of(&asked.owner)?,
        funding: funding_of(&asked.funding)?,
        borrower: some(asked.borrower.clone()).map(borrower_of).transpose()?,
        asset: some(asked.asset.clone()).map(|asset| short(&asset).map(str::to_owned)).transpose()?,
    })
}

fn borrower_of(text: String) -> Result<BorrowerRef, Status> {
    BorrowerRef::try_from(text).map_err(invalid)
}

fn uai_of(text: &str) -> Result<Uai, Status> {
    text.parse().map_err(invalid)
}

/// A day of this century or the next, so that days sort as they are written.
fn day_of(text: &str) -> Result<Date, Status> {
    let day: Option<Date> = text.parse().ok().filter(|day: &Date| (2000..2200).contains(&day.year()));
    let shown = || text.chars().take(32).collect::<String>();
    day.ok_or_else(|| invalid(format!("a day is written YYYY-MM-DD, not {:?}", shown())))
}

fn day_or(text: &str, today: Date) -> Result<Date, Status> {
    if text.is_empty() { Ok(today) } else { day_of(text) }
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn listed<T, U>(list: Vec<T>, read: impl Fn(T) -> Result<U, Status>) -> Result<Vec<U>, Status> {
    if list.len() > LIST_MAX {
        return Err(invalid(format!("a list in an act has at most {LIST_MAX} entries")));
    }
    list.into_iter().map(read).collect()
}
