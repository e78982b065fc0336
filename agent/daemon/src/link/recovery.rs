//! Before a connection in the device's own name: the time, if a certificate does not hold, and the way back, if it has ended.
//!
//! What a recovery gives is a candidate, kept and used as in a renewal: ended anywhere, the agent goes on from what is on disk.

use super::{Error, Failed, Link};
use crate::clock::within;
use crate::connect::{Connection, message_limit};
use crate::renew::{Credentials, Given};
use crate::sent;
use crate::signed_time::Stranger;
use agent_core::recover::{Step, step};
use identity::tls::{Anchor, Dates};
use model::recovery::{NONCE_BYTES, RecoveryTranscript};
use model::time::Timestamp;
use std::time::Duration;
use wire::v1;
use wire::v1::recovery_client::RecoveryClient;

/// How long the server may take for one answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

impl Link {
    /// Whether this device may connect by what it knows of the time; asks and finds back until it may.
    pub(super) async fn ready(&mut self) -> Result<(), Failed> {
        let mut told = false;
        loop {
            match step(self.time.now(), self.certificates.span(), told, self.doubted_time) {
                Step::Connect => return Ok(()),
                Step::AskTime => {
                    let connection = self.time_ask().await?;
                    (told, self.doubted_time) = (true, false);
                    if step(self.time.now(), self.certificates.span(), told, false) == Step::Recover {
                        self.recover(connection).await?;
                    }
                }
                // By the server's own time, and just recovered: it gives certificates that have ended.
                Step::Recover => return Err(Error::Answer("a certificate that does not hold").into()),
            }
        }
    }

    /// Asks the time; gives the connection if its certificates hold by that time, and not only at some other.
    async fn time_ask(&mut self) -> Result<Option<Connection>, Error> {
        let stranger = self.stranger();
        let (connection, holds) = match stranger.connected(Dates::Judged).await {
            Err(Error::Dates { .. }) => (stranger.connected(Dates::Ignored).await?, false),
            connected => (connected?, true),
        };
        let before = self.time.now();
        let at = stranger.time(&connection).await?;
        self.time.told(at);
        self.floor_lower(at);
        tracing::info!(
            ahead_s = before.unix_seconds().saturating_sub(at.unix_seconds()),
            "a certificate does not hold by this clock; the server's time was asked for"
        );
        // Judged by a clock that was wrong, as it turned out: judged again.
        Ok((holds && before.since(at).max(at.since(before)) < Duration::from_secs(3_600)).then_some(connection))
    }

    /// A server whose clock was ahead has left a floor in the future, and by now says better: signed over a nonce of ours.
    fn floor_lower(&mut self, told: Timestamp) {
        if self.floor.is_none_or(|floor| floor <= told) {
            return;
        }
        self.floor = Some(told);
        self.time.floor_set(told);
        if let Err(error) = self.state.clock_floor_write(told) {
            tracing::debug!(%error, "the earliest possible time cannot be kept");
        }
    }

    /// Gets a certificate by the identity key.
    async fn recover(&mut self, connection: Option<Connection>) -> Result<(), Failed> {
        let connection = match connection {
            Some(connection) => connection,
            None => self.stranger().connected(Dates::Judged).await?,
        };
        if self.certificates.candidate_there() {
            self.state.candidate_end()?;
        }
        let key_pem = self.state.tls_key_next().map_err(Failed::from)?;
        let answer = self.recovery_exchange(&connection, &key_pem).await?;
        self.live.quarantined = answer.quarantined;
        self.live.refused = false;
        let given = Given {
            chain: answer.chain,
            trust: answer.trust,
            renew: (answer.renew_from_unix_ms, answer.renew_until_unix_ms),
        };
        let (candidate, window) = given.keep(&self.state, &self.enrolment, key_pem, self.time.now())?;
        let candidate = Credentials::new(&candidate, self.time.clone())?;
        self.candidate_take(candidate, &window);
        tracing::info!(
            quarantined = answer.quarantined,
            "the certificate had ended; another was given, and is used from now on"
        );
        self.note();
        Ok(())
    }

    fn stranger(&self) -> Stranger<'_> {
        Stranger {
            server: &self.server,
            proxies: &self.proxies,
            clock: &*self.agent.clock,
            time: self.time.clone(),
            anchor: Anchor::Root(self.root.clone()),
            folder: self.state.folder(),
            trust: Some(self.desired.trust()),
        }
    }

    async fn recovery_exchange(
        &self,
        connection: &Connection,
        key_pem: &str,
    ) -> Result<v1::RecoveryFinishResponse, Failed> {
        let clock = self.clock();
        let mut client = RecoveryClient::new(connection.channel.clone()).max_decoding_message_size(message_limit());
        let said = |status: tonic::Status| self.status_failed(&status);
        sent::note(self.state.folder(), "RecoveryStartRequest", &v1::RecoveryStartRequest {});
        let challenge = within(&*clock, ANSWER_LIMIT, client.start(v1::RecoveryStartRequest {})).await;
        let challenge = challenge.ok_or_else(|| self.late())?.map_err(said)?.into_inner();
        if challenge.nonce.len() != NONCE_BYTES {
            return Err(Error::Answer("the nonce").into());
        }
        let csr = identity::csr::request_make(key_pem).map_err(Error::from)?;
        let (device, generation) = (self.enrolment.device, self.enrolment.identity_generation);
        let transcript = RecoveryTranscript {
            nonce: &challenge.nonce,
            device,
            generation,
            csr: &csr,
            channel_binding: connection.server_certificate.as_bytes(),
        };
        let identity = self.state.identity_key_held()?;
        let signature = identity.sign(&transcript.to_bytes()).map_err(Error::from)?;
        let finish = v1::RecoveryFinishRequest {
            challenge: challenge.challenge,
            nonce: challenge.nonce.clone(),
            device: device.as_bytes().to_vec(),
            identity_generation: generation,
            csr: csr.clone(),
            signature,
        };
        sent::note(self.state.folder(), "RecoveryFinishRequest", &finish);
        let answer = within(&*clock, ANSWER_LIMIT, client.finish(finish)).await;
        Ok(answer.ok_or_else(|| self.late())?.map_err(said)?.into_inner())
    }
}
