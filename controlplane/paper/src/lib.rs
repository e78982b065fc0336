//! Paper: what people sign, stick on and file, as PDF. Words and figures in, bytes out.
//!
//! Two layers: a [`Page`] on which things are put at a place in millimetres from its upper left corner, and a [`Flow`] that goes down the
//! pages by itself. Texts come ready in the reader's language; nothing here knows a noun of the register.

mod agreement;
mod case;
mod document;
mod flow;
mod font;
mod label;
mod page;
mod qr;
mod table;

pub use agreement::{Agreement, Part, agreement_paper};
pub use case::{CaseSheet, acceptance_paper, case_paper};
pub use document::Document;
pub use flow::{Flow, Footer};
pub use font::Font;
pub use label::{Format, Label, labels_paper};
pub use page::{Page, Shade};
pub use qr::Code;
pub use table::{Column, Table};

/// An A4 page's width, in millimetres.
pub const WIDTH: f32 = 210.0;
/// An A4 page's height, in millimetres.
pub const HEIGHT: f32 = 297.0;
/// The most pages that one document has: a larger one is a mistake, and no printer's tray holds it.
pub const PAGES_MAX: usize = 2_000;

/// Why something cannot be put on paper.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The document would have too many pages.
    #[error("a document has at most {PAGES_MAX} pages")]
    Pages,
    /// A text is too long for a QR code.
    #[error("a QR code does not hold a text of {0} bytes")]
    Code(usize),
    /// There is no such sheet of labels.
    #[error("there is no sheet of labels {0:?}; there are {known}", known = label::Format::names())]
    Format(String),
}
