//! What a user asks about a name.

use super::decide::{DECISIONS, Decision};
use super::forget::answers_forget;
use crate::error::Result;
use crate::facts::facts_of;
use crate::store::{Expect, ID_BYTES_MAX, PAGE_MAX, SharedStore, Store};
use crate::table::{Observed, Row, Table, Writes};
use model::class::Class;
use model::digest::Digest;
use model::host::Host;
use model::id::{DeviceId, TerritoryId};
use model::owner::OwnerId;
use model::time::Timestamp;
use model::uai::Uai;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What was asked, by `<device>/<id>`.
pub static ASKS: Table<Ask, Observed> = Table::new("filter_ask");

/// The most in one check-in.
pub const ASKS_A_CHECK_IN_MAX: usize = 20;
/// The most of one device in a day; what is more is counted and forgotten.
pub const ASKS_A_DAY_MAX: usize = 20;
/// The most that are kept of one device: whoever has filled that is not a class that works.
const ASKS_HELD_MAX: usize = 500;
/// The longest that one is kept.
const ASK_LIFE: Duration = Duration::from_secs(90 * 86_400);
const DAY: Duration = Duration::from_secs(86_400);
/// The most that are forgotten at once.
pub(super) const FORGET_MAX: usize = 500;

/// What a user asks about a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// By which it is known when it comes twice.
    pub id: String,
    /// What is asked.
    pub kind: AskKind,
    /// About which name.
    pub name: Host,
    /// When it came.
    pub received: Timestamp,
    /// Where the device was filed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub school: Option<Uai>,
    /// Whose it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerId>,
    /// Which class it served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
}

/// What is asked about a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskKind {
    /// That it be unblocked.
    Unblock,
    /// That it ought to be blocked.
    Report,
}

/// What came of what a device brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// How many are kept that were not.
    pub new: usize,
    /// How many were too many for one day.
    pub dropped: usize,
}

/// Keeps what a device brings; what is there already stays, and what is too much for a day is dropped without a word.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn asks_keep(
    store: &SharedStore,
    territory: &TerritoryId,
    device: DeviceId,
    asked: &[(String, AskKind, Host)],
    now: Timestamp,
) -> Result<Kept> {
    let scope = ASKS.scope(territory, format!("{device}/"));
    let held = ASKS.page(store.as_ref(), &scope, "", PAGE_MAX).await?;
    let recent = held.iter().filter(|row| now.since(row.value.received) < DAY).count();
    let mut room = ASKS_A_DAY_MAX.saturating_sub(recent).min(ASKS_HELD_MAX.saturating_sub(held.len()));
    let (mut kept, mut new) = (Kept::default(), BTreeMap::new());
    for (id, kind, name) in asked {
        let key = format!("{device}/{id}");
        if held.iter().any(|row| row.id == key) || new.contains_key(&key) {
            continue;
        }
        if room == 0 {
            kept.dropped += 1;
            continue;
        }
        room -= 1;
        new.insert(key, (id.clone(), *kind, name.clone()));
    }
    if new.is_empty() {
        return Ok(kept);
    }
    kept.new = new.len();
    let (facts, _) = facts_of(store.as_ref(), territory, device).await?;
    let mut writes = Writes::observed(territory);
    for (key, (id, kind, name)) in new {
        let (school, owner, class) = (facts.school, facts.owner.clone(), facts.class.clone());
        let ask = Ask { id, kind, name, received: now, school, owner, class };
        writes = writes.put(&ASKS, key, &ask, Expect::Absent)?;
    }
    writes.commit(store).await?;
    Ok(kept)
}

/// Forgets what is over: asks whose answer has ended, or that are too old; then answers that have ended, and names that were unblocked
/// until a day ago. Says how many went.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn asks_forget(store: &SharedStore, territory: &TerritoryId, now: Timestamp) -> Result<usize> {
    let decisions = decisions(store.as_ref(), territory).await?;
    let over = |row: &Row<Ask>| {
        let answered = decisions.get(&decision_key(&row.value)).map(|row| &row.value);
        let ended = answered.is_some_and(|one| one.at >= row.value.received && one.ends() <= now);
        ended || row.value.received.after(ASK_LIFE) <= now
    };
    let old: Vec<Row<Ask>> = asks(store.as_ref(), territory).await?.into_iter().filter(over).take(FORGET_MAX).collect();
    if old.is_empty() {
        // While asks stand there that were answered, their answers do: nobody is asked twice.
        return answers_forget(store, territory, now).await;
    }
    let mut writes = Writes::observed(territory);
    for row in &old {
        writes = writes.remove(&ASKS, row.id.as_str(), Expect::Any);
    }
    writes.commit(store).await?;
    Ok(old.len())
}

/// By which asks that are answered together are known: of one kind about one name at one school, or of one owner where there is no school.
pub(super) fn decision_key(ask: &Ask) -> String {
    let kind = match ask.kind {
        AskKind::Unblock => "unblock",
        AskKind::Report => "report",
    };
    let place = match (&ask.school, &ask.owner) {
        (Some(school), _) => school.to_string(),
        (None, Some(owner)) => format!("owner:{owner}"),
        (None, None) => "-".to_owned(),
    };
    key_of(&format!("{kind}/{place}"), &ask.name)
}

/// A key of a name under something; a name that is too long for it stands there by its digest.
pub(super) fn key_of(under: &str, name: &Host) -> String {
    let key = format!("{under}/{name}");
    if key.len() <= ID_BYTES_MAX { key } else { format!("{under}/{}", Digest::of(name.as_str().as_bytes())) }
}

pub(super) async fn asks(store: &dyn Store, territory: &TerritoryId) -> Result<Vec<Row<Ask>>> {
    let scope = ASKS.scope(territory, "");
    let (mut rows, mut after) = (Vec::new(), String::new());
    loop {
        let page = ASKS.page(store, &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { return Ok(rows) };
        after.clone_from(&last.id);
        rows.extend(page);
    }
}

pub(super) async fn decisions(store: &dyn Store, territory: &TerritoryId) -> Result<BTreeMap<String, Row<Decision>>> {
    let scope = DECISIONS.scope(territory, "");
    let (mut all, mut after) = (BTreeMap::new(), String::new());
    loop {
        let page = DECISIONS.page(store, &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after.clone_from(&last.id);
        all.extend(page.into_iter().map(|row| (row.id.clone(), row)));
    }
}
