//! How far resources are, by what devices say of themselves; and why a device is to hold what it holds.

use super::bundle::name_of;
use super::device::found;
use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::status;
use controlplane_core::facts::facts_of;
use controlplane_core::plan::plan;
use controlplane_core::presence::{Condition, PRESENCES};
use controlplane_core::role::Role;
use controlplane_core::spread::{Place, Spread, Stand, spread_of};
use model::resource::BundleName;
use std::collections::BTreeMap;
use std::sync::Arc;
use tonic::Status;
use wire::v1::{
    BundleExplainRequest, BundleExplainResponse, BundlePlace, BundleReachRequest, BundleReachResponse, BundleWhy,
};

/// Fewer devices than this might be known one by one.
const FEW: u32 = 5;

pub(super) async fn reach(
    shared: &Shared,
    staff: &Staff,
    asked: BundleReachRequest,
) -> Result<BundleReachResponse, Status> {
    let bundle = name_of(&asked.bundle)?;
    let ruling = Arc::clone(&shared.ruling.borrow());
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let heard = |id| shared.live.heard(id).map(|(at, _)| at);
    let now = shared.clock.now();
    let by = match (asked.by_owner, asked.by_class) {
        (_, true) => Place::Class,
        (true, false) => Place::Owner,
        (false, false) => Place::School,
    };
    let places = spread_of(store, territory, &staff.reach, &ruling.rules, &bundle, by, now, &heard).await;
    let reads_figures = staff.person.role == Role::Evaluator;
    let place = |(place, spread): (String, Spread)| {
        let few = reads_figures && (1..FEW).contains(&spread.targeted());
        if few { BundlePlace { place, few, ..BundlePlace::default() } } else { counted(place, spread) }
    };
    Ok(BundleReachResponse { places: places.map_err(status)?.into_iter().map(place).collect() })
}

pub(super) async fn explain(
    shared: &Shared,
    staff: &Staff,
    asked: BundleExplainRequest,
) -> Result<BundleExplainResponse, Status> {
    let id = found(shared, staff, &asked.device).await?.value.id;
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let (facts, _) = facts_of(store, territory, id).await.map_err(status)?;
    let presence = PRESENCES.get(store, territory, id.to_string()).await.map_err(status)?;
    let ruling = Arc::clone(&shared.ruling.borrow());
    let planned = plan(&ruling.rules, &facts);
    let conditions = presence.and_then(|row| row.value.observed).map(|seen| seen.conditions).unwrap_or_default();
    let mut seen: BTreeMap<BundleName, &Condition> =
        conditions.iter().filter_map(|c| Some((BundleName::of_item(&c.item)?, c))).collect();
    let urgent = |name: &BundleName| {
        let release = planned.plan.release.as_ref().is_some_and(|release| name.is_agent() && release.urgent);
        release || planned.plan.bundles.iter().any(|b| b.name == *name && b.urgent)
    };
    let mut bundles: Vec<BundleWhy> = Vec::new();
    for why in &planned.why {
        let condition = seen.remove(&why.bundle);
        bundles.push(BundleWhy {
            bundle: why.bundle.to_string(),
            target: why.target.to_string(),
            version: why.edition.as_ref().map(|edition| edition.version.to_string()).unwrap_or_default(),
            urgent: urgent(&why.bundle),
            cut: why.cut,
            rollout: why.rollout.clone().unwrap_or_default(),
            ..said(condition)
        });
    }
    bundles.extend(seen.into_iter().map(|(name, c)| BundleWhy { bundle: name.to_string(), ..said(Some(c)) }));
    Ok(BundleExplainResponse {
        device: id.to_string(),
        school: facts.school.map(|school| school.to_string()).unwrap_or_default(),
        owner: facts.owner.map(|owner| owner.to_string()).unwrap_or_default(),
        class: facts.class.map(|class| class.to_string()).unwrap_or_default(),
        kit: facts.kit.unwrap_or_default(),
        loan: facts.loan.map(|loan| loan.to_string()).unwrap_or_default(),
        measure: facts.measure.map(|measure| measure.name().to_owned()).unwrap_or_default(),
        bundles,
        fetching: Some((&planned.plan.fetching).into()),
    })
}

/// What a device says of a bundle; nothing where it has not.
fn said(condition: Option<&Condition>) -> BundleWhy {
    let Some(c) = condition else { return BundleWhy::default() };
    BundleWhy {
        seen: c.version.clone(),
        state: c.state.name().to_owned(),
        reason: c.reason.clone(),
        bytes: c.bytes,
        of_bytes: c.of_bytes,
        medium_bytes: c.medium_bytes,
        ..BundleWhy::default()
    }
}

fn counted(place: String, spread: Spread) -> BundlePlace {
    let at = |stand| spread.count(stand);
    BundlePlace {
        place,
        targeted: spread.targeted(),
        in_place: at(Stand::InPlace),
        downloading: at(Stand::Downloading),
        waiting: at(Stand::Waiting),
        failed: at(Stand::Failed),
        skipped: at(Stand::Skipped),
        unreachable: at(Stand::Unreachable),
        wan_bytes: spread.wan_bytes,
        lan_bytes: spread.lan_bytes,
        medium_bytes: spread.medium_bytes,
        few: false,
    }
}
