//! The resolver beside unbound: the same list, the same questions, one core each, in the same run.
//!
//! Half of the questions are for listed names, half for names that both have in their memory; dnsperf asks from the other core.

use crate::meter;
use crate::row::Row;
use filter::{Decision, Filter, FilterSet, Mask, Sheet};
use resolver::{Block, Clock, Name, Resolver, Ruling, Settings, Upstream};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tests::lists::{Dice, Lists};

/// Set in the process that resolves: where the image is, and whom it asks.
const RESOLVES: &str = "CARTABLE_FIGURES_RESOLVES";
/// Different questions of each kind: a device asks for some hundred open names a day.
const OPEN: u64 = 800;
const CLOSED: u64 = 40_000;
/// How long each is asked, and how often: the machine's other work falls on both.
const SECONDS: &str = "5";
const ROUNDS: usize = 3;
/// So many questions are under way.
const UNDER_WAY: &str = "100";
/// How long a server may take to load its list.
const LOADING: Duration = Duration::from_secs(600);

/// A server under measurement.
struct Server {
    child: Child,
    port: u16,
}

/// What dnsperf saw.
#[derive(Clone, Copy)]
struct Seen {
    a_second: f64,
    answered: f64,
    cpu: Duration,
}

/// Serves, when this process was made for that.
pub(super) fn serve_if_asked() {
    if let Ok(told) = std::env::var(RESOLVES) {
        let (upstream, image) = told.split_once(' ').expect("an address and a path");
        serve(upstream.parse().expect("an address"), Path::new(image));
    }
}

/// The rows; none where dnsperf is not installed, and no peer where that is not.
pub(super) fn rows(image: &Path, lists: Lists, names: u64) -> Vec<Row> {
    if Command::new("dnsperf").arg("-h").output().is_err() {
        eprintln!("dnsperf is not installed: answers are not measured");
        return Vec::new();
    }
    let home = tempfile::tempdir().expect("a temporary folder");
    let questions = home.path().join("questions");
    questions_write(&questions, lists, names);
    let upstream = upstream();
    eprintln!("resolving …");
    let (ours, before) = ours(upstream, image);
    let peer = unbound(home.path(), upstream, lists, names);
    let other = dnsdist(home.path(), upstream, lists, names);
    let servers = [Some(&ours), peer.as_ref(), other.as_ref()];
    let mut seen: [Vec<Seen>; 3] = Default::default();
    for round in 0..=ROUNDS {
        for (server, seen) in servers.iter().zip(&mut seen).filter_map(|(server, seen)| Some(((*server)?, seen))) {
            let one = asked(server, &questions);
            // The first time both learn the open names.
            if round > 0 {
                seen.push(one);
            }
        }
    }
    let added = meter::anonymous_mib(ours.child.id()) - before;
    let best = |seen: &[Seen]| seen.iter().map(|one| one.a_second).fold(0.0, f64::max);
    let cost =
        |seen: &[Seen]| seen.iter().map(|one| one.cpu.as_secs_f64() * 1e6 / one.answered).fold(f64::INFINITY, f64::min);
    let mut rows = vec![
        Row::more("answers of the resolver, half of them closed", best(&seen[0]), "/s"),
        Row::less("processor time of an answer", cost(&seen[0]), "µs").within(16.0, 8.0),
        Row::less("anonymous memory the resolver adds", added, "MiB").within(6.0, 2.0),
    ];
    if let Some(peer) = &peer {
        rows.extend([
            Row::more("answers of unbound on the same list", best(&seen[1]), "/s"),
            Row::less("processor time of an answer of unbound", cost(&seen[1]), "µs"),
            Row::less("memory of unbound", meter::resident_mib(peer.child.id()), "MiB"),
            Row::more("answers against unbound", best(&seen[0]) / best(&seen[1]), "×").within(0.7, 1.3),
        ]);
    }
    if let Some(other) = &other {
        rows.extend([
            Row::more("answers of dnsdist on the same list", best(&seen[2]), "/s"),
            Row::less("processor time of an answer of dnsdist", cost(&seen[2]), "µs"),
            Row::less("memory of dnsdist", meter::resident_mib(other.child.id()), "MiB"),
        ]);
    }
    rows
}

/// Closed and open names by turns.
fn questions_write(path: &Path, lists: Lists, names: u64) {
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    let mut dice = Dice::new(11);
    for turn in 0..CLOSED {
        writeln!(file, "{} A", lists.name(dice.next() % names)).expect("it is written");
        writeln!(file, "{} A", lists.name(names + turn % OPEN)).expect("it is written");
    }
}

/// Says an address of every name, from a thread that ends with this program.
fn upstream() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    std::thread::spawn(move || {
        let mut message = [0; 1024];
        while let Ok((_, from)) = socket.recv_from(&mut message) {
            let mut end = 12;
            while message[end] != 0 {
                end += 1 + usize::from(message[end]);
            }
            let mut answer = message[..end + 5].to_vec();
            answer[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
            answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 1, 0x51, 0x80, 0, 4, 192, 0, 2, 1]);
            let _ = socket.send_to(&answer, from);
        }
    });
    address
}

/// Our resolver in a process of its own, and the anonymous memory that it had with the image but before it resolved.
fn ours(upstream: SocketAddr, image: &Path) -> (Server, f64) {
    let program = std::env::current_exe().expect("this program");
    let mut child = pinned(&program)
        .arg("filter")
        .env(RESOLVES, format!("{upstream} {}", image.display()))
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    let (port, before) = line.trim().split_once(' ').expect("a port and a number");
    let port = port.parse().expect("a port");
    (Server { child, port }, before.parse().expect("a number"))
}

/// What that process does: reads the image, and answers.
fn serve(upstream: SocketAddr, image: &Path) -> ! {
    let set = FilterSet::open(fs::read(image).expect("an image")).expect("it opens");
    let block = set.categories().black();
    let filter = Filter::new(vec![Sheet { set: Arc::new(set), block, allow: Mask::NONE, rank: 0 }]).expect("a filter");
    let before = meter::anonymous_mib(std::process::id());
    let judge = move |name: &Name, _: u16| match filter.verdict_labels(name.labels_upward()).decision {
        Decision::Blocked => Ruling::Block(Block::Listed),
        Decision::Allowed => Ruling::Allow,
        Decision::Unlisted => Ruling::Pass,
    };
    let start = Instant::now();
    let clock: Clock = Arc::new(move || start.elapsed());
    let listen = vec!["127.0.0.1:0".parse().expect("an address")];
    let settings = Settings { listen, ..Settings::new(Upstream::network(vec![upstream]), clock) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let resolver = Resolver::bind(settings, Arc::new(judge)).await.expect("it binds");
        println!("{} {before}", resolver.addresses()[0].port());
        resolver.serve().await.expect("it serves");
    });
    std::process::exit(0);
}

/// unbound with the same names, each a zone of its own that says an address.
fn unbound(home: &Path, upstream: SocketAddr, lists: Lists, names: u64) -> Option<Server> {
    let program = Path::new("/usr/sbin/unbound");
    if !program.exists() {
        eprintln!("unbound is not installed: no peer is measured");
        return None;
    }
    eprintln!("loading unbound with {names} names …");
    let port = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
    let configuration = home.join("unbound.conf");
    let mut file = BufWriter::new(File::create(&configuration).expect("a file"));
    let mut write = |text: String| file.write_all(text.as_bytes()).expect("it is written");
    write(format!(
        "server:\n interface: 127.0.0.1@{port}\n num-threads: 1\n do-daemonize: no\n use-syslog: no\n chroot: \"\"\n \
         username: \"\"\n pidfile: \"\"\n directory: \"{}\"\n module-config: \"iterator\"\n do-not-query-localhost: no\n",
        home.display()
    ));
    (0..names).for_each(|number| write(format!(" local-zone: \"{}\" always_null\n", lists.name(number))));
    write(format!(
        "remote-control:\n control-enable: no\nforward-zone:\n name: \".\"\n forward-addr: {}@{}\n",
        upstream.ip(),
        upstream.port()
    ));
    drop(file);
    loaded(pinned(program).arg("-c").arg(&configuration), port)
}

/// dnsdist with the same names in its tree of suffixes, and a cache for the others.
fn dnsdist(home: &Path, upstream: SocketAddr, lists: Lists, names: u64) -> Option<Server> {
    let program = Path::new("/usr/bin/dnsdist");
    if !program.exists() {
        eprintln!("dnsdist is not installed: that peer is not measured");
        return None;
    }
    eprintln!("loading dnsdist with {names} names …");
    let port = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
    let (configuration, listed) = (home.join("dnsdist.conf"), home.join("listed"));
    let mut file = BufWriter::new(File::create(&listed).expect("a file"));
    (0..names).for_each(|number| writeln!(file, "{}", lists.name(number)).expect("it is written"));
    file.flush().expect("it is written");
    let text = format!(
        "setLocal(\"127.0.0.1:{port}\")\nnewServer({{address=\"{upstream}\", healthCheckMode=\"up\"}})\n\
         setSecurityPollSuffix(\"\")\ngetPool(\"\"):setCache(newPacketCache(10000))\nlocal listed = newSuffixMatchNode()\n\
         for name in io.lines(\"{}\") do listed:add(newDNSName(name)) end\n\
         addAction(SuffixMatchNodeRule(listed), SpoofAction({{\"127.0.0.1\"}}))\n",
        listed.display()
    );
    fs::write(&configuration, text).expect("a file");
    loaded(pinned(program).args(["--supervised", "--disable-syslog", "-C"]).arg(&configuration), port)
}

/// Waits until it answers; none when it ends before, or never does.
fn loaded(command: &mut Command, port: u16) -> Option<Server> {
    let mut child = command.stdout(Stdio::null()).spawn().expect("it runs");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a time");
    let question = b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x09localhost\0\0\x01\0\x01";
    let start = Instant::now();
    while start.elapsed() < LOADING && child.try_wait().expect("its state").is_none() {
        // Nobody there yet is an error too.
        let _ = socket.send_to(question, ("127.0.0.1", port));
        if socket.recv(&mut [0; 512]).is_ok() {
            return Some(Server { child, port });
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    eprintln!("it does not answer: this peer is not measured");
    None
}

/// Asks for some seconds from the other core.
fn asked(server: &Server, questions: &Path) -> Seen {
    let before = meter::cpu(server.child.id());
    let mut dnsperf = Command::new("taskset");
    dnsperf.args(["-c", "1", "dnsperf", "-s", "127.0.0.1", "-p", &server.port.to_string(), "-d"]).arg(questions);
    let output = dnsperf.args(["-l", SECONDS, "-q", UNDER_WAY, "-c", "4"]).output().expect("dnsperf runs");
    let cpu = meter::cpu(server.child.id()).saturating_sub(before);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let number = |field: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(field));
        line.and_then(|rest| rest.split_whitespace().next()).and_then(|n| n.parse().ok()).unwrap_or(f64::NAN)
    };
    Seen { a_second: number("Queries per second:"), answered: number("Queries completed:"), cpu }
}

/// On the first core.
fn pinned(program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(program);
    command
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
