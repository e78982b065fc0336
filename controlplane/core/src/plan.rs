//! Planning: a pure function of intent and of a device's few facts, and the generation its outcome gets.

use crate::rules::Rules;
use crate::table::{Observed, Table};
use model::desired::{Generation, Plan};
use model::digest::Digest;
use serde::{Deserialize, Serialize};

/// What each device was last told, by its id.
pub static TOLD: Table<Told, Observed> = Table::new("told");

/// The generation and plan a device was last told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// How new.
    pub generation: Generation,
    /// Which plan.
    pub plan: Digest,
    /// The revision of the rules it was planned from.
    #[serde(default)]
    pub rules: u64,
}

/// What a device is to hold. Devices of one class get equal plans, which are encoded once.
#[must_use]
pub fn plan(rules: &Rules) -> Plan {
    Plan { check_in: rules.cadence }
}

/// What to tell a device whose plan has this digest: the same as before, or a newer generation.
///
/// `heard` is the generation the device says it holds: after a restore it may be ahead of what we remember, and is outrun.
#[must_use]
pub fn told_next(before: Option<Told>, heard: Option<Generation>, plan: Digest, epoch: u32, rules: &Rules) -> Told {
    // Whoever still has older rules in hand must not tell them as if they were newer.
    if let Some(told) = before
        && told.rules > rules.changed
        && told.generation.epoch >= epoch
    {
        return told;
    }
    let ahead = heard.filter(|h| before.is_none_or(|b| *h > b.generation));
    if let (Some(told), None) = (before, ahead)
        && told.plan == plan
        && told.generation.epoch >= epoch
    {
        return told;
    }
    let newest = before.map(|b| b.generation).max(heard);
    let generation = match newest {
        Some(n) if n.epoch >= epoch => match n.revision.checked_add(1) {
            Some(next) => Generation { epoch: n.epoch, revision: rules.changed.max(next) },
            None => Generation { epoch: n.epoch.saturating_add(1), revision: rules.changed },
        },
        _ => Generation { epoch, revision: rules.changed },
    };
    Told { generation, plan, rules: rules.changed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn generation() -> impl Strategy<Value = Generation> {
        let revision = prop_oneof![0u64..40, Just(u64::MAX - 1), Just(u64::MAX)];
        (0u32..4, revision).prop_map(|(epoch, revision)| Generation { epoch, revision })
    }

    proptest! {
        /// Whatever was told and heard, a device that holds something else is told something it accepts.
        #[test]
        fn what_is_told_is_newer_or_the_same(
            before in proptest::option::of((generation(), 0u8..3, 0u64..40)),
            heard in proptest::option::of(generation()),
            now in 0u8..3,
            epoch in 0u32..4,
            changed in 0u64..40,
        ) {
            let digest = |n: u8| Digest::of(&[n]);
            let before = before.map(|(generation, n, rules)| Told { generation, plan: digest(n), rules });
            let rules = Rules { changed, ..Rules::default() };
            let told = told_next(before, heard, digest(now), epoch, &rules);
            if before.is_some_and(|b| b.rules > changed && b.generation.epoch >= epoch) {
                prop_assert_eq!(Some(told), before);
                return Ok(());
            }
            prop_assert_eq!(told.plan, digest(now));
            prop_assert!(heard.is_none_or(|h| told.generation >= h));
            prop_assert!(told.generation.epoch >= epoch);
            if let Some(before) = before {
                prop_assert!(told.generation >= before.generation);
                prop_assert!(told.generation > before.generation || told.plan == before.plan);
            }
            // Told again, nothing moves.
            let again = told_next(Some(told), Some(told.generation), digest(now), epoch, &rules);
            prop_assert_eq!((again.generation, again.plan), (told.generation, told.plan));
        }
    }
}
