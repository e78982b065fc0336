//! Which class a device serves, whatever is written and moved in which order; against an oracle that asks where the device stands.

use super::*;
use crate::audit::{Act, Author, Person};
use crate::device::{DEVICES, Device, KitSlot};
use crate::facts::facts_of;
use crate::kit::{KITS, Kit, KitPart};
use crate::memory::Memory;
use crate::role::Role;
use crate::scope::{Reach, Scope};
use crate::store::{Expect, SharedStore};
use crate::table::Writes;
use model::id::{DeviceId, TerritoryId};
use model::time::Timestamp;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const SCHOOLS: [&str; 2] = ["0951099D", "0750654D"];
const CLASSES: [&str; 3] = ["0951099D/CM2 A", "0951099D/CM2 B", "0750654D/CM2 A"];

fn class(n: usize) -> Class {
    CLASSES[n].parse().unwrap()
}

proptest! {
    /// It is never one of another school than the device's, and no nearer one is passed over.
    #[test]
    fn a_device_serves_the_nearest_class_of_its_own_school(
        school in proptest::option::of(0usize..2),
        written in proptest::array::uniform3(proptest::option::of(0usize..3)),
    ) {
        let school: Option<Uai> = school.map(|n| SCHOOLS[n].parse().unwrap());
        let written = written.map(|n| n.map(class));
        let served = class_served(school, written.each_ref().map(Option::as_ref));
        let mut oracle = None;
        for one in written.into_iter().rev().flatten() {
            if school.is_none_or(|school| one.to_string().starts_with(&school.to_string())) {
                oracle = Some(one);
            }
        }
        prop_assert_eq!(served, oracle);
    }
}

struct Place {
    store: SharedStore,
    territory: TerritoryId,
    by: Person,
}

fn id_of(n: u8) -> DeviceId {
    DeviceId::new(Timestamp::from_unix_millis(i64::from(n)), [n; 10])
}

impl Place {
    /// A kit of two devices and a device of its own, all at the first school; and a kit elsewhere.
    async fn new() -> Self {
        let by = Person { name: "jeanne".to_owned(), role: Role::Technician };
        let place = Self { store: Arc::new(Memory::default()), territory: "doubs".parse().unwrap(), by };
        let act = Act::new(Timestamp::default(), Author::Rule("test".to_owned()), "test", "test");
        let mut writes = Writes::by(&place.territory, &act).unwrap();
        for (label, school, devices) in [("K", 0, vec![0, 1]), ("L", 1, vec![])] {
            let text = r#"{"label":"X","code":"c","template":"t","version":1,"created":0}"#;
            let part = |n: u8| KitPart {
                slot: "pc".to_owned(),
                number: None,
                device: Some(id_of(n)),
                at: Timestamp::default(),
            };
            let kit = Kit {
                label: label.to_owned(),
                school: Some(SCHOOLS[school].parse().unwrap()),
                parts: devices.into_iter().map(part).collect(),
                ..serde_json::from_str(text).unwrap()
            };
            writes = writes.put(&KITS, label, &kit, Expect::Absent).unwrap();
        }
        for n in 0..3 {
            let text = r#"{"id":"ID","state":"active","claims":{},"identity_key":"KEY","identity_generation":1,
                "certificate":{"serial":"0a","number":1,"until":9},"token":"ABCDEFGH","enrolled":1}"#;
            let text = text.replace("ID", &id_of(n).to_string()).replace("KEY", &format!("04{}", "11".repeat(64)));
            let device = Device {
                school: Some(SCHOOLS[0].parse().unwrap()),
                kit: (n < 2).then(|| KitSlot { kit: "K".to_owned(), slot: "pc".to_owned() }),
                ..serde_json::from_str(&text).unwrap()
            };
            writes = writes.put(&DEVICES, id_of(n).to_string(), &device, Expect::Absent).unwrap();
        }
        writes.commit(&place.store).await.unwrap();
        place
    }

    async fn act(&self, reach: &Reach, to: Option<usize>, kits: &[&str], devices: &[u8]) -> Result<()> {
        let wish = ClassWish {
            class: to.map(class),
            kits: kits.iter().map(|label| (*label).to_owned()).collect(),
            devices: devices.iter().map(|n| id_of(*n)).collect(),
            ..ClassWish::default()
        };
        let (store, now) = (self.store.as_ref(), Timestamp::from_unix_seconds(1));
        let writes = class_writes(store, &self.territory, reach, &wish, &self.by, None, "", now).await?;
        writes.commit(&self.store).await.map(|_| ())
    }

    /// The class that each device serves, and since when that is known.
    async fn served(&self) -> Vec<(Option<String>, u64)> {
        let mut all = Vec::new();
        for n in 0..3 {
            let (facts, since) = facts_of(self.store.as_ref(), &self.territory, id_of(n)).await.unwrap();
            all.push((facts.class.map(|class| class.to_string()), since));
        }
        all
    }
}

#[tokio::test]
async fn the_devices_of_a_kit_serve_its_class_and_each_of_them_is_told() {
    let (place, all) = (Place::new().await, Reach::territory());
    let before = place.served().await;
    place.act(&all, Some(0), &["K"], &[]).await.unwrap();
    let after = place.served().await;
    let told: Vec<bool> = before.iter().zip(&after).map(|(before, after)| after.1 > before.1).collect();
    let classes = |served: &[(Option<String>, u64)]| served.iter().map(|one| one.0.clone()).collect::<Vec<_>>();
    let named = |n: usize| Some(CLASSES[n].to_owned());
    assert_eq!((classes(&after), told), (vec![named(0), named(0), None], vec![true, true, false]));

    // What is written on a device itself is nearer than what is on its kit.
    place.act(&all, Some(1), &[], &[1, 2]).await.unwrap();
    assert_eq!(classes(&place.served().await), [named(0), named(1), named(1)]);
    let there = classes_of(place.store.as_ref(), &place.territory, &all, None).await.unwrap();
    let devices = |n: usize| there[&class(n)].devices.clone();
    assert_eq!(devices(0), BTreeMap::from([(id_of(0), Through::Kit)]));
    assert_eq!(devices(1), BTreeMap::from([(id_of(1), Through::Device), (id_of(2), Through::Device)]));
    assert_eq!(there[&class(0)].kits, ["K"]);

    place.act(&all, None, &["K"], &[1]).await.unwrap();
    assert_eq!(classes(&place.served().await), [None, None, named(1)]);
    // One that is filed elsewhere has left its class, and does not find it again on its return.
    let row = DEVICES.get(place.store.as_ref(), &place.territory, id_of(2).to_string()).await.unwrap().unwrap();
    let mut moved = Device { school: Some(SCHOOLS[1].parse().unwrap()), ..row.value }.in_class_here();
    assert_eq!(moved.class, None);
    moved.school = Some(SCHOOLS[0].parse().unwrap());
    assert_eq!(moved.in_class_here().class, None);
}

#[tokio::test]
async fn what_is_filed_elsewhere_or_out_of_reach_or_so_already_is_put_into_no_class() {
    let (place, all) = (Place::new().await, Reach::territory());
    let text = |done: Result<()>| done.unwrap_err().to_string();
    for (kits, devices) in [(&["L"][..], &[][..]), (&["K", "L"], &[0])] {
        let refused = text(place.act(&all, Some(0), kits, devices).await);
        assert!(refused.contains("L is not filed under 0951099D, the school of class CM2 A"), "{refused}");
    }
    assert!(text(place.act(&all, Some(2), &[], &[2]).await).contains("is not filed under 0750654D"));
    assert!(text(place.act(&all, Some(0), &[], &[]).await).contains("1 to 200"));
    assert!(text(place.act(&all, None, &["K"], &[]).await).contains("in none"));
    let other = Reach::of([Scope::Schools(BTreeSet::from([SCHOOLS[1].parse().unwrap()]))]);
    for (kits, devices) in [(&["K"][..], &[][..]), (&[], &[2]), (&["N"], &[])] {
        assert!(matches!(place.act(&other, Some(0), kits, devices).await, Err(Error::NotFound(_))));
    }
    assert!(place.served().await.iter().all(|one| one.0.is_none()), "a refused act changes nothing");
}
