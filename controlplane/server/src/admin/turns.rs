//! Verdicts on names: what becomes of them on devices, and which of them a policy would change.

use super::basis;
use super::policy::count;
use crate::shared::Shared;
use crate::status::{invalid, status};
use controlplane_core::Error;
use controlplane_core::assignment::Edition;
use controlplane_core::facts::Facts;
use controlplane_core::policy::{
    Because, Composed, List, Outlook, Scales, Verdict, Whose, deciding, filtering, host_typed,
};
use controlplane_core::rules::Rules;
use model::filtering::Regime;
use model::floor::Floor;
use model::host::{CategoryName, Host, HostError};
use model::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use tonic::Status;
use wire::v1::{PolicyBecause, PolicyProbe, PolicyTurn};

/// The most names whose verdicts are compared at once.
const NAMES_MAX: usize = 1_000;
/// The most categories of one name.
const CATEGORIES_MAX: usize = 20;

pub(super) const REGIMES: [Regime; 2] = [Regime::InSchool, Regime::OutOfSchool];

/// Names as they were asked for, each with the categories that the caller says a list has it in.
#[derive(Clone, Debug, Default)]
pub(super) struct Probes(Vec<(Host, BTreeSet<CategoryName>)>);

impl Probes {
    pub(super) fn read(probes: &[PolicyProbe]) -> Result<Self, Status> {
        if probes.len() > NAMES_MAX {
            return Err(invalid(format!("at most {NAMES_MAX} names are compared at once")));
        }
        probes.iter().map(probe_read).collect::<Result<_, _>>().map(Self)
    }

    /// Of what the caller said, a list, its categories as the true one means them; none where nothing was said.
    pub(super) fn given(&self, like: Option<&List>) -> Result<Option<List>, Status> {
        let said: BTreeMap<_, _> = self.0.iter().filter(|(_, said)| !said.is_empty()).cloned().collect();
        let made = (!said.is_empty()).then(|| List::given(&said, like)).transpose();
        made.map_err(|error| status(Error::Invalid(error.to_string())))
    }
}

/// What becomes of names on devices that are told the same, in each regime.
pub(super) struct Bench(Option<[Scales; 2]>);

impl Bench {
    /// By what layers come to, with lessons, unblocked names, floor and list; where no layer speaks nothing is filtered.
    pub(super) fn new(
        rules: &Rules,
        composed: Option<&Composed>,
        facts: &Facts,
        floor: &Floor,
        list: Option<&List>,
        now: Timestamp,
    ) -> Result<Self, Status> {
        let told = composed.map(|composed| filtering(rules, composed, facts));
        let scales = told.map(|told| {
            let of = |regime| Scales::new(&told, floor, list, regime, now);
            REGIMES.map(of).into_iter().collect::<Result<Vec<_>, _>>()
        });
        let scales = scales.transpose().map_err(|error| status(Error::Invalid(error.to_string())))?;
        Ok(Self(scales.and_then(|both| both.try_into().ok())))
    }

    pub(super) fn verdict(&self, regime: Regime, name: &Host) -> Verdict {
        let free = Verdict { blocked: false, because: Because::Nothing, whose: Whose::Nobody, listed: None };
        let Some([school, home]) = &self.0 else { return free };
        if regime == Regime::InSchool { school.verdict(name) } else { home.verdict(name) }
    }
}

/// The verdicts that a policy would change, by all that decides on the devices it is about.
pub(super) async fn turns(
    shared: &Shared,
    rules: &Rules,
    seen: &Outlook,
    floor: &Floor,
    probes: Probes,
) -> Result<Vec<PolicyTurn>, Status> {
    let now = shared.clock.now();
    let mut lists: BTreeMap<Option<Edition>, (Option<List>, Option<List>)> = BTreeMap::new();
    let mut turned: BTreeMap<(usize, Regime, bool), (PolicyTurn, usize)> = BTreeMap::new();
    for pair in seen.pairs.iter().filter(|_| !probes.0.is_empty()) {
        if !lists.contains_key(&pair.list) {
            let list = basis::list(shared, pair.list.as_ref()).await.0;
            let given = probes.given(list.as_ref())?;
            lists.insert(pair.list.clone(), (list, given));
        }
        let Some((list, given)) = lists.get(&pair.list) else { continue };
        let bench = |composed: Option<&Composed>, list: Option<&List>| {
            Bench::new(rules, composed, &pair.facts, floor, list, now)
        };
        for (said, list) in [(false, list.as_ref()), (true, given.as_ref())] {
            if !probes.0.iter().any(|(_, categories)| said != categories.is_empty()) {
                continue;
            }
            let (was, is) = (bench(pair.before.as_deref(), list)?, bench(pair.after.as_deref(), list)?);
            for (at, (name, _)) in probes.0.iter().enumerate().filter(|(_, (_, said_of))| said != said_of.is_empty()) {
                for regime in REGIMES {
                    let (before, after) = (was.verdict(regime, name), is.verdict(regime, name));
                    if before.blocked != after.blocked {
                        let told = || (turn(name, regime, &after, pair.after.as_deref(), list, 0), 0);
                        turned.entry((at, regime, after.blocked)).or_insert_with(told).1 += pair.devices;
                    }
                }
            }
        }
        // Thousands of schools with a thousand names each take a while.
        tokio::task::yield_now().await;
    }
    Ok(turned.into_values().map(|(turn, devices)| PolicyTurn { devices: count(devices), ..turn }).collect())
}

/// What becomes of a name, and which rule of which layer decides it.
pub(super) fn turn(
    name: &Host,
    regime: Regime,
    verdict: &Verdict,
    composed: Option<&Composed>,
    list: Option<&List>,
    devices: usize,
) -> PolicyTurn {
    let by = match &verdict.whose {
        Whose::Policy => composed
            .and_then(|composed| deciding(composed, regime, &verdict.because, verdict.blocked, list))
            .map(|reason| reason.layer.to_string()),
        Whose::Lesson(id) => Some(id.to_string()),
        Whose::Nobody | Whose::Floor | Whose::Unblocked => None,
    };
    let because = PolicyBecause {
        code: verdict.because.code().to_owned(),
        item: verdict.because.item().unwrap_or_default().to_owned(),
        whose: verdict.whose.code().to_owned(),
        by: by.unwrap_or_default(),
        listed: verdict.listed.clone().unwrap_or_default(),
    };
    PolicyTurn {
        name: name.to_string(),
        regime: regime.code().to_owned(),
        blocked: verdict.blocked,
        because: Some(because),
        devices: count(devices),
    }
}

fn probe_read(probe: &PolicyProbe) -> Result<(Host, BTreeSet<CategoryName>), Status> {
    let name = host_typed(&probe.name).map_err(invalid)?;
    if probe.categories.len() > CATEGORIES_MAX {
        return Err(invalid(format!("a name is in at most {CATEGORIES_MAX} categories")));
    }
    let categories: Result<_, HostError> = probe.categories.iter().map(|name| name.parse()).collect();
    Ok((name, categories.map_err(invalid)?))
}
