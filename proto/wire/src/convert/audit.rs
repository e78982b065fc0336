//! The audit chain's tips and faults.

use super::ConvertError;
use crate::v1::{self, AuditFault};
use model::chain::{Broken, Fault, Tip};
use model::digest::Digest;

/// A tip from its fields.
///
/// # Errors
/// Without a digest for a chain that has entries, or with one for a chain that has none.
pub fn tip_read(length: u64, last: &[u8]) -> Result<Tip, ConvertError> {
    if length == 0 && last.is_empty() {
        return Ok(Tip::default());
    }
    let last = <[u8; 32]>::try_from(last).ok().filter(|_| length > 0).ok_or(ConvertError::invalid("last"))?;
    Ok(Tip { length, last: Some(Digest::from_bytes(last)) })
}

/// The digest of a tip as its field holds it.
#[must_use]
pub fn tip_last(tip: Tip) -> Vec<u8> {
    tip.last.map_or_else(Vec::new, |last| last.as_bytes().to_vec())
}

impl From<Broken> for v1::AuditBroken {
    fn from(broken: Broken) -> Self {
        let (fault, number) = match broken.fault {
            Fault::Edited => (AuditFault::Edited, 0),
            Fault::Cut { next } => (AuditFault::Cut, next),
            Fault::Reordered => (AuditFault::Reordered, 0),
            Fault::Sequence { found } => (AuditFault::Sequence, found),
            Fault::Truncated { length } => (AuditFault::Truncated, length),
            Fault::Rewritten => (AuditFault::Rewritten, 0),
        };
        Self { sequence: broken.sequence, fault: fault.into(), number }
    }
}

impl TryFrom<v1::AuditBroken> for Broken {
    type Error = ConvertError;
    fn try_from(broken: v1::AuditBroken) -> Result<Self, ConvertError> {
        let fault = match broken.fault() {
            AuditFault::Edited => Fault::Edited,
            AuditFault::Cut => Fault::Cut { next: broken.number },
            AuditFault::Reordered => Fault::Reordered,
            AuditFault::Sequence => Fault::Sequence { found: broken.number },
            AuditFault::Truncated => Fault::Truncated { length: broken.number },
            AuditFault::Rewritten => Fault::Rewritten,
            AuditFault::Unspecified => return Err(ConvertError::invalid("fault")),
        };
        Ok(Self { sequence: broken.sequence, fault })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_and_tips_come_back_as_they_were() {
        let faults = [
            Fault::Edited,
            Fault::Cut { next: 9 },
            Fault::Reordered,
            Fault::Sequence { found: 7 },
            Fault::Truncated { length: 8 },
            Fault::Rewritten,
        ];
        for fault in faults {
            let broken = Broken { sequence: 5, fault };
            assert_eq!(Broken::try_from(v1::AuditBroken::from(broken)).unwrap(), broken);
        }
        assert!(Broken::try_from(v1::AuditBroken::default()).is_err());
        let tip = Tip { length: 3, last: Some(Digest::of(b"x")) };
        assert_eq!(tip_read(3, &tip_last(tip)).unwrap(), tip);
        assert_eq!(tip_read(0, &tip_last(Tip::default())).unwrap(), Tip::default());
        for (length, last) in [(0, &[0; 32][..]), (1, &[]), (1, &[0; 31])] {
            assert!(tip_read(length, last).is_err());
        }
    }
}
