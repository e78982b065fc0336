//! Answers of this resolver's own, which depend on no name: written once, and copied like those of others.

use crate::answer::Answer;
use crate::limits::TTL_OWN;
use hickory_proto::rr::rdata::{A, AAAA, PTR, SOA};
use hickory_proto::rr::{Name, RData};
use std::net::{Ipv4Addr, Ipv6Addr};

/// All of them.
pub(crate) struct Own {
    /// Where the local page is.
    pub(crate) page_v4: Answer,
    pub(crate) page_v6: Answer,
    /// The name of this machine.
    pub(crate) reverse: Answer,
    /// That there is nothing else.
    pub(crate) nothing: Answer,
}

impl Own {
    pub(crate) fn new((v4, v6): (Ipv4Addr, Ipv6Addr)) -> Option<Self> {
        Some(Self {
            page_v4: Answer::own(RData::A(A(v4)))?,
            page_v6: Answer::own(RData::AAAA(AAAA(v6)))?,
            reverse: Answer::own(RData::PTR(PTR(name(&["localhost"]))))?,
            nothing: Answer::own(zone())?,
        })
    }
}

/// What is said where something is closed or does not exist, and how long that may be kept (RFC 2308, 5): of the name asked for, whose zone nobody
/// knows here.
pub(crate) fn zone() -> RData {
    RData::SOA(SOA::new(name(&["cartable", "localhost"]), name(&["nobody", "invalid"]), 1, 3_600, 600, 86_400, TTL_OWN))
}

/// Of labels that are some.
fn name(labels: &[&str]) -> Name {
    Name::from_labels(labels.iter().map(|label| label.as_bytes())).unwrap_or_default()
}
