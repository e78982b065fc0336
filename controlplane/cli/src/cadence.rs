//! `cartable cadence`: how often devices check in.

use crate::Error;
use crate::call::Call;
use crate::print::{Look, Sheet, Tone};
use crate::span::span_read_u32;
use clap::{Args, Subcommand};
use model::desired::Cadence;
use wire::v1::{CadenceSetRequest, CadenceShowRequest};
use words::Value;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Show,
    Set(Set),
}

/// What is not named stays as it is.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("any").required(true).multiple(true).args(["poll", "hold", "health", "inventory"])))]
pub(crate) struct Set {
    #[arg(long)]
    poll: Option<String>,
    #[arg(long)]
    hold: Option<String>,
    #[arg(long)]
    health: Option<String>,
    #[arg(long)]
    inventory: Option<String>,
    #[arg(long)]
    why: Option<String>,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::Show => {
            let mut client = call.client().await?;
            let shown = call.answer(client.cadence_show(CadenceShowRequest {})).await?;
            cadence_print(shown.cadence, call)
        }
        Verb::Set(set) => cadence_set(set, call).await,
    }
}

async fn cadence_set(set: Set, call: &mut Call<'_>) -> Result<(), Error> {
    let read = |text: &Option<String>| match text.as_deref() {
        // The one span that may be nothing: a plain poll.
        Some("0" | "0s") => Ok(Some(0)),
        text => text.map(span_read_u32).transpose(),
    };
    let (poll, hold, health, inventory) =
        (read(&set.poll)?, read(&set.hold)?, read(&set.health)?, read(&set.inventory)?);
    let mut client = call.client().await?;
    let now = call.answer(client.cadence_show(CadenceShowRequest {})).await?.cadence.unwrap_or_default();
    let wanted = Cadence {
        poll_seconds: poll.unwrap_or(now.poll_seconds),
        hold_seconds: hold.unwrap_or(now.hold_seconds),
        health_seconds: health.unwrap_or(now.health_seconds),
        inventory_seconds: inventory.unwrap_or(now.inventory_seconds),
    };
    let cadence = wanted.checked().map_err(|e| Error::Usage {
        key: "error-cadence",
        values: vec![
            ("field", e.field.into()),
            ("low", Value::count(e.low.into())),
            ("high", Value::count(e.high.into())),
            ("value", Value::count(e.value.into())),
        ],
    })?;
    let why = set.why.unwrap_or_else(|| "cartable cadence set".to_owned());
    let answer = call.answer(client.cadence_set(CadenceSetRequest { cadence: Some(cadence.into()), why })).await?;
    cadence_print(answer.cadence, call)
}

fn cadence_print(cadence: Option<wire::v1::Cadence>, call: &mut Call<'_>) -> Result<(), Error> {
    let cadence = Cadence::try_from(cadence.unwrap_or_default())?;
    let sheet = sheet(&cadence, call.print.look());
    call.print.one(&cadence, || sheet)
}

fn sheet(cadence: &Cadence, look: &Look<'_>) -> Sheet {
    let mut sheet = Sheet::default();
    sheet.section(look.text("cadence-title"));
    for (key, seconds) in [
        ("cadence-poll", cadence.poll_seconds),
        ("cadence-hold", cadence.hold_seconds),
        ("cadence-health", cadence.health_seconds),
        ("cadence-inventory", cadence.inventory_seconds),
    ] {
        sheet.line(look.text(key), look.span(seconds.into()), Tone::Plain);
    }
    sheet
}
