//! Three years by a clock moved by hand: devices renew through two intermediates and several server certificates, and nobody is stranded.

use super::server::{enrolled, settings};
use controlplane::ca::rotate::intermediate_rotate;
use controlplane::folder::Folder;
use identity::caller::certificate_read;
use identity::csr::{key_make, request_make};
use model::digest::Digest;
use model::renewal::RenewalTranscript;
use model::section::{Sections, sections_root};
use std::collections::BTreeSet;
use std::time::Duration;
use tests::caller::TestDevice;
use tests::world::{DAY, World};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};
use wire::v1::device_client::DeviceClient;
use wire::v1::{CheckInRequest, RenewRequest};

/// A connection, and the certificate that the server showed on it.
async fn connected(world: &World, device: &TestDevice) -> (Channel, Vec<u8>) {
    let tcp = TcpStream::connect(("127.0.0.1", world.port)).await.unwrap();
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(settings(world, device)).connect(name, tcp).await.expect("nobody is stranded");
    let leaf = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
    let mut once = Some(hyper_util::rt::TokioIo::new(stream));
    let connect = tower::service_fn(move |_: http::Uri| {
        std::future::ready(once.take().ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotConnected)))
    });
    (Endpoint::from_static("http://localhost").connect_with_connector(connect).await.unwrap(), leaf)
}

/// What a device does when it comes: checks in, renews, and checks in with the new certificate.
async fn visit(world: &World, device: &mut TestDevice) -> Vec<u8> {
    let check_in = || CheckInRequest {
        boot: vec![7; 16],
        sections_root: sections_root(&Sections::new()).as_bytes().to_vec(),
        ..CheckInRequest::default()
    };
    let (channel, leaf) = connected(world, device).await;
    let mut client = DeviceClient::new(channel);
    client.check_in(check_in()).await.unwrap();
    let key_pem = key_make().unwrap();
    let csr = request_make(&key_pem).unwrap();
    let (binding, serial) = (Digest::of(&leaf), certificate_read(&device.chain[0]).unwrap().serial);
    let transcript = RenewalTranscript { serial: &serial, csr: &csr, channel_binding: binding.as_bytes() };
    let signature = device.signer.sign(&transcript.to_bytes()).unwrap();
    let answer = client.renew(RenewRequest { csr, signature }).await.unwrap().into_inner();
    (device.key_pem, device.chain) = (key_pem, answer.chain);
    let (channel, leaf) = connected(world, device).await;
    DeviceClient::new(channel).check_in(check_in()).await.unwrap();
    leaf
}

#[tokio::test]
async fn through_two_intermediates_and_three_server_certificates_nobody_is_stranded() {
    let world = World::new().await;
    let folder = Folder::new(world.folder.path().join("data"));
    let mut often = enrolled(&world).await;
    // Gone for as long as a certificate lets it, again and again.
    let mut seldom = enrolled(&world).await;
    let (mut servers, mut intermediates) = (BTreeSet::new(), BTreeSet::new());
    let mut rotated = false;
    for step in 1..=78_u32 {
        // Two weeks; the server looks at its keys each minute, and here once a step.
        world.pass(14 * DAY).await;
        if step == 52 {
            intermediate_rotate(&folder, &world.territory, None, world.now()).unwrap();
            world.pass(Duration::from_secs(61)).await;
            rotated = true;
        }
        // It cannot renew before its window, which begins after fifteen days.
        if step % 2 == 0 {
            servers.insert(visit(&world, &mut seldom).await);
            servers.insert(visit(&world, &mut often).await);
            intermediates.insert(often.chain[1].clone());
        } else {
            let (channel, leaf) = connected(&world, &often).await;
            drop(channel);
            servers.insert(leaf);
        }
    }
    assert!(rotated && world.now() > tests::world::START.after(1_090 * DAY));
    assert_eq!(intermediates.len(), 2, "the second is learned by renewing");
    assert!(servers.len() >= 3, "{} server certificates", servers.len());
    assert_eq!(often.chain[1], seldom.chain[1]);
}
