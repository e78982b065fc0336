//! A document: pages, and what its file says of itself.

use crate::page::Page;
use crate::{Error, HEIGHT, PAGES_MAX, WIDTH};
use pdf_writer::{Finish, Name, Pdf, Rect, Ref, TextStr};

/// Names of the two weights within a page's resources.
pub(crate) const REGULAR: Name<'static> = Name(b"R");
pub(crate) const BOLD: Name<'static> = Name(b"B");

/// A document of A4 pages.
#[derive(Debug)]
pub struct Document {
    title: String,
    lang: String,
    pages: Vec<Page>,
}

impl Document {
    /// A document without pages, in the language of this code, such as `fr`.
    #[must_use]
    pub fn new(title: &str, lang: &str) -> Self {
        Self { title: title.to_owned(), lang: lang.to_owned(), pages: Vec::new() }
    }

    /// Adds a page.
    ///
    /// # Errors
    /// [`Error::Pages`] when there are too many.
    pub fn push(&mut self, page: Page) -> Result<(), Error> {
        if self.pages.len() >= PAGES_MAX {
            return Err(Error::Pages);
        }
        self.pages.push(page);
        Ok(())
    }

    /// How many pages it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pages.len()
    }

    /// Whether it has no page.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// A page of those added, to put more on it.
    pub(crate) fn page_mut(&mut self, at: usize) -> Option<&mut Page> {
        self.pages.get_mut(at)
    }

    /// The file. The same content gives the same bytes: it holds no date and no random number.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        let mut pdf = Pdf::new();
        let mut next = 0;
        let mut id = || {
            next += 1;
            Ref::new(next)
        };
        let (catalog, tree, info, regular, bold) = (id(), id(), id(), id(), id());
        let kids: Vec<(Ref, Ref)> = self.pages.iter().map(|_| (id(), id())).collect();
        pdf.catalog(catalog).pages(tree).lang(TextStr(&self.lang));
        pdf.document_info(info).title(TextStr(&self.title)).producer(TextStr("Cartable"));
        let count = i32::try_from(kids.len()).unwrap_or(i32::MAX);
        pdf.pages(tree).kids(kids.iter().map(|(page, _)| *page)).count(count);
        for (font, base) in [(regular, &b"Helvetica"[..]), (bold, b"Helvetica-Bold")] {
            pdf.type1_font(font).base_font(Name(base)).encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        for (page, (at, stream)) in self.pages.into_iter().zip(kids) {
            let mut written = pdf.page(at);
            written.parent(tree).media_box(Rect::new(0.0, 0.0, points(WIDTH), points(HEIGHT))).contents(stream);
            written.resources().fonts().pair(REGULAR, regular).pair(BOLD, bold);
            written.finish();
            pdf.stream(stream, &page.finish());
        }
        pdf.finish()
    }
}

/// Millimetres as points.
pub(crate) fn points(millimetres: f32) -> f32 {
    millimetres / crate::font::POINT_MM
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_a_pdf_and_has_its_limit() {
        let mut document = Document::new("Étiquettes", "fr");
        for _ in 0..PAGES_MAX {
            document.push(Page::new()).unwrap();
        }
        assert_eq!(document.push(Page::new()), Err(Error::Pages));
        assert!(document.finish().starts_with(b"%PDF-1."));
    }
}
