//! What is answered here: closed names, names that lead elsewhere, names of this machine.

use super::bed::{Bed, Fake, a, aaaa, question, said};
use crate::Totals;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use std::net::Ipv6Addr;

#[tokio::test]
async fn a_closed_name_leads_to_the_page_and_nowhere_else() {
    let fake = Fake::saying(|_| Vec::new()).await;
    let bed = Bed::new(&[&fake]).await;
    let v4 = bed.ask("www.blocked.test.", RecordType::A).await;
    assert_eq!(said(&v4), ["www.blocked.test. A 127.0.0.1"]);
    assert_eq!(v4.answers[0].ttl, 10);
    let v6 = bed.ask("WWW.Blocked.TEST.", RecordType::AAAA).await;
    assert_eq!(said(&v6), ["WWW.Blocked.TEST. AAAA ::1"]);
    for kind in [RecordType::HTTPS, RecordType::SVCB, RecordType::MX, RecordType::TXT, RecordType::CNAME] {
        let other = bed.ask("blocked.test.", kind).await;
        assert_eq!((other.metadata.response_code, said(&other).len()), (ResponseCode::NoError, 0), "{kind}");
        assert_eq!(other.authorities[0].record_type(), RecordType::SOA);
    }
    assert_eq!(fake.asked(), 0);
    assert_eq!(bed.resolver.totals(), Totals { answered: 7, blocked: 7, rewritten: 0, failed: 0 });
}

#[tokio::test]
async fn who_can_hear_it_hears_why() {
    let bed = Bed::new(&[]).await;
    for (name, info) in [("blocked.test.", 15), ("lesson.test.", 17)] {
        let heard = bed.ask_secure(name, RecordType::A).await;
        let options = heard.edns.expect("options").options().clone();
        let why: Vec<u8> =
            options.as_ref().iter().flat_map(|(_, option)| Vec::<u8>::try_from(option).unwrap()).collect();
        assert_eq!(why, [0, info], "{name}");
    }
    assert!(bed.ask("blocked.test.", RecordType::A).await.edns.is_none());
}

#[tokio::test]
async fn a_canary_does_not_exist() {
    let bed = Bed::new(&[]).await;
    for name in ["canary.test.", "hidden.onion.", "none.invalid.", "1.0.0.0.in-addr.arpa."] {
        let none = bed.ask(name, RecordType::A).await;
        assert_eq!((none.metadata.response_code, said(&none).len()), (ResponseCode::NXDomain, 0), "{name}");
        assert_eq!(none.authorities.len(), 1);
    }
}

#[tokio::test]
async fn this_machine_is_here() {
    let bed = Bed::new(&[]).await;
    for name in ["localhost.", "cartable.localhost."] {
        assert_eq!(said(&bed.ask(name, RecordType::A).await), [format!("{name} A 127.0.0.1")]);
        assert_eq!(said(&bed.ask(name, RecordType::AAAA).await), [format!("{name} AAAA ::1")]);
        assert_eq!(bed.ask(name, RecordType::MX).await.metadata.response_code, ResponseCode::NoError);
    }
    let reverse = bed.ask("1.0.0.127.in-addr.arpa.", RecordType::PTR).await;
    assert_eq!(said(&reverse), ["1.0.0.127.in-addr.arpa. PTR localhost."]);
}

#[tokio::test]
async fn safe_search_is_an_alias_for_addresses_and_has_no_services() {
    let fake = Fake::new(|asked, _| {
        let name = asked.queries[0].name.to_lowercase().to_ascii();
        assert_eq!(name, "safe.test.");
        let record = match asked.queries[0].query_type {
            RecordType::A => a(&name, 300, [192, 0, 2, 1]),
            _ => aaaa(&name, 300, Ipv6Addr::LOCALHOST),
        };
        vec![super::bed::reply(asked, ResponseCode::NoError, &[record]).to_vec().unwrap()]
    })
    .await;
    let bed = Bed::new(&[&fake]).await;
    let alias = "www.search.test. CNAME safe.test.";
    for _ in 0..2 {
        let v4 = bed.ask("www.search.test.", RecordType::A).await;
        assert_eq!(said(&v4), [alias, "safe.test. A 192.0.2.1"]);
        let v6 = bed.ask("www.search.test.", RecordType::AAAA).await;
        assert_eq!(said(&v6), [alias, "safe.test. AAAA ::1"]);
        let service = bed.ask("www.search.test.", RecordType::HTTPS).await;
        assert_eq!((said(&service), service.authorities.len()), (vec![alias.to_owned()], 1));
    }
    assert_eq!((fake.asked(), bed.resolver.totals().rewritten), (2, 6));
}

#[tokio::test]
async fn what_nobody_needs_is_refused() {
    let bed = Bed::new(&[]).await;
    let refused = bed.ask("open.test.", RecordType::ANY).await;
    assert_eq!(refused.metadata.response_code, ResponseCode::Refused);
    assert_eq!(bed.ask("open.test.", RecordType::AXFR).await.metadata.response_code, ResponseCode::Refused);
    let mut chaos = question("version.bind.", RecordType::TXT).to_vec().unwrap();
    let end = chaos.len();
    chaos[end - 1] = 3;
    let said = bed.say(&chaos).await.unwrap();
    assert_eq!(said[3] & 15, 5);
    let mut status = question("open.test.", RecordType::A).to_vec().unwrap();
    status[2] |= 2 << 3;
    assert_eq!(bed.say(&status).await.unwrap()[3] & 15, 4);
}
