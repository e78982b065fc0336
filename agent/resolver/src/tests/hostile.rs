//! Upstreams and programs that mean harm.

use super::bed::{Bed, Fake, a, alias, dns, question, reply, said};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::NULL;
use hickory_proto::rr::{RData, Record, RecordType};
use proptest::prelude::*;

#[tokio::test]
async fn an_upstream_that_lies_is_not_believed() {
    type Lie = fn(&Message) -> Vec<Vec<u8>>;
    let good = |asked: &Message| reply(asked, ResponseCode::NoError, &[a("open.test.", 60, [192, 0, 2, 66])]);
    let lies: &[(&str, Lie)] = &[
        ("a record of another name", |asked| {
            let records = [a("open.test.", 60, [192, 0, 2, 66]), a("bank.test.", 60, [192, 0, 2, 66])];
            vec![reply(asked, ResponseCode::NoError, &records).to_vec().unwrap()]
        }),
        ("two aliases", |asked| {
            let records = [alias("open.test.", 60, "one.test."), alias("open.test.", 60, "two.test.")];
            vec![reply(asked, ResponseCode::NoError, &records).to_vec().unwrap()]
        }),
        ("an alias of itself", |asked| {
            vec![reply(asked, ResponseCode::NoError, &[alias("open.test.", 60, "open.test.")]).to_vec().unwrap()]
        }),
        ("aliases in a ring", |asked| {
            let records = [alias("open.test.", 60, "one.test."), alias("one.test.", 60, "open.test.")];
            vec![reply(asked, ResponseCode::NoError, &records).to_vec().unwrap()]
        }),
        ("cut off", |asked| {
            let mut bytes =
                reply(asked, ResponseCode::NoError, &[a("open.test.", 60, [192, 0, 2, 66])]).to_vec().unwrap();
            bytes.truncate(bytes.len() - 14);
            vec![bytes]
        }),
        ("an alias of all beneath, and none that follows", |asked| {
            let all = RData::Unknown { code: RecordType::from(39), rdata: NULL::with(b"\x04evil\0".to_vec()) };
            let record = Record::from_rdata(dns("test."), 60, all);
            vec![reply(asked, ResponseCode::NoError, &[record]).to_vec().unwrap()]
        }),
        ("sends elsewhere", |asked| {
            let mut referral = reply(asked, ResponseCode::NoError, &[]);
            referral.metadata.recursion_available = false;
            vec![referral.to_vec().unwrap()]
        }),
        ("will not", |asked| vec![reply(asked, ResponseCode::Refused, &[]).to_vec().unwrap()]),
    ];
    let honest = Fake::saying(|name| vec![a(name, 60, [192, 0, 2, 7])]).await;
    for (what, lie) in lies {
        let liar = Fake::new(move |asked, _| lie(asked)).await;
        let bed = Bed::new(&[&liar]).await;
        let failed = bed.ask("open.test.", RecordType::A).await;
        assert_eq!(failed.metadata.response_code, ResponseCode::ServFail, "{what}");
        let bed = Bed::new(&[&liar, &honest]).await;
        assert_eq!(said(&bed.ask("open.test.", RecordType::A).await), ["open.test. A 192.0.2.7"], "{what}");
    }
    // What answers something else is passed over, and the answer that follows is heard.
    let noisy = Fake::new(move |asked, _| {
        let mut number = good(asked);
        number.metadata.id ^= 1;
        let mut name = good(asked);
        name.queries[0].name = dns("bank.test.");
        let mut kind = good(asked);
        kind.queries[0].query_type = RecordType::TXT;
        let mut question = good(asked);
        question.metadata.message_type = hickory_proto::op::MessageType::Query;
        let mut case = good(asked);
        let flipped: Vec<u8> =
            asked.queries[0].name.to_ascii().bytes().map(|b| b ^ if b == b'.' { 0 } else { 32 }).collect();
        case.queries[0].name = dns(&String::from_utf8(flipped).unwrap());
        let right = reply(asked, ResponseCode::NoError, &[a("open.test.", 60, [192, 0, 2, 7])]);
        let mut all: Vec<Vec<u8>> = [number, name, kind, question, case].map(|one| one.to_vec().unwrap()).to_vec();
        all.push(vec![0; 3]);
        all.push(right.to_vec().unwrap());
        all
    })
    .await;
    let bed = Bed::new(&[&noisy]).await;
    assert_eq!(said(&bed.ask("open.test.", RecordType::A).await), ["open.test. A 192.0.2.7"]);
    // Twice: who hears the name in another case asks again, and passes that over from then on.
    assert_eq!(noisy.asked(), 2);
}

#[tokio::test]
async fn what_an_upstream_adds_is_left_out() {
    let fake = Fake::new(|asked, _| {
        let mut answer = reply(asked, ResponseCode::NoError, &[a("open.test.", 60, [192, 0, 2, 7])]);
        answer.add_authority(a("bank.test.", 60, [192, 0, 2, 66]));
        answer.add_additional(a("bank.test.", 60, [192, 0, 2, 66]));
        vec![answer.to_vec().unwrap()]
    })
    .await;
    let bed = Bed::new(&[&fake]).await;
    for heard in [bed.ask("open.test.", RecordType::A).await, bed.ask_secure("open.test.", RecordType::A).await] {
        assert_eq!((heard.answers.len(), heard.authorities.len(), heard.additionals.len()), (1, 0, 0));
    }
}

#[tokio::test]
async fn noise_ends_nothing() {
    let bed = Bed::new(&[]).await;
    let good = question("www.blocked.test.", RecordType::A).to_vec().unwrap();
    // A name that points at itself, and one that points at the header.
    for target in [12, 0, 40] {
        let mut looped = good[..12].to_vec();
        looped.extend_from_slice(&[0xc0, target, 0, 1, 0, 1]);
        assert_eq!(bed.say(&looped).await.unwrap()[3] & 15, 1);
    }
    for length in 12..good.len() {
        assert_eq!(bed.say(&good[..length]).await.unwrap()[3] & 15, 1, "{length} bytes");
    }
    let mut two = good.clone();
    two[5] = 2;
    assert_eq!(bed.say(&two).await.unwrap()[3] & 15, 1);
    let mut long = good.clone();
    long.resize(65_000, 0);
    assert_eq!(bed.say(&long).await.unwrap()[3] & 15, 1);
    assert_eq!(said(&bed.ask("blocked.test.", RecordType::A).await).len(), 1);
}

/// What the fuzzer starts from holds without it, too.
#[test]
fn the_fuzzers_beginnings_hold() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fuzz/corpus/dns");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for length in 0..=bytes.len() {
            assert_eq!(crate::probe::message(&bytes[..length]), Ok(()));
            super::questions::fed(&bytes[..length]);
        }
        seen += 1;
    }
    assert!(seen > 10);
}

proptest! {
    /// Whatever the bytes, reading them ends, and what is said back is a message.
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        super::questions::fed(&bytes);
        prop_assert_eq!(crate::probe::message(&bytes), Ok(()));
    }

    /// The same of a question in which a few bytes were turned.
    #[test]
    fn a_turned_question_is_read(turns in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut asked = question("www.some-name.blocked.test.", RecordType::AAAA);
        asked.set_edns(hickory_proto::op::Edns::new());
        let mut bytes = asked.to_vec().unwrap();
        for (index, byte) in turns {
            let place = index.index(bytes.len());
            bytes[place] = byte;
        }
        super::questions::fed(&bytes);
        prop_assert_eq!(crate::probe::message(&bytes), Ok(()));
    }

    /// The same of a question that is an answer too: its records are an upstream's.
    #[test]
    fn a_turned_answer_goes_on_whole(
        steps in 0..3_usize,
        turns in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..5),
    ) {
        let asked = question("open.test.", RecordType::A);
        let name = |n: usize| if n == 0 { "open.test.".to_owned() } else { format!("n{n}.test.") };
        let mut records: Vec<_> = (0..steps).map(|n| alias(&name(n), 60, &name(n + 1))).collect();
        records.push(a(&name(steps), 60, [192, 0, 2, 7]));
        let mut bytes = reply(&asked, ResponseCode::NoError, &records).to_vec().unwrap();
        for (index, byte) in turns {
            let place = index.index(bytes.len());
            bytes[place] = byte;
        }
        prop_assert_eq!(crate::probe::message(&bytes), Ok(()));
    }
}
