//! A page: things at a place, in millimetres from the upper left corner.

use crate::HEIGHT;
use crate::document::{BOLD, REGULAR, points};
use crate::font::{Font, encode};
use crate::qr::Code;
use pdf_writer::{Buf, Content, Str};

/// How dark something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shade {
    /// Black.
    Black,
    /// For what is said beside.
    Grey,
    /// For the ground of a heading.
    Light,
}

/// A page that is being filled.
pub struct Page(Content);

impl Page {
    /// An empty page.
    #[must_use]
    pub fn new() -> Self {
        Self(Content::new())
    }

    /// Puts one line of text; `y` is its base line, the size is in points.
    pub fn text(&mut self, (x, y): (f32, f32), font: Font, size: f32, shade: Shade, text: &str) {
        let name = match font {
            Font::Regular => REGULAR,
            Font::Bold => BOLD,
        };
        self.0.set_fill_gray(shade.grey()).begin_text().set_font(name, size);
        self.0.next_line(points(x), points(HEIGHT - y)).show(Str(&encode(text))).end_text();
    }

    /// Draws a line of so many millimetres' width.
    pub fn line(&mut self, from: (f32, f32), to: (f32, f32), width: f32) {
        self.0.set_stroke_gray(0.0).set_line_width(points(width));
        self.0.move_to(points(from.0), points(HEIGHT - from.1)).line_to(points(to.0), points(HEIGHT - to.1)).stroke();
    }

    /// Draws a box by its upper left corner, width and height.
    pub fn frame(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), line: f32) {
        self.0.set_stroke_gray(0.0).set_line_width(points(line));
        self.0.rect(points(x), points(HEIGHT - y - height), points(width), points(height)).stroke();
    }

    /// Fills a box.
    pub fn fill(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), shade: Shade) {
        self.0.set_fill_gray(shade.grey());
        self.0.rect(points(x), points(HEIGHT - y - height), points(width), points(height)).fill_nonzero();
    }

    /// Puts a QR code by its upper left corner and its side; the quiet zone around it is the caller's.
    pub fn code(&mut self, (x, y): (f32, f32), side: f32, code: &Code) {
        let module = points(side) / f32::from(code.side());
        // A row below a row: the height of what is put so far is subtracted by the matrix.
        self.0.save_state().set_fill_gray(0.0);
        self.0.transform([module, 0.0, 0.0, -module, points(x), points(HEIGHT - y)]);
        for (row, from, count) in code.runs() {
            self.0.rect(f32::from(from), f32::from(row), f32::from(count), 1.0);
        }
        // In one path, so that no light shows between the rows.
        self.0.fill_nonzero().restore_state();
    }

    pub(crate) fn finish(self) -> Buf {
        self.0.finish()
    }
}

impl Default for Page {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").field("bytes", &self.0.len()).finish()
    }
}

impl Shade {
    const fn grey(self) -> f32 {
        match self {
            Self::Black => 0.0,
            Self::Grey => 0.35,
            Self::Light => 0.9,
        }
    }
}
