//! OTLP: what a collector receives, read by the published messages' numbers, and that nothing personal is in it.

use prost::Message;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tests::process::{AgentProcess, ServerProcess, free_port};

// opentelemetry-proto, trace/v1/trace.proto: the fields looked at here.
#[derive(Clone, PartialEq, Message)]
struct Export {
    #[prost(message, repeated, tag = "1")]
    resources: Vec<ResourceSpans>,
}
#[derive(Clone, PartialEq, Message)]
struct ResourceSpans {
    #[prost(message, repeated, tag = "2")]
    scopes: Vec<ScopeSpans>,
}
#[derive(Clone, PartialEq, Message)]
struct ScopeSpans {
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Span>,
}
#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(bytes = "vec", tag = "1")]
    trace: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    parent: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(fixed64, tag = "7")]
    start: u64,
    #[prost(fixed64, tag = "8")]
    end: u64,
}

/// A collector that takes everything; the bodies it was sent.
fn collector() -> (u16, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, bodies) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut length, mut first) = (0, String::new());
            reader.read_line(&mut first).unwrap();
            assert_eq!(first, "POST /v1/traces HTTP/1.1\r\n");
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                match line.trim().split_once(": ") {
                    Some(("Content-Length", value)) => length = value.parse().unwrap(),
                    Some(("Content-Type", value)) => assert_eq!(value, "application/x-protobuf"),
                    Some(_) => {}
                    None => break,
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
            if sender.send(body).is_err() {
                return;
            }
        }
    });
    (port, bodies)
}

fn otlp_set(server: &ServerProcess, lines: &str) {
    let path = server.data.join("server.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.split("\n[otlp]").next().unwrap().to_owned();
    std::fs::write(&path, format!("{text}\n[otlp]\n{lines}")).unwrap();
}

#[test]
fn a_collector_receives_calls_and_their_commits_and_nobodys_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    let (port, bodies) = collector();
    otlp_set(&server, &format!("endpoint = \"http://127.0.0.1:{port}\"\nratio = 1.0\n"));
    server.start();
    let mut agent = AgentProcess::new(folder.path(), "agent", "");
    agent.enrol(&server, &server.token(&["--kind", "unit"]));
    agent.start();
    let (mut spans, mut raw) = (Vec::<Span>::new(), Vec::new());
    let named = |spans: &[Span], name: &str| spans.iter().any(|span| span.name == name);
    let awaited = ["Device/CheckIn", "Enrolment/Start", "Enrolment/Finish", "Admin/TokenCreate", "store_commit"];
    while !awaited.iter().all(|name| named(&spans, name)) {
        let body = bodies.recv_timeout(Duration::from_secs(120)).unwrap_or_else(|_| panic!("only {spans:?}"));
        let read = Export::decode(&body[..]).unwrap();
        spans.extend(read.resources.into_iter().flat_map(|r| r.scopes).flat_map(|s| s.spans));
        raw.extend(body);
    }
    for span in &spans {
        assert_eq!((span.trace.len(), span.id.len()), (16, 8));
        assert!(span.start > 1_700_000_000_000_000_000 && span.end >= span.start, "{span:?}");
    }
    let commit = spans.iter().find(|span| span.name == "store_commit" && !span.parent.is_empty()).unwrap();
    let call = spans.iter().find(|span| span.id == commit.parent).unwrap();
    assert_eq!(call.trace, commit.trace);
    let id = server.json(&["device", "list"])[0]["id"].as_str().unwrap().to_owned();
    let text = String::from_utf8_lossy(&raw);
    for private in [id.as_str(), "admin", "127.0.0.1", "doubs"] {
        assert!(!text.contains(private), "{private}");
    }
    assert!(!server.log_text().contains("cartable_trace"));
}

#[test]
fn a_collector_that_is_away_stops_nobody_and_is_named_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    otlp_set(&server, &format!("endpoint = \"http://127.0.0.1:{}\"\nratio = 1.0\n", free_port()));
    server.start();
    for _ in 0..3 {
        server.json(&["server", "status"]);
    }
    tests::process::until(30, "it is said", || server.log_text().contains("the trace collector takes nothing"));
    assert!(server.stop().success());
    assert_eq!(server.log_text().matches("the trace collector takes nothing").count(), 1);
    otlp_set(&server, "endpoint = \"http://192.0.2.7:4318\"\n");
    assert!(server.start_refused().contains("otlp.endpoint"));
}
