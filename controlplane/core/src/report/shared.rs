//! Long lists of packages that many devices have alike, as those of one image: kept once, by their digest.
//!
//! A body that no device refers to any more is first marked and, should it still be unused a day later, taken out: a report that was under
//! way while somebody looked is seen by the next look, and one that meets a marked body writes it anew.

use super::{SECTIONS, Section};
use crate::error::{Error, Result};
use crate::presence::PRESENCES;
use crate::store::{Batch, Expect, PAGE_MAX, SharedStore, Store, Write};
use crate::table::{Observed, Table, Writes};
use model::digest::Digest;
use model::id::{DeviceId, TerritoryId};
use model::section::SectionKind;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::time::Duration;

/// Bodies by the digest of the plain bytes. They are exported as decisions are: a section that refers to one may be newer than all that a
/// rebuilt store has of the journal.
static BODIES: Table<Kept, Observed> = Table::new("section_body");
/// Shorter ones are each device's own: another row would cost more than it saves.
const SHARED_FROM_BYTES: usize = 2 * 1024;
/// A device whose list changes again within so long keeps it to itself: what nobody has any more lies there for a day at least, and one that
/// sends another list each second must not fill the disk with them.
const CHANGES_AGAIN: Duration = Duration::from_secs(3_600);
/// So long a body is kept after it was seen unused.
const UNUSED_FOR: Duration = Duration::from_secs(86_400);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    zstd: bool,
    body: String,
    /// Since when no device is known to have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unused: Option<Timestamp>,
}

/// What of a section is written for one device; its body, where that is long, is added to the batch unless it is there.
pub(super) async fn share(
    store: &dyn Store,
    territory: &TerritoryId,
    writes: Writes<Observed>,
    device: DeviceId,
    (kind, section): (SectionKind, &Section),
) -> Result<(Writes<Observed>, Section)> {
    if kind != SectionKind::Packages || section.body.len() < SHARED_FROM_BYTES {
        return Ok((writes, section.clone()));
    }
    let id = section.digest.to_string();
    let apart = Section { body: String::new(), shared: true, ..section.clone() };
    let there = BODIES.get(store, territory, id.as_str()).await?;
    if there.is_some_and(|row| row.value.unused.is_none()) {
        return Ok((writes, apart));
    }
    let before = SECTIONS.get(store, territory, format!("{device}/{kind}")).await?;
    if before.is_some_and(|row| section.received.since(row.value.received) < CHANGES_AGAIN) {
        return Ok((writes, section.clone()));
    }
    let body = Kept { zstd: section.zstd, body: section.body.clone(), unused: None };
    Ok((writes.kept(&BODIES, id, &body, Expect::Any)?, apart))
}

/// A section with its body, wherever that lies; nothing where it is lost.
pub(super) async fn whole(store: &dyn Store, territory: &TerritoryId, section: Section) -> Result<Option<Section>> {
    if !section.shared {
        return Ok(Some(section));
    }
    let row = BODIES.get(store, territory, section.digest.to_string()).await?;
    Ok(row.map(|row| Section { body: row.value.body, zstd: row.value.zstd, shared: false, ..section }))
}

/// Looks which bodies no device has any more, marks them, and takes out those that were marked a day ago; answers with how many went.
///
/// # Errors
/// `Unavailable` when the store fails; what is not done is done at the next look.
pub async fn bodies_forget(store: &SharedStore, territory: &TerritoryId, now: Timestamp) -> Result<usize> {
    let mut used: HashSet<Digest> = HashSet::new();
    let (scope, mut after) = (PRESENCES.scope(territory, ""), String::new());
    loop {
        let page = PRESENCES.page(store.as_ref(), &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        used.extend(page.iter().flat_map(|row| row.value.sections.values().copied()));
    }
    let (scope, mut after, mut forgotten) = (BODIES.scope(territory, ""), String::new(), 0);
    loop {
        let page = BODIES.page(store.as_ref(), &scope, &after, BODIES_AT_A_TIME).await?;
        let Some(last) = page.last() else { return Ok(forgotten) };
        after.clone_from(&last.id);
        for row in page {
            let is_used = row.id.parse().is_ok_and(|digest: Digest| used.contains(&digest));
            let (unused, gone) = match (is_used, row.value.unused) {
                (true, None) => continue,
                (true, Some(_)) => (None, false),
                (false, None) => (Some(now), false),
                (false, Some(since)) if now.since(since) < UNUSED_FOR => continue,
                (false, since) => (since, true),
            };
            let value = if gone { None } else { Some(encoded(&Kept { unused, ..row.value })?.into()) };
            let key = BODIES.key(territory, row.id);
            let batch = Batch {
                writes: vec![Write { key, expect: Expect::At(row.revision), value, intent: true }],
                appends: Vec::new(),
            };
            match store.commit(batch).await {
                Ok(_) => forgotten += usize::from(gone),
                // A device has just reported it.
                Err(Error::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Each may be a MiB.
const BODIES_AT_A_TIME: usize = 16;

fn encoded(kept: &Kept) -> Result<Vec<u8>> {
    serde_json::to_vec(kept).map_err(|e| Error::unavailable("a section cannot be written", e))
}

#[cfg(test)]
mod tests {
    use super::super::{Report, SECTIONS, report_keep, report_sections};
    use super::*;
    use crate::memory::Memory;
    use model::id::DeviceId;
    use std::sync::Arc;

    const START: Timestamp = Timestamp::from_unix_seconds(1_795_000_000);

    fn device(n: u8) -> DeviceId {
        DeviceId::new(START, [n; 10])
    }

    fn bytes(n: u8, length: usize) -> Vec<u8> {
        (0..length).map(|at| n.wrapping_add(u8::try_from(at % 251).unwrap())).collect()
    }

    async fn report(store: &SharedStore, territory: &TerritoryId, n: u8, content: &[u8]) {
        report_at(store, territory, n, content, START).await;
    }

    async fn report_at(store: &SharedStore, territory: &TerritoryId, n: u8, content: &[u8], at: Timestamp) {
        let section = Section::new(Digest::of(content), at, at, false, content);
        let report = Report { sections: vec![(SectionKind::Packages, section)], ..Report::default() };
        report_keep(store, territory, device(n), &|presence| presence.sequence += 1, &report).await.unwrap();
    }

    async fn bodies(store: &SharedStore, territory: &TerritoryId) -> usize {
        BODIES.page(store.as_ref(), &BODIES.scope(territory, ""), "", 9).await.unwrap().len()
    }

    #[tokio::test]
    async fn what_many_have_alike_is_kept_once_and_read_whole() {
        let store: SharedStore = Arc::new(Memory::default());
        let territory: TerritoryId = "doubs".parse().unwrap();
        let (long, other, short) = (bytes(1, 9_000), bytes(2, 9_000), bytes(3, 90));
        for n in 0..5 {
            report(&store, &territory, n, &long).await;
        }
        report(&store, &territory, 5, &short).await;
        assert_eq!(bodies(&store, &territory).await, 1);
        for n in 0..5 {
            let sections = report_sections(store.as_ref(), &territory, device(n)).await.unwrap();
            assert_eq!(sections[0].1.body(), long);
            let row =
                SECTIONS.get(store.as_ref(), &territory, format!("{}/packages", device(n))).await.unwrap().unwrap();
            assert!(row.value.body.is_empty());
        }
        assert_eq!(report_sections(store.as_ref(), &territory, device(5)).await.unwrap()[0].1.body(), short);

        // Nobody has it any more; it goes a day after that was seen, unless somebody has it again.
        let day = |n: u64| START.after(Duration::from_secs(n * 86_400));
        for n in 0..5 {
            report_at(&store, &territory, n, &other, day(1)).await;
        }
        for (at, forgotten, left) in [(day(1), 0, 2), (day(1), 0, 2), (day(2), 1, 1), (day(3), 0, 1)] {
            assert_eq!(bodies_forget(&store, &territory, at).await.unwrap(), forgotten);
            assert_eq!(bodies(&store, &territory).await, left);
        }
        for n in 0..5 {
            report(&store, &territory, n, &short).await;
        }
        bodies_forget(&store, &territory, day(4)).await.unwrap();
        report(&store, &territory, 7, &other).await;
        assert_eq!(bodies_forget(&store, &territory, day(6)).await.unwrap(), 0);
        assert_eq!(report_sections(store.as_ref(), &territory, device(7)).await.unwrap()[0].1.body(), other);
    }

    #[tokio::test]
    async fn who_sends_another_list_each_second_leaves_none_behind() {
        let store: SharedStore = Arc::new(Memory::default());
        let territory: TerritoryId = "doubs".parse().unwrap();
        let at = |seconds: u64| START.after(Duration::from_secs(seconds));
        for n in 0..90 {
            report_at(&store, &territory, 1, &bytes(n, 9_000), at(n.into())).await;
        }
        assert_eq!(bodies(&store, &territory).await, 1, "the first alone");
        let kept = async || report_sections(store.as_ref(), &territory, device(1)).await.unwrap()[0].1.body();
        assert_eq!(kept().await, bytes(89, 9_000));
        // One that others have is theirs, too, and an hour later it is no restless one any more.
        report_at(&store, &territory, 2, &bytes(200, 9_000), at(100)).await;
        report_at(&store, &territory, 1, &bytes(200, 9_000), at(101)).await;
        report_at(&store, &territory, 1, &bytes(201, 9_000), at(3_702)).await;
        assert_eq!((bodies(&store, &territory).await, kept().await), (3, bytes(201, 9_000)));
    }
}
