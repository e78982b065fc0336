//! Files of the system that are ours for a while: what was there before is kept until they are put back.

use crate::GuardError;
use crate::disk::{System, Was};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a file that stands where others write too says of itself; it is known by that.
pub(crate) const MARK: &str = "Made by cartable-agent";

/// A file of the system that we write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) path: &'static str,
    /// Whether nobody else has a file of that name; else ours bears the mark.
    pub(crate) ours: bool,
    /// The unit that reads it, and is to be told.
    pub(crate) unit: Option<&'static str>,
}

/// What was there, and what is still to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// By path.
    entries: BTreeMap<String, Entry>,
    /// Units that have not read yet what was changed.
    untold: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    was: Was,
    /// Folders that are made for it, the outermost first.
    folders: Vec<String>,
}

/// The files of one purpose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hold<'a> {
    system: &'a System,
    /// The file of the state folder that keeps what was there.
    name: &'static str,
}

impl Record {
    /// What was at a path before it was ours, where that is known.
    pub(crate) fn was(&self, path: &str) -> Option<&Was> {
        self.entries.get(path).map(|entry| &entry.was)
    }

    /// The units that are still to be told.
    pub(crate) fn untold(&self) -> impl Iterator<Item = &str> {
        self.untold.iter().map(String::as_str)
    }
}

impl<'a> Hold<'a> {
    pub(crate) const fn new(system: &'a System, name: &'static str) -> Self {
        Self { system, name }
    }

    /// What is to be kept of these places, by what is kept and what is there now.
    ///
    /// Somebody else's file that stands where ours stood is newer than what is kept, and takes its place; ours never does, nor does nothing.
    pub(crate) fn look(&self, places: &[Place]) -> Result<Record, GuardError> {
        let mut record = self.record();
        for place in places {
            let now = self.system.look(place.path)?;
            let known = record.entries.get(place.path);
            if place.is_ours(&now) || (now == Was::Absent && known.is_some()) {
                continue;
            }
            let folders = self.system.missing(place.path);
            let folders = known.map_or(folders, |known| known.folders.clone());
            record.entries.insert(place.path.to_owned(), Entry { was: now, folders });
        }
        Ok(record)
    }

    /// The places that do not hold what is wanted.
    pub(crate) fn differing(&self, record: &Record, wanted: &[(Place, Was)]) -> Result<Vec<String>, GuardError> {
        let mut places: Vec<String> = record.untold().map(str::to_owned).collect();
        for (place, wanted) in wanted {
            if self.system.look(place.path)? != *wanted {
                places.push(place.path.to_owned());
            }
        }
        Ok(places)
    }

    /// Puts what is wanted in place, after what was there is kept; gives back what is kept now.
    pub(crate) fn take(&self, mut record: Record, wanted: &[(Place, Was)]) -> Result<Record, GuardError> {
        let mut changed = Vec::new();
        for (place, wanted) in wanted {
            if self.system.look(place.path)? != *wanted {
                record.untold.extend(place.unit.map(str::to_owned));
                changed.push((place, wanted));
            }
        }
        if record != self.record() {
            self.keep(&record)?;
        }
        for (place, wanted) in changed {
            self.system.put(place.path, wanted)?;
        }
        Ok(record)
    }

    /// Puts back what was there; `lost` says what belongs where ours stands and nothing is kept. What remains to be told is in the answer;
    /// then [`Hold::forget`].
    pub(crate) fn put_back(&self, places: &[Place], lost: impl Fn(&str) -> Was) -> Result<Record, GuardError> {
        let mut record = self.record();
        let mut changed = Vec::new();
        for place in places {
            let (now, entry) = (self.system.look(place.path)?, record.entries.get(place.path));
            let was = entry.map_or_else(|| lost(place.path), |entry| entry.was.clone());
            if place.is_ours(&now) || (now == Was::Absent && entry.is_some() && was != Was::Absent) {
                record.untold.extend(place.unit.map(str::to_owned));
                changed.push((*place, was));
            }
        }
        if record != self.record() {
            self.keep(&record)?;
        }
        for (place, was) in changed {
            self.system.put(place.path, &was)?;
        }
        for place in places {
            self.system.tidy(place.path)?;
        }
        for folder in record.entries.values().flat_map(|entry| entry.folders.iter().rev()) {
            self.system.folder_remove(folder)?;
        }
        Ok(record)
    }

    /// Notes that all units have been told.
    pub(crate) fn told(&self, mut record: Record) -> Result<(), GuardError> {
        if record.untold.is_empty() {
            return Ok(());
        }
        record.untold.clear();
        self.keep(&record)
    }

    /// Forgets what was there: it is there again.
    pub(crate) fn forget(&self) -> Result<(), GuardError> {
        self.system.forget(self.name)
    }

    /// What is kept; one that cannot be read is as none, and what belongs there is found out otherwise.
    pub(crate) fn record(&self) -> Record {
        let bytes = std::fs::read(self.system.kept(self.name)).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    fn keep(&self, record: &Record) -> Result<(), GuardError> {
        let bytes = serde_json::to_vec(record).map_err(|error| {
            GuardError::file(&self.system.kept(self.name), std::io::Error::other(error.to_string()))
        })?;
        self.system.keep(self.name, &bytes)
    }
}

impl Place {
    /// Whether what is there was made by us.
    fn is_ours(&self, now: &Was) -> bool {
        match now {
            Was::File { bytes, .. } => self.ours || marked(bytes),
            Was::Absent | Was::Link(_) => false,
        }
    }
}

fn marked(bytes: &[u8]) -> bool {
    bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes())
}
