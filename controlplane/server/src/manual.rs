//! What is made from the command line's own grammar: completion scripts and manual pages.

use crate::arguments::command;
use crate::error::{Error, Result};
use clap_complete::{Shell, generate};
use std::fs;
use std::path::Path;
use words::Catalogue;

/// The completion script of a shell.
pub(crate) fn completion(shell: Shell, words: &Catalogue) -> Vec<u8> {
    // Into memory first: clap panics when the reader of a pipe has gone.
    let mut script = Vec::new();
    generate(shell, &mut command(words), "cartable-server", &mut script);
    script
}

/// Writes a page for the program and one for each of its commands.
///
/// # Errors
/// [`Error::File`] when the folder cannot be made or written.
pub(crate) fn pages_write(to: &Path, words: &Catalogue) -> Result<()> {
    let failed = |source| Error::File { what: "written", path: to.to_owned(), source };
    fs::create_dir_all(to).map_err(failed)?;
    clap_mangen::generate_to(command(words), to).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{EN, FR};
    use words::Language;

    #[test]
    fn completions_know_the_commands() {
        let words = Catalogue::new(Language::En, FR, EN);
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = String::from_utf8(completion(shell, &words)).unwrap();
            assert!(script.contains("export") && script.contains("check-config"), "{shell}");
        }
    }

    #[test]
    fn pages_are_in_the_readers_language() {
        for (language, said) in [(Language::Fr, "clés"), (Language::En, "keys")] {
            let folder = tempfile::tempdir().unwrap();
            let to = folder.path().join("man");
            pages_write(&to, &Catalogue::new(language, FR, EN)).unwrap();
            let page = fs::read_to_string(to.join("cartable-server-run.1")).unwrap();
            assert!(page.contains(said), "{page}");
            assert!(to.join("cartable-server.1").exists() && !to.join("cartable-server-probe.1").exists());
        }
    }
}
