//! School is proven by a site node of the school that is here now, and by nobody else.

use super::super::neighbours::Neighbour;
use super::keeping::{kept, until};
use super::*;
use model::site::{PROOF_LIFE, SiteProof, site_nonce};
use prost::Message;
use wire::convert::site_proof_encode;
use wire::v1::Envelope;

const HOUR: Duration = Duration::from_secs(3_600);

/// The pass of a site node, which shows a ticket that was changed so.
fn site(territory: &Territory, change: impl Fn(&mut PeerTicket)) -> Pass {
    let mut ticket = PeerTicket { site_node: true, ..territory.ticket(1) };
    change(&mut ticket);
    let mut pass = territory.pass(1, ticket);
    pass.fetching.site_node = true;
    pass
}

/// What a device is told that asks there.
async fn asked(territory: &Territory, address: SocketAddr) -> Result<(), SourceError> {
    territory.source(territory.device(2), address).proof().await
}

#[tokio::test]
async fn a_site_node_of_the_school_proves_it() {
    let territory = Territory::new();
    let address = territory.serving(site(&territory, |_| {}), &[("a", b"0123456789")]).await;
    let source = territory.source(territory.device(2), address);
    for _ in 0..3 {
        source.proof().await.unwrap();
    }
    // It gives files as before.
    assert_eq!(source.fetch(&[piece("a", 0, 1)]).await.unwrap(), [found(b"0", 10)]);
}

#[tokio::test]
async fn who_is_no_site_node_gives_no_word() {
    let territory = Territory::new();
    let planned = |site_node, pass: Pass| Pass { fetching: Fetching { site_node, ..Fetching::default() }, ..pass };
    let strangers = [
        ("neither", territory.device(1)),
        ("by its plan alone", planned(true, territory.device(1))),
        ("by its ticket alone", planned(false, site(&territory, |_| {}))),
    ];
    for (what, pass) in strangers {
        let address = territory.serving(pass, &[]).await;
        assert!(matches!(asked(&territory, address).await, Err(SourceError::Refused(_))), "{what}");
    }
    let never_met = [
        ("another school", site(&territory, |ticket| ticket.school = THERE.parse().unwrap())),
        (
            "a ticket that is over",
            site(&territory, |ticket| (ticket.from, ticket.until) = (NOW.before(TICKET_LIFE), NOW)),
        ),
        ("an earlier identity", site(&territory, |ticket| ticket.certificate_from = 4)),
        ("another territory's root", site(&Territory::new(), |_| {})),
    ];
    for (what, pass) in never_met {
        let address = territory.serving(pass, &[]).await;
        assert!(asked(&territory, address).await.is_err(), "{what}");
    }
}

/// A device that was met as a site node and answers as the test says.
async fn liar(pass: Pass, answer: impl Fn(&Pass, [u8; 32]) -> Vec<u8> + Send + Sync + 'static) -> SocketAddr {
    let (shown, answer) = (Arc::new(pass.clone()), Arc::new(answer));
    pretender(pass, move |mut stream| {
        let (shown, answer) = (shown.clone(), answer.clone());
        async move {
            while let Ok(request) = frame::take::<FetchRequest>(&mut stream, 1 << 16).await {
                let body = Bytes::from(answer(&shown, site_nonce(&request.pieces[0].item).unwrap()));
                let pieces = vec![FetchedPiece { found: true, size: body.len() as u64, body }];
                frame::put(&mut stream, &FetchResponse { pieces }).await.unwrap();
            }
        }
    })
    .await
}

/// Lets everybody do what is to be done at this moment.
async fn quiet() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}

/// A word with the key of this pass.
fn word(pass: &Pass, nonce: [u8; 32], change: impl Fn(&mut SiteProof)) -> Envelope {
    let mut proof = SiteProof { school: HERE.parse().unwrap(), nonce, device: pass.shown.device, at: NOW };
    change(&mut proof);
    (&pass.ends.signer.seal::<SiteProof>(site_proof_encode(&proof)).unwrap()).into()
}

#[tokio::test]
async fn a_word_that_is_no_answer_proves_nothing() {
    type Answer = Box<dyn Fn(&Pass, [u8; 32]) -> Vec<u8> + Send + Sync>;
    let territory = Territory::new();
    let said = |change: fn(&mut SiteProof)| -> Answer {
        Box::new(move |pass: &Pass, nonce| word(pass, nonce, change).encode_to_vec())
    };
    let honest = liar(site(&territory, |_| {}), said(|_| {})).await;
    asked(&territory, honest).await.unwrap();
    let other = site(&territory, |_| {});
    let renamed = other.clone();
    let lies: [(&str, Answer); 11] = [
        ("nothing", Box::new(|_, _| Vec::new())),
        ("garbage", Box::new(|_, nonce| nonce.repeat(8))),
        ("too much", Box::new(|_, _| vec![0; 2_000])),
        ("another nonce, as a word that was overheard", said(|proof| proof.nonce = [1; 32])),
        ("another school", said(|proof| proof.school = THERE.parse().unwrap())),
        ("another device", said(|proof| proof.device = DeviceId::new(NOW, [5; 10]))),
        ("another day", said(|proof| proof.at = NOW.before(TICKET_LIFE * 2))),
        ("another key", Box::new(move |_, nonce| word(&other, nonce, |_| {}).encode_to_vec())),
        (
            "another key under this one's name",
            Box::new(move |pass, nonce| {
                let key = word(pass, nonce, |_| {}).key;
                Envelope { key, ..word(&renamed, nonce, |_| {}) }.encode_to_vec()
            }),
        ),
        (
            "a signature for another purpose",
            Box::new(|pass, nonce| {
                let mut envelope = word(pass, nonce, |_| {});
                envelope.signature = pass.ends.signer.sign(&envelope.payload).unwrap().into();
                envelope.encode_to_vec()
            }),
        ),
        (
            "half of it",
            Box::new(|pass, nonce| {
                let mut envelope = word(pass, nonce, |_| {});
                envelope.payload.truncate(20);
                envelope.encode_to_vec()
            }),
        ),
    ];
    for (what, answer) in lies {
        let address = liar(site(&territory, |_| {}), answer).await;
        assert!(matches!(asked(&territory, address).await, Err(SourceError::Refused(_))), "{what}");
    }
    // Its plan would let it, its ticket does not: the word of any device of the class.
    let address = liar(territory.device(1), said(|_| {})).await;
    assert!(matches!(asked(&territory, address).await, Err(SourceError::Refused(_))));
}

#[tokio::test]
async fn a_ticket_that_ended_meanwhile_proves_nothing() {
    let territory = Territory::new();
    let short = site(&territory, |ticket| ticket.until = NOW.after(HOUR));
    let address = liar(short, |pass, nonce| word(pass, nonce, |_| {}).encode_to_vec()).await;
    let source = territory.source(territory.device(2), address);
    source.proof().await.unwrap();
    territory.clock.forward(HOUR);
    assert!(source.proof().await.is_err());
}

#[tokio::test]
async fn who_stalls_keeps_nobody_from_asking_another() {
    let territory = Territory::new();
    let stalls = pretender(site(&territory, |_| {}), |stream| async move {
        let _stream = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let honest = territory.serving(site(&territory, |_| {}), &[]).await;
    let kept = kept(&territory);
    let node = |address| Neighbour { address, site_node: true };
    let name = |n: u8| format!("07070707070707070707-{n:08x}");
    kept.told.found.send_replace([(name(1), node(stalls)), (name(2), node(honest))].into());
    kept.pass.send_replace(Some(Arc::new(territory.device(2))));
    until("proven", || kept.proofs.until() == Some(NOW.after(PROOF_LIFE))).await;
}

#[tokio::test]
async fn it_is_proven_when_a_site_node_comes_in_reach_and_again_each_hour() {
    let territory = Territory::new();
    let address = territory.serving(site(&territory, |_| {}), &[]).await;
    let kept = kept(&territory);
    // A clock that was set back left a proof of another day.
    kept.proofs.keep(Some(NOW.after(PROOF_LIFE * 9)));
    kept.pass.send_replace(Some(Arc::new(territory.device(2))));
    until("cut", || kept.proofs.until() == Some(NOW.after(PROOF_LIFE))).await;
    kept.proofs.keep(None);
    // A plain device of the school is not asked.
    let at = |site_node| [("07070707070707070707-00000001".to_owned(), Neighbour { address, site_node })].into();
    kept.told.found.send_replace(at(false));
    until("asked", || !kept.asked.borrow().is_empty()).await;
    territory.clock.forward(Duration::from_secs(20));
    quiet().await;
    assert_eq!(kept.proofs.until(), None);
    kept.told.found.send_replace(at(true));
    until("proven", || kept.proofs.until().is_some()).await;
    let first = kept.proofs.until().unwrap();
    for _ in 0..2 {
        // First its breath, then the rest of the hour.
        for rest in [Duration::from_secs(10), HOUR] {
            territory.clock.forward(rest);
            quiet().await;
        }
        until("proven anew", || kept.proofs.until().is_some_and(|until| until >= first.after(HOUR))).await;
    }
    // It moves to another school: what the old one said is over.
    let moved = PeerTicket { school: THERE.parse().unwrap(), rendezvous: vec![[9; 10]], ..territory.ticket(2) };
    kept.pass.send_replace(Some(Arc::new(territory.pass(2, moved))));
    quiet().await;
    territory.clock.forward(Duration::from_secs(20));
    until("forgotten", || kept.proofs.until().is_none()).await;
}
