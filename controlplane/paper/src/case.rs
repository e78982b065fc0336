//! What lies in a kit's case: the sheet that says what belongs in it, and the record of its acceptance.

use crate::Error;
use crate::flow::{Flow, Footer};
use crate::qr::Code;
use crate::table::Table;

/// A sheet about a kit, its words ready in the reader's language.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaseSheet {
    /// The language's code.
    pub lang: String,
    /// The title.
    pub title: String,
    /// What stands below it.
    pub below: String,
    /// What the QR code says.
    pub code: String,
    /// Names and values.
    pub fields: Vec<(String, String)>,
    /// The table's columns, with their shares.
    pub columns: Vec<(String, f32)>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
    /// What stands below the table, a paragraph each.
    pub text: Vec<String>,
    /// Who signs.
    pub signatures: Vec<String>,
    /// What stands at the foot of each page.
    pub footer: Footer,
}

/// The sheet that lies in the case.
///
/// # Errors
/// [`Error::Pages`] for too many pages, [`Error::Code`] for a code that is too long.
pub fn case_paper(sheet: &CaseSheet) -> Result<Vec<u8>, Error> {
    flow_of(sheet)?.finish()
}

/// The record that is signed when the kit is handed over (*PV de réception*).
///
/// # Errors
/// [`Error::Pages`] for too many pages, [`Error::Code`] for a code that is too long.
pub fn acceptance_paper(sheet: &CaseSheet) -> Result<Vec<u8>, Error> {
    let mut flow = flow_of(sheet)?;
    flow.signatures(&sheet.signatures)?;
    flow.finish()
}

fn flow_of(sheet: &CaseSheet) -> Result<Flow, Error> {
    let mut flow = Flow::new(&sheet.title, &sheet.lang, sheet.footer.clone());
    flow.title(&sheet.title, &sheet.below, Some(&Code::new(&sheet.code)?))?;
    flow.fields(&sheet.fields)?;
    let columns: Vec<(&str, f32)> = sheet.columns.iter().map(|(name, share)| (name.as_str(), *share)).collect();
    let mut table = Table::new(&columns);
    table.rows.clone_from(&sheet.rows);
    flow.table(&table)?;
    for text in &sheet.text {
        flow.paragraph(text)?;
    }
    Ok(flow)
}
