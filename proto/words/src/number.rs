//! Numbers, sizes and spans of time as people write them.

use crate::{Catalogue, Language, Value};

/// A number with a fixed count of decimals: `12,5` in French, `12.5` in English.
#[must_use]
pub fn decimal_text(language: Language, number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    match language {
        Language::Fr => text.replace('.', ","),
        Language::En => text,
    }
}

/// A size in decimal units (SI), as disks and memory are sold: `512 Go` or `512 GB`; at most three digits.
#[must_use]
pub fn bytes_text(language: Language, bytes: u64) -> String {
    const UNITS: [(&str, &str); 5] = [("o", "B"), ("ko", "kB"), ("Mo", "MB"), ("Go", "GB"), ("To", "TB")];
    // A size beyond 2^53 bytes is shown in terabytes, where the lost bits do not show.
    #[allow(clippy::cast_precision_loss)]
    let mut number = bytes as f64;
    let mut at = 0;
    // 999.5 would be rounded to 1000.
    while number >= 999.5 && at + 1 < UNITS.len() {
        number /= 1000.0;
        at += 1;
    }
    let decimals = usize::from(at > 0 && number < 9.95);
    let (fr, en) = UNITS[at];
    let unit = if language == Language::Fr { fr } else { en };
    format!("{}\u{a0}{unit}", decimal_text(language, number, decimals))
}

/// A span of time in its two largest units: `2 jours 3 h`, `15 min`, `40 s`.
#[must_use]
pub fn span_text(catalogue: &Catalogue, seconds: u64) -> String {
    let parts = [
        ("span-days", seconds / 86_400),
        ("span-hours", seconds % 86_400 / 3_600),
        ("span-minutes", seconds % 3_600 / 60),
        ("span-seconds", seconds % 60),
    ];
    let first = parts.iter().position(|(_, n)| *n > 0).unwrap_or(parts.len() - 1);
    let said = parts.iter().skip(first).take(2).filter(|(_, n)| *n > 0 || seconds == 0);
    said.map(|(key, n)| catalogue.text_with(key, &[("n", Value::count(*n))])).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_spans_read_well() {
        let size = |bytes| bytes_text(Language::Fr, bytes).replace('\u{a0}', " ");
        assert_eq!([size(0), size(999), size(1_000), size(999_999)], ["0 o", "999 o", "1,0 ko", "1,0 Mo"]);
        assert_eq!([size(512_110_190_592), size(u64::MAX)], ["512 Go", "18446744 To"]);
        assert_eq!(bytes_text(Language::En, 8_250_000_000), "8.2\u{a0}GB");
        let fr = Catalogue::new(Language::Fr, "", "");
        let span = |seconds| span_text(&fr, seconds).replace('\u{a0}', " ");
        assert_eq!([span(0), span(40), span(900), span(7_200)], ["0 s", "40 s", "15 min", "2 h"]);
        assert_eq!([span(86_400), span(183_600), span(604_805)], ["1 jour", "2 jours 3 h", "7 jours"]);
    }
}
