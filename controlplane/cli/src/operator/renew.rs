//! `cartable operator renew`: the next certificate for a new key, made here.

use super::keep::{key_check, key_next, pair_put};
use crate::Error;
use crate::call::Call;
use crate::print::{Sheet, Tone};
use identity::issue::{chain_to_pem, until_of};
use serde::Serialize;
use wire::v1::OperatorRenewRequest;

/// What was renewed, for programs.
#[derive(Debug, Serialize)]
struct Renewed {
    until: Option<String>,
}

pub(super) async fn operator_renew(call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let profile = call.profile()?;
    let key_pem = key_next(&profile.key)?;
    let csr = identity::csr::request_make(&key_pem)?;
    let answer = call.answer(client.operator_renew(OperatorRenewRequest { csr })).await?;
    let own = answer.chain.first().ok_or(identity::Error::Malformed("the answer holds no certificate"))?;
    key_check(&key_pem, own)?;
    let until = until_of(own)?.unix_millis();
    pair_put(&profile, &chain_to_pem(&answer.chain))?;
    call.progress.clear();
    let look = call.print.look();
    let mut sheet = Sheet::default();
    sheet.section(look.text("operator-renewed"));
    sheet.line(look.text("operator-until"), look.date(until), Tone::Plain);
    call.print.one(&Renewed { until: crate::print::rfc3339(until) }, || sheet)
}
