//! What the kernel lets through, tried between two network namespaces: the device, and an outside that answers on every port that matters.

use guard::System;
use guard::rules::{Own, Rules, Wall};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tests::wire::{Place, Wire};

/// Answers what it is called, on UDP and TCP, at `ADDRESS PORT` pairs.
const SERVER: &str = "
import socket, sys, threading
name, places = sys.argv[1].encode(), [place.rsplit('@', 1) for place in sys.argv[2:]]
def family(address): return socket.AF_INET6 if ':' in address else socket.AF_INET
def udp(s):
    while True:
        said, who = s.recvfrom(512)
        s.sendto(name, who)
def tcp(s):
    while True:
        other, _ = s.accept()
        other.sendall(name); other.close()
for address, port in places:
    for kind, serve in ((socket.SOCK_DGRAM, udp), (socket.SOCK_STREAM, tcp)):
        s = socket.socket(family(address), kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, int(port)))
        if kind == socket.SOCK_STREAM: s.listen()
        threading.Thread(target=serve, args=(s,), daemon=True).start()
print('ready', flush=True)
sys.stdin.read()
";

/// Asks each `KIND@ADDRESS@PORT@MARK`, and prints who answers, one a line; `refused` where nobody does.
const CLIENT: &str = "
import socket, sys
for question in sys.argv[1:]:
    kind, address, port, mark = question.split('@')
    s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM if kind == 'udp' else socket.SOCK_STREAM)
    if mark != '0': s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, int(mark))
    s.settimeout(20)
    try:
        s.connect((address, int(port)))
        if kind == 'udp': s.send(b'?')
        print(s.recv(512).decode() or 'nothing')
    except (ConnectionRefusedError, PermissionError): print('refused')
    except OSError as error: print(error)
";

const MARK: u32 = 0xca7;

/// A device and an outside, and who answers there.
struct Walls {
    wire: Wire,
    servers: Vec<Child>,
}

impl Walls {
    /// `None` where namespaces are not permitted or a program is missing, unless `CARTABLE_REQUIRE` asks for it.
    fn new() -> Option<Self> {
        tests::system_program("python3")?;
        tests::system_program("nft")?;
        Some(Self { wire: Wire::new(&["10.80.0.9", "fd80::9"])?, servers: Vec::new() })
    }

    fn python(&self, place: Place, script: &str) -> Command {
        let mut command = self.wire.command(place, "python3");
        command.args(["-c", script]);
        command
    }

    fn serve(&mut self, place: Place, name: &str, places: &[&str]) {
        let mut child = self
            .python(place, SERVER)
            .arg(name)
            .args(places)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        self.servers.push(child);
    }

    /// Who answers each question of the device.
    fn ask(&self, questions: &[&str]) -> Vec<String> {
        let out = self.python(Place::Device, CLIENT).args(questions).output().unwrap();
        String::from_utf8(out.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    /// A system whose nft works in the device's namespace.
    fn system(&self, folder: &Path) -> System {
        let nft = folder.join("root/usr/sbin/nft");
        std::fs::create_dir_all(nft.parent().unwrap()).unwrap();
        std::fs::write(&nft, format!("#!/bin/sh\nexec ip netns exec {} nft \"$@\"\n", self.wire.name(Place::Device)))
            .unwrap();
        std::fs::set_permissions(&nft, std::fs::Permissions::from_mode(0o755)).unwrap();
        System::new(folder.join("root"), folder.join("state"))
    }

    fn nft(&self, arguments: &[&str]) {
        let done = self.wire.command(Place::Device, "nft").args(arguments).status();
        assert!(done.unwrap().success());
    }
}

impl Drop for Walls {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

#[tokio::test]
async fn nobody_asks_another_resolver() {
    let Some(mut wire) = Walls::new() else { return };
    let ports = ["53", "853", "443", "80"];
    let outside: Vec<String> = ["10.80.0.1", "10.80.0.9", "fd80::1", "fd80::9"]
        .iter()
        .flat_map(|address| ports.map(|port| format!("{address}@{port}")))
        .collect();
    wire.serve(Place::Outside, "outside", &outside.iter().map(String::as_str).collect::<Vec<_>>());
    wire.serve(Place::Device, "device", &["127.0.0.1@53", "::1@53"]);
    let folder = tempfile::tempdir().unwrap();
    let system = wire.system(folder.path());
    let mut wall = Wall::new(Own::Mark(MARK), 53);
    wall.known_v4.push(("10.80.0.9".parse().unwrap(), 32));
    wall.known_v6.push(("fd80::9".parse().unwrap(), 128));
    let rules = Rules::new(&system, Some(wall));

    let everything: Vec<String> = ["10.80.0.1", "10.80.0.9", "fd80::1", "fd80::9"]
        .iter()
        .flat_map(|address| ports.map(|port| ["udp", "tcp"].map(|kind| format!("{kind}@{address}@{port}@"))))
        .flatten()
        .collect();
    let ask = |mark: u32| {
        let questions: Vec<String> = everything.iter().map(|question| format!("{question}{mark}")).collect();
        let answers = wire.ask(&questions.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(answers.len(), questions.len(), "{answers:?}");
        everything.iter().cloned().zip(answers).collect::<Vec<_>>()
    };
    assert!(ask(0).iter().all(|(_, who)| who == "outside"), "without rules all is open");

    assert!(!rules.observe().await.unwrap().held());
    assert!(rules.take().await.unwrap());
    assert!(rules.observe().await.unwrap().held());
    assert!(!rules.take().await.unwrap(), "a second time changes nothing");
    for (question, who) in ask(0) {
        let wanted = match question.split('@').nth(2).unwrap() {
            "53" => "device",
            "853" => "refused",
            "443" if question.contains(".9@") || question.contains("::9@") => "refused",
            _ => "outside",
        };
        assert_eq!(who, wanted, "{question}");
    }
    assert!(ask(MARK).iter().all(|(_, who)| who == "outside"), "the resolver itself asks whom it likes");
    assert_eq!(wire.ask(&["udp@127.0.0.1@53@0", "tcp@::1@53@0"]), ["device", "device"]);

    // Somebody flushes it, or takes one rule out of it.
    wire.nft(&["flush", "ruleset"]);
    assert!(!rules.observe().await.unwrap().held());
    assert!(rules.take().await.unwrap());
    wire.nft(&["flush", "chain", "inet", "cartable", "leave"]);
    assert!(!rules.observe().await.unwrap().held());
    assert!(rules.take().await.unwrap());
    wire.nft(&["add", "element", "inet", "cartable", "known_v4", "{ 192.0.2.1 }"]);
    assert!(!rules.observe().await.unwrap().held());
    assert!(rules.take().await.unwrap());
    // Another firewall stays what it is.
    wire.nft(&["add", "table", "inet", "other"]);
    assert!(rules.observe().await.unwrap().held());

    // A policy that lets programs ask whom they like.
    let none = Rules::new(&system, None);
    assert!(!none.observe().await.unwrap().held());
    assert!(none.take().await.unwrap());
    assert!(none.observe().await.unwrap().held());
    assert!(!none.put_back().await.unwrap());
    assert!(ask(0).iter().all(|(_, who)| who == "outside"), "put back, all is open");
    wire.nft(&["list", "table", "inet", "other"]);
    assert!(std::fs::read_dir(folder.path().join("state")).unwrap().next().is_none());
}

#[tokio::test]
async fn the_resolver_may_be_known_by_its_user() {
    let Some(wire) = Walls::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let system = wire.system(folder.path());
    let rules = Rules::new(&system, Some(Wall { known_v4: vec![], known_v6: vec![], ..Wall::new(Own::User(0), 5300) }));
    assert!(rules.take().await.unwrap());
    assert!(rules.observe().await.unwrap().held());
}
