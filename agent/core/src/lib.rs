//! What the agent decides: no file, no network, no clock. Time and randomness come in as values.

pub mod backoff;
pub mod bucket;
pub mod cadence;
pub mod clock_floor;
pub mod fetching;
pub mod greeting;
pub mod health;
pub mod ledger;
pub mod loan;
pub mod pace;
pub mod peer;
pub mod recover;
pub mod release;
pub mod renew;
pub mod report;
pub mod roads;
pub mod room;
pub mod seed;
pub mod site;
pub mod spool;
pub mod tally;
pub mod windows;
