//! What the devices of a swarm share, and how each of them lives while it is held.

use super::device::{Device, Failed, SharedTrust};
use super::latency::Tally;
use super::line::{Line, Road};
use model::section::SectionKind;
use rustls::HandshakeKind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// How long an answer that is not held may take, and a held one after its time, as the agent has it.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
const GRACE: Duration = Duration::from_secs(60);

/// A report that the server leaves undone, having too much to do.
const SENT_AWAY: &str = "a report is to come again later";

/// Told how far things are.
pub trait Shown: Send + Sync {
    /// Something begins that has so many steps; 0: nobody knows.
    fn begun(&self, what: &str, steps: u64);
    /// So many of them are done.
    fn done(&self, steps: u64);
}

/// What all devices share.
pub struct Crowd {
    /// The way to the server.
    pub road: Road,
    /// What they did, and how long it took.
    pub tally: Tally,
    /// What they trust.
    pub trust: SharedTrust,
    /// Who is told how far things are.
    pub shown: Arc<dyn Shown>,
    /// Devices that have been held, and reports answered, since [`Crowd::begin`].
    pub marks: Marks,
    /// Whether devices tell the server that they hold what they were told.
    pub speaks: AtomicBool,
    /// From when [`Marks`] are counted.
    since: Mutex<Instant>,
    /// Ends every life.
    stop: watch::Sender<bool>,
    /// How often health has changed on every device, and over how long they notice.
    stir: watch::Sender<(u64, Duration)>,
}

/// How many times something happened.
#[derive(Debug, Default)]
pub struct Marks {
    /// Devices told of something newer.
    pub told: AtomicU64,
    /// Reports that are durable.
    pub reported: AtomicU64,
    /// Lines that were drawn.
    pub connected: AtomicU64,
}

impl Crowd {
    /// One whose devices call this server.
    #[must_use]
    pub fn new(road: Road, shown: Arc<dyn Shown>, speaks: bool) -> Self {
        Self {
            road,
            tally: Tally::default(),
            trust: SharedTrust::default(),
            shown,
            marks: Marks::default(),
            speaks: AtomicBool::new(speaks),
            since: Mutex::new(Instant::now()),
            stop: watch::Sender::new(false),
            stir: watch::Sender::new((0, Duration::ZERO)),
        }
    }

    /// Whether devices tell the server that they hold what they were told.
    #[must_use]
    pub fn speaks(&self) -> bool {
        self.speaks.load(Ordering::Relaxed)
    }

    /// From now on [`Marks`] are counted, and latencies of what was told are measured.
    pub fn begin(&self) {
        for mark in [&self.marks.told, &self.marks.reported, &self.marks.connected] {
            mark.store(0, Ordering::Relaxed);
        }
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long ago that was.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.since.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Health changes on every device, which they notice within this while.
    pub fn stir(&self, over: Duration) {
        self.stir.send_modify(|stir| *stir = (stir.0 + 1, over));
    }

    /// Lets all devices live until [`Lives::end`].
    ///
    /// Each wakes up at a moment of its own within `over`.
    #[must_use]
    pub fn live(self: &Arc<Self>, devices: Vec<Device>, over: Duration) -> Lives {
        self.stop.send_replace(false);
        let mut tasks = JoinSet::new();
        for mut device in devices {
            let crowd = Arc::clone(self);
            let wakes = device.seed.while_(over);
            tasks.spawn(async move {
                sleep(wakes).await;
                device.silent = Some(Instant::now());
                crowd.life(device).await
            });
        }
        Lives { crowd: Arc::clone(self), tasks }
    }

    /// A line, with how long it took to draw it.
    ///
    /// # Errors
    /// [`Failed`]
    pub async fn connected(&self, device: &mut Device) -> Result<Line, Failed> {
        let began = Instant::now();
        let line = device.connect(&self.road).await?;
        let resumed = line.kind == HandshakeKind::Resumed;
        self.tally.note(if resumed { "handshake, resumed" } else { "handshake, full" }, began.elapsed());
        self.marks.connected.fetch_add(1, Ordering::Relaxed);
        Ok(line)
    }

    /// A report, with how long it took to be durable.
    ///
    /// # Errors
    /// [`Failed`]
    pub async fn reported(&self, device: &mut Device, line: &Line) -> Result<Option<Duration>, Failed> {
        let began = Instant::now();
        let heard = timeout(ANSWER_LIMIT, device.report(line)).await;
        let heard = heard.map_err(|_| Failed::from("no answer within 30 s".to_owned()))??;
        if heard.wait.is_none() {
            self.tally.note("report", began.elapsed());
            self.marks.reported.fetch_add(1, Ordering::Relaxed);
            self.heard(device);
        } else {
            self.tally.failed(SENT_AWAY);
        }
        Ok(heard.wait)
    }

    /// It is in touch again.
    pub fn heard(&self, device: &mut Device) {
        if let Some(since) = device.silent.take() {
            self.tally.note("silent until heard", since.elapsed());
        }
    }

    async fn life(&self, mut device: Device) -> Device {
        let mut line = None;
        let (mut stop, mut stir) = (self.stop.subscribe(), self.stir.subscribe());
        stir.mark_unchanged();
        loop {
            let pause = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return device,
                done = self.turn(&mut device, &mut line, &mut stir) => match done {
                    Ok(pause) => pause.map(|asked| asked.max(Duration::from_secs(1))),
                    Err(failed) => {
                        self.tally.failed(&failed.why);
                        device.silent.get_or_insert_with(Instant::now);
                        // Who says when to call again is there, and has no use for one more handshake.
                        if failed.wait.is_none() {
                            line = None;
                        }
                        let random = device.seed.draw_u32();
                        Some(device.backoff.failed(failed.wait, device.spread, random))
                    }
                },
            };
            let Some(pause) = pause else { continue };
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return device,
                () = sleep(pause) => {}
            }
        }
    }

    /// A report, if there is something to tell, else one held check-in; then the pause that the server asks for.
    async fn turn(
        &self,
        device: &mut Device,
        line: &mut Option<Line>,
        stir: &mut watch::Receiver<(u64, Duration)>,
    ) -> Result<Option<Duration>, Failed> {
        let drawn = match line.take() {
            Some(drawn) => drawn,
            None => self.connected(device).await?,
        };
        let drawn = line.insert(drawn);
        if device.has_news(self.speaks()) {
            return self.reported(device, drawn).await;
        }
        // The handshake proved both sides; the answer may be held for long.
        self.heard(device);
        let (hold, mut client) = (device.cadence.hold(), drawn.client());
        let call = client.check_in(device.held_request(hold));
        tokio::select! {
            answer = timeout(hold + GRACE, call) => {
                let answer = answer.map_err(|_| Failed::from("a held check-in was never answered".to_owned()))??;
                let heard = device.heard(answer.into_inner())?;
                if heard.news {
                    self.tally.note("told of a change", self.elapsed());
                    self.marks.told.fetch_add(1, Ordering::Relaxed);
                }
                Ok(heard.wait)
            }
            Ok(()) = stir.changed() => {
                let over = stir.borrow_and_update().1;
                sleep(device.seed.while_(over)).await;
                device.change(SectionKind::Health);
                Ok(None)
            }
        }
    }
}

/// Devices that are held.
pub struct Lives {
    crowd: Arc<Crowd>,
    tasks: JoinSet<Device>,
}

impl Lives {
    /// Ends them: every line is cut.
    pub async fn end(self) -> Vec<Device> {
        self.crowd.stop.send_replace(true);
        let mut devices = self.tasks.join_all().await;
        devices.sort_by_key(|device| device.nth);
        devices
    }
}

/// Does something with every device, so many at a time, in this order.
pub async fn each<T, U, F, Fut>(crowd: &Crowd, at_a_time: usize, all: Vec<T>, act: F) -> Result<Vec<U>, String>
where
    T: Send + 'static,
    U: Send + 'static,
    F: Fn(T) -> Fut,
    Fut: Future<Output = Result<U, String>> + Send + 'static,
{
    let (mut tasks, mut done) = (JoinSet::new(), Vec::with_capacity(all.len()));
    let mut waiting = all.into_iter();
    for one in waiting.by_ref().take(at_a_time) {
        tasks.spawn(act(one));
    }
    while let Some(ended) = tasks.join_next().await {
        done.push(ended.map_err(|error| error.to_string())??);
        crowd.shown.done(u64::try_from(done.len()).unwrap_or(u64::MAX));
        if let Some(next) = waiting.next() {
            tasks.spawn(act(next));
        }
    }
    Ok(done)
}
