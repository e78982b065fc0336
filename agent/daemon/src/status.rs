//! Where the device stands, for a person: from the state files, and from a note the running agent keeps.

use crate::clock::BUILT;
use crate::enforce::{days_left, first_day, last_day};
use crate::error::Error;
use crate::filter::{FilterDay, days_noted};
use crate::folder::Folder;
use crate::release::release_stands;
use crate::resources::{self, Resource};
use crate::state::{Enrolment, clock_floor_read, enrolled_read};
use agent_core::clock_floor::validation_time;
use agent_core::loan::{Told, standing};
use jiff::civil::Date;
use model::desired::Generation;
use model::grant::{Grant, Hold};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The note's file.
pub(crate) const FILE: &str = "status.json";

/// Where the device stands.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The state folder.
    pub state: PathBuf,
    /// How it joined; nothing when it is not enrolled.
    pub enrolment: Option<Enrolment>,
    /// Whether an agent runs on the folder.
    pub running: bool,
    /// The desired state it holds, verified.
    pub generation: Option<Generation>,
    /// The end of the certificate.
    pub certificate_until_unix_ms: Option<Timestamp>,
    /// Whether that has passed, by the clock and by what is known to have passed.
    pub certificate_expired: bool,
    /// What the device is held to because of its loan, and where that stands; nothing where nobody has said anything of it.
    pub loan: Option<Loan>,
    /// Where the resources stand that this device is to hold.
    pub resources: Vec<Resource>,
    /// Which release of the agent is to run, and which does; nothing where the installed one does and nobody wants another.
    pub release: Option<ReleaseStands>,
    /// How much the filter answered today and on the day before, the newer first; that stays on the device.
    pub answered: Vec<FilterDay>,
    /// What the agent noted last.
    pub live: Option<Live>,
}

/// How releases of the agent stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReleaseStands {
    /// Which is to run, by the word of the territory.
    pub wanted: Option<String>,
    /// Which runs unless there is a trial; nothing: the installed one.
    pub in_force: Option<String>,
    /// Which has to prove itself.
    pub trial: Option<String>,
    /// How often the one that is wanted was tried and given back.
    pub returned: u32,
    /// Below which version nothing is ever put in place.
    pub minimum: Option<String>,
}

/// What the device is held to because of its loan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Loan {
    /// `free`, `lent`, `notice`, `restricted`, `return_screen` or `missing`.
    pub stage: &'static str,
    /// Counts what the device was lent, assigned, missed and freed.
    pub epoch: u64,
    /// The loan's number; nothing where it is nobody's, or missing.
    pub loan: Option<String>,
    /// The last day, as it is called where the device is.
    pub due: Option<Date>,
    /// How many days are left of it; negative when it is late by so many.
    pub days_left: Option<i32>,
    /// An exam during which nothing is restricted, until it is over.
    pub exam: Option<Exam>,
    /// Whom to contact; empty where nobody said.
    pub contact: String,
}

/// The days of an exam, as they are called where the device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Exam {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub until: Date,
}

impl Loan {
    fn of(grant: &Grant, time: Told) -> Self {
        let term = match &grant.hold {
            Hold::Lent(term) => Some(term),
            Hold::Free | Hold::Missing => None,
        };
        let due = term.and_then(|term| last_day(term.due?));
        let exam = term.and_then(|term| term.exam).filter(|exam| exam.until > time.now);
        Self {
            stage: standing(Some(grant), time).stage.code(),
            epoch: grant.epoch,
            loan: term.map(|term| term.loan.clone()),
            due,
            days_left: due.and_then(|due| days_left(due, time.now)),
            exam: exam.and_then(|exam| Some(Exam { from: first_day(exam.from)?, until: last_day(exam.until)? })),
            contact: grant.contact.clone(),
        }
    }
}

/// What a running agent notes about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Live {
    /// The agent's version.
    pub version: String,
    /// When it started.
    pub started_unix_ms: Timestamp,
    /// The server's last answer.
    pub last_contact_unix_ms: Option<Timestamp>,
    /// Whether the server is being spoken to: a call is under way, or held.
    pub connected: bool,
    /// Whether a person has yet to decide on the device.
    pub quarantined: bool,
    /// Whether the server refuses the device: revoked, most likely.
    pub refused: bool,
    /// Whether this is another machine than the one that was enrolled.
    pub other_machine: bool,
    /// Sections that wait to be sent.
    pub waiting: usize,
    /// Their bytes.
    pub waiting_bytes: u64,
    /// How far this clock is ahead of the server's; negative when behind.
    pub clock_ahead_ms: Option<i64>,
    /// Where it stands with each item of the desired state.
    pub conditions: Vec<Condition>,
    /// What went wrong last, until something works.
    pub fault: Option<Fault>,
}

/// Where the device stands with one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Which item.
    pub item: String,
    /// `held`, `pending`, `failed` or `skipped`.
    pub state: String,
    /// A code that says why; empty when held.
    pub reason: String,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// When.
    pub at_unix_ms: Timestamp,
    /// A code: `unreachable`, `proxy`, `untrusted`, `dates`, `refused`, `answer`, `state`.
    pub code: String,
    /// In words.
    pub text: String,
    /// Failures in a row.
    pub times: u32,
}

pub(crate) fn read(folder: &Folder, filter: &Folder, now: Timestamp) -> Result<Status, Error> {
    let enrolled = enrolled_read(folder)?;
    let until_of = |chain: &[Vec<u8>]| chain.first().and_then(|own| identity::issue::until_of(own).ok());
    let until = enrolled.as_ref().and_then(|enrolled| until_of(&enrolled.certificate.chain));
    let (live, running) = (noted(folder)?, folder.running());
    // An agent that runs knows how far this clock is off.
    let ahead = live.as_ref().filter(|_| running).and_then(|live| live.clock_ahead_ms);
    let told = ahead.map(|ahead| Timestamp::from_unix_millis(now.unix_millis().saturating_sub(ahead)));
    let floor = clock_floor_read(folder);
    let judged = validation_time(now, told, BUILT, floor);
    let grant = enrolled.as_ref().and_then(|enrolled| enrolled.held.as_ref()?.head.grant.as_ref());
    let time = Told { now: judged, heard: told.or(floor) };
    let generation = enrolled.as_ref().and_then(|e| e.held.as_ref()).map(|held| held.head.generation);
    let loan = grant.map(|grant| Loan::of(grant, time));
    let plan = enrolled.as_ref().and_then(|enrolled| Some(&enrolled.held.as_ref()?.plan));
    Ok(Status {
        state: folder.root().to_owned(),
        running,
        resources: resources::noted(folder)?,
        generation,
        loan,
        certificate_until_unix_ms: until,
        certificate_expired: until.is_some_and(|until| judged > until),
        release: release_stands(folder, plan.and_then(|plan| plan.release.as_ref())),
        enrolment: enrolled.map(|e| e.enrolment),
        answered: days_noted(filter)
            .map(|(today, before)| today.into_iter().chain(before).collect())
            .unwrap_or_default(),
        live,
    })
}

/// What the agent noted last; a damaged note is forgotten.
pub(crate) fn noted(folder: &Folder) -> Result<Option<Live>, Error> {
    Ok(folder.read(FILE)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Notes it, if it changed; a note that cannot be written is no reason to stop.
pub(crate) fn note(folder: &Folder, noted: &mut Option<Live>, live: &Live) {
    if noted.as_ref() == Some(live) {
        return;
    }
    if let Ok(bytes) = serde_json::to_vec_pretty(live)
        && folder.write_lightly(FILE, &bytes).is_ok()
    {
        *noted = Some(live.clone());
    }
}
