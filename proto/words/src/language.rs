//! Which language people are spoken to in.

use std::ffi::OsString;
use unic_langid::LanguageIdentifier;

/// A language the programs speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// French: the source of every message, and the default.
    #[default]
    Fr,
    /// English.
    En,
}

impl Language {
    /// The language asked for: by the flag, else by the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set (POSIX.1-2024,
    /// XBD 8.2), else French.
    ///
    /// An unknown language, `C` and `POSIX` mean French: they say nothing of the reader, and the programs are made for France.
    #[must_use]
    pub fn choose(flag: Option<&str>, environment: &[Option<&str>]) -> Self {
        let set = environment.iter().flatten().copied().find(|value| !value.is_empty());
        flag.and_then(Self::named).or_else(|| set.and_then(Self::named)).unwrap_or_default()
    }

    /// The language of a tag or locale such as `en`, `fr-FR` or `en_GB.UTF-8`.
    #[must_use]
    pub fn named(tag: &str) -> Option<Self> {
        let primary = tag.split(['_', '-', '.', '@']).next().unwrap_or_default().to_ascii_lowercase();
        match primary.as_str() {
            "fr" => Some(Self::Fr),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The tag, such as `fr`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }

    /// How a local date and time is written, as an `strftime` pattern: `22/11/2026 14:05` or `22 Nov 2026, 14:05`.
    #[must_use]
    pub const fn date_pattern(self) -> &'static str {
        match self {
            Self::Fr => "%d/%m/%Y %H:%M",
            Self::En => "%-d %b %Y, %H:%M",
        }
    }

    pub(crate) fn identifier(self) -> LanguageIdentifier {
        match self {
            Self::Fr => LanguageIdentifier::from_bytes(b"fr-FR").unwrap_or_default(),
            Self::En => LanguageIdentifier::from_bytes(b"en-GB").unwrap_or_default(),
        }
    }
}

/// What `--lang` says in a command line, read before the line is parsed: help and usage errors are translated too.
#[must_use]
pub fn lang_flag(arguments: &[OsString]) -> Option<String> {
    let mut said = None;
    let mut rest = arguments.iter().map(|a| a.to_string_lossy()).take_while(|a| a != "--");
    while let Some(argument) = rest.next() {
        if argument == "--lang" {
            said = rest.next().map(std::borrow::Cow::into_owned);
        } else if let Some(value) = argument.strip_prefix("--lang=") {
            said = Some(value.to_owned());
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_then_environment_then_french() {
        let choose = Language::choose;
        assert_eq!(choose(None, &[None, None, None]), Language::Fr);
        assert_eq!(choose(None, &[None, Some(""), Some("en_GB.UTF-8")]), Language::En);
        assert_eq!(choose(None, &[Some("fr_FR.UTF-8"), None, Some("en_US.UTF-8")]), Language::Fr);
        assert_eq!(choose(None, &[Some("C"), None, Some("en_US.UTF-8")]), Language::Fr);
        assert_eq!(choose(None, &[None, None, Some("de_DE")]), Language::Fr);
        assert_eq!(choose(Some("en"), &[Some("fr_FR")]), Language::En);
        assert_eq!(choose(Some("xx"), &[Some("en_GB")]), Language::En);
    }

    #[test]
    fn the_flag_is_found_before_parsing() {
        let line = |words: &[&str]| lang_flag(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(line(&["x", "--lang", "en", "--help"]).as_deref(), Some("en"));
        assert_eq!(line(&["x", "--lang=fr"]).as_deref(), Some("fr"));
        assert_eq!(line(&["x", "--", "--lang=fr"]), None);
        assert_eq!(line(&["x", "--lang"]), None);
    }
}
