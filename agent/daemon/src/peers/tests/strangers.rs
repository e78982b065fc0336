//! Whoever is not of the school at this moment neither gives nor gets anything.

use super::*;

/// Neither end of such a pass is met by an honest device.
async fn nobody_meets(territory: &Territory, what: &str, stranger: impl Fn() -> Pass) {
    let files: [(&str, &[u8]); 1] = [("a", b"0123456789")];
    let asked = [piece("a", 0, 1)];
    let honest = territory.serving(territory.device(1), &files).await;
    let said = territory.source(stranger(), honest).fetch(&asked).await;
    assert!(matches!(said, Err(SourceError::Unreachable(_) | SourceError::Refused(_))), "{what} asks: {said:?}");
    let foreign = territory.serving(stranger(), &files).await;
    let said = territory.source(territory.device(2), foreign).fetch(&asked).await;
    assert!(matches!(said, Err(SourceError::Unreachable(_) | SourceError::Refused(_))), "{what} serves: {said:?}");
}

#[tokio::test]
async fn each_kind_of_stranger_is_left_alone() {
    let ours = Territory::new();
    let ticket = |spoil: fn(&mut PeerTicket)| {
        let mut ticket = ours.ticket(9);
        spoil(&mut ticket);
        ours.pass(9, ticket)
    };
    nobody_meets(&ours, "another school", || ticket(|ticket| ticket.school = THERE.parse().unwrap())).await;
    nobody_meets(&ours, "another territory", || ticket(|ticket| ticket.territory = "jura".parse().unwrap())).await;
    nobody_meets(&ours, "another device's ticket", || ours.pass(9, ours.ticket(8))).await;
    nobody_meets(&ours, "a ticket that is over", || {
        ticket(|ticket| (ticket.from, ticket.until) = (NOW.before(TICKET_LIFE), NOW))
    })
    .await;
    nobody_meets(&ours, "a ticket of tomorrow", || {
        ticket(|ticket| (ticket.from, ticket.until) = (NOW.after(TICKET_LIFE), NOW.after(TICKET_LIFE * 2)))
    })
    .await;
    // Revoked, and enrolled again in its own place: the old key with the ticket of the new one, which any peer may see.
    nobody_meets(&ours, "an earlier identity", || ticket(|ticket| ticket.certificate_from = 4)).await;
    nobody_meets(&ours, "a ticket that was written anew", || {
        let mut pass = ours.device(9);
        let signed = Signed::<PeerTicket>::try_from(pass.own.envelope.clone()).unwrap();
        let mut bytes = signed.parts().0.to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        pass.own.envelope.payload = bytes.into();
        pass
    })
    .await;
    nobody_meets(&ours, "no ticket", || {
        let mut pass = ours.device(9);
        pass.own.envelope = wire::v1::Envelope::default();
        pass
    })
    .await;
    let theirs = Territory::new();
    nobody_meets(&ours, "another root", || {
        // Everything else is right.
        Pass { own: ours.device(9).own, trusted: ours.device(9).trusted, ..theirs.device(9) }
    })
    .await;
}

#[tokio::test]
async fn a_connection_ends_with_the_ticket() {
    let territory = Territory::new();
    let address = territory.serving(territory.device(1), &[("a", b"0123456789")]).await;
    let source = territory.source(territory.device(2), address);
    source.fetch(&[piece("a", 0, 1)]).await.unwrap();
    territory.clock.forward(TICKET_LIFE);
    assert!(source.fetch(&[piece("a", 0, 1)]).await.is_err());
}
