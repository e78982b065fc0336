//! Servers that a network offers: of all ages, each asked in the way that it understands.

use super::query::{Manner, Query};
use super::{Asked, Turn, millis, plain};
use crate::answer::{Answer, Fault};
use crate::settings::Clock;
use hickory_proto::op::ResponseCode;
use plain::Heard;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// So long a server is asked as it was last understood, in milliseconds: it may have been out of reach only, or somebody else answered in its place.
const REMEMBERED: u64 = 600_000;

/// A server, and how it is best asked.
pub(super) struct Known {
    address: SocketAddr,
    manner: AtomicU8,
    since: AtomicU64,
}

/// Why a server gave no answer.
enum Miss {
    /// Nothing came in time.
    Silence,
    /// It changes the case of names.
    Case,
    /// It says that it does not know options.
    Options,
    /// Anything else.
    Other,
}

impl Known {
    pub(super) const fn new(address: SocketAddr) -> Self {
        Self { address, manner: AtomicU8::new(Manner::Mixed as u8), since: AtomicU64::new(0) }
    }

    fn manner(&self, clock: &Clock) -> Manner {
        if millis(clock).saturating_sub(self.since.load(Ordering::Relaxed)) > REMEMBERED {
            return Manner::Mixed;
        }
        match self.manner.load(Ordering::Relaxed) {
            known if known == Manner::Plain as u8 => Manner::Plain,
            known if known == Manner::Old as u8 => Manner::Old,
            _ => Manner::Mixed,
        }
    }

    /// The time is that of the first answer, so that what was learnt ends.
    fn learn(&self, manner: Manner, clock: &Clock) {
        self.manner.store(manner as u8, Ordering::Relaxed);
        self.since.store(millis(clock), Ordering::Relaxed);
    }

    /// Asks in one manner: over UDP, and over TCP where that does not fit.
    async fn put(&self, turn: Turn<'_>, manner: Manner) -> Result<Answer, Miss> {
        let query = Query::new(turn.wanted, manner).ok_or(Miss::Other)?;
        let heard = timeout(turn.patience, plain::udp(self.address, &query, turn.mark)).await;
        let message = match heard.map_err(|_| Miss::Silence)?.map_err(|_| Miss::Other)? {
            Heard::Answer(message) => message,
            Heard::CaseChanged => return Err(Miss::Case),
        };
        let answer = match Answer::read(&message, turn.wanted, (turn.clock)()) {
            Err(Fault::Truncated) => {
                let heard = timeout(turn.patience, plain::tcp(self.address, &query, turn.mark)).await;
                let message = heard.map_err(|_| Miss::Silence)?.map_err(|_| Miss::Other)?;
                Answer::read(&message, turn.wanted, (turn.clock)())
            }
            read => read,
        };
        answer.map_err(|fault| match fault {
            Fault::Code(ResponseCode::FormErr | ResponseCode::NotImp) => Miss::Options,
            _ => Miss::Other,
        })
    }

    /// Asks who did not answer: there are servers, and boxes before them, that drop what has options and say nothing (RFC 6891, 6.2.6), so that the
    /// old manner follows after half the time, while the other is still listened for.
    async fn put_again(&self, turn: Turn<'_>, manner: Manner) -> (Manner, Result<Answer, Miss>) {
        let half = turn.patience / 2;
        let old = async {
            sleep(half).await;
            self.put(
                Turn { patience: turn.patience.saturating_sub(half).max(Duration::from_millis(1)), ..turn },
                Manner::Old,
            )
            .await
        };
        tokio::select! {
            biased;
            said = self.put(turn, manner) => (manner, said),
            said = old => (Manner::Old, said),
        }
    }
}

impl Asked for Known {
    async fn ask(&self, turn: Turn<'_>, round: usize) -> Option<Answer> {
        let known = self.manner(turn.clock);
        let (mut manner, mut said) = if round == 0 || known == Manner::Old {
            (known, self.put(turn, known).await)
        } else {
            self.put_again(turn, known).await
        };
        loop {
            let next = match (said, manner) {
                (Ok(answer), _) => {
                    if manner != known {
                        self.learn(manner, turn.clock);
                    }
                    return Some(answer);
                }
                (Err(Miss::Case), Manner::Mixed) => Manner::Plain,
                (Err(Miss::Options), Manner::Mixed | Manner::Plain) => Manner::Old,
                (Err(_), _) => return None,
            };
            (manner, said) = (next, self.put(turn, next).await);
        }
    }
}
