//! What is held to: the policy that was judged good last, with the list it was judged with; kept so that a start goes on with it.

use super::active::{Active, Heard, ListPlace, proven_until};
use super::begun::Memory;
use super::judge::{Policy, Unknown};
use super::list::{List, ListFault, list_keep};
use crate::clock::{BUILT, Clock, JudgingTime};
use crate::error::Error;
use crate::folder::Folder;
use crate::state::clock_floor_read;
use agent_core::site::believed;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::filtering::{Filtering, Holding, LOOK_EVERY, Moment, holding_since};
use model::id::BootId;
use model::time::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What was judged good last.
const GOOD: &str = "good.json";
/// Links to the files of lists that are held, and of the one before.
const LISTS: &str = "lists";
/// When the newest list was made that was ever held here: steps back are counted from there, however many they are.
const NEWEST: &str = "newest";

/// What is held to.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) active: Active,
    list: Option<(ListPlace, List)>,
    /// There was a list, and none can be read: what it closed is not known, so only what is open by name is.
    blind: bool,
}

/// What holds now of what is held to.
#[derive(Clone)]
pub(super) struct Now {
    pub(super) policy: Arc<Policy>,
    pub(super) holding: Holding,
    /// Categories that the list does not have.
    pub(super) unknown: Unknown,
}

/// Why what was told is not taken; what was held stays.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("the list: {0}")]
    List(#[from] ListFault),
    /// Older than the floor lets anybody return to.
    #[error("the list is too old to be returned to")]
    Old,
    #[error("the policy is more than the filter takes: {0}")]
    Policy(#[from] filter::Error),
}

impl Held {
    /// Judges what was told, with the list that is open already where it is the same one.
    ///
    /// An agent that lost what it had told, or is an older one, takes neither floor nor list away.
    pub(super) async fn judge(
        mut active: Active,
        before: Option<&Self>,
        moment: &Moments,
    ) -> Result<(Self, Now), Refused> {
        let before = before.filter(|before| before.active.filtering.is_some());
        if let Some(before) = before {
            if before.active.floor.version > active.floor.version {
                active.floor = before.active.floor.clone();
            }
            if active.filtering.is_some() && active.list.is_none() {
                active.list.clone_from(&before.active.list);
            }
        }
        let known = before.and_then(|held| held.list.clone());
        let list = match active.list.clone() {
            Some(place) => match known.filter(|(known, _)| known.manifest == place.manifest) {
                Some(known) => Some(known),
                None => Some((place.clone(), list_open(place).await?)),
            },
            None => None,
        };
        let newest = before.and_then(Self::list).map(|list| list.manifest.made).max(newest_read(&moment.own));
        if let (Some((_, list)), Some(newest)) = (&list, newest) {
            let oldest = newest.saturating_sub(jiff::Span::new().days(active.floor.rollback_days));
            if list.manifest.made < oldest {
                return Err(Refused::Old);
            }
        }
        let held = Self { active, list, blind: false };
        let now = held.made(held.holding(moment))?;
        Ok((held, now))
    }

    /// The same, where a list that nobody can read any more closed something: nothing gets looser by that.
    ///
    /// # Errors
    /// As [`Held::judge`].
    pub(super) async fn judge_blind(active: Active, moment: &Moments) -> Result<(Self, Now), Refused> {
        let (mut held, now) = Self::judge(Active { list: None, ..active }, None, moment).await?;
        let closes =
            |policy: &Filtering| !(policy.in_school.blocked.is_empty() && policy.out_of_school.blocked.is_empty());
        held.blind = !held.active.floor.blocked.is_empty() || held.active.filtering.as_ref().is_some_and(closes);
        let now = if held.blind { held.made(held.holding(moment))? } else { now };
        Ok((held, now))
    }

    /// What holds of it now, made anew only where something of it is otherwise.
    pub(super) fn now(&self, moments: &Moments, before: Option<Now>) -> Result<Now, filter::Error> {
        let holding = self.holding(moments);
        match before.filter(|before| Holding { until: holding.until, ..before.holding.clone() } == holding) {
            Some(before) => Ok(Now { holding, ..before }),
            None => self.made(holding),
        }
    }

    fn made(&self, holding: Holding) -> Result<Now, filter::Error> {
        let (policy, unknown) = Policy::new(&holding, &self.active.own, self.list())?;
        Ok(Now { policy: Arc::new(policy), holding, unknown })
    }

    /// Its list.
    pub(super) fn list(&self) -> Option<&List> {
        self.list.as_ref().map(|(_, list)| list)
    }

    /// The version of its list; empty where there is none.
    pub(super) fn list_version(&self) -> String {
        self.list.as_ref().map(|(_, list)| list.manifest.version.to_string()).unwrap_or_default()
    }

    /// Keeps it, its list's files too, and lets go of lists that were held before.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be kept: it holds all the same, until the next start.
    pub(super) fn keep(&self, folder: &Folder) -> Result<(), Error> {
        let lists = folder.path(LISTS);
        let mut active = self.active.clone();
        if let Some((place, list)) = &self.list {
            let to = lists.join(place.manifest.to_string());
            active.list = Some(list_keep(place, &list.manifest, &to).map_err(Error::file(&to))?);
            let made = list.manifest.made;
            if newest_read(folder).is_none_or(|newest| newest < made) {
                folder.write(NEWEST, made.to_string().as_bytes())?;
            }
        }
        active.write(folder, GOOD)?;
        let kept = active.list.map(|place| place.folder);
        lists_forget(&lists, kept.as_deref());
        Ok(())
    }

    /// What was kept last, as far as it is whole; nothing where nothing was.
    ///
    /// # Errors
    /// [`Error`] when there was something that cannot be read.
    pub(super) async fn kept(folder: &Folder, moments: &Moments) -> Result<Option<(Self, Now)>, Error> {
        let Some(active) = Active::read(folder, GOOD)? else { return Ok(None) };
        let error = match Self::judge(active.clone(), None, moments).await {
            Ok(whole) => return Ok(Some(whole)),
            Err(error) => error,
        };
        tracing::error!(%error, "the last good policy is held without its list");
        if let (Some(place), Refused::List(ListFault::Damaged)) = (&active.list, &error) {
            // It is not to be taken for whole when the same one is brought anew.
            let _ = fs::remove_dir_all(&place.folder);
        }
        for place in lists_kept(&folder.path(LISTS)) {
            if let Ok(whole) = Self::judge(Active { list: Some(place), ..active.clone() }, None, moments).await {
                return Ok(Some(whole));
            }
        }
        Ok(Self::judge_blind(active, moments).await.ok())
    }

    /// Lets go of what was kept; of a device that belongs to nobody any more, of all of it.
    ///
    /// # Errors
    /// [`Error::File`].
    pub(super) fn forget(folder: &Folder, all: bool) -> Result<(), Error> {
        folder.remove(GOOD)?;
        if all {
            folder.remove(NEWEST)?;
            Memory::forget(folder)?;
        }
        let lists = folder.path(LISTS);
        match fs::remove_dir_all(&lists) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::file(&lists)(error)),
            _ => Ok(()),
        }
    }

    fn holding(&self, moments: &Moments) -> Holding {
        // Where nothing is filtered nobody asks.
        let bare = Filtering::bare();
        let filtering = self.active.filtering.as_ref().unwrap_or(&bare);
        let mut holding = holding_since(filtering, &self.active.floor, &moments.at(filtering), &moments.begun.lock());
        holding.side.only_open |= self.blind;
        holding
    }
}

/// Where moments come from.
#[derive(Debug)]
pub(super) struct Moments {
    pub(super) time: Arc<JudgingTime>,
    pub(super) told: Folder,
    /// The filter's own folder.
    pub(super) own: Folder,
    /// In which run of the machine.
    pub(super) boot: Option<BootId>,
    /// What time it was last, and when since the machine was switched on.
    pub(super) seen: Mutex<Option<(Timestamp, Duration)>>,
    /// Since when what the floor lets be open for a while is open.
    pub(super) begun: Memory,
}

impl Moments {
    /// What the agent knows to have passed is known here, too, and what a server told it. Where none has since this start of the machine, time
    /// never goes back while this runs; where one has, a clock that was ahead for a moment spoils nothing.
    pub(super) fn look(&self, state: &Folder, clock: &dyn Clock) {
        let heard = Heard::read(&self.told, self.boot);
        self.time.floor_set(clock_floor_read(state).unwrap_or(BUILT));
        self.time.heard_since(
            heard.map(|heard| {
                (Timestamp::from_unix_millis(heard.server_unix_ms), Duration::from_millis(heard.elapsed_ms))
            }),
        );
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = seen.map_or(BUILT, |(at, since)| at.after(clock.elapsed().saturating_sub(since)));
        let now = self.time.of_server().unwrap_or_else(|| self.time.now().max(passed));
        *seen = Some((now, clock.elapsed()));
    }

    /// Now, in the zone of the policy's hours, with what is proven of school.
    fn at(&self, filtering: &Filtering) -> Moment {
        let now = self.now();
        let zone = filtering.hours.as_ref().map(|hours| TimeZone::get(&hours.zone));
        // By hours that nobody can tell it is never school.
        let told = !matches!(zone, Some(Err(_)));
        let proven_until = proven_until(&self.told).filter(|_| told).map(|until| believed(until, now));
        let local = jiff::Timestamp::from_millisecond(now.unix_millis()).unwrap_or_default();
        let local = local.to_zoned(zone.and_then(Result::ok).unwrap_or(TimeZone::UTC)).datetime();
        Moment { now, local, proven_until }
    }

    /// This is about to hold: what of it is open below the floor is counted from here on.
    pub(super) fn note(&self, holding: &Holding) {
        self.begun.note(&holding.counted, self.now());
    }

    /// The time by which hours, lessons and asks are judged.
    pub(super) fn now(&self) -> Timestamp {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).map_or(BUILT, |(at, _)| at);
        self.time.of_server().unwrap_or_else(|| self.time.now().max(seen))
    }
}

/// Servers that speak TLS are judged by what a server of ours said, whoever sets the clock; without that by the clock, never before what is
/// known to have passed. That it was ahead once is no reason to go on so: without names nobody could say better.
impl TimeProvider for Moments {
    fn current_time(&self) -> Option<UnixTime> {
        let now = self.time.of_server().unwrap_or_else(|| self.time.now());
        Some(UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now.unix_seconds()).unwrap_or(0))))
    }
}

impl Refused {
    /// The code by which it is reported.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::List(fault) => fault.code(),
            Self::Old => "list_old",
            Self::Policy(_) => "policy_large",
        }
    }

    /// Whether it may pass by itself, and is to be tried again.
    pub(super) const fn passes(&self) -> bool {
        matches!(self, Self::List(ListFault::Missing(_)))
    }

    /// Whether the same list may be there whole another time: the agent has it brought anew.
    pub(super) const fn mends(&self) -> bool {
        matches!(self, Self::List(ListFault::Damaged))
    }
}

impl Now {
    /// How long it holds by itself.
    pub(super) fn until(&self) -> Duration {
        self.holding.until.min(LOOK_EVERY)
    }
}

/// Opens a list beside the runtime's thread, on which names are answered: it takes some tens of milliseconds to read all of it.
async fn list_open(place: ListPlace) -> Result<List, ListFault> {
    let opened = tokio::task::spawn_blocking(move || List::open(&place)).await;
    opened.unwrap_or_else(|error| Err(ListFault::Missing(io::Error::other(error))))
}

/// Lets go of lists but for the one that is kept and the one before it, which holds where that is damaged.
fn lists_forget(lists: &Path, kept: Option<&Path>) {
    let others = lists_kept(lists).into_iter().filter(|place| Some(place.folder.as_path()) != kept);
    for place in others.skip(1) {
        if let Err(error) = fs::remove_dir_all(&place.folder) {
            tracing::warn!(%error, "a list that is held no longer cannot be deleted");
        }
    }
}

/// Lists that are kept, the one that came last first.
fn lists_kept(lists: &Path) -> Vec<ListPlace> {
    let entries = fs::read_dir(lists).into_iter().flatten().flatten();
    let mut places: Vec<_> = entries
        .filter_map(|entry| {
            let manifest = entry.file_name().to_str()?.parse().ok()?;
            Some((entry.metadata().ok()?.modified().ok()?, ListPlace { folder: entry.path(), manifest }))
        })
        .collect();
    places.sort_by_key(|(came, _)| std::cmp::Reverse(*came));
    places.into_iter().map(|(_, place)| place).collect()
}

fn newest_read(folder: &Folder) -> Option<Date> {
    std::str::from_utf8(&folder.read(NEWEST).ok()??).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests;
