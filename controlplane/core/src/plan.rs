//! Planning: a pure function of intent and of a device's few facts, and the generation its outcome gets.

use crate::assignment::{Edition, Target};
use crate::facts::Facts;
use crate::grant::Standing;
use crate::policy::told;
use crate::rules::Rules;
use crate::store::Revision;
use crate::table::{Observed, Table};
use model::desired::{Generation, Plan};
use model::digest::Digest;
use model::resource::{BUNDLES_MAX, BundleName, BundleWanted, ReleaseWanted};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// The revision of the device's facts it was planned from.
    #[serde(default)]
    pub facts: u64,
    /// The digest of the grant it was told with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Digest>,
    /// The revision at which that grant was written.
    #[serde(default)]
    pub granted: u64,
}

/// What a device is to hold, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// What it is told.
    pub plan: Plan,
    /// What decided each bundle, by name; those that are not to be there, too.
    pub why: Vec<Why>,
}

/// What decided one bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// Which bundle.
    pub bundle: BundleName,
    /// Whose word it was.
    pub target: Target,
    /// What it said.
    pub edition: Option<Edition>,
    /// Whether it is left out though it was said, because the device has no place for so many.
    pub cut: bool,
    /// The rollout whose word it was, if it was one's.
    pub rollout: Option<String>,
}

/// What a device with these facts is to hold. Devices of one class get equal plans, which are encoded once.
#[must_use]
pub fn plan(rules: &Rules, facts: &Facts) -> Planned {
    let decided = decided(rules, facts);
    let of_bundle = |(name, word): &(&&BundleName, &Word)| word.edition.is_some() && !name.is_agent();
    let mut held: Vec<(&BundleName, &Word)> =
        decided.iter().filter(of_bundle).map(|(name, word)| (*name, word)).collect();
    if held.len() > BUNDLES_MAX {
        // The filter's lists stay whatever else there is, and then the most particular.
        let lists = |name: &BundleName| !name.is_lists();
        held.sort_by(|a, b| {
            let particular = b.1.target.cmp(a.1.target);
            lists(a.0).cmp(&lists(b.0)).then(particular).then_with(|| a.0.cmp(b.0))
        });
        held.truncate(BUNDLES_MAX);
        held.sort_by(|a, b| a.0.cmp(b.0));
    }
    let kept = |name: &BundleName| held.binary_search_by(|held| held.0.cmp(name)).is_ok();
    let why = decided.iter().map(|(name, word)| Why {
        bundle: (*name).clone(),
        target: word.target.clone(),
        edition: word.edition.clone(),
        cut: word.edition.is_some() && !name.is_agent() && !kept(name),
        rollout: word.rollout.map(str::to_owned),
    });
    let why = why.collect();
    let bundles: Vec<BundleWanted> = held.iter().filter_map(|(name, word)| word.wanted(name)).collect();
    let measure = facts.measure.filter(|_| !bundles.is_empty());
    let release = decided.iter().find(|(name, _)| name.is_agent()).and_then(|(_, word)| word.release());
    let fetching = rules.fetching.told(facts, &rules.days_off, &rules.zone);
    let filtering = told(rules, facts);
    Planned { plan: Plan { check_in: rules.cadence, bundles, fetching, release, measure, filtering }, why }
}

/// Which version of the filter's lists a device with these facts is to hold.
#[must_use]
pub fn lists_edition(rules: &Rules, facts: &Facts) -> Option<Edition> {
    decided(rules, facts).into_iter().find(|(name, _)| name.is_lists()).and_then(|(_, word)| word.edition)
}

/// What is said of one bundle to one device.
struct Word<'a> {
    target: &'a Target,
    edition: Option<Edition>,
    urgent: bool,
    hold: bool,
    rollout: Option<&'a str>,
}

/// What decides each bundle: the most particular assignment, or a rollout that will be as particular a one.
fn decided<'a>(rules: &'a Rules, facts: &'a Facts) -> BTreeMap<&'a BundleName, Word<'a>> {
    let assigned = rules.assignments.decided(facts).into_iter().map(|(name, one)| {
        let edition = one.edition.clone();
        (name, Word { target: &one.target, edition, urgent: one.urgent, hold: false, rollout: None })
    });
    let mut decided: BTreeMap<_, _> = assigned.collect();
    for (held, target) in rules.rollouts.decided(facts, &rules.assignments) {
        let rollout = &held.rollout;
        let edition = Some(Edition { version: rollout.version.clone(), index: rollout.index });
        let (urgent, hold, id) = (rollout.urgent, rollout.held_back(), Some(rollout.id.as_str()));
        decided.insert(&rollout.name, Word { target, edition, urgent, hold, rollout: id });
    }
    decided
}

impl Word<'_> {
    fn release(&self) -> Option<ReleaseWanted> {
        let Edition { version, index } = self.edition.clone()?;
        Some(ReleaseWanted { version, index, urgent: self.urgent, hold: self.hold })
    }

    fn wanted(&self, name: &BundleName) -> Option<BundleWanted> {
        let edition = self.edition.as_ref()?;
        Some(BundleWanted {
            name: name.clone(),
            version: edition.version.clone(),
            index: edition.index,
            urgent: self.urgent,
            hold: self.hold,
        })
    }
}

/// What is known of a device at the moment it is told.
#[derive(Clone, Copy, Debug)]
pub struct Now<'a> {
    /// The digest of its plan.
    pub plan: Digest,
    /// The revision of the facts from which that was made.
    pub facts: Revision,
    /// What it is granted.
    pub grant: Option<&'a Standing>,
}

/// What to tell a device of which this holds: the same as before, or a newer generation.
///
/// What comes back may be of another plan or grant than these: somebody with newer ones in hand has told it already. `heard` is the generation the device says it holds: after a restore it may be ahead of what we remember, and is outrun.
#[must_use]
pub fn told_next(before: Option<Told>, heard: Option<Generation>, now: Now<'_>, epoch: u32, rules: &Rules) -> Told {
    let granted = now.grant.map_or(0, |grant| grant.revision);
    let (plan, grant) = (now.plan, now.grant.map(|grant| grant.digest));
    // Whoever still has older rules, facts or an older grant in hand must not tell them as if they were newer.
    if let Some(told) = before
        && (told.rules > rules.changed || told.facts > now.facts || told.granted > granted)
        && told.generation.epoch >= epoch
    {
        return told;
    }
    let ahead = heard.filter(|h| before.is_none_or(|b| *h > b.generation));
    if let (Some(told), None) = (before, ahead)
        && (told.plan, told.grant) == (plan, grant)
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
    Told { generation, plan, rules: rules.changed, facts: now.facts, grant, granted }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::grant::{Grant, Hold};
    use proptest::prelude::*;

    fn generation() -> impl Strategy<Value = Generation> {
        let revision = prop_oneof![0u64..40, Just(u64::MAX - 1), Just(u64::MAX)];
        (0u32..4, revision).prop_map(|(epoch, revision)| Generation { epoch, revision })
    }

    fn digest(n: u8) -> Digest {
        Digest::of(&[n])
    }

    fn standing(n: u8, revision: u64) -> Standing {
        let grant = Grant { key: digest(9), epoch: n.into(), hold: Hold::Free, contact: String::new() };
        let mut standing = Standing::new(grant, revision, None).unwrap();
        standing.digest = digest(n);
        standing
    }

    proptest! {
        /// Whatever was told and heard, a device that holds something else is told something it accepts.
        #[test]
        fn what_is_told_is_newer_or_the_same(
            before in proptest::option::of((generation(), 0u8..3, 0u64..40, 0u64..40, proptest::option::of((0u8..3, 1u64..40)))),
            heard in proptest::option::of(generation()),
            now in 0u8..3,
            facts in 0u64..40,
            grant in proptest::option::of((0u8..3, 1u64..40)),
            epoch in 0u32..4,
            changed in 0u64..40,
        ) {
            let before = before.map(|(generation, n, rules, facts, grant)| Told {
                generation,
                plan: digest(n),
                rules,
                facts,
                grant: grant.map(|(n, _)| digest(n)),
                granted: grant.map_or(0, |(_, revision)| revision),
            });
            let grant = grant.map(|(n, revision)| standing(n, revision));
            let granted = grant.as_ref().map_or(0, |grant| grant.revision);
            let rules = Rules { changed, ..Rules::default() };
            let known = Now { plan: digest(now), facts, grant: grant.as_ref() };
            let told = told_next(before, heard, known, epoch, &rules);
            let behind = |b: Told| (b.rules > changed || b.facts > facts || b.granted > granted) && b.generation.epoch >= epoch;
            if before.is_some_and(behind) {
                prop_assert_eq!(Some(told), before);
                return Ok(());
            }
            prop_assert_eq!((told.plan, told.grant), (digest(now), grant.as_ref().map(|grant| grant.digest)));
            prop_assert!(heard.is_none_or(|h| told.generation >= h));
            prop_assert!(told.generation.epoch >= epoch);
            if let Some(before) = before {
                prop_assert!(told.generation >= before.generation);
                let same = (told.plan, told.grant) == (before.plan, before.grant);
                prop_assert!(told.generation > before.generation || same);
            }
            // Told again, nothing moves.
            let again = told_next(Some(told), Some(told.generation), known, epoch, &rules);
            prop_assert_eq!((again.generation, again.plan, again.grant), (told.generation, told.plan, told.grant));
        }
    }

    #[test]
    fn what_was_told_before_grants_were_is_read_without_one() {
        let of_old = serde_json::json!({"generation": {"epoch": 1, "revision": 4}, "plan": digest(1), "rules": 3});
        let told: Told = serde_json::from_value(of_old).unwrap();
        assert_eq!((told.grant, told.granted, told.facts), (None, 0, 0));
        let now = |facts, grant| Now { plan: digest(1), facts, grant };
        let rules = Rules { changed: 3, ..Rules::default() };
        assert_eq!(told_next(Some(told), Some(told.generation), now(0, None), 1, &rules), told);
        let lent = standing(7, 5);
        let next = told_next(Some(told), Some(told.generation), now(4, Some(&lent)), 1, &rules);
        assert!(next.generation > told.generation);
        // Nor does somebody who knows it only as it was filed before.
        assert_eq!(told_next(Some(next), None, Now { plan: digest(2), ..now(3, Some(&lent)) }, 1, &rules), next);
        // Somebody who has not heard of the grant yet tells nothing as if it were newer.
        assert_eq!(told_next(Some(next), None, now(4, None), 1, &rules), next);
    }
}
