//! What UT1 says of its categories: `usage` of one, `global_usage` of all, with their names in French and English.

use model::lists::LABEL_SIGNS_MAX;
use std::collections::BTreeMap;

/// What is said of a category.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Whether it holds names to allow, where that is said.
    pub(super) white: Option<bool>,
    pub(super) label_fr: Option<String>,
    pub(super) label_en: Option<String>,
}

/// Reads `global_usage`: blocks of `FIELD: value`, each begun by `NAME`.
pub(super) fn global_usage_read(bytes: &[u8]) -> BTreeMap<String, Told> {
    let (mut told, mut now) = (BTreeMap::<String, Told>::new(), None);
    for line in text(bytes).lines() {
        let Some((field, value)) = line.split_once(':') else { continue };
        let (field, value) = (field.trim().to_ascii_uppercase(), value.trim());
        if field == "NAME" {
            now = Some(value.to_owned());
        }
        let Some(one) = now.as_ref().map(|name| told.entry(name.clone()).or_default()) else { continue };
        match field.as_str() {
            "DEFAULT_TYPE" => one.white = Some(value.eq_ignore_ascii_case("white")),
            // The short name before the description, whichever comes first.
            "NAME FR" => one.label_fr = label(value).or(one.label_fr.take()),
            "NAME EN" => one.label_en = label(value).or(one.label_en.take()),
            "DESC FR" => one.label_fr = one.label_fr.take().or_else(|| label(value)),
            "DESC EN" => one.label_en = one.label_en.take().or_else(|| label(value)),
            _ => {}
        }
    }
    told
}

/// Whether a category's own `usage` says that it holds names to allow and nothing else.
pub(super) fn usage_is_white(bytes: &[u8]) -> bool {
    let text = text(bytes);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let is = |word: &str, line: &str| line.eq_ignore_ascii_case(word);
    lines.clone().any(|line| is("white", line)) && !lines.any(|line| is("black", line))
}

/// As it may stand on one line.
fn label(value: &str) -> Option<String> {
    let plain: String = value.chars().filter(|c| !c.is_control()).take(LABEL_SIGNS_MAX).collect();
    let plain = plain.trim();
    (!plain.is_empty()).then(|| plain.to_owned())
}

/// UTF-8, and Latin-1 where it is none: old files of the list are.
fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(
        |_| bytes.iter().map(|byte| char::from(*byte)).collect(),
        |text| text.trim_start_matches('\u{feff}').to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_colours_are_read_whatever_the_encoding() {
        let text = "NAME: bank\nDEFAULT_TYPE:\twhite\nSOURCE: x\nDESC FR: Les banques\nNAME FR: Banques\n\nNAME:drogue\nDEFAULT_TYPE: black\nDESC EN:  Drugs\n";
        let told = global_usage_read(text.as_bytes());
        assert_eq!((told["bank"].white, told["drogue"].white), (Some(true), Some(false)));
        assert_eq!(
            (told["bank"].label_fr.as_deref(), told["drogue"].label_en.as_deref()),
            (Some("Banques"), Some("Drugs"))
        );
        let latin = global_usage_read(b"NAME: sect\nNAME FR: Pratiques sectaires d\xe9crites\n");
        assert_eq!(latin["sect"].label_fr.as_deref(), Some("Pratiques sectaires décrites"));
        let long = global_usage_read(format!("NAME: a\nNAME FR: {}\u{7}\n", "é".repeat(300)).as_bytes());
        assert_eq!(long["a"].label_fr.as_ref().map(|label| label.chars().count()), Some(120));
        assert!(global_usage_read(b"DEFAULT_TYPE: white\nno colon\n\xff\xfe\n").is_empty());
        assert!(usage_is_white(b"# white and black\nwhite\nbank\n"));
        assert!(!usage_is_white(b"black\nwhite\nadult\n") && !usage_is_white(b""));
    }
}
