use super::*;

#[test]
fn a_sentence_is_known_by_its_shape() {
    let known = |text: &str| answer_known(text).map(|(key, parts)| (key, parts.into_iter().map(|p| p.1).collect()));
    let said = |key, parts: &[&str]| Some((key, parts.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>()));
    assert_eq!(known("no such device \"x\""), said("answer-device", &["\"x\""]));
    assert_eq!(known("a kit token lets in 1 to 40 devices, not 99"), said("answer-kit-uses", &["40", "99"]));
    assert_eq!(known("several devices fit: a, b; give the whole id"), said("answer-ambiguous", &["a, b"]));
    assert_eq!(known("the text is too long"), said("answer-text", &[]));
    assert_eq!(known("the text is too long, much"), None);
    assert_eq!(known("something else"), None);
}

/// The other side may be reworded; the shapes then no longer fit anything.
#[test]
fn the_control_plane_still_says_so() {
    let mut sources = String::new();
    for folder in ["../core/src", "../server/src", "../../proto/model/src"] {
        let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    sources.push_str(&std::fs::read_to_string(path).unwrap());
                }
            }
        }
    }
    for (shape, _) in SHAPES {
        // `no such {0}` is put together from two places.
        let shape = shape.strip_prefix("no such ").unwrap_or(shape);
        for piece in shape.split('*').filter(|piece| !piece.is_empty()) {
            assert!(sources.contains(piece), "nothing says {piece:?} any more");
        }
    }
}
/// The sentences with which loans, kits, equipment, campaigns and stock counts are refused, `x` for what changes.
fn refusals() -> Vec<String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for at in ["../core/src", "../server/src/admin"] {
        for noun in ["loan", "class", "kit", "asset", "campaign", "stocktake", "lesson", "policy", "unblock"] {
            paths.push(root.join(at).join(format!("{noun}.rs")));
            let folder = std::fs::read_dir(root.join(at).join(noun));
            paths.extend(folder.into_iter().flatten().map(|entry| entry.unwrap().path()));
        }
    }
    let mut said = Vec::new();
    for path in paths.iter().filter(|path| !path.ends_with("tests.rs")) {
        let Ok(source) = std::fs::read_to_string(path) else { continue };
        let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for marker in ["Invalid(", "Expired(", "Denied(", "invalid(", "refused(", "let text ="] {
            for rest in source.split(marker).skip(1) {
                let rest = rest.trim_start();
                let rest = rest.strip_prefix("format!(").unwrap_or(rest).trim_start();
                said.extend(rest.strip_prefix('"').map(sentence));
            }
        }
    }
    said
}

/// A literal up to its end, with `x` in the place of each value.
fn sentence(literal: &str) -> String {
    let (mut text, mut inside) = (String::new(), false);
    let mut characters = literal.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' if characters.peek() == Some(&'\n') => {
                while characters.peek().is_some_and(|c| c.is_whitespace()) {
                    characters.next();
                }
            }
            '\\' => text.extend(characters.next()),
            '{' => {
                inside = true;
                text.push('x');
            }
            '}' => inside = false,
            _ if inside => {}
            other => text.push(other),
        }
    }
    text
}

#[test]
fn no_refusal_of_a_loan_a_kit_or_equipment_is_left_in_english() {
    let said = refusals();
    assert!(said.len() > 100, "{}", said.len());
    let unknown: Vec<&String> = said.iter().filter(|text| text.contains(' ') && answer_known(text).is_none()).collect();
    assert_eq!(unknown, Vec::<&String>::new());
}
