//! What a loan and what is around it do to each other: kits, devices, and where things are filed.

use super::tests::{Town, seen, signature, wish};
use super::*;
use crate::asset::{ASSETS, CODE_CHARS};
use crate::audit::{Act, Author, Reader, audit_page};
use crate::campaign::{
    self, CAMPAIGN_OUTCOMES, CampaignKind, Ended, Note, campaign_create, campaign_lines, campaign_note, campaign_page,
};
use crate::class::{ClassWish, class_writes};
use crate::device::{DEVICES, Device, Reason};
use crate::error::Error;
use crate::facts::facts_of;
use crate::kit::{KitWish, kit_bind, kit_create, kit_find, template_put};
use crate::scope::Reach;
use crate::store::Expect;
use crate::table::Writes;
use model::device::JoinState;
use model::kit::{PartRole, Slot, Template};
use model::lifecycle::Lifecycle;
use model::loan::{Grade, LoanPolicy, Signer, TransferRule};

const NUMBER: &str = "TNE26-000000";

/// A kit with places for laptops.
async fn kit(town: &Town) {
    let slot = Slot {
        slot: "laptop".to_owned(),
        title: String::new(),
        role: PartRole::Laptop,
        min: 1,
        max: 9,
        managed: true,
        serial: false,
        plugged: false,
    };
    let template = Template { name: "t".to_owned(), version: 0, title: String::new(), slots: vec![slot] };
    template_put(&town.store, &town.territory, template, &town.by, town.now).await.unwrap();
    let wish = KitWish {
        label: "K".to_owned(),
        template: "t".to_owned(),
        measure: Some(Measure::HybridKit),
        ..KitWish::default()
    };
    let reach = Reach::territory();
    kit_create(&town.store, &town.territory, &reach, &wish, &town.by, &[1; CODE_CHARS], town.now).await.unwrap();
}

async fn bind(town: &Town) -> crate::error::Result<()> {
    let kit = kit_find(town.store.as_ref(), &town.territory, &Reach::territory(), "K").await?;
    let asset = ASSETS.get(town.store.as_ref(), &town.territory, NUMBER).await?.unwrap();
    kit_bind(&town.store, &town.territory, kit, "laptop", asset, &town.by, "", town.now).await.map(|_| ())
}

/// A loan that waits for its signature, with this asset or none; a pupil's or a teacher's.
async fn approved(town: &Town, pupil: bool) -> String {
    let mut deed = wish(pupil, 30, town.now);
    if let Deed::Create(wish) = &mut deed {
        wish.due_on = wish.due_on.filter(|_| pupil);
    }
    let loan = town.act(None, "", deed).await.unwrap().loan.number;
    town.act(None, &loan, Deed::Approve).await.unwrap();
    loan
}

fn prepare(asset: Option<&str>) -> Deed {
    Deed::Prepare { asset: asset.map(str::to_owned), accessories: vec![], template: "1".to_owned() }
}

async fn handed(town: &Town, pupil: bool) -> String {
    let loan = approved(town, pupil).await;
    let by = if pupil { Signer::Guardian1 } else { Signer::Borrower };
    let signed = Deed::Sign(vec![signature(by, town.desk().days.day_of(town.now))]);
    for deed in [prepare(Some(NUMBER)), signed, Deed::HandOver { asset: None, seen: seen(Grade::Good) }] {
        town.act(None, &loan, deed).await.unwrap();
    }
    loan
}

async fn device(town: &Town) -> Device {
    let id = town.asset(0).await.device.unwrap();
    DEVICES.get(town.store.as_ref(), &town.territory, id.to_string()).await.unwrap().unwrap().value
}

#[tokio::test]
async fn what_is_in_a_kit_is_not_lent_and_what_is_lent_goes_into_no_kit() {
    let town = Town::new().await;
    kit(&town).await;
    bind(&town).await.unwrap();
    let loan = approved(&town, true).await;
    assert!(matches!(town.act(None, &loan, prepare(Some(NUMBER))).await, Err(Error::Expired(_))));

    let mut town = Town::new().await;
    kit(&town).await;
    let loan = approved(&town, true).await;
    town.act(None, &loan, prepare(Some(NUMBER))).await.unwrap();
    assert!(bind(&town).await.is_err(), "it is set aside");
    town.act(None, &loan, Deed::Cancel).await.unwrap();
    town.now = town.now.after(std::time::Duration::from_millis(1));
    handed(&town, true).await;
    assert!(bind(&town).await.is_err(), "it is lent");
}

#[tokio::test]
async fn a_kit_and_a_loan_that_reach_for_one_asset_do_not_both_get_it() {
    for turn in 0..8 {
        let town = Town::new().await;
        kit(&town).await;
        let loan = approved(&town, true).await;
        let lend = town.act(None, &loan, prepare(Some(NUMBER)));
        let (bound, lent) = if turn % 2 == 0 {
            tokio::join!(bind(&town), lend)
        } else {
            let (lent, bound) = tokio::join!(lend, bind(&town));
            (bound, lent)
        };
        assert!(bound.is_ok() != lent.is_ok(), "{bound:?} {lent:?}");
        let place = if bound.is_ok() { Lifecycle::InKit } else { Lifecycle::Reserved };
        assert_eq!(town.asset(0).await.lifecycle, place);
    }
}

#[tokio::test]
async fn a_loss_that_its_loan_reports_quarantines_the_device() {
    let town = Town::new().await;
    let loan = handed(&town, true).await;
    assert_eq!(device(&town).await.state, JoinState::Active);
    let on = town.desk().days.day_of(town.now);
    let lost = Deed::Incident { kind: IncidentKind::Loss, on, complaint: None };
    town.act(None, &loan, lost).await.unwrap();
    let device = device(&town).await;
    assert_eq!((device.state, device.reason), (JoinState::Quarantined, Some(Reason::Lost)));
    assert_eq!(town.asset(0).await.lifecycle, Lifecycle::Lost);
}

#[tokio::test]
async fn a_device_that_follows_its_borrower_is_filed_at_the_new_school_everywhere() {
    let town = Town::new().await;
    let (store, territory) = (town.store.as_ref(), &town.territory);
    let rule = LoanPolicy { transfer: TransferRule::Follow, ..policy_get(store, territory).await.unwrap() };
    policy_set(&town.store, territory, &rule, &town.by, "", town.now).await.unwrap();
    let number = handed(&town, false).await;
    let (from, to): (Uai, Uai) = ("0951099D".parse().unwrap(), "0750654D".parse().unwrap());
    let moved = Deed::Transfer { school: to, on: town.desk().days.day_of(town.now) };
    let loan = town.act(None, &number, moved).await.unwrap().loan;
    assert_eq!((town.asset(0).await.school, device(&town).await.school), (Some(to), Some(to)));
    for (school, found) in [(from, vec![]), (to, vec![loan.id])] {
        let scope = LOAN_SCHOOLS.scope(territory, format!("{school}/"));
        let filed: Vec<LoanId> =
            LOAN_SCHOOLS.page(store, &scope, "", 9).await.unwrap().into_iter().map(|row| row.value).collect();
        assert_eq!(filed, found, "{school}");
        let filter = Filter { school: Some(school), ..Filter::default() };
        let listed = loan_page(store, territory, &Reach::territory(), &filter, "", 9).await.unwrap().0;
        assert_eq!(listed.into_iter().map(|loan| loan.id).collect::<Vec<_>>(), found);
    }
    assert_eq!(loan_find(store, territory, &Reach::territory(), NUMBER).await.unwrap().value.id, loan.id);
}

/// Who noted it and when is the family's desk's to say; when the audit was told is the server's.
#[tokio::test]
async fn the_audit_of_a_campaign_bears_the_servers_time() {
    let mut town = Town::new().await;
    let loan = approved(&town, true).await;
    town.act(None, &loan, prepare(Some(NUMBER))).await.unwrap();
    let (store, territory, reach) = (town.store.clone(), town.territory.clone(), Reach::territory());
    let today = town.desk().days.day_of(town.now);
    let wish = campaign::Wish {
        name: "x".to_owned(),
        kind: CampaignKind::Handout,
        schools: std::collections::BTreeSet::new(),
        first_on: today,
        last_on: today.checked_add(jiff::Span::new().days(2)).unwrap(),
        due_by: None,
    };
    campaign_create(&store, &territory, &reach, wish, &town.by, town.now).await.unwrap();
    let done = town.now;
    // The desk had no network until the next day.
    town.now = town.now.after(std::time::Duration::from_secs(86_400));
    let note =
        Note { act: None, loan: loan.clone(), ended: Ended::Refused, why: String::new(), at: done, replace: false };
    let desk = town.desk();
    campaign_note(&store, &territory, &reach, desk.days, "x", &note, &town.by, town.now).await.unwrap();
    let kept = CAMPAIGN_OUTCOMES.page(store.as_ref(), &CAMPAIGN_OUTCOMES.scope(&territory, ""), "", 9).await.unwrap();
    assert_eq!(kept.into_iter().map(|row| row.value.at).collect::<Vec<_>>(), [done]);
    let reader = Reader { name: "jeanne", reach: &reach };
    let acts = audit_page(&store, &territory, &reader, &Default::default(), "", 100).await.unwrap().0;
    let times: Vec<Timestamp> = acts.iter().filter_map(|entry| Some(entry.act.as_ref()?.at)).collect();
    assert!(times.is_sorted(), "the chain stays in order");
    assert_eq!(times.last(), Some(&town.now));
    assert_eq!(acts.last().unwrap().act.as_ref().unwrap().verb, "campaign_refused");
}

fn uai(number: u32) -> Uai {
    let letter = char::from(b"ABCDEFGHJKLMNPRSTUVWXYZ"[(number % 23) as usize]);
    format!("{number:07}{letter}").parse().unwrap()
}

/// Page by page it is the same as in one piece, and a page does not cost the whole: 20,000 loans of 100 schools.
#[tokio::test]
async fn a_campaign_is_read_page_by_page_without_reading_all_of_it_each_time() {
    const SCHOOLS: u32 = 100;
    const EACH: u32 = 200;
    let town = Town::new().await;
    let (store, territory, reach) = (town.store.as_ref(), &town.territory, Reach::territory());
    let one = town.act(None, "", wish(true, 30, town.now)).await.unwrap().loan;
    let one = Loan { state: LoanState::Approved, ..one };
    let rule = Act::new(town.now, Author::Rule("test".to_owned()), "test", "loans");
    for school in 0..SCHOOLS {
        let school = uai(950_000 + school);
        let mut writes = Writes::by(territory, &rule).unwrap();
        for n in 0..EACH {
            let random = u64::from(n).to_be_bytes();
            let id =
                LoanId::new(town.now, [&school.to_string().as_bytes()[5..7], &random[..]].concat().try_into().unwrap());
            // Numbers do not follow the order of ids.
            let number = format!("{school}-2026-{:05}", EACH - n);
            let loan = Loan { id, number, school, ..one.clone() };
            writes = writes.put(&LOANS, id.to_string(), &loan, Expect::Any).unwrap();
            writes = writes.put(&LOAN_SCHOOLS, format!("{school}/{id}"), &id, Expect::Any).unwrap();
        }
        writes.commit(&town.store).await.unwrap();
    }
    let today = town.desk().days.day_of(town.now);
    let mut campaign: campaign::Campaign = serde_json::from_value(serde_json::json!({
        "id": "x", "name": "x", "kind": "handout", "schools": [], "first_on": today, "last_on": today, "created": 0, "by": "x",
    }))
    .unwrap();
    for named in [false, true] {
        if named {
            campaign.schools = (0..SCHOOLS).step_by(3).map(|n| uai(950_000 + n)).collect();
        }
        let days = town.desk().days;
        let whole = campaign_lines(store, territory, &reach, days, &campaign).await.unwrap();
        let whole: Vec<String> = whole.iter().map(campaign::Line::place).collect();
        let (mut paged, mut after) = (Vec::new(), String::new());
        loop {
            let page = campaign_page(store, territory, &reach, days, &campaign, &after, 150, &|_| true);
            let (lines, next) = page.await.unwrap();
            paged.extend(lines.iter().map(campaign::Line::place));
            if next.is_empty() {
                break;
            }
            after = next;
        }
        assert_eq!(paged, whole);
        assert!(paged.len() >= usize::try_from(SCHOOLS * EACH / 3).unwrap());
    }
}

#[tokio::test]
async fn a_class_is_written_on_a_loan_until_it_is_over() {
    let town = Town::new().await;
    let class: Class = "0951099D/CM2 A".parse().unwrap();
    let served = async |town: &Town| {
        let id = town.asset(0).await.device.unwrap();
        facts_of(town.store.as_ref(), &town.territory, id).await.unwrap()
    };
    let with = |class: &str| {
        let mut deed = wish(true, 30, town.now);
        if let Deed::Create(wish) = &mut deed {
            wish.class = Some(class.parse().unwrap());
        }
        deed
    };
    let refused = town.act(None, "", with("0750654D/CM2 A")).await.unwrap_err().to_string();
    assert!(refused.contains("a class of its own school, 0951099D"), "{refused}");
    let begun = town.act(None, "", with("0951099D/CM2 A")).await.unwrap().loan;
    town.act(None, &begun.number, Deed::Cancel).await.unwrap();
    let row = find::loan_get(town.store.as_ref(), &town.territory, begun.id).await.unwrap().unwrap();
    assert_eq!((begun.class, row.value.class), (Some(class.clone()), None), "what never was is of no class");

    let mut town = town;
    town.now = town.now.after(std::time::Duration::from_millis(1));
    let loan = handed(&town, true).await;
    let (before, since) = served(&town).await;
    assert_eq!(before.class, None);
    let id = before.loan.unwrap();
    let put = async |town: &Town, class: Option<Class>| {
        let wish = ClassWish { class, loans: [id].into(), ..ClassWish::default() };
        let (store, reach) = (town.store.as_ref(), Reach::territory());
        class_writes(store, &town.territory, &reach, &wish, &town.by, None, "", town.now).await
    };
    put(&town, Some(class.clone())).await.unwrap().commit(&town.store).await.unwrap();
    let (during, later) = served(&town).await;
    assert_eq!((during.class, later > since), (Some(class.clone()), true), "its device is told");
    let back = Deed::Return { seen: Some(seen(Grade::Good)), parts: vec![], asset: None };
    town.act(None, &loan, back).await.unwrap();
    assert_eq!(served(&town).await.0.class, None, "nobody has it any more");
    let closed = town.act(None, &loan, Deed::Close(Closing::Returned)).await.unwrap().loan;
    assert_eq!(closed.class, None, "what is over says nothing of its borrower's class");
    assert!(put(&town, Some(class)).await.unwrap_err().to_string().contains("is over"));
}
