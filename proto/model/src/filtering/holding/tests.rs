use super::*;
use crate::filtering::{Days, Hours, Slot};
use jiff::civil::date;
use proptest::prelude::*;

const MINUTE: i64 = 60;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

fn set<T: std::str::FromStr + Ord>(names: &[&str]) -> BTreeSet<T> {
    names.iter().map(|name| name.parse().ok().unwrap()).collect()
}

fn side(blocked: &[&str]) -> Side {
    Side { blocked: set(blocked), names_open: set(&["lib.example"]), ..Side::default() }
}

fn filtering() -> Filtering {
    Filtering {
        in_school: side(&["adult", "games"]),
        out_of_school: side(&["adult"]),
        hours: None,
        lessons: vec![],
        unblocked: vec![],
        contact: String::new(),
    }
}

fn floor() -> Floor {
    Floor {
        version: 1,
        blocked: ["adult", "gambling"].map(str::to_owned).into(),
        open: ["education.gouv.fr".to_owned()].into(),
        lesson_opens: ["gambling".to_owned()].into(),
        lesson_minutes: 60,
        unblock_days: 10,
        rollback_days: 0,
    }
}

/// A Monday at ten, and so many seconds since 1970 at the same time.
fn moment(now: i64, proven_until: Option<i64>) -> Moment {
    Moment { now: at(now), local: date(2026, 11, 30).at(10, 0, 0, 0), proven_until: proven_until.map(at) }
}

fn lesson(kind: LessonKind, from: i64, until: i64) -> Lesson {
    Lesson {
        id: "l".parse().unwrap(),
        kind,
        from: at(from),
        until: at(until),
        only_open: false,
        opens: set(&["games", "gambling"]),
        blocks: set(&["press"]),
        names_open: set(&["chess.example"]),
        names_blocked: set(&["lib.example"]),
    }
}

#[test]
fn school_is_where_it_is_proven_at_its_hours() {
    let mut policy = filtering();
    let held = |policy: &Filtering, proven| holding(policy, &floor(), &moment(1_000, proven));
    assert_eq!(held(&policy, None).regime, Regime::OutOfSchool);
    assert_eq!(held(&policy, Some(1_000)).regime, Regime::OutOfSchool);
    let proven = held(&policy, Some(1_007));
    assert_eq!((proven.regime, proven.until), (Regime::InSchool, Duration::from_secs(7)));
    assert_eq!((proven.side, held(&policy, None).until), (policy.in_school.clone(), LOOK_EVERY));
    let slot = |from_minute, until_minute| Slot { days: Days(1), from_minute, until_minute };
    let hours = |slot| Hours { zone: "Europe/Paris".to_owned(), slots: vec![slot], days_off: vec![] };
    policy.hours = Some(hours(slot(540, 601)));
    let inside = held(&policy, Some(9_000));
    assert_eq!((inside.regime, inside.until), (Regime::InSchool, Duration::from_secs(60)));
    policy.hours = Some(hours(slot(602, 660)));
    let before = held(&policy, Some(9_000));
    assert_eq!((before.regime, before.until), (Regime::OutOfSchool, Duration::from_secs(120)));
}

#[test]
fn a_lesson_holds_in_school_and_an_exam_everywhere() {
    let mut policy = filtering();
    policy.lessons = vec![lesson(LessonKind::Lesson, 900, 4_000)];
    let held = |policy: &Filtering, now, proven| holding(policy, &floor(), &moment(now, proven));
    assert_eq!(held(&policy, 1_000, None).lesson, None);
    let within = held(&policy, 1_000, Some(9_000));
    assert_eq!(
        (within.lesson, within.side.blocked),
        (Some(("l".parse().unwrap(), LessonKind::Lesson)), set(&["adult", "press"]))
    );
    assert_eq!(within.side.names_open, set(&["chess.example"]));
    assert_eq!(within.side.names_blocked, set(&["lib.example"]));
    assert_eq!(within.floor_blocked, set(&["adult"]), "what the floor lets lessons open");
    assert_eq!(within.until, Duration::from_secs(3_000));
    assert_eq!((held(&policy, 899, Some(9_000)).lesson, held(&policy, 4_000, Some(9_000)).lesson), (None, None));
    assert_eq!(held(&policy, 899, Some(9_000)).until, Duration::from_secs(1));
    let exam = Lesson { id: "e".parse().unwrap(), only_open: true, ..lesson(LessonKind::Exam, 800, 4_000) };
    policy.lessons.insert(0, exam);
    let sat = held(&policy, 1_000, None);
    assert_eq!((sat.lesson.unwrap().1, sat.side.only_open), (LessonKind::Exam, true));
    assert_eq!(sat.side.names_open, set(&["chess.example"]), "the policy's own list is closed too");
}

#[test]
fn a_lesson_loosens_no_longer_than_the_floor_lets_it() {
    let mut policy = filtering();
    let long = Lesson { only_open: true, ..lesson(LessonKind::Lesson, 0, 120 * MINUTE) };
    policy.lessons = vec![long];
    let held = |now: i64| holding(&policy, &floor(), &moment(now, Some(86_400)));
    assert_eq!(held(59 * MINUTE).until, Duration::from_secs(60));
    assert!(!held(59 * MINUTE).side.blocked.contains(&"games".parse().unwrap()));
    let later = held(60 * MINUTE);
    assert_eq!(later.side.blocked, set(&["adult", "games", "press"]));
    assert_eq!(later.floor_blocked, set(&["adult", "gambling"]));
    assert!(later.side.only_open && later.side.names_open.is_empty());
    assert_eq!(later.admitted_names, set(&["chess.example"]), "its allow list stays");
}

#[test]
fn a_name_is_unblocked_above_the_floor_for_as_long_as_that_lets_it() {
    let mut policy = filtering();
    let day = 86_400;
    policy.unblocked = vec![Unblocked { name: "open.example".parse().unwrap(), from: at(day), until: at(30 * day) }];
    let held = |now: i64| holding(&policy, &floor(), &moment(now, None));
    assert!(held(day - 1).unblocked.is_empty() && held(30 * day).unblocked_above_floor.is_empty());
    assert_eq!(held(10 * day).unblocked, set(&["open.example"]));
    assert_eq!((held(11 * day).unblocked.len(), held(11 * day).unblocked_above_floor), (0, set(&["open.example"])));
    assert_eq!(held(day - 5).until, Duration::from_secs(5));
}

#[test]
fn an_exam_closes_what_a_person_unblocked_and_a_lesson_what_it_names() {
    let mut policy = filtering();
    let one = |name: &str| Unblocked { name: name.parse().unwrap(), from: at(0), until: at(86_400) };
    policy.unblocked = vec![one("a.lib.example"), one("open.example")];
    policy.lessons = vec![lesson(LessonKind::Lesson, 900, 4_000)];
    let held = |policy: &Filtering| holding(policy, &floor(), &moment(1_000, Some(9_000)));
    assert_eq!(held(&policy).unblocked, set(&["open.example"]));
    policy.lessons = vec![lesson(LessonKind::Exam, 900, 4_000)];
    assert_eq!((held(&policy).unblocked.len(), held(&policy).unblocked_above_floor.len()), (0, 0));
}

#[test]
fn nobody_goes_round_a_floor_that_was_published() {
    let mut policy = filtering();
    policy.out_of_school.other_resolvers = true;
    let held = |floor: &Floor| holding(&policy, floor, &moment(0, None));
    assert!(!held(&floor()).side.other_resolvers);
    assert_eq!(held(&floor()).ways_round, set(&["doh", "redirector", "vpn"]));
    assert!(held(&Floor::built_in()).side.other_resolvers && held(&Floor::built_in()).ways_round.is_empty());
    assert!(held(&Floor { blocked: BTreeSet::new(), ..floor() }).side.other_resolvers);
    policy.out_of_school = Side { vpn: true, ..policy.out_of_school };
    assert_eq!(holding(&policy, &floor(), &moment(0, None)).ways_round, set(&["doh"]));
}

#[test]
fn the_packages_own_floor_is_no_published_one() {
    let floor = Floor::built_in();
    assert!(floor.check().is_err());
    let held = holding(&filtering(), &floor, &moment(0, None));
    assert_eq!((held.floor_blocked, held.floor_open.len()), (set(&["adult"]), 3));
}

fn lessons() -> impl Strategy<Value = Vec<Lesson>> {
    let one = (any::<bool>(), 0i64..6_000, 1i64..36_000, any::<bool>(), any::<bool>());
    proptest::collection::vec(one, 0..4).prop_map(|all| {
        let all = all.into_iter().enumerate();
        all.map(|(n, (exam, from, length, only_open, opens))| Lesson {
            id: format!("l{n}").parse().unwrap(),
            kind: if exam { LessonKind::Exam } else { LessonKind::Lesson },
            from: at(from),
            until: at(from + length),
            only_open,
            opens: if opens { set(&["adult", "gambling", "games"]) } else { set(&[]) },
            blocks: set(&[]),
            names_open: set(&[]),
            names_blocked: set(&[]),
        })
        .collect()
    })
}

proptest! {
    /// Until it says that it may be otherwise, nothing is.
    #[test]
    fn nothing_changes_before_it_is_said_to(lessons in lessons(), now in 0i64..8_000, proven in 0i64..8_000, part in 0.0f64..1.0) {
        let policy = Filtering { lessons, ..filtering() };
        let held = holding(&policy, &floor(), &moment(now, Some(proven)));
        let millis = i64::try_from(held.until.mul_f64(part).as_millis()).unwrap();
        let later = Timestamp::from_unix_millis(now * 1_000 + millis.min(i64::try_from(held.until.as_millis()).unwrap() - 1));
        let again = holding(&policy, &floor(), &Moment { now: later, ..moment(0, Some(proven)) });
        prop_assert_eq!((held.regime, held.lesson, held.side, held.floor_blocked), (again.regime, again.lesson, again.side, again.floor_blocked));
    }

    /// Whatever lessons say: of what the floor blocks only what it lets lessons open is ever open, and not for longer than it says.
    #[test]
    fn no_lesson_goes_below_the_floor(lessons in lessons(), now in 0i64..40_000, proven in 0i64..40_000) {
        let policy = Filtering { lessons, ..filtering() };
        let held = holding(&policy, &floor(), &moment(now, Some(proven)));
        prop_assert!(held.floor_blocked.contains(&"adult".parse().unwrap()));
        if !held.floor_blocked.contains(&"gambling".parse().unwrap()) {
            let holding = policy.lessons.iter().filter(|lesson| lesson.holds(at(now)));
            prop_assert!(holding.into_iter().any(|lesson| now < lesson.from.unix_seconds() + 3_600));
        }
        prop_assert!(!held.floor_open.is_empty());
    }
}

/// A lesson of the control plane's own making, minute by minute: when it begins and ends.
fn told() -> impl Strategy<Value = Vec<(i64, i64)>> {
    proptest::collection::vec((0i64..90, 1i64..200), 12)
}

proptest! {
    /// Whatever a control plane says one after another: below the floor nothing is open for longer than it lets it at a stretch, nor for more
    /// than half of the time.
    #[test]
    fn what_the_floor_lets_be_open_is_counted_once(told in told()) {
        let mut begun = Begun::default();
        let (mut open, mut stretch, mut next) = (0, 0, told.iter().cycle());
        let mut item = *next.next().unwrap();
        for minute in 0..600 {
            // Another one begins as soon as this one ends, or in its midst.
            if minute >= item.1 || minute % 37 == 0 {
                let (before, length) = *next.next().unwrap();
                item = (minute - before, minute - before + length);
            }
            let mut policy = filtering();
            policy.lessons = vec![Lesson { id: format!("l{minute}").parse().unwrap(), ..lesson(LessonKind::Exam, item.0 * MINUTE, item.1 * MINUTE) }];
            let now = minute * MINUTE;
            let held = holding_since(&policy, &floor(), &moment(now, None), &begun);
            begun.note(&held.counted, at(now));
            let is_open = !held.floor_blocked.contains(&"gambling".parse().unwrap());
            open += i64::from(is_open);
            stretch = if is_open { stretch + 1 } else { 0 };
            prop_assert!(stretch <= 60, "{stretch} minutes at a stretch");
            prop_assert!(open * 2 <= minute + 1 + 61, "{open} of {minute} minutes");
        }
    }
}

#[test]
fn what_was_closed_as_long_as_it_was_open_is_counted_anew() {
    let mut begun = Begun::default();
    let mut held = |now: i64, from: i64, until: i64| {
        let mut policy = filtering();
        policy.lessons = vec![lesson(LessonKind::Exam, from * MINUTE, until * MINUTE)];
        let held = holding_since(&policy, &floor(), &moment(now * MINUTE, None), &begun);
        begun.note(&held.counted, at(now * MINUTE));
        (!held.floor_blocked.contains(&"gambling".parse().unwrap()), held.until.as_secs() / 60)
    };
    // Twenty minutes of sixty, and another lesson right behind them: the sixty are counted from the first on.
    assert_eq!(held(0, 0, 20), (true, 20));
    assert_eq!(held(20, 20, 100), (true, 40));
    assert_eq!(held(59, 50, 200), (true, 1));
    // It says when that may be otherwise.
    assert_eq!(held(60, 50, 200), (false, 50));
    assert_eq!(held(119, 90, 200), (false, 1));
    assert_eq!(held(120, 90, 200), (true, 30));
    assert!(!held(150, 90, 200).0);
    // A day later nothing is remembered but what is said now.
    assert_eq!(held(1_500, 1_500, 1_530), (true, 30));
    assert_eq!(begun.clone(), serde_json::from_str(&serde_json::to_string(&begun).unwrap()).unwrap());
}

#[test]
fn what_there_is_no_room_to_remember_is_not_opened_below_the_floor() {
    let (mut begun, day) = (Begun::default(), 86_400);
    let mut policy = filtering();
    let name = |n: i64| format!("n{n}.example").parse().unwrap();
    for n in 0..20 {
        let hundred = (0..100).map(|m| Unblocked { name: name(n * 100 + m), from: at(0), until: at(9 * day) });
        policy.unblocked = hundred.collect();
        let held = holding_since(&policy, &floor(), &moment(day, None), &begun);
        assert_eq!((held.unblocked.len(), held.counted.len()), (100, 100));
        begun.note(&held.counted, at(day));
    }
    policy.unblocked = [0, 2_000].map(|n| Unblocked { name: name(n), from: at(0), until: at(9 * day) }).into();
    let held = holding_since(&policy, &floor(), &moment(day, None), &begun);
    assert_eq!((held.unblocked, held.unblocked_above_floor), (set(&["n0.example"]), set(&["n2000.example"])));
    // There is room again once others are over.
    assert!(begun.note(&BTreeMap::new(), at(18 * day)));
    assert_eq!(begun, Begun::default());
}
