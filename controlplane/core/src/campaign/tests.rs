use super::*;
use crate::memory::Memory;
use crate::role::Role;
use crate::scope::Scope;
use jiff::civil::date;
use std::sync::Arc;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_000_000);
const A: &str = "0951099D";
const B: &str = "0750654D";

fn by() -> Person {
    Person { name: "marie".to_owned(), role: Role::LoanDesk }
}

fn wish(name: &str, schools: &[&str]) -> Wish {
    Wish {
        name: name.to_owned(),
        kind: CampaignKind::Handout,
        schools: schools.iter().map(|school| school.parse().unwrap()).collect(),
        first_on: date(2026, 11, 21),
        last_on: date(2026, 11, 22),
        due_by: None,
    }
}

#[tokio::test]
async fn a_campaign_is_made_once_within_its_makers_scope_and_within_limits() {
    let store: SharedStore = Arc::new(Memory::new());
    let territory: TerritoryId = "doubs".parse().unwrap();
    let whole = Reach::territory();
    let of = |school: &str| Reach::of([Scope::Schools(BTreeSet::from([school.parse().unwrap()]))]);
    let create = async |reach: &Reach, wish| campaign_create(&store, &territory, reach, wish, &by(), NOW).await;
    let made = create(&whole, wish("Remise d'été 2026", &[A, B])).await.unwrap();
    assert_eq!(made.id, "remise-d-ete-2026");
    assert!(made.is_on(date(2026, 11, 22)) && !made.is_on(date(2026, 11, 23)));
    assert!(matches!(create(&whole, wish("remise d'ete 2026", &[A])).await, Err(Error::Exists(_))));
    assert!(matches!(create(&of(A), wish("x", &[A, B])).await, Err(Error::Denied(_))));
    assert!(matches!(create(&of(A), wish("x", &[])).await, Err(Error::Denied(_))));
    create(&of(A), wish("x", &[A])).await.unwrap();
    for (at, bad) in [
        wish("", &[A]),
        wish("!", &[A]),
        wish(&"x".repeat(81), &[A]),
        Wish { last_on: date(2026, 11, 20), ..wish("y", &[A]) },
        Wish { last_on: date(2028, 11, 20), ..wish("y", &[A]) },
        Wish { due_by: Some(date(2026, 11, 20)), ..wish("y", &[A]) },
    ]
    .into_iter()
    .enumerate()
    {
        assert!(matches!(create(&whole, bad).await, Err(Error::Invalid(_))), "{at}");
    }
    // One school's staff see the campaigns that concern it, and close only what they see whole.
    let get = async |reach: &Reach, id: &str| campaign_get(store.as_ref(), &territory, reach, id).await;
    assert!(get(&of(B), &made.id).await.is_ok());
    assert!(matches!(get(&of(B), "x").await, Err(Error::NotFound(_))));
    let listed = campaign_list(store.as_ref(), &territory, &of(B), false, "", 9).await.unwrap().0;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0], made);
    let days = Days;
    let close = async |reach: &Reach| campaign_close(&store, &territory, reach, &days, &made.id, &by(), NOW).await;
    assert!(matches!(close(&of(B)).await, Err(Error::Denied(_))));
    assert_eq!(close(&whole).await.unwrap().closed, Some(NOW));
    assert_eq!(close(&whole).await.unwrap().closed, Some(NOW));
    assert!(campaign_list(store.as_ref(), &territory, &of(B), false, "", 9).await.unwrap().0.is_empty());
}

/// Days in Greenwich.
struct Days;

impl LocalDays for Days {
    fn day_of(&self, at: Timestamp) -> Date {
        jiff::Timestamp::from_millisecond(at.unix_millis()).unwrap().to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    fn day_end(&self, day: Date) -> Timestamp {
        let end = day.tomorrow().unwrap().to_zoned(jiff::tz::TimeZone::UTC).unwrap();
        Timestamp::from_unix_millis(end.timestamp().as_millisecond())
    }
}
