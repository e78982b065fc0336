//! Neighbours by multicast DNS and DNS-SD (RFC 6762, RFC 6763), on every network but loopback.

use super::neighbours::{Found, Neighbour, Neighbours, Notice};
use mdns_sd::{IfKind, ResolvedService, ServiceDaemon, ServiceEvent, ServiceInfo};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What devices offer each other.
const SERVICE: &str = "_cartable._tcp.local.";
/// The most devices that are remembered: a school on one network, and what somebody may pretend.
const FOUND_MAX: usize = 256;
/// The key of the one thing that is said besides.
const SITE_NODE: &str = "s";

/// The local network of this machine.
pub(crate) struct Mdns {
    daemon: ServiceDaemon,
    /// A name for this run: the machine's own says too much.
    host: String,
    announced: Mutex<Option<Notice>>,
    found: watch::Receiver<Found>,
    listening: JoinHandle<()>,
}

impl Mdns {
    /// Begins to listen.
    ///
    /// # Errors
    /// Why the system does not let it.
    pub(crate) fn new() -> Result<Self, mdns_sd::Error> {
        let daemon = ServiceDaemon::new()?;
        daemon.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6, IfKind::IPv6])?;
        let events = daemon.browse(SERVICE)?;
        let (to, found) = watch::channel(Found::new());
        let listening = tokio::spawn(async move {
            while let Ok(event) = events.recv_async().await {
                to.send_if_modified(|found| noted(found, event));
            }
        });
        let host = format!("{:016x}.local.", rand::random::<u64>());
        Ok(Self { daemon, host, announced: Mutex::default(), found, listening })
    }
}

impl Neighbours for Mdns {
    fn announce(&self, notice: Option<&Notice>) {
        let mut announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner);
        if announced.as_ref() == notice {
            return;
        }
        if let Some(before) = announced.take() {
            let _ = self.daemon.unregister(&format!("{}.{SERVICE}", before.instance));
        }
        let Some(notice) = notice else { return };
        let site: &[(&str, &str)] = if notice.site_node { &[(SITE_NODE, "1")] } else { &[] };
        let said = ServiceInfo::new(SERVICE, &notice.instance, &self.host, "", notice.port, site)
            .and_then(|info| self.daemon.register(info.enable_addr_auto()));
        match said {
            Ok(()) => *announced = Some(notice.clone()),
            Err(error) => tracing::debug!(%error, "devices of this network are not told of this one"),
        }
    }

    fn found(&self) -> watch::Receiver<Found> {
        self.found.clone()
    }
}

impl std::fmt::Debug for Mdns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mdns").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Drop for Mdns {
    fn drop(&mut self) {
        self.listening.abort();
        // Says goodbye, too.
        let _ = self.daemon.shutdown();
    }
}

/// Takes an event; says whether anything changed by it.
fn noted(found: &mut Found, event: ServiceEvent) -> bool {
    match event {
        ServiceEvent::ServiceResolved(service) => {
            let Some((instance, neighbour)) = neighbour(&service) else { return false };
            if found.len() >= FOUND_MAX && !found.contains_key(&instance) {
                return false;
            }
            found.insert(instance, neighbour) != Some(neighbour)
        }
        ServiceEvent::ServiceRemoved(_, name) => instance(&name).is_some_and(|name| found.remove(name).is_some()),
        _ => false,
    }
}

fn neighbour(service: &ResolvedService) -> Option<(String, Neighbour)> {
    let near =
        |address: &std::net::Ipv4Addr| !address.is_loopback() && !address.is_multicast() && !address.is_unspecified();
    let address = service.get_addresses_v4().into_iter().filter(near).min()?;
    let site_node = service.get_property_val_str(SITE_NODE) == Some("1");
    let address = SocketAddr::new(IpAddr::V4(address), service.port);
    Some((instance(&service.fullname)?.to_owned(), Neighbour { address, site_node }))
}

/// The first label, if it is one that a device of ours would have.
fn instance(name: &str) -> Option<&str> {
    let label = name.strip_suffix(SERVICE)?.strip_suffix('.')?;
    let plain = label.len() <= 63 && label.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    plain.then_some(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_our_own_form_are_taken() {
        assert_eq!(instance("00ff-01._cartable._tcp.local."), Some("00ff-01"));
        for bad in ["PC de Zoé._cartable._tcp.local.", "00ff._http._tcp.local.", "00ff", "a.b._cartable._tcp.local."] {
            assert_eq!(instance(bad), None, "{bad}");
        }
    }
}
