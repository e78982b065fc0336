//! What is signed for a loan: the agreement (*convention de prêt*), the hand-over slip and the return slip.

use crate::Error;
use crate::flow::{Flow, Footer};
use crate::qr::Code;
use crate::table::Table;

/// A paper about a loan, its words ready in the reader's language.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agreement {
    /// The language's code.
    pub lang: String,
    /// The title.
    pub title: String,
    /// What stands below it.
    pub below: String,
    /// What the QR code says: the loan's number.
    pub code: String,
    /// What follows, in order.
    pub parts: Vec<Part>,
    /// Who signs; a box each.
    pub signatures: Vec<String>,
    /// What stands at the foot of each page.
    pub footer: Footer,
}

/// A piece of a paper.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// An article's heading.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// Names and values; an empty value leaves a line to write on.
    Fields(Vec<(String, String)>),
    /// A table.
    Table {
        /// Its columns, with their shares of the width.
        columns: Vec<(String, f32)>,
        /// Its rows.
        rows: Vec<Vec<String>>,
    },
}

/// The paper as a PDF.
///
/// # Errors
/// [`Error::Pages`] for too many pages, [`Error::Code`] for a code that is too long.
pub fn agreement_paper(agreement: &Agreement) -> Result<Vec<u8>, Error> {
    let mut flow = Flow::new(&agreement.title, &agreement.lang, agreement.footer.clone());
    flow.title(&agreement.title, &agreement.below, Some(&Code::new(&agreement.code)?))?;
    for part in &agreement.parts {
        match part {
            Part::Heading(text) => flow.heading(text)?,
            Part::Text(text) => flow.paragraph(text)?,
            Part::Fields(fields) => flow.fields(fields)?,
            Part::Table { columns, rows } => {
                let columns: Vec<(&str, f32)> = columns.iter().map(|(name, share)| (name.as_str(), *share)).collect();
                let mut table = Table::new(&columns);
                table.rows.clone_from(rows);
                flow.table(&table)?;
            }
        }
    }
    flow.signatures(&agreement.signatures)?;
    flow.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_on_the_paper_and_a_long_one_has_pages() {
        let mut agreement = Agreement {
            lang: "fr".to_owned(),
            title: "Convention de prêt".to_owned(),
            code: "0951099D-2026-00042".to_owned(),
            signatures: vec!["Le responsable légal".to_owned()],
            ..Agreement::default()
        };
        let short = agreement_paper(&agreement).unwrap();
        assert!(short.starts_with(b"%PDF-1."));
        let table = Part::Table { columns: vec![("Numéro".to_owned(), 1.0)], rows: vec![vec!["CH-1".to_owned()]; 90] };
        agreement.parts = vec![
            Part::Heading("Article 1".to_owned()),
            Part::Text("L'élève prend soin du matériel.".to_owned()),
            Part::Fields(vec![("Élève".to_owned(), String::new())]),
            table,
        ];
        let long = agreement_paper(&agreement).unwrap();
        let pages = |pdf: &[u8]| String::from_utf8_lossy(pdf).matches("/MediaBox").count();
        assert_eq!(pages(&short), 1);
        assert!(pages(&long) > 1);
        agreement.code = "x".repeat(4_000);
        assert_eq!(agreement_paper(&agreement), Err(Error::Code(4_000)));
    }
}
