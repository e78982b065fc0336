//! What every service has in common: store, clock, keys, seats, rules.

use crate::ca::Ca;
use crate::caller::Staff;
use crate::catalogue::Shelf;
use crate::census::Counted;
use crate::clock::Clock;
use crate::config::Config;
use crate::folder::Folder;
use crate::intake::Intake;
use crate::keys::Keys;
use crate::lists::Lists;
use crate::live::Live;
use crate::load::Load;
use crate::metrics::Metrics;
use crate::mirror::Fetched;
use crate::random;
use crate::revocations::Revocations;
use crate::rollouts::Tallies;
use crate::ruling::Ruling;
use crate::status::status;
use controlplane_core::audit::{Author, Refusals};
use controlplane_core::store::SharedStore;
use controlplane_core::vault::{Loans, Vault};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::id::TerritoryId;
use model::time::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tonic::{Code, Status};

/// A refusal is answered after so long, to the writing of a bad proof's count and beyond.
const REFUSAL_FLOOR: Duration = Duration::from_millis(250);

/// Shared by every service.
pub(crate) struct Shared {
    pub(crate) config: Config,
    /// Where days begin and end.
    pub(crate) zone: TimeZone,
    pub(crate) store: SharedStore,
    /// Identities, where the server has a vault.
    pub(crate) vault: Option<Vault>,
    pub(crate) vault_made: Option<Timestamp>,
    /// Who knows what is lent.
    pub(crate) loans: Arc<dyn Loans>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) live: Arc<Live>,
    pub(crate) load: Arc<Load>,
    pub(crate) ruling: watch::Receiver<Arc<Ruling>>,
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) started: Timestamp,
    pub(crate) folder: Folder,
    pub(crate) check_ins: AtomicU64,
    pub(crate) fetched: Mutex<Fetched>,
    pub(crate) refused: AtomicU64,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) counted: Counted,
    pub(crate) refusals: Mutex<Refusals>,
    pub(crate) revocations: Revocations,
    /// How the devices of open rollouts stand.
    pub(crate) rollouts: Tallies,
    /// What the repository offers.
    pub(crate) shelf: Arc<Shelf>,
    /// The filter's lists in it that are open.
    pub(crate) lists: Arc<Lists>,
    /// Who brings it.
    pub(crate) intake: Intake,
}

impl Shared {
    /// Whose server this is.
    pub(crate) fn territory(&self) -> &TerritoryId {
        &self.config.territory
    }

    /// The keys of this moment; a call that uses them twice asks once.
    pub(crate) fn ca(&self) -> Arc<Ca> {
        self.keys.ca()
    }

    /// An act on so many devices waits for a second person; nobody needs to count further.
    pub(crate) fn second_from(&self) -> usize {
        usize::try_from(self.config.limits.second_person_above).unwrap_or(usize::MAX).saturating_add(1)
    }

    /// The day it is in the territory.
    pub(crate) fn today(&self) -> Date {
        self.day_of(self.clock.now())
    }

    /// The day in the territory to which a moment belongs.
    pub(crate) fn day_of(&self, at: Timestamp) -> Date {
        let at = jiff::Timestamp::from_millisecond(at.unix_millis()).unwrap_or_default();
        at.to_zoned(self.zone.clone()).date()
    }

    /// The moment at which a day ends in the territory.
    pub(crate) fn day_end(&self, day: Date) -> Timestamp {
        let next = day.tomorrow().unwrap_or(day);
        let end = next.to_zoned(self.zone.clone()).map(|end| end.timestamp().as_millisecond());
        Timestamp::from_unix_millis(end.unwrap_or(i64::MAX))
    }

    /// Counts somebody who called what is not for them.
    pub(crate) fn turned_away(&self, verb: &'static str, subject: &str, why: Code) {
        self.metrics.refusal(verb, why);
        self.refused.fetch_add(1, Ordering::Relaxed);
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.count(Author::Rule("caller".to_owned()), verb, subject, self.clock.now());
    }

    /// Counts a person of the staff who named what lies outside their scope.
    pub(crate) fn out_of_reach(&self, by: Author, subject: &str) {
        self.metrics.refusal("out_of_scope", Code::NotFound);
        self.refused.fetch_add(1, Ordering::Relaxed);
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.count(by, "out_of_scope", subject, self.clock.now());
    }

    /// Counts a person of the staff who named what is not there for them; who may see everything has only mistyped.
    pub(crate) fn missed(&self, staff: &Staff, error: &controlplane_core::Error, subject: &str) {
        if matches!(error, controlplane_core::Error::NotFound(_)) && !staff.reach.is_territory() {
            self.out_of_reach(staff.author(), subject);
        }
    }

    /// What a refusal still has to wait, so that every one takes the same while, whether something had to be written for it or not.
    pub(crate) async fn refusal_wait(&self, began: Duration) {
        let whole = REFUSAL_FLOOR + Duration::from_millis(random::below(50));
        self.clock.sleep(whole.saturating_sub(self.clock.ticks().saturating_sub(began))).await;
    }

    /// How long devices take to come back after a loss, in milliseconds: it grows with those held (security.md: 60 s for 15,000).
    pub(crate) fn spread_ms(&self) -> u32 {
        let most = u64::from(self.config.limits.spread_seconds) * 1000;
        u32::try_from((self.live.herd() * 4).clamp(1_000.min(most), most)).unwrap_or(u32::MAX)
    }

    /// The status of a rule's refusal, counted for the audit when it is a denial.
    pub(crate) fn refuse(
        &self,
        by: Author,
        verb: &'static str,
        subject: &str,
    ) -> impl FnOnce(controlplane_core::Error) -> Status {
        let now = self.clock.now();
        let subject = subject.to_owned();
        move |error| {
            if matches!(error, controlplane_core::Error::Denied(_)) {
                self.metrics.refusal(verb, Code::PermissionDenied);
                self.refused.fetch_add(1, Ordering::Relaxed);
                let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
                refusals.count(by, verb, &subject, now);
            }
            status(error)
        }
    }
}
