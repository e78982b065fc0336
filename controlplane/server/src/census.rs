//! The fleet in numbers, for the metrics and for whoever asks how the server is: counted only when somebody asks, and seldom where it is large.

use controlplane_core::Result;
use controlplane_core::filing::BRIEFS;
use controlplane_core::fleet;
use controlplane_core::store::{PAGE_MAX, Store};
use model::device::JoinState;
use model::id::TerritoryId;
use model::time::Timestamp;
use std::time::Duration;
use tokio::sync::Mutex;

/// A count stays good for so long; and longer where there are many, so that counting takes a hundredth of the time at most.
const FRESH: Duration = Duration::from_secs(60);
const FRESH_FOR_EACH: Duration = Duration::from_micros(300);
const SECONDS_A_DAY: i64 = 86_400;
/// Devices with fewer days left than this, and more than the one before.
const DAYS: [(i64, &str); 4] = [(0, "expired"), (7, "under_7"), (14, "under_14"), (30, "under_30")];

/// Devices by state, and by how long their certificates are still good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Census {
    active: u64,
    quarantined: u64,
    revoked: u64,
    days: [u64; DAYS.len()],
    longer: u64,
}

/// Where nothing is written of a device, a count stays what it is; where something is, one of this many devices or more is good for a while.
const LARGE: u64 = 10_000;
const GOOD_FOR_EACH: Duration = Duration::from_micros(100);

/// The last count of the fleet.
#[derive(Debug, Default)]
pub(crate) struct Counted(Mutex<Option<Last>>);

#[derive(Clone, Copy, Debug)]
struct Last {
    census: Census,
    at: Timestamp,
    /// How many records had been written when it was begun.
    records: u64,
    /// Whether the metrics have it.
    shown: bool,
}

impl Counted {
    /// The fleet, unless the metrics have it from within the last minute, or some minutes for a large one.
    ///
    /// # Errors
    /// `Unavailable` when the store fails.
    pub(crate) async fn census(
        &self,
        store: &dyn Store,
        territory: &TerritoryId,
        (records, now): (u64, Timestamp),
    ) -> Result<Option<Census>> {
        // Whoever asks meanwhile waits for this count instead of beginning another.
        let mut last = self.0.lock().await;
        if let Some(last) = last.as_mut().filter(|last| last.is_within(FRESH.max(last.while_for(FRESH_FOR_EACH)), now))
        {
            return Ok((!std::mem::replace(&mut last.shown, true)).then_some(last.census));
        }
        let census = Census::take(store, territory, now).await?;
        *last = Some(Last { census, at: now, records, shown: true });
        Ok(Some(census))
    }

    /// Devices by state: what was counted last, where nothing was written since, or it is large and was counted moments ago (a second for
    /// 10,000 devices, ten for 100,000).
    ///
    /// # Errors
    /// `Unavailable` when the store fails.
    pub(crate) async fn states(
        &self,
        store: &dyn Store,
        territory: &TerritoryId,
        (records, now): (u64, Timestamp),
    ) -> Result<fleet::Census> {
        let mut last = self.0.lock().await;
        let good = |last: &&Last| {
            let large = u64::from(last.census.devices()) >= LARGE;
            last.records >= records || (large && last.is_within(last.while_for(GOOD_FOR_EACH), now))
        };
        if let Some(last) = last.as_ref().filter(good) {
            return Ok(last.census.fleet());
        }
        let census = Census::take(store, territory, now).await?;
        *last = Some(Last { census, at: now, records, shown: false });
        Ok(census.fleet())
    }
}

impl Last {
    /// So much for each device.
    fn while_for(&self, each: Duration) -> Duration {
        each.saturating_mul(self.census.devices())
    }

    /// Whether it was taken no longer ago; not where somebody set the clock back since.
    fn is_within(&self, while_: Duration, now: Timestamp) -> bool {
        self.at <= now && now.since(self.at) < while_
    }
}

impl Census {
    /// Devices by state.
    pub(crate) fn states(&self) -> [(&'static str, u64); 3] {
        [("active", self.active), ("quarantined", self.quarantined), ("revoked", self.revoked)]
    }

    /// Devices that are not revoked, by the days left of their certificates.
    pub(crate) fn days_left(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let few = DAYS.iter().zip(self.days).map(|((_, name), count)| (*name, count));
        few.chain([("30_and_more", self.longer)])
    }

    fn fleet(&self) -> fleet::Census {
        let Self { active, quarantined, revoked, .. } = *self;
        fleet::Census { active, quarantined, revoked }
    }

    fn devices(&self) -> u32 {
        u32::try_from(self.active + self.quarantined + self.revoked).unwrap_or(u32::MAX)
    }

    async fn take(store: &dyn Store, territory: &TerritoryId, now: Timestamp) -> Result<Self> {
        let scope = BRIEFS.scope(territory, "");
        let (mut census, mut after) = (Self::default(), String::new());
        loop {
            let page = BRIEFS.page(store, &scope, &after, PAGE_MAX).await?;
            let Some(last) = page.last() else { return Ok(census) };
            after.clone_from(&last.id);
            for row in page {
                census.count(row.value.state, row.value.certificate.until.unix_seconds() - now.unix_seconds());
            }
        }
    }

    fn count(&mut self, state: JoinState, seconds_left: i64) {
        match state {
            JoinState::Active => self.active += 1,
            JoinState::Quarantined => self.quarantined += 1,
            JoinState::Revoked => {
                self.revoked += 1;
                return;
            }
        }
        let at = DAYS.iter().position(|(days, _)| seconds_left <= 0 || seconds_left < days * SECONDS_A_DAY);
        match at.and_then(|at| self.days.get_mut(at)) {
            Some(count) => *count += 1,
            None => self.longer += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use controlplane_core::audit::{Act, Author};
    use controlplane_core::filing::Brief;
    use controlplane_core::memory::Memory;
    use controlplane_core::store::{Expect, SharedStore};
    use controlplane_core::table::Writes;
    use std::sync::Arc;

    #[test]
    fn each_device_is_in_one_bucket() {
        let mut census = Census::default();
        for (state, days) in [
            (JoinState::Active, -1),
            (JoinState::Active, 6),
            (JoinState::Quarantined, 7),
            (JoinState::Active, 29),
            (JoinState::Active, 30),
            (JoinState::Revoked, 3),
        ] {
            census.count(state, days * SECONDS_A_DAY);
        }
        assert_eq!(census.states(), [("active", 4), ("quarantined", 1), ("revoked", 1)]);
        let days: Vec<_> = census.days_left().collect();
        assert_eq!(days, [("expired", 1), ("under_7", 1), ("under_14", 1), ("under_30", 1), ("30_and_more", 1)]);
    }

    #[tokio::test]
    async fn it_is_taken_once_a_minute() {
        let (store, counted, territory) = (Memory::default(), Counted::default(), "doubs".parse().unwrap());
        let at = |seconds: i64| Timestamp::from_unix_seconds(1_000_000 + seconds);
        // The last one is after somebody set the clock back.
        for (now, taken) in [(at(0), true), (at(59), false), (at(60), true), (at(-5), true)] {
            assert_eq!(counted.census(&store, &territory, (0, now)).await.unwrap().is_some(), taken);
        }
    }

    #[tokio::test]
    async fn states_are_counted_anew_once_something_was_written() {
        let (store, counted, territory) = (Arc::new(Memory::default()), Counted::default(), "doubs".parse().unwrap());
        let now = Timestamp::from_unix_seconds(1_000_000);
        let states = async |records| counted.states(store.as_ref(), &territory, (records, now)).await.unwrap().active;
        assert_eq!(states(0).await, 0);
        let brief = r#"{"id":"01998d5e-3b00-7c11-a2f4-9b1c0d2e3f40","state":"active","certificate":{"serial":"0a","number":1,"until":9}}"#;
        let brief: Brief = serde_json::from_str(brief).unwrap();
        let act = Act::new(now, Author::Rule("test".to_owned()), "device_test", "test");
        let writes = Writes::by(&territory, &act).unwrap().put(&BRIEFS, brief.id.to_string(), &brief, Expect::Absent);
        writes.unwrap().commit(&(store.clone() as SharedStore)).await.unwrap();
        assert_eq!((states(0).await, states(1).await), (0, 1));
        // The metrics have it once, without another count.
        let census = async || counted.census(store.as_ref(), &territory, (2, now)).await.unwrap();
        assert_eq!((census().await.map(|census| census.active), census().await), (Some(1), None));
    }
}
