//! Devices of the same school on the local network: how this one is found, and how it finds others. No address is ever tried that did not
//! announce itself.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::SocketAddr;
use tokio::sync::watch;

/// What a device says of itself on the local network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// What it is called today: what its school is called today, and a random number. No name, no school, no device stands in it.
    pub(crate) instance: String,
    pub(crate) port: u16,
    /// Whether it fetches first and keeps.
    pub(crate) site_node: bool,
}

/// Another device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Neighbour {
    pub(crate) address: SocketAddr,
    pub(crate) site_node: bool,
}

/// Everybody who is there, of whatever school, by what they are called.
pub(crate) type Found = BTreeMap<String, Neighbour>;

/// The local network.
pub(crate) trait Neighbours: Debug + Send + Sync {
    /// Says this from now on, and what was said before no longer.
    fn announce(&self, notice: Option<&Notice>);

    /// Who is there.
    fn found(&self) -> watch::Receiver<Found>;
}
