//! Records, as hickory reads them: what must be understood of them is, all else goes on as it came.

use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder, DecodeError};

/// Before the first question.
pub(crate) const HEADER: usize = 12;
/// The last bytes of a question: its type and its class.
pub(crate) const QUESTION_END: usize = 4;

/// A record, and where in its message stands how long it holds.
pub(crate) struct Placed {
    pub(crate) record: Record,
    pub(crate) ttl_at: usize,
}

/// Reads the next one.
///
/// Only in data of the kinds of old may names be written as places of their message (RFC 3597, 4): these are read and written anew. All others
/// are bytes, which nobody may change: signatures are made over them, and kinds come that nobody knows here.
pub(crate) fn record_read(decoder: &mut BinDecoder<'_>) -> Result<Placed, DecodeError> {
    let name = Name::read(decoder)?;
    let kind = RecordType::read(decoder)?;
    let class = DNSClass::read(decoder)?;
    let ttl_at = decoder.index();
    let ttl = decoder.read_u32()?.unverified(/* any number */);
    let length = decoder.read_u16()?;
    let data = match kind {
        RecordType::A
        | RecordType::AAAA
        | RecordType::NS
        | RecordType::CNAME
        | RecordType::SOA
        | RecordType::PTR
        | RecordType::MX
        | RecordType::SRV => RData::read(decoder, kind, length)?,
        // MD, MF, MB, MG, MR, MINFO: as old, and nobody has them; hickory would not read the names in them.
        RecordType::Unknown(3 | 4 | 7..=9 | 14) => return Err(DecodeError::UnknownRecordTypeValue(kind.into())),
        _ => match RData::read(decoder, RecordType::Unknown(kind.into()), length)? {
            RData::Unknown { rdata, .. } => RData::Unknown { code: kind, rdata },
            data => data,
        },
    };
    let mut record = Record::from_rdata(name, ttl, data);
    record.dns_class = class;
    Ok(Placed { record, ttl_at })
}

/// The bytes of a record that goes on as it came.
pub(crate) fn record_bytes(record: &Record) -> &[u8] {
    match &record.data {
        RData::Unknown { rdata, .. } => &rdata.anything,
        _ => &[],
    }
}
