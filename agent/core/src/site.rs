//! Whether a site node's word says that this device is beside it, and for how long it is believed.

use model::id::DeviceId;
use model::resource::TICKET_LIFE;
use model::site::{Nonce, PROOF_LIFE, SiteProof};
use model::time::Timestamp;
use model::uai::Uai;

/// What a device asked, and whom: that one's ticket was judged as any peer's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The device's own school.
    pub school: Uai,
    /// What was to be signed.
    pub nonce: Nonce,
    /// Who was asked.
    pub node: DeviceId,
    /// Whether its ticket says that it is a site node.
    pub site_node: bool,
}

/// Why nothing is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// Any device of the school could say so.
    #[error("the word of a device that is no site node")]
    Node,
    /// Said by another than the one that was asked.
    #[error("the word of another device")]
    Device,
    /// Of another school.
    #[error("the word of another school")]
    School,
    /// Said to another, or before.
    #[error("an answer to what was not asked")]
    Nonce,
    /// Two that met with tickets that hold are not so far apart.
    #[error("said at a time that is not this one")]
    Time,
}

/// Whether a word whose signature was checked answers what was asked, at this moment.
///
/// # Errors
/// [`Unproven`] when it does not.
pub fn judge(proof: &SiteProof, asked: &Asked, now: Timestamp) -> Result<(), Unproven> {
    let apart = proof.at.since(now).max(now.since(proof.at));
    let checks = [
        (asked.site_node, Unproven::Node),
        (proof.device == asked.node, Unproven::Device),
        (proof.school == asked.school, Unproven::School),
        (proof.nonce == asked.nonce, Unproven::Nonce),
        (apart <= TICKET_LIFE, Unproven::Time),
    ];
    checks.into_iter().find(|(good, _)| !good).map_or(Ok(()), |(_, why)| Err(why))
}

/// Until when it is believed: whoever sets the clock back gains no more than a new word would give.
#[must_use]
pub fn believed(until: Timestamp, now: Timestamp) -> Timestamp {
    until.min(now.after(PROOF_LIFE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_way_of_proving_nothing_is_seen() {
        let now = Timestamp::from_unix_seconds(1_795_000_000);
        let school: Uai = "0951099D".parse().unwrap();
        let node = DeviceId::new(now, [1; 10]);
        let proof = SiteProof { school, nonce: [7; 32], device: node, at: now };
        let asked = Asked { school, nonce: [7; 32], node, site_node: true };
        assert_eq!(judge(&proof, &asked, now), Ok(()));
        assert_eq!(judge(&proof, &Asked { site_node: false, ..asked.clone() }, now), Err(Unproven::Node));
        assert_eq!(judge(&proof, &Asked { nonce: [8; 32], ..asked.clone() }, now), Err(Unproven::Nonce));
        let elsewhere = Asked { school: "0750654D".parse().unwrap(), ..asked.clone() };
        assert_eq!(judge(&proof, &elsewhere, now), Err(Unproven::School));
        let other = Asked { node: DeviceId::new(now, [2; 10]), ..asked.clone() };
        assert_eq!(judge(&proof, &other, now), Err(Unproven::Device));
        for at in [now.before(TICKET_LIFE * 2), now.after(TICKET_LIFE * 2)] {
            assert_eq!(judge(&proof, &asked, at), Err(Unproven::Time));
        }
    }

    #[test]
    fn a_clock_that_is_set_back_gains_nothing() {
        let now = Timestamp::from_unix_seconds(1_795_000_000);
        let until = now.after(PROOF_LIFE);
        assert_eq!(believed(until, now), until);
        assert_eq!(believed(until, now.after(Duration::from_secs(60))), until);
        let back = now.before(TICKET_LIFE);
        assert_eq!(believed(until, back), back.after(PROOF_LIFE));
    }
}
