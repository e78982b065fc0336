//! Keys that come and go.

use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::key::PublicKey;
use crate::kind::{ListRole, kind_of};
use crate::proposal::Proposal;
use crate::repository::{OFFLINE_LIFE, ONLINE, Published, Repository, list_next, online_create, threshold_check};
use crate::tuf::{Key, RoleKeys, Targets, moment};
use model::time::Timestamp as Moment;
use std::collections::BTreeMap;

/// What is to change in a role's keys.
#[derive(Clone, Debug, Default)]
pub struct Rotation {
    /// Keys that are to sign from now on.
    pub add: Vec<PublicKey>,
    /// Names of keys that are not.
    pub remove: Vec<String>,
    /// How many must sign; as before when none is said.
    pub threshold: Option<usize>,
}

/// Proposes other keys for a role. Online keys are made here and now; the documents that the old ones signed are proposed anew.
///
/// # Errors
/// [`Error::ThresholdBad`], [`Error::KeyUnknown`], [`Error::RoleOnline`]; what reading the repository says.
pub fn rotate(folder: &Folder, role: &str, rotation: &Rotation, now: Moment) -> Result<Proposal> {
    let repository = Repository::read(folder)?;
    let published = repository.published(folder)?;
    let expires = moment(now.after(OFFLINE_LIFE));
    let mut proposal = Proposal::of(&repository, published);
    let (mut root, mut targets) = (repository.root.clone(), published.targets.clone());
    let list = ListRole::named(role).map(|named| list_of(named, published, &mut targets, now)).transpose()?;
    if ONLINE.contains(&role) {
        if !rotation.add.is_empty() || !rotation.remove.is_empty() || rotation.threshold.is_some() {
            return Err(Error::RoleOnline(role.to_owned()));
        }
        let key = online_create(folder, role)?;
        if let Some(keys) = root.roles.get_mut(role) {
            keys.keyids = vec![key.id()];
        }
        root.keys.insert(key.id(), key.0);
    } else if list.is_some() {
        if let Some(delegations) = &mut targets.delegations {
            let named = delegations.roles.iter_mut().find(|one| one.name == role);
            if let Some(named) = named {
                keys_change(role, &mut named.keys, &mut delegations.keys, rotation)?;
            }
            let kept: Vec<String> = delegations.roles.iter().flat_map(|one| one.keys.keyids.clone()).collect();
            delegations.keys.retain(|id, _| kept.contains(id));
        }
    } else if let Some(keys) = root.roles.get_mut(role) {
        keys_change(role, keys, &mut root.keys, rotation)?;
    }
    let kept: Vec<String> = root.roles.values().flat_map(|one| one.keyids.clone()).collect();
    root.keys.retain(|id, _| kept.contains(id));
    if list.is_none() {
        (root.version, root.expires) = (root.version + 1, expires.clone());
        proposal.add("root", &root)?;
    }
    if role == "targets" || list.is_some() {
        (targets.version, targets.expires) = (targets.version + 1, expires);
        proposal.add("targets", &targets)?;
    }
    if let Some(list) = list {
        proposal.add(role, &list)?;
    }
    Ok(proposal)
}

/// The next list of a role. A repository made before there was this role gets it now, to be signed by the keys that are added.
fn list_of(role: &'static ListRole, published: &Published, targets: &mut Targets, now: Moment) -> Result<Targets> {
    match published.list(role.name) {
        Err(Error::NotDelegated(_)) if kind_of(targets)? == role.kind => {
            let none = RoleKeys { keyids: Vec::new(), threshold: 1 };
            targets.delegations.iter_mut().for_each(|all| all.roles.push(role.delegation(none.clone())));
            Ok(Targets::new(moment(now.after(OFFLINE_LIFE)), None))
        }
        list => Ok(list_next(list?, now)),
    }
}

fn keys_change(role: &str, keys: &mut RoleKeys, all: &mut BTreeMap<String, Key>, rotation: &Rotation) -> Result<()> {
    for id in &rotation.remove {
        // As people copy them: the beginning is enough where it names one key.
        let mut named = keys.keyids.iter().filter(|one| id.len() >= 8 && one.starts_with(id.as_str()));
        let (Some(one), None) = (named.next().cloned(), named.next()) else {
            return Err(Error::KeyUnknown { role: role.to_owned(), id: id.clone() });
        };
        keys.keyids.retain(|id| *id != one);
    }
    for key in &rotation.add {
        keys.keyids.push(key.id());
        all.insert(key.id(), key.0.clone());
    }
    keys.threshold = rotation.threshold.unwrap_or(keys.threshold);
    threshold_check(role, keys.threshold, &keys.keyids)
}
