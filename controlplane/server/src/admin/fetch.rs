//! How devices fetch resources.

use super::cadence::rules;
use super::proposal::{act, summary};
use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::{convert_status, invalid, status};
use controlplane_core::Error;
use controlplane_core::fetching::{FETCH_POLICIES, FetchPolicy};
use controlplane_core::fleet::fleet_count;
use controlplane_core::proposal::{Acted, Deed};
use controlplane_core::rules::EVERYWHERE;
use model::resource::{Fetching, Quiet};
use tonic::Status;
use wire::v1::{FetchPolicySetRequest, FetchPolicySetResponse, FetchPolicyShowResponse, SchoolBandwidth};

pub(super) async fn show(shared: &Shared) -> Result<FetchPolicyShowResponse, Status> {
    Ok(FetchPolicyShowResponse { policy: Some(wired(&rules(shared).await?.fetching, &shared.config.time_zone)) })
}

pub(super) async fn set(
    shared: &Shared,
    staff: &Staff,
    asked: FetchPolicySetRequest,
) -> Result<FetchPolicySetResponse, Status> {
    let policy = read(asked.policy.unwrap_or_default(), &shared.config.time_zone)?;
    if let Some(before) = asked.before {
        let row = FETCH_POLICIES.get(shared.store.as_ref(), shared.territory(), EVERYWHERE).await.map_err(status)?;
        // Two who change one option each would else undo one another.
        if read(before, &shared.config.time_zone)? != row.map(|row| row.value).unwrap_or_default() {
            let key = FETCH_POLICIES.key(shared.territory(), EVERYWHERE);
            return Err(status(Error::Conflict(key)));
        }
    }
    // It touches every device there is.
    let touched = fleet_count(shared.store.as_ref(), shared.territory(), shared.second_from()).await;
    let deed = Deed::Fetching(Box::new(policy));
    let proposal = match act(shared, staff, deed, touched.map_err(status)?, &asked.why).await? {
        Acted::Done(_) => None,
        Acted::Waits(proposal) => Some(summary(&proposal, false, shared.clock.now())),
    };
    let policy = wired(&rules(shared).await?.fetching, &shared.config.time_zone);
    Ok(FetchPolicySetResponse { policy: Some(policy), proposal })
}

fn wired(policy: &FetchPolicy, zone: &str) -> wire::v1::FetchPolicy {
    let hours =
        |(from_minute, until_minute)| Quiet { zone: zone.to_owned(), from_minute, until_minute, days_off: Vec::new() };
    let fetching = Fetching { quiet: policy.quiet.map(hours), ..policy.fetching.clone() };
    let school = |(school, bytes): (&model::uai::Uai, &u64)| SchoolBandwidth {
        school: school.to_string(),
        bytes_per_second: *bytes,
    };
    wire::v1::FetchPolicy {
        fetching: Some((&fetching).into()),
        schools: policy.schools.iter().map(school).collect(),
        site_nodes: policy.site_nodes.iter().map(ToString::to_string).collect(),
    }
}

fn read(message: wire::v1::FetchPolicy, zone: &str) -> Result<FetchPolicy, Status> {
    let mut fetching = message.fetching.unwrap_or_default();
    if let Some(hours) = &mut fetching.quiet {
        // The zone is the server's.
        zone.clone_into(&mut hours.zone);
    }
    let mut fetching = Fetching::try_from(fetching).map_err(convert_status)?;
    let quiet = fetching.quiet.take().map(|hours| (hours.from_minute, hours.until_minute));
    let mut policy = FetchPolicy { fetching, quiet, ..FetchPolicy::default() };
    for one in message.schools {
        let school = one.school.parse().map_err(|error: model::uai::UaiError| invalid(error.to_string()))?;
        policy.schools.insert(school, one.bytes_per_second);
    }
    for node in message.site_nodes {
        policy.site_nodes.insert(node.parse().map_err(|error: model::id::IdError| invalid(error.to_string()))?);
    }
    policy.checked().map_err(|error| invalid(error.to_string()))
}
