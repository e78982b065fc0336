//! What is forgotten of answers: a name that a pupil asked for is not kept longer than its answer holds.

use super::ask::{FORGET_MAX, decisions};
use super::decide::{DECISIONS, Decision, UNBLOCKS, UnblockHeld, held};
use crate::audit::{Act, Author};
use crate::error::Result;
use crate::rules::{rules_mark, rules_marked};
use crate::store::{Expect, SharedStore};
use crate::table::{Row, Writes};
use model::id::TerritoryId;
use model::time::Timestamp;
use std::time::Duration;

/// What was refused is remembered for so long, as what is asked.
const REFUSED: Duration = Duration::from_secs(90 * 86_400);
/// What is no longer unblocked stays so long, so that whoever wonders why sees it.
const KEPT: Duration = Duration::from_secs(86_400);

/// Forgets answers that have ended and names that are unblocked no more. Says how many went.
pub(super) async fn answers_forget(store: &SharedStore, territory: &TerritoryId, now: Timestamp) -> Result<usize> {
    let expect = rules_marked(store.as_ref(), territory).await?;
    let ended = |row: &Row<Decision>| {
        let decision = &row.value;
        decision.accepted.as_ref().map_or_else(|| decision.at.after(REFUSED), |(_, until)| *until) <= now
    };
    let over = |row: &Row<UnblockHeld>| row.value.ends().after(KEPT) <= now;
    let answers = decisions(store.as_ref(), territory).await?.into_values();
    let answers: Vec<Row<Decision>> = answers.filter(ended).take(FORGET_MAX).collect();
    let names: Vec<Row<UnblockHeld>> =
        held(store.as_ref(), territory).await?.into_iter().filter(over).take(FORGET_MAX).collect();
    let count = answers.len() + names.len();
    if count == 0 {
        return Ok(0);
    }
    // How many, and none of the names: the audit is kept for ever.
    let act = Act::new(now, Author::Rule("unblock_end".to_owned()), "unblock_forget", count.to_string());
    let mut writes = Writes::by(territory, &act)?;
    for row in answers {
        writes = writes.remove(&DECISIONS, row.id, Expect::At(row.revision));
    }
    if !names.is_empty() {
        writes = rules_mark(writes, expect)?;
    }
    for row in names {
        writes = writes.remove(&UNBLOCKS, row.id, Expect::At(row.revision));
    }
    writes.commit(store).await?;
    Ok(count)
}
