//! `cartable desk`: hand-out days, return days and stock counts, with or without a network.
//!
//! `prepare` takes along what a day needs, sealed; `open` works on it; `send` says what was done, in order, once. The machine that
//! decides ([`engine`]) knows no file, screen or clock.

mod act;
mod command;
mod draw;
mod engine;
mod fault;
mod file;
mod find;
#[cfg(test)]
mod fixture;
mod log;
mod passphrase;
mod prepare;
mod row;
mod said;
mod scan;
mod screen;
mod seal;
mod send;
mod set;
mod terminal;

pub use fault::DeskFault;

use crate::Error;
use crate::call::Call;
use act::Entry;
use clap::{Args, Subcommand};
use engine::{Desk, Moment};
use file::{Journal, desk_open};
use identity::tls;
use model::loan::ActId;
use model::time::Timestamp;
use passphrase::passphrase;
use set::Mode;
use std::path::PathBuf;

/// A desk's clock may be wrong by so much, in milliseconds, before anybody is told.
pub(crate) const CLOCK_OFF_MS: i64 = 5 * 60 * 1000;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Prepare(prepare::Prepare),
    Open(Open),
    Scan(scan::Scan),
    Send(Kept),
    Conflicts(Conflicts),
}

/// A desk's file and what opens it.
#[derive(Debug, Args)]
pub(crate) struct Kept {
    file: PathBuf,
    #[arg(long)]
    passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Open {
    #[command(flatten)]
    kept: Kept,
    #[arg(long, value_enum)]
    mode: Option<Mode>,
}

#[derive(Debug, Args)]
pub(crate) struct Conflicts {
    #[command(flatten)]
    kept: Kept,
    #[arg(long)]
    all: bool,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::Prepare(prepare) => prepare::desk_prepare(prepare, call).await,
        Verb::Open(open) => {
            let (mut desk, mut journal) = opened(&open.kept, open.mode, call).await?;
            expiry_check(&desk)?;
            terminal::work(&mut desk, &mut journal, call).await
        }
        Verb::Scan(scan) => scan::desk_scan(scan, call).await,
        Verb::Send(kept) => {
            let (mut desk, mut journal) = opened(&kept, None, call).await?;
            send::desk_send(&mut desk, &mut journal, call).await
        }
        Verb::Conflicts(conflicts) => {
            let (desk, _) = opened(&conflicts.kept, None, call).await?;
            row::conflicts(&desk, conflicts.all, call)
        }
    }
}

/// Opens a desk where it was left.
async fn opened(kept: &Kept, mode: Option<Mode>, call: &mut Call<'_>) -> Result<(Desk, Journal), Error> {
    let words = passphrase(kept.passphrase_file.as_deref(), "desk-passphrase", call).await?;
    // Stretching a passphrase takes a moment on purpose.
    let path = kept.file.clone();
    let opening = tokio::task::spawn_blocking(move || desk_open(&path, &words));
    let opened = call.progress.during(opening).await.map_err(std::io::Error::other)??;
    if opened.torn > 0 {
        let text = call.words.text_with("desk-torn", &[("bytes", opened.torn.to_string().into())]);
        call.note(&text);
    }
    let mode = mode.unwrap_or(opened.set.mode);
    if (mode == Mode::Stocktake) != (opened.set.mode == Mode::Stocktake) {
        return Err(Error::Desk(DeskFault::Mode));
    }
    let mut desk = Desk::new(opened.set, mode);
    let mut journal = opened.journal;
    for entry in opened.entries {
        desk.keep(entry);
    }
    if desk.log.desk.is_none() {
        let now = clock();
        let entry = Entry::Desk { id: ids(now)[0], at: now };
        journal.append(&entry)?;
        desk.keep(entry);
    }
    desk.begin();
    Ok((desk, journal))
}

/// A set that is too old is opened only to send what was done.
fn expiry_check(desk: &Desk) -> Result<(), Error> {
    if clock() >= desk.set().expires { Err(Error::Desk(DeskFault::Expired)) } else { Ok(()) }
}

/// The desk's clock, which may be wrong.
fn clock() -> Timestamp {
    let since = tls::system_time().current_time().map_or(0, |now| now.as_secs());
    Timestamp::from_unix_seconds(i64::try_from(since).unwrap_or(i64::MAX))
}

/// This moment, with fresh ids.
fn moment() -> Moment {
    let now = clock();
    Moment { now, ids: ids(now) }
}

/// Ids for an act and for what goes with it: UUIDs of version 7 (RFC 9562).
fn ids(at: Timestamp) -> [ActId; 3] {
    std::array::from_fn(|_| ActId::new(at, rand::random()))
}
