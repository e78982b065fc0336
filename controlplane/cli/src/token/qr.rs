//! A QR code made of characters.

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

/// A text as a QR code of half blocks, or nothing when it is too long for one.
///
/// Light on dark, with its quiet zone (ISO/IEC 18004, four modules), as terminals mostly are; readers take both polarities.
pub(crate) fn qr_text(text: &str) -> Option<String> {
    let code = QrCode::new(text.as_bytes()).ok()?;
    Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).quiet_zone(true).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_fits_on_a_small_terminal() {
        let token = ["ABCD"; 14].join("-");
        let code = qr_text(&token).unwrap();
        assert!(code.lines().count() <= 24, "{}", code.lines().count());
        assert!(code.lines().all(|line| line.chars().count() <= 60));
        assert!(qr_text(&"x".repeat(4000)).is_none());
    }
}
