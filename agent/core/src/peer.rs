//! Whether a device of the same school is met: by its certificate and the ticket that it shows.

use model::id::{DeviceId, TerritoryId};
use model::resource::PeerTicket;
use model::time::Timestamp;
use model::uai::Uai;

/// What the certificate shown says of a device; TLS has checked that it holds and whose key it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Which device.
    pub device: DeviceId,
    /// Of which territory.
    pub territory: TerritoryId,
    /// The certificate's number among those of the device.
    pub number: u32,
}

/// Why a device is not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stranger {
    /// Of another territory.
    #[error("of another territory")]
    Territory,
    /// Of another school.
    #[error("of another school")]
    School,
    /// The ticket is another device's.
    #[error("the ticket of another device")]
    Device,
    /// The certificate is an earlier identity's.
    #[error("a certificate from before the device got a new identity")]
    Identity,
    /// The ticket is over, or has not begun.
    #[error("a ticket that does not hold at this time")]
    Time,
}

/// Whether this device is one of the school, at this moment.
///
/// # Errors
/// [`Stranger`] when it is not.
pub fn judge(shown: &Shown, ticket: &PeerTicket, school: Uai, now: Timestamp) -> Result<(), Stranger> {
    let checks = [
        (ticket.territory == shown.territory, Stranger::Territory),
        (ticket.school == school, Stranger::School),
        (ticket.device == shown.device, Stranger::Device),
        (ticket.certificate_from <= shown.number, Stranger::Identity),
        (ticket.from <= now && now < ticket.until, Stranger::Time),
    ];
    checks.into_iter().find(|(good, _)| !good).map_or(Ok(()), |(_, why)| Err(why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::resource::TICKET_LIFE;
    use std::time::Duration;

    #[test]
    fn each_way_of_being_another_is_seen() {
        let now = Timestamp::from_unix_seconds(1_795_000_000);
        let school: Uai = "0951099D".parse().unwrap();
        let device = DeviceId::new(now, [1; 10]);
        let shown = Shown { device, territory: "doubs".parse().unwrap(), number: 4 };
        let ticket = PeerTicket {
            device,
            territory: "doubs".parse().unwrap(),
            school,
            certificate_from: 4,
            rendezvous: Vec::new(),
            site_node: false,
            from: now,
            until: now.after(TICKET_LIFE),
        };
        assert_eq!(judge(&shown, &ticket, school, now), Ok(()));
        let other = Shown { territory: "jura".parse().unwrap(), ..shown.clone() };
        assert_eq!(judge(&other, &ticket, school, now), Err(Stranger::Territory));
        assert_eq!(judge(&shown, &ticket, "0750654D".parse().unwrap(), now), Err(Stranger::School));
        let other = Shown { device: DeviceId::new(now, [2; 10]), ..shown.clone() };
        assert_eq!(judge(&other, &ticket, school, now), Err(Stranger::Device));
        let old = Shown { number: 3, ..shown.clone() };
        assert_eq!(judge(&old, &ticket, school, now), Err(Stranger::Identity));
        for at in [now.before(Duration::from_millis(1)), now.after(TICKET_LIFE)] {
            assert_eq!(judge(&shown, &ticket, school, at), Err(Stranger::Time));
        }
    }
}
