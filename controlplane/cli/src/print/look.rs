//! How single values look to people: dates, sizes, spans, the unknown.

use comfy_table::Color;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use words::{Catalogue, Value, bytes_text, decimal_text, span_text};

/// The reader's language, zone and terminal.
#[derive(Clone, Debug)]
pub(crate) struct Look<'a> {
    pub(crate) words: &'a Catalogue,
    pub(crate) zone: TimeZone,
    pub(crate) colour: bool,
}

/// What a value means, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing in particular.
    Plain,
    /// As it should be.
    Good,
    /// To be looked at.
    Warning,
    /// To be acted upon.
    Bad,
    /// Not known.
    Faint,
}

impl Look<'_> {
    pub(crate) fn text(&self, key: &str) -> String {
        self.words.text(key)
    }

    /// The unknown, said as such.
    pub(crate) fn unknown(&self) -> String {
        self.words.text("unknown")
    }

    /// A moment in local form; the unknown for 0, by which messages mean none.
    pub(crate) fn date(&self, unix_ms: i64) -> String {
        let Some(moment) = moment(unix_ms) else { return self.unknown() };
        moment.to_zoned(self.zone.clone()).strftime(self.words.language().date_pattern()).to_string()
    }

    /// A day, `YYYY-MM-DD`, in local form; as it stands when it is none.
    pub(crate) fn day(&self, day: &str) -> String {
        let pattern = if self.words.language() == words::Language::Fr { "%d/%m/%Y" } else { "%-d %b %Y" };
        day.parse::<jiff::civil::Date>().map_or_else(|_| day.to_owned(), |day| day.strftime(pattern).to_string())
    }

    pub(crate) fn bytes(&self, bytes: u64) -> String {
        bytes_text(self.words.language(), bytes)
    }

    pub(crate) fn span(&self, seconds: u64) -> String {
        span_text(self.words, seconds)
    }

    pub(crate) fn decimal(&self, number: f64, decimals: usize) -> String {
        decimal_text(self.words.language(), number, decimals)
    }

    /// What stands before the cents.
    pub(crate) fn decimal_mark(&self) -> char {
        if self.words.language() == words::Language::Fr { ',' } else { '.' }
    }

    /// A count with its digits in groups of three (a narrow space in French, a comma in English).
    pub(crate) fn number(&self, number: u64) -> String {
        let digits = number.to_string();
        let gap = if self.words.language() == words::Language::Fr { '\u{202f}' } else { ',' };
        let mut text = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(gap);
            }
            text.push(digit);
        }
        text
    }

    /// A colon: French sets a space before it.
    pub(crate) fn colon(&self) -> &'static str {
        if self.words.language() == words::Language::Fr { "\u{a0}:" } else { ":" }
    }

    /// Why something does not hold, in words where there are some: a newer agent may know others.
    pub(crate) fn reason(&self, code: &str) -> String {
        reason_text(code, self.words)
    }

    /// A sentence about a count.
    pub(crate) fn count(&self, key: &str, n: usize) -> String {
        self.words.text_with(key, &[("n", Value::count(u64::try_from(n).unwrap_or(u64::MAX)))])
    }

    pub(crate) fn yes(&self, yes: bool) -> String {
        self.words.text(if yes { "yes" } else { "no" })
    }
}

impl Tone {
    /// The text in its colour (ECMA-48 SGR).
    pub(crate) fn paint(self, text: &str, colour: bool) -> String {
        let code = match self {
            Self::Plain => return text.to_owned(),
            _ if !colour => return text.to_owned(),
            Self::Good => "32",
            Self::Warning => "33",
            Self::Bad => "31",
            Self::Faint => "2",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    pub(crate) const fn table_colour(self) -> Option<Color> {
        match self {
            Self::Plain => None,
            Self::Good => Some(Color::DarkGreen),
            Self::Warning => Some(Color::DarkYellow),
            Self::Bad => Some(Color::DarkRed),
            Self::Faint => Some(Color::DarkGrey),
        }
    }
}

/// A moment as programs read it (RFC 3339, UTC, to the millisecond); nothing for 0, by which messages mean none.
pub(crate) fn rfc3339(unix_ms: i64) -> Option<String> {
    moment(unix_ms).map(|moment| format!("{moment:.3}"))
}

fn moment(unix_ms: i64) -> Option<Timestamp> {
    (unix_ms != 0).then(|| Timestamp::from_millisecond(unix_ms).ok()).flatten()
}

/// Why something does not hold, in words where there are some.
pub(crate) fn reason_text(code: &str, words: &Catalogue) -> String {
    words.find(&format!("condition-reason-{code}"), None).unwrap_or_else(|| clean(code))
}

/// A text that cannot steer the terminal: devices choose their own names, and control or direction characters in them could
/// hide or forge what a person reads.
pub(crate) fn clean(text: &str) -> String {
    let steers = |c: char| {
        c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}
