//! What goes down the pages by itself: headings, paragraphs, fields, places to sign.

use crate::document::Document;
use crate::font::{Font, POINT_MM};
use crate::page::{Page, Shade};
use crate::qr::Code;
use crate::{Error, HEIGHT, WIDTH};

/// A line's height for its size.
pub(crate) const LEADING: f32 = 1.3;
const MARGIN: f32 = 18.0;
const FOOT: f32 = 20.0;
const BODY: f32 = 10.0;

/// What stands at the foot of every page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footer {
    /// On the left, such as the agreement's number.
    pub left: String,
    /// The word between a page's number and how many there are, such as `sur` or `of`; empty for no numbers.
    pub of: String,
}

/// A document that is written from its top to its end.
#[derive(Debug)]
pub struct Flow {
    document: Document,
    footer: Footer,
    page: Page,
    y: f32,
}

impl Flow {
    /// An empty one, in the language of this code.
    #[must_use]
    pub fn new(title: &str, lang: &str, footer: Footer) -> Self {
        Self { document: Document::new(title, lang), footer, page: Page::new(), y: MARGIN }
    }

    /// Puts the title, and beside it a code that names what this is about.
    ///
    /// # Errors
    /// [`Error::Pages`] when there are too many pages.
    pub fn title(&mut self, text: &str, below: &str, code: Option<&Code>) -> Result<(), Error> {
        const SIDE: f32 = 24.0;
        let top = self.y;
        let width = self.width() - code.map_or(0.0, |_| SIDE + 6.0);
        for line in Font::Bold.wrap(text, 16.0, width) {
            self.put(Font::Bold, 16.0, Shade::Black, &line)?;
        }
        for line in Font::Regular.wrap(below, BODY, width) {
            self.put(Font::Regular, BODY, Shade::Grey, &line)?;
        }
        if let Some(code) = code {
            self.page.code((WIDTH - MARGIN - SIDE, top), SIDE, code);
            self.y = self.y.max(top + SIDE);
        }
        self.gap(4.0);
        Ok(())
    }

    /// Puts a heading; it stays with what follows it.
    ///
    /// # Errors
    /// [`Error::Pages`] when there are too many pages.
    pub fn heading(&mut self, text: &str) -> Result<(), Error> {
        self.gap(2.0);
        self.room(18.0)?;
        for line in Font::Bold.wrap(text, 11.5, self.width()) {
            self.put(Font::Bold, 11.5, Shade::Black, &line)?;
        }
        self.gap(1.0);
        Ok(())
    }

    /// Puts a paragraph; a newline begins another line.
    ///
    /// # Errors
    /// [`Error::Pages`] when there are too many pages.
    pub fn paragraph(&mut self, text: &str) -> Result<(), Error> {
        for line in Font::Regular.wrap(text, BODY, self.width()) {
            self.put(Font::Regular, BODY, Shade::Black, &line)?;
        }
        self.gap(2.0);
        Ok(())
    }

    /// Puts what is said beside, small.
    ///
    /// # Errors
    /// [`Error::Pages`] when there are too many pages.
    pub fn note(&mut self, text: &str) -> Result<(), Error> {
        for line in Font::Regular.wrap(text, 8.0, self.width()) {
            self.put(Font::Regular, 8.0, Shade::Grey, &line)?;
        }
        self.gap(2.0);
        Ok(())
    }

    /// Puts names with their values, one a line; an empty value leaves a line to write on.
    ///
    /// # Errors
    /// [`Error::Pages`] when there are too many pages.
    pub fn fields(&mut self, fields: &[(String, String)]) -> Result<(), Error> {
        const NAME: f32 = 52.0;
        for (name, value) in fields {
            let names = Font::Regular.wrap(name, BODY, NAME - 3.0);
            let values = Font::Bold.wrap(value, BODY, self.width() - NAME);
            let line = BODY * POINT_MM * LEADING;
            for at in 0..names.len().max(values.len()) {
                self.room(line)?;
                let base = self.y + BODY * POINT_MM;
                let (named, valued) = (names.get(at).cloned(), values.get(at).cloned());
                self.page.text((MARGIN, base), Font::Regular, BODY, Shade::Grey, &named.unwrap_or_default());
                self.page.text((MARGIN + NAME, base), Font::Bold, BODY, Shade::Black, &valued.unwrap_or_default());
                if value.is_empty() && at == 0 {
                    self.page.line((MARGIN + NAME, base + 0.8), (WIDTH - MARGIN, base + 0.8), 0.15);
                }
                self.y += line;
            }
        }
        self.gap(2.0);
        Ok(())
    }

    /// Puts boxes to sign in, beside each other, each with its words above; never parted by a page's end.
    ///
    /// # Errors
    /// [`Error::Pages`] when there are too many pages.
    pub fn signatures(&mut self, words: &[String]) -> Result<(), Error> {
        const HIGH: f32 = 26.0;
        const GAP: f32 = 4.0;
        for row in words.chunks(3) {
            let count = f32::from(u8::try_from(row.len()).unwrap_or(1));
            let width = (self.width() - GAP * (count - 1.0)) / count;
            let lines: Vec<Vec<String>> = row.iter().map(|text| Font::Regular.wrap(text, 9.0, width - 2.0)).collect();
            let most = lines.iter().map(Vec::len).max().unwrap_or(1);
            let said = f32::from(u8::try_from(most).unwrap_or(u8::MAX)) * 9.0 * POINT_MM * LEADING;
            self.room(said + HIGH + 4.0)?;
            for (column, lines) in (0u8..).zip(&lines) {
                let x = MARGIN + f32::from(column) * (width + GAP);
                let mut base = self.y + 9.0 * POINT_MM;
                for line in lines {
                    self.page.text((x, base), Font::Regular, 9.0, Shade::Black, line);
                    base += 9.0 * POINT_MM * LEADING;
                }
                self.page.frame((x, self.y + said + 1.0), (width, HIGH), 0.2);
            }
            self.y += said + HIGH + 5.0;
        }
        Ok(())
    }

    /// Goes on on a new page.
    ///
    /// # Errors
    /// [`Error::Pages`] when there are too many pages.
    pub fn turn(&mut self) -> Result<(), Error> {
        self.document.push(std::mem::take(&mut self.page))?;
        self.y = MARGIN;
        Ok(())
    }

    /// Leaves so many millimetres free.
    pub fn gap(&mut self, millimetres: f32) {
        self.y += millimetres;
    }

    /// The file, with its feet.
    ///
    /// # Errors
    /// [`Error::Pages`] when there are too many pages.
    pub fn finish(mut self) -> Result<Vec<u8>, Error> {
        self.turn()?;
        let count = self.document.len();
        for at in 0..count {
            let Some(page) = self.document.page_mut(at) else { continue };
            let base = HEIGHT - 10.0;
            page.text((MARGIN, base), Font::Regular, 8.0, Shade::Grey, &self.footer.left);
            if !self.footer.of.is_empty() {
                let number = format!("{} {} {count}", at + 1, self.footer.of);
                let x = WIDTH - MARGIN - Font::Regular.width(&number, 8.0);
                page.text((x, base), Font::Regular, 8.0, Shade::Grey, &number);
            }
        }
        Ok(self.document.finish())
    }

    /// Makes sure of so many millimetres on this page, else turns it; says whether it turned.
    pub(crate) fn room(&mut self, millimetres: f32) -> Result<bool, Error> {
        let full = self.y + millimetres > HEIGHT - FOOT && self.y > MARGIN;
        if full {
            self.turn()?;
        }
        Ok(full)
    }

    pub(crate) fn width(&self) -> f32 {
        WIDTH - 2.0 * MARGIN
    }

    pub(crate) fn at(&self) -> (f32, f32) {
        (MARGIN, self.y)
    }

    pub(crate) fn page(&mut self) -> &mut Page {
        &mut self.page
    }

    fn put(&mut self, font: Font, size: f32, shade: Shade, line: &str) -> Result<(), Error> {
        self.room(size * POINT_MM * LEADING)?;
        self.page.text((MARGIN, self.y + size * POINT_MM), font, size, shade, line);
        self.y += size * POINT_MM * LEADING;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    fn pages(pdf: &[u8]) -> usize {
        pdf.windows(12).filter(|bytes| bytes == b"/Type /Page\n").count()
    }

    #[test]
    fn a_long_table_goes_over_pages_with_its_heading_on_each() {
        let mut flow = Flow::new("Liste", "fr", Footer { left: "n° 1".to_owned(), of: "sur".to_owned() });
        flow.title("Liste", "École d'exemple", Some(&Code::new("X").unwrap())).unwrap();
        let mut table = Table::new(&[("Number", 1.0), ("What", 3.0)]);
        for n in 0..200 {
            table.row([format!("TNE25-{n:06}"), "ordinateur portable".to_owned()]);
        }
        flow.table(&table).unwrap();
        flow.signatures(&["Pour l'établissement".to_owned(), "Pour le propriétaire".to_owned()]).unwrap();
        let pdf = flow.finish().unwrap();
        assert!((4..=6).contains(&pages(&pdf)), "{}", pages(&pdf));
        let heads = pdf.windows(4).filter(|bytes| *bytes == b"(Num").count();
        assert!(heads + 1 >= pages(&pdf) && heads >= 4, "{heads}");
    }

    #[test]
    fn what_never_ends_is_refused() {
        let mut flow = Flow::new("x", "fr", Footer::default());
        let text = "ligne\n".repeat(70);
        let ended = (0..crate::PAGES_MAX + 1).try_for_each(|_| flow.paragraph(&text));
        assert_eq!(ended, Err(Error::Pages));
    }
}
