//! Proves that this is school: a site node of the school signs what this device has just drawn, over a connection on the local network. No address
//! and no network's name counts, none is kept.

use super::pass::Pass;
use super::source::PeerSource;
use crate::clock::{Clock, within};
use agent_core::site::believed;
use model::site::PROOF_LIFE;
use model::time::Timestamp;
use model::uai::Uai;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A site node is asked again after this, well before its word ends.
const ASK_EVERY: Duration = Duration::from_secs(3_600);
/// Where none of those in reach gave its word, at first: one that has not heard yet that it may.
const ASK_AGAIN: Duration = Duration::from_secs(15);
/// Twice as long each time, until this: one that has too much to do, or a network that was left.
const ASK_AGAIN_MAX: Duration = Duration::from_secs(300);
/// Whatever comes and goes on the network: nobody makes this device ask more often.
const BREATH: Duration = Duration::from_secs(10);
/// How long all together may take.
const ASK_LIMIT: Duration = Duration::from_secs(60);

/// Where it is kept until when school is proven.
pub(crate) trait Proofs: Debug + Send + Sync {
    /// Until when it is.
    fn until(&self) -> Option<Timestamp>;

    /// Until when it is from now on; nothing: not at all.
    fn keep(&self, until: Option<Timestamp>);
}

/// Whoever asks.
#[derive(Debug)]
pub(super) struct Proving {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) pass: watch::Receiver<Option<Arc<Pass>>>,
    /// The site nodes that are in reach.
    pub(super) nodes: watch::Receiver<Vec<Arc<PeerSource>>>,
    pub(super) proofs: Arc<dyn Proofs>,
}

impl Proving {
    /// Asks for ever: each hour, when a site node comes in reach, and when the ticket is another.
    pub(super) async fn keep(mut self) {
        let clock = Arc::clone(&self.clock);
        let (mut school, mut again) = (None, ASK_AGAIN);
        loop {
            let pass = self.pass.borrow_and_update().clone().filter(|pass| pass.holds());
            let nodes = self.nodes.borrow_and_update().clone();
            let breath = if nodes.is_empty() { Duration::ZERO } else { BREATH };
            let pause = match pass {
                Some(pass) if self.ask(&pass, nodes, &mut school).await => {
                    again = ASK_AGAIN;
                    ASK_EVERY
                }
                Some(_) => {
                    let pause = again;
                    again = ASK_AGAIN_MAX.min(again * 2);
                    pause
                }
                None => ASK_EVERY,
            };
            clock.sleep(breath).await;
            tokio::select! {
                Ok(()) = self.pass.changed() => {}
                Ok(()) = self.nodes.changed() => {}
                () = clock.sleep(pause.saturating_sub(breath)) => {}
            }
        }
    }

    /// Asks those in reach; false when none of them gave its word.
    async fn ask(&self, pass: &Pass, nodes: Vec<Arc<PeerSource>>, school: &mut Option<Uai>) -> bool {
        // The old school's word says nothing of the new one.
        if school.replace(pass.own.ticket.school).is_some_and(|before| before != pass.own.ticket.school) {
            self.proofs.keep(None);
        }
        // Whoever sets the clock back must not make it hold for days.
        if let Some(until) = self.proofs.until()
            && believed(until, pass.time.now()) != until
        {
            self.proofs.keep(Some(believed(until, pass.time.now())));
        }
        if nodes.is_empty() {
            return true;
        }
        // All at once: others may say of themselves that they are one, and stall.
        let mut asked = JoinSet::new();
        for node in nodes {
            asked.spawn(async move { node.proof().await });
        }
        let proven = async {
            while let Some(said) = asked.join_next().await {
                match said {
                    Ok(Ok(())) => return true,
                    Ok(Err(error)) => tracing::debug!(%error, "this is not proven to be school"),
                    Err(_) => {}
                }
            }
            false
        };
        if within(&*self.clock, ASK_LIMIT, proven).await != Some(true) {
            return false;
        }
        self.proofs.keep(Some(pass.time.now().after(PROOF_LIFE)));
        true
    }
}
