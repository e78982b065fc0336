//! `cartable loan`: lending, chasing, swapping, taking back.

mod act;
mod agreement;
mod condition;
mod exam;
mod filling;
mod filter;
mod named;
mod policy;
mod row;
mod show;
mod template;

use crate::Error;
use crate::call::Call;
use act::Act;
use clap::{Args, Subcommand};
use filter::Filter;
use row::LoanRow;
pub(crate) use row::item_word;
use show::{Shown, loan_sheet};
use tonic::Status;
use tonic::transport::Channel;
use wire::v1::admin_client::AdminClient;
use wire::v1::{self, LoanActsRequest, LoanOutcome, LoanRemindRequest, LoanShowRequest};

/// Loans asked for at a time.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    List(List),
    Show(Show),
    Create(act::Create),
    Approve(act::Plain),
    Prepare(act::Prepare),
    Sign(act::Sign),
    HandOver(act::HandOver),
    Extend(act::Extend),
    Return(act::Return),
    Swap(act::Swap),
    Incident(act::Incident),
    Remind,
    Decide(act::Plain),
    Undecide(act::Plain),
    Exam(exam::Exam),
    Transfer(act::Transfer),
    Close(act::Close),
    Cancel(act::Plain),
    Agreement(agreement::Agreement),
    Policy {
        #[command(subcommand)]
        verb: policy::Verb,
    },
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    filter: Filter,
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    loan: String,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    let act = match verb {
        Verb::List(list) => return loan_list(list, call).await,
        Verb::Show(show) => return loan_show(&show.loan, call).await,
        Verb::Remind => return loan_remind(call).await,
        Verb::Exam(exam) => return exam::loan_exam(exam, call).await,
        Verb::Agreement(agreement) => return agreement::loan_agreement(agreement, call).await,
        Verb::Policy { verb } => return policy::run(verb, call).await,
        Verb::Create(create) => create.act()?,
        Verb::Approve(plain) => plain.act(v1::loan_act::Deed::Approve(v1::LoanApprove {})),
        Verb::Prepare(prepare) => prepare.act()?,
        Verb::Sign(sign) => sign.act()?,
        Verb::HandOver(over) => over.act(),
        Verb::Extend(extend) => extend.act(),
        Verb::Return(back) => back.act()?,
        Verb::Swap(swap) => swap.act()?,
        Verb::Incident(incident) => incident.act(),
        Verb::Decide(plain) => plain.act(v1::loan_act::Deed::Decide(v1::LoanDecide {})),
        Verb::Undecide(plain) => plain.act(v1::loan_act::Deed::Undecide(v1::LoanUndecide {})),
        Verb::Transfer(transfer) => transfer.act()?,
        Verb::Close(close) => close.act(),
        Verb::Cancel(plain) => plain.act(v1::loan_act::Deed::Cancel(v1::LoanCancel {})),
    };
    loan_act(act, call).await
}

/// Sends one act and shows the loan as it then stands; what stands in the way is an error like any other.
async fn loan_act(Act { said, verb }: Act, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let asked = LoanActsRequest { acts: vec![said], desk_unix_ms: 0 };
    let mut answers = call.answer(client.loan_acts(asked)).await?.answers;
    call.progress.clear();
    let answer = answers.pop().unwrap_or_default();
    let refused = match answer.outcome() {
        LoanOutcome::Done | LoanOutcome::Already => None,
        LoanOutcome::Conflict => Some(Status::aborted(answer.why.clone())),
        LoanOutcome::NotFound => Some(Status::not_found(answer.why.clone())),
        LoanOutcome::Refused => Some(Status::invalid_argument(answer.why.clone())),
        LoanOutcome::Unavailable | LoanOutcome::Unspecified => Some(Status::unavailable(answer.why.clone())),
    };
    if let Some(refused) = refused {
        return Err(Error::Status(Box::new(refused)));
    }
    let shown = Shown::of(answer.loan.unwrap_or_default(), answer.worse);
    let done = call.words.text(&format!("loan-done-{verb}"));
    let sheet = loan_sheet(&shown, Some(done), call.print.look());
    call.print.one(&shown, || sheet)
}

async fn loan_list(list: List, call: &mut Call<'_>) -> Result<(), Error> {
    let mut request = list.filter.request()?;
    let mut client = call.client().await?;
    let most = list.limit.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
    let mut rows: Vec<LoanRow> = Vec::new();
    loop {
        request.limit = u32::try_from(most - rows.len()).unwrap_or(PAGE).min(PAGE);
        let page = call.answer(client.loan_list(request.clone())).await?;
        rows.extend(page.loans.into_iter().map(LoanRow::from));
        // A server that names the same place again would keep us for ever.
        if page.next.is_empty() || page.next == request.after || rows.len() >= most {
            break;
        }
        request.after = page.next;
    }
    call.progress.clear();
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("loan-none"));
        return Ok(());
    }
    call.print.list(&rows)
}

/// A loan as the server has it.
async fn loan_fetch(loan: &str, client: &mut AdminClient<Channel>, call: &mut Call<'_>) -> Result<Shown, Error> {
    let answer = call.answer(client.loan_show(LoanShowRequest { loan: loan.to_owned() })).await?;
    Ok(Shown::of(answer.loan.unwrap_or_default(), answer.worse))
}

async fn loan_show(loan: &str, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let shown = loan_fetch(loan, &mut client, call).await?;
    call.progress.clear();
    let sheet = loan_sheet(&shown, None, call.print.look());
    call.print.one(&shown, || sheet)
}

async fn loan_remind(call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let answer = call.answer(client.loan_remind(LoanRemindRequest {})).await?;
    call.progress.clear();
    let rows: Vec<LoanRow> = answer.loans.into_iter().map(LoanRow::from).collect();
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("loan-reminded-none"));
        return Ok(());
    }
    call.print.list(&rows)
}
