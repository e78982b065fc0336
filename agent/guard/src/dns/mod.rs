//! Whom the system asks for names: the device's own resolver, while it filters.
//!
//! `/etc/resolv.conf` names it, whatever wrote that file before; systemd-resolved, which others ask by its own socket, asks it too and keeps
//! nothing; NetworkManager tells neither of them what the network offers, and goes on writing that to its own folder, where
//! [`Dns::offered`] reads it.

mod network;
mod offered;

pub use network::Network;
pub use offered::Offered;

use crate::disk::{READABLE, System, Was};
use crate::hold::{Hold, MARK, Place, Record};
use crate::{GuardError, Seen};
use std::fmt::Write;
use std::net::IpAddr;

/// The file of the state folder that keeps what was there.
const KEPT: &str = "dns.json";
const RESOLV_CONF: Place = Place { path: "/etc/resolv.conf", ours: false, unit: None };
/// Read after all others, so that it decides (resolved.conf(5), "Configuration directories and precedence").
const RESOLVED: Place =
    Place { path: "/etc/systemd/resolved.conf.d/99-cartable.conf", ours: true, unit: Some("systemd-resolved.service") };
/// Read after all others (NetworkManager.conf(5), "File format").
const NETWORK_MANAGER: Place =
    Place { path: "/etc/NetworkManager/conf.d/99-cartable.conf", ours: true, unit: Some("NetworkManager.service") };
const PLACES: [Place; 3] = [RESOLV_CONF, RESOLVED, NETWORK_MANAGER];

/// Whom the system asks.
#[derive(Debug)]
pub struct Dns<'a> {
    system: &'a System,
    /// The addresses of loopback on which the resolver answers at port 53.
    resolver: Vec<IpAddr>,
    /// Whether single words are looked for in the domains that the network names.
    search: bool,
}

impl<'a> Dns<'a> {
    /// The resolver that is to be asked, by its addresses on loopback.
    #[must_use]
    pub const fn new(system: &'a System, resolver: Vec<IpAddr>) -> Self {
        Self { system, resolver, search: true }
    }

    /// No name is looked for in a domain that the network names: whatever is not found would be asked of the network, in the open.
    #[must_use]
    pub const fn without_search(mut self) -> Self {
        self.search = false;
        self
    }

    /// Whether the system asks the resolver.
    ///
    /// # Errors
    /// [`GuardError::File`] when a file cannot be read.
    pub fn observe(&self) -> Result<Seen, GuardError> {
        let hold = self.hold();
        let record = hold.look(&PLACES)?;
        let mut places = hold.differing(&record, &self.wanted(&record))?;
        // Foreign and not kept yet: a network has written what it offers.
        if record != hold.record() && places.is_empty() {
            places.push(RESOLV_CONF.path.to_owned());
        }
        Ok(Seen::of(places))
    }

    /// Makes the system ask the resolver; says whether anything had to be changed.
    ///
    /// # Errors
    /// [`GuardError`] for what could not be done; what was done stays, and the next call does the rest.
    pub async fn take(&self) -> Result<bool, GuardError> {
        if self.observe()?.held() {
            return Ok(false);
        }
        let hold = self.hold();
        let record = hold.look(&PLACES)?;
        let wanted = self.wanted(&record);
        let record = hold.take(record, &wanted)?;
        self.tell(&record).await?;
        hold.told(record)?;
        Ok(true)
    }

    /// Makes the system ask whom it asked before; says whether anything had to be changed.
    ///
    /// # Errors
    /// [`GuardError`] for what could not be done; what was done stays, and the next call does the rest.
    pub async fn put_back(&self) -> Result<bool, GuardError> {
        let hold = self.hold();
        let before = hold.record();
        let record = hold.put_back(&PLACES, |path| self.lost(path))?;
        self.tell(&record).await?;
        hold.forget()?;
        Ok(before != Record::default() || record != before)
    }

    /// The resolvers that the network offers, and the domains that it searches; never the device's own resolver.
    #[must_use]
    pub fn offered(&self) -> Offered {
        let hold = self.hold();
        let record = hold.look(&[RESOLV_CONF]).unwrap_or_else(|_| hold.record());
        Offered::read(self.system, record.was(RESOLV_CONF.path))
    }

    /// Which network this is; another one is not equal to it.
    #[must_use]
    pub fn network(&self) -> Network {
        Network::read(self.system, self.offered())
    }

    const fn hold(&self) -> Hold<'a> {
        Hold::new(self.system, KEPT)
    }

    /// What the places are to hold; what does not run here is not told.
    fn wanted(&self, record: &Record) -> Vec<(Place, Was)> {
        let file = |text: String| Was::File { mode: READABLE, bytes: text.into_bytes() };
        let offered = Offered::read(self.system, record.was(RESOLV_CONF.path));
        let mut wanted = Vec::new();
        if self.system.is_there("/usr/sbin/NetworkManager") {
            // `dns=none` alone would go on telling systemd-resolved (NetworkManager.conf(5), `systemd-resolved`).
            wanted.push((NETWORK_MANAGER, file(format!("# {MARK}.\n[main]\ndns=none\nsystemd-resolved=false\n"))));
        }
        if ["/usr/lib/systemd/systemd-resolved", "/lib/systemd/systemd-resolved"]
            .iter()
            .any(|path| self.system.is_there(path))
        {
            wanted.push((RESOLVED, file(self.resolved_conf())));
        }
        let search = if self.search { offered.search.as_slice() } else { &[] };
        wanted.push((RESOLV_CONF, file(self.resolv_conf(search))));
        wanted
    }

    fn resolv_conf(&self, search: &[String]) -> String {
        let mut text = format!("# {MARK}: names are asked of this device itself. Changes are undone.\n");
        for address in &self.resolver {
            let _ = writeln!(text, "nameserver {address}");
        }
        if !search.is_empty() {
            let _ = writeln!(text, "search {}", search.join(" "));
        }
        text
    }

    /// An empty assignment forgets what other files said. `~.` asks these servers for all names, before those of links; a cache would
    /// outlive a change of policy, and what is blocked is not signed (resolved.conf(5)).
    fn resolved_conf(&self) -> String {
        let servers: Vec<String> = self.resolver.iter().map(ToString::to_string).collect();
        format!(
            "# {MARK}.\n[Resolve]\nDNS=\nDNS={}\nFallbackDNS=\nDomains=\nDomains=~.\nDNSSEC=no\nDNSOverTLS=no\nCache=no\n",
            servers.join(" ")
        )
    }

    /// What belongs in a place where ours stands and nothing is kept: the file of whoever looks after names here, else the servers that
    /// the network offers, so that the device finds names at all.
    fn lost(&self, path: &str) -> Was {
        if path != RESOLV_CONF.path {
            return Was::Absent;
        }
        let files =
            ["/run/systemd/resolve/stub-resolv.conf", "/run/NetworkManager/resolv.conf", "/run/resolvconf/resolv.conf"];
        if let Some(file) = files.iter().find(|file| self.system.is_there(file)) {
            return Was::Link(format!("..{file}").into_bytes());
        }
        let offered = self.offered();
        let lines = offered.servers.iter().map(|server| format!("nameserver {}\n", server.ip()));
        Was::File { mode: READABLE, bytes: lines.collect::<String>().into_bytes() }
    }

    /// Lets units read what has changed. Where systemd does not run, nothing runs that would.
    async fn tell(&self, record: &Record) -> Result<(), GuardError> {
        if !self.system.is_there("/run/systemd/system") {
            return Ok(());
        }
        for unit in record.untold() {
            // Does nothing where it does not run (systemctl(1)).
            self.system.run("systemctl", &["try-reload-or-restart", unit], "").await?;
        }
        // What NetworkManager told systemd-resolved before stays with the links until it is taken back.
        let both = [RESOLVED, NETWORK_MANAGER].iter().all(|place| self.system.is_there(place.path));
        if both && record.untold().next().is_some() {
            // Not those that resolved lists: its folder is its own, and root without capabilities does not enter it.
            for link in self.system.names("/sys/class/net").iter().filter(|link| *link != "lo") {
                if let Err(error) = self.system.run("resolvectl", &["revert", link], "").await {
                    tracing::debug!(%error, "a link keeps its resolvers");
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
