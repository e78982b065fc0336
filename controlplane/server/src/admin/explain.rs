//! Which rule of which layer decides for one device, and why.

use super::basis;
use super::cadence::rules;
use super::device::found;
use super::lesson::lesson_wired;
use super::policy::reason;
use super::turns::{Bench, Probes, REGIMES, turn};
use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::{invalid, status};
use controlplane_core::facts::{Facts, facts_from};
use controlplane_core::lesson::lesson_list;
use controlplane_core::plan::lists_edition;
use controlplane_core::policy::{Composed, List, Reason, host_typed, slots_text, told};
use controlplane_core::rules::Rules;
use controlplane_core::scope::Reach;
use model::floor::Floor;
use model::host::Host;
use tonic::Status;
use wire::v1::{PolicyExplainRequest, PolicyExplainResponse, PolicyListed, PolicyProbe};

pub(super) async fn explain(
    shared: &Shared,
    staff: &Staff,
    asked: PolicyExplainRequest,
) -> Result<PolicyExplainResponse, Status> {
    let device = found(shared, staff, &asked.device).await?.value;
    let (store, territory, now) = (shared.store.as_ref(), shared.territory(), shared.clock.now());
    let (facts, _) = facts_from(store, territory, &device).await.map_err(status)?;
    let rules = rules(shared).await?;
    let layers = rules.policies.of(&facts);
    let mut answer = PolicyExplainResponse {
        device: device.id.to_string(),
        layers: layers.iter().map(|(layer, _)| layer.to_string()).collect(),
        ..PolicyExplainResponse::default()
    };
    let Some(composed) = rules.policies.composed(&facts) else { return Ok(answer) };
    answer.hours = composed.slots.as_deref().map(slots_text).unwrap_or_default();
    answer.reasons = composed.reasons.iter().map(reason).collect();
    if asked.name.is_empty() {
        answer.list = Some(basis::manifest(shared, lists_edition(&rules, &facts).as_ref()).await.1);
    } else {
        let probe = PolicyProbe { name: asked.name, categories: asked.categories };
        name_explain(shared, &rules, &composed, &facts, &probe, &mut answer).await?;
    }
    // What is in its plan now, of what begins and ends by itself.
    if let Some(filtering) = told(&rules, &facts) {
        let all = lesson_list(store, territory, &Reach::territory(), false, now).await.map_err(status)?;
        let held = all.into_iter().filter(|held| filtering.lessons.iter().any(|one| one.id == held.lesson.id));
        answer.lessons = held.map(|held| lesson_wired(&held, now)).collect();
        let open = filtering.unblocked.iter().filter(|one| one.holds(now));
        answer.unblocked = open.map(|one| one.name.to_string()).collect();
    }
    Ok(answer)
}

/// What becomes of a name in each regime; which one holds is the device's to know.
async fn name_explain(
    shared: &Shared,
    rules: &Rules,
    composed: &Composed,
    facts: &Facts,
    probe: &PolicyProbe,
    answer: &mut PolicyExplainResponse,
) -> Result<(), Status> {
    let name = host_typed(&probe.name).map_err(invalid)?;
    let (list, mut state) = basis::list(shared, lists_edition(rules, facts).as_ref()).await;
    let given = Probes::read(std::slice::from_ref(probe))?.given(list.as_ref())?;
    if given.is_some() {
        "given".clone_into(&mut state.state);
    }
    let list = given.or(list);
    let floor = basis::floor(shared).await;
    answer.floor = floor.as_ref().map_or(0, |floor| floor.version);
    answer.list = Some(state);
    let floor = floor.unwrap_or_else(Floor::built_in);
    let bench = Bench::new(rules, Some(composed), facts, &floor, list.as_ref(), shared.clock.now())?;
    for regime in REGIMES {
        let verdict = bench.verdict(regime, &name);
        answer.verdicts.push(turn(&name, regime, &verdict, Some(composed), list.as_ref(), 1));
    }
    let covering = list.as_ref().map(|list| list.covering(&name)).unwrap_or_default();
    let speaks = |one: &&Reason| speaks_of(one, &name, &covering, list.as_ref());
    answer.reasons = composed.reasons.iter().filter(speaks).map(reason).collect();
    let listed = covering.into_iter().map(|(name, categories)| PolicyListed { name, categories });
    answer.listed = listed.collect();
    Ok(())
}

/// Whether a rule has to do with a name: it names it, or one above it, or a category that the name is listed in, or all.
fn speaks_of(reason: &Reason, name: &Host, covering: &[(String, Vec<String>)], list: Option<&List>) -> bool {
    let item = reason.item.as_deref().unwrap_or_default();
    match reason.key {
        "only_open" => true,
        "name" => item.parse::<Host>().is_ok_and(|host| host.covers(name)),
        "category" => {
            let called = list.map_or(item, |list| list.category(item));
            item == "all" || covering.iter().any(|(_, categories)| categories.iter().any(|one| one == called))
        }
        _ => false,
    }
}
