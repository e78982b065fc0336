//! Random histories of equipment: whatever is done in whatever order, the register, the kits and what devices are granted agree.

use super::*;
use crate::audit::Person;
use crate::device::{DEVICES, Device};
use crate::error::{Error, Result};
use crate::grant::GRANTS;
use crate::kit::{KIT_PLACES, KITS, KitWish, Part, kit_bind, kit_create, kit_find, kit_unbind, template_put};
use crate::loan::tests::Utc;
use crate::memory::Memory;
use crate::role::Role;
use crate::scope::Reach;
use crate::store::{PAGE_MAX, SharedStore};
use crate::table::Row;
use model::device::JoinState;
use model::grant::Hold;
use model::id::TerritoryId;
use model::kit::{PartRole, Slot, Template};
use model::lifecycle::Step;
use proptest::prelude::*;
use std::sync::Arc;

const START: i64 = 1_795_000_000;
const NUMBERS: [&str; 3] = ["A-1", "A-2", "A-3"];
const KITS_MADE: [&str; 2] = ["K-1", "K-2"];

struct World {
    store: SharedStore,
    territory: TerritoryId,
    now: Timestamp,
    by: Person,
}

/// What somebody does, with which asset, kit and device.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Step(usize, usize),
    Missing(usize, usize),
    Sign(usize),
    Bind(usize, usize),
    Unbind(usize),
    KitBind(usize, usize),
    KitUnbind(usize),
    Wait,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (0..NUMBERS.len(), 0..STEPS.len()).prop_map(|(asset, step)| Deed::Step(asset, step)),
        1 => (0..NUMBERS.len(), 0usize..3).prop_map(|(asset, step)| Deed::Missing(asset, step)),
        1 => (0..NUMBERS.len()).prop_map(Deed::Sign),
        1 => (0..NUMBERS.len(), 0usize..3).prop_map(|(asset, device)| Deed::Bind(asset, device)),
        1 => (0..NUMBERS.len()).prop_map(Deed::Unbind),
        3 => (0..NUMBERS.len(), 0..KITS_MADE.len()).prop_map(|(asset, kit)| Deed::KitBind(asset, kit)),
        2 => (0..NUMBERS.len()).prop_map(Deed::KitUnbind),
        1 => Just(Deed::Wait),
    ]
}

impl World {
    async fn new() -> Self {
        let by = Person { name: "paul".to_owned(), role: Role::Technician };
        let now = Timestamp::from_unix_seconds(START);
        let world = Self { store: Arc::new(Memory::new()), territory: "doubs".parse().unwrap(), now, by };
        world.receive(&NUMBERS.map(|number| wish(number, &format!("PF-{number}")))).await;
        let slot = Slot {
            slot: "laptop".to_owned(),
            title: String::new(),
            role: PartRole::Laptop,
            min: 1,
            max: 1,
            managed: true,
            serial: true,
            plugged: false,
        };
        let template = Template { name: "t".to_owned(), version: 0, title: String::new(), slots: vec![slot] };
        template_put(&world.store, &world.territory, template, &world.by, now).await.unwrap();
        for (at, label) in (0u8..).zip(KITS_MADE) {
            let wish = KitWish {
                label: label.to_owned(),
                template: "t".to_owned(),
                measure: Some(Measure::HybridKit),
                ..KitWish::default()
            };
            let reach = Reach::territory();
            kit_create(&world.store, &world.territory, &reach, &wish, &world.by, &[at; CODE_CHARS], now).await.unwrap();
        }
        for n in 0..3 {
            world.device(n).await;
        }
        world
    }

    async fn receive(&self, wishes: &[AssetWish]) -> Vec<Received> {
        let codes: Vec<[u8; CODE_CHARS]> = wishes.iter().map(|wish| code(&wish.number)).collect();
        let (reach, how) = (Reach::territory(), Receiving::default());
        let told = asset_receive(&self.store, &self.territory, &reach, wishes, how, &self.by, &codes, self.now);
        told.await.unwrap()
    }

    /// A device without a serial number, enrolled.
    async fn device(&self, n: u8) {
        let id = device_id(n);
        let text = r#"{"id":"ID","state":"active","claims":{},"identity_key":"KEY","identity_generation":1,
            "certificate":{"serial":"0a","number":1,"until":9},"token":"ABCDEFGH","enrolled":1}"#;
        let text = text.replace("ID", &id.to_string()).replace("KEY", &format!("04{}", "11".repeat(64)));
        let device: Device = serde_json::from_str(&text).unwrap();
        let act =
            crate::audit::Act::new(self.now, crate::audit::Author::Rule("a test".to_owned()), "device_enrol", "x");
        let writes = crate::table::Writes::by(&self.territory, &act).unwrap();
        let writes = writes.put(&DEVICES, id.to_string(), &device, crate::store::Expect::Absent).unwrap();
        writes.commit(&self.store).await.unwrap();
    }

    async fn asset(&self, at: usize) -> Row<Asset> {
        asset_get(self.store.as_ref(), &self.territory, NUMBERS[at]).await.unwrap()
    }

    async fn granted(&self, n: u8) -> crate::grant::Granted {
        let id = device_id(n).to_string();
        GRANTS.get(self.store.as_ref(), &self.territory, id).await.unwrap().unwrap().value
    }

    async fn act(&mut self, deed: Deed) -> Result<()> {
        let (store, territory, by, now) = (&self.store, &self.territory, &self.by, self.now);
        match deed {
            Deed::Step(at, step) => {
                asset_step(store, territory, NUMBERS[at], STEPS[step], by, "", now).await?;
            }
            Deed::Missing(at, step) => {
                let step = [Step::Lose, Step::Steal, Step::Find][step];
                asset_missing(store, territory, NUMBERS[at], step, by, "", now).await?;
            }
            Deed::Sign(at) => {
                asset_wipe_sign(store, territory, NUMBERS[at], by, "reset by hand", now).await?;
            }
            Deed::Bind(at, device) => {
                let id = device_id(u8::try_from(device).unwrap());
                asset_bind(store, territory, NUMBERS[at], id, &Utc, by, "", now).await?;
            }
            Deed::Unbind(at) => {
                asset_unbind(store, territory, NUMBERS[at], by, "", now).await?;
            }
            Deed::KitBind(at, kit) => {
                let kit = kit_find(store.as_ref(), territory, &Reach::territory(), KITS_MADE[kit]).await?;
                kit_bind(store, territory, kit, "laptop", self.asset(at).await, by, "", now).await?;
            }
            Deed::KitUnbind(at) => {
                kit_unbind(store, territory, Part::Asset(Box::new(self.asset(at).await)), by, "", now).await?;
            }
            Deed::Wait => self.now = now.after(std::time::Duration::from_secs(60)),
        }
        Ok(())
    }

    /// What always holds.
    async fn check(&self, before: &[Asset]) {
        let (store, territory) = (self.store.as_ref(), &self.territory);
        let kits = KITS.page(store, &KITS.scope(territory, ""), "", PAGE_MAX).await.unwrap();
        for (at, was) in before.iter().enumerate() {
            let asset = self.asset(at).await.value;
            // In a kit is what a kit has, once.
            let holding: Vec<&str> = kits
                .iter()
                .filter(|kit| kit.value.parts.iter().any(|part| part.number.as_deref() == Some(&asset.number)))
                .map(|kit| kit.id.as_str())
                .collect();
            let place = KIT_PLACES.get(store, territory, asset.number.as_str()).await.unwrap().map(|row| row.value);
            assert_eq!(asset.lifecycle == Lifecycle::InKit, holding.len() == 1, "{asset:?}");
            assert_eq!(place.as_ref().map(|place| place.kit.as_str()), holding.first().copied());
            // Available is what is clean, and only ever became so by being made ready.
            assert!(asset.lifecycle != Lifecycle::Available || asset.is_clean(), "{asset:?}");
            assert!(asset.epoch >= was.epoch, "an epoch never goes back");
            let moved = asset.lifecycle.is_in_use() != was.lifecycle.is_in_use();
            assert!(!moved || asset.epoch > was.epoch, "what passes from hand to hand has a new epoch");
            let Some(id) = asset.device else { continue };
            let bound = ASSET_DEVICES.get(store, territory, id.to_string()).await.unwrap().unwrap();
            assert_eq!(bound.value, asset.number);
            let granted = GRANTS.get(store, territory, id.to_string()).await.unwrap().unwrap().value;
            let missing = matches!(asset.lifecycle, Lifecycle::Lost | Lifecycle::Stolen);
            assert_eq!(granted.epoch, asset.epoch);
            // What was lost and is out of use is still missing.
            assert!(
                asset.lifecycle == Lifecycle::Retired || (granted.hold == Hold::Missing) == missing,
                "{asset:?} {granted:?}"
            );
            let device = DEVICES.get(store, territory, id.to_string()).await.unwrap().unwrap().value;
            assert!(!missing || device.state != JoinState::Active, "{device:?}");
            assert_eq!(device.kit, place, "a device names the place of its asset");
        }
        assert!(kits.iter().all(|kit| kit.value.parts.len() <= 1), "a full slot takes no more");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn register_kits_and_grants_agree_after_every_history(deeds in proptest::collection::vec(deed(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            for deed in deeds {
                let mut before = Vec::new();
                for at in 0..NUMBERS.len() {
                    before.push(world.asset(at).await.value);
                }
                match world.act(deed).await {
                    Ok(()) => {}
                    Err(Error::Invalid(_)) => {}
                    Err(other) => panic!("{deed:?}: {other}"),
                }
                world.check(&before).await;
            }
        });
    }
}

#[tokio::test]
async fn a_list_said_twice_is_there_once_and_wrong_lines_stop_no_other() {
    let world = World::new().await;
    let again =
        world.receive(&[wish("a-1", "PF-A-1"), wish("A-1", "x"), wish("", "y"), wish("B-1", "Default string")]).await;
    assert_eq!(again[0], Received::Same);
    assert!(again[1..].iter().all(|told| matches!(told, Received::Refused(_))), "{again:?}");
    let other = world
        .receive(&[AssetWish { maker: "Lenovo".to_owned(), ..wish("A-1", "PF-A-1") }, wish("B-2", "pf-a-1")])
        .await;
    assert_eq!(other, [Received::Differs(vec!["maker"]), Received::New(Some("A-1".to_owned()))]);
    let how = Receiving { update: true, dry: false };
    let wishes = [AssetWish { maker: "Lenovo".to_owned(), ..wish("A-1", "PF-NEW") }];
    let reach = Reach::territory();
    let told =
        asset_receive(&world.store, &world.territory, &reach, &wishes, how, &world.by, &[[9; CODE_CHARS]], world.now);
    assert_eq!(told.await.unwrap(), [Received::Changed(vec!["maker", "serial"])]);
    let find =
        async |text: &str| asset_find(world.store.as_ref(), &world.territory, &reach, text).await.map(|row| row.id);
    assert_eq!(find("pf-new").await.unwrap(), "A-1");
    assert_eq!(find("PF-A-1").await.unwrap(), "B-2", "the old serial number names it no more");
    let label = world.asset(0).await.value.label;
    assert_eq!(find(&label.to_lowercase()).await.unwrap(), "A-1");
    assert!(matches!(find("nothing").await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_used_asset_is_available_only_with_a_later_wipe() {
    let mut world = World::new().await;
    let deeds = [Deed::Step(0, 0), Deed::Step(0, 1), Deed::KitBind(0, 0), Deed::Wait, Deed::Sign(0)];
    for deed in &deeds[..4] {
        world.act(*deed).await.unwrap();
    }
    assert!(world.act(Deed::Sign(0)).await.is_err(), "not while a kit has it");
    world.act(Deed::KitUnbind(0)).await.unwrap();
    // Signed in the very moment of its return: not after it.
    world.act(Deed::Sign(0)).await.unwrap();
    for deed in [Deed::Step(0, 3), Deed::Step(0, 0)] {
        world.act(deed).await.unwrap();
    }
    assert!(matches!(world.act(Deed::Step(0, 1)).await, Err(Error::Invalid(text)) if text.contains("not wiped")));
    world.act(Deed::Wait).await.unwrap();
    world.act(Deed::Sign(0)).await.unwrap();
    world.act(Deed::Step(0, 1)).await.unwrap();
    assert_eq!(world.asset(0).await.value.lifecycle, Lifecycle::Available);
}

#[tokio::test]
async fn a_device_is_told_no_lower_epoch_on_another_asset() {
    let mut world = World::new().await;
    for _ in 0..3 {
        world.act(Deed::Bind(0, 0)).await.unwrap();
        world.act(Deed::Unbind(0)).await.unwrap();
    }
    let told = world.granted(0).await;
    world.act(Deed::Bind(1, 0)).await.unwrap();
    assert!(world.granted(0).await.epoch > told.epoch);
}

#[tokio::test]
async fn a_merge_wipes_when_the_other_enrolled_and_leaves_the_first_free() {
    let mut world = World::new().await;
    for deed in [Deed::Bind(0, 0), Deed::Step(0, 0), Deed::Step(0, 1), Deed::KitBind(0, 0), Deed::KitUnbind(0)] {
        world.act(deed).await.unwrap();
    }
    let (told, now) = (world.granted(0).await, world.now);
    let pair = (device_id(0), device_id(1));
    crate::merge::device_merge(&world.store, &world.territory, pair, &world.by, "", now).await.unwrap();
    let asset = world.asset(0).await.value;
    assert_eq!(asset.device, Some(pair.1));
    assert!(!asset.is_clean(), "the other enrolled before the last use ended: {asset:?}");
    assert!(world.granted(1).await.epoch > told.epoch);
    assert!(world.granted(0).await.epoch > told.epoch && world.granted(0).await.hold == Hold::Free);
    crate::merge::device_unmerge(&world.store, &world.territory, pair.0, &world.by, "", now).await.unwrap();
    let asset = world.asset(0).await.value;
    assert_eq!((asset.device, asset.wiped), (Some(pair.0), None));
}

fn wish(number: &str, serial: &str) -> AssetWish {
    AssetWish {
        number: number.to_owned(),
        kind: "laptop".to_owned(),
        serial: serial.to_owned(),
        measure: Some(Measure::PupilLoan),
        ..AssetWish::default()
    }
}

fn code(number: &str) -> [u8; CODE_CHARS] {
    let bytes = format!("{number}.").into_bytes();
    std::array::from_fn(|at| bytes[at % bytes.len()].wrapping_add(u8::try_from(at).unwrap()))
}

fn device_id(n: u8) -> DeviceId {
    DeviceId::new(Timestamp::from_unix_seconds(START), [n; 10])
}
