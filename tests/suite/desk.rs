//! The desk, its campaigns and stock counts, over real mTLS.

pub(crate) mod bench;
mod counts;
mod days;
