//! `cartable cadence`: how often devices check in.

use crate::Error;
use crate::call::Call;
use crate::print::{Look, Sheet, Tone};
use crate::proposal::proposal_print;
use crate::span::span_read_u32;
use clap::{Args, Subcommand};
use model::desired::{Cadence, CadenceError};
use wire::v1::{CadenceSetRequest, CadenceShowRequest};

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Show,
    Set(Set),
}

/// What is not named stays as it is.
#[derive(Debug, Args)]
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
    if [&set.poll, &set.hold, &set.health, &set.inventory].into_iter().all(Option::is_none) {
        return Err(Error::usage("error-cadence-nothing", &[]));
    }
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
    let cadence = wanted.checked().map_err(|e| range_error(&e, call.print.look()))?;
    let why = set.why.unwrap_or_else(|| "cartable cadence set".to_owned());
    let answer = call.answer(client.cadence_set(CadenceSetRequest { cadence: Some(cadence.into()), why })).await?;
    match answer.proposal {
        Some(proposal) => proposal_print(proposal, call),
        None => cadence_print(answer.cadence, call),
    }
}

fn range_error(error: &CadenceError, look: &Look<'_>) -> Error {
    let span = |seconds: u32| look.span(seconds.into());
    let [low, high, value] = [error.low, error.high, error.value].map(span);
    Error::usage("error-cadence", &[("field", error.field), ("low", &low), ("high", &high), ("value", &value)])
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::failure_text;
    use crate::{EN, FR};
    use words::{Catalogue, Language};

    #[test]
    fn a_range_is_said_in_the_units_that_are_typed() {
        let words = Catalogue::new(Language::Fr, FR, EN);
        let look = Look { words: &words, zone: jiff::tz::TimeZone::UTC, colour: false };
        let wrong = Cadence { poll_seconds: 172_800, ..Cadence::default() }.checked().unwrap_err();
        let text = failure_text(&range_error(&wrong, &look), &words).replace(['\u{a0}', '\u{202f}'], " ");
        assert!(text.starts_with("erreur : « --poll » va de 5 s à 1 jour, pas 2 jours\n"), "{text}");
    }
}
