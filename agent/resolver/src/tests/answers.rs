//! Answers are read as they are read by hand, and any bytes end.

use super::bed::{a, alias, question, reply};
use super::oracle::{self, Labels};
use crate::answer::{Answer, Fault, Wanted};
use crate::question::Question;
use crate::reply::Reply;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use proptest::prelude::*;
use std::time::Duration;

/// With signatures, as much as fits.
const ASKED: &[u8] = b"\0\x07\x01\0\0\x01\0\0\0\0\0\x01\x04OPEN\x04test\0\0\x01\0\x01\0\0\x29\x10\0\0\0\x80\0\0\0";
const ROOM: usize = 65_535;
const LATER: Duration = Duration::from_secs(7);

fn wanted(secure: bool) -> Wanted {
    Wanted { name: "open.test".parse().unwrap(), kind: RecordType::A, secure, unchecked: false }
}

/// What is told of an answer.
fn told(answer: &Answer, now: Duration) -> Vec<u8> {
    let question = Question::read(ASKED).unwrap_or_else(|_| panic!("our own question"));
    let mut out = Vec::new();
    Reply::new(&mut out, &question, answer.code(), ROOM).pass(answer, now);
    out
}

/// Reads bytes as an answer: what is taken holds, read by hand, records of the names asked for alone, and says the same when it is told.
fn fed(bytes: &[u8], secure: bool) {
    let Ok(answer) = Answer::read(bytes, &wanted(secure), Duration::ZERO) else { return };
    let mut owners: Vec<Labels> = vec![oracle::labels("open.test")];
    owners.extend(answer.aliases().iter().map(|name| name.labels().map(<[u8]>::to_vec).collect()));
    let [mut before, ..] = oracle::records(bytes).expect("it is read by hand");
    let [after, _, options] = oracle::records(&told(&answer, LATER)).expect("what is told is read by hand");
    assert!(before.iter().filter(|one| matches!(one.kind, 1 | 5)).all(|one| owners.contains(&one.owner)));
    before.iter_mut().for_each(|one| one.ttl = one.ttl.min(86_400).saturating_sub(7).min(60));
    assert_eq!(before, after);
    assert_eq!((options.len(), options[0].kind), (1, 41));
}

proptest! {
    #[test]
    fn a_turned_answer_is_read(
        steps in 0..4_usize,
        turns in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        secure in any::<bool>(),
    ) {
        let asked = question("open.test.", RecordType::A);
        let name = |n: usize| if n == 0 { "open.test.".to_owned() } else { format!("n{n}.test.") };
        let mut records: Vec<_> = (0..steps).map(|n| alias(&name(n), 60, &name(n + 1))).collect();
        records.push(a(&name(steps), 60, [192, 0, 2, 7]));
        records.reverse();
        let mut bytes = reply(&asked, ResponseCode::NoError, &records).to_vec().unwrap();
        let whole = Answer::read(&bytes, &wanted(secure), Duration::ZERO).expect("it is read");
        prop_assert_eq!((whole.aliases().len(), whole.ttl), (steps, 60));
        for (index, byte) in turns {
            // Behind the question: that is held against what was asked before.
            let place = 28 + index.index(bytes.len() - 28);
            bytes[place] = byte;
        }
        fed(&bytes, secure);
    }

    #[test]
    fn any_answer_is_read(rest in proptest::collection::vec(any::<u8>(), 0..200), counts in any::<[u8; 3]>()) {
        let asked = question("open.test.", RecordType::A);
        let mut bytes = reply(&asked, ResponseCode::NoError, &[]).to_vec().unwrap();
        for (place, count) in [7, 9, 11].into_iter().zip(counts) {
            bytes[place] = count % 8;
        }
        bytes.extend_from_slice(&rest);
        fed(&bytes, true);
    }
}

#[test]
fn more_records_or_aliases_than_anybody_has_are_refused() {
    let asked = question("open.test.", RecordType::A);
    let name = |n: usize| if n == 0 { "open.test.".to_owned() } else { format!("n{n}.test.") };
    let chain = |steps| (0..steps).map(|n| alias(&name(n), 60, &name(n + 1))).collect::<Vec<_>>();
    let read = |records: &[_]| {
        let bytes = reply(&asked, ResponseCode::NoError, records).to_vec().unwrap();
        Answer::read(&bytes, &wanted(false), Duration::ZERO).is_ok()
    };
    assert!(read(&chain(16)) && !read(&chain(17)));
    let many = |count| vec![a("open.test.", 60, [192, 0, 2, 7]); count];
    assert!(read(&many(2000)) && !read(&many(2049)));
}

/// Names are written out, but for the first hundred: what fitted a message may not any more.
#[test]
fn an_answer_that_is_too_long_when_it_is_written_anew_is_refused() {
    let label = "a-label-of-some-length".repeat(2);
    let long = [label.as_str(); 5].join(".");
    let asked = question(&format!("{long}."), RecordType::A);
    let mut bytes = reply(&asked, ResponseCode::NoError, &[]).to_vec().unwrap();
    let count = 2_000_u16;
    bytes[6..8].copy_from_slice(&count.to_be_bytes());
    for _ in 0..count {
        bytes.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]);
    }
    let wanted = Wanted { name: long.parse().unwrap(), ..wanted(false) };
    assert_eq!(Answer::read(&bytes, &wanted, Duration::ZERO).err(), Some(Fault::Lie));
    bytes[6..8].copy_from_slice(&200_u16.to_be_bytes());
    assert!(Answer::read(&bytes, &wanted, Duration::ZERO).is_ok());
}

/// A name may be made of what is written anew, the header and how long a record holds: it is told as it was judged, whenever that is.
#[test]
fn a_name_made_of_what_changes_is_told_as_it_was_judged() {
    let asked = question("open.test.", RecordType::A);
    let first =
        reply(&asked, ResponseCode::NoError, &[alias("open.test.", 0x0161_0000, "one.test.")]).to_vec().unwrap();
    let end = first.len() - if asked.edns.is_some() { 11 } else { 0 };
    // The target of the first alias is `one` and a pointer; its time reads as the name `a`.
    let time = 27 + 2 + 4;
    for (target, name) in [(12, "x.open.test"), (first.len() - 6, "x.one.test"), (time, "x.a"), (5, "x.\0.\0\0")] {
        let mut bytes = first[..end].to_vec();
        bytes[7] = 2;
        // `one.test` is an alias too, of what the pointer leads to with a label before it.
        bytes.extend_from_slice(&[0xc0, u8::try_from(end - 6).unwrap(), 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, b'x', 0xc0]);
        bytes.push(u8::try_from(target).unwrap());
        let answer = Answer::read(&bytes, &wanted(false), Duration::ZERO).expect("it is read");
        let judged: Labels = answer.aliases()[1].labels().map(<[u8]>::to_vec).collect();
        assert_eq!(judged, oracle::labels(name), "{target}");
        for now in [0, 9, 59].map(Duration::from_secs) {
            let told = told(&answer, now);
            let [answers, ..] = oracle::records(&told).unwrap();
            let (target, _) = oracle::name(&answers[1].data, 0).unwrap();
            assert_eq!(target, judged);
        }
    }
    // Bytes of the header that are no name.
    let mut bytes = first[..end].to_vec();
    bytes[7] = 2;
    bytes.extend_from_slice(&[0xc0, u8::try_from(end - 6).unwrap(), 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, b'x', 0xc0, 2]);
    assert_eq!(Answer::read(&bytes, &wanted(false), Duration::ZERO).err(), Some(Fault::Lie));
}
