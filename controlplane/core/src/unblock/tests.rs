//! Asks and answers.

use super::*;
use crate::assignment::Target;
use crate::audit::Person;
use crate::device::DEVICES;
use crate::error::Error;
use crate::facts::Facts;
use crate::lesson::{LessonHeld, lesson_start};
use crate::memory::Memory;
use crate::policy::{Document, Effect, Layer, Layers, changes, told};
use crate::role::Role;
use crate::rules::Rules;
use crate::scope::{Reach, Scope};
use crate::store::{Expect, SharedStore};
use crate::table::Writes;
use model::filtering::{Lesson, LessonKind};
use model::id::{DeviceId, TerritoryId};
use model::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

fn at(days: u64) -> Timestamp {
    Timestamp::from_unix_seconds(1_795_000_000).after(Duration::from_secs(days * 86_400))
}

fn one(n: usize, name: &str) -> (String, AskKind, model::host::Host) {
    (format!("{n:032x}"), AskKind::Unblock, name.parse().unwrap())
}

#[tokio::test]
async fn an_ask_is_kept_once_counted_by_school_and_forgotten_after_its_answer() {
    let store: SharedStore = Arc::new(Memory::default());
    let territory: TerritoryId = "doubs".parse().unwrap();
    let by = Person { name: "jeanne".to_owned(), role: Role::Technician };
    let devices: Vec<DeviceId> = (1..=2).map(|n| DeviceId::new(at(0), [n; 10])).collect();
    assert!(DEVICES.get(store.as_ref(), &territory, devices[0].to_string()).await.unwrap().is_none());
    let keep = async |device: usize, asked: &[_], now| {
        asks_keep(&store, &territory, devices[device], asked, now).await.unwrap()
    };
    assert_eq!(keep(0, &[one(1, "a.example")], at(0)).await, Kept { new: 1, dropped: 0 });
    assert_eq!(keep(0, &[one(1, "a.example")], at(0)).await, Kept::default(), "it came twice");
    keep(1, &[one(2, "a.example"), one(3, "b.example")], at(0)).await;
    let many: Vec<_> = (100..130).map(|n| one(n, "c.example")).collect();
    assert_eq!(keep(0, &many, at(0)).await, Kept { new: 19, dropped: 11 });
    assert_eq!(keep(0, &many[25..], at(2)).await.new, 5, "another day");

    let all = Reach::territory();
    let groups = unblock_list(store.as_ref(), &territory, &all).await.unwrap();
    let a = groups.iter().find(|group| group.name.as_str() == "a.example").unwrap();
    assert_eq!((a.devices, groups.len()), (2, 3));
    let nowhere = Reach::of([Scope::Owner("x".parse().unwrap())]);
    assert!(unblock_list(store.as_ref(), &territory, &nowhere).await.unwrap().is_empty());
    let decide = async |reach: &Reach, answer: Answer| {
        unblock_decide(&store, &territory, reach, &Layers::default(), &a.id, &answer, &by, "for a lesson", at(2)).await
    };
    let accept = |scope, days: u64| Answer::Accept { scope, until: Some(at(2 + days)) };
    assert!(matches!(decide(&nowhere, Answer::Refuse).await, Err(Error::NotFound(_))));
    assert!(matches!(decide(&all, accept(Reached::School, 3)).await, Err(Error::Invalid(_))), "it is filed nowhere");
    assert!(matches!(decide(&all, accept(Reached::Device, 367)).await, Err(Error::Invalid(_))));
    assert!(matches!(decide(&all, accept(Reached::Device, 0)).await, Err(Error::Invalid(_))));
    decide(&all, Answer::Refuse).await.unwrap();
    let group = async || {
        let groups = unblock_list(store.as_ref(), &territory, &all).await.unwrap();
        groups.into_iter().find(|group| group.name.as_str() == "a.example")
    };
    assert_eq!(group().await.unwrap().decision.unwrap().accepted, None);
    assert_eq!(asks_forget(&store, &territory, at(3)).await.unwrap(), 0);
    assert_eq!(asks_forget(&store, &territory, at(2 + 30)).await.unwrap(), 2);
    assert_eq!(group().await, None);
    assert_eq!(asks_forget(&store, &territory, at(92)).await.unwrap(), 25);
    assert_eq!(asks_forget(&store, &territory, at(92)).await.unwrap(), 1, "the answer goes with what it answered");
    assert_eq!(asks_forget(&store, &territory, at(92)).await.unwrap(), 0);
}

#[tokio::test]
async fn devices_that_lie_neither_fill_the_store_nor_have_another_name_unblocked() {
    let desk = Desk::new("");
    let device = DeviceId::new(at(0), [1; 10]);
    let mut new = 0;
    for day in 0..60 {
        let many: Vec<_> = (0..20).map(|n| one(1 + 20 * day + n, "c.example")).collect();
        new += asks_keep(&desk.store, &desk.territory, device, &many, at(day as u64)).await.unwrap().new;
    }
    assert_eq!(new, 500);
    let id = desk.asked(2, AskKind::Unblock, "shown.example", Some("0951099D"), None).await;
    let other = DeviceId::new(at(0), [0; 10]);
    let forged = (id.clone(), AskKind::Unblock, "other.example".parse().unwrap());
    asks_keep(&desk.store, &desk.territory, other, &[forged], at(0)).await.unwrap();
    let answer = Answer::Accept { scope: Reached::School, until: Some(at(5)) };
    assert!(matches!(desk.answered(&id, answer).await, Err(Error::NotFound(_))));
}

/// A store with what was asked, and who answers.
struct Desk {
    store: SharedStore,
    territory: TerritoryId,
    layers: Layers,
}

impl Desk {
    fn new(policy: &str) -> Self {
        let document = Document::read(policy, &Layer::Territory).unwrap();
        let layers = Layers::default().with(&Layer::Territory, Some(document));
        Self { store: Arc::new(Memory::default()), territory: "doubs".parse().unwrap(), layers }
    }

    async fn asked(&self, n: u8, kind: AskKind, name: &str, school: Option<&str>, owner: Option<&str>) -> String {
        let device = DeviceId::new(at(0), [n; 10]);
        let ask = Ask {
            id: format!("{n:032x}"),
            kind,
            name: name.parse().unwrap(),
            received: at(0),
            school: school.map(|school| school.parse().unwrap()),
            owner: owner.map(|owner| owner.parse().unwrap()),
            class: school.map(|school| format!("{school}/CM2 A").parse().unwrap()),
        };
        let writes = Writes::observed(&self.territory);
        let writes = writes.put(&ASKS, format!("{device}/{}", ask.id), &ask, Expect::Absent).unwrap();
        writes.commit(&self.store).await.unwrap();
        ask.id
    }

    async fn answered(&self, id: &str, answer: Answer) -> crate::error::Result<(Ask, Decision)> {
        let by = Person { name: "jeanne".to_owned(), role: Role::Technician };
        let all = Reach::territory();
        unblock_decide(&self.store, &self.territory, &all, &self.layers, id, &answer, &by, "", at(1)).await
    }

    /// What is unblocked in the class that asked, and in the rest of its school.
    async fn unblocked(&self) -> (usize, usize) {
        let rules = Rules::load(self.store.as_ref(), &self.territory, "Europe/Paris").await.unwrap();
        let rules = Rules { policies: self.layers.clone(), ..rules };
        let beside = Facts { school: Some(SCHOOL.parse().unwrap()), ..Facts::bare(DeviceId::new(at(0), [9; 10])) };
        let class = Some(format!("{SCHOOL}/CM2 A").parse().unwrap());
        let within = Facts { class, ..beside.clone() };
        let count = |facts| told(&rules, facts).unwrap().unblocked.len();
        (count(&within), count(&beside))
    }

    async fn states(&self) -> Vec<bool> {
        let groups = unblock_list(self.store.as_ref(), &self.territory, &Reach::territory()).await.unwrap();
        let mut rows: Vec<_> = groups.into_iter().map(|group| (group.id, group.decision.is_some())).collect();
        rows.sort();
        rows.into_iter().map(|(_, decided)| decided).collect()
    }
}

const SCHOOL: &str = "0951099D";
const LEAVES: &str = "[both]\nblock = [\"chat\"]\n[negotiable]\nunblock = true";

fn until(scope: Reached, days: u64) -> Answer {
    Answer::Accept { scope, until: Some(at(days)) }
}

#[tokio::test]
async fn an_answer_takes_back_what_the_one_before_unblocked() {
    let desk = Desk::new(LEAVES);
    let id = desk.asked(1, AskKind::Unblock, "a.example", Some(SCHOOL), None).await;
    desk.answered(&id, until(Reached::School, 9)).await.unwrap();
    assert_eq!(desk.unblocked().await, (1, 1));
    let before = Rules::load(desk.store.as_ref(), &desk.territory, "UTC").await.unwrap().changed;
    desk.answered(&id, until(Reached::Class, 9)).await.unwrap();
    assert_eq!(desk.unblocked().await, (1, 0));
    desk.answered(&id, Answer::Refuse).await.unwrap();
    assert_eq!(desk.unblocked().await, (0, 0));
    let after = Rules::load(desk.store.as_ref(), &desk.territory, "UTC").await.unwrap().changed;
    assert!(after > before, "devices are told");
    desk.answered(&id, until(Reached::Class, 9)).await.unwrap();
    assert_eq!(desk.unblocked().await, (1, 0), "and it is given again");
    // Another class asks later: it is answered beside the first, and one refusal is for both.
    let (device, class) = (DeviceId::new(at(0), [2; 10]), format!("{SCHOOL}/CM1").parse().unwrap());
    let school = Some(SCHOOL.parse().unwrap());
    let (name, received) = ("a.example".parse().unwrap(), at(2));
    let later =
        Ask { id: "later".to_owned(), kind: AskKind::Unblock, name, received, school, owner: None, class: Some(class) };
    let writes = Writes::observed(&desk.territory).put(&ASKS, format!("{device}/later"), &later, Expect::Absent);
    writes.unwrap().commit(&desk.store).await.unwrap();
    desk.answered("later", until(Reached::Class, 9)).await.unwrap();
    assert_eq!(desk.unblocked().await, (1, 0));
    desk.answered("later", Answer::Refuse).await.unwrap();
    assert_eq!(desk.unblocked().await, (0, 0));
}

#[tokio::test]
async fn what_no_layer_leaves_or_no_device_takes_is_not_said_to_be_unblocked() {
    let desk = Desk::new("[both]\nblock = [\"chat\"]");
    let id = desk.asked(1, AskKind::Unblock, "a.example", Some(SCHOOL), None).await;
    let refused = desk.answered(&id, until(Reached::School, 9)).await.unwrap_err().to_string();
    assert!(refused.contains("layer territory does not let names be unblocked"), "{refused}");
    assert_eq!(desk.states().await, [false]);
    desk.answered(&id, Answer::Refuse).await.unwrap();

    let desk = Desk::new(LEAVES);
    for n in 0..=200 {
        let name = format!("h{n}.example");
        let id = desk.asked(n, AskKind::Unblock, &name, Some(SCHOOL), None).await;
        let done = desk.answered(&id, until(Reached::School, 9)).await;
        assert_eq!(done.is_ok(), n < 200, "{n}: {done:?}");
    }
}

#[tokio::test]
async fn an_answer_is_for_one_kind_of_one_place() {
    let desk = Desk::new(LEAVES);
    let long = ["a".repeat(61), "b".repeat(61), "c".repeat(61), "d".repeat(61)].join(".");
    let (unblock, report) = (AskKind::Unblock, AskKind::Report);
    let first = desk.asked(1, unblock, &long, None, Some("commune-a")).await;
    desk.asked(2, unblock, &long, None, Some("commune-b")).await;
    desk.asked(3, report, &long, None, Some("commune-a")).await;
    desk.asked(4, unblock, &long, None, None).await;
    let school = desk.asked(5, unblock, &long, Some(SCHOOL), None).await;
    desk.answered(&first, Answer::Refuse).await.unwrap();
    assert_eq!(desk.states().await, [true, false, false, false, false]);
    desk.answered(&school, until(Reached::Class, 9)).await.unwrap();
    assert_eq!(desk.states().await, [true, false, false, false, true]);
    assert_eq!(desk.unblocked().await, (1, 0));
}

#[tokio::test]
async fn a_name_is_not_kept_longer_than_its_answer() {
    let desk = Desk::new(LEAVES);
    let id = desk.asked(1, AskKind::Unblock, "a.example", Some(SCHOOL), None).await;
    desk.answered(&id, until(Reached::Class, 3)).await.unwrap();
    let forget = async |days| asks_forget(&desk.store, &desk.territory, at(days)).await.unwrap();
    assert_eq!(forget(2).await, 0);
    let before = Rules::load(desk.store.as_ref(), &desk.territory, "UTC").await.unwrap().changed;
    assert_eq!(
        (forget(4).await, forget(4).await, forget(4).await),
        (1, 2, 0),
        "what was asked, then what was answered"
    );
    let (store, of) = (desk.store.as_ref(), &desk.territory);
    assert!(DECISIONS.page(store, &DECISIONS.scope(of, ""), "", 9).await.unwrap().is_empty());
    assert!(UNBLOCKS.page(store, &UNBLOCKS.scope(of, ""), "", 9).await.unwrap().is_empty());
    let after = Rules::load(desk.store.as_ref(), &desk.territory, "UTC").await.unwrap().changed;
    assert!(after > before, "what is gone does not make the rules look older");
}

#[tokio::test]
async fn an_end_that_nobody_names_is_a_week_a_lessons_or_the_policys() {
    let desk = Desk::new(&format!("{LEAVES}\nunblock_days = 20"));
    let id = desk.asked(1, AskKind::Unblock, "a.example", Some(SCHOOL), None).await;
    let ends = async |desk: &Desk, scope, until| {
        let answered = desk.answered(&id, Answer::Accept { scope, until }).await;
        answered.map(|(_, decision)| decision.accepted.unwrap())
    };
    assert_eq!(ends(&desk, Reached::School, None).await.unwrap().1, at(8));
    assert_eq!(ends(&desk, Reached::School, Some(at(21))).await.unwrap().1, at(21));
    let refused = ends(&desk, Reached::School, Some(at(22))).await.unwrap_err().to_string();
    assert_eq!(refused, "the policy lets names be unblocked for 20 days at most");
    let none = ends(&desk, Reached::Lesson, None).await.unwrap_err().to_string();
    assert_eq!(none, "no lesson is open for the device that asked");

    let lesson = Lesson {
        id: "l1".parse().unwrap(),
        kind: LessonKind::Lesson,
        from: at(1),
        until: at(1).after(Duration::from_secs(3_000)),
        only_open: true,
        opens: [].into(),
        blocks: [].into(),
        names_open: [].into(),
        names_blocked: [].into(),
    };
    let scope: Target = format!("school:{SCHOOL}").parse().unwrap();
    let held = LessonHeld { lesson, scope: scope.clone(), by: "jeanne".to_owned(), why: String::new(), stopped: None };
    let by = Person { name: "jeanne".to_owned(), role: Role::Technician };
    lesson_start(&desk.store, &desk.territory, &Reach::territory(), held.clone(), &by, at(1)).await.unwrap();
    let until_its_end = (scope, held.lesson.until);
    assert_eq!(ends(&desk, Reached::Lesson, None).await.unwrap(), until_its_end);
    assert_eq!(ends(&desk, Reached::Lesson, Some(at(9))).await.unwrap(), until_its_end, "and not beyond it");

    // A stricter document ends sooner what was unblocked before it, and says less where nothing is said.
    ends(&desk, Reached::School, Some(at(21))).await.unwrap();
    let stricter = Desk { layers: Desk::new(&format!("{LEAVES}\nunblock_days = 3")).layers, ..desk };
    let rules = Rules::load(stricter.store.as_ref(), &stricter.territory, "Europe/Paris").await.unwrap();
    let rules = Rules { policies: stricter.layers.clone(), ..rules };
    let facts = Facts { school: Some(SCHOOL.parse().unwrap()), ..Facts::bare(DeviceId::new(at(0), [9; 10])) };
    assert_eq!(told(&rules, &facts).unwrap().unblocked[0].until, at(4));
    assert_eq!(ends(&stricter, Reached::School, None).await.unwrap().1, at(4));
}

#[test]
fn the_days_of_unblocking_are_graded() {
    let composed = |text: &str| {
        let document = Document::read(&format!("{LEAVES}\n{text}"), &Layer::National).unwrap();
        let layers = Layers::default().with(&Layer::National, Some(document));
        layers.composed(&Facts::bare(DeviceId::new(at(0), [1; 10]))).unwrap()
    };
    let effect = |before: &str, after: &str| changes(Some(&composed(before)), Some(&composed(after)))[0].effect;
    assert_eq!(effect("unblock_days = 3", "unblock_days = 9"), Effect::Loosens);
    assert_eq!(effect("unblock_days = 3", ""), Effect::Loosens);
    assert_eq!(effect("", "unblock_days = 3"), Effect::Tightens);
    for bad in ["unblock_days = 0", "unblock_days = 367", "unblock_days = -1"] {
        assert!(Document::read(&format!("[negotiable]\n{bad}"), &Layer::National).is_err(), "{bad}");
    }
}
