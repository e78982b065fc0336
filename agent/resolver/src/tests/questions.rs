//! Questions are read as they are read by hand.

use super::bed::Bed;
use super::oracle::{self, Labels, Told};
use crate::own::Own;
use crate::question::{Fault, Question};
use crate::reply::Reply;
use hickory_proto::op::{Edns, Message, OpCode, ResponseCode};
use hickory_proto::rr::{Name as Dns, RecordType};
use proptest::prelude::*;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// Reads bytes as a question: what is taken says the same by hand, and what is said back repeats it letter by letter.
pub(super) fn fed(bytes: &[u8]) {
    let Ok(question) = Question::read(bytes) else { return };
    let (name, kind, class, end) = oracle::question(bytes).expect("it is read by hand");
    assert_eq!((labels(&question), question.kind().into(), 1), (name, kind, class));
    assert_eq!(question.head.id.to_be_bytes(), bytes[..2]);
    let [none, nothing, options] = oracle::records(bytes).expect("it is read by hand");
    assert!(none.is_empty() && nothing.is_empty());
    let secure = options.first().map(|options| options.ttl & 0x8000 != 0);
    assert_eq!((question.secure(), question.edns.is_some()), (secure == Some(true), secure.is_some()));
    let mut out = Vec::new();
    let own = Own::new((Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST)).unwrap();
    Reply::new(&mut out, &question, ResponseCode::NoError, question.room()).pass(&own.nothing, Duration::ZERO);
    assert_eq!((&out[..2], &out[12..end]), (&bytes[..2], &bytes[12..end]));
    let [none, zone, told] = oracle::records(&out).expect("what is said is read by hand");
    assert_eq!((none.len(), told.len()), (0, options.len()));
    let data =
        b"\x08cartable\x09localhost\0\x06nobody\x07invalid\0\0\0\0\x01\0\0\x0e\x10\0\0\x02\x58\0\x01\x51\x80\0\0\0\x0a";
    assert_eq!(*zone, [Told { owner: labels(&question), kind: 6, class: 1, ttl: 10, data: data.to_vec() }]);
    Message::from_vec(&out).expect("hickory reads what we say");
}

fn labels(question: &Question<'_>) -> Labels {
    question.name.labels().map(<[u8]>::to_vec).collect()
}

proptest! {
    /// What hickory writes is read, whatever the labels hold.
    #[test]
    fn a_question_is_read_as_hickory_wrote_it(
        labels in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..64), 0..4),
        kind in 1_u16..128,
        size in any::<Option<u16>>(),
        secure in any::<bool>(),
    ) {
        let name = Dns::from_labels(labels.iter().map(Vec::as_slice)).unwrap();
        prop_assume!(kind != 41);
        let mut asked = super::bed::question("x.", RecordType::A);
        asked.queries[0].name = name.clone();
        asked.queries[0].query_type = RecordType::from(kind);
        if let Some(size) = size {
            let mut edns = Edns::new();
            edns.set_max_payload(size).set_dnssec_ok(secure);
            asked.set_edns(edns);
        }
        let bytes = asked.to_vec().unwrap();
        let question = Question::read(&bytes).ok().expect("it is read");
        prop_assert_eq!(u16::from(question.kind()), kind);
        prop_assert_eq!(question.secure(), secure && size.is_some());
        prop_assert!(question.room() >= 512 && question.room() <= 4096);
        fed(&bytes);
    }
}

#[test]
fn what_is_no_question_is_told_apart() {
    let silent = |bytes: &[u8]| matches!(Question::read(bytes), Err(Fault::Silence));
    assert!(silent(&[]) && silent(&[0; 11]));
    let answer = Message::response(7, OpCode::Query).to_vec().unwrap();
    assert!(silent(&answer));
}

#[tokio::test]
async fn options_are_read_for_their_form_alone() {
    let bed = Bed::new(&[]).await;
    let question = b"\0\x07\x01\0\0\x01\0\0\0\0\0\x01\x07blocked\x04test\0\0\x01\0\x01";
    let options = |version: u8, length: u16, data: &[u8]| {
        let fixed = [&[0, 0, 41, 4, 0xd0, 0, version, 0, 0][..], &length.to_be_bytes()].concat();
        [&question[..], &fixed, data].concat()
    };
    // The network of who asks, malformed; it would say nothing here anyway.
    let subnet = b"\0\x08\0\x03\xff\xff\xff";
    for (what, bytes, code, extended) in [
        ("none", options(0, 0, b""), 0, 0),
        ("some that nobody knows", options(0, 7, b"\xfd\xe9\0\x03abc"), 0, 0),
        ("a network that is none", options(0, 7, subnet), 0, 0),
        ("a version to come", options(1, 0, b""), 0, 1),
        ("one that is cut", options(0, 6, b"\xfd\xe9\0\x03ab"), 1, 0),
        ("one without a length", options(0, 2, b"\xfd\xe9"), 1, 0),
        ("more than there is", options(0, 9, b"\xfd\xe9\0\x03abc"), 1, 0),
        ("something behind them", options(0, 0, b"\0"), 1, 0),
    ] {
        let said = bed.say(&bytes).await.unwrap();
        assert_eq!(said[3] & 15, code, "{what}");
        if code == 0 {
            let [answers, _, options] = oracle::records(&said).unwrap();
            assert_eq!((answers.len(), options[0].ttl >> 24), (usize::from(extended == 0), extended), "{what}");
        }
    }
    let mut twice = options(0, 0, b"");
    twice[11] = 2;
    twice.extend_from_slice(&[0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bed.say(&twice).await.unwrap()[3] & 15, 1);
}
