//! Names as they compare: without case, accents, hyphens and apostrophes, which no two programs write alike.

use crate::audit::WHY_CHARS_MAX;
use crate::error::{Error, Result};

/// The shortest reason that says something, in characters.
const WHY_CHARS_MIN: usize = 3;
/// What stands for a name in a reason.
const HIDDEN: &str = "[…]";

/// A name as it compares: words of `a-z0-9`, one space between them.
#[must_use]
pub fn folded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars().flat_map(char::to_lowercase) {
        match plain(c) {
            Some(letters) => text.push_str(letters),
            None if c.is_alphanumeric() => text.push(c),
            // An accent of its own (U+0301) belongs to the letter before it.
            None if matches!(c, '\u{300}'..='\u{36f}') => {}
            None if text.ends_with(' ') || text.is_empty() => {}
            None => text.push(' '),
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// A reason as it may stand in the audit: without the words of these names, because what is kept there must name nobody.
///
/// # Errors
/// `Invalid` when it says nothing.
pub fn why_hidden(why: &str, names: &[String]) -> Result<String> {
    let why = why.trim();
    if why.chars().count() < WHY_CHARS_MIN || why.chars().count() > WHY_CHARS_MAX || folded(why).is_empty() {
        return Err(Error::Invalid(format!(
            "say why an identity is looked at, in {WHY_CHARS_MIN} to {WHY_CHARS_MAX} characters"
        )));
    }
    let hidden = |word: &str| names.iter().any(|name| name.chars().count() > 1 && *name == folded(word));
    let mut text = String::new();
    let mut rest = why;
    while let Some(first) = rest.chars().next() {
        let lettered = |c: char| c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36f}');
        let inside = lettered(first);
        let end = rest.find(|c| lettered(c) != inside).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        text.push_str(if inside && hidden(word) { HIDDEN } else { word });
        rest = after;
    }
    Ok(text)
}

/// The plain letters of one with an accent, and of two written as one.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ç' | 'ć' | 'č' => "c",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ő' => "o",
        'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' => "u",
        'ý' | 'ÿ' => "y",
        'š' | 'ś' | 'ş' | 'ș' => "s",
        'ž' | 'ź' | 'ż' => "z",
        'ł' => "l",
        'đ' | 'ď' => "d",
        'ğ' => "g",
        'ř' => "r",
        'ť' | 'ţ' | 'ț' => "t",
        'œ' => "oe",
        'æ' => "ae",
        'ß' => "ss",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_compare_whatever_a_program_writes() {
        for (one, other) in [
            ("Éléonore", "ELEONORE"),
            ("D'Exemple-Ville", "d exemple ville"),
            ("Œuvrard", "OEUVRARD"),
            ("  Jean   Paul ", "jean-paul"),
            ("E\u{301}le\u{301}a", "éléa"),
            ("D’Essai", "D'ESSAI"),
        ] {
            assert_eq!(folded(one), folded(other), "{one}");
        }
        assert_ne!(folded("Jeanne"), folded("Jean"));
        assert_eq!(folded(" -' "), "");
    }

    #[test]
    fn a_reason_keeps_no_name() {
        let names = ["zzexemple", "lea", "d"].map(str::to_owned);
        let hidden = |why: &str| why_hidden(why, &names).unwrap();
        assert_eq!(hidden("appel de Mme Zzexemple, pour Léa"), "appel de Mme […], pour […]");
        assert_eq!(hidden("ZZEXEMPLE: retard"), "[…]: retard");
        assert_eq!(hidden("la cléa reste"), "la cléa reste");
        assert!(why_hidden("..", &names).is_err() && why_hidden("…—…", &names).is_err());
        assert!(why_hidden(&"a".repeat(401), &names).is_err());
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(name in ".{0,40}") {
            let once = folded(&name);
            prop_assert_eq!(folded(&once), once.clone());
            prop_assert!(!once.contains("  ") && once.trim() == once);
        }

        #[test]
        fn no_word_of_the_names_is_left(why in "[a-zéÉ ',.]{3,60}", name in "[a-z]{2,6}") {
            if let Ok(text) = why_hidden(&why, std::slice::from_ref(&name)) {
                prop_assert!(!folded(&text).split(' ').any(|word| word == name));
            }
        }
    }
}
