//! Challenges that need no memory: the caller carries them, and only who made one can have made it.
//!
//! A list of challenges that wait could be filled by strangers until those of honest callers fall out of it.

use aws_lc_rs::hmac;
use model::time::Timestamp;

/// The length of a challenge, in bytes: when it was made, and the HMAC.
const BYTES: usize = 8 + 32;

/// The key of one run of a program: a challenge of the run before is none.
pub struct ChallengeKey(hmac::Key);

impl ChallengeKey {
    /// A key of these bytes that nobody can foresee.
    #[must_use]
    pub fn new(random: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, random))
    }

    /// The challenge that goes with a nonce.
    #[must_use]
    pub fn challenge(&self, nonce: &[u8; 32], at: Timestamp) -> Vec<u8> {
        let at = at.unix_millis().to_be_bytes();
        let seal = hmac::sign(&self.0, &[&at[..], nonce].concat());
        [&at[..], seal.as_ref()].concat()
    }

    /// When a challenge was made, if this key made it for this nonce.
    #[must_use]
    pub fn made(&self, challenge: &[u8], nonce: &[u8]) -> Option<Timestamp> {
        if challenge.len() != BYTES || nonce.len() != 32 {
            return None;
        }
        let (at, seal) = challenge.split_at(8);
        hmac::verify(&self.0, &[at, nonce].concat(), seal).ok()?;
        Some(Timestamp::from_unix_millis(i64::from_be_bytes(at.try_into().ok()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_for_its_nonce_and_by_its_key() {
        let (key, at) = (ChallengeKey::new(&[7; 32]), Timestamp::from_unix_millis(1_795_000_000_123));
        let challenge = key.challenge(&[1; 32], at);
        assert_eq!(key.made(&challenge, &[1; 32]), Some(at));
        assert_eq!(key.made(&challenge, &[2; 32]), None);
        assert_eq!(ChallengeKey::new(&[8; 32]).made(&challenge, &[1; 32]), None);
        for place in [0, 7, 8, 39] {
            let mut other = challenge.clone();
            other[place] ^= 1;
            assert_eq!(key.made(&other, &[1; 32]), None, "{place}");
        }
        for length in [0, 8, 39, 41] {
            let other: Vec<u8> = challenge.iter().copied().chain([0]).take(length).collect();
            assert_eq!(key.made(&other, &[1; 32]), None, "{length}");
        }
        assert_eq!(key.made(&challenge, &[1; 31]), None);
    }
}
