//! A new server certificate, taken up without a restart: connections of before go on by the one they were made with.

use identity::caller::certificate_read;
use identity::csr::{key_make, request_make};
use identity::issue::{Authority, chain_of_pem, chain_to_pem};
use identity::tls;
use model::digest::Digest;
use model::renewal::RenewalTranscript;
use rustls::{ClientConfig, HandshakeKind};
use std::sync::Arc;
use std::time::Duration;
use tests::caller::{Attempt, TestDevice, connect, connect_again};
use tests::world::World;
use tonic::transport::Channel;
use tonic::{Code, Status};
use wire::v1::RenewRequest;
use wire::v1::device_client::DeviceClient;
use wire::v1::enrolment_client::EnrolmentClient;

pub(super) async fn enrolled(world: &World) -> TestDevice {
    let attempt = Attempt::new(&world.token().await, "PF-1");
    let config = tls::enrolling(attempt.token.pin, world.clock.clone()).unwrap();
    let mut client = EnrolmentClient::new(connect(world.port, config).await.unwrap());
    let challenge = attempt.start(&mut client).await.unwrap();
    let answer = client.finish(attempt.finish(&world.leaf(), &challenge)).await.unwrap().into_inner();
    TestDevice { signer: attempt.signer, key_pem: attempt.key_pem, chain: answer.chain.clone(), answer }
}

pub(super) fn settings(world: &World, device: &TestDevice) -> Arc<ClientConfig> {
    let chain = device.chain.clone();
    Arc::new(tls::client(&world.root(), chain, &device.key_pem, world.clock.clone()).unwrap())
}

/// Asks for a renewal bound to this certificate of the server.
async fn renew(channel: &Channel, device: &TestDevice, leaf: &[u8]) -> Result<(), Status> {
    let csr = request_make(&key_make().unwrap()).unwrap();
    let (binding, serial) = (Digest::of(leaf), certificate_read(&device.chain[0]).unwrap().serial);
    let transcript = RenewalTranscript { serial: &serial, csr: &csr, channel_binding: binding.as_bytes() };
    let signature = device.signer.sign(&transcript.to_bytes()).unwrap();
    DeviceClient::new(channel.clone()).renew(RenewRequest { csr, signature }).await.map(|_| ())
}

#[tokio::test]
async fn a_held_connection_survives_a_server_certificate_change() {
    let world = World::new().await;
    let device = enrolled(&world).await;
    world.clock.forward(Duration::from_secs(16 * 86_400));
    let (settings, before) = (settings(&world, &device), world.leaf());
    let (held, _) = connect_again(world.port, &settings).await.unwrap();
    renew(&held, &device, &before).await.unwrap();
    let (_, kind) = connect_again(world.port, &settings).await.unwrap();
    assert_eq!(kind, HandshakeKind::Resumed, "without a change sessions are resumed");

    let ca = world.folder.path().join("data/ca");
    let text = |name: &str| std::fs::read_to_string(ca.join(name)).unwrap();
    let authority = Authority::new(&text("intermediate.key"), chain_of_pem(&text("intermediate.pem")).unwrap());
    let issued = authority.unwrap().server_issue(&["localhost".to_owned()], world.now(), [9; 16]).unwrap();
    std::fs::write(ca.join("server.key"), &issued.key_pem).unwrap();
    std::fs::write(ca.join("server.pem"), chain_to_pem(&issued.chain)).unwrap();
    let after = world.leaf();
    assert_ne!(before, after);
    let taken_up = async {
        loop {
            world.clock.forward(Duration::from_secs(61));
            let (fresh, kind) = connect_again(world.port, &settings).await.unwrap();
            if renew(&fresh, &device, &after).await.is_ok() {
                // A resumed session would have been bound to the old certificate.
                assert_eq!(kind, HandshakeKind::Full);
                break fresh;
            }
        }
    };
    let fresh = tokio::time::timeout(Duration::from_secs(120), taken_up).await.unwrap();
    renew(&held, &device, &before).await.unwrap();
    // Each connection by its own certificate and by no other.
    for (channel, leaf) in [(&held, &after), (&fresh, &before)] {
        assert_eq!(renew(channel, &device, leaf).await.unwrap_err().code(), Code::PermissionDenied);
    }
}
