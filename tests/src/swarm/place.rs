//! The server that is tried: one made for it in a fresh folder, or one that runs on this machine already.

use crate::caller::connect;
use crate::process::ServerProcess;
use crate::reporter::operator_identity;
use controlplane::config::Config;
use controlplane::folder::Folder;
use identity::tls;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::Mutex;
use tonic::transport::Channel;
use wire::v1::admin_client::AdminClient;
use wire::v1::{Cadence, CadenceSetRequest, CadenceShowRequest, ServerStatusRequest, TokenCreateRequest, TokenKind};

/// The server.
pub struct Place {
    /// As the suite knows one.
    pub server: ServerProcess,
    /// Whose processor time and memory are read.
    pid: Arc<AtomicU32>,
    own: bool,
    /// Used for as long as it stands: looking must cost next to nothing.
    admin: Mutex<Option<AdminClient<Channel>>>,
    /// Held for as long as it is needed.
    _folder: Option<tempfile::TempDir>,
}

impl Place {
    /// Makes one for so many devices in a temporary folder and starts it.
    ///
    /// # Errors
    /// Why not, as text.
    pub fn made(devices: u64) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("cartable-swarm-").tempdir().map_err(|e| e.to_string())?;
        let server = ServerProcess::init(folder.path());
        Self::begun(server, folder, devices)
    }

    /// Takes one that was made in this folder, and starts it.
    ///
    /// # Errors
    /// When its configuration cannot be changed.
    pub fn begun(mut server: ServerProcess, folder: tempfile::TempDir, devices: u64) -> Result<Self, String> {
        let path = server.data.join("server.toml");
        let text = std::fs::read_to_string(&path).map_err(|e| e.to_string())?;
        std::fs::write(&path, configured(&text, devices)).map_err(|e| e.to_string())?;
        server.start();
        let pid = Arc::new(AtomicU32::new(server.pid()));
        Ok(Self { server, pid, own: true, admin: Mutex::default(), _folder: Some(folder) })
    }

    /// One that runs on this machine with this data folder and as this process.
    ///
    /// # Errors
    /// What is not as it should be, and what to do.
    pub fn running(data: &Path, pid: u32) -> Result<Self, String> {
        let config = Config::read(&Folder::new(data)).map_err(|error| format!("{}: {error}", data.display()))?;
        if !(config.listen.ip().is_loopback() || config.listen.ip().is_unspecified()) {
            return Err(format!("the server listens on {}; swarm calls loopback alone", config.listen));
        }
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        if name.trim() != "cartable-server" {
            return Err(format!("process {pid} is no cartable-server; `pidof cartable-server` says which it is"));
        }
        let server = ServerProcess::foreign(PathBuf::from(data), config.listen.port());
        Ok(Self { server, pid: Arc::new(AtomicU32::new(pid)), own: false, admin: Mutex::default(), _folder: None })
    }

    /// Its process now.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid.load(Ordering::Relaxed)
    }

    /// Its process at any time, for whoever looks at it over and over.
    #[must_use]
    pub fn pid_followed(&self) -> Arc<AtomicU32> {
        Arc::clone(&self.pid)
    }

    /// Kills it as `kill -9` does, and starts it again.
    ///
    /// # Errors
    /// When it is not swarm's own.
    pub fn killed(&mut self) -> Result<(), String> {
        if self.killed_into(&[])? { Ok(()) } else { Err(format!("it does not start: {}", self.server.log_text())) }
    }

    /// The same with other words before it, such as those that set it a limit; says whether it listens, for one that may not be able to.
    ///
    /// # Errors
    /// When it is not swarm's own.
    pub fn killed_into(&mut self, words: &[&str]) -> Result<bool, String> {
        self.own_check()?;
        self.server.kill();
        let listens = self.server.start_tried(words);
        if listens {
            self.pid.store(self.server.pid(), Ordering::Relaxed);
        }
        Ok(listens)
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.server.has_ended()
    }

    /// Stops it in order, and starts it again.
    ///
    /// # Errors
    /// When it is not swarm's own.
    pub fn restarted(&mut self) -> Result<(), String> {
        self.own_check()?;
        let status = self.server.stop();
        if !status.success() {
            return Err(format!("the server ended with {status}: {}", self.server.log_text()));
        }
        self.server.start();
        self.pid.store(self.server.pid(), Ordering::Relaxed);
        Ok(())
    }

    /// Whether it may be stopped here.
    ///
    /// # Errors
    /// When it may not, and what to do.
    pub fn own_check(&self) -> Result<(), String> {
        if self.own {
            Ok(())
        } else {
            Err("this profile stops the server: leave out --data and --server-pid".to_owned())
        }
    }

    /// How many check-ins it holds.
    ///
    /// # Errors
    /// When it does not say.
    pub async fn held(&self) -> Result<u64, String> {
        let mut kept = self.admin.lock().await;
        let mut admin = match kept.take() {
            Some(admin) => admin,
            None => admin(&self.server).await?,
        };
        let status = admin.server_status(ServerStatusRequest {}).await.map_err(|e| e.message().to_owned())?;
        *kept = Some(admin);
        Ok(status.into_inner().held)
    }

    /// A client in the first operator's name, on a connection of its own.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn admin(&self) -> Result<AdminClient<Channel>, String> {
        admin(&self.server).await
    }

    /// Changes what all devices are to hold: they look at their health a minute more or less often.
    ///
    /// # Errors
    /// When it is not changed, and what to do.
    pub async fn policy_change(&self) -> Result<(), String> {
        let said = |status: tonic::Status| status.message().to_owned();
        let mut admin = admin(&self.server).await?;
        let now = admin.cadence_show(CadenceShowRequest {}).await.map_err(said)?.into_inner();
        let now = now.cadence.ok_or("no cadence")?;
        let health_seconds = if now.health_seconds > 900 { 900 } else { now.health_seconds + 60 };
        self.cadence_set(Cadence { health_seconds, ..now }).await
    }

    /// Sets how devices keep in touch.
    ///
    /// # Errors
    /// When it is not set, and what to do.
    pub async fn cadence_set(&self, cadence: Cadence) -> Result<(), String> {
        let request = CadenceSetRequest { cadence: Some(cadence), why: "swarm".to_owned() };
        let set = admin(&self.server).await?.cadence_set(request).await;
        let set = set.map_err(|status| status.message().to_owned())?.into_inner();
        if set.proposal.is_some() {
            return Err("the change waits for a second person: set limits.second_person_above in server.toml above the number of \
                        devices and restart the server, for the trial"
                .to_owned());
        }
        Ok(())
    }
}

/// A client in the first operator's name.
async fn admin(server: &ServerProcess) -> Result<AdminClient<Channel>, String> {
    let (chain, key) = operator_identity(&server.data);
    let root = chain.last().cloned().ok_or("the operator has no root")?;
    let config = tls::client(&root, chain, &key, tls::system_time()).map_err(|error| error.to_string())?;
    connect(server.port, config).await.map(AdminClient::new)
}

/// The text of a token for these devices.
///
/// # Errors
/// When none is made.
pub(super) async fn token(server: &ServerProcess, serials: Vec<String>, school: String) -> Result<String, String> {
    let wish = TokenCreateRequest {
        kind: TokenKind::Kit.into(),
        uses: u32::try_from(serials.len()).unwrap_or(u32::MAX),
        serials,
        school,
        note: "swarm".to_owned(),
        ..TokenCreateRequest::default()
    };
    let made = admin(server).await?.token_create(wish).await;
    Ok(made.map_err(|status| status.message().to_owned())?.into_inner().secret)
}

/// A configuration with room for so many devices, in which one person decides.
fn configured(text: &str, devices: u64) -> String {
    let text = text.replace("second_person_above = 10\n", "second_person_above = 4000000000\n");
    let room = devices.saturating_add(150).max(19_000);
    text.replace("connections = 19000\n", &format!("connections = {room}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_has_room_for_all_devices() {
        let text = "[limits]\nconnections = 19000\nsecond_person_above = 10\n";
        assert_eq!(configured(text, 10), "[limits]\nconnections = 19000\nsecond_person_above = 4000000000\n");
        assert!(configured(text, 19_800).contains("connections = 19950\n"));
    }
}
