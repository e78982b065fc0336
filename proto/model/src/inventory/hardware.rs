//! The machine itself.

use super::PARTS_MAX;
use serde::{Deserialize, Serialize};

/// The machine: who made it, and what is built into it.
///
/// Maker, model, serial and UUID are evidence for a person, never an identity; placeholders are left out
/// ([`evidence`](crate::device::evidence)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hardware {
    /// Who made it.
    pub maker: Option<String>,
    /// The product's name.
    pub model: Option<String>,
    /// The maker's serial number.
    pub serial: Option<String>,
    /// The firmware's system UUID (SMBIOS type 1), in lower case.
    pub system_uuid: Option<String>,
    /// The shape of its case.
    pub chassis: Option<Chassis>,
    /// What starts it.
    pub firmware: Firmware,
    /// One entry a processor socket.
    pub processors: Vec<Processor>,
    /// The memory the system can use, in bytes, to the nearest 16 MiB.
    pub memory_bytes: Option<u64>,
    /// Built-in and other fixed disks; never anything removable.
    pub disks: Vec<Disk>,
    /// The machine's own batteries; never those of a mouse or a telephone.
    pub batteries: Vec<Battery>,
}

/// The shape of a case, as far as it matters to a school.
///
/// From SMBIOS 3.7, 7.4.1 (type 3), whose 36 shapes are folded into these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chassis {
    /// A desktop or tower.
    Desktop,
    /// A computer no larger than a book.
    Mini,
    /// A computer within its display.
    AllInOne,
    /// A portable with a keyboard.
    Laptop,
    /// A portable that can do without its keyboard.
    Convertible,
    /// A portable without a keyboard.
    Tablet,
    /// A server.
    Server,
    /// Another shape.
    Other,
}

/// What starts the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firmware {
    /// The maker's version text.
    pub version: Option<String>,
    /// The release date, `YYYY-MM-DD`.
    pub date: Option<String>,
}

/// One processor.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Processor {
    /// Its marketing name.
    pub name: Option<String>,
    /// Physical cores.
    pub cores: Option<u32>,
    /// Logical processors.
    pub threads: Option<u32>,
}

/// One disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Disk {
    /// Its model text.
    pub model: Option<String>,
    /// Its size in bytes.
    pub size_bytes: Option<u64>,
    /// Whether it turns.
    pub rotational: Option<bool>,
    /// Whether what the system keeps on it is encrypted by the operating system.
    ///
    /// A disk that encrypts by itself, without the system's knowledge, does not count.
    pub encrypted: Option<bool>,
}

/// One battery.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Battery {
    /// Who made it.
    pub maker: Option<String>,
    /// Its model text.
    pub model: Option<String>,
    /// Its chemistry, as the kernel names it (`Li-ion`, `Li-poly` …).
    pub technology: Option<String>,
    /// What it held when new, in mWh.
    pub design_full_mwh: Option<u32>,
    /// What it holds when full now, in mWh, to the nearest 100 because the gauge wavers.
    pub full_mwh: Option<u32>,
    /// Full charges so far.
    pub cycles: Option<u32>,
}

impl Hardware {
    /// The same facts with lists in order and within their limits.
    #[must_use]
    pub fn canonical(mut self) -> Self {
        // Equal processors, disks and batteries are different things, so none is dropped.
        self.processors.sort();
        self.processors.truncate(PARTS_MAX);
        self.disks.sort();
        self.disks.truncate(PARTS_MAX);
        self.batteries.sort();
        self.batteries.truncate(PARTS_MAX);
        self
    }
}
