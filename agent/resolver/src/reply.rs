//! An answer, written from its header to the options at its end.

use crate::answer::Answer;
use crate::limits::{TTL_OWN, UPSTREAM_BYTES};
use crate::name::Name;
use crate::own;
use crate::question::Question;
use hickory_proto::ProtoError;
use hickory_proto::op::{Edns, Header, HeaderCounts, Metadata, ResponseCode, emit_message_parts};
use hickory_proto::rr::rdata::CNAME;
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::{RData, Record};
use hickory_proto::serialize::binary::{BinEncodable, BinEncoder};
use std::iter;
use std::time::Duration;

/// An option that says more of an error (RFC 8914).
const EXTENDED_ERROR: u16 = 15;

/// An answer that is being written.
pub(crate) struct Reply<'o, 'q> {
    out: &'o mut Vec<u8>,
    question: &'o Question<'q>,
    head: Metadata,
    answers: Vec<Record>,
    authorities: Vec<Record>,
    edns: Option<Edns>,
    room: usize,
}

impl<'o, 'q> Reply<'o, 'q> {
    pub(crate) fn new(out: &'o mut Vec<u8>, question: &'o Question<'q>, code: ResponseCode, room: usize) -> Self {
        let edns = question.edns.is_some().then(|| {
            let mut edns = Edns::new();
            edns.set_max_payload(UPSTREAM_BYTES).set_dnssec_ok(question.secure());
            edns
        });
        let head = head_new(&question.head, code);
        Self { out, question, head, answers: Vec::new(), authorities: Vec::new(), edns, room }
    }

    /// Says more of an error (RFC 8914) to who can hear it.
    pub(crate) fn info(mut self, info: u16) -> Self {
        if let Some(edns) = &mut self.edns {
            edns.options_mut().insert(EdnsOption::Unknown(EXTENDED_ERROR, info.to_be_bytes().to_vec()));
        }
        self
    }

    /// The name asked for is an alias of another one, of which `answer` says the addresses.
    pub(crate) fn alias(mut self, target: &Name, answer: Option<&Answer>, now: Duration) -> Self {
        let asked = &self.question.query.name;
        self.answers.push(Record::from_rdata(asked.clone(), TTL_OWN, RData::CNAME(CNAME(target.dns().clone()))));
        if let Some(answer) = answer {
            let addresses = answer.answers().filter(|record| record.record_type() == self.question.kind());
            let told =
                |record: Record| Record::from_rdata(target.dns().clone(), answer.told(record.ttl, now), record.data);
            self.answers.extend(addresses.map(told));
        }
        if self.answers.len() == 1 {
            self.authorities.push(Record::from_rdata(asked.clone(), TTL_OWN, own::zone()));
        }
        self
    }

    /// Writes it; what does not fit is said to be missing.
    pub(crate) fn end(mut self) {
        let written = self.write();
        if written.is_ok() && self.out.len() > self.room {
            self.cut();
        } else if written.is_err() {
            bare(self.out, &self.question.head, ResponseCode::ServFail);
        }
    }

    /// Writes what is kept: nothing of it but its age changed since that was written.
    pub(crate) fn pass(mut self, answer: &Answer, now: Duration) {
        if self.question.secure() || self.question.head.authentic_data {
            self.head.authentic_data = answer.authentic();
        }
        self.out.clear();
        let [answers, authorities] = answer.counts();
        let counts = HeaderCounts { queries: 1, answers, authorities, additionals: self.edns.is_some().into() };
        header_put(self.out, self.head, counts);
        self.out.extend_from_slice(self.question.section);
        answer.records_put(self.out, now);
        if let Some(edns) = &self.edns {
            let end = u32::try_from(self.out.len()).unwrap_or(u32::MAX);
            // It fails where a message has no room left, and is cut then.
            if Record::from(edns).emit(&mut BinEncoder::with_offset(self.out, end)).is_err() {
                return self.cut();
            }
        }
        if self.out.len() > self.room {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.head.truncation = true;
        self.answers.clear();
        self.authorities.clear();
        if self.write().is_err() {
            bare(self.out, &self.question.head, ResponseCode::ServFail);
        }
    }

    fn write(&mut self) -> Result<Header, ProtoError> {
        self.out.clear();
        emit_message_parts(
            &self.head,
            &mut iter::once(&self.question.query),
            &mut self.answers.iter(),
            &mut self.authorities.iter(),
            &mut iter::empty::<&Record>(),
            self.edns.as_ref(),
            None,
            &mut BinEncoder::new(self.out),
        )
    }
}

/// The answer to what makes no sense: a header.
pub(crate) fn bare(out: &mut Vec<u8>, asked: &Metadata, code: ResponseCode) {
    out.clear();
    header_put(out, head_new(asked, code), HeaderCounts::default());
}

/// The answer that there is none: who asks may ask again soon.
pub(crate) fn failure(out: &mut Vec<u8>, question: &Question<'_>, room: usize) {
    /// "No Reachable Authority" (RFC 8914).
    const INFO: u16 = 22;
    Reply::new(out, question, ResponseCode::ServFail, room).info(INFO).end();
}

fn head_new(asked: &Metadata, code: ResponseCode) -> Metadata {
    let mut head = Metadata::response_from_request(asked);
    head.recursion_available = true;
    head.response_code = code;
    head
}

/// A header always fits.
fn header_put(out: &mut Vec<u8>, metadata: Metadata, counts: HeaderCounts) {
    let _ = Header { metadata, counts }.emit(&mut BinEncoder::new(out));
}
