//! A crowd that is held and goes on reporting, and one who calls anew all the time, while something is done to their server.

use crate::meter;
use crate::swarm::crowd::{Crowd, Shown};
use crate::swarm::device::{Device, Failed};
use crate::swarm::latency::Latencies;
use crate::swarm::line::Road;
use crate::swarm::profile::hold;
use crate::swarm::world::{Cost, Wish, World};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};

/// Devices that are none of the crowd: a witness, and those in whose name harm is done.
const APART: u64 = 9;
/// Between two calls of the witness.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest that an agent waits for an answer that is not held.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// Longer than an agent waits that failed many times: a quarter of an hour.
pub(super) const LIMIT: Duration = Duration::from_secs(1_000);

/// A server with its crowd, away between two faults.
pub struct Ground {
    /// The server and its crowd.
    pub world: World,
    /// In whose name harm is done.
    pub apart: Vec<Device>,
    witness: Option<Device>,
}

/// What others saw of a fault, and what it left behind.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// How often the witness called anew, and was answered; the longest that an answer took, with its handshake.
    pub asked: u64,
    /// How often it was answered.
    pub answered: u64,
    /// The longest that took.
    pub slowest: Duration,
    /// Reports of the crowd that were acknowledged.
    pub reports: u64,
    /// The longest that one of them took.
    pub slowest_report: Duration,
    /// What failed and was tried again, how often.
    pub failed: BTreeMap<String, u64>,
    /// Acknowledged reports that the server does not keep any more.
    pub lost: u64,
    /// Memory of the server, in MiB, while all were held, before and after.
    pub resident_mib: (f64, f64),
    /// Its open files, before and after.
    pub files: (u64, u64),
    /// What its store takes on the disk, in MiB, before and after.
    pub disk_mib: (f64, f64),
    /// Processor time of the server meanwhile.
    pub cpu: Duration,
    /// How long it was.
    pub wall: Duration,
}

/// How the crowd goes on meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crowded {
    /// All are held and quiet, or report when the fault says so.
    Held,
    /// Each reports once within this while, over and over.
    Reporting(Duration),
}

impl Ground {
    /// A server with so many devices that have joined and told all they know.
    ///
    /// # Errors
    /// Why not, as text.
    pub async fn ready(wish: Wish, shown: Arc<dyn Shown>) -> Result<Self, String> {
        Self::of(World::ready(wish, shown).await?).await
    }

    /// The same on a server that stands with its crowd.
    ///
    /// # Errors
    /// Why not, as text.
    pub async fn of(world: World) -> Result<Self, String> {
        let mut apart = world.more(APART).await?;
        let witness = apart.pop();
        Ok(Self { world, apart, witness })
    }

    /// Lets something happen while the crowd is there; then looks whether all are served again, and what is left.
    ///
    /// # Errors
    /// Why not, as text; that not all came back, too.
    pub async fn under<T>(
        &mut self,
        what: &str,
        crowded: Crowded,
        act: impl AsyncFnOnce(&mut World, &mut Vec<Device>) -> Result<T, String>,
    ) -> Result<(T, Seen), String> {
        let spread = Duration::from_millis(self.world.wish.devices).max(Duration::from_secs(1));
        let lives = hold(&mut self.world, spread).await?;
        let reporting = if let Crowded::Reporting(every) = crowded {
            let reporting = reporting(Arc::clone(&self.world.crowd), every);
            // What has reported once is as it will be.
            sleep(every).await;
            Some((reporting, every))
        } else {
            None
        };
        let pid = self.world.place.pid();
        let before = (meter::resident_mib(pid), meter::files(pid), self.disk_mib());
        let (stop, stopped) = watch::channel(false);
        let witness = self.witness.take().ok_or("there is no witness")?;
        let witness = tokio::spawn(witness_all(witness, self.world.crowd.road.clone(), stopped));
        let apart = &mut self.apart;
        let done = self.world.measured(what, async |world| act(world, apart).await).await;
        stop.send_replace(true);
        let (witness, called) = witness.await.map_err(|error| error.to_string())?;
        self.witness = Some(witness);
        if let Some((reporting, every)) = reporting {
            reporting.abort();
            sleep(every).await;
        }
        let (done, cost) = done?;
        self.world.all_held(LIMIT).await?;
        let pid = self.world.place.pid();
        let after = (meter::resident_mib(pid), meter::files(pid), self.disk_mib());
        self.world.devices = lives.end().await;
        let lost = self.world.missing().await?;
        let mut seen = seen(cost, called);
        (seen.lost, seen.resident_mib) = (lost, (before.0, after.0));
        (seen.files, seen.disk_mib) = ((before.1, after.1), (before.2, after.2));
        Ok((done, seen))
    }

    fn disk_mib(&self) -> f64 {
        meter::folder_bytes(&self.world.place.server.data.join("store")) as f64 / (1024.0 * 1024.0)
    }
}

fn reporting(crowd: Arc<Crowd>, every: Duration) -> AbortHandle {
    let reporting = tokio::spawn(async move {
        loop {
            crowd.stir(every);
            sleep(every).await;
        }
    });
    reporting.abort_handle()
}

/// What the witness did: how often it called, the answers, and what failed.
#[derive(Default)]
struct Called {
    asked: u64,
    answers: Latencies,
    failed: BTreeMap<String, u64>,
}

async fn witness_all(mut device: Device, road: Road, stop: watch::Receiver<bool>) -> (Device, Called) {
    let mut called = Called::default();
    while !*stop.borrow() {
        let began = Instant::now();
        called.asked += 1;
        let asked = async {
            let line = device.connect(&road).await?;
            device.ask(&line, Duration::ZERO).await
        };
        match timeout(ANSWER_LIMIT, asked).await {
            Ok(Ok(_)) => called.answers.note(began.elapsed()),
            Ok(Err(Failed { why, .. })) => *called.failed.entry(format!("witness: {why}")).or_default() += 1,
            Err(_) => *called.failed.entry("witness: no answer within 30 s".to_owned()).or_default() += 1,
        }
        sleep(PAUSE).await;
    }
    (device, called)
}

fn seen(cost: Cost, called: Called) -> Seen {
    let reports = cost.latencies.get("report");
    let mut failed = cost.failed;
    failed.extend(called.failed);
    Seen {
        asked: called.asked,
        answered: called.answers.count() as u64,
        slowest: called.answers.quantile(1.0).unwrap_or_default(),
        reports: reports.map_or(0, |all| all.count() as u64),
        slowest_report: reports.and_then(|all| all.quantile(1.0)).unwrap_or_default(),
        failed,
        cpu: cost.cpu,
        wall: cost.wall,
        ..Seen::default()
    }
}
