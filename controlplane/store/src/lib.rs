//! The control plane's durable store on sled, with the journal that carries its promise.
//!
//! sled 0.34 keeps the entries; what was acknowledged is in the journal, fsynced, before sled hears of it. A damaged sled is put aside and
//! built again from the newest export and the journal.

mod copy;
mod embedded;
mod encoding;
mod error;
mod export;
mod folder;
mod import;
mod journal;
mod packing;
mod probe;
mod rebuild;
mod sealed;
mod tree;

pub use copy::{CopyFile, StoreCopy, copy_take};
pub use embedded::{Config, Embedded, Opened, Torn};
pub use error::{Error, Result};
pub use export::{Exported, export};
pub use import::{Imported, import};
pub use probe::{Need, Probed, probe, probe_due, probe_need};
pub use rebuild::{Rebuilt, rebuild};
pub use sealed::{KeyError, Sealed, VaultKey};

#[cfg(test)]
mod tests;
