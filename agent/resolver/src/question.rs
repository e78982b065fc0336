//! A question as programs of the device ask it: read with suspicion, since any of them may.

use crate::limits::{QUESTION_BYTES_MAX, UDP_BYTES_MAX, UDP_BYTES_MIN};
use crate::name::Name;
use crate::record::{HEADER, record_bytes, record_read};
use hickory_proto::op::{Edns, Header, MessageType, Metadata, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

/// A question that can be answered.
pub(crate) struct Question<'a> {
    pub(crate) head: Metadata,
    /// As it was asked, in whatever case: an answer repeats it.
    pub(crate) query: Query,
    /// The same in its bytes.
    pub(crate) section: &'a [u8],
    pub(crate) name: Name,
    pub(crate) edns: Option<Edns>,
}

/// Why a question is not answered.
pub(crate) enum Fault<'a> {
    /// It is none, or an answer: saying anything might begin a loop.
    Silence,
    /// It makes no sense, or is of a kind that nobody needs; nothing of it is repeated.
    Bare(Metadata, ResponseCode),
    /// It makes sense and is refused.
    Whole(Box<Question<'a>>, ResponseCode),
}

impl<'a> Question<'a> {
    /// Reads a message; what cannot be answered says what its asker hears.
    pub(crate) fn read(message: &'a [u8]) -> Result<Self, Fault<'a>> {
        let Header { metadata: head, counts } =
            Header::read(&mut BinDecoder::new(message)).map_err(|_| Fault::Silence)?;
        if head.message_type == MessageType::Response {
            return Err(Fault::Silence);
        }
        let bare = |code| Fault::Bare(head, code);
        let malformed = || bare(ResponseCode::FormErr);
        if head.op_code != OpCode::Query {
            return Err(bare(ResponseCode::NotImp));
        }
        let counted = [counts.queries, counts.answers, counts.authorities] == [1, 0, 0];
        if message.len() > QUESTION_BYTES_MAX || !counted || head.truncation {
            return Err(malformed());
        }
        // Without the header: a place in it would be part of a name, and there is nothing else before the question.
        let rest = message.get(HEADER..).unwrap_or_default();
        let mut decoder = BinDecoder::new(rest);
        let query = Query::read(&mut decoder).map_err(|_| malformed())?;
        let section = rest.get(..decoder.index()).unwrap_or_default();
        let edns = edns_read(&mut decoder, counts.additionals).ok_or_else(malformed)?;
        let version = edns.as_ref().map_or(0, Edns::version);
        let (class, kind) = (query.query_class, u16::from(query.query_type));
        let question = Self { head, name: Name::from(&query.name), query, section, edns };
        match (version, class, kind) {
            (1.., _, _) => Err(Fault::Whole(Box::new(question), ResponseCode::BADVERS)),
            // All types at once (RFC 8482), transfers, and what is no record (41 is OPT).
            (_, DNSClass::IN, 0 | 41 | 128..=255) => Err(Fault::Whole(Box::new(question), ResponseCode::Refused)),
            (_, DNSClass::IN, _) => Ok(question),
            _ => Err(Fault::Whole(Box::new(question), ResponseCode::Refused)),
        }
    }

    pub(crate) fn kind(&self) -> RecordType {
        self.query.query_type
    }

    /// So many bytes an answer over UDP may have.
    pub(crate) fn room(&self) -> usize {
        let told = self.edns.as_ref().map_or(UDP_BYTES_MIN, Edns::max_payload);
        usize::from(told.clamp(UDP_BYTES_MIN, UDP_BYTES_MAX))
    }

    pub(crate) fn secure(&self) -> bool {
        self.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok)
    }

    pub(crate) fn unchecked(&self) -> bool {
        self.head.checking_disabled
    }
}

/// What the options after the question say; nothing where they are malformed, or something else stands there.
fn edns_read(decoder: &mut BinDecoder<'_>, count: u16) -> Option<Option<Edns>> {
    if count == 0 {
        return decoder.is_empty().then_some(None);
    }
    let record = record_read(decoder).ok()?.record;
    let options = record.record_type() == RecordType::OPT && record.name.is_root();
    if count > 1 || !options || !decoder.is_empty() || !options_whole(record_bytes(&record)) {
        return None;
    }
    // None of them means anything here, and hickory writes of those that it cannot read into the log.
    let mut edns = Edns::new();
    edns.set_version(record.ttl.to_be_bytes()[1])
        .set_max_payload(record.dns_class.into())
        .set_dnssec_ok(record.ttl & 0x8000 != 0);
    Some(Some(edns))
}

/// Whether options fill their place exactly (RFC 6891, 6.1.2).
fn options_whole(data: &[u8]) -> bool {
    let mut decoder = BinDecoder::new(data);
    while !decoder.is_empty() {
        let length =
            decoder.read_u16().and_then(|_code| decoder.read_u16()).map(|length| length.unverified(/* read so far */));
        if length.and_then(|length| decoder.read_slice(length.into())).is_err() {
            return false;
        }
    }
    true
}
