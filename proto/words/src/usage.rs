//! Usage errors of a command line, in the reader's language.

use crate::{Catalogue, Value};
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

/// What was wrong with a command line, and where to read on; without styling, ending in a newline.
///
/// Help and version, which clap reports as errors too, are given as they are: they were translated with the command.
#[must_use]
pub fn usage_error_text(error: &Error, catalogue: &Catalogue) -> String {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return error.render().to_string();
    }
    let mut text = format!("{} {}\n", catalogue.text("usage-error"), sentence(error, catalogue));
    let kinds = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    if let Some(suggestions) = kinds.map(|kind| several(error, kind)).into_iter().find(|s| !s.is_empty()) {
        let quoted = suggestions.into_iter().map(|s| catalogue.text_with("usage-quoted", &[("value", s.into())]));
        let value = choice_text(catalogue, quoted);
        text.push_str(&format!("{}\n", catalogue.text_with("usage-suggestion", &[("value", value.into())])));
    }
    text.push_str(&format!("{}\n", catalogue.text("usage-hint")));
    text
}

/// Things to choose among: `a ou b`.
#[must_use]
pub fn choice_text(catalogue: &Catalogue, choices: impl IntoIterator<Item = String>) -> String {
    choices.into_iter().collect::<Vec<_>>().join(&format!(" {} ", catalogue.text("or")))
}

fn sentence(error: &Error, catalogue: &Catalogue) -> String {
    let key = match error.kind() {
        ErrorKind::InvalidValue if value(error, ContextKind::InvalidValue).is_empty() => "usage-value-missing",
        ErrorKind::InvalidValue if error.get(ContextKind::ValidValue).is_some() => "usage-value-not-possible",
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => "usage-value",
        ErrorKind::UnknownArgument => "usage-argument-unknown",
        ErrorKind::InvalidSubcommand => "usage-command-unknown",
        ErrorKind::MissingSubcommand => "usage-command-missing",
        ErrorKind::MissingRequiredArgument => "usage-argument-missing",
        ErrorKind::ArgumentConflict => "usage-conflict",
        ErrorKind::TooManyValues | ErrorKind::WrongNumberOfValues => "usage-values-many",
        ErrorKind::TooFewValues => "usage-values-few",
        ErrorKind::InvalidUtf8 => "usage-utf8",
        _ => "usage-other",
    };
    let named = |name, kind| (name, Value::Text(value(error, kind)));
    let mut values = vec![
        named("argument", ContextKind::InvalidArg),
        named("value", ContextKind::InvalidValue),
        named("possible", ContextKind::ValidValue),
        named("prior", ContextKind::PriorArg),
    ];
    // For a missing command clap says the program, for an unknown one what was typed.
    values.push(named("command", ContextKind::InvalidSubcommand));
    catalogue.text_with(key, &values)
}

fn value(error: &Error, kind: ContextKind) -> String {
    several(error, kind).join(", ")
}

fn several(error: &Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::Strings(many)) => many.clone(),
        Some(ContextValue::None | ContextValue::Bool(_)) | None => Vec::new(),
        Some(other) => vec![other.to_string()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Language, command_translate};
    use clap::{Arg, Command};

    fn said(language: Language, line: &[&str]) -> String {
        let catalogue = Catalogue::new(language, "cmd = X\n", "cmd = X\n");
        let list = Command::new("list")
            .arg(Arg::new("output").long("output").value_parser(["table", "json"]))
            .arg(Arg::new("device").required(true));
        let command = Command::new("x").subcommand_required(true).subcommand(list).subcommand(Command::new("lisp"));
        let error = command_translate(command, &catalogue).try_get_matches_from(line).unwrap_err();
        usage_error_text(&error, &catalogue).replace(['\u{a0}', '\u{202f}'], " ")
    }

    #[test]
    fn each_mistake_is_said_with_what_was_typed() {
        let fr = |line: &[&str]| said(Language::Fr, line);
        assert!(fr(&["x", "list", "d", "--output", "xml"]).starts_with(
            "erreur : « xml » n'est pas une valeur de « --output <output> » ; valeurs possibles : table, json\n"
        ));
        assert!(fr(&["x", "lst"]).contains("« lst » n'est pas une commande"));
        let two = fr(&["x", "lis"]);
        assert!(
            two.contains("Vouliez-vous dire « lisp » ou « list » ?") || two.contains("« list » ou « lisp » ?"),
            "{two}"
        );
        assert!(fr(&["x"]).contains("il manque une commande"));
        assert!(fr(&["x", "list"]).contains("<device>"));
        assert!(fr(&["x", "list", "d", "--nope"]).contains("« --nope » n'est pas une option"));
        assert!(fr(&["x", "list", "d", "--nope"]).ends_with("--help\n") || fr(&["x", "lst"]).contains("--help"));
        assert!(said(Language::En, &["x", "list"]).starts_with("error: missing: <device>"));
    }
}
