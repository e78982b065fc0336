//! Reading the chain: acts in the order in which they were written, with the bytes that prove them.

use super::{AUDIT, Act, Author, scope};
use crate::device::DEVICES;
use crate::error::{Error, Result};
use crate::scope::Reach;
use crate::store::{Key, PAGE_MAX, SharedStore, Store};
use bytes::Bytes;
use model::chain::{self, Link};
use model::digest::Digest;
use model::id::TerritoryId;
use model::time::Timestamp;

/// The most entries looked at for one page, so that a filter that fits nothing does not hold a call for a whole chain.
const LOOKED_AT_MAX: usize = 20_000;
/// The most bytes of links in one page; the next entry goes into the next.
const PAGE_BYTES_MAX: usize = 1024 * 1024;

/// Which acts are meant; what is not named fits all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// At this moment or later.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// By who goes by this name: a person, a token's id, a rule.
    pub by: Option<String>,
    /// This verb, such as `device_revoke`.
    pub verb: Option<String>,
    /// What the subject begins with, such as a device id; case does not count.
    pub subject: Option<String>,
    /// Only acts that were refused.
    pub refused_only: bool,
}

/// An entry of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place, from 0.
    pub sequence: u64,
    /// The digest of its link.
    pub digest: Digest,
    /// The act; none when what is stored cannot be read as one, which only tampering or a newer version makes.
    pub act: Option<Act>,
    /// The link, as stored.
    pub link: Bytes,
}

impl Filter {
    /// Whether an act is meant.
    #[must_use]
    pub fn fits(&self, act: &Act) -> bool {
        let begins =
            |text: &String| act.subject.get(..text.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(text));
        self.since.is_none_or(|since| act.at >= since)
            && self.until.is_none_or(|until| act.at < until)
            && self.by.as_ref().is_none_or(|by| act.by.name() == by)
            && self.verb.as_ref().is_none_or(|verb| act.verb == *verb)
            && self.subject.as_ref().is_none_or(begins)
            && (!self.refused_only || act.refused)
    }
}

/// Who reads, and how far they may see.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// Their name: their own acts are theirs to read.
    pub name: &'a str,
    /// What of the territory they may see.
    pub reach: &'a Reach,
}

impl Reader<'_> {
    /// Of a part of the territory one reads the acts on its devices, and one's own, unless they name what lies outside.
    async fn sees(&self, store: &dyn Store, territory: &TerritoryId, act: Option<&Act>) -> Result<bool> {
        if self.reach.is_territory() {
            return Ok(true);
        }
        let Some(act) = act else { return Ok(false) };
        match act.device() {
            Some(id) => {
                let row = DEVICES.get(store, territory, id.to_string()).await?;
                Ok(row.is_some_and(|row| self.reach.covers(&row.value.filed())))
            }
            None => Ok(matches!(&act.by, Author::Operator(name) if name == self.name)),
        }
    }
}

/// A page of the entries that somebody may see after a place, oldest first, and where the next page begins; nothing when this was the last.
///
/// A page may hold fewer entries than there are, even none, and still not be the last. An entry that cannot be read fits every
/// filter: an auditor has to see it.
///
/// # Errors
/// `Invalid` when `after` is not the `next` of a page, `Unavailable` when the store fails.
pub async fn audit_page(
    store: &SharedStore,
    territory: &TerritoryId,
    reader: &Reader<'_>,
    filter: &Filter,
    after: &str,
    limit: usize,
) -> Result<(Vec<Entry>, Option<String>)> {
    if !after.is_empty() {
        place(after)?;
    }
    let (limit, scope) = (limit.clamp(1, PAGE_MAX), scope(territory));
    let (mut found, mut bytes, mut looked_at) = (Vec::new(), 0, 0);
    let mut after = after.to_owned();
    while looked_at < LOOKED_AT_MAX {
        let page = store.scan(&scope, &after, PAGE_MAX).await?;
        if page.is_empty() {
            return Ok((found, None));
        }
        for (key, entry) in page {
            let entry = read(&key, entry.value)?;
            looked_at += 1;
            let fits = entry.act.as_ref().is_none_or(|act| filter.fits(act));
            // Judged before it is counted: where a page ends must not tell of what is not shown.
            if fits && reader.sees(store.as_ref(), territory, entry.act.as_ref()).await? {
                if !found.is_empty() && bytes + entry.link.len() > PAGE_BYTES_MAX {
                    return Ok((found, Some(after)));
                }
                bytes += entry.link.len();
                found.push(entry);
            }
            after = key.id;
            if found.len() >= limit {
                return Ok((found, Some(after)));
            }
        }
        tokio::task::yield_now().await;
    }
    Ok((found, Some(after)))
}

/// The place an id of the chain stands for.
fn place(id: &str) -> Result<u64> {
    let place = u64::from_str_radix(id, 16).ok().filter(|place| chain::id(*place) == id);
    place.ok_or_else(|| Error::Invalid("this is not where a page of the audit begins".to_owned()))
}

fn read(key: &Key, link: Bytes) -> Result<Entry> {
    let sequence = place(&key.id).map_err(|e| Error::unavailable(format!("{AUDIT}/{} has no place", key.id), e))?;
    let read: Option<Link<'_>> = serde_json::from_slice(&link).ok();
    let act = read.and_then(|read| serde_json::from_str(read.body.get()).ok());
    Ok(Entry { sequence, digest: Digest::of(&link), act, link })
}
