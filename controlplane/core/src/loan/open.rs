//! From the wish to the signed agreement.

use super::act::Desk;
use super::deed::{AccessoryWish, Wish};
use super::work::Work;
use super::{Accessory, LOAN_SEQUENCES, LOANS, Loan, PartState};
use crate::error::{Error, Result};
use crate::establishment::filed_check;
use crate::scope::Filed;
use crate::store::Expect;
use model::lifecycle::{Lifecycle, Step};
use model::loan::{BorrowerKind, LoanId, LoanState, LoanStep, Signature, signed_enough};
use model::time::Timestamp;

/// The most signatures.
const SIGNATURES_MAX: usize = 6;

impl<'a> Work<'a> {
    /// A loan that begins, with the next number of its school.
    pub(super) async fn begun(desk: Desk<'a>, wish: &Wish, at: Timestamp, fresh: LoanId) -> Result<Self> {
        if wish.kind == BorrowerKind::Pupil && wish.due_on.is_none() {
            return Err(Error::Invalid("a loan to a pupil has a due day".to_owned()));
        }
        if wish.minor && wish.kind != BorrowerKind::Pupil {
            return Err(Error::Invalid("only a pupil is a minor".to_owned()));
        }
        if wish.due_on.is_some_and(|due_on| due_on < wish.start_on) {
            return Err(Error::Invalid("a loan is due after it has begun".to_owned()));
        }
        let filed = Filed { owner: wish.owner.clone(), school: Some(wish.school) };
        if !desk.reach.covers(&filed) {
            let text = "loans are made only within your scope: name its school or its owner";
            return Err(Error::Denied(text.to_owned()));
        }
        if wish.class.as_ref().is_some_and(|class| class.school != wish.school) {
            return Err(Error::Invalid(format!("a loan is for a class of its own school, {}", wish.school)));
        }
        let store = desk.store.as_ref();
        filed_check(store, desk.territory, &filed).await?;
        let id = wish.id.unwrap_or(fresh);
        if LOANS.get(store, desk.territory, id.to_string()).await?.is_some() {
            return Err(Error::Expired(format!("loan {id} was begun already")));
        }
        let key = format!("{}/{}", wish.school, desk.days.day_of(at).year());
        let row = LOAN_SEQUENCES.get(store, desk.territory, key.as_str()).await?;
        let expect = row.as_ref().map_or(Expect::Absent, |row| Expect::At(row.revision));
        let sequence = row.map_or(0, |row| row.value).saturating_add(1);
        let loan = Loan {
            id,
            number: format!("{}-{sequence:05}", key.replace('/', "-")),
            state: LoanState::Draft,
            school: wish.school,
            class: wish.class.clone(),
            owner: wish.owner.clone(),
            borrower: Some(wish.borrower),
            kind: wish.kind,
            minor: wish.minor,
            measure: wish.measure,
            funding: wish.funding.clone(),
            start_on: wish.start_on,
            due_on: wish.due_on,
            prepared: None,
            lines: Vec::new(),
            accessories: Vec::new(),
            template: String::new(),
            made_out: None,
            signatures: Vec::new(),
            incidents: Vec::new(),
            reminders: Vec::new(),
            events: Vec::new(),
            decided: None,
            exam: None,
            proposal: None,
            created: at,
            changed: desk.now,
        };
        Self::fresh(desk, loan, (key, sequence, expect), at).await
    }

    /// Where the loan goes by an act.
    pub(super) fn go(&mut self, step: LoanStep) -> Result<()> {
        self.loan.state = self.loan.state.after(step).map_err(|error| Error::Expired(error.to_string()))?;
        if self.loan.state.is_over() {
            self.loan.class = None;
        }
        Ok(())
    }

    pub(super) fn approve(&mut self) -> Result<()> {
        self.go(LoanStep::Approve)
    }

    /// Makes the agreement out: what it names waits for this loan, and signatures under an earlier one are void.
    pub(super) async fn prepare(
        &mut self,
        asset: Option<&str>,
        accessories: &[AccessoryWish],
        template: &str,
    ) -> Result<()> {
        self.go(LoanStep::Prepare)?;
        self.release(asset).await?;
        if let Some(number) = asset {
            let ours = self.taken_check(number).await?;
            self.clean_check(number).await?;
            self.measure_take(number).await?;
            if !ours {
                self.step(number, Step::Reserve).await?;
            }
        }
        self.loan.prepared = asset.map(str::to_owned);
        let out = |one: &AccessoryWish| Accessory {
            number: one.number.clone(),
            kind: one.kind.clone(),
            state: PartState::Out,
        };
        self.loan.accessories = accessories.iter().map(out).collect();
        template.clone_into(&mut self.loan.template);
        self.loan.made_out = Some(self.at);
        self.loan.signatures.clear();
        Ok(())
    }

    pub(super) fn sign(&mut self, signatures: &[Signature]) -> Result<()> {
        if signatures.is_empty() {
            return Err(Error::Invalid("name who signed".to_owned()));
        }
        for signature in signatures {
            self.loan.signatures.retain(|before| before.by != signature.by);
            self.loan.signatures.push(signature.clone());
        }
        if self.loan.signatures.len() > SIGNATURES_MAX {
            return Err(Error::Invalid(format!("a loan has at most {SIGNATURES_MAX} signatures")));
        }
        let enough = signed_enough(self.loan.minor, &self.loan.signatures);
        self.go(if enough { LoanStep::SignLast } else { LoanStep::Sign })
    }

    pub(super) async fn cancel(&mut self) -> Result<()> {
        self.go(LoanStep::Cancel)?;
        self.release(None).await?;
        self.loan.prepared = None;
        Ok(())
    }

    /// Nothing of an earlier user may be left on what is lent.
    pub(super) async fn clean_check(&mut self, number: &str) -> Result<()> {
        if self.asset(number).await?.is_clean() {
            return Ok(());
        }
        Err(Error::Expired(format!("{number} has not been wiped since it was last in use")))
    }

    /// Where the loan names no lender, no measure or no money, those of its device are its own: they stand on what is signed.
    pub(super) async fn measure_take(&mut self, number: &str) -> Result<()> {
        let asset = self.asset(number).await?;
        let (owner, measure, funding) = (asset.owner.clone(), asset.measure, asset.funding.clone());
        self.loan.owner = self.loan.owner.take().or(owner);
        self.loan.measure = self.loan.measure.or(measure);
        self.loan.funding = self.loan.funding.take().or(funding);
        match self.loan.measure {
            Some(_) => Ok(()),
            None => Err(Error::Expired(format!("neither loan {} nor {number} names a measure", self.loan.number))),
        }
    }

    /// Lets go of what waited for this loan, unless it is the same again.
    async fn release(&mut self, but: Option<&str>) -> Result<()> {
        let Some(number) = self.loan.prepared.clone().filter(|number| Some(number.as_str()) != but) else {
            return Ok(());
        };
        // It may have been lost or put out of use while it waited.
        if self.asset(&number).await?.lifecycle == Lifecycle::Reserved {
            self.step(&number, Step::Release).await?;
        }
        Ok(())
    }
}
