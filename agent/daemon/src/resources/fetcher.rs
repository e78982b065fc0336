//! Fetches what is signed, a piece at a time, from whoever gives it. What is given is judged, and whoever gave something else is left alone.

use super::fault::Fault;
use super::gate::Gate;
use super::shown::Shown;
use super::stage::{Placed, Stage};
use crate::clock::{Clock, within};
use crate::publisher::Signed;
use crate::source::{Fetched, PIECES_MAX, Piece, Road, Source, SourceError};
use agent_core::bucket::Bucket;
use agent_core::pace::Pace;
use agent_core::roads::{self, Roads};
use agent_core::seed::beginning;
use bundle::{Chunk, ContentId};
use bytes::Bytes;
use model::digest::Digester;
use model::resource::BundleName;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};
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
            Road::Server => 2,
            Road::Mirror => 3,
        }
    }

    fn is_wan(&self) -> bool {
        matches!(self.source.road(), Road::Server | Road::Mirror)
    }
}

/// Asks sources, and remembers how they answered.
pub(super) struct Fetcher {
    clock: Arc<dyn Clock>,
    sources: Vec<Named>,
    roads: Roads,
    pace: Pace,
    bucket: Bucket,
    /// Bytes that other devices gave.
    near_bytes: u64,
}

/// Chunks with the same contents, and who is known not to have them.
struct Wanted {
    first: Placed,
    /// The other places, where there are any.
    more: Vec<Placed>,
    chunk: Chunk,
    lacked: u64,
}

impl Wanted {
    fn places(&self) -> Vec<Placed> {
        std::iter::once(self.first).chain(self.more.iter().copied()).collect()
    }

    /// How many bytes of the version it makes.
    fn bytes(&self) -> u64 {
        (self.chunk.length * (self.more.len() + 1)) as u64
    }

    fn piece(&self) -> Piece {
        let id = self.chunk.id.to_string();
        let length = u32::try_from(self.chunk.length).unwrap_or(u32::MAX);
        Piece { item: format!("chunks/{}/{id}", &id[..2]), offset: 0, length }
    }
}

/// What came of one request.
struct Answer {
    source: usize,
    asked: Vec<Wanted>,
    said: Option<Result<Vec<Fetched>, SourceError>>,
    took: Duration,
}

impl Fetcher {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let (roads, pace, bucket) = (Roads::default(), Pace::default(), Bucket::new(0));
        Self { clock, sources: Vec::new(), roads, pace, bucket, near_bytes: 0 }
    }

    /// From now on it is these that may be asked, at so many bytes a second from outside.
    pub(super) fn follow(&mut self, mut sources: Vec<Named>, bytes_per_second: u64) {
        sources.truncate(SOURCES_MAX);
        self.sources = sources;
        self.bucket.rate_set(bytes_per_second);
    }

    /// The sources that may be asked now, the nearest first.
    pub(super) fn free(&self) -> Vec<Named> {
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
    pub(super) fn failed(&mut self, name: &str, lied: bool) {
        let fault = if lied { roads::Fault::Lied } else { roads::Fault::Stalled };
        self.roads.failed(name, fault, self.clock.elapsed());
    }

    /// How many bytes other devices gave so far.
    pub(super) const fn near_bytes(&self) -> u64 {
        self.near_bytes
    }

    /// Nobody is left: when to ask again.
    pub(super) fn nobody(&self) -> Fault {
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
                self.rate_wait(&source).await;
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
                self.came(&source, name, shown, body.len());
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
        (name, shown, gate): (&BundleName, &Shown, &mut Gate),
    ) -> Result<(), Fault> {
        let (mut queue, of_bytes, mut missing) = {
            let stage = stage.lock().unwrap_or_else(PoisonError::into_inner);
            let (queue, of_bytes) = (queue(&stage, lacking), stage.index().size());
            let missing: u64 = queue.iter().map(Wanted::bytes).sum();
            (queue, of_bytes, missing)
        };
        if self.has_neighbours() {
            queue.rotate_left(beginning(queue.len(), rand::random()));
        }
        let mut lied = false;
        let mut under_way: JoinSet<Answer> = JoinSet::new();
        let mut busy = vec![0_usize; self.sources.len()];
        shown.bytes(name, of_bytes.saturating_sub(missing), of_bytes);
        loop {
            gate.check().await?;
            while let Some(first) = queue.front() {
                let Some(at) = self.choose(&busy, first.lacked) else { break };
                let source = self.sources[at].clone();
                self.rate_wait(&source).await;
                let portion = self.pace.portion(&source.name);
                let (clock, asked) = (self.clock.clone(), batch(&mut queue, at, portion));
                busy[at] += 1;
                under_way.spawn(async move {
                    let pieces: Vec<Piece> = asked.iter().map(Wanted::piece).collect();
                    let begun = clock.elapsed();
                    let said = within(&*clock, ANSWER_LIMIT, source.source.fetch(&pieces)).await;
                    Answer { source: at, asked, said, took: clock.elapsed().saturating_sub(begun) }
                });
            }
            let Some(answer) = under_way.join_next().await else {
                return if queue.is_empty() {
                    Ok(())
                } else {
                    Err(if lied { Fault::Failed("damaged") } else { self.nobody() })
                };
            };
            let Answer { source: at, asked, said, took } =
                answer.map_err(|error| Fault::File(io::Error::other(error)))?;
            busy[at] -= 1;
            let source = self.sources[at].clone();
            let Some(fetched) = self.judged(&source, said, took) else {
                asked.into_iter().rev().for_each(|wanted| queue.push_front(wanted));
                continue;
            };
            let mut fetched = fetched.into_iter();
            let (mut found, mut owners) = (Vec::new(), Vec::new());
            let mut came = 0;
            for mut wanted in asked {
                match fetched.next() {
                    Some(Fetched::Found { body, .. }) => {
                        came += body.len();
                        found.push((wanted.places(), body));
                        owners.push(wanted);
                    }
                    Some(Fetched::Missing) => {
                        wanted.lacked |= 1 << at;
                        queue.push_back(wanted);
                    }
                    None => queue.push_front(wanted),
                }
            }
            self.came(&source, name, shown, came);
            let good = put(stage, found).await?;
            if good.contains(&false) {
                self.failed(&source.name, true);
            }
            for (mut wanted, good) in owners.into_iter().zip(good) {
                if good {
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
    fn judged(
        &mut self,
        source: &Named,
        said: Option<Result<Vec<Fetched>, SourceError>>,
        took: Duration,
    ) -> Option<Vec<Fetched>> {
        let fault = match said {
            Some(Ok(fetched)) if !fetched.is_empty() => {
                self.roads.worked(&source.name);
                let size = |one: &Fetched| if let Fetched::Found { body, .. } = one { body.len() } else { 0 };
                self.pace.came(&source.name, fetched.iter().map(size).sum(), took);
                return Some(fetched);
            }
            Some(Err(SourceError::Busy { again })) => roads::Fault::Busy(again),
            Some(Err(error)) => {
                tracing::info!(source = source.name, %error, "a source gives nothing");
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

    async fn rate_wait(&self, source: &Named) {
        let wait = if source.is_wan() { self.bucket.wait(self.clock.elapsed()) } else { Duration::ZERO };
        if !wait.is_zero() {
            self.clock.sleep(wait).await;
        }
    }

    fn came(&mut self, source: &Named, name: &BundleName, shown: &Shown, bytes: usize) {
        if source.is_wan() {
            self.bucket.went(bytes as u64, self.clock.elapsed());
        }
        if source.source.road() == Road::Peer {
            self.near_bytes += bytes as u64;
        }
        shown.came(name, source.source.road(), bytes as u64);
    }
}

/// Chunks in the order of the contents, those alike together.
fn queue(stage: &Stage, lacking: Vec<Placed>) -> VecDeque<Wanted> {
    let chunks = stage.index().chunks();
    let mut at_of: BTreeMap<ContentId, usize> = BTreeMap::new();
    let mut queue: VecDeque<Wanted> = VecDeque::new();
    for placed in lacking {
        let chunk = chunks[placed.chunk];
        match at_of.entry(chunk.id) {
            Entry::Occupied(known) => queue[*known.get()].more.push(placed),
            Entry::Vacant(new) => {
                new.insert(queue.len());
                queue.push_back(Wanted { first: placed, more: Vec::new(), chunk, lacked: 0 });
            }
        }
    }
    queue
}

/// As many as come to so many bytes, for a source that may have them.
fn batch(queue: &mut VecDeque<Wanted>, source: usize, portion: usize) -> Vec<Wanted> {
    let (mut batch, mut bytes): (Vec<Wanted>, usize) = (Vec::new(), 0);
    while let Some(first) = queue.front() {
        let fits = batch.is_empty() || bytes + first.chunk.length <= portion;
        if !fits || first.lacked & 1 << source != 0 || batch.len() == PIECES_MAX {
            break;
        }
        bytes += first.chunk.length;
        batch.extend(queue.pop_front());
    }
    batch
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
