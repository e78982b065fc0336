//! Random histories through the loan and device state machines together, over the real acts and a store.

mod acts;

use super::*;
use crate::asset::{ASSET_DEVICES, ASSETS, Asset, Wipe, Wiped};
use crate::audit::{Act, Author, Person};
use crate::device::{DEVICES, Device};
use crate::error::{Error, Result};
use crate::grant::{GRANTS, Granted};
use crate::memory::Memory;
use crate::report::{FACTS, Facts};
use crate::role::Role;
use crate::scope::{Reach, Scope};
use crate::store::{Expect, SharedStore};
use crate::table::Writes;
use jiff::ToSpan;
use jiff::civil::date;
use model::grant::{Exam, Hold};
use model::id::{DeviceId, TerritoryId};
use model::lifecycle::{Lifecycle, Step};
use model::loan::{ActId, Difference, ExamDays, Grade, LoanPolicy, Part, SignatureMode, Signer, signed_enough};
use proptest::prelude::{ProptestConfig, any};
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const ASSETS_N: usize = 3;
const DAY: Duration = Duration::from_secs(86_400);

pub(crate) struct Utc;

impl LocalDays for Utc {
    fn day_of(&self, at: Timestamp) -> Date {
        date(1970, 1, 1).checked_add(at.unix_seconds().div_euclid(86_400).days()).unwrap()
    }

    fn day_end(&self, day: Date) -> Timestamp {
        let days = day.since(date(1970, 1, 1)).unwrap().get_days();
        Timestamp::from_unix_seconds((i64::from(days) + 1) * 86_400)
    }
}

pub(super) struct Town {
    pub(super) store: SharedStore,
    pub(super) territory: TerritoryId,
    pub(super) by: Person,
    pub(super) reach: Reach,
    pub(super) now: Timestamp,
}

pub(super) fn number(n: usize) -> String {
    format!("TNE26-{n:06}")
}

fn device_id(n: usize) -> DeviceId {
    DeviceId::new(Timestamp::from_unix_millis(n as i64), [u8::try_from(n).unwrap(); 10])
}

impl Town {
    /// Three laptops with agents, ready to be lent.
    pub(super) async fn new() -> Self {
        let by = Person { name: "jeanne".to_owned(), role: Role::LoanDesk };
        let territory: TerritoryId = "doubs".parse().unwrap();
        let store: SharedStore = Arc::new(Memory::with_history(8));
        let now = Timestamp::from_unix_seconds(1_788_000_000);
        let town = Self { store, territory, by, reach: Reach::territory(), now };
        let mut writes = Writes::by(&town.territory, &town.rule()).unwrap();
        for n in 0..ASSETS_N {
            let device = device_of(n);
            let asset = Asset {
                number: number(n),
                label: format!("L{n}"),
                kind: "laptop".to_owned(),
                maker: String::new(),
                model: String::new(),
                serial: String::new(),
                owner: None,
                operator: None,
                school: None,
                measure: None,
                funding: None,
                price_cents: Some(40_000),
                purchased_on: Some(date(2025, 9, 1)),
                warranty_until: None,
                lifecycle: Lifecycle::Available,
                epoch: 0,
                device: Some(device.id),
                used_until: None,
                wiped: None,
                received: town.now,
            };
            writes = writes.put(&ASSETS, number(n), &asset, Expect::Absent).unwrap();
            writes = writes.put(&ASSET_DEVICES, device.id.to_string(), &number(n), Expect::Absent).unwrap();
            writes = writes.put(&DEVICES, device.id.to_string(), &device, Expect::Absent).unwrap();
        }
        writes.commit(&town.store).await.unwrap();
        town
    }

    fn rule(&self) -> Act {
        Act::new(self.now, Author::Rule("test".to_owned()), "test", "test")
    }

    pub(super) async fn act(&self, act: Option<ActId>, loan: &str, deed: Deed) -> Result<Acted> {
        let ask = Ask { act, loan: loan.to_owned(), deed, why: "because".to_owned() };
        let random = u8::try_from(self.now.unix_millis() % 251).unwrap();
        loan_act(&self.desk(), &ask, self.now, LoanId::new(self.now, [random; 10])).await
    }

    pub(super) fn desk(&self) -> Desk<'_> {
        let Self { store, territory, by, reach, now } = self;
        Desk { store, territory, reach, by, days: &Utc, now: *now }
    }

    pub(super) async fn asset(&self, n: usize) -> Asset {
        ASSETS.get(self.store.as_ref(), &self.territory, number(n)).await.unwrap().unwrap().value
    }

    /// A loan of this asset, handed over.
    async fn active(&self, n: usize, days: i32) -> Loan {
        let loan = self.act(None, "", wish(false, days, self.now)).await.unwrap().loan.number;
        let deeds = [
            Deed::Approve,
            Deed::Prepare { asset: Some(number(n)), accessories: vec![], template: "1".to_owned() },
            Deed::Sign(vec![signature(Signer::Borrower, Utc.day_of(self.now))]),
            Deed::HandOver { asset: None, seen: seen(Grade::Good) },
        ];
        for deed in deeds {
            self.act(None, &loan, deed).await.unwrap();
        }
        self.loans().await.into_iter().find(|one| one.number == loan).unwrap()
    }

    pub(super) async fn grants(&self) -> BTreeMap<String, Granted> {
        let page = GRANTS.page(self.store.as_ref(), &GRANTS.scope(&self.territory, ""), "", 100).await.unwrap();
        page.into_iter().map(|row| (row.id, row.value)).collect()
    }

    pub(super) async fn loans(&self) -> Vec<Loan> {
        let page = LOANS.page(self.store.as_ref(), &LOANS.scope(&self.territory, ""), "", 1_000).await.unwrap();
        page.into_iter().map(|row| row.value).collect()
    }

    /// What others than the loan desk do to an asset, as their acts do it: with the grant that follows.
    async fn asset_step(&self, n: usize, step: Step, wipe: bool) {
        let row = ASSETS.get(self.store.as_ref(), &self.territory, number(n)).await.unwrap().unwrap();
        let mut asset = row.value;
        // These are the loan desk's alone.
        if matches!(step, Step::Reserve | Step::Release | Step::Lend | Step::Assign | Step::Return) {
            return;
        }
        let was = asset.lifecycle;
        let Ok(next) = was.after(step) else { return };
        if wipe {
            asset.wiped =
                Some(Wipe { at: self.now, how: Wiped::Signed { by: "paul".to_owned(), why: "wiped".to_owned() } });
        }
        if step == Step::Ready && !asset.is_clean() {
            return;
        }
        asset.lifecycle = next;
        let hold = match step {
            Step::Lose | Step::Steal => Some(Hold::Missing),
            Step::Find | Step::Bind | Step::Unbind => Some(Hold::Free),
            Step::Repair if was == Lifecycle::InKit => Some(Hold::Free),
            _ => None,
        };
        if was == Lifecycle::InKit || matches!(step, Step::Lose | Step::Steal) {
            asset.used_until = Some(self.now);
        }
        let mut writes = Writes::by(&self.territory, &self.rule()).unwrap();
        if let Some(hold) = hold {
            asset.epoch += 1;
            let granted = Granted { epoch: asset.epoch, hold, school: None };
            writes = writes.put(&GRANTS, device_id(n).to_string(), &granted, Expect::Any).unwrap();
        }
        writes = writes.put(&ASSETS, number(n), &asset, Expect::At(row.revision)).unwrap();
        writes.commit(&self.store).await.unwrap();
    }
}

fn device_of(n: usize) -> Device {
    let text = r#"{"id":"ID","state":"active","claims":{},"identity_key":"KEY","identity_generation":1,
        "certificate":{"serial":"0a","number":1,"until":9},"token":"ABCDEFGH","enrolled":1}"#;
    let text = text.replace("ID", &device_id(n).to_string()).replace("KEY", &format!("04{}", "11".repeat(64)));
    serde_json::from_str(&text).unwrap()
}

pub(super) fn seen(grade: Grade) -> Seen {
    Seen { screen: grade, keyboard: Grade::Good, case: Grade::Good, battery_wear: None, disk_wear: None }
}

pub(super) fn wish(minor: bool, days: i32, now: Timestamp) -> Deed {
    let today = Utc.day_of(now);
    Deed::Create(Box::new(Wish {
        id: None,
        school: "0951099D".parse().unwrap(),
        class: None,
        owner: None,
        borrower: "0123456789abcdef0123456789abcdef".parse().unwrap(),
        kind: if minor { BorrowerKind::Pupil } else { BorrowerKind::Teacher },
        minor,
        measure: Some(Measure::PupilLoan),
        funding: None,
        start_on: today,
        due_on: Some(today.checked_add(days.days()).unwrap()),
    }))
}

pub(super) fn signature(by: Signer, on: Date) -> Signature {
    Signature { by, mode: SignatureMode::Paper, on, scan: None }
}

/// One thing that happens, made of three numbers; most of them make sense, the rest is refused.
async fn happen(town: &mut Town, (what, which, with): (u8, u8, u8)) {
    let loans = town.loans().await;
    let at = usize::from(which) % loans.len().max(1);
    let loan = loans.get(at).map(|loan| loan.number.clone()).unwrap_or_default();
    let n = usize::from(with) % ASSETS_N;
    let asset = (with & 8 == 0).then(|| number(n));
    if loans.is_empty() {
        town.act(None, "", wish(with & 1 == 0, i32::from(with % 40), town.now)).await.unwrap();
        return;
    }
    let today = Utc.day_of(town.now);
    let part = |state| vec![PartBack { number: "C1".to_owned(), state }];
    let charger = || vec![AccessoryWish { number: "C1".to_owned(), kind: "charger".to_owned() }];
    let prepare = |asset| Deed::Prepare { asset, accessories: charger(), template: "1".to_owned() };
    let next = match loans.get(at).map(|loan| loan.state) {
        Some(LoanState::Draft) => Some(Deed::Approve),
        Some(LoanState::Approved) => Some(prepare(Some(number(n)))),
        Some(LoanState::AgreementPending) => {
            Some(Deed::Sign(Signer::ALL.into_iter().map(|by| signature(by, today)).collect()))
        }
        Some(LoanState::Ready) => Some(Deed::HandOver { asset: None, seen: seen(Grade::Good) }),
        Some(LoanState::ReturnedUnchecked) if with & 4 == 0 => Some(Deed::Close(Closing::Damaged)),
        Some(LoanState::ReturnedUnchecked) => Some(Deed::Close(Closing::Returned)),
        // The device is missing: another one, or the end.
        Some(LoanState::Active) if loans[at].line().is_none() => {
            match (with % 4, loans[at].lines.last().unwrap().end) {
                (0, _) => Some(Deed::ReturnParts(part(PartState::Returned))),
                (1, _) => Some(Deed::Swap { asset: number(n), seen: seen(Grade::Good), back: None }),
                (_, Some(LineEnd::Stolen)) => Some(Deed::Close(Closing::Stolen)),
                _ => Some(Deed::Close(Closing::Lost)),
            }
        }
        _ => None,
    };
    let deed = match what % 40 {
        // Mostly what is next, or random histories would not get far.
        24.. if next.is_some() => next.unwrap(),
        // A long time in which somebody looks now and then.
        36.. => {
            for days in [30, 8, 15, 25] {
                town.now = town.now.after(DAY * days);
                town.desk().remind(100).await.unwrap();
            }
            return;
        }
        24..29 => Deed::Return { seen: Some(seen(Grade::ALL[n])), parts: part(PartState::Returned), asset: None },
        0 | 1 | 35 if loans.len() < 3 => wish(with & 1 == 0, i32::from(with % 40), town.now),
        2 => Deed::Approve,
        3 | 4 => prepare(asset),
        5 | 6 => Deed::Sign(vec![signature(Signer::ALL[n], today)]),
        7 | 8 => Deed::HandOver { asset, seen: seen(Grade::Good) },
        9 => Deed::Extend { due_on: today.checked_add(i32::from(with % 30).days()).unwrap() },
        10 => Deed::ReturnParts(part(PartState::Returned)),
        11 => Deed::Return { seen: Some(seen(Grade::ALL[n])), parts: part(PartState::Missing), asset: None },
        12 => {
            Deed::Swap { asset: number(n), seen: seen(Grade::Good), back: (with & 8 == 0).then(|| seen(Grade::Worn)) }
        }
        13 | 23 | 33 => Deed::Incident {
            kind: IncidentKind::ALL[usize::from(with) % 4],
            on: today,
            complaint: (with & 8 == 0).then(|| "2026/1".to_owned()),
        },
        14 | 34 => Deed::Decide,
        15 if with & 2 == 0 => Deed::Undecide,
        15 if with & 4 == 0 => Deed::ExamCancel,
        15 => {
            let from = today.checked_add((i32::from(with % 40) - 10).days()).unwrap();
            Deed::Exam(ExamDays::new(from, from.checked_add(i32::from(which % 14).days()).unwrap()).unwrap())
        }
        16 => Deed::Transfer { school: "0750654D".parse().unwrap(), on: today },
        17 | 18 => Deed::Close(match with % 4 {
            0 => Closing::Returned,
            1 => Closing::Lost,
            2 => Closing::Stolen,
            _ => Closing::Damaged,
        }),
        19 => Deed::Cancel,
        20 | 29..33 => {
            town.now = town.now.after(DAY * u32::from(with % 25));
            return town.desk().remind(100).await.map(|_| ()).unwrap();
        }
        21 => {
            for step in [Step::Check, Step::Prepare, Step::Ready] {
                town.asset_step(n, step, with & 8 == 0).await;
            }
            return;
        }
        22 => Deed::Swap { asset: number(n), seen: seen(Grade::Good), back: Some(seen(Grade::Worn)) },
        _ => return town.asset_step(n, Step::ALL[usize::from(which) % Step::ALL.len()], false).await,
    };
    // Some acts come twice: the second time they change nothing.
    let act = (with & 16 == 0).then(|| ActId::new(town.now, [what; 10]));
    let first = town.act(act, &loan, deed.clone()).await;
    if act.is_some() && first.is_ok() {
        let before = town.store.revision().await.unwrap();
        let again = town.act(act, &loan, deed).await.unwrap();
        assert!(again.already);
        assert_eq!(town.store.revision().await.unwrap(), before);
    }
    match first {
        Ok(_) | Err(Error::Expired(_) | Error::Invalid(_) | Error::NotFound(_)) => {}
        Err(other) => panic!("{other:?}"),
    }
}

/// What held before, for what must not go back.
#[derive(Default)]
struct Before {
    loans: BTreeMap<LoanId, Loan>,
    grants: BTreeMap<String, Granted>,
    assets: BTreeMap<usize, Asset>,
}

async fn invariants(town: &Town, before: &mut Before) {
    let loans = town.loans().await;
    let grants = town.grants().await;
    // One open loan per asset, and the index says which.
    let mut holds: BTreeMap<String, LoanId> = BTreeMap::new();
    for loan in &loans {
        if let Some(asset) = loan.holds() {
            assert_eq!(holds.insert(asset.to_owned(), loan.id), None, "{asset} is in two open loans");
        }
    }
    let open = LOAN_OPEN.page(town.store.as_ref(), &LOAN_OPEN.scope(&town.territory, ""), "", 100).await.unwrap();
    assert_eq!(open.into_iter().map(|row| (row.id, row.value)).collect::<BTreeMap<_, _>>(), holds);
    for loan in &loans {
        // What is over does not change.
        let was = before.loans.get(&loan.id);
        if let Some(was) = was.filter(|was| was.state.is_over()) {
            assert_eq!(was, loan);
        }
        let began = was.is_none_or(|was| was.state != LoanState::Active) && loan.state == LoanState::Active;
        if began {
            assert!(signed_enough(loan.minor, &loan.signatures) && !loan.template.is_empty());
            assert!(loan.line().is_some());
            assert!(!loan.minor || loan.signatures.iter().any(|s| s.by != Signer::Borrower));
        }
        if let Some(decided) = &loan.decided {
            assert!(!decided.by.is_empty() && loan.state == LoanState::Active);
            let last = |r: &Reminder| Some(r.due_on) == loan.due_on && r.after_days == 45;
            assert!(loan.reminders.iter().any(last), "a decision before the last reminder");
        }
    }
    for n in 0..ASSETS_N {
        let asset = town.asset(n).await;
        let grant = grants.get(&device_id(n).to_string());
        let (was, grant_was) = (before.assets.get(&n), before.grants.get(&device_id(n).to_string()));
        // The epoch grows with each change of hands, and never falls.
        if let Some(was) = was {
            assert!(asset.epoch >= was.epoch);
            if asset.lifecycle.is_in_use() != was.lifecycle.is_in_use() {
                assert!(asset.epoch > was.epoch, "{:?} {:?}", was.lifecycle, asset.lifecycle);
            }
        }
        if let (Some(is), true) = (grant, grant != grant_was) {
            assert!(grant_was.is_none_or(|was| is.epoch > was.epoch));
            assert_eq!(is.epoch, asset.epoch);
        }
        // Loan and kit exclude each other; who has it by the register has it by the grant.
        let active = loans.iter().find(|loan| loan.line().is_some_and(|line| line.asset == asset.number));
        let lent = matches!(asset.lifecycle, Lifecycle::OnLoan | Lifecycle::AssignedStaff);
        if lent && asset.epoch > 0 {
            let loan = active.filter(|loan| loan.state == LoanState::Active);
            if let (Some(Granted { hold: Hold::Lent(term), .. }), Some(loan)) = (grant, loan) {
                assert_eq!(term.loan, loan.number);
                assert_eq!(term.decided.is_some(), loan.decided.is_some());
                let days = |exam: Exam| (Utc.day_of(exam.from), Utc.day_of(exam.until.before(Duration::from_secs(1))));
                assert_eq!(term.exam.map(days), loan.exam.map(|days| (days.from(), days.until())));
            }
        }
        if let Some(loan) = active
            && before.loans.get(&loan.id).is_none_or(|was| was.lines.len() < loan.lines.len())
        {
            // Its certificate is spent by now.
            let clean = was.is_none_or(Asset::is_clean);
            assert!(lent && clean && asset.wiped.is_none(), "{was:?} {asset:?}");
        }
        if asset.lifecycle == Lifecycle::InKit {
            assert!(!matches!(grant, Some(Granted { hold: Hold::Lent(_), .. })));
        }
        // Available only with a wipe later than its last use.
        if matches!(asset.lifecycle, Lifecycle::Available | Lifecycle::Reserved) {
            assert!(asset.is_clean(), "{asset:?}");
        }
        before.assets.insert(n, asset);
    }
    before.loans = loans.into_iter().map(|loan| (loan.id, loan)).collect();
    before.grants = grants;
}

/// Each index holds what follows from the loans, and nothing else.
async fn indexed(town: &Town) {
    let mut follows: BTreeMap<&str, BTreeMap<String, LoanId>> = BTreeMap::new();
    for loan in town.loans().await {
        for (table, key) in loan_indexes(&loan) {
            follows.entry(table.name).or_default().insert(key, loan.id);
        }
    }
    for table in
        [&LOAN_NUMBERS, &LOAN_SCHOOLS, &LOAN_BORROWERS, &LOAN_ASSETS, &LOAN_DUES, &LOAN_SCHOOL_DUES, &LOAN_OPEN]
    {
        let page = table.page(town.store.as_ref(), &table.scope(&town.territory, ""), "", 1_000).await.unwrap();
        let holds: BTreeMap<String, LoanId> = page.into_iter().map(|row| (row.id, row.value)).collect();
        assert_eq!(holds, follows.remove(table.name).unwrap_or_default(), "{}", table.name);
    }
    assert!(follows.is_empty(), "{follows:?}");
}

#[test]
fn ten_thousand_histories_break_no_invariant() {
    let reached = Mutex::new(BTreeMap::<&str, u32>::new());
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let histories = proptest::collection::vec(any::<(u8, u8, u8)>(), 8..28);
    let ran = runner.run(&histories, |things| {
        runtime.block_on(async {
            let mut town = Town::new().await;
            let mut before = Before::default();
            for thing in things {
                town.now = town.now.after(Duration::from_secs(60));
                happen(&mut town, thing).await;
                invariants(&town, &mut before).await;
            }
            indexed(&town).await;
            let mut reached = reached.lock().unwrap();
            for loan in before.loans.values() {
                *reached.entry(loan.state.name()).or_default() += 1;
                let swapped = (loan.lines.len() > 1).then_some("swapped");
                let decided = loan.events.iter().any(|e| e.what == EventKind::Decided).then_some("decided");
                let examined = loan.exam.map(|_| "examined");
                for what in swapped.into_iter().chain(decided).chain(examined) {
                    *reached.entry(what).or_default() += 1;
                }
            }
        });
        Ok(())
    });
    ran.unwrap();
    // They got everywhere, or they would prove nothing.
    let reached = reached.into_inner().unwrap();
    for what in LoanState::ALL.map(LoanState::name).into_iter().chain(["swapped", "decided", "examined"]) {
        assert!(reached.get(what).is_some_and(|times| *times >= 5), "{what}: {reached:?}");
    }
    println!("{reached:?}");
}
