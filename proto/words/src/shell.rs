//! Words of a command line that is shown to be typed.

/// A word as a shell reads it back (POSIX.1-2024, XCU 2.2).
#[must_use]
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_take_it_apart() {
        for plain in ["/var/lib/cartable-agent", "https://x:1", "a_b-c.d"] {
            assert_eq!(shell_word(plain), plain);
        }
        assert_eq!(shell_word(""), "''");
        assert_eq!(shell_word("l'état 1"), "'l'\\''état 1'");
        assert_eq!(shell_word("$(x)"), "'$(x)'");
    }
}
