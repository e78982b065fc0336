use super::*;
use crate::device::{DEVICES, Device};
use crate::memory::Memory;
use crate::role::Role;
use model::filtering::LessonKind;
use model::id::DeviceId;
use std::sync::Arc;

const SCHOOL: &str = "0951099D";

fn at(minutes: u64) -> Timestamp {
    Timestamp::from_unix_seconds(1_795_000_000).after(Duration::from_secs(minutes * 60))
}

fn one(n: u64, scope: &str, from: u64, minutes: u64) -> LessonHeld {
    let lesson = Lesson {
        id: format!("l{n:03}").parse().unwrap(),
        kind: LessonKind::Lesson,
        from: at(from),
        until: at(from + minutes),
        only_open: true,
        opens: [].into(),
        blocks: [].into(),
        names_open: [].into(),
        names_blocked: [].into(),
    };
    LessonHeld { lesson, scope: scope.parse().unwrap(), by: "jeanne".to_owned(), why: String::new(), stopped: None }
}

struct Desk {
    store: SharedStore,
    territory: TerritoryId,
}

impl Desk {
    /// A school with a device in one class.
    async fn new() -> Self {
        let desk = Self { store: Arc::new(Memory::default()), territory: "doubs".parse().unwrap() };
        let id = DeviceId::new(at(0), [1; 10]);
        let text = r#"{"id":"ID","state":"active","claims":{},"identity_key":"KEY","identity_generation":1,
            "certificate":{"serial":"0a","number":1,"until":9},"token":"ABCDEFGH","enrolled":1}"#;
        let text = text.replace("ID", &id.to_string()).replace("KEY", &format!("04{}", "11".repeat(64)));
        let device = Device {
            school: Some(SCHOOL.parse().unwrap()),
            class: Some(format!("{SCHOOL}/CM2 A").parse().unwrap()),
            ..serde_json::from_str(&text).unwrap()
        };
        let act = Act::of(at(0), &desk.by(), "test", "device", "");
        let writes = Writes::by(&desk.territory, &act).unwrap();
        let writes = writes.put(&DEVICES, id.to_string(), &device, Expect::Absent).unwrap();
        writes.commit(&desk.store).await.unwrap();
        desk
    }

    fn by(&self) -> Person {
        Person { name: "jeanne".to_owned(), role: Role::Admin }
    }

    async fn start(&self, held: LessonHeld, now: u64) -> Result<LessonHeld> {
        lesson_start(&self.store, &self.territory, &Reach::territory(), held, &self.by(), at(now)).await
    }

    async fn page(&self, all: bool, after: &str, limit: usize, now: u64) -> (Vec<String>, String) {
        let (reach, store) = (Reach::territory(), self.store.as_ref());
        let page = lesson_page(store, &self.territory, &reach, all, after, limit, at(now)).await.unwrap();
        (page.0.iter().map(|held| held.lesson.id.to_string()).collect(), page.1)
    }
}

#[tokio::test]
async fn a_class_that_nothing_serves_has_no_lesson_and_the_likeliest_is_named() {
    let desk = Desk::new().await;
    let class = |label: &str| format!("class:{SCHOOL}/{label}");
    desk.start(one(1, &class("CM2 A"), 0, 50), 0).await.unwrap();
    let refused = desk.start(one(2, &class("CM2A"), 0, 50), 0).await.unwrap_err().to_string();
    assert_eq!(refused, format!("nothing serves class {SCHOOL}/CM2A; perhaps {SCHOOL}/CM2 A is meant"));
    let refused = desk.start(one(3, &class("Terminale"), 0, 50), 0).await.unwrap_err().to_string();
    assert!(refused.ends_with("class list shows the classes of a school"), "{refused}");
    let refused = desk.start(one(4, "class:0750654D/CM2 A", 0, 50), 0).await.unwrap_err();
    assert!(matches!(refused, Error::Invalid(_)), "it is another school's class: {refused}");
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_and_eight_are_open_at_most() {
    let desk = Desk::new().await;
    let school = format!("school:{SCHOOL}");
    let good = one(1, &school, 0, 50);
    let with = |change: &dyn Fn(&mut LessonHeld)| {
        let mut held = good.clone();
        change(&mut held);
        held
    };
    for bad in [
        one(1, &school, 0, 0),
        one(1, &school, 0, 601),
        one(1, "territory", 0, 50),
        with(&|held| held.lesson.only_open = false),
        with(&|held| held.lesson.opens = ["all".parse().unwrap()].into()),
        with(&|held| held.lesson.blocks = (0..41).map(|n| format!("c{n}").parse().unwrap()).collect()),
    ] {
        assert!(matches!(desk.start(bad.clone(), 0).await, Err(Error::Invalid(_))), "{bad:?}");
    }
    for n in 1..=8 {
        desk.start(one(n, &school, n, 50), n).await.unwrap();
    }
    let refused = desk.start(one(9, &school, 9, 50), 9).await.unwrap_err().to_string();
    assert_eq!(refused, "8 lessons are open or announced for them; stop one first");
    assert!(matches!(desk.start(one(1, "school:0750654D", 9, 50), 9).await, Err(Error::Exists(_))));
    // What is over makes room, and is forgotten a day later.
    desk.start(one(10, &school, 60, 50), 60).await.unwrap();
    assert_eq!(desk.page(true, "", 100, 60).await.0.len(), 9);
    desk.start(one(11, &school, 2_000, 50), 2_000).await.unwrap();
    assert_eq!(desk.page(true, "", 100, 2_000).await.0, ["l011"]);
}

#[tokio::test]
async fn lessons_are_listed_page_by_page_the_newest_first() {
    let desk = Desk::new().await;
    for n in 1..=5 {
        desk.start(one(n, &format!("school:{SCHOOL}"), n / 2, 50), n / 2).await.unwrap();
    }
    let (first, next) = desk.page(false, "", 2, 3).await;
    let (second, after) = desk.page(false, &next, 2, 3).await;
    let (third, end) = desk.page(false, &after, 2, 3).await;
    assert_eq!([first, second, third].concat(), ["l004", "l005", "l002", "l003", "l001"]);
    assert_eq!(end, "");
    // The one at which a page ended may be gone.
    let (reach, by) = (Reach::territory(), desk.by());
    lesson_stop(&desk.store, &desk.territory, &reach, "l005", &by, "over", at(3)).await.unwrap();
    assert_eq!(desk.page(false, &next, 9, 3).await.0, ["l002", "l003", "l001"]);
    let again = lesson_stop(&desk.store, &desk.territory, &reach, "l005", &by, "over", at(3)).await;
    assert!(matches!(again, Err(Error::Expired(_))));
    for bad in ["x", "x/l1", "1"] {
        let page = lesson_page(desk.store.as_ref(), &desk.territory, &reach, true, bad, 2, at(3)).await;
        assert!(matches!(page, Err(Error::Invalid(_))), "{bad}");
    }
}

#[tokio::test]
async fn a_lesson_is_announced_for_two_weeks_ahead_at_most() {
    let desk = Desk::new().await;
    let (school, fortnight) = (format!("school:{SCHOOL}"), 14 * 24 * 60);
    for from in [9, fortnight + 11] {
        let refused = desk.start(one(1, &school, from, 50), 10).await.unwrap_err().to_string();
        assert_eq!(refused, "a lesson begins now or within 14 days", "{from}");
    }
    let held = desk.start(one(2, &school, fortnight + 10, 50), 10).await.unwrap();
    assert!(held.is_ahead(at(10)) && !held.is_over(at(10)));
    assert!(held.is_ahead(at(fortnight + 9)) && !held.is_ahead(at(fortnight + 10)));
    assert_eq!(desk.page(false, "", 9, 11).await.0, ["l002"], "it is listed before it begins");
    // Stopped, it never begins.
    let (reach, by) = (Reach::territory(), desk.by());
    let stopped = lesson_stop(&desk.store, &desk.territory, &reach, "l002", &by, "", at(12)).await.unwrap();
    assert!(!stopped.is_ahead(at(12)) && stopped.is_over(at(12)));
}
