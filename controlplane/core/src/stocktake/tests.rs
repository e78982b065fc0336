use super::*;
use crate::asset::ASSET_SERIALS;
use crate::asset::Asset;
use crate::asset::{ASSET_LABELS, ASSETS};
use crate::memory::Memory;
use crate::role::Role;
use crate::scope::Scope;
use jiff::civil::date;
use model::lifecycle::Lifecycle;
use std::collections::BTreeSet;
use std::sync::Arc;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_000_000);
const A: &str = "0951099D";
const B: &str = "0750654D";

fn by() -> Person {
    Person { name: "marie".to_owned(), role: Role::LoanDesk }
}

fn sight(code: &str) -> Sight {
    Sight { code: code.to_owned(), at: NOW }
}

async fn world() -> (SharedStore, TerritoryId) {
    let store: SharedStore = Arc::new(Memory::new());
    let territory: TerritoryId = "doubs".parse().unwrap();
    for (number, school, lifecycle) in [
        ("TNE25-000001", A, Lifecycle::Available),
        ("TNE25-000002", A, Lifecycle::InKit),
        ("TNE25-000003", A, Lifecycle::OnLoan),
        ("TNE25-000004", A, Lifecycle::Retired),
        ("TNE25-000005", B, Lifecycle::Available),
    ] {
        let asset = Asset {
            number: number.to_owned(),
            label: format!("L{}", &number[6..]),
            kind: "laptop".to_owned(),
            maker: String::new(),
            model: "Exemplaire".to_owned(),
            serial: format!("PF{}", &number[6..]),
            owner: None,
            operator: None,
            school: Some(school.parse().unwrap()),
            measure: None,
            funding: None,
            price_cents: None,
            purchased_on: None,
            warranty_until: None,
            lifecycle,
            epoch: 0,
            device: None,
            used_until: None,
            wiped: None,
            received: NOW,
        };
        let act = Act::of(NOW, &by(), "test", number, "");
        let writes = Writes::by(&territory, &act).unwrap();
        let writes = writes.put(&ASSETS, number, &asset, Expect::Any).unwrap();
        let writes = writes.put(&ASSET_LABELS, asset.label.as_str(), &asset.number, Expect::Any).unwrap();
        let serial = format!("{}/{number}", asset.serial.to_lowercase());
        writes.put(&ASSET_SERIALS, serial, &asset.number, Expect::Any).unwrap().commit(&store).await.unwrap();
    }
    (store, territory)
}

#[tokio::test]
async fn a_count_tells_what_is_there_what_is_missing_and_what_belongs_elsewhere() {
    let (store, territory) = world().await;
    let reach = Reach::territory();
    let day = date(2026, 11, 18);
    let person = by();
    let begun = stocktake_start(&store, &territory, &reach, A.parse().unwrap(), &person, NOW, day).await.unwrap();
    assert_eq!(begun.id, "0951099D-2026-11-18");
    let again = stocktake_start(&store, &territory, &reach, A.parse().unwrap(), &person, NOW, day).await.unwrap();
    assert_eq!(again.id, "0951099D-2026-11-18-2");
    let see = async |codes: &[&str]| {
        let sights: Vec<Sight> = codes.iter().map(|code| sight(code)).collect();
        let noted = stocktake_see(&store, &territory, &reach, &begun.id, &sights, &by(), NOW).await?;
        Ok::<_, Error>(noted.into_iter().map(|one| one.already).collect::<Vec<bool>>())
    };
    // By number, label, and serial; and one that nobody knows.
    assert_eq!(see(&["tne25-000001", "L000003", "pf000005", "4006381333931"]).await.unwrap(), [false; 4]);
    assert_eq!(see(&["L000001", "TNE25-000004", "TNE25-000004"]).await.unwrap(), [true, false, true]);
    for bad in ["", "a/b", "a\u{7}b", &"x".repeat(65)] {
        assert!(matches!(see(&[bad]).await, Err(Error::Invalid(_))), "{bad}");
    }
    let findings = stocktake_findings(store.as_ref(), &territory, &reach, &begun).await.unwrap();
    let told: Vec<(&str, &str)> = findings.iter().map(|one| (one.found.name(), one.number.as_str())).collect();
    assert_eq!(
        told,
        [
            ("missing", "TNE25-000002"),
            ("unexpected", "TNE25-000003"),
            ("unexpected", "TNE25-000004"),
            ("unexpected", "TNE25-000005"),
            ("unknown", "4006381333931"),
            ("present", "TNE25-000001"),
        ]
    );
    assert_eq!(findings[3].school, Some(B.parse().unwrap()), "where it belongs");
    // Who sees this establishment only does not learn where the other one's equipment belongs.
    let only_a = Reach::of([Scope::Schools(BTreeSet::from([A.parse().unwrap()]))]);
    let findings = stocktake_findings(store.as_ref(), &territory, &only_a, &begun).await.unwrap();
    assert_eq!((findings[3].school, findings[3].lifecycle), (None, None));
    let only_b = Reach::of([Scope::Schools(BTreeSet::from([B.parse().unwrap()]))]);
    assert!(matches!(stocktake_get(store.as_ref(), &territory, &only_b, &begun.id).await, Err(Error::NotFound(_))));
    let denied = stocktake_start(&store, &territory, &only_b, A.parse().unwrap(), &by(), NOW, day).await;
    assert!(matches!(denied, Err(Error::Denied(_))));
    stocktake_close(&store, &territory, &reach, &begun.id, &by(), NOW).await.unwrap();
    assert!(matches!(see(&["TNE25-000002"]).await, Err(Error::Expired(_))));
    assert_eq!(stocktake_list(store.as_ref(), &territory, &only_b, None, "", 9).await.unwrap().0, []);
    assert_eq!(stocktake_list(store.as_ref(), &territory, &reach, None, "", 9).await.unwrap().0.len(), 2);
}
