//! Lists of names as one byte image: made once at the publisher, mapped and asked on the device, never copied.
//!
//! A **listing** is what a publisher collected: names, each in one or more categories. Its **image** holds a keyed fingerprint of each name,
//! never the name; an **overlay** is what a day changed. A **filter set** answers from an image and its overlays, and a **filter**
//! says what a policy makes of the answer. Bytes in, bytes out; `docs/decisions/0028-filter-engine.md` is the format and its reasons.

mod category;
mod compile;
mod error;
mod fano;
mod gate;
mod hash;
mod image;
pub mod limits;
mod line;
mod matcher;
mod name;
mod overlay;
mod parse;
mod ranked;
mod set;
mod sip;
mod verdict;

pub use category::{Categories, Category, CategoryId, Mask};
pub use compile::{Collector, Listing};
pub use error::{Error, Result};
pub use gate::{Gate, Refusal, Share};
pub use hash::Seed;
pub use line::{Format, Reason};
pub use matcher::FilterSet;
pub use name::{Name, NameFault};
pub use parse::{Entry, Fault, Reader, Report};
pub use ranked::{Ranked, Said};
pub use verdict::{Decision, Filter, Match, Sheet, Verdict};

/// The SHA-256 of an image, as its caller verified it: this crate compares digests and makes none.
pub type Digest = [u8; 32];

#[cfg(test)]
mod tests;
