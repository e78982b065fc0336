//! `cartable completion`: what a shell needs to complete command lines.

use crate::Error;
use crate::arguments::command;
use crate::call::Call;
use clap_complete::{Shell, generate};

/// Prints the completion script of a shell.
pub(crate) fn run(shell: Shell, call: &mut Call<'_>) -> Result<(), Error> {
    // Into memory first: clap panics when the reader of a pipe has gone.
    let mut script = Vec::new();
    generate(shell, &mut command(call.words), "cartable", &mut script);
    call.print.raw(&script)
}
