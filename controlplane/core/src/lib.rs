//! Every rule of the control plane, and no socket, clock, disk or database: time is a parameter.

pub mod chain;
pub mod contract;
pub mod error;
pub mod limits;
pub mod memory;
pub mod recent;
pub mod store;

pub use error::{Error, Result};
