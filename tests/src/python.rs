//! Python and what PyPI has: clients and linters that share no code with us.
//!
//! `.ci/run` installs `tests/foreign/requirements.txt` into an environment of its own and says where its programs lie in
//! `CARTABLE_PYTHON_BIN`; without it, what is in `PATH` is taken.

use crate::required;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A Python that can import a module of a package, or `None` after saying that the test is skipped.
///
/// # Panics
/// When the package is required and missing.
#[must_use]
pub fn python(package: &str, module: &str) -> Option<PathBuf> {
    let imports = |python: &PathBuf| {
        let mut command = Command::new(python);
        command.args(["-c", &format!("import {module}")]).stdin(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    found(package, "python3", imports)
}

/// A program that a Python package brings, or `None` after saying that the test is skipped.
///
/// # Panics
/// When the package is required and missing.
#[must_use]
pub fn python_program(package: &str, name: &str) -> Option<PathBuf> {
    found(package, name, |program| program.is_file())
}

fn found(package: &str, name: &str, works: impl Fn(&PathBuf) -> bool) -> Option<PathBuf> {
    let own = std::env::var_os("CARTABLE_PYTHON_BIN").map(PathBuf::from);
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let all = own.into_iter().chain(std::env::split_paths(&paths)).map(|folder| folder.join(name));
    let found = all.filter(|path| path.is_file()).find(works);
    if found.is_none() {
        assert!(!required(package), "{package} is required by CARTABLE_REQUIRE and not on this machine");
        eprintln!("skipped: {package} (PyPI) is not on this machine");
    }
    found
}
