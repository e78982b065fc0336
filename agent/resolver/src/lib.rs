//! The resolver on loopback that every program of a device asks: names that the policy closes are answered here, others by the network.
//!
//! A **judge** says of each question what the policy makes of its name; the resolver does it, and asks an **upstream** for the rest: what
//! the network offers, or servers that speak TLS. Nothing falls back to another upstream, and no name is ever logged.
//! `docs/decisions/0030-resolver.md` holds the reasons.

mod answer;
mod cache;
mod error;
mod flight;
mod judge;
pub mod limits;
mod name;
mod own;
#[doc(hidden)]
pub mod probe;
mod question;
mod record;
mod reply;
mod resolver;
pub mod safe;
mod serve;
mod settings;
mod special;
mod totals;
mod turn;
mod upstream;

pub use error::{Error, Result};
pub use judge::{Block, Judge, Ruling};
pub use name::{Name, NameFault, Upward};
pub use resolver::Resolver;
pub use settings::{Clock, Settings};
pub use totals::Totals;
pub use upstream::{Server, Upstream};

/// Types of records that judges ask about (IANA, "Resource Record (RR) TYPEs").
pub mod kind {
    /// An address (RFC 1035).
    pub const A: u16 = 1;
    /// An address of IPv6 (RFC 3596).
    pub const AAAA: u16 = 28;
    /// A service and where it is (RFC 9460).
    pub const SVCB: u16 = 64;
    /// The same for the Web.
    pub const HTTPS: u16 = 65;
}

#[cfg(test)]
mod tests;
