//! Questions over TCP.

use super::bed::{Bed, Fake, a, question, said};
use hickory_proto::op::Message;
use hickory_proto::rr::RecordType;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Asks all at once on one connection, and hears all, sorted as they were asked.
pub(super) async fn ask(address: SocketAddr, all: &[Message]) -> Vec<Message> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut bytes = Vec::new();
    for one in all {
        let one = one.to_vec().unwrap();
        bytes.extend_from_slice(&u16::try_from(one.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(&one);
    }
    stream.write_all(&bytes).await.unwrap();
    let mut heard = Vec::new();
    for _ in all {
        let mut bytes = vec![0; usize::from(stream.read_u16().await.unwrap())];
        stream.read_exact(&mut bytes).await.unwrap();
        heard.push(Message::from_vec(&bytes).unwrap());
    }
    let place = |message: &Message| all.iter().position(|one| one.metadata.id == message.metadata.id);
    heard.sort_by_key(place);
    heard
}

#[tokio::test]
async fn several_questions_are_answered_on_one_connection() {
    let fake = Fake::saying(|name| vec![a(name, 60, [192, 0, 2, 7])]).await;
    let bed = Bed::new(&[&fake]).await;
    let names: Vec<String> =
        (0..40).map(|n| if n % 2 == 0 { format!("n{n}.blocked.test.") } else { format!("n{n}.test.") }).collect();
    let all: Vec<Message> = names.iter().map(|name| question(name, RecordType::A)).collect();
    let heard = ask(bed.address, &all).await;
    for ((n, name), message) in names.iter().enumerate().zip(&heard) {
        let address = if n % 2 == 0 { "127.0.0.1" } else { "192.0.2.7" };
        assert_eq!(said(message), [format!("{name} A {address}")]);
    }
}

#[tokio::test]
async fn a_connection_that_says_nonsense_is_closed_and_others_go_on() {
    let bed = Bed::new(&[]).await;
    for nonsense in [vec![0xff; 65_537], vec![0, 0], vec![0, 3, 1, 2, 3]] {
        let mut stream = TcpStream::connect(bed.address).await.unwrap();
        // It may be closed before all is written.
        let _ = stream.write_all(&nonsense).await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(rest.is_empty());
    }
    let heard = ask(bed.address, &[question("blocked.test.", RecordType::A)]).await;
    assert_eq!(said(&heard[0]), ["blocked.test. A 127.0.0.1"]);
}

#[tokio::test]
async fn one_connection_too_many_is_closed_at_once() {
    let bed = Bed::new(&[]).await;
    let mut held = Vec::new();
    for _ in 0..crate::limits::CONNECTIONS_MAX {
        held.push(TcpStream::connect(bed.address).await.unwrap());
    }
    let mut more = TcpStream::connect(bed.address).await.unwrap();
    assert_eq!(more.read(&mut [0; 1]).await.unwrap_or_default(), 0);
    held.pop();
}
