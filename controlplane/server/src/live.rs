//! What is in memory of each device: a seat of some three hundred bytes, and the check-in it holds, if any.

use crate::ruling::Place;
use controlplane_core::clones::Boots;
use controlplane_core::grant::Standing;
use controlplane_core::plan::Told;
use controlplane_core::presence::Kept;
use controlplane_core::store::Revision;
use model::id::DeviceId;
use model::time::Timestamp;
use model::uai::Uai;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use wire::convert::{Assembled, Assembly, PartError, parts_join};
use wire::v1::SectionPart;

/// The seats of all devices heard since the start.
#[derive(Debug, Default)]
pub(crate) struct Live {
    seats: Mutex<HashMap<DeviceId, Seat>>,
    calls: AtomicU64,
    held: AtomicU64,
    held_at_stop: AtomicU64,
    assembling: AtomicUsize,
}

/// Devices whose large sections may be arriving at a time: each may take a MiB of memory.
const ASSEMBLING_MAX: usize = 128;

/// Why a piece is not taken.
pub(crate) enum Refused {
    /// It does not fit.
    Part(PartError),
    /// Too many devices send large sections at this moment.
    Busy,
}

/// One device.
#[derive(Debug, Default)]
pub(crate) struct Seat {
    /// When it was last heard.
    pub(crate) seen: Timestamp,
    /// When that was last written.
    flushed: Timestamp,
    /// What is kept of its reports; `None` until read from the store.
    pub(crate) kept: Option<Kept>,
    /// What it was last told, and when that was written; `None` until read.
    pub(crate) told: Option<Option<(Told, Revision)>>,
    /// When everything was last asked for, and how many times again since both sides last agreed.
    pub(crate) asked: Option<(Timestamp, u32)>,
    /// The revision of the newest act on it, or a later one; `None` until read.
    pub(crate) acts: Option<Revision>,
    /// What it is granted; `None` until read.
    pub(crate) grant: Option<Option<Arc<Standing>>>,
    /// The school it is filed under; `None` until read.
    pub(crate) school: Option<Option<Uai>>,
    /// What plans know of it, and what it is to hold.
    pub(crate) place: Place,
    /// Counts what was heard of changes, so that nothing is kept that was read before the latest.
    pub(crate) changes: u32,
    /// The boots it was last heard from.
    pub(crate) boots: Boots,
    /// Its calls of late, each worth some milliseconds that time pays back.
    spent_ms: u64,
    /// When it last paid: a call that is no contact yet is paid for, too.
    paid: Timestamp,
    /// A section whose pieces are arriving.
    assembly: Option<Box<Assembly>>,
    /// Its newest call and what wakes it.
    call: u64,
    wake: Option<Arc<Notify>>,
}

/// A check-in under way; when dropped, the device is no longer held.
pub(crate) struct Call<'a> {
    live: &'a Live,
    device: DeviceId,
    number: u64,
    wake: Arc<Notify>,
}

impl Live {
    /// Begins a check-in; an earlier one of the same device ends.
    ///
    /// `None` when the device has made `burst` calls more than `per_minute` allows: one device must not keep the server busy.
    pub(crate) fn begin(&self, device: DeviceId, now: Timestamp, burst: u32, per_minute: u32) -> Option<Call<'_>> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let wake = Arc::new(Notify::new());
        let mut seats = self.lock();
        let seat = seats.entry(device).or_default();
        if !seat.spend(1, now, burst, per_minute) {
            return None;
        }
        seat.seen = now;
        seat.call = number;
        if let Some(earlier) = seat.wake.replace(Arc::clone(&wake)) {
            earlier.notify_one();
        }
        Some(Call { live: self, device, number, wake })
    }

    /// Counts a call that is worth as much as so many check-ins; `false` when the device has made too many, as in [`Live::begin`].
    pub(crate) fn spend(&self, device: DeviceId, calls: u64, now: Timestamp, burst: u32, per_minute: u32) -> bool {
        self.lock().entry(device).or_default().spend(calls, now, burst, per_minute)
    }

    /// Reads or changes a device's seat.
    pub(crate) fn with<T>(&self, device: DeviceId, f: impl FnOnce(&mut Seat) -> T) -> T {
        f(self.lock().entry(device).or_default())
    }

    /// Takes a piece of a section of a device; gives the section with the last one.
    ///
    /// # Errors
    /// [`Refused`] for a piece that does not fit, or while too many devices send large sections.
    pub(crate) fn assemble(&self, device: DeviceId, part: SectionPart) -> Result<Option<Assembled>, Refused> {
        let mut seats = self.lock();
        let seat = seats.entry(device).or_default();
        let began = seat.assembly.is_some();
        if !began && part.count > 1 && self.assembling.load(Ordering::Relaxed) >= ASSEMBLING_MAX {
            return Err(Refused::Busy);
        }
        let mut assembly = seat.assembly.take().map(|a| *a);
        let joined = parts_join(&mut assembly, part);
        seat.assembly = assembly.map(Box::new);
        self.assembling_count(began, seat.assembly.is_some());
        joined.map_err(Refused::Part)
    }

    /// Forgets the pieces of a device that does not go on with them.
    pub(crate) fn assembly_drop(&self, device: DeviceId) {
        let mut seats = self.lock();
        if let Some(seat) = seats.get_mut(&device) {
            let began = seat.assembly.take().is_some();
            self.assembling_count(began, false);
        }
    }

    /// Whether pieces of a device's section are arriving.
    pub(crate) fn assembling(&self, device: DeviceId) -> bool {
        self.lock().get(&device).is_some_and(|seat| seat.assembly.is_some())
    }

    fn assembling_count(&self, before: bool, after: bool) {
        match (before, after) {
            (false, true) => self.assembling.fetch_add(1, Ordering::Relaxed),
            (true, false) => self.assembling.fetch_sub(1, Ordering::Relaxed),
            _ => 0,
        };
    }

    /// A device's record or grant has changed, and with it most likely what it is told of the acts on it.
    pub(crate) fn changed(&self, device: DeviceId, upto: Revision) {
        if let Some(seat) = self.lock().get_mut(&device) {
            seat.acts = seat.acts.max(Some(upto));
            seat.forget();
            seat.wake.iter().for_each(|wake| wake.notify_one());
        }
    }

    /// What plans know of a device may have changed.
    pub(crate) fn refiled(&self, device: DeviceId) {
        if let Some(seat) = self.lock().get_mut(&device) {
            seat.forget();
            seat.wake.iter().for_each(|wake| wake.notify_one());
        }
    }

    /// A contact has changed: devices that show it look again.
    pub(crate) fn contact_changed(&self, key: &str) {
        for seat in self.lock().values_mut() {
            // A grant that is being read may still show what was said before.
            if seat.grant.as_ref().is_none_or(|grant| grant.as_ref().is_some_and(|standing| standing.shows(key))) {
                seat.grant_forget();
                seat.wake.iter().for_each(|wake| wake.notify_one());
            }
        }
    }

    /// Wakes every held check-in to look again.
    pub(crate) fn wake_all(&self) {
        for seat in self.lock().values_mut() {
            seat.acts = None;
            seat.forget();
            seat.wake.iter().for_each(|wake| wake.notify_one());
        }
    }

    /// When a device was last heard since the start, and whether it is held.
    pub(crate) fn heard(&self, device: DeviceId) -> Option<(Timestamp, bool)> {
        let seats = self.lock();
        let seat = seats.get(&device)?;
        (seat.seen > Timestamp::default()).then_some((seat.seen, seat.wake.is_some()))
    }

    /// How many check-ins are held.
    pub(crate) fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// Notes how many are held when the server stops: they end one after the other.
    pub(crate) fn stopping(&self) {
        self.held_at_stop.store(self.held(), Ordering::Relaxed);
    }

    /// How many come back together should the server be lost now; it does not shrink while they are sent away.
    pub(crate) fn herd(&self) -> u64 {
        self.held().max(self.held_at_stop.load(Ordering::Relaxed))
    }

    /// Devices heard since their last contact was written; they count as written unless given to [`Live::flush_undo`].
    pub(crate) fn flush_take(&self) -> Vec<(DeviceId, Timestamp)> {
        let mut seats = self.lock();
        let due = |seat: &mut Seat| (seat.seen != seat.flushed).then(|| seat.flush());
        let mut taken: Vec<_> = seats.iter_mut().filter_map(|(id, seat)| Some((*id, due(seat)?))).collect();
        taken.sort_unstable();
        taken
    }

    /// These could not be written: they are due again.
    pub(crate) fn flush_undo(&self, failed: &[(DeviceId, Timestamp)]) {
        let mut seats = self.lock();
        for (id, _) in failed {
            if let Some(seat) = seats.get_mut(id) {
                seat.flushed = Timestamp::default();
            }
        }
    }

    /// Forgets pieces of devices that were not heard for a while.
    pub(crate) fn assemblies_drop(&self, before: Timestamp) {
        let mut seats = self.lock();
        for seat in seats.values_mut().filter(|seat| seat.seen < before) {
            let began = seat.assembly.take().is_some();
            self.assembling_count(began, false);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeviceId, Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Pays for so many calls, if the device has not spent all that time gave back.
    fn spend(&mut self, calls: u64, now: Timestamp, burst: u32, per_minute: u32) -> bool {
        let worth = 60_000 / u64::from(per_minute.max(1));
        let spent = self.spent_ms.saturating_sub(u64::try_from(now.since(self.paid).as_millis()).unwrap_or(u64::MAX));
        let after = spent + worth * calls;
        // What costs more than a whole burst may still be asked for by who was quiet.
        if spent > 0 && after > worth * u64::from(burst) {
            return false;
        }
        self.spent_ms = after;
        // Also when the clock was put back: what it said before must starve nobody.
        self.paid = now;
        true
    }

    /// What it is granted, and where it is filed, may have changed.
    pub(crate) fn grant_forget(&mut self) {
        self.grant = None;
        self.school = None;
        self.changes = self.changes.wrapping_add(1);
    }

    /// What it is granted and what plans know of it may have changed.
    pub(crate) fn forget(&mut self) {
        self.place = Place::default();
        self.grant_forget();
    }

    /// The last contact, which is written now.
    pub(crate) fn flush(&mut self) -> Timestamp {
        self.flushed = self.seen;
        self.seen
    }
}

impl Call<'_> {
    /// Waits until something about the device may have changed.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Whether no later check-in of the device has begun.
    pub(crate) fn is_newest(&self) -> bool {
        self.live.with(self.device, |seat| seat.call == self.number)
    }

    /// Counts the call as held until the guard is dropped.
    pub(crate) fn hold(&self) -> Held<'_> {
        self.live.held.fetch_add(1, Ordering::Relaxed);
        Held(self.live)
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.live.with(self.device, |seat| {
            if seat.call == self.number {
                seat.wake = None;
            }
        });
    }
}

/// A check-in counted as held.
pub(crate) struct Held<'a>(&'a Live);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.held.fetch_sub(1, Ordering::Relaxed);
    }
}
