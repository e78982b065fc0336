//! A site node's word that a device is beside it: by this, and by nothing else, a device is in school.

use crate::digest::{hex, unhex};
use crate::id::DeviceId;
use crate::time::Timestamp;
use crate::uai::Uai;
use std::time::Duration;

/// The length of what a device asks a site node to sign, in bytes.
pub const NONCE_BYTES: usize = 32;
/// How long a site node's word holds: a school day's half, so that a device that left is out of school before the evening.
pub const PROOF_LIFE: Duration = Duration::from_secs(4 * 3_600);
/// The largest proof with its envelope, in bytes.
pub const PROOF_BYTES_MAX: usize = 1_024;
/// How the name begins by which a proof is asked for, as a file of the repository would be.
const ITEM: &str = "site/";

/// What a device asks a site node to sign: random, and used once.
pub type Nonce = [u8; NONCE_BYTES];

/// A site node's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteProof {
    /// The site node's school.
    pub school: Uai,
    /// What the device asked with.
    pub nonce: Nonce,
    /// The site node.
    pub device: DeviceId,
    /// When, by the site node's clock.
    pub at: Timestamp,
}

impl crate::signed::Payload for SiteProof {
    const PURPOSE: &'static str = "cartable site proof v1";
}

/// The name by which a proof is asked for.
#[must_use]
pub fn site_item(nonce: &Nonce) -> String {
    format!("{ITEM}{}", hex(nonce))
}

/// What is to be signed, where a proof is asked for.
#[must_use]
pub fn site_nonce(item: &str) -> Option<Nonce> {
    unhex(item.strip_prefix(ITEM)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_names_its_nonce_and_nothing_else_does() {
        let nonce = [0xab; NONCE_BYTES];
        assert_eq!(site_nonce(&site_item(&nonce)), Some(nonce));
        let item = site_item(&nonce);
        for other in [&item[1..], &item[..item.len() - 2], "site/", "site/zz", "held/abcd", &format!("{item}00")] {
            assert_eq!(site_nonce(other), None, "{other}");
        }
    }
}
