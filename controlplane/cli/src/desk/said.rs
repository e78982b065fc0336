//! What a desk says: a message of the catalogue, its values, and how it is meant.

use crate::print::Tone;
use words::{Catalogue, Value};

/// A sentence to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// How it is meant.
    pub(crate) tone: Tone,
    /// The message's key.
    pub(crate) key: String,
    values: Vec<(&'static str, Datum)>,
}

/// A value in it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Datum {
    /// As it is.
    Text(String),
    /// A word of the catalogue, by its key, and what is said without one.
    Word(String, String),
}

impl Said {
    /// An act of this name was done.
    pub(crate) fn done(name: &str) -> Self {
        Self { tone: Tone::Good, key: format!("desk-said-done-{}", name.replace('_', "-")), values: Vec::new() }
    }

    /// Something to know.
    pub(crate) fn warning(key: &'static str) -> Self {
        Self { tone: Tone::Warning, key: key.to_owned(), values: Vec::new() }
    }

    /// Something was not done.
    pub(crate) fn bad(key: &'static str) -> Self {
        Self { tone: Tone::Bad, key: key.to_owned(), values: Vec::new() }
    }

    /// With a text.
    pub(crate) fn text(mut self, name: &'static str, text: &str) -> Self {
        self.values.push((name, Datum::Text(crate::print::clean(text))));
        self
    }

    /// With a word of the catalogue.
    pub(crate) fn word(mut self, name: &'static str, key: String, word: &str) -> Self {
        self.values.push((name, Datum::Word(key, word.to_owned())));
        self
    }

    /// In the reader's language.
    pub(crate) fn say(&self, words: &Catalogue) -> String {
        let value = |datum: &Datum| match datum {
            Datum::Text(text) => Value::from(text.as_str()),
            Datum::Word(key, word) => {
                Value::from(words.find(&key.replace('_', "-"), None).unwrap_or_else(|| word.clone()))
            }
        };
        let values: Vec<(&str, Value)> = self.values.iter().map(|(name, datum)| (*name, value(datum))).collect();
        words.text_with(&self.key, &values)
    }
}
