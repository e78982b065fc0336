//! Who talks: private keys, certificate requests, issuing, reading a caller's certificate, and the TLS settings of both sides.
//!
//! Only the outer crates use this; the rules know callers by [`caller::Caller`] and certificates through a trait.

pub mod caller;
pub mod challenge;
pub mod csr;
pub mod error;
pub mod intermediate;
pub mod issue;
pub mod key;
pub mod peer;
pub mod tls;

pub use error::Error;
pub use rustls::pki_types;
