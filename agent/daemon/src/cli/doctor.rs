//! What the doctor found, for a person and for a program.

use super::print::{date, error_text, phrase};
use crate::{Diagnosis, Fact, Finding, Outcome};
use serde_json::json;
use words::{Catalogue, Value, bytes_text, span_text};

/// The escape sequences of a terminal for an outcome (ECMA-48, SGR), and the one that ends them.
const fn colour(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "\x1b[32m",
        Outcome::Warn => "\x1b[33m",
        Outcome::Fail => "\x1b[1;31m",
        Outcome::NotTried => "\x1b[2m",
    }
}
const PLAIN: &str = "\x1b[0m";

/// A line a check, what to do below it, and the whole in one sentence.
pub(super) fn text(diagnosis: &Diagnosis, flags: &str, coloured: bool, catalogue: &Catalogue) -> String {
    let names: Vec<String> = diagnosis.findings.iter().map(|finding| label(finding, catalogue)).collect();
    let marks = [Outcome::Ok, Outcome::Warn, Outcome::Fail, Outcome::NotTried].map(|outcome| mark(outcome, catalogue));
    let width = |texts: &[String]| texts.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    let (mark_width, name_width) = (width(&marks), width(&names));
    let mut out = String::new();
    for (finding, name) in diagnosis.findings.iter().zip(&names) {
        let mark = format!("{:mark_width$}", mark(finding.outcome, catalogue));
        let mark = if coloured { format!("{}{mark}{PLAIN}", colour(finding.outcome)) } else { mark };
        let (said, todo) = said(finding, flags, catalogue);
        out.push_str(&format!("{mark}  {name:name_width$}  {said}\n"));
        if let Some(todo) = todo {
            let todo = catalogue.text_with("doctor-todo", &[("todo", todo.into())]);
            out.push_str(&format!("{:1$}{todo}\n", "", mark_width + name_width + 4));
        }
    }
    out.push('\n');
    out.push_str(&verdict(diagnosis, catalogue));
    out.push('\n');
    out
}

/// The same with codes that stay, and the reader's words beside them.
pub(super) fn json(diagnosis: &Diagnosis, flags: &str, catalogue: &Catalogue) -> String {
    let checks: Vec<_> = diagnosis
        .findings
        .iter()
        .map(|finding| {
            let (said, todo) = said(finding, flags, catalogue);
            let values: serde_json::Map<_, _> =
                finding.values.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            json!({
                "check": finding.check,
                "outcome": finding.outcome,
                "code": finding.code,
                "values": values,
                "text": said,
                "todo": todo,
            })
        })
        .collect();
    let whole = json!({ "well": diagnosis.well(), "server": diagnosis.server, "checks": checks });
    serde_json::to_string_pretty(&whole).unwrap_or_default()
}

fn verdict(diagnosis: &Diagnosis, catalogue: &Catalogue) -> String {
    let first = |outcome| diagnosis.findings.iter().find(|finding| finding.outcome == outcome);
    if let Some(failing) = first(Outcome::Fail) {
        return catalogue.text_with("doctor-fails", &[("check", label(failing, catalogue).into())]);
    }
    catalogue.text(if first(Outcome::Warn).is_some() { "doctor-warns" } else { "doctor-well" })
}

fn label(finding: &Finding, catalogue: &Catalogue) -> String {
    catalogue.text(&format!("doctor-check-{}", finding.check.name()))
}

fn mark(outcome: Outcome, catalogue: &Catalogue) -> String {
    catalogue.text(match outcome {
        Outcome::Ok => "doctor-ok",
        Outcome::Warn => "doctor-warn",
        Outcome::Fail => "doctor-fail",
        Outcome::NotTried => "doctor-not-tried",
    })
}

/// What was found, and what to do where something is to be done. An error says both in one.
fn said(finding: &Finding, flags: &str, catalogue: &Catalogue) -> (String, Option<String>) {
    if let Some(error) = &finding.error {
        return (error_text(error, flags, catalogue), None);
    }
    let value = |fact: &Fact| -> Value {
        match fact {
            Fact::Text(text) => phrase(text, catalogue).into(),
            Fact::At(at) => date(*at, catalogue).into(),
            Fact::Bytes(bytes) => bytes_text(catalogue.language(), *bytes).into(),
            Fact::Seconds(seconds) => span_text(catalogue, *seconds).into(),
            Fact::Check(check) => catalogue.text(&format!("doctor-check-{}", check.name())).into(),
        }
    };
    let mut values: Vec<_> = finding.values.iter().map(|(name, fact)| (*name, value(fact))).collect();
    values.push(("flags", flags.into()));
    let key = match finding.outcome {
        Outcome::NotTried => "doctor-after".to_owned(),
        _ => format!("doctor-{}-{}", finding.check.name(), finding.code),
    };
    (catalogue.text_with(&key, &values), catalogue.find_with(&key, Some("todo"), &values))
}
