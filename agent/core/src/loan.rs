//! What a loan asks of the device now: a pure function of the grant and the time, which needs no network.

use model::grant::{Grant, Hold, Term};
use model::time::Timestamp;
use std::time::Duration;

/// A device that heard no server for longer than this does not restrict by its clock: a clock that is far ahead, as after a flat battery,
/// must shut nobody out.
const PLAUSIBLE: Duration = Duration::from_secs(400 * 86_400);

/// How far a loan has come, from nothing to a return that a person insists on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Nobody has it, or nobody has said so.
    #[default]
    Free,
    /// Somebody has it, and may.
    Lent,
    /// It is to be returned soon, or is late by no more than the grace.
    Notice,
    /// It is late beyond the grace: each new session begins with a notice.
    Restricted,
    /// A person decided so: the whole screen says whom to contact.
    ReturnScreen,
    /// It is said to be lost or stolen: the whole screen says whom to contact.
    Missing,
}

impl Stage {
    /// The code by which it is reported.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Lent => "lent",
            Self::Notice => "notice",
            Self::Restricted => "restricted",
            Self::ReturnScreen => "return_screen",
            Self::Missing => "missing",
        }
    }

    /// Whether people who use the device are told something.
    #[must_use]
    pub const fn speaks(self) -> bool {
        !matches!(self, Self::Free | Self::Lent)
    }

    /// Whether each new session begins with a notice.
    #[must_use]
    pub const fn restricts(self) -> bool {
        matches!(self, Self::Restricted | Self::ReturnScreen | Self::Missing)
    }

    /// Whether the whole screen says it.
    #[must_use]
    pub const fn fills_the_screen(self) -> bool {
        matches!(self, Self::ReturnScreen | Self::Missing)
    }
}

/// A time, and how far it is to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Now; never before what is known to have passed.
    pub now: Timestamp,
    /// The last time that a server was heard to say; nothing when none ever was.
    pub heard: Option<Timestamp>,
}

impl Told {
    /// Until when a clock is believed enough to restrict somebody.
    fn believed_until(self) -> Option<Timestamp> {
        self.heard.map(|heard| heard.after(PLAUSIBLE))
    }
}

/// Where a loan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The stage that holds.
    pub stage: Stage,
    /// When it may be another one by the passing of time alone.
    pub until: Option<Timestamp>,
}

/// What holds at this time. During an exam that the grant names nothing is shown that would get in its way; it comes afterwards.
///
/// A device that is missing says so in any case: that follows from no clock.
#[must_use]
pub fn standing(grant: Option<&Grant>, time: Told) -> Standing {
    let term = match grant.map(|grant| &grant.hold) {
        None | Some(Hold::Free) => return Standing { stage: Stage::Free, until: None },
        Some(Hold::Missing) => return Standing { stage: Stage::Missing, until: None },
        Some(Hold::Lent(term)) => term,
    };
    let (begins, ends) = term.exam.map(|exam| (exam.from, exam.until)).unzip();
    let moments = [Some(term.notice), term.due, term.restricted, insisted(term), begins, ends, time.believed_until()];
    let until = moments.into_iter().flatten().filter(|at| *at > time.now).min();
    Standing { stage: stage(term, time), until }
}

fn stage(term: &Term, time: Told) -> Stage {
    let reached = |at: Option<Timestamp>| at.is_some_and(|at| at <= time.now);
    let examined = term.exam.is_some_and(|exam| exam.from <= time.now && time.now < exam.until);
    let believed = time.believed_until().is_some_and(|until| time.now < until);
    if believed && !examined {
        if reached(insisted(term)) {
            return Stage::ReturnScreen;
        }
        if reached(term.restricted) {
            return Stage::Restricted;
        }
    }
    // Late is late, though nothing more is done about it yet.
    if reached(Some(term.notice)) || reached(term.due) { Stage::Notice } else { Stage::Lent }
}

/// From when the return screen holds: from a person's decision on, and never before the device is late beyond its grace.
fn insisted(term: &Term) -> Option<Timestamp> {
    term.decided.map(|decided| decided.max(term.restricted.or(term.due).unwrap_or(decided)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::digest::Digest;
    use model::grant::Exam;
    use proptest::prelude::*;

    const DAY: i64 = 86_400;

    fn day(n: i64) -> Timestamp {
        Timestamp::from_unix_seconds(n * DAY)
    }

    fn grant(hold: Hold) -> Grant {
        Grant { key: Digest::of(b"key"), epoch: 3, hold, contact: "Mairie".to_owned() }
    }

    fn lent(decided: Option<i64>) -> Grant {
        grant(Hold::Lent(Term {
            loan: "P-1".to_owned(),
            start: day(100),
            notice: day(130),
            due: Some(day(140)),
            restricted: Some(day(150)),
            decided: decided.map(day),
            exam: None,
        }))
    }

    fn examined(mut grant: Grant, from: i64, until: i64) -> Grant {
        if let Hold::Lent(term) = &mut grant.hold {
            term.exam = Some(Exam { from: day(from), until: day(until) });
        }
        grant
    }

    fn at(grant: &Grant, now: i64, heard: i64) -> (Stage, Option<Timestamp>) {
        let Standing { stage, until } = standing(Some(grant), Told { now: day(now), heard: Some(day(heard)) });
        (stage, until)
    }

    #[test]
    fn a_loan_goes_its_way_by_its_own_dates() {
        let plain = lent(None);
        assert_eq!(at(&plain, 120, 100), (Stage::Lent, Some(day(130))));
        assert_eq!(at(&plain, 130, 100), (Stage::Notice, Some(day(140))));
        assert_eq!(at(&plain, 140, 100), (Stage::Notice, Some(day(150))));
        assert_eq!(at(&plain, 150, 100), (Stage::Restricted, Some(day(500))));
        assert_eq!(at(&plain, 499, 100).0, Stage::Restricted);
        // Decided, it still waits for the grace to be over.
        assert_eq!(at(&lent(Some(145)), 149, 100), (Stage::Notice, Some(day(150))));
        assert_eq!(at(&lent(Some(145)), 150, 100).0, Stage::ReturnScreen);
        assert_eq!(at(&lent(Some(190)), 189, 100), (Stage::Restricted, Some(day(190))));
        assert_eq!(at(&lent(Some(190)), 190, 100).0, Stage::ReturnScreen);
    }

    #[test]
    fn a_clock_that_is_far_ahead_shuts_nobody_out() {
        for far in [500, 5_000, 50_000] {
            assert_eq!(at(&lent(Some(145)), far, 100), (Stage::Notice, None));
        }
        let never = Told { now: day(200), heard: None };
        assert_eq!(standing(Some(&lent(Some(145))), never).stage, Stage::Notice);
    }

    #[test]
    fn an_exam_comes_first_and_the_rest_after_it() {
        let grant = examined(lent(Some(145)), 158, 161);
        for (now, stage, until) in [
            (157, Stage::ReturnScreen, 158),
            (158, Stage::Notice, 161),
            (160, Stage::Notice, 161),
            (161, Stage::ReturnScreen, 520),
        ] {
            assert_eq!(at(&grant, now, 120), (stage, Some(day(until))), "{now}");
        }
        assert_eq!(at(&examined(lent(None), 140, 160), 159, 120), (Stage::Notice, Some(day(160))));
        assert_eq!(at(&examined(lent(None), 140, 160), 160, 120).0, Stage::Restricted);
    }

    fn moment() -> impl Strategy<Value = i64> {
        0i64..900
    }

    prop_compose! {
        fn terms()(
            start in moment(),
            notice in moment(),
            due in prop::option::of(moment()),
            grace in prop::option::of(0i64..60),
            decided in prop::option::of(moment()),
            exam in prop::option::of((moment(), 1i64..14)),
        ) -> Term {
            let restricted = due.zip(grace).map(|(due, grace)| day(due + grace));
            let loan = "P-1".to_owned();
            let exam = exam.map(|(from, days)| Exam { from: day(from), until: day(from + days) });
            let (start, notice, due, decided) = (day(start), day(notice), due.map(day), decided.map(day));
            Term { loan, start, notice, due, restricted, decided, exam }
        }
    }

    fn holds() -> impl Strategy<Value = Option<Hold>> {
        prop::option::of(prop_oneof![Just(Hold::Free), Just(Hold::Missing), terms().prop_map(Hold::Lent)])
    }

    proptest! {
        #[test]
        fn no_screen_without_a_decision_and_nothing_without_its_date(
            hold in holds(), now in moment(), heard in prop::option::of(moment()),
        ) {
            let told = Told { now: day(now), heard: heard.map(day) };
            let grant = hold.clone().map(grant);
            let Standing { stage, until } = standing(grant.as_ref(), told);
            prop_assert!(until.is_none_or(|until| until > told.now));
            match hold {
                None | Some(Hold::Free) => prop_assert_eq!(stage, Stage::Free),
                Some(Hold::Missing) => prop_assert_eq!(stage, Stage::Missing),
                Some(Hold::Lent(term)) => {
                    prop_assert!(stage != Stage::Free && stage != Stage::Missing);
                    if stage == Stage::ReturnScreen {
                        prop_assert!(term.decided.is_some_and(|decided| decided <= told.now));
                    }
                    if stage.restricts() {
                        prop_assert!(term.exam.is_none_or(|exam| told.now < exam.from || exam.until <= told.now));
                        prop_assert!(told.heard.is_some_and(|heard| told.now < heard.after(PLAUSIBLE)));
                        prop_assert!(term.due.is_none_or(|due| due <= told.now));
                    }
                }
            }
        }

        /// Between now and `until` nothing changes, whenever one looks; so a device that sleeps until then misses nothing.
        #[test]
        fn nothing_changes_before_it_is_said_to(
            hold in holds(), now in moment(), later in 0i64..900, heard in prop::option::of(moment()),
        ) {
            let grant = hold.map(grant);
            let told = Told { now: day(now), heard: heard.map(day) };
            let first = standing(grant.as_ref(), told);
            let then = Told { now: day(now + later), ..told };
            if first.until.is_none_or(|until| then.now < until) {
                prop_assert_eq!(standing(grant.as_ref(), then).stage, first.stage);
            }
        }

        /// With time alone a loan only goes forward, until its clock is believed no more.
        #[test]
        fn time_alone_only_goes_forward(term in terms(), now in moment(), later in 0i64..900) {
            let grant = grant(Hold::Lent(Term { exam: None, ..term }));
            let stage = |at: i64| standing(Some(&grant), Told { now: day(at), heard: Some(day(at)) }).stage;
            prop_assert!(stage(now + later) >= stage(now));
        }

        /// An exam takes nothing away but what restricts, and what was put off holds with its end.
        #[test]
        fn an_exam_only_defers(term in terms(), now in moment(), heard in prop::option::of(moment())) {
            let told = Told { now: day(now), heard: heard.map(day) };
            let without = grant(Hold::Lent(Term { exam: None, ..term.clone() }));
            let with = grant(Hold::Lent(term.clone()));
            let stage = |grant: &Grant, told: Told| standing(Some(grant), told).stage;
            match term.exam.filter(|exam| exam.from <= told.now && told.now < exam.until) {
                Some(exam) => {
                    prop_assert_eq!(stage(&with, told), stage(&without, told).min(Stage::Notice));
                    let over = Told { now: exam.until, ..told };
                    prop_assert_eq!(stage(&with, over), stage(&without, over));
                    prop_assert!(standing(Some(&with), told).until.is_some_and(|until| until <= exam.until));
                }
                None => prop_assert_eq!(stage(&with, told), stage(&without, told)),
            }
        }
    }
}
