//! What is in memory of each device: a seat of some four hundred bytes, and the check-in it holds, if any; of who is away, its boots.

use crate::ruling::Place;
use controlplane_core::clones::{Boots, FLAPPING};
use controlplane_core::grant::Standing;
use controlplane_core::plan::Told;
use controlplane_core::presence::Kept;
use controlplane_core::store::Revision;
use model::device::JoinState;
use model::id::{BootId, DeviceId};
use model::time::Timestamp;
use model::uai::Uai;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use wire::convert::{Assembled, Assembly, PartError, parts_join};
use wire::v1::SectionPart;

/// Seats are kept in so many parts, each with a lock of its own: who looks at all of them keeps nobody waiting for long.
const PARTS: usize = 16;

/// The seats of the devices heard since the start that are not away.
#[derive(Debug, Default)]
pub(crate) struct Live {
    seats: [Mutex<Seats>; PARTS],
    calls: AtomicU64,
    held: AtomicU64,
    held_at_stop: AtomicU64,
    assembling: AtomicUsize,
    records: AtomicU64,
}

/// The seats of a part of the devices.
#[derive(Debug, Default)]
struct Seats {
    here: HashMap<DeviceId, Box<Seat>>,
    /// The boots of those that went away: a copy may still call in turn with them.
    away: HashMap<DeviceId, Box<[(BootId, Timestamp)]>>,
    /// Heard since their last contact was written, or shortly before that.
    due: HashSet<DeviceId>,
}

/// Devices whose large sections may be arriving at a time: each may take a MiB of memory.
const ASSEMBLING_MAX: usize = 128;

/// Who was not heard for so long is away: by the usual cadence a device calls twice in that time.
const AWAY: Duration = Duration::from_secs(3_600);

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
    /// The serial number of its certificate in force and whether it belongs, where it may talk; `None` until read.
    pub(crate) admitted: Option<(Box<str>, JoinState)>,
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
        let mut seats = self.part(device);
        let seat = seats.seat(device);
        if !seat.spend(1, now, burst, per_minute) {
            return None;
        }
        seat.seen = now;
        seat.call = number;
        if let Some(earlier) = seat.wake.replace(Arc::clone(&wake)) {
            earlier.notify_one();
        }
        seats.due.insert(device);
        Some(Call { live: self, device, number, wake })
    }

    /// Counts a call that is worth as much as so many check-ins; `false` when the device has made too many, as in [`Live::begin`].
    pub(crate) fn spend(&self, device: DeviceId, calls: u64, now: Timestamp, burst: u32, per_minute: u32) -> bool {
        self.part(device).seat(device).spend(calls, now, burst, per_minute)
    }

    /// Reads or changes a device's seat.
    pub(crate) fn with<T>(&self, device: DeviceId, f: impl FnOnce(&mut Seat) -> T) -> T {
        f(self.part(device).seat(device))
    }

    /// Takes a piece of a section of a device; gives the section with the last one.
    ///
    /// # Errors
    /// [`Refused`] for a piece that does not fit, or while too many devices send large sections.
    pub(crate) fn assemble(&self, device: DeviceId, part: SectionPart) -> Result<Option<Assembled>, Refused> {
        let mut seats = self.part(device);
        let seat = seats.seat(device);
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
        let mut seats = self.part(device);
        if let Some(seat) = seats.here.get_mut(&device) {
            let began = seat.assembly.take().is_some();
            self.assembling_count(began, false);
        }
    }

    /// Whether pieces of a device's section are arriving.
    pub(crate) fn assembling(&self, device: DeviceId) -> bool {
        self.part(device).here.get(&device).is_some_and(|seat| seat.assembly.is_some())
    }

    fn assembling_count(&self, before: bool, after: bool) {
        match (before, after) {
            (false, true) => self.assembling.fetch_add(1, Ordering::Relaxed),
            (true, false) => self.assembling.fetch_sub(1, Ordering::Relaxed),
            _ => 0,
        };
    }

    /// A device's record is written at this moment: whoever calls after that is judged by what is written.
    pub(crate) fn recorded(&self, device: DeviceId) {
        self.records.fetch_add(1, Ordering::Relaxed);
        if let Some(seat) = self.part(device).here.get_mut(&device) {
            seat.forget();
        }
    }

    /// How many records have been written since the start.
    pub(crate) fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed)
    }

    /// A device's record or grant has changed, and with it most likely what it is told of the acts on it.
    pub(crate) fn changed(&self, device: DeviceId, upto: Revision) {
        if let Some(seat) = self.part(device).here.get_mut(&device) {
            seat.acts = seat.acts.max(Some(upto));
            seat.forget();
            seat.wake.iter().for_each(|wake| wake.notify_one());
        }
    }

    /// What plans know of a device may have changed.
    pub(crate) fn refiled(&self, device: DeviceId) {
        if let Some(seat) = self.part(device).here.get_mut(&device) {
            seat.forget();
            seat.wake.iter().for_each(|wake| wake.notify_one());
        }
    }

    /// A contact has changed: devices that show it look again.
    pub(crate) fn contact_changed(&self, key: &str) {
        self.each(|seat| {
            // A grant that is being read may still show what was said before.
            if seat.grant.as_ref().is_none_or(|grant| grant.as_ref().is_some_and(|standing| standing.shows(key))) {
                seat.grant_forget();
                seat.wake.iter().for_each(|wake| wake.notify_one());
            }
        });
    }

    /// Wakes every held check-in to look again.
    pub(crate) fn wake_all(&self) {
        self.each(|seat| {
            seat.acts = None;
            seat.forget();
            seat.wake.iter().for_each(|wake| wake.notify_one());
        });
    }

    /// When a device was last heard since the start, and whether it is held.
    pub(crate) fn heard(&self, device: DeviceId) -> Option<(Timestamp, bool)> {
        let seats = self.part(device);
        let seat = seats.here.get(&device)?;
        (seat.seen > Timestamp::default()).then_some((seat.seen, seat.wake.is_some()))
    }

    /// Wakes the call of a device, if one is under way.
    pub(crate) fn wake(&self, device: DeviceId) {
        if let Some(seat) = self.part(device).here.get(&device) {
            seat.wake.iter().for_each(|wake| wake.notify_one());
        }
    }

    /// The devices of which a call is under way, in the order of their ids.
    #[allow(clippy::disallowed_methods, reason = "sorted")]
    pub(crate) fn waiting(&self) -> Vec<DeviceId> {
        let mut waiting = Vec::new();
        for part in &self.seats {
            let seats = locked(part);
            waiting.extend(seats.here.iter().filter(|(_, seat)| seat.wake.is_some()).map(|(id, _)| *id));
        }
        waiting.sort_unstable();
        waiting
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
        let mut taken = Vec::new();
        for part in &self.seats {
            let mut seats = locked(part);
            for id in std::mem::take(&mut seats.due) {
                let seat = seats.here.get_mut(&id).filter(|seat| seat.seen != seat.flushed);
                taken.extend(seat.map(|seat| (id, seat.flush())));
            }
        }
        taken.sort_unstable();
        taken
    }

    /// These could not be written: they are due again.
    pub(crate) fn flush_undo(&self, failed: &[(DeviceId, Timestamp)]) {
        for (id, _) in failed {
            let mut seats = self.part(*id);
            if let Some(seat) = seats.here.get_mut(id) {
                seat.flushed = Timestamp::default();
                seats.due.insert(*id);
            }
        }
    }

    /// Forgets pieces of devices that were not heard for a while.
    pub(crate) fn assemblies_drop(&self, before: Timestamp) {
        if self.assembling.load(Ordering::Relaxed) == 0 {
            return;
        }
        self.each(|seat| {
            if seat.seen < before {
                let began = seat.assembly.take().is_some();
                self.assembling_count(began, false);
            }
        });
    }

    /// Takes away the seats of who was not heard for an hour, and what is remembered of who was not heard for a day: all of it can be read
    /// from the store when they come back.
    pub(crate) fn away_forget(&self, now: Timestamp) {
        for part in &self.seats {
            locked(part).away_forget(now);
        }
    }

    fn each(&self, mut act: impl FnMut(&mut Seat)) {
        for part in &self.seats {
            locked(part).here.values_mut().for_each(|seat| act(seat));
        }
    }

    /// The part in which a device sits: the last of its bytes are random.
    fn part(&self, device: DeviceId) -> MutexGuard<'_, Seats> {
        let [.., last] = *device.as_bytes();
        locked(&self.seats[usize::from(last) % PARTS])
    }
}

fn locked(part: &Mutex<Seats>) -> MutexGuard<'_, Seats> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Seats {
    /// A device's seat; one that was away takes its place again.
    fn seat(&mut self, device: DeviceId) -> &mut Seat {
        let away = &mut self.away;
        self.here.entry(device).or_insert_with(|| {
            let boots = away.remove(&device).map(|boots| Boots::of(&boots)).unwrap_or_default();
            Box::new(Seat { boots, ..Seat::default() })
        })
    }

    fn away_forget(&mut self, now: Timestamp) {
        let gone = self.here.extract_if(|_, seat| seat.is_left(now));
        let gone: Vec<_> = gone.map(|(id, seat)| (id, seat.boots.said().collect::<Box<[_]>>())).collect();
        self.away.extend(gone);
        self.away.retain(|_, boots| boots.iter().any(|(_, heard)| now.since(*heard) <= FLAPPING));
        // A table that was large once would stay so; one that is filled again at once is not worth it.
        if self.here.len() < self.here.capacity() / 4 {
            self.here.shrink_to(self.here.len() * 2);
        }
        if self.away.len() < self.away.capacity() / 4 {
            self.away.shrink_to(self.away.len() * 2);
        }
    }
}

impl Seat {
    /// Whether nobody sits there any more: not heard for long, nothing of it unwritten or under way, and nothing that it still has to pay.
    fn is_left(&self, now: Timestamp) -> bool {
        let silent = now.since(self.seen);
        let paid = u64::try_from(now.since(self.paid).as_millis()).unwrap_or(u64::MAX) >= self.spent_ms;
        let asked = self.asked.is_some_and(|(at, _)| now.since(at) < FLAPPING);
        silent >= AWAY && paid && !asked && self.seen == self.flushed && self.wake.is_none() && self.assembly.is_none()
    }

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

    /// Whether it may talk, what it is granted and what plans know of it may have changed.
    pub(crate) fn forget(&mut self) {
        self.admitted = None;
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

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_unix_seconds(1_795_000_000);

    fn at(seconds: u64) -> Timestamp {
        START.after(Duration::from_secs(seconds))
    }

    fn device(n: u8) -> DeviceId {
        DeviceId::new(START, [n; 10])
    }

    fn seats(live: &Live) -> (usize, usize) {
        let sizes = live.seats.iter().map(|part| {
            let seats = locked(part);
            (seats.here.len(), seats.away.len())
        });
        sizes.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    #[test]
    fn who_is_away_has_no_seat_and_is_still_told_from_its_copy() {
        let live = Live::default();
        let boot = |n: u8| BootId::from_bytes([n; 16]);
        for n in 0..40 {
            drop(live.begin(device(n), at(0), 10, 60));
            assert!(!live.with(device(n), |seat| seat.boots.heard(boot(1), at(0))));
            assert!(!live.with(device(n), |seat| seat.boots.heard(boot(2), at(1))));
        }
        let held = live.begin(device(99), at(0), 10, 60);
        // What is not written yet stays.
        live.away_forget(at(4_000));
        assert_eq!(seats(&live), (41, 0));
        assert_eq!(live.flush_take().len(), 41);
        assert_eq!(live.flush_take(), []);
        live.away_forget(at(3_599));
        assert_eq!(seats(&live), (41, 0));
        live.away_forget(at(3_600));
        assert_eq!(seats(&live), (1, 40), "a held call keeps its seat");
        assert_eq!(live.heard(device(1)), None, "the store knows");
        assert!(live.heard(device(99)).is_some());
        // A copy that comes in turn is noticed after an hour as before.
        assert!(live.with(device(1), |seat| seat.boots.heard(boot(1), at(7_200))));
        live.away_forget(at(2 * 86_400));
        assert_eq!(seats(&live), (1, 0));
        drop(held);
    }

    #[test]
    fn a_contact_that_could_not_be_written_is_due_again() {
        let live = Live::default();
        drop(live.begin(device(1), at(5), 10, 60));
        let taken = live.flush_take();
        assert_eq!(taken, [(device(1), at(5))]);
        assert_eq!(live.flush_take(), []);
        live.flush_undo(&taken);
        assert_eq!(live.flush_take(), taken);
    }
}
