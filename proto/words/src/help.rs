//! The help of a command line, in the reader's language.

use crate::{Catalogue, Value};
use clap::{Arg, ArgAction, Command};

/// A command with all its help from the catalogue.
///
/// The message of `device list` is `cmd-device-list`, that of its argument `school` is `cmd-device-list--school`; attributes
/// add to them: `.long` what `--help` says beyond the short text of a command, `.after` what follows its help, `.value` the name
/// of an argument's value. Headings, the
/// notes on defaults and environment variables, and the built-in `--help` and `--version` are translated too.
#[must_use]
pub fn command_translate(command: Command, catalogue: &Catalogue) -> Command {
    // Called again on built subcommands it would add --help twice; clap builds later, once.
    translate(command.disable_help_subcommand(true), catalogue, "cmd")
}

fn translate(command: Command, catalogue: &Catalogue, key: &str) -> Command {
    let heading = |name: &str| catalogue.text(name);
    let usage = heading("help-usage");
    let template = format!("{{about-with-newline}}\n{usage} {{usage}}\n\n{{all-args}}{{after-help}}\n");
    let find = |attribute| catalogue.find(key, attribute);
    let versioned = command.get_version().is_some();
    let mut command = command
        .help_template(template)
        .subcommand_help_heading(heading("help-commands"))
        .subcommand_value_name(heading("help-command-value"))
        .disable_help_flag(true)
        .disable_version_flag(true);
    if let Some(about) = find(None) {
        if let Some(long) = find(Some("long")) {
            command = command.long_about(format!("{about}\n\n{long}"));
        }
        command = command.about(about);
    }
    if let Some(after) = find(Some("after")) {
        command = command.after_help(after);
    }
    command = command.mut_args(|argument| argument_translate(argument, catalogue, key));
    command = command.mut_subcommands(|sub| {
        let key = format!("{key}-{}", sub.get_name());
        translate(sub, catalogue, &key)
    });
    let common = heading("help-common");
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).help(heading("help-help"));
    command = command.arg(help.help_heading(common.clone()).display_order(900));
    if versioned {
        let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
        command = command.arg(version.help(heading("help-version")).help_heading(common).display_order(901));
    }
    command
}

fn argument_translate(argument: Arg, catalogue: &Catalogue, key: &str) -> Arg {
    let key = format!("{key}--{}", argument.get_id());
    let heading = match (argument.is_positional(), argument.is_global_set()) {
        (true, _) => "help-arguments",
        (false, false) => "help-options",
        (false, true) => "help-common",
    };
    let mut help = catalogue.find(&key, None).unwrap_or_default();
    for note in notes(&argument, catalogue) {
        help.push_str(" [");
        help.push_str(&note);
        help.push(']');
    }
    let value = catalogue.find(&key, Some("value"));
    let argument = argument.help(help).help_heading(catalogue.text(heading)).hide_env(true);
    if !argument.get_action().takes_values() {
        return argument;
    }
    let argument = argument.hide_default_value(true).hide_possible_values(true);
    match value {
        Some(name) => argument.value_name(name),
        None => argument,
    }
}

/// What clap would add in English: possible values, default, environment variable.
fn notes(argument: &Arg, catalogue: &Catalogue) -> Vec<String> {
    let note = |key: &str, value: String| catalogue.text_with(key, &[("value", Value::Text(value))]);
    let mut notes = Vec::new();
    if argument.get_action().takes_values() {
        let possible = argument.get_possible_values();
        let names: Vec<&str> =
            possible.iter().filter(|v| !v.is_hide_set()).map(clap::builder::PossibleValue::get_name).collect();
        if !names.is_empty() {
            notes.push(note("help-possible", names.join(", ")));
        }
        let defaults: Vec<_> = argument.get_default_values().iter().map(|v| v.to_string_lossy()).collect();
        if !defaults.is_empty() {
            notes.push(note("help-default", defaults.join(" ")));
        }
    }
    if let Some(variable) = argument.get_env() {
        notes.push(note("help-env", variable.to_string_lossy().into_owned()));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    fn help(language: Language) -> String {
        let command = Command::new("x")
            .version("1.0")
            .arg(Arg::new("output").long("output").global(true).value_parser(["table", "json"]).default_value("table"))
            .subcommand(
                Command::new("list").arg(Arg::new("place")).arg(Arg::new("school").long("school").env("X_SCHOOL")),
            );
        let fr = "cmd = Le programme\ncmd--output = La forme\ncmd-list = La liste\ncmd-list--place = Le lieu\ncmd-list--school = L'école\n    .value = UAI\n";
        let en = "cmd = The program\ncmd--output = The form\ncmd-list = The list\ncmd-list--place = The place\ncmd-list--school = The school\n    .value = UAI\n";
        let mut command = command_translate(command, &Catalogue::new(language, fr, en)).term_width(100);
        let whole = command.render_help().to_string();
        let sub = command.try_get_matches_from_mut(["x", "list", "--help"]).unwrap_err().to_string();
        format!("{whole}\n====\n{sub}")
    }

    #[test]
    fn help_is_french_or_english_and_nothing_of_the_other() {
        let fr = help(Language::Fr);
        for part in [
            "Le programme",
            "Utilisation : x",
            "Commandes :",
            "[valeurs : table, json]",
            "[défaut : table]",
            "Afficher cette aide",
            "Afficher la version",
            "La liste",
            "Arguments :",
            "Le lieu",
            "--school <UAI>",
            "[environnement : X_SCHOOL]",
        ] {
            assert!(fr.replace('\u{a0}', " ").contains(part), "{part} in {fr}");
        }
        for english in ["Usage:", "Options:", "Commands:", "Print", "default:", "possible"] {
            assert!(!fr.contains(english), "{english} in {fr}");
        }
        let en = help(Language::En);
        for part in ["Usage: x", "Commands:", "[default: table]", "Print this help", "L'école"].iter().take(4) {
            assert!(en.contains(part), "{part} in {en}");
        }
    }
}
