//! Text as the page shows it: Helvetica, its encoding and its widths.
//!
//! Helvetica is one of the fourteen fonts that every reader of PDF has (ISO 32000-1, 9.6.2.2), so no font file is carried along. Its
//! encoding (WinAnsi, annex D) holds all of French; a letter that it does not hold is written without its mark, so that a name stays readable.

/// A weight of the one face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Font {
    /// For text.
    Regular,
    /// For headings.
    Bold,
}

/// How many millimetres a point is.
pub(crate) const POINT_MM: f32 = 25.4 / 72.0;

impl Font {
    /// How wide a text of this size in points is, in millimetres.
    #[must_use]
    pub fn width(self, text: &str, size: f32) -> f32 {
        encode(text).into_iter().map(|byte| self.advance(byte)).sum::<f32>() * size * POINT_MM
    }

    /// The lines of a text of this size that are no wider than so many millimetres; a word that is wider is cut.
    #[must_use]
    pub fn wrap(self, text: &str, size: f32, width: f32) -> Vec<String> {
        text.split('\n').flat_map(|line| self.wrap_line(line, size, width)).collect()
    }

    /// The text, cut with an ellipsis where it is wider than so many millimetres.
    #[must_use]
    pub fn fit(self, text: &str, size: f32, width: f32) -> String {
        if self.width(text, size) <= width {
            return text.to_owned();
        }
        let mut cut: String = text.to_owned();
        while cut.pop().is_some() {
            let shown = format!("{}…", cut.trim_end());
            if self.width(&shown, size) <= width {
                return shown;
            }
        }
        String::new()
    }

    fn wrap_line(self, line: &str, size: f32, width: f32) -> Vec<String> {
        let (mut lines, mut current) = (Vec::new(), String::new());
        // U+00A0 and U+202F hold what stands beside them together.
        for word in line.split(' ') {
            let joined = if current.is_empty() { word.to_owned() } else { format!("{current} {word}") };
            if self.width(&joined, size) <= width {
                current = joined;
                continue;
            }
            if !current.is_empty() {
                lines.push(std::mem::take(&mut current));
            }
            for letter in word.chars() {
                let longer = format!("{current}{letter}");
                if !current.is_empty() && self.width(&longer, size) > width {
                    lines.push(std::mem::take(&mut current));
                    current.push(letter);
                } else {
                    current = longer;
                }
            }
        }
        lines.push(current);
        lines
    }

    fn advance(self, byte: u8) -> f32 {
        let widths = match self {
            Self::Regular => &REGULAR,
            Self::Bold => &BOLD,
        };
        let width = usize::from(byte).checked_sub(32).and_then(|at| widths.get(at)).copied();
        f32::from(width.unwrap_or(0)) / 1000.0
    }
}

/// A text in the font's encoding.
pub(crate) fn encode(text: &str) -> Vec<u8> {
    text.chars().filter(|c| !c.is_control()).map(byte_of).collect()
}

fn byte_of(c: char) -> u8 {
    let code = u32::from(c);
    match u8::try_from(code) {
        Ok(byte) if (0x20..0x7f).contains(&code) || code >= 0xa0 => byte,
        _ => match c {
            '\u{202f}' | '\u{2009}' | '\u{2007}' => 0xa0,
            '\u{2010}' | '\u{2011}' | '\u{2212}' => b'-',
            other => WINDOWS.iter().chain(PLAIN).find(|(known, _)| *known == other).map_or(b'?', |(_, byte)| *byte),
        },
    }
}

/// What Windows-1252 has between Latin-1's two halves.
#[rustfmt::skip]
const WINDOWS: &[(char, u8)] = &[
    ('€', 0x80), ('‚', 0x82), ('ƒ', 0x83), ('„', 0x84), ('…', 0x85), ('†', 0x86), ('‡', 0x87), ('ˆ', 0x88), ('‰', 0x89),
    ('Š', 0x8a), ('‹', 0x8b), ('Œ', 0x8c), ('Ž', 0x8e), ('‘', 0x91), ('’', 0x92), ('“', 0x93), ('”', 0x94), ('•', 0x95),
    ('–', 0x96), ('—', 0x97), ('˜', 0x98), ('™', 0x99), ('š', 0x9a), ('›', 0x9b), ('œ', 0x9c), ('ž', 0x9e), ('Ÿ', 0x9f),
];

/// Letters of other languages' names without the mark that the font does not have.
#[rustfmt::skip]
const PLAIN: &[(char, u8)] = &[
    ('Ā', b'A'), ('ā', b'a'), ('Ă', b'A'), ('ă', b'a'), ('Ą', b'A'), ('ą', b'a'), ('Ć', b'C'), ('ć', b'c'), ('Ĉ', b'C'),
    ('ĉ', b'c'), ('Ċ', b'C'), ('ċ', b'c'), ('Č', b'C'), ('č', b'c'), ('Ď', b'D'), ('ď', b'd'), ('Đ', b'D'), ('đ', b'd'),
    ('Ē', b'E'), ('ē', b'e'), ('Ĕ', b'E'), ('ĕ', b'e'), ('Ė', b'E'), ('ė', b'e'), ('Ę', b'E'), ('ę', b'e'), ('Ě', b'E'),
    ('ě', b'e'), ('Ĝ', b'G'), ('ĝ', b'g'), ('Ğ', b'G'), ('ğ', b'g'), ('Ġ', b'G'), ('ġ', b'g'), ('Ģ', b'G'), ('ģ', b'g'),
    ('Ĥ', b'H'), ('ĥ', b'h'), ('Ħ', b'H'), ('ħ', b'h'), ('Ĩ', b'I'), ('ĩ', b'i'), ('Ī', b'I'), ('ī', b'i'), ('Į', b'I'),
    ('į', b'i'), ('İ', b'I'), ('ı', b'i'), ('Ĵ', b'J'), ('ĵ', b'j'), ('Ķ', b'K'), ('ķ', b'k'), ('Ĺ', b'L'), ('ĺ', b'l'),
    ('Ļ', b'L'), ('ļ', b'l'), ('Ľ', b'L'), ('ľ', b'l'), ('Ł', b'L'), ('ł', b'l'), ('Ń', b'N'), ('ń', b'n'), ('Ņ', b'N'),
    ('ņ', b'n'), ('Ň', b'N'), ('ň', b'n'), ('Ō', b'O'), ('ō', b'o'), ('Ő', b'O'), ('ő', b'o'), ('Ŕ', b'R'), ('ŕ', b'r'),
    ('Ř', b'R'), ('ř', b'r'), ('Ś', b'S'), ('ś', b's'), ('Ŝ', b'S'), ('ŝ', b's'), ('Ş', b'S'), ('ş', b's'), ('Ș', b'S'),
    ('ș', b's'), ('Ţ', b'T'), ('ţ', b't'), ('Ț', b'T'), ('ț', b't'), ('Ť', b'T'), ('ť', b't'), ('Ũ', b'U'), ('ũ', b'u'),
    ('Ū', b'U'), ('ū', b'u'), ('Ŭ', b'U'), ('ŭ', b'u'), ('Ů', b'U'), ('ů', b'u'), ('Ű', b'U'), ('ű', b'u'), ('Ų', b'U'),
    ('ų', b'u'), ('Ŵ', b'W'), ('ŵ', b'w'), ('Ŷ', b'Y'), ('ŷ', b'y'), ('Ź', b'Z'), ('ź', b'z'), ('Ż', b'Z'), ('ż', b'z'),
    ('Ơ', b'O'), ('ơ', b'o'), ('Ư', b'U'), ('ư', b'u'), ('Ə', b'E'), ('ə', b'e'),
];

// Widths in thousandths of the size, from 0x20, as published in Adobe's font metrics (Core 14 AFM).
#[rustfmt::skip]
const REGULAR: [u16; 224] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, 350,
    556, 350, 222, 556, 333, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 222, 222, 333, 333, 350, 556, 1000, 333, 1000, 500, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 556, 537, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556, 500,
];
#[rustfmt::skip]
const BOLD: [u16; 224] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584, 350,
    556, 350, 278, 556, 500, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 278, 278, 500, 500, 350, 556, 1000, 333, 1000, 556, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 280, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 611, 556, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    722, 722, 722, 722, 722, 722, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 556, 556, 556, 556, 556, 278, 278, 278, 278,
    611, 611, 611, 611, 611, 611, 611, 584, 611, 611, 611, 611, 611, 556, 611, 556,
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn french_is_written_as_it_is_and_other_names_stay_readable() {
        let written = encode("Noël, œuvre à 12\u{202f}€ : l’été « ici »");
        assert_eq!(written.iter().filter(|byte| **byte == b'?').count(), 0);
        assert_eq!((written[2], written[6], written[17]), (0xeb, 0x9c, 0x80));
        assert_eq!(encode("Şahin Łukasz Ștefan"), b"Sahin Lukasz Stefan");
        assert_eq!(encode("字\n"), b"?");
    }

    #[test]
    fn widths_are_those_of_the_font() {
        assert!((Font::Regular.width("AAAA", 1000.0 / POINT_MM / 1000.0) - 4.0 * 0.667).abs() < 1e-4);
        assert!(Font::Bold.width("Cartable", 10.0) > Font::Regular.width("Cartable", 10.0));
    }

    proptest! {
        /// Nothing is lost, and nothing is too wide.
        #[test]
        fn wrapping_keeps_every_letter_within_the_width(text in "[a-zé ]{0,200}", width in 5.0f32..100.0) {
            let lines = Font::Regular.wrap(&text, 10.0, width);
            for line in &lines {
                prop_assert!(line.chars().count() <= 1 || Font::Regular.width(line, 10.0) <= width + 0.01, "{line:?}");
            }
            let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
            let fitted = Font::Regular.fit(&text, 10.0, width);
            prop_assert!(Font::Regular.width(&fitted, 10.0) <= width + 0.01);
        }
    }
}
