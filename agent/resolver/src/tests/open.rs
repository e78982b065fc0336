//! What an upstream says, and what it must not.

use super::bed::{Bed, Fake, a, alias, dns, question, reply, said, zone};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::NULL;
use hickory_proto::rr::{RData, Record, RecordType};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[tokio::test]
async fn an_open_name_is_asked_once_and_grows_old() {
    let fake = Fake::saying(|name| vec![a(name, 50, [192, 0, 2, 7])]).await;
    let bed = Bed::new(&[&fake]).await;
    for (later, left) in [(0, 50), (20, 30), (29, 1), (1, 50)] {
        bed.later(later);
        let heard = bed.ask("Open.Test.", RecordType::A).await;
        // In whatever case: a record may point at the question, as it was put.
        assert!(said(&heard)[0].eq_ignore_ascii_case("open.test. A 192.0.2.7"));
        assert_eq!(heard.answers[0].ttl, left);
        assert!(heard.metadata.recursion_available && heard.metadata.recursion_desired);
    }
    assert_eq!(fake.asked(), 2);
}

#[tokio::test]
async fn nobody_is_told_to_keep_a_name_for_longer_than_a_policy_may_take() {
    let fake = Fake::saying(|name| vec![a(name, 86_400, [192, 0, 2, 7])]).await;
    let bed = Bed::new(&[&fake]).await;
    assert_eq!(bed.ask("open.test.", RecordType::A).await.answers[0].ttl, 60);
    bed.later(80_000);
    assert_eq!(bed.ask("open.test.", RecordType::A).await.answers[0].ttl, 60);
    assert_eq!(fake.asked(), 1);
}

#[tokio::test]
async fn what_does_not_exist_is_kept_as_long_as_its_zone_says() {
    let fake = Fake::new(|asked, _| {
        let mut none = reply(asked, ResponseCode::NXDomain, &[]);
        none.add_authority(zone("test.", 300, 30));
        vec![none.to_vec().unwrap()]
    })
    .await;
    let bed = Bed::new(&[&fake]).await;
    for later in [0, 29, 1] {
        bed.later(later);
        let none = bed.ask("none.test.", RecordType::A).await;
        assert_eq!((none.metadata.response_code, none.authorities.len()), (ResponseCode::NXDomain, 1));
    }
    assert_eq!(fake.asked(), 2);
}

#[tokio::test]
async fn an_alias_of_a_closed_name_is_closed_unless_the_name_was_opened() {
    let fake = Fake::saying(|name| {
        vec![
            alias(name, 60, "middle.test."),
            alias("middle.test.", 60, "ads.blocked.test."),
            a("ads.blocked.test.", 60, [192, 0, 2, 9]),
        ]
    })
    .await;
    let bed = Bed::new(&[&fake]).await;
    for _ in 0..2 {
        assert_eq!(said(&bed.ask("cloaked.test.", RecordType::A).await), ["cloaked.test. A 127.0.0.1"]);
        assert_eq!(said(&bed.ask("www.allowed.test.", RecordType::A).await).len(), 3);
    }
    assert_eq!((fake.asked(), bed.resolver.totals().blocked), (2, 2));
}

#[tokio::test]
async fn what_the_floor_closes_is_closed_behind_an_alias_that_a_policy_opens() {
    // Each name leads to what its labels say, one after another.
    let fake = Fake::saying(|name| {
        let mut chain = vec![name.to_owned()];
        let mut rest = name.trim_end_matches(".test.").rsplit_once("--").map(|(rest, _)| rest.to_owned());
        while let Some(way) = rest {
            let (before, last) = way.rsplit_once("--").unwrap_or(("", &way));
            chain.push(format!("{}.test.", last.replace('-', ".")));
            rest = Some(before.to_owned()).filter(|before| !before.is_empty());
        }
        let pairs = chain.windows(2).map(|pair| alias(&pair[0], 60, &pair[1]));
        pairs.chain([a(chain.last().unwrap(), 60, [192, 0, 2, 9])]).collect()
    })
    .await;
    let bed = Bed::new(&[&fake]).await;
    let closed = |heard: &Message| said(heard).len() == 1 && said(heard)[0].ends_with(" A 127.0.0.1");
    // Opened by the policy: a list closes nothing behind it, the floor does, at any length.
    for (name, is_closed) in [
        ("a-blocked--x.allowed.test.", false),
        ("a-floor-blocked--x.allowed.test.", true),
        ("a-floor-blocked--middle--x.allowed.test.", true),
        ("a-floor-blocked--a-blocked--x.allowed.test.", true),
        // An alias that the policy opens on the way opens no more than that.
        ("a-blocked--a-allowed--x.test.", false),
        ("a-floor-blocked--a-allowed--x.test.", true),
        // What the floor opens is open, and what lies behind it.
        ("a-floor-blocked--x.kept.test.", false),
        ("a-floor-blocked--a-kept--x.allowed.test.", false),
        ("a-floor-blocked--a-kept--x.test.", false),
    ] {
        let heard = bed.ask(name, RecordType::A).await;
        assert_eq!(closed(&heard), is_closed, "{name} {:?}", said(&heard));
    }
}

#[tokio::test]
async fn an_alias_of_a_search_engine_is_made_safe_too() {
    let fake = Fake::saying(|name| match name {
        "safe.test." => vec![a(name, 60, [192, 0, 2, 1])],
        _ => vec![alias(name, 60, "www.search.test."), a("www.search.test.", 60, [192, 0, 2, 9])],
    })
    .await;
    let bed = Bed::new(&[&fake]).await;
    let heard = bed.ask("other.test.", RecordType::A).await;
    assert_eq!(said(&heard), ["other.test. CNAME safe.test.", "safe.test. A 192.0.2.1"]);
}

#[tokio::test]
async fn a_policy_holds_from_the_next_question_on() {
    let fake = Fake::saying(|name| vec![a(name, 600, [192, 0, 2, 7])]).await;
    let bed = Bed::new(&[&fake]).await;
    assert_eq!(said(&bed.ask("open.test.", RecordType::A).await), ["open.test. A 192.0.2.7"]);
    bed.resolver.judge_set(Arc::new(|_: &crate::Name, _: u16| crate::Ruling::Block(crate::Block::Unlisted)));
    assert_eq!(said(&bed.ask("open.test.", RecordType::A).await), ["open.test. A 127.0.0.1"]);
    bed.resolver.judge_set(super::bed::judge());
    assert_eq!(said(&bed.ask("open.test.", RecordType::A).await), ["open.test. A 192.0.2.7"]);
    assert_eq!(fake.asked(), 1);
}

#[tokio::test]
async fn another_network_is_asked_anew() {
    let home = Fake::saying(|name| vec![a(name, 600, [192, 0, 2, 7])]).await;
    let school = Fake::new(|asked, _| vec![reply(asked, ResponseCode::NXDomain, &[]).to_vec().unwrap()]).await;
    let bed = Bed::new(&[&home]).await;
    assert_eq!(said(&bed.ask("open.test.", RecordType::A).await).len(), 1);
    bed.resolver.upstream_set(crate::Upstream::network(vec![school.address]));
    let none = bed.ask("open.test.", RecordType::A).await;
    assert_eq!((none.metadata.response_code, home.asked(), school.asked()), (ResponseCode::NXDomain, 1, 1));
}

#[tokio::test]
async fn a_network_that_wants_to_be_greeted_is_seen_for_a_while() {
    let asked = Arc::new(AtomicUsize::new(0));
    let fake = Fake::saying(|name| vec![a(name, 600, [192, 0, 2, 80])]).await;
    let bed = Bed::new(&[&fake]).await;
    let count = Arc::clone(&asked);
    bed.resolver.judge_set(Arc::new(move |name: &crate::Name, _: u16| {
        count.fetch_add(1, Ordering::Relaxed);
        match super::bed::text(name).as_str() {
            "open.test" => crate::Ruling::Pass,
            _ => crate::Ruling::Block(crate::Block::Unlisted),
        }
    }));
    let check = "detectportal.firefox.com.";
    let closed = [format!("{check} A 127.0.0.1")];
    assert_eq!(said(&bed.ask(check, RecordType::A).await), closed);
    bed.resolver.portal(Duration::from_secs(120));
    assert_eq!(said(&bed.ask(check, RecordType::A).await), [format!("{check} A 192.0.2.80")]);
    assert_eq!(said(&bed.ask("other.test.", RecordType::A).await), ["other.test. A 127.0.0.1"]);
    assert_eq!(said(&bed.ask("open.test.", RecordType::A).await), ["open.test. A 192.0.2.80"]);
    bed.later(120);
    assert_eq!(said(&bed.ask(check, RecordType::A).await), closed);
    // Nothing that the network said of all names is kept.
    let before = fake.asked();
    bed.ask("open.test.", RecordType::A).await;
    assert_eq!(fake.asked(), before + 1);
}

#[tokio::test]
async fn the_same_question_is_asked_once_for_all() {
    let fake = Fake::new(|asked, _| {
        let answer = reply(asked, ResponseCode::NoError, &[a("open.test.", 0, [192, 0, 2, 7])]).to_vec().unwrap();
        // The first time it says nothing: all wait together.
        vec![answer]
    })
    .await;
    let silent = Fake::new(|_, _| Vec::new()).await;
    let bed = Bed::new(&[&silent, &fake]).await;
    let all = (0..20).map(|_| bed.ask("open.test.", RecordType::A));
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let heard = join(&mut all).await;
    assert!(heard.iter().all(|one| said(one).len() == 1));
    assert_eq!((silent.asked(), fake.asked()), (1, 1));
}

#[tokio::test]
async fn an_upstream_that_never_answers_ends_in_time() {
    let silent = Fake::new(|_, _| Vec::new()).await;
    let bed = Bed::new(&[&silent]).await;
    let failed = bed.ask("open.test.", RecordType::A).await;
    assert_eq!(failed.metadata.response_code, ResponseCode::ServFail);
    let asked = silent.asked();
    // As ever twice, and without options.
    assert_eq!(asked, 3);
    // That is kept for a moment, too.
    bed.ask("open.test.", RecordType::A).await;
    assert_eq!((silent.asked(), bed.resolver.totals().failed), (asked, 2));
    assert_eq!(said(&bed.ask("blocked.test.", RecordType::A).await).len(), 1);
}

#[tokio::test]
async fn without_an_upstream_nothing_else_is_asked() {
    let bed = Bed::new(&[]).await;
    assert_eq!(bed.ask("open.test.", RecordType::A).await.metadata.response_code, ResponseCode::ServFail);
    // Itself neither.
    bed.resolver.upstream_set(crate::Upstream::network(vec![bed.address]));
    assert_eq!(bed.ask("other.test.", RecordType::A).await.metadata.response_code, ResponseCode::ServFail);
}

#[tokio::test]
async fn what_does_not_fit_is_asked_for_over_tcp() {
    let many: Vec<_> = (0..=99).map(|last| a("open.test.", 60, [192, 0, 2, last])).collect();
    let fake = Fake::new(move |asked, tcp| {
        let mut answer = reply(asked, ResponseCode::NoError, if tcp { &many } else { &[] });
        answer.metadata.truncation = !tcp;
        vec![answer.to_vec().unwrap()]
    })
    .await;
    let bed = Bed::new(&[&fake]).await;
    let small = bed.ask("open.test.", RecordType::A).await;
    assert!(small.metadata.truncation && small.answers.is_empty());
    assert_eq!(bed.ask_secure("open.test.", RecordType::A).await.answers.len(), 100);
    let over_tcp = super::tcp::ask(bed.address, &[question("open.test.", RecordType::A)]).await;
    assert_eq!(over_tcp[0].answers.len(), 100);
}

#[tokio::test]
async fn signatures_are_passed_through_untouched() {
    let signature: Vec<u8> = [&[0, 1, 8, 2, 0, 0, 0, 60][..], &[7; 10], b"\x04test\0", &[9; 64]].concat();
    let told = signature.clone();
    let fake = Fake::new(move |asked, _| {
        let data = RData::Unknown { code: RecordType::from(46), rdata: NULL::with(told.clone()) };
        let secure = asked.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok);
        let records = [a("open.test.", 60, [192, 0, 2, 7]), Record::from_rdata(dns("open.test."), 60, data)];
        let mut answer = reply(asked, ResponseCode::NoError, &records[..if secure { 2 } else { 1 }]);
        answer.metadata.authentic_data = !asked.metadata.checking_disabled;
        vec![answer.to_vec().unwrap()]
    })
    .await;
    let bed = Bed::new(&[&fake]).await;
    let plain = bed.ask("open.test.", RecordType::A).await;
    assert!(plain.answers.len() == 1 && !plain.metadata.authentic_data);
    let secure = bed.ask_secure("open.test.", RecordType::A).await;
    assert!(secure.answers.len() == 2 && secure.metadata.authentic_data);
    assert!(secure.edns.as_ref().unwrap().flags().dnssec_ok);
    let bytes = secure.to_vec().unwrap();
    assert!(bytes.windows(signature.len()).any(|window| window == signature));
    // Each way of asking has an answer of its own.
    let mut unchecked = question("open.test.", RecordType::A);
    unchecked.metadata.checking_disabled = true;
    unchecked.metadata.authentic_data = true;
    let heard = Message::from_vec(&bed.say(&unchecked.to_vec().unwrap()).await.unwrap()).unwrap();
    assert!(heard.metadata.checking_disabled && !heard.metadata.authentic_data);
    assert_eq!(fake.asked(), 3);
}

pub(super) async fn join(all: &mut [std::pin::Pin<Box<impl Future<Output = Message>>>]) -> Vec<Message> {
    let mut done: Vec<Option<Message>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (one, place) in all.iter_mut().zip(&mut done) {
            if place.is_none()
                && let std::task::Poll::Ready(message) = one.as_mut().poll(context)
            {
                *place = Some(message);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
