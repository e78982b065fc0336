//! `cartable vault import`: a school's file, read here and sealed over there; nothing of it is written on this machine.

use super::file::{Refused, SchoolFile};
use super::row::PersonRow;
use super::{onde, siecle, staff};
use crate::Error;
use crate::call::Call;
use crate::device::school_read;
use crate::print::{Sheet, Tone};
use clap::{ArgGroup, Args};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use wire::v1::{
    VaultGuardian, VaultGuardianLine, VaultImportLine, VaultImportRequest, VaultIncoming, VaultLeaversRequest,
    VaultOutcome, VaultSource,
};
use words::Value;

/// People in one call: below what the server takes, and its messages are below 256 KiB.
const BATCH: usize = 200;
const BATCH_BYTES: usize = 160 * 1024;
/// Lines of each kind that are named to people; programs get all.
const NAMED_MAX: usize = 12;

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("file").required(true).args(["onde", "onde_guardians", "siecle", "siecle_guardians", "staff"])))]
pub(crate) struct Import {
    #[arg(long, value_name = "FILE")]
    onde: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    onde_guardians: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    siecle: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    siecle_guardians: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    staff: Option<PathBuf>,
    #[arg(long, required_unless_present = "staff")]
    school: Option<String>,
    #[arg(long)]
    with_addresses: bool,
    #[arg(long, requires = "onde_guardians")]
    whole: bool,
    #[arg(long, conflicts_with_all = ["onde_guardians", "siecle_guardians", "staff"], requires = "why")]
    leavers: bool,
    #[arg(long)]
    why: Option<String>,
}

/// What became of a file.
#[derive(Default, Serialize)]
struct Report {
    school: String,
    added: u64,
    updated: u64,
    same: u64,
    refused: Vec<Left>,
    /// The line that was taken for the file's own last words.
    footer: Option<u32>,
    addresses_dropped: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    leavers: Option<Vec<PersonRow>>,
}

/// A line that was left out.
#[derive(Serialize)]
struct Left {
    line: u32,
    fault: String,
}

pub(crate) async fn vault_import(import: Import, call: &mut Call<'_>) -> Result<(), Error> {
    let school = import.school.as_deref().map(school_read).transpose()?;
    if import.leavers && !why_says(import.why.as_deref().unwrap_or_default()) {
        return Err(Error::usage("error-vault-why", &[]));
    }
    let (mut files, refused) = files_read(&import, school.as_deref())?;
    let source = match &import {
        Import { staff: Some(_), .. } => VaultSource::Staff,
        Import { siecle: Some(_), .. } | Import { siecle_guardians: Some(_), .. } => VaultSource::Siecle,
        _ => VaultSource::Onde,
    };
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    let mut report = Report { school: names.join(", "), ..Report::default() };
    let lines = refused.iter().chain(files.values().flat_map(|file| &file.refused));
    report.refused.extend(lines.map(|r| Left { line: r.line, fault: r.fault.name().to_owned() }));
    report.footer = files.values().find_map(|file| file.footer);
    let guardians = import.onde_guardians.is_some() || import.siecle_guardians.is_some();
    let addresses = files.values().any(|file| file.addresses);
    report.addresses_dropped = addresses && !(import.with_addresses && guardians);
    if report.addresses_dropped {
        let key = if import.siecle.is_some() { "vault-addresses-siecle" } else { "vault-addresses" };
        call.note(&call.words.text(key));
    }
    let mut client = call.client().await?;
    let mut present = BTreeSet::new();
    let whole: usize = files.values().map(|file| file.persons.len() + file.guardians.len()).sum();
    let mut done = 0;
    // A list of several schools is sent when all of them take it: a call without people writes nothing.
    for school in files.keys().filter(|_| files.len() > 1) {
        let request = VaultImportRequest { school: school.clone(), source: source.into(), ..Default::default() };
        call.answer(client.vault_import(request)).await?;
    }
    for (school, file) in &mut files {
        for (persons, guardians) in batches(file) {
            done += persons.len() + guardians.len();
            let request = VaultImportRequest { school: school.clone(), source: source.into(), persons, guardians };
            let answer = call.answer(client.vault_import(request)).await?;
            for line in answer.lines {
                if !line.reference.is_empty() {
                    present.insert(line.reference.clone());
                }
                report.take(line);
            }
            let values = [("done", Value::from(done.to_string())), ("whole", Value::from(whole.to_string()))];
            call.progress.text(call.words.text_with("vault-progress", &values));
        }
    }
    report.refused.sort_by_key(|left| left.line);
    let refused = report.refused.len();
    // Who stands in a line that could not be read would be named as gone.
    let mut failed = Ok(());
    if import.leavers && refused == 0 {
        let (school, present) = (school.unwrap_or_default(), present.into_iter().collect());
        let request = VaultLeaversRequest { school, present, why: import.why.unwrap_or_default() };
        match call.answer(client.vault_leavers(request)).await {
            Ok(left) => report.leavers = Some(left.persons.into_iter().map(PersonRow::from).collect()),
            // The file was taken all the same, which is said first.
            Err(error) => failed = Err(error),
        }
    }
    call.progress.clear();
    let sheet = report.sheet(call);
    call.print.one(&report, || sheet)?;
    failed?;
    if report.refused.iter().any(|left| left.fault == "full") {
        call.note(&call.words.text("vault-full-next"));
    }
    if refused == 0 {
        return Ok(());
    }
    if import.leavers {
        call.note(&call.words.text("vault-leavers-not"));
    }
    Err(Error::LinesRefused(refused))
}

/// Whether a reason is none that the server would refuse once the file is in.
fn why_says(why: &str) -> bool {
    let why = why.trim();
    (3..=400).contains(&why.chars().count()) && why.chars().any(char::is_alphanumeric)
}

/// What the file says, school by school, and the lines that belong to none.
fn files_read(import: &Import, school: Option<&str>) -> Result<(BTreeMap<String, SchoolFile>, Vec<Refused>), Error> {
    if let Some(path) = &import.staff {
        return staff::staff_read(path, school);
    }
    let school = school.unwrap_or_default();
    let file = match import {
        Import { onde: Some(path), .. } => onde::pupils_read(path)?,
        Import { onde_guardians: Some(path), .. } => onde::guardians_read(path, import.with_addresses, import.whole)?,
        Import { siecle: Some(path), .. } => siecle::pupils_read(path, school)?,
        Import { siecle_guardians: Some(path), .. } => siecle::guardians_read(path, school, import.with_addresses)?,
        _ => SchoolFile::default(),
    };
    Ok((BTreeMap::from([(school.to_owned(), file)]), Vec::new()))
}

impl Report {
    fn take(&mut self, line: VaultImportLine) {
        match line.outcome() {
            VaultOutcome::Added => self.added += 1,
            VaultOutcome::Updated => self.updated += 1,
            VaultOutcome::Same => self.same += 1,
            VaultOutcome::Refused | VaultOutcome::Unspecified => {
                self.refused.push(Left { line: line.line, fault: line.fault });
            }
        }
    }

    fn sheet(&self, call: &Call<'_>) -> Sheet {
        let look = call.print.look();
        let mut sheet = Sheet::default();
        sheet.section(call.words.text_with("vault-imported-school", &[("school", self.school.as_str().into())]));
        for (key, count) in [("vault-added", self.added), ("vault-updated", self.updated), ("vault-same", self.same)] {
            sheet.line(look.text(key), look.number(count), Tone::Plain);
        }
        if let Some(line) = self.footer {
            sheet.line(look.text("vault-footer"), look.number(line.into()), Tone::Faint);
        }
        let mut faults: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for left in &self.refused {
            faults.entry(&left.fault).or_default().push(left.line);
        }
        if !faults.is_empty() {
            sheet.section(look.count("vault-refused", self.refused.len()));
        }
        for (fault, lines) in faults {
            let mut named: Vec<String> = lines.iter().take(NAMED_MAX).map(u32::to_string).collect();
            if lines.len() > NAMED_MAX {
                named.push("…".to_owned());
            }
            sheet.line(look.text(&format!("vault-fault-{}", fault.replace('_', "-"))), named.join(", "), Tone::Warning);
        }
        if let Some(leavers) = &self.leavers {
            sheet.section(look.count("vault-leavers", leavers.len()));
            for row in leavers {
                let class = row.class.clone().unwrap_or_default();
                sheet.line(
                    format!("{} {}", row.surname, row.first_name),
                    format!("{class} {}", row.reference),
                    Tone::Plain,
                );
            }
        }
        sheet
    }
}

/// What goes into one call each, in the order of the file.
fn batches(file: &mut SchoolFile) -> Vec<(Vec<VaultIncoming>, Vec<VaultGuardianLine>)> {
    let persons = cut(std::mem::take(&mut file.persons), person_bytes).into_iter().map(|batch| (batch, Vec::new()));
    let guardians = cut(std::mem::take(&mut file.guardians), line_bytes).into_iter().map(|batch| (Vec::new(), batch));
    persons.chain(guardians).collect()
}

/// About so many bytes on the wire: each text with its tag and length.
fn texts_bytes<'a>(texts: impl IntoIterator<Item = &'a String>) -> usize {
    texts.into_iter().map(|text| text.len() + 4).sum::<usize>() + 16
}

fn person_bytes(one: &VaultIncoming) -> usize {
    let guardians: usize = one.guardians.iter().map(guardian_bytes).sum();
    let texts =
        [&one.ine, &one.local_id, &one.surname, &one.usage_name, &one.first_name, &one.birth, &one.class, &one.kind];
    texts_bytes(texts) + guardians
}

fn line_bytes(one: &VaultGuardianLine) -> usize {
    let pupils = one.pupils.iter().flat_map(|pupil| [&pupil.surname, &pupil.first_name, &pupil.local_id]);
    let whole = one.whole.iter().flat_map(|name| [&name.surname, &name.first_name]);
    texts_bytes(pupils.chain(whole)) + one.guardian.as_ref().map_or(0, guardian_bytes)
}

fn guardian_bytes(one: &VaultGuardian) -> usize {
    let texts = [&one.title, &one.surname, &one.first_name, &one.email];
    texts_bytes(texts.into_iter().chain(&one.address).chain(&one.phones))
}

fn cut<T>(all: Vec<T>, length: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let (mut batches, mut batch, mut bytes) = (Vec::new(), Vec::new(), 0);
    for one in all {
        let own = length(&one);
        if batch.len() == BATCH || (bytes + own > BATCH_BYTES && !batch.is_empty()) {
            batches.push(std::mem::take(&mut batch));
            bytes = 0;
        }
        bytes += own;
        batch.push(one);
    }
    if !batch.is_empty() {
        batches.push(batch);
    }
    batches
}
