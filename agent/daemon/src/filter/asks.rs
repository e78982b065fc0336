//! What users ask for on the local page: kept until the control plane has it, by their own choice, and nothing else of what they do.

use crate::folder::Folder;
use model::host::Host;
use model::time::Timestamp;
use prost::Message;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use uuid::Uuid;
use wire::v1::{FilterAsk, FilterAskKind};

/// The folder within the filter's own.
const FOLDER: &str = "asks";
/// So many wait at most: more is a game, and not a wish.
const ASKS_MAX: usize = 20;
/// So many a day of one user, of the twenty a day that the control plane takes of a device: no one is to ask for all.
const USER_DAY_MAX: u32 = 8;

/// What waits.
#[derive(Debug)]
pub(super) struct Asks {
    folder: Folder,
    waiting: Mutex<Vec<FilterAsk>>,
    /// How much each user asked on a day; in memory alone, since who asked is nobody's to know.
    users: Mutex<(i64, BTreeMap<Option<u32>, u32>)>,
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
        Self { folder, waiting: Mutex::new(waiting), users: Mutex::default(), news: watch::Sender::new(()) }
    }

    /// Takes one, durably. The same name twice is one wish.
    pub(super) fn ask(
        &self,
        kind: FilterAskKind,
        name: &str,
        user: Option<u32>,
        now: Timestamp,
    ) -> Result<(), AskFault> {
        let name: filter::Name = name.parse().map_err(|_| AskFault::Name)?;
        let name: Host = name.as_str().parse().map_err(|_| AskFault::Name)?;
        let mut waiting = self.lock();
        if waiting.iter().any(|ask| ask.kind() == kind && ask.name == name.as_str()) {
            return Ok(());
        }
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        let day = now.unix_seconds().div_euclid(86_400);
        if users.0 != day {
            *users = (day, BTreeMap::new());
        }
        let asked = users.1.entry(user).or_default();
        if waiting.len() >= ASKS_MAX || *asked >= USER_DAY_MAX {
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
        *asked += 1;
        waiting.push(ask);
        drop((waiting, users));
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
        asks.ask(FilterAskKind::Unblock, "Chess.Example.", None, at(2)).unwrap();
        asks.ask(FilterAskKind::Unblock, "chess.example", None, at(3)).unwrap();
        asks.ask(FilterAskKind::Report, "chess.example", None, at(1)).unwrap();
        let names = |asks: &Asks| asks.all().iter().map(|ask| (ask.name.clone(), ask.at_unix_ms)).collect::<Vec<_>>();
        assert_eq!(names(&asks), [("chess.example".to_owned(), 2_000), ("chess.example".to_owned(), 1_000)]);
        asks.ask(FilterAskKind::Unblock, "CHESS。Example", None, at(3)).unwrap();
        for bad in ["", "fr", "a b.example", "127.0.0.1", "../a.example"] {
            assert_eq!(asks.ask(FilterAskKind::Unblock, bad, None, at(4)), Err(AskFault::Name), "{bad}");
        }
        // Started again, it is still there; kept elsewhere, nothing of it is.
        let asks = Asks::open(&folder);
        assert_eq!(names(&asks)[0].1, 1_000);
        let ids: Vec<Vec<u8>> = asks.all().into_iter().map(|ask| ask.id).collect();
        asks.kept(&ids);
        assert_eq!((asks.all().len(), std::fs::read_dir(temporary.path().join(FOLDER)).unwrap().count()), (0, 0));
        // One user has so many a day, however soon they are sent; others have theirs.
        let name = |n: u32| format!("n{n}.example");
        let ask = |n: u32, user, seconds| asks.ask(FilterAskKind::Unblock, &name(n), user, at(seconds));
        let most = u32::try_from(ASKS_MAX).unwrap();
        let of_others = most - USER_DAY_MAX;
        for n in 0..USER_DAY_MAX {
            ask(n, Some(1_000), 5).unwrap();
        }
        assert_eq!(ask(100, Some(1_000), 6), Err(AskFault::Many));
        assert_eq!(ask(0, Some(1_000), 6), Ok(()), "the same wish is none more");
        let sent: Vec<Vec<u8>> = asks.all().into_iter().map(|ask| ask.id).collect();
        asks.kept(&sent);
        assert_eq!(ask(100, Some(1_000), 6), Err(AskFault::Many));
        for n in 0..of_others {
            ask(n, Some(1_001 + n / USER_DAY_MAX), 7).unwrap();
        }
        let tomorrow = 86_400;
        for n in of_others..most {
            ask(n, Some(1_000), tomorrow).unwrap();
        }
        assert_eq!(ask(100, None, tomorrow), Err(AskFault::Many), "so many wait at most, whoever asks");
    }
}
