//! Enrolling again: the new identity is made whole in a folder of its own, then takes the place of the old one.
//!
//! The enrolment file of the new identity is the moment that decides: before it the old identity holds, whatever else lies in the
//! folder; from then on every start ends the move where it was cut.

use super::{ENROLMENT, RENEWAL, State, TLS_NEXT, TLS_NEXT_KEY, enrolment_read, loan, own};
use crate::error::Error;
use crate::status;

/// Where the new identity is made.
pub(super) const FOLDER: &str = "again";

impl State {
    /// The new identity's state, under the same lock; what an earlier try left is gone on with.
    pub(crate) fn again(&self) -> Result<Self, Error> {
        let folder = self.folder.inner(FOLDER);
        folder.make()?;
        folder.names(own)?;
        Ok(Self { folder, lock: self.lock.clone(), settled: false })
    }

    /// Forgets a new identity that is of no use: the next try begins with another key.
    pub(crate) fn again_forget(&self) -> Result<(), Error> {
        let folder = self.folder.inner(FOLDER);
        // What makes it an enrolment goes first, so that half of one is never settled.
        folder.remove(ENROLMENT)?;
        if folder.root().exists() {
            folder.names(own)?.iter().try_for_each(|name| folder.remove(name))?;
        }
        self.folder.remove_inner(FOLDER)
    }

    /// Puts a new identity that is whole in the place of the old one, whose files go; says whether there was one.
    pub(crate) fn again_settle(&self) -> Result<bool, Error> {
        let folder = self.folder.inner(FOLDER);
        if enrolment_read(&folder)?.is_none() {
            return Ok(false);
        }
        // Of the old identity, and of no use to the new one.
        [RENEWAL, TLS_NEXT, TLS_NEXT_KEY, status::FILE, loan::FILE]
            .iter()
            .try_for_each(|name| self.folder.remove(name))?;
        folder.remove(TLS_NEXT_KEY)?;
        let names = folder.names(own)?;
        let inner = |name: &str| format!("{FOLDER}/{name}");
        for name in names.iter().filter(|name| *name != ENROLMENT) {
            self.folder.rename(&inner(name), name)?;
        }
        self.folder.rename(&inner(ENROLMENT), ENROLMENT)?;
        self.folder.remove_inner(FOLDER)?;
        tracing::info!("a new identity has taken the place of the old one");
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::made;
    use crate::folder::Folder;
    use crate::state::{State, enrolled_read};
    use std::fs;
    use std::path::Path;

    /// Copies the files of an enrolled device into the folder of a new identity, up to a count; the enrolment comes last.
    fn put(from: &Path, state: &Path, upto: usize) -> usize {
        let mut names: Vec<_> = fs::read_dir(from).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.retain(|name| name != "lock" && name != "running" && name != "again");
        names.sort_by_key(|name| (name == "enrolment.json", name.clone()));
        fs::create_dir_all(state.join("again")).unwrap();
        for name in names.iter().take(upto) {
            fs::copy(from.join(name), state.join("again").join(name)).unwrap();
        }
        names.len()
    }

    #[test]
    fn cut_anywhere_the_old_identity_holds_or_the_new_one_does() {
        let count = put(made(1).temporary.path(), tempfile::tempdir().unwrap().path(), 0);
        for cut in 0..=count {
            let (old, new) = (made(1), made(2));
            let (before, after) = (old.read().unwrap().unwrap(), new.read().unwrap().unwrap());
            put(new.temporary.path(), old.temporary.path(), cut);
            let path = old.temporary.path().to_owned();
            let crate::fixture::Made { state, temporary: _kept, .. } = old;
            drop(state);
            let state = State::open(&Folder::new(&path)).unwrap();
            let held = enrolled_read(state.folder()).unwrap().unwrap();
            let expected = if cut == count { &after } else { &before };
            assert_eq!(held.enrolment, expected.enrolment, "cut after {cut} of {count}");
            assert_eq!(held.certificate.chain, expected.certificate.chain);
            assert_eq!(path.join("again").exists(), cut < count);
            if cut < count {
                state.again_forget().unwrap();
                assert!(!path.join("again").exists());
                assert_eq!(enrolled_read(state.folder()).unwrap().unwrap().enrolment, before.enrolment);
            }
        }
    }

    #[test]
    fn a_move_that_was_cut_is_ended_by_the_next_start() {
        let names = ["head", "identity.key", "tls.pem", "trust"];
        for moved in 0..=names.len() {
            let (old, new) = (made(1), made(2));
            let after = new.read().unwrap().unwrap();
            put(new.temporary.path(), old.temporary.path(), usize::MAX);
            let path = old.temporary.path().to_owned();
            let crate::fixture::Made { state, temporary: _kept, .. } = old;
            drop(state);
            for name in &names[..moved] {
                fs::rename(path.join("again").join(name), path.join(name)).unwrap();
            }
            let state = State::open(&Folder::new(&path)).unwrap();
            let held = enrolled_read(state.folder()).unwrap().unwrap();
            assert_eq!((held.enrolment, held.certificate.chain), (after.enrolment, after.certificate.chain), "{moved}");
            let key = state.identity_key_held().unwrap();
            assert_eq!(key.public(), new.state.identity_key_held().unwrap().public());
        }
    }
}
