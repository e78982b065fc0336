//! Where a document is not as it must be.

use std::fmt;

/// Where a document is not as it must be, and what would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentError {
    /// The line, from 1; none where it is about the whole.
    pub line: Option<usize>,
    /// The key, such as `youtube`; empty where it is about the whole.
    pub key: String,
    /// What is wrong, and what is allowed.
    pub why: String,
}

impl DocumentError {
    /// About the whole.
    pub(super) fn whole(why: impl Into<String>) -> Self {
        Self { line: None, key: String::new(), why: why.into() }
    }

    /// About a key, on the first line that holds a word.
    pub(super) fn at(text: &str, key: &str, word: &str, why: impl Into<String>) -> Self {
        let line = text.lines().position(|line| line.contains(word)).map(|at| at + 1);
        Self { line, key: key.to_owned(), why: why.into() }
    }

    /// What the parser says of a text.
    pub(super) fn parsed(text: &str, error: &toml::de::Error) -> Self {
        let start = error.span().map(|span| span.start.min(text.len()));
        let before = start.and_then(|start| text.get(..start));
        let line = before.map(|before| before.bytes().filter(|byte| *byte == b'\n').count() + 1);
        let lines = line.map_or(0, |line| line);
        let key = text.lines().take(lines).filter_map(key_of).last().unwrap_or_default();
        let why: String = error.message().chars().filter(|c| !c.is_control() || *c == '\n').take(400).collect();
        Self { line, key: key.chars().take(60).collect(), why: why.replace('\n', " ") }
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.key.as_str()) {
            (Some(line), "") => write!(f, "line {line}: {}", self.why),
            (Some(line), key) => write!(f, "line {line}, {key}: {}", self.why),
            (None, "") => f.write_str(&self.why),
            (None, key) => write!(f, "{key}: {}", self.why),
        }
    }
}

impl std::error::Error for DocumentError {}

/// The key that a line gives a value, or the table that it begins.
fn key_of(line: &str) -> Option<&str> {
    let line = line.trim();
    if let Some(table) = line.strip_prefix('[') {
        return table.split_once(']').map(|(name, _)| name.trim());
    }
    let (key, _) = line.split_once('=')?;
    let key = key.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '.';
    (!key.is_empty() && key.chars().all(plain)).then_some(key)
}
