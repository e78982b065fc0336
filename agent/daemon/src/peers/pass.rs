//! What a device shows to others of its school, and how it knows them.

use crate::clock::JudgingTime;
use crate::frame;
use crate::ticket::{Own, ticket_open};
use agent_core::peer::{Shown, judge};
use identity::caller::{Caller, certificate_key, certificate_read};
use identity::peer::Ends;
use model::id::DeviceId;
use model::key::{IdentityKey, OnlineKey};
use model::resource::{Fetching, Rendezvous};
use model::time::Timestamp;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use wire::v1::PeerHello;

/// The longest hello.
const HELLO_BYTES_MAX: usize = 4 << 10;

/// A certificate, a ticket, and whose tickets are believed.
#[derive(Clone, Debug)]
pub(crate) struct Pass {
    pub(crate) ends: Ends,
    /// Whom the certificate names.
    pub(crate) shown: Shown,
    pub(crate) own: Own,
    pub(crate) trusted: Vec<OnlineKey>,
    pub(crate) time: Arc<JudgingTime>,
    pub(crate) fetching: Fetching,
}

/// Whom one has met.
#[derive(Clone, Debug)]
pub(super) struct Met {
    pub(super) device: DeviceId,
    /// When its ticket is over.
    pub(super) until: Timestamp,
    /// Whether its ticket says that it may say of others that they are in school.
    pub(super) site_node: bool,
    /// The key of the certificate that it showed.
    pub(super) key: IdentityKey,
}

/// Who says hello first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Who connected: so a stranger who connects learns no ticket.
    First,
    /// Who listens.
    Second,
}

impl Pass {
    /// Whether it says the same as another.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.shown == other.shown
            && self.own == other.own
            && self.trusted == other.trusted
            && self.fetching == other.fetching
    }

    /// Whether it is of use at this moment: others would refuse it else.
    pub(super) fn holds(&self) -> bool {
        judge(&self.shown, &self.own.ticket, self.own.ticket.school, self.time.now()).is_ok()
    }

    /// What the school's devices call themselves today; nothing when the ticket does not say.
    pub(super) fn today(&self) -> Option<Rendezvous> {
        let day = |at: Timestamp| at.unix_seconds().div_euclid(86_400);
        let at = day(self.time.now()).checked_sub(day(self.own.ticket.from))?;
        self.own.ticket.rendezvous.get(usize::try_from(at).ok()?).copied()
    }

    /// Both say hello over a connection whose other end showed this certificate; gives the device there.
    pub(super) async fn met(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        certificate: Option<&[u8]>,
        side: Side,
    ) -> io::Result<Met> {
        let hello = PeerHello { ticket: Some(self.own.envelope.clone()) };
        if side == Side::First {
            frame::put(stream, &hello).await?;
        }
        let theirs: PeerHello = frame::take(stream, HELLO_BYTES_MAX).await?;
        let met = self.judged(certificate.unwrap_or_default(), theirs).map_err(stranger)?;
        if side == Side::Second {
            frame::put(stream, &hello).await?;
        }
        Ok(met)
    }

    fn judged(&self, certificate: &[u8], hello: PeerHello) -> Result<Met, String> {
        let read = certificate_read(certificate).map_err(|error| error.to_string())?;
        let Caller::Device { territory, device } = read.caller else { return Err("no device".to_owned()) };
        let shown = Shown { device, territory, number: read.number };
        let envelope = hello.ticket.ok_or("no ticket")?;
        let ticket = ticket_open(&envelope, &self.trusted)?;
        judge(&shown, &ticket, self.own.ticket.school, self.time.now()).map_err(|error| error.to_string())?;
        let key = certificate_key(certificate).map_err(|error| error.to_string())?;
        Ok(Met { device, until: ticket.until, site_node: ticket.site_node, key })
    }
}

fn stranger(why: String) -> io::Error {
    io::Error::new(ErrorKind::PermissionDenied, why)
}
