//! Words on screen: which language, and the message for each key.
//!
//! Three programs speak French and English, and the agent may not see the control plane; so looking a message up is
//! protocol's neighbour under `proto/`, and pure: the texts are embedded by each program, the environment comes in as values.

mod catalogue;
mod check;
mod help;
mod language;
mod number;
mod shell;
mod typography;
mod usage;

pub use catalogue::{Catalogue, Value};
pub use check::{catalogue_check, command_check};
pub use help::command_translate;
pub use language::{Language, lang_flag};
pub use number::{bytes_text, decimal_text, span_text};
pub use shell::shell_word;
pub use usage::{choice_text, usage_error_text};

/// The messages of this crate itself: clap's headings, its usage errors, spans of time.
const OWN_FR: &str = include_str!("../i18n/fr.ftl");
const OWN_EN: &str = include_str!("../i18n/en.ftl");

#[cfg(test)]
mod tests {
    #[test]
    fn own_messages_are_in_both_languages() {
        assert_eq!(super::catalogue_check(super::OWN_FR, super::OWN_EN), Vec::<String>::new());
    }
}
