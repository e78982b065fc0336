//! Verifying the chain: from its beginning or from where somebody has verified it before.

use super::{AUDIT, scope};
use crate::error::Result;
use crate::store::{Key, PAGE_MAX, SharedStore};
use model::chain::{self, Broken, Tip, Walk, checkpoint_compare};
use model::digest::Digest;
use model::id::TerritoryId;

/// The most entries verified in one call; a longer chain is verified in pieces, so that no call lasts long.
pub const VERIFY_MAX: u64 = 50_000;

/// Follows the chain of a territory from a tip and answers with the tip that was reached, or with the first broken place.
///
/// It stops at the length `upto`, and after [`VERIFY_MAX`] entries: who asks goes on from the tip until it stays. The tip asked from
/// is compared with the chain first, so a tip kept from earlier is a checkpoint. Between pages others have their turn.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn audit_verify(
    store: &SharedStore,
    territory: &TerritoryId,
    from: Tip,
    upto: Option<u64>,
) -> Result<std::result::Result<Tip, Broken>> {
    let most = from.length.saturating_add(VERIFY_MAX);
    let upto = upto.map_or(most, |upto| upto.min(most));
    let mut after = String::new();
    if let Some(last) = from.length.checked_sub(1) {
        after = chain::id(last);
        if let Err(broken) = checkpoint_compare(from, reached(store, territory, from.length).await?) {
            return Ok(Err(broken));
        }
    }
    let scope = scope(territory);
    let mut walk = Walk::new(from);
    let mut left = usize::try_from(upto.saturating_sub(from.length)).unwrap_or(usize::MAX);
    while left > 0 && !walk.settled() {
        let page = store.scan(&scope, &after, left.min(PAGE_MAX)).await?;
        let Some((last, _)) = page.last() else { break };
        after.clone_from(&last.id);
        left -= page.len().min(left);
        page.iter().for_each(|(_, entry)| walk.step(&entry.value));
        tokio::task::yield_now().await;
    }
    Ok(walk.end())
}

/// The tip the chain had at a length, or its whole length when it is shorter.
async fn reached(store: &SharedStore, territory: &TerritoryId, length: u64) -> Result<Tip> {
    let key = |sequence| Key { territory: territory.clone(), table: AUDIT, id: chain::id(sequence) };
    if let Some(entry) = store.get(&key(length.saturating_sub(1))).await? {
        return Ok(Tip { length, last: Some(Digest::of(&entry.value)) });
    }
    // Places are filled from 0, so the first empty one is found by halving.
    let (mut low, mut high) = (0, length.saturating_sub(1));
    while low < high {
        let middle = low + (high - low) / 2;
        if store.get(&key(middle)).await?.is_some() {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(Tip { length: low, last: None })
}

#[cfg(test)]
mod tests {
    use super::super::{Act, Author, Filter, audit_page};
    use super::*;
    use crate::audit::Reader;
    use crate::memory::Memory;
    use crate::scope::Reach;
    use crate::store::{Batch, Expect, Write};
    use bytes::Bytes;
    use model::chain::Fault;
    use model::time::Timestamp;
    use std::sync::Arc;

    fn territory() -> TerritoryId {
        "doubs".parse().unwrap()
    }

    async fn world(acts: u64) -> SharedStore {
        let store: SharedStore = Arc::new(Memory::new());
        for n in 0..acts {
            let by = Author::Operator(if n % 2 == 0 { "jeanne" } else { "paul" }.to_owned());
            let at = Timestamp::from_unix_seconds(i64::try_from(n).unwrap());
            let act = Act::new(at, by, "device_revoke", format!("DEV-{n}"));
            let act = if n % 3 == 0 { act.refused() } else { act };
            store.commit(Batch { writes: vec![], appends: vec![act.append(&territory()).unwrap()] }).await.unwrap();
        }
        store
    }

    /// Writes past every rule, as somebody with the disk in hand does.
    async fn tamper(store: &SharedStore, sequence: u64, value: Option<Bytes>) {
        let key = Key { territory: territory(), table: AUDIT, id: chain::id(sequence) };
        let write = Write { key, expect: Expect::Any, value, intent: true };
        store.commit(Batch { writes: vec![write], appends: vec![] }).await.unwrap();
    }

    async fn stored(store: &SharedStore, sequence: u64) -> Bytes {
        let key = Key { territory: territory(), table: AUDIT, id: chain::id(sequence) };
        store.get(&key).await.unwrap().unwrap().value
    }

    async fn verified(store: &SharedStore, from: Tip) -> std::result::Result<Tip, Broken> {
        audit_verify(store, &territory(), from, None).await.unwrap()
    }

    #[tokio::test]
    async fn tampering_is_located() {
        let store = world(8).await;
        assert_eq!(verified(&store, Tip::default()).await.unwrap().length, 8);
        let text = String::from_utf8(stored(&store, 3).await.to_vec()).unwrap();
        tamper(&store, 3, Some(Bytes::from(text.replace("DEV-3", "DEV-9")))).await;
        let broken = |sequence, fault| Err(Broken { sequence, fault });
        assert_eq!(verified(&store, Tip::default()).await, broken(3, Fault::Edited));
        let store = world(8).await;
        tamper(&store, 4, None).await;
        tamper(&store, 5, None).await;
        assert_eq!(verified(&store, Tip::default()).await, broken(4, Fault::Cut { next: 6 }));
        let store = world(8).await;
        let (two, five) = (stored(&store, 2).await, stored(&store, 5).await);
        tamper(&store, 2, Some(five)).await;
        tamper(&store, 5, Some(two)).await;
        assert_eq!(verified(&store, Tip::default()).await, broken(2, Fault::Reordered));
    }

    #[tokio::test]
    async fn a_lost_end_shows_against_what_was_kept() {
        let store = world(8).await;
        let kept = verified(&store, Tip::default()).await.unwrap();
        assert_eq!(verified(&store, kept).await, Ok(kept), "nothing new");
        for sequence in 5..8 {
            tamper(&store, sequence, None).await;
        }
        assert_eq!(verified(&store, Tip::default()).await.unwrap().length, 5, "nothing within it tells");
        let lost = Broken { sequence: 5, fault: Fault::Truncated { length: 8 } };
        assert_eq!(verified(&store, kept).await, Err(lost));
        let other = Tip { last: Some(Digest::of(b"x")), length: 3 };
        assert_eq!(verified(&store, other).await, Err(Broken { sequence: 2, fault: Fault::Rewritten }));
        let far = Tip { last: Some(Digest::of(b"x")), length: u64::MAX };
        assert!(verified(&store, far).await.is_err());
    }

    #[tokio::test]
    async fn pieces_meet() {
        let store = world(8).await;
        let half = audit_verify(&store, &territory(), Tip::default(), Some(5)).await.unwrap().unwrap();
        assert_eq!(half.length, 5);
        assert_eq!(verified(&store, half).await, verified(&store, Tip::default()).await);
    }

    #[tokio::test]
    async fn a_page_holds_what_fits() {
        let store = world(8).await;
        let found = |filter: Filter, after: &'static str, limit| {
            let store = Arc::clone(&store);
            async move {
                let reader = Reader { name: "", reach: &Reach::territory() };
                let (page, next) = audit_page(&store, &territory(), &reader, &filter, after, limit).await.unwrap();
                (page.iter().map(|e| e.sequence).collect::<Vec<_>>(), next)
            }
        };
        assert_eq!(found(Filter::default(), "", 3).await, (vec![0, 1, 2], Some(chain::id(2))));
        assert_eq!(found(Filter::default(), "0000000000000005", 3).await, (vec![6, 7], None));
        let paul = Filter { by: Some("paul".into()), refused_only: true, ..Filter::default() };
        assert_eq!(found(paul, "", 9).await.0, [3]);
        let at = |s| Some(Timestamp::from_unix_seconds(s));
        let within = Filter { since: at(2), until: at(4), ..Filter::default() };
        assert_eq!(found(within, "", 9).await.0, [2, 3]);
        let device = Filter { subject: Some("dev-6".into()), verb: Some("device_revoke".into()), ..Filter::default() };
        assert_eq!(found(device, "", 9).await.0, [6]);
        assert_eq!(found(Filter { verb: Some("device".into()), ..Filter::default() }, "", 9).await, (vec![], None));
        tamper(&store, 1, Some(Bytes::from_static(b"{}"))).await;
        let reader = Reader { name: "", reach: &Reach::territory() };
        let (page, _) = audit_page(&store, &territory(), &reader, &Filter::default(), "", 2).await.unwrap();
        assert!(page[1].act.is_none() && page[1].link.as_ref() == b"{}", "shown all the same");
        assert!(audit_page(&store, &territory(), &reader, &Filter::default(), "+1", 2).await.is_err());
    }
}
