//! `cartable-server`, the control plane.

use std::process::ExitCode;

fn main() -> ExitCode {
    controlplane::run(std::env::args_os().collect())
}
