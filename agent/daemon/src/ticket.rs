//! The device's own peer ticket: asked for, judged, kept. Without one it neither serves devices of its school nor asks them.

use crate::state::State;
use agent_core::peer::{Shown, judge};
use model::key::OnlineKey;
use model::resource::PeerTicket;
use model::signed::Signed;
use model::time::Timestamp;
use model::uai::Uai;
use wire::convert::ticket_decode;
use wire::v1;

/// A ticket with the envelope it came in, which is what others are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Own {
    pub(crate) envelope: v1::Envelope,
    pub(crate) ticket: PeerTicket,
}

/// The ticket that is held, if any.
#[derive(Debug, Default)]
pub(crate) struct Wallet {
    held: Option<Own>,
    /// Why the last one was not taken.
    refused: Option<&'static str>,
}

impl Wallet {
    /// With the ticket that was kept, if it is still good.
    pub(crate) fn open(state: &State, shown: &Shown, trusted: &[OnlineKey], now: Timestamp) -> Self {
        let held = state.ticket().and_then(|envelope| own(envelope, shown, trusted, now).ok());
        Self { held, refused: None }
    }

    /// Takes the ticket in an answer.
    pub(crate) fn take(
        &mut self,
        envelope: v1::Envelope,
        (shown, trusted): (&Shown, &[OnlineKey]),
        state: &State,
        now: Timestamp,
    ) {
        match own(envelope, shown, trusted, now) {
            Ok(own) => {
                if let Err(error) = state.ticket_write(&own.envelope) {
                    tracing::debug!(%error, "the peer ticket cannot be kept; after a restart another is asked for");
                }
                (self.held, self.refused) = (Some(own), None);
            }
            Err(code) => {
                if self.refused != Some(code) {
                    tracing::warn!(reason = code, "a peer ticket from the server is refused");
                }
                self.refused = Some(code);
            }
        }
    }

    /// Forgets a ticket whose key newer trust roots have put out.
    pub(crate) fn judge_again(&mut self, trusted: &[OnlineKey]) {
        self.held = self.held.take().filter(|own| ticket_open(&own.envelope, trusted).is_ok());
    }

    pub(crate) const fn held(&self) -> Option<&Own> {
        self.held.as_ref()
    }

    /// Until when it holds, in milliseconds since 1970; 0 without one, or where it says otherwise than the plan whether this is a site node: so
    /// that another is given.
    pub(crate) fn until_unix_ms(&self, site_node: bool) -> i64 {
        let held = self.held.as_ref().filter(|own| own.ticket.site_node == site_node);
        held.map_or(0, |own| own.ticket.until.unix_millis())
    }

    /// The school it is for, in words; none without one.
    pub(crate) fn school(&self) -> Option<Uai> {
        self.held.as_ref().map(|own| own.ticket.school)
    }
}

/// The ticket in an envelope, if a trusted key signed it.
pub(crate) fn ticket_open(envelope: &v1::Envelope, trusted: &[OnlineKey]) -> Result<PeerTicket, &'static str> {
    let signed = Signed::<PeerTicket>::try_from(envelope.clone()).map_err(|_| "ticket_signature")?;
    let bytes = signed.bytes(trusted).map_err(|_| "ticket_signature")?;
    ticket_decode(bytes).map_err(|_| "ticket_unreadable")
}

fn own(envelope: v1::Envelope, shown: &Shown, trusted: &[OnlineKey], now: Timestamp) -> Result<Own, &'static str> {
    let ticket = ticket_open(&envelope, trusted)?;
    judge(shown, &ticket, ticket.school, now).map_err(|_| "ticket_not_mine")?;
    Ok(Own { envelope, ticket })
}
