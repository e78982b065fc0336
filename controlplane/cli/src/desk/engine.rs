//! The desk as a machine: what is scanned goes in, what it says and what was done come out. No file, no screen, no clock.
//!
//! [`Desk::does`] answers with the entry that is to be made durable; only [`Desk::keep`] makes it count. So nothing is said to be
//! done that a power cut could undo, and what the journal tells after one leads to the same desk.

use super::act::{Act, Entry, Outcome, WHY_CHARS_MAX, What};
use super::command::Command;
use super::find::{Codes, FOUND_MAX, Found};
use super::log::{Log, Standing};
use super::said::Said;
use super::set::{Asset, DaySet, Grade, ItemState, Loan, Mode, Part, Signer};
use model::loan::ActId;
use model::time::Timestamp;

/// A desk at work.
#[derive(Debug)]
pub(crate) struct Desk {
    set: DaySet,
    codes: Codes,
    /// What was done.
    pub(crate) log: Log,
    /// What is done here.
    pub(crate) mode: Mode,
    /// The family in front of it.
    pub(crate) draft: Draft,
    /// The last thing it said.
    pub(crate) said: Option<Said>,
    /// Loans to choose from, after a search.
    pub(crate) choices: Vec<usize>,
}

/// When something is done, and the ids that it may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// By the desk's clock.
    pub(crate) now: Timestamp,
    /// Fresh ones.
    pub(crate) ids: [ActId; 3],
}

/// What was begun and is not done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Draft {
    /// The loan.
    pub(crate) loan: Option<usize>,
    /// The device.
    pub(crate) asset: Option<usize>,
    /// What became of each accessory, as far as somebody looked.
    pub(crate) items: Vec<Option<ItemState>>,
    /// The device's parts that are not good.
    pub(crate) condition: Vec<(Part, Grade)>,
    /// Who signed at this desk.
    pub(crate) signer: Option<Signer>,
}

impl Desk {
    /// A desk with a set, where nothing was done yet.
    pub(crate) fn new(set: DaySet, mode: Mode) -> Self {
        let codes = Codes::of(&set);
        Self { codes, mode, set, log: Log::default(), draft: Draft::default(), said: None, choices: Vec::new() }
    }

    /// Its set.
    pub(crate) const fn set(&self) -> &DaySet {
        &self.set
    }

    /// The loan in front of it.
    pub(crate) fn loan(&self) -> Option<&Loan> {
        self.draft.loan.map(|at| &self.set.loans[at])
    }

    /// The device in front of it.
    pub(crate) fn asset(&self) -> Option<&Asset> {
        self.draft.asset.map(|at| &self.set.assets[at])
    }

    /// The loan of an act.
    pub(crate) fn loan_of(&self, act: &Act) -> Option<&Loan> {
        act.what.loan().and_then(|id| self.codes.loan(id)).map(|at| &self.set.loans[at])
    }

    /// The asset of this inventory number.
    pub(crate) fn asset_of(&self, number: &str) -> Option<&Asset> {
        self.codes.asset(number).map(|at| &self.set.assets[at])
    }

    /// Whether the agreement still has to be signed here.
    pub(crate) fn signature_lacks(&self) -> bool {
        self.mode == Mode::Handout && self.loan().is_some_and(|loan| !loan.signed) && self.draft.signer.is_none()
    }

    /// Takes what a person did: what it says stands in `said`; an entry that comes back counts once it is kept.
    pub(crate) fn does(&mut self, command: Command, moment: &Moment) -> Option<Entry> {
        self.said = None;
        let choices = std::mem::take(&mut self.choices);
        let done = match command {
            Command::Code(text) if text.is_empty() => self.finish(moment),
            Command::Code(text) => self.code(&text, &choices, moment),
            Command::All => self.all().map(|()| None),
            Command::Item(place, to) => self.item(place, to).map(|()| None),
            Command::Part(part, to) => self.part(part, to).map(|()| None),
            Command::Sign(by) => self.sign(by).map(|()| None),
            Command::Finish => self.finish(moment),
            Command::End(outcome, why) => self.end(outcome, &why, moment),
            Command::Undo => self.undo(),
            Command::Clear => {
                self.draft = Draft::default();
                Ok(None)
            }
        };
        match done {
            Ok(entry) => entry,
            Err(said) => {
                self.said = Some(said);
                None
            }
        }
    }

    /// Begins to work: what the journal told is known, and nobody is in front of the desk.
    pub(crate) fn begin(&mut self) {
        self.draft = Draft::default();
        self.said = None;
    }

    /// Takes an entry that is durable: one just made, or one that the journal tells.
    pub(crate) fn keep(&mut self, entry: Entry) {
        match &entry {
            Entry::Act(act) => {
                let named = self.who(act);
                self.said = Some(Said::done(act.what.name()).text("who", &named));
                self.draft = Draft::default();
            }
            Entry::Undo { act } => {
                let undone =
                    self.log.acts().iter().find(|logged| logged.act.id == *act).map(|logged| logged.act.clone());
                if let Some(act) = undone {
                    self.said = Some(Said::warning("desk-said-undone").text("who", &self.who(&act)));
                    self.draft_restore(&act.what);
                }
            }
            Entry::Desk { .. } | Entry::Sending { .. } | Entry::Told { .. } | Entry::Clock { .. } => {}
        }
        self.log.take(entry);
    }

    fn code(&mut self, text: &str, choices: &[usize], moment: &Moment) -> Result<Option<Entry>, Said> {
        if self.mode == Mode::Stocktake {
            return self.seen(text, moment);
        }
        if let Some(chosen) = text.parse().ok().and_then(|n: usize| choices.get(n.checked_sub(1)?)) {
            return self.loan_take(*chosen).map(|()| None);
        }
        if let Ok(place) = text.parse::<usize>()
            && text.len() == 1
            && self.draft.loan.is_some()
        {
            return self.item(place, None).map(|()| None);
        }
        match self.codes.find(text) {
            Some(Found::Loan(at)) => self.loan_take(at)?,
            Some(Found::Asset(at)) => self.asset_take(at)?,
            Some(Found::Item(loan, at)) => {
                self.loan_take(loan)?;
                self.item(at + 1, Some(ItemState::There))?;
            }
            None => {
                let found = self.codes.search(text);
                match found.as_slice() {
                    [] => return Err(Said::bad("desk-said-unknown").text("code", text)),
                    [one] => self.loan_take(*one)?,
                    several if several.len() > FOUND_MAX => return Err(Said::warning("desk-said-many")),
                    _ => self.choices = found,
                }
            }
        }
        Ok(None)
    }

    fn loan_take(&mut self, at: usize) -> Result<(), Said> {
        if self.draft.loan == Some(at) {
            return Ok(());
        }
        self.unfinished_check()?;
        self.loan_check(at)?;
        let loan = &self.set.loans[at];
        let asset = self.draft.asset;
        if let Some(asset) = asset {
            self.pair_check(at, asset)?;
        }
        let condition = if self.mode == Mode::Return { loan.condition.clone() } else { Vec::new() };
        self.draft = Draft { loan: Some(at), asset, items: vec![None; loan.items.len()], condition, signer: None };
        Ok(())
    }

    fn asset_take(&mut self, at: usize) -> Result<(), Said> {
        if self.draft.asset == Some(at) {
            return Ok(());
        }
        let asset = &self.set.assets[at];
        let said = |key| Said::bad(key).text("asset", &asset.number);
        let meant = self.set.loans.iter().position(|loan| loan.asset.as_deref() == Some(asset.number.as_str()));
        if let Some(act) = self.log.of_asset(&asset.number) {
            return Err(said(if self.mode == Mode::Return { "desk-said-back-here" } else { "desk-said-lent-here" })
                .text("who", &self.who(act)));
        }
        let fits = match self.mode {
            Mode::Handout => ["available", "reserved"].contains(&asset.lifecycle.as_str()),
            Mode::Return | Mode::Stocktake => true,
        };
        if !fits {
            return Err(said("desk-said-asset-state").word(
                "state",
                format!("desk-lifecycle-{}", asset.lifecycle),
                &asset.lifecycle,
            ));
        }
        match (self.mode, meant, self.draft.loan) {
            // The device tells the loan.
            (_, Some(loan), None) => {
                self.loan_take(loan)?;
            }
            (Mode::Return, None, _) => return Err(said("desk-said-not-lent")),
            (Mode::Handout, None, _) if asset.lifecycle == "reserved" => {
                return Err(said("desk-said-reserved-elsewhere"));
            }
            (_, _, Some(loan)) => self.pair_check(loan, at)?,
            (_, None, None) => {}
        }
        self.draft.asset = Some(at);
        Ok(())
    }

    /// Whether this device may go with this loan.
    fn pair_check(&self, loan: usize, asset: usize) -> Result<(), Said> {
        let (loan, asset) = (&self.set.loans[loan], &self.set.assets[asset]);
        let said = |key| Said::bad(key).text("asset", &asset.number);
        let owner = self.set.loans.iter().find(|other| other.asset.as_deref() == Some(asset.number.as_str()));
        if let Some(other) = owner.filter(|other| other.id != loan.id) {
            return Err(said("desk-said-reserved").text("who", other.called()).text("loan", &other.number));
        }
        if let Some(expected) = loan.asset.as_ref().filter(|expected| **expected != asset.number) {
            return Err(said("desk-said-other-device").text("expected", expected));
        }
        if !asset.school.is_empty() && asset.school != loan.school {
            return Err(said("desk-said-school").text("school", &asset.school));
        }
        Ok(())
    }

    fn loan_check(&self, at: usize) -> Result<(), Said> {
        let loan = &self.set.loans[at];
        let said = |key| Said::bad(key).text("who", loan.called()).text("loan", &loan.number);
        match self.log.of_loan(&loan.id).map(|act| &act.what) {
            // A family that was not there may come after all.
            None | Some(What::Outcome { .. }) => {}
            Some(What::Handout { .. }) => return Err(said("desk-said-loan-lent")),
            Some(_) => return Err(said("desk-said-loan-back")),
        }
        let fits: &[&str] = match self.mode {
            Mode::Return => &["active"],
            Mode::Handout | Mode::Stocktake => &["ready", "agreement_pending"],
        };
        if fits.contains(&loan.state.as_str()) {
            return Ok(());
        }
        Err(said("desk-said-loan-state").word("state", format!("desk-loan-{}", loan.state), &loan.state))
    }

    /// A family that was begun is not forgotten because the next paper was scanned.
    fn unfinished_check(&self) -> Result<(), Said> {
        let touched = self.draft.asset.is_some() || self.draft.items.iter().any(Option::is_some);
        match self.loan() {
            Some(loan) if touched || self.draft.signer.is_some() => {
                Err(Said::bad("desk-said-unfinished").text("who", loan.called()))
            }
            _ => Ok(()),
        }
    }

    fn all(&mut self) -> Result<(), Said> {
        self.loan().ok_or_else(|| Said::bad("desk-said-nobody"))?;
        for item in &mut self.draft.items {
            item.get_or_insert(ItemState::There);
        }
        Ok(())
    }

    fn item(&mut self, place: usize, to: Option<ItemState>) -> Result<(), Said> {
        self.loan().ok_or_else(|| Said::bad("desk-said-nobody"))?;
        let mode = self.mode;
        let item = place.checked_sub(1).and_then(|at| self.draft.items.get_mut(at));
        let item = item.ok_or_else(|| Said::bad("desk-said-no-item").text("place", &place.to_string()))?;
        *item = Some(to.unwrap_or_else(|| item.map_or(ItemState::There, |state| state.next(mode))));
        Ok(())
    }

    fn part(&mut self, part: Part, to: Option<Grade>) -> Result<(), Said> {
        self.loan().ok_or_else(|| Said::bad("desk-said-nobody"))?;
        let now =
            self.draft.condition.iter().find(|(known, _)| *known == part).map_or(Grade::Good, |(_, grade)| *grade);
        let next = to.unwrap_or_else(|| now.next());
        self.draft.condition.retain(|(known, _)| *known != part);
        if next != Grade::Good {
            self.draft.condition.push((part, next));
            self.draft.condition.sort_unstable();
        }
        Ok(())
    }

    fn sign(&mut self, by: Option<Signer>) -> Result<(), Said> {
        let loan = self.loan().ok_or_else(|| Said::bad("desk-said-nobody"))?;
        if self.mode != Mode::Handout || loan.signed {
            return Err(Said::warning("desk-said-signed"));
        }
        let may: &[Signer] = match (loan.minor, loan.guardians.len()) {
            (false, _) => &[Signer::Borrower],
            (true, 0 | 1) => &[Signer::Guardian1],
            (true, _) => &[Signer::Guardian1, Signer::Guardian2],
        };
        let next = match (by, self.draft.signer) {
            (Some(by), _) if may.contains(&by) => Some(by),
            (Some(_), _) => return Err(Said::bad("desk-said-signer")),
            (None, None) => may.first().copied(),
            (None, Some(now)) => may.iter().position(|signer| *signer == now).and_then(|at| may.get(at + 1)).copied(),
        };
        self.draft.signer = next;
        Ok(())
    }

    fn finish(&mut self, moment: &Moment) -> Result<Option<Entry>, Said> {
        if self.mode == Mode::Stocktake {
            return Ok(None);
        }
        let Some(loan) = self.loan() else { return Err(Said::warning("desk-said-nobody")) };
        let asset = self.asset().ok_or_else(|| Said::bad("desk-said-no-device").text("who", loan.called()))?;
        if self.signature_lacks() {
            return Err(Said::bad("desk-said-unsigned").text("who", loan.called()));
        }
        let items: Option<Vec<ItemState>> = self.draft.items.iter().copied().collect();
        let items = items.ok_or_else(|| Said::bad("desk-said-items"))?;
        let (loan, asset, condition) = (loan.id.clone(), asset.number.clone(), self.draft.condition.clone());
        let what = match self.mode {
            Mode::Return => What::Return { loan, asset, items, condition },
            Mode::Handout | Mode::Stocktake => {
                What::Handout { loan, asset, items, condition, signer: self.draft.signer }
            }
        };
        self.act(what, moment)
    }

    fn end(&mut self, outcome: Outcome, why: &str, moment: &Moment) -> Result<Option<Entry>, Said> {
        let loan = self.loan().ok_or_else(|| Said::bad("desk-said-nobody"))?;
        if outcome == Outcome::Problem && why.is_empty() {
            return Err(Said::bad("desk-said-why"));
        }
        let why = why.chars().take(WHY_CHARS_MAX).filter(|c| !c.is_control()).collect();
        let what = What::Outcome { loan: loan.id.clone(), outcome, why };
        self.act(what, moment)
    }

    fn seen(&mut self, text: &str, moment: &Moment) -> Result<Option<Entry>, Said> {
        let code: String = match self.codes.find(text) {
            Some(Found::Asset(at)) => self.set.assets[at].number.clone(),
            // Of an address only the end, which is the code.
            _ => text
                .rsplit(['/', '#', '='])
                .next()
                .unwrap_or_default()
                .chars()
                .filter(|c| !c.is_control())
                .take(64)
                .collect(),
        };
        if code.is_empty() {
            return Err(Said::bad("desk-said-unknown").text("code", text));
        }
        if self.log.of_asset(&code).is_some() {
            return Err(Said::warning("desk-said-seen-before").text("code", &code));
        }
        self.act(What::Seen { code }, moment)
    }

    fn act(&self, what: What, moment: &Moment) -> Result<Option<Entry>, Said> {
        if moment.now >= self.set.expires {
            return Err(Said::bad("desk-said-expired"));
        }
        let [id, signature, parts] = moment.ids;
        Ok(Some(Entry::Act(Act { id, signature, parts, at: moment.now, what })))
    }

    fn undo(&mut self) -> Result<Option<Entry>, Said> {
        let last = self.log.last().ok_or_else(|| Said::warning("desk-said-undo-none"))?;
        match last.standing {
            Standing::Waiting => Ok(Some(Entry::Undo { act: last.act.id })),
            _ => Err(Said::bad("desk-said-undo-sent").text("who", &self.who(&last.act))),
        }
    }

    /// Puts a family whose act was taken back on the screen again, to be put right.
    fn draft_restore(&mut self, what: &What) {
        let place = |number: &str| self.codes.asset(number);
        let loan = what.loan().and_then(|id| self.codes.loan(id));
        let (asset, items, condition, signer) = match what {
            What::Handout { asset, items, condition, signer, .. } => {
                (place(asset), items.clone(), condition.clone(), *signer)
            }
            What::Return { asset, items, condition, .. } => (place(asset), items.clone(), condition.clone(), None),
            What::Outcome { .. } | What::Seen { .. } => (None, Vec::new(), Vec::new(), None),
        };
        let Some(at) = loan else { return };
        let mut items: Vec<Option<ItemState>> = items.into_iter().map(Some).collect();
        items.resize(self.set.loans[at].items.len(), None);
        self.draft = Draft { loan: Some(at), asset, items, condition, signer };
    }

    /// Whom an act is about.
    pub(super) fn who(&self, act: &Act) -> String {
        match &act.what {
            What::Seen { code } => code.clone(),
            what => {
                let number = || what.loan().unwrap_or_default();
                self.loan_of(act).map_or_else(number, Loan::called).to_owned()
            }
        }
    }
}

#[cfg(test)]
#[path = "engine/tests.rs"]
mod tests;
