//! The ids of acts, which are kept so that sending twice changes nothing, end with the time in which anybody could send twice.

use super::LOAN_ACTS;
use crate::audit::{Act, Author};
use crate::error::Result;
use crate::store::{Expect, PAGE_MAX, SharedStore};
use crate::table::Writes;
use model::id::TerritoryId;
use model::time::Timestamp;
use std::time::Duration;

/// How long the id of an act is known: longer than a desk that was put away over a whole school year stays unsent.
pub const ACT_LIFE: Duration = Duration::from_secs(400 * 86_400);

/// Forgets the ids of acts that were taken longer ago than [`ACT_LIFE`], among the next page of them after that place: how many, and where
/// the next page begins (empty when this was the last).
///
/// # Errors
/// `Conflict` or `Unavailable` when the store does not take it; nothing is forgotten then.
pub async fn acts_forget(
    store: &SharedStore,
    territory: &TerritoryId,
    after: &str,
    now: Timestamp,
) -> Result<(usize, String)> {
    let page = LOAN_ACTS.page(store.as_ref(), &LOAN_ACTS.scope(territory, ""), after, PAGE_MAX).await?;
    let next = match page.last() {
        Some(last) if page.len() == PAGE_MAX => last.id.clone(),
        _ => String::new(),
    };
    let before = now.before(ACT_LIFE);
    let over: Vec<_> = page.into_iter().filter(|row| row.value.at.is_some_and(|at| at < before)).collect();
    if over.is_empty() {
        return Ok((0, next));
    }
    let rule = Author::Rule("loan_acts".to_owned());
    let act = Act::new(now, rule, "loan_acts_forget", "loans").because(&format!("{} act ids", over.len()));
    let mut writes = Writes::by(territory, &act)?;
    for row in &over {
        writes = writes.remove(&LOAN_ACTS, row.id.as_str(), Expect::At(row.revision));
    }
    writes.commit(store).await?;
    Ok((over.len(), next))
}
