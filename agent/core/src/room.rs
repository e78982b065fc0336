//! Which bundles have their room on the disk: within the quota, and above what stays free.

use model::resource::Fetching;

/// What a bundle that is wanted takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// The version that is wanted, all its files, in bytes.
    pub size: u64,
    /// How much of it is yet to be written: all but what lies on the disk already, in another version of the bundle or begun.
    pub to_write: u64,
    /// What a version that is only kept for a way back takes, and would give.
    pub spare: u64,
}

/// What becomes of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is room.
    Fits,
    /// There is, once the version kept for a way back is gone.
    FitsWithoutSpare,
    /// The plan's quota does not hold it.
    Quota,
    /// The disk does not hold it.
    Disk,
}

impl Verdict {
    /// The code by which it is reported that a bundle is skipped.
    #[must_use]
    pub const fn skipped(self) -> Option<&'static str> {
        match self {
            Self::Fits | Self::FitsWithoutSpare => None,
            Self::Quota => Some("quota"),
            Self::Disk => Some("disk"),
        }
    }
}

/// Judges claims in the order in which they are to be met; `free` are the bytes that are free now, where anybody can tell.
///
/// One that is too large takes nothing from those that come after it.
#[must_use]
pub fn admit(claims: &[Claim], fetching: &Fetching, free: Option<u64>) -> Vec<Verdict> {
    let mut quota = if fetching.quota_bytes == 0 { u64::MAX } else { fetching.quota_bytes };
    let mut room = free.map_or(u64::MAX, |free| free.saturating_sub(fetching.free_floor_bytes));
    let judge = |claim: &Claim| {
        if claim.size > quota {
            return Verdict::Quota;
        }
        let verdict = if claim.to_write <= room {
            Verdict::Fits
        } else if claim.to_write <= room.saturating_add(claim.spare) {
            Verdict::FitsWithoutSpare
        } else {
            return Verdict::Disk;
        };
        quota -= claim.size;
        let given = if verdict == Verdict::Fits { 0 } else { claim.spare };
        room = room.saturating_add(given).saturating_sub(claim.to_write);
        verdict
    };
    claims.iter().map(judge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claim() -> impl Strategy<Value = Claim> {
        (0_u64..100, 0_u64..100, 0_u64..50).prop_map(|(size, written, spare)| Claim {
            size,
            to_write: size.saturating_sub(written),
            spare,
        })
    }

    #[test]
    fn a_way_back_is_given_up_before_a_bundle_is() {
        let fetching = Fetching { quota_bytes: 100, free_floor_bytes: 10, ..Fetching::default() };
        let claim = |size, to_write, spare| Claim { size, to_write, spare };
        let verdicts =
            admit(&[claim(40, 30, 0), claim(50, 30, 25), claim(11, 1, 0), claim(10, 5, 0)], &fetching, Some(50));
        assert_eq!(verdicts, [Verdict::Fits, Verdict::FitsWithoutSpare, Verdict::Quota, Verdict::Fits]);
        assert_eq!(admit(&[claim(20, 20, 5)], &fetching, Some(12)), [Verdict::Disk]);
        assert_eq!(admit(&[claim(20, 20, 0)], &fetching, None), [Verdict::Fits]);
        assert_eq!(admit(&[claim(20, 20, 0)], &fetching, Some(5)), [Verdict::Disk]);
    }

    proptest! {
        #[test]
        fn neither_quota_nor_floor_is_passed(
            claims in prop::collection::vec(claim(), 0..12), quota in 0_u64..300, floor in 0_u64..100, free in 0_u64..300,
        ) {
            let fetching = Fetching { quota_bytes: quota, free_floor_bytes: floor, ..Fetching::default() };
            let verdicts = admit(&claims, &fetching, Some(free));
            let met = || claims.iter().zip(&verdicts).filter(|(_, verdict)| verdict.skipped().is_none());
            if quota > 0 {
                prop_assert!(met().map(|(claim, _)| claim.size).sum::<u64>() <= quota);
            }
            // In whichever order: what is written never goes below the floor, unless that was below it before.
            let mut left = free;
            for (claim, verdict) in met() {
                if *verdict == Verdict::FitsWithoutSpare {
                    left += claim.spare;
                }
                left -= claim.to_write;
                prop_assert!(left >= floor.min(free));
            }
            // What was skipped would not have had its room.
            if let Some(at) = verdicts.iter().position(|verdict| verdict.skipped().is_some()) {
                let more = Fetching { quota_bytes: 0, ..fetching };
                prop_assert_eq!(&admit(&claims[..at], &more, Some(free))[..], &verdicts[..at]);
            }
        }
    }
}
