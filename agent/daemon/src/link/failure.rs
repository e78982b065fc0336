//! A turn that failed: what is noted of it, and how long the agent stays away.

use super::{Error, Link};
use crate::connect::status_error;
use crate::status::Fault;
use agent_core::backoff;
use agent_core::cadence::Calendar;
use std::time::Duration;

/// How the server says when to try again (gRPC proposal A6, server pushback).
const PUSHBACK: &str = "grpc-retry-pushback-ms";
/// A device whose certificate has ended and that may not find back tries again after this: a person may have decided.
const ENDED_PAUSE: Duration = Duration::from_secs(3_600);
/// A server may have the whole report made anew once in this.
const DOUBT_EVERY: Duration = Duration::from_secs(3_600);

/// The code of what went wrong, as the status names it.
pub(crate) const fn fault_code(error: &Error) -> &'static str {
    match error {
        Error::Unreachable { .. } => "unreachable",
        Error::Proxy { .. } => "proxy",
        Error::Untrusted { .. } => "untrusted",
        Error::Dates { .. } => "dates",
        Error::Refused { .. } => "refused",
        Error::File { .. } | Error::Damaged { .. } | Error::Foreign { .. } | Error::Open(_) => "state",
        _ => "answer",
    }
}

/// Why a turn failed.
pub(super) struct Failed {
    pub(super) error: Error,
    /// How long the server asked to be left alone.
    pub(super) wait: Option<Duration>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, wait: None }
    }
}

impl Link {
    /// Notes that a turn was brought to its end.
    pub(super) fn succeeded(&mut self) {
        self.backoff.succeeded();
        if self.live.fault.take().is_some() {
            self.note();
        }
    }

    /// Notes a failure; how long to stay away.
    pub(super) fn failed(&mut self, failed: Failed) -> Duration {
        let Failed { error, wait } = failed;
        // Who says when to call again is there, and has no use for one more handshake.
        if wait.is_none() {
            self.connection = None;
        }
        let mut pause = self.backoff.failed(wait, self.spread, rand::random());
        let code = fault_code(&error);
        match &error {
            Error::Dates { .. } => self.doubted_time = true,
            Error::Refused { code: "permission_denied", .. } => {
                let ended = self.time.now() > self.certificates.until();
                self.live.refused = true;
                self.certificates.refused();
                let quiet = backoff::refused(rand::random());
                let long = backoff::jittered(ENDED_PAUSE, rand::random());
                pause = pause.max(if ended { long } else { quiet });
            }
            // By the server's clock the certificate has ended.
            Error::Refused { code: "unauthenticated", .. } => self.doubted_time = true,
            Error::Refused { code: "invalid_argument", .. } => self.doubted(),
            _ => {}
        }
        let text = error.detail();
        let times = self.backoff.failures();
        // The first of a kind is news, the hundredth is not.
        if self.live.fault.as_ref().is_none_or(|before| before.code != code) {
            tracing::warn!(%error, "the check-in failed; trying again");
        } else {
            tracing::debug!(%error, times, "the check-in failed again");
        }
        self.live.fault = Some(Fault { at_unix_ms: self.agent.clock.now(), code: code.to_owned(), text, times });
        self.note();
        pause
    }

    pub(super) fn status_failed(&self, status: &tonic::Status) -> Failed {
        let asked = status.metadata().get(PUSHBACK).and_then(|value| value.to_str().ok()?.parse().ok());
        Failed { error: status_error(&self.server, status), wait: asked.map(Duration::from_millis) }
    }

    pub(super) fn late(&self) -> Error {
        Error::Unreachable { target: self.server.to_string(), why: "it does not answer".to_owned() }
    }

    /// The server found the report wrong: it is made anew, but an inventory is not cheap, and the next may be found wrong, too.
    fn doubted(&mut self) {
        let now = self.clock().elapsed();
        if self.doubted.is_none_or(|before| now.saturating_sub(before) >= DOUBT_EVERY) {
            self.doubted = Some(now);
            self.report.doubted();
            self.calendar = Calendar::new(self.desired.cadence());
        }
    }
}
