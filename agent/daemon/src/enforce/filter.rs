//! Keeps the filter told what is to be filtered, and hears how that goes and what users ask for.
//!
//! The filter is a process of its own, which goes on by what it was told last: nothing here has to live for anything to be filtered.

use crate::clock::Clock;
use crate::filter::active::{Active, FOLDER, Heard, ListPlace, PROOF, Proven, proven_until};
#[cfg(unix)]
use crate::filter::words::{MESSAGE_BYTES_MAX, Said, Told};
use crate::filter::words::{SOCKET, Stands};
use crate::folder::Folder;
#[cfg(unix)]
use crate::frame;
use crate::peers::Proofs;
use crate::platform::Platform;
use crate::{Agent, Config};
use model::desired::Plan;
use model::digest::Digest;
use model::filtering::Filtering;
use model::floor::Floor;
use model::host::Host;
use model::id::BootId;
use model::lists::{LIST_BYTES_MAX, LIST_FILE};
use model::resource::BundleName;
use model::time::Timestamp;
use std::collections::BTreeSet;
#[cfg(unix)]
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use wire::v1::{ConditionState, FilterAsk};

/// The filter is looked for again after so long; systemd starts it again within a second.
const AGAIN: Duration = Duration::from_secs(2);

/// It has not said yet that it holds to what it was told last.
pub(crate) const STARTING: &str = "starting";
/// A list that was brought anew and is damaged again is brought once more after so long, and ever later: each time it is megabytes.
const MEND_AGAIN: Duration = Duration::from_secs(600);
const MEND_AGAIN_MAX: Duration = Duration::from_secs(86_400);

/// How the filter stands, as it is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilterSaid {
    pub(crate) state: ConditionState,
    pub(crate) reason: String,
    /// The version of the list in use.
    pub(crate) list: String,
}

/// Keeps the filter told.
#[derive(Debug)]
pub(crate) struct Filters {
    clock: Arc<dyn Clock>,
    folder: Folder,
    #[cfg_attr(windows, allow(dead_code, reason = "the filter runs on Linux alone"))]
    socket: PathBuf,
    resources: PathBuf,
    wish: Mutex<Wish>,
    /// The digest of what the filter is to hold to, and whether that filters anything; none while nothing was ever told.
    told: watch::Sender<Option<(Digest, bool)>>,
    stands: watch::Sender<Option<Stands>>,
    said: watch::Sender<Option<FilterSaid>>,
    floors: watch::Sender<Option<Floor>>,
    /// How often the list was found damaged.
    mend: watch::Sender<u64>,
    /// In which run of the machine.
    boot: Option<BootId>,
    /// What the filter was told of the time.
    heard: Mutex<Option<Heard>>,
    /// Whether what is wanted could not be written.
    untold: AtomicBool,
    asks: watch::Sender<Vec<FilterAsk>>,
    /// Asks that the control plane has, and of which the filter has not heard.
    kept: watch::Sender<Vec<Vec<u8>>>,
}

/// What is to be filtered, as far as it is known.
#[derive(Debug)]
struct Wish {
    active: Option<Active>,
    floor: Floor,
    list: Option<ListPlace>,
}

impl Filters {
    /// Goes on from what was told before a start.
    pub(crate) fn new(agent: &Agent, state: &Folder) -> Self {
        let config: &Config = &agent.config;
        let folder = state.inner(FOLDER);
        let read = Active::told(&folder);
        let unreadable = read.is_err();
        let before = read.ok().flatten();
        let list = before.as_ref().and_then(|active| active.list.clone());
        let floor = before.as_ref().map_or_else(Floor::built_in, |active| active.floor.clone());
        // What cannot be read was something: it is told anew, whatever that is now.
        let told = before.as_ref().map(mark).or_else(|| unreadable.then(|| (Digest::of(b""), true)));
        Self {
            clock: agent.clock.clone(),
            socket: config.filter_place().join(SOCKET),
            resources: config.resources_place(),
            folder,
            told: watch::Sender::new(told),
            stands: watch::Sender::default(),
            said: watch::Sender::default(),
            floors: watch::Sender::new((floor.version > 0).then(|| floor.clone())),
            mend: watch::Sender::default(),
            asks: watch::Sender::default(),
            kept: watch::Sender::default(),
            untold: AtomicBool::new(false),
            boot: agent.machine().boot(),
            heard: Mutex::default(),
            wish: Mutex::new(Wish { active: before, floor, list }),
        }
    }

    /// This plan holds from now on; nothing is told where there is none.
    pub(crate) fn want(&self, plan: Option<&Plan>, own: &BTreeSet<Host>) {
        let Some(plan) = plan else { return };
        let mut wish = self.lock();
        let filtering = plan.filtering.as_deref().cloned();
        let before = wish.active.take().unwrap_or_else(Active::none);
        wish.active = Some(Active { filtering, own: own.clone(), ..before });
        self.tell(&mut wish);
    }

    /// This version of the list lies in place.
    pub(crate) fn list(&self, version: Option<&str>) {
        let place = version.and_then(|version| self.list_place(version));
        let mut wish = self.lock();
        // What lies there no longer is held on to by the filter itself.
        if place.is_some() && wish.list != place {
            wish.list = place;
            self.tell(&mut wish);
        }
    }

    /// Where the publisher's floor is put when a newer one was taken.
    pub(crate) fn floors(&self) -> watch::Sender<Option<Floor>> {
        self.floors.clone()
    }

    /// A server whose certificate was checked said what time it is: the filter goes by that, whoever sets the clock.
    pub(crate) fn time(&self, server: Timestamp) {
        let Some(boot) = self.boot else { return };
        let elapsed_ms = u64::try_from(self.clock.elapsed().as_millis()).unwrap_or(u64::MAX);
        let heard = Heard { server_unix_ms: server.unix_millis(), elapsed_ms, boot };
        let mut before = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        // Where nothing is told nobody reads it, and what agrees spares the disk.
        if self.told.borrow().is_none() || before.is_some_and(|before| !heard.differs(&before)) {
            return;
        }
        match heard.write(&self.folder) {
            Ok(()) => *before = Some(heard),
            Err(error) => tracing::debug!(%error, "the filter cannot be told what time it is"),
        }
    }

    /// Hears each time that the list is to be brought anew.
    pub(crate) fn mends(&self) -> watch::Receiver<u64> {
        self.mend.subscribe()
    }

    fn floor(&self, floor: Option<Floor>) {
        let mut wish = self.lock();
        if let Some(floor) = floor.filter(|floor| floor.version > wish.floor.version) {
            wish.floor = floor;
            self.tell(&mut wish);
        }
    }

    /// The control plane has these.
    pub(crate) fn asks_kept(&self, ids: Vec<Vec<u8>>) {
        if !ids.is_empty() {
            self.asks.send_modify(|asks| asks.retain(|ask| !ids.contains(&ask.id)));
            self.kept.send_modify(|kept| kept.extend(ids));
        }
    }

    /// How the filter stands, now and whenever it changes; nothing where nothing is to be filtered.
    pub(crate) fn said(&self) -> watch::Receiver<Option<FilterSaid>> {
        self.said.subscribe()
    }

    /// What users ask for, now and whenever it changes.
    pub(crate) fn asks(&self) -> watch::Receiver<Vec<FilterAsk>> {
        self.asks.subscribe()
    }

    /// Talks with the filter for ever, and takes newer floors.
    pub(crate) async fn keep(&self) {
        let mut floors = self.floors.subscribe();
        let floors = async {
            while floors.changed().await.is_ok() {
                let floor = floors.borrow_and_update().clone();
                self.floor(floor);
            }
        };
        tokio::join!(floors, self.talks(), self.mend());
    }

    /// Has a damaged list brought anew, now and ever later, until it holds.
    async fn mend(&self) {
        let (mut said, mut pause) = (self.said.subscribe(), MEND_AGAIN);
        let damaged = |said: &Option<FilterSaid>| said.as_ref().is_some_and(|said| said.reason == "list_damaged");
        let holds = |said: &Option<FilterSaid>| said.as_ref().is_some_and(|said| said.state == ConditionState::Held);
        while said.wait_for(damaged).await.is_ok() {
            self.mend.send_modify(|times| *times += 1);
            tokio::select! {
                biased;
                held = said.wait_for(holds) => match held {
                    Ok(_) => pause = MEND_AGAIN,
                    Err(_) => return,
                },
                () = self.clock.sleep(pause) => pause = pause.saturating_mul(2).min(MEND_AGAIN_MAX),
            }
        }
    }

    async fn talks(&self) {
        let mut told = self.told.subscribe();
        loop {
            // Nobody has to run a filter who has nothing to filter.
            let _ = told.wait_for(Option::is_some).await;
            self.reach().await;
            self.stands.send_replace(None);
            self.judge();
            self.clock.sleep(AGAIN).await;
        }
    }

    #[cfg(not(unix))]
    async fn reach(&self) {}

    #[cfg(unix)]
    async fn reach(&self) {
        if let Ok(filter) = tokio::net::UnixStream::connect(&self.socket).await
            && let Err(error) = self.talk(filter).await
        {
            tracing::debug!(%error, "the filter speaks no longer");
        }
    }

    #[cfg(unix)]
    async fn talk(&self, filter: tokio::net::UnixStream) -> io::Result<()> {
        let (mut from, mut to) = filter.into_split();
        let (mut told, mut kept) = (self.told.subscribe(), self.kept.subscribe());
        let hear = async {
            loop {
                let said: Said = frame::take(&mut from, MESSAGE_BYTES_MAX).await?;
                self.stands.send_replace(said.stands);
                self.judge();
                let known = self.kept.borrow().clone();
                let asks: Vec<FilterAsk> = said.asks.into_iter().filter(|ask| !known.contains(&ask.id)).collect();
                self.asks.send_if_modified(|before| std::mem::replace(before, asks.clone()) != asks);
            }
        };
        let say = async {
            loop {
                told.borrow_and_update();
                let asks_kept = kept.borrow_and_update().clone();
                frame::put(&mut to, &Told { look: true, asks_kept: asks_kept.clone() }).await?;
                self.kept.send_if_modified(|kept| {
                    kept.retain(|id| !asks_kept.contains(id));
                    false
                });
                tokio::select! {
                    changed = told.changed() => changed.map_err(io::Error::other)?,
                    changed = kept.changed() => changed.map_err(io::Error::other)?,
                }
            }
        };
        tokio::select! {
            heard = hear => heard,
            said = say => said,
        }
    }

    /// Writes what is to be filtered, where that is news.
    fn tell(&self, wish: &mut Wish) {
        let (floor, list) = (wish.floor.clone(), wish.list.clone());
        let Some(active) = wish.active.as_mut() else { return };
        (active.floor, active.list) = (floor, list);
        let mut active = active.clone();
        // A floor that was published is not the control plane's to take away: it holds where no policy does.
        if active.floor.version > 0 && !active.floor.blocked.is_empty() {
            active.filtering.get_or_insert_with(Filtering::bare);
        }
        let mark = mark(&active);
        // Where nothing was ever filtered, nothing has to be said.
        if *self.told.borrow() == Some(mark) || (self.told.borrow().is_none() && active.filtering.is_none()) {
            return;
        }
        match active.tell(&self.folder) {
            Ok(()) => {
                self.told.send_replace(Some(mark));
            }
            Err(error) => {
                tracing::error!(%error, "the filter cannot be told; it goes on with what it has");
                self.untold.store(true, Ordering::Relaxed);
                self.judge();
                return;
            }
        }
        self.untold.store(false, Ordering::Relaxed);
        self.judge();
    }

    /// What is reported.
    fn judge(&self) {
        let told = *self.told.borrow();
        let said = told.and_then(|(told, filters)| {
            let said = |state, reason: &str, list: &str| {
                Some(FilterSaid { state, reason: reason.to_owned(), list: list.to_owned() })
            };
            let stands = self.stands.borrow();
            let Some(stands) = &*stands else {
                return filters.then(|| said(ConditionState::Failed, "filter_away", "")).flatten();
            };
            let (reason, list) = (stands.reason.as_str(), stands.list.as_str());
            if self.untold.load(Ordering::Relaxed) {
                return said(ConditionState::Failed, "not_told", list);
            }
            match stands {
                stands if stands.active != told.as_bytes() => said(ConditionState::Pending, STARTING, list),
                Stands { held: true, on: false, .. } => None,
                Stands { held: true, .. } if reason == "list_missing" => said(ConditionState::Pending, reason, list),
                Stands { held: true, .. } if reason.is_empty() => said(ConditionState::Held, "", list),
                _ => said(ConditionState::Failed, reason, list),
            }
        });
        self.said.send_if_modified(|before| std::mem::replace(before, said.clone()) != said);
    }

    fn list_place(&self, version: &str) -> Option<ListPlace> {
        let folder = self.resources.join(BundleName::lists().as_str()).join(version);
        let bytes = Folder::new(&folder).read_within(LIST_FILE, LIST_BYTES_MAX as u64).ok()??;
        Some(ListPlace { folder, manifest: Digest::of(&bytes) })
    }

    fn lock(&self) -> MutexGuard<'_, Wish> {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Proofs for Filters {
    fn until(&self) -> Option<Timestamp> {
        proven_until(&self.folder)
    }

    fn keep(&self, until: Option<Timestamp>) {
        let kept = until.map_or_else(
            || self.folder.remove(PROOF),
            |until| {
                self.folder.make()?;
                let proven = Proven { until_unix_ms: until.unix_millis() };
                self.folder.write(PROOF, &serde_json::to_vec(&proven).unwrap_or_default())
            },
        );
        match kept {
            // What is told is the same; the filter looks all the same.
            Ok(()) => self.told.send_modify(|_| {}),
            Err(error) => tracing::warn!(%error, "until when school is proven cannot be kept"),
        }
    }
}

/// By which it is known what was told, and whether that filters anything.
fn mark(active: &Active) -> (Digest, bool) {
    (active.digest(), active.filtering.is_some())
}
