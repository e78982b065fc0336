//! A question as an upstream is asked it: made anew, so that nothing of who asks goes on.

use crate::answer::Wanted;
use crate::limits::UPSTREAM_BYTES;
use crate::record::{HEADER, QUESTION_END};
use hickory_proto::op::{Edns, Header, Message, MessageType, OpCode, Query as Asked, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

/// So much is sent at a time, so that its length says nothing of a name (RFC 8467, 4.1).
const BLOCK: usize = 128;

/// How a question is put.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// In the open: the case of its letters is thrown, which an answer must repeat (draft-vixie-dnsext-dns0x20).
    Mixed,
    /// In the open, to who changes the case.
    Plain,
    /// In the open, to who knows no options.
    Old,
    /// Where nobody else reads: filled up.
    Padded,
}

/// A question under a number that nobody can guess.
#[derive(Clone)]
pub(super) struct Query {
    message: Vec<u8>,
    section_end: usize,
    mixed: bool,
}

impl Query {
    /// None where it cannot be written, as never happens.
    pub(super) fn new(wanted: &Wanted, manner: Manner) -> Option<Self> {
        let mut message = Message::new(rand::random(), MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.metadata.authentic_data = true;
        // Who wants to know whether an answer was held against its signatures says so (RFC 6840, 5.7).
        message.metadata.checking_disabled = wanted.unchecked;
        let mut name = wanted.name.dns().clone();
        if manner == Manner::Mixed {
            name.randomize_label_case();
        }
        message.add_query(Asked::query(name, wanted.kind));
        if manner != Manner::Old {
            let mut edns = Edns::new();
            edns.set_max_payload(UPSTREAM_BYTES).set_dnssec_ok(wanted.secure);
            message.set_edns(edns);
        }
        if manner == Manner::Padded {
            padding_put(&mut message)?;
        }
        let section_end = HEADER + wanted.name.wire().len() + QUESTION_END;
        Some(Self { message: message.to_vec().ok()?, section_end, mixed: manner == Manner::Mixed })
    }

    /// Under another number.
    pub(super) fn number_set(&mut self, number: u16) {
        self.message[..2].copy_from_slice(&number.to_be_bytes());
    }

    pub(super) fn number(&self) -> u16 {
        number_of(&self.message).unwrap_or_default()
    }

    /// With its length before it (RFC 1035, 4.2.2).
    pub(super) fn framed(&self) -> Vec<u8> {
        let length = u16::try_from(self.message.len()).unwrap_or_default();
        [&length.to_be_bytes(), self.message.as_slice()].concat()
    }

    pub(super) fn message(&self) -> &[u8] {
        &self.message
    }

    /// Whether a message answers this: its number, and the question letter by letter.
    pub(super) fn answered_by(&self, message: &[u8]) -> bool {
        self.fits(message, |one, other| one == other)
    }

    /// Whether it would, were it not for the case that was thrown.
    pub(super) fn case_changed_by(&self, message: &[u8]) -> bool {
        self.mixed && self.fits(message, <[u8]>::eq_ignore_ascii_case)
    }

    fn fits(&self, message: &[u8], same: fn(&[u8], &[u8]) -> bool) -> bool {
        let Ok(Header { metadata: head, counts }) = Header::read(&mut BinDecoder::new(message)) else { return false };
        if head.id != self.number() || head.message_type != MessageType::Response || head.op_code != OpCode::Query {
            return false;
        }
        match counts.queries {
            1 => {
                let heard = message.get(HEADER..self.section_end).and_then(<[u8]>::split_last_chunk::<QUESTION_END>);
                let asked =
                    self.message.get(HEADER..self.section_end).and_then(<[u8]>::split_last_chunk::<QUESTION_END>);
                // The type and the class at the end are no letters.
                matches!((heard, asked), (Some(heard), Some(asked)) if same(heard.0, asked.0) && heard.1 == asked.1)
            }
            // Who does not understand a question may not repeat it.
            0 => !matches!(head.response_code, ResponseCode::NoError | ResponseCode::NXDomain),
            _ => false,
        }
    }
}

/// A message's number.
pub(super) fn number_of(message: &[u8]) -> Option<u16> {
    message.first_chunk().map(|number| u16::from_be_bytes(*number))
}

/// Fills a message up to whole blocks (RFC 7830).
fn padding_put(message: &mut Message) -> Option<()> {
    /// Of an option, before what it holds.
    const OPTION_BYTES: usize = 4;
    let filling = (BLOCK - (message.to_vec().ok()?.len() + OPTION_BYTES) % BLOCK) % BLOCK;
    message.edns.as_mut()?.options_mut().insert(EdnsOption::Unknown(EdnsCode::Padding.into(), vec![0; filling]));
    Some(())
}
