//! The control plane as a program: sockets, certificates, files and the clock around the rules of `controlplane-core`.

mod admin;
mod arguments;
pub mod ca;
mod caller;
mod census;
pub mod clock;
mod clones;
pub mod config;
mod device;
mod enrolment;
pub mod error;
mod facts;
pub mod folder;
mod health;
pub mod init;
mod invitation;
mod keys;
mod listen;
mod live;
mod manual;
mod metrics;
pub mod opening;
mod program;
mod random;
mod recovery;
mod reflection;
mod renew;
mod scrape;
mod server;
mod shared;
mod status;
mod timed;
mod upkeep;
mod words;

pub use program::run;
pub use server::Server;
