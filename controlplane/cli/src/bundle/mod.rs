//! `cartable bundle`: resources, from the signed repository to the devices.

mod assign;
mod carry;
mod export;
mod push;
mod row;
mod shelf;
mod spread;

use crate::Error;
use crate::call::Call;
use clap::{Args, Subcommand};
use row::OfferRow;
use wire::v1::BundleListRequest;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    List,
    Show(Show),
    Push(push::Push),
    Export(export::Export),
    Assign(Box<assign::Assign>),
    Unassign(Box<assign::Unassign>),
    Assignments(assign::Assignments),
    Reach(spread::Reach),
    Explain(spread::Explain),
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    bundle: String,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::List => bundle_list(call).await,
        Verb::Show(show) => bundle_show(show, call).await,
        Verb::Push(push) => push::bundle_push(&push, call).await,
        Verb::Export(export) => export::bundle_export(export, call).await,
        Verb::Assign(assign) => assign::bundle_assign(*assign, call).await,
        Verb::Unassign(unassign) => assign::bundle_unassign(*unassign, call).await,
        Verb::Assignments(asked) => assign::bundle_assignments(asked, call).await,
        Verb::Reach(reach) => spread::bundle_reach(reach, call).await,
        Verb::Explain(explain) => spread::bundle_explain(explain, call).await,
    }
}

async fn bundle_list(call: &mut Call<'_>) -> Result<(), Error> {
    let rows = offers(String::new(), call).await?;
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("bundle-none"));
        return Ok(());
    }
    call.print.list(&rows)
}

async fn bundle_show(show: Show, call: &mut Call<'_>) -> Result<(), Error> {
    let rows = offers(show.bundle.clone(), call).await?;
    let Some(newest) = rows.first() else {
        return Err(Error::usage("error-bundle-none", &[("bundle", &crate::print::clean(&show.bundle))]));
    };
    let sheet = newest.sheet(&rows, call.print.look());
    call.print.one(&rows, || sheet)
}

async fn offers(name: String, call: &mut Call<'_>) -> Result<Vec<OfferRow>, Error> {
    let mut client = call.client().await?;
    let answer = call.answer(client.bundle_list(BundleListRequest { name })).await?;
    call.progress.clear();
    Ok(answer.bundles.into_iter().map(OfferRow::from).collect())
}
