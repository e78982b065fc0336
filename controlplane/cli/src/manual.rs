//! `cartable man`: manual pages made from the command line's own grammar.

use crate::Error;
use crate::arguments::command;
use crate::call::Call;
use std::path::Path;

/// Writes a page for the program and one for each of its commands, in the reader's language.
pub(crate) fn run(to: &Path, call: &mut Call<'_>) -> Result<(), Error> {
    let failed = |source| Error::FileWrite { path: to.to_owned(), source };
    std::fs::create_dir_all(to).map_err(failed)?;
    clap_mangen::generate_to(command(call.words), to).map_err(failed)?;
    let said = call.words.text_with("man-written", &[("path", to.display().to_string().into())]);
    call.print.raw(format!("{said}\n").as_bytes())
}
