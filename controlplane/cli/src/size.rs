//! Sizes as they are typed.

use crate::Error;

/// The bytes of a size such as `500M`, `20G` or `1,5G`: units of 1,024. A number without one is bytes.
pub(crate) fn size_read(text: &str) -> Result<u64, Error> {
    let bad = || Error::usage("error-size", &[("value", &crate::print::clean(text))]);
    let plain = text.trim().to_uppercase().replace(',', ".");
    let plain = plain.trim_end_matches("IB").trim_end_matches(['B', 'O']);
    let (number, unit) = match plain.char_indices().last() {
        Some((at, sign)) if sign.is_ascii_alphabetic() => (&plain[..at], Some(sign)),
        _ => (plain, None),
    };
    let shift = match unit {
        None => 0,
        Some('K') => 10,
        Some('M') => 20,
        Some('G') => 30,
        Some('T') => 40,
        Some(_) => return Err(bad()),
    };
    // Of a fraction three digits count: nobody types more.
    let (whole, part) = number.trim().split_once('.').unwrap_or((number.trim(), ""));
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    if !digits(whole) || (number.contains('.') && !(digits(part) && part.len() <= 3)) {
        return Err(bad());
    }
    let whole: u64 = whole.parse().map_err(|_| bad())?;
    let thousandths: u64 = if part.is_empty() { 0 } else { format!("{part:0<3}").parse().map_err(|_| bad())? };
    let unit = 1_u64 << shift;
    whole.checked_mul(unit).and_then(|bytes| bytes.checked_add(thousandths * unit / 1_000)).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_of_1024_and_what_is_none_is_refused() {
        for (text, bytes) in [
            ("0", 0),
            ("512", 512),
            ("2k", 2_048),
            ("500M", 500 << 20),
            ("20 GiB", 20 << 30),
            ("1,5G", 3 << 29),
            ("4Mo", 4 << 20),
        ] {
            assert_eq!(size_read(text).unwrap(), bytes, "{text}");
        }
        for bad in ["", "G", "-1", "1.G", "1.2345G", "1X", "99999999999999T", "1 2G"] {
            assert!(size_read(bad).is_err(), "{bad}");
        }
    }
}
