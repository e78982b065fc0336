//! A loan in full.

use super::row::{item_word, kind_name, state_name, state_tone};
use crate::asset::{measure_text, price_text};
use crate::print::{Look, Sheet, Tone, rfc3339};
use serde::Serialize;
use wire::v1;

/// A loan for programs; the field names are promised.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    pub(crate) number: String,
    pub(crate) id: String,
    pub(crate) state: &'static str,
    pub(crate) school: String,
    pub(crate) class: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) borrower: Option<String>,
    pub(crate) kind: &'static str,
    pub(crate) minor: bool,
    pub(crate) measure: Option<String>,
    pub(crate) funding: Option<String>,
    pub(crate) start_on: String,
    pub(crate) due_on: Option<String>,
    pub(crate) overdue_days: u32,
    pub(crate) prepared: Option<String>,
    pub(crate) template: Option<String>,
    pub(crate) lines: Vec<Line>,
    pub(crate) accessories: Vec<Accessory>,
    pub(crate) signatures: Vec<Signature>,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) reminders: Vec<Reminder>,
    pub(crate) events: Vec<Event>,
    pub(crate) worse: Vec<Worse>,
    pub(crate) return_screen_since: Option<String>,
    pub(crate) return_screen_by: Option<String>,
    pub(crate) exam_from: Option<String>,
    pub(crate) exam_until: Option<String>,
    pub(crate) proposal_cents: Option<u32>,
    pub(crate) proposal_scale: Option<String>,
    pub(crate) amounts: Vec<Amount>,
    pub(crate) created: Option<String>,
    #[serde(skip)]
    pub(crate) made_out_unix_ms: i64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) asset: String,
    pub(crate) from: Option<String>,
    pub(crate) until: Option<String>,
    pub(crate) end: Option<&'static str>,
    pub(crate) out: Option<Condition>,
    pub(crate) back: Option<Condition>,
    #[serde(skip)]
    from_unix_ms: i64,
    #[serde(skip)]
    until_unix_ms: i64,
}

/// How a device was.
#[derive(Debug, Serialize)]
pub(crate) struct Condition {
    pub(crate) screen: &'static str,
    pub(crate) keyboard: &'static str,
    pub(crate) case: &'static str,
    pub(crate) battery_wear: Option<u32>,
    pub(crate) disk_wear: Option<u32>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Accessory {
    pub(crate) number: String,
    pub(crate) kind: String,
    pub(crate) state: &'static str,
}

/// What might be asked for one thing.
#[derive(Debug, Serialize)]
pub(crate) struct Amount {
    pub(crate) number: String,
    pub(crate) kind: String,
    pub(crate) why: &'static str,
    pub(crate) cents: Option<u32>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Signature {
    pub(crate) by: &'static str,
    pub(crate) mode: &'static str,
    pub(crate) on: String,
    pub(crate) scan: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Incident {
    pub(crate) kind: &'static str,
    pub(crate) on: String,
    pub(crate) asset: String,
    pub(crate) complaint: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Reminder {
    pub(crate) after_days: u32,
    pub(crate) on: String,
    pub(crate) due_on: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Event {
    pub(crate) at: Option<String>,
    pub(crate) what: String,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    #[serde(skip)]
    at_unix_ms: i64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Worse {
    pub(crate) part: String,
    pub(crate) was: String,
    pub(crate) is: String,
}

impl Shown {
    pub(super) fn of(loan: v1::Loan, worse: Vec<v1::LoanDifference>) -> Self {
        Self {
            state: state_name(loan.state()),
            kind: kind_name(loan.kind()),
            lines: loan.lines.iter().map(line).collect(),
            accessories: loan.accessories.iter().map(accessory).collect(),
            amounts: loan.amounts.into_iter().map(amount).collect(),
            signatures: loan.signatures.iter().map(signature).collect(),
            incidents: loan.incidents.iter().map(incident).collect(),
            reminders: loan.reminders.into_iter().map(reminder).collect(),
            events: loan.events.into_iter().map(event).collect(),
            worse: worse.into_iter().map(difference).collect(),
            return_screen_since: rfc3339(loan.decided_unix_ms),
            return_screen_by: some(loan.decided_by),
            exam_from: some(loan.exam_from),
            exam_until: some(loan.exam_until),
            number: loan.number,
            id: loan.id,
            school: loan.school,
            class: some(loan.class),
            owner: some(loan.owner),
            borrower: some(loan.borrower),
            minor: loan.minor,
            measure: some(loan.measure),
            funding: some(loan.funding),
            start_on: loan.start_on,
            due_on: some(loan.due_on),
            overdue_days: loan.overdue_days,
            prepared: some(loan.prepared),
            template: some(loan.template),
            proposal_cents: loan.proposal_cents,
            proposal_scale: some(loan.proposal_scale),
            created: rfc3339(loan.created_unix_ms),
            made_out_unix_ms: if loan.made_out_unix_ms == 0 { loan.changed_unix_ms } else { loan.made_out_unix_ms },
        }
    }

    /// The device it is about now.
    pub(super) fn asset(&self) -> Option<&str> {
        self.lines.last().map(|line| line.asset.as_str()).or(self.prepared.as_deref())
    }
}

impl Amount {
    /// What became of it, in words.
    pub(super) fn why_text(&self, look: &Look<'_>) -> String {
        look.text(&format!("loan-amount-{}", self.why))
    }

    /// The amount, or that no price is known.
    pub(super) fn cents_text(&self, look: &Look<'_>) -> String {
        self.cents.map_or_else(|| look.text("loan-amount-unpriced"), |cents| price_text(cents, look))
    }
}

/// A loan as people read it, with a first line that says what was just done.
pub(super) fn loan_sheet(loan: &Shown, done: Option<String>, look: &Look<'_>) -> Sheet {
    let mut sheet = Sheet::default();
    let title = look.words.text_with("loan-title", &[("number", loan.number.as_str().into())]);
    sheet.section(done.map_or(title.clone(), |done| format!("{title}{} {done}", look.colon())));
    let mut line = |key: &str, value: Option<String>, tone: Tone| {
        if let Some(value) = value {
            sheet.line(look.text(key), value, tone);
        }
    };
    line("loan-state", Some(look.text(&format!("loan-state-{}", loan.state))), state_tone(loan.state));
    line("loan-school", Some(loan.school.clone()), Tone::Plain);
    line("loan-class", loan.class.clone(), Tone::Plain);
    line("loan-owner", loan.owner.clone(), Tone::Plain);
    line("loan-kind", Some(look.text(&format!("loan-kind-{}", loan.kind))), Tone::Plain);
    line("loan-borrower", loan.borrower.clone(), Tone::Plain);
    line("loan-measure", loan.measure.as_deref().map(|measure| measure_text(measure, look)), Tone::Plain);
    line("loan-funding", loan.funding.clone(), Tone::Plain);
    line("loan-start", Some(look.day(&loan.start_on)), Tone::Plain);
    line("loan-due", loan.due_on.as_deref().map(|day| look.day(day)), Tone::Plain);
    let days = usize::try_from(loan.overdue_days).unwrap_or(usize::MAX);
    line("loan-overdue", (days > 0).then(|| look.count("loan-days", days)), Tone::Bad);
    line("loan-prepared", loan.prepared.clone(), Tone::Plain);
    line("loan-template", loan.template.clone(), Tone::Plain);
    line("loan-screen", loan.return_screen_by.clone(), Tone::Bad);
    let exam = loan.exam_from.as_deref().zip(loan.exam_until.as_deref()).map(|(from, until)| {
        let values = [("from", look.day(from).into()), ("until", look.day(until).into())];
        look.words.text_with("loan-exam-text", &values)
    });
    line("loan-exam", exam, Tone::Warning);
    line("loan-proposal", loan.proposal_cents.map(|cents| price_text(cents, look)), Tone::Warning);
    lists(loan, &mut sheet, look);
    sheet
}

fn lists(loan: &Shown, sheet: &mut Sheet, look: &Look<'_>) {
    let mut section = |key: &str, lines: Vec<(String, String, Tone)>| {
        if !lines.is_empty() {
            sheet.section(look.text(key));
            lines.into_iter().for_each(|(label, value, tone)| sheet.line(label, value, tone));
        }
    };
    let line = |line: &Line| {
        let mut text = look.date(line.from_unix_ms);
        if let Some(end) = line.end {
            text.push_str(&format!(" – {}, {}", look.date(line.until_unix_ms), look.text(&format!("loan-end-{end}"))));
        }
        (line.asset.clone(), text, if line.end.is_none() { Tone::Good } else { Tone::Plain })
    };
    section("loan-lines", loan.lines.iter().map(line).collect());
    let accessory = |one: &Accessory| {
        let tone = match one.state {
            "missing" | "damaged" => Tone::Bad,
            _ => Tone::Plain,
        };
        (
            one.number.clone(),
            format!("{}, {}", item_word(&one.kind, look), look.text(&format!("loan-part-{}", one.state))),
            tone,
        )
    };
    section("loan-accessories", loan.accessories.iter().map(accessory).collect());
    let amount = |one: &Amount| {
        let text = format!("{}, {}, {}", item_word(&one.kind, look), one.why_text(look), one.cents_text(look));
        (one.number.clone(), text, Tone::Warning)
    };
    section("loan-amounts", loan.amounts.iter().map(amount).collect());
    let worse = |one: &Worse| {
        let grade = |text: &str| {
            if one.part == "battery" || one.part == "disk" {
                format!("{text} %")
            } else {
                look.text(&format!("loan-grade-{text}"))
            }
        };
        (look.text(&format!("loan-worse-{}", one.part)), format!("{} → {}", grade(&one.was), grade(&one.is)), Tone::Bad)
    };
    section("loan-worse", loan.worse.iter().map(worse).collect());
    let signature = |one: &Signature| {
        let how = look.text(&format!("loan-mode-{}", one.mode));
        (look.text(&format!("loan-signer-{}", one.by)), format!("{}, {how}", look.day(&one.on)), Tone::Plain)
    };
    section("loan-signatures", loan.signatures.iter().map(signature).collect());
    let incident = |one: &Incident| {
        let kind = look.text(&format!("loan-incident-{}", one.kind));
        let complaint = one.complaint.as_ref().map_or_else(String::new, |number| format!(", {number}"));
        (look.day(&one.on), format!("{kind}, {}{complaint}", one.asset), Tone::Warning)
    };
    section("loan-incidents", loan.incidents.iter().map(incident).collect());
    let reminder = |one: &Reminder| (look.day(&one.on), format!("J+{}", one.after_days), Tone::Plain);
    section("loan-reminders", loan.reminders.iter().map(reminder).collect());
    let event = |one: &Event| {
        let day = |text: &Option<String>| text.as_deref().map_or("–".to_owned(), |text| look.day(text));
        let mut text = look.text(&format!("loan-event-{}", one.what));
        if one.to.is_some() {
            text.push_str(&format!(", {} → {}", day(&one.from), day(&one.to)));
        }
        (look.date(one.at_unix_ms), text, Tone::Plain)
    };
    section("loan-events", loan.events.iter().map(event).collect());
}

fn line(line: &v1::LoanLine) -> Line {
    Line {
        asset: line.asset.clone(),
        from: rfc3339(line.from_unix_ms),
        until: rfc3339(line.until_unix_ms),
        end: match line.end() {
            v1::LineEnd::Unspecified => None,
            v1::LineEnd::Returned => Some("returned"),
            v1::LineEnd::Lost => Some("lost"),
            v1::LineEnd::Stolen => Some("stolen"),
        },
        out: line.out.as_ref().map(condition),
        back: line.back.as_ref().map(condition),
        from_unix_ms: line.from_unix_ms,
        until_unix_ms: line.until_unix_ms,
    }
}

fn condition(of: &v1::LoanCondition) -> Condition {
    let grade = |grade: v1::Grade| match grade {
        v1::Grade::Worn => "worn",
        v1::Grade::Damaged => "damaged",
        v1::Grade::Good | v1::Grade::Unspecified => "good",
    };
    Condition {
        screen: grade(of.screen()),
        keyboard: grade(of.keyboard()),
        case: grade(of.case()),
        battery_wear: of.battery_wear,
        disk_wear: of.disk_wear,
    }
}

fn accessory(one: &v1::LoanAccessory) -> Accessory {
    let state = match one.state() {
        v1::PartState::Out => "out",
        v1::PartState::Returned => "returned",
        v1::PartState::Missing => "missing",
        v1::PartState::Damaged => "damaged",
        v1::PartState::Unspecified => "unknown",
    };
    Accessory { number: one.number.clone(), kind: one.kind.clone(), state }
}

fn amount(one: v1::LoanAmount) -> Amount {
    let known = ["lost", "missing", "worn", "damaged"].into_iter().find(|known| *known == one.why);
    Amount { number: one.number, kind: one.kind, why: known.unwrap_or("other"), cents: one.cents }
}

fn signature(one: &v1::LoanSignature) -> Signature {
    let by = match one.by() {
        v1::Signer::Borrower => "borrower",
        v1::Signer::Guardian1 => "guardian1",
        v1::Signer::Guardian2 => "guardian2",
        v1::Signer::Unspecified => "unknown",
    };
    let mode = if one.mode() == v1::SignatureMode::Desk { "desk" } else { "paper" };
    Signature { by, mode, on: one.on.clone(), scan: some(one.scan.clone()) }
}

fn incident(one: &v1::LoanIncident) -> Incident {
    let kind = match one.kind() {
        v1::IncidentKind::Breakage => "breakage",
        v1::IncidentKind::Failure => "failure",
        v1::IncidentKind::Loss => "loss",
        v1::IncidentKind::Theft => "theft",
        v1::IncidentKind::Unspecified => "unknown",
    };
    Incident { kind, on: one.on.clone(), asset: one.asset.clone(), complaint: some(one.complaint.clone()) }
}

fn reminder(one: v1::LoanReminder) -> Reminder {
    Reminder { after_days: one.after_days, on: one.on, due_on: one.due_on }
}

fn event(one: v1::LoanEvent) -> Event {
    let known =
        ["extended", "decided", "undecided", "exam", "exam_cancelled", "transferred"].contains(&one.what.as_str());
    Event {
        at: rfc3339(one.at_unix_ms),
        what: if known { one.what } else { "other".to_owned() },
        from: some(one.from),
        to: some(one.to),
        at_unix_ms: one.at_unix_ms,
    }
}

fn difference(one: v1::LoanDifference) -> Worse {
    let grades = ["good", "worn", "damaged"];
    let measured = one.part == "battery" || one.part == "disk";
    let text = |value: u32| match grades.get(value as usize) {
        Some(grade) if !measured => (*grade).to_owned(),
        _ => value.to_string(),
    };
    Worse { was: text(one.was), is: text(one.is), part: one.part }
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
