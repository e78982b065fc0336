//! Signatures under an agreement, and when there are enough of them.

use crate::digest::Digest;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Who signs: by what they are to the loan, never by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signer {
    /// The borrower: a pupil, a teacher, a member of staff.
    Borrower,
    /// The first guardian.
    Guardian1,
    /// The second guardian.
    Guardian2,
}

/// How it was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureMode {
    /// On paper.
    Paper,
    /// On the desk's screen.
    Desk,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Whose.
    pub by: Signer,
    /// How.
    pub mode: SignatureMode,
    /// On which day.
    pub on: Date,
    /// The digest of the scan, when there is one; the scan itself is kept elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan: Option<Digest>,
}

/// Whether an agreement is signed: by a guardian for a minor, else by the borrower.
#[must_use]
pub fn signed_enough(minor: bool, signatures: &[Signature]) -> bool {
    signatures.iter().any(|signature| (signature.by != Signer::Borrower) == minor)
}

impl Signer {
    /// Every signer.
    pub const ALL: [Self; 3] = [Self::Borrower, Self::Guardian1, Self::Guardian2];

    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Borrower => "borrower",
            Self::Guardian1 => "guardian1",
            Self::Guardian2 => "guardian2",
        }
    }
}

impl SignatureMode {
    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Desk => "desk",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minors_guardian_signs_and_no_other_signature_will_do() {
        let by = |by| Signature { by, mode: SignatureMode::Paper, on: jiff::civil::date(2026, 9, 5), scan: None };
        assert!(!signed_enough(true, &[by(Signer::Borrower)]));
        assert!(signed_enough(true, &[by(Signer::Borrower), by(Signer::Guardian2)]));
        assert!(!signed_enough(false, &[by(Signer::Guardian1)]));
        assert!(signed_enough(false, &[by(Signer::Borrower)]));
        assert!(!signed_enough(true, &[]) && !signed_enough(false, &[]));
    }
}
