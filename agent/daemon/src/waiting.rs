//! Before the enrolment: the agent waits, quietly, for a person who enrols the device, or for the file that an installer placed.
//!
//! It does not hold the state folder meanwhile, so that `cartable-agent enrol` works beside it. A server out of reach is tried
//! again with a growing pause; a token that is refused is not, until its file changes.

use crate::Agent;
use crate::enrol::file::{EnrolFile, NAME};
use crate::error::Error;
use crate::link::{JUST_ON, Link, fault_code};
use crate::state;
use crate::status::{Fault, Live, note};
use agent_core::backoff::{self, Backoff};
use std::fs::{self, Permissions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Between two looks for an enrolment or a file.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// An enrolment may take so long: its steps have limits of their own.
const TRY_LIMIT: Duration = Duration::from_secs(600);
/// Whoever enrols the device may hold the folder so long after the enrolment is there.
const LOCKED_MAX: Duration = Duration::from_secs(60);

/// A file as it was seen: when any of it changes, it is another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    path: PathBuf,
    /// Whether it is the agent's to delete.
    owned: bool,
    modified: Option<SystemTime>,
    length: u64,
    permissions: Permissions,
}

struct Waiting<'a> {
    agent: &'a Agent,
    seen: Option<Seen>,
    /// When to try next; nothing when this file will not do.
    due: Option<Duration>,
    backoff: Backoff,
    live: Live,
    noted: Option<Live>,
}

/// The device's conversation, once it is enrolled.
///
/// # Errors
/// [`Error`] when the state folder cannot be used, or holds something else.
pub(crate) async fn link(agent: &Agent) -> Result<Link, Error> {
    let mut waiting: Option<Waiting<'_>> = None;
    let mut locked_since = None;
    loop {
        match Link::open(agent) {
            Err(Error::NotEnrolled(_)) => {}
            Err(error @ Error::Locked(_)) if waiting.is_some() => {
                let now = agent.clock.elapsed();
                if now.saturating_sub(*locked_since.get_or_insert(now)) > LOCKED_MAX {
                    return Err(error);
                }
            }
            Ok(link) => {
                left_forget(agent);
                return Ok(link);
            }
            other => return other,
        }
        let now = match &mut waiting {
            Some(waiting) => waiting,
            None => waiting.insert(Waiting::begin(agent)?),
        };
        if !now.turn().await {
            agent.pulse.expect(LOOK_EVERY, &*agent.clock);
            agent.clock.sleep(LOOK_EVERY).await;
        }
    }
}

impl<'a> Waiting<'a> {
    fn begin(agent: &'a Agent) -> Result<Self, Error> {
        state::usable_check(&agent.folder())?;
        agent.config.proxy_rules()?;
        let live =
            Live { version: agent.config.version().to_owned(), started_unix_ms: agent.clock.now(), ..Live::default() };
        agent.pulse.expect(LOOK_EVERY, &*agent.clock);
        agent.supervisor.ready();
        agent.supervisor.status("not enrolled; enrol it with: cartable-agent enrol --server URL");
        tracing::info!(
            "this device is not enrolled; enrol it with `cartable-agent enrol --server URL` or `--from DIR`, or place {} (mode \
             600): the agent waits and goes on by itself",
            agent.config.enrolment_place().display()
        );
        Ok(Self { agent, seen: None, due: None, backoff: Backoff::default(), live, noted: None })
    }

    /// Tries the file that is there, if it is time; says whether the device is enrolled.
    async fn turn(&mut self) -> bool {
        let clock = &*self.agent.clock;
        let seen = seen(self.agent);
        if seen != self.seen {
            self.backoff = Backoff::default();
            // A whole school may be switched on after it was installed.
            let spread = if clock.elapsed() < JUST_ON { backoff::power_on(rand::random()) } else { Duration::ZERO };
            self.due = seen.as_ref().map(|_| clock.elapsed().saturating_add(spread));
            self.seen = seen;
            if self.seen.is_none() {
                self.agent.supervisor.status("not enrolled; enrol it with: cartable-agent enrol --server URL");
                self.live.fault = None;
                self.note();
            }
        }
        let Some(seen) = self.seen.clone() else { return false };
        if self.due.is_none_or(|due| clock.elapsed() < due) {
            return false;
        }
        self.agent.pulse.expect(TRY_LIMIT, clock);
        self.agent.supervisor.status(&format!("enrolling with {}", seen.path.display()));
        let joined = match EnrolFile::read_private(&seen.path) {
            Ok(file) => self.agent.enrol(&file.server, &file.token).await,
            Err(error) => Err(error),
        };
        match joined {
            // The file is deleted with the first link, so that one left by a cut goes as well.
            Ok(_) | Err(Error::AlreadyEnrolled(_)) => true,
            Err(Error::Locked(_)) => false,
            Err(error) => {
                self.failed(&seen, &error);
                false
            }
        }
    }

    fn failed(&mut self, seen: &Seen, error: &Error) {
        let now = self.agent.clock.elapsed();
        let pause = match error {
            Error::Unreachable { .. } | Error::Proxy { .. } => {
                Some(self.backoff.failed(None, Duration::ZERO, rand::random()))
            }
            // What the file says is wrong, or was refused: only another file can be right.
            Error::Config { .. } | Error::TokenExposed(_) => None,
            Error::Refused { code: "permission_denied" | "unauthenticated" | "not_found", .. } => None,
            _ => {
                let _ = self.backoff.failed(None, Duration::ZERO, 0);
                Some(backoff::refused(rand::random()))
            }
        };
        self.due = pause.map(|pause| now.saturating_add(pause));
        let (code, text) = match error {
            Error::TokenExposed(_) => ("file", "others may read it".to_owned()),
            Error::Config { fault, .. } => ("file", fault.to_string()),
            Error::Refused { .. } if pause.is_none() => ("token", error.detail()),
            other => (fault_code(other), other.detail()),
        };
        let next = if pause.is_some() { "trying again" } else { "waiting for another file" };
        // The first of a kind is news, the hundredth is not.
        if self.live.fault.as_ref().is_none_or(|before| before.code != code || before.text != text) {
            tracing::warn!(%error, file = %seen.path.display(), "this device could not be enrolled; {next}");
        }
        self.agent.supervisor.status(&format!("not enrolled, {}: {text}; {next}", seen.path.display()));
        let times = self.backoff.failures().max(1);
        self.live.fault = Some(Fault { at_unix_ms: self.agent.clock.now(), code: code.to_owned(), text, times });
        self.note();
    }

    /// For `status`; a folder that is not there yet is made for a fault only.
    fn note(&mut self) {
        let folder = self.agent.folder();
        if self.live.fault.is_none() && self.noted.is_none() {
            return;
        }
        if folder.make().is_ok() {
            note(&folder, &mut self.noted, &self.live);
        }
    }
}

/// The first file there is: the installer's, or the one that came as a credential of the service (systemd.exec(5)). An empty one, or a
/// lone line break, is none: it is what is left of one that could only be emptied, and how a unit says that there is no credential.
fn seen(agent: &Agent) -> Option<Seen> {
    let config = &agent.config;
    let credential = config.credentials.as_ref().map(|folder| (folder.join(NAME), false));
    let files = std::iter::once((config.enrolment_place(), true)).chain(credential);
    files.into_iter().find_map(|(path, owned)| {
        let metadata = fs::metadata(&path).ok().filter(|metadata| metadata.len() > 1)?;
        Some(Seen {
            path,
            owned,
            modified: metadata.modified().ok(),
            length: metadata.len(),
            permissions: metadata.permissions(),
        })
    })
}

/// An enrolled device has no use for the installer's file, and its token may be good for others: it goes, or at least what is in it.
pub(crate) fn left_forget(agent: &Agent) {
    let Some(path) = seen(agent).filter(|seen| seen.owned).map(|seen| seen.path) else { return };
    // What is not such a file was named by mistake, and is not ours to delete.
    if EnrolFile::read(&path).is_err() {
        return;
    }
    match fs::remove_file(&path).or_else(|error| emptied(&path).map_err(|_| error)) {
        Ok(()) => {
            tracing::info!(file = %path.display(), "this device is enrolled; the file with its token was deleted")
        }
        Err(error) => tracing::warn!(
            %error,
            file = %path.display(),
            "this device is enrolled, but the file with its token cannot be deleted: delete it, or revoke the token"
        ),
    }
}

fn emptied(path: &Path) -> io::Result<()> {
    fs::OpenOptions::new().write(true).truncate(true).open(path)?.sync_all()
}
