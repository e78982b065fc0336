//! Rollouts in the store: what people do with them, and what the rule writes.

use super::deed::Deed;
use super::open::Held;
use super::site::{Site, SiteMove};
use super::step::Move;
use super::{Opened, ROLLOUT_SITES, ROLLOUTS, Rollout, State};
use crate::assignment::{ASSIGNMENTS, Assignment, Assignments, Edition, Target};
use crate::audit::{Act, Author, Person};
use crate::error::{Error, Result};
use crate::release::{release_before, release_before_end};
use crate::rules::{rules_mark, rules_marked};
use crate::store::{Expect, PAGE_MAX, SharedStore, Store};
use crate::table::{Intent, Row, Writes};
use model::desired::Generation;
use model::id::TerritoryId;
use model::time::Timestamp;
use model::uai::Uai;

/// The most rollouts that are planned or open.
const OPEN_MAX: usize = 50;
/// The most schools that are written at once.
pub const SITES_AT_ONCE: usize = 500;
/// How often an act that met another one is tried again.
const TRIES: usize = 4;

/// Writes a plan; nothing happens yet.
///
/// # Errors
/// `Invalid` for one that cannot be meant or is one too many, `Exists` for an id that is taken.
pub async fn rollout_make(
    store: &SharedStore,
    territory: &TerritoryId,
    rollout: Rollout,
    by: &Person,
    now: Timestamp,
) -> Result<Rollout> {
    let rollout = rollout.checked()?;
    let all = rollout_list(store.as_ref(), territory).await?;
    if all.iter().filter(|one| one.state.is_open()).count() >= OPEN_MAX {
        return Err(Error::Invalid(format!("{OPEN_MAX} rollouts are planned or open; end some first")));
    }
    let act = Act::of(now, by, "rollout_plan", rollout.id.clone(), &rollout.why);
    let writes = Writes::by(territory, &act)?.put(&ROLLOUTS, rollout.id.clone(), &rollout, Expect::Absent)?;
    writes.commit(store).await?;
    Ok(rollout)
}

/// One rollout.
///
/// # Errors
/// `NotFound` when there is none of that name.
pub async fn rollout_get(store: &dyn Store, territory: &TerritoryId, id: &str) -> Result<Row<Rollout>> {
    let shown = || Error::NotFound(format!("rollout {:?}", id.chars().take(64).collect::<String>()));
    if id.is_empty() || id.len() > 64 {
        return Err(shown());
    }
    ROLLOUTS.get(store, territory, id).await?.ok_or_else(shown)
}

/// All rollouts, newest first.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn rollout_list(store: &dyn Store, territory: &TerritoryId) -> Result<Vec<Rollout>> {
    let scope = ROLLOUTS.scope(territory, "");
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = ROLLOUTS.page(store, &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        found.extend(page.into_iter().map(|row| row.value));
    }
    found.reverse();
    Ok(found)
}

/// Does what a person asks.
///
/// # Errors
/// As [`Rollout::done`]; `Invalid` too when a release of the agent has none before it to return to, when another rollout of the bundle is open, or what a finished one assigned was assigned otherwise
/// since; `NotFound`; `Conflict` when others write all the time.
pub async fn rollout_act(
    store: &SharedStore,
    territory: &TerritoryId,
    id: &str,
    deed: Deed,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<Rollout> {
    let mut met = None;
    for _ in 0..TRIES {
        match act_once(store, territory, id, deed, by, why, now).await {
            Err(Error::Conflict(key)) => met = Some(key),
            done => return done,
        }
    }
    Err(met.map_or_else(|| Error::NotFound(format!("rollout {id}")), Error::Conflict))
}

async fn act_once(
    store: &SharedStore,
    territory: &TerritoryId,
    id: &str,
    deed: Deed,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<Rollout> {
    let mark = rules_marked(store.as_ref(), territory).await?;
    let row = rollout_get(store.as_ref(), territory, id).await?;
    let after = row.value.done(deed, &by.name, now)?;
    let act = Act::of(now, by, deed.verb(), id, why);
    let mut writes = Writes::by(territory, &act)?.put(&ROLLOUTS, id, &after, Expect::At(row.revision))?;
    if deed == Deed::Start {
        let all = rollout_list(store.as_ref(), territory).await?;
        let open = |one: &&Rollout| matches!(one.state, State::Running | State::Paused) && one.name == after.name;
        if let Some(other) = all.iter().find(open) {
            return Err(Error::Invalid(format!("rollout {} of this bundle is open; end it first", other.id)));
        }
        writes = rules_mark(writes, mark)?;
    }
    if deed == Deed::RollBack && row.value.name.is_agent() {
        row.value.return_check(&Assignments::load(store.as_ref(), territory).await?)?;
    }
    if deed == Deed::RollBack && row.value.state == State::Finished {
        writes = restored(store.as_ref(), territory, rules_mark(writes, mark)?, &row.value).await?;
    }
    writes.commit(store).await?;
    Ok(after)
}

/// Writes a move of the rule, expecting the rollout as it was read: of two servers one does it.
///
/// # Errors
/// `Conflict` when somebody has written meanwhile; it is looked at again then.
pub async fn rollout_move(
    store: &SharedStore,
    territory: &TerritoryId,
    held: &Held,
    done: &Move,
    now: Timestamp,
) -> Result<Rollout> {
    let verb = match done {
        Move::Open(_) => "rollout_wave_open",
        Move::Pause(_) => "rollout_pause",
        Move::Stop(_) => "rollout_stop",
        Move::Finish(_) => "rollout_finish",
    };
    let why = match done {
        Move::Open(wave) => format!("wave {}", wave + 1),
        Move::Pause(halt) | Move::Stop(halt) => halt.name().to_owned(),
        Move::Finish(left) => format!("{} in place, {} unreachable", left.in_place, left.unreachable),
    };
    let opened = opened(store.as_ref(), now).await?;
    let mark = rules_marked(store.as_ref(), territory).await?;
    let mut after = held.rollout.moved(done, opened);
    let act = Act::new(now, author(), verb, after.id.clone()).because(&why);
    let mut writes = Writes::by(territory, &act)?;
    if let Move::Finish(_) = done {
        for target in &after.scope {
            let assigned = assigned(&after, target, now);
            let mut before = ASSIGNMENTS.get(store.as_ref(), territory, assigned.id()).await?.map(|row| row.value);
            if after.name.is_agent() && *target == Target::Territory {
                // What was said before releases were assigned is as good a word, and is said in one place from now on.
                if before.is_none() {
                    before = release_before(store.as_ref(), territory).await?;
                }
                writes = release_before_end(store.as_ref(), territory, writes).await?;
            }
            after.replaced.push((target.clone(), before));
            writes = writes.put(&ASSIGNMENTS, assigned.id(), &assigned, Expect::Any)?;
        }
        writes = rules_mark(writes, mark)?;
    }
    let expect = Expect::At(held.revision);
    writes.put(&ROLLOUTS, after.id.clone(), &after, expect)?.commit(store).await?;
    Ok(after)
}

/// Writes moves of schools, at most [`SITES_AT_ONCE`], all or none.
///
/// # Errors
/// As [`rollout_move`].
pub async fn sites_move(
    store: &SharedStore,
    territory: &TerritoryId,
    held: &Held,
    moves: &[(Uai, SiteMove)],
    now: Timestamp,
) -> Result<()> {
    let opened = opened(store.as_ref(), now).await?;
    let act = Act::new(now, author(), "rollout_sites", held.rollout.id.clone());
    let mut writes = Writes::by(territory, &act.because(&format!("{} schools", moves.len())))?;
    for (school, done) in moves {
        let before = held.sites.get(school);
        let Some(after) = Site::moved(before.map(|(site, _)| site), done, opened) else { continue };
        let expect = before.map_or(Expect::Absent, |(_, revision)| Expect::At(*revision));
        writes = writes.put(&ROLLOUT_SITES, format!("{}/{school}", held.rollout.id), &after, expect)?;
    }
    // Whoever paused or took it back meanwhile has the last word.
    writes = writes.put(&ROLLOUTS, held.rollout.id.clone(), &held.rollout, Expect::At(held.revision))?;
    writes.commit(store).await?;
    Ok(())
}

/// Puts back what was assigned before a rollout had finished.
async fn restored(
    store: &dyn Store,
    territory: &TerritoryId,
    mut writes: Writes<Intent>,
    rollout: &Rollout,
) -> Result<Writes<Intent>> {
    for (target, before) in &rollout.replaced {
        let ours = assigned(rollout, target, rollout.since);
        let row = ASSIGNMENTS.get(store, territory, ours.id()).await?;
        let Some(row) = row.filter(|row| row.value.edition == ours.edition && row.value.at == rollout.since) else {
            let text = format!("the bundle was assigned to {target} by another act since; assign the version there");
            return Err(Error::Invalid(text));
        };
        writes = match before {
            Some(before) => writes.put(&ASSIGNMENTS, ours.id(), before, Expect::At(row.revision))?,
            None => writes.remove(&ASSIGNMENTS, ours.id(), Expect::At(row.revision)),
        };
    }
    Ok(writes)
}

fn assigned(rollout: &Rollout, target: &Target, at: Timestamp) -> Assignment {
    Assignment {
        bundle: rollout.name.clone(),
        target: target.clone(),
        edition: Some(Edition { version: rollout.version.clone(), index: rollout.index }),
        urgent: rollout.urgent,
        by: rollout.by.clone(),
        at,
    }
}

/// A device that holds a newer generation than this one has been told of what is written after it.
async fn opened(store: &dyn Store, now: Timestamp) -> Result<Opened> {
    let after = Generation { epoch: store.epoch(), revision: store.revision().await? };
    Ok(Opened { at: now, after })
}

fn author() -> Author {
    Author::Rule("rollout".to_owned())
}
