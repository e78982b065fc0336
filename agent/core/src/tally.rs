//! How much was answered on a day: four numbers, and nothing of what.

use jiff::civil::Date;

/// Answers of one resolver since it began, or of one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All questions that got an answer, those below among them.
    pub answered: u64,
    /// Answers that a name is closed.
    pub closed: u64,
    /// Answers that lead to a safe search.
    pub made_safe: u64,
    /// Questions to which nobody had an answer.
    pub failed: u64,
}

/// One day, by the device's own calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Which.
    pub day: Date,
    /// How much was answered on it.
    pub counts: Counts,
}

/// The day that is, and the last one on which anything was answered before it; older ones are forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The day that is.
    pub today: Option<Day>,
    /// The one before.
    pub before: Option<Day>,
    /// What the resolver had counted last.
    seen: Counts,
}

impl Tally {
    /// Goes on from what was noted.
    #[must_use]
    pub fn noted(today: Option<Day>, before: Option<Day>) -> Self {
        Self { today, before, seen: Counts::default() }
    }

    /// Takes what a resolver has counted by now; one that counts less is another one, which began anew.
    pub fn count(&mut self, day: Date, counts: Counts) {
        let seen = std::mem::replace(&mut self.seen, counts);
        let more = counts.since(seen);
        // A clock that was set back begins no day anew.
        let today = match self.today {
            Some(today) if today.day >= day => today,
            Some(over) => {
                self.before = Some(over);
                Day { day, counts: Counts::default() }
            }
            None => Day { day, counts: Counts::default() },
        };
        self.today = Some(Day { counts: today.counts.plus(more), ..today });
    }
}

impl Counts {
    fn since(self, before: Self) -> Self {
        if self.answered < before.answered {
            return self;
        }
        let less = |now: u64, before: u64| now.saturating_sub(before);
        Self {
            answered: less(self.answered, before.answered),
            closed: less(self.closed, before.closed),
            made_safe: less(self.made_safe, before.made_safe),
            failed: less(self.failed, before.failed),
        }
    }

    const fn plus(self, more: Self) -> Self {
        Self {
            answered: self.answered.saturating_add(more.answered),
            closed: self.closed.saturating_add(more.closed),
            made_safe: self.made_safe.saturating_add(more.made_safe),
            failed: self.failed.saturating_add(more.failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn answered(answered: u64, closed: u64) -> Counts {
        Counts { answered, closed, ..Counts::default() }
    }

    #[test]
    fn a_day_keeps_its_own_over_restarts_and_only_the_one_before_stays() {
        let mut tally = Tally::default();
        let day = |n| date(2026, 11, n);
        tally.count(day(1), answered(10, 2));
        tally.count(day(1), answered(15, 3));
        // Started anew: what was noted is read again, and the resolver begins with nothing.
        let mut tally = Tally::noted(tally.today, tally.before);
        tally.count(day(1), answered(4, 1));
        assert_eq!(tally.today, Some(Day { day: day(1), counts: answered(19, 4) }));
        // The resolver alone began anew.
        tally.count(day(1), answered(1, 0));
        assert_eq!(tally.today.map(|day| day.counts), Some(answered(20, 4)));
        tally.count(day(3), answered(6, 0));
        assert_eq!(
            (tally.before.map(|one| one.day), tally.today.map(|one| one.counts)),
            (Some(day(1)), Some(answered(5, 0)))
        );
        // Set back, the clock makes no third day.
        tally.count(day(2), answered(7, 0));
        assert_eq!(tally.today, Some(Day { day: day(3), counts: answered(6, 0) }));
        tally.count(day(4), answered(7, 0));
        assert_eq!(
            (tally.before.map(|one| one.day), tally.today.map(|one| one.counts)),
            (Some(day(3)), Some(answered(0, 0)))
        );
    }

    proptest! {
        #[test]
        fn nothing_is_counted_twice_nor_lost(more in prop::collection::vec((0_u64..50, any::<bool>()), 1..80)) {
            let (mut tally, mut resolver, mut all) = (Tally::default(), 0, 0);
            for (more, anew) in more {
                resolver = if anew && more < resolver { more } else { resolver + more };
                all += more;
                tally.count(date(2026, 11, 30), answered(resolver, 0));
            }
            prop_assert_eq!(tally.today.map(|day| day.counts.answered), Some(all));
        }
    }
}
