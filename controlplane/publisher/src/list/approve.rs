//! A person says yes to a list: who, when and why stays with it.

use super::gate::{Objection, objections};
use super::stored::{About, Stored};
use super::terms::{TermChange, terms_changes};
use super::work::Work;
use crate::error::{Error, Result, write_failed};
use crate::tuf::moment;
use model::digest::Digest;
use model::time::Timestamp as Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// The file that keeps every approval, a line each.
const JOURNAL: &str = "approvals.jsonl";

/// Who approved a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Who, as the machine calls them.
    pub by: String,
    /// When.
    pub at: String,
    /// Why, where they said so.
    pub why: Option<String>,
    /// What was accepted against the gate: categories, other names of them, names that no longer stand guard.
    pub accepted: BTreeSet<String>,
    /// Of all that was approved; nothing else is published.
    #[serde(default)]
    pub digest: Option<Digest>,
}

/// What somebody said yes to.
#[derive(Clone, Debug, Serialize)]
pub struct Approved {
    /// The list.
    #[serde(flatten)]
    pub about: About,
    /// What it changes beside names.
    pub terms: Vec<TermChange>,
}

/// What a person says.
#[derive(Clone, Copy, Debug)]
pub struct Yes<'a> {
    /// Who.
    pub by: &'a str,
    /// What is accepted against the gate.
    pub accepted: &'a BTreeSet<String>,
    /// Why.
    pub why: Option<&'a str>,
    /// The digest that they were shown: nothing else is approved.
    pub digest: Option<Digest>,
}

/// A line of the journal.
#[derive(Serialize)]
struct Entry<'a> {
    #[serde(flatten)]
    approval: &'a Approval,
    entries: u64,
    names_sha256: String,
    objections: &'a [Objection],
    terms: &'a [TermChange],
}

/// Makes the candidate the list that is published next.
///
/// # Errors
/// [`Error::ListHeld`] while the gate objects to something that is not accepted; [`Error::ListReason`] when something is, and nobody says why;
/// [`Error::ListOther`] when the digest is another list's; [`Error::ListNone`] without a candidate.
pub fn list_approve(root: &Path, yes: Yes<'_>, now: Moment) -> Result<Approved> {
    let Yes { by, accepted, why, digest } = yes;
    let work = Work::open(root, false)?;
    let candidate = work.candidate();
    if !candidate.is_there() {
        return Err(Error::ListNone(candidate.folder().to_owned()));
    }
    let mut about = candidate.about()?;
    let is = about.digest();
    if digest.is_some_and(|digest| digest != is) {
        return Err(Error::ListOther(is));
    }
    let before = work.before().0.as_ref().map(Stored::about).transpose()?;
    about.objections = objections(before.as_ref(), &about);
    let subjects: BTreeSet<&str> = about.objections.iter().filter_map(Objection::subject).collect();
    if let Some(needless) = accepted.iter().find(|name| !subjects.contains(name.as_str())) {
        return Err(Error::ListNeedless(needless.clone()));
    }
    if !accepted.is_empty() && why.is_none() {
        return Err(Error::ListReason);
    }
    let open = |one: &&Objection| one.subject().is_none_or(|subject| !accepted.contains(subject));
    let open: Vec<Objection> = about.objections.iter().filter(open).cloned().collect();
    if !open.is_empty() {
        return Err(Error::ListHeld(open));
    }
    let terms = terms_changes(before.as_ref(), &about);
    let approval = Approval {
        by: by.to_owned(),
        at: moment(now),
        why: why.map(str::to_owned),
        accepted: accepted.clone(),
        digest: Some(is),
    };
    journal_write(root, &about, &terms, &approval)?;
    about.approval = Some(approval);
    candidate.about_write(&about)?;
    work.place(&candidate, "approved")?;
    Ok(Approved { about, terms })
}

fn journal_write(root: &Path, about: &About, terms: &[TermChange], approval: &Approval) -> Result<()> {
    let path = root.join(JOURNAL);
    let names_sha256 = about.names_sha256.to_string();
    let entry = Entry { approval, entries: about.entries, names_sha256, objections: &about.objections, terms };
    let mut line = serde_json::to_vec(&entry).map_err(|error| write_failed(&path)(error.into()))?;
    line.push(b'\n');
    let file = OpenOptions::new().create(true).append(true).open(&path);
    let written = file.and_then(|mut file| {
        file.write_all(&line)?;
        file.sync_all()
    });
    written.map_err(write_failed(&path))
}
