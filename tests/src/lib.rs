//! What the tests, the demonstration and the figures share: the real programs, started and stopped, and a client that says
//! whatever a test wants said.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_errors_doc,
    reason = "this is test code: a failure is a panic"
)]

pub mod ahead;
pub mod annuaire;
pub mod caller;
pub mod classroom;
mod earlier;
pub mod filtering;
pub mod lists;
pub mod meter;
pub mod names;
pub mod process;
pub mod programs;
pub mod publishing;
pub mod python;
pub mod reporter;
pub mod resources;
pub mod returning;
pub mod school;
pub mod swarm;
pub mod ut1;
pub mod wire;
pub mod world;

/// Whether a thing this machine may lack is required, as `.ci/run` says in `CARTABLE_REQUIRE=strace,tinyproxy,…`.
///
/// A test that needs it and does not find it is skipped with a line that says so, or fails when it is required.
#[must_use]
pub fn required(thing: &str) -> bool {
    std::env::var("CARTABLE_REQUIRE").is_ok_and(|all| all.split(',').any(|one| one.trim() == thing))
}

/// The path of a program of the system, or `None` after saying that the test is skipped.
///
/// # Panics
/// When it is required and missing.
#[must_use]
pub fn system_program(name: &str) -> Option<std::path::PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).map(|dir| dir.join(name)).find(|path| path.is_file());
    if found.is_none() {
        assert!(!required(name), "{name} is required by CARTABLE_REQUIRE and not on this machine");
        eprintln!("skipped: {name} is not on this machine");
    }
    found
}
