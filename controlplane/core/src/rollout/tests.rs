use super::deed::Deed;
use super::phase::{Phase, Sighting};
use super::site::{Site, SiteMove, site_step};
use super::step::{Move, rollout_step};
use super::tally::Tally;
use super::wave::{Member, SHARE_ALL, Wave, WaveSize};
use super::*;
use crate::calendar::Calendars;
use crate::presence::{Condition, ConditionState};
use jiff::civil::{Date, date};
use model::id::DeviceId;
use model::uai::Uai;
use proptest::prelude::*;
use std::collections::BTreeSet;

const HOUR: Duration = Duration::from_secs(3_600);
const START: Timestamp = Timestamp::from_unix_seconds(1_795_000_000);
const UAIS: [&str; 3] = ["0951099D", "0750654D", "0752524L"];

/// What becomes of a device once it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Works,
    Fails,
    Sticks,
    Skips,
    IsOff,
}

/// Devices that do what their fates say, an hour after they are told.
#[derive(Clone)]
struct Fleet {
    rollout: Rollout,
    sites: BTreeMap<Uai, Site>,
    devices: Vec<(Member, Fate, Sighting)>,
    now: Timestamp,
    revision: u64,
}

impl Fleet {
    fn new(rollout: Rollout, fates: &[Fate]) -> Self {
        let device = |n: usize, fate: &Fate| {
            let device = DeviceId::new(START, [u8::try_from(n).unwrap(); 10]);
            let member = Member { device, school: Some(UAIS[n % 3].parse().unwrap()) };
            let heard = if *fate == Fate::IsOff { START.before(HOUR * 100) } else { START };
            (member, *fate, Sighting { heard, ..Sighting::default() })
        };
        let devices = fates.iter().enumerate().map(|(n, fate)| device(n, fate)).collect();
        Self { rollout, sites: BTreeMap::new(), devices, now: START, revision: 1 }
    }

    fn site(&self, member: &Member) -> Option<&Site> {
        self.sites.get(&member.school?)
    }

    fn tally(&self) -> Tally {
        let mut tally = Tally::of(&self.rollout);
        for (member, _, seen) in &self.devices {
            tally.add(&self.rollout, member, self.site(member), seen, self.now);
        }
        tally
    }

    fn opened(&mut self) -> Opened {
        let opened = Opened { at: self.now, after: Generation { epoch: 0, revision: self.revision } };
        self.revision += 1;
        opened
    }

    /// An hour passes for the devices.
    fn hour(&mut self) {
        self.now = self.now.after(HOUR);
        for n in 0..self.devices.len() {
            let open = self.rollout.open_to(&self.devices[n].0, self.site(&self.devices[n].0)).is_some();
            let (_, fate, seen) = &mut self.devices[n];
            if *fate == Fate::IsOff {
                continue;
            }
            seen.heard = self.now;
            if !open || !self.rollout.state.holds() || self.rollout.held_back() || seen.condition.is_some() {
                continue;
            }
            seen.held = Some(Generation { epoch: 0, revision: self.revision });
            let (state, reason, version) = match fate {
                Fate::Works => (ConditionState::Held, "", self.rollout.version.to_string()),
                Fate::Fails => (ConditionState::Failed, "damaged", String::new()),
                Fate::Skips => (ConditionState::Skipped, "disk", String::new()),
                Fate::Sticks | Fate::IsOff => (ConditionState::Pending, "downloading", String::new()),
            };
            let said = Condition { version, since: self.now, ..said(state, reason) };
            seen.condition = Some(said);
        }
    }

    /// What the rule does; `lost` loses what it would have written, as a crash before the write does.
    fn step(&mut self, lost: bool) -> Option<Move> {
        let tally = self.tally();
        for (school, of) in &tally.sites {
            let site = self.sites.get(school);
            let done = site_step(&self.rollout, site, of, (self.now, date(2026, 11, 18), true));
            if let Some(done) = done.filter(|_| !lost) {
                let opened = self.opened();
                let after = Site::moved(self.sites.get(school), &done, opened).unwrap();
                self.sites.insert(*school, after);
            }
        }
        let done = rollout_step(&self.rollout, &tally, self.now, true)?;
        if !lost {
            let opened = self.opened();
            self.rollout = self.rollout.moved(&done, opened);
            // Done twice is done once.
            assert_eq!(rollout_step(&self.rollout, &tally, self.now, true), None);
            assert_eq!(self.rollout.moved(&done, opened).opened, self.rollout.opened);
        }
        Some(done)
    }
}

fn said(state: ConditionState, reason: &str) -> Condition {
    Condition {
        item: "bundle dictionary".to_owned(),
        state,
        reason: reason.to_owned(),
        epoch: 0,
        version: String::new(),
        bytes: 0,
        of_bytes: 0,
        wan_bytes: 0,
        lan_bytes: 0,
        medium_bytes: 0,
        since: START,
    }
}

fn share(hundredths: u32) -> Wave {
    Wave { size: WaveSize::Share(hundredths), agree: false }
}

fn rollout(waves: Vec<Wave>) -> Rollout {
    let rollout = Rollout {
        id: "0190-a".to_owned(),
        name: "dictionary".parse().unwrap(),
        version: "2026.9".parse().unwrap(),
        index: Digest::of(b"index"),
        scope: BTreeSet::from([Target::Territory]),
        urgent: false,
        waves,
        thresholds: Thresholds { sample: 5, ..Thresholds::default() },
        patience: Patience::default(),
        seeds: false,
        site_bytes: 0,
        hours: None,
        by: "jeanne".to_owned(),
        why: String::new(),
        created: START,
        second: false,
        approved: None,
        agreed: BTreeMap::new(),
        state: State::Draft,
        halt: None,
        since: START,
        opened: Vec::new(),
        accepted: 0,
        left: None,
        replaced: Vec::new(),
    };
    rollout.checked().unwrap()
}

fn running(waves: Vec<Wave>) -> Rollout {
    rollout(waves).done(Deed::Start, "jeanne", START).unwrap()
}

fn run(fleet: &mut Fleet, hours: usize) {
    for _ in 0..hours {
        fleet.step(false);
        fleet.hour();
    }
}

fn fates(works: usize, fails: usize, off: usize) -> Vec<Fate> {
    let of = |fate, count| std::iter::repeat_n(fate, count);
    of(Fate::Works, works).chain(of(Fate::Fails, fails)).chain(of(Fate::IsOff, off)).collect()
}

#[test]
fn devices_that_are_off_are_not_failed_and_do_not_keep_it_from_ending() {
    let mut fleet = Fleet::new(running(vec![share(2_000)]), &fates(20, 0, 10));
    run(&mut fleet, 5 * 24);
    assert_eq!(fleet.rollout.state, State::Finished);
    let left = fleet.rollout.left.unwrap();
    assert_eq!((left.in_place, left.unreachable, left.failing()), (20, 10, 0));
}

#[test]
fn it_stops_when_too_many_fail_and_then_opens_nothing_more() {
    let mut fleet = Fleet::new(running(vec![share(5_000)]), &fates(21, 9, 0));
    run(&mut fleet, 24);
    assert_eq!((fleet.rollout.state, fleet.rollout.halt), (State::Stopped, Some(Halt::ErrorShare)));
    assert_eq!(fleet.rollout.opened.len(), 1);
    for deed in [Deed::Start, Deed::Resume(true), Deed::Pause, Deed::Abort] {
        assert!(fleet.rollout.done(deed, "jeanne", START).is_err());
    }
    assert_eq!(fleet.rollout.done(Deed::RollBack, "jeanne", START).unwrap().state, State::RolledBack);
}

#[test]
fn nobody_answering_is_no_success() {
    let mut fleet = Fleet::new(running(vec![share(2_000)]), &fates(0, 0, 30));
    run(&mut fleet, 8 * 24);
    assert_eq!((fleet.rollout.state, fleet.rollout.halt), (State::Paused, Some(Halt::TooSlow)));
    assert_eq!(fleet.rollout.opened.len(), 1);
}

#[test]
fn the_first_to_answer_do_not_speak_for_those_who_have_not_had_the_time_to() {
    let begun = running(vec![share(5_000)]);
    let mut fleet = Fleet::new(begun, &fates(2, 0, 28));
    run(&mut fleet, 40);
    assert_eq!((fleet.rollout.state, fleet.rollout.opened.len()), (State::Running, 1));
}

#[test]
fn one_that_fails_while_the_others_are_away_pauses_and_does_not_stop() {
    let mut fleet = Fleet::new(running(vec![]), &fates(0, 1, 9));
    run(&mut fleet, 8 * 24);
    assert_eq!((fleet.rollout.state, fleet.rollout.halt), (State::Paused, Some(Halt::BelowSuccess)));
}

#[test]
fn a_slow_device_is_stuck_only_after_it_was_heard_past_its_time() {
    let mut fleet = Fleet::new(running(vec![]), &[Fate::Sticks]);
    run(&mut fleet, 24);
    let phase = |fleet: &Fleet| {
        let (member, _, seen) = &fleet.devices[0];
        let opened = fleet.rollout.open_to(member, None);
        fleet.rollout.standing(seen, true, opened, fleet.now).phase
    };
    assert_eq!(phase(&fleet), Phase::Downloading);
    // Switched off for a day and a half, it has not been slow, and is not called so when it is back.
    fleet.now = fleet.now.after(HOUR * 36);
    assert_eq!(phase(&fleet), Phase::Downloading);
    (fleet.devices[0].2.heard, fleet.devices[0].2.back) = (fleet.now, fleet.now);
    assert_eq!(phase(&fleet), Phase::Downloading);
    fleet.now = fleet.now.after(HOUR * 25);
    fleet.devices[0].2.heard = fleet.now;
    assert_eq!(phase(&fleet), Phase::Stuck);
    fleet.now = fleet.now.after(HOUR * 48);
    assert_eq!(phase(&fleet), Phase::Unreachable);
}

#[test]
fn what_was_said_of_an_earlier_plan_says_nothing_of_this_one() {
    let mut fleet = Fleet::new(running(vec![]), &[Fate::IsOff]);
    fleet.step(false);
    let (member, _, seen) = &mut fleet.devices[0];
    let member = *member;
    seen.heard = fleet.now;
    seen.condition = Some(said(ConditionState::Failed, "damaged"));
    seen.held = Some(Generation { epoch: 0, revision: 1 });
    let phase = |fleet: &Fleet| {
        let opened = fleet.rollout.open_to(&member, None);
        fleet.rollout.standing(&fleet.devices[0].2, true, opened, fleet.now).phase
    };
    assert_eq!(phase(&fleet), Phase::Offered);
    fleet.devices[0].2.held = Some(Generation { epoch: 0, revision: 2 });
    assert_eq!(phase(&fleet), Phase::Failed);
    // The version in place is what counts, not that something is held.
    fleet.devices[0].2.condition = Some(Condition { version: "2026.8".to_owned(), ..said(ConditionState::Held, "") });
    assert_eq!(phase(&fleet), Phase::Offered);
    fleet.devices[0].2.condition = Some(Condition { version: "2026.9".to_owned(), ..said(ConditionState::Held, "") });
    fleet.devices[0].2.held = None;
    assert_eq!(phase(&fleet), Phase::InPlace);
}

#[test]
fn a_wave_waits_for_a_second_person_who_is_not_the_first() {
    let agree = Wave { agree: true, ..share(SHARE_ALL) };
    let mut fleet = Fleet::new(running(vec![share(3_000), agree]), &fates(20, 0, 0));
    run(&mut fleet, 12);
    assert_eq!((fleet.rollout.state, fleet.rollout.opened.len()), (State::Running, 1));
    assert!(matches!(fleet.rollout.done(Deed::Approve(Some(1)), "jeanne", START), Err(Error::Denied(_))));
    assert!(fleet.rollout.done(Deed::Approve(Some(0)), "paul", START).is_err());
    fleet.rollout = fleet.rollout.done(Deed::Approve(Some(1)), "paul", START).unwrap();
    run(&mut fleet, 12);
    assert_eq!(fleet.rollout.state, State::Finished);

    let draft = Rollout { second: true, ..rollout(vec![]) };
    assert!(draft.done(Deed::Start, "jeanne", START).is_err());
    assert!(matches!(draft.done(Deed::Approve(None), "jeanne", START), Err(Error::Denied(_))));
    let approved = draft.done(Deed::Approve(None), "paul", START).unwrap();
    assert_eq!(approved.done(Deed::Start, "jeanne", START).unwrap().state, State::Running);
}

#[test]
fn below_its_threshold_a_wave_pauses_until_a_person_accepts_it() {
    let thresholds = Thresholds { sample: 5, error: 5_000, ..Thresholds::default() };
    let begun = Rollout { thresholds, ..running(vec![share(6_000)]) };
    let mut fleet = Fleet::new(begun, &fates(16, 6, 0));
    run(&mut fleet, 6);
    assert_eq!((fleet.rollout.state, fleet.rollout.halt), (State::Paused, Some(Halt::BelowSuccess)));
    fleet.rollout = fleet.rollout.done(Deed::Resume(false), "jeanne", fleet.now).unwrap();
    run(&mut fleet, 2);
    assert_eq!((fleet.rollout.state, fleet.rollout.opened.len()), (State::Paused, 1));
    fleet.rollout = fleet.rollout.done(Deed::Resume(true), "jeanne", fleet.now).unwrap();
    run(&mut fleet, 2);
    assert_eq!(fleet.rollout.opened.len(), 2);
}

#[test]
fn one_device_of_a_school_is_first_and_the_rest_follow_when_it_has_it() {
    let begun = Rollout { seeds: true, ..running(vec![]) };
    let mut fleet = Fleet::new(begun, &fates(12, 0, 0));
    fleet.devices[7].2.site_node = true;
    fleet.step(false);
    fleet.hour();
    fleet.step(false);
    assert_eq!(fleet.sites.len(), 3);
    assert_eq!(fleet.sites[&UAIS[1].parse::<Uai>().unwrap()].seed, fleet.devices[7].0.device);
    fleet.hour();
    assert_eq!((fleet.tally().all().in_place, fleet.tally().all().withheld), (3, 9));
    run(&mut fleet, 4);
    assert_eq!(fleet.rollout.state, State::Finished);
}

#[test]
fn a_school_whose_first_device_does_not_come_through_is_opened_after_a_while() {
    let begun = Rollout { seeds: true, ..running(vec![]) };
    let mut fates = fates(12, 0, 0);
    fates[0] = Fate::Sticks;
    let mut fleet = Fleet::new(begun, &fates);
    fleet.devices[0].2.site_node = true;
    run(&mut fleet, 20);
    assert_eq!(fleet.tally().all().withheld, 3);
    run(&mut fleet, 10);
    assert_eq!(fleet.tally().all().withheld, 0);
}

#[test]
fn what_a_school_may_fetch_in_a_day_is_not_passed_and_who_has_begun_goes_on() {
    let begun = Rollout { site_bytes: 100, ..running(vec![]) };
    let mut fleet = Fleet::new(begun, &fates(9, 0, 0));
    let days = |n: i8| -> Date { date(2026, 11, n) };
    let school: Uai = UAIS[0].parse().unwrap();
    fleet.step(false);
    fleet.step(false);
    fleet.step(false);
    assert!(fleet.sites[&school].released.is_some());
    let [first, second] = [fleet.devices[0].0, fleet.devices[3].0];
    let held = Some(Generation { epoch: 0, revision: fleet.revision });
    let half = Condition { wan_bytes: 120, bytes: 60, of_bytes: 200, ..said(ConditionState::Pending, "downloading") };
    (fleet.devices[0].2.condition, fleet.devices[0].2.held) = (Some(half), held);
    let step = |fleet: &Fleet, day| {
        let tally = fleet.tally();
        site_step(&fleet.rollout, fleet.sites.get(&school), &tally.sites[&school], (fleet.now, day, true))
    };
    let done = step(&fleet, days(18)).unwrap();
    let opened = fleet.opened();
    let site = Site::moved(fleet.sites.get(&school), &done, opened).unwrap();
    assert!(site.open_to(first.device).is_some() && site.open_to(second.device).is_none());
    fleet.sites.insert(school, site);
    assert_eq!(step(&fleet, days(18)), None);
    assert_eq!(step(&fleet, days(19)), Some(SiteMove::Resume(120)));
    let site = Site::moved(fleet.sites.get(&school), &SiteMove::Resume(120), opened).unwrap();
    assert!(site.open_to(second.device).is_some());
    fleet.sites.insert(school, site);
    assert_eq!(step(&fleet, days(19)), None);
}

#[test]
fn no_wave_opens_in_school_hours_unless_it_is_urgent() {
    let calendars = Calendars::default();
    let plain = running(vec![]);
    let at =
        |rollout: &Rollout, day: i8, hour| rollout.may_open(&calendars, None, date(2026, 11, day).at(hour, 0, 0, 0));
    // 18 November 2026 is a Wednesday, 21 a Saturday, 11 a public holiday.
    for (day, hour, may) in
        [(18, 7, true), (18, 8, false), (18, 17, false), (18, 18, true), (21, 10, true), (11, 10, true)]
    {
        assert_eq!(at(&plain, day, hour), may, "{day} {hour}");
    }
    assert!(at(&Rollout { urgent: true, ..plain.clone() }, 18, 10));
    let night = Rollout { urgent: true, hours: Some(Hours { from: 19 * 60, until: 6 * 60 }), ..plain };
    for (hour, may) in [(18, false), (19, true), (0, true), (5, true), (6, false)] {
        assert_eq!(at(&night, 21, hour), may, "{hour}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let fine = rollout(vec![share(100), share(1_000)]);
    assert_eq!(fine.waves.len(), 3, "all that are left are the last wave");
    let schools = Wave { size: WaveSize::Schools(BTreeSet::new()), agree: false };
    let bad = [
        Rollout { waves: vec![share(1_000), share(100)], ..fine.clone() },
        Rollout { waves: vec![share(0)], ..fine.clone() },
        Rollout { waves: vec![share(10_001)], ..fine.clone() },
        Rollout { waves: vec![schools], ..fine.clone() },
        Rollout { waves: (1..=20).map(share).collect(), ..fine.clone() },
        Rollout { thresholds: Thresholds { sample: 0, ..Thresholds::default() }, ..fine.clone() },
        Rollout { thresholds: Thresholds { success: 10_001, ..Thresholds::default() }, ..fine.clone() },
        Rollout { patience: Patience { seed: 0, ..Patience::default() }, ..fine.clone() },
        Rollout { hours: Some(Hours { from: 60, until: 60 }), ..fine },
    ];
    for rollout in bad {
        assert!(matches!(rollout.clone().checked(), Err(Error::Invalid(_))), "{rollout:?}");
    }
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        8 => Just(Fate::Works),
        1 => Just(Fate::Fails),
        1 => Just(Fate::Sticks),
        1 => Just(Fate::Skips),
        2 => Just(Fate::IsOff),
    ]
}

fn waves() -> impl Strategy<Value = Vec<Wave>> {
    proptest::collection::btree_set(1u32..SHARE_ALL, 0..4).prop_map(|shares| shares.into_iter().map(share).collect())
}

proptest! {
    // Each is weeks of a fleet, twice.
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever its devices do: no wave opens before the one before it has passed, nothing opens after a stop, a share decides only with
    /// its sample, and what a crash loses is done later, with the same end.
    #[test]
    fn crashes_change_when_it_ends_and_not_how(
        waves in waves(),
        fates in proptest::collection::vec(fate(), 1..50),
        seeds in any::<bool>(),
        crashes in proptest::collection::vec(any::<bool>(), 40),
    ) {
        let begun = Rollout { seeds, ..running(waves) };
        let mut planned = Fleet::new(begun.clone(), &fates);
        let mut crashing = planned.clone();
        for hour in 0..40 * 24_usize {
            let before = planned.clone();
            let tally = planned.tally();
            let done = planned.step(false);
            planned.hour();
            prop_assert!(planned.rollout.opened.len() <= before.rollout.opened.len() + 1);
            match done {
                Some(Move::Open(wave)) if wave > 0 => {
                    let counts = tally.waves[wave - 1];
                    let passed = counts.in_place * 10_000 >= 9_500 * counts.reachable() && counts.decided() >= 5.min(counts.reachable());
                    prop_assert!(counts.devices() == 0 || passed && counts.in_place > 0, "{counts:?}");
                }
                Some(Move::Stop(_)) => {
                    let sampled = |c: tally::Counts| c.decided() >= 5.min(c.devices() - c.skipped) && c.failing() > 0;
                    prop_assert!(tally.waves.iter().any(|c| sampled(*c)) || sampled(tally.opened()));
                }
                Some(Move::Finish(left)) => prop_assert_eq!(left.devices(), fates.len() as u64),
                _ => {}
            }
            if before.rollout.state != State::Running {
                prop_assert_eq!(&planned.rollout, &before.rollout);
            }
            // At most four in five are lost, and none for days.
            let lost = crashes[hour % 40] && hour % 5 != 0;
            crashing.step(lost);
            crashing.hour();
            if [&planned, &crashing].iter().all(|fleet| fleet.rollout.state != State::Running) {
                break;
            }
        }
        prop_assert_ne!(planned.rollout.state, State::Running);
        prop_assert_eq!(planned.rollout.state, crashing.rollout.state);
        prop_assert_eq!(planned.rollout.halt, crashing.rollout.halt);
        prop_assert_eq!(planned.rollout.opened.len(), crashing.rollout.opened.len());
        prop_assert_eq!(planned.rollout.left, crashing.rollout.left);
    }

    /// A share holds about so many, and whoever was in a smaller one.
    #[test]
    fn shares_are_nested_and_about_as_large_as_they_say(seed in any::<u64>(), small in 1u32..9_999) {
        let waves = vec![share(small), share(SHARE_ALL)];
        let one = Rollout { id: format!("{seed:016x}"), ..rollout(waves) };
        let mut first = 0_u32;
        for n in 0..400_u32 {
            let mut random = [0; 10];
            random[..4].copy_from_slice(&n.to_be_bytes());
            let member = Member { device: DeviceId::new(START, random), school: None };
            let wave = one.wave_of(&member).unwrap();
            first += u32::from(wave == 0);
            let larger = Rollout { waves: vec![share(small + 1), share(SHARE_ALL)], ..one.clone() };
            if wave == 0 && small + 1 < SHARE_ALL {
                prop_assert_eq!(larger.wave_of(&member), Some(0));
            }
        }
        let expected = f64::from(small) / 10_000.0 * 400.0;
        prop_assert!((f64::from(first) - expected).abs() < 70.0, "{} of 400 for {}", first, small);
    }
}
