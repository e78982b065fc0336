//! The metadata on the disk: what was verified last and what was before it, each whole or not there.

use super::floors::Floors;
use super::standing::{FLOOR, LISTS};
use crate::error::Error;
use crate::folder::Folder;
use model::digest::Digest;
use model::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The folder within the state folder.
pub(crate) const FOLDER: &str = "publisher";
const SET: &str = "metadata";
const SET_BEFORE: &str = "metadata.before";
const FLOORS: &str = "floors";
/// The largest file of it, in bytes: six documents at their limits, quoted.
const FILE_BYTES_MAX: u64 = 32 << 20;

/// Documents as they were signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The roots, from one this device was told of to the newest.
    pub(crate) roots: Vec<String>,
    /// What holds under the newest.
    pub(crate) listed: Option<Listed>,
}

/// What is to be installed, from the timestamp down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listed {
    pub(crate) timestamp: String,
    pub(crate) snapshot: String,
    pub(crate) targets: String,
    pub(crate) bundles: String,
    /// The filter's lists, where a repository has a role for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lists: Option<String>,
    /// The floor, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) floor: Option<String>,
    /// When the medium it came on was written; none: it came over a network.
    pub(crate) medium: Option<Timestamp>,
}

/// The folder.
#[derive(Debug)]
pub(crate) struct Store(Folder);

impl Listed {
    /// The list of a role.
    pub(crate) fn list(&self, role: &str) -> Option<&String> {
        match role {
            LISTS => self.lists.as_ref(),
            FLOOR => self.floor.as_ref(),
            _ => Some(&self.bundles),
        }
    }
}

/// Whether a file in it is of the agent.
pub(crate) fn own(name: &str) -> bool {
    [SET, SET_BEFORE, FLOORS].contains(&name)
}

impl Store {
    pub(crate) fn open(state: &Folder) -> Result<Self, Error> {
        let folder = state.inner(FOLDER);
        folder.make()?;
        // Leftovers of a cut write go.
        folder.names(own)?;
        Ok(Self(folder))
    }

    /// What was kept last, and before; nothing where a file was torn.
    pub(crate) fn kept(&self) -> [Option<Kept>; 2] {
        [SET, SET_BEFORE].map(|name| self.whole(name))
    }

    pub(crate) fn floors(&self) -> Option<Floors> {
        self.whole(FLOORS)
    }

    /// Keeps these, and what was there before beside them.
    pub(crate) fn kept_write(&self, kept: &Kept) -> Result<(), Error> {
        // Never a torn one over a whole one.
        if self.whole::<Kept>(SET).is_some() {
            self.0.rename(SET, SET_BEFORE)?;
        }
        self.0.write(SET, &sealed(kept))
    }

    pub(crate) fn floors_write(&self, floors: &Floors) -> Result<(), Error> {
        self.0.write(FLOORS, &sealed(floors))
    }

    fn whole<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let bytes = match self.0.read_within(name, FILE_BYTES_MAX) {
            Ok(bytes) => bytes?,
            Err(error) => {
                tracing::warn!(%error, "metadata of resources cannot be read");
                return None;
            }
        };
        let opened = opened(&bytes);
        if opened.is_none() {
            tracing::warn!(file = %self.0.path(name).display(), "metadata of resources is damaged and is fetched again");
        }
        opened
    }
}

/// With its digest before it: a disk that loses half a file must not be believed by chance.
fn sealed<T: Serialize>(value: &T) -> Vec<u8> {
    let body = serde_json::to_vec(value).unwrap_or_default();
    [Digest::of(&body).to_string().as_bytes(), b"\n", &body].concat()
}

fn opened<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let at = bytes.iter().position(|byte| *byte == b'\n')?;
    let (digest, body) = (&bytes[..at], &bytes[at + 1..]);
    if Digest::of(body).to_string().as_bytes() != digest {
        return None;
    }
    serde_json::from_slice(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn kept(timestamp: &str) -> Kept {
        let text = || "{\"é\": \"\\u00e9\"}".to_owned();
        let (snapshot, targets, bundles) = (text(), text(), text());
        let listed = Listed {
            timestamp: timestamp.to_owned(),
            snapshot,
            targets,
            bundles,
            lists: None,
            floor: None,
            medium: None,
        };
        Kept { roots: vec![text()], listed: Some(listed) }
    }

    #[test]
    fn of_two_generations_each_is_whole_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let state = Folder::new(folder.path());
        let store = Store::open(&state).unwrap();
        assert_eq!((store.kept(), store.floors()), ([None, None], None));
        store.kept_write(&kept("1")).unwrap();
        store.kept_write(&kept("2")).unwrap();
        store.kept_write(&kept("3")).unwrap();
        assert_eq!(store.kept(), [Some(kept("3")), Some(kept("2"))]);
        let path = folder.path().join(FOLDER).join(SET);
        let whole = fs::read(&path).unwrap();
        let mut spoilt =
            vec![Vec::new(), b"\n".to_vec(), whole[..whole.len() - 1].to_vec(), [&whole[..], b" "].concat()];
        let mut flipped = whole.clone();
        flipped[80] ^= 1;
        spoilt.push(flipped);
        for spoilt in spoilt {
            fs::write(&path, &spoilt).unwrap();
            assert_eq!(Store::open(&state).unwrap().kept(), [None, Some(kept("2"))]);
        }
        // Ended between the two steps of a write.
        fs::remove_file(&path).unwrap();
        assert_eq!(store.kept(), [None, Some(kept("2"))]);
        fs::write(&path, b"torn").unwrap();
        store.kept_write(&kept("4")).unwrap();
        assert_eq!(store.kept(), [Some(kept("4")), Some(kept("2"))]);
    }
}
