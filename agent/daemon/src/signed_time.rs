//! The control plane's time, signed over a nonce of ours, for a device by whose clock a certificate does not hold.
//!
//! It is asked for over a connection whose certificates were judged in everything but their dates, and believed because of a key
//! that the root we know has named (security.md, "Clock").

use crate::clock::{Clock, within};
use crate::connect::{Connection, Server, connect, message_limit, status_error};
use crate::error::Error;
use crate::folder::Folder;
use crate::proxy::Rules;
use crate::sent;
use crate::state::trust_open;
use identity::tls::{self, Anchor, Dates, Time};
use model::recovery::{NONCE_BYTES, ServerTime};
use model::signed::Signed;
use model::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use wire::convert::{Trust, time_decode};
use wire::v1::TimeRequest;
use wire::v1::recovery_client::RecoveryClient;

/// How long the server may take for the answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// A caller without a certificate.
pub(crate) struct Stranger<'a> {
    pub(crate) server: &'a Server,
    pub(crate) proxies: &'a Rules,
    pub(crate) clock: &'a dyn Clock,
    /// The time by which certificates are judged.
    pub(crate) time: Time,
    /// By what it knows the server.
    pub(crate) anchor: Anchor,
    /// Where what is sent is noted.
    pub(crate) folder: &'a Folder,
    /// The trust roots it holds, if it does: older ones are not believed.
    pub(crate) trust: Option<&'a Trust>,
}

impl Stranger<'_> {
    /// A connection; dates may be ignored only to ask the time.
    pub(crate) async fn connected(&self, dates: Dates) -> Result<Connection, Error> {
        let settings = tls::anonymous(self.anchor.clone(), dates, self.time.clone())?;
        connect(self.server, self.proxies, Arc::new(settings), self.clock, rand::random()).await
    }

    /// The time by the control plane at the other end.
    pub(crate) async fn time(&self, connection: &Connection) -> Result<Timestamp, Error> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let mut client = RecoveryClient::new(connection.channel.clone()).max_decoding_message_size(message_limit());
        let request = TimeRequest { nonce: nonce.to_vec() };
        sent::note(self.folder, "TimeRequest", &request);
        let call = client.time(request);
        let answer = within(self.clock, ANSWER_LIMIT, call).await.ok_or_else(|| Error::Unreachable {
            target: self.server.to_string(),
            why: "it does not answer".to_owned(),
        })?;
        let answer = answer.map_err(|status| status_error(self.server, &status))?.into_inner();
        let no = Error::Answer;
        let trust = trust_open(&answer.trust.ok_or(no("no trust roots"))?, self.root(connection)?).map_err(no)?;
        self.trust_check(&trust)?;
        let signed = Signed::<ServerTime>::try_from(answer.time.ok_or(no("no time"))?).map_err(|_| no("the time"))?;
        let bytes = signed.bytes(&trust.online).map_err(|_| no("the time's signature"))?;
        let time = time_decode(bytes).map_err(|_| no("the time"))?;
        if time.nonce != nonce {
            return Err(no("a time that answers another question"));
        }
        if time.territory != trust.territory {
            return Err(no("the time of another territory"));
        }
        Ok(time.at)
    }

    fn trust_check(&self, trust: &Trust) -> Result<(), Error> {
        match self.trust {
            Some(held) if held.territory != trust.territory => Err(Error::Answer("trust roots of another territory")),
            // An old key may have been stolen since.
            Some(held) if held.version > trust.version => Err(Error::Answer("trust roots that were replaced")),
            _ => Ok(()),
        }
    }

    /// The root's certificate, which the connection was checked to lead to.
    fn root<'a>(&'a self, connection: &'a Connection) -> Result<&'a [u8], Error> {
        match &self.anchor {
            Anchor::Root(root) => Ok(root),
            Anchor::Pin(pin) => {
                let pinned = |der: &&Vec<u8>| identity::issue::pin_of(der).is_ok_and(|found| found == *pin);
                let root = connection.presented.iter().find(pinned);
                root.map(Vec::as_slice).ok_or(Error::Answer("a root that is not the token's"))
            }
            Anchor::Sent => connection.presented.last().map(Vec::as_slice).ok_or(Error::Answer("no certificate")),
        }
    }
}
