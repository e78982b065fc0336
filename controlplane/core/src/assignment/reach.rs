//! Who may speak for a target, and how many devices it is about.

use super::Target;
use crate::device::DEVICES;
use crate::error::{Error, Result};
use crate::facts::facts_from;
use crate::filing::{Near, Walk};
use crate::kit::KITS;
use crate::loan::LOANS;
use crate::scope::{Reach, Scope};
use crate::store::{PAGE_MAX, Store};
use model::device::JoinState;
use model::id::TerritoryId;
use std::collections::BTreeSet;

/// Whether a target is there and lies within a reach. What is bought for a measure lies all over the territory.
///
/// # Errors
/// `NotFound` when it is not there or lies outside; `Unavailable` when the store fails.
pub async fn target_check(store: &dyn Store, territory: &TerritoryId, reach: &Reach, target: &Target) -> Result<()> {
    let within = match target {
        Target::Territory | Target::Measure(_) => reach.is_territory(),
        Target::Owner(owner) => reach.contains(&Scope::Owner(owner.clone())),
        Target::School(school) => reach.contains(&Scope::Schools(BTreeSet::from([*school]))),
        // A bundle may be there before the kit that is to hold it.
        Target::Class(class) => reach.contains(&Scope::Schools(BTreeSet::from([class.school]))),
        Target::Kit(label) => {
            KITS.get(store, territory, label.as_str()).await?.is_some_and(|row| reach.covers(&row.value.filed()))
        }
        Target::Loan(loan) => {
            LOANS.get(store, territory, loan.to_string()).await?.is_some_and(|row| reach.covers(&row.value.filed()))
        }
        Target::Device(id) => {
            DEVICES.get(store, territory, id.to_string()).await?.is_some_and(|row| reach.covers(&row.value.filed()))
        }
    };
    if within { Ok(()) } else { Err(Error::NotFound(format!("target {target}"))) }
}

/// How many devices that are not revoked some targets cover, counted up to `most`.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn targets_count(
    store: &dyn Store,
    territory: &TerritoryId,
    targets: &BTreeSet<Target>,
    most: usize,
) -> Result<usize> {
    let mut walk = Walk::begin(store, territory, &near(targets), "").await?;
    let mut count = 0;
    loop {
        let Some(page) = walk.next(store, territory, PAGE_MAX).await? else { return Ok(count) };
        for row in page.into_iter().filter(|row| row.value.state != JoinState::Revoked) {
            let (facts, _) = facts_from(store, territory, &row.value).await?;
            count += usize::from(targets.iter().any(|target| target.covers(&facts)));
            if count >= most {
                return Ok(most);
            }
        }
    }
}

/// Where all that these targets cover is found.
fn near(targets: &BTreeSet<Target>) -> Near {
    let schools = targets.iter().map(|target| match target {
        Target::School(school) => Some([Some(*school)].into()),
        Target::Class(class) => Some(BTreeSet::from([Some(class.school), None])),
        _ => None,
    });
    match schools.collect::<Option<Vec<BTreeSet<_>>>>() {
        Some(schools) => Near::Schools(schools.into_iter().flatten().collect()),
        None => match targets.first() {
            Some(Target::Owner(owner)) if targets.len() == 1 => Near::Owner(owner.clone()),
            _ => Near::Everywhere,
        },
    }
}
