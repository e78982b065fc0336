//! The nouns of Cartable: valid by construction, no network, no disk, no clock.
//!
//! Agent and control plane must mean the same by each of these, so they live at the bottom of the house and know nothing of
//! what stands above them.

pub mod annuaire;
pub mod borrower;
pub mod calendar;
pub mod chain;
pub mod class;
pub mod departement;
pub mod desired;
pub mod device;
pub mod digest;
pub mod establishment;
pub mod filtering;
pub mod floor;
pub mod grant;
pub mod health;
pub mod host;
pub mod id;
pub mod inventory;
pub mod key;
pub mod kit;
pub mod lifecycle;
pub mod lists;
pub mod loan;
pub mod measure;
pub mod owner;
pub mod recovery;
pub mod renewal;
pub mod resource;
pub mod section;
pub mod signed;
pub mod site;
pub mod time;
pub mod token;
pub mod uai;
