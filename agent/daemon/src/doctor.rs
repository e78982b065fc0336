//! What stands between this device and its server, looked at one after another: which of it fails, and what to do.
//!
//! Takes no lock and leaves nothing behind: it works while an agent runs on the folder, and before an enrolment.

mod line;
mod local;

use crate::Agent;
use crate::clock::{BUILT, JudgingTime};
use crate::connect::Server;
use crate::error::Error;
use crate::state::{Enrolled, clock_floor_read};
use crate::status::noted;
use line::Line;
use model::time::Timestamp;
use serde::Serialize;
use std::sync::Arc;

/// What is looked at, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The state folder and what it holds.
    Folder,
    /// Room on its disk.
    Disk,
    /// This device's own certificate.
    Certificate,
    /// The address of the server, or of the proxy before it.
    Name,
    /// Whether something listens there.
    Reach,
    /// Whether the proxy lets through.
    Proxy,
    /// Whether it is the control plane that answers.
    Trust,
    /// This device's clock.
    Clock,
    /// Whether the control plane serves, and serves this device.
    Answer,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Well.
    Ok,
    /// Something to see to; the agent can work.
    Warn,
    /// The agent cannot work so.
    Fail,
    /// It cannot be told while an earlier check fails.
    NotTried,
}

/// What a check found.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// Which check.
    pub check: Check,
    /// How it ended.
    pub outcome: Outcome,
    /// What was found, as a code.
    pub code: &'static str,
    /// What belongs to it: an address, a date, a reason.
    pub values: Vec<(&'static str, Fact)>,
    /// The fault, where the code is `error`.
    #[serde(skip)]
    pub error: Option<Error>,
}

/// A value of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Fact {
    /// A word: an address, a path, a reason.
    Text(String),
    /// A moment.
    At(Timestamp),
    /// Bytes.
    Bytes(u64),
    /// A span, in seconds.
    Seconds(u64),
    /// An earlier check.
    Check(Check),
}

/// All that was looked at.
#[derive(Debug, Serialize)]
pub struct Diagnosis {
    /// The server that was tried.
    pub server: Option<String>,
    /// Every check, in order.
    pub findings: Vec<Finding>,
}

impl Check {
    const LINE: [Self; 6] = [Self::Name, Self::Reach, Self::Proxy, Self::Trust, Self::Clock, Self::Answer];

    /// The name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Disk => "disk",
            Self::Certificate => "certificate",
            Self::Name => "name",
            Self::Reach => "reach",
            Self::Proxy => "proxy",
            Self::Trust => "trust",
            Self::Clock => "clock",
            Self::Answer => "answer",
        }
    }
}

impl Finding {
    fn new(check: Check, outcome: Outcome, code: &'static str, values: Vec<(&'static str, Fact)>) -> Self {
        Self { check, outcome, code, values, error: None }
    }

    fn ok(check: Check, code: &'static str, values: Vec<(&'static str, Fact)>) -> Self {
        Self::new(check, Outcome::Ok, code, values)
    }

    fn warn(check: Check, code: &'static str, values: Vec<(&'static str, Fact)>) -> Self {
        Self::new(check, Outcome::Warn, code, values)
    }

    fn fail(check: Check, code: &'static str, values: Vec<(&'static str, Fact)>) -> Self {
        Self::new(check, Outcome::Fail, code, values)
    }

    fn error(check: Check, error: Error) -> Self {
        Self { error: Some(error), ..Self::fail(check, "error", Vec::new()) }
    }

    fn not_tried(check: Check, after: Check) -> Self {
        Self::new(check, Outcome::NotTried, "after", vec![("check", Fact::Check(after))])
    }
}

impl From<String> for Fact {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Diagnosis {
    /// Whether nothing fails.
    #[must_use]
    pub fn well(&self) -> bool {
        self.findings.iter().all(|finding| finding.outcome != Outcome::Fail)
    }
}

/// Looks at everything; `server` stands in for the one of the enrolment.
pub(crate) async fn doctor(agent: &Agent, server: Option<&str>) -> Result<Diagnosis, Error> {
    let given = server.map(str::parse::<Server>).transpose()?;
    let folder = agent.folder();
    let (mut findings, enrolled) = local::look(agent, given.is_some());
    let server = match (given, &enrolled) {
        (Some(server), _) => Some(server),
        (None, Some(enrolled)) => Some(enrolled.enrolment.server.parse()?),
        (None, None) => None,
    };
    let floor = clock_floor_read(&folder);
    let time = Arc::new(JudgingTime::new(agent.clock.clone(), floor));
    let mut seen = match &server {
        Some(server) => Line::new(agent, server, enrolled.as_ref(), time).look().await,
        None => {
            let missing = if findings[0].outcome == Outcome::Fail { Check::Folder } else { Check::Certificate };
            Check::LINE.into_iter().map(|check| Finding::not_tried(check, missing)).collect()
        }
    };
    clock_judge(&mut seen, agent.clock.now(), floor.unwrap_or(BUILT).max(BUILT));
    standing_judge(&mut seen, agent, enrolled.as_ref());
    findings.append(&mut seen);
    Ok(Diagnosis { server: server.map(|server| server.to_string()), findings })
}

/// A clock that stands before what is known to have passed is wrong, whether a server says so or not.
fn clock_judge(findings: &mut [Finding], now: Timestamp, known: Timestamp) {
    let clock = findings.iter_mut().find(|finding| finding.check == Check::Clock);
    if let Some(clock) = clock.filter(|clock| clock.outcome != Outcome::Fail && now < known) {
        *clock = Finding::fail(Check::Clock, "past", vec![("now", Fact::At(now)), ("known", Fact::At(known))]);
    }
}

/// A server that serves may still refuse this device, or have a person decide first: the agent notes what it was told last.
fn standing_judge(findings: &mut [Finding], agent: &Agent, enrolled: Option<&Enrolled>) {
    let Some(live) = enrolled.and_then(|_| noted(&agent.folder()).ok().flatten()) else { return };
    let answer = findings.iter_mut().find(|finding| finding.check == Check::Answer);
    let Some(answer) = answer.filter(|answer| answer.outcome == Outcome::Ok) else { return };
    if live.refused {
        *answer = Finding::fail(Check::Answer, "refused", Vec::new());
    } else if live.quarantined {
        *answer = Finding::warn(Check::Answer, "quarantined", Vec::new());
    }
}

#[cfg(test)]
mod tests;
