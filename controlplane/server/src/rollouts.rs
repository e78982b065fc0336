//! The rule that carries rollouts on: it looks at devices, asks the core what follows, and writes that.
//!
//! Nothing but memory to read from is kept here, so it may end at any moment, and several servers may run it: each write expects what was
//! read, and what could not be written is decided anew.

use crate::shared::Shared;
use crate::watched::Watched;
use controlplane_core::calendar::{Calendars, calendars};
use controlplane_core::rollout::State;
use controlplane_core::rollout::open::Held;
use controlplane_core::rollout::record::{SITES_AT_ONCE, rollout_move, sites_move};
use controlplane_core::rollout::site::site_step;
use controlplane_core::rollout::step::rollout_step;
use controlplane_core::rollout::tally::Tally;
use controlplane_core::rules::Rules;
use controlplane_core::{Error, Result};
use jiff::civil::DateTime;
use model::resource::BundleName;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Time alone changes how devices stand, and whether a wave may open: it is looked at so often at least.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// After a look at few devices, rest so long; and longer for more, so that looking is never most of the work.
const REST: Duration = Duration::from_secs(1);
const REST_FOR_EACH: Duration = Duration::from_micros(100);
/// After a failure of the store, wait so long.
const RETRY: Duration = Duration::from_secs(1);

/// The tallies of the latest looks, by rollout.
#[derive(Debug, Default)]
pub(crate) struct Tallies(Mutex<BTreeMap<String, Arc<Tally>>>);

impl Tallies {
    /// That of a rollout which is open.
    pub(crate) fn get(&self, rollout: &str) -> Option<Arc<Tally>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(rollout).cloned()
    }

    fn set(&self, tallies: BTreeMap<String, Arc<Tally>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = tallies;
    }
}

/// Carries rollouts on for as long as the server runs.
pub(crate) async fn rollouts_follow(shared: Arc<Shared>) {
    let mut ruling = shared.ruling.clone();
    let mut watched = None;
    loop {
        let rules = Arc::clone(&ruling.borrow_and_update());
        if !rules.rules.rollouts.running() {
            watched = None;
            shared.rollouts.set(BTreeMap::new());
            if ruling.changed().await.is_err() {
                return;
            }
            continue;
        }
        if let Err(error) = look(&shared, &mut watched, &rules.rules).await {
            tracing::warn!(%error, "rollouts could not be looked at; tried again");
            shared.clock.sleep(RETRY).await;
            continue;
        }
        let Some(seen) = &mut watched else { continue };
        let many = u32::try_from(seen.len()).unwrap_or(u32::MAX);
        shared.clock.sleep(REST.max(REST_FOR_EACH.saturating_mul(many))).await;
        tokio::select! {
            followed = seen.follow(&shared) => {
                if let Err(error) = followed {
                    tracing::warn!(%error, "devices could not be followed");
                    seen.doubt();
                    shared.clock.sleep(RETRY).await;
                }
            }
            Ok(()) = ruling.changed() => {}
            () = shared.clock.sleep(LOOK_EVERY) => {}
        }
    }
}

/// How the devices of a rollout stand, in a look of its own where the rule does not look at it.
///
/// # Errors
/// `Unavailable` when the store fails.
pub(crate) async fn tally_now(shared: &Shared, held: &Held) -> Result<Arc<Tally>> {
    if let Some(tally) = shared.rollouts.get(&held.rollout.id).filter(|tally| tally.open == held.rollout.opened.len()) {
        return Ok(tally);
    }
    let rules = Arc::clone(&shared.ruling.borrow());
    let mut watched = Watched::load(shared, BTreeSet::from([held.rollout.name.clone()]), None).await?;
    Ok(Arc::new(watched.tally(shared, held, &rules.rules)))
}

/// The time on the territory's clocks.
pub(crate) fn local(shared: &Shared) -> DateTime {
    let now = jiff::Timestamp::from_millisecond(shared.clock.now().unix_millis()).unwrap_or_default();
    now.to_zoned(shared.zone.clone()).datetime()
}

/// One look: how all stand, and what follows.
async fn look(shared: &Shared, watched: &mut Option<Watched>, rules: &Rules) -> Result<()> {
    let names: BTreeSet<BundleName> = rules.rollouts.iter().map(|held| held.rollout.name.clone()).collect();
    let ready = match watched.take() {
        Some(ready) if ready.shows(&names, shared.clock.ticks()) => ready,
        before => match Watched::load(shared, names, before.as_ref()).await {
            Ok(loaded) => loaded,
            Err(error) => {
                // Since when each device is back is known nowhere else.
                *watched = before;
                return Err(error);
            }
        },
    };
    let watched = watched.insert(ready);
    let calendars = calendars(shared.store.as_ref(), shared.territory()).await?;
    let mut tallies = BTreeMap::new();
    for held in rules.rollouts.iter() {
        let tally = watched.tally(shared, held, rules);
        if held.rollout.state == State::Running {
            match carry(shared, held, &tally, &calendars).await {
                // Somebody has written it meanwhile: it is looked at again when the rules say so.
                Ok(()) | Err(Error::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
        tallies.insert(held.rollout.id.clone(), Arc::new(tally));
    }
    shared.rollouts.set(tallies);
    Ok(())
}

async fn carry(shared: &Shared, held: &Held, tally: &Tally, calendars: &Calendars) -> Result<()> {
    let (now, local) = (shared.clock.now(), local(shared));
    let (store, territory, rollout) = (&shared.store, shared.territory(), &held.rollout);
    let open = rollout.may_open(calendars, None, local);
    if let Some(done) = rollout_step(rollout, tally, now, open) {
        let after = rollout_move(store, territory, held, &done, now).await?;
        tracing::info!(rollout = after.id, state = after.state.name(), waves = after.opened.len(), "a rollout went on");
        return Ok(());
    }
    let due = tally.sites.iter().filter_map(|(school, seen)| {
        let site = held.sites.get(school).map(|(site, _)| site);
        let may = rollout.may_open(calendars, Some(*school), local);
        site_step(rollout, site, seen, (now, local.date(), may)).map(|done| (*school, done))
    });
    let due: Vec<_> = due.take(SITES_AT_ONCE).collect();
    if due.is_empty() {
        return Ok(());
    }
    sites_move(store, territory, held, &due, now).await
}
