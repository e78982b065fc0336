//! What a device is made of: the four sections of its inventory.
//!
//! Every fact is optional, because a machine tells only some of them: an absent one is unknown, never zero. Lists and texts
//! have limits that both sides keep, and [`canonical`](Hardware::canonical) orders the lists, so that an unchanged device
//! keeps the digests of its sections.

mod hardware;
mod packages;
mod peripherals;
mod system;

pub use hardware::{Battery, Chassis, Disk, Firmware, Hardware, Processor};
pub use packages::{
    PACKAGE_CHARS_MAX, PACKAGES_BYTES_MAX, PACKAGES_MAX, Package, PackageManager, Packages, package_text, program_text,
};
pub use peripherals::{Bus, Display, HardwareId, HardwareIdError, Peripheral, Peripherals};
pub use system::System;

/// The most entries of any hardware or peripheral list; a machine has a handful, so more is a mistake or malice.
pub const PARTS_MAX: usize = 64;

/// Whether a character shows itself: no control character, and none that is invisible or turns the direction of writing.
///
/// A device chooses its texts, and staff read them on a terminal (Unicode Technical Report 36, 3.2).
#[must_use]
pub fn is_shown(c: char) -> bool {
    let unseen = matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !unseen
}
