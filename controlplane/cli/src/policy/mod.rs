//! `cartable policy`: what is filtered, in layers; what a document would change, and which one holds.

mod diff;
mod look;
mod names;
mod row;

use crate::Error;
use crate::call::Call;
use crate::class::class_read;
use crate::config::file_read;
use crate::device::{owner_read, school_read};
use crate::print::{Sheet, Tone, clean};
use crate::proposal::proposal_print;
use clap::{Args, Subcommand};
use look::{Looked, more_say, unknown_say};
use row::{ChangeRow, UnknownRow, VersionRow};
pub(crate) use row::{ListRow, ReasonRow, TurnRow, hours_text};
use serde::Serialize;
use std::path::{Path, PathBuf};
use wire::v1::{
    PolicyApplyRequest, PolicyCheckRequest, PolicyCheckResponse, PolicyHistoryRequest, PolicyProbe, PolicyShowRequest,
};

/// So many layers are asked for at a time.
const PAGE: u32 = 500;
/// The longest document, in bytes, as at the control plane.
const POLICY_BYTES_MAX: usize = 64 << 10;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Check(Check),
    Plan(Plan),
    Apply(Apply),
    Show(Show),
    History(History),
    Diff(Diff),
    Rollback(Rollback),
    Remove(Remove),
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    file: PathBuf,
    #[arg(long)]
    layer: String,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    file: PathBuf,
    #[arg(long)]
    layer: String,
    #[arg(long)]
    names: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    file: PathBuf,
    #[arg(long)]
    layer: String,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    #[arg(long, conflicts_with_all = ["composed", "owner", "school", "class"])]
    layer: Option<String>,
    #[arg(long)]
    composed: bool,
    #[arg(long, requires = "composed")]
    owner: Option<String>,
    #[arg(long, requires = "composed")]
    school: Option<String>,
    #[arg(long, requires = "composed")]
    class: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct History {
    #[arg(long)]
    layer: String,
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    version: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    #[arg(conflicts_with_all = ["version", "proposal"])]
    file: Option<PathBuf>,
    #[arg(long, required_unless_present = "proposal", conflicts_with = "proposal")]
    layer: Option<String>,
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    version: Option<u32>,
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "proposal")]
    against: Option<u32>,
    #[arg(long)]
    proposal: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Rollback {
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    version: u32,
    #[arg(long)]
    layer: String,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Remove {
    #[arg(long)]
    layer: String,
    #[arg(long)]
    why: Option<String>,
}

/// What was done; the field names are promised to programs.
#[derive(Debug, Serialize)]
struct Done {
    layer: String,
    version: u32,
    devices: u32,
    changes: Vec<ChangeRow>,
    /// Categories that no list has.
    unknown: Vec<UnknownRow>,
    /// How many more changes there are than stand here.
    changes_more: u32,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::Check(check) => {
            let asked = PolicyCheckRequest { layer: check.layer, text: text_read(&check.file)?, ..Default::default() };
            let looked = Looked::from(ask(asked, call).await?);
            let sheet = looked.check_sheet(call.print.look());
            call.print.one(&looked, || sheet)
        }
        Verb::Plan(plan) => {
            let names: Vec<PolicyProbe> = plan.names.as_deref().map(names::names_read).transpose()?.unwrap_or_default();
            let text = text_read(&plan.file)?;
            let asked = PolicyCheckRequest { layer: plan.layer, text, names, ..Default::default() };
            let sampled = plan.names.is_some();
            let looked = Looked::from(ask(asked, call).await?);
            let sheet = looked.plan_sheet(sampled, call.print.look());
            call.print.one(&looked, || sheet)
        }
        Verb::Apply(apply) => {
            let why = apply.why.unwrap_or_else(|| "cartable policy apply".to_owned());
            let asked =
                PolicyApplyRequest { layer: apply.layer, text: text_read(&apply.file)?, why, ..Default::default() };
            policy_apply(asked, call).await
        }
        Verb::Rollback(rollback) => {
            let why = rollback.why.unwrap_or_else(|| "cartable policy rollback".to_owned());
            let (layer, version) = (rollback.layer, rollback.version);
            policy_apply(PolicyApplyRequest { layer, version, why, ..Default::default() }, call).await
        }
        Verb::Remove(remove) => {
            let why = remove.why.unwrap_or_else(|| "cartable policy remove".to_owned());
            policy_apply(PolicyApplyRequest { layer: remove.layer, remove: true, why, ..Default::default() }, call)
                .await
        }
        Verb::Show(show) => policy_show(show, call).await,
        Verb::History(history) => policy_history(history, call).await,
        Verb::Diff(diff) => policy_diff(diff, call).await,
    }
}

async fn ask(asked: PolicyCheckRequest, call: &mut Call<'_>) -> Result<PolicyCheckResponse, Error> {
    let mut client = call.client().await?;
    let answer = call.answer(client.policy_check(asked)).await?;
    call.progress.clear();
    Ok(answer)
}

async fn policy_apply(asked: PolicyApplyRequest, call: &mut Call<'_>) -> Result<(), Error> {
    let (layer, emptied) = (clean(&asked.layer), asked.remove);
    let mut client = call.client().await?;
    let answer = call.answer(client.policy_apply(asked)).await?;
    call.progress.clear();
    if let Some(proposal) = answer.proposal {
        return proposal_print(proposal, call);
    }
    let changes = answer.changes.into_iter().map(ChangeRow::from).collect();
    let unknown = answer.unknown.into_iter().map(UnknownRow::from).collect();
    let changes_more = answer.more.map_or(0, |more| more.changes);
    let done = Done { layer, version: answer.version, devices: answer.devices, changes, unknown, changes_more };
    let values = [
        ("layer", done.layer.as_str().into()),
        ("version", words::Value::Number(done.version.into())),
        ("n", words::Value::Number(done.devices.into())),
    ];
    let line = call.words.text_with(if emptied { "policy-emptied" } else { "policy-applied" }, &values);
    let look = call.print.look();
    let mut sheet = Sheet::default();
    sheet.section(line);
    done.changes.iter().for_each(|change| change.line(&mut sheet, look));
    more_say(done.changes_more, &mut sheet, look);
    unknown_say(&done.unknown, &mut sheet, look);
    call.print.one(&done, || sheet)
}

async fn policy_show(show: Show, call: &mut Call<'_>) -> Result<(), Error> {
    let asked = PolicyShowRequest {
        layer: show.layer.unwrap_or_default(),
        composed: show.composed,
        owner: show.owner.as_deref().map(owner_read).transpose()?.unwrap_or_default(),
        school: show.school.as_deref().map(school_read).transpose()?.unwrap_or_default(),
        class: show.class.as_deref().map(class_read).transpose()?.unwrap_or_default(),
        limit: PAGE,
        after: String::new(),
    };
    let (composed, one) = (asked.composed, !asked.layer.is_empty());
    let (mut client, mut asked) = (call.client().await?, asked);
    let mut answer = call.answer(client.policy_show(asked.clone())).await?;
    while !answer.next.is_empty() && answer.next != asked.after {
        asked.after = std::mem::take(&mut answer.next);
        let page = call.answer(client.policy_show(asked.clone())).await?;
        answer.layers.extend(page.layers);
        answer.next = page.next;
    }
    call.progress.clear();
    if composed {
        let rows: Vec<ReasonRow> = answer.reasons.into_iter().map(ReasonRow::from).collect();
        if call.print.for_people() && rows.is_empty() {
            call.note(&call.words.text("policy-none"));
            return Ok(());
        }
        return call.print.list(&rows);
    }
    let mut rows: Vec<VersionRow> = answer.layers.into_iter().map(VersionRow::from).collect();
    if one && call.print.for_people() {
        // As it was written, so that it can go into a file and back.
        let text = rows.pop().and_then(|row| row.text).unwrap_or_default();
        return call.print.raw(text.as_bytes());
    }
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("policy-none"));
        return Ok(());
    }
    call.print.list(&rows)
}

async fn policy_history(history: History, call: &mut Call<'_>) -> Result<(), Error> {
    let one = history.version.is_some();
    let asked = PolicyHistoryRequest { layer: history.layer, version: history.version.unwrap_or_default() };
    let mut client = call.client().await?;
    let answer = call.answer(client.policy_history(asked)).await?;
    call.progress.clear();
    let mut rows: Vec<VersionRow> = answer.versions.into_iter().map(VersionRow::from).collect();
    if one && call.print.for_people() {
        let text = rows.pop().and_then(|row| row.text).unwrap_or_default();
        return call.print.raw(text.as_bytes());
    }
    call.print.list(&rows)
}

async fn policy_diff(diff: Diff, call: &mut Call<'_>) -> Result<(), Error> {
    let text = diff.file.as_deref().map(text_read).transpose()?.unwrap_or_default();
    if text.is_empty() && diff.version.is_none() && diff.proposal.is_none() {
        return Err(Error::usage("error-policy-diff", &[]));
    }
    let asked = PolicyCheckRequest {
        layer: diff.layer.unwrap_or_default(),
        text,
        version: diff.version.unwrap_or_default(),
        against: diff.against.unwrap_or_default(),
        proposal: diff.proposal.unwrap_or_default(),
        ..Default::default()
    };
    let answer = ask(asked, call).await?;
    let lines = diff::lines(&answer.before, &answer.after);
    let mut looked = Looked::from(answer);
    looked.text = lines;
    let sheet = looked.diff_sheet(call.print.look());
    call.print.one(&looked, || sheet)
}

/// A document, not too long and TOML; what it says is judged by the control plane.
fn text_read(path: &Path) -> Result<String, Error> {
    let text = file_read(path)?;
    let shown = path.display().to_string();
    let bad = |why: String| Error::usage("error-policy-file", &[("path", &shown), ("why", &why)]);
    if text.len() > POLICY_BYTES_MAX {
        return Err(bad(format!("> {POLICY_BYTES_MAX}")));
    }
    if text.trim().is_empty() {
        return Err(Error::usage("error-policy-empty", &[("path", &shown)]));
    }
    let read: Result<toml::Table, _> = toml::from_str(&text);
    read.map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let why = error.message().lines().map(clean).collect::<Vec<_>>().join(", ");
        Error::usage("error-policy-file", &[("path", &format!("{shown}:{line}")), ("why", &why)])
    })?;
    Ok(text)
}

/// A tone for which way something goes.
fn tone(effect: &str) -> Tone {
    match effect {
        "loosens" => Tone::Warning,
        "tightens" => Tone::Good,
        _ => Tone::Plain,
    }
}
