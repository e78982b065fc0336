//! Single values of the register, as exports and spreadsheets write them.

use super::Done;
use crate::establishment::{Kind, Position, siret_is_valid};
use jiff::civil::Date;

/// `1`, `0` and nothing, and what spreadsheets make of them.
pub(super) fn bool_read(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "1" | "1.0" | "oui" | "vrai" | "true" => Some(true),
        "0" | "0.0" | "non" | "faux" | "false" => Some(false),
        _ => None,
    }
}

/// A day as ISO or as people write it, `26/04/1969`.
pub(super) fn date_read(text: &str) -> Option<Date> {
    if let Some(day) = text.get(..10).and_then(|day| day.parse().ok()) {
        return Some(day);
    }
    let mut parts = text.split('/');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// `lat,lon` in degrees, in one string.
pub(super) fn position_read(text: &str) -> Option<Position> {
    let (latitude, longitude) = text.split_once(',')?;
    Some(Position { latitude_e5: degrees_read(latitude, 90)?, longitude_e5: degrees_read(longitude, 180)? })
}

fn degrees_read(text: &str, most: i32) -> Option<i32> {
    let degrees: f64 = text.trim().parse().ok()?;
    if !degrees.is_finite() || degrees.abs() > f64::from(most) {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, reason = "within 180 degrees")]
    let e5 = (degrees * 100_000.0).round() as i32;
    Some(e5)
}

/// The fourteen digits of a SIRET, whose zeros a spreadsheet may have taken.
pub(super) fn siret_read(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let padded = format!("{digits:0>14}");
    (digits.len() > 9 && siret_is_valid(&padded)).then_some(padded)
}

/// A telephone number, ten digits from a zero, and whether the zero had to be put back; of one that is written otherwise, as it is.
pub(super) fn phone_read(text: &str) -> Option<(String, bool)> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '.' | '-')).collect();
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if digits.len() == 9 && all_digits(&digits) && !digits.starts_with('0') {
        return Some((format!("0{digits}"), true));
    }
    let international = digits.strip_prefix('+').unwrap_or(&digits);
    (all_digits(international) && (4..=15).contains(&international.len())).then_some((digits, false))
}

/// What the register calls a type of establishment.
pub(super) fn kind_read(text: &str) -> Option<Kind> {
    let (text, _) = tidy(text);
    let folded: String = text.to_lowercase().chars().map(plain).collect();
    Some(match folded.as_str() {
        "ecole" => Kind::Primary,
        "college" => Kind::College,
        "lycee" => Kind::Lycee,
        "erea" => Kind::Erea,
        "medico-social" => Kind::MedicoSocial,
        "service administratif" => Kind::Administrative,
        "information et orientation" => Kind::Guidance,
        _ => return None,
    })
}

/// A text without what is no text, its accents put right where UTF-8 was taken for Latin-1; says what was done.
pub(super) fn tidy(text: &str) -> (String, Option<Done>) {
    let mut done = None;
    let mut tidied = text.to_owned();
    if text.contains(['Ã', 'Â'])
        && let Some(right) = accents_read(text)
    {
        (tidied, done) = (right, Some(Done::Accents));
    }
    if tidied.chars().any(char::is_control) {
        let spaced: String = tidied.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        (tidied, done) = (spaced.split_whitespace().collect::<Vec<_>>().join(" "), Some(Done::Controls));
    }
    (tidied, done)
}

/// A text whose UTF-8 was read as Latin-1, read as UTF-8.
fn accents_read(text: &str) -> Option<String> {
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    String::from_utf8(bytes?).ok()
}

fn plain(c: char) -> char {
    match c {
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'à' | 'â' => 'a',
        'î' | 'ï' => 'i',
        'ô' => 'o',
        'û' | 'ù' => 'u',
        'ç' => 'c',
        c => c,
    }
}
