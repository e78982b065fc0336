//! The filter before a server that speaks TLS, with a clock that is anywhere: certificates are judged by what is known of the time, and where
//! that is too little it is said.

use controlplane::clock::{Clock, SystemClock};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;
use identity::issue::{Authority, chain_to_pem, root_make};
use identity::tls;
use model::time::Timestamp;
use serde_json::json;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tests::ahead::Ahead;
use tests::filtering::{FilterProcess, active, everywhere, side};
use tests::names::{Upstream, answered, ask};
use tests::process::{AgentProcess, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

const NAME: &str = "names.example";
const DAY: Duration = Duration::from_secs(86_400);

/// A server of RFC 7858 whose certificates begin then; each connection ends after one answer. Where it is, and what it is known by, as a file.
fn server(runtime: &Runtime, folder: &Path, begins: Timestamp) -> (SocketAddr, String) {
    let root = root_make("Essai", begins).unwrap();
    let file = folder.join("root.pem");
    fs::write(&file, chain_to_pem(&root.chain)).unwrap();
    let der = root.chain[0].clone();
    let authority = Authority::new(&root.key_pem, root.chain).unwrap();
    let middle = authority.intermediate_issue("Essai", begins, [1; 16]).unwrap();
    let authority = Authority::new(&middle.key_pem, middle.chain).unwrap();
    let issued = authority.server_issue(&[NAME.to_owned()], begins, [2; 16]).unwrap();
    let mut config = tls::server(&der, issued.chain, &issued.key_pem, tls::system_time()).unwrap();
    // Who resumes is not shown a certificate again, and a ticket that comes while the clock is moved is one of the new time.
    config.send_tls13_tickets = 0;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            // Each on its own: who lost its patience, or says nothing, holds up and ends nobody.
            tokio::spawn(async move {
                let _ = answer(acceptor.accept(stream).await?).await;
                io::Result::Ok(())
            });
        }
    });
    (address, file.to_str().unwrap().to_owned())
}

async fn answer(mut stream: TlsStream<TcpStream>) -> io::Result<()> {
    let mut question = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut question).await?;
    let answer = answered(&Message::from_vec(&question).unwrap());
    stream.write_u16(answer.len().try_into().unwrap()).await?;
    stream.write_all(&answer).await?;
    stream.shutdown().await
}

#[test]
fn servers_over_tls_are_judged_by_what_is_known_of_the_time_and_a_clock_that_is_wrong_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let Some(ahead) = Ahead::new(folder.path()) else { return };
    let runtime = Runtime::new().unwrap();
    // Later than any release was made: what a program knows by itself is not enough.
    let begins = SystemClock.now().after(30 * DAY);
    let (address, root) = server(&runtime, folder.path(), begins);
    let network = Upstream::start();
    let (at, more) = FilterProcess::place(&network);
    // A machine without a network of its own, so that none wants to be greeted: until then names are asked in the open.
    let machine = folder.path().join("root");
    let boot = "5f0c7c1e-3f3a-4c62-9f0b-3d7d7c0a9a11";
    fs::create_dir_all(machine.join("proc/sys/kernel/random")).unwrap();
    fs::write(machine.join("proc/sys/kernel/random/boot_id"), format!("{boot}\n")).unwrap();
    let more = format!(
        "root = {:?}\n{more}secure = [\"tls://{NAME}:{} 127.0.0.1\"]\n",
        machine.to_str().unwrap(),
        address.port()
    );
    let mut filter = FilterProcess::of(AgentProcess::new(folder.path(), "device", &more), at);
    filter.tell(&active(Some(&everywhere(&side(&[], &["chat.example"]))), None));
    let years = |years: i64| years * 365 * 24 * 60;
    ahead.minutes(-years(55));
    let certificates = format!("SSL_CERT_FILE={root}");
    let mut words = vec!["env", &certificates];
    words.extend(ahead.words.iter().map(String::as_str));
    filter.start_with(&words);
    assert!(filter.answers(10_000, "chat.example", true), "{}", filter.log_text());

    let mut number = 0;
    let mut found = |filter: &FilterProcess| {
        number += 1;
        let said = ask(filter.at, &format!("n{number}.example"), RecordType::A).unwrap();
        assert!(said.code == ResponseCode::NoError || said.code == ResponseCode::ServFail, "{said:?}");
        said.code == ResponseCode::NoError
    };
    // What is said last of how it stands.
    let said = |filter: &FilterProcess| {
        let text = filter.log_text();
        ["resolver_dates", "list_missing"].into_iter().max_by_key(|reason| text.rfind(reason))
    };
    let riddle = |filter: &FilterProcess, found: &mut dyn FnMut(&FilterProcess) -> bool| {
        let is_said = within(180_000, || !found(filter) && said(filter) == Some("resolver_dates"));
        assert!(is_said, "the clock is not said to be wrong: {}", filter.log_text());
    };
    let well = |filter: &FilterProcess, found: &mut dyn FnMut(&FilterProcess) -> bool| {
        let is_found = within(180_000, || found(filter) && said(filter) == Some("list_missing"));
        assert!(is_found, "names are not found: {}", filter.log_text());
    };
    // An empty battery, on a device that has never heard a server.
    riddle(&filter, &mut found);
    // It has, and keeps when: the clock is behind that, and does not matter.
    let known = begins.after(DAY).unix_millis();
    fs::write(filter.agent.state.join("clock_floor"), format!("{known}\n")).unwrap();
    well(&filter, &mut found);

    // Ahead, so that all certificates have ended.
    ahead.minutes(years(30));
    riddle(&filter, &mut found);
    // A server has been heard since the machine was switched on: whoever sets the clock moves nothing.
    // In hundredths of a second.
    let uptime = fs::read_to_string("/proc/uptime").unwrap().split(' ').next().unwrap().replace('.', "");
    let elapsed_ms = uptime.parse::<u64>().unwrap() * 10;
    let heard = json!({"server_unix_ms": known, "elapsed_ms": elapsed_ms, "boot": boot});
    let file = filter.agent.state.join("filter/heard.json");
    fs::write(&file, heard.to_string()).unwrap();
    well(&filter, &mut found);
    // Put right, it is believed again: that it was ahead is forgotten, for without names nobody could say better.
    fs::remove_file(file).unwrap();
    riddle(&filter, &mut found);
    ahead.minutes(32 * 24 * 60);
    well(&filter, &mut found);
    assert_eq!(network.asked(), 0, "nobody is asked in the open");
    assert!(filter.answers(1_000, "chat.example", true), "{}", filter.log_text());
}
