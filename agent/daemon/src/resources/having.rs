//! Which chunks of a version lie on a disk, one bit each: what devices of a school tell each other before one asks another for anything.

use crate::peers::HELD;
use bytes::Bytes;
use model::resource::{BundleName, BundleVersion};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Chunks of a version by their number in its index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Having(Vec<u8>);

/// What is in the making on this device.
#[derive(Debug, Default)]
pub(super) struct Making(Mutex<BTreeMap<(BundleName, BundleVersion), Made>>);

/// Of a version that is made.
#[derive(Debug)]
struct Made {
    here: Having,
    /// Asked for outside the school, and not here yet.
    coming: Having,
}

/// While it lives, what is coming is said; what is given up is not waited for.
#[derive(Debug)]
pub(super) struct Coming {
    making: Arc<Making>,
    name: BundleName,
    version: BundleVersion,
}

/// What another device is asked for its chunks by.
pub(super) fn item(name: &BundleName, version: &BundleVersion) -> String {
    format!("{HELD}{name}/{version}")
}

/// The version that is asked for by such a name.
pub(super) fn item_read(item: &str) -> Option<(BundleName, BundleVersion)> {
    let (name, version) = item.strip_prefix(HELD)?.split_once('/')?;
    Some((name.parse().ok()?, version.parse().ok()?))
}

/// How long it is said, in bytes.
pub(super) const fn length(chunks: usize) -> usize {
    chunks.div_ceil(8)
}

impl Having {
    /// All of so many.
    pub(super) fn all(chunks: usize) -> Self {
        Self(vec![u8::MAX; length(chunks)])
    }

    /// As another device says it, what is here and then what is coming; what it does not say it does not have.
    pub(super) fn said(bytes: &[u8], chunks: usize) -> [Self; 2] {
        let (here, coming) = bytes.split_at(length(chunks).min(bytes.len()));
        [Self(here.to_vec()), Self(coming.to_vec())]
    }

    pub(super) fn has(&self, chunk: usize) -> bool {
        self.0.get(chunk / 8).is_some_and(|byte| byte & (1 << (chunk % 8)) != 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }

    pub(super) fn set(&mut self, chunk: usize, there: bool) {
        if let Some(byte) = self.0.get_mut(chunk / 8) {
            let bit = 1 << (chunk % 8);
            *byte = if there { *byte | bit } else { *byte & !bit };
        }
    }

    pub(super) fn bytes(self) -> Bytes {
        self.0.into()
    }
}

impl Making {
    /// A version is made, of which this is there.
    pub(super) fn begun(self: &Arc<Self>, name: &BundleName, version: &BundleVersion, here: Having) -> Coming {
        let coming = Having(vec![0; here.0.len()]);
        self.lock().insert((name.clone(), version.clone()), Made { here, coming });
        Coming { making: Arc::clone(self), name: name.clone(), version: version.clone() }
    }

    /// It is in place, or given up.
    pub(super) fn ended(&self, name: &BundleName, version: &BundleVersion) {
        self.lock().remove(&(name.clone(), version.clone()));
    }

    /// What of it is there, and what is coming, as it is said to others.
    pub(super) fn of(&self, name: &BundleName, version: &BundleVersion) -> Option<Bytes> {
        let made = self.lock();
        let Made { here, coming } = made.get(&(name.clone(), version.clone()))?;
        Some([&here.0[..], &coming.0[..]].concat().into())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(BundleName, BundleVersion), Made>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Coming {
    /// These were asked for outside.
    pub(super) fn asked(&self, chunks: impl Iterator<Item = usize>) {
        self.with(|made| chunks.for_each(|chunk| made.coming.set(chunk, true)));
    }

    /// Nobody waits for these any more.
    pub(super) fn answered(&self, chunks: impl Iterator<Item = usize>) {
        self.with(|made| chunks.for_each(|chunk| made.coming.set(chunk, false)));
    }

    /// These are here.
    pub(super) fn came(&self, chunks: impl Iterator<Item = usize>) {
        self.with(|made| chunks.for_each(|chunk| made.here.set(chunk, true)));
    }

    fn with(&self, change: impl FnOnce(&mut Made)) {
        if let Some(made) = self.making.lock().get_mut(&(self.name.clone(), self.version.clone())) {
            change(made);
        }
    }
}

impl Drop for Coming {
    fn drop(&mut self) {
        self.with(|made| made.coming.0.fill(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_chunk_has_a_bit_and_what_is_not_said_is_not_there() {
        let mut having = Having::all(17);
        assert_eq!(having.0.len(), 3);
        having.set(16, false);
        having.set(3, false);
        having.set(999, true);
        let [said, coming] = Having::said(&having.bytes()[..2], 17);
        let there: Vec<usize> = (0..40).filter(|chunk| said.has(*chunk)).collect();
        assert_eq!(there, (0..16).filter(|chunk| *chunk != 3).collect::<Vec<_>>());
        assert_eq!(coming, Having::default());
    }

    #[test]
    fn what_was_asked_for_is_coming_until_it_is_here_or_given_up() {
        let making = Arc::new(Making::default());
        let (name, version) = ("eau".parse().unwrap(), "2026.9".parse().unwrap());
        let said = || {
            let [here, coming] = Having::said(&making.of(&name, &version).unwrap(), 20);
            let of = |having: Having| (0..20).filter(|chunk| having.has(*chunk)).collect::<Vec<_>>();
            [of(here), of(coming)]
        };
        let coming = making.begun(&name, &version, Having(vec![0; 3]));
        coming.asked([3, 4, 19].into_iter());
        assert_eq!(said(), [vec![], vec![3, 4, 19]]);
        coming.answered([3, 4].into_iter());
        coming.came([4].into_iter());
        assert_eq!(said(), [vec![4], vec![19]]);
        drop(coming);
        assert_eq!(said(), [vec![4], vec![]]);
        making.ended(&name, &version);
        assert_eq!(making.of(&name, &version), None);
    }

    #[test]
    fn only_names_of_versions_are_asked_for() {
        let (name, version) = ("eau".parse().unwrap(), "2026.9".parse().unwrap());
        assert_eq!(item_read(&item(&name, &version)), Some((name, version)));
        for bad in ["held/eau", "held//1", "held/../x/1", "chunks/ab/ab", "held/eau/1/2"] {
            assert_eq!(item_read(bad), None, "{bad}");
        }
    }
}
