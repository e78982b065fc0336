//! `cartable desk scan`: the same desk without a screen, for scripts and for scanners that are not watched.

use super::act::Entry;
use super::command::Command;
use super::engine::Desk;
use super::fault::DeskFault;
use super::file::Journal;
use super::row::ScanRow;
use super::set::Mode;
use super::terminal::did;
use super::{Kept, expiry_check, opened};
use crate::Error;
use crate::call::Call;
use crate::print::Tone;
use crate::stocktake::lines_read;
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Scan {
    #[command(flatten)]
    kept: Kept,
    #[arg(long, value_enum)]
    mode: Option<Mode>,
    #[arg(long)]
    finish: bool,
    #[arg(required_unless_present = "stdin")]
    codes: Vec<String>,
    #[arg(long, conflicts_with = "codes")]
    stdin: bool,
}

pub(super) async fn desk_scan(scan: Scan, call: &mut Call<'_>) -> Result<(), Error> {
    let lines = if scan.stdin { lines_read().await? } else { scan.codes };
    // All of them before any is done: what was done is always to be seen.
    let mut commands = Vec::new();
    for line in lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()) {
        let command = Command::read(line).ok_or_else(|| Error::usage("error-desk-command", &[("value", line)]))?;
        commands.push((line, command));
    }
    let (mut desk, mut journal) = opened(&scan.kept, scan.mode, call).await?;
    expiry_check(&desk)?;
    let mut rows = Vec::new();
    let mut bad = false;
    for (line, command) in commands {
        let mut row = ScanRow { input: line.to_owned(), ..ScanRow::default() };
        let mut done = did(&mut desk, &mut journal, command)?;
        if scan.finish && done.is_none() && !has_erred(&desk) {
            done = finished(&mut desk, &mut journal)?;
        }
        if let Some(Entry::Act(act)) = &done {
            row.act = Some(act.id.to_string());
            row.what = Some(act.what.name());
        }
        if let Some(said) = &desk.said {
            row.said = Some(said.key.clone());
            row.text = Some(said.say(call.words));
            row.fine = said.tone != Tone::Bad;
        }
        if let Some(loan) = desk.loan() {
            row.loan = Some(loan.number.clone());
            row.name = Some(loan.name.clone()).filter(|name| !name.is_empty());
        }
        bad |= has_erred(&desk);
        rows.push(row);
    }
    call.progress.clear();
    call.print.list(&rows)?;
    if bad { Err(Error::Desk(DeskFault::SomeNotDone)) } else { Ok(()) }
}

fn has_erred(desk: &Desk) -> bool {
    desk.said.as_ref().is_some_and(|said| said.tone == Tone::Bad)
}

/// Once loan and device are there: every accessory, the first who may sign, and done.
fn finished(desk: &mut Desk, journal: &mut Journal) -> Result<Option<Entry>, Error> {
    if desk.loan().is_none() || desk.asset().is_none() {
        return Ok(None);
    }
    did(desk, journal, Command::All)?;
    if desk.signature_lacks() {
        did(desk, journal, Command::Sign(None))?;
    }
    did(desk, journal, Command::Finish)
}
