//! What one act changes: a loan, the assets it touches, what their devices are granted, and the indexes that follow from the loan.

use super::act::Desk;
use super::policy::policy_get;
use super::term::loan_term;
use super::{
    ActDone, LOAN_ACTS, LOAN_ASSETS, LOAN_BORROWERS, LOAN_DUES, LOAN_NUMBERS, LOAN_OPEN, LOAN_SCHOOL_DUES,
    LOAN_SCHOOLS, LOAN_SEQUENCES, LOANS, Loan,
};
use crate::asset::{ASSETS, Asset, grant_put};
use crate::audit::Act;
use crate::device::{DEVICES, Decision, Device};
use crate::error::{Error, Result};
use crate::store::{Expect, Revision};
use crate::table::{Intent, Row, Table, Writes};
use model::grant::Hold;
use model::id::DeviceId;
use model::lifecycle::{LifecycleError, Step};
use model::loan::{ActId, LoanId, LoanPolicy, LoanState};
use model::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Where a loan is found, besides by its id.
static INDEXES: [&Table<LoanId, Intent>; 7] =
    [&LOAN_NUMBERS, &LOAN_SCHOOLS, &LOAN_BORROWERS, &LOAN_ASSETS, &LOAN_DUES, &LOAN_OPEN, &LOAN_SCHOOL_DUES];
/// Those of them in which a key is one loan's alone.
const ALONE: [usize; 2] = [0, 5];
/// Lists in a loan that grow have at most so many entries.
pub(super) const ENTRIES_MAX: usize = 100;

/// An act in the making.
pub(super) struct Work<'a> {
    pub(super) desk: Desk<'a>,
    pub(super) at: Timestamp,
    pub(super) policy: LoanPolicy,
    pub(super) loan: Loan,
    /// The loan as it was, unless it begins.
    before: Option<Row<Loan>>,
    /// The number it was given, and what the sequence expects.
    sequence: Option<(String, u32, Expect)>,
    assets: BTreeMap<String, Touched>,
}

/// An asset that an act touches.
struct Touched {
    revision: Revision,
    asset: Asset,
    /// What its device is granted from now on, the verb by which it is told, and why.
    hold: Option<(Hold, &'static str, String)>,
}

impl<'a> Work<'a> {
    /// An act on a loan there is.
    pub(super) async fn of(desk: Desk<'a>, row: Row<Loan>, at: Timestamp) -> Result<Self> {
        let policy = policy_get(desk.store.as_ref(), desk.territory).await?;
        let loan = row.value.clone();
        Ok(Self { desk, at, policy, loan, before: Some(row), sequence: None, assets: BTreeMap::new() })
    }

    /// An act that begins a loan.
    pub(super) async fn fresh(
        desk: Desk<'a>,
        loan: Loan,
        sequence: (String, u32, Expect),
        at: Timestamp,
    ) -> Result<Self> {
        let policy = policy_get(desk.store.as_ref(), desk.territory).await?;
        Ok(Self { desk, at, policy, loan, before: None, sequence: Some(sequence), assets: BTreeMap::new() })
    }

    /// The asset with this number, within the reach.
    pub(super) async fn asset(&mut self, number: &str) -> Result<&mut Asset> {
        if !self.assets.contains_key(number) {
            let row = ASSETS.get(self.desk.store.as_ref(), self.desk.territory, number).await?;
            let row = row.filter(|row| self.desk.reach.covers(&row.value.filed()));
            let row = row.ok_or_else(|| Error::NotFound(format!("asset {number:?}")))?;
            let touched = Touched { revision: row.revision, asset: row.value, hold: None };
            self.assets.insert(number.to_owned(), touched);
        }
        let touched = self.assets.get_mut(number).map(|touched| &mut touched.asset);
        touched.ok_or_else(|| Error::NotFound(format!("asset {number:?}")))
    }

    /// Does a step in an asset's life.
    pub(super) async fn step(&mut self, number: &str, step: Step) -> Result<()> {
        let asset = self.asset(number).await?;
        let refused = |LifecycleError { from, step }: LifecycleError| {
            Error::Expired(format!("{number} is {} and cannot be {}", from.name(), step.done()))
        };
        asset.lifecycle = asset.lifecycle.after(step).map_err(refused)?;
        Ok(())
    }

    /// Changes in whose hands an asset is: what was ordered before holds no more.
    pub(super) async fn hold(&mut self, number: &str, hold: Hold, verb: &'static str, why: &str) -> Result<()> {
        let asset = self.asset(number).await?;
        asset.epoch = asset.epoch.saturating_add(1);
        if let Some(touched) = self.assets.get_mut(number) {
            touched.hold = Some((hold, verb, why.to_owned()));
        }
        Ok(())
    }

    /// What the device of this loan is granted.
    pub(super) fn term(&self, start: Timestamp) -> Hold {
        loan_term(&self.loan, &self.policy, self.desk.days, start)
    }

    /// Says that no other loan has this asset, or which one has it.
    pub(super) async fn taken_check(&self, number: &str) -> Result<bool> {
        let store = self.desk.store.as_ref();
        let Some(open) = LOAN_OPEN.get(store, self.desk.territory, number).await? else { return Ok(false) };
        if open.value == self.loan.id {
            return Ok(true);
        }
        let other = LOANS.get(store, self.desk.territory, open.value.to_string()).await?;
        let other = other.filter(|row| self.desk.reach.covers(&row.value.filed()));
        Err(Error::Expired(match other {
            Some(row) => {
                format!("{number} is in loan {} already, which is {}", row.value.number, row.value.state.name())
            }
            None => format!("{number} is in another loan already"),
        }))
    }

    /// Writes everything in one commit.
    pub(super) async fn write(self, act: Act, done: Option<(ActId, ActDone)>) -> Result<Loan> {
        let Self { desk, loan, before, sequence, assets, .. } = self;
        let (store, territory) = (desk.store, desk.territory);
        let mut writes = Writes::by(territory, &act)?;
        let mut told: BTreeSet<String> = BTreeSet::new();
        for (number, touched) in assets {
            let Touched { revision, asset, hold } = touched;
            if let (Some(device), Some((hold, verb, why))) = (asset.device, hold) {
                let lends = (hold != Hold::Free).then_some(loan.school);
                writes = grant_put(writes, &asset, hold.clone(), lends)?;
                writes = device_put(&desk, writes, (device, &asset), &hold, &act, &why).await?;
                // The device is told of it, as of every act on it.
                if told.insert(device.to_string()) {
                    let on_device =
                        Act { verb: verb.to_owned(), subject: device.to_string(), why: None, ..act.clone() };
                    writes = writes.also(&if why.is_empty() { on_device } else { on_device.because(&why) })?;
                }
            }
            writes = writes.put(&ASSETS, number, &asset, Expect::At(revision))?;
        }
        if let Some((key, number, expect)) = sequence {
            writes = writes.put(&LOAN_SEQUENCES, key, &number, expect)?;
        }
        if let Some((id, done)) = done {
            writes = writes.put(&LOAN_ACTS, id.to_string(), &done, Expect::Absent)?;
        }
        let (was, is) = (before.as_ref().map(|row| keys(&row.value)).unwrap_or_default(), keys(&loan));
        for (index, key) in was.difference(&is) {
            writes = writes.remove(INDEXES[*index], key.as_str(), Expect::Any);
        }
        for (index, key) in is.difference(&was) {
            let expect = if ALONE.contains(index) { Expect::Absent } else { Expect::Any };
            writes = writes.put(INDEXES[*index], key.as_str(), &loan.id, expect)?;
        }
        let expect = before.as_ref().map_or(Expect::Absent, |row| Expect::At(row.revision));
        writes.put(&LOANS, loan.id.to_string(), &loan, expect)?.commit(store).await?;
        Ok(loan)
    }
}

/// Adds to a batch what becomes of a device besides its grant: what is missing cannot find back by itself, and it is filed with its asset.
async fn device_put(
    desk: &Desk<'_>,
    mut writes: Writes<Intent>,
    (id, asset): (DeviceId, &Asset),
    hold: &Hold,
    act: &Act,
    why: &str,
) -> Result<Writes<Intent>> {
    let Some(row) = DEVICES.get(desk.store.as_ref(), desk.territory, id.to_string()).await? else { return Ok(writes) };
    let mut device = Device { school: asset.school.or(row.value.school), ..row.value.clone() }.in_class_here();
    if *hold == Hold::Missing
        && let Some(lost) = device.missed()?
    {
        let lose = Act { verb: Decision::Lost.verb().to_owned(), subject: id.to_string(), why: None, ..act.clone() };
        writes = writes.also(&if why.is_empty() { lose } else { lose.because(why) })?;
        device = lost;
    }
    if device == row.value {
        return Ok(writes);
    }
    writes.device(Some(&row.value), &device, Expect::At(row.revision))
}

/// The indexes in which a loan stands, and under which keys.
#[must_use]
pub fn loan_indexes(loan: &Loan) -> Vec<(&'static Table<LoanId, Intent>, String)> {
    keys(loan).into_iter().map(|(index, key)| (INDEXES[index], key)).collect()
}

/// Under which keys a loan is found: all that follows from it, so that no act can forget one.
fn keys(loan: &Loan) -> BTreeSet<(usize, String)> {
    let id = loan.id;
    let mut keys = BTreeSet::from([(0, loan.number.clone()), (1, format!("{}/{id}", loan.school))]);
    keys.extend(loan.borrower.iter().map(|borrower| (2, format!("{borrower}/{id}"))));
    let assets = loan.lines.iter().map(|line| &line.asset).chain(&loan.prepared);
    keys.extend(assets.map(|asset| (3, format!("{asset}/{id}"))));
    if let Some(due) = loan.due_on.filter(|_| loan.state == LoanState::Active) {
        keys.extend([(4, format!("{due}/{id}")), (6, format!("{}/{due}/{id}", loan.school))]);
    }
    keys.extend(loan.holds().map(|asset| (5, asset.to_owned())));
    keys
}

/// The latest moment at which a use of an asset ended.
pub(super) fn used_until(asset: &mut Asset, at: Timestamp) {
    asset.used_until = Some(asset.used_until.map_or(at, |until| until.max(at)));
}
