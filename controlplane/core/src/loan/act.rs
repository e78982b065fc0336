//! An act on a loan: done once, in one commit, or refused with what stands in its way.

use super::amount::Amount;
use super::deed::{Ask, Deed};
use super::find::{loan_find, loan_get};
use super::work::Work;
use super::{ActDone, LOAN_ACTS, LOAN_BORROWERS, LOANS, Loan};
use crate::audit::{Act, Author, Person};
use crate::error::{Error, Result};
use crate::scope::Reach;
use crate::store::{Expect, SharedStore};
use crate::table::Writes;
use jiff::civil::Date;
use model::id::TerritoryId;
use model::loan::{Difference, LoanId};
use model::time::Timestamp;

/// How often an act that met another one is tried again; it then sees what the other has done.
const TRIES: usize = 4;

/// Days where the loans are: time zones are not for the core.
pub trait LocalDays: Sync {
    /// The day to which a moment belongs.
    fn day_of(&self, at: Timestamp) -> Date;
    /// The moment at which a day ends.
    fn day_end(&self, day: Date) -> Timestamp;
}

/// Whoever lends, and where.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// The store.
    pub store: &'a SharedStore,
    /// The territory.
    pub territory: &'a TerritoryId,
    /// What the person may see and change.
    pub reach: &'a Reach,
    /// The person.
    pub by: &'a Person,
    /// Its days.
    pub days: &'a dyn LocalDays,
    /// Now, for the audit: an act that is sent later has happened before.
    pub now: Timestamp,
}

/// What came of an act.
#[derive(Clone, Debug)]
pub struct Acted {
    /// The loan as it stands.
    pub loan: Loan,
    /// Whether the act had been done before, and nothing was changed now.
    pub already: bool,
    /// What is worse about the device than when it was handed over.
    pub worse: Vec<Difference>,
    /// What might be asked for it.
    pub proposal: Option<Amount>,
}

/// Does an act at a moment; `fresh` is the id of a loan that it begins and that has none yet.
///
/// # Errors
/// `Expired` when what has happened meanwhile stands in the way: another desk was quicker, the loan is over, the device is elsewhere;
/// `Invalid` for what makes no sense in any case, `NotFound` for what is not there within the reach, `Denied` for a school outside it.
pub async fn loan_act(desk: &Desk<'_>, ask: &Ask, at: Timestamp, fresh: LoanId) -> Result<Acted> {
    ask.deed.check()?;
    let asked = ask.digest()?;
    let mut met = None;
    for _ in 0..TRIES {
        if let Some(done) = done_before(desk, ask, asked).await? {
            return Ok(done);
        }
        let work = loan_work(desk, ask, at, fresh).await?;
        match work.commit(ask, asked).await {
            Err(Error::Conflict(key)) => met = Some(Error::Conflict(key)),
            acted => return acted,
        }
    }
    Err(met.unwrap_or_else(|| Error::Invalid("nothing was tried".to_owned())))
}

/// Forgets whom a loan was for; the one thing that can be changed in a closed one.
///
/// # Errors
/// `NotFound`; `Expired` for a loan that is not over, because its borrower is still needed; `Conflict`.
pub(crate) async fn loan_erase(store: &SharedStore, territory: &TerritoryId, id: LoanId, act: &Act) -> Result<()> {
    let row = loan_get(store.as_ref(), territory, id).await?.ok_or_else(|| Error::NotFound(format!("loan {id}")))?;
    let mut loan = row.value;
    if !loan.state.is_over() {
        return Err(Error::Expired(format!("loan {} is not over; its borrower is still needed", loan.number)));
    }
    let Some(borrower) = loan.borrower.take() else { return Ok(()) };
    let writes = Writes::by(territory, act)?.put(&LOANS, id.to_string(), &loan, Expect::At(row.revision))?;
    writes.remove(&LOAN_BORROWERS, format!("{borrower}/{id}"), Expect::Any).commit(store).await.map(|_| ())
}

async fn loan_work<'a>(desk: &Desk<'a>, ask: &Ask, at: Timestamp, fresh: LoanId) -> Result<Work<'a>> {
    if let Deed::Create(wish) = &ask.deed {
        return Work::begun(*desk, wish, at, fresh).await;
    }
    let row = loan_find(desk.store.as_ref(), desk.territory, desk.reach, &ask.loan).await?;
    let mut work = Work::of(*desk, row, at).await?;
    match &ask.deed {
        Deed::Create(_) => {}
        Deed::Approve => work.approve()?,
        Deed::Prepare { asset, accessories, template } => {
            work.prepare(asset.as_deref(), accessories, template).await?;
        }
        Deed::Sign(signatures) => work.sign(signatures)?,
        Deed::HandOver { asset, seen } => work.hand_over(asset.as_deref(), seen, &ask.why).await?,
        Deed::Extend { due_on } => work.extend(*due_on, &ask.why).await?,
        Deed::ReturnParts(parts) => work.parts_back(parts).await?,
        Deed::Return { seen, parts, asset } => {
            work.same_check(asset.as_deref())?;
            work.give_back(seen.as_ref(), parts, &ask.why).await?;
        }
        Deed::Swap { asset, seen, back } => work.swap(asset, seen, back.as_ref(), &ask.why).await?,
        Deed::Incident { kind, on, complaint } => work.incident(*kind, *on, complaint.as_deref(), &ask.why).await?,
        Deed::Decide => work.decide(&ask.why).await?,
        Deed::Undecide => work.undecide(&ask.why).await?,
        Deed::Exam(days) => work.exam(*days, &ask.why).await?,
        Deed::ExamCancel => work.exam_cancel(&ask.why).await?,
        Deed::Transfer { school, on } => work.transfer(*school, *on, &ask.why).await?,
        Deed::Close(how) => work.close(*how).await?,
        Deed::Cancel => work.cancel().await?,
    }
    work.loan.changed = desk.now;
    Ok(work)
}

/// What an act with this id did before.
async fn done_before(desk: &Desk<'_>, ask: &Ask, asked: model::digest::Digest) -> Result<Option<Acted>> {
    let Some(id) = ask.act else { return Ok(None) };
    let store = desk.store.as_ref();
    let Some(row) = LOAN_ACTS.get(store, desk.territory, id.to_string()).await? else { return Ok(None) };
    let ActDone { loan, asked: before, .. } = row.value;
    if before != asked {
        return Err(Error::Invalid("this act id was used for another act".to_owned()));
    }
    let row = loan_get(store, desk.territory, loan).await?.filter(|row| desk.reach.covers(&row.value.filed()));
    let loan = row.ok_or_else(|| Error::NotFound(format!("loan {loan}")))?.value;
    Ok(Some(Acted { worse: loan.worse(), proposal: loan.proposal.clone(), loan, already: true }))
}

impl Work<'_> {
    async fn commit(self, ask: &Ask, asked: model::digest::Digest) -> Result<Acted> {
        let act = Act::of(self.desk.now, self.desk.by, ask.deed.verb(), self.loan.number.clone(), &ask.why);
        let done = ask.act.map(|id| (id, ActDone { loan: self.loan.id, asked, at: Some(self.desk.now) }));
        let loan = self.write(act, done).await?;
        Ok(Acted { worse: loan.worse(), proposal: loan.proposal.clone(), loan, already: false })
    }
}

/// The rule that reminds, in the audit.
pub(super) fn reminder_author() -> Author {
    Author::Rule("loan_reminder".to_owned())
}
