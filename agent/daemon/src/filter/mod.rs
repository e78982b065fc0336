//! The filter: a process of its own beside the agent, which answers all names that this device asks for.
//!
//! It reads what the agent wrote, judges it, and holds to the last that was good: the agent and the server may be away, a list may be
//! damaged, a disk full, and nothing gets looser. Whoever restarts it finds all of it on the disk. It stores and says no name that
//! anybody looked at, but those that a user sends on purpose (`asks`).

#[cfg_attr(windows, allow(dead_code, reason = "the filter runs on Linux alone"))]
pub(crate) mod active;
#[cfg(unix)]
mod answering;
#[cfg(unix)]
mod asks;
#[cfg(unix)]
mod begun;
#[cfg(unix)]
mod bell;
mod config;
#[cfg(unix)]
mod control;
#[cfg_attr(windows, allow(dead_code, reason = "the filter runs on Linux alone"))]
mod days;
#[cfg(unix)]
mod desk;
#[cfg(unix)]
mod guardian;
#[cfg(unix)]
mod held;
#[cfg(unix)]
mod judge;
#[cfg(unix)]
mod list;
#[cfg(unix)]
mod sentinel;
#[cfg(unix)]
mod system;
#[cfg_attr(windows, allow(dead_code, reason = "the filter runs on Linux alone"))]
pub(crate) mod words;

pub use config::{FilterConfig, SecureServer};
pub use days::FilterDay;
pub(crate) use days::noted as days_noted;
#[cfg(unix)]
pub(crate) use guardian::filter;
#[cfg(unix)]
pub(crate) use system::{FOLDER as TAKEN, put_back};
