//! The agent: enrols a device, reports what it is and how it is, and holds what it is told.
//!
//! `main` reads the configuration and calls [`Agent`]; tests run several in one process, each with its own folder and clock.

mod acts;
mod answer;
pub mod cli;
mod clock;
mod config;
mod connect;
mod doctor;
mod enforce;
mod enrol;
mod error;
mod filter;
#[cfg(test)]
mod fixture;
mod folder;
mod frame;
mod link;
mod machine;
#[cfg(unix)]
mod map;
mod medium;
mod peers;
mod platform;
mod proxy;
mod publisher;
mod release;
mod renew;
mod report;
mod resources;
mod sent;
mod signed_time;
mod source;
mod spool;
mod state;
mod status;
mod supervisor;
mod ticket;
mod trust;
mod waiting;

pub use acts::Act;
pub use clock::{BUILT, Clock, SystemClock};
pub use config::{Config, ConfigFault};
pub use doctor::{Check, Diagnosis, Fact, Finding, Outcome};
pub use enrol::Joined;
pub use error::{Advice, Error};
pub use filter::{FilterConfig, FilterDay, SecureServer};
pub use medium::{Carried, Imported, Part, Wanting};
pub use proxy::{Proxy, Rules};
pub use release::Build;
pub use resources::Resource;
pub use sent::{Sent, SentField, SentMessage, Shown, Texts};
pub use state::Enrolment;
pub use status::{Condition, Fault, Live, Loan, ReleaseStands, Status};
pub use supervisor::{Nobody, Supervisor};

use folder::Folder;
use platform::{Here, Platform};
use release::{Running, become_packaged};
use std::sync::Arc;
use supervisor::{Pulse, watched};

/// The agent's version, as it is reported.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// One agent on one state folder.
#[derive(Clone, Debug)]
pub struct Agent {
    config: Config,
    clock: Arc<dyn Clock>,
    supervisor: Arc<dyn Supervisor>,
    pulse: Arc<Pulse>,
    running: Running,
    /// How it comes to a local network; it meets nobody without.
    network: Option<Arc<dyn peers::Network>>,
}

/// Why an agent that ran does not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to end.
    Asked,
    /// Another program of the agent is to run in its place.
    Replaced,
}

impl Agent {
    /// An agent of this configuration that lives by this clock.
    #[must_use]
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> Self {
        let running = Running::from_environment(config.version(), |name| std::env::var(name).ok());
        Self { config, clock, supervisor: Arc::new(Nobody), pulse: Arc::default(), running, network: None }
    }

    /// The same agent, which meets devices of its school on the local network.
    #[must_use]
    pub fn neighbourly(self) -> Self {
        Self { network: Some(Arc::new(peers::LocalNetwork)), ..self }
    }

    /// The same agent, which tells this supervisor how it is.
    #[must_use]
    pub fn supervised(self, supervisor: Arc<dyn Supervisor>) -> Self {
        Self { supervisor, ..self }
    }

    /// Checks all that the configuration names: the proxy and its credentials, who vouches for mirrors, and the state folder if it is there, with what it
    /// holds.
    ///
    /// # Errors
    /// [`Error`] that names the setting or the file.
    pub fn check(&self) -> Result<(), Error> {
        self.config.proxy_rules()?;
        if let Some(roots) = &self.config.mirror_roots {
            source::mirror::mirror_tls(Some(roots), Arc::new(clock::JudgingTime::new(self.clock.clone(), None)))?;
        }
        let folder = self.folder();
        if folder.root().try_exists().map_err(Error::file(folder.root()))? {
            folder.closed_check()?;
            if state::enrolled_read(&folder)?.is_none() {
                folder.own_check(state::own)?;
            }
        }
        Ok(())
    }

    /// Joins: proves the token to the server and keeps what it is given. Ended at any instant, it can be called again with the
    /// same token.
    ///
    /// # Errors
    /// [`Error`]: what is wrong with token, server, answer or folder.
    pub async fn enrol(&self, server: &str, token: &str) -> Result<Joined, Error> {
        enrol::enrol(self, server, token).await
    }

    /// The same for a device that may be enrolled: it gets a new identity, and keeps the old one until the new one is whole.
    ///
    /// # Errors
    /// As [`Agent::enrol`].
    pub async fn enrol_again(&self, server: &str, token: &str) -> Result<Joined, Error> {
        enrol::enrol_again(self, server, token).await
    }

    /// Keeps in touch until `shutdown` ends; a device that is not enrolled yet waits for that.
    ///
    /// # Errors
    /// [`Error`] when the state folder cannot be used; never because a server is away.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) -> Result<Ended, Error> {
        let mut ended = Ended::Asked;
        let mut shutdown = std::pin::pin!(shutdown);
        let mut watching = std::pin::pin!(watched(&*self.supervisor, &self.pulse, &*self.clock));
        let link = tokio::select! {
            biased;
            () = &mut shutdown => None,
            link = waiting::link(self) => Some(link?),
            () = &mut watching => None,
        };
        if let Some(mut link) = link {
            self.supervisor.ready();
            let (loan, releases, filters) = (link.loan(), link.releases(), link.filters());
            let (resources, ways) = link.resources(self.network.clone());
            tokio::select! {
                biased;
                () = &mut shutdown => {}
                () = loan.keep() => {}
                () = filters.keep() => {}
                () = releases.keep(ways) => ended = Ended::Replaced,
                () = link.live() => {}
                () = &mut watching => {}
            }
            // The process goes on as another program; said to stop, it would be ended a little later.
            if ended == Ended::Asked {
                self.supervisor.stopping();
            }
            drop(resources);
            link.leave();
        } else {
            self.supervisor.stopping();
        }
        Ok(ended)
    }

    /// Filters until `shutdown` ends: a process of its own, beside the agent that runs.
    ///
    /// # Errors
    /// [`Error`] when its folder cannot be used, or nobody can listen.
    #[cfg(unix)]
    pub async fn filter(&self, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
        filter::filter(&self.config, self.clock.clone(), &*self.supervisor, shutdown).await
    }

    /// Whether something of the system is taken over, and no filter runs that would put it back by itself.
    #[cfg(unix)]
    #[must_use]
    pub fn filter_left(&self) -> bool {
        let folder = Folder::new(&self.config.filter_place());
        folder.path(filter::TAKEN).exists() && !folder.running()
    }

    /// Puts back what the filter took over of the system.
    ///
    /// # Errors
    /// [`Error::System`] for what could not be put back; called again, it does the rest.
    #[cfg(unix)]
    pub async fn filter_put_back(&self) -> Result<(), Error> {
        filter::put_back(&self.config).await
    }

    /// Deletes everything that is kept of this device on it, keys and an installer's token included; says whether there was anything.
    ///
    /// # Errors
    /// [`Error::Locked`] while an agent runs, [`Error::File`] when something cannot be deleted.
    pub fn forget(&self) -> Result<bool, Error> {
        // What it shows of a loan goes with it; an agent that runs holds the folder, and is not disturbed.
        if !self.folder().running() {
            enforce::forget(&self.config)?;
            resources::forget(&self.config.resources_place(), &self.folder())?;
        }
        // First: an agent that waits would enrol with it at once.
        let token = enrol::file::forget(&self.config.enrolment_place())?;
        Ok(state::forget(&self.folder())? || token)
    }

    /// The folder of everything the agent keeps.
    #[must_use]
    pub fn state(&self) -> &std::path::Path {
        &self.config.state
    }

    /// Where the device stands; works while another process runs the agent.
    ///
    /// # Errors
    /// [`Error`] when the folder cannot be read or is damaged.
    pub fn status(&self) -> Result<Status, Error> {
        status::read(&self.folder(), &Folder::new(&self.config.filter_place()), self.clock.now())
    }

    /// Where the resources stand that this device is to hold; works while another process runs the agent.
    ///
    /// # Errors
    /// [`Error`] when the folder cannot be read.
    pub fn resources(&self) -> Result<Vec<Resource>, Error> {
        resources::noted(&self.folder())
    }

    /// Hands resources on a medium to the agent that runs, which takes what this device is to hold; `told` hears now and then how many bytes
    /// that were.
    ///
    /// # Errors
    /// [`Error`]: it is no such medium, cannot be read, or no agent runs.
    pub async fn import(&self, folder: &std::path::Path, told: impl FnMut(u64)) -> Result<Imported, Error> {
        let enrolled = state::enrolled_read(&self.folder())?;
        if enrolled.is_none() {
            return Err(Error::NotEnrolled(self.config.state.clone()));
        }
        medium::import(&self.config.state, folder, &self.resources()?, told).await
    }

    /// The folder that resources lie in.
    #[must_use]
    pub fn resources_place(&self) -> std::path::PathBuf {
        self.config.resources_place()
    }

    /// What was sent last, field by field with its purpose, and what was done to this device from afar; works while another
    /// process runs the agent.
    ///
    /// # Errors
    /// [`Error`] when the folder cannot be read.
    pub fn sent(&self) -> Result<Sent, Error> {
        sent::read(&self.folder())
    }

    /// Looks at everything between this device and its server, or the one named; works while another process runs the agent, and
    /// before an enrolment.
    ///
    /// # Errors
    /// [`Error::Server`] when the address is not one.
    pub async fn doctor(&self, server: Option<&str>) -> Result<Diagnosis, Error> {
        doctor::doctor(self, server).await
    }

    /// Becomes the packaged program, which decides what runs; only an error comes back.
    pub(crate) fn replace(&self) -> std::io::Error {
        become_packaged(&self.running)
    }

    fn folder(&self) -> Folder {
        Folder::new(&self.config.state)
    }

    fn machine(&self) -> Here {
        Here::at(&self.config.root)
    }
}
