//! `cartable rollout`: a version of a bundle reaches its scope in waves, which people plan, steer and watch.

mod explain;
mod row;
mod wish;

use crate::Error;
use crate::call::Call;
use crate::confirm::confirm;
use crate::print::{Sheet, Tone};
use clap::{Args, Subcommand};
use model::digest::hex;
use row::{RolloutRow, WaveRow, percent};
use serde::Serialize;
use std::time::Duration;
use wire::v1::{Rollout, RolloutActRequest, RolloutDeed, RolloutListRequest, RolloutPlanRequest, RolloutShowRequest};
use wish::Plan;

/// How often a rollout that is watched is asked for.
const WATCH_EVERY: Duration = Duration::from_secs(2);

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Plan(Box<Plan>),
    Approve(Approve),
    Start(Sure),
    Watch(Named),
    List(List),
    Show(Named),
    Pause(Why),
    Resume(Resume),
    Abort(Sure),
    Rollback(Sure),
    Explain(explain::Explain),
}

#[derive(Debug, Args)]
pub(crate) struct Named {
    rollout: String,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Why {
    rollout: String,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Approve {
    rollout: String,
    #[arg(long)]
    wave: Option<u32>,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Resume {
    rollout: String,
    #[arg(long)]
    accept: bool,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Sure {
    rollout: String,
    #[arg(long)]
    why: Option<String>,
    #[arg(long)]
    yes: bool,
}

/// A rollout with its waves; the field names are promised to programs.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    rollout: RolloutRow,
    waits: Option<String>,
    /// SHA-256 of the version's index, as it is signed.
    index: String,
    scope: Vec<String>,
    success_percent: f64,
    error_percent: f64,
    sample: u32,
    wan_bytes: u64,
    lan_bytes: u64,
    waves: Vec<WaveRow>,
    reasons: Vec<Reason>,
}

/// How many devices stand so, and why.
#[derive(Debug, Serialize)]
struct Reason {
    phase: String,
    code: String,
    devices: u64,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::Plan(plan) => rollout_plan(*plan, call).await,
        Verb::Approve(a) => {
            let asked =
                RolloutActRequest { wave: a.wave.unwrap_or(0), ..asked(a.rollout, RolloutDeed::Approve, a.why) };
            act(asked, call).await
        }
        Verb::Start(sure) => surely(sure, RolloutDeed::Start, "rollout-question-start", call).await,
        Verb::Watch(named) => rollout_watch(named.rollout, call).await,
        Verb::List(list) => rollout_list(list.all, call).await,
        Verb::Show(named) => {
            let rollout = shown(named.rollout, call).await?;
            rollout_print(rollout, call)
        }
        Verb::Pause(why) => act(asked(why.rollout, RolloutDeed::Pause, why.why), call).await,
        Verb::Resume(r) => {
            act(RolloutActRequest { accept: r.accept, ..asked(r.rollout, RolloutDeed::Resume, r.why) }, call).await
        }
        Verb::Abort(sure) => surely(sure, RolloutDeed::Abort, "rollout-question-abort", call).await,
        Verb::Rollback(sure) => surely(sure, RolloutDeed::RollBack, "rollout-question-rollback", call).await,
        Verb::Explain(asked) => explain::explain(asked, call).await,
    }
}

async fn rollout_plan(plan: Plan, call: &mut Call<'_>) -> Result<(), Error> {
    let dry = plan.dry;
    let request = RolloutPlanRequest { wish: Some(plan.read()?), dry };
    let mut client = call.client().await?;
    let answer = call.answer(client.rollout_plan(request)).await?;
    let rollout = answer.rollout.unwrap_or_default();
    let (id, second) = (rollout.id.clone(), rollout.second);
    rollout_print(rollout, call)?;
    let key = match (dry, second) {
        (true, _) => "rollout-planned-dry",
        (false, true) => "rollout-planned-second",
        (false, false) => "rollout-planned",
    };
    let text = call.words.text_with(key, &[("id", id.as_str().into())]);
    call.note(&text);
    Ok(())
}

async fn surely(sure: Sure, deed: RolloutDeed, question: &str, call: &mut Call<'_>) -> Result<(), Error> {
    if !sure.yes {
        let question = call.words.text_with(question, &[("id", crate::print::clean(&sure.rollout).into())]);
        confirm(call, &question).await?;
    }
    act(asked(sure.rollout, deed, sure.why), call).await
}

async fn act(asked: RolloutActRequest, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let answer = call.answer(client.rollout_act(asked)).await?;
    rollout_print(answer.rollout.unwrap_or_default(), call)
}

async fn rollout_list(all: bool, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let answer = call.answer(client.rollout_list(RolloutListRequest { all })).await?;
    let rows: Vec<RolloutRow> = answer.rollouts.iter().map(RolloutRow::from).collect();
    call.progress.clear();
    if call.print.for_people() && rows.is_empty() {
        let text = call.words.text("rollout-none");
        call.note(&text);
        return Ok(());
    }
    call.print.list(&rows)
}

/// For people at a terminal the whole is drawn anew; else a line is written whenever something has changed.
async fn rollout_watch(id: String, call: &mut Call<'_>) -> Result<(), Error> {
    let draws = call.print.for_people() && call.surroundings.out_terminal;
    let (mut before, mut first) = (None, true);
    loop {
        let rollout = shown(id.clone(), call).await?;
        // Of one that has not begun all devices are looked at anew for each answer.
        let begun = !["draft", "approved"].contains(&rollout.state.as_str());
        let every = if begun { WATCH_EVERY } else { WATCH_EVERY * 15 };
        let over = !["draft", "approved", "running", "paused"].contains(&rollout.state.as_str());
        if before.as_ref() != Some(&rollout) {
            if draws {
                call.print.raw(b"\x1b[H\x1b[2J")?;
                rollout_print(rollout.clone(), call)?;
            } else {
                call.print.line(&RolloutRow::from(&rollout), first)?;
            }
            (before, first) = (Some(rollout), false);
        }
        if over {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            stopped = tokio::signal::ctrl_c() => return stopped.map_err(Error::Output),
        }
    }
}

async fn shown(rollout: String, call: &mut Call<'_>) -> Result<Rollout, Error> {
    let mut client = call.client().await?;
    let answer = call.answer(client.rollout_show(RolloutShowRequest { rollout })).await?;
    Ok(answer.rollout.unwrap_or_default())
}

fn rollout_print(rollout: Rollout, call: &mut Call<'_>) -> Result<(), Error> {
    call.progress.clear();
    let row = RolloutRow::from(&rollout);
    let waves: Vec<WaveRow> = rollout.waves.iter().enumerate().map(|(n, wave)| WaveRow::of(n, wave)).collect();
    if call.print.for_spreadsheets() {
        return call.print.list(&waves);
    }
    let wish = rollout.wish.unwrap_or_default();
    let reason = |of: wire::v1::RolloutCode| Reason { phase: of.phase, code: of.code, devices: of.devices };
    let shown = Shown {
        rollout: row,
        waits: Some(rollout.waits).filter(|waits| !waits.is_empty()),
        index: hex(&wish.index),
        scope: wish.scope,
        success_percent: percent(wish.success),
        error_percent: percent(wish.error),
        sample: wish.sample,
        wan_bytes: rollout.wan_bytes,
        lan_bytes: rollout.lan_bytes,
        waves,
        reasons: rollout.codes.into_iter().map(reason).collect(),
    };
    let look = call.print.look();
    let mut sheet = Sheet::default();
    let row = &shown.rollout;
    sheet.section(format!("{} {} ({})", row.bundle, row.version, row.id));
    let (state, tone) = row.state_text(look);
    sheet.line(look.text("rollout-state"), state, tone);
    if let Some(waits) = &shown.waits {
        sheet.line(look.text("rollout-waits"), look.text(&format!("rollout-waits-{waits}")), Tone::Plain);
    }
    sheet.line(look.text("rollout-scope"), shown.scope.join(" "), Tone::Plain);
    let limits = call.words.text_with(
        "rollout-limits",
        &[
            ("success", look.decimal(shown.success_percent, 1).into()),
            ("error", look.decimal(shown.error_percent, 1).into()),
            ("sample", look.number(shown.sample.into()).into()),
        ],
    );
    sheet.line(look.text("rollout-thresholds"), limits, Tone::Plain);
    let bytes = format!("{} / {}", look.bytes(shown.wan_bytes), look.bytes(shown.lan_bytes));
    sheet.line(look.text("rollout-bytes"), bytes, Tone::Plain);
    for reason in &shown.reasons {
        let phase = look.text(&format!("rollout-phase-{}", reason.phase.replace('_', "-")));
        let text = format!("{} × {}", look.number(reason.devices), look.reason(&reason.code));
        sheet.line(phase, text, Tone::Warning);
    }
    call.print.one(&shown, || sheet)?;
    if call.print.for_people() {
        call.print.raw(b"\n")?;
        call.print.list(&shown.waves)?;
    }
    Ok(())
}

fn asked(rollout: String, deed: RolloutDeed, why: Option<String>) -> RolloutActRequest {
    RolloutActRequest { rollout, deed: deed.into(), why: why.unwrap_or_default(), ..RolloutActRequest::default() }
}
