//! What rollouts know of devices, in memory: read once, then followed, so that a look at 100,000 devices reads nothing.

use crate::shared::Shared;
use controlplane_core::Result;
use controlplane_core::asset::{ASSET_DEVICES, ASSETS};
use controlplane_core::device::{DEVICES, Device};
use controlplane_core::facts::{Facts, facts_from};
use controlplane_core::fetching::FetchPolicy;
use controlplane_core::kit::KITS;
use controlplane_core::loan::{LOAN_OPEN, LOANS};
use controlplane_core::presence::{CONTACTS, Condition, PRESENCES, presence_seen};
use controlplane_core::rollout::list::list_condition;
use controlplane_core::rollout::open::Held;
use controlplane_core::rollout::phase::{Sighting, Standing};
use controlplane_core::rollout::tally::Tally;
use controlplane_core::rollout::wave::Member;
use controlplane_core::rules::Rules;
use controlplane_core::store::{Changes, Key, PAGE_MAX, Revision, Scope, Store};
use model::desired::Generation;
use model::device::JoinState;
use model::filtering::FILTER_ITEM;
use model::id::DeviceId;
use model::resource::BundleName;
use model::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A silence of so long is a while in which a device was not slow but away.
const AWAY: Duration = Duration::from_secs(3_600);

/// A loan or a kit that changes tells which device only when all is read again, which is done so often at most.
const REFILED_EVERY: Duration = Duration::from_secs(600);

/// So many pages of changes are read for one look at most: more than 100,000 devices write between two.
const NEWS_PAGES_MAX: usize = 200;

/// The devices that belong, with what they say of some bundles.
#[derive(Debug)]
pub(crate) struct Watched {
    names: BTreeSet<BundleName>,
    devices: BTreeMap<DeviceId, Seen>,
    since: Revision,
    /// Whether something was filed otherwise, so that facts must be read again.
    stale: bool,
    /// When all was read.
    loaded: Duration,
}

#[derive(Clone, Debug)]
struct Seen {
    facts: Facts,
    conditions: Vec<Condition>,
    held: Option<Generation>,
    heard: Timestamp,
    back: Timestamp,
}

impl Watched {
    /// Reads all devices, with what they say of these bundles; of what was known before stays since when each is back, for who was away
    /// for a weekend would count as slow.
    ///
    /// # Errors
    /// `Unavailable` when the store fails.
    pub(crate) async fn load(shared: &Shared, names: BTreeSet<BundleName>, before: Option<&Self>) -> Result<Self> {
        let store = shared.store.as_ref();
        let since = store.revision().await?;
        let devices = before.map(|before| before.devices.clone()).unwrap_or_default();
        let mut watched = Self { names, devices, since, stale: false, loaded: shared.clock.ticks() };
        let (scope, mut after) = (DEVICES.scope(shared.territory(), ""), String::new());
        loop {
            let page = DEVICES.page(store, &scope, &after, PAGE_MAX).await?;
            let Some(last) = page.last() else { return Ok(watched) };
            after.clone_from(&last.id);
            for row in page {
                watched.note(shared, &row.value).await?;
            }
        }
    }

    /// Whether it shows these bundles, and what was filed otherwise meanwhile can wait.
    pub(crate) fn shows(&self, names: &BTreeSet<BundleName>, ticks: Duration) -> bool {
        let old = self.stale && ticks.saturating_sub(self.loaded) >= REFILED_EVERY;
        !old && self.names.is_superset(names)
    }

    /// What was missed is read again with all the rest.
    pub(crate) fn doubt(&mut self) {
        self.stale = true;
    }

    /// How many devices there are.
    pub(crate) fn len(&self) -> usize {
        self.devices.len()
    }

    /// Waits until something of a device changes, and reads that.
    ///
    /// # Errors
    /// `Unavailable` when the store fails.
    pub(crate) async fn follow(&mut self, shared: &Shared) -> Result<()> {
        let tables = vec![
            DEVICES.name,
            PRESENCES.name,
            CONTACTS.name,
            ASSETS.name,
            ASSET_DEVICES.name,
            LOANS.name,
            LOAN_OPEN.name,
            KITS.name,
        ];
        let scope = Scope { territory: shared.territory().clone(), tables, prefix: String::new() };
        let News { devices, filed, upto } = News::since(shared.store.as_ref(), &scope, self.since).await?;
        for (id, refiled) in devices {
            self.look(shared, id, refiled).await?;
        }
        (self.since, self.stale) = (upto, self.stale || filed);
        Ok(())
    }

    /// How the devices of a rollout stand now.
    pub(crate) fn tally(&mut self, shared: &Shared, held: &Held, rules: &Rules) -> Tally {
        let now = shared.clock.now();
        let mut tally = Tally::of(&held.rollout);
        for (id, seen) in &mut self.devices {
            if let Some((heard, _)) = shared.live.heard(*id) {
                seen.heard_at(heard);
            }
            if rules.rollouts.concerns(held, &seen.facts, &rules.assignments) {
                let sighting = seen.sighting(held, &rules.fetching);
                tally.add(&held.rollout, &Member::of(&seen.facts), held.site(&seen.facts), &sighting, now);
            }
        }
        tally
    }

    async fn look(&mut self, shared: &Shared, id: DeviceId, refiled: bool) -> Result<()> {
        if refiled || !self.devices.contains_key(&id) {
            let row = DEVICES.get(shared.store.as_ref(), shared.territory(), id.to_string()).await?;
            return match row {
                Some(row) => self.note(shared, &row.value).await,
                None => Ok(()),
            };
        }
        match self.devices.get_mut(&id) {
            Some(seen) => seen.read(shared, &self.names).await,
            None => Ok(()),
        }
    }

    async fn note(&mut self, shared: &Shared, device: &Device) -> Result<()> {
        if device.state != JoinState::Active {
            self.devices.remove(&device.id);
            return Ok(());
        }
        let (facts, _) = facts_from(shared.store.as_ref(), shared.territory(), device).await?;
        let seen = self.devices.entry(device.id).or_insert_with(|| Seen::of(facts.clone()));
        seen.facts = facts;
        seen.read(shared, &self.names).await
    }
}

/// What has changed, each device once.
#[derive(Debug, Default, PartialEq, Eq)]
struct News {
    /// The devices of which something has changed, and whether their record has.
    devices: BTreeMap<DeviceId, bool>,
    /// Whether something was filed otherwise, of which it is not known whose it is.
    filed: bool,
    upto: Revision,
}

impl News {
    /// Waits for a change, and takes with it those that are there already: after a look at many devices, more have called than a page
    /// holds, and who follows a page a look falls behind.
    async fn since(store: &dyn Store, scope: &Scope, since: Revision) -> Result<Self> {
        let mut news = Self { upto: since, ..Self::default() };
        for page in 0..NEWS_PAGES_MAX {
            let changes = store.changes(scope, news.upto, PAGE_MAX);
            let changes = if page == 0 {
                changes.await?
            } else {
                tokio::select! {
                    biased;
                    changes = changes => changes?,
                    () = std::future::ready(()) => break,
                }
            };
            match changes {
                Changes::Keys { keys, upto } => {
                    keys.iter().for_each(|key| news.note(key));
                    news.upto = upto;
                }
                Changes::Gone { now } => (news.upto, news.filed) = (now, true),
            }
        }
        Ok(news)
    }

    fn note(&mut self, key: &Key) {
        let of_device = [DEVICES.name, PRESENCES.name, CONTACTS.name].contains(&key.table);
        match key.id.parse::<DeviceId>() {
            Ok(id) if of_device => *self.devices.entry(id).or_default() |= key.table == DEVICES.name,
            _ => self.filed = true,
        }
    }
}

impl Seen {
    const fn of(facts: Facts) -> Self {
        let (heard, back) = (Timestamp::from_unix_millis(0), Timestamp::from_unix_millis(0));
        Self { facts, conditions: Vec::new(), held: None, heard, back }
    }

    async fn read(&mut self, shared: &Shared, names: &BTreeSet<BundleName>) -> Result<()> {
        let (store, id) = (shared.store.as_ref(), self.facts.device);
        let (presence, seen) = presence_seen(store, shared.territory(), id).await?;
        let observed = presence.and_then(|presence| presence.observed).unwrap_or_default();
        self.held = Some(observed.generation).filter(|held| *held != Generation::default());
        let mut items: BTreeSet<String> = names.iter().map(BundleName::item).collect();
        if names.contains(&BundleName::lists()) {
            items.insert(FILTER_ITEM.to_owned());
        }
        self.conditions = observed.conditions.into_iter().filter(|said| items.contains(&said.item)).collect();
        self.heard_at(seen);
        Ok(())
    }

    fn heard_at(&mut self, heard: Timestamp) {
        if heard > self.heard {
            if self.heard > Timestamp::default() && heard.since(self.heard) >= AWAY {
                self.back = heard;
            }
            self.heard = heard;
        }
    }

    fn sighting(&self, held: &Held, fetching: &FetchPolicy) -> Sighting {
        let (name, version) = (&held.rollout.name, &held.rollout.version);
        let said = |item: &str| self.conditions.iter().find(|said| said.item == item);
        let mut condition = said(&name.item()).cloned();
        if name.is_lists() {
            condition = condition.map(|bundle| list_condition(bundle, said(FILTER_ITEM), version));
        }
        Sighting {
            condition,
            held: self.held,
            heard: self.heard,
            back: self.back,
            site_node: fetching.site_nodes.contains(&self.facts.device),
        }
    }
}

/// How one device stands in a rollout, read from the store.
///
/// # Errors
/// `Unavailable` when the store fails.
pub(crate) async fn standing_now(
    shared: &Shared,
    held: &Held,
    device: &Device,
    rules: &Rules,
) -> Result<Option<(Facts, Option<Standing>)>> {
    let mut watched = Watched {
        names: BTreeSet::from([held.rollout.name.clone()]),
        devices: BTreeMap::new(),
        since: 0,
        stale: false,
        loaded: Duration::ZERO,
    };
    watched.note(shared, device).await?;
    let Some(seen) = watched.devices.get_mut(&device.id) else { return Ok(None) };
    if let Some((heard, _)) = shared.live.heard(device.id) {
        seen.heard_at(heard);
    }
    if !rules.rollouts.concerns(held, &seen.facts, &rules.assignments) {
        return Ok(Some((seen.facts.clone(), None)));
    }
    let (mut tally, sighting) = (Tally::of(&held.rollout), seen.sighting(held, &rules.fetching));
    let (member, site) = (Member::of(&seen.facts), held.site(&seen.facts));
    let standing = tally.add(&held.rollout, &member, site, &sighting, shared.clock.now());
    Ok(Some((seen.facts.clone(), standing)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use controlplane_core::audit::{Act, Author};
    use controlplane_core::memory::Memory;
    use controlplane_core::presence::Presence;
    use controlplane_core::store::{Expect, SharedStore};
    use controlplane_core::table::Writes;
    use model::id::TerritoryId;
    use std::sync::Arc;

    #[tokio::test]
    async fn all_that_has_changed_since_a_look_is_taken_into_the_next_one() {
        let (store, territory): (SharedStore, TerritoryId) = (Arc::new(Memory::default()), "doubs".parse().unwrap());
        let tables = vec![DEVICES.name, PRESENCES.name, KITS.name];
        let scope = Scope { territory: territory.clone(), tables, prefix: String::new() };
        let mut told = BTreeMap::new();
        let mut last = 0;
        for batch in 0..10_i64 {
            let mut writes = Writes::observed(&territory);
            for n in 0..400 {
                let id = DeviceId::new(Timestamp::from_unix_millis(batch * 300 + n), [1; 10]);
                told.insert(id, false);
                writes = writes.put(&PRESENCES, id.to_string(), &Presence::default(), Expect::Any).unwrap();
            }
            last = writes.commit(&store).await.unwrap();
        }
        let news = News::since(store.as_ref(), &scope, 0).await.unwrap();
        assert_eq!((news.devices.len(), news.filed, news.upto), (told.len(), false, last));
        assert!(told.len() > 3 * PAGE_MAX, "else it proves nothing");
        assert_eq!(news.devices, told);

        // What is known to be filed otherwise without saying whose it is makes it read all again, in its time.
        let rule = Act::new(Timestamp::default(), Author::Rule("test".to_owned()), "test", "test");
        let writes = Writes::by(&territory, &rule).unwrap().remove(&KITS, "K-1", Expect::Any);
        let upto = writes.commit(&store).await.unwrap();
        let news = News::since(store.as_ref(), &scope, last).await.unwrap();
        assert_eq!(news, News { devices: BTreeMap::new(), filed: true, upto });
    }
}
