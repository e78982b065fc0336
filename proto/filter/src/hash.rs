//! Fingerprints of names, from the last label leftwards, so that every suffix of a name costs one step.

use crate::limits::LABEL_BYTES_MAX;
use crate::name::Name;
use crate::sip::sip;

/// The key of a list's fingerprints, chosen by who publishes when the list is fixed: whoever writes a list cannot aim at the fingerprint of
/// a name that it does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed {
    first: u64,
    second: u64,
}

/// What stands above the first label.
pub(crate) const ROOT: u64 = 0;

impl Seed {
    /// Of sixteen bytes: random ones, or those of a digest of the list, by which two publishers make the same image.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        let both = u128::from_le_bytes(bytes);
        #[allow(clippy::cast_possible_truncation, reason = "its halves")]
        Self { first: both as u64, second: (both >> 64) as u64 }
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(self) -> [u8; 16] {
        ((self.second as u128) << 64 | self.first as u128).to_le_bytes()
    }

    /// Fills in the fingerprints of a name's suffixes, the shortest first, from its labels, the last first; and says how many.
    #[inline]
    pub(crate) fn fill<'a>(self, hashes: &mut [u64], labels: impl Iterator<Item = &'a [u8]>) -> usize {
        let mut above = ROOT;
        let mut length = 0;
        for (place, label) in hashes.iter_mut().zip(labels) {
            let Some(hash) = self.step(above, label) else { break };
            (*place, above) = (hash, hash);
            length += 1;
        }
        length
    }

    /// The fingerprints of all suffixes of a name, the shortest first.
    pub(crate) fn suffixes(self, name: &Name) -> impl Iterator<Item = u64> {
        name.as_str().rsplit('.').scan(ROOT, move |above, label| {
            *above = self.step(*above, label.as_bytes())?;
            Some(*above)
        })
    }

    /// The fingerprint of a name.
    pub(crate) fn whole(self, name: &Name) -> u64 {
        self.suffixes(name).last().unwrap_or(ROOT)
    }

    /// SipHash-1-3 of the fingerprint above and the label in lower case; none for a label that no name has.
    #[inline]
    fn step(self, above: u64, label: &[u8]) -> Option<u64> {
        let may_be_listed = (1..=LABEL_BYTES_MAX).contains(&label.len());
        may_be_listed.then(|| sip::<1, 3>([self.first, self.second], above, label))
    }
}
