//! `cartable operator`: the people of the staff, and one's own certificate.

mod accept;
mod grants;
mod keep;
mod renew;
mod row;

pub(crate) use keep::{pending_finish, write};

use crate::Error;
use crate::call::Call;
use crate::confirm::confirm;
use crate::print::{Look, Sheet, Tone, clean};
use crate::span::span_read;
use clap::{Args, Subcommand};
use grants::Grants;
use row::{OperatorRow, grants_text};
use serde::Serialize;
use wire::v1::{
    OperatorInviteRequest, OperatorInviteResponse, OperatorListRequest, OperatorRevokeRequest, OperatorSelfRequest,
};
use words::Value;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Invite(Invite),
    Accept(accept::Accept),
    List(List),
    Revoke(Revoke),
    #[command(name = "self")]
    Itself,
    Renew,
}

#[derive(Debug, Args)]
pub(crate) struct Invite {
    name: String,
    #[command(flatten)]
    grants: Grants,
    #[arg(long)]
    life: Option<String>,
    #[arg(long)]
    again: bool,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Revoke {
    name: String,
    #[arg(long)]
    why: Option<String>,
    #[arg(long, short)]
    yes: bool,
}

/// An invitation just made, for programs: the only time its secret is said.
#[derive(Debug, Serialize)]
struct Invited {
    #[serde(flatten)]
    row: OperatorRow,
    secret: String,
    server: String,
    command: String,
}

/// Oneself, and the calls one may make.
#[derive(Debug, Serialize)]
struct Itself {
    #[serde(flatten)]
    row: OperatorRow,
    calls: Vec<String>,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::Invite(invite) => operator_invite(invite, call).await,
        Verb::Accept(accept) => accept::operator_accept(accept, call).await,
        Verb::List(list) => operator_list(list, call).await,
        Verb::Revoke(revoke) => operator_revoke(revoke, call).await,
        Verb::Itself => operator_self(call).await,
        Verb::Renew => renew::operator_renew(call).await,
    }
}

async fn operator_invite(invite: Invite, call: &mut Call<'_>) -> Result<(), Error> {
    let request = OperatorInviteRequest {
        grants: invite.grants.read()?,
        name: invite.name.trim().to_lowercase(),
        life_seconds: invite.life.as_deref().map(span_read).transpose()?.unwrap_or_default(),
        again: invite.again,
        why: invite.why.unwrap_or_else(|| "cartable operator invite".to_owned()),
    };
    let mut client = call.client().await?;
    let answer = call.answer(client.operator_invite(request)).await?;
    call.progress.clear();
    let invited = Invited::from(answer);
    let sheet = invited_sheet(&invited, call.print.look());
    call.print.one(&invited, || sheet)
}

async fn operator_list(list: List, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let answer = call.answer(client.operator_list(OperatorListRequest { all: list.all })).await?;
    call.progress.clear();
    let rows: Vec<OperatorRow> = answer.operators.into_iter().map(OperatorRow::from).collect();
    call.print.list(&rows)
}

async fn operator_revoke(revoke: Revoke, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    if !revoke.yes {
        let question = call.words.text_with("operator-revoke-question", &[("name", Value::from(clean(&revoke.name)))]);
        confirm(call, &question).await?;
    }
    let why = revoke.why.unwrap_or_else(|| "cartable operator revoke".to_owned());
    let answer = call.answer(client.operator_revoke(OperatorRevokeRequest { name: revoke.name, why })).await?;
    call.progress.clear();
    let row = OperatorRow::from(answer.operator.unwrap_or_default());
    let line = call.words.text_with("operator-revoked", &[("name", row.name.as_str().into())]);
    call.print.one(&row, || {
        let mut sheet = Sheet::default();
        sheet.section(line);
        sheet
    })
}

async fn operator_self(call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let answer = call.answer(client.operator_self(OperatorSelfRequest {})).await?;
    call.progress.clear();
    let itself = Itself { row: OperatorRow::from(answer.operator.unwrap_or_default()), calls: answer.calls };
    let look = call.print.look();
    let mut sheet = Sheet::default();
    sheet.section(clean(&itself.row.name));
    for (at, grant) in grants_text(&itself.row, look).into_iter().enumerate() {
        sheet.line(if at == 0 { look.text("operator-grants") } else { String::new() }, grant, Tone::Plain);
    }
    sheet.line(look.text("operator-until"), look.date(itself.row.until_unix_ms), Tone::Plain);
    sheet.line(
        look.text("operator-calls"),
        itself.calls.iter().map(|call| call_words(call)).collect::<Vec<_>>().join(", "),
        Tone::Plain,
    );
    call.print.one(&itself, || sheet)
}

/// A call's name as words, which are mostly those of the command line: `DeviceList` is `device list`.
fn call_words(call: &str) -> String {
    let mut words = String::new();
    for (at, c) in call.chars().enumerate() {
        if at > 0 && c.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

fn invited_sheet(invited: &Invited, look: &Look<'_>) -> Sheet {
    let mut sheet = Sheet::default();
    sheet.section(look.words.text_with("operator-invited", &[("name", invited.row.name.as_str().into())]));
    sheet.line(look.text("operator-secret"), invited.secret.clone(), Tone::Good);
    sheet.line(look.text("operator-invitation-until"), look.date(invited.row.until_unix_ms), Tone::Plain);
    for (at, grant) in grants_text(&invited.row, look).into_iter().enumerate() {
        sheet.line(if at == 0 { look.text("operator-grants") } else { String::new() }, grant, Tone::Plain);
    }
    sheet.section(look.text("operator-next"));
    sheet.line(clean(&invited.command), String::new(), Tone::Plain);
    sheet.section(look.text("operator-once"));
    sheet
}

impl From<OperatorInviteResponse> for Invited {
    fn from(answer: OperatorInviteResponse) -> Self {
        // The secret itself would stay in the shell's history and show in the list of processes.
        let command = format!("cartable operator accept --server {}", answer.server);
        let row = answer.operator.unwrap_or_default().into();
        Self { row, secret: answer.secret, server: answer.server, command }
    }
}
