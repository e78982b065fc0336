//! Says to whoever sits at the machine that a site is closed, now and then, and not which: HTTPS is never broken open, so its page cannot.
//!
//! What a browser closes by its own policy shows the browser's own page, and is never asked for here. The filter reaches nobody's session: it
//! writes that there is news where sessions look, as the agent does of loans (decision 0019).

use super::judge::Policy;
use super::sentinel::Sentinel;
use crate::clock::Clock;
use resolver::{Block, Judge, Name, Ruling, kind};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// The folder that sessions look into, and the file that is another one with each notice.
const FOLDER: &str = "run/cartable-filter";
const FILE: &str = "desktop";
/// Between two notices: a page with one closed picture must not be a nuisance.
const EVERY: Duration = Duration::from_secs(600);

/// Rings when something was closed; deaf for a while afterwards.
#[derive(Debug, Default)]
pub(super) struct Bell {
    listening: AtomicBool,
    rung: Notify,
}

/// A policy that rings.
pub(super) struct Ringing {
    policy: Arc<Policy>,
    bell: Arc<Bell>,
    /// What the filter asks itself by, at which nobody is to be told anything.
    pub(super) sentinel: Option<Sentinel>,
    /// Where nearly all is closed, people know it after the first word; an exam least of all is a time for more.
    told: AtomicBool,
}

impl Bell {
    /// Writes of each ring, for ever; nowhere where no session looks.
    pub(super) async fn keep(&self, root: Option<PathBuf>, clock: Arc<dyn Clock>) {
        let Some(root) = root else { return };
        loop {
            self.listening.store(true, Ordering::Relaxed);
            self.rung.notified().await;
            // When, since the machine was switched on: only that it is another one matters.
            if let Err(error) = noted(&root.join(FOLDER), clock.elapsed()) {
                tracing::warn!(%error, "nobody can be told that a site is closed");
            }
            clock.sleep(EVERY).await;
        }
    }

    fn listens(&self) -> bool {
        self.listening.load(Ordering::Relaxed)
    }

    fn ring(&self) {
        if self.listening.swap(false, Ordering::Relaxed) {
            self.rung.notify_one();
        }
    }
}

impl Ringing {
    pub(super) fn new(policy: Arc<Policy>, sentinel: Option<Sentinel>, bell: Arc<Bell>) -> Self {
        Self { policy, bell, sentinel, told: AtomicBool::new(false) }
    }

    /// Whether it judges by this very policy.
    pub(super) fn is_of(&self, policy: &Arc<Policy>) -> bool {
        Arc::ptr_eq(&self.policy, policy)
    }

    /// A site is looked for by its address, or by how it is reached.
    fn closed(&self, name: &Name, asked: u16, block: Block) {
        let site = [kind::A, kind::AAAA, kind::HTTPS].contains(&asked);
        let own = self.sentinel.as_ref().is_some_and(|sentinel| sentinel.name() == name);
        if !site || own || !self.bell.listens() {
            return;
        }
        match block {
            Block::Floor | Block::Listed if self.policy.is_quiet(name) => {}
            Block::Unlisted if self.told.swap(true, Ordering::Relaxed) => {}
            Block::Floor | Block::Listed | Block::Unlisted => self.bell.ring(),
        }
    }
}

impl Judge for Ringing {
    fn ruling(&self, name: &Name, kind: u16) -> Ruling {
        let ruling = self.policy.ruling(name, kind);
        if let Ruling::Block(block) = ruling {
            self.closed(name, kind, block);
        }
        ruling
    }

    fn ruling_behind(&self, name: &Name, kind: u16) -> Ruling {
        let ruling = self.policy.ruling(name, kind);
        if ruling == Ruling::Block(Block::Floor) {
            self.closed(name, kind, Block::Floor);
        }
        ruling
    }
}

/// Another file in the place of the one before, for everybody to read.
fn noted(folder: &std::path::Path, at: Duration) -> io::Result<()> {
    if !folder.is_dir() {
        fs::create_dir_all(folder)?;
        fs::set_permissions(folder, Permissions::from_mode(0o755))?;
    }
    let (new, place) = (folder.join("desktop.tmp"), folder.join(FILE));
    fs::write(&new, format!("{}\n", at.as_millis()))?;
    fs::set_permissions(&new, Permissions::from_mode(0o644))?;
    fs::rename(&new, place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::judge::tests::policy_for;
    use crate::fixture::HandClock;

    const A_MINUTE: Duration = Duration::from_secs(60);

    async fn settled() {
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_closed_site_is_said_once_in_a_while_and_never_which() {
        let (folder, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let clock = Arc::new(HandClock::new());
        let bell = Arc::new(Bell::default());
        let judge = |only_open: bool| {
            let policy = Arc::new(policy_for(&folder.path().join(only_open.to_string()), only_open));
            let sentinel = Some(Sentinel::Closed(Box::new("under.games.example".parse().unwrap())));
            Ringing::new(policy, sentinel, bell.clone())
        };
        let keeping = tokio::spawn({
            let (bell, root, clock) = (bell.clone(), root.path().to_owned(), clock.clone());
            async move { bell.keep(Some(root), clock).await }
        });
        let file = root.path().join(FOLDER).join(FILE);
        let said = async |judge: &Ringing, name: &str, kind| {
            let before = fs::read_to_string(&file).ok();
            judge.ruling(&name.parse().unwrap(), kind);
            settled().await;
            fs::read_to_string(&file).ok() != before
        };
        settled().await;
        let usual = judge(false);
        // Nothing of these is a person who looks for a site: what is open, mail, what pages bring along, the filter itself.
        for (name, kind) in [("open.example", kind::A), ("games.example", 15), ("adverts.example", kind::A)] {
            assert!(!said(&usual, name, kind).await, "{name}");
        }
        let labels = usual.sentinel.as_ref().unwrap().name().labels().map(|label| str::from_utf8(label).unwrap());
        let own = labels.collect::<Vec<_>>().join(".");
        assert!(!said(&usual, &own, kind::A).await);
        assert!(said(&usual, "www.games.example", kind::HTTPS).await);
        assert!(!fs::read_to_string(&file).unwrap().contains("games"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
        clock.forward(A_MINUTE * 9);
        settled().await;
        assert!(!said(&usual, "games.example", kind::A).await);
        clock.forward(A_MINUTE * 2);
        settled().await;
        assert!(said(&usual, "games.example", kind::A).await);
        // Where all but a few is closed, once is enough.
        let strict = judge(true);
        clock.forward(A_MINUTE * 11);
        settled().await;
        assert!(said(&strict, "nobody.example", kind::A).await);
        clock.forward(A_MINUTE * 11);
        settled().await;
        assert!(!said(&strict, "nobody.example", kind::A).await);
        assert!(said(&strict, "games.example", kind::A).await);
        keeping.abort();
    }
}
