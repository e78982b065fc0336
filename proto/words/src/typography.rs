//! French typography: signs that must not stand at the beginning of a line, or apart from what they belong to.
//!
//! Before `: ; ? ! »` and after `«` French sets a space, and a terminal that wraps lines must not break there (Imprimerie
//! nationale, Lexique des règles typographiques, « Ponctuation »): U+00A0 before `:` and within quotation marks, U+202F before
//! the others.

/// A space that does not break a line, wide or narrow.
const BOUND: [char; 2] = ['\u{a0}', '\u{202f}'];

/// The lines of a French Fluent source where a sign has a plain space, or a quotation mark has none.
pub(crate) fn typography_faults(source: &str) -> Vec<String> {
    let lines = source.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
    let wrong = lines.filter(|(_, line)| is_wrong(&bare(line)));
    wrong.map(|(at, line)| format!("fr line {}: a plain space at a sign: {}", at + 1, line.trim())).collect()
}

fn is_wrong(line: &str) -> bool {
    let mut before = None;
    let mut rest = line.chars().peekable();
    while let Some(sign) = rest.next() {
        let after = rest.peek().copied();
        let wrong = match sign {
            ':' | ';' | '?' | '!' => before == Some(' '),
            '»' => !before.is_some_and(|c| BOUND.contains(&c)),
            '«' => !after.is_some_and(|c| BOUND.contains(&c)),
            _ => false,
        };
        if wrong {
            return true;
        }
        before = Some(sign);
    }
    false
}

/// The line without what people copy as it stands: placeables, words between quotation marks of programs, addresses, commands.
fn bare(line: &str) -> String {
    let mut bare = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '{' => rest.find('}').map(|at| at + 1),
            '`' | '"' => rest[1..].find(first).map(|at| at + 2),
            _ if rest.starts_with("cartable") && bare.ends_with(BOUND) => command_end(rest),
            _ => None,
        };
        match end {
            // A literal such as {"\u{a0}"} ends in what the reader sees.
            Some(end) if rest[..end].contains(BOUND) && first == '{' => bare.push(BOUND[0]),
            Some(_) => bare.push('x'),
            None => bare.push(first),
        }
        rest = &rest[end.unwrap_or(first.len_utf8())..];
    }
    // An address has its own signs, without spaces: those after a plain space within it belong to nobody.
    let word = |word: &str| if word.contains("://") { "x".to_owned() } else { word.to_owned() };
    bare.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// A command within quotation marks goes to the space before the closing one.
fn command_end(rest: &str) -> Option<usize> {
    rest.find('»').and_then(|at| rest[..at].trim_end_matches([' ', '\u{a0}', '\u{202f}']).len().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_space_at_a_sign_is_a_fault() {
        for wrong in [
            "a = Erreur : non",
            "a = Vrai ?",
            "a = un ; deux",
            "a = Non !",
            "a = « oui\u{a0}»",
            "a = «\u{a0}oui »",
            "a = «oui»",
            "a = { $x } : oui",
            "    .next = voir : oui",
            "a = lancez «\u{a0}cartable run » puis",
        ] {
            assert_eq!(typography_faults(wrong).len(), 1, "{wrong}");
        }
    }

    #[test]
    fn good_french_commands_addresses_and_placeables_are_spared() {
        for good in [
            "# Une note : libre",
            "a = Erreur\u{a0}: «\u{a0}{ $x }\u{a0}»\u{202f}; vraiment\u{202f}?",
            "a = écrivez https://nom:port, à 14:05",
            "a = écrivez server = \"a : b\" ou `true ; false`",
            "a = lancez «\u{a0}cartable device list ; ls\u{a0}»",
            "a = Options{\"\u{a0}\"}",
            "a = { $n ->",
            "a = { \"x : y\" }",
        ] {
            assert_eq!(typography_faults(good), Vec::<String>::new(), "{good}");
        }
    }
}
