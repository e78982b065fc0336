//! `cartable loan agreement`: the paper that is signed, as a PDF.

use super::loan_get;
use super::row::day_text;
use super::show::{Condition, Shown};
use super::template::{Filling, List, Template};
use crate::Error;
use crate::call::Call;
use crate::config::file_read;
use crate::operator::write;
use crate::print::{Look, Sheet, Tone};
use clap::{Args, ValueEnum};
use paper::{Part, agreement_paper};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

const AGREEMENT: &str = include_str!("../../templates/agreement-fr-1.toml");
const HAND_OVER: &str = include_str!("../../templates/hand-over-fr-1.toml");
const RETURN: &str = include_str!("../../templates/return-fr-1.toml");

#[derive(Debug, Args)]
pub(crate) struct Agreement {
    loan: String,
    #[arg(long)]
    to: PathBuf,
    #[arg(long, value_enum, default_value = "agreement")]
    paper: Kind,
    #[arg(long)]
    template: Option<PathBuf>,
    #[arg(long)]
    identity: Option<PathBuf>,
}

/// Which paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Agreement,
    HandOver,
    Return,
}

/// Who is named on the paper: a file, because a command line stays in the shell's history. What is left out is a line to write on.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Identity {
    borrower: String,
    class: String,
    guardian1: String,
    guardian1_address: String,
    guardian2: String,
    guardian2_address: String,
    owner_name: String,
    school_name: String,
}

/// What was written, for programs.
#[derive(Debug, Serialize)]
struct Written {
    number: String,
    template: String,
    file: PathBuf,
    bytes: usize,
}

pub(super) async fn loan_agreement(asked: Agreement, call: &mut Call<'_>) -> Result<(), Error> {
    let (name, text) = match &asked.template {
        Some(path) => (path.display().to_string(), file_read(path)?),
        None => match asked.paper {
            Kind::Agreement => ("agreement-fr-1".to_owned(), AGREEMENT.to_owned()),
            Kind::HandOver => ("hand-over-fr-1".to_owned(), HAND_OVER.to_owned()),
            Kind::Return => ("return-fr-1".to_owned(), RETURN.to_owned()),
        },
    };
    let template = Template::read(&name, &text)?;
    let identity = match &asked.identity {
        Some(path) => toml::from_str(&file_read(path)?).map_err(|error| {
            let (path, why) = (path.display().to_string(), error.message().to_owned());
            Error::usage("error-loan-template", &[("path", &path), ("why", &why)])
        })?,
        None => Identity::default(),
    };
    let loan = loan_get(&asked.loan, call).await?;
    let filling = filling(&loan, identity, &template.version, call.print.look());
    let agreement = template.filled(&name, &filling)?;
    let pdf = agreement_paper(&agreement)
        .map_err(|error| Error::usage("error-loan-template", &[("path", &name), ("why", &error.to_string())]))?;
    // A folder that was mistyped is not to be made.
    if asked.to.parent().is_some_and(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        return Err(Error::FileWrite { path: asked.to, source: std::io::ErrorKind::NotFound.into() });
    }
    write(&asked.to, &pdf)?;
    let written = Written { number: loan.number, template: template.version, bytes: pdf.len(), file: asked.to };
    let look = call.print.look();
    let values = [("number", written.number.as_str().into()), ("path", written.file.display().to_string().into())];
    let line = look.words.text_with("loan-paper-written", &values);
    call.print.one(&written, || {
        let mut sheet = Sheet::default();
        sheet.line(line, String::new(), Tone::Plain);
        sheet
    })
}

fn filling(loan: &Shown, identity: Identity, version: &str, look: &Look<'_>) -> Filling {
    let day = |day: &str| day_text(day, look);
    let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
    let fields = BTreeMap::from([
        ("number", loan.number.clone()),
        ("version", version.to_owned()),
        ("made_on", day_made(loan.changed_unix_ms, look)),
        ("school", loan.school.clone()),
        ("school_name", identity.school_name),
        ("owner_name", or(identity.owner_name, loan.owner.as_deref().unwrap_or_default())),
        ("borrower", identity.borrower),
        ("class", identity.class),
        ("guardian1", identity.guardian1),
        ("guardian1_address", identity.guardian1_address),
        ("guardian2", identity.guardian2),
        ("guardian2_address", identity.guardian2_address),
        ("start", day(&loan.start_on)),
        ("due", loan.due_on.as_deref().map(day).unwrap_or_default()),
        ("asset", loan.asset().unwrap_or_default().to_owned()),
        ("measure", loan.measure.clone()),
    ]);
    let tables = BTreeMap::from([(List::Equipment, equipment(loan, look)), (List::Condition, condition(loan, look))]);
    Filling { code: loan.number.clone(), minor: loan.minor, fields, tables }
}

/// The day on which the loan last changed: an agreement that is printed again is the same paper.
fn day_made(unix_ms: i64, look: &Look<'_>) -> String {
    let at = jiff::Timestamp::from_millisecond(unix_ms).unwrap_or_default();
    day_text(&at.to_zoned(look.zone.clone()).date().to_string(), look)
}

/// The device and its accessories with their numbers; an agreement that names no device yet leaves its number to be written.
fn equipment(loan: &Shown, look: &Look<'_>) -> Part {
    let state = |state: &str| if state == "out" { String::new() } else { look.text(&format!("loan-part-{state}")) };
    let device = vec![look.text("loan-paper-laptop"), loan.asset().unwrap_or_default().to_owned(), String::new()];
    let mut rows = vec![device];
    rows.extend(loan.accessories.iter().map(|one| vec![one.kind.clone(), one.number.clone(), state(one.state)]));
    let column = |key: &str, share| (look.text(key), share);
    let columns =
        vec![column("loan-paper-what", 5.0), column("loan-paper-number", 5.0), column("loan-paper-state", 3.0)];
    Part::Table { columns, rows }
}

fn condition(loan: &Shown, look: &Look<'_>) -> Part {
    let line = loan.lines.last();
    let (out, back) = (line.and_then(|line| line.out.as_ref()), line.and_then(|line| line.back.as_ref()));
    let grade = |of: Option<&Condition>, which: fn(&Condition) -> &'static str| {
        of.map_or_else(String::new, |one| look.text(&format!("loan-grade-{}", which(one))))
    };
    let wear = |of: Option<&Condition>| {
        of.and_then(|one| one.battery_wear).map_or_else(String::new, |wear| format!("{wear} %"))
    };
    let row =
        |key: &str, which: fn(&Condition) -> &'static str| vec![look.text(key), grade(out, which), grade(back, which)];
    let rows = vec![
        row("loan-worse-screen", |one| one.screen),
        row("loan-worse-keyboard", |one| one.keyboard),
        row("loan-worse-case", |one| one.case),
        vec![look.text("loan-worse-battery"), wear(out), wear(back)],
    ];
    let column = |key: &str, share| (look.text(key), share);
    let columns = vec![column("loan-paper-what", 5.0), column("loan-paper-out", 4.0), column("loan-paper-back", 4.0)];
    Part::Table { columns, rows }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EN, FR};
    use wire::v1;
    use words::{Catalogue, Language};

    #[test]
    fn each_paper_of_ours_is_filled_whole_for_a_minor_and_for_a_teacher() {
        let words = Catalogue::new(Language::Fr, FR, EN);
        let look = Look { words: &words, zone: jiff::tz::TimeZone::UTC, colour: false };
        for minor in [true, false] {
            let accessory = v1::LoanAccessory { number: "CH-1".into(), kind: "chargeur".into(), state: 1 };
            let loan = v1::Loan {
                number: "0951099D-2026-00042".into(),
                minor,
                prepared: "TNE-1".into(),
                accessories: vec![accessory],
                start_on: "2026-09-05".into(),
                ..Default::default()
            };
            let shown = Shown::of(loan, Vec::new());
            for text in [AGREEMENT, HAND_OVER, RETURN] {
                let template = Template::read("x", text).unwrap();
                let filling = filling(&shown, Identity::default(), &template.version, &look);
                let agreement = template.filled("x", &filling).unwrap();
                assert!(agreement_paper(&agreement).unwrap().len() > 1_000);
                let said = format!("{agreement:?}");
                assert!(said.contains("TNE-1") && said.contains("CH-1"));
                assert_eq!(said.contains("Responsable légal 2"), minor && text == AGREEMENT);
            }
        }
    }
}
