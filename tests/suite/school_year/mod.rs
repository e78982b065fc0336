//! A school year from August to the next September: three schools, two hundred laptops with their agents, two kits, a hundred and fifty
//! loans, three desks of which one is offline, swaps, a theft, the return in June, the summer's work, and the next year's loans.

mod acts;
mod kits;
mod offline;
mod territory;

use acts::{
    act, all, approve, back, close, conflict, create, done, hand_over, incident, prepare, replace, sent, sign, swap,
};
use jiff::ToSpan;
use jiff::civil::Date;
use model::device::JoinState;
use model::lifecycle::Lifecycle;
use territory::{LAPTOPS, Territory, number, school};
use wire::v1::loan_act::Deed;
use wire::v1::{
    AssetListRequest, AssetStep, AssetWipeRequest, AuditVerifyRequest, IncidentKind, Loan, LoanClosing, LoanDecide,
    LoanListRequest, LoanOutcome, LoanRemindRequest, LoanState, TokenCreateRequest, TokenKind,
};

const LOANS: usize = 150;
/// The laptops that are on all year, with their loans; the others are switched on when they come back.
const AWAKE: [usize; 4] = [0, 1, 2, 4];
/// One of them, and it is stolen in autumn.
const STOLEN: usize = 1;
/// Two of them, and they do not come back in June.
const LATE: [usize; 2] = [0, 4];
/// Families that do not come on the day.
const NO_SHOWS: usize = 5;
/// Days from the hand-over to the day it is all due.
const YEAR: i64 = 280;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn school_year() {
    let mut year = Territory::new(crate::desk::bench::world().await).await;
    kits::kits_compose(&mut year).await;
    let loans = loans_prepare(&year).await;
    let due = loans[0].due_on.clone();
    for n in AWAKE {
        let machine = year.machines.get_mut(&number(n)).unwrap();
        machine.start().await;
        machine.settled().await;
    }
    hand_out(&year, &loans).await;
    autumn(&mut year, &loans).await;
    june(&mut year, &loans, &due).await;
    summer(&mut year).await;
    september(&mut year).await;
    history(&mut year).await;
}

/// The day in the territory, as the loans have it.
fn today(year: &Territory) -> Date {
    let now = jiff::Timestamp::from_millisecond(year.world.now().unix_millis()).unwrap();
    now.to_zoned(jiff::tz::TimeZone::get("Europe/Paris").unwrap()).date()
}

/// A hundred and fifty loans, each with its laptop set aside; all agreements but two are signed.
async fn loans_prepare(year: &Territory) -> Vec<Loan> {
    let today = today(year);
    let due = (today + YEAR.days()).to_string();
    let mut desk = year.desk(0).await;
    let wished = (0..LOANS).map(|n| act("", create(school(n), &format!("{n:032x}"), &due))).collect();
    let loans = all(&mut desk, wished).await;
    let on = today.to_string();
    let deeds = |n: usize| [approve(), prepare(&number(n)), sign(&on)];
    let work = loans.iter().enumerate().flat_map(|(n, loan)| deeds(n).map(|deed| act(&loan.id, deed)));
    all(&mut desk, work.collect()).await;
    let numbers: std::collections::BTreeSet<&str> = loans.iter().map(|loan| loan.number.as_str()).collect();
    assert_eq!(numbers.len(), LOANS, "each has a number of its own");
    loans
}

/// Three desks on one day, at one place; the third has no network and sends what it did in the evening, twice.
async fn hand_out(year: &Territory, loans: &[Loan]) {
    let (mut one, mut two) = (year.desk(0).await, year.desk(1).await);
    let come = LOANS - NO_SHOWS;
    let of = |desk: usize| (0..come).filter(move |n| n % 3 == desk);
    let handed = |n: usize| act(&loans[n].number, hand_over(""));
    let mut offline = offline::Desk::prepare(year, loans, &of(2).collect::<Vec<_>>()).await;
    let (a, b) = tokio::join!(all(&mut one, of(0).map(handed).collect()), all(&mut two, of(1).map(handed).collect()));
    assert!(a.iter().chain(&b).all(|loan| loan.state() == LoanState::Active));
    offline.hand_over_all(year).await;
    // While the third desk was away, a family of its came to the first one as well: what it did stands, and the other is shown.
    let first = of(2).next().unwrap();
    done(&mut one, &loans[first].number, hand_over("")).await;
    offline.send(year, &loans[first].number).await;
    offline.send_again(year).await;
    let active = LoanListRequest { state: LoanState::Active.into(), limit: 1_000, ..Default::default() };
    assert_eq!(acts::answered(one.loan_list(active).await).loans.len(), come);
    // Nobody hands over twice what a family has.
    let why = conflict(&mut two, &loans[come].id, hand_over(&number(0))).await;
    assert!(why.contains("the agreement names"), "{why}");
    for n in AWAKE {
        year.stage_comes(&number(n), "lent").await;
    }
}

/// Three broken screens, one theft.
async fn autumn(year: &mut Territory, loans: &[Loan]) {
    year.days(&AWAKE, 30).await;
    let mut desk = year.desk(0).await;
    for (n, loan) in loans.iter().enumerate().take(13).skip(10) {
        let spare = number(LOANS + n);
        done(&mut desk, &number(n), incident(IncidentKind::Breakage, "")).await;
        let swapped = done(&mut desk, &loan.number, swap(&spare, true)).await;
        assert_eq!((swapped.lines.len(), swapped.state()), (2, LoanState::Active));
        assert_eq!(year.asset(&number(n)).await.lifecycle, Lifecycle::ReturnedUnchecked);
        let taken = conflict(&mut desk, &loan.number, swap(&number(20), false)).await;
        assert!(taken.contains("is in loan"), "{taken}");
    }
    let stolen = number(STOLEN);
    let without = sent(&mut desk, vec![act(&stolen, incident(IncidentKind::Theft, ""))]).await.remove(0);
    assert_eq!(without.outcome(), LoanOutcome::Refused);
    done(&mut desk, &stolen, incident(IncidentKind::Theft, "2026/00417")).await;
    year.stage_comes(&stolen, "missing").await;
    assert_eq!(year.asset(&stolen).await.lifecycle, Lifecycle::Stolen);
    let why = conflict(&mut desk, &stolen, back(&stolen, true)).await;
    assert!(why.contains("say first that it was found"), "{why}");
    // The pupil gets another one on the same loan, and keeps learning.
    let replaced = done(&mut desk, &loans[STOLEN].number, replace(&number(LOANS + STOLEN))).await;
    assert_eq!(replaced.state(), LoanState::Active);
}

/// Most come back in time, some without their charger, three do not come at all.
async fn june(year: &mut Territory, loans: &[Loan], due: &str) {
    let left = due.parse::<Date>().unwrap() - today(year);
    let awake = AWAKE.into_iter().filter(|n| *n != STOLEN).collect::<Vec<_>>();
    // From All Saints' to May they are not switched on, and their certificates end.
    year.drawer(&awake, u32::try_from(left.get_days() - 20).unwrap()).await;
    year.days(&awake, 18).await;
    year.stage_comes(&number(0), "notice").await;
    let mut desk = year.desk(1).await;
    let mut chargers = 0;
    for n in (0..LOANS - NO_SHOWS).filter(|n| !LATE.contains(n)) {
        let loan = acts::answered(desk.loan_show(wire::v1::LoanShowRequest { loan: loans[n].id.clone() }).await).loan;
        let held = loan.unwrap().lines.last().unwrap().asset.clone();
        let with = n % 20 != 7;
        chargers += usize::from(!with);
        // A swapped or replaced laptop goes with the charger of the first.
        let deed = if held == number(n) { back(&held, with) } else { back(&number(n), with) };
        let returned = done(&mut desk, &held, deed).await;
        assert_eq!(returned.state(), LoanState::ReturnedUnchecked);
    }
    let closing: Vec<_> = (0..LOANS - NO_SHOWS).filter(|n| !LATE.contains(n)).collect();
    let closed =
        all(&mut desk, closing.iter().map(|n| act(&loans[*n].id, close(LoanClosing::Returned))).collect()).await;
    let missing =
        closed.iter().filter(|loan| loan.accessories.iter().any(|part| part.state() == wire::v1::PartState::Missing));
    assert_eq!((missing.count(), chargers), (chargers, 7));
    // The laptop that was returned is nobody's from here on, and one that was late is told so by its own dates, without a network.
    year.stage_comes(&number(2), "free").await;
    year.world.stop().await;
    year.stage_comes_offline(&number(0), "restricted").await;
    year.world.start().await;
    let overdue = LoanListRequest { overdue: true, ..Default::default() };
    let mut desk = year.desk(1).await;
    assert_eq!(acts::answered(desk.loan_list(overdue.clone()).await).loans.len(), LATE.len());
    let why = conflict(&mut desk, &number(0), Deed::Decide(LoanDecide {})).await;
    assert!(why.contains("only after the last reminder"), "{why}");
    year.days(&awake, 48).await;
    let mut desk = year.desk(1).await;
    acts::answered(desk.loan_remind(LoanRemindRequest {}).await);
    let late_loan = acts::answered(desk.loan_list(overdue).await).loans;
    assert!(late_loan.iter().all(|loan| loan.reminders.len() == 3), "{late_loan:?}");
    // A person decides about one of them; the others stay restricted.
    done(&mut desk, &number(0), Deed::Decide(LoanDecide {})).await;
    year.stage_comes(&number(0), "return_screen").await;
    year.stage_comes(&number(4), "restricted").await;
    // Whoever was in touch all year is no stranger in summer.
    for n in &awake {
        let state = year.world.record(year.devices[&number(*n)]).await;
        assert_eq!((state.state, state.reason), (JoinState::Active, None), "{n}");
    }
    for n in LATE {
        done(&mut desk, &number(n), back(&number(n), true)).await;
        done(&mut desk, &loans[n].id, close(LoanClosing::Returned)).await;
        year.stage_comes(&number(n), "free").await;
    }
    let stolen =
        acts::answered(desk.loan_list(LoanListRequest { asset: number(STOLEN), ..Default::default() }).await).loans;
    assert_eq!(stolen.len(), 1);
}

/// What came back is looked at, wiped and made ready; some are reinstalled, of others a technician says so.
async fn summer(year: &mut Territory) {
    let listed = AssetListRequest { lifecycle: "returned_unchecked".to_owned(), limit: 1_000, ..Default::default() };
    year.days(&[], 7).await;
    let mut hands = year.hands().await;
    let back = acts::answered(hands.asset_list(listed.clone()).await).assets;
    // All that were handed out, with the spares that took the place of others; the stolen one is not among them.
    assert_eq!(back.len(), LOANS - NO_SHOWS + 3);
    for (n, asset) in back.iter().enumerate() {
        year.step(&mut hands, &asset.number, AssetStep::Check).await.unwrap();
        year.step(&mut hands, &asset.number, AssetStep::Prepare).await.unwrap();
        let why = year.step(&mut hands, &asset.number, AssetStep::Ready).await.unwrap_err();
        assert!(why.contains("wipe"), "{why}");
        if n < 4 {
            reinstall(year, &asset.number).await;
        } else {
            let asked = AssetWipeRequest { asset: asset.number.clone(), why: "disk erased on the bench".to_owned() };
            acts::answered(hands.asset_wipe(asked).await);
        }
        year.step(&mut hands, &asset.number, AssetStep::Ready).await.unwrap();
    }
    assert!(acts::answered(hands.asset_list(listed).await).assets.is_empty());
    let stolen = year.asset(&number(STOLEN)).await;
    assert_eq!(stolen.lifecycle, Lifecycle::Stolen);
}

/// A laptop installed anew: it enrols again with another identity key, which is its wipe certificate.
async fn reinstall(year: &mut Territory, number: &str) {
    let device = year.devices[number];
    let asked = TokenCreateRequest {
        kind: TokenKind::ReEnrol.into(),
        uses: 1,
        device: device.to_string(),
        ..Default::default()
    };
    let token = acts::answered(year.hands().await.token_create(asked).await).secret;
    let machine = year.machines.get_mut(number).unwrap();
    machine.kill().await;
    machine.agent.enrol_again(&year.world.url(), &token).await.unwrap();
    let asset = year.asset(number).await;
    assert!(asset.is_clean(), "{asset:?}");
}

/// The next year: the same laptops, other pupils, and nothing of before holds.
async fn september(year: &mut Territory) {
    let again = number(0);
    let before = year.asset(&again).await.epoch;
    let due = (today(year) + YEAR.days()).to_string();
    let on = today(year).to_string();
    let mut desk = year.desk(0).await;
    let loan = done(&mut desk, "", create(school(0), &"f".repeat(32), &due)).await;
    for deed in [approve(), prepare(&again), sign(&on), hand_over("")] {
        done(&mut desk, &loan.id, deed).await;
    }
    let machine = year.machines.get_mut(&again).unwrap();
    machine.start().await;
    year.stage_comes(&again, "lent").await;
    let shown = year.machines[&again].agent.status().unwrap().loan.unwrap();
    let asset = year.asset(&again).await;
    assert!(asset.epoch > before && shown.epoch == asset.epoch, "{shown:?} {asset:?}");
    // Of last year's agreements only those that nobody came for are open still.
    let ready = LoanListRequest { state: LoanState::Ready.into(), limit: 1_000, ..Default::default() };
    assert_eq!(acts::answered(desk.loan_list(ready).await).loans.len(), NO_SHOWS);
}

/// The audit holds together, and tells of each act who did it; no identity stands anywhere in it.
async fn history(year: &mut Territory) {
    let mut admin = year.auditor.client(&year.world).await;
    let mut asked = AuditVerifyRequest::default();
    loop {
        let answer = acts::answered(admin.audit_verify(asked.clone()).await);
        assert_eq!(answer.broken, None);
        if answer.end {
            assert!(answer.length > 2_000, "{}", answer.length);
            break;
        }
        asked = AuditVerifyRequest { length: answer.length, last: answer.last, upto: 0 };
    }
    let told = year.world.audit().await;
    for verb in ["loan_create", "loan_hand_over", "loan_swap", "loan_remind", "loan_decide", "loan_close", "asset_wipe"]
    {
        assert!(told.contains(verb), "{verb}");
    }
    assert_eq!(LAPTOPS, year.machines.len());
}
