//! Loans: acts that are each answered by themselves, lists, reminders, and the territory's rules.

mod asked;
mod policy;
mod shown;

pub(super) use policy::{policy_set, policy_show};
pub(super) use shown::loan_shown;

use super::device::{limit_of, short};
use crate::caller::Staff;
use crate::random;
use crate::shared::Shared;
use crate::status::{invalid, status};
use asked::{ask_of, filter_of};
use controlplane_core::Error;
use controlplane_core::asset::asset_find;
use controlplane_core::loan::{Acted, Deed, Desk, Loan, LocalDays, loan_act, loan_find, loan_page};
use controlplane_core::scope::Reach;
use controlplane_core::table::Row;
use jiff::civil::Date;
use model::loan::LoanId;
use model::time::Timestamp;
use shown::differences;
use std::time::Duration;
use tonic::{Code, Status};
use wire::v1::{
    LoanAct, LoanActsRequest, LoanActsResponse, LoanAnswer, LoanListRequest, LoanListResponse, LoanOutcome,
    LoanRemindResponse, LoanShowResponse,
};

/// The most acts of one call.
const ACTS_MAX: usize = 200;
/// The most reminders of one call; whoever wants the rest calls again.
const REMINDERS_MAX: usize = 500;
/// A desk whose clock is wrong by more than this has its acts dated by the server.
const CLOCK_WRONG: Duration = Duration::from_secs(3 * 3600);
/// An act that is said to have been done longer ago than this, too.
pub(super) const ACT_AGE_MAX: Duration = Duration::from_secs(30 * 86_400);

impl LocalDays for Shared {
    fn day_of(&self, at: Timestamp) -> Date {
        Self::day_of(self, at)
    }

    fn day_end(&self, day: Date) -> Timestamp {
        Self::day_end(self, day)
    }
}

pub(super) async fn acts(shared: &Shared, staff: &Staff, asked: LoanActsRequest) -> Result<LoanActsResponse, Status> {
    if asked.acts.is_empty() || asked.acts.len() > ACTS_MAX {
        return Err(invalid(format!("1 to {ACTS_MAX} acts at a time")));
    }
    let now = shared.clock.now();
    let ahead = clock_ahead(asked.desk_unix_ms, now);
    let mut answers = Vec::with_capacity(asked.acts.len());
    for act in asked.acts {
        let (at, server_time) = moment(&act, now, ahead != 0);
        answers.push(LoanAnswer { server_time, ..answer(shared, staff, act, at).await });
    }
    Ok(LoanActsResponse { answers, clock_ahead_ms: ahead })
}

pub(super) async fn list(shared: &Shared, staff: &Staff, asked: LoanListRequest) -> Result<LoanListResponse, Status> {
    let today = shared.today();
    let (filter, limit) = (filter_of(&asked, today)?, limit_of(asked.limit)?);
    let page = loan_page(shared.store.as_ref(), shared.territory(), &staff.reach, &filter, &asked.after, limit);
    let (loans, next) = page.await.map_err(status)?;
    Ok(LoanListResponse {
        loans: loans.iter().map(|loan| loan_shown(loan, today)).collect(),
        next,
        today: today.to_string(),
    })
}

pub(super) async fn show(shared: &Shared, staff: &Staff, text: &str) -> Result<LoanShowResponse, Status> {
    let loan = found(shared, staff, text).await?.value;
    Ok(LoanShowResponse { worse: differences(&loan.worse()), loan: Some(loan_shown(&loan, shared.today())) })
}

pub(super) async fn remind(shared: &Shared, staff: &Staff) -> Result<LoanRemindResponse, Status> {
    let reminded = desk(shared, staff).remind(REMINDERS_MAX).await.map_err(status)?;
    let today = shared.today();
    Ok(LoanRemindResponse { loans: reminded.iter().map(|one| loan_shown(&one.loan, today)).collect() })
}

/// Counts for the audit whoever names a loan or an asset that is there, but not for them.
///
/// By its number and never as it was typed: that may be a family's name, and the audit forgets nothing.
pub(super) async fn missed(shared: &Shared, staff: &Staff, error: &Error, named: &[&str]) {
    if !matches!(error, Error::NotFound(_)) || staff.reach.is_territory() {
        return;
    }
    let (store, territory, all) = (shared.store.as_ref(), shared.territory(), Reach::territory());
    for text in named.iter().filter(|text| !text.is_empty() && short(text).is_ok()) {
        let loan = loan_find(store, territory, &all, text).await.ok();
        let loan = loan.filter(|row| !staff.reach.covers(&row.value.filed())).map(|row| row.value.number);
        let asset = match loan {
            Some(_) => None,
            None => asset_find(store, territory, &all, text).await.ok(),
        };
        let asset = asset.filter(|row| !staff.reach.covers(&row.value.filed())).map(|row| row.id);
        if let Some(number) = loan.or(asset) {
            return shared.out_of_reach(staff.author(), &number);
        }
    }
}

fn desk<'a>(shared: &'a Shared, staff: &'a Staff) -> Desk<'a> {
    Desk {
        store: &shared.store,
        territory: shared.territory(),
        reach: &staff.reach,
        by: &staff.person,
        days: shared,
        now: shared.clock.now(),
    }
}

async fn answer(shared: &Shared, staff: &Staff, act: LoanAct, at: Timestamp) -> LoanAnswer {
    let named = act.loan.clone();
    match done(shared, staff, act, at).await {
        Ok(acted) => LoanAnswer {
            outcome: if acted.already { LoanOutcome::Already } else { LoanOutcome::Done }.into(),
            why: String::new(),
            loan: Some(loan_shown(&acted.loan, shared.today())),
            worse: differences(&acted.worse),
            server_time: false,
        },
        Err(refused) => {
            let outcome = match refused.code() {
                Code::FailedPrecondition | Code::Aborted | Code::AlreadyExists => LoanOutcome::Conflict,
                Code::NotFound => LoanOutcome::NotFound,
                Code::Unavailable | Code::Internal => LoanOutcome::Unavailable,
                _ => LoanOutcome::Refused,
            };
            // Whoever has to decide sees how the loan stands.
            let loan = loan_find(shared.store.as_ref(), shared.territory(), &staff.reach, &named).await;
            let loan = loan.ok().map(|row| loan_shown(&row.value, shared.today()));
            let why = refused.message().to_owned();
            LoanAnswer { outcome: outcome.into(), why, loan, worse: Vec::new(), server_time: false }
        }
    }
}

/// The loan that a person means, among those they may see; naming another one is counted for the audit.
pub(super) async fn found(shared: &Shared, staff: &Staff, text: &str) -> Result<Row<Loan>, Status> {
    match loan_find(shared.store.as_ref(), shared.territory(), &staff.reach, text).await {
        Ok(row) => Ok(row),
        Err(error) => {
            missed(shared, staff, &error, &[text]).await;
            Err(status(error))
        }
    }
}

async fn done(shared: &Shared, staff: &Staff, act: LoanAct, at: Timestamp) -> Result<Acted, Status> {
    let ask = ask_of(act, shared.day_of(at))?;
    let fresh = LoanId::new(at, random::bytes().map_err(status)?);
    let acted = loan_act(&desk(shared, staff), &ask, at, fresh).await;
    match acted {
        Ok(acted) => Ok(acted),
        Err(error @ Error::Denied(_)) => Err(shared.refuse(staff.author(), ask.deed.verb(), &ask.loan)(error)),
        Err(error) => {
            let asset = asset_named(&ask.deed).unwrap_or_default();
            missed(shared, staff, &error, &[&ask.loan, asset]).await;
            Err(status(error))
        }
    }
}

fn asset_named(deed: &Deed) -> Option<&str> {
    match deed {
        Deed::Prepare { asset, .. } | Deed::HandOver { asset, .. } => asset.as_deref(),
        Deed::Swap { asset, .. } => Some(asset),
        _ => None,
    }
}

/// How far a desk's clock is ahead, in milliseconds, when that is more than is taken.
fn clock_ahead(desk_unix_ms: i64, now: Timestamp) -> i64 {
    let ahead = desk_unix_ms.saturating_sub(now.unix_millis());
    let wrong = i64::try_from(CLOCK_WRONG.as_millis()).unwrap_or(i64::MAX);
    if desk_unix_ms != 0 && ahead.saturating_abs() > wrong { ahead } else { 0 }
}

/// When an act was done, and whether that is the server's word and not its author's.
fn moment(act: &LoanAct, now: Timestamp, wrong: bool) -> (Timestamp, bool) {
    let said = Timestamp::from_unix_millis(act.at_unix_ms);
    match act.at_unix_ms {
        0 => (now, wrong),
        _ if wrong || said > now.after(CLOCK_WRONG) || said < now.before(ACT_AGE_MAX) => (now, true),
        _ => (said.min(now), false),
    }
}
