//! `cartable-publish`, which packs, signs and publishes.

use std::process::ExitCode;

fn main() -> ExitCode {
    publisher::run(std::env::args_os().collect())
}
