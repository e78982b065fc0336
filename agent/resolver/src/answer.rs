//! What an upstream said, read with suspicion: only what belongs to the question is kept, and written anew.

use crate::limits::{ALIASES_MAX, RECORDS_MAX, TTL_MAX, TTL_NEGATIVE_MAX, TTL_OWN, TTL_TOLD_MAX};
use crate::name::Name;
use crate::record::{HEADER, Placed, QUESTION_END, record_bytes, record_read};
use hickory_proto::op::{Header, MessageType, Metadata, OpCode, Query, ResponseCode, emit_message_parts};
use hickory_proto::rr::{DNSClass, Name as Dns, RData, Record, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder, BinEncoder, DecodeError};
use std::iter;
use std::time::Duration;

/// What a zone says of itself, signatures, and what they say of what does not exist (RFC 4034, 5155).
const AUTHORITY_KINDS: &[RecordType] =
    &[RecordType::NS, RecordType::SOA, RecordType::DS, RecordType::RRSIG, RecordType::NSEC, RecordType::NSEC3];

/// An answer with what may go on of it, written once; told, it is copied.
pub(crate) struct Answer {
    /// With a header that nobody reads, and the question.
    message: Box<[u8]>,
    records_at: usize,
    /// Where it says how long each record holds.
    ttls: Box<[u16]>,
    counts: [u16; 2],
    code: ResponseCode,
    authentic: bool,
    aliases: Box<[Name]>,
    /// So many seconds it holds.
    pub(crate) ttl: u32,
    /// Since when.
    since: Duration,
}

/// Why what came is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It did not fit.
    Truncated,
    /// The server cannot or will not.
    Code(ResponseCode),
    /// It is malformed, or speaks of what was not asked.
    Lie,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) name: Name,
    pub(crate) kind: RecordType,
    /// With signatures.
    pub(crate) secure: bool,
    /// Without being held against them.
    pub(crate) unchecked: bool,
}

impl Answer {
    /// Reads the answer to a question; that it is the answer to it (number, name letter by letter, type) was seen before.
    pub(crate) fn read(message: &[u8], wanted: &Wanted, since: Duration) -> Result<Self, Fault> {
        let Header { metadata: head, counts } = Header::read(&mut BinDecoder::new(message))?;
        if head.truncation {
            return Err(Fault::Truncated);
        }
        if !matches!(head.response_code, ResponseCode::NoError | ResponseCode::NXDomain) {
            return Err(Fault::Code(head.response_code));
        }
        // Whoever sends elsewhere does not look for the answer.
        if !head.recursion_available && !head.authoritative && counts.answers == 0 {
            return Err(Fault::Code(ResponseCode::Refused));
        }
        let counts = [counts.answers, counts.authorities, counts.additionals].map(usize::from);
        if counts.iter().sum::<usize>() > RECORDS_MAX {
            return Err(Fault::Lie);
        }
        // The case of the question was thrown, and names may be written as places in it.
        let mut message = message.to_vec();
        let records_at = HEADER + wanted.name.wire().len() + QUESTION_END;
        message.get_mut(HEADER..records_at - QUESTION_END).ok_or(Fault::Lie)?.make_ascii_lowercase();
        let mut decoder = decoder_at(&message, records_at).ok_or(Fault::Lie)?;
        let mut section = |count| (0..count).map(|_| Ok(record_read(&mut decoder)?.record)).collect();
        let [answers, authorities, additional]: [Result<Vec<Record>, Fault>; 3] = counts.map(&mut section);
        let (answers, authorities, additional) = (answers?, authorities?, additional?);
        // The high bits of a code stand in an OPT: the server does not know what was asked.
        if additional.iter().any(|record| record.record_type() == RecordType::OPT && record.ttl >> 24 != 0) {
            return Err(Fault::Code(ResponseCode::FormErr));
        }
        let chain = chain_read(wanted, &answers)?;
        let negative = !answers.iter().any(|record| record.record_type() == wanted.kind);
        let kept = (negative || wanted.secure)
            && authorities.iter().all(|record| AUTHORITY_KINDS.contains(&record.record_type()));
        let authorities = if kept { authorities } else { Vec::new() };
        let ttl = ttl_read(&answers, &authorities, negative, &chain);
        let (message, ttls) = written(wanted, &answers, &authorities).ok_or(Fault::Lie)?;
        Ok(Self {
            message: message.into(),
            records_at,
            ttls: ttls.into(),
            counts: [answers.len(), authorities.len()].map(|count| u16::try_from(count).unwrap_or_default()),
            code: head.response_code,
            authentic: head.authentic_data,
            aliases: chain.into_iter().skip(1).collect(),
            ttl,
            since,
        })
    }

    /// One that says the same of every name, and does not grow old: a record, or what says that there is none.
    pub(crate) fn own(data: RData) -> Option<Self> {
        // Any name will do, since all that is said of it points at the question.
        let name = Dns::from_labels([b"x".as_slice()]).ok()?;
        let wanted = Wanted { name: Name::from(&name), kind: data.record_type(), secure: false, unchecked: false };
        let records_at = HEADER + wanted.name.wire().len() + QUESTION_END;
        let nothing = matches!(data, RData::SOA(_));
        let record = [Record::from_rdata(name, TTL_OWN, data)];
        let (answers, authorities): (&[Record], &[Record]) = if nothing { (&[], &record) } else { (&record, &[]) };
        let (message, _) = written(&wanted, answers, authorities)?;
        Some(Self {
            message: message.into(),
            records_at,
            ttls: Box::default(),
            counts: [u16::from(!nothing), u16::from(nothing)],
            code: ResponseCode::NoError,
            authentic: false,
            aliases: Box::default(),
            ttl: TTL_OWN,
            since: Duration::ZERO,
        })
    }

    pub(crate) const fn code(&self) -> ResponseCode {
        self.code
    }

    /// Whoever was asked held it against its signatures.
    pub(crate) const fn authentic(&self) -> bool {
        self.authentic
    }

    /// So many records answer, and so many say why there is nothing.
    pub(crate) const fn counts(&self) -> [u16; 2] {
        self.counts
    }

    /// The names that the one asked for is an alias of, one after another.
    pub(crate) fn aliases(&self) -> &[Name] {
        &self.aliases
    }

    /// The records that answer.
    pub(crate) fn answers(&self) -> impl Iterator<Item = Record> {
        let mut decoder = decoder_at(&self.message, self.records_at);
        (0..self.counts[0]).map_while(move |_| record_read(decoder.as_mut()?).ok()).map(|placed| placed.record)
    }

    /// Puts all records behind a header and the same question, in whatever case it was put there, as old as they are now.
    pub(crate) fn records_put(&self, out: &mut Vec<u8>, now: Duration) {
        let start = out.len();
        out.extend_from_slice(self.message.get(self.records_at..).unwrap_or_default());
        for at in &self.ttls {
            let place = usize::from(*at) - self.records_at + start;
            if let Some(ttl) = out.get_mut(place..).and_then(<[u8]>::first_chunk_mut) {
                *ttl = self.told(u32::from_be_bytes(*ttl), now).to_be_bytes();
            }
        }
    }

    /// How long a record may still be kept by who asks.
    pub(crate) fn told(&self, ttl: u32, now: Duration) -> u32 {
        let age = u32::try_from(now.saturating_sub(self.since).as_secs()).unwrap_or(u32::MAX);
        ttl.min(TTL_MAX).saturating_sub(age).min(TTL_TOLD_MAX)
    }

    /// Whether it still holds.
    pub(crate) fn holds(&self, now: Duration) -> bool {
        now.saturating_sub(self.since) < Duration::from_secs(u64::from(self.ttl))
    }

    pub(crate) fn bytes(&self) -> usize {
        let names: usize = self.aliases.iter().map(|name| size_of::<Name>() + name.dns().len()).sum();
        self.message.len() + size_of_val(&*self.ttls) + names
    }
}

impl From<DecodeError> for Fault {
    fn from(_: DecodeError) -> Self {
        Self::Lie
    }
}

fn decoder_at(message: &[u8], at: usize) -> Option<BinDecoder<'_>> {
    let place = u16::try_from(at).ok().filter(|_| at <= message.len())?;
    Some(BinDecoder::new(message).clone(place))
}

/// The names from the one asked for to the one that has what was asked; a record of any other name is a lie.
///
/// Two aliases of one name are a lie, too: who asks might follow the one that was not judged.
fn chain_read(wanted: &Wanted, answers: &[Record]) -> Result<Vec<Name>, Fault> {
    if answers.iter().any(|record| record.dns_class != DNSClass::IN || !alias_whole(record)) {
        return Err(Fault::Lie);
    }
    let owners: Vec<Name> = answers.iter().map(|record| Name::from(&record.name)).collect();
    let aliases: Vec<(&Name, Name)> = answers.iter().zip(&owners).filter_map(alias_of).collect();
    let mut chain = vec![wanted.name.clone()];
    if wanted.kind != RecordType::CNAME {
        loop {
            let current = &chain[chain.len() - 1];
            let mut targets = aliases.iter().filter(|(owner, _)| *owner == current).map(|(_, target)| target);
            match (targets.next(), targets.next()) {
                (None, _) => break,
                (Some(to), None) if chain.len() <= ALIASES_MAX && !chain.contains(to) => chain.push(to.clone()),
                _ => return Err(Fault::Lie),
            }
        }
    }
    let belongs = |record: &Record, owner: &Name| match record.record_type() {
        RecordType::RRSIG => chain.iter().any(|name| owner.zone_of(name)),
        // An alias of all beneath a name: the alias that follows from it stands beside it, and is judged.
        RecordType::DNAME if wanted.kind != RecordType::DNAME => {
            chain.iter().rev().skip(1).any(|name| owner.zone_of(name))
        }
        _ => chain.contains(owner),
    };
    let all = answers.iter().zip(&owners).all(|(record, owner)| belongs(record, owner));
    all.then_some(chain).ok_or(Fault::Lie)
}

fn alias_of<'o>((record, owner): (&Record, &'o Name)) -> Option<(&'o Name, Name)> {
    match &record.data {
        RData::CNAME(target) => Some((owner, Name::from(&target.0))),
        _ => None,
    }
}

/// Whether an alias of all beneath a name says a name, and nothing else: no place in its message, which is another one from here on.
fn alias_whole(record: &Record) -> bool {
    if record.record_type() != RecordType::DNAME {
        return true;
    }
    let mut decoder = BinDecoder::new(record_bytes(record));
    Dns::read(&mut decoder).is_ok() && decoder.is_empty()
}

/// How long an answer may be kept: as long as its shortest record, and nothing that is not there longer than its zone says.
fn ttl_read(answers: &[Record], authorities: &[Record], negative: bool, chain: &[Name]) -> u32 {
    let shortest = answers.iter().map(|record| record.ttl).min().unwrap_or(TTL_MAX).min(TTL_MAX);
    if !negative {
        return shortest;
    }
    // The zone must be one of a name that was asked for; without one the answer is not kept (RFC 2308, 5).
    let least = authorities.iter().find_map(|record| match &record.data {
        RData::SOA(zone) if chain.iter().any(|name| record.name.zone_of(name.dns())) => {
            Some(record.ttl.min(zone.minimum))
        }
        _ => None,
    });
    shortest.min(least.unwrap_or(0)).min(TTL_NEGATIVE_MAX)
}

/// The message that is kept, and where in it stands how long each record holds; none where that reads as anything else than what was judged.
fn written(wanted: &Wanted, answers: &[Record], authorities: &[Record]) -> Option<(Vec<u8>, Vec<u16>)> {
    let mut message = Vec::new();
    let head = Metadata::new(0, MessageType::Response, OpCode::Query);
    let query = Query::query(wanted.name.dns().clone(), wanted.kind);
    let written = emit_message_parts(
        &head,
        &mut iter::once(&query),
        &mut answers.iter(),
        &mut authorities.iter(),
        &mut iter::empty::<&Record>(),
        None,
        None,
        &mut BinEncoder::new(&mut message),
    );
    if written.is_ok_and(|head| head.truncation) {
        return None;
    }
    let mut decoder = BinDecoder::new(&message);
    Header::read(&mut decoder).ok()?;
    Query::read(&mut decoder).ok()?;
    let again = |record: &Record| {
        let Placed { record: read, ttl_at } = record_read(&mut decoder).ok()?;
        (read == *record).then(|| u16::try_from(ttl_at).ok())?
    };
    let ttls = answers.iter().chain(authorities).map(again).collect::<Option<_>>()?;
    decoder.is_empty().then_some((message, ttls))
}
