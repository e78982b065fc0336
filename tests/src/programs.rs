//! The four programs, built once in the profile of whoever asks.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The folder of programs that were built already, such as those that packages ship.
const VARIABLE: &str = "CARTABLE_PROGRAMS";

static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// The programs lie in this folder: nothing is built. To be said before any is asked for.
pub fn programs_lie_in(folder: PathBuf) {
    let _ = FOLDER.set(folder);
}

/// The path of `cartable`, `cartable-server`, `cartable-agent` or `cartable-publish`, built if need be.
///
/// # Panics
/// When they cannot be built; cargo has then said why.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    FOLDER.get_or_init(|| std::env::var_os(VARIABLE).map_or_else(build, PathBuf::from)).join(name)
}

fn build() -> PathBuf {
    let own = std::env::current_exe().expect("the running program has a path");
    let mut folder = own.parent().expect("it lies in a folder").to_owned();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let target = folder.parent().expect("profiles lie in the target folder").to_owned();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // The same packages as for this very program, so that no dependency is built twice with other features.
    cargo.args([
        "build",
        "--quiet",
        "--bins",
        "-p",
        "tests",
        "-p",
        "agent",
        "-p",
        "controlplane",
        "-p",
        "cartable",
        "-p",
        "publisher",
    ]);
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lie in the workspace");
    let status = cargo.arg("--target-dir").arg(target).current_dir(workspace).stdout(Stdio::null()).status();
    assert!(status.expect("cargo runs").success(), "the programs cannot be built");
    folder
}
