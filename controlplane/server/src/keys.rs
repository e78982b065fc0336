//! The keys in use: replaced while the server runs, without a call or a connection that notices.

use crate::ca::Ca;
use crate::clock::{Clock, TlsTime};
use crate::error::Result;
use crate::folder::Folder;
use identity::tls::Time;
use model::digest::Digest;
use model::id::TerritoryId;
use rustls::ServerConfig;
use std::sync::Arc;
use tokio::sync::watch;

/// Holds the keys; who asks gets those of this moment, and keeps them for as long as a call lasts.
pub(crate) struct Keys {
    time: Time,
    held: watch::Sender<Held>,
}

/// The keys of one moment.
#[derive(Clone)]
struct Held {
    ca: Arc<Ca>,
    tls: Arc<Listening>,
}

/// How connections are taken, and by what their calls are bound to them.
pub(crate) struct Listening {
    /// For the handshake.
    pub(crate) config: Arc<ServerConfig>,
    /// The digest of the certificate that is shown (tls-server-end-point, RFC 5929).
    pub(crate) binding: Digest,
}

impl Keys {
    /// Begins with these.
    ///
    /// # Errors
    /// [`crate::error::Error`] when TLS cannot be set up with them.
    pub(crate) fn new(ca: Ca, clock: Arc<dyn Clock>) -> Result<Self> {
        let time: Time = Arc::new(TlsTime(clock));
        let tls = listening(&ca, &time)?;
        Ok(Self { time, held: watch::channel(Held { ca: Arc::new(ca), tls }).0 })
    }

    /// The keys of this moment.
    pub(crate) fn ca(&self) -> Arc<Ca> {
        Arc::clone(&self.held.borrow().ca)
    }

    /// Says when they have changed.
    pub(crate) fn changes(&self) -> Changes {
        let keys = self.held.subscribe();
        let seen = Arc::clone(&keys.borrow().ca);
        Changes { keys, seen }
    }

    /// Takes up what lies in the data folder, if it is something else; says whether it is.
    ///
    /// # Errors
    /// [`crate::error::Error`] when what lies there cannot be used; what is held stays in use.
    pub(crate) fn look(&self, folder: &Folder, territory: &TerritoryId) -> Result<bool> {
        let (next, held) = (Ca::read(folder, territory)?, self.held.borrow().clone());
        if next.same(&held.ca) {
            return Ok(false);
        }
        let shown = next.server_chain == held.ca.server_chain;
        let tls = if shown { held.tls } else { listening(&next, &self.time)? };
        self.held.send_replace(Held { ca: Arc::new(next), tls });
        Ok(true)
    }

    /// How the next connection is taken.
    pub(crate) fn listening(&self) -> Arc<Listening> {
        Arc::clone(&self.held.borrow().tls)
    }
}

/// Waits for other keys.
pub(crate) struct Changes {
    keys: watch::Receiver<Held>,
    seen: Arc<Ca>,
}

impl Changes {
    /// Until devices have to be told of others, since the last time or since it was made: a new certificate of the server's is none of
    /// their business.
    pub(crate) async fn changed(&mut self) {
        loop {
            if self.keys.changed().await.is_err() {
                std::future::pending().await
            }
            let next = Arc::clone(&self.keys.borrow_and_update().ca);
            let speaks = next.speaks_as(&self.seen);
            self.seen = next;
            if !speaks {
                return;
            }
        }
    }
}

/// Each certificate has session tickets of its own: a session resumed by one of another would be bound to a certificate that this side
/// no longer shows.
fn listening(ca: &Ca, time: &Time) -> Result<Arc<Listening>> {
    let config = identity::tls::server(&ca.root, ca.server_chain.clone(), &ca.server_key, Arc::clone(time))?;
    Ok(Arc::new(Listening { config: Arc::new(config), binding: Digest::of(&ca.server_chain[0]) }))
}
