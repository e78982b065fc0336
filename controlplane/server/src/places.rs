//! Places that give way: of so many for one key, the oldest goes when one more comes.
//!
//! Whoever comes back after losing a connection must be let in while the server still holds the lost one, so it is not the newest
//! that is turned away.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// Places by key.
#[derive(Debug)]
pub(crate) struct Places<K> {
    most: usize,
    next: AtomicU64,
    taken: Mutex<HashMap<K, BTreeMap<u64, oneshot::Sender<()>>>>,
}

/// A place, until dropped.
#[derive(Debug)]
pub(crate) struct Place<K: Hash + Eq> {
    places: Arc<Places<K>>,
    key: K,
    number: u64,
    lost: oneshot::Receiver<()>,
}

impl<K: Hash + Eq + Clone> Places<K> {
    /// At most so many for a key.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most: most.max(1), next: AtomicU64::new(0), taken: Mutex::default() })
    }

    /// Takes a place; the oldest of the same key is lost when there is none.
    pub(crate) fn take(self: &Arc<Self>, key: K) -> Place<K> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (held, lost) = oneshot::channel();
        let mut taken = self.lock();
        let mine = taken.entry(key.clone()).or_default();
        mine.insert(number, held);
        while mine.len() > self.most {
            // Its receiver hears that the sender is gone.
            mine.pop_first();
        }
        Place { places: Arc::clone(self), key, number, lost }
    }
}

impl<K: Hash + Eq> Places<K> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, BTreeMap<u64, oneshot::Sender<()>>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Unpin> Place<K> {
    /// Ready once the place is lost.
    pub(crate) fn poll_lost(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.lost).poll(cx).map(|_| ())
    }

    /// Waits until the place is lost.
    pub(crate) async fn lost(&mut self) {
        std::future::poll_fn(|cx| self.poll_lost(cx)).await;
    }
}

impl<K: Hash + Eq> Drop for Place<K> {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        if let Some(mine) = taken.get_mut(&self.key) {
            mine.remove(&self.number);
            if mine.is_empty() {
                taken.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_lost<K: Hash + Eq + Unpin>(place: &mut Place<K>) -> bool {
        place.poll_lost(&mut Context::from_waker(std::task::Waker::noop())).is_ready()
    }

    #[test]
    fn the_oldest_of_the_same_key_gives_way() {
        let places = Places::new(2);
        let (mut first, mut second, mut other) = (places.take("a"), places.take("a"), places.take("b"));
        assert!(!is_lost(&mut first) && !is_lost(&mut second));
        let mut third = places.take("a");
        assert!(is_lost(&mut first) && !is_lost(&mut second) && !is_lost(&mut third) && !is_lost(&mut other));
        // Who left made room.
        drop((first, second));
        let mut fourth = places.take("a");
        assert!(!is_lost(&mut third) && !is_lost(&mut fourth));
        drop((third, fourth, other));
        assert!(places.lock().is_empty(), "nothing is kept of who has left");
    }
}
