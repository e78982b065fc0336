//! `cartable class`: which kits, loans and devices serve a class. Nobody's name is in it.

mod row;

use crate::Error;
use crate::call::Call;
use crate::device::school_read;
use crate::print::{Sheet, clean};
use crate::proposal::proposal_print;
use clap::{Args, Subcommand};
use model::class::Class;
use row::{ClassRow, MemberRow};
use serde::Serialize;
use wire::v1::{ClassLendRequest, ClassListRequest, ClassPutRequest, ClassShowRequest, ProposalSummary};

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    List(List),
    Show(Show),
    Put(Put),
    Remove(Remove),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[arg(long)]
    school: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    class: String,
}

#[derive(Debug, Args)]
pub(crate) struct Put {
    class: String,
    #[command(flatten)]
    things: Things,
}

#[derive(Debug, Args)]
pub(crate) struct Remove {
    #[command(flatten)]
    things: Things,
}

/// What serves a class. Loans are a loan desk's, kits and devices a technician's: no act is about both.
#[derive(Debug, Args)]
struct Things {
    #[arg(long, required_unless_present_any = ["device", "loan"])]
    kit: Vec<String>,
    #[arg(long, value_delimiter = ',')]
    device: Vec<String>,
    #[arg(long, value_delimiter = ',', conflicts_with_all = ["kit", "device"])]
    loan: Vec<String>,
    #[arg(long)]
    why: Option<String>,
}

/// What was done; the field names are promised to programs.
#[derive(Debug, Serialize)]
struct Done {
    class: Option<String>,
    kits: Vec<String>,
    loans: Vec<String>,
    devices: Vec<String>,
    told: u32,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::List(list) => class_list(list, call).await,
        Verb::Show(show) => class_show(show, call).await,
        Verb::Put(put) => {
            let class = class_read(&put.class)?;
            class_put(class, put.things, call).await
        }
        Verb::Remove(remove) => class_put(String::new(), remove.things, call).await,
    }
}

/// A class as it travels; what is none is said here.
pub(crate) fn class_read(text: &str) -> Result<String, Error> {
    let read: Result<Class, _> = text.parse();
    read.map(|class| class.to_string()).map_err(|_| Error::usage("error-class", &[("value", &clean(text))]))
}

async fn class_list(list: List, call: &mut Call<'_>) -> Result<(), Error> {
    let school = list.school.as_deref().map(school_read).transpose()?.unwrap_or_default();
    let mut client = call.client().await?;
    let answer = call.answer(client.class_list(ClassListRequest { school })).await?;
    call.progress.clear();
    let rows: Vec<ClassRow> = answer.classes.into_iter().map(ClassRow::from).collect();
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("class-none"));
        return Ok(());
    }
    call.print.list(&rows)
}

async fn class_show(show: Show, call: &mut Call<'_>) -> Result<(), Error> {
    let class = class_read(&show.class)?;
    let mut client = call.client().await?;
    let answer = call.answer(client.class_show(ClassShowRequest { class })).await?;
    call.progress.clear();
    let rows: Vec<MemberRow> = answer.members.into_iter().map(MemberRow::from).collect();
    call.print.list(&rows)
}

async fn class_put(class: String, things: Things, call: &mut Call<'_>) -> Result<(), Error> {
    let Things { kit, device, loan, why } = things;
    let verb = if class.is_empty() { "remove" } else { "put" };
    let why = why.unwrap_or_else(|| format!("cartable class {verb}"));
    let mut client = call.client().await?;
    let (told, proposal) = if loan.is_empty() {
        let asked = ClassPutRequest { class: class.clone(), kits: kit.clone(), devices: device.clone(), why };
        let answer = call.answer(client.class_put(asked)).await?;
        (answer.devices, answer.proposal)
    } else {
        let answer =
            call.answer(client.class_lend(ClassLendRequest { class: class.clone(), loans: loan.clone(), why })).await?;
        (answer.devices, answer.proposal)
    };
    let class = Some(class).filter(|class| !class.is_empty());
    said(Done { class, kits: kit, loans: loan, devices: device, told }, proposal, call)
}

fn said(done: Done, proposal: Option<ProposalSummary>, call: &mut Call<'_>) -> Result<(), Error> {
    call.progress.clear();
    if let Some(proposal) = proposal {
        return proposal_print(proposal, call);
    }
    let things: Vec<String> =
        [&done.kits, &done.loans, &done.devices].into_iter().flatten().map(|t| clean(t)).collect();
    let told = words::Value::Number(done.told.into());
    let line = match &done.class {
        Some(class) => {
            let values = [("class", class.as_str().into()), ("things", things.join(", ").into()), ("n", told)];
            call.words.text_with("class-put", &values)
        }
        None => call.words.text_with("class-removed", &[("things", things.join(", ").into()), ("n", told)]),
    };
    call.print.one(&done, || {
        let mut sheet = Sheet::default();
        sheet.section(line);
        sheet
    })
}
