//! The one thread that writes: it takes what waits as one group, fsyncs once, applies once, and then answers all.

use super::keeper::{Keeper, Kept};
use super::{Config, Shared, verifier};
use crate::encoding::{Applied, Fact, key_bytes, key_of, key_parts};
use crate::error::{Error, Result};
use crate::journal::{AppendError, Journal, record_write};
use bytes::Bytes;
use controlplane_core::error::{Error as CoreError, Result as CoreResult};
use controlplane_core::store::{Batch, Expect, Key, Revision, Write};
use model::chain::{self, Tip};
use model::digest::Digest;
use model::id::TerritoryId;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// The most commits synced together.
const GROUP_COMMITS: usize = 512;
/// A group takes no further commit above this size, in bytes.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// Where the last group held so many commits, others are on their way: the next group waits a little for them, since one fsync and one
/// wake-up of sled's threads then serve several times as many (as PostgreSQL's `commit_siblings` and `commit_delay`).
const SIBLINGS: usize = 4;
const DELAY: Duration = Duration::from_millis(2);

type Answer = oneshot::Sender<CoreResult<Revision>>;

pub(super) enum Request {
    Commit(Batch, Answer),
    /// Answered by whether it still writes, after what came before is durable.
    Ask(oneshot::Sender<bool>),
    Close(oneshot::Sender<Result<()>>),
}

pub(super) fn start(
    shared: Arc<Shared>,
    config: &Config,
    applied: Applied,
    journal: Journal,
    queue: mpsc::Receiver<Request>,
) -> Result<JoinHandle<()>> {
    let kept = Kept { segments: config.segments_kept, grows: config.exports_grow };
    let keeper = Keeper::start(&shared, kept, config.free_floor_bytes)?;
    let verifier = config.verify.then(|| verifier::start(&shared)).transpose()?;
    let writer = Writer {
        tree: shared.tree.clone(),
        shared,
        applied,
        journal,
        keeper,
        verifier,
        floor_bytes: config.free_floor_bytes,
        tips: BTreeMap::new(),
        broken: None,
        failing: false,
    };
    let thread = thread::Builder::new().name("store-writer".to_owned()).spawn(move || writer.run(queue));
    thread.map_err(|_| Error::Ended)
}

struct Writer {
    shared: Arc<Shared>,
    tree: crate::tree::Tree,
    applied: Applied,
    journal: Journal,
    keeper: Keeper,
    verifier: Option<JoinHandle<()>>,
    floor_bytes: u64,
    tips: BTreeMap<(TerritoryId, &'static str), Tip>,
    /// Why nothing can be written until the server restarts.
    broken: Option<String>,
    /// Whether the last group could not be made durable.
    failing: bool,
}

/// Commits that will be synced together.
#[derive(Default)]
struct Group {
    bytes: Vec<u8>,
    facts: Vec<(Revision, Fact)>,
    /// What the group leaves at the keys it writes.
    there: HashMap<Vec<u8>, Option<Revision>>,
    keys: Vec<(Revision, Vec<Key>)>,
    answers: Vec<(Answer, CoreResult<Revision>)>,
}

impl Writer {
    fn run(mut self, mut queue: mpsc::Receiver<Request>) {
        let mut closing = Vec::new();
        let mut asking: Vec<oneshot::Sender<bool>> = Vec::new();
        let mut last = 0;
        while let Some(request) = queue.blocking_recv() {
            if last >= SIBLINGS && matches!(request, Request::Commit(..)) {
                thread::sleep(DELAY);
            }
            let mut waiting = Some(request);
            let mut batches = Vec::new();
            let mut bytes = 0;
            while let Some(request) = waiting.take() {
                match request {
                    Request::Commit(batch, answer) => {
                        bytes += weight(&batch);
                        batches.push((batch, answer));
                    }
                    Request::Ask(answer) => asking.push(answer),
                    Request::Close(answer) => {
                        // What was sent before is still received; nothing more is accepted.
                        queue.close();
                        closing.push(answer);
                    }
                }
                if batches.len() < GROUP_COMMITS && bytes < GROUP_BYTES {
                    waiting = queue.try_recv().ok();
                }
            }
            last = batches.len();
            if !batches.is_empty() {
                self.group_commit(batches);
            }
            for answer in asking.drain(..) {
                let _ = answer.send(self.broken.is_none() && !self.shared.verifying.doubted());
            }
        }
        self.finish(closing);
    }

    fn finish(self, closing: Vec<oneshot::Sender<Result<()>>>) {
        let Self { shared, tree, applied, keeper, verifier, broken, .. } = self;
        shared.recent.close();
        keeper.finish();
        verifier.into_iter().for_each(|thread| verifier::stop(&shared, thread));
        let orderly = !closing.is_empty() && broken.is_none();
        let done = if orderly { tree.sync().and_then(|()| shared.folder.clean_set(applied.revision)) } else { Ok(()) };
        drop((shared, tree));
        let mut done = Some(done);
        for answer in closing {
            let _ = answer.send(done.take().unwrap_or(Err(Error::Ended)));
        }
    }

    fn group_commit(&mut self, batches: Vec<(Batch, Answer)>) {
        let shared = Arc::clone(&self.shared);
        let _held = shared.quiet.hold();
        if self.broken.is_none() && shared.verifying.doubted() {
            self.broken = Some("entries are missing; nothing is written until the server is restarted".to_owned());
        }
        let mut group = Group::default();
        let tips = self.tips.clone();
        let first = self.applied.revision + 1;
        let mut next = first;
        for (batch, answer) in batches {
            let admitted = match &self.broken {
                Some(why) => Err(unavailable(why)),
                None => self.admit(&mut group, batch, first, next),
            };
            if admitted.is_ok() {
                next += 1;
            }
            group.answers.push((answer, admitted));
        }
        if next > first
            && let Err(error) = self.keep(&mut group, first, next - 1)
        {
            self.tips = tips;
            let next = if self.broken.is_some() { "restart the server" } else { "try again when that is put right" };
            let why = format!("{}; nothing was written: {next}", error.told());
            // On a full disk each report would say it again, into a log that may lie there, too.
            if !std::mem::replace(&mut self.failing, true) {
                tracing::error!(error = why, "commits cannot be made durable; it is said when they are again");
            }
            // A conflict with a commit that failed is no conflict either.
            for (answer, _) in group.answers {
                let _ = answer.send(Err(unavailable(&why)));
            }
            return;
        }
        if next > first && std::mem::take(&mut self.failing) {
            tracing::info!("commits are made durable again");
        }
        for (answer, admitted) in group.answers {
            let _ = answer.send(admitted);
        }
    }

    /// Decides over one batch by what the entries and the group before it hold.
    fn admit(&mut self, group: &mut Group, batch: Batch, first: Revision, revision: Revision) -> CoreResult<Revision> {
        let mut facts = Vec::with_capacity(batch.writes.len() + batch.appends.len());
        let mut keys = Vec::with_capacity(facts.capacity());
        for Write { key, expect, value, intent } in batch.writes {
            let bytes = key_bytes(&key);
            let expected = match expect {
                Expect::Any => true,
                Expect::Absent => self.there(group, &bytes)?.is_none(),
                Expect::At(revision) => self.there(group, &bytes)? == Some(revision),
            };
            if !expected {
                return Err(CoreError::Conflict(key));
            }
            facts.push(Fact { key: bytes, value, intent });
            keys.push(key);
        }
        let mut tips: BTreeMap<(TerritoryId, &'static str), Tip> = BTreeMap::new();
        for append in batch.appends {
            let chain = (append.territory, append.table);
            let mut tip = match tips.get(&chain) {
                Some(tip) => *tip,
                None => self.tip(&chain)?,
            };
            let (id, link) =
                chain::link(&mut tip, &append.body).map_err(|error| CoreError::Invalid(error.to_string()))?;
            let key = Key { territory: chain.0.clone(), table: chain.1, id };
            facts.push(Fact { key: key_bytes(&key), value: Some(link), intent: true });
            keys.push(key);
            tips.insert(chain, tip);
        }
        record_write(&mut group.bytes, revision, first, &facts)
            .ok_or_else(|| CoreError::Invalid("a batch is larger than the journal takes".to_owned()))?;
        self.tips.extend(tips);
        for fact in facts {
            group.there.insert(fact.key.clone(), fact.value.as_ref().map(|_| revision));
            group.facts.push((revision, fact));
        }
        group.keys.push((revision, keys));
        Ok(revision)
    }

    /// Journal, fsync, entries, and those who wait for changes: in this order.
    fn keep(&mut self, group: &mut Group, first: Revision, last: Revision) -> Result<()> {
        // A decision, such as a revocation, must still go through where reports no longer do.
        let decision = group.facts.iter().any(|(_, fact)| fact.intent);
        self.shared.folder.room_check(if decision { self.floor_bytes / 4 } else { self.floor_bytes })?;
        let begun = match self.journal.append(first, &group.bytes) {
            Ok(begun) => begun,
            Err(AppendError::Refused(error)) => return Err(error),
            Err(AppendError::Unknown(error)) => return Err(self.broken_by(error)),
        };
        let facts = group.facts.iter().map(|(revision, fact)| (*revision, fact));
        let verifying = &self.shared.verifying;
        let tell = |key: &[u8], before, after| verifying.changed(key, before, after);
        match self.tree.apply_telling(self.applied, last, facts, tell) {
            Ok(applied) => self.applied = applied,
            Err(error) => {
                // Nobody was told, so it must not come back at the next start.
                let undone = self.journal.undo(&group.bytes);
                let error = self.broken_by(error);
                return undone.and(Err(error));
            }
        }
        self.shared.recent.tell(std::mem::take(&mut group.keys));
        if begun {
            self.keeper.begun(first);
        }
        Ok(())
    }

    fn broken_by(&mut self, error: Error) -> Error {
        self.broken = Some(format!("{}; nothing is written until the server is restarted", error.told()));
        error
    }

    fn there(&self, group: &Group, key: &[u8]) -> Result<Option<Revision>> {
        match group.there.get(key) {
            Some(there) => Ok(*there),
            None => self.tree.revision_at(key),
        }
    }

    /// A chain's end, read once from the entries and then kept.
    fn tip(&mut self, chain: &(TerritoryId, &'static str)) -> Result<Tip> {
        if let Some(tip) = self.tips.get(chain) {
            return Ok(*tip);
        }
        let Some((key, link)) = self.tree.last(&key_of(chain.0.as_str(), chain.1, ""))? else {
            return Ok(Tip::default());
        };
        tip_of(&key, &link).ok_or_else(|| Error::Damaged {
            path: self.shared.folder.entries(),
            why: format!("the last link of the chain {} cannot be read", chain.1),
        })
    }
}

fn tip_of(key: &[u8], link: &Bytes) -> Option<Tip> {
    let (_, _, id) = key_parts(key)?;
    Some(Tip { length: u64::from_str_radix(id, 16).ok()?.checked_add(1)?, last: Some(Digest::of(link)) })
}

fn weight(batch: &Batch) -> usize {
    let writes = batch.writes.iter().filter_map(|write| write.value.as_ref());
    writes.chain(batch.appends.iter().map(|append| &append.body)).map(Bytes::len).sum()
}

fn unavailable(why: &str) -> CoreError {
    CoreError::Unavailable { reason: why.to_owned(), source: None }
}
