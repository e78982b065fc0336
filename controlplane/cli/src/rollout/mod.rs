//! `cartable rollout`: a version of a bundle reaches its scope in waves, which people plan, steer and watch.

mod explain;
mod live;
mod row;
mod watch;
mod wish;

use crate::Error;
use crate::call::Call;
use crate::confirm::confirm;
use crate::print::{Look, Sheet, Tone};
use clap::{Args, Subcommand};
use model::digest::hex;
use row::{RolloutRow, WaveRow, devices, percent};
use serde::Serialize;
use wire::v1::{Rollout, RolloutActRequest, RolloutDeed, RolloutListRequest, RolloutPlanRequest, RolloutShowRequest};
use wish::Plan;

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
    patience: Patience,
    wan_bytes: u64,
    lan_bytes: u64,
    waves: Vec<WaveRow>,
    reasons: Vec<Reason>,
}

/// For how long each thing is waited for.
#[derive(Debug, Serialize)]
struct Patience {
    offered_seconds: u32,
    downloading_seconds: u32,
    verifying_seconds: u32,
    staged_seconds: u32,
    unreachable_seconds: u32,
    seed_seconds: u32,
    wave_seconds: u32,
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
        Verb::Watch(named) => watch::rollout_watch(named.rollout, call).await,
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

impl Patience {
    /// In words, in the order in which a device comes through them.
    fn text(&self, look: &Look<'_>) -> String {
        let spans = [
            ("phase-offered", self.offered_seconds),
            ("phase-downloading", self.downloading_seconds),
            ("phase-verifying", self.verifying_seconds),
            ("phase-staged", self.staged_seconds),
            ("phase-unreachable", self.unreachable_seconds),
            ("seed", self.seed_seconds),
            ("wave", self.wave_seconds),
        ];
        let said = spans.map(|(key, seconds)| {
            format!("{} {}", look.text(&format!("rollout-{key}")).to_lowercase(), look.span(seconds.into()))
        });
        said.join(", ")
    }
}

async fn rollout_plan(plan: Plan, call: &mut Call<'_>) -> Result<(), Error> {
    let dry = plan.dry;
    let request = RolloutPlanRequest { wish: Some(plan.read()?), dry };
    let mut client = call.client().await?;
    let answer = call.answer(client.rollout_plan(request)).await?;
    let rollout = answer.rollout.unwrap_or_default();
    let (id, second) = (rollout.id.clone(), rollout.second);
    let nobody = rollout.counts.as_ref().is_some_and(|of| devices(of) == 0);
    rollout_print(rollout, call)?;
    if nobody {
        let text = call.words.text("rollout-nobody");
        call.note(&text);
    }
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
        patience: Patience {
            offered_seconds: wish.offered_seconds,
            downloading_seconds: wish.downloading_seconds,
            verifying_seconds: wish.verifying_seconds,
            staged_seconds: wish.staged_seconds,
            unreachable_seconds: wish.unreachable_seconds,
            seed_seconds: wish.seed_seconds,
            wave_seconds: wish.wave_seconds,
        },
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
    sheet.line(look.text("rollout-patience"), shown.patience.text(look), Tone::Plain);
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
