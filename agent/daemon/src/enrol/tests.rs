//! Answers that do not hold together: each is refused, and nothing is kept.

use super::*;
use crate::fixture::{Made, NOW, made};
use model::grant::{Grant, Hold};
use prost::Message;

/// What a dishonest server does to its answer.
type Change<'a> = &'a dyn Fn(&mut v1::FinishResponse);

/// What an honest server would have answered the made device.
fn honest(made: &Made) -> (v1::FinishResponse, Token, String) {
    let certificate = made.read().unwrap().unwrap().certificate;
    let trust = made.state.folder().read("trust").unwrap().unwrap();
    let (head, _, plan) = made.told(made.device, 1);
    let answer = v1::FinishResponse {
        chain: certificate.chain.clone(),
        device: made.device.as_bytes().to_vec(),
        identity_generation: 1,
        quarantined: false,
        renew_from_unix_ms: 1,
        renew_until_unix_ms: 2,
        trust: Some(v1::Envelope::decode(&trust[..]).unwrap()),
        head: Some(head),
        plan,
    };
    let pin = issue::pin_of(certificate.chain.last().unwrap()).unwrap();
    (answer, Token::new(&[7; 31], pin), certificate.key_pem)
}

#[test]
fn an_honest_answer_is_taken_and_each_dishonest_one_named() {
    let (made, other) = (made(1), made(1));
    let (answer, token, key_pem) = honest(&made);
    let (foreign, foreign_token, foreign_key) = honest(&other);
    let identity = made.state.identity_key().unwrap().public().clone();
    let keys = (key_pem.as_str(), &identity);
    let checked = |answer: &v1::FinishResponse| Given::checked(answer.clone(), &token, keys, NOW).map(|_| ());
    checked(&answer).unwrap();
    let said = |change: Change<'_>| {
        let mut changed = answer.clone();
        change(&mut changed);
        checked(&changed).unwrap_err().to_string()
    };
    let unsigned = |answer: &mut v1::FinishResponse| answer.trust.as_mut().unwrap().signature = vec![0; 70].into();
    let other_device = DeviceId::new(NOW, [8; 10]);
    let cases: [(&str, Change<'_>); 14] = [
        ("no certificate", &|a| a.chain.clear()),
        ("too many", &|a| a.chain = vec![a.chain[0].clone(); CHAIN_MAX].into_iter().chain(a.chain.clone()).collect()),
        ("not the token's", &|a| a.chain = foreign.chain.clone()),
        ("for another key", &|a| a.chain[0] = a.chain[1].clone()),
        ("does not hold", &|a| drop(a.chain.remove(1))),
        ("another device", &|a| a.device = other_device.as_bytes().to_vec()),
        ("no trust roots", &|a| a.trust = None),
        ("not signed by the root", &unsigned),
        ("not signed by the root", &|a| a.trust = foreign.trust.clone()),
        ("no head", &|a| a.head = None),
        ("the head's signature", &|a| a.head = foreign.head.clone()),
        ("for another device", &|a| {
            (a.head, a.plan) = (Some(made.told(other_device, 1).0), made.told(other_device, 1).2)
        }),
        ("for another device", &|a| {
            let grant = Grant { key: Digest::of(b"another"), epoch: 1, hold: Hold::Free, contact: String::new() };
            (a.head, a.plan) = (Some(made.granted(1, Some(grant)).0), made.granted(1, None).2)
        }),
        ("match its digest", &|a| a.plan = bytes::Bytes::from_static(b"\x0a\x00")),
    ];
    for (part, change) in cases {
        let text = said(change);
        assert!(text.contains(part), "{part}: {text}");
    }
    // Another key than the one asked for, another token, a certificate not valid yet.
    assert!(Given::checked(answer.clone(), &token, (&foreign_key, &identity), NOW).is_err());
    assert!(Given::checked(answer.clone(), &foreign_token, keys, NOW).is_err());
    assert!(Given::checked(answer, &token, keys, NOW.before(Duration::from_secs(86_400))).is_err());
}

#[tokio::test]
async fn a_second_enrolment_and_a_mistyped_line_are_refused_before_anything_is_sent() {
    let made = made(1);
    let config = crate::Config { state: made.temporary.path().to_owned(), ..crate::Config::default() };
    let agent = Agent::new(config, Arc::new(crate::fixture::HandClock::new()));
    let token = honest(&made).1.to_string();
    let refused = |server: &'static str, token: String| {
        let agent = agent.clone();
        async move { agent.enrol(server, &token).await.unwrap_err() }
    };
    assert!(matches!(refused("https://127.0.0.1:1", token.clone()).await, Error::Locked(_)));
    drop(made.state);
    assert!(matches!(refused("https://127.0.0.1:1", token.clone()).await, Error::AlreadyEnrolled(_)));
    assert!(matches!(refused("127.0.0.1", token.clone()).await, Error::Server(_)));
    assert!(matches!(refused("https://127.0.0.1:1", token[..20].to_owned()).await, Error::Token(_)));
}
