//! Sections: the parts of a device's report that are compared, sent and kept each on its own.

use crate::digest::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The largest section, in bytes before compression.
pub const SECTION_BYTES_MAX: usize = 1024 * 1024;
/// The largest device message, in bytes after any decompression by the transport.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// The most bytes of a section that travel in one message, so that it stays below [`MESSAGE_BYTES_MAX`] with its surroundings.
pub const PART_BYTES_MAX: usize = 48 * 1024;

/// What a section is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionKind {
    /// Maker, model, firmware, processor, memory, disks, batteries.
    Hardware,
    /// Displays, cameras, microphones, speakers, docks, hubs, input devices.
    Peripherals,
    /// Operating system, kernel, time zone, whether a reboot is pending.
    System,
    /// Packages of the operating system's own manager.
    Packages,
    /// How the device is.
    Health,
}

impl SectionKind {
    /// Every kind, in the order of their names on the wire.
    pub const ALL: [Self; 5] = [Self::Hardware, Self::Peripherals, Self::System, Self::Packages, Self::Health];

    /// The largest section of this kind, in bytes before compression: lists of packages are long, the others are not.
    #[must_use]
    pub const fn bytes_max(self) -> usize {
        match self {
            Self::Packages => SECTION_BYTES_MAX,
            Self::Hardware | Self::Peripherals | Self::System | Self::Health => 128 * 1024,
        }
    }

    /// The name in tables and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hardware => "hardware",
            Self::Peripherals => "peripherals",
            Self::System => "system",
            Self::Packages => "packages",
            Self::Health => "health",
        }
    }
}

impl fmt::Display for SectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The digests of the sections one side holds, by kind.
pub type Sections = BTreeMap<SectionKind, Digest>;

/// One digest over all of them, so that a check-in in which nothing changed carries 32 bytes.
///
/// Over each kind's name, a zero byte and its 32 bytes, in the order of [`SectionKind::ALL`].
#[must_use]
pub fn sections_root(sections: &Sections) -> Digest {
    let parts: Vec<&[u8]> = sections
        .iter()
        .flat_map(|(kind, digest)| [kind.name().as_bytes(), &[0], digest.as_bytes().as_slice()])
        .collect();
    Digest::of_parts(&parts)
}
