//! `cartable`, the command people manage the fleet with.

use cartable::{Surroundings, run};
use std::io::{BufWriter, stderr, stdout};
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = std::env::args_os().collect();
    // Not the locked handle: it cannot be held across threads, and only this task writes.
    let mut out = BufWriter::new(stdout());
    run(arguments, &Surroundings::of_process(), &mut out, &mut stderr()).await.into()
}
