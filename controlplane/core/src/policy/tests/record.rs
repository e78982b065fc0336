//! Versions, and how many layers there are.

use super::*;
use crate::audit::{Act, Person};
use crate::error::Error;
use crate::memory::Memory;
use crate::role::Role;
use crate::scope::Reach;
use crate::store::{Expect, SharedStore};
use crate::table::Writes;
use model::digest::Digest;
use model::id::TerritoryId;

struct Desk {
    store: SharedStore,
    territory: TerritoryId,
}

impl Desk {
    fn new() -> Self {
        Self { store: Arc::new(Memory::default()), territory: "doubs".parse().unwrap() }
    }

    fn by() -> Person {
        Person { name: "jeanne".to_owned(), role: Role::Admin }
    }

    async fn put(&self, layer: &str, text: Option<&str>) -> crate::error::Result<()> {
        let wish = PolicyWish { layer: layer.parse().unwrap(), text: text.map(str::to_owned), of: None };
        let (store, all, now) = (self.store.as_ref(), Reach::territory(), Timestamp::default());
        let writes = policy_writes(store, &self.territory, &all, &wish, &Self::by(), None, "a test", now).await?;
        writes.commit(&self.store).await.map(|_| ())
    }
}

#[tokio::test]
async fn a_hundred_versions_are_kept_and_emptying_is_one() {
    let desk = Desk::new();
    for n in 1..=102 {
        desk.put("national", Some(&format!("name = \"{n}\""))).await.unwrap();
    }
    let again = desk.put("national", Some("name = \"102\"")).await.unwrap_err();
    assert!(matches!(again, Error::Invalid(text) if text == "this policy holds already"));
    desk.put("national", None).await.unwrap();
    let versions = policy_versions(desk.store.as_ref(), &desk.territory, &Layer::National).await.unwrap();
    assert_eq!((versions.len(), versions[0].version, versions[99].version), (100, 103, 4));
    assert_eq!((versions[0].text.clone(), versions[1].text.as_deref()), (None, Some("name = \"102\"")));
    assert!(matches!(desk.put("national", None).await, Err(Error::NotFound(_))), "it is empty");
    desk.put("national", Some("name = \"again\"")).await.unwrap();
    let held = policy_get(desk.store.as_ref(), &desk.territory, &Layer::National).await.unwrap().unwrap();
    assert_eq!(held.value.version, 104, "it does not look older than the one before");
}

#[tokio::test]
async fn layers_that_were_emptied_take_nobodys_place_and_no_class_is_invented() {
    let desk = Desk::new();
    let act = Act::of(Timestamp::default(), &Desk::by(), "test", "policy", "");
    let held = |n: usize, text: Option<&str>| Held {
        layer: format!("owner:o{n}").parse().unwrap(),
        version: 1,
        text: text.map(str::to_owned),
        digest: Digest::of(b""),
        by: "jeanne".to_owned(),
        second: None,
        why: String::new(),
        at: Timestamp::default(),
        of: None,
    };
    let fill = async |text: Option<&str>, expect: Expect| {
        for part in 0..10 {
            let mut writes = Writes::by(&desk.territory, &act).unwrap();
            for n in part * LAYERS_MAX / 10..(part + 1) * LAYERS_MAX / 10 {
                writes = writes.put(&POLICIES, format!("owner:o{n}"), &held(n, text), expect).unwrap();
            }
            writes.commit(&desk.store).await.unwrap();
        }
    };
    fill(None, Expect::Any).await;
    desk.put("territory", Some("name = \"T\"")).await.unwrap();
    fill(Some("name = \"x\""), Expect::Any).await;
    let full = desk.put("national", Some("name = \"N\"")).await.unwrap_err().to_string();
    assert_eq!(full, format!("there are at most {LAYERS_MAX} policies"));
    desk.put("territory", Some("name = \"U\"")).await.unwrap();
    let desk = Desk::new();
    let refused = desk.put("class:0951099D/CM2 A", Some("name = \"x\"")).await.unwrap_err().to_string();
    assert!(refused.starts_with("nothing serves class 0951099D/CM2 A"), "{refused}");
}
