//! The acts on this device that the control plane told of: kept for the borrower to read, a bounded number.

use crate::error::Error;
use crate::folder::Folder;
use model::desired::Generation;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use wire::v1;

/// Their file.
pub(crate) const FILE: &str = "acts.json";
/// The most that are kept: the latest.
const KEPT_MAX: usize = 100;
/// The longest words kept of a server, in characters.
const WORD_CHARS_MAX: usize = 64;
const WHY_CHARS_MAX: usize = 400;

/// What somebody did to this device from afar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// When, by the server's clock.
    pub at_unix_ms: Timestamp,
    /// What, such as `device_quarantine`.
    pub verb: String,
    /// In which role: a person's, or `rule`, or `token`.
    pub by: String,
    /// Why, in their words; empty when they gave no reason.
    pub why: String,
    /// Whether a second person agreed.
    pub agreed: bool,
}

/// What is known of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Acts {
    /// How far the server has told, by its own count.
    pub(crate) upto: Generation,
    /// The acts, oldest first.
    pub(crate) acts: Vec<Act>,
}

impl Acts {
    /// Those kept; a damaged file is forgotten, the server then tells again.
    pub(crate) fn read(folder: &Folder) -> Self {
        let read = folder.read(FILE).ok().flatten();
        read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Keeps what an answer tells; how far the server has told by then.
    pub(crate) fn take(folder: &Folder, told: Vec<v1::Act>, upto: Generation) -> Result<Generation, Error> {
        let mut kept = Self::read(folder);
        for act in told.into_iter().map(Act::from) {
            // Told again after the server was restored.
            if !kept.acts.contains(&act) {
                kept.acts.push(act);
            }
        }
        kept.acts.sort_by_key(|act| act.at_unix_ms);
        kept.acts.drain(..kept.acts.len().saturating_sub(KEPT_MAX));
        kept.upto = upto;
        let bytes = serde_json::to_vec(&kept).map_err(|_| Error::Answer("a note that cannot be written"))?;
        folder.write(FILE, &bytes)?;
        Ok(upto)
    }
}

impl From<v1::Act> for Act {
    fn from(told: v1::Act) -> Self {
        let cut = |text: String, most| text.chars().filter(|c| !c.is_control()).take(most).collect();
        Self {
            at_unix_ms: Timestamp::from_unix_millis(told.at_unix_ms),
            verb: cut(told.verb, WORD_CHARS_MAX),
            by: cut(told.by, WORD_CHARS_MAX),
            why: cut(told.why, WHY_CHARS_MAX),
            agreed: told.agreed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(at: i64, why: &str) -> v1::Act {
        v1::Act {
            at_unix_ms: at,
            verb: "device_quarantine".to_owned(),
            by: "technician".to_owned(),
            why: why.to_owned(),
            agreed: false,
        }
    }

    #[test]
    fn acts_are_kept_once_in_order_and_a_bounded_number() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::new(temporary.path());
        let upto = |revision| Generation { epoch: 1, revision };
        Acts::take(&folder, vec![told(2, "b\u{7}"), told(1, "a")], upto(5)).unwrap();
        Acts::take(&folder, vec![told(1, "a"), told(3, &"é".repeat(9000))], upto(6)).unwrap();
        let kept = Acts::read(&folder);
        assert_eq!(kept.upto, upto(6));
        assert_eq!(kept.acts.iter().map(|act| act.why.chars().count()).collect::<Vec<_>>(), [1, 1, WHY_CHARS_MAX]);
        Acts::take(&folder, (0..500).map(|at| told(at + 10, "")).collect(), upto(7)).unwrap();
        let kept = Acts::read(&folder);
        assert_eq!((kept.acts.len(), kept.acts[99].at_unix_ms.unix_millis()), (KEPT_MAX, 509));
        std::fs::write(temporary.path().join(FILE), b"{").unwrap();
        assert_eq!(Acts::read(&folder), Acts::default());
    }
}
