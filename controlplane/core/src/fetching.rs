//! How devices fetch resources: what the territory says of it, and where single schools differ.

use crate::calendar::Calendars;
use crate::facts::Facts;
use crate::table::{Intent, Table};
use jiff::ToSpan;
use jiff::civil::Date;
use model::calendar::{Calendar, Zone, is_public_holiday};
use model::departement::Departement;
use model::id::DeviceId;
use model::resource::{DAYS_OFF_MAX, Fetching, MIRROR_BYTES_MAX, MIRRORS_MAX, Quiet};
use model::uai::Uai;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The territory's policy, under the id `territory`.
pub static FETCH_POLICIES: Table<FetchPolicy, Intent> = Table::new("fetch_policy");

/// The most schools with a limit of their own, and the most site nodes.
pub const SCHOOLS_MAX: usize = 5_000;
/// The largest limit of bandwidth, quota or floor: what nobody means to pass.
const LARGEST: u64 = 1 << 50;
const MINUTES_A_DAY: u16 = 1_440;

/// How devices fetch. Hours are there by default, since a lesson comes before its pictures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchPolicy {
    /// What holds for all, but for hours and site nodes, which stand below.
    #[serde(default)]
    pub fetching: Fetching,
    /// From when until when on school days nothing is done that is not urgent, in minutes of the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<(u16, u16)>,
    /// Bytes a second from outside, for the devices of a school whose link is another one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub schools: BTreeMap<Uai, u64>,
    /// The devices that fetch first for their schools.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub site_nodes: BTreeSet<DeviceId>,
}

/// The days without school of each zone, as far as they were entered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DaysOff {
    zones: BTreeMap<Zone, Vec<(Date, Date)>>,
    /// The zone of what is filed under no school.
    home: Option<Zone>,
}

/// Why a policy is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// A number nobody means.
    #[error("{0} is at most 1 PiB")]
    Large(&'static str),
    /// No such share.
    #[error("a charge is 0 to 100 percent")]
    Percent,
    /// Hours that end before they begin.
    #[error("quiet hours end after they begin, on the same day")]
    Hours,
    /// Too many mirrors, or one that is no place.
    #[error(
        "a mirror is named as https://…/, in at most {MIRROR_BYTES_MAX} bytes, and there are at most {MIRRORS_MAX}"
    )]
    Mirror,
    /// Too many exceptions.
    #[error("at most {SCHOOLS_MAX} schools and as many site nodes differ from the rest")]
    Many,
}

impl Default for FetchPolicy {
    fn default() -> Self {
        Self {
            fetching: Fetching::default(),
            quiet: Some((8 * 60, 18 * 60)),
            schools: BTreeMap::new(),
            site_nodes: BTreeSet::new(),
        }
    }
}

impl FetchPolicy {
    /// Checks each field against its range.
    ///
    /// # Errors
    /// [`FetchError`] for the first that is out of it.
    pub fn checked(mut self) -> Result<Self, FetchError> {
        let Fetching { quota_bytes, free_floor_bytes, bytes_per_second, upload_bytes_per_second, .. } = self.fetching;
        let numbers = [
            ("a quota", quota_bytes),
            ("the space that stays free", free_floor_bytes),
            ("a bandwidth", bytes_per_second),
            ("a bandwidth", upload_bytes_per_second),
        ];
        let of_schools = self.schools.values().map(|bytes| ("a bandwidth", *bytes));
        if let Some((what, _)) = numbers.into_iter().chain(of_schools).find(|(_, number)| *number > LARGEST) {
            return Err(FetchError::Large(what));
        }
        if self.fetching.battery_floor_percent > 100 {
            return Err(FetchError::Percent);
        }
        if self.quiet.is_some_and(|(from, until)| from >= until || until > MINUTES_A_DAY) {
            return Err(FetchError::Hours);
        }
        if self.schools.len() > SCHOOLS_MAX || self.site_nodes.len() > SCHOOLS_MAX {
            return Err(FetchError::Many);
        }
        let mirrors = &mut self.fetching.mirrors;
        if mirrors.len() > MIRRORS_MAX || !mirrors.iter().all(|place| is_mirror(place)) {
            return Err(FetchError::Mirror);
        }
        // Hours and nodes have a place of their own.
        (self.fetching.quiet, self.fetching.site_node) = (None, false);
        Ok(self)
    }

    /// What a device with these facts is told; days begin and end in this time zone.
    #[must_use]
    pub fn told(&self, facts: &Facts, days_off: &DaysOff, zone: &str) -> Fetching {
        let of_school = facts.school.and_then(|school| self.schools.get(&school)).copied();
        Fetching {
            bytes_per_second: of_school.unwrap_or(self.fetching.bytes_per_second),
            site_node: self.site_nodes.contains(&facts.device),
            quiet: self.quiet.map(|(from_minute, until_minute)| Quiet {
                zone: zone.to_owned(),
                from_minute,
                until_minute,
                days_off: days_off.of(facts.school).to_vec(),
            }),
            ..self.fetching.clone()
        }
    }
}

impl DaysOff {
    /// Those of a calendar.
    #[must_use]
    pub fn new(calendars: &Calendars) -> Self {
        let zones = calendars.calendar.zones();
        Self { zones: zones.map(|zone| (zone, days_off(&calendars.calendar, zone))).collect(), home: calendars.home }
    }

    /// Those of a school, the last ones where there are many.
    #[must_use]
    pub fn of(&self, school: Option<Uai>) -> &[(Date, Date)] {
        let zone = school.and_then(Departement::of_uai).and_then(Departement::zone).or(self.home);
        zone.and_then(|zone| self.zones.get(&zone)).map_or(&[], Vec::as_slice)
    }
}

/// The breaks of a zone and the public holidays between the first and the last of them, in order and apart.
fn days_off(calendar: &Calendar, zone: Zone) -> Vec<(Date, Date)> {
    let mut spans: Vec<(Date, Date)> = calendar.breaks(zone).iter().map(|off| (off.first, off.last)).collect();
    if let (Some(first), Some(last)) = (spans.iter().map(|s| s.0).min(), spans.iter().map(|s| s.1).max()) {
        // Older ones are not told, be there ever so many.
        let first = last.checked_sub(3.years()).map_or(first, |back| first.max(back));
        let days = first.series(1.day()).take_while(|day| *day <= last);
        spans.extend(days.filter(|day| is_public_holiday(*day)).map(|day| (day, day)));
    }
    spans.sort_unstable();
    let mut apart: Vec<(Date, Date)> = Vec::with_capacity(spans.len());
    for (first, last) in spans {
        match apart.last_mut() {
            Some(before) if first <= before.1 => before.1 = before.1.max(last),
            _ => apart.push((first, last)),
        }
    }
    apart.drain(..apart.len().saturating_sub(DAYS_OFF_MAX));
    apart
}

fn is_mirror(place: &str) -> bool {
    let rest = place.strip_prefix("https://").filter(|rest| rest.ends_with('/'));
    let plain =
        |rest: &str| !rest.starts_with('/') && rest.bytes().all(|b| b.is_ascii_graphic() && !b"?#@\\".contains(&b));
    place.len() <= MIRROR_BYTES_MAX && rest.is_some_and(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use model::calendar::Break;
    use model::time::Timestamp;

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let policy = FetchPolicy::default;
        let fetching = Fetching::default;
        let mirror = |place: &str| FetchPolicy {
            fetching: Fetching { mirrors: vec![place.to_owned()], ..fetching() },
            ..policy()
        };
        assert_eq!(policy().checked(), Ok(policy()));
        for good in ["https://mirror.example/", "https://mirror.example:8443/a/b/"] {
            assert!(mirror(good).checked().is_ok(), "{good}");
        }
        for bad in
            ["http://a/", "https://a", "https:///", "https://a/?b/", "https://u@a/", "https://a b/", "https://é/"]
        {
            assert_eq!(mirror(bad).checked(), Err(FetchError::Mirror), "{bad}");
        }
        for quiet in [(600, 600), (700, 600), (0, 1_441)] {
            assert_eq!(FetchPolicy { quiet: Some(quiet), ..policy() }.checked(), Err(FetchError::Hours));
        }
        let large = Fetching { quota_bytes: u64::MAX, ..fetching() };
        assert_eq!(FetchPolicy { fetching: large, ..policy() }.checked(), Err(FetchError::Large("a quota")));
        let charge = Fetching { battery_floor_percent: 101, ..fetching() };
        assert_eq!(FetchPolicy { fetching: charge, ..policy() }.checked(), Err(FetchError::Percent));
    }

    #[test]
    fn days_off_are_of_the_schools_zone_and_apart() {
        let off = |first, last| Break { first, last, name: "Vacances".to_owned() };
        let breaks = vec![off(date(2026, 12, 19), date(2027, 1, 3)), off(date(2027, 7, 3), date(2027, 8, 31))];
        let calendars = Calendars { calendar: Calendar::new([(Zone::A, breaks)].into()), home: None };
        let device = DeviceId::new(Timestamp::default(), [1; 10]);
        let policy = FetchPolicy { schools: [("0750654D".parse().unwrap(), 7)].into(), ..FetchPolicy::default() };
        let told = |school: &str| {
            let facts = Facts { school: Some(school.parse().unwrap()), ..Facts::bare(device) };
            policy.told(&facts, &DaysOff::new(&calendars), "Europe/Paris")
        };
        let letter = "0250001A".parse::<model::uai::WrittenUai>().unwrap().expected();
        let doubs = told(&format!("0250001{letter}"));
        let quiet = doubs.quiet.unwrap();
        // 25 December and 1 January lie in the first, 14 July and 15 August in the last.
        assert_eq!(quiet.days_off.first(), Some(&(date(2026, 12, 19), date(2027, 1, 3))));
        assert_eq!(quiet.days_off.last(), Some(&(date(2027, 7, 3), date(2027, 8, 31))));
        assert!(quiet.days_off.contains(&(date(2027, 5, 6), date(2027, 5, 6))), "Ascension: {:?}", quiet.days_off);
        assert!(quiet.days_off.is_sorted() && quiet.days_off.windows(2).all(|two| two[0].1 < two[1].0));
        let paris = told("0750654D");
        assert_eq!((paris.quiet.unwrap().days_off, paris.bytes_per_second, doubs.bytes_per_second), (vec![], 7, 0));
    }
}
