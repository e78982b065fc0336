//! Moves: what a device sees of another kit's parts, told apart from what is shared, back, or known by nothing of its own.

use super::*;
use crate::asset::{ASSETS, AssetWish, CODE_CHARS, Receiving, asset_get, asset_receive, asset_step};
use crate::audit::{Act, Author, Person};
use crate::device::{DEVICES, Device};
use crate::memory::Memory;
use crate::role::Role;
use crate::scope::Reach;
use crate::store::{Expect, SharedStore};
use crate::table::Writes;
use model::id::TerritoryId;
use model::kit::{PartRole, Slot};
use model::lifecycle::Step;
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

struct World {
    store: SharedStore,
    territory: TerritoryId,
    by: Person,
    now: Timestamp,
}

impl World {
    /// Two kits, each with a device; a camera and a dock in the first; a second camera with the serial number of a third.
    async fn new() -> Self {
        let by = Person { name: "paul".to_owned(), role: Role::Technician };
        let now = Timestamp::from_unix_seconds(1_795_000_000);
        let world = Self { store: Arc::new(Memory::new()), territory: "doubs".parse().unwrap(), by, now };
        let slot = |name: &str, role: PartRole| Slot {
            slot: name.to_owned(),
            title: String::new(),
            role,
            min: 1,
            max: 3,
            managed: false,
            serial: false,
            plugged: false,
        };
        let slots = vec![slot("camera", PartRole::Camera), slot("dock", PartRole::Dock)];
        let template = Template { name: "t".to_owned(), version: 0, title: String::new(), slots };
        template_put(&world.store, &world.territory, template, &world.by, now).await.unwrap();
        let parts = [("CAM", "cam-1"), ("DOCK", "dock-1"), ("TWIN-1", "twin"), ("TWIN-2", "twin")];
        for (at, (number, serial)) in (0u8..).zip(parts) {
            let wish = AssetWish {
                number: number.to_owned(),
                kind: "part".to_owned(),
                serial: serial.to_owned(),
                measure: Some(Measure::HybridKit),
                ..AssetWish::default()
            };
            let (reach, how) = (Reach::territory(), Receiving::default());
            let codes = [[at; CODE_CHARS]];
            asset_receive(&world.store, &world.territory, &reach, &[wish], how, &world.by, &codes, now).await.unwrap();
            for step in [Step::Prepare, Step::Ready] {
                asset_step(&world.store, &world.territory, number, step, &world.by, "", now).await.unwrap();
            }
        }
        for (at, label) in (10u8..).zip(["A", "B"]) {
            let wish = KitWish {
                label: label.to_owned(),
                template: "t".to_owned(),
                measure: Some(Measure::HybridKit),
                ..KitWish::default()
            };
            let (reach, code) = (Reach::territory(), [at; CODE_CHARS]);
            kit_create(&world.store, &world.territory, &reach, &wish, &world.by, &code, now).await.unwrap();
            world.device(label).await;
        }
        for (number, slot) in [("CAM", "camera"), ("DOCK", "dock"), ("TWIN-1", "camera")] {
            let kit = kit_find(world.store.as_ref(), &world.territory, &Reach::territory(), "A").await.unwrap();
            let asset = asset_get(world.store.as_ref(), &world.territory, number).await.unwrap();
            kit_bind(&world.store, &world.territory, kit, slot, asset, &world.by, "", now).await.unwrap();
        }
        world
    }

    async fn device(&self, kit: &str) {
        let id = id_of(kit);
        let text = r#"{"id":"ID","state":"active","claims":{},"identity_key":"KEY","identity_generation":1,
            "certificate":{"serial":"0a","number":1,"until":9},"token":"ABCDEFGH","enrolled":1}"#;
        let text = text.replace("ID", &id.to_string()).replace("KEY", &format!("04{}", "11".repeat(64)));
        let mut device: Device = serde_json::from_str(&text).unwrap();
        device.kit = Some(KitSlot { kit: kit.to_owned(), slot: "pc".to_owned() });
        let act = Act::new(self.now, Author::Rule("a test".to_owned()), "device_enrol", id.to_string());
        let writes = Writes::by(&self.territory, &act).unwrap();
        let writes = writes.put(&DEVICES, id.to_string(), &device, Expect::Absent).unwrap();
        writes.commit(&self.store).await.unwrap();
    }

    /// Lets time pass, and a kit's device report what it sees.
    async fn sees(&mut self, after: Duration, kit: &str, serials: &[&str]) {
        self.now = self.now.after(after);
        let serials: Vec<String> = serials.iter().map(|serial| (*serial).to_owned()).collect();
        sightings_note(&self.store, &self.territory, id_of(kit), &serials, self.now).await.unwrap();
    }

    async fn moves(&self) -> Vec<(String, String)> {
        let reach = Reach::territory();
        let page = moves_page(self.store.as_ref(), &self.territory, &reach, "", 100, self.now).await.unwrap();
        page.0.into_iter().map(|moved| (moved.number, moved.to)).collect()
    }
}

fn id_of(kit: &str) -> DeviceId {
    DeviceId::new(Timestamp::from_unix_seconds(1_795_000_000), [kit.as_bytes()[0]; 10])
}

fn of(number: &str, to: &str) -> Vec<(String, String)> {
    vec![(number.to_owned(), to.to_owned())]
}

#[tokio::test]
async fn a_camera_at_another_kit_is_a_move_until_it_is_back() {
    let mut world = World::new().await;
    world.sees(HOUR, "A", &["CAM-1", "unknown"]).await;
    assert_eq!(world.moves().await, []);
    world.sees(HOUR, "A", &[]).await;
    world.sees(HOUR, "B", &["cam-1"]).await;
    assert_eq!(world.moves().await, of("CAM", "B"));
    // It is carried back: B no longer sees it.
    world.sees(HOUR, "B", &[]).await;
    world.sees(HOUR, "A", &["cam-1"]).await;
    assert_eq!(world.moves().await, []);
}

#[tokio::test]
async fn a_dock_seen_on_two_within_a_day_is_shared_and_not_moved() {
    let mut world = World::new().await;
    world.sees(HOUR, "A", &["dock-1"]).await;
    world.sees(3 * HOUR, "A", &[]).await;
    world.sees(HOUR, "B", &["dock-1"]).await;
    assert_eq!(world.moves().await, [], "an hour ago it was at home");
    world.now = world.now.after(30 * HOUR);
    assert_eq!(world.moves().await, of("DOCK", "B"), "it has stayed away for longer than a day");
}

#[tokio::test]
async fn a_serial_number_that_two_things_bear_names_neither() {
    let mut world = World::new().await;
    world.sees(HOUR, "B", &["twin", "", "Default string"]).await;
    assert_eq!(world.moves().await, []);
}

#[tokio::test]
async fn a_move_is_accepted_or_dismissed_by_a_person() {
    let mut world = World::new().await;
    world.sees(HOUR, "B", &["cam-1"]).await;
    let reach = Reach::territory();
    let (store, territory, by) = (world.store.clone(), world.territory.clone(), world.by.clone());
    move_dismiss(&store, &territory, &reach, "CAM", &by, "lent for a lesson", world.now).await.unwrap();
    assert_eq!(world.moves().await, []);
    // Seen there anew, it is asked anew.
    world.sees(HOUR, "B", &[]).await;
    world.sees(HOUR, "B", &["cam-1"]).await;
    let moved = move_get(store.as_ref(), &territory, &reach, "CAM", world.now).await.unwrap();
    move_accept(&store, &territory, &moved, "", &by, "", world.now).await.unwrap();
    assert_eq!(world.moves().await, []);
    let place = KIT_PLACES.get(store.as_ref(), &territory, "CAM").await.unwrap().unwrap().value;
    assert_eq!((place.kit.as_str(), place.slot.as_str()), ("B", "camera"));
    let kit = async |label: &str| KITS.get(store.as_ref(), &territory, label).await.unwrap().unwrap().value;
    assert_eq!((kit("A").await.parts.len(), kit("B").await.parts.len()), (2, 1));
    assert_eq!(ASSETS.get(store.as_ref(), &territory, "CAM").await.unwrap().unwrap().value.epoch, 2);
}

impl World {
    async fn kit(&self, label: &str) -> crate::table::Row<Kit> {
        kit_find(self.store.as_ref(), &self.territory, &Reach::territory(), label).await.unwrap()
    }

    async fn part(&self, text: &str) -> Part {
        kit_part_find(self.store.as_ref(), &self.territory, &Reach::territory(), text).await.unwrap()
    }

    async fn pass(&self, part: Part, to: crate::table::Row<Kit>, slot: &str) -> crate::error::Result<(Kit, Kit)> {
        kit_pass(&self.store, &self.territory, part, to, slot, &self.by, "", self.now).await
    }

    /// Two more kits with one place for a machine each; the device of kit A is a part of the first, with nothing known of it as equipment.
    async fn machines(&self) -> DeviceId {
        let slot = Slot {
            slot: "pc".to_owned(),
            title: String::new(),
            role: PartRole::MiniPc,
            min: 1,
            max: 1,
            managed: true,
            serial: false,
            plugged: false,
        };
        let passive = Slot { slot: "hub".to_owned(), role: PartRole::Hub, managed: false, ..slot.clone() };
        let template = Template { name: "m".to_owned(), version: 0, title: String::new(), slots: vec![slot, passive] };
        template_put(&self.store, &self.territory, template, &self.by, self.now).await.unwrap();
        for (at, label) in (20u8..).zip(["M", "N"]) {
            let wish = KitWish {
                label: label.to_owned(),
                template: "m".to_owned(),
                measure: Some(Measure::HybridKit),
                ..KitWish::default()
            };
            let (reach, code) = (Reach::territory(), [at; CODE_CHARS]);
            kit_create(&self.store, &self.territory, &reach, &wish, &self.by, &code, self.now).await.unwrap();
        }
        let id = id_of("A");
        let (mut kit, row) = (self.kit("M").await, self.device_of(id).await);
        kit.value.parts.push(KitPart { slot: "pc".to_owned(), number: None, device: Some(id), at: self.now });
        let place = KitSlot { kit: "M".to_owned(), slot: "pc".to_owned() };
        let device = Device { kit: Some(place), ..row.value };
        let act = Act::new(self.now, Author::Rule("a test".to_owned()), "device_enrol", id.to_string());
        let writes = Writes::by(&self.territory, &act).unwrap();
        let writes = writes.put(&DEVICES, id.to_string(), &device, Expect::Any).unwrap();
        writes.put(&KITS, "M", &kit.value, Expect::At(kit.revision)).unwrap().commit(&self.store).await.unwrap();
        id
    }

    async fn device_of(&self, id: DeviceId) -> crate::table::Row<Device> {
        DEVICES.get(self.store.as_ref(), &self.territory, id.to_string()).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn a_part_passes_once_to_where_it_fits() {
    let world = World::new().await;
    let cam = || world.part("CAM");
    let refused = async |part: Part, to: &str, slot: &str| {
        world.pass(part, world.kit(to).await, slot).await.unwrap_err().to_string()
    };
    assert!(refused(cam().await, "A", "camera").await.contains("is in kit A already"));
    assert!(refused(world.part("TWIN-2").await, "B", "camera").await.contains("is in no kit"));
    assert!(refused(cam().await, "B", "nothing").await.contains("has no slot"));
    // Two people carry it to the same place in the same moment.
    let (one, other) = (cam().await, cam().await);
    let (to, again) = (world.kit("B").await, world.kit("B").await);
    let (first, second) = tokio::join!(world.pass(one, to, ""), world.pass(other, again, "dock"));
    assert!(first.is_ok() != second.is_ok());
    let (from, to) = first.or(second).unwrap();
    let has = |kit: &Kit| kit.parts.iter().filter(|part| part.number.as_deref() == Some("CAM")).count();
    assert_eq!((has(&from), has(&to), has(&world.kit("B").await.value)), (0, 1, 1));
    let asset = asset_get(world.store.as_ref(), &world.territory, "CAM").await.unwrap().value;
    assert_eq!((asset.lifecycle, asset.epoch), (model::lifecycle::Lifecycle::InKit, 2));
}

#[tokio::test]
async fn a_device_that_is_a_part_by_itself_passes_and_leaves() {
    let world = World::new().await;
    let id = world.machines().await;
    let named = id.to_string();
    let device = || world.part(&named);
    let (to, hub) = (world.kit("N").await, "hub");
    assert!(world.pass(device().await, to.clone(), hub).await.unwrap_err().to_string().contains("run no agent"));
    let (from, to) = {
        let part = device().await;
        world.pass(part, to, "").await.unwrap()
    };
    assert_eq!((from.parts.len(), to.parts.len()), (0, 1));
    assert_eq!(world.device_of(id).await.value.kit.unwrap().kit, "N");
    let part = device().await;
    let left = kit_unbind(&world.store, &world.territory, part, &world.by, "", world.now).await.unwrap().unwrap();
    assert_eq!((left.label.as_str(), left.parts.len()), ("N", 0));
    assert_eq!(world.device_of(id).await.value.kit, None);
    let part = device().await;
    let again = kit_unbind(&world.store, &world.territory, part, &world.by, "", world.now).await;
    assert!(again.unwrap_err().to_string().contains("is in no kit"));
}
