//! A loan as a message.

use controlplane_core::loan::{Accessory, Event, EventKind, Incident, Item, Line, LineEnd, Loan, PartState};
use jiff::civil::Date;
use model::loan::{
    BorrowerKind, ConditionReport, Difference, Grade, IncidentKind, LoanState, Reminder, Signature, SignatureMode,
    Signer,
};
use model::measure::Measure;
use model::time::Timestamp;
use wire::v1::{
    self, LoanAccessory, LoanAmount, LoanCondition, LoanDifference, LoanEvent, LoanIncident, LoanLine, LoanReminder,
    LoanSignature,
};

/// A loan, with what follows from the day.
pub(in crate::admin) fn loan_shown(loan: &Loan, today: Date) -> v1::Loan {
    let text = |text: Option<String>| text.unwrap_or_default();
    v1::Loan {
        id: loan.id.to_string(),
        number: loan.number.clone(),
        state: state_of(loan.state).into(),
        school: loan.school.to_string(),
        class: text(loan.class.as_ref().map(ToString::to_string)),
        owner: text(loan.owner.as_ref().map(ToString::to_string)),
        borrower: text(loan.borrower.as_ref().map(ToString::to_string)),
        kind: match loan.kind {
            BorrowerKind::Pupil => v1::BorrowerKind::Pupil,
            BorrowerKind::Teacher => v1::BorrowerKind::Teacher,
            BorrowerKind::Staff => v1::BorrowerKind::Staff,
        }
        .into(),
        minor: loan.minor,
        measure: loan.measure.map_or("", Measure::name).to_owned(),
        funding: text(loan.funding.as_ref().map(ToString::to_string)),
        start_on: loan.start_on.to_string(),
        due_on: text(loan.due_on.map(|day| day.to_string())),
        overdue_days: loan.overdue_by(today).and_then(|days| u32::try_from(days).ok()).unwrap_or(0),
        prepared: text(loan.prepared.clone()),
        lines: loan.lines.iter().map(line).collect(),
        accessories: loan.accessories.iter().map(accessory).collect(),
        template: loan.template.clone(),
        signatures: loan.signatures.iter().map(signature).collect(),
        incidents: loan.incidents.iter().map(incident).collect(),
        reminders: loan.reminders.iter().map(reminder).collect(),
        events: loan.events.iter().map(event).collect(),
        decided_unix_ms: loan.decided.as_ref().map_or(0, |decided| decided.at.unix_millis()),
        decided_by: text(loan.decided.as_ref().map(|decided| decided.by.clone())),
        proposal_cents: loan.proposal.as_ref().filter(|amount| amount.is_known()).map(|amount| amount.cents),
        proposal_scale: text(loan.proposal.as_ref().map(|amount| amount.scale.clone())),
        amounts: loan.proposal.iter().flat_map(|amount| &amount.items).map(amount).collect(),
        created_unix_ms: loan.created.unix_millis(),
        changed_unix_ms: loan.changed.unix_millis(),
        made_out_unix_ms: loan.made_out.map_or(0, |at| at.unix_millis()),
        exam_from: text(loan.exam.map(|days| days.from().to_string())),
        exam_until: text(loan.exam.map(|days| days.until().to_string())),
    }
}

pub(super) fn differences(worse: &[Difference]) -> Vec<LoanDifference> {
    let shown =
        |one: &Difference| LoanDifference { part: one.part.name().to_owned(), was: one.was.into(), is: one.is.into() };
    worse.iter().map(shown).collect()
}

pub(super) const fn state_of(state: LoanState) -> v1::LoanState {
    match state {
        LoanState::Draft => v1::LoanState::Draft,
        LoanState::Approved => v1::LoanState::Approved,
        LoanState::AgreementPending => v1::LoanState::AgreementPending,
        LoanState::Ready => v1::LoanState::Ready,
        LoanState::Active => v1::LoanState::Active,
        LoanState::ReturnedUnchecked => v1::LoanState::ReturnedUnchecked,
        LoanState::Closed => v1::LoanState::Closed,
        LoanState::Cancelled => v1::LoanState::Cancelled,
        LoanState::ClosedLost => v1::LoanState::ClosedLost,
        LoanState::ClosedStolen => v1::LoanState::ClosedStolen,
        LoanState::ClosedDamaged => v1::LoanState::ClosedDamaged,
    }
}

fn line(line: &Line) -> LoanLine {
    LoanLine {
        asset: line.asset.clone(),
        from_unix_ms: line.from.unix_millis(),
        until_unix_ms: line.until.map_or(0, Timestamp::unix_millis),
        end: match line.end {
            None => v1::LineEnd::Unspecified,
            Some(LineEnd::Returned) => v1::LineEnd::Returned,
            Some(LineEnd::Lost) => v1::LineEnd::Lost,
            Some(LineEnd::Stolen) => v1::LineEnd::Stolen,
        }
        .into(),
        out: Some(condition(&line.out)),
        back: line.back.as_ref().map(condition),
    }
}

fn condition(report: &ConditionReport) -> LoanCondition {
    let grade = |grade| match grade {
        Grade::Good => v1::Grade::Good,
        Grade::Worn => v1::Grade::Worn,
        Grade::Damaged => v1::Grade::Damaged,
    };
    LoanCondition {
        screen: grade(report.screen).into(),
        keyboard: grade(report.keyboard).into(),
        case: grade(report.case).into(),
        battery_wear: report.battery_wear.map(u32::from),
        disk_wear: report.disk_wear.map(u32::from),
    }
}

fn accessory(one: &Accessory) -> LoanAccessory {
    let state = match one.state {
        PartState::Out => v1::PartState::Out,
        PartState::Returned => v1::PartState::Returned,
        PartState::Missing => v1::PartState::Missing,
        PartState::Damaged => v1::PartState::Damaged,
    };
    LoanAccessory { number: one.number.clone(), kind: one.kind.clone(), state: state.into() }
}

fn amount(item: &Item) -> LoanAmount {
    LoanAmount {
        number: item.number.clone(),
        kind: item.kind.clone(),
        why: item.why.name().to_owned(),
        cents: item.cents,
    }
}

fn signature(one: &Signature) -> LoanSignature {
    LoanSignature {
        by: match one.by {
            Signer::Borrower => v1::Signer::Borrower,
            Signer::Guardian1 => v1::Signer::Guardian1,
            Signer::Guardian2 => v1::Signer::Guardian2,
        }
        .into(),
        mode: match one.mode {
            SignatureMode::Paper => v1::SignatureMode::Paper,
            SignatureMode::Desk => v1::SignatureMode::Desk,
        }
        .into(),
        on: one.on.to_string(),
        scan: one.scan.map_or_else(String::new, |scan| scan.to_string()),
    }
}

fn incident(one: &Incident) -> LoanIncident {
    LoanIncident {
        kind: match one.kind {
            IncidentKind::Breakage => v1::IncidentKind::Breakage,
            IncidentKind::Failure => v1::IncidentKind::Failure,
            IncidentKind::Loss => v1::IncidentKind::Loss,
            IncidentKind::Theft => v1::IncidentKind::Theft,
        }
        .into(),
        on: one.on.to_string(),
        asset: one.asset.clone(),
        complaint: one.complaint.clone().unwrap_or_default(),
    }
}

fn reminder(one: &Reminder) -> LoanReminder {
    LoanReminder { after_days: one.after_days.into(), on: one.on.to_string(), due_on: one.due_on.to_string() }
}

fn event(event: &Event) -> LoanEvent {
    let (what, from, to) = match &event.what {
        EventKind::Extended { from, to } => {
            ("extended", from.map_or_else(String::new, |day| day.to_string()), to.to_string())
        }
        EventKind::Decided => ("decided", String::new(), String::new()),
        EventKind::Undecided => ("undecided", String::new(), String::new()),
        EventKind::Exam(days) => ("exam", days.from().to_string(), days.until().to_string()),
        EventKind::ExamCancelled => ("exam_cancelled", String::new(), String::new()),
        EventKind::Transferred { from, to } => ("transferred", from.to_string(), to.to_string()),
    };
    LoanEvent { at_unix_ms: event.at.unix_millis(), what: what.to_owned(), from, to }
}
