//! Devices of one school serve each other in the classroom: found on the local network, met by certificate and ticket, believed in nothing.

mod mdns;
mod neighbours;
mod pass;
mod proving;
mod serve;
mod shelf;
mod source;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use mdns::Mdns;
pub(crate) use neighbours::{Found, Neighbours, Notice};
pub(crate) use pass::Pass;
pub(crate) use proving::Proofs;
pub(crate) use shelf::{HELD, Shelf};

use crate::clock::Clock;
use crate::platform::{Here, Platform};
use crate::resources::Named;
use agent_core::fetching::battery_low;
use model::digest::hex;
use model::resource::{Fetching, Rendezvous};
use proving::Proving;
use serve::Host;
use source::PeerSource;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The most devices that are asked, a class: the nearest in a ring, so that in a school everybody is asked by somebody. Fewer, and two that
/// go outside would not hear of each other.
const ASKED_MAX: usize = 31;
/// Day, ticket and battery are looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(300);

/// A way to a local network, which is gone only while there is a reason to.
pub(crate) trait Network: std::fmt::Debug + Send + Sync {
    /// Goes there; nothing where the system does not let it.
    fn open(&self) -> Option<Arc<dyn Neighbours>>;
}

/// The one that this machine is on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalNetwork;

impl Network for LocalNetwork {
    fn open(&self) -> Option<Arc<dyn Neighbours>> {
        let opened = Mdns::new();
        let opened = opened.inspect_err(|error| tracing::info!(%error, "devices of this network are not looked for"));
        opened.ok().map(|opened| Arc::new(opened) as Arc<dyn Neighbours>)
    }
}

/// What devices of a school are met with.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) clock: Arc<dyn Clock>,
    /// The folder where the machine's files are read.
    pub(crate) machine: PathBuf,
    pub(crate) shelf: Arc<dyn Shelf>,
    /// Nothing while the device has no ticket.
    pub(crate) pass: watch::Receiver<Option<Arc<Pass>>>,
    pub(crate) network: Arc<dyn Network>,
    /// Who may be asked.
    pub(crate) asked: watch::Sender<Vec<Named>>,
    /// Where it is kept until when school is proven.
    pub(crate) proofs: Arc<dyn Proofs>,
}

/// Whoever meets them; dropped, nothing is served any more.
#[derive(Debug)]
pub(crate) struct Peers(JoinHandle<()>);

impl Peers {
    pub(crate) fn keep(parts: Parts) -> Self {
        let (nodes, known) = watch::channel(Vec::new());
        let proving = Proving {
            clock: Arc::clone(&parts.clock),
            pass: parts.pass.clone(),
            nodes: known,
            proofs: Arc::clone(&parts.proofs),
        };
        let keeper = Keeper::new(parts, nodes);
        Self(tokio::spawn(async move {
            tokio::join!(keeper.keep(), proving.keep());
        }))
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Keeper {
    parts: Parts,
    /// Open while there is a ticket to be met with.
    network: Option<Arc<dyn Neighbours>>,
    found: watch::Receiver<Found>,
    /// What this run is called among the devices of a school, an even number; as a site node by the one that follows. What changed under the same
    /// name would not be heard: others have just been told that it is gone.
    number: u32,
    serving: Option<Serving>,
    sources: BTreeMap<String, Arc<PeerSource>>,
    /// Who was said last that may be asked, in order.
    asked: Vec<(String, SocketAddr)>,
    /// The site nodes among them.
    nodes: watch::Sender<Vec<Arc<PeerSource>>>,
}

/// A listener at work.
struct Serving {
    port: u16,
    task: JoinHandle<()>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Keeper {
    fn new(parts: Parts, nodes: watch::Sender<Vec<Arc<PeerSource>>>) -> Self {
        let found = nobody();
        Self {
            parts,
            network: None,
            found,
            number: rand::random::<u32>() & !1,
            serving: None,
            sources: BTreeMap::new(),
            asked: Vec::new(),
            nodes,
        }
    }

    async fn keep(mut self) {
        let clock = Arc::clone(&self.parts.clock);
        loop {
            let pass = self.parts.pass.borrow_and_update().clone().filter(|pass| pass.holds() && pass.fetching.peers);
            self.open(pass.is_some());
            let alone = self.network.is_none();
            self.serve(pass.as_deref()).await;
            self.ask(pass.as_deref());
            tokio::select! {
                Ok(()) = self.parts.pass.changed() => {}
                Ok(()) = self.found.changed(), if !alone => {}
                () = clock.sleep(LOOK_EVERY) => {}
            }
        }
    }

    fn open(&mut self, wanted: bool) {
        if wanted && self.network.is_none() {
            self.network = self.parts.network.open();
            self.found = self.network.as_ref().map_or_else(nobody, |network| network.found());
        } else if !wanted && self.network.is_some() {
            self.announce(None);
            (self.network, self.found) = (None, nobody());
        }
    }

    /// Listens while something may be given, and says so on the local network.
    async fn serve(&mut self, pass: Option<&Pass>) {
        let today = match pass {
            Some(pass) if pass.fetching.upload_bytes_per_second > 0 && self.has_power(&pass.fetching).await => {
                pass.today()
            }
            _ => None,
        };
        let Some(today) = today else {
            self.serving = None;
            self.announce(None);
            return;
        };
        if self.serving.as_ref().is_none_or(|serving| serving.task.is_finished()) {
            self.serving = self.listen().await;
        }
        let site_node = pass.is_some_and(|pass| pass.fetching.site_node);
        let notice = self.serving.as_ref().map(|serving| Notice {
            instance: format!("{}-{:08x}", hex(&today), self.number | u32::from(site_node)),
            port: serving.port,
            site_node,
        });
        self.announce(notice.as_ref());
    }

    async fn listen(&self) -> Option<Serving> {
        let listener = TcpListener::bind(("0.0.0.0", 0)).await;
        let listener = listener.inspect_err(|error| tracing::debug!(%error, "other devices are not served")).ok()?;
        let port = listener.local_addr().ok()?.port();
        let parts = &self.parts;
        let host = Host::new(Arc::clone(&parts.clock), Arc::clone(&parts.shelf), parts.pass.clone());
        Some(Serving { port, task: tokio::spawn(Arc::new(host).serve(listener)) })
    }

    fn announce(&self, notice: Option<&Notice>) {
        if let Some(network) = &self.network {
            network.announce(notice);
        }
    }

    /// Says who may be asked: devices of the school, the site node first, then those next to this one in the ring of their numbers.
    fn ask(&mut self, pass: Option<&Pass>) {
        let names: &[Rendezvous] = pass.map_or(&[], |pass| &pass.own.ticket.rendezvous);
        let schools: Vec<String> = names.iter().map(|name| hex(name)).collect();
        let mut near: Vec<(bool, u32, String, SocketAddr)> = Vec::new();
        for (instance, neighbour) in &*self.found.borrow_and_update() {
            let Some((school, number)) = instance.split_once('-') else { continue };
            let Ok(number) = u32::from_str_radix(number, 16) else { continue };
            if schools.iter().any(|name| name == school) && number & !1 != self.number {
                let way = number.wrapping_sub(self.number);
                near.push((!neighbour.site_node, way, instance.clone(), neighbour.address));
            }
        }
        near.sort_unstable();
        near.truncate(ASKED_MAX);
        let mut sources = BTreeMap::new();
        let (mut asked, mut named, mut nodes) = (Vec::new(), Vec::new(), Vec::new());
        for (plain, _, instance, address) in near {
            let name = format!("peer {instance}");
            let known = self.sources.remove(&name).filter(|source| source.address() == address);
            let source = known.unwrap_or_else(|| {
                Arc::new(PeerSource::new(address, Arc::clone(&self.parts.clock), self.parts.pass.clone()))
            });
            sources.insert(name.clone(), Arc::clone(&source));
            if !plain {
                nodes.push(Arc::clone(&source));
            }
            asked.push((name.clone(), address));
            named.push(Named { name, source });
        }
        self.sources = sources;
        self.nodes.send_if_modified(|before| {
            let same =
                before.len() == nodes.len() && before.iter().zip(&nodes).all(|(one, other)| Arc::ptr_eq(one, other));
            *before = nodes;
            !same
        });
        if self.asked != asked {
            self.asked = asked;
            self.parts.asked.send_replace(named);
        }
    }

    async fn has_power(&self, fetching: &Fetching) -> bool {
        let machine = self.parts.machine.clone();
        let power = tokio::task::spawn_blocking(move || Here::at(&machine).surroundings().0).await;
        !power.is_ok_and(|power| battery_low(fetching, power))
    }
}

fn nobody() -> watch::Receiver<Found> {
    watch::Sender::default().subscribe()
}
