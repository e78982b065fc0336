//! The load tool's engine: many devices in one process, with real TLS and the real wire, against a real server on this machine.
//!
//! `cargo swarm` shows it to people who size a server, `cargo figures scale` measures with it, the suite lets it run small.

pub mod crowd;
pub mod device;
pub mod fault;
pub mod latency;
pub mod limits;
pub mod line;
pub mod place;
pub mod plot;
pub mod profile;
pub mod report;
pub mod samples;
pub mod seed;
pub mod world;
