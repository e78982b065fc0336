//! While a loan lasts: other due days, other schools, and the decision that only a person takes.

use super::work::{ENTRIES_MAX, Work};
use super::{Decided, Event, EventKind};
use crate::error::{Error, Result};
use crate::establishment::establishment_check;
use crate::grant::GRANTS;
use crate::scope::Filed;
use jiff::ToSpan;
use jiff::civil::Date;
use model::grant::{Hold, Term};
use model::loan::{BorrowerKind, ExamDays, LoanStep, TransferRule};
use model::uai::Uai;

/// An exam is noted at most so many days before it begins.
const EXAM_AHEAD_DAYS: i64 = 366;

impl Work<'_> {
    /// Gives it another due day, later or earlier; what was decided about the one before holds no more.
    pub(super) async fn extend(&mut self, due_on: Date, why: &str) -> Result<()> {
        self.go(LoanStep::Extend)?;
        self.due_set(due_on)?;
        self.grant_again("device_due", why).await
    }

    /// Shows the return screen: after the last reminder, and with a reason.
    pub(super) async fn decide(&mut self, why: &str) -> Result<()> {
        self.go(LoanStep::Decide)?;
        if why.trim().is_empty() {
            return Err(Error::Invalid("say why: this decision is a person's".to_owned()));
        }
        let today = self.desk.days.day_of(self.at);
        let last = self.policy.reminder_days.last().copied().unwrap_or(u16::MAX);
        let reminded = |due_on: Date| {
            self.loan.reminders.iter().any(|reminder| reminder.due_on == due_on && reminder.after_days >= last)
        };
        if self.loan.overdue_by(today).is_none() || !self.loan.due_on.is_some_and(reminded) {
            return Err(Error::Expired("the return screen comes only after the last reminder".to_owned()));
        }
        if self.loan.line().is_none() {
            return Err(Error::Expired("this loan has no device any more".to_owned()));
        }
        self.loan.decided = Some(Decided { at: self.at, by: self.desk.by.name.clone() });
        self.event(EventKind::Decided)?;
        self.grant_again("device_return_screen", why).await
    }

    /// Takes that back.
    pub(super) async fn undecide(&mut self, why: &str) -> Result<()> {
        self.go(LoanStep::Undecide)?;
        if self.loan.decided.take().is_none() {
            return Err(Error::Expired("no return screen was decided for this loan".to_owned()));
        }
        self.event(EventKind::Undecided)?;
        self.grant_again("device_return_screen_off", why).await
    }

    /// Notes an exam, during which the device restricts nothing; in the place of the one that was noted before.
    pub(super) async fn exam(&mut self, days: ExamDays, why: &str) -> Result<()> {
        self.go(LoanStep::Exam)?;
        if why.trim().is_empty() {
            return Err(Error::Invalid("say why: which exam it is".to_owned()));
        }
        let today = self.desk.days.day_of(self.at);
        if days.until() < today {
            return Err(Error::Invalid("an exam that is over defers nothing".to_owned()));
        }
        if today.checked_add(EXAM_AHEAD_DAYS.days()).is_ok_and(|latest| days.from() > latest) {
            return Err(Error::Invalid(format!("an exam is noted at most {EXAM_AHEAD_DAYS} days ahead")));
        }
        if self.loan.exam.replace(days) == Some(days) {
            return Err(Error::Invalid("this exam is noted already".to_owned()));
        }
        self.event(EventKind::Exam(days))?;
        self.grant_again("device_exam", why).await
    }

    /// Takes that back.
    pub(super) async fn exam_cancel(&mut self, why: &str) -> Result<()> {
        self.go(LoanStep::ExamCancel)?;
        if self.loan.exam.take().is_none() {
            return Err(Error::Expired("no exam is noted for this loan".to_owned()));
        }
        self.event(EventKind::ExamCancelled)?;
        self.grant_again("device_exam_off", why).await
    }

    /// The borrower moves: by the territory's rule the device goes with them, or is to be returned by that day.
    pub(super) async fn transfer(&mut self, school: Uai, on: Date, why: &str) -> Result<()> {
        self.go(LoanStep::Transfer)?;
        if self.loan.kind == BorrowerKind::Pupil {
            let text = "a pupil who moves returns the device to the establishment they leave";
            return Err(Error::Invalid(text.to_owned()));
        }
        if school == self.loan.school {
            return Err(Error::Invalid("the borrower is at that establishment already".to_owned()));
        }
        establishment_check(self.desk.store.as_ref(), self.desk.territory, school).await?;
        match self.policy.transfer {
            TransferRule::Follow => {
                if !self.desk.reach.covers(&Filed { owner: self.loan.owner.clone(), school: Some(school) }) {
                    let text = "loans are made only within your scope: name its school or its owner";
                    return Err(Error::Denied(text.to_owned()));
                }
                let from = std::mem::replace(&mut self.loan.school, school);
                self.loan.class = None;
                self.event(EventKind::Transferred { from, to: school })?;
                if let Some(number) = self.loan.line().map(|line| line.asset.clone()) {
                    // Where its borrower is, it is filed; its device with it.
                    self.asset(&number).await?.school = Some(school);
                }
            }
            TransferRule::End => self.due_set(on)?,
        }
        self.grant_again("device_due", why).await
    }

    fn due_set(&mut self, due_on: Date) -> Result<()> {
        if due_on < self.desk.days.day_of(self.at) {
            return Err(Error::Invalid("a due day lies in the future".to_owned()));
        }
        if self.loan.due_on == Some(due_on) {
            return Err(Error::Invalid("this loan is due on that day already".to_owned()));
        }
        let from = self.loan.due_on.replace(due_on);
        self.event(EventKind::Extended { from, to: due_on })?;
        if self.loan.decided.take().is_some() {
            self.event(EventKind::Undecided)?;
        }
        Ok(())
    }

    /// The device is told what holds from now on. While the due day stays, so do the days that follow from it, whatever policy was set
    /// since: who notes an exam restricts nobody sooner.
    async fn grant_again(&mut self, verb: &'static str, why: &str) -> Result<()> {
        let Some((number, from)) = self.loan.line().map(|line| (line.asset.clone(), line.from)) else {
            return Ok(());
        };
        let device = self.asset(&number).await?.device;
        let granted = match device {
            Some(device) => GRANTS.get(self.desk.store.as_ref(), self.desk.territory, device.to_string()).await?,
            None => None,
        };
        let hold = match (self.term(from), granted.map(|row| row.value.hold)) {
            (Hold::Lent(is), Some(Hold::Lent(was)))
                if (&is.loan, is.start, is.due) == (&was.loan, was.start, was.due) =>
            {
                Hold::Lent(Term { notice: was.notice, restricted: was.restricted, ..is })
            }
            (hold, _) => hold,
        };
        self.hold(&number, hold, verb, why).await
    }

    fn event(&mut self, what: EventKind) -> Result<()> {
        if self.loan.events.len() >= ENTRIES_MAX {
            return Err(Error::Invalid(format!("a loan is changed at most {ENTRIES_MAX} times")));
        }
        self.loan.events.push(Event { at: self.at, what });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::deed::Deed;
    use super::super::policy_set;
    use super::super::tests::{Town, number, seen, signature, wish};
    use super::*;
    use model::loan::{Grade, LoanPolicy, Signer};
    use std::time::Duration;

    #[tokio::test]
    async fn noting_an_exam_moves_no_day_though_the_policy_changed() {
        let mut town = Town::new().await;
        let today = town.desk().days.day_of(town.now);
        let loan = town.act(None, "", wish(true, 30, town.now)).await.unwrap().loan.number;
        let prepare = Deed::Prepare { asset: Some(number(0)), accessories: vec![], template: "1".to_owned() };
        let signed = Deed::Sign(vec![signature(Signer::Guardian1, today)]);
        for deed in [Deed::Approve, prepare, signed, Deed::HandOver { asset: None, seen: seen(Grade::Good) }] {
            town.act(None, &loan, deed).await.unwrap();
        }
        let term = async |town: &Town| match town.grants().await.into_values().next().unwrap().hold {
            Hold::Lent(term) => term,
            other => panic!("{other:?}"),
        };
        let first = term(&town).await;
        let policy = LoanPolicy::default();
        let shorter = LoanPolicy { grace_days: 0, notice_days: policy.notice_days + 3, ..policy };
        policy_set(&town.store, &town.territory, &shorter, &town.by, "", town.now).await.unwrap();
        let on = |days: i64| today.checked_add(days.days()).unwrap();
        town.now = town.now.after(Duration::from_secs(1));
        town.act(None, &loan, Deed::Exam(ExamDays::new(on(31), on(32)).unwrap())).await.unwrap();
        let during = term(&town).await;
        assert!(during.exam.is_some());
        assert_eq!(Term { exam: None, ..during }, first);
        town.act(None, &loan, Deed::ExamCancel).await.unwrap();
        assert_eq!(term(&town).await, first);
        // Another due day is another term, by the policy of that day.
        town.act(None, &loan, Deed::Extend { due_on: on(40) }).await.unwrap();
        let extended = term(&town).await;
        assert_eq!(extended.restricted, extended.due);
    }
}
