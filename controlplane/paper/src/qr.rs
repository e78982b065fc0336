//! QR codes.

use crate::Error;
use qrcode::{Color, EcLevel, QrCode};

/// A QR code, as dark and light squares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    side: u8,
    dark: Vec<bool>,
}

impl Code {
    /// The code of a text; a quarter of it may be scratched (ISO/IEC 18004, level Q).
    ///
    /// # Errors
    /// [`Error::Code`] when the text is too long.
    pub fn new(text: &str) -> Result<Self, Error> {
        let long = || Error::Code(text.len());
        let code = QrCode::with_error_correction_level(text, EcLevel::Q).map_err(|_| long())?;
        let side = u8::try_from(code.width()).map_err(|_| long())?;
        Ok(Self { side, dark: code.to_colors().into_iter().map(|colour| colour == Color::Dark).collect() })
    }

    /// How many squares a side has.
    #[must_use]
    pub const fn side(&self) -> u8 {
        self.side
    }

    /// Its dark squares as runs: row, first column, how many.
    pub(crate) fn runs(&self) -> Vec<(u8, u8, u8)> {
        let mut runs: Vec<(u8, u8, u8)> = Vec::new();
        for (row, squares) in (0..self.side).zip(self.dark.chunks(usize::from(self.side))) {
            for (column, _) in (0..self.side).zip(squares).filter(|(_, dark)| **dark) {
                match runs.last_mut() {
                    Some((at, from, count)) if *at == row && *from + *count == column => *count += 1,
                    _ => runs.push((row, column, 1)),
                }
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_drawn_as_runs_and_too_long_a_text_is_refused() {
        let code = Code::new("K7M2QXD4RA").unwrap();
        let dark: usize = code.runs().iter().map(|(_, _, count)| usize::from(*count)).sum();
        assert_eq!(dark, code.dark.iter().filter(|dark| **dark).count());
        // The finder pattern's first row: seven dark squares, one light.
        assert_eq!(code.runs()[0], (0, 0, 7));
        assert_eq!(Code::new(&"x".repeat(5000)), Err(Error::Code(5000)));
    }
}
