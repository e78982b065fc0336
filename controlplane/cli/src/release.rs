//! `cartable release`: which release of the agent devices are to run.

use crate::Error;
use crate::call::Call;
use crate::print::{Sheet, Tone};
use crate::proposal::proposal_print;
use clap::{Args, Subcommand};
use model::resource::ReleaseWanted;
use wire::v1::{ReleaseSetRequest, ReleaseShowRequest};

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Show,
    Set(Set),
    Unset(Unset),
}

#[derive(Debug, Args)]
pub(crate) struct Set {
    #[arg(value_name = "VERSION")]
    number: String,
    #[arg(long)]
    digest: String,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Unset {
    #[arg(long)]
    why: Option<String>,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::Show => {
            let mut client = call.client().await?;
            let shown = call.answer(client.release_show(ReleaseShowRequest {})).await?;
            release_print(shown.release, call)
        }
        Verb::Set(Set { number, digest, why }) => {
            let wrong = |value: &str| Error::usage("error-agent-release", &[("value", value)]);
            let version = number.parse().map_err(|_| wrong(&number))?;
            let index = digest.parse().map_err(|_| wrong(&digest))?;
            release_set(Some(ReleaseWanted { version, index }), why, "cartable release set", call).await
        }
        Verb::Unset(Unset { why }) => release_set(None, why, "cartable release unset", call).await,
    }
}

async fn release_set(
    release: Option<ReleaseWanted>,
    why: Option<String>,
    own: &str,
    call: &mut Call<'_>,
) -> Result<(), Error> {
    let why = why.unwrap_or_else(|| own.to_owned());
    let mut client = call.client().await?;
    let asked = ReleaseSetRequest { release: release.as_ref().map(Into::into), why };
    let answer = call.answer(client.release_set(asked)).await?;
    match answer.proposal {
        Some(proposal) => proposal_print(proposal, call),
        None => release_print(answer.release, call),
    }
}

fn release_print(release: Option<wire::v1::ReleaseWanted>, call: &mut Call<'_>) -> Result<(), Error> {
    let release = release.map(ReleaseWanted::try_from).transpose()?;
    let look = call.print.look();
    let mut sheet = Sheet::default();
    sheet.section(look.text("agent-release-title"));
    match &release {
        Some(release) => {
            sheet.line(look.text("agent-release-version"), release.version.to_string(), Tone::Plain);
            sheet.line(look.text("agent-release-digest"), release.index.to_string(), Tone::Plain);
        }
        None => {
            let none = look.text("agent-release-none");
            sheet.line(look.text("agent-release-version"), none, Tone::Plain);
        }
    }
    call.print.one(&release, || sheet)
}
