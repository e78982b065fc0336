//! Due days: what is overdue, and which reminder is next.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A reminder that was made, as an event of a loan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminder {
    /// So many days after the due day it is made; which one of the policy's it is.
    pub after_days: u16,
    /// On which day it was made.
    pub on: Date,
    /// Of which due day it reminds: one of a day that has since been put off counts no more.
    pub due_on: Date,
}

/// How many days a loan is overdue: nothing until its due day is over.
#[must_use]
pub fn overdue_by(due_on: Date, today: Date) -> Option<i32> {
    let days = today.since(due_on).ok()?.get_days();
    (days > 0).then_some(days)
}

/// The reminder that is to be made today: the first that was not made for this due day, when its day has come.
///
/// After a while without a server the family is not sent all at once: between two reminders there lies at least the time that lies
/// between their days.
#[must_use]
pub fn reminder_next(days: &[u16], due_on: Date, made: &[Reminder], today: Date) -> Option<u16> {
    let overdue = overdue_by(due_on, today)?;
    let made: Vec<&Reminder> = made.iter().filter(|reminder| reminder.due_on == due_on).collect();
    let next = *days.iter().find(|day| made.iter().all(|reminder| reminder.after_days < **day))?;
    let rested = made.last().is_none_or(|last| {
        let gap = i32::from(next) - i32::from(last.after_days);
        today.since(last.on).is_ok_and(|span| span.get_days() >= gap)
    });
    (overdue >= i32::from(next) && rested).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;
    use jiff::civil::date;
    use proptest::prelude::*;

    const DAYS: [u16; 3] = [7, 21, 45];

    #[test]
    fn the_due_day_itself_is_not_overdue() {
        let due = date(2026, 6, 30);
        assert_eq!(overdue_by(due, due), None);
        assert_eq!(overdue_by(due, date(2026, 7, 1)), Some(1));
        assert_eq!(overdue_by(due, date(2027, 7, 1)), Some(366));
    }

    proptest! {
        /// However rarely one looks: each reminder is made once, in order, never before its day, and never sooner after the one before
        /// than the days between them.
        #[test]
        fn reminders_come_in_order_and_apart(looks in proptest::collection::vec(0i32..30, 1..40)) {
            let due = date(2026, 6, 30);
            let (mut today, mut made) = (due, Vec::<Reminder>::new());
            for gap in looks {
                today = today.checked_add(gap.days()).unwrap();
                if let Some(after_days) = reminder_next(&DAYS, due, &made, today) {
                    prop_assert!(overdue_by(due, today).unwrap() >= i32::from(after_days));
                    if let Some(last) = made.last() {
                        let apart = today.since(last.on).unwrap().get_days();
                        prop_assert!(apart >= i32::from(after_days) - i32::from(last.after_days));
                    }
                    made.push(Reminder { after_days, on: today, due_on: due });
                }
            }
            let steps: Vec<u16> = made.iter().map(|r| r.after_days).collect();
            prop_assert_eq!(&steps[..], &DAYS[..steps.len()]);
        }
    }

    #[test]
    fn looked_at_each_day_they_come_on_their_days_and_a_new_due_day_begins_again() {
        let due = date(2026, 6, 30);
        let (mut made, mut on) = (Vec::new(), Vec::new());
        for n in 0..100 {
            let today = due.checked_add(n.days()).unwrap();
            if let Some(after_days) = reminder_next(&DAYS, due, &made, today) {
                made.push(Reminder { after_days, on: today, due_on: due });
                on.push(n);
            }
        }
        assert_eq!(on, [7, 21, 45]);
        assert_eq!(reminder_next(&DAYS, date(2026, 8, 31), &made, date(2026, 9, 7)), Some(7));
    }
}
