//! `cartable org`: owners and operators of equipment.

use crate::Error;
use crate::call::Call;
use crate::config::file_read;
use crate::device::owner_read;
use crate::print::{Look, Row, Sheet, Tone, clean};
use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use wire::v1::{Organisation, OrganisationListRequest, OrganisationSetRequest};
use words::Value;

/// Organisations asked for, and sent, at a time.
const PAGE: u32 = 500;
const BATCH: usize = 400;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Add(Add),
    Import(Import),
    List(List),
    Show(Show),
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    id: String,
    #[arg(long)]
    name: String,
    #[arg(long, value_enum)]
    kind: Kind,
    #[arg(long)]
    siret: Option<String>,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    file: PathBuf,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    #[arg(long)]
    name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Commune,
    Epci,
    Syndicat,
    Departement,
    Region,
    Ogec,
    Etat,
}

/// A line of a file of organisations.
#[derive(Debug, Deserialize)]
struct Line {
    id: String,
    name: String,
    kind: String,
    #[serde(default)]
    siret: String,
}

/// A line of the list of organisations; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct OrgRow {
    id: String,
    name: String,
    kind: String,
    siret: Option<String>,
}

/// What was set.
#[derive(Debug, Default, Serialize)]
struct Set {
    added: u32,
    changed: u32,
    same: u32,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::Add(add) => {
            let one = Organisation {
                id: owner_read(&add.id)?,
                name: add.name,
                kind: kind_name(add.kind),
                siret: siret_plain(&add.siret.unwrap_or_default()),
            };
            org_set(vec![one], add.why.unwrap_or_else(|| "cartable org add".to_owned()), call).await
        }
        Verb::Import(import) => {
            let read = file_lines(&file_read(&import.file)?)?;
            org_set(read, import.why.unwrap_or_else(|| "cartable org import".to_owned()), call).await
        }
        Verb::List(list) => {
            let rows =
                org_rows(list.kind.map(kind_name).unwrap_or_default(), list.name.unwrap_or_default(), call).await?;
            if call.print.for_people() && rows.is_empty() {
                call.note(&call.words.text("org-none"));
                return Ok(());
            }
            call.print.list(&rows)
        }
        Verb::Show(show) => org_show(&owner_read(&show.id)?, call).await,
    }
}

async fn org_set(all: Vec<Organisation>, why: String, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let mut sum = Set::default();
    for batch in all.chunks(BATCH) {
        let request = OrganisationSetRequest { organisations: batch.to_vec(), why: why.clone() };
        let done = call.answer(client.organisation_set(request)).await?;
        sum = Set { added: sum.added + done.added, changed: sum.changed + done.changed, same: sum.same + done.same };
    }
    call.progress.clear();
    let values = [("added", sum.added), ("changed", sum.changed), ("same", sum.same)];
    let line = call.words.text_with("org-set", &values.map(|(name, n)| (name, Value::count(n.into()))));
    call.print.one(&sum, || {
        let mut sheet = Sheet::default();
        sheet.section(line);
        sheet
    })
}

async fn org_rows(kind: String, name: String, call: &mut Call<'_>) -> Result<Vec<OrgRow>, Error> {
    let mut client = call.client().await?;
    let mut request = OrganisationListRequest { kind, name, limit: PAGE, after: String::new() };
    let mut rows: Vec<OrgRow> = Vec::new();
    loop {
        let page = call.answer(client.organisation_list(request.clone())).await?;
        rows.extend(page.organisations.into_iter().map(OrgRow::from));
        if page.next.is_empty() || page.next == request.after {
            break;
        }
        request.after = page.next;
    }
    call.progress.clear();
    Ok(rows)
}

async fn org_show(id: &str, call: &mut Call<'_>) -> Result<(), Error> {
    let rows = org_rows(String::new(), id.to_owned(), call).await?;
    let Some(row) = rows.into_iter().find(|row| row.id == id) else {
        return Err(tonic::Status::not_found(format!("no such organisation {id}")).into());
    };
    let look = call.print.look();
    let mut sheet = Sheet::default();
    sheet.section(clean(&row.name));
    sheet.line(look.text("org-id"), row.id.clone(), Tone::Plain);
    sheet.line(look.text("org-kind"), look.text(&format!("org-kind-{}", row.kind)), Tone::Plain);
    sheet.line(look.text("org-siret"), row.siret.clone().unwrap_or_else(|| look.unknown()), Tone::Plain);
    call.print.one(&row, || sheet)
}

/// The organisations of a CSV file with the columns id, name, kind and siret, separated by `;` or `,`.
fn file_lines(text: &str) -> Result<Vec<Organisation>, Error> {
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().next().unwrap_or_default();
    let separator = if first.contains(';') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut all = Vec::new();
    for line in reader.deserialize::<Line>() {
        let line = line.map_err(|error| Error::usage("error-org-file", &[("why", &clean(&error.to_string()))]))?;
        let (id, kind) = (owner_read(&line.id)?, line.kind.to_lowercase());
        all.push(Organisation { id, name: line.name, kind, siret: siret_plain(&line.siret) });
    }
    Ok(all)
}

/// A SIRET without the spaces that people put into it.
fn siret_plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn kind_name(kind: Kind) -> String {
    kind.to_possible_value().map(|name| name.get_name().to_owned()).unwrap_or_default()
}

impl From<Organisation> for OrgRow {
    fn from(one: Organisation) -> Self {
        Self { id: one.id, name: one.name, kind: one.kind, siret: Some(one.siret).filter(|s| !s.is_empty()) }
    }
}

impl Row for OrgRow {
    const COLUMNS: &'static [&'static str] = &["org-id", "org-name", "org-kind", "org-siret"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let siret = self.siret.clone().map_or(("–".to_owned(), Tone::Faint), |siret| (siret, Tone::Plain));
        let kind = look.text(&format!("org-kind-{}", self.kind));
        vec![(self.id.clone(), Tone::Plain), (self.name.clone(), Tone::Plain), (kind, Tone::Plain), siret]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_with_either_separator_and_its_mistakes_named() {
        for text in [
            "\u{feff}id;name;kind;siret\nCommune-A;Commune d'Exemple;Commune;212 000 418 00047\n",
            "id,name,kind\ncommune-a,Commune d'Exemple,commune\n",
        ] {
            let read = file_lines(text).unwrap();
            assert_eq!((read[0].id.as_str(), read[0].kind.as_str()), ("commune-a", "commune"));
        }
        assert!(matches!(file_lines("id;name\na;b\n"), Err(Error::Usage { key: "error-org-file", .. })));
        assert!(matches!(file_lines("id;name;kind\nÀ B;b;commune\n"), Err(Error::Usage { key: "error-owner", .. })));
    }
}
