//! A server with its devices, made ready for a profile, and what one phase cost.

use super::crowd::{Crowd, Shown, each};
use super::device::{Device, school_of};
use super::latency::Latencies;
use super::line::{PING, Road, Traffic};
use super::place::Place;
use super::samples::{Sample, Samples};
use super::seed::Seed;
use crate::caller::Attempt;
use crate::meter;
use crate::process::ServerProcess;
use controlplane::clock::{Clock, SystemClock};
use model::digest::Digest;
use model::section::SectionKind;
use model::token::Token;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tonic::transport::Channel;
use wire::v1::DeviceShowRequest;
use wire::v1::admin_client::AdminClient;

/// Devices that join or visit at the same time while things are made ready.
const AT_A_TIME: usize = 48;
/// Devices of one token, as many as one may let in.
const TOKEN: usize = 40;
/// How often it is looked whether something has come to hold.
const LOOK: Duration = Duration::from_millis(50);

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// So many devices.
    pub devices: u64,
    /// Of this chance.
    pub seed: u64,
    /// Over how long they come, or are held.
    pub over: Duration,
    /// Whether they tell the server that they hold what they were told, as agents do.
    pub speaks: bool,
    /// A server that runs already: its data folder and its process.
    pub running: Option<(PathBuf, u32)>,
}

/// A server and its devices.
pub struct World {
    /// What was asked for.
    pub wish: Wish,
    /// The server.
    pub place: Place,
    /// What devices share.
    pub crowd: Arc<Crowd>,
    /// Those that are not alive at this moment.
    pub devices: Vec<Device>,
}

/// What a phase cost and how long things took in it.
#[derive(Clone, Debug, Default)]
pub struct Cost {
    /// How long it was.
    pub wall: Duration,
    /// Processor time of the server.
    pub cpu: Duration,
    /// Its memory before and after, in MiB.
    pub resident_mib: (f64, f64),
    /// Bytes that TCP carried.
    pub bytes: u64,
    /// How long each kind of thing took.
    pub latencies: BTreeMap<&'static str, Latencies>,
    /// What failed and was tried again, how often.
    pub failed: BTreeMap<String, u64>,
    /// What the server used over time.
    pub samples: Vec<Sample>,
}

impl Cost {
    /// Processor time for each of so many, in microseconds.
    #[must_use]
    pub fn micros_each(&self, count: u64) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / count.max(1) as f64
    }
}

impl World {
    /// A server, running, without a device.
    ///
    /// # Errors
    /// Why not, as text.
    pub fn empty(wish: Wish, shown: Arc<dyn Shown>) -> Result<Self, String> {
        super::limits::files_take(wish.devices)?;
        let place = match &wish.running {
            Some((data, pid)) => Place::running(data, *pid)?,
            None => Place::made(wish.devices)?,
        };
        Ok(Self::at(place, wish, shown))
    }

    /// The same whose devices have joined and told all they know.
    ///
    /// # Errors
    /// Why not, as text.
    pub async fn ready(wish: Wish, shown: Arc<dyn Shown>) -> Result<Self, String> {
        Self::empty(wish, shown)?.joined().await
    }

    /// A server that was started already, without a device.
    #[must_use]
    pub fn at(place: Place, wish: Wish, shown: Arc<dyn Shown>) -> Self {
        let crowd = Arc::new(Crowd::new(road(place.server.port), shown, wish.speaks));
        Self { wish, place, crowd, devices: Vec::new() }
    }

    /// Lets its devices join and tell all they know.
    ///
    /// # Errors
    /// Why not, as text.
    pub async fn joined(mut self) -> Result<Self, String> {
        let attempts = self.attempts().await?;
        self.crowd.shown.begun("enrolling", self.wish.devices);
        self.devices = enrolled(&self.crowd, attempts, Seed::new(self.wish.seed)).await?;
        self.visits("first reports").await?;
        let _ = self.crowd.tally.take();
        Ok(self)
    }

    /// So many more that have joined and told all they know, and are none of the crowd.
    ///
    /// # Errors
    /// Why not, as text.
    pub async fn more(&self, count: u64) -> Result<Vec<Device>, String> {
        let seed = Seed::new(self.wish.seed).of(1);
        let attempts = attempts(&self.place.server, &self.crowd, count, seed).await?;
        let devices = enrolled(&self.crowd, attempts, seed).await?;
        visited(&self.crowd, devices, "first reports of those apart").await
    }

    /// One whose devices joined so long ago, told all they knew, and were switched off.
    ///
    /// # Errors
    /// Why not, as text.
    pub async fn since(wish: Wish, shown: Arc<dyn Shown>, ago: Duration) -> Result<Self, String> {
        super::limits::files_take(wish.devices)?;
        if wish.running.is_some() {
            return Err("this profile begins in the past, with a server of its own: leave out --data".to_owned());
        }
        let folder = tempfile::Builder::new().prefix("cartable-swarm-").tempdir().map_err(|e| e.to_string())?;
        let (count, seed) = (wish.devices, Seed::new(wish.seed));
        let joined = async |server: &ServerProcess| {
            let crowd = Arc::new(Crowd::new(road(server.port), Arc::clone(&shown), wish.speaks));
            let attempts = attempts(server, &crowd, count, seed).await?;
            crowd.shown.begun("enrolling", count);
            let devices = enrolled(&crowd, attempts, seed).await?;
            visited(&crowd, devices, "first reports").await
        };
        let (server, devices) = ServerProcess::earlier(folder.path(), ago, joined).await;
        let devices = devices?;
        let place = Place::begun(server, folder, count)?;
        let crowd = Arc::new(Crowd::new(road(place.server.port), shown, wish.speaks));
        Ok(Self { wish, place, crowd, devices })
    }

    /// Who is to join, in an order of chance.
    ///
    /// # Errors
    /// When tokens cannot be made.
    pub async fn attempts(&self) -> Result<Vec<(u64, Attempt)>, String> {
        attempts(&self.place.server, &self.crowd, self.wish.devices, Seed::new(self.wish.seed)).await
    }

    /// Each device comes, says what is new and goes again.
    ///
    /// # Errors
    /// When one does not get through.
    pub async fn visits(&mut self, what: &str) -> Result<(), String> {
        self.devices = visited(&self.crowd, std::mem::take(&mut self.devices), what).await?;
        Ok(())
    }

    /// What something costs the server, and all that was noted meanwhile.
    ///
    /// # Errors
    /// What it says.
    pub async fn measured<T>(
        &mut self,
        what: &str,
        act: impl AsyncFnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<(T, Cost), String> {
        self.crowd.shown.begun(what, self.wish.devices);
        let _ = self.crowd.tally.take();
        let bytes = self.crowd.road.traffic.bytes();
        let before = meter::resident_mib(self.place.pid());
        let samples = Samples::of(self.place.pid_followed());
        self.crowd.begin();
        let began = Instant::now();
        let done = act(self).await;
        let wall = began.elapsed();
        let samples = samples.end().await;
        let (latencies, failed) = self.crowd.tally.take();
        let cost = Cost {
            wall,
            cpu: samples.last().map_or(Duration::ZERO, |last| last.cpu),
            resident_mib: (before, samples.last().map_or(before, |last| last.resident_mib)),
            bytes: self.crowd.road.traffic.bytes() - bytes,
            latencies,
            failed,
            samples,
        };
        Ok((done?, cost))
    }

    /// Waits until the server holds all devices.
    ///
    /// # Errors
    /// When it does not within so long.
    pub async fn all_held(&self, limit: Duration) -> Result<(), String> {
        let wanted = self.wish.devices;
        let mut last = 0;
        let held = async {
            loop {
                // It may be starting.
                last = self.place.held().await.unwrap_or(0);
                self.crowd.shown.done(last);
                if last >= wanted {
                    return;
                }
                sleep(LOOK).await;
            }
        };
        let done = timeout(limit, held).await;
        done.map_err(|_| format!("after {} s the server holds {last} of {wanted} devices", limit.as_secs()))
    }

    /// Waits until a number has come to that of the devices.
    ///
    /// # Errors
    /// When it has not within so long.
    pub async fn all(&self, limit: Duration, count: impl Fn(&Crowd) -> u64) -> Result<(), String> {
        let begun = Instant::now();
        while count(&self.crowd) < self.wish.devices {
            if begun.elapsed() > limit {
                let (there, all) = (count(&self.crowd), self.wish.devices);
                return Err(format!("after {} s it is {there} of {all} devices", limit.as_secs()));
            }
            self.crowd.shown.done(count(&self.crowd));
            sleep(LOOK / 10).await;
        }
        Ok(())
    }

    /// Asks the server about each device, whose last report must be what it keeps; how many are not.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn missing(&self) -> Result<u64, String> {
        self.crowd.shown.begun("asking the server what it keeps", self.wish.devices);
        let (admin, mut missing) = (self.place.admin().await?, 0);
        let mut asking = JoinSet::new();
        let (mut waiting, mut done) = (self.devices.iter(), 0);
        let mut ask = |asking: &mut JoinSet<_>| {
            let Some(device) = waiting.next() else { return };
            let wanted = ASKED.map(|kind| (i32::from(wire::v1::SectionKind::from(kind)), device.acknowledged(kind)));
            missing += device.lost;
            asking.spawn(kept_apart(admin.clone(), device.id(), wanted));
        };
        // As many as one connection may have.
        (0..ASKS).for_each(|_| ask(&mut asking));
        let mut apart = 0;
        while let Some(answer) = asking.join_next().await {
            apart += answer.map_err(|error| error.to_string())??;
            ask(&mut asking);
            done += 1;
            self.crowd.shown.done(done);
        }
        Ok(missing + apart)
    }
}

/// What every device reports.
const ASKED: [SectionKind; 3] = [SectionKind::Hardware, SectionKind::Packages, SectionKind::Health];
/// Streams that the server takes on one connection.
const ASKS: usize = 4;

/// Of how many sections the server keeps something else than what was acknowledged.
async fn kept_apart(
    mut admin: AdminClient<Channel>,
    device: String,
    wanted: [(i32, Option<Digest>); 3],
) -> Result<u64, String> {
    let shown = admin.device_show(DeviceShowRequest { device }).await;
    let shown = shown.map_err(|status| status.message().to_owned())?.into_inner();
    let kept = |kind: i32, digest: Digest| {
        let section = shown.sections.iter().find(|section| section.kind == kind);
        section.is_some_and(|section| section.digest[..] == digest.as_bytes()[..])
    };
    let apart = wanted.into_iter().filter(|(kind, digest)| digest.is_some_and(|digest| !kept(*kind, digest)));
    Ok(apart.count() as u64)
}

fn road(port: u16) -> Road {
    Road { port, traffic: Arc::new(Traffic::default()), ping: PING }
}

async fn attempts(
    server: &ServerProcess,
    crowd: &Crowd,
    count: u64,
    mut seed: Seed,
) -> Result<Vec<(u64, Attempt)>, String> {
    crowd.shown.begun("tokens and keys", count);
    // Another one each time: who comes again with a number that is known already is looked at by a person.
    let run = SystemClock.now().unix_millis();
    let serial = |nth: u64| format!("SWARM-{run:x}-{nth:06}");
    let all: Vec<u64> = (0..count).collect();
    let mut attempts = Vec::new();
    for some in all.chunks(TOKEN) {
        let serials = some.iter().map(|nth| serial(*nth)).collect();
        let school = some.first().map(|nth| school_of(*nth).to_string()).unwrap_or_default();
        let token: Token =
            super::place::token(server, serials, school).await?.parse().map_err(|_| "no token".to_owned())?;
        for nth in some {
            let (token, nth, serial) = (token.clone(), *nth, serial(*nth));
            let made = tokio::task::spawn_blocking(move || (nth, Attempt::new(&token, &serial)));
            attempts.push(made.await.map_err(|error| error.to_string())?);
            crowd.shown.done(nth + 1);
        }
    }
    seed.shuffle(&mut attempts);
    Ok(attempts)
}

/// Lets all of these join.
///
/// # Errors
/// When one is not let in.
pub async fn enrolled(crowd: &Arc<Crowd>, attempts: Vec<(u64, Attempt)>, seed: Seed) -> Result<Vec<Device>, String> {
    let mut devices = each(crowd, AT_A_TIME, attempts, |(nth, attempt)| {
        let crowd = Arc::clone(crowd);
        async move {
            let began = Instant::now();
            let device = Device::enrol(nth, attempt, &crowd.road, &crowd.trust, seed.of(nth)).await?;
            crowd.tally.note("enrolment", began.elapsed());
            Ok(device)
        }
    })
    .await?;
    devices.sort_by_key(|device| device.nth);
    Ok(devices)
}

async fn visited(crowd: &Arc<Crowd>, devices: Vec<Device>, what: &str) -> Result<Vec<Device>, String> {
    crowd.shown.begun(what, u64::try_from(devices.len()).unwrap_or(0));
    each(crowd, AT_A_TIME, devices, |mut device| {
        let crowd = Arc::clone(crowd);
        async move { visit(&crowd, &mut device).await.map(|()| device) }
    })
    .await
}

/// A device comes, says what is new, or that nothing is, and goes again.
///
/// # Errors
/// Why it did not get through, though it tried again.
pub async fn visit(crowd: &Crowd, device: &mut Device) -> Result<(), String> {
    const TRIES: u32 = 8;
    let mut why = String::new();
    for _ in 0..TRIES {
        match visit_once(crowd, device).await {
            Ok(None) => return Ok(()),
            Ok(Some(wait)) => sleep(wait).await,
            Err(failed) => {
                crowd.tally.failed(&failed.why);
                why = failed.why;
                let random = device.seed.draw_u32();
                sleep(device.backoff.failed(failed.wait, device.spread, random)).await;
            }
        }
    }
    Err(format!("a device did not get through in {TRIES} tries: {why}"))
}

async fn visit_once(crowd: &Crowd, device: &mut Device) -> Result<Option<Duration>, super::device::Failed> {
    let began = Instant::now();
    let line = crowd.connected(device).await?;
    let wait = if device.has_news(crowd.speaks()) {
        crowd.reported(device, &line).await?
    } else {
        device.ask(&line, Duration::ZERO).await?.wait
    };
    crowd.tally.note("visit, all of it", began.elapsed());
    Ok(wait)
}
