//! What is made from the command line's own grammar: completion scripts and manual pages.

use crate::arguments::command;
use crate::error::{Result, write_failed};
use clap_complete::{Shell, generate};
use std::fs;
use std::path::Path;
use words::Catalogue;

/// The completion script of a shell.
pub(crate) fn completion(shell: Shell, words: &Catalogue) -> Vec<u8> {
    // Into memory first: clap panics when the reader of a pipe has gone.
    let mut script = Vec::new();
    generate(shell, &mut command(words), "cartable-publish", &mut script);
    script
}

/// Writes a page for the program and one for each of its commands.
///
/// # Errors
/// [`crate::error::Error::File`] when the folder cannot be made or written.
pub(crate) fn pages_write(to: &Path, words: &Catalogue) -> Result<()> {
    fs::create_dir_all(to).map_err(write_failed(to))?;
    clap_mangen::generate_to(command(words), to).map_err(write_failed(to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{EN, FR};
    use words::Language;

    #[test]
    fn completions_and_pages_know_the_commands() {
        let words = Catalogue::new(Language::En, FR, EN);
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = String::from_utf8(completion(shell, &words)).unwrap();
            assert!(script.contains("publish") && script.contains("threshold"), "{shell}");
        }
        let folder = tempfile::tempdir().unwrap();
        pages_write(folder.path(), &words).unwrap();
        let page = fs::read_to_string(folder.path().join("cartable-publish-bundle-sign.1")).unwrap();
        assert!(page.contains("proposal"), "{page}");
    }
}
