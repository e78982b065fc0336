//! A control plane within the test's process, whose clock is moved by hand, and agents beside it with clocks of their own.

use agent::{Agent, Live};
use controlplane::Server;
use controlplane::ca::Ca;
use controlplane::clock::Clock;
use controlplane::config::Config;
use controlplane::error::Error;
use controlplane::folder::Folder;
use controlplane::init::{Wish, init};
use controlplane_core::audit::{AUDIT, Act, Person};
use controlplane_core::device::{Decision, Device, device_decide, device_get};
use controlplane_core::grant::{CONTACT_TERRITORY, CONTACTS, GRANTS, Granted};
use controlplane_core::memory::Memory;
use controlplane_core::role::Role;
use controlplane_core::store::{Expect, PAGE_MAX, Scope, SharedStore};
use controlplane_core::table::Writes;
use controlplane_core::token::{TokenKind, TokenWish, token_create};
use identity::issue::{Authority, chain_of_pem, chain_to_pem};
use model::grant::Hold;
use model::id::{DeviceId, TerritoryId};
use model::time::Timestamp;
use model::token::{Pin, Token};
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use std::io::ErrorKind::AddrInUse;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// A day.
pub const DAY: Duration = Duration::from_secs(86_400);
/// When a world begins, unless it is told.
pub const START: Timestamp = Timestamp::from_unix_seconds(1_795_000_000);

/// A clock moved by hand.
#[derive(Debug)]
pub struct HandClock {
    start: Timestamp,
    at: watch::Sender<Duration>,
}

impl HandClock {
    /// A clock that stands at this time.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self { start, at: watch::Sender::new(Duration::ZERO) }
    }

    /// Moves it.
    pub fn forward(&self, by: Duration) {
        self.at.send_modify(|at| *at += by);
    }

    async fn reached(&self, while_: Duration) {
        let mut at = self.at.subscribe();
        let end = at.borrow().saturating_add(while_);
        let _ = at.wait_for(|at| *at >= end).await;
    }
}

#[tonic::async_trait]
impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        self.start.after(*self.at.borrow())
    }

    fn ticks(&self) -> Duration {
        *self.at.borrow()
    }

    async fn sleep(&self, while_: Duration) {
        // What a refusal waits for on purpose is no matter here; holds and upkeep wait for the hand.
        if while_ > Duration::from_secs(1) {
            self.reached(while_).await;
        }
    }
}

/// As a caller judges certificates whose clock is right.
impl TimeProvider for HandClock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(Clock::now(self).unix_seconds()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// A device's clock: it runs as the world's does, and may be wrong by any while.
#[derive(Debug)]
pub struct DeviceClock {
    world: Arc<HandClock>,
    ahead_ms: AtomicI64,
}

impl DeviceClock {
    /// Sets it to this time, whatever it is.
    pub fn set(&self, to: Timestamp) {
        self.ahead_ms.store(to.unix_millis() - Clock::now(&*self.world).unix_millis(), Ordering::Relaxed);
    }

    /// Sets it right.
    pub fn right(&self) {
        self.ahead_ms.store(0, Ordering::Relaxed);
    }
}

#[tonic::async_trait]
impl agent::Clock for DeviceClock {
    fn now(&self) -> Timestamp {
        let world = Clock::now(&*self.world).unix_millis();
        Timestamp::from_unix_millis(world.saturating_add(self.ahead_ms.load(Ordering::Relaxed)))
    }

    fn elapsed(&self) -> Duration {
        // Long on: nothing waits for a school that was switched on together.
        Duration::from_secs(3_600) + self.world.ticks()
    }

    async fn sleep(&self, while_: Duration) {
        self.world.reached(while_).await;
    }
}

/// A control plane in this process.
pub struct World {
    /// What everything of it lies in.
    pub folder: tempfile::TempDir,
    /// Its clock.
    pub clock: Arc<HandClock>,
    /// Its store.
    pub store: SharedStore,
    /// Whose it is.
    pub territory: TerritoryId,
    /// Where it listens.
    pub port: u16,
    tokens: AtomicI64,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl World {
    /// One that begins at [`START`].
    pub async fn new() -> Self {
        Self::at(START).await
    }

    /// One that begins at this time.
    pub async fn at(start: Timestamp) -> Self {
        Self::over(Arc::new(Memory::new()), start).await
    }

    /// One that begins at this time over this store.
    pub async fn over(store: SharedStore, start: Timestamp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let territory: TerritoryId = "doubs".parse().unwrap();
        let wish = Wish {
            territory: territory.clone(),
            listen: "127.0.0.1:0".parse().unwrap(),
            names: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            operator: "admin".to_owned(),
        };
        init(&folder.path().join("data"), &wish, start).unwrap();
        let clock = Arc::new(HandClock::new(start));
        let port = crate::process::free_port();
        let mut world = Self { folder, clock, store, territory, port, tokens: AtomicI64::new(0), running: None };
        world.start().await;
        world
    }

    /// Stops it and starts it again, on the same port.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.start().await;
    }

    /// Gives the server a new certificate, as its authority does when the old one is near its end.
    pub async fn server_certificate_renew(&mut self) {
        let ca = self.data().join("ca");
        let text = |name: &str| std::fs::read_to_string(ca.join(name)).unwrap();
        let authority = Authority::new(&text("intermediate.key"), chain_of_pem(&text("intermediate.pem")).unwrap());
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let issued = authority.unwrap().server_issue(&names, self.now(), rand::random()).unwrap();
        std::fs::write(ca.join("server.pem"), chain_to_pem(&issued.chain)).unwrap();
        std::fs::write(ca.join("server.key"), issued.key_pem).unwrap();
        self.restart().await;
    }

    /// Lets so much time pass, and everything that it wakes have its turns.
    pub async fn pass(&self, by: Duration) {
        self.clock.forward(by);
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    /// Whether this comes to hold while time stands still; `real` is how long that may really take.
    pub async fn comes(&self, real: Duration, holds: impl AsyncFn() -> bool) -> bool {
        let seen = async {
            while !holds().await {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(real, seen).await.is_ok()
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Clock::now(&*self.clock)
    }

    /// By which callers judge certificates: a clock that stands still in a world that begins at [`START`], so that tests move time for
    /// one side alone; in any other the world's own.
    #[must_use]
    pub fn callers_time(&self) -> identity::tls::Time {
        if self.clock.start == START { standing_time() } else { self.clock.clone() }
    }

    /// Where it is reached.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// The server's certificate, DER.
    #[must_use]
    pub fn leaf(&self) -> Vec<u8> {
        crate::caller::server_leaf(&self.data())
    }

    /// The root's certificate, DER.
    #[must_use]
    pub fn root(&self) -> Vec<u8> {
        chain_of_pem(&std::fs::read_to_string(self.data().join("ca/root.pem")).unwrap()).unwrap().remove(0)
    }

    /// The pin of the root.
    #[must_use]
    pub fn pin(&self) -> Pin {
        Ca::read(&Folder::new(self.data()), &self.territory).unwrap().pin
    }

    /// A token for one device.
    pub async fn token(&self) -> Token {
        let wish = TokenWish {
            kind: TokenKind::Unit,
            uses: 1,
            life: None,
            school: None,
            owner: None,
            kit: None,
            serials: Vec::new(),
            device: None,
            note: String::new(),
        };
        let mut random = [7; 31];
        random[..8].copy_from_slice(&self.tokens.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        token_create(&self.store, &self.territory, wish, &admin(), self.pin(), &random, self.now()).await.unwrap().0
    }

    /// A person's decision.
    pub async fn decide(&self, device: DeviceId, decision: impl Into<Decision> + Send) {
        let decided =
            device_decide(&self.store, &self.territory, device, decision, &admin(), "a test", self.now()).await;
        decided.unwrap();
    }

    /// Grants a device this, as an act of a loan does, and says whom to contact; the epoch is the next one.
    pub async fn grant(&self, device: DeviceId, hold: Hold, contact: &str) {
        let id = device.to_string();
        let before = GRANTS.get(self.store.as_ref(), &self.territory, &*id).await.unwrap();
        let epoch = before.map_or(0, |row| row.value.epoch) + 1;
        let act = Act::of(self.now(), &admin(), "loan_test", "P-1", "a test");
        let granted = Granted { epoch, hold, school: None };
        let writes = Writes::by(&self.territory, &act).unwrap().put(&GRANTS, id, &granted, Expect::Any).unwrap();
        let writes = writes.put(&CONTACTS, CONTACT_TERRITORY, &contact.to_owned(), Expect::Any).unwrap();
        writes.commit(&self.store).await.unwrap();
    }

    /// A device's record.
    pub async fn record(&self, device: DeviceId) -> Device {
        device_get(self.store.as_ref(), &self.territory, device).await.unwrap().value
    }

    /// Everything in the audit, a line an act; the server is stopped, which writes what it had yet to write.
    pub async fn audit(&mut self) -> String {
        self.stop().await;
        let scope = Scope { territory: self.territory.clone(), tables: vec![AUDIT], prefix: String::new() };
        let (mut text, mut after) = (String::new(), String::new());
        loop {
            let page = self.store.scan(&scope, &after, PAGE_MAX).await.unwrap();
            let Some((last, _)) = page.last() else { return text };
            after.clone_from(&last.id);
            text.extend(page.iter().map(|(_, entry)| String::from_utf8_lossy(&entry.value).into_owned() + "\n"));
        }
    }

    /// An agent that is not enrolled, with a clock that is right.
    #[must_use]
    pub fn agent(&self, name: &str) -> Machine {
        Machine::new(self, name)
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts it where it was stopped, on the same port.
    pub async fn start(&mut self) {
        let folder = Folder::new(self.data());
        let mut config = Config::read(&folder).unwrap();
        config.listen.set_port(self.port);
        let build = || Server::build(config.clone(), &folder, self.store.clone(), self.clock.clone());
        let mut built = build().await;
        // A program that another test is starting has all that is open here until it runs, so the listener of before, too.
        for _ in 0..500 {
            if !matches!(&built, Err(Error::Listen { source, .. }) if source.kind() == AddrInUse) {
                break;
            }
            std::thread::park_timeout(Duration::from_millis(20));
            tokio::task::yield_now().await;
            built = build().await;
        }
        let server = built.unwrap();
        self.port = server.address().unwrap().port();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(async move { server.run(async { stopped.await.unwrap_or(()) }).await.unwrap() });
        self.running = Some((stop, running));
    }

    /// Stops it: it is as if the network were cut.
    pub async fn stop(&mut self) {
        let Some((stop, running)) = self.running.take() else { return };
        let _ = stop.send(());
        running.await.unwrap();
    }

    /// Ends it as kill -9 does; what its store has taken stays.
    pub async fn kill(&mut self) {
        let Some((_stop, running)) = self.running.take() else { return };
        running.abort();
        let _ = running.await;
    }
}

/// An agent in this process.
pub struct Machine {
    /// Its clock.
    pub clock: Arc<DeviceClock>,
    /// The agent.
    pub agent: Agent,
    /// Its state folder.
    pub state: PathBuf,
    /// What stands for `/` on it.
    pub root: PathBuf,
    running: Option<JoinHandle<()>>,
}

impl Machine {
    fn new(world: &World, name: &str) -> Self {
        let state = world.folder.path().join(name);
        closed(&state);
        // What an agent shows people lies on a machine of its own.
        let root = world.folder.path().join(format!("machine-{name}"));
        std::fs::create_dir_all(&root).unwrap();
        let clock = Arc::new(DeviceClock { world: world.clock.clone(), ahead_ms: AtomicI64::new(0) });
        let config = agent::Config { state: state.clone(), root: root.clone(), ..agent::Config::default() };
        Self { agent: Agent::new(config, clock.clone()), clock, state, root, running: None }
    }

    /// Enrols it.
    pub async fn enrol(&self, world: &World) -> DeviceId {
        let token = world.token().await.to_string();
        self.agent.enrol(&world.url(), &token).await.unwrap().device
    }

    /// Starts it, as after kill -9 when it ran before.
    pub async fn start(&mut self) {
        self.kill().await;
        // What it noted before says nothing of this run.
        let _ = std::fs::remove_file(self.state.join("status.json"));
        let agent = self.agent.clone();
        self.running = Some(tokio::spawn(async move { agent.run(std::future::pending()).await.map(|_| ()).unwrap() }));
    }

    /// Ends it as kill -9 does.
    pub async fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
            let _ = running.await;
        }
    }

    /// Until it notes this of itself.
    pub async fn until(&self, what: &str, noted: impl Fn(&Live) -> bool) {
        let seen = async {
            while !self.agent.status().unwrap().live.is_some_and(|live| noted(&live)) {
                tokio::task::yield_now().await;
            }
        };
        let seen = tokio::time::timeout(Duration::from_secs(120), seen).await;
        assert!(seen.is_ok(), "not {what}: {:#?}", self.agent.status().unwrap().live);
    }

    /// Until it notes this of itself, while time passes.
    pub async fn sometime(&self, world: &World, what: &str, noted: impl Fn(&Live) -> bool) {
        let seen = async {
            while !self.agent.status().unwrap().live.is_some_and(|live| noted(&live)) {
                world.pass(Duration::from_secs(20)).await;
            }
        };
        let seen = tokio::time::timeout(Duration::from_secs(120), seen).await;
        assert!(seen.is_ok(), "not {what}: {:#?}", self.agent.status().unwrap().live);
    }

    /// Until it has told everything and its check-in is held.
    pub async fn settled(&self) {
        self.until("settled", |live| live.connected && live.waiting == 0 && live.fault.is_none()).await;
    }

    /// The names of the files in its state folder.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        let names = std::fs::read_dir(&self.state).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
        }
    }
}

/// A time that stands at [`START`], for callers to whom the end of the server's certificate is another matter.
#[must_use]
pub fn standing_time() -> identity::tls::Time {
    Arc::new(HandClock::new(START))
}

/// The operator in whose name tests decide.
#[must_use]
pub fn admin() -> Person {
    Person { name: "admin".to_owned(), role: Role::Admin }
}

fn closed(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
}
