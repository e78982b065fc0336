//! What is verified, document by document from the root on.

use super::MEDIUM_AGE_MAX;
use super::document::{
    ROOT_BYTES_MAX, SNAPSHOT_BYTES_MAX, TARGETS_BYTES_MAX, TIMESTAMP_BYTES_MAX, document_fetch, document_need,
};
use super::error::PublisherError;
use super::floors::Floors;
use super::store::{Kept, Listed};
use crate::source::Source;
use model::digest::unhex;
use model::time::Timestamp;
use sigstore_tuf::metadata::Role;
use sigstore_tuf::{Error, Key, Root, TrustedMetadataSet};
use std::collections::{BTreeMap, BTreeSet};

/// The one role that may sign bundles; targets names its keys.
pub(crate) const BUNDLES: &str = "bundles";
/// The one that may sign the filter's lists; a repository may lack it.
pub(crate) const LISTS: &str = "lists";
/// The one that may sign the policy floor; a repository may lack it.
pub(crate) const FLOOR: &str = "floor";
/// The one that may sign releases of the agent, in another repository.
pub(crate) const RELEASES: &str = "releases";
/// The most new roots of one refresh: the next one goes on from there.
const ROOTS_MAX: u64 = 64;

/// Documents that hold, as they came and as they are read.
#[derive(Clone)]
pub(crate) struct Standing {
    pub(crate) kept: Kept,
    pub(crate) trusted: TrustedMetadataSet,
    pub(crate) floors: Floors,
    /// The roles whose lists are read: the first always, others where the repository has them.
    roles: &'static [&'static str],
    first: Root,
}

impl Standing {
    /// A root and nothing under it.
    pub(crate) fn new(root: &[u8], roles: &'static [&'static str]) -> Result<Self, PublisherError> {
        let trusted = TrustedMetadataSet::from_root(root)?;
        root_check(trusted.root())?;
        let text =
            std::str::from_utf8(root).map_err(|_| PublisherError::Damaged("the root is not a text".to_owned()))?;
        let floors = Floors::new(trusted.root(), root);
        let kept = Kept { roots: vec![text.to_owned()], listed: None };
        Ok(Self { kept, first: trusted.root().clone(), trusted, floors, roles })
    }

    /// The root this device was told of.
    pub(crate) const fn first(&self) -> &Root {
        &self.first
    }

    /// The roles whose lists are read here and now.
    pub(crate) fn lists(&self) -> impl Iterator<Item = &'static str> {
        lists_of(self.roles, &self.trusted)
    }

    /// Takes the next root: signed by who signs under the one before and under itself.
    pub(crate) fn root_take(&mut self, root: &str) -> Result<(), PublisherError> {
        let mut next = self.trusted.clone();
        next.update_root(root.as_bytes())?;
        root_check(next.root())?;
        self.trusted = next;
        self.floors.root_raise(self.trusted.root(), root.as_bytes());
        self.kept.roots.push(root.to_owned());
        Ok(())
    }

    /// Takes what was kept under the root, as far as it holds: expired too, since it says what was seen.
    pub(crate) fn listed_restore(&mut self, listed: Option<&Listed>) {
        let (mut trusted, mut floors) = (self.trusted.clone(), self.floors.clone());
        self.kept.listed =
            listed.filter(|listed| listed_read(&mut trusted, &mut floors, listed, self.roles).is_ok()).cloned();
        if self.kept.listed.is_some() {
            (self.trusted, self.floors) = (trusted, floors);
        }
    }

    /// Holds to what was seen before, also where nothing of it is left.
    pub(crate) fn floors_raise(&mut self, mut floors: Floors) {
        for root in &self.kept.roots {
            if let Ok(set) = TrustedMetadataSet::from_root(root.as_bytes()) {
                floors.root_raise(set.root(), root.as_bytes());
            }
        }
        let behind = self.trusted.timestamp().is_some_and(|timestamp| floors.timestamp_take(timestamp).is_err())
            || self.trusted.snapshot().is_some_and(|snapshot| floors.snapshot_take(snapshot).is_err());
        if behind {
            // The newer of two generations was lost: the older one is no longer good for installing.
            self.kept.listed = None;
            let last = self.kept.roots.last().and_then(|root| TrustedMetadataSet::from_root(root.as_bytes()).ok());
            self.trusted = last.unwrap_or_else(|| self.trusted.clone());
        }
        self.floors = floors;
    }

    /// Whether all that authorises a bundle holds now; what came on a medium is as of its date, for a while.
    pub(crate) fn fresh_check(&self, now: Timestamp, medium: Option<Timestamp>) -> Result<(), PublisherError> {
        let daily = match medium {
            Some(date) if now.since(date) <= MEDIUM_AGE_MAX => date.min(now),
            _ => now,
        };
        self.floors.root_check(self.trusted.root())?;
        self.trusted.check_root_expired(at(now))?;
        self.trusted.check_timestamp_expired(at(daily))?;
        self.trusted.check_snapshot_expired(at(daily))?;
        // A floor that nobody has signed anew holds on: what it closes must not open because of that, nor anything else stop.
        for name in std::iter::once("targets").chain(self.lists().filter(|role| *role != FLOOR)) {
            if let Some(role) = self.trusted.targets_role(name).filter(|role| role.is_expired(at(now))) {
                return Err(PublisherError::Expired(format!("{name} at {}", role.expires)));
            }
        }
        Ok(())
    }

    /// Walks from the root to the list of bundles, as the specification says (5.3 to 5.6).
    pub(crate) async fn refresh(
        &mut self,
        source: &dyn Source,
        now: Timestamp,
        medium: Option<Timestamp>,
    ) -> Result<(), PublisherError> {
        self.roots_walk(source).await?;
        self.floors.root_check(self.trusted.root())?;
        self.trusted.check_root_expired(at(now))?;
        let daily = at(medium.unwrap_or(now));
        // Both grow once all is verified: a mirror that is behind with the rest must not make this device refuse the others.
        let (mut next, mut floors) = (self.trusted.clone(), self.floors.clone());
        let timestamp = document_need(source, "timestamp.json", TIMESTAMP_BYTES_MAX).await?;
        match next.update_timestamp(timestamp.as_bytes(), daily) {
            Err(Error::EqualVersion { .. }) => {
                self.fresh_check(now, medium)?;
                if let Some(listed) = &mut self.kept.listed {
                    listed.medium = medium;
                }
                return Ok(());
            }
            taken => taken?,
        }
        let named = next.timestamp().ok_or(Error::NotRefreshed)?;
        floors.timestamp_take(named)?;
        let version = named.snapshot_meta().ok_or(Error::NotRefreshed)?.version;
        let kept = self.kept.listed.clone();
        let kept = |text: fn(&Listed) -> &String| kept.as_ref().map(text).cloned();
        let name = format!("{version}.snapshot");
        let take = |text: &str| next.update_snapshot(text.as_bytes(), daily);
        let snapshot = document_next(source, &name, SNAPSHOT_BYTES_MAX, kept(|k| &k.snapshot), take).await?;
        floors.snapshot_take(next.snapshot().ok_or(Error::NotRefreshed)?)?;
        let name = format!("{}.targets", listed_version(&next, "targets")?);
        let take = |text: &str| next.update_targets(text.as_bytes(), daily).map(drop);
        let targets = document_next(source, &name, TARGETS_BYTES_MAX, kept(|k| &k.targets), take).await?;
        delegated_check(&next)?;
        let (mut bundles, mut lists, mut floor) = (String::new(), None, None);
        for role in lists_of(self.roles, &next).collect::<Vec<_>>() {
            let name = format!("{}.{role}", listed_version(&next, role)?);
            let kept = self.kept.listed.as_ref().and_then(|kept| kept.list(role)).cloned();
            let take = |text: &str| next.update_delegated_targets(text.as_bytes(), role, "targets", daily).map(drop);
            let text = document_next(source, &name, TARGETS_BYTES_MAX, kept, take).await?;
            match role {
                LISTS => lists = Some(text),
                FLOOR => floor = Some(text),
                _ => bundles = text,
            }
        }
        let verified = Self {
            kept: Kept {
                roots: self.kept.roots.clone(),
                listed: Some(Listed { timestamp, snapshot, targets, bundles, lists, floor, medium }),
            },
            trusted: next,
            floors,
            roles: self.roles,
            first: self.first.clone(),
        };
        verified.fresh_check(now, medium)?;
        *self = verified;
        Ok(())
    }

    /// A document that is held, by its name.
    pub(crate) fn document(&self, name: &str) -> Option<&str> {
        if let Some(version) = name.strip_suffix(".root.json").and_then(|version| version.parse::<u64>().ok()) {
            let at = usize::try_from(version.checked_sub(self.first.version)?).ok()?;
            return self.kept.roots.get(at).map(String::as_str);
        }
        let listed = self.kept.listed.as_ref()?;
        let versioned = |role: &str, version: u64| format!("{version}.{role}.json");
        let snapshot = self.trusted.snapshot()?;
        let version = |role: &str| snapshot.meta.get(&format!("{role}.json")).map_or(0, |meta| meta.version);
        match name {
            "timestamp.json" => Some(&listed.timestamp),
            name if name == versioned("snapshot", snapshot.version) => Some(&listed.snapshot),
            name if name == versioned("targets", version("targets")) => Some(&listed.targets),
            name => {
                let role = self.lists().find(|role| name == versioned(role, version(role)))?;
                listed.list(role).map(String::as_str)
            }
        }
    }

    /// Takes the roots after the one that is trusted, and what was kept as far as it holds under the last.
    async fn roots_walk(&mut self, source: &dyn Source) -> Result<(), PublisherError> {
        let mut taken = 0;
        while taken < ROOTS_MAX {
            let name = format!("{}.root.json", self.trusted.root().version.saturating_add(1));
            let Some(root) = document_fetch(source, &name, ROOT_BYTES_MAX).await? else { break };
            self.root_take(&root)?;
            taken += 1;
        }
        if taken > 0 {
            let listed = self.kept.listed.take();
            self.listed_restore(listed.as_ref());
        }
        Ok(())
    }
}

/// Whether the first delegation that takes a name is that of a role: the order of delegations is their rank.
pub(crate) fn role_may(trusted: &TrustedMetadataSet, named: &str, name: &str) -> Result<bool, PublisherError> {
    let delegations = trusted.targets_role("targets").and_then(|targets| targets.delegations.as_ref());
    for role in delegations.map(|delegations| &*delegations.roles).unwrap_or_default() {
        if role.matches_path(name)? {
            return Ok(role.name == named);
        }
    }
    Ok(false)
}

/// The first role of those that are read, and the others that the targets let sign.
fn lists_of(roles: &'static [&'static str], trusted: &TrustedMetadataSet) -> impl Iterator<Item = &'static str> {
    let delegations = trusted.targets_role("targets").and_then(|targets| targets.delegations.as_ref());
    let named = delegations.map(|delegations| &*delegations.roles).unwrap_or_default();
    let is_named = |role: &str| named.iter().any(|one| one.name == role);
    roles.iter().enumerate().filter(move |(at, role)| *at == 0 || is_named(role)).map(|(_, role)| *role)
}

/// A time as the metadata has it.
pub(crate) fn at(time: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(time.unix_millis()).unwrap_or(jiff::Timestamp::MAX)
}

/// Reads documents that were kept, whatever the time.
fn listed_read(
    trusted: &mut TrustedMetadataSet,
    floors: &mut Floors,
    listed: &Listed,
    roles: &'static [&'static str],
) -> Result<(), PublisherError> {
    const ALWAYS: jiff::Timestamp = jiff::Timestamp::MIN;
    trusted.update_timestamp(listed.timestamp.as_bytes(), ALWAYS)?;
    trusted.update_snapshot(listed.snapshot.as_bytes(), ALWAYS)?;
    trusted.update_targets(listed.targets.as_bytes(), ALWAYS)?;
    delegated_check(trusted)?;
    for role in lists_of(roles, trusted).collect::<Vec<_>>() {
        // An agent before this one may have kept none: then all is fetched anew.
        let list = listed.list(role).ok_or(Error::NotRefreshed)?;
        trusted.update_delegated_targets(list.as_bytes(), role, "targets", ALWAYS)?;
    }
    floors.timestamp_take(trusted.timestamp().ok_or(Error::NotRefreshed)?)?;
    floors.snapshot_take(trusted.snapshot().ok_or(Error::NotRefreshed)?)
}

/// The kept document when it is still the one that is named, else the source's.
async fn document_next(
    source: &dyn Source,
    name: &str,
    max: u64,
    kept: Option<String>,
    mut take: impl FnMut(&str) -> sigstore_tuf::Result<()>,
) -> Result<String, PublisherError> {
    if let Some(kept) = kept.filter(|kept| take(kept).is_ok()) {
        return Ok(kept);
    }
    let text = document_need(source, &format!("{name}.json"), max).await?;
    take(&text)?;
    Ok(text)
}

fn listed_version(trusted: &TrustedMetadataSet, role: &str) -> Result<u64, PublisherError> {
    let meta = trusted.snapshot().and_then(|snapshot| snapshot.meta.get(&format!("{role}.json")));
    meta.map(|meta| meta.version).ok_or_else(|| PublisherError::NotSigned(format!("no snapshot lists {role}")))
}

fn delegated_check(trusted: &TrustedMetadataSet) -> Result<(), PublisherError> {
    let delegations = trusted.targets_role("targets").and_then(|targets| targets.delegations.as_ref());
    delegations.map_or(Ok(()), |delegations| keys_check(&delegations.keys))
}

/// What this client reads, of all that a root may say.
fn root_check(root: &Root) -> Result<(), PublisherError> {
    if !root.consistent_snapshot {
        return Err(PublisherError::Damaged("a root without consistent snapshots".to_owned()));
    }
    keys_check(&root.keys)
}

/// One key under two names would be two of a threshold; to tell, all are of the one kind our publisher makes.
fn keys_check(keys: &BTreeMap<String, Key>) -> Result<(), PublisherError> {
    let bytes = |key: &Key| {
        let plain = key.keytype == "ed25519" && key.scheme == "ed25519";
        unhex(&key.keyval.public).filter(|bytes| plain && bytes.len() == 32)
    };
    let different: Option<BTreeSet<Vec<u8>>> = keys.values().map(bytes).collect();
    match different {
        Some(different) if different.len() == keys.len() => Ok(()),
        Some(_) => Err(PublisherError::NotSigned("one key bears two names".to_owned())),
        None => Err(PublisherError::NotSigned("a key that is not Ed25519".to_owned())),
    }
}
