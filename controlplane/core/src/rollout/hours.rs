//! When waves open: never on a school day from 8 to 18, unless it is urgent.

use super::Rollout;
use crate::calendar::Calendars;
use crate::error::{Error, Result};
use jiff::civil::DateTime;
use model::calendar::{Calendar, Zone};
use model::departement::Departement;
use model::uai::Uai;
use serde::{Deserialize, Serialize};

/// School hours, in minutes of the day.
const SCHOOL_HOURS: std::ops::Range<u16> = 8 * 60..18 * 60;
const DAY_MINUTES: u16 = 24 * 60;

/// Hours of each day; over midnight when it ends before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// From this minute of the day.
    pub from: u16,
    /// Until just before this one.
    pub until: u16,
}

impl Hours {
    /// Whether they can be meant.
    ///
    /// # Errors
    /// `Invalid` for minutes that no day has, or no hours at all.
    pub fn check(self) -> Result<()> {
        if self.from < DAY_MINUTES && self.until <= DAY_MINUTES && self.from != self.until {
            return Ok(());
        }
        Err(Error::Invalid("maintenance hours are two different times of the day, such as 19:00-06:00".to_owned()))
    }

    const fn hold(self, minute: u16) -> bool {
        if self.from < self.until {
            self.from <= minute && minute < self.until
        } else {
            minute >= self.from || minute < self.until
        }
    }
}

impl Rollout {
    /// Whether a wave may open now, or a school if one is named; `local` is the time on the territory's clocks.
    #[must_use]
    pub fn may_open(&self, calendars: &Calendars, school: Option<Uai>, local: DateTime) -> bool {
        let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap_or(0);
        if self.hours.is_some_and(|hours| !hours.hold(minute)) {
            return false;
        }
        if self.urgent || !SCHOOL_HOURS.contains(&minute) {
            return true;
        }
        let zone = school.and_then(Departement::of_uai).and_then(Departement::zone).or(calendars.home);
        match zone {
            Some(zone) => !calendars.calendar.is_school_day(zone, local.date()),
            // Nobody said which holidays hold, so any weekday may be a school day.
            None => !Calendar::default().is_school_day(Zone::A, local.date()),
        }
    }
}
