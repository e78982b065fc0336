//! What is missing from a catalogue, for the programs' own tests.

use crate::typography::typography_faults;
use crate::{Catalogue, Language};
use fluent_bundle::FluentResource;
use std::collections::BTreeSet;

/// What is wrong with a pair of Fluent sources: parts that do not parse, and messages, attributes or variables that one
/// language has and the other lacks, French signs whose space may break or is missing.
#[must_use]
pub fn catalogue_check(fr: &str, en: &str) -> Vec<String> {
    let (french, english) = (parsed("fr", fr), parsed("en", en));
    let mut wrong: Vec<String> = french.1.into_iter().chain(english.1).collect();
    wrong.extend(french.0.difference(&english.0).map(|key| format!("en lacks {key}")));
    wrong.extend(english.0.difference(&french.0).map(|key| format!("fr lacks {key}")));
    wrong.extend(typography_faults(fr));
    wrong
}

/// The keys of a command, its subcommands and their arguments that have no message in one of the languages.
#[must_use]
pub fn command_check(command: &clap::Command, fr: &str, en: &str) -> Vec<String> {
    let keys = command_keys(command, "cmd");
    // The same source twice: else French would stand in for what English lacks.
    let catalogues = [("fr", Catalogue::new(Language::Fr, fr, fr)), ("en", Catalogue::new(Language::Fr, en, en))];
    let lacking = |tag: &str, catalogue: &Catalogue| {
        let lacks = keys.iter().filter(|key| catalogue.find(key, None).is_none());
        lacks.map(|key| format!("{tag} lacks {key}")).collect::<Vec<_>>()
    };
    catalogues.iter().flat_map(|(tag, catalogue)| lacking(tag, catalogue)).collect()
}

/// The key of each command and argument, as [`command_translate`](crate::command_translate) looks them up.
fn command_keys(command: &clap::Command, key: &str) -> Vec<String> {
    let arguments = command.get_arguments().filter(|a| !matches!(a.get_id().as_str(), "help" | "version"));
    let mut keys = vec![key.to_owned()];
    keys.extend(arguments.map(|a| format!("{key}--{}", a.get_id())));
    for sub in command.get_subcommands() {
        keys.extend(command_keys(sub, &format!("{key}-{}", sub.get_name())));
    }
    keys
}

/// The names in a source (`key`, `key.attribute`, `key $variable`), and what does not parse.
fn parsed(tag: &str, source: &str) -> (BTreeSet<String>, Vec<String>) {
    let (resource, errors) = match FluentResource::try_new(source.to_owned()) {
        Ok(resource) => (resource, Vec::new()),
        Err((resource, errors)) => (resource, errors),
    };
    let errors = errors.iter().map(|error| format!("{tag} does not parse: {error}")).collect();
    drop(resource);
    let mut names = BTreeSet::new();
    let mut key = "";
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        let indented = line.starts_with([' ', '}', '*', '[']);
        let head = line.split('=').next().unwrap_or_default().trim();
        if !indented && line.contains('=') {
            key = head;
            names.insert(key.to_owned());
        } else if let Some(attribute) = head.strip_prefix('.') {
            names.insert(format!("{key}.{attribute}"));
        }
        for after in line.split('$').skip(1) {
            let variable: String =
                after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '-').collect();
            names.insert(format!("{key} ${variable}"));
        }
    }
    (names, errors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Arg, Command};

    #[test]
    fn what_is_missing_is_named() {
        let wrong = catalogue_check("a = Un { $n }\nb = Deux\n    .c = Trois\n", "a = One\nd = Four\nbroken {\n");
        for part in ["en lacks a $n", "en lacks b", "en lacks b.c", "fr lacks d"] {
            assert!(wrong.iter().any(|w| w == part), "{part} in {wrong:?}");
        }
        assert!(wrong.iter().any(|w| w.starts_with("en does not parse")));
    }

    #[test]
    fn commands_without_words_are_named() {
        let command = Command::new("x").subcommand(Command::new("list").arg(Arg::new("school").long("school")));
        let fr = "cmd = X\ncmd-list = Liste\ncmd-list--school = École\n";
        assert_eq!(command_check(&command, fr, "cmd = X\ncmd-list = List\n"), ["en lacks cmd-list--school"]);
    }
}
