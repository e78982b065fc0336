//! Keys that came with a disk image: other copies of it hold them as well.

use super::{IDENTITY_KEY, State, TLS_NEXT_KEY};
use crate::error::Error;
use crate::machine::Machine;

impl State {
    /// Notes on which machine the keys of an enrolment are made, before they are. Those that were made on another one, and led to no
    /// enrolment there, are forgotten: by the same key the server would take both machines for one device.
    pub(crate) fn keys_own(&self, here: &Machine) -> Result<(), Error> {
        let made = self.machine().unwrap_or_default();
        if made.differs(here) {
            tracing::warn!("the keys in the state folder were made on another machine and are made anew");
            self.folder.remove(TLS_NEXT_KEY)?;
            self.folder.remove(IDENTITY_KEY)?;
            return self.machine_write(here);
        }
        // What it does not tell today it may have told before.
        self.machine_write(&here.or(&made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::Folder;
    use model::device::Claims;

    #[test]
    fn keys_of_another_machine_are_made_anew_and_those_of_this_one_stay() {
        let machine = |serial: &str| Machine::from(&Claims { serial: Some(serial.to_owned()), ..Claims::default() });
        let temporary = tempfile::tempdir().unwrap();
        let state = State::open(&Folder::new(&temporary.path().join("state"))).unwrap();
        let keys = |state: &State, here: &str| {
            state.keys_own(&machine(here)).unwrap();
            (state.identity_key().unwrap().public().clone(), state.tls_key_next().unwrap())
        };
        let first = keys(&state, "A");
        assert!(keys(&state, "A") == first);
        // A machine that tells nothing is none that differs.
        state.keys_own(&Machine::default()).unwrap();
        let copied = keys(&state, "B");
        assert!(copied.0 != first.0 && copied.1 != first.1);
        assert!(keys(&state, "B") == copied);
    }
}
