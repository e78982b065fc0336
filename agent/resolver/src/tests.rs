//! What the resolver must keep: held against bytes read by hand, and against upstreams that lie, stall and cut.

mod answers;
mod bed;
mod closed;
mod hostile;
mod kinds;
mod names;
mod open;
mod oracle;
mod questions;
mod secure;
mod servers;
mod tcp;
