//! Tables, over as many pages as they need.

use crate::Error;
use crate::flow::{Flow, LEADING};
use crate::font::{Font, POINT_MM};
use crate::page::Shade;

/// What stands between a cell's text and its border, in millimetres.
const PAD: f32 = 1.2;
/// The most lines of one cell; more is cut.
const LINES_MAX: usize = 12;

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its heading.
    pub heading: String,
    /// Its share of the width.
    pub share: f32,
}

/// A table whose heading is repeated on each page.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The size of its text, in points.
    pub size: f32,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, a text for each column.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns and no rows.
    #[must_use]
    pub fn new(columns: &[(&str, f32)]) -> Self {
        let column = |(heading, share): &(&str, f32)| Column { heading: (*heading).to_owned(), share: *share };
        Self { size: 9.0, columns: columns.iter().map(column).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl Flow {
    /// Puts a table; a row is never parted by a page's end.
    ///
    /// # Errors
    /// [`Error::Pages`] when there are too many pages.
    pub fn table(&mut self, table: &Table) -> Result<(), Error> {
        let headings: Vec<String> = table.columns.iter().map(|column| column.heading.clone()).collect();
        let mut headed = false;
        for row in &table.rows {
            let height = self.row_height(table, row, Font::Regular);
            if !headed {
                // A heading alone at a page's foot helps nobody.
                self.room(height + self.row_height(table, &headings, Font::Bold))?;
                self.row(table, &headings, Font::Bold);
                headed = true;
            } else if self.room(height)? {
                self.row(table, &headings, Font::Bold);
            }
            self.row(table, row, Font::Regular);
        }
        if !headed {
            self.room(self.row_height(table, &headings, Font::Bold))?;
            self.row(table, &headings, Font::Bold);
        }
        self.gap(3.0);
        Ok(())
    }

    fn row(&mut self, table: &Table, cells: &[String], font: Font) {
        let (mut x, y) = self.at();
        let height = self.row_height(table, cells, font);
        for (column, width) in self.widths(table).into_iter().enumerate() {
            if font == Font::Bold {
                self.page().fill((x, y), (width, height), Shade::Light);
            }
            self.page().frame((x, y), (width, height), 0.15);
            let text = cells.get(column).map_or("", String::as_str);
            let mut base = y + PAD + table.size * POINT_MM * 0.8;
            for line in font.wrap(text, table.size, width - 2.0 * PAD).into_iter().take(LINES_MAX) {
                self.page().text((x + PAD, base), font, table.size, Shade::Black, &line);
                base += table.size * POINT_MM * LEADING;
            }
            x += width;
        }
        self.gap(height);
    }

    fn row_height(&self, table: &Table, cells: &[String], font: Font) -> f32 {
        let lines = self.widths(table).into_iter().zip(cells);
        let lines = lines.map(|(width, text)| font.wrap(text, table.size, width - 2.0 * PAD).len().min(LINES_MAX));
        let lines = u8::try_from(lines.max().unwrap_or(1).max(1)).unwrap_or(u8::MAX);
        f32::from(lines) * table.size * POINT_MM * LEADING + 2.0 * PAD - table.size * POINT_MM * (LEADING - 1.0)
    }

    fn widths(&self, table: &Table) -> Vec<f32> {
        let shares: f32 = table.columns.iter().map(|column| column.share).sum();
        table.columns.iter().map(|column| self.width() * column.share / shares.max(f32::MIN_POSITIVE)).collect()
    }
}
