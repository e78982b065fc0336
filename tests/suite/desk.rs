//! The desk, its campaigns and stock counts, over real mTLS.

mod bench;
mod counts;
mod days;
