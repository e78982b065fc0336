//! What is made from the command line's own grammar: completion scripts and manual pages.

use super::Line;
use crate::Error;
use clap::CommandFactory;
use clap_complete::{Shell, generate};
use std::path::Path;
use words::{Catalogue, command_translate};

/// The completion script of a shell.
pub(super) fn completion(shell: Shell, catalogue: &Catalogue) -> String {
    // Into memory first: clap panics when the reader of a pipe has gone.
    let mut script = Vec::new();
    generate(shell, &mut command_translate(Line::command(), catalogue), "cartable-agent", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Writes a page for the program and one for each of its commands, in the reader's language.
pub(super) fn pages_write(to: &Path, catalogue: &Catalogue) -> Result<(), Error> {
    std::fs::create_dir_all(to).map_err(Error::file(to))?;
    clap_mangen::generate_to(command_translate(Line::command(), catalogue), to).map_err(Error::file(to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use words::Language;

    fn catalogue(language: Language) -> Catalogue {
        Catalogue::new(language, super::super::FR, super::super::EN)
    }

    #[test]
    fn completions_know_the_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = completion(shell, &catalogue(Language::En));
            assert!(script.contains("doctor") && script.contains("what-is-sent"), "{shell}");
        }
    }

    #[test]
    fn pages_are_in_the_readers_language() {
        for (language, said) in [(Language::Fr, "joindre son serveur"), (Language::En, "from its server")] {
            let folder = tempfile::tempdir().unwrap();
            let to = folder.path().join("man");
            pages_write(&to, &catalogue(language)).unwrap();
            let page = std::fs::read_to_string(to.join("cartable-agent-doctor.1")).unwrap();
            assert!(page.contains(said), "{page}");
            assert!(to.join("cartable-agent.1").exists());
            let file = to.join("cartable-agent.1");
            assert!(matches!(pages_write(&file, &catalogue(language)), Err(Error::File { .. })));
        }
    }
}
