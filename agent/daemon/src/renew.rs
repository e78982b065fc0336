//! Renewal, first phase: a key, kept before anyone hears of it; the question; the answer, checked; the candidate, kept.
//!
//! The second phase is the link's: it uses the candidate, and puts it in the place of the old one when the server answered it.

use crate::clock::{JudgingTime, within};
use crate::connect::{Connection, Server, message_limit, status_error};
use crate::enrol::{CHAIN_MAX, chain_checked};
use crate::error::Error;
use crate::state::{Certificate, Enrolment, State, Window, key_point, trust_open};
use crate::{Agent, sent};
use identity::caller::{Caller, certificate_read};
use identity::peer::{Ends, ends};
use identity::{csr, issue, tls};
use model::digest::Digest;
use model::renewal::RenewalTranscript;
use model::time::Timestamp;
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Duration;
use wire::v1;
use wire::v1::device_client::DeviceClient;

/// How long the server may take for the answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// A certificate ready for use.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) tls: Arc<ClientConfig>,
    /// For devices of the same school; none where the certificate is not a device's.
    pub(crate) ends: Option<Ends>,
    /// Its serial number, in hexadecimal.
    pub(crate) serial: String,
    /// Its number among the device's.
    pub(crate) number: u32,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    /// A number that is always the same for this certificate, and differs among devices.
    pub(crate) random: u32,
}

impl Credentials {
    pub(crate) fn new(certificate: &Certificate, time: Arc<JudgingTime>) -> Result<Self, Error> {
        let root = certificate.chain.last().cloned().unwrap_or_default();
        let read = certificate_read(certificate.own())?;
        let ends = match &read.caller {
            Caller::Device { territory, .. } => {
                Some(ends(&root, &certificate.chain, &certificate.key_pem, territory, time.clone())?)
            }
            Caller::Operator { .. } => None,
        };
        let [a, b, c, d, ..] = *Digest::of(certificate.own()).as_bytes();
        Ok(Self {
            ends,
            tls: Arc::new(tls::client(&root, certificate.chain.clone(), &certificate.key_pem, time)?),
            serial: read.serial,
            number: read.number,
            from: read.from,
            until: read.until,
            random: u32::from_be_bytes([a, b, c, d]),
        })
    }
}

/// Who asks, and over which connection.
pub(crate) struct Asking<'a> {
    pub(crate) agent: &'a Agent,
    pub(crate) state: &'a State,
    pub(crate) enrolment: &'a Enrolment,
    pub(crate) server: &'a Server,
    pub(crate) connection: &'a Connection,
    /// The serial number of the certificate that the connection shows.
    pub(crate) serial: &'a str,
}

impl Asking<'_> {
    /// Asks for the next certificate and keeps it beside the one in force.
    pub(crate) async fn candidate(&self, now: Timestamp) -> Result<(Certificate, Window), Error> {
        let key_pem = self.state.tls_key_next()?;
        let answer = self.exchange(&key_pem).await?;
        let given = Given {
            chain: answer.chain,
            trust: answer.trust,
            renew: (answer.renew_from_unix_ms, answer.renew_until_unix_ms),
        };
        // A clock that is some hours behind passes with the server's certificate and would not with one made just now.
        let now = now.max(Timestamp::from_unix_millis(answer.server_unix_ms));
        given.keep(self.state, self.enrolment, key_pem, now)
    }

    async fn exchange(&self, key_pem: &str) -> Result<v1::RenewResponse, Error> {
        let csr = csr::request_make(key_pem)?;
        let binding = self.connection.server_certificate;
        let transcript = RenewalTranscript { serial: self.serial, csr: &csr, channel_binding: binding.as_bytes() };
        let signature = self.state.identity_key_held()?.sign(&transcript.to_bytes())?;
        let mut client = DeviceClient::new(self.connection.channel.clone())
            .max_decoding_message_size(message_limit())
            .max_encoding_message_size(message_limit());
        let request = v1::RenewRequest { csr: csr.clone(), signature };
        sent::note(self.state.folder(), "RenewRequest", &request);
        let call = client.renew(request);
        let answer = within(&*self.agent.clock, ANSWER_LIMIT, call).await.ok_or_else(|| Error::Unreachable {
            target: self.server.to_string(),
            why: "it does not answer".to_owned(),
        })?;
        answer.map(tonic::Response::into_inner).map_err(|status| status_error(self.server, &status))
    }
}

/// What the server gave to an enrolled device: a certificate to follow the one in force.
pub(crate) struct Given {
    /// The certificate, then its issuers, DER.
    pub(crate) chain: Vec<Vec<u8>>,
    /// Trust roots.
    pub(crate) trust: Option<v1::Envelope>,
    /// The window in which it is to be renewed, in milliseconds since 1970.
    pub(crate) renew: (i64, i64),
}

impl Given {
    /// Keeps it as the candidate, once it is found to hold together at this time.
    pub(crate) fn keep(
        self,
        state: &State,
        enrolment: &Enrolment,
        key_pem: String,
        now: Timestamp,
    ) -> Result<(Certificate, Window), Error> {
        self.check(enrolment, &key_pem, now)?;
        let candidate = Certificate { key_pem, chain: self.chain };
        let window = Window {
            certificate: Digest::of(candidate.own()),
            renew_from_unix_ms: Timestamp::from_unix_millis(self.renew.0),
            renew_until_unix_ms: Timestamp::from_unix_millis(self.renew.1),
        };
        state.candidate_write(&candidate, &window)?;
        Ok((candidate, window))
    }

    fn check(&self, enrolment: &Enrolment, key_pem: &str, now: Timestamp) -> Result<(), Error> {
        let no = Error::Answer;
        let (Some(own), Some(root)) = (self.chain.first(), self.chain.last()) else {
            return Err(no("no certificate"));
        };
        if self.chain.len() > CHAIN_MAX {
            return Err(no("too many certificates"));
        }
        if Digest::of(root) != enrolment.root {
            return Err(no("its root is not the one of the enrolment"));
        }
        let key = key_point(key_pem).ok_or(no("the TLS key"))?;
        if issue::point_of(own)? != key.as_bytes() {
            return Err(no("a certificate for another key"));
        }
        chain_checked(&self.chain, now)?;
        let Caller::Device { territory, device } = certificate_read(own)?.caller else {
            return Err(no("a certificate that is not a device's"));
        };
        if device != enrolment.device || territory != enrolment.territory {
            return Err(no("a certificate for another device"));
        }
        let trust = trust_open(self.trust.as_ref().ok_or(no("no trust roots"))?, root).map_err(no)?;
        if trust.territory != territory {
            return Err(no("trust roots of another territory"));
        }
        Ok(())
    }
}
