//! Servers of all kinds, old, slow and many; and the addresses listened on.

use super::bed::{Bed, Fake, a, dns, judge, reply, said};
use crate::limits::FLIGHTS_MAX;
use crate::{Error, Resolver, Settings, Upstream};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn a_server_that_knows_no_options_is_asked_without() {
    let fake = Fake::new(|asked, _| {
        let name = asked.queries[0].name.to_ascii();
        let code = if asked.edns.is_some() { ResponseCode::FormErr } else { ResponseCode::NoError };
        let mut answer = reply(asked, code, &[a(&name, 60, [192, 0, 2, 7])]);
        if asked.edns.is_some() {
            answer.queries.clear();
            answer.answers.clear();
            answer.edns = None;
        }
        vec![answer.to_vec().unwrap()]
    })
    .await;
    let bed = Bed::new(&[&fake]).await;
    assert_eq!(said(&bed.ask("open.test.", RecordType::A).await).len(), 1);
    assert_eq!(fake.asked(), 2);
}

#[tokio::test]
async fn a_server_that_changes_the_case_of_a_name_is_asked_plainly_at_once_and_from_then_on() {
    let fake = Fake::new(|asked, _| {
        let name = asked.queries[0].name.to_ascii().to_lowercase();
        let mut answer = reply(asked, ResponseCode::NoError, &[a(&name, 60, [192, 0, 2, 7])]);
        answer.queries[0].name = dns(&name);
        vec![answer.to_vec().unwrap()]
    })
    .await;
    // Nobody would wait for so long.
    let bed = Bed::patient(Upstream::network(vec![fake.address]), Duration::from_secs(600)).await;
    for (name, asked) in [("a-rather-long-name-of-a-site.test.", 2), ("another-rather-long-name.test.", 3)] {
        assert_eq!(said(&bed.ask(name, RecordType::A).await).len(), 1);
        assert_eq!(fake.asked(), asked);
    }
    // Not for ever: somebody may have made the first answer up.
    bed.later(601);
    assert_eq!(said(&bed.ask("yet-another-rather-long-name.test.", RecordType::A).await).len(), 1);
    assert_eq!(fake.asked(), 5);
}

#[tokio::test]
async fn a_server_that_drops_what_has_options_is_asked_without() {
    let silent = Fake::new(|_, _| Vec::new()).await;
    let fake = Fake::new(|asked, _| {
        let answer = reply(asked, ResponseCode::NoError, &[a(&asked.queries[0].name.to_ascii(), 60, [192, 0, 2, 7])]);
        if asked.edns.is_some() { Vec::new() } else { vec![answer.to_vec().unwrap()] }
    })
    .await;
    let bed = Bed::new(&[&silent, &fake]).await;
    for (name, asked) in [("one.test.", 3), ("two.test.", 4)] {
        assert_eq!(said(&bed.ask(name, RecordType::A).await).len(), 1);
        assert_eq!(fake.asked(), asked);
    }
}

#[tokio::test]
async fn a_domain_of_a_school_that_is_named_local_is_asked_of_its_server() {
    let school = Fake::saying(|name| vec![a(name, 60, [10, 0, 0, 5])]).await;
    let bed = Bed::new(&[&school]).await;
    assert_eq!(said(&bed.ask("dc.college.local.", RecordType::A).await), ["dc.college.local. A 10.0.0.5"]);
}

#[tokio::test]
async fn the_server_that_answered_is_asked_first_for_a_minute() {
    let silent = Fake::new(|_, _| Vec::new()).await;
    let good = Fake::saying(|name| vec![a(name, 60, [192, 0, 2, 7])]).await;
    let bed = Bed::new(&[&silent, &good]).await;
    for name in ["one.test.", "two.test.", "three.test."] {
        assert_eq!(said(&bed.ask(name, RecordType::A).await).len(), 1);
    }
    assert_eq!((silent.asked(), good.asked()), (1, 3));
    bed.later(61);
    assert_eq!(said(&bed.ask("four.test.", RecordType::A).await).len(), 1);
    assert_eq!((silent.asked(), good.asked()), (2, 4));
}

#[tokio::test]
async fn many_questions_before_a_silent_server_all_end() {
    let silent = Fake::new(|_, _| Vec::new()).await;
    let bed = Bed::new(&[&silent]).await;
    let names: Vec<String> = (0..FLIGHTS_MAX + 50).map(|n| format!("n{n}.test.")).collect();
    let mut all: Vec<_> = names.iter().map(|name| Box::pin(bed.ask(name, RecordType::A))).collect();
    let heard = super::open::join(&mut all).await;
    assert!(heard.iter().all(|one| one.metadata.response_code == ResponseCode::ServFail));
    assert!(silent.asked() <= 3 * FLIGHTS_MAX, "asked {} times", silent.asked());
    assert_eq!(said(&bed.ask("blocked.test.", RecordType::A).await).len(), 1);
}

#[tokio::test]
async fn an_address_that_the_machine_has_not_is_left_out() {
    let bind = async |listen: &[&str]| {
        let listen: Vec<SocketAddr> = listen.iter().map(|one| one.parse().unwrap()).collect();
        let settings = Settings { listen, ..Settings::new(Upstream::default(), Arc::new(|| Duration::ZERO)) };
        Resolver::bind(settings, judge()).await.map(|resolver| resolver.addresses().len())
    };
    assert_eq!(bind(&["127.0.0.1:0", "[2001:db8::1]:0"]).await.unwrap(), 1);
    assert!(matches!(bind(&["[2001:db8::1]:0"]).await, Err(Error::NoAddress)));
    assert!(matches!(bind(&["192.0.2.1:0"]).await, Err(Error::Address { .. })));
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    assert!(matches!(bind(&[&taken.local_addr().unwrap().to_string()]).await, Err(Error::Address { .. })));
}
