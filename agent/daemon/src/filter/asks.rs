//! What users ask for on the local page: kept until the control plane has it, by their own choice, and nothing else of what they do.

use crate::folder::Folder;
use model::host::Host;
use model::time::Timestamp;
use prost::Message;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use uuid::Uuid;
use wire::v1::{FilterAsk, FilterAskKind};

/// The folder within the filter's own.
const FOLDER: &str = "asks";
/// So many wait at most: more is a game, and not a wish.
const ASKS_MAX: usize = 20;

/// What waits.
#[derive(Debug)]
pub(super) struct Asks {
    folder: Folder,
    waiting: Mutex<Vec<FilterAsk>>,
    news: watch::Sender<()>,
}

/// Why an ask is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AskFault {
    /// Not a name.
    #[error("not a name")]
    Name,
    /// Too many wait already.
    #[error("too many asks wait")]
    Many,
    /// It cannot be kept.
    #[error("it cannot be kept")]
    Kept,
}

impl Asks {
    /// What was kept before.
    pub(super) fn open(folder: &Folder) -> Self {
        let folder = folder.inner(FOLDER);
        let names = folder.make().and_then(|()| folder.names(own)).unwrap_or_default();
        let mut waiting: Vec<FilterAsk> = names
            .iter()
            .filter_map(|name| FilterAsk::decode(&folder.read(name).ok().flatten()?[..]).ok())
            .take(ASKS_MAX)
            .collect();
        waiting.sort_by_key(|ask| ask.at_unix_ms);
        Self { folder, waiting: Mutex::new(waiting), news: watch::Sender::new(()) }
    }

    /// Takes one, durably. The same name twice is one wish.
    pub(super) fn ask(&self, kind: FilterAskKind, name: &str, now: Timestamp) -> Result<(), AskFault> {
        let name: filter::Name = name.parse().map_err(|_| AskFault::Name)?;
        let name: Host = name.as_str().parse().map_err(|_| AskFault::Name)?;
        let mut waiting = self.lock();
        if waiting.iter().any(|ask| ask.kind() == kind && ask.name == name.as_str()) {
            return Ok(());
        }
        if waiting.len() >= ASKS_MAX {
            return Err(AskFault::Many);
        }
        let id = uuid::Builder::from_random_bytes(rand::random()).into_uuid();
        let ask = FilterAsk {
            id: id.as_bytes().to_vec(),
            kind: kind.into(),
            name: name.to_string(),
            at_unix_ms: now.unix_millis(),
        };
        let kept = self.folder.write(&id.simple().to_string(), &ask.encode_to_vec());
        if let Err(error) = kept {
            tracing::warn!(%error, "what a user asks cannot be kept");
            return Err(AskFault::Kept);
        }
        waiting.push(ask);
        drop(waiting);
        self.news.send_replace(());
        Ok(())
    }

    /// The control plane has these: nothing of them stays here.
    pub(super) fn kept(&self, ids: &[Vec<u8>]) {
        let mut waiting = self.lock();
        let before = waiting.len();
        waiting.retain(|ask| {
            let kept = ids.contains(&ask.id);
            if kept && let Ok(id) = Uuid::from_slice(&ask.id) {
                let _ = self.folder.remove(&id.simple().to_string());
            }
            !kept
        });
        let fewer = waiting.len() < before;
        drop(waiting);
        if fewer {
            self.news.send_replace(());
        }
    }

    /// All that waits, the oldest first.
    pub(super) fn all(&self) -> Vec<FilterAsk> {
        self.lock().clone()
    }

    /// Hears of each change.
    pub(super) fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<FilterAsk>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn own(name: &str) -> bool {
    Uuid::try_parse(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ask_is_kept_until_the_control_plane_has_it() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::new(temporary.path());
        let at = Timestamp::from_unix_seconds;
        let asks = Asks::open(&folder);
        asks.ask(FilterAskKind::Unblock, "Chess.Example.", at(2)).unwrap();
        asks.ask(FilterAskKind::Unblock, "chess.example", at(3)).unwrap();
        asks.ask(FilterAskKind::Report, "chess.example", at(1)).unwrap();
        let names = |asks: &Asks| asks.all().iter().map(|ask| (ask.name.clone(), ask.at_unix_ms)).collect::<Vec<_>>();
        assert_eq!(names(&asks), [("chess.example".to_owned(), 2_000), ("chess.example".to_owned(), 1_000)]);
        asks.ask(FilterAskKind::Unblock, "CHESS。Example", at(3)).unwrap();
        for bad in ["", "fr", "a b.example", "127.0.0.1", "../a.example"] {
            assert_eq!(asks.ask(FilterAskKind::Unblock, bad, at(4)), Err(AskFault::Name), "{bad}");
        }
        // Started again, it is still there; kept elsewhere, nothing of it is.
        let asks = Asks::open(&folder);
        assert_eq!(names(&asks)[0].1, 1_000);
        let ids: Vec<Vec<u8>> = asks.all().into_iter().map(|ask| ask.id).collect();
        asks.kept(&ids);
        assert_eq!((asks.all().len(), std::fs::read_dir(temporary.path().join(FOLDER)).unwrap().count()), (0, 0));
        for n in 0..ASKS_MAX {
            asks.ask(FilterAskKind::Unblock, &format!("n{n}.example"), at(5)).unwrap();
        }
        assert_eq!(asks.ask(FilterAskKind::Unblock, "more.example", at(5)), Err(AskFault::Many));
    }
}
