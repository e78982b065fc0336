//! The running control plane: built from its folder, run until told to stop, stopped without losing anybody.

use crate::ca::Ca;
use crate::census::Counted;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::folder::{Folder, text_read};
use crate::intake::Intake;
use crate::keys::Keys;
use crate::listen::accept;
use crate::live::Live;
use crate::load::Load;
use crate::metrics::Metrics;
use crate::revocations::Revocations;
use crate::rollouts::Tallies;
use crate::ruling::Ruling;
use crate::serving::{Services, serve};
use crate::shared::Shared;
use crate::timed::Timed;
use crate::vault::VaultStore;
use crate::{scrape, upkeep};
use controlplane_core::audit::Refusals;
use controlplane_core::device::Certificate;
use controlplane_core::operator::operator_folder_admit;
use controlplane_core::rules::Rules;
use controlplane_core::store::{Revision, SharedStore};
use controlplane_core::vault::LoanRegister;
use identity::caller::{Caller, certificate_read};
use identity::issue::chain_of_pem;
use model::time::Timestamp;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

/// Handshaken connections waiting to be served.
const READY_MAX: usize = 64;
/// After this, a stop waits no longer for calls to end.
const DRAIN_MAX: Duration = Duration::from_secs(20);

/// A control plane with its socket bound.
pub struct Server {
    shared: Arc<Shared>,
    rulings: watch::Sender<Arc<Ruling>>,
    stopping: watch::Sender<bool>,
    listener: TcpListener,
    /// Where metrics are read, if they are.
    scraped: Option<TcpListener>,
    /// The revision before anybody is served.
    since: Revision,
    vault: Option<VaultStore>,
}

impl Server {
    /// Reads keys and rules and binds the socket; nobody is served yet.
    ///
    /// # Errors
    /// [`Error`] that says what is missing, damaged or taken.
    pub async fn build(config: Config, folder: &Folder, store: SharedStore, clock: Arc<dyn Clock>) -> Result<Self> {
        Self::build_with(config, folder, store, None, clock).await
    }

    /// The same with a vault beside the store; it is closed when the server has run.
    ///
    /// # Errors
    /// As [`Server::build`].
    pub async fn build_with(
        config: Config,
        folder: &Folder,
        store: SharedStore,
        vault: Option<VaultStore>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let ca = Ca::read(folder, &config.territory)?;
        let keys = Arc::new(Keys::new(ca, Arc::clone(&clock))?);
        let listener = bind(config.listen).await?;
        let scraped = match config.metrics.listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let metrics = Arc::new(Metrics::new());
        let load = Arc::new(Load::new(Arc::clone(&clock), Arc::clone(&metrics)));
        let live = Arc::new(Live::default());
        let store = Timed::of(store, Arc::clone(&metrics), Arc::clone(&load), Arc::clone(&live));
        operator_admit(folder, &store, &config, clock.now()).await?;
        let rules = Rules::load(store.as_ref(), &config.territory, &config.time_zone).await?;
        let (rulings, ruling) = watch::channel(Arc::new(Ruling::of(rules)));
        let (stopping, stop) = watch::channel(false);
        let zone = config.zone().map_err(|message| Error::Config { path: folder.config(), message })?;
        let territory = config.territory.clone();
        let shared = Shared {
            started: clock.now(),
            folder: folder.clone(),
            config,
            zone,
            vault: vault.as_ref().map(|open| open.vault(Arc::clone(&store), territory)),
            vault_made: vault.as_ref().map(VaultStore::made),
            loans: Arc::new(LoanRegister(Arc::clone(&store))),
            store,
            clock,
            keys,
            live,
            load,
            ruling,
            stop,
            check_ins: AtomicU64::new(0),
            fetched: Mutex::default(),
            refused: AtomicU64::new(0),
            metrics,
            counted: Counted::default(),
            refusals: Mutex::new(Refusals::default()),
            revocations: Revocations::default(),
            rollouts: Tallies::default(),
            shelf: Arc::default(),
            lists: Arc::default(),
            intake: Intake::default(),
        };
        let since = shared.ruling.borrow().rules.revision;
        Ok(Self { shared: Arc::new(shared), rulings, stopping, listener, scraped, since, vault })
    }

    /// Where it listens; tells the port when the configuration left it open.
    ///
    /// # Errors
    /// [`Error::Listen`] when the system does not tell.
    pub fn address(&self) -> Result<SocketAddr> {
        let address = self.shared.config.listen;
        self.listener.local_addr().map_err(|source| Error::Listen { address, source })
    }

    /// Serves until `shutdown` is ready, then tells held devices when to come back, ends calls, and writes what is in memory.
    ///
    /// # Errors
    /// [`Error`] when what it serves cannot be described, or the loan register cannot be closed.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<()> {
        let Self { shared, rulings, stopping, listener, scraped, since, vault } = self;
        let services = Services::new(&shared)?;
        let (ready, connections) = mpsc::channel(READY_MAX);
        let limits = (shared.config.limits.connections, shared.config.limits.handshakes);
        let watched = (Arc::clone(&shared.metrics), Arc::clone(&shared.load), Arc::clone(&shared.clock));
        let keys = Arc::clone(&shared.keys);
        let accepting = tokio::spawn(accept(listener, keys, limits, watched, ready, shared.stop.clone()));
        let scraping = scraped.map(|listener| tokio::spawn(scrape::serve(listener, Arc::clone(&shared))));
        let keeping = upkeep::start(&shared, rulings, since);
        let stop = async {
            shutdown.await;
            shared.live.stopping();
            tracing::info!("stopping: held devices are told when to come back");
            stopping.send_replace(true);
        };
        let serving = serve(services, connections, stop);
        let mut stopped = shared.stop.clone();
        tokio::select! {
            () = serving => {}
            () = async {
                let _ = stopped.wait_for(|s| *s).await;
                shared.clock.sleep(DRAIN_MAX).await;
            } => tracing::warn!("some calls did not end in time and were cut"),
        }
        accepting.abort();
        if let Some(scraping) = scraping {
            scraping.abort();
        }
        keeping.abort_all();
        upkeep::flush(&shared).await;
        if let Some(vault) = vault {
            vault.close().await?;
        }
        Ok(())
    }
}

/// The operator whose certificate lies in the data folder, if one does, is let in once.
async fn operator_admit(folder: &Folder, store: &SharedStore, config: &Config, now: Timestamp) -> Result<()> {
    let path = folder.operator("operator.pem");
    if !path.exists() {
        return Ok(());
    }
    let damaged = |why: &str| Error::Damaged { path: path.clone(), why: why.to_owned() };
    let chain = chain_of_pem(&text_read(&path)?).map_err(|e| damaged(&e.to_string()))?;
    let read = certificate_read(&chain[0]).map_err(|e| damaged(&e.to_string()))?;
    let Caller::Operator { territory, name } = read.caller else {
        return Err(damaged("not an operator's certificate"));
    };
    if territory != config.territory {
        return Err(damaged("for another territory than server.toml says"));
    }
    let certificate = Certificate { serial: read.serial, number: read.number, until: read.until };
    Ok(operator_folder_admit(store, &territory, &name, certificate, now).await?)
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })
}
