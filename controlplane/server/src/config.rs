//! The server's configuration: one TOML file, in which an unknown key is an error.

use crate::error::{Error, Result};
use crate::folder::{Folder, text_read};
use crate::otlp::OtlpConfig;
use jiff::tz::TimeZone;
use model::id::TerritoryId;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// `server.toml`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whose devices these are.
    pub territory: TerritoryId,
    /// Where to listen, such as `0.0.0.0:8443`.
    pub listen: SocketAddr,
    /// Where agents and staff reach the server, such as `https://cartable.example.fr:8443`.
    pub url: String,
    /// Where its days begin and end, as an IANA name: loans are due by local dates.
    #[serde(default = "time_zone")]
    pub time_zone: String,
    /// The store.
    #[serde(default)]
    pub store: StoreConfig,
    /// Limits.
    #[serde(default)]
    pub limits: Limits,
    /// The copy of the repository of resources.
    #[serde(default)]
    pub resources: ResourcesConfig,
    /// What a backup needs.
    #[serde(default)]
    pub backup: BackupConfig,
    /// The identity vault; there is none until `cartable-server vault init` makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vault: Option<VaultConfig>,
    /// Metrics.
    #[serde(default)]
    pub metrics: MetricsConfig,
    /// Traces.
    #[serde(default)]
    pub otlp: OtlpConfig,
}

/// `[store]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// Memory for the store's cache, in MiB; 8 to 65,536.
    pub cache_mib: u64,
    /// Below this much free disk, in MiB, nothing is accepted any more.
    pub free_floor_mib: u64,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { cache_mib: 128, free_floor_mib: 256 }
    }
}

/// `[limits]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections at a time; further ones wait.
    pub connections: usize,
    /// TLS handshakes at a time.
    pub handshakes: usize,
    /// After the server stops, devices come back within at most so many seconds.
    pub spread_seconds: u32,
    /// Check-ins one device may make in a row.
    pub device_burst: u32,
    /// Check-ins one device may make in a minute, for long.
    pub device_calls_per_minute: u32,
    /// An act on more devices than this waits for a second person.
    pub second_person_above: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 19_000,
            handshakes: 256,
            spread_seconds: 60,
            device_burst: 120,
            device_calls_per_minute: 60,
            second_person_above: 10,
        }
    }
}

/// `[resources]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResourcesConfig {
    /// The most that the copy of the repository takes, in MiB.
    pub repository_mib: u64,
    /// Below this much free disk, in MiB, no more of it is taken.
    pub free_floor_mib: u64,
}

impl Default for ResourcesConfig {
    fn default() -> Self {
        Self { repository_mib: 65_536, free_floor_mib: 2_048 }
    }
}

/// `[backup]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BackupConfig {
    /// Where it is noted who was revoked or lost; in the data folder when `None`.
    pub ends: Option<PathBuf>,
}

/// `[vault]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultConfig {
    /// The file of the key, outside the data folder: who takes the folder must not have it too.
    pub key: PathBuf,
    /// An identity is erased so many days after the end of its last loan.
    #[serde(default = "vault_days")]
    pub days_after_loan: u32,
    /// An identity that has had no loan is erased so many days after the last file that had it.
    #[serde(default = "vault_days")]
    pub days_without_loan: u32,
}

/// `[metrics]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsConfig {
    /// Where Prometheus reads them, on loopback only; nowhere when `None`.
    pub listen: Option<SocketAddr>,
}

const fn vault_days() -> u32 {
    365
}

/// The time zone of a territory that names none.
pub(crate) fn time_zone() -> String {
    "Europe/Paris".to_owned()
}

impl Config {
    /// Reads and checks the configuration of a data folder.
    ///
    /// # Errors
    /// [`Error`] that names the file, the line and the key; [`Error::Unfinished`] where a restore has not come to its end.
    pub fn read(folder: &Folder) -> Result<Self> {
        if folder.unfinished().exists() {
            return Err(Error::Unfinished(folder.root().to_owned()));
        }
        Self::read_unfinished(folder)
    }

    /// The same, also while a restore fills the folder.
    ///
    /// # Errors
    /// [`Error`] that names the file, the line and the key.
    pub(crate) fn read_unfinished(folder: &Folder) -> Result<Self> {
        let path = folder.config();
        let text = text_read(&path)?;
        let config: Self =
            toml::from_str(&text).map_err(|e| Error::Config { path: path.clone(), message: e.to_string() })?;
        config.check().map_err(|message| Error::Config { path, message })?;
        Ok(config)
    }

    /// The time zone of the territory.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(crate) fn zone(&self) -> std::result::Result<TimeZone, String> {
        let named = TimeZone::get(&self.time_zone);
        named.map_err(|e| format!("time_zone = {:?}: an IANA name such as Europe/Paris ({e})", self.time_zone))
    }

    fn check(&self) -> std::result::Result<(), String> {
        self.zone()?;
        if !self.url.starts_with("https://") || self.url.len() > 256 {
            return Err(format!("url = {:?}: it begins with https:// and has at most 256 characters", self.url));
        }
        if !(8..=65_536).contains(&self.store.cache_mib) {
            return Err(format!("store.cache_mib = {}: 8 to 65536", self.store.cache_mib));
        }
        if !(1..=1_000_000).contains(&self.limits.connections) || !(1..=4_096).contains(&self.limits.handshakes) {
            return Err("limits: connections is 1 to 1000000, handshakes 1 to 4096".to_owned());
        }
        if self.limits.device_burst == 0 || self.limits.device_calls_per_minute == 0 {
            return Err("limits: device_burst and device_calls_per_minute are at least 1".to_owned());
        }
        if self.limits.spread_seconds > 3_600 {
            return Err(format!("limits.spread_seconds = {}: at most 3600", self.limits.spread_seconds));
        }
        if let Some(ends) = self.backup.ends.as_ref().filter(|ends| !ends.is_absolute() || ends.file_name().is_none()) {
            return Err(format!("backup.ends = {ends:?}: the whole path of a file, such as /mnt/other/ends.jsonl"));
        }
        if let Some(vault) = &self.vault {
            if !vault.key.is_absolute() || vault.key.file_name().is_none() {
                let key = &vault.key;
                return Err(format!("vault.key = {key:?}: the whole path of a file, such as /etc/cartable/vault.key"));
            }
            if !(1..=3_650).contains(&vault.days_after_loan) || !(1..=3_650).contains(&vault.days_without_loan) {
                return Err("vault: days_after_loan and days_without_loan are 1 to 3650".to_owned());
            }
        }
        // They are read without a certificate, so they must not leave the machine.
        if let Some(listen) = self.metrics.listen.filter(|listen| !listen.ip().is_loopback()) {
            return Err(format!(
                "metrics.listen = \"{listen}\": only a loopback address, such as 127.0.0.1:9464 or [::1]:9464"
            ));
        }
        self.otlp.collector().map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "territory = \"doubs\"\nlisten = \"127.0.0.1:8443\"\nurl = \"https://localhost:8443\"\n";

    fn read(text: &str) -> Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("server.toml"), text).unwrap();
        Config::read(&Folder::new(folder.path()))
    }

    #[test]
    fn each_mistake_is_named() {
        assert!(read(GOOD).is_ok());
        for (spoilt, named) in [
            (format!("{GOOD}colour = 1\n"), "colour"),
            (format!("{GOOD}[store]\ncash_mib = 1\n"), "cash_mib"),
            (format!("{GOOD}[store]\ncache_mib = 1\n"), "cache_mib"),
            (format!("{GOOD}[metrics]\nlisten = \"0.0.0.0:9464\"\n"), "loopback"),
            (format!("{GOOD}[metrics]\nlisten = \"192.0.2.7:9464\"\n"), "metrics.listen"),
            (format!("{GOOD}[metrics]\nlisten = \"[::]:9464\"\n"), "[::1]"),
            (format!("{GOOD}[metrics]\nlistens = 1\n"), "listens"),
            (format!("{GOOD}[otlp]\nendpoint = \"http://192.0.2.7:4318\"\n"), "otlp.endpoint"),
            (format!("{GOOD}[otlp]\nratio = 2.0\n"), "otlp.ratio"),
            (format!("{GOOD}[otlp]\nendpoints = 1\n"), "endpoints"),
            (GOOD.replace("doubs", "Doubs!"), "territory"),
            (GOOD.replace("127.0.0.1:8443", "here"), "listen"),
            (GOOD.replace("https://", "http://"), "url"),
            (format!("time_zone = \"Europe/Lutetia\"\n{GOOD}"), "time_zone"),
            ("territory = ".to_owned(), "line 1"),
        ] {
            let text = read(&spoilt).unwrap_err().to_string();
            assert!(text.contains(named), "{text}");
        }
    }
}
