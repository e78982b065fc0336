//! Whether a new list may take the place of the one before it: lists are made by hand and by machine, and now and then one is torn, turned over or
//! poisoned. A person can say yes after all, with a reason.

use crate::category::Mask;
use crate::compile::Listing;
use crate::name::Name;
use std::collections::BTreeMap;
use std::fmt;

/// How many names a category has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The category.
    pub category: String,
    /// Its names.
    pub names: u64,
}

/// By so much of it a category may shrink from one list to the next, in hundredths.
const SHRINK_MAX: u64 = 30;
/// By so much it may grow.
const GROW_MAX: u64 = 50;
/// Fewer changes than these are no sign of anything in a category that stays: of six names, three more are half.
const FEW: u64 = 20;

/// Which names stand guard.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    /// Never in a category that blocks, themselves or by a name above them: schools' own services, what systems update from.
    pub never: Vec<Name>,
    /// Nor anything beneath these.
    pub never_beneath: Vec<Name>,
    /// Always in a category that blocks: when one is gone, the list is not what it says.
    pub always: Vec<Name>,
}

/// Why a list is held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A category has far fewer names than before.
    Shrunk {
        /// With its names now.
        now: Share,
        /// Before.
        before: u64,
    },
    /// A category has far more.
    Grown {
        /// With its names now.
        now: Share,
        /// Before.
        before: u64,
    },
    /// A name that must stay open would be blocked.
    Never(Name),
    /// A name that must be blocked no longer is.
    Always(Name),
}

impl Gate {
    /// Whether a name lies beneath one that nothing may be listed beneath; asked while names are collected, as a listing holds none.
    #[must_use]
    pub fn forbids(&self, name: &Name) -> bool {
        self.never_beneath.iter().any(|above| above.covers(name))
    }

    /// All that names which stand guard say against a listing.
    #[must_use]
    pub fn names_check(&self, listing: &Listing) -> Vec<Refusal> {
        let black = listing.categories.black();
        let never = self.never.iter().chain(&self.never_beneath);
        let blocked = |name: &Name| !listing.above(name).both(black).is_empty();
        let never = never.filter(|name| blocked(name)).cloned().map(Refusal::Never);
        let always = self.always.iter().filter(|name| !blocked(name)).cloned().map(Refusal::Always);
        never.chain(always).collect()
    }

    /// All that the sizes of categories say against a list; a new category says nothing, since no policy names it yet.
    #[must_use]
    pub fn shares_check(before: &[Share], after: &[Share]) -> Vec<Refusal> {
        let after: BTreeMap<&str, u64> = after.iter().map(|share| (share.category.as_str(), share.names)).collect();
        let each = before.iter().filter_map(|share| {
            let (before, names) = (share.names, after.get(share.category.as_str()).copied().unwrap_or(0));
            let now = Share { category: share.category.clone(), names };
            let few = before.abs_diff(names) < FEW && names > 0;
            if before == names || few {
                None
            } else if names < before {
                (100 * (before - names) > SHRINK_MAX * before).then_some(Refusal::Shrunk { now, before })
            } else {
                (100 * (names - before) > GROW_MAX * before).then_some(Refusal::Grown { now, before })
            }
        });
        each.collect()
    }
}

impl Listing {
    /// What a name and all above it are listed under.
    fn above(&self, name: &Name) -> Mask {
        self.suffixes(name).fold(Mask::NONE, |sum, set| sum | set)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shrunk { now, before } => {
                write!(f, "{} shrank from {before} names to {}", now.category, now.names)
            }
            Self::Grown { now, before } => write!(f, "{} grew from {before} names to {}", now.category, now.names),
            Self::Never(name) => write!(f, "{name}, which must never be blocked, would be"),
            Self::Always(name) => write!(f, "{name}, which must be blocked, no longer is"),
        }
    }
}
