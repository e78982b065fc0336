//! What goes wrong while devices are held and report: each fault with what others saw of it, and what it left behind.
//!
//! `cargo figures faults` lets them happen at full size, the suite lets them happen small.

mod certificates;
mod disk;
mod flood;
mod ground;
mod half_open;
mod kills;
mod largest;
mod memory;

pub use certificates::{Refused, certificates};
pub use disk::{Full, disk_full};
pub use flood::{Flooded, floods};
pub use ground::{Crowded, Ground, Seen};
pub use half_open::{HalfOpen, half_open};
pub use kills::{Kills, kills};
pub use largest::{Largest, largest};
pub use memory::{Limited, memory_limit};
