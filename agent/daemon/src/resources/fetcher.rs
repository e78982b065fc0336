//! Fetches what is signed, a piece at a time, from whoever gives it. What is given is judged, and whoever gave something else is left alone.

use super::fault::Fault;
use super::gate::Gate;
use super::having::{Having, Making};
use super::near::{LOOK_EVERY, Near, Patience, Said};
use super::shown::Shown;
use super::stage::{Placed, Stage};
use super::wanted::{Wanted, batch, chunks_of, queue};
use crate::clock::{Clock, within};
use crate::publisher::Signed;
use crate::source::{Fetched, Piece, Road, Source, SourceError};
use agent_core::bucket::Bucket;
use agent_core::pace::Pace;
use agent_core::roads::{self, Roads};
use agent_core::seed::beginning;
use bytes::Bytes;
use model::digest::Digester;
use model::resource::BundleName;
use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How long one answer may take: the largest chunk at some 35 kbit/s. What is asked for at once is as the line is.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// Requests under way to one source.
const UNDER_WAY_MAX: usize = 3;
/// The same to one outside while devices of the school are there: what several have under way at one time comes several times.
const OUTSIDE_UNDER_WAY_MAX: usize = 2;
/// And so many bytes each.
const OUTSIDE_BYTES_MAX: usize = 256 << 10;
/// The most sources that are known at a time: one bit each says who lacks a chunk.
const SOURCES_MAX: usize = 64;

/// A source by its name, which is remembered.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) source: Arc<dyn Source>,
}

impl Named {
    /// The nearest is asked first.
    fn rank(&self) -> u8 {
        match self.source.road() {
            Road::Medium => 0,
            Road::Peer => 1,
            // Both from outside: they share the work, each as fast as it gives.
            Road::Server | Road::Mirror => 2,
        }
    }

    fn is_wan(&self) -> bool {
        matches!(self.source.road(), Road::Server | Road::Mirror)
    }
}

/// Asks sources, and remembers how they answered.
pub(crate) struct Fetcher {
    clock: Arc<dyn Clock>,
    sources: Vec<Named>,
    roads: Roads,
    pace: Pace,
    bucket: Bucket,
    /// Bytes that other devices gave.
    near_bytes: u64,
    /// What other devices are told is there.
    making: Arc<Making>,
}

/// Whoever counts what came by which road.
pub(crate) type Counted<'a> = dyn Fn(Road, u64) + Sync + 'a;

/// What came of one request.
struct Answer {
    source: usize,
    asked: Vec<Wanted>,
    said: Said,
    took: Duration,
}

impl Fetcher {
    pub(super) fn new(clock: Arc<dyn Clock>, making: Arc<Making>) -> Self {
        let (roads, pace, bucket) = (Roads::default(), Pace::default(), Bucket::new(0));
        Self { clock, sources: Vec::new(), roads, pace, bucket, near_bytes: 0, making }
    }

    /// One whose files are of no use to others before they are whole.
    pub(crate) fn alone(clock: Arc<dyn Clock>) -> Self {
        Self::new(clock, Arc::default())
    }

    /// From now on it is these that may be asked, at so many bytes a second from outside.
    pub(crate) fn follow(&mut self, mut sources: Vec<Named>, bytes_per_second: u64) {
        sources.truncate(SOURCES_MAX);
        self.sources = sources;
        self.bucket.rate_set(bytes_per_second);
    }

    /// The sources that may be asked now, the nearest first.
    pub(crate) fn free(&self) -> Vec<Named> {
        let now = self.clock.elapsed();
        let mut free: Vec<&Named> =
            self.sources.iter().filter(|source| self.roads.pause(&source.name, now).is_zero()).collect();
        free.sort_by_key(|source| source.rank());
        free.into_iter().cloned().collect()
    }

    /// Whether there is a device of the school among those that may be asked.
    pub(super) fn has_neighbours(&self) -> bool {
        self.sources.iter().any(|source| source.source.road() == Road::Peer)
    }

    /// Notes that a source gave nothing, or something else than was signed.
    pub(crate) fn failed(&mut self, name: &str, lied: bool) {
        let fault = if lied { roads::Fault::Lied } else { roads::Fault::Stalled };
        self.roads.failed(name, fault, self.clock.elapsed());
    }

    /// How many bytes other devices gave so far.
    pub(crate) const fn near_bytes(&self) -> u64 {
        self.near_bytes
    }

    /// Nobody is left: when to ask again.
    pub(crate) fn nobody(&self) -> Fault {
        let now = self.clock.elapsed();
        Fault::Unreachable(self.sources.iter().map(|s| self.roads.pause(&s.name, now)).min().unwrap_or_default())
    }

    /// Fetches a whole file that is signed; what of it lies there already is not fetched again.
    pub(super) async fn file(
        &mut self,
        signed: &Signed,
        to: &Path,
        (name, shown, gate): (&BundleName, &Shown, &mut Gate),
    ) -> Result<(), Fault> {
        self.file_counted(signed, to, &|road, bytes| shown.came(name, road, bytes), gate).await
    }

    /// The same, for whoever counts by themselves what came by which road.
    ///
    /// # Errors
    /// [`Fault`].
    pub(crate) async fn file_counted(
        &mut self,
        signed: &Signed,
        to: &Path,
        counted: &Counted<'_>,
        gate: &mut Gate,
    ) -> Result<(), Fault> {
        let (mut lacked, mut lied) = (0_u64, false);
        loop {
            let (at, length) = (to.to_owned(), signed.length);
            let (mut digester, mut there) = blocking(move || begun(&at, length)).await?;
            let (mut givers, from_nothing) = (0_u64, there == 0);
            while there < signed.length {
                gate.check().await?;
                let Some(at) = self.choose(&[], lacked) else {
                    return Err(if lied { Fault::Failed("damaged") } else { self.nobody() });
                };
                let source = self.sources[at].clone();
                let portion = self.pace.portion(&source.name) as u64;
                let length = u32::try_from((signed.length - there).min(portion)).unwrap_or(u32::MAX);
                let piece = Piece { item: signed.item.clone(), offset: there, length };
                self.clock.sleep(self.rate_left(&source)).await;
                let begun = self.clock.elapsed();
                let said = within(&*self.clock, ANSWER_LIMIT, source.source.fetch(&[piece])).await;
                let took = self.clock.elapsed().saturating_sub(begun);
                let body = match self.judged(&source, said, took).map(|fetched| fetched.into_iter().next()) {
                    Some(Some(Fetched::Found { body, size }))
                        if size == signed.length && body.len() as u64 == u64::from(length) =>
                    {
                        body
                    }
                    Some(Some(Fetched::Found { .. })) => {
                        self.failed(&source.name, true);
                        (lacked, lied) = (lacked | 1 << at, true);
                        continue;
                    }
                    Some(Some(Fetched::Missing) | None) | None => {
                        lacked |= 1 << at;
                        continue;
                    }
                };
                self.came(&source, counted, body.len());
                givers |= 1 << at;
                appended(to, &body)?;
                digester.update(&body);
                there += body.len() as u64;
            }
            if digester.finish() == signed.sha256 {
                return Ok(());
            }
            fs::remove_file(to)?;
            // Only who gave all of it is known to have lied. Of several those near are asked no more, and one from outside for the
            // whole: a neighbour that gives a byte must not put the server out.
            let alone = from_nothing && givers.count_ones() == 1;
            for at in (0..self.sources.len()).filter(|at| givers & 1 << at != 0) {
                if alone || !self.sources[at].is_wan() {
                    let source = self.sources[at].name.clone();
                    self.failed(&source, true);
                    (lacked, lied) = (lacked | 1 << at, true);
                }
            }
        }
    }

    /// Fetches chunks into their places.
    pub(super) async fn chunks(
        &mut self,
        stage: &Arc<Mutex<Stage>>,
        lacking: Vec<Placed>,
        about: (&BundleName, &Shown, &mut Gate),
    ) -> Result<(), Fault> {
        let mut under_way = JoinSet::new();
        let done = self.chunks_asked(stage, lacking, about, &mut under_way).await;
        if self.sources.iter().any(|source| source.source.road() == Road::Medium) {
            // Somebody stands beside it, and is told how it ended over the line that an answer comes by.
            while under_way.join_next().await.is_some() {}
        }
        done
    }

    async fn chunks_asked(
        &mut self,
        stage: &Arc<Mutex<Stage>>,
        lacking: Vec<Placed>,
        (name, shown, gate): (&BundleName, &Shown, &mut Gate),
        under_way: &mut JoinSet<Answer>,
    ) -> Result<(), Fault> {
        let (mut queue, of_bytes, mut missing, coming, mut near) = {
            let stage = stage.lock().unwrap_or_else(PoisonError::into_inner);
            let (count, version) = (stage.index().chunks().len(), &stage.index().manifest().version);
            let mut having = Having::all(count);
            lacking.iter().for_each(|placed| having.set(placed.chunk, false));
            let coming = self.making.begun(name, version, having);
            let near = Near::new(name, version, count, self.sources.len());
            let (queue, of_bytes) = (queue(&stage, lacking), stage.index().size());
            let missing: u64 = queue.iter().map(Wanted::bytes).sum();
            (queue, of_bytes, missing, coming, near)
        };
        if self.has_neighbours() {
            queue.rotate_left(beginning(queue.len(), rand::random()));
        }
        let (mut lied, mut patience) =
            (false, Patience::new(self.clock.elapsed(), self.sources.iter().any(Named::is_wan)));
        let mut busy = vec![0_usize; self.sources.len()];
        shown.bytes(name, of_bytes.saturating_sub(missing), of_bytes);
        loop {
            gate.check().await?;
            if !queue.is_empty() {
                let free = self.in_order(&busy).into_iter().map(|at| (at, Arc::clone(&self.sources[at].source)));
                for (at, error) in near.look(&self.clock, free.collect()).await {
                    let source = self.sources[at].clone();
                    self.judged(&source, Some(Err(error)), Duration::ZERO);
                }
            }
            let is_coming = queue.iter().any(|wanted| near.is_coming(wanted.chunks()));
            let patient = patience.holds(is_coming && !self.asks_outside(&busy), self.clock.elapsed());
            while let Some((at, asked)) = self.next(&mut queue, (&near, patient), &busy) {
                let source = self.sources[at].clone();
                let wait = self.rate_left(&source);
                if source.is_wan() {
                    coming.asked(chunks_of(&asked));
                }
                let clock = self.clock.clone();
                busy[at] += 1;
                under_way.spawn(async move {
                    clock.sleep(wait).await;
                    let pieces: Vec<Piece> = asked.iter().map(Wanted::piece).collect();
                    let begun = clock.elapsed();
                    let said = within(&*clock, ANSWER_LIMIT, source.source.fetch(&pieces)).await;
                    Answer { source: at, asked, said, took: clock.elapsed().saturating_sub(begun) }
                });
            }
            let Some(answer) = under_way.join_next().await else {
                if patient && queue.iter().any(|wanted| near.is_coming(wanted.chunks())) {
                    self.clock.sleep(LOOK_EVERY).await;
                    continue;
                }
                return if queue.is_empty() {
                    Ok(())
                } else {
                    Err(if lied { Fault::Failed("damaged") } else { self.nobody() })
                };
            };
            let Answer { source: at, asked, said, took } =
                answer.map_err(|error| Fault::File(io::Error::other(error)))?;
            busy[at] -= 1;
            coming.answered(chunks_of(&asked));
            let source = self.sources[at].clone();
            let Some(fetched) = self.judged(&source, said, took) else {
                asked.into_iter().rev().for_each(|wanted| queue.push_front(wanted));
                continue;
            };
            let mut fetched = fetched.into_iter();
            let (mut found, mut owners, mut cut) = (Vec::new(), Vec::new(), Vec::new());
            let (mut came, mut missed) = (0, false);
            for mut wanted in asked {
                match fetched.next() {
                    Some(Fetched::Found { body, .. }) => {
                        came += body.len();
                        found.push((wanted.places(), body));
                        owners.push(wanted);
                    }
                    Some(Fetched::Missing) => {
                        wanted.lacked |= 1 << at;
                        missed = true;
                        queue.push_back(wanted);
                    }
                    None => cut.push(wanted),
                }
            }
            cut.into_iter().rev().for_each(|wanted| queue.push_front(wanted));
            // A device that said it has them, and a mirror that is behind: others are asked before it is again.
            if missed && near.lacks(at) || missed && found.is_empty() && source.source.road() == Road::Mirror {
                self.failed(&source.name, false);
            }
            self.came(&source, &|road, bytes| shown.came(name, road, bytes), came);
            let good = put(stage, found).await?;
            if good.contains(&false) {
                self.failed(&source.name, true);
            }
            for (mut wanted, good) in owners.into_iter().zip(good) {
                if good {
                    coming.came(wanted.chunks());
                    missing -= wanted.bytes();
                } else {
                    tracing::warn!(
                        source = source.name,
                        chunk = %wanted.chunk.id,
                        "a source gave other bytes than were signed"
                    );
                    (wanted.lacked, lied) = (wanted.lacked | 1 << at, true);
                    queue.push_back(wanted);
                }
            }
            shown.bytes(name, of_bytes.saturating_sub(missing), of_bytes);
        }
    }

    /// Whether somebody outside is asked for something at this moment.
    fn asks_outside(&self, busy: &[usize]) -> bool {
        self.sources.iter().zip(busy).any(|(source, busy)| source.is_wan() && *busy > 0)
    }

    /// The sources that may be asked now: the nearest first, of them those with the least to do for us.
    fn in_order(&self, busy: &[usize]) -> Vec<usize> {
        let now = self.clock.elapsed();
        let mut free: Vec<usize> =
            (0..self.sources.len()).filter(|at| self.roads.pause(&self.sources[*at].name, now).is_zero()).collect();
        free.sort_by_key(|at| (self.sources[*at].rank(), busy[*at]));
        free
    }

    /// What to ask next, and whom. Nothing is asked of a farther one that a nearer one may have, be that busy with us.
    fn next(
        &self,
        queue: &mut VecDeque<Wanted>,
        (near, patient): (&Near, bool),
        busy: &[usize],
    ) -> Option<(usize, Vec<Wanted>)> {
        let order = self.in_order(busy);
        let has = |at: usize, wanted: &Wanted| wanted.lacked & 1 << at == 0 && near.may(at, wanted.chunks());
        let company = self.has_neighbours();
        for at in order.iter().copied() {
            let name = &self.sources[at].name;
            let (most, bytes) = (self.pace.under_way(name, UNDER_WAY_MAX), self.pace.portion(name));
            let (most, bytes) = match company && self.sources[at].is_wan() {
                true => (most.min(OUTSIDE_UNDER_WAY_MAX), bytes.min(OUTSIDE_BYTES_MAX)),
                false => (most, bytes),
            };
            if busy[at] >= most || near.has_none(at) {
                continue;
            }
            let rank = self.sources[at].rank();
            // One that drips is no reason to go without.
            let drips = |other: usize| busy[other] > 0 && self.pace.is_least(&self.sources[other].name);
            let nearer: Vec<usize> =
                order.iter().copied().filter(|other| self.sources[*other].rank() < rank && !drips(*other)).collect();
            let waits = patient && company && self.sources[at].is_wan();
            let asked = batch(queue, bytes, |wanted| {
                let near_by = nearer.iter().any(|nearer| has(*nearer, wanted));
                has(at, wanted) && !near_by && !(waits && near.is_coming(wanted.chunks()))
            });
            if !asked.is_empty() {
                return Some((at, asked));
            }
        }
        None
    }

    /// The best source that is not known to lack something.
    fn choose(&self, busy: &[usize], lacked: u64) -> Option<usize> {
        let mut known: Vec<usize> = (0..self.sources.len()).filter(|at| lacked & 1 << at == 0).collect();
        let about: Vec<(&str, u8, usize)> = known
            .iter()
            .map(|at| (&*self.sources[*at].name, self.sources[*at].rank(), busy.get(*at).copied().unwrap_or(0)))
            .collect();
        let most = |name: &str| self.pace.under_way(name, UNDER_WAY_MAX);
        let chosen = self.roads.choose(&about, most, self.clock.elapsed())?;
        Some(known.swap_remove(chosen))
    }

    /// What a source gave; it is remembered when that is nothing.
    fn judged(&mut self, source: &Named, said: Said, took: Duration) -> Option<Vec<Fetched>> {
        let fault = match said {
            Some(Ok(fetched)) if !fetched.is_empty() => {
                self.roads.worked(&source.name);
                let size = |one: &Fetched| if let Fetched::Found { body, .. } = one { body.len() } else { 0 };
                self.pace.came(&source.name, fetched.iter().map(size).sum(), took);
                return Some(fetched);
            }
            Some(Err(SourceError::Busy { again })) => roads::Fault::Busy(again),
            Some(Err(error)) => {
                match source.source.road() {
                    // Devices of a school come and go.
                    Road::Peer => tracing::debug!(source = source.name, %error, "a device gives nothing"),
                    _ => tracing::info!(source = source.name, %error, "a source gives nothing"),
                }
                roads::Fault::Stalled
            }
            Some(Ok(_)) => roads::Fault::Stalled,
            None => {
                self.pace.late(&source.name);
                roads::Fault::Stalled
            }
        };
        self.roads.failed(&source.name, fault, self.clock.elapsed());
        None
    }

    /// How long to wait before this one is asked.
    fn rate_left(&self, source: &Named) -> Duration {
        if source.is_wan() { self.bucket.wait(self.clock.elapsed()) } else { Duration::ZERO }
    }

    fn came(&mut self, source: &Named, counted: &Counted<'_>, bytes: usize) {
        if source.is_wan() {
            self.bucket.went(bytes as u64, self.clock.elapsed());
        }
        if source.source.road() == Road::Peer {
            self.near_bytes += bytes as u64;
        }
        counted(source.source.road(), bytes as u64);
    }
}

async fn put(stage: &Arc<Mutex<Stage>>, found: Vec<(Vec<Placed>, Bytes)>) -> Result<Vec<bool>, Fault> {
    let stage = Arc::clone(stage);
    blocking(move || stage.lock().unwrap_or_else(PoisonError::into_inner).chunks_put(&found)).await
}

/// One at a time: the other threads are for names that are looked up and for devices of the school, while a bundle is read.
static DISK: Semaphore = Semaphore::const_new(1);

/// Does what blocks on the disk beside the conversation; what was given up ends before the next begins.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Fault> {
    let turn = DISK.acquire().await.map_err(|error| Fault::File(io::Error::other(error)))?;
    let work = move || {
        let _turn = turn;
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| Fault::File(io::Error::other(error)))?.map_err(Fault::File)
}

/// What lies there of a file, and its digest so far.
fn begun(at: &Path, length: u64) -> io::Result<(Digester, u64)> {
    let mut digester = Digester::default();
    let mut file = match File::open(at) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((digester, 0)),
        file => file?,
    };
    let there = file.metadata()?.len();
    if there > length {
        fs::remove_file(at)?;
        return Ok((digester, 0));
    }
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((digester, there)),
            count => digester.update(&buffer[..count]),
        }
    }
}

fn appended(at: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().append(true).create(true).open(at)?.write_all(bytes)
}
