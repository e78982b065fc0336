//! Putting a document into a layer, taking it out, and going back to one that held: each is a new version.

use super::document::Document;
use super::layer::Layer;
use super::layers::{Held, LAYERS_MAX, POLICIES};
use crate::assignment::target_check;
use crate::audit::{Act, Person, WHY_CHARS_MAX};
use crate::class::class_serves;
use crate::error::{Error, Result};
use crate::scope::Reach;
use crate::store::{Expect, PAGE_MAX, Store};
use crate::table::{Intent, Row, Table, Writes};
use model::digest::Digest;
use model::id::TerritoryId;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Versions by `<layer>#<version>`.
pub static POLICY_VERSIONS: Table<Held, Intent> = Table::new("policy_version");
/// The most versions that are kept of a layer, the newest.
pub const VERSIONS_MAX: u32 = 100;

/// An act on a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyWish {
    /// Which.
    pub layer: Layer,
    /// The document that is to hold; none: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The version that is taken up again, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u32>,
}

impl PolicyWish {
    /// The name in tables and messages.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        match (&self.text, self.of) {
            (_, Some(_)) => "policy_rollback",
            (Some(_), None) => "policy_apply",
            (None, None) => "policy_remove",
        }
    }

    /// The document, judged.
    ///
    /// # Errors
    /// `Invalid` with where it is not as it must be.
    pub fn document(&self) -> Result<Option<Document>> {
        let read = |text: &String| Document::read(text, &self.layer);
        let refused = |error| Error::Invalid(format!("this policy is refused: {error}"));
        self.text.as_ref().map(read).transpose().map_err(refused)
    }
}

/// The writes of an act: what holds, the version, the audit entry, all at once.
///
/// # Errors
/// `Invalid` for a document that is none, one that holds already, or a layer too many; `NotFound` outside the reach, or where there is
/// nothing to take out; `Conflict` at the commit when somebody else wrote to the layer.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one act")]
pub async fn policy_writes(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    wish: &PolicyWish,
    by: &Person,
    second: Option<&Person>,
    why: &str,
    now: Timestamp,
) -> Result<Writes<Intent>> {
    let layer = &wish.layer;
    target_check(store, territory, reach, &layer.target()).await?;
    wish.document()?;
    let row = POLICIES.get(store, territory, layer.to_string()).await?;
    let before = row.as_ref().and_then(|row| row.value.text.as_ref());
    match (before, &wish.text) {
        (None, None) => return Err(Error::NotFound(format!("policy of layer {layer}"))),
        (Some(before), Some(after)) if before == after => {
            return Err(Error::Invalid("this policy holds already".to_owned()));
        }
        _ => {}
    }
    if before.is_none() {
        room_check(store, territory).await?;
        if let Layer::Class(class) = layer {
            class_serves(store, territory, class).await?;
        }
    }
    let (last, expect) = row.map_or((0, Expect::Absent), |row| (row.value.version, Expect::At(row.revision)));
    let version = last.saturating_add(1);
    let held = Held {
        layer: layer.clone(),
        version,
        digest: Digest::of(wish.text.as_deref().unwrap_or_default().as_bytes()),
        text: wish.text.clone(),
        by: by.name.clone(),
        second: second.map(|second| second.name.clone()),
        why: why.chars().take(WHY_CHARS_MAX).collect(),
        at: now,
        of: wish.of,
    };
    let act = Act::of(now, by, wish.verb(), format!("policy:{layer}"), why).with(second);
    let mut writes = Writes::by(territory, &act)?.put(&POLICIES, layer.to_string(), &held, expect)?.put(
        &POLICY_VERSIONS,
        version_id(layer, version),
        &held,
        Expect::Absent,
    )?;
    if let Some(old) = version.checked_sub(VERSIONS_MAX).filter(|old| *old > 0) {
        writes = writes.remove(&POLICY_VERSIONS, version_id(layer, old), Expect::Any);
    }
    Ok(writes)
}

/// What holds in a layer, with the revision at which it was written; also where it was removed.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn policy_get(store: &dyn Store, territory: &TerritoryId, layer: &Layer) -> Result<Option<Row<Held>>> {
    POLICIES.get(store, territory, layer.to_string()).await
}

/// What holds in each layer, by its name.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn policy_list(store: &dyn Store, territory: &TerritoryId) -> Result<Vec<Held>> {
    let scope = POLICIES.scope(territory, "");
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = POLICIES.page(store, &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        all.extend(page.into_iter().map(|row| row.value).filter(|held| held.text.is_some()));
    }
    all.sort_by(|a: &Held, b| a.layer.cmp(&b.layer));
    Ok(all)
}

/// The versions of a layer that are kept, the newest first.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn policy_versions(store: &dyn Store, territory: &TerritoryId, layer: &Layer) -> Result<Vec<Held>> {
    let scope = POLICY_VERSIONS.scope(territory, format!("{layer}#"));
    let page = POLICY_VERSIONS.page(store, &scope, "", PAGE_MAX).await?;
    // A class may be called so that its versions begin as another's do.
    let mut versions: Vec<Held> = page.into_iter().map(|row| row.value).filter(|held| held.layer == *layer).collect();
    versions.sort_by_key(|held| std::cmp::Reverse(held.version));
    Ok(versions)
}

/// A version of a layer.
///
/// # Errors
/// `NotFound` for one that is not kept.
pub async fn policy_version(store: &dyn Store, territory: &TerritoryId, layer: &Layer, version: u32) -> Result<Held> {
    let row = POLICY_VERSIONS.get(store, territory, version_id(layer, version)).await?;
    row.map(|row| row.value).ok_or_else(|| Error::NotFound(format!("version {version} of layer {layer}")))
}

async fn room_check(store: &dyn Store, territory: &TerritoryId) -> Result<()> {
    let scope = POLICIES.scope(territory, "");
    let (mut count, mut after) = (0, String::new());
    loop {
        let page = POLICIES.page(store, &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(&last.id);
        // One that was emptied keeps its place for its versions, and takes nobody else's.
        count += page.iter().filter(|row| row.value.text.is_some()).count();
        if count >= LAYERS_MAX {
            return Err(Error::Invalid(format!("there are at most {LAYERS_MAX} policies")));
        }
    }
}

fn version_id(layer: &Layer, version: u32) -> String {
    format!("{layer}#{version:010}")
}
