//! Every rule of the control plane, and no socket, clock, disk or database: time is a parameter.

pub mod acts;
pub mod asset;
pub mod audit;
pub mod authority;
pub mod clones;
pub mod contract;
pub mod device;
pub mod ends;
pub mod enrol;
pub mod error;
pub mod fleet;
pub mod grant;
pub mod invitation;
pub mod kit;
pub mod limits;
pub mod load;
pub mod loan;
pub mod memory;
pub mod merge;
pub mod operator;
pub mod plan;
pub mod presence;
pub mod proposal;
pub mod recent;
pub mod recover;
mod reenrol;
pub mod renew;
pub mod report;
pub mod role;
pub mod rules;
pub mod scope;
pub mod stocktake;
pub mod store;
pub mod table;
pub mod token;

pub use error::{Error, Result};
