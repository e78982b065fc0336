//! Fetches what is signed, a piece at a time, from whoever gives it. What is given is judged, and whoever gave something else is left alone.

use super::fault::Fault;
use super::gate::Gate;
use super::shown::Shown;
use super::stage::{Placed, Stage};
use crate::clock::{Clock, within};
use crate::publisher::Signed;
use crate::source::{ANSWER_BYTES_MAX, Fetched, PIECES_MAX, Piece, Road, Source, SourceError};
use agent_core::bucket::Bucket;
use agent_core::roads::{self, Roads};
use bytes::Bytes;
use model::digest::Digester;
use model::resource::BundleName;
use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How long one answer may take: a mebibyte at some 140 kbit/s.
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
            // Both from outside: they share the work, each as fast as it gives.
            Road::Server | Road::Mirror => 2,
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
    bucket: Bucket,
    /// Bytes that other devices gave.
    near_bytes: u64,
}

/// Chunks with the same contents, and who is known not to have them.
struct Wanted {
    places: Vec<Placed>,
    length: usize,
    item: String,
    lacked: u64,
}

/// What came of one request.
struct Answer {
    source: usize,
    asked: Vec<Wanted>,
    said: Option<Result<Vec<Fetched>, SourceError>>,
}

impl Fetcher {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, sources: Vec::new(), roads: Roads::default(), bucket: Bucket::new(0), near_bytes: 0 }
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
                let length = u32::try_from((signed.length - there).min(ANSWER_BYTES_MAX as u64)).unwrap_or(u32::MAX);
                let piece = Piece { item: signed.item.clone(), offset: there, length };
                let source = self.sources[at].clone();
                self.rate_wait(&source).await;
                let said = within(&*self.clock, ANSWER_LIMIT, source.source.fetch(&[piece])).await;
                let body = match self.judged(&source, said).map(|fetched| fetched.into_iter().next()) {
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
            let missing: u64 = queue.iter().map(|wanted| (wanted.length * wanted.places.len()) as u64).sum();
            (queue, of_bytes, missing)
        };
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
                let (clock, asked) = (self.clock.clone(), batch(&mut queue, at));
                busy[at] += 1;
                under_way.spawn(async move {
                    let piece = |wanted: &Wanted| Piece {
                        item: wanted.item.clone(),
                        offset: 0,
                        length: u32::try_from(wanted.length).unwrap_or(u32::MAX),
                    };
                    let pieces: Vec<Piece> = asked.iter().map(piece).collect();
                    let said = within(&*clock, ANSWER_LIMIT, source.source.fetch(&pieces)).await;
                    Answer { source: at, asked, said }
                });
            }
            let Some(answer) = under_way.join_next().await else {
                return if queue.is_empty() {
                    Ok(())
                } else {
                    Err(if lied { Fault::Failed("damaged") } else { self.nobody() })
                };
            };
            let Answer { source: at, asked, said } = answer.map_err(|error| Fault::File(io::Error::other(error)))?;
            busy[at] -= 1;
            let source = self.sources[at].clone();
            let Some(fetched) = self.judged(&source, said) else {
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
                        found.push((wanted.places.clone(), body));
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
                    missing -= (wanted.length * wanted.places.len()) as u64;
                } else {
                    tracing::warn!(
                        source = source.name,
                        chunk = wanted.item,
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
        let chosen = self.roads.choose(&about, UNDER_WAY_MAX, self.clock.elapsed())?;
        Some(known.swap_remove(chosen))
    }

    /// What a source gave; it is remembered when that is nothing.
    fn judged(&mut self, source: &Named, said: Option<Result<Vec<Fetched>, SourceError>>) -> Option<Vec<Fetched>> {
        let fault = match said {
            Some(Ok(fetched)) if !fetched.is_empty() => {
                self.roads.worked(&source.name);
                return Some(fetched);
            }
            Some(Err(SourceError::Busy { again })) => roads::Fault::Busy(again),
            Some(Err(error)) => {
                tracing::info!(source = source.name, %error, "a source gives nothing");
                roads::Fault::Stalled
            }
            Some(Ok(_)) | None => roads::Fault::Stalled,
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
    let mut at_of = BTreeMap::new();
    let mut queue: VecDeque<Wanted> = VecDeque::new();
    for placed in lacking {
        let chunk = chunks[placed.chunk];
        let at = *at_of.entry(chunk.id).or_insert_with(|| {
            let id = chunk.id.to_string();
            let item = format!("chunks/{}/{id}", &id[..2]);
            queue.push_back(Wanted { places: Vec::new(), length: chunk.length, item, lacked: 0 });
            queue.len() - 1
        });
        queue[at].places.push(placed);
    }
    queue
}

/// As many as one answer holds, for a source that may have them.
fn batch(queue: &mut VecDeque<Wanted>, source: usize) -> Vec<Wanted> {
    let (mut batch, mut bytes): (Vec<Wanted>, usize) = (Vec::new(), 0);
    while let Some(first) = queue.front() {
        let fits = batch.is_empty() || bytes + first.length <= ANSWER_BYTES_MAX;
        if !fits || first.lacked & 1 << source != 0 || batch.len() == PIECES_MAX {
            break;
        }
        bytes += first.length;
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
