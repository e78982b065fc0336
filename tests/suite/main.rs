//! Every test that needs more than one crate, in one binary.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod assets;
mod audit;
mod authority;
mod backup;
mod bundles;
mod checkin;
mod copies;
mod desk;
mod disk;
mod doctor;
mod enrolment;
mod examples;
mod exams;
mod foreign;
mod grants;
mod held;
mod herds;
mod hostile;
mod http2;
mod joining;
mod kills;
mod kits;
mod layering;
mod lent;
mod loans;
mod monitoring;
mod operations;
mod order;
mod people;
mod pki;
mod privacy;
mod proxy;
mod recovery;
mod register;
mod renewal;
mod scan;
mod school_year;
mod schools;
mod sent;
mod service;
mod starting;
mod tickets;
mod traces;
mod vault;
