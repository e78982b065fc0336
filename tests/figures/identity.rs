//! Area `identity`: what joining, renewing and finding back cost the server, each with the handshakes that belong to it.

use crate::fleet::enrol;
use crate::meter::cpu;
use crate::row::{Report, Row};
use identity::csr::{key_make, request_make};
use identity::issue::pin_of;
use identity::tls;
use model::digest::Digest;
use model::renewal::RenewalTranscript;
use model::token::{Pin, Token};
use std::sync::Arc;
use std::time::Duration;
use tests::caller::{Attempt, TestDevice, connect, server_leaf};
use tests::process::ServerProcess;
use tests::programs::program;
use tests::returning::recovered;
use tokio::task::JoinSet;
use tonic::transport::Channel;
use wire::v1::RenewRequest;
use wire::v1::device_client::DeviceClient;

/// Devices that act at the same time.
const FLEET: usize = 120;
/// Renewals whose answers are lost, before one that is used.
const LOST_EACH: usize = 3;
/// Well below what a device may by itself within a year.
const RECOVERIES_EACH: usize = 1;
/// A certificate so old is within its window of renewal, from half of thirty days on.
const AGO: Duration = Duration::from_secs(16 * 86_400);

/// Measures everything, one thing at a time.
pub(crate) fn measure() -> Report {
    let _ = program("cartable");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a temporary folder");
    Report { area: "identity", rows: runtime.block_on(rows(folder.path())) }
}

async fn rows(folder: &std::path::Path) -> Vec<Row> {
    eprintln!("{FLEET} devices that joined 16 days ago …");
    let (mut server, members) = ServerProcess::earlier(folder, AGO, async |server| enrol(server, FLEET).await).await;
    server.start();
    let (port, pid) = (server.port, server.pid());
    let binding = Digest::of(&server_leaf(&server.data));
    let root = members[0].device.chain.last().expect("a root").clone();
    let pin = pin_of(&root).expect("a pin");

    eprintln!("renewal …");
    let mut connected = Vec::new();
    for mut member in members {
        let mut client = member.connect(port).await;
        member.check_in(&mut client, Vec::new()).await;
        connected.push((member, client));
    }
    let before = cpu(pid);
    let connected = at_once(connected, move |(member, mut client)| async move {
        for _ in 0..LOST_EACH {
            let _ = renewed(&member.device, &mut client, binding).await;
        }
        (member, client)
    })
    .await;
    let call = millis(cpu(pid) - before, FLEET * LOST_EACH);
    let before = cpu(pid);
    let members = at_once(connected, move |(mut member, mut client)| async move {
        member.device = renewed(&member.device, &mut client, binding).await;
        let mut client = member.connect(port).await;
        member.check_in(&mut client, Vec::new()).await;
        member
    })
    .await;
    let renewal = millis(cpu(pid) - before, FLEET);

    eprintln!("enrolment …");
    let attempts = attempts(&server);
    let leaf = server_leaf(&server.data);
    let before = cpu(pid);
    let _ = at_once(attempts, move |attempt| {
        let leaf = leaf.clone();
        async move {
            let mut client = wire::v1::enrolment_client::EnrolmentClient::new(stranger(port, pin).await);
            let challenge = attempt.start(&mut client).await.expect("a challenge");
            let finish = attempt.finish(&leaf, &challenge);
            client.finish(finish).await.expect("it joins");
        }
    })
    .await;
    let enrolment = millis(cpu(pid) - before, FLEET);

    eprintln!("recovery …");
    let before = cpu(pid);
    let leaf = Arc::new(server_leaf(&server.data));
    let _ = at_once(members, move |mut member| {
        let leaf = Arc::clone(&leaf);
        async move {
            for _ in 0..RECOVERIES_EACH {
                let (key_pem, chain) =
                    recovered(&member.device, stranger(port, pin).await, &leaf).await.expect("it is back");
                member.device = member.device.with(key_pem, chain);
                let mut client = member.connect(port).await;
                member.check_in(&mut client, Vec::new()).await;
            }
        }
    })
    .await;
    let recovery = millis(cpu(pid) - before, FLEET * RECOVERIES_EACH);
    server.stop();
    vec![
        Row::less("server: enrolment, with its handshake", enrolment, "ms CPU").within(3.0, 1.2),
        Row::less("server: renewal, to the first check-in with the new one", renewal, "ms CPU").within(3.0, 1.2),
        Row::less("server: of that, the call", call, "ms CPU"),
        Row::less("server: recovery, to the first check-in with the new one", recovery, "ms CPU").within(3.0, 1.2),
    ]
}

/// What a device asks to renew, and itself with what it is given.
async fn renewed(device: &TestDevice, client: &mut DeviceClient<Channel>, binding: Digest) -> TestDevice {
    let key_pem = key_make().expect("a key");
    let csr = request_make(&key_pem).expect("a request");
    let serial = identity::caller::certificate_read(&device.chain[0]).expect("a certificate").serial;
    let transcript = RenewalTranscript { serial: &serial, csr: &csr, channel_binding: binding.as_bytes() };
    let signature = device.signer.sign(&transcript.to_bytes()).expect("a signature");
    let answer = client.renew(RenewRequest { csr, signature }).await.expect("it is renewed").into_inner();
    device.with(key_pem, answer.chain)
}

/// A connection without a certificate.
async fn stranger(port: u16, pin: Pin) -> Channel {
    connect(port, tls::enrolling(pin, tls::system_time()).expect("settings")).await.expect("a connection")
}

fn attempts(server: &ServerProcess) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    let mut token: Option<Token> = None;
    for n in 0..FLEET {
        if n % 40 == 0 {
            token = Some(server.token(&["--kind", "kit", "--uses", "40"]).parse().expect("a token"));
        }
        attempts.push(Attempt::new(token.as_ref().expect("made above"), &format!("NEW-{n}")));
    }
    attempts
}

/// Lets all act at the same time.
async fn at_once<T, U, F, Fut>(all: Vec<T>, act: F) -> Vec<U>
where
    U: Send + 'static,
    F: Fn(T) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = U> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for one in all {
        tasks.spawn(act(one));
    }
    tasks.join_all().await
}

fn millis(used: Duration, count: usize) -> f64 {
    used.as_secs_f64() * 1e3 / count as f64
}
