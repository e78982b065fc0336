//! The mirrors that a plan names, each with the connection to it.

use super::mirror::{MirrorSource, mirror_tls};
use crate::clock::Clock;
use crate::proxy::Rules;
use crate::resources::Named;
use rustls::ClientConfig;
use rustls::time_provider::TimeProvider;
use std::path::PathBuf;
use std::sync::Arc;

/// How mirrors are reached.
#[derive(Clone, Debug)]
pub(crate) struct Ways {
    pub(crate) proxies: Rules,
    /// The file of the authorities by which they are known; nothing: the system's.
    pub(crate) roots: Option<PathBuf>,
    pub(crate) time: Arc<dyn TimeProvider>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Those of the plan that is followed.
#[derive(Debug)]
pub(crate) struct Mirrors {
    ways: Ways,
    /// Read while there is a mirror: a system's authorities are many.
    tls: Option<Arc<ClientConfig>>,
    known: Vec<Named>,
}

impl Mirrors {
    pub(crate) const fn new(ways: Ways) -> Self {
        Self { ways, tls: None, known: Vec::new() }
    }

    /// From now on it is these. One that cannot be used is passed over: the control plane has the same.
    pub(crate) async fn follow(&mut self, addresses: &[String]) {
        if addresses.is_empty() {
            (self.tls, self.known) = (None, Vec::new());
            return;
        }
        self.known.retain(|known| addresses.contains(&known.name));
        for address in addresses {
            if self.known.iter().any(|known| known.name == *address) {
                continue;
            }
            let Some(tls) = self.tls().await else { return };
            let Ways { proxies, clock, .. } = self.ways.clone();
            match MirrorSource::new(address, proxies, tls, clock) {
                Ok(source) => self.known.push(Named { name: address.clone(), source: Arc::new(source) }),
                Err(error) => tracing::warn!(%error, "a mirror of the plan is none"),
            }
        }
    }

    /// All of them.
    pub(crate) fn named(&self) -> &[Named] {
        &self.known
    }

    async fn tls(&mut self) -> Option<Arc<ClientConfig>> {
        if self.tls.is_none() {
            let Ways { roots, time, .. } = self.ways.clone();
            let read = tokio::task::spawn_blocking(move || mirror_tls(roots.as_deref(), time)).await;
            match read {
                Ok(Ok(tls)) => self.tls = Some(tls),
                Ok(Err(error)) => tracing::warn!(%error, "no mirror can be known"),
                Err(error) => tracing::error!(%error, "no mirror can be known"),
            }
        }
        self.tls.clone()
    }
}
