//! What devices of the school say they have of a version, so that each is asked for what it has, and nobody goes outside for what lies
//! next door.

use super::having::{self, Having};
use crate::clock::{Clock, within};
use crate::source::{Fetched, Piece, Road, Source, SourceError};
use model::resource::{BundleName, BundleVersion};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// They are asked again so often while something is missing, and for each so many bytes that one of them says.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);
const LOOK_BYTES: usize = 4 << 10;
/// How long one may take to say it; it is a few kilobytes.
const LOOK_LIMIT: Duration = Duration::from_secs(2);

/// Who may not go outside waits for what is coming so long, and then looks at everything anew.
const NEAR_WAIT_MAX: Duration = Duration::from_secs(60);
/// What others are said to bring is waited for so long without anything else to ask for outside: one that only says so costs no more.
const COMING_WAIT_MAX: Duration = Duration::from_secs(30);

/// What a source said, if it did in time.
pub(super) type Said = Option<Result<Vec<Fetched>, SourceError>>;

/// What is known of each source.
pub(super) struct Near {
    item: String,
    chunks: usize,
    looked: Option<Duration>,
    /// By the source's number; of one that does not say it, anything may be had.
    here: Vec<Option<Having>>,
    /// What each has asked for outside.
    coming: Vec<Having>,
}

impl Near {
    pub(super) fn new(name: &BundleName, version: &BundleVersion, chunks: usize, sources: usize) -> Self {
        let (here, coming) = (vec![None; sources], vec![Having::default(); sources]);
        Self { item: having::item(name, version), chunks, looked: None, here, coming }
    }

    /// Asks these, if that was not just done; who gave no answer, and why.
    pub(super) async fn look(
        &mut self,
        clock: &Arc<dyn Clock>,
        sources: Vec<(usize, Arc<dyn Source>)>,
    ) -> Vec<(usize, SourceError)> {
        let every = LOOK_EVERY * u32::try_from(1 + having::length(self.chunks) * 2 / LOOK_BYTES).unwrap_or(u32::MAX);
        if self.looked.is_some_and(|looked| clock.elapsed().saturating_sub(looked) < every) {
            return Vec::new();
        }
        let mut asking = JoinSet::new();
        for (at, source) in sources.into_iter().filter(|(_, source)| source.road() == Road::Peer) {
            let length = u32::try_from(having::length(self.chunks) * 2).unwrap_or(u32::MAX);
            let piece = Piece { item: self.item.clone(), offset: 0, length };
            let clock = Arc::clone(clock);
            asking.spawn(async move { (at, within(&*clock, LOOK_LIMIT, source.fetch(&[piece])).await) });
        }
        // Who is silent now says nothing of what is coming.
        self.coming.fill(Having::default());
        let mut silent = Vec::new();
        while let Some(Ok((at, said))) = asking.join_next().await {
            match said {
                Some(Ok(fetched)) => {
                    let said = match fetched.into_iter().next() {
                        Some(Fetched::Found { body, .. }) => Some(Having::said(&body, self.chunks)),
                        _ => None,
                    };
                    (self.here[at], self.coming[at]) =
                        said.map_or((None, Having::default()), |[here, coming]| (Some(here), coming));
                }
                Some(Err(error)) => silent.push((at, error)),
                // It sleeps, or does not mean it well: what it said before is not to be waited for.
                None => {
                    self.here[at] = Some(Having::default());
                    silent.push((at, SourceError::Unreachable("it does not say what it has".to_owned())));
                }
            }
        }
        // Not since it was begun: what somebody is silent for would be spent again at once.
        self.looked = Some(clock.elapsed());
        silent
    }

    /// Whether a source may have one of these chunks, as far as is known.
    pub(super) fn may(&self, source: usize, mut chunks: impl Iterator<Item = usize>) -> bool {
        self.here[source].as_ref().is_none_or(|here| chunks.any(|chunk| here.has(chunk)))
    }

    /// It does not have what it said: nothing more is believed of it until it says something else. Says whether it had said anything.
    pub(super) fn lacks(&mut self, source: usize) -> bool {
        let said = self.here[source].is_some();
        if said {
            self.here[source] = Some(Having::default());
        }
        said
    }

    /// Whether a source says that it has nothing.
    pub(super) fn has_none(&self, source: usize) -> bool {
        self.here[source].as_ref().is_some_and(Having::is_empty)
    }

    /// Whether one of these chunks is on its way to a device of the school.
    pub(super) fn is_coming(&self, mut chunks: impl Iterator<Item = usize>) -> bool {
        chunks.any(|chunk| self.coming.iter().any(|coming| coming.has(chunk)))
    }
}

/// How long neighbours are believed that something is coming.
pub(super) struct Patience {
    began: Duration,
    outside: bool,
    /// Since when there was nothing to do but wait.
    idle: Option<Duration>,
    over: bool,
}

impl Patience {
    pub(super) const fn new(now: Duration, outside: bool) -> Self {
        Self { began: now, outside, idle: None, over: false }
    }

    /// Whether to go on waiting; once it is over it stays so.
    pub(super) fn holds(&mut self, waits: bool, now: Duration) -> bool {
        self.idle = waits.then(|| self.idle.unwrap_or(now));
        self.over |= match self.outside {
            true => self.idle.is_some_and(|since| now.saturating_sub(since) >= COMING_WAIT_MAX),
            false => now.saturating_sub(self.began) >= NEAR_WAIT_MAX,
        };
        !self.over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_something_is_coming_is_believed_so_long_and_not_again() {
        let at = Duration::from_secs;
        let mut patience = Patience::new(at(0), true);
        assert!(patience.holds(true, at(10)) && patience.holds(true, at(39)));
        // Something was asked for outside meanwhile.
        assert!(patience.holds(false, at(40)) && patience.holds(true, at(41)) && patience.holds(true, at(70)));
        assert!(!patience.holds(true, at(71)) && !patience.holds(false, at(72)) && !patience.holds(true, at(73)));
        let mut inside = Patience::new(at(100), false);
        assert!(inside.holds(true, at(159)) && !inside.holds(true, at(160)));
    }
}
