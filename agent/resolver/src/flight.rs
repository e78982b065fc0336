//! Questions that wait for an upstream: the same one is asked once, for all who wait.

use crate::answer::Wanted;
use crate::cache::{Key, Outcome};
use crate::limits::FLIGHTS_MAX;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// What all who ask the same wait for.
pub(crate) type Landing = watch::Receiver<Option<Outcome>>;

/// Those under way.
#[derive(Default)]
pub(crate) struct Flights(Mutex<BTreeMap<Box<[u8]>, Landing>>);

/// How a question joins.
pub(crate) enum Boarding {
    /// It is asked already.
    Joined(Landing),
    /// It is the first: whoever asks says here what came of it.
    First(watch::Sender<Option<Outcome>>, Landing),
    /// So many others wait that it cannot.
    Full,
}

impl Flights {
    pub(crate) fn board(&self, wanted: &Wanted) -> Boarding {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = Key::of(wanted);
        // One whose end nobody will tell is none.
        if let Some(landing) = flights.get(key.as_bytes()).filter(|landing| landing.has_changed().is_ok()) {
            return Boarding::Joined(landing.clone());
        }
        if flights.len() >= FLIGHTS_MAX {
            return Boarding::Full;
        }
        let (sender, landing) = watch::channel(None);
        flights.insert(key.as_bytes().into(), landing.clone());
        Boarding::First(sender, landing)
    }

    pub(crate) fn land(&self, wanted: &Wanted) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(Key::of(wanted).as_bytes());
    }

    /// Nothing under way is joined any more: it was asked of another upstream.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
