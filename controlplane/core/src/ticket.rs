//! Peer tickets: by which devices of one school know each other while they cannot ask whether one of them was revoked.

use crate::device::Device;
use model::device::JoinState;
use model::id::TerritoryId;
use model::resource::{PeerTicket, TICKET_LIFE};
use model::time::Timestamp;
use model::uai::Uai;
use std::time::Duration;

/// A ticket that ends within this is replaced: a device that is heard once a school day is never without one.
const RENEWED_WITHIN: Duration = Duration::from_secs(12 * 3_600);
/// It holds from so long before it is given, for peers whose clocks are a little behind.
const BEHIND: Duration = Duration::from_secs(600);

/// Whether a ticket that holds until then is to be replaced.
#[must_use]
pub fn ticket_due(until: Timestamp, now: Timestamp) -> bool {
    until <= now.after(RENEWED_WITHIN)
}

/// A ticket for a device, yet without what its school is called by; none for one of no school, or that does not plainly belong.
#[must_use]
pub fn ticket_of(
    territory: &TerritoryId,
    device: &Device,
    school: Option<Uai>,
    site_node: bool,
    now: Timestamp,
) -> Option<PeerTicket> {
    if device.state != JoinState::Active {
        return None;
    }
    let from = now.before(BEHIND);
    Some(PeerTicket {
        device: device.id,
        territory: territory.clone(),
        school: school?,
        certificate_from: device.identity_from,
        rendezvous: Vec::new(),
        site_node,
        from,
        until: from.after(TICKET_LIFE),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_replaced_when_half_of_it_is_over() {
        let now = Timestamp::from_unix_seconds(1_795_000_000);
        assert!(ticket_due(Timestamp::default(), now) && ticket_due(now.after(RENEWED_WITHIN), now));
        assert!(!ticket_due(now.after(RENEWED_WITHIN + Duration::from_secs(1)), now));
    }
}
