//! The fleet in numbers, for the metrics: counted at most once a minute, and only when somebody asks.

use controlplane_core::Result;
use controlplane_core::filing::BRIEFS;
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

/// When the fleet was last counted, and for how long that is good.
#[derive(Debug, Default)]
pub(crate) struct Counted(Mutex<Option<(Timestamp, Duration)>>);

impl Counted {
    /// Counts the fleet, unless that was done within the last minute, or some minutes for a large one.
    ///
    /// # Errors
    /// `Unavailable` when the store fails.
    pub(crate) async fn census(
        &self,
        store: &dyn Store,
        territory: &TerritoryId,
        now: Timestamp,
    ) -> Result<Option<Census>> {
        // Whoever asks meanwhile waits for this count instead of beginning another.
        let mut last = self.0.lock().await;
        if last.is_some_and(|(at, good)| at <= now && now.since(at) < good) {
            return Ok(None);
        }
        let census = Census::take(store, territory, now).await?;
        *last = Some((now, FRESH.max(FRESH_FOR_EACH.saturating_mul(census.devices()))));
        Ok(Some(census))
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
    use controlplane_core::memory::Memory;

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
            assert_eq!(counted.census(&store, &territory, now).await.unwrap().is_some(), taken);
        }
    }
}
