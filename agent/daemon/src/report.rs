//! What there is to tell: the sections as they are now, what the server holds of them, and what waits.

use crate::folder::Folder;
use crate::platform::{Collected, Here, Platform};
use crate::spool::Spool;
use agent_core::cadence::Due;
use agent_core::report::{TooLarge, messages, sections_due};
use bytes::Bytes;
use model::digest::Digest;
use model::health::Health;
use model::section::{MESSAGE_BYTES_MAX, SECTION_BYTES_MAX, SectionKind, Sections, sections_root};
use model::time::Timestamp;
use prost::Message;
use std::collections::BTreeSet;
use wire::convert::{Section, section_encode, section_parts};
use wire::v1;

/// A field's tag and length around a piece, in bytes at most.
const FRAMING_BYTES: usize = 8;

/// The device's side of its sections.
pub(crate) struct Report {
    machine: Here,
    spool: Spool,
    current: Sections,
    acknowledged: Sections,
    wanted: BTreeSet<SectionKind>,
    /// What travelled since the last time all was told.
    sent: BTreeSet<(SectionKind, Digest)>,
    /// What the last report carries, all messages together.
    carried: BTreeSet<SectionKind>,
    /// The last judgement, which wavering numbers repeat.
    health: Option<Health>,
}

impl Report {
    pub(crate) fn open(state: &Folder, machine: Here, acknowledged: Sections) -> Self {
        Self {
            machine,
            spool: Spool::open(state),
            current: Sections::new(),
            acknowledged,
            wanted: BTreeSet::new(),
            sent: BTreeSet::new(),
            carried: BTreeSet::new(),
            health: None,
        }
    }

    /// Looks at the device; what changed waits to be sent.
    pub(crate) fn look(&mut self, due: Due, clock_ahead_ms: Option<i64>, now: Timestamp) {
        if due.inventory {
            let Collected { hardware, peripherals, system, packages } = self.machine.collect();
            // One after another, so that no two encodings are in memory at once.
            self.take(Section::Hardware(hardware), now);
            self.take(Section::Peripherals(peripherals), now);
            self.take(Section::System(system), now);
            self.take(Section::Packages(packages), now);
        }
        if due.health {
            let readings = self.machine.readings(clock_ahead_ms);
            let judged = agent_core::health::assess(&readings, self.health.as_ref());
            self.health = Some(judged.clone());
            self.take(Section::Health(judged), now);
        }
    }

    /// Whether a section is to be sent.
    pub(crate) fn pending(&self) -> bool {
        !self.due().is_empty()
    }

    /// One digest over all sections.
    pub(crate) fn root_digest(&self) -> Digest {
        sections_root(&self.current)
    }

    /// The pieces of what is to be sent, shared out to messages around `base`; there is at least one message.
    pub(crate) fn messages(
        &mut self,
        base: &v1::CheckInRequest,
        clock_ahead_ms: Option<i64>,
        now: Timestamp,
    ) -> Result<Vec<Vec<v1::SectionPart>>, TooLarge> {
        let missing =
            |kind: &SectionKind| self.current.get(kind).is_some_and(|digest| !self.spool.holds(*kind, digest));
        let missing: Vec<_> = self.due().into_iter().filter(missing).collect();
        // Asked for, but told and let go long ago: looked at again.
        let health = missing.contains(&SectionKind::Health);
        let inventory = missing.iter().any(|kind| *kind != SectionKind::Health);
        self.wanted.extend(missing);
        self.look(Due { health, inventory }, clock_ahead_ms, now);
        self.sent.clear();
        self.carried = self.due().into_iter().collect();
        let mut parts = Vec::new();
        for kind in self.due() {
            if let Some((record, bytes)) = self.spool.get(kind) {
                parts.extend(section_parts(kind, &bytes, record.collected));
            }
        }
        let sizes: Vec<usize> = parts.iter().map(|part| part.encoded_len() + FRAMING_BYTES).collect();
        let counts = messages(base.encoded_len(), &sizes, MESSAGE_BYTES_MAX)?;
        let mut parts = parts.into_iter();
        Ok(counts.into_iter().map(|count| parts.by_ref().take(count).collect()).collect())
    }

    /// Notes what is on its way.
    pub(crate) fn travels(&mut self, parts: &[v1::SectionPart]) {
        for part in parts {
            let kind = SectionKind::try_from(part.kind());
            if let (Ok(kind), Ok(digest)) = (kind, <[u8; 32]>::try_from(&part.digest[..])) {
                self.sent.insert((kind, Digest::from_bytes(digest)));
            }
        }
    }

    /// The kinds that the report under way carries, in one message or another.
    pub(crate) const fn carried(&self) -> &BTreeSet<SectionKind> {
        &self.carried
    }

    /// Takes the server's word for what is durable; what it names and never got is ignored. Returns what was news.
    pub(crate) fn stored(&mut self, digests: &[Digest]) -> Vec<(SectionKind, Digest)> {
        let news: Vec<_> = self.sent.iter().filter(|(_, digest)| digests.contains(digest)).copied().collect();
        for (kind, digest) in &news {
            self.acknowledged.insert(*kind, *digest);
            self.wanted.remove(kind);
            self.sent.remove(&(*kind, *digest));
            self.spool.stored(digest);
        }
        news
    }

    /// Takes what the server wants in full; kinds this device has nothing of, or does not know, are passed over.
    pub(crate) fn wants(&mut self, kinds: impl Iterator<Item = SectionKind>) {
        self.wanted.extend(kinds.filter(|kind| self.current.contains_key(kind)));
    }

    /// The server found the report wrong: all of it is to be looked at and sent anew.
    pub(crate) fn doubted(&mut self) {
        SectionKind::ALL.into_iter().for_each(|kind| self.spool.drop_kind(kind));
        self.acknowledged.clear();
        self.health = None;
    }

    pub(crate) const fn acknowledged(&self) -> &Sections {
        &self.acknowledged
    }

    /// How many sections wait, and their bytes.
    pub(crate) fn waiting(&self) -> (usize, u64) {
        self.spool.size()
    }

    fn due(&self) -> Vec<SectionKind> {
        sections_due(&self.current, &self.acknowledged, &self.wanted)
    }

    fn take(&mut self, section: Section, now: Timestamp) {
        let kind = section.kind();
        let bytes = Bytes::from(section_encode(&section));
        drop(section);
        if bytes.len() > SECTION_BYTES_MAX {
            tracing::error!(section = %kind, bytes = bytes.len(), "the section is too large and is not sent");
            return;
        }
        let digest = Digest::of(&bytes);
        self.current.insert(kind, digest);
        if self.acknowledged.get(&kind) == Some(&digest) && !self.wanted.contains(&kind) {
            self.spool.drop_kind(kind);
        } else if !self.spool.holds(kind, &digest) {
            self.spool.put(kind, bytes, now);
        }
    }
}
