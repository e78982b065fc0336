//! Labels on sheets as shops sell them.

use crate::Error;
use crate::document::Document;
use crate::font::{Font, POINT_MM};
use crate::page::{Page, Shade};
use crate::qr::Code;
use std::str::FromStr;

/// The quiet zone of a code, in modules (ISO/IEC 18004).
const QUIET: f32 = 4.0;
/// What a printer may miss the label by.
const SLACK: f32 = 1.5;

/// A sheet of labels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Format {
    /// Its name.
    pub name: &'static str,
    /// Labels across and down.
    pub count: (u8, u8),
    /// A label's width and height, in millimetres.
    pub size: (f32, f32),
    /// The first label's upper left corner.
    pub corner: (f32, f32),
    /// From one label to the next.
    pub pitch: (f32, f32),
}

/// The sheets that are known, with the measures their makers publish.
const FORMATS: &[Format] = &[
    Format { name: "avery-l7160", count: (3, 7), size: (63.5, 38.1), corner: (7.25, 15.15), pitch: (66.0, 38.1) },
    Format { name: "avery-l7159", count: (3, 8), size: (63.5, 33.9), corner: (7.25, 12.9), pitch: (66.0, 33.9) },
    Format { name: "avery-l7163", count: (2, 7), size: (99.1, 38.1), corner: (4.65, 15.15), pitch: (101.6, 38.1) },
    Format { name: "avery-l7651", count: (5, 13), size: (38.1, 21.2), corner: (4.75, 10.7), pitch: (40.6, 21.2) },
    Format { name: "avery-3474", count: (3, 8), size: (70.0, 37.0), corner: (0.0, 0.5), pitch: (70.0, 37.0) },
];

/// What stands on one label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// What the QR code says: an opaque code, no school and no name.
    pub code: String,
    /// The inventory number.
    pub number: String,
    /// Whose it is.
    pub owner: String,
    /// Whom to ask for help.
    pub contact: String,
}

impl Format {
    /// Every known sheet.
    pub const ALL: &'static [Self] = FORMATS;

    /// Their names, for people.
    #[must_use]
    pub fn names() -> String {
        FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ")
    }

    /// How many labels a sheet has.
    #[must_use]
    pub fn labels(&self) -> usize {
        usize::from(self.count.0) * usize::from(self.count.1)
    }

    fn place(&self, at: usize) -> (f32, f32) {
        let across = usize::from(self.count.0.max(1));
        let nth = |n: usize| f32::from(u8::try_from(n).unwrap_or(u8::MAX));
        (self.corner.0 + nth(at % across) * self.pitch.0, self.corner.1 + nth(at / across) * self.pitch.1)
    }
}

impl FromStr for Format {
    type Err = Error;
    fn from_str(name: &str) -> Result<Self, Error> {
        let found = FORMATS.iter().find(|format| format.name == name.to_lowercase());
        found.copied().ok_or_else(|| Error::Format(name.chars().take(40).collect()))
    }
}

/// Labels on as many sheets as they need; the first `skip` places of the first sheet were used before.
///
/// # Errors
/// [`Error::Pages`] for too many sheets, [`Error::Code`] for a code that is too long.
pub fn labels_paper(title: &str, lang: &str, format: &Format, labels: &[Label], skip: usize) -> Result<Vec<u8>, Error> {
    let mut document = Document::new(title, lang);
    let per = format.labels();
    let skip = skip % per.max(1);
    let mut page = Page::new();
    for (at, label) in (skip..).zip(labels) {
        if at > skip && at % per == 0 {
            document.push(std::mem::take(&mut page))?;
        }
        label_put(&mut page, format.place(at % per), format.size, label)?;
    }
    document.push(page)?;
    Ok(document.finish())
}

/// The code on the left, as large as the label allows; the words beside it.
fn label_put(page: &mut Page, (x, y): (f32, f32), (width, height): (f32, f32), label: &Label) -> Result<(), Error> {
    let code = Code::new(&label.code)?;
    let modules = f32::from(code.side());
    let high = height - 2.0 * SLACK;
    let whole = high.min(width * 0.45);
    let side = whole * modules / (modules + 2.0 * QUIET);
    let quiet = (whole - side) / 2.0;
    let place = (x + SLACK + quiet, y + (height - side) / 2.0);
    page.code(place, side, &code);
    let left = x + SLACK + whole + 0.5;
    let wide = x + width - SLACK - left;
    // The number as large as it fits: it is what people read out over the telephone.
    let mut size: f32 = 13.0;
    while size > 5.0 && Font::Bold.width(&label.number, size) > wide {
        size -= 0.25;
    }
    let small = if height < 25.0 { 5.5 } else { 7.5 };
    let owner = Font::Regular.wrap(&label.owner, small, wide);
    let contact = Font::Regular.wrap(&label.contact, small, wide);
    let most = if height < 25.0 { 2 } else { 3 };
    let mut base = y + SLACK + quiet.max(1.0) + size * POINT_MM * 0.8;
    page.text((left, base), Font::Bold, size, Shade::Black, &Font::Bold.fit(&label.number, size, wide));
    base += small * POINT_MM * 0.6;
    for (lines, shade) in [(owner, Shade::Black), (contact, Shade::Black)] {
        for line in lines.into_iter().take(most) {
            base += small * POINT_MM * 1.2;
            page.text((left, base), Font::Regular, small, shade, &line);
        }
        base += small * POINT_MM * 0.4;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HEIGHT, WIDTH};

    #[test]
    fn every_sheet_fits_on_the_page_and_is_found_by_its_name() {
        for format in Format::ALL {
            let (x, y) = format.place(format.labels() - 1);
            assert!(x + format.size.0 <= WIDTH + 0.1 && y + format.size.1 <= HEIGHT + 0.1, "{}", format.name);
            assert_eq!(format.name.parse::<Format>().as_ref(), Ok(format));
        }
        let refused = "avery-9".parse::<Format>().unwrap_err().to_string();
        assert!(refused.contains("avery-l7160"), "{refused}");
    }

    #[test]
    fn labels_go_on_the_next_sheet() {
        let format: Format = "avery-l7160".parse().unwrap();
        let label = Label { code: "K7M2QXD4RA".to_owned(), number: "TNE25-004217".to_owned(), ..Label::default() };
        let pages = |count: usize, skip| {
            let pdf = labels_paper("x", "fr", &format, &vec![label.clone(); count], skip).unwrap();
            pdf.windows(12).filter(|bytes| bytes == b"/Type /Page\n").count()
        };
        assert_eq!((pages(1, 0), pages(21, 0), pages(22, 0), pages(20, 2), pages(0, 0)), (1, 1, 2, 2, 1));
        let long = Label { code: "x".repeat(4000), ..label.clone() };
        assert_eq!(labels_paper("x", "fr", &format, &[long], 0), Err(Error::Code(4000)));
    }
}
