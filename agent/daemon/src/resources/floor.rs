//! The publisher's floor: the device checks for itself what no policy may loosen. It comes along with what else is fetched, and is looked for by
//! itself where nothing is.

use super::fault::Fault;
use super::{Keeping, LOOK_EVERY, Named, REFRESH_LIMIT, Wanted};
use crate::clock::within;
use crate::publisher::Publisher;
use crate::source::{Fetched, Piece, Road};
use agent_core::backoff::{self, Backoff};
use bytes::Bytes;
use model::digest::Digest;
use model::floor::Floor;
use std::time::Duration;

/// It is a file of some kilobytes.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// A look that failed is tried again within this at first.
const AGAIN: Duration = Duration::from_secs(60);

/// When the floor is looked for by itself.
#[derive(Debug, Default)]
pub(super) struct FloorLook {
    /// None before the first look.
    due: Option<Duration>,
    backoff: Backoff,
}

impl Keeping {
    /// Looks for a newer floor outside, as often as at what is in place; how long that holds.
    ///
    /// Neighbours are not asked: a list that is old but whole would do for all of a school.
    pub(super) async fn floor_look(&mut self, wanted: &Wanted) -> Duration {
        if wanted.bundles.is_none() || wanted.publisher.is_empty() || self.medium.is_some() {
            return LOOK_EVERY;
        }
        let now = self.parts.clock.elapsed();
        // A whole school may have been switched on in the same minute.
        let due = *self.floor.due.get_or_insert_with(|| now.saturating_add(backoff::power_on(rand::random())));
        if now < due {
            return due - now;
        }
        if let Err(fault) = self.gate(&wanted.fetching, true).check().await {
            return fault.look_again();
        }
        self.mirrors.follow(&wanted.fetching.mirrors).await;
        self.follow(&wanted.fetching, true);
        if self.parts.line.borrow().is_none() && self.mirrors.named().is_empty() {
            // The next line wakes whoever keeps resources.
            return LOOK_EVERY;
        }
        let pause = match self.floor_refreshed(wanted).await {
            Ok(()) => {
                self.floor.backoff.succeeded();
                backoff::jittered(LOOK_EVERY, rand::random())
            }
            Err(fault) => {
                tracing::info!(?fault, "whether there is a newer policy floor is not known");
                self.floor.backoff.failed(None, AGAIN, rand::random())
            }
        };
        self.floor.due = Some(now.saturating_add(pause));
        pause
    }

    /// Whoever signs, by the root that the territory names.
    pub(super) fn publisher_open(&mut self, root: &Bytes) -> Result<(), Fault> {
        if root.is_empty() {
            self.publisher = None;
            return Err(Fault::Untold);
        }
        if self.publisher.as_ref().is_none_or(|(begun, _)| begun != root) {
            self.publisher = None;
            self.publisher = Some((root.clone(), Publisher::open(&self.parts.state, root)?));
        }
        Ok(())
    }

    async fn floor_refreshed(&mut self, wanted: &Wanted) -> Result<(), Fault> {
        self.publisher_open(&wanted.publisher)?;
        let outside = |source: &Named| source.source.road() != Road::Peer;
        let mut fault = Fault::Unreachable(AGAIN);
        for source in self.fetcher.free().into_iter().filter(outside) {
            let now = self.parts.time.now();
            let Some((_, publisher)) = &mut self.publisher else { return Err(Fault::Untold) };
            match within(&*self.parts.clock, REFRESH_LIMIT, publisher.refresh(&*source.source, now)).await {
                Some(Ok(())) => {
                    self.parts.shelf.documents_note(publisher.documents());
                    return self.floor_take().await;
                }
                Some(Err(error)) => fault = error.into(),
                None => {}
            }
        }
        Err(fault)
    }

    /// Takes the newest floor that is signed, where it is newer than the one that is known. Without it what is known holds on.
    ///
    /// # Errors
    /// [`Fault`] when there is a newer one, and nobody gives it.
    pub(super) async fn floor_take(&self) -> Result<(), Fault> {
        let Some((_, publisher)) = &self.publisher else { return Ok(()) };
        let (version, signed) = match publisher.floor(self.parts.time.now()) {
            Ok(Some(newest)) => newest,
            Ok(None) => return Ok(()),
            Err(error) => {
                tracing::info!(%error, "the policy floor is not taken");
                return Err(error.into());
            }
        };
        if self.parts.floor.borrow().as_ref().is_some_and(|floor| floor.version >= version) {
            return Ok(());
        }
        let Ok(length) = u32::try_from(signed.length) else { return Err(Fault::Failed("damaged")) };
        for source in self.fetcher.free() {
            let piece = Piece { item: signed.item.clone(), offset: 0, length };
            let pieces = [piece];
            let said = within(&*self.parts.clock, ANSWER_LIMIT, source.source.fetch(&pieces)).await;
            let Some(Ok(fetched)) = said else { continue };
            let Some(Fetched::Found { body, .. }) = fetched.into_iter().next() else { continue };
            if Digest::of(&body) != signed.sha256 {
                continue;
            }
            match Floor::decode(&body) {
                Ok(floor) if floor.version == version => {
                    tracing::info!(version, "a newer policy floor holds");
                    self.parts.floor.send_replace(Some(floor));
                }
                Ok(_) => tracing::error!(version, "a signed policy floor is another one than it says"),
                Err(error) => tracing::error!(version, %error, "a signed policy floor is none"),
            }
            // What is signed and wrong is no better anywhere else.
            return Ok(());
        }
        Err(Fault::Unreachable(AGAIN))
    }
}
