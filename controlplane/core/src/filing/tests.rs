use super::*;
use crate::audit::{Act, Author};
use crate::device::device_get;
use crate::fleet::{fleet_census, fleet_page};
use crate::memory::Memory;
use crate::scope::Scope;
use model::time::Timestamp;
use std::sync::Arc;

const SCHOOLS: [&str; 2] = ["0951099D", "0750654D"];

fn device(n: u8, school: Option<&str>, owner: Option<&str>) -> Device {
    let id = DeviceId::new(Timestamp::from_unix_seconds(i64::from(n)), [n; 10]);
    let text = r#"{"id":"ID","state":"active","claims":{},"identity_key":"KEY","identity_generation":1,
        "certificate":{"serial":"0a","number":1,"until":9},"token":"ABCDEFGH","enrolled":1}"#;
    let text = text.replace("ID", &id.to_string()).replace("KEY", &format!("04{}", "11".repeat(64)));
    let mut device: Device = serde_json::from_str(&text).unwrap();
    device.school = school.map(|school| school.parse().unwrap());
    device.owner = owner.map(|owner| owner.parse().unwrap());
    device
}

fn writes(territory: &TerritoryId) -> Writes<Intent> {
    let act = Act::new(Timestamp::default(), Author::Rule("test".to_owned()), "device_test", "test");
    Writes::by(territory, &act).unwrap()
}

/// Ten devices at one school, of which three have an owner, five at another, two nowhere; `by_itself` is whether they file themselves.
async fn filled(store: &SharedStore, territory: &TerritoryId, by_itself: bool) {
    for n in 0..17 {
        let school = if n < 15 { Some(SCHOOLS[usize::from(n >= 10)]) } else { None };
        let device = device(n, school, (n < 3).then_some("commune-a"));
        let writes = if by_itself {
            writes(territory).device(None, &device, Expect::Absent)
        } else {
            writes(territory).put(&DEVICES, device.id.to_string(), &device, Expect::Absent)
        };
        writes.unwrap().commit(store).await.unwrap();
    }
}

async fn listed(store: &SharedStore, territory: &TerritoryId, filter: &Filter, reach: &Reach, limit: usize) -> Vec<u8> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = fleet_page(store.as_ref(), territory, reach, filter, &after, limit, Timestamp::default(), &|_| None);
        let (members, next) = page.await.unwrap();
        found.extend(members.iter().map(|member| member.device.id.as_bytes()[15]));
        if next.is_empty() {
            return found;
        }
        after = next;
    }
}

fn of_school(at: usize) -> Filter {
    Filter { school: Some(SCHOOLS[at].parse().unwrap()), ..Filter::default() }
}

#[tokio::test]
async fn a_list_by_school_is_the_same_with_the_index_and_without() {
    let territory: TerritoryId = "doubs".parse().unwrap();
    let all = Reach::territory();
    for by_itself in [true, false] {
        let store: SharedStore = Arc::new(Memory::default());
        filled(&store, &territory, by_itself).await;
        for built in [false, true] {
            if built {
                let mut after = Some(String::new());
                while let Some(from) = after {
                    after = filings_build(&store, &territory, &from).await.unwrap();
                }
            }
            assert_eq!(filings_built(store.as_ref(), &territory).await.unwrap(), built);
            let owned = Filter { owner: Some("commune-a".parse().unwrap()), ..Filter::default() };
            let at_both = Reach::of([0, 1].map(|at| Scope::Schools([SCHOOLS[at].parse().unwrap()].into())));
            let at_one = Reach::of([Scope::Schools([SCHOOLS[1].parse().unwrap()].into())]);
            for limit in [1, 3, 100] {
                let list =
                    async |filter: &Filter, reach: &Reach| listed(&store, &territory, filter, reach, limit).await;
                assert_eq!(list(&of_school(0), &all).await, (0..10).collect::<Vec<_>>());
                assert_eq!(list(&of_school(1), &all).await, (10..15).collect::<Vec<_>>());
                assert_eq!(list(&owned, &all).await, [0, 1, 2]);
                assert_eq!(list(&Filter::default(), &all).await, (0..17).collect::<Vec<_>>());
                assert_eq!(list(&Filter::default(), &at_both).await, (0..15).collect::<Vec<_>>());
                assert_eq!(list(&Filter::default(), &at_one).await, (10..15).collect::<Vec<_>>());
                assert_eq!(list(&of_school(0), &at_one).await, [0; 0]);
            }
            assert_eq!(fleet_census(store.as_ref(), &territory, &at_one).await.unwrap().active, 5);
            assert_eq!(fleet_census(store.as_ref(), &territory, &all).await.unwrap().active, 17);
        }
    }
}

#[tokio::test]
async fn a_device_that_moves_is_found_where_it_is_and_nowhere_else() {
    let territory: TerritoryId = "doubs".parse().unwrap();
    let store: SharedStore = Arc::new(Memory::default());
    filled(&store, &territory, true).await;
    let last = filings_build(&store, &territory, "").await.unwrap().unwrap();
    assert_eq!(filings_build(&store, &territory, &last).await.unwrap(), None);
    let keys = async || store.scan(&FILINGS.scope(&territory, ""), "", PAGE_MAX).await.unwrap().len();
    assert_eq!(keys().await, 17 + 3);
    let moving = [(0, true), (1, false)];
    for (n, known) in moving {
        let row = device_get(store.as_ref(), &territory, device(n, None, None).id).await.unwrap();
        let moved = Device { school: Some(SCHOOLS[1].parse().unwrap()), owner: None, ..row.value.clone() };
        // Who has not the record as it was leaves its entries behind, which nobody believes.
        let before = known.then_some(&row.value);
        writes(&territory).device(before, &moved, Expect::At(row.revision)).unwrap().commit(&store).await.unwrap();
    }
    assert_eq!(keys().await, 17 + 3 - 1 + 1);
    let all = Reach::territory();
    assert_eq!(listed(&store, &territory, &of_school(0), &all, 4).await, (2..10).collect::<Vec<_>>());
    let there: Vec<u8> = [0, 1].into_iter().chain(10..15).collect();
    assert_eq!(listed(&store, &territory, &of_school(1), &all, 4).await, there);
}
