//! Loans from end to end, over real mTLS.

mod typed;

use crate::people::staff::{Staff, schools, whole};
use controlplane_core::asset::{ASSETS, Asset};
use controlplane_core::audit::{Act, Author};
use controlplane_core::grant::GRANTS;
use controlplane_core::role::Role;
use controlplane_core::store::Expect;
use controlplane_core::table::Writes;
use model::grant::Hold;
use model::lifecycle::Lifecycle;
use tests::world::{DAY, World};
use tonic::Code;
use tonic::transport::Channel;
use wire::v1::admin_client::AdminClient;
use wire::v1::loan_act::Deed;
use wire::v1::{
    BorrowerKind, Grade, IncidentKind, Loan, LoanAccessory, LoanAct, LoanActsRequest, LoanAnswer, LoanApprove,
    LoanCancel, LoanClose, LoanClosing, LoanCondition, LoanCreate, LoanDecide, LoanExtend, LoanHandOver,
    LoanListRequest, LoanOutcome, LoanPolicySetRequest, LoanPolicyShowRequest, LoanPrepare, LoanPrice,
    LoanRemindRequest, LoanReport, LoanReturn, LoanShowRequest, LoanSign, LoanSignature, LoanState, LoanSwap,
    LoanTransfer, LoanUndecide, PartState, SignatureMode, Signer,
};

pub(crate) const A: &str = "0951099D";
const B: &str = "0750654D";
const BORROWER: &str = "0123456789abcdef0123456789abcdef";

/// Puts laptops into stock, as delivered, prepared and available; those named with a device carry it.
pub(crate) async fn stock(world: &World, school: &str, devices: &[(&str, Option<String>)]) {
    let now = controlplane::clock::Clock::now(world.clock.as_ref());
    let act = Act::new(now, Author::Rule("test".to_owned()), "test", "stock");
    let mut writes = Writes::by(&world.territory, &act).unwrap();
    for (number, device) in devices {
        let text = r#"{"number":"","label":"","kind":"laptop","lifecycle":"available","epoch":0,"received":0}"#;
        let mut asset: Asset = serde_json::from_str(text).unwrap();
        (*number).clone_into(&mut asset.number);
        asset.label = format!("L-{number}");
        asset.school = Some(school.parse().unwrap());
        asset.price_cents = Some(50_000);
        asset.purchased_on = Some("2025-09-01".parse().unwrap());
        asset.device = device.as_ref().map(|id| id.parse().unwrap());
        writes = writes.put(&ASSETS, *number, &asset, Expect::Absent).unwrap();
    }
    writes.commit(&world.store).await.unwrap();
}

pub(crate) async fn asset(world: &World, number: &str) -> Asset {
    ASSETS.get(world.store.as_ref(), &world.territory, number).await.unwrap().unwrap().value
}

pub(crate) async fn held(world: &World, device: &str) -> (u64, Hold) {
    let row = GRANTS.get(world.store.as_ref(), &world.territory, device).await.unwrap().unwrap();
    (row.value.epoch, row.value.hold)
}

pub(super) fn act(loan: &str, deed: Deed) -> LoanAct {
    LoanAct { loan: loan.to_owned(), why: "a test".to_owned(), deed: Some(deed), ..Default::default() }
}

pub(crate) async fn acted(client: &mut AdminClient<Channel>, loan: &str, deed: Deed) -> LoanAnswer {
    sent(client, vec![act(loan, deed)]).await.remove(0)
}

pub(super) async fn sent(client: &mut AdminClient<Channel>, acts: Vec<LoanAct>) -> Vec<LoanAnswer> {
    client.loan_acts(LoanActsRequest { acts, desk_unix_ms: 0 }).await.unwrap().into_inner().answers
}

/// Does an act that is to succeed.
pub(crate) async fn done(client: &mut AdminClient<Channel>, loan: &str, deed: Deed) -> Loan {
    let answer = acted(client, loan, deed).await;
    assert_eq!(answer.outcome(), LoanOutcome::Done, "{}", answer.why);
    answer.loan.unwrap()
}

/// What stood in the way of an act.
pub(crate) async fn conflict(client: &mut AdminClient<Channel>, loan: &str, deed: Deed) -> String {
    let answer = acted(client, loan, deed).await;
    assert_eq!(answer.outcome(), LoanOutcome::Conflict, "{}", answer.why);
    answer.why
}

pub(super) fn create(school: &str, due_on: &str) -> Deed {
    Deed::Create(LoanCreate {
        school: school.to_owned(),
        borrower: BORROWER.to_owned(),
        kind: BorrowerKind::Pupil.into(),
        minor: true,
        measure: "pupil-loan".to_owned(),
        due_on: due_on.to_owned(),
        ..Default::default()
    })
}

pub(super) fn prepare(asset: &str) -> Deed {
    let charger = LoanAccessory { number: "CH-1".to_owned(), kind: "charger".to_owned(), state: 0 };
    Deed::Prepare(LoanPrepare { asset: asset.to_owned(), accessories: vec![charger], template: "fr-1".to_owned() })
}

fn sign(by: Signer) -> Deed {
    let on = "2026-11-18".to_owned();
    let signature = LoanSignature { by: by.into(), mode: SignatureMode::Paper.into(), on, scan: String::new() };
    Deed::Sign(LoanSign { signatures: vec![signature] })
}

fn good() -> Option<LoanCondition> {
    let good = Grade::Good.into();
    Some(LoanCondition { screen: good, keyboard: good, case: good, battery_wear: Some(4), disk_wear: None })
}

fn hand_over(asset: &str) -> Deed {
    Deed::HandOver(LoanHandOver { asset: asset.to_owned(), condition: good() })
}

fn back(condition: Option<LoanCondition>, state: PartState) -> Deed {
    let part = LoanAccessory { number: "CH-1".to_owned(), kind: String::new(), state: state.into() };
    Deed::Return(LoanReturn { condition, parts: vec![part], asset: String::new() })
}

/// A loan that is active, with this asset.
pub(crate) async fn active(client: &mut AdminClient<Channel>, school: &str, asset: &str, due_on: &str) -> Loan {
    let loan = done(client, "", create(school, due_on)).await;
    done(client, &loan.id, Deed::Approve(LoanApprove {})).await;
    done(client, &loan.id, prepare(asset)).await;
    done(client, &loan.id, sign(Signer::Guardian1)).await;
    done(client, &loan.number, hand_over("")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loan_from_the_wish_to_its_end_is_what_the_device_is_granted() {
    let world = World::new().await;
    let device = crate::people::week::enrolled(&world, A, 2).await;
    stock(&world, A, &[("TNE-1", Some(device[0].clone())), ("TNE-2", Some(device[1].clone())), ("TNE-3", None)]).await;
    let desk = Staff::invited(&world, "jeanne", vec![schools(Role::LoanDesk, &[A])]).await;
    let mut client = desk.client(&world).await;

    let mut admin = Staff::first(&world).client(&world).await;
    let mut policy = admin.loan_policy_show(LoanPolicyShowRequest {}).await.unwrap().into_inner().policy.unwrap();
    assert_eq!((policy.worn_percent, policy.damaged_percent, policy.prices.len()), (Some(10), Some(50), 0));
    policy.prices = vec![LoanPrice { kind: "Charger ".to_owned(), cents: 3_900 }];
    let set = LoanPolicySetRequest { policy: Some(policy.clone()), why: "voted".to_owned() };
    let set = admin.loan_policy_set(set).await.unwrap().into_inner().policy.unwrap();
    assert_eq!(set.prices, [LoanPrice { kind: "charger".to_owned(), cents: 3_900 }]);
    // The same kind over and over would hide what comes after it.
    let many = vec![LoanPrice { kind: "charger".to_owned(), cents: 1 }; 51];
    let many = LoanPolicySetRequest {
        policy: Some(wire::v1::LoanPolicy { prices: many, ..policy.clone() }),
        why: "voted".to_owned(),
    };
    assert_eq!(admin.loan_policy_set(many).await.unwrap_err().code(), Code::InvalidArgument);
    policy.damaged_percent = Some(101);
    let refused = LoanPolicySetRequest { policy: Some(policy), why: "voted".to_owned() };
    assert_eq!(admin.loan_policy_set(refused).await.unwrap_err().code(), Code::InvalidArgument);

    let loan = done(&mut client, "", create(A, "2027-06-30")).await;
    assert_eq!((loan.number.as_str(), loan.state()), ("0951099D-2026-00001", LoanState::Draft));
    // Nothing before its time, and a minor's own signature is not enough.
    assert!(conflict(&mut client, &loan.id, hand_over("TNE-1")).await.contains("is draft cannot be handed over"));
    done(&mut client, &loan.id, Deed::Approve(LoanApprove {})).await;
    done(&mut client, &loan.id, prepare("TNE-1")).await;
    assert_eq!(asset(&world, "TNE-1").await.lifecycle, Lifecycle::Reserved);
    assert_eq!(done(&mut client, &loan.id, sign(Signer::Borrower)).await.state(), LoanState::AgreementPending);
    conflict(&mut client, &loan.id, hand_over("TNE-1")).await;
    assert_eq!(done(&mut client, &loan.id, sign(Signer::Guardian2)).await.state(), LoanState::Ready);
    assert!(conflict(&mut client, &loan.id, hand_over("TNE-2")).await.contains("the agreement names TNE-1"));
    let lent = done(&mut client, &loan.id, hand_over("TNE-1")).await;
    assert_eq!(lent.state(), LoanState::Active);
    let (epoch, hold) = held(&world, &device[0]).await;
    let Hold::Lent(term) = hold else { panic!("{hold:?}") };
    // The 30th of June ends in Paris, or wherever the territory is; two weeks of notice, two of grace.
    assert_eq!((epoch, term.loan.as_str(), term.decided), (1, "0951099D-2026-00001", None));
    let days = |from, to| model::time::Timestamp::since(to, from).as_secs() / 86_400;
    assert_eq!(days(term.notice, term.due.unwrap()), 15);
    assert_eq!(days(term.due.unwrap(), term.restricted.unwrap()), 14);

    // Another day, by an event; the device is told again.
    let extended = done(&mut client, "TNE-1", Deed::Extend(LoanExtend { due_on: "2027-07-05".to_owned() })).await;
    assert_eq!((extended.due_on.as_str(), extended.events[0].what.as_str()), ("2027-07-05", "extended"));
    assert_eq!(held(&world, &device[0]).await.0, 2);

    // A swap: the first comes back, the second is lent, and the loan is the same.
    let swap = |asset: &str| Deed::Swap(LoanSwap { asset: asset.to_owned(), condition: good(), back: good() });
    let other = active(&mut client, A, "TNE-3", "2027-06-30").await;
    let why = conflict(&mut client, &loan.id, swap("TNE-3")).await;
    assert!(why.contains(&format!("TNE-3 is in loan {} already", other.number)), "{why}");
    let swapped = done(&mut client, &loan.id, swap("TNE-2")).await;
    assert_eq!(swapped.lines.len(), 2);
    // Noted before the swap at a desk without a network: it is about the first.
    let late = LoanReturn { condition: good(), parts: Vec::new(), asset: "TNE-1".to_owned() };
    let why = conflict(&mut client, &loan.id, Deed::Return(late)).await;
    assert_eq!(why, "this loan has another device than TNE-1 now");
    assert_eq!(asset(&world, "TNE-1").await.lifecycle, Lifecycle::ReturnedUnchecked);
    assert_eq!(held(&world, &device[0]).await, (3, Hold::Free));
    assert!(matches!(held(&world, &device[1]).await.1, Hold::Lent(_)));

    // A theft needs a complaint; then no data flows, and it is closed as stolen.
    let theft = |complaint: &str| {
        let complaint = complaint.to_owned();
        Deed::Incident(LoanReport { kind: IncidentKind::Theft.into(), on: String::new(), complaint })
    };
    let refused = acted(&mut client, &loan.id, theft("")).await;
    assert_eq!(
        (refused.outcome(), refused.why.as_str()),
        (LoanOutcome::Refused, "a theft needs the number of the complaint",)
    );
    done(&mut client, "TNE-2", theft("2026/1234")).await;
    assert_eq!(held(&world, &device[1]).await, (2, Hold::Missing));
    let how = |how: LoanClosing| Deed::Close(LoanClose { how: how.into() });
    conflict(&mut client, &loan.id, how(LoanClosing::Lost)).await;
    let closed = done(&mut client, &loan.id, how(LoanClosing::Stolen)).await;
    assert_eq!(closed.state(), LoanState::ClosedStolen);

    // Damage, a missing charger, and what is proposed for it: half of what is left at one year, which is 80 % of the price.
    let damaged = LoanCondition { screen: Grade::Damaged.into(), ..good().unwrap() };
    let returned = acted(&mut client, "L-TNE-3", back(Some(damaged), PartState::Missing)).await;
    assert_eq!(returned.outcome(), LoanOutcome::NotFound, "a label nobody registered");
    let returned = acted(&mut client, "TNE-3", back(Some(damaged), PartState::Missing)).await;
    assert_eq!(returned.worse[0].part, "screen");
    let closed = done(&mut client, &other.number, how(LoanClosing::Damaged)).await;
    assert_eq!((closed.proposal_cents, closed.proposal_scale.as_str()), (Some(23_900), "1"));
    let amounts: Vec<_> = closed.amounts.iter().map(|one| (one.number.as_str(), one.why.as_str(), one.cents)).collect();
    assert_eq!(amounts, [("TNE-3", "damaged", Some(20_000)), ("CH-1", "missing", Some(3_900))]);
    // What is over does not change.
    conflict(&mut client, &other.number, Deed::Approve(LoanApprove {})).await;
    // Not available again before it is wiped.
    let next = done(&mut client, "", create(A, "2027-06-30")).await;
    done(&mut client, &next.id, Deed::Approve(LoanApprove {})).await;
    assert!(conflict(&mut client, &next.id, prepare("TNE-3")).await.contains("has not been wiped"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_twice_late_or_from_two_desks_is_done_once() {
    let world = World::new().await;
    stock(&world, A, &[("TNE-1", None), ("TNE-2", None)]).await;
    let desk = Staff::invited(&world, "jeanne", vec![schools(Role::LoanDesk, &[A])]).await;
    let (mut one, mut two) = (desk.client(&world).await, desk.client(&world).await);
    let now = controlplane::clock::Clock::now(world.clock.as_ref()).unix_millis();

    // A desk's own ids, sent twice: the second time nothing is changed, and the answer is the same loan.
    let id = "01930000-0000-7000-8000-000000000001";
    let Deed::Create(wish) = create(A, "2027-06-30") else { unreachable!() };
    let named = LoanAct {
        act: "01930000-0000-7000-8000-0000000000aa".to_owned(),
        at_unix_ms: now - 7_200_000,
        ..act("", Deed::Create(LoanCreate { id: id.to_owned(), ..wish.clone() }))
    };
    let first = sent(&mut one, vec![named.clone(), named.clone()]).await;
    assert_eq!((first[0].outcome(), first[1].outcome()), (LoanOutcome::Done, LoanOutcome::Already));
    assert_eq!(first[0].loan.as_ref().unwrap().created_unix_ms, now - 7_200_000);
    assert_eq!(first[0].loan, first[1].loan);
    let reused = LoanAct { deed: Some(Deed::Cancel(LoanCancel {})), loan: id.to_owned(), ..named.clone() };
    let again = LoanAct { act: String::new(), ..named.clone() };
    let answers = sent(&mut one, vec![reused, again]).await;
    assert_eq!(answers[0].why, "this act id was used for another act");
    assert_eq!((answers[1].outcome(), answers[1].why.contains("was begun already")), (LoanOutcome::Conflict, true));

    // A desk whose clock is a day off: its acts are taken, dated by the server, and it is told.
    let late = LoanActsRequest {
        acts: vec![LoanAct { at_unix_ms: now + 86_400_000, ..act(id, Deed::Approve(LoanApprove {})) }],
        desk_unix_ms: now + 86_400_000,
    };
    let answer = one.loan_acts(late).await.unwrap().into_inner();
    assert_eq!(answer.clock_ahead_ms, 86_400_000);
    assert!(answer.answers[0].server_time && answer.answers[0].outcome() == LoanOutcome::Done);

    // Two desks, one device, the same second.
    let mut ready = Vec::new();
    for _ in 0..2 {
        let loan = done(&mut one, "", create(A, "2027-06-30")).await;
        done(&mut one, &loan.id, Deed::Approve(LoanApprove {})).await;
        done(&mut one, &loan.id, prepare("")).await;
        done(&mut one, &loan.id, sign(Signer::Guardian1)).await;
        ready.push(loan);
    }
    let (a, b) = tokio::join!(
        acted(&mut one, &ready[0].id, hand_over("TNE-1")),
        acted(&mut two, &ready[1].id, hand_over("TNE-1"))
    );
    let (won, lost, winner) = if a.outcome() == LoanOutcome::Done { (&a, &b, &ready[0]) } else { (&b, &a, &ready[1]) };
    assert_eq!((won.outcome(), lost.outcome()), (LoanOutcome::Done, LoanOutcome::Conflict));
    assert_eq!(lost.why, format!("TNE-1 is in loan {} already, which is active", winner.number));

    // What was never lent is not returned.
    assert_eq!(conflict(&mut one, "TNE-2", back(good(), PartState::Returned)).await, "TNE-2 is in no open loan");
    assert_eq!(acted(&mut one, "TNE-9", back(good(), PartState::Returned)).await.outcome(), LoanOutcome::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_borrower_is_reminded_three_times_and_only_then_may_a_person_decide() {
    let world = World::new().await;
    let device = crate::people::week::enrolled(&world, A, 1).await;
    stock(&world, A, &[("TNE-1", Some(device[0].clone()))]).await;
    let desk = Staff::invited(&world, "jeanne", vec![whole(Role::LoanDesk)]).await;
    let mut client = desk.client(&world).await;
    let today = |add: i32| {
        let now = controlplane::clock::Clock::now(world.clock.as_ref());
        let days = jiff::Span::new().days(add + i32::try_from(now.unix_seconds().div_euclid(86_400)).unwrap());
        jiff::civil::date(1970, 1, 1).checked_add(days).unwrap().to_string()
    };
    let loan = active(&mut client, A, "TNE-1", &today(1)).await;
    let overdue = LoanListRequest { overdue: true, ..Default::default() };
    assert!(client.loan_list(overdue.clone()).await.unwrap().into_inner().loans.is_empty());
    world.clock.forward(DAY * 3);
    let late = client.loan_list(overdue.clone()).await.unwrap().into_inner().loans;
    assert_eq!((late.len(), late[0].overdue_days), (1, 2));
    assert!(
        conflict(&mut client, &loan.id, Deed::Decide(LoanDecide {})).await.contains("only after the last reminder")
    );
    for days in [5_u32, 14, 24] {
        world.clock.forward(DAY * days);
        // The server makes them by itself; asking again, however often, makes none twice.
        for _ in 0..2 {
            client.loan_remind(LoanRemindRequest {}).await.unwrap();
        }
    }
    let shown =
        client.loan_show(LoanShowRequest { loan: loan.number.clone() }).await.unwrap().into_inner().loan.unwrap();
    assert_eq!(shown.reminders.iter().map(|r| r.after_days).collect::<Vec<_>>(), [7, 21, 45]);
    let silent = LoanAct { why: String::new(), ..act(&loan.id, Deed::Decide(LoanDecide {})) };
    assert_eq!(sent(&mut client, vec![silent]).await[0].outcome(), LoanOutcome::Refused);
    let decided = done(&mut client, &loan.id, Deed::Decide(LoanDecide {})).await;
    assert_eq!(decided.decided_by, "jeanne");
    let Hold::Lent(term) = held(&world, &device[0]).await.1 else { panic!() };
    assert!(term.decided.is_some());
    done(&mut client, &loan.id, Deed::Undecide(LoanUndecide {})).await;
    let Hold::Lent(term) = held(&world, &device[0]).await.1 else { panic!() };
    assert!(term.decided.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_sees_its_own_schools_and_what_makes_no_sense_is_refused() {
    let world = World::new().await;
    stock(&world, A, &[("TNE-1", None)]).await;
    stock(&world, B, &[("TNE-2", None)]).await;
    let ours = Staff::invited(&world, "jeanne", vec![schools(Role::LoanDesk, &[A])]).await;
    let theirs = Staff::invited(&world, "paul", vec![schools(Role::LoanDesk, &[B])]).await;
    let reader = Staff::invited(&world, "marie", vec![whole(Role::Auditor)]).await;
    let (mut client, mut other) = (ours.client(&world).await, theirs.client(&world).await);
    let loan = active(&mut client, A, "TNE-1", "2027-06-30").await;
    // Another school's loan and device are not there.
    let shown = other.loan_show(LoanShowRequest { loan: loan.id.clone() }).await.unwrap_err();
    assert_eq!(shown.code(), Code::NotFound);
    assert_eq!(acted(&mut other, "TNE-1", back(good(), PartState::Returned)).await.outcome(), LoanOutcome::NotFound);
    assert!(other.loan_list(LoanListRequest::default()).await.unwrap().into_inner().loans.is_empty());
    assert_eq!(acted(&mut client, "", create(B, "2027-06-30")).await.outcome(), LoanOutcome::Refused);
    let mut reader = reader.client(&world).await;
    assert_eq!(reader.loan_list(LoanListRequest::default()).await.unwrap().into_inner().loans.len(), 1);
    let acts = LoanActsRequest { acts: vec![act(&loan.id, Deed::Decide(LoanDecide {}))], desk_unix_ms: 0 };
    assert_eq!(reader.loan_acts(acts).await.unwrap_err().code(), Code::PermissionDenied);

    // Each list narrows from its own index.
    let by = |request: LoanListRequest| request;
    for (request, count) in [
        (by(LoanListRequest { school: A.to_owned(), ..Default::default() }), 1),
        (by(LoanListRequest { school: B.to_owned(), ..Default::default() }), 0),
        (by(LoanListRequest { borrower: BORROWER.to_owned(), ..Default::default() }), 1),
        (by(LoanListRequest { asset: "TNE-1".to_owned(), ..Default::default() }), 1),
        (by(LoanListRequest { asset: "TNE-2".to_owned(), ..Default::default() }), 0),
        (by(LoanListRequest { state: LoanState::Closed.into(), ..Default::default() }), 0),
        (by(LoanListRequest { due_before: "2027-07-01".to_owned(), ..Default::default() }), 1),
        (by(LoanListRequest { due_before: "2027-06-30".to_owned(), ..Default::default() }), 0),
        (by(LoanListRequest { measure: "base".to_owned(), ..Default::default() }), 0),
    ] {
        let found = client.loan_list(request.clone()).await.unwrap().into_inner().loans.len();
        assert_eq!(found, count, "{request:?}");
    }

    let Deed::Create(wish) = create(A, "2027-06-30") else { unreachable!() };
    for (wish, why) in [
        (LoanCreate { school: "0951099Z".to_owned(), ..wish.clone() }, "should be D"),
        (LoanCreate { borrower: "Jean Exemple".to_owned(), ..wish.clone() }, "32 hexadecimal digits"),
        (LoanCreate { due_on: "30/06/2027".to_owned(), ..wish.clone() }, "YYYY-MM-DD"),
        (LoanCreate { due_on: "+009999-01-01".to_owned(), ..wish.clone() }, "YYYY-MM-DD"),
        (LoanCreate { due_on: String::new(), ..wish.clone() }, "has a due day"),
        (LoanCreate { due_on: "2020-01-01".to_owned(), ..wish.clone() }, "after it has begun"),
        (LoanCreate { id: "1".to_owned(), ..wish.clone() }, "UUID"),
        (LoanCreate { measure: "socle".to_owned(), ..wish.clone() }, "a measure is"),
        (LoanCreate { kind: 0, ..wish.clone() }, "a pupil, a teacher or staff"),
    ] {
        let answer = acted(&mut client, "", Deed::Create(wish)).await;
        assert!(answer.outcome() == LoanOutcome::Refused && answer.why.contains(why), "{why}: {answer:?}");
    }
    let none = sent(&mut client, vec![LoanAct::default()]).await;
    assert_eq!(none[0].outcome(), LoanOutcome::Refused);
    for count in [0, 201] {
        let acts = vec![LoanAct::default(); count];
        let refused = client.loan_acts(LoanActsRequest { acts, desk_unix_ms: 0 }).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_teachers_device_follows_or_is_returned_by_the_territorys_rule() {
    let world = World::new().await;
    let device = crate::people::week::enrolled(&world, A, 1).await;
    stock(&world, A, &[("TNE-1", Some(device[0].clone()))]).await;
    let mut first = Staff::first(&world).client(&world).await;
    let Deed::Create(wish) = create(A, "") else { unreachable!() };
    let wish =
        LoanCreate { kind: BorrowerKind::Teacher.into(), minor: false, measure: "new-teacher".to_owned(), ..wish };
    let loan = done(&mut first, "", Deed::Create(wish)).await;
    done(&mut first, &loan.id, Deed::Approve(LoanApprove {})).await;
    done(&mut first, &loan.id, prepare("TNE-1")).await;
    done(&mut first, &loan.id, sign(Signer::Borrower)).await;
    done(&mut first, &loan.id, hand_over("")).await;
    assert_eq!(asset(&world, "TNE-1").await.lifecycle, Lifecycle::AssignedStaff);
    let Hold::Lent(term) = held(&world, &device[0]).await.1 else { panic!() };
    assert_eq!((term.due, term.restricted), (None, None));
    let transfer =
        |school: &str| Deed::Transfer(LoanTransfer { school: school.to_owned(), on: "2027-08-31".to_owned() });
    let moved = done(&mut first, &loan.id, transfer(B)).await;
    assert_eq!((moved.school.as_str(), moved.due_on.as_str()), (B, ""));

    let mut policy = first.loan_policy_show(LoanPolicyShowRequest {}).await.unwrap().into_inner().policy.unwrap();
    assert_eq!((policy.notice_days, policy.grace_days, policy.reminder_days.clone()), (14, 14, vec![7, 21, 45]));
    policy.transfer = wire::v1::TransferRule::End.into();
    policy.reminder_days = vec![9, 9];
    let why = "voted".to_owned();
    let set = LoanPolicySetRequest { policy: Some(policy.clone()), why };
    assert_eq!(first.loan_policy_set(set.clone()).await.unwrap_err().code(), Code::InvalidArgument);
    policy.reminder_days = vec![9, 30];
    first.loan_policy_set(LoanPolicySetRequest { policy: Some(policy), ..set }).await.unwrap();
    let moved = done(&mut first, &loan.id, transfer(A)).await;
    assert_eq!((moved.school.as_str(), moved.due_on.as_str()), (B, "2027-08-31"));
    let Hold::Lent(term) = held(&world, &device[0]).await.1 else { panic!() };
    assert!(term.due.is_some());
}
