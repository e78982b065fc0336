//! What goes on beside the calls: rules are followed, changed devices woken, last contacts and refusals written.

use crate::act_ids::act_ids_end;
use crate::admin::retention_of;
use crate::asks::asks_end;
use crate::ca;
use crate::ends::ends_follow;
use crate::reminders::reminders_follow;
use crate::rollouts::rollouts_follow;
use crate::ruling::Ruling;
use crate::shared::Shared;
use crate::telling::told_in_turn;
use controlplane_core::Result;
use controlplane_core::asset::{ASSET_DEVICES, ASSETS};
use controlplane_core::device::DEVICES;
use controlplane_core::filing::{filings_build, filings_built};
use controlplane_core::grant::{self, GRANTS};
use controlplane_core::presence::CONTACTS;
use controlplane_core::report::bodies_forget;
use controlplane_core::store::{Batch, Changes, Expect, Key, PAGE_MAX, Revision, Scope};
use controlplane_core::table::Writes;
use controlplane_core::vault::{retention_act, retention_run};
use model::id::DeviceId;
use model::time::Timestamp;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Last contacts and refusals are written so often.
const FLUSH_EVERY: Duration = Duration::from_secs(60);
/// Pieces of a section that nobody goes on sending are forgotten after so long.
const ASSEMBLY_LIFE: Duration = Duration::from_secs(120);
/// Whether a new day has begun is looked at so often.
const IDENTITIES_EVERY: Duration = Duration::from_secs(3_600);
/// Sections that no device has are looked for so often: every device's presence is read for it.
const BODIES_EVERY: Duration = Duration::from_secs(3 * 86_400 + 43_200);
/// How many last contacts at a time.
const FLUSH_MAX: usize = 500;
/// A rest between two pages of devices that are filed in the index: people come first.
const FILING_REST: Duration = Duration::from_millis(20);
/// After a failure of the store, wait so long.
const RETRY: Duration = Duration::from_secs(1);

/// Tasks that end with the server.
pub(crate) struct Upkeep(JoinSet<()>);

impl Upkeep {
    /// Ends them.
    pub(crate) fn abort_all(mut self) {
        self.0.abort_all();
    }
}

/// Starts them.
///
/// `since` is a revision from before anybody is served, so that no decision falls between.
pub(crate) fn start(shared: &Arc<Shared>, rulings: watch::Sender<Arc<Ruling>>, since: Revision) -> Upkeep {
    let mut tasks = JoinSet::new();
    tasks.spawn(rules_follow(Arc::clone(shared), rulings));
    tasks.spawn(devices_follow(Arc::clone(shared), since));
    tasks.spawn(flush_often(Arc::clone(shared)));
    tasks.spawn(ca::watch::keys_follow(Arc::clone(shared)));
    tasks.spawn(ends_follow(Arc::clone(shared)));
    tasks.spawn(reminders_follow(Arc::clone(shared)));
    tasks.spawn(rollouts_follow(Arc::clone(shared)));
    tasks.spawn(identities_end(Arc::clone(shared)));
    tasks.spawn(act_ids_end(Arc::clone(shared)));
    tasks.spawn(asks_end(Arc::clone(shared)));
    tasks.spawn(filings_follow(Arc::clone(shared)));
    tasks.spawn(bodies_end(Arc::clone(shared)));
    Upkeep(tasks)
}

/// Writes last contacts and refusals that are only in memory.
pub(crate) async fn flush(shared: &Shared) {
    for due in shared.live.flush_take().chunks(FLUSH_MAX) {
        if let Err(error) = contacts_write(shared, due).await {
            tracing::warn!(%error, "last contacts could not be written; tried again in a minute");
            shared.live.flush_undo(due);
        }
    }
    let acts = shared.refusals.lock().unwrap_or_else(PoisonError::into_inner).take();
    let appends: Result<Vec<_>> = acts.iter().map(|act| act.append(shared.territory())).collect();
    match appends {
        Ok(appends) if !appends.is_empty() => {
            if let Err(error) = shared.store.commit(Batch { writes: Vec::new(), appends }).await {
                tracing::warn!(%error, "refusals could not be written to the audit; tried again in a minute");
                shared.refusals.lock().unwrap_or_else(PoisonError::into_inner).put_back(acts);
            }
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "refusals could not be written to the audit"),
    }
}

async fn rules_follow(shared: Arc<Shared>, rulings: watch::Sender<Arc<Ruling>>) {
    loop {
        let ruling = Arc::clone(&rulings.borrow());
        match ruling.rules.follow(shared.store.as_ref(), shared.territory()).await {
            Ok(next) => {
                let ruling = Arc::new(Ruling::of(next));
                rulings.send_replace(Arc::clone(&ruling));
                told_in_turn(&shared, &ruling).await;
            }
            Err(error) => {
                tracing::warn!(%error, "the rules cannot be followed");
                shared.clock.sleep(RETRY).await;
            }
        }
    }
}

/// Wakes the held check-in of each device whose record, grant or asset changes, or the contact that it shows: a revoked one is answered
/// within moments, and so is one that was lent, extended or missed.
async fn devices_follow(shared: Arc<Shared>, mut since: Revision) {
    let tables = vec![DEVICES.name, GRANTS.name, grant::CONTACTS.name, ASSETS.name, ASSET_DEVICES.name];
    let scope = Scope { tables, ..DEVICES.scope(shared.territory(), "") };
    loop {
        match shared.store.changes(&scope, since, PAGE_MAX).await {
            Ok(Changes::Keys { keys, upto }) => {
                since = upto;
                for key in keys {
                    key_changed(&shared, &key, upto).await;
                }
            }
            Ok(Changes::Gone { now }) => {
                since = now;
                shared.live.wake_all();
            }
            Err(error) => {
                tracing::warn!(%error, "devices cannot be followed");
                shared.clock.sleep(RETRY).await;
            }
        }
    }
}

async fn key_changed(shared: &Shared, key: &Key, upto: Revision) {
    if key.table == grant::CONTACTS.name {
        shared.live.contact_changed(&key.id);
    } else if key.table == ASSETS.name {
        match ASSETS.get(shared.store.as_ref(), shared.territory(), key.id.as_str()).await {
            Ok(row) => row.and_then(|row| row.value.device).iter().for_each(|id| shared.live.refiled(*id)),
            Err(error) => {
                tracing::warn!(%error, "an asset that changed cannot be read");
                shared.live.wake_all();
            }
        }
    } else if let Ok(id) = key.id.parse::<DeviceId>() {
        if key.table == ASSET_DEVICES.name { shared.live.refiled(id) } else { shared.live.changed(id, upto) }
    }
}

async fn flush_often(shared: Arc<Shared>) {
    loop {
        shared.clock.sleep(FLUSH_EVERY).await;
        flush(&shared).await;
        shared.live.assemblies_drop(shared.clock.now().before(ASSEMBLY_LIFE));
        shared.live.away_forget(shared.clock.now());
    }
}

/// Files the devices of a store that is older than the index of where they are filed, once, while everybody is served.
async fn filings_follow(shared: Arc<Shared>) {
    let (mut after, mut began) = (String::new(), false);
    loop {
        let step = match filings_built(shared.store.as_ref(), shared.territory()).await {
            Ok(true) if !began => return,
            Ok(_) => filings_build(&shared.store, shared.territory(), &after).await,
            Err(error) => Err(error),
        };
        match step {
            Ok(Some(next)) => (after, began) = (next, true),
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(%error, "devices could not be filed in the index; tried again");
                shared.clock.sleep(RETRY).await;
            }
        }
        shared.clock.sleep(FILING_REST).await;
    }
}

/// Forgets sections that no device has any more, twice a week.
async fn bodies_end(shared: Arc<Shared>) {
    loop {
        shared.clock.sleep(BODIES_EVERY).await;
        match bodies_forget(&shared.store, shared.territory(), shared.clock.now()).await {
            Ok(forgotten) if forgotten > 0 => tracing::info!(forgotten, "sections that no device has were forgotten"),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "unused sections could not be looked for; tried again later"),
        }
    }
}

/// Erases the identities whose time is over, once a day.
async fn identities_end(shared: Arc<Shared>) {
    let Some(vault) = shared.vault.clone() else { return };
    let mut done = None;
    loop {
        let today = shared.today();
        if done != Some(today) {
            let (now, day_of) = (shared.clock.now(), |at| shared.day_of(at));
            let (loans, retention) = (shared.loans.as_ref(), retention_of(&shared));
            let act = |reference: &str| retention_act(reference, now);
            match retention_run(&vault, loans, retention, today, &day_of, &act).await {
                Ok(erased) => {
                    done = Some(today);
                    if erased > 0 {
                        tracing::info!(erased, "identities whose time was over were erased");
                    }
                }
                Err(error) => tracing::warn!(%error, "identities could not be looked through; tried again in an hour"),
            }
        }
        shared.clock.sleep(IDENTITIES_EVERY).await;
    }
}

async fn contacts_write(shared: &Shared, due: &[(DeviceId, Timestamp)]) -> Result<()> {
    let mut writes = Writes::observed(shared.territory());
    for (device, seen) in due {
        writes = writes.put(&CONTACTS, device.to_string(), seen, Expect::Any)?;
    }
    writes.commit(&shared.store).await.map(|_| ())
}
