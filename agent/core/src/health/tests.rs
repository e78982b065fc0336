use super::*;
use proptest::prelude::*;

fn seen(readings: &Readings, kind: CheckKind) -> (Status, Reason, Option<i64>, Option<i64>) {
    let health = assess(readings, None);
    let check = health.check(kind).unwrap();
    assert_eq!(check.unit, kind.unit());
    (check.status, check.reason, check.value, check.threshold)
}

#[test]
fn what_the_machine_does_not_tell_is_unknown() {
    let health = assess(&Readings::default(), None);
    assert_eq!(health.checks.len(), CheckKind::ALL.len());
    for check in &health.checks {
        assert_eq!((check.status, check.value, check.threshold), (Status::Unknown, None, None));
        let untold = if check.kind == CheckKind::ClockSkew { Reason::TooEarly } else { Reason::NotReported };
        assert_eq!(check.reason, untold);
    }
    assert_eq!((health.overall(), health.volumes), (Status::Unknown, vec![]));
    let without = Readings { batteries: Some(vec![]), home_apart: Some(false), ..Readings::default() };
    for kind in [CheckKind::BatteryWear, CheckKind::DiskHome] {
        assert_eq!(seen(&without, kind), (Status::Unknown, Reason::NotFitted, None, None));
    }
}

#[test]
fn the_worst_battery_decides() {
    let battery = |design, full| BatteryReading { design, full };
    let of = |batteries: &[BatteryReading]| {
        seen(&Readings { batteries: Some(batteries.to_vec()), ..Readings::default() }, CheckKind::BatteryWear)
    };
    assert_eq!(of(&[battery(Some(50_000), Some(49_000))]), (Status::Ok, Reason::WithinLimits, Some(2), Some(20)));
    assert_eq!(
        of(&[battery(Some(50_000), Some(49_000)), battery(Some(24_000), Some(14_000))]),
        (Status::Critical, Reason::AtOrAbove, Some(42), Some(40))
    );
    assert_eq!(of(&[battery(Some(50_000), Some(53_000))]).2, Some(0), "a new battery holds more than its design");
    for untold in [battery(None, Some(1)), battery(Some(1), None), battery(Some(0), Some(5))] {
        assert_eq!(of(&[untold]), (Status::Unknown, Reason::NotReported, None, None));
    }
}

#[test]
fn each_threshold_is_met_from_both_sides() {
    let room = |free_bytes| Some(Room { size_bytes: 1000, free_bytes });
    for (free, status, threshold) in [
        (120, Status::Ok, 10),
        (100, Status::Ok, 10),
        (90, Status::Warning, 10),
        (50, Status::Warning, 10),
        (40, Status::Critical, 5),
    ] {
        let (got, _, value, at) = seen(&Readings { system: room(free), ..Readings::default() }, CheckKind::DiskSystem);
        assert_eq!((got, value, at), (status, Some(i64::try_from(free).unwrap() / 10), Some(threshold)));
    }
    for (skew, status, value) in [
        (14_000, Status::Ok, 0),
        (-40_000, Status::Ok, -30),
        (-75_001, Status::Warning, -90),
        (75_001, Status::Warning, 90),
        (400 * 86_400_000, Status::Critical, 400 * 86_400),
    ] {
        let (got, _, seen, _) =
            seen(&Readings { clock_skew_ms: Some(skew), ..Readings::default() }, CheckKind::ClockSkew);
        assert_eq!((got, seen), (status, Some(value)), "{skew}");
    }
    for (milli, status, value) in [
        (-20_000, Status::Ok, -20),
        (52_400, Status::Ok, 50),
        (88_000, Status::Warning, 90),
        (101_000, Status::Critical, 100),
    ] {
        let readings = Readings { temperature_millicelsius: Some(milli), ..Readings::default() };
        let (got, _, seen, _) = seen(&readings, CheckKind::Temperature);
        assert_eq!((got, seen), (status, Some(value)), "{milli}");
    }
}

#[test]
fn the_agents_share_needs_time() {
    let of = |used, age| {
        let readings = Readings { agent_cpu_ms: Some(used), agent_age_ms: Some(age), ..Readings::default() };
        seen(&readings, CheckKind::AgentCpu)
    };
    assert_eq!(of(300, 599_999), (Status::Unknown, Reason::TooEarly, None, None));
    assert_eq!(of(300, 600_000), (Status::Ok, Reason::WithinLimits, Some(0), Some(10)));
    assert_eq!(of(60_000, 600_000), (Status::Critical, Reason::AtOrAbove, Some(100), Some(50)));
}

#[test]
fn wavering_numbers_repeat_the_last_report() {
    let at = |milli, gib: u64| Readings {
        temperature_millicelsius: Some(milli),
        system: Some(Room { size_bytes: 200 << 30, free_bytes: (gib << 30) + 7 }),
        ..Readings::default()
    };
    let first = assess(&at(45_000, 100), None);
    for (milli, gib) in [(54_000, 101), (36_000, 99), (47_000, 98), (45_000, 102)] {
        assert_eq!(assess(&at(milli, gib), Some(&first)), first, "{milli} {gib}");
    }
    assert_ne!(assess(&at(56_000, 100), Some(&first)), first);
    let hot = assess(&at(88_000, 100), Some(&assess(&at(85_000, 100), None)));
    assert_eq!(hot.overall(), Status::Warning, "worse is said at once");
    assert_eq!(assess(&at(82_000, 100), Some(&hot)).overall(), Status::Warning, "better only beyond the margin");
    assert_eq!(assess(&at(79_000, 100), Some(&hot)).overall(), Status::Ok);
    let worse = assess(&Readings::default(), Some(&hot));
    assert_eq!(worse, assess(&Readings::default(), None), "what is no longer told is unknown");
}

#[test]
fn the_most_worn_disk_decides_and_none_is_unknown() {
    let of =
        |lives: &[DiskLife]| seen(&Readings { disk_lives: lives.to_vec(), ..Readings::default() }, CheckKind::DiskWear);
    let emmc = |a, b, reserve| DiskLife::Emmc { estimates: [a, b], reserve };
    for (life, value) in [
        (emmc(1, 1, 1), 0),
        (emmc(3, 2, 1), 20),
        (emmc(2, 0, 0), 10),
        (emmc(11, 4, 1), 100),
        (emmc(1, 1, 2), 0),
        (DiskLife::Used(0), 0),
        (DiskLife::Used(255), 255),
    ] {
        assert_eq!(of(&[life]).2, Some(value), "{life:?}");
    }
    assert_eq!(
        of(&[DiskLife::Used(3), emmc(9, 1, 1)]),
        (Status::Warning, Reason::AtOrAbove, Some(80), Some(80)),
        "the rated life is nearly used, and the device goes on"
    );
    assert_eq!(of(&[DiskLife::Used(130)]).0, Status::Warning, "a used-up rating is no defect");
    let worn = Readings { disk_lives: vec![emmc(2, 1, 3), emmc(1, 1, 2)], ..Readings::default() };
    let check = (Status::Warning, Reason::ReserveUsed, Some(10), Some(90));
    assert_eq!(seen(&worn, CheckKind::DiskWear), check, "the reserve warns, and is no share of the life");
    let again = assess(&worn, Some(&assess(&worn, None)));
    assert_eq!(again, assess(&worn, None));
    assert_eq!(of(&[emmc(0, 0, 3)]), (Status::Warning, Reason::ReserveUsed, None, Some(90)));
    let sound = Readings { disk_lives: vec![emmc(2, 1, 1)], ..Readings::default() };
    assert_eq!(assess(&sound, Some(&again)), assess(&sound, None), "another disk's reserve is forgotten");
    for untold in [emmc(0, 0, 0), emmc(12, 255, 7), emmc(0, 0, 1)] {
        assert_eq!(of(&[untold]), (Status::Unknown, Reason::NotReported, None, None), "{untold:?}");
    }
}

proptest! {
    /// Any numbers are answered, and the same numbers again change nothing.
    #[test]
    fn any_readings_are_answered(
        batteries in prop::collection::vec((any::<Option<u64>>(), any::<Option<u64>>()), 0..3),
        rooms in any::<(Option<(u64, u64)>, Option<bool>, Option<(u64, u64)>)>(),
        signed in any::<[Option<i64>; 2]>(),
        stalled in any::<Option<u32>>(),
        unsigned in any::<[Option<u64>; 6]>(),
        lives in prop::collection::vec(any::<([u8; 2], u8)>(), 0..3),
    ) {
        let room = |(size_bytes, free_bytes)| Room { size_bytes, free_bytes };
        let readings = Readings {
            batteries: Some(batteries.into_iter().map(|(design, full)| BatteryReading { design, full }).collect()),
            system: rooms.0.map(room),
            home_apart: rooms.1,
            home: rooms.2.map(room),
            temperature_millicelsius: signed[0],
            clock_skew_ms: signed[1],
            memory_stalled_basis_points: stalled,
            memory_bytes: unsigned[0],
            memory_available_bytes: unsigned[1],
            uptime_seconds: unsigned[2],
            agent_resident_bytes: unsigned[3],
            agent_cpu_ms: unsigned[4],
            agent_age_ms: unsigned[5],
            disk_lives: lives.into_iter().map(|(estimates, reserve)| DiskLife::Emmc { estimates, reserve }).collect(),
        };
        let health = assess(&readings, None);
        prop_assert_eq!(assess(&readings, Some(&health)), health);
    }
}
