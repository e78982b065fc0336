//! What machines say of themselves, made fit to be kept.

/// Text as evidence, without characters that print nothing or stand for bytes that were not text.
pub(super) fn evidence(text: &str) -> Option<String> {
    let shows = |c: &char| *c != char::REPLACEMENT_CHARACTER && model::inventory::is_shown(*c);
    model::device::evidence(&text.chars().filter(shows).collect::<String>())
}

/// `MM/DD/YYYY`, or `MM/DD/YY` in the last century (SMBIOS 3.7, 7.1), as `YYYY-MM-DD`.
pub(super) fn firmware_date(text: &str) -> Option<String> {
    let mut parts = text.split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if parts.next().is_some() || ![month, day, year].into_iter().all(digits) {
        return None;
    }
    let year: i16 = match year.len() {
        4 => year.parse().ok()?,
        2 => year.parse::<i16>().ok()? + 1900,
        _ => return None,
    };
    let date = jiff::civil::Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()?;
    (1980..2100).contains(&year).then(|| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_checked() {
        assert_eq!(firmware_date("04/19/2023").as_deref(), Some("2023-04-19"));
        assert_eq!(firmware_date("12/01/99").as_deref(), Some("1999-12-01"));
        for bad in ["", "0", "2023-04-19", "02/30/2023", "13/01/2023", "-1/01/2023", "04/19/20233", "04/19/2023/1"] {
            assert_eq!(firmware_date(bad), None, "{bad}");
        }
    }
}
