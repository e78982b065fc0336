//! A device and an outside: two network namespaces with one link between them.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Where the outside is reached first, and by default.
pub const OUTSIDE: [&str; 2] = ["10.80.0.1", "fd80::1"];

/// Namespaces and their link, taken down when dropped.
#[derive(Debug)]
pub struct Wire {
    prefix: String,
}

/// A side of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Of which all tests are about.
    Device,
    /// All the rest of the world.
    Outside,
}

/// Counts those of this process, so that several may stand beside each other.
static MADE: AtomicU32 = AtomicU32::new(0);

impl Wire {
    /// One whose outside has these addresses too; `None` where namespaces are not permitted, unless `CARTABLE_REQUIRE` asks for them.
    ///
    /// # Panics
    /// When they are required and cannot be made.
    #[must_use]
    pub fn new(more: &[&str]) -> Option<Self> {
        let wire = Self { prefix: format!("cw{}x{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed)) };
        if let Err(why) = wire.build(more) {
            assert!(!crate::required("netns"), "network namespaces are required: {why}");
            println!("skipped: no network namespaces here: {why}");
            return None;
        }
        Some(wire)
    }

    /// The words before a program in a place.
    #[must_use]
    pub fn words(&self, place: Place) -> Vec<String> {
        ["ip", "netns", "exec", &self.name(place)].map(str::to_owned).to_vec()
    }

    /// A program in a place.
    #[must_use]
    pub fn command(&self, place: Place, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name(place), program]).stdin(Stdio::null());
        command
    }

    /// What the namespace of a place is called.
    #[must_use]
    pub fn name(&self, place: Place) -> String {
        let place = match place {
            Place::Device => "d",
            Place::Outside => "o",
        };
        format!("{}{place}", self.prefix)
    }

    fn build(&self, more: &[&str]) -> Result<(), String> {
        let (device, outside) = (self.name(Place::Device), self.name(Place::Outside));
        for namespace in [&device, &outside] {
            ip(&["netns", "add", namespace])?;
            ip(&["-n", namespace, "link", "set", "lo", "up"])?;
        }
        ip(&["-n", &device, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", &outside])?;
        let near = OUTSIDE.map(|address| format!("{address}/{}", if address.contains(':') { 64 } else { 24 }));
        let far = more.iter().map(|address| format!("{address}/{}", if address.contains(':') { 128 } else { 32 }));
        let far: Vec<String> = near.into_iter().chain(far).collect();
        let own = ["10.80.0.2/24".to_owned(), "fd80::2/64".to_owned()];
        for (namespace, addresses) in [(&device, &own[..]), (&outside, &far)] {
            for address in addresses {
                // Without it an address of IPv6 is none for a second.
                let more: &[&str] = if address.contains(':') { &["nodad"] } else { &[] };
                ip(&[&["-n", namespace, "addr", "add", address, "dev", "eth0"], more].concat())?;
            }
            ip(&["-n", namespace, "link", "set", "eth0", "up"])?;
        }
        ip(&["-n", &device, "route", "add", "default", "via", OUTSIDE[0]])?;
        ip(&["-n", &device, "-6", "route", "add", "default", "via", OUTSIDE[1]])
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for place in [Place::Device, Place::Outside] {
            let _ = ip(&["netns", "del", &self.name(place)]);
        }
    }
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    let done = Command::new("ip").args(arguments).stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
}
