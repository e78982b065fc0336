//! What travels: messages and services generated from the `.proto` files, and their conversion to and from the model.
//!
//! Nothing above this crate's users sees a generated type in a rule; [`convert`] is the only place where the two meet.

pub mod codec;
pub mod convert;
pub mod fields;

/// The generated messages and services.
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::missing_errors_doc,
    unused_qualifications,
    unreachable_pub
)]
pub mod v1 {
    tonic::include_proto!("cartable.v1");
}

/// The encoded `FileDescriptorSet` of every message and service: for reflection, and for the purpose register's test.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
