//! What single acts do, one after another.

use super::*;

#[tokio::test]
async fn what_is_overdue_in_one_school_is_read_from_its_own_index() {
    let mut town = Town::new().await;
    let mut due = Vec::new();
    for (n, days) in [(0, 9), (1, 3), (2, 20)] {
        town.now = town.now.after(Duration::from_millis(1));
        due.push(town.active(n, days).await);
    }
    let other: Uai = "0750654D".parse().unwrap();
    let on = due[0].due_on.unwrap();
    town.act(None, &due[0].number, Deed::Transfer { school: other, on }).await.unwrap();
    let overdue_on = Some(Utc.day_of(town.now.after(DAY * 15)));
    let list = async |reach: &Reach, school: Option<Uai>| {
        let filter = Filter { overdue_on, school, ..Filter::default() };
        let (found, next) = loan_page(town.store.as_ref(), &town.territory, reach, &filter, "", 10).await.unwrap();
        assert_eq!(next, "");
        found.into_iter().map(|loan| loan.id).collect::<Vec<_>>()
    };
    let whole = Reach::territory();
    assert_eq!(list(&whole, None).await, [due[1].id, due[0].id]);
    assert_eq!(list(&whole, Some(due[1].school)).await, [due[1].id]);
    assert_eq!(list(&whole, Some(other)).await, [due[0].id], "it went with its borrower");
    let own = |school| Reach::of([Scope::Schools([school].into())]);
    assert_eq!(list(&own(other), None).await, [due[0].id]);
    assert!(list(&own(other), Some(due[1].school)).await.is_empty());
}

/// What stands on the return slip: shares by grade, prices by kind, and that a price is not known.
#[tokio::test]
async fn what_is_proposed_is_for_what_is_missing_or_worse_and_says_where_no_price_is_known() {
    let mut town = Town::new().await;
    let prices = BTreeMap::from([("charger".to_owned(), 3_900), ("mouse".to_owned(), 1_001)]);
    let policy = LoanPolicy { prices, ..LoanPolicy::default() };
    policy_set(&town.store, &town.territory, &policy, &town.by, "", town.now).await.unwrap();
    let part = |number: &str, kind: &str| AccessoryWish { number: number.to_owned(), kind: kind.to_owned() };
    let accessories = vec![part("C1", "Charger"), part("M1", "mouse"), part("K1", "4G key"), part("S1", "sleeve")];
    let parts = |states: [PartState; 4]| {
        let numbers = ["C1", "M1", "K1", "S1"].into_iter().zip(states);
        numbers.map(|(number, state)| PartBack { number: number.to_owned(), state }).collect::<Vec<_>>()
    };
    let lend = async |town: &Town, n: usize| {
        let loan = town.act(None, "", wish(false, 90, town.now)).await.unwrap().loan.number;
        let asset = Some(number(n));
        for deed in [
            Deed::Approve,
            Deed::Prepare { asset, accessories: accessories.clone(), template: "1".to_owned() },
            Deed::Sign(vec![signature(Signer::Borrower, Utc.day_of(town.now))]),
            Deed::HandOver { asset: None, seen: seen(Grade::Good) },
        ] {
            town.act(None, &loan, deed).await.unwrap();
        }
        loan
    };
    let items = |amount: &Option<Amount>| -> Vec<(String, ItemWhy, Option<u32>)> {
        let items = amount.iter().flat_map(|amount| amount.items.clone());
        items.map(|item| (item.number, item.why, item.cents)).collect()
    };
    use PartState::{Damaged, Missing, Returned};
    // 400 euros in September 2025: a year later 320 are left, of which half for what is damaged.
    let loan = lend(&town, 0).await;
    town.now = town.now.after(DAY * 30);
    let back = Deed::Return {
        seen: Some(seen(Grade::Damaged)),
        parts: parts([Missing, Damaged, Missing, Returned]),
        asset: None,
    };
    let acted = town.act(None, &loan, back).await.unwrap();
    let (device, charger) =
        ((number(0), ItemWhy::Damaged, Some(16_000)), ("C1".to_owned(), ItemWhy::Missing, Some(3_900)));
    let mouse = ("M1".to_owned(), ItemWhy::Damaged, Some(500));
    let key = ("K1".to_owned(), ItemWhy::Missing, None);
    assert_eq!(items(&acted.proposal), [device.clone(), charger, mouse.clone(), key]);
    assert_eq!(acted.proposal.unwrap().cents, 20_400);
    // The charger comes after all; the key, too.
    let late = vec![
        PartBack { number: "C1".to_owned(), state: Returned },
        PartBack { number: "K1".to_owned(), state: Returned },
    ];
    town.act(None, &loan, Deed::ReturnParts(late)).await.unwrap();
    let closed = town.act(None, &loan, Deed::Close(Closing::Damaged)).await.unwrap();
    assert_eq!(items(&closed.loan.proposal), [device, mouse]);
    // Lost, then found and closed as lost: what is left of its price; worn: a tenth.
    town.now = town.now.after(Duration::from_millis(7));
    let loan = lend(&town, 1).await;
    let today = Utc.day_of(town.now);
    town.act(None, &loan, Deed::Incident { kind: IncidentKind::Loss, on: today, complaint: None }).await.unwrap();
    let swap = Deed::Swap { asset: number(2), seen: seen(Grade::Good), back: None };
    town.act(None, &loan, swap).await.unwrap();
    let worn = Deed::Return { seen: Some(seen(Grade::Worn)), parts: parts([Returned; 4]), asset: None };
    let acted = town.act(None, &loan, worn).await.unwrap();
    let lost = (number(1), ItemWhy::Lost, Some(32_000));
    assert_eq!(items(&acted.proposal), [lost, (number(2), ItemWhy::Worn, Some(3_200))]);
    // Found meanwhile: it is not asked for.
    town.asset_step(1, Step::Find, false).await;
    let closed = town.act(None, &loan, Deed::Close(Closing::Returned)).await.unwrap();
    assert_eq!(items(&closed.loan.proposal), [(number(2), ItemWhy::Worn, Some(3_200))]);
}

/// It was lent while nobody had switched it on: what holds is what the loan says at the moment the two are bound.
#[tokio::test]
async fn what_is_lent_before_its_device_is_known_is_granted_when_the_two_are_bound() {
    let mut town = Town::new().await;
    let (store, territory) = (town.store.clone(), town.territory.clone());
    crate::asset::asset_unbind(&store, &territory, &number(0), &town.by, "", town.now).await.unwrap();
    let free = town.grants().await[&device_id(0).to_string()].clone();
    assert_eq!(free.hold, Hold::Free);
    let loan = town.active(0, 30).await;
    let lent_at = town.now;
    assert_eq!(town.grants().await[&device_id(0).to_string()], free, "nobody knows yet on what it runs");
    town.now = town.now.after(DAY);
    let due_on = loan.due_on.unwrap().checked_add(20.days()).unwrap();
    town.act(None, &loan.number, Deed::Extend { due_on }).await.unwrap();
    let bind = async || {
        let now = town.now;
        crate::asset::asset_bind(&store, &territory, &number(0), device_id(0), &Utc, &town.by, "", now).await
    };
    let asset = bind().await.unwrap();
    let granted = town.grants().await[&device_id(0).to_string()].clone();
    assert!(granted.epoch > free.epoch && granted.epoch == asset.epoch);
    assert_eq!(granted.school, Some(loan.school));
    let Hold::Lent(term) = granted.hold else { panic!("{granted:?}") };
    let end = |days: i64| Some(Utc.day_end(due_on.checked_add(days.days()).unwrap()));
    assert_eq!((term.loan, term.start, term.decided), (loan.number.clone(), lent_at, None));
    assert_eq!((Some(term.notice), term.due, term.restricted), (end(-15), end(0), end(14)));
    // The next act on the loan goes on from there.
    let seen = Some(seen(Grade::Good));
    town.act(None, &loan.number, Deed::Return { seen, parts: vec![], asset: None }).await.unwrap();
    let back = town.grants().await[&device_id(0).to_string()].clone();
    assert!(back.hold == Hold::Free && back.epoch > granted.epoch);
}

/// An erased identity is made anew by the next file that names the same pupil: it must lead to no loan of before.
#[tokio::test]
async fn whoever_is_forgotten_is_in_no_loan_that_is_over() {
    use crate::vault::{LoanRegister, Loans};
    let mut town = Town::new().await;
    let over = town.act(None, "", wish(true, 30, town.now)).await.unwrap().loan;
    town.act(None, &over.number, Deed::Cancel).await.unwrap();
    town.now = town.now.after(Duration::from_millis(1));
    let open = town.act(None, "", wish(true, 30, town.now)).await.unwrap().loan;
    assert_eq!(over.borrower, open.borrower);
    let reference = over.borrower.unwrap();
    let act = |number: &str| Act::of(town.now, &town.by, "loan_erase", number, "asked for");
    let register = LoanRegister(town.store.clone());
    for _ in 0..2 {
        register.forget(&town.territory, reference, &[], &act).await.unwrap();
        let named = town.loans().await.into_iter().filter(|loan| loan.borrower.is_some());
        let left = register.standing(&town.territory, reference, &[]).await.unwrap();
        assert_eq!(named.map(|loan| loan.id).collect::<Vec<_>>(), [open.id]);
        assert_eq!((left.over, left.open), (vec![], vec![open.number.clone()]));
    }
}

/// What the device says of its own wear goes before what somebody typed, at both ends, and is compared.
#[tokio::test]
async fn wear_is_the_devices_own_word_where_it_gives_one() {
    let town = Town::new().await;
    let today = Utc.day_of(town.now);
    let says = async |battery_wear, disk_wear| {
        let facts = Facts { battery_wear, disk_wear, ..Facts::default() };
        let writes = Writes::observed(&town.territory).put(&FACTS, device_id(0).to_string(), &facts, Expect::Any);
        writes.unwrap().commit(&town.store).await.unwrap();
    };
    let typed = Seen { battery_wear: Some(50), disk_wear: Some(60), ..seen(Grade::Good) };
    let loan = town.act(None, "", wish(true, 30, town.now)).await.unwrap().loan.number;
    let prepare = Deed::Prepare { asset: Some(number(0)), accessories: vec![], template: "1".to_owned() };
    let signed = Deed::Sign(vec![signature(Signer::Guardian1, today)]);
    for deed in [Deed::Approve, prepare, signed] {
        town.act(None, &loan, deed).await.unwrap();
    }
    says(Some(4), Some(10)).await;
    let lent = town.act(None, &loan, Deed::HandOver { asset: None, seen: typed }).await.unwrap().loan;
    assert_eq!((lent.lines[0].out.battery_wear, lent.lines[0].out.disk_wear), (Some(4), Some(10)));
    assert_eq!(lent.made_out, Some(town.now), "the day on the paper");
    // The battery says nothing any more, and somebody measured it; the disk says itself how it is.
    says(None, Some(30)).await;
    let back = Seen { battery_wear: None, ..typed };
    let returned = town.act(None, &loan, Deed::Return { seen: Some(back), parts: vec![], asset: None }).await.unwrap();
    let report = returned.loan.lines[0].back.unwrap();
    assert_eq!((report.battery_wear, report.disk_wear), (None, Some(30)));
    assert_eq!(returned.worse, [Difference { part: Part::Disk, was: 10, is: 30 }]);
    // A disk wears with use: that alone is nobody's damage, and proposes no amount.
    let damaged = town.act(None, &loan, Deed::Close(Closing::Damaged)).await;
    assert!(matches!(damaged, Err(Error::Expired(_))), "{damaged:?}");
    let closed = town.act(None, &loan, Deed::Close(Closing::Returned)).await.unwrap().loan;
    assert_eq!((closed.state, closed.proposal), (LoanState::Closed, None));
}

#[tokio::test]
async fn the_id_of_an_act_is_known_for_four_hundred_days_and_no_longer() {
    let mut town = Town::new().await;
    let id = |n: u8| Some(ActId::new(town.now, [n; 10]));
    let (first, second) = (id(1), id(2));
    let loan = town.act(first, "", wish(true, 30, town.now)).await.unwrap().loan;
    town.now = town.now.after(Duration::from_millis(1));
    town.act(second, &loan.number, Deed::Approve).await.unwrap();
    let forget = async |now| acts_forget(&town.store, &town.territory, "", now).await.unwrap();
    assert_eq!(forget(town.now.after(ACT_LIFE)).await, (1, String::new()));
    let left = LOAN_ACTS.page(town.store.as_ref(), &LOAN_ACTS.scope(&town.territory, ""), "", 10).await.unwrap();
    assert_eq!(left.into_iter().map(|row| row.id).collect::<Vec<_>>(), [second.unwrap().to_string()]);
    let revision = town.store.revision().await.unwrap();
    assert_eq!(forget(town.now.after(ACT_LIFE)).await.0, 0);
    assert_eq!(town.store.revision().await.unwrap(), revision, "nothing over, nothing written");
    assert!(town.act(second, &loan.number, Deed::Approve).await.unwrap().already);
    // One of before its moment was noted is known for ever.
    let of_old: ActDone =
        serde_json::from_value(serde_json::json!({"loan": loan.id, "asked": Digest::of(b"x")})).unwrap();
    assert_eq!(of_old.at, None);
}
