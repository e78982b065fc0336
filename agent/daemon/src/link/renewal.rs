//! Renewal, second phase: the candidate is used, and takes the place of the old certificate once the server answered it.

use super::{Arc, Error, JudgingTime, Link};
use crate::renew::{Asking, Credentials};
use crate::state::{Certificate, Enrolment, Window};
use agent_core::peer::Shown;
use agent_core::renew::Renewal;
use identity::peer::Ends;
use model::time::Timestamp;
use rustls::ClientConfig;

/// The certificate in force, the candidate if there is one, and which of them is shown.
pub(super) struct Certificates {
    in_force: Credentials,
    candidate: Option<Credentials>,
    /// The candidate was refused: the one in force is tried again, since two copies of a device may be about.
    fallback: bool,
    renewal: Renewal,
}

impl Certificates {
    pub(super) fn new(
        certificate: &Certificate,
        candidate: Option<&Certificate>,
        enrolment: &Enrolment,
        time: &Arc<JudgingTime>,
    ) -> Result<Self, Error> {
        let in_force = Credentials::new(certificate, time.clone())?;
        let candidate = candidate.map(|candidate| Credentials::new(candidate, time.clone())).transpose()?;
        let random = candidate.as_ref().unwrap_or(&in_force).random;
        let renewal = Renewal::new(enrolment.renew_from_unix_ms, enrolment.renew_until_unix_ms, random);
        Ok(Self { in_force, candidate, fallback: false, renewal })
    }

    /// The end of the one that is shown.
    pub(super) fn until(&self) -> Timestamp {
        self.shown().until
    }

    /// From when until when the one that is shown holds.
    pub(super) fn span(&self) -> (Timestamp, Timestamp) {
        let shown = self.shown();
        (shown.from, shown.until)
    }

    /// Whether there is one that no answer has put in force yet. While the one that is shown has ended, it has too.
    pub(super) const fn candidate_there(&self) -> bool {
        self.candidate.is_some()
    }

    /// Whom the one that is shown names.
    pub(super) fn names(&self, enrolment: &Enrolment) -> Shown {
        Shown { device: enrolment.device, territory: enrolment.territory.clone(), number: self.shown().number }
    }

    /// With which others of the school are met.
    pub(super) fn ends(&self) -> Option<Ends> {
        self.shown().ends.clone()
    }

    pub(super) fn tls(&self) -> Arc<ClientConfig> {
        self.shown().tls.clone()
    }

    /// The server refuses what was shown: next time the other one, if there are two.
    pub(super) fn refused(&mut self) {
        self.fallback = !self.fallback;
    }

    fn shown(&self) -> &Credentials {
        match &self.candidate {
            Some(candidate) if !self.fallback => candidate,
            _ => &self.in_force,
        }
    }
}

impl Link {
    /// Asks for the next certificate when it is time; says whether there is one to be used now. A failure costs no check-in.
    pub(super) async fn renewed(&mut self) -> bool {
        let now = self.time.now();
        let elapsed = self.agent.clock.elapsed();
        if self.certificates.candidate.is_some() || !self.certificates.renewal.due(now, elapsed) {
            return false;
        }
        match self.candidate_ask(now).await {
            Ok(()) => {
                tracing::info!("a new certificate was given; it is used from now on");
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the certificate could not be renewed; trying again later");
                self.certificates.renewal.failed(self.agent.clock.elapsed(), rand::random());
                false
            }
        }
    }

    async fn candidate_ask(&mut self, now: Timestamp) -> Result<(), Error> {
        let connection = self.connection.clone().ok_or(Error::Answer("no connection"))?;
        let asking = Asking {
            agent: &self.agent,
            state: &self.state,
            enrolment: &self.enrolment,
            server: &self.server,
            connection: &connection,
            serial: &self.certificates.in_force.serial,
        };
        let (candidate, window) = asking.candidate(now).await?;
        let candidate = Credentials::new(&candidate, self.time.clone())?;
        self.candidate_take(candidate, &window);
        Ok(())
    }

    /// A candidate that is kept is used from here on.
    pub(super) fn candidate_take(&mut self, candidate: Credentials, window: &Window) {
        self.certificates.renewal =
            Renewal::new(window.renew_from_unix_ms, window.renew_until_unix_ms, candidate.random);
        self.enrolment.renew_from_unix_ms = window.renew_from_unix_ms;
        self.enrolment.renew_until_unix_ms = window.renew_until_unix_ms;
        self.certificates.fallback = false;
        self.certificates.candidate = Some(candidate);
    }

    /// A check-in was answered: the certificate it was made with is the one in force.
    pub(super) fn certificate_answered(&mut self) {
        let Some(candidate) = self.certificates.candidate.take() else { return };
        let kept = if self.certificates.fallback {
            tracing::warn!("the server does not take the new certificate; the one before it stays");
            let now = self.time.now();
            self.certificates.renewal = Renewal::new(now, now, 0);
            self.certificates.renewal.failed(self.agent.clock.elapsed(), rand::random());
            self.state.candidate_forget()
        } else {
            self.state.candidate_settle().map(|()| self.certificates.in_force = candidate.clone())
        };
        if let Err(error) = kept {
            // Tried again with the next answer; until then a restart finds both files and uses the candidate.
            tracing::error!(%error, "the renewed certificate cannot be put in place");
            self.certificates.candidate = Some(candidate);
            return;
        }
        if !self.certificates.fallback {
            tracing::info!("the renewed certificate is in force");
        }
        self.certificates.fallback = false;
    }
}
