//! What is told of resources: to the control plane as conditions, to people by a file that `cartable-agent resources` reads.

use crate::error::Error;
use crate::folder::Folder;
use crate::source::Road;
use model::resource::{BUNDLE_ITEM, BundleName, BundleWanted};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use wire::v1::{self, ConditionState};

/// The note's file in the state folder.
pub(crate) const FILE: &str = "resources.json";
/// How far a download is, is told in so many steps.
const STEPS: u64 = 20;

/// Where a bundle stands on this device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resource {
    /// Which bundle.
    pub name: String,
    /// The version that is wanted.
    pub wanted: String,
    /// The version that is seen in place; empty when none is.
    pub version: String,
    /// `held`, `pending`, `failed` or `skipped`.
    pub state: String,
    /// A code that says why; empty when held.
    pub reason: String,
    /// Bytes of the version that is wanted which are there.
    pub bytes: u64,
    /// Of how many; 0 while nobody knows.
    pub of_bytes: u64,
    /// Bytes that came from outside the school for it.
    pub wan_bytes: u64,
    /// Bytes that came from devices of the school.
    pub lan_bytes: u64,
    /// Bytes that came from a medium.
    pub medium_bytes: u64,
}

/// Where all of them stand.
#[derive(Debug)]
pub(crate) struct Shown {
    folder: Folder,
    exact: Mutex<BTreeMap<String, Resource>>,
    told: watch::Sender<Arc<Vec<Resource>>>,
}

impl Shown {
    /// Goes on from what was noted before: what was counted of a download is not forgotten.
    pub(crate) fn new(folder: &Folder) -> Self {
        let noted = noted(folder).unwrap_or_default();
        let exact = noted.iter().map(|one| (one.name.clone(), one.clone())).collect();
        Self { folder: folder.clone(), exact: Mutex::new(exact), told: watch::Sender::new(Arc::new(noted)) }
    }

    /// What is told, now and whenever it changes.
    pub(crate) fn told(&self) -> watch::Receiver<Arc<Vec<Resource>>> {
        self.told.subscribe()
    }

    /// Where all of them stand at this moment.
    pub(super) fn all(&self) -> Vec<Resource> {
        self.exact.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// From now on it is these that are wanted.
    pub(super) fn wanted(&self, wanted: &[BundleWanted]) {
        let mut exact = self.exact.lock().unwrap_or_else(PoisonError::into_inner);
        exact.retain(|name, _| wanted.iter().any(|wanted| wanted.name.as_str() == name));
        for wanted in wanted {
            let one = exact.entry(wanted.name.to_string()).or_default();
            let version = wanted.version.to_string();
            if one.wanted != version {
                *one = Resource {
                    name: wanted.name.to_string(),
                    wanted: version,
                    version: std::mem::take(&mut one.version),
                    state: state_name(ConditionState::Pending).to_owned(),
                    reason: "offered".to_owned(),
                    ..Resource::default()
                };
            }
        }
        self.tell(&exact);
    }

    /// How far one is.
    pub(super) fn state(&self, name: &BundleName, state: ConditionState, reason: &str) {
        self.change(name, |one| {
            (one.state, one.reason) = (state_name(state).to_owned(), reason.to_owned());
        });
    }

    /// It is in place.
    pub(super) fn held(&self, name: &BundleName) {
        self.change(name, |one| {
            one.version.clone_from(&one.wanted);
            (one.state, one.reason) = (state_name(ConditionState::Held).to_owned(), String::new());
            one.bytes = one.of_bytes;
        });
    }

    /// Which version of it is seen in place.
    pub(super) fn seen(&self, name: &BundleName, version: String) {
        self.change(name, |one| one.version = version);
    }

    /// How much of it is there.
    pub(super) fn bytes(&self, name: &BundleName, bytes: u64, of_bytes: u64) {
        self.change(name, |one| (one.bytes, one.of_bytes) = (bytes.min(of_bytes), of_bytes));
    }

    /// So many bytes came for it by a road.
    pub(super) fn came(&self, name: &BundleName, road: Road, bytes: u64) {
        self.change(name, |one| match road {
            Road::Server | Road::Mirror => one.wan_bytes += bytes,
            Road::Peer => one.lan_bytes += bytes,
            Road::Medium => one.medium_bytes += bytes,
        });
    }

    fn change(&self, name: &BundleName, change: impl FnOnce(&mut Resource)) {
        let mut exact = self.exact.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(one) = exact.get_mut(name.as_str()) {
            change(one);
            self.tell(&exact);
        }
    }

    /// Tells what is news: a download is told of in steps, what was counted with them.
    fn tell(&self, exact: &BTreeMap<String, Resource>) {
        let before = self.told.borrow().clone();
        let told = exact.values().map(|exact| {
            let told = Resource { bytes: stepped(exact), ..exact.clone() };
            let same = before.iter().find(|before| {
                let Resource { wan_bytes, lan_bytes, medium_bytes, .. } = **before;
                let counted = Resource { wan_bytes, lan_bytes, medium_bytes, ..told.clone() };
                **before == counted
            });
            same.cloned().unwrap_or(told)
        });
        let told: Vec<Resource> = told.collect();
        if told != *before {
            // Nobody but people reads it; what cannot be written is written with the next change.
            if let Ok(bytes) = serde_json::to_vec_pretty(&told) {
                let _ = self.folder.write_lightly(FILE, &bytes);
            }
            self.told.send_replace(Arc::new(told));
        }
    }
}

impl From<&Resource> for v1::Condition {
    fn from(one: &Resource) -> Self {
        let state = [ConditionState::Held, ConditionState::Failed, ConditionState::Skipped];
        let state = state.into_iter().find(|state| state_name(*state) == one.state).unwrap_or(ConditionState::Pending);
        Self {
            item: format!("{BUNDLE_ITEM}{}", one.name),
            state: state.into(),
            reason: one.reason.clone(),
            version: one.version.clone(),
            bytes: one.bytes,
            of_bytes: one.of_bytes,
            wan_bytes: one.wan_bytes,
            lan_bytes: one.lan_bytes,
            medium_bytes: one.medium_bytes,
            ..Self::default()
        }
    }
}

/// What an agent noted last; a damaged note is forgotten.
///
/// # Errors
/// [`Error::File`] when it cannot be read.
pub(crate) fn noted(folder: &Folder) -> Result<Vec<Resource>, Error> {
    Ok(folder.read(FILE)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
}

/// The name of a state, as people and programs read it.
pub(crate) const fn state_name(state: ConditionState) -> &'static str {
    match state {
        ConditionState::Held => "held",
        ConditionState::Failed => "failed",
        ConditionState::Skipped => "skipped",
        ConditionState::Pending | ConditionState::Unspecified => "pending",
    }
}

fn stepped(one: &Resource) -> u64 {
    if one.of_bytes == 0 || one.bytes >= one.of_bytes {
        return one.bytes;
    }
    let step = one.of_bytes.div_ceil(STEPS);
    one.bytes / step * step
}
