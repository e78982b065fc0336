//! The school calendar as it was entered, and what silence means by it.

use crate::audit::{Act, Person};
use crate::error::{Error, Result};
use crate::store::{Expect, PAGE_MAX, SharedStore, Store};
use crate::table::{Intent, Table, Writes};
use jiff::civil::Date;
use model::calendar::{BREAKS_MAX, Break, Calendar, CalendarError, Zone};
use model::departement::Departement;
use model::id::TerritoryId;
use model::time::Timestamp;
use model::uai::Uai;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The breaks of each zone, by its name.
pub static CALENDARS: Table<Entered, Intent> = Table::new("calendar");

/// A device not heard for so many whole school days is silent.
pub const SILENT_SCHOOL_DAYS: u32 = 10;

/// What was entered of one zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entered {
    /// Its breaks, by their first day.
    pub breaks: Vec<Break>,
    /// Whether it is the territory's own: it holds for what is filed under no school.
    #[serde(default)]
    pub home: bool,
}

/// The calendar of a territory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendars {
    /// What is off, by zone.
    pub calendar: Calendar,
    /// The zone of what is filed under no school.
    pub home: Option<Zone>,
}

/// Whether a device is heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact {
    /// It never called.
    NeverSeen,
    /// It calls.
    Active,
    /// It has not called for so many school days.
    Silent,
}

/// Before which moment a device must have been heard last to be called silent, by zone.
#[derive(Clone, Debug, Default)]
pub struct Silence {
    zones: BTreeMap<Zone, Timestamp>,
    home: Option<Zone>,
}

impl Contact {
    /// The name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NeverSeen => "never_seen",
            Self::Active => "active",
            Self::Silent => "silent",
        }
    }
}

impl Calendars {
    /// What silence for so many school days means today; `day_end` says when a day of the territory ends.
    #[must_use]
    pub fn silence(&self, today: Date, school_days: u32, day_end: impl Fn(Date) -> Timestamp) -> Silence {
        let since = |zone: Zone| Some((zone, day_end(self.calendar.silent_since(zone, today, school_days)?)));
        Silence { zones: self.calendar.zones().filter_map(since).collect(), home: self.home }
    }
}

impl Silence {
    /// How a device of a school stands that was last heard then; `None` where no calendar was entered for it.
    #[must_use]
    pub fn contact(&self, school: Option<Uai>, seen: Timestamp) -> Option<Contact> {
        if seen <= Timestamp::default() {
            return Some(Contact::NeverSeen);
        }
        // Its UAI says where a school is, be it imported or not.
        let zone = school.and_then(Departement::of_uai).and_then(Departement::zone).or(self.home)?;
        let since = self.zones.get(&zone)?;
        Some(if seen < *since { Contact::Silent } else { Contact::Active })
    }
}

/// Enters breaks: they take the place of all that was there for their zones and school years.
///
/// So a corrected year is entered again as a whole, and other years stay. `home` names the territory's own zone. `false` when all was so
/// already.
///
/// # Errors
/// `Invalid` for a break that cannot be meant, `Conflict` when somebody else changed the calendar.
pub async fn calendar_set(
    store: &SharedStore,
    territory: &TerritoryId,
    wished: BTreeMap<Zone, Vec<Break>>,
    home: Option<Zone>,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<bool> {
    let invalid = |error: CalendarError| Error::Invalid(error.to_string());
    let mut puts = Vec::new();
    for zone in Zone::ALL {
        let row = CALENDARS.get(store.as_ref(), territory, zone.name()).await?;
        let before = row.as_ref().map(|row| row.value.clone()).unwrap_or_default();
        let mut after = before.clone();
        let new = wished.get(&zone).map_or(&[][..], Vec::as_slice);
        new.iter().try_for_each(Break::check).map_err(invalid)?;
        let years: BTreeSet<i16> = new.iter().map(Break::school_year).collect();
        after.breaks.retain(|old| !years.contains(&old.school_year()));
        after.breaks.extend(new.iter().cloned());
        after.breaks.sort();
        after.breaks.dedup();
        if after.breaks.len() > BREAKS_MAX {
            return Err(invalid(CalendarError::Many));
        }
        after.home = home.map_or(before.home, |home| home == zone);
        if after != before {
            puts.push((zone, after, row.map_or(Expect::Absent, |row| Expect::At(row.revision))));
        }
    }
    if puts.is_empty() {
        return Ok(false);
    }
    let subject = puts.iter().map(|(zone, ..)| zone.name()).collect::<Vec<_>>().join(",");
    let mut writes = Writes::by(territory, &Act::of(now, by, "calendar_set", subject, why))?;
    for (zone, after, expect) in puts {
        writes = writes.put(&CALENDARS, zone.name(), &after, expect)?;
    }
    writes.commit(store).await?;
    Ok(true)
}

/// The calendar in force. Where no zone was said to be the territory's own, it is the only one that was entered.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn calendars(store: &dyn Store, territory: &TerritoryId) -> Result<Calendars> {
    let rows = CALENDARS.page(store, &CALENDARS.scope(territory, ""), "", PAGE_MAX).await?;
    let (mut zones, mut home) = (BTreeMap::new(), None);
    for row in rows {
        let Ok(zone) = row.id.parse::<Zone>() else { continue };
        home = home.or(row.value.home.then_some(zone));
        zones.insert(zone, row.value.breaks);
    }
    let calendar = Calendar::new(zones);
    let mut entered = calendar.zones();
    let only = entered.next().filter(|_| entered.next().is_none());
    drop(entered);
    Ok(Calendars { home: home.or(only), calendar })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;
    use crate::role::Role;
    use jiff::civil::date;
    use std::sync::Arc;

    fn off(first: Date, last: Date) -> Break {
        Break { first, last, name: "Été".to_owned() }
    }

    fn day_end(day: Date) -> Timestamp {
        let end = day.tomorrow().unwrap().to_zoned(jiff::tz::TimeZone::UTC).unwrap();
        Timestamp::from_unix_millis(end.timestamp().as_millisecond())
    }

    #[tokio::test]
    async fn a_year_is_replaced_as_a_whole_and_others_stay() {
        let store: SharedStore = Arc::new(Memory::default());
        let territory: TerritoryId = "doubs".parse().unwrap();
        let by = Person { name: "jeanne".to_owned(), role: Role::Admin };
        let set = async |zone: Zone, breaks: &[Break], home| {
            let wished = BTreeMap::from([(zone, breaks.to_vec())]);
            calendar_set(&store, &territory, wished, home, &by, "", Timestamp::default()).await
        };
        let held = async || calendars(store.as_ref(), &territory).await.unwrap();
        let (y25, y26) = (off(date(2025, 7, 5), date(2025, 8, 31)), off(date(2026, 7, 4), date(2026, 8, 31)));
        let winter = off(date(2026, 2, 7), date(2026, 2, 22));
        assert!(set(Zone::A, std::slice::from_ref(&y25), None).await.unwrap());
        assert!(set(Zone::A, &[winter.clone(), y26.clone()], None).await.unwrap());
        assert!(!set(Zone::A, &[y26.clone(), winter], None).await.unwrap(), "the same again is nothing");
        let corrected = off(date(2026, 2, 28), date(2026, 3, 15));
        set(Zone::A, &[corrected.clone(), y26.clone()], None).await.unwrap();
        assert_eq!(held().await.calendar.breaks(Zone::A), [y25, corrected, y26].as_slice());
        assert_eq!(held().await.home, Some(Zone::A));
        set(Zone::B, &[off(date(2026, 2, 14), date(2026, 3, 1))], None).await.unwrap();
        assert_eq!(held().await.home, None);
        set(Zone::B, &[], Some(Zone::B)).await.unwrap();
        assert_eq!(held().await.home, Some(Zone::B));
        assert!(matches!(
            set(Zone::B, &[off(date(2026, 2, 14), date(2026, 2, 1))], None).await,
            Err(Error::Invalid(_))
        ));
    }

    #[test]
    fn silence_is_by_the_schools_own_zone() {
        let summer = off(date(2026, 7, 4), date(2026, 8, 31));
        let calendar = Calendar::new(BTreeMap::from([(Zone::A, vec![summer])]));
        let calendars = Calendars { calendar, home: None };
        let silence = calendars.silence(date(2026, 9, 3), 3, day_end);
        let at = |day| Timestamp::from_unix_millis(day_end(day).unix_millis() - 1);
        let doubs: Uai = "0250001H".parse().unwrap_or_else(|_| {
            let letter = "0250001A".parse::<model::uai::WrittenUai>().unwrap().expected();
            format!("0250001{letter}").parse().unwrap()
        });
        // 3 July was the last school day: 1 and 2 September are two whole ones.
        assert_eq!(silence.contact(Some(doubs), at(date(2026, 7, 3))), Some(Contact::Active));
        assert_eq!(silence.contact(Some(doubs), at(date(2026, 7, 2))), Some(Contact::Silent));
        assert_eq!(silence.contact(Some(doubs), Timestamp::default()), Some(Contact::NeverSeen));
        // Paris is in zone C, of which nothing was entered, and nobody said where the rest is.
        assert_eq!(silence.contact(Some("0750654D".parse().unwrap()), at(date(2026, 1, 1))), None);
        assert_eq!(silence.contact(None, at(date(2026, 1, 1))), None);
    }
}
