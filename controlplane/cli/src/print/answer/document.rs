//! Where a policy's document is not as it must be, in the reader's language.

use super::{sentence_text, shape_match};
use words::Catalogue;

/// What the reader of TOML says, which is nobody's of ours.
const READER: &[(&str, &str)] = &[
    ("unknown field *, expected one of *", "answer-document-field"),
    ("unknown field *, expected *", "answer-document-field"),
    ("unknown variant *, expected one of *", "answer-document-value"),
    ("unknown variant *, expected *", "answer-document-value"),
    ("invalid type: *, expected *", "answer-document-type"),
];

/// The line, the key and what is wrong there, as far as there are words for it; a word in a document stands as it is.
pub(super) fn fault_text(text: &str, words: &Catalogue) -> String {
    let (line, rest) = match text.strip_prefix("line ").and_then(|rest| rest.split_once([',', ':'])) {
        Some((line, rest)) if line.bytes().all(|b| b.is_ascii_digit()) => (Some(line), rest.trim_start()),
        _ => (None, text),
    };
    // Without a key the line is followed by what is wrong.
    let is_key = |key: &str| !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
    let (key, why) = match rest.split_once(": ") {
        Some((key, why)) if is_key(key) => (Some(key), why),
        _ => (None, rest),
    };
    let line = line.map(|line| words.text_with("answer-document-at", &[("line", line.into())]));
    let place: Vec<String> = line.into_iter().chain(key.map(super::super::clean)).collect();
    let why = why_text(why, words);
    if place.is_empty() {
        return why;
    }
    words.text_with("answer-document", &[("place", place.join(", ").into()), ("why", why.into())])
}

fn why_text(why: &str, words: &Catalogue) -> String {
    let reader = READER.iter().find_map(|(shape, key)| Some((key, shape_match(shape, why)?)));
    let Some((key, parts)) = reader else { return sentence_text(why, words) };
    let values: Vec<_> =
        ["one", "two"].into_iter().zip(parts.into_iter().map(|part| super::super::clean(part).into())).collect();
    words.text_with(key, &values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EN, FR};
    use words::Language;

    #[test]
    fn a_mistake_in_a_document_is_said_in_both_languages() {
        let (fr, en) = (Catalogue::new(Language::Fr, FR, EN), Catalogue::new(Language::En, FR, EN));
        for (text, french) in [
            (
                "line 2, youtube: unknown variant `sometimes`, expected one of `off`, `moderate`, `strict`",
                "ligne 2, youtube\u{a0}: `sometimes` n'est pas une valeur connue\u{202f}; sont possibles `off`, `moderate`, `strict`",
            ),
            (
                "line 1, blok: unknown field `blok`, expected one of `name`, `contact`",
                "ligne 1, blok\u{a0}: `blok` n'est pas une clé connue\u{202f}; sont possibles `name`, `contact`",
            ),
            (
                "line 4, safe_search: invalid type: string \"yes\", expected a boolean",
                "ligne 4, safe_search\u{a0}: string \"yes\" ne convient pas\u{202f}; attendu\u{a0}: a boolean",
            ),
            ("open_names: a.fr is blocked too", "open_names\u{a0}: a.fr est aussi bloqué"),
            ("line 3: only block takes \"all\"", "ligne 3\u{a0}: seule la clé block connaît \"all\""),
            ("a policy is at most 65536 bytes", "une politique a au plus 65536 octets"),
            ("line 9: something new", "ligne 9\u{a0}: something new"),
        ] {
            assert_eq!(fault_text(text, &fr), french);
            let english = fault_text(text, &en);
            assert!(english.starts_with(text.split(": ").next().unwrap()), "{english}");
        }
    }
}
