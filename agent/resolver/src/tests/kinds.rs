//! Records of all kinds: what is not understood goes on byte for byte, and what is understood says the same.

use super::bed::{Bed, Fake, question, reply};
use super::oracle::{self, Told};
use hickory_proto::op::{Edns, Message, ResponseCode};
use hickory_proto::rr::RecordType;

/// An upstream that says one record of whatever it is asked for, of the name asked for, in these bytes.
async fn saying(kind: u16, data: Vec<u8>) -> Fake {
    Fake::new(move |asked, _| vec![with(asked, &[(kind, 1, data.as_slice())])]).await
}

/// An answer with records of the name asked for, each in its bytes.
fn with(asked: &Message, records: &[(u16, u16, &[u8])]) -> Vec<u8> {
    let mut bare = reply(asked, ResponseCode::NoError, &[]);
    bare.edns = None;
    let mut bytes = bare.to_vec().unwrap();
    bytes[7] = u8::try_from(records.len()).unwrap();
    for (kind, class, data) in records {
        bytes.extend_from_slice(&[0xc0, 12]);
        let length = u16::try_from(data.len()).unwrap();
        [*kind, *class, 0, 50, length].iter().for_each(|number| bytes.extend_from_slice(&number.to_be_bytes()));
        bytes.extend_from_slice(data);
    }
    bytes
}

/// What is heard of it, read by hand; nothing where there is no answer.
async fn heard(bed: &Bed, name: &str, kind: u16) -> Vec<Told> {
    let mut asked = question(name, RecordType::from(kind));
    let mut edns = Edns::new();
    edns.set_max_payload(4096).set_dnssec_ok(true);
    asked.set_edns(edns);
    let said = bed.say(&asked.to_vec().unwrap()).await.expect("an answer");
    let [answers, ..] = oracle::records(&said).expect("it is read by hand");
    assert_eq!(answers.is_empty(), said[3] & 15 == 2);
    answers
}

#[tokio::test]
async fn what_is_not_understood_goes_on_byte_for_byte() {
    let signature = [&[0, 1, 8, 2, 0, 0, 0, 60][..], &[7; 10], b"\x04TEST\0", &[9; 64]].concat();
    let all: &[(&str, u16, Vec<u8>)] = &[
        ("RRSIG", 46, signature),
        ("DNSKEY", 48, [&[1, 1, 3, 13][..], &[0xab; 64]].concat()),
        ("NSEC, its name in capitals", 47, b"\x01A\x04Test\0\0\x06\x40\0\0\0\0\x03".to_vec()),
        ("TXT, many and empty ones", 16, b"\x00\x05hello\x00\xffno".iter().copied().chain([b'x'; 253]).collect()),
        ("TXT that claims too much", 16, b"\x20short".to_vec()),
        ("NAPTR with odd flags", 35, b"\0\x01\0\x02\x02s*\x07E2U+sip\0\x04Sip1\x04TEST\0".to_vec()),
        ("CAA with unknown flags", 257, b"\x7f\x05issueca.example; X=1".to_vec()),
        ("SVCB with odd keys", 64, b"\0\x01\x03Svc\x04TEST\0\0\x07\0\x01\xff\xfd\xe8\0\x02\0\x02".to_vec()),
        ("SVCB, keys out of order and twice", 64, b"\0\x01\0\0\x03\0\x02\x01\xbb\0\x01\0\x03\x02h2\0\x01\0\0".to_vec()),
        ("HTTPS, protocols that are no text", 65, b"\0\x01\0\0\x01\0\x03\x02\xfa\xfa".to_vec()),
        ("HTTPS, hints of no whole address", 65, b"\0\x01\0\0\x04\0\x03\xc0\0\x02".to_vec()),
        ("APL that is empty", 42, Vec::new()),
        ("HINFO", 13, b"\x03CPU\x02OS".to_vec()),
        ("TLSA", 52, b"\x03\x01\x01\xc0\x0c\xc0\x0c".to_vec()),
        ("one that nobody knows, as if it pointed", 65_280, b"\xc0\x0c\xc0\x0c\0A".to_vec()),
    ];
    for (what, kind, data) in all {
        let fake = saying(*kind, data.clone()).await;
        let bed = Bed::new(&[&fake]).await;
        // The second one comes out of the memory.
        for _ in 0..2 {
            let heard = heard(&bed, "Open.Test.", *kind).await;
            let owner = oracle::labels("open.test");
            assert_eq!(heard, [Told { owner, kind: *kind, class: 1, ttl: 50, data: data.clone() }], "{what}");
        }
        assert_eq!(fake.asked(), 1, "{what}");
    }
}

#[tokio::test]
async fn names_that_are_places_of_their_message_are_written_out() {
    let all: &[(&str, u16, &[u8], &[u8])] = &[
        ("CNAME", 5, b"\x01a\xc0\x0c", b"\x01a\x04open\x04test\0"),
        ("NS", 2, b"\xc0\x11", b"\x04test\0"),
        ("PTR", 12, b"\x02ab\xc0\x0c", b"\x02ab\x04open\x04test\0"),
        ("MX", 15, b"\0\x0a\x02mx\xc0\x11", b"\0\x0a\x02mx\x04test\0"),
        ("SRV", 33, b"\0\x01\0\x02\x14\x66\x02gc\xc0\x0c", b"\0\x01\0\x02\x14\x66\x02gc\x04open\x04test\0"),
        (
            "SOA",
            6,
            b"\x02ns\xc0\x11\xc0\x0c\0\0\0\x01\0\0\0\x02\x80\0\0\x03\0\0\0\x04\0\0\0\x05",
            b"\x02ns\x04test\0\x04open\x04test\0\0\0\0\x01\0\0\0\x02\x80\0\0\x03\0\0\0\x04\0\0\0\x05",
        ),
    ];
    for (what, kind, data, whole) in all {
        let fake = saying(*kind, data.to_vec()).await;
        let bed = Bed::new(&[&fake]).await;
        let heard = heard(&bed, "open.test.", *kind).await;
        assert_eq!((heard.len(), heard[0].data.as_slice()), (1, *whole), "{what}");
    }
}

#[tokio::test]
async fn data_that_cannot_be_is_a_lie() {
    let all: &[(&str, u16, u16, &[u8])] = &[
        ("an address of three bytes", 1, 1, b"\xc0\0\x02"),
        ("an address of nothing", 1, 1, b""),
        ("an address of IPv6 of five bytes", 28, 1, b"\x20\x01\x0d\xb8\0"),
        ("another class", 1, 3, b"\xc0\0\x02\x07"),
        ("an alias and more", 5, 1, b"\x01a\0\0"),
        ("an alias of nothing", 5, 1, b""),
        ("an alias that points at itself", 5, 1, b"\xc0\x27"),
        ("a zone that is cut", 6, 1, b"\0\0\0\0\0\x01"),
        ("an alias of all beneath that is a place", 39, 1, b"\xc0\x0c"),
        ("an alias of all beneath and more", 39, 1, b"\x01a\0\0"),
        ("a kind of old whose names nobody reads", 7, 1, b"\xc0\x0c"),
    ];
    for (what, kind, class, data) in all {
        let (kind, class, data) = (*kind, *class, data.to_vec());
        let fake = Fake::new(move |asked, _| vec![with(asked, &[(kind, class, &data)])]).await;
        let bed = Bed::new(&[&fake]).await;
        assert_eq!(heard(&bed, "open.test.", kind).await, [], "{what}");
    }
}

/// The case that was thrown for an upstream is nobody's who asks; the case of an alias is its zone's.
#[tokio::test]
async fn names_come_in_the_case_they_were_asked_in() {
    let fake = Fake::new(|asked, _| {
        // `Www` before the name asked for, which is written as a place.
        vec![with(asked, &[(5, 1, b"\x03Www\xc0\x0c")])]
    })
    .await;
    let bed = Bed::new(&[&fake]).await;
    for name in ["open.test.", "OPEN.test.", "oPEN.tEST."] {
        let said = bed.say(&question(name, RecordType::CNAME).to_vec().unwrap()).await.unwrap();
        let said = Message::from_vec(&said).unwrap();
        let (owner, target) = (said.answers[0].name.to_ascii(), said.answers[0].data.to_string());
        assert_eq!((owner.as_str(), target), (name, format!("Www.{name}")));
    }
    assert_eq!(fake.asked(), 1);
}
