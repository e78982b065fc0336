//! What is held to when something of it is lost, and by which time.

use super::*;
use crate::filter::judge::tests::list_write;
use crate::fixture::HandClock;
use model::filtering::{Hours, Regime, Side};
use model::lists::{LIST_FILE, ListManifest};
use std::path::PathBuf;

/// The folders of a device, with a clock that is moved by hand.
struct Device {
    folder: tempfile::TempDir,
    own: Folder,
    moments: Moments,
    clock: Arc<HandClock>,
}

impl Device {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = Folder::new(&folder.path().join("own"));
        own.make().unwrap();
        let clock = Arc::new(HandClock::new());
        let moments = Moments {
            time: Arc::new(JudgingTime::new(clock.clone(), None)),
            told: Folder::new(&folder.path().join("told")),
            own: own.clone(),
            boot: Some(BootId::from_bytes([7; 16])),
            seen: Mutex::default(),
            begun: Memory::open(&own),
        };
        Self { folder, own, moments, clock }
    }

    /// A list that was made on a day of November, with one name among games.
    fn list(&self, day: i8, name: &str) -> ListPlace {
        let place = list_write(&self.folder.path().join(format!("list-{day}")), &[("games", name)], &[]);
        let path = place.folder.join(LIST_FILE);
        let mut manifest = ListManifest::decode(&fs::read(&path).unwrap()).unwrap();
        manifest.made = jiff::civil::date(2026, 11, day);
        manifest.version = format!("2026.11.{day}").parse().unwrap();
        let bytes = manifest.encode().unwrap();
        fs::write(path, &bytes).unwrap();
        ListPlace { manifest: model::digest::Digest::of(&bytes), ..place }
    }

    async fn holds(&self, active: Active, before: Option<&Held>) -> Result<Held, Refused> {
        let (held, _) = Held::judge(active, before, &self.moments).await?;
        held.keep(&self.own).unwrap();
        Ok(held)
    }

    /// What a start finds.
    async fn start(&self) -> (Held, Now) {
        Held::kept(&self.own, &self.moments).await.unwrap().unwrap()
    }

    fn kept_image(&self, list: &ListPlace) -> PathBuf {
        self.own.path(LISTS).join(list.manifest.to_string()).join("image")
    }

    fn look(&self) {
        self.moments.look(&self.own, &*self.clock);
    }
}

fn games_closed(list: ListPlace) -> Active {
    let side = Side { blocked: ["games".parse().unwrap()].into(), ..Side::default() };
    let filtering = Filtering { in_school: side.clone(), out_of_school: side, ..Filtering::bare() };
    Active { filtering: Some(filtering), list: Some(list), ..Active::none() }
}

fn spoil(image: &Path) {
    let mut bytes = fs::read(image).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    // Not the file that it may be a link to.
    fs::remove_file(image).unwrap();
    fs::write(image, bytes).unwrap();
}

fn closed(now: &Now, name: &str) -> bool {
    use resolver::{Judge, Ruling};
    matches!(now.policy.ruling(&name.parse().unwrap(), 1), Ruling::Block(_))
}

#[test]
fn names_are_answered_while_a_list_is_verified() {
    let device = Device::new();
    let active =
        Active { filtering: Some(Filtering::bare()), list: Some(device.list(1, "a.example")), ..Active::none() };
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
    let mut others = false;
    let judged = runtime.block_on(async {
        // The one thread beside it is busy until others have had their turn.
        let (turn, had) = std::sync::mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || had.recv());
        tokio::select! {
            biased;
            judged = Held::judge(active, None, &device.moments) => judged,
            () = async { others = turn.send(()).is_ok(); std::future::pending().await } => unreachable!(),
        }
    });
    assert!(judged.unwrap().0.list().is_some());
    assert!(others, "all stood still meanwhile");
}

#[tokio::test]
async fn a_list_that_is_lost_opens_nothing() {
    let device = Device::new();
    let (old, new) = (device.list(1, "old.example"), device.list(2, "new.example"));
    let held = device.holds(games_closed(old.clone()), None).await.unwrap();
    device.holds(games_closed(new.clone()), Some(&held)).await.unwrap();
    let (held, now) = device.start().await;
    assert!(closed(&now, "new.example") && !closed(&now, "other.example") && held.list_version() == "2026.11.2");
    // The one before is there for that.
    spoil(&device.kept_image(&new));
    let (held, now) = device.start().await;
    assert!(closed(&now, "old.example") && !closed(&now, "other.example") && held.list_version() == "2026.11.1");
    // Without any, what was closed is not known: only what is open by name is.
    spoil(&device.kept_image(&old));
    let (held, now) = device.start().await;
    assert!(closed(&now, "old.example") && closed(&now, "other.example") && !closed(&now, "education.gouv.fr"));
    assert!(held.list().is_none());
    // The same one, brought anew, holds again, and at the next start too.
    let held = device.holds(games_closed(new), Some(&held)).await.unwrap();
    let (_, now) = device.start().await;
    assert!(closed(&now, "new.example") && !closed(&now, "other.example"), "{}", held.list_version());
}

#[tokio::test]
async fn a_policy_of_names_alone_is_not_blind_without_its_list() {
    let device = Device::new();
    let side = Side { names_blocked: ["closed.example".parse().unwrap()].into(), ..Side::default() };
    let filtering = Filtering { out_of_school: side, ..Filtering::bare() };
    let list = device.list(1, "a.example");
    let floor = model::floor::Floor { blocked: std::collections::BTreeSet::new(), ..model::floor::Floor::built_in() };
    let active = Active { filtering: Some(filtering), list: Some(list.clone()), floor, ..Active::none() };
    device.holds(active, None).await.unwrap();
    spoil(&device.kept_image(&list));
    let (_, now) = device.start().await;
    assert!(closed(&now, "closed.example") && !closed(&now, "other.example"));
}

#[tokio::test]
async fn steps_back_are_counted_from_the_newest_list_there_was() {
    let device = Device::new();
    let with = |list: &ListPlace| {
        let mut active = games_closed(list.clone());
        active.floor.rollback_days = 5;
        active
    };
    let (new, back, older) = (device.list(20, "a.example"), device.list(16, "b.example"), device.list(12, "c.example"));
    let held = device.holds(with(&new), None).await.unwrap();
    let held = device.holds(with(&back), Some(&held)).await.unwrap();
    assert!(matches!(device.holds(with(&older), Some(&held)).await, Err(Refused::Old)));
    // A plan without a policy in between makes no newcomer of it.
    Held::forget(&device.own, false).unwrap();
    assert!(matches!(device.holds(with(&older), None).await, Err(Refused::Old)));
    Held::forget(&device.own, true).unwrap();
    assert!(device.holds(with(&older), None).await.is_ok());
}

#[tokio::test]
async fn what_a_server_said_moves_hours_and_a_clock_that_was_ahead_does_not() {
    let device = Device::new();
    device.look();
    let begun = device.moments.now();
    let elapsed_ms = u64::try_from(device.clock.elapsed().as_millis()).unwrap();
    let day = Duration::from_secs(86_400);
    let heard = |boot| Heard { server_unix_ms: begun.after(day).unix_millis(), elapsed_ms, boot };
    // What was heard in another run of the machine says nothing of when.
    heard(BootId::from_bytes([8; 16])).write(&device.moments.told).unwrap();
    device.look();
    assert_eq!(device.moments.now(), begun);
    heard(BootId::from_bytes([7; 16])).write(&device.moments.told).unwrap();
    device.look();
    device.clock.forward(Duration::from_secs(60));
    assert_eq!(device.moments.now(), begun.after(day).after(Duration::from_secs(60)));
    assert!(!heard(BootId::from_bytes([7; 16])).differs(&heard(BootId::from_bytes([7; 16]))));
    let later = Heard { elapsed_ms: elapsed_ms + 60_000, ..heard(BootId::from_bytes([7; 16])) };
    assert!(later.differs(&heard(BootId::from_bytes([7; 16]))));
}

#[tokio::test]
async fn by_hours_that_nobody_can_tell_it_is_never_school() {
    let device = Device::new();
    let until = device.moments.now().after(Duration::from_secs(3_600)).unix_millis();
    device.moments.told.make().unwrap();
    let proven = serde_json::to_vec(&crate::filter::active::Proven { until_unix_ms: until }).unwrap();
    device.moments.told.write(crate::filter::active::PROOF, &proven).unwrap();
    let all_day = model::filtering::Slot { days: model::filtering::Days(127), from_minute: 0, until_minute: 1_440 };
    let hours = |zone: &str| Hours { zone: zone.to_owned(), slots: vec![all_day], days_off: vec![] };
    let regime = async |zone: &str| {
        let filtering = Filtering { hours: Some(hours(zone)), ..Filtering::bare() };
        let active = Active { filtering: Some(filtering), ..Active::none() };
        Held::judge(active, None, &device.moments).await.unwrap().1.holding.regime
    };
    assert_eq!(regime("Europe/Paris").await, Regime::InSchool);
    assert_eq!(regime("Europe/Nowhere").await, Regime::OutOfSchool);
}

#[tokio::test]
async fn what_the_floor_lets_be_open_is_counted_once_whatever_is_told_and_across_a_start() {
    let mut device = Device::new();
    let day = Duration::from_secs(86_400);
    let list = device.list(1, "poker.example");
    // The floor closes games, and lets a person open a name of them for five days.
    let floor = model::floor::Floor {
        version: 1,
        blocked: ["games".to_owned()].into(),
        unblock_days: 5,
        ..model::floor::Floor::built_in()
    };
    // Each day the control plane says that it is open from today on.
    let told = |now: Timestamp| {
        let name = "poker.example".parse().unwrap();
        let one = model::filtering::Unblocked { name, from: now, until: now.after(day * 2) };
        let filtering = Filtering { unblocked: vec![one], ..Filtering::bare() };
        Active { filtering: Some(filtering), floor: floor.clone(), list: Some(list.clone()), ..Active::none() }
    };
    let mut open = Vec::new();
    for number in 0..11 {
        let (_, now) = Held::judge(told(device.moments.now()), None, &device.moments).await.unwrap();
        device.moments.note(&now.holding);
        open.push(!closed(&now, "poker.example"));
        if number == 2 {
            // A start.
            device.moments.begun = Memory::open(&device.own);
        }
        device.clock.forward(day);
    }
    // Five days, and five without it; then it is another while.
    assert_eq!(open, [true, true, true, true, true, false, false, false, false, false, true]);
    let kept = fs::read_to_string(device.own.path("begun.json")).unwrap();
    assert!(!kept.contains("poker"), "{kept}");
    Held::forget(&device.own, true).unwrap();
    assert!(!device.own.path("begun.json").exists());
}
