//! `cartable asset`: equipment, from the delivery note to its retirement.

mod act;
mod bind;
mod import;
mod labels;
mod lines;
mod row;
mod show;

pub(crate) use labels::lang_code;
pub(crate) use lines::{day_read, plain, price_read, text_of};
pub(crate) use row::{AssetRow, measure_text};
pub(crate) use show::price_text;

use crate::Error;
use crate::call::Call;
use crate::device::{owner_read, school_read};
use clap::{Args, Subcommand, ValueEnum};
use tonic::transport::Channel;
use wire::v1::admin_client::AdminClient;
use wire::v1::{self, AssetListRequest, AssetStep, AssetSummary};

/// Assets asked for at a time.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Import(import::Import),
    Receive(Box<import::Receive>),
    List(List),
    Show(show::Show),
    Prepare(act::Act),
    Ready(act::Act),
    Repair(act::Act),
    Check(act::Act),
    Retire(act::Act),
    Lose(act::Act),
    Steal(act::Act),
    Find(act::Act),
    Wipe(act::Wipe),
    Move(act::Move),
    Bind(bind::Bind),
    Unbind(bind::Unbind),
    Labels(labels::Labels),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    filter: Filter,
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

/// Filters of lists of equipment; all must fit.
#[derive(Debug, Args)]
pub(crate) struct Filter {
    #[arg(long, value_enum)]
    lifecycle: Option<Lifecycle>,
    #[arg(long)]
    school: Option<String>,
    #[arg(long)]
    owner: Option<String>,
    #[arg(long, value_enum)]
    measure: Option<Measure>,
    #[arg(long)]
    model: Option<String>,
    #[arg(long)]
    unbound: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Lifecycle {
    Received,
    InPreparation,
    Available,
    Reserved,
    OnLoan,
    InKit,
    AssignedStaff,
    ReturnedUnchecked,
    ToRecondition,
    InRepair,
    Lost,
    Stolen,
    Retired,
}

/// A measure of the programme, as typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Measure {
    Base,
    HybridKit,
    PupilLoan,
    NewTeacher,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::Import(import) => import::asset_import(import, call).await,
        Verb::Receive(receive) => import::asset_receive(*receive, call).await,
        Verb::List(list) => asset_list(list, call).await,
        Verb::Show(show) => show::asset_show(show, call).await,
        Verb::Prepare(act) => act::asset_step(act, AssetStep::Prepare, call).await,
        Verb::Ready(act) => act::asset_step(act, AssetStep::Ready, call).await,
        Verb::Repair(act) => act::asset_step(act, AssetStep::Repair, call).await,
        Verb::Check(act) => act::asset_step(act, AssetStep::Check, call).await,
        Verb::Retire(act) => act::asset_step(act, AssetStep::Retire, call).await,
        Verb::Lose(act) => act::asset_missing(act, v1::AssetLoss::Lost, call).await,
        Verb::Steal(act) => act::asset_missing(act, v1::AssetLoss::Stolen, call).await,
        Verb::Find(act) => act::asset_missing(act, v1::AssetLoss::Found, call).await,
        Verb::Wipe(wipe) => act::asset_wipe(wipe, call).await,
        Verb::Move(to) => act::asset_move(to, call).await,
        Verb::Bind(bind) => bind::asset_bind(bind, call).await,
        Verb::Unbind(unbind) => bind::asset_unbind(unbind, call).await,
        Verb::Labels(labels) => labels::asset_labels(labels, call).await,
    }
}

async fn asset_list(list: List, call: &mut Call<'_>) -> Result<(), Error> {
    let request = list.filter.request()?;
    let mut client = call.client().await?;
    let assets = listed(request, list.limit, &mut client, call).await?;
    call.progress.clear();
    let rows: Vec<AssetRow> = assets.into_iter().map(AssetRow::from).collect();
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("asset-none"));
        return Ok(());
    }
    call.print.list(&rows)
}

/// The assets of a list, page after page.
async fn listed(
    mut request: AssetListRequest,
    limit: Option<u32>,
    client: &mut AdminClient<Channel>,
    call: &mut Call<'_>,
) -> Result<Vec<AssetSummary>, Error> {
    let mut assets: Vec<AssetSummary> = Vec::new();
    loop {
        let had = u32::try_from(assets.len()).unwrap_or(u32::MAX);
        request.limit = limit.map_or(PAGE, |limit| (limit - had).min(PAGE));
        let page = call.answer(client.asset_list(request.clone())).await?;
        assets.extend(page.assets);
        call.progress.text(call.print.look().count("progress-assets", assets.len()));
        let full = limit.is_some_and(|limit| assets.len() >= usize::try_from(limit).unwrap_or(usize::MAX));
        // A server that names the same place again would keep us for ever.
        if full || page.next.is_empty() || page.next == request.after {
            break;
        }
        request.after = page.next;
    }
    if let Some(limit) = limit {
        assets.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(assets)
}

impl Filter {
    fn request(&self) -> Result<AssetListRequest, Error> {
        let lifecycle = self.lifecycle.as_ref().and_then(ValueEnum::to_possible_value);
        Ok(AssetListRequest {
            lifecycle: lifecycle.map_or_else(String::new, |value| value.get_name().replace('-', "_")),
            school: self.school.as_deref().map(school_read).transpose()?.unwrap_or_default(),
            owner: self.owner.as_deref().map(owner_read).transpose()?.unwrap_or_default(),
            measure: measure_name(self.measure),
            model: self.model.clone().unwrap_or_default(),
            unbound: self.unbound,
            limit: 0,
            after: String::new(),
        })
    }

    /// Whether nothing is filtered.
    fn is_empty(&self) -> bool {
        self.lifecycle.is_none()
            && self.school.is_none()
            && self.owner.is_none()
            && self.measure.is_none()
            && self.model.is_none()
            && !self.unbound
    }
}

/// A measure's name in messages; empty for none.
pub(crate) fn measure_name(measure: Option<Measure>) -> String {
    let value = measure.as_ref().and_then(ValueEnum::to_possible_value);
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}
