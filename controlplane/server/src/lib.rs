//! The control plane as a program: sockets, certificates, files and the clock around the rules of `controlplane-core`.

mod admin;
mod arguments;
pub mod ca;
mod caller;
pub mod clock;
pub mod config;
mod device;
mod enrolment;
pub mod error;
mod facts;
pub mod folder;
pub mod init;
mod listen;
mod live;
pub mod opening;
mod program;
mod random;
mod server;
mod shared;
mod status;
mod upkeep;
mod words;

pub use program::run;
pub use server::Server;
