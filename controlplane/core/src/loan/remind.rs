//! Reminders: an event for each loan and step, made once, however often and on however many servers the rule runs.

use super::act::{Desk, LocalDays, reminder_author};
use super::policy::policy_get;
use super::{LOAN_DUES, LOANS, Loan};
use crate::audit::{Act, Person};
use crate::error::{Error, Result};
use crate::scope::Reach;
use crate::store::{Expect, SharedStore};
use crate::table::{Row, Writes};
use model::id::TerritoryId;
use model::loan::{LoanState, LoanStep, Reminder, reminder_next};
use model::time::Timestamp;

/// Loans read, and reminders written, at a time.
const PAGE: usize = 200;

/// A loan that was reminded of.
#[derive(Clone, Debug)]
pub struct Reminded {
    /// The loan.
    pub loan: Loan,
    /// Which reminder: so many days after the due day.
    pub after_days: u16,
}

/// Makes the reminders that are due today, at most so many; the rest comes when it is called again.
///
/// `by` is the person who asked for it, for the audit; the rule itself when nobody did.
///
/// # Errors
/// `Unavailable` when the store fails; what was written before stays.
pub async fn remind_due(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    days: &dyn LocalDays,
    by: Option<&Person>,
    now: Timestamp,
    most: usize,
) -> Result<Vec<Reminded>> {
    let policy = policy_get(store.as_ref(), territory).await?;
    let today = days.day_of(now);
    let until = today.to_string();
    let scope = LOAN_DUES.scope(territory, "");
    let (mut after, mut reminded) = (String::new(), Vec::new());
    loop {
        let page = LOAN_DUES.page(store.as_ref(), &scope, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(reminded) };
        after.clone_from(&last.id);
        let over = last.id >= until || page.len() < PAGE;
        let mut due = Vec::new();
        for row in page.into_iter().filter(|row| row.id < until) {
            let Some(row) = LOANS.get(store.as_ref(), territory, row.value.to_string()).await? else { continue };
            let loan = &row.value;
            let Some(due_on) = loan.due_on.filter(|_| loan.state == LoanState::Active) else { continue };
            // Who has lost the device cannot return it.
            if loan.line().is_none() || !reach.covers(&loan.filed()) {
                continue;
            }
            if let Some(step) = reminder_next(&policy.reminder_days, due_on, &loan.reminders, today) {
                due.push((row, Reminder { after_days: step, on: today, due_on }));
            }
        }
        due.truncate(most.saturating_sub(reminded.len()));
        reminded.extend(remind(store, territory, by, now, due).await?);
        if over || reminded.len() >= most {
            return Ok(reminded);
        }
    }
}

/// Writes reminders together, or, where a loan was changed at the same time, one by one; that loan has its turn at the next run.
async fn remind(
    store: &SharedStore,
    territory: &TerritoryId,
    by: Option<&Person>,
    now: Timestamp,
    due: Vec<(Row<Loan>, Reminder)>,
) -> Result<Vec<Reminded>> {
    if due.is_empty() {
        return Ok(Vec::new());
    }
    match written(store, territory, by, now, &due).await {
        Err(Error::Conflict(_)) if due.len() > 1 => {}
        Err(Error::Conflict(_)) => return Ok(Vec::new()),
        done => return done,
    }
    let mut reminded = Vec::new();
    for one in due {
        match written(store, territory, by, now, std::slice::from_ref(&one)).await {
            Err(Error::Conflict(_)) => {}
            done => reminded.extend(done?),
        }
    }
    Ok(reminded)
}

async fn written(
    store: &SharedStore,
    territory: &TerritoryId,
    by: Option<&Person>,
    now: Timestamp,
    due: &[(Row<Loan>, Reminder)],
) -> Result<Vec<Reminded>> {
    let act = |loan: &Loan| match by {
        Some(person) => Act::of(now, person, "loan_remind", loan.number.clone(), ""),
        None => Act::new(now, reminder_author(), "loan_remind", loan.number.clone()),
    };
    let mut writes: Option<Writes<crate::table::Intent>> = None;
    let mut reminded = Vec::new();
    for (row, reminder) in due {
        let mut loan = row.value.clone();
        loan.state = loan.state.after(LoanStep::Remind).map_err(|error| Error::Invalid(error.to_string()))?;
        loan.reminders.push(*reminder);
        loan.changed = now;
        let begun = match writes {
            None => Writes::by(territory, &act(&loan))?,
            Some(writes) => writes.also(&act(&loan))?,
        };
        writes = Some(begun.put(&LOANS, row.id.as_str(), &loan, Expect::At(row.revision))?);
        reminded.push(Reminded { loan, after_days: reminder.after_days });
    }
    if let Some(writes) = writes {
        writes.commit(store).await?;
    }
    Ok(reminded)
}

impl Desk<'_> {
    /// The reminders that are due within this desk's reach.
    ///
    /// # Errors
    /// As [`remind_due`].
    pub async fn remind(&self, most: usize) -> Result<Vec<Reminded>> {
        remind_due(self.store, self.territory, self.reach, self.days, Some(self.by), self.now, most).await
    }
}
