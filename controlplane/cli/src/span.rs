//! Spans of time as they are typed.

use crate::Error;

/// The seconds of a span such as `30m`, `2h`, `7d` or `1h30m`; French `j` is a day too.
///
/// A number without a unit is refused: nobody can tell what it means.
pub(crate) fn span_read(text: &str) -> Result<u64, Error> {
    let bad = || Error::usage("error-span", &[("value", text)]);
    let mut total = 0_u64;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
        let number: u64 = rest[..digits].parse().map_err(|_| bad())?;
        let unit = rest[digits..].chars().next().ok_or_else(bad)?;
        let seconds = match unit.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' | 'j' => 86_400,
            'w' => 604_800,
            _ => return Err(bad()),
        };
        total = number.checked_mul(seconds).and_then(|s| total.checked_add(s)).ok_or_else(bad)?;
        rest = &rest[digits + unit.len_utf8()..];
    }
    if total == 0 { Err(bad()) } else { Ok(total) }
}

/// The same, for a field of 32 bits.
pub(crate) fn span_read_u32(text: &str) -> Result<u32, Error> {
    u32::try_from(span_read(text)?).map_err(|_| Error::usage("error-span", &[("value", text)]))
}

/// Hours such as `08:00-18:00` or `8h30-16h00`, in minutes of the day.
pub(crate) fn hours_read(text: &str) -> Option<(u32, u32)> {
    let minute = |text: &str| {
        let (hour, minute) = text.trim().split_once([':', 'h'])?;
        let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour <= 24 && minute < 60).then_some(hour * 60 + minute)
    };
    let (from, until) = text.split_once('-')?;
    minute(from).zip(minute(until))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_needed_and_add_up() {
        for (text, seconds) in
            [("30m", 1800), ("2h", 7200), ("7d", 604_800), ("7J", 604_800), ("1h30m", 5400), (" 45s ", 45)]
        {
            assert_eq!(span_read(text).unwrap(), seconds, "{text}");
        }
        for bad in ["", "0s", "10", "h", "-1h", "1.5h", "1y", "1é", "99999999999999999999d", "9999999999999999d"] {
            assert!(matches!(span_read(bad), Err(Error::Usage { .. })), "{bad}");
        }
    }
}
