//! Neighbours that say something else than they do: they cost a bounded time, and all of it comes from outside.

use super::super::fetcher::{Fetcher, Named};
use super::world::{Manner, World, tree};
use crate::clock::Clock;
use crate::fixture::HandClock;
use crate::source::folder::FolderSource;
use crate::source::{Fetched, Piece, Road, Source, SourceError};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// What a neighbour says of every chunk, and does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// It has them, and gives none.
    Here,
    /// It has asked for them outside, for ever.
    Coming,
    /// Nothing, and it never ends saying it.
    Nothing,
    /// It has them, and gives one in half a minute.
    Drips,
}

#[derive(Debug)]
struct Neighbour {
    word: Word,
    clock: Arc<HandClock>,
    folder: FolderSource,
}

#[async_trait]
impl Source for Neighbour {
    fn road(&self) -> Road {
        Road::Peer
    }

    async fn fetch(&self, pieces: &[Piece]) -> Result<Vec<Fetched>, SourceError> {
        if let [held] = pieces
            && held.item.starts_with("held/")
        {
            let half = held.length as usize / 2;
            let body = match self.word {
                Word::Here | Word::Drips => [vec![u8::MAX; half], vec![0; half]].concat(),
                Word::Coming => [vec![0; half], vec![u8::MAX; half]].concat(),
                Word::Nothing => std::future::pending().await,
            };
            return Ok(vec![Fetched::Found { size: body.len() as u64, body: body.into() }]);
        }
        if self.word == Word::Drips {
            self.clock.sleep(Duration::from_secs(29)).await;
            return self.folder.fetch(&pieces[..1]).await;
        }
        Ok(pieces.iter().map(|_| Fetched::Missing).collect())
    }
}

#[tokio::test]
async fn a_word_that_is_not_kept_costs_a_bounded_time() {
    for (word, seconds) in [(Word::Here, 20), (Word::Coming, 90), (Word::Nothing, 40), (Word::Drips, 140)] {
        let world = World::new();
        let index = world.packed(&tree(), "1");
        let stage = world.staged(&index);
        let (server, gave) = world.giver(Road::Server, Manner::Honest, i64::MAX);
        let clock = Arc::new(HandClock::new());
        let folder = FolderSource::new(&world.repository());
        let neighbour = Arc::new(Neighbour { word, clock: clock.clone(), folder });
        let mut fetcher = Fetcher::new(clock.clone(), Arc::default());
        fetcher.follow(vec![Named { name: "peer".to_owned(), source: neighbour }, server], 0);
        let mut passed = 0;
        {
            let done = world.fetched(&mut fetcher, &stage);
            tokio::pin!(done);
            // What is under way really takes a while, which a clock that runs ahead of it would call a stall.
            loop {
                match tokio::time::timeout(Duration::from_millis(20), &mut done).await {
                    Ok(done) => break done.unwrap_or_else(|fault| panic!("{word:?}: {fault:?}")),
                    Err(_) => clock.forward(Duration::from_secs(1)),
                }
                passed += 1;
                assert!(passed <= seconds, "{word:?}: it goes on");
            }
        }
        assert!(gave.load(Ordering::Relaxed) > 2_000_000, "{word:?}: {gave:?}");
        world.put(&index, &stage);
        world.holds(&tree());
    }
}
