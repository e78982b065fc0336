//! What the device of a loan is granted: the loan's days, as moments.

use super::act::LocalDays;
use super::find::loan_get;
use super::policy::policy_get;
use super::{LOAN_OPEN, Loan};
use crate::error::Result;
use crate::store::Store;
use model::grant::{Exam, Hold, Term};
use model::id::TerritoryId;
use model::loan::LoanPolicy;
use model::time::Timestamp;
use model::uai::Uai;

/// From when a device whose loan has no end says that it is to be returned: the end of the year 9999.
const NEVER: Timestamp = Timestamp::from_unix_seconds(253_402_300_799);

/// What the device on an asset is to be granted by the open loan that has it, and at which school; nothing where none has it.
///
/// An asset may be lent before its device has enrolled: what the loan means is then worked out when the two are bound.
pub(crate) async fn loan_hold(
    store: &dyn Store,
    territory: &TerritoryId,
    days: &dyn LocalDays,
    asset: &str,
) -> Result<Option<(Hold, Uai)>> {
    let Some(open) = LOAN_OPEN.get(store, territory, asset).await? else { return Ok(None) };
    let Some(row) = loan_get(store, territory, open.value).await? else { return Ok(None) };
    let loan = row.value;
    let Some(from) = loan.line().filter(|line| line.asset == asset).map(|line| line.from) else { return Ok(None) };
    let policy = policy_get(store, territory).await?;
    Ok(Some((loan_term(&loan, &policy, days, from), loan.school)))
}

/// What the device of this loan is granted.
pub(super) fn loan_term(loan: &Loan, policy: &LoanPolicy, days: &dyn LocalDays, start: Timestamp) -> Hold {
    let end = |after: i64| {
        let due = loan.due_on?;
        let day = due.checked_add(jiff::Span::new().try_days(after).ok()?).ok()?;
        Some(days.day_end(day))
    };
    let notice = end(-i64::from(policy.notice_days) - 1).unwrap_or(NEVER);
    Hold::Lent(Term {
        loan: loan.number.clone(),
        start,
        notice,
        due: end(0),
        restricted: end(i64::from(policy.grace_days)),
        decided: loan.decided.as_ref().map(|decided| decided.at),
        exam: loan.exam.and_then(|exam| {
            // A day begins where the one before it ends.
            let from = days.day_end(exam.from().yesterday().ok()?);
            Some(Exam { from, until: days.day_end(exam.until()) })
        }),
    })
}
