//! A school behind one narrow line: a network namespace for each device, joined by a bridge, and one link to the server's.
//!
//! `tbf` makes the link as narrow as a rural line. What passes it is counted by the kernel on the link itself, so that nobody's own
//! account has to be believed.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Where the server is reached from every seat.
pub const SERVER_ADDRESS: &str = "10.78.0.1";

/// Namespaces and links, taken down when dropped.
#[derive(Debug)]
pub struct Classroom {
    prefix: String,
    seats: usize,
}

/// Counts classrooms of this process, so that several may stand beside each other.
static MADE: AtomicU32 = AtomicU32::new(0);

impl Classroom {
    /// So many seats behind a line of so many kilobits a second; `None` where namespaces are not permitted, unless `CARTABLE_REQUIRE`
    /// asks for them.
    ///
    /// # Panics
    /// When they are required and cannot be made.
    #[must_use]
    pub fn new(seats: usize, kilobits: u32) -> Option<Self> {
        let prefix = format!("ct{}x{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let room = Self { prefix, seats };
        if let Err(why) = room.build(kilobits) {
            assert!(!crate::required("netns"), "network namespaces are required: {why}");
            println!("skipped: no network namespaces here: {why}");
            return None;
        }
        Some(room)
    }

    /// The words before a program in the place of the server.
    #[must_use]
    pub fn outside(&self) -> Vec<String> {
        self.place("out")
    }

    /// The words before a program at a seat, from 0.
    #[must_use]
    pub fn seat(&self, seat: usize) -> Vec<String> {
        self.place(&format!("s{seat}"))
    }

    /// Bytes that have come into the school over its line.
    ///
    /// # Panics
    /// When the kernel does not tell.
    #[must_use]
    pub fn line_bytes(&self) -> u64 {
        let counter = ["cat", "/sys/class/net/line/statistics/rx_bytes"];
        let told = Command::new("ip").args(["netns", "exec", &self.name("in")]).args(counter).output();
        String::from_utf8_lossy(&told.expect("ip runs").stdout).trim().parse().expect("a counter")
    }

    /// Cuts the line, or joins it again.
    ///
    /// # Panics
    /// When the kernel refuses.
    pub fn line_cut(&self, cut: bool) {
        let state = if cut { "down" } else { "up" };
        ip(&["-n", &self.name("out"), "link", "set", "down0", state]).expect("the line obeys");
        if !cut {
            // A link that was down has forgotten its routes.
            let _ = ip(&["-n", &self.name("out"), "route", "replace", "10.77.0.0/24", "via", "10.78.0.2"]);
        }
    }

    fn build(&self, kilobits: u32) -> Result<(), String> {
        let (out, inside) = (self.name("out"), self.name("in"));
        for namespace in [&out, &inside] {
            ip(&["netns", "add", namespace])?;
            ip(&["-n", namespace, "link", "set", "lo", "up"])?;
        }
        ip(&["-n", &out, "link", "add", "down0", "type", "veth", "peer", "name", "line", "netns", &inside])?;
        ip(&["-n", &out, "addr", "add", "10.78.0.1/24", "dev", "down0"])?;
        ip(&["-n", &inside, "addr", "add", "10.78.0.2/24", "dev", "line"])?;
        ip(&["-n", &out, "link", "set", "down0", "up"])?;
        ip(&["-n", &inside, "link", "set", "line", "up"])?;
        ip(&["-n", &out, "route", "add", "10.77.0.0/24", "via", "10.78.0.2"])?;
        for (namespace, device) in [(&out, "down0"), (&inside, "line")] {
            let rate = format!("{kilobits}kbit");
            let tbf =
                ["qdisc", "add", "dev", device, "root", "tbf", "rate", &rate, "burst", "32kb", "latency", "400ms"];
            run("tc", &[&["-n", namespace], &tbf[..]].concat())?;
        }
        ip(&["-n", &inside, "link", "add", "class", "type", "bridge", "mcast_snooping", "0"])?;
        ip(&["-n", &inside, "addr", "add", "10.77.0.1/24", "dev", "class"])?;
        ip(&["-n", &inside, "link", "set", "class", "up"])?;
        run("ip", &["netns", "exec", &inside, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1"])?;
        for seat in 0..self.seats {
            let (namespace, port) = (self.name(&format!("s{seat}")), format!("p{seat}"));
            ip(&["netns", "add", &namespace])?;
            ip(&["-n", &namespace, "link", "set", "lo", "up"])?;
            ip(&["-n", &inside, "link", "add", &port, "type", "veth", "peer", "name", "eth0", "netns", &namespace])?;
            ip(&["-n", &inside, "link", "set", &port, "master", "class", "up"])?;
            let address = format!("10.77.0.{}/24", seat + 10);
            ip(&["-n", &namespace, "addr", "add", &address, "dev", "eth0"])?;
            ip(&["-n", &namespace, "link", "set", "eth0", "up", "multicast", "on"])?;
            ip(&["-n", &namespace, "route", "add", "default", "via", "10.77.0.1"])?;
        }
        Ok(())
    }

    fn name(&self, place: &str) -> String {
        format!("{}{place}", self.prefix)
    }

    fn place(&self, place: &str) -> Vec<String> {
        ["ip", "netns", "exec", &self.name(place)].map(str::to_owned).to_vec()
    }
}

impl Drop for Classroom {
    fn drop(&mut self) {
        let seats = (0..self.seats).map(|seat| format!("s{seat}"));
        for place in seats.chain(["in".to_owned(), "out".to_owned()]) {
            let _ = ip(&["netns", "del", &self.name(&place)]);
        }
    }
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    run("ip", arguments)
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let done = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let done = done.map_err(|error| format!("{program}: {error}"))?;
    if done.status.success() {
        return Ok(());
    }
    Err(format!("{program} {}: {}", arguments.join(" "), String::from_utf8_lossy(&done.stderr).trim()))
}
