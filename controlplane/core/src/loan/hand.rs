//! From hand to hand: handing over, taking back, swapping, and what goes wrong in between.

use super::deed::{Closing, PartBack, Seen};
use super::work::{ENTRIES_MAX, Work, used_until};
use super::{Incident, Line, LineEnd, PartState};
use crate::device::DEVICES;
use crate::error::{Error, Result};
use crate::kit::kit_has;
use crate::report::{Condition, FACTS, Facts};
use jiff::civil::Date;
use model::device::JoinState;
use model::grant::Hold;
use model::lifecycle::{Lifecycle, Step};
use model::loan::{BorrowerKind, ConditionReport, IncidentKind, LoanStep};

impl Work<'_> {
    /// Hands a device over: it is clean, in good order, nobody else's, and the one that the agreement names.
    pub(super) async fn hand_over(&mut self, asset: Option<&str>, seen: &Seen, why: &str) -> Result<()> {
        self.go(LoanStep::HandOver)?;
        let named = self.loan.prepared.clone();
        let number = match (asset, named) {
            (Some(asset), Some(named)) if *asset != named => {
                let text = format!("the agreement names {named}, not {asset}; make it out anew and have it signed");
                return Err(Error::Expired(text));
            }
            (Some(asset), _) => asset.to_owned(),
            (None, Some(named)) => named,
            (None, None) => return Err(Error::Invalid("name the device that is handed over".to_owned())),
        };
        if self.loan.due_on.is_some_and(|due_on| due_on < self.desk.days.day_of(self.at)) {
            return Err(Error::Expired("the due day of this loan is over; make a new one".to_owned()));
        }
        self.lend(&number, seen, "device_lend", why).await?;
        self.loan.prepared = None;
        Ok(())
    }

    /// Whether this is the device that the loan has: a return that was noted without a network may be older than a swap.
    pub(super) fn same_check(&self, asset: Option<&str>) -> Result<()> {
        match (asset, self.loan.lines.last()) {
            (Some(asset), Some(line)) if line.asset != asset => {
                Err(Error::Expired(format!("this loan has another device than {asset} now")))
            }
            _ => Ok(()),
        }
    }

    /// Takes the device back, with what came with it.
    pub(super) async fn give_back(&mut self, seen: Option<&Seen>, parts: &[PartBack], why: &str) -> Result<()> {
        if self.loan.line().is_some() {
            let Some(seen) = seen else {
                return Err(Error::Invalid("say how the device is that comes back".to_owned()));
            };
            self.take_back(seen, "device_return", why).await?;
        } else if let Some(number) = self.loan.lines.last().map(|line| line.asset.clone()) {
            // It was said to be lost or stolen; who has found it says so of the asset.
            let lifecycle = self.asset(&number).await?.lifecycle;
            if matches!(lifecycle, Lifecycle::Lost | Lifecycle::Stolen) {
                let text = format!("{number} is {}; say first that it was found, or close the loan", lifecycle.name());
                return Err(Error::Expired(text));
            }
        }
        self.go(LoanStep::Return)?;
        self.parts_set(parts)?;
        self.propose(None).await
    }

    /// Notes what became of accessories.
    pub(super) async fn parts_back(&mut self, parts: &[PartBack]) -> Result<()> {
        if parts.is_empty() {
            return Err(Error::Invalid("name what came back".to_owned()));
        }
        self.go(LoanStep::ReturnPart)?;
        self.parts_set(parts)?;
        self.propose(None).await
    }

    /// Gives another device in the place of the first, which comes back unless it is missing; the loan goes on.
    pub(super) async fn swap(&mut self, asset: &str, seen: &Seen, back: Option<&Seen>, why: &str) -> Result<()> {
        self.go(LoanStep::Swap)?;
        if self.loan.line().is_some_and(|line| line.asset == asset) {
            return Err(Error::Invalid(format!("{asset} is the device that this loan has")));
        }
        match (self.loan.line().is_some(), back) {
            (true, Some(back)) => self.take_back(back, "device_return", why).await?,
            (true, None) => {
                return Err(Error::Invalid("say how the device is that comes back, or that it is missing".to_owned()));
            }
            (false, _) => {}
        }
        self.lend(asset, seen, "device_lend", why).await
    }

    /// Notes what went wrong; a loss or a theft takes the device out of the borrower's hands.
    pub(super) async fn incident(
        &mut self,
        kind: IncidentKind,
        on: Date,
        complaint: Option<&str>,
        why: &str,
    ) -> Result<()> {
        self.go(LoanStep::Incident)?;
        self.not_before_lent();
        if on > self.desk.days.day_of(self.at) {
            return Err(Error::Invalid("an incident lies in the past".to_owned()));
        }
        let line = self.loan.line().map(|line| line.asset.clone());
        let number = line.ok_or_else(|| Error::Expired("this loan has no device any more".to_owned()))?;
        if self.loan.incidents.len() >= ENTRIES_MAX {
            return Err(Error::Invalid(format!("a loan has at most {ENTRIES_MAX} incidents")));
        }
        let complaint = complaint.map(str::to_owned);
        self.loan.incidents.push(Incident { kind, on, asset: number.clone(), complaint });
        let (step, end, verb) = match kind {
            IncidentKind::Breakage | IncidentKind::Failure => return Ok(()),
            IncidentKind::Loss => (Step::Lose, LineEnd::Lost, "device_lose"),
            IncidentKind::Theft => (Step::Steal, LineEnd::Stolen, "device_steal"),
        };
        // Somebody may have said so of the asset before.
        let lifecycle = self.asset(&number).await?.lifecycle;
        if !matches!((lifecycle, step), (Lifecycle::Lost | Lifecycle::Stolen, Step::Lose) | (Lifecycle::Stolen, _)) {
            self.step(&number, step).await?;
        }
        let at = self.at;
        used_until(self.asset(&number).await?, at);
        self.hold(&number, Hold::Missing, verb, why).await?;
        self.line_end(end, None);
        Ok(())
    }

    /// Ends the loan, with an amount to be proposed where something is missing or damaged.
    pub(super) async fn close(&mut self, how: Closing) -> Result<()> {
        let has = |kind: IncidentKind, work: &Self| work.loan.incidents.iter().any(|incident| incident.kind == kind);
        let gone = |end: LineEnd, work: &Self| work.loan.lines.last().is_some_and(|line| line.end == Some(end));
        let worse = |work: &Self| {
            let last = work.loan.lines.last();
            last.and_then(|line| line.back?.worst_since(&line.out)).is_some()
        };
        let refused = |text: &str| Err(Error::Expired(text.to_owned()));
        let step = match how {
            Closing::Returned => LoanStep::Close,
            Closing::Lost => LoanStep::CloseLost,
            Closing::Stolen => LoanStep::CloseStolen,
            Closing::Damaged => LoanStep::CloseDamaged,
        };
        self.go(step)?;
        if self.loan.accessories.iter().any(|one| one.state == PartState::Out) && how != Closing::Stolen {
            return refused("say first of each accessory whether it came back, is missing or is damaged");
        }
        match how {
            Closing::Lost if !gone(LineEnd::Lost, self) => return refused("its device is not said to be lost"),
            Closing::Stolen if !gone(LineEnd::Stolen, self) => return refused("its device is not said to be stolen"),
            Closing::Damaged if !has(IncidentKind::Breakage, self) && !worse(self) => {
                return refused("no breakage is on record, and its device came back as it was");
            }
            _ => {}
        }
        self.propose(Some(how)).await?;
        self.loan.decided = None;
        Ok(())
    }

    /// Puts an asset into the borrower's hands.
    async fn lend(&mut self, number: &str, seen: &Seen, verb: &'static str, why: &str) -> Result<()> {
        let ours = self.taken_check(number).await?;
        self.clean_check(number).await?;
        self.measure_take(number).await?;
        let asset = self.asset(number).await?;
        if asset.lifecycle == Lifecycle::Reserved && !ours {
            return Err(Error::Expired(format!("{number} is reserved already")));
        }
        let facts = self.fitness(number).await?;
        let step = if self.loan.kind == BorrowerKind::Pupil { Step::Lend } else { Step::Assign };
        self.step(number, step).await?;
        // Its certificate is spent: the next one is about this use.
        self.asset(number).await?.wiped = None;
        if self.loan.lines.len() >= ENTRIES_MAX {
            return Err(Error::Invalid(format!("a loan has at most {ENTRIES_MAX} devices, one after another")));
        }
        let out = report(seen, &facts);
        let line = Line { asset: number.to_owned(), from: self.at, until: None, end: None, out, back: None };
        self.loan.lines.push(line);
        let hold = self.term(self.at);
        self.hold(number, hold, verb, why).await
    }

    /// Takes the device out of the borrower's hands.
    async fn take_back(&mut self, seen: &Seen, verb: &'static str, why: &str) -> Result<()> {
        let Some(number) = self.loan.line().map(|line| line.asset.clone()) else { return Ok(()) };
        self.not_before_lent();
        let asset = self.asset(&number).await?;
        let (device, lifecycle) = (asset.device, asset.lifecycle);
        // It may have come back already, as one that was lost and found.
        if lifecycle.is_in_use() || matches!(lifecycle, Lifecycle::Lost | Lifecycle::Stolen) {
            self.step(&number, Step::Return).await?;
        }
        let at = self.at;
        used_until(self.asset(&number).await?, at);
        self.hold(&number, Hold::Free, verb, why).await?;
        let facts = match device {
            Some(device) => FACTS.get(self.desk.store.as_ref(), self.desk.territory, device.to_string()).await?,
            None => None,
        };
        let back = report(seen, &facts.map(|row| row.value).unwrap_or_default());
        self.line_end(LineEnd::Returned, Some(back));
        Ok(())
    }

    /// A desk with a slow clock takes nothing back before it was handed over.
    fn not_before_lent(&mut self) {
        if let Some(from) = self.loan.line().map(|line| line.from) {
            self.at = self.at.max(from);
        }
    }

    fn line_end(&mut self, end: LineEnd, back: Option<ConditionReport>) {
        if let Some(line) = self.loan.lines.last_mut() {
            line.until = Some(self.at);
            line.end = Some(end);
            line.back = back;
        }
        // What was decided was about the device that the borrower had.
        self.loan.decided = None;
    }

    fn parts_set(&mut self, parts: &[PartBack]) -> Result<()> {
        for part in parts {
            let found = self.loan.accessories.iter_mut().find(|one| one.number == part.number);
            let Some(accessory) = found else {
                let number: String = part.number.chars().take(64).collect();
                return Err(Error::Invalid(format!("this loan has no accessory {number:?}")));
            };
            if part.state == PartState::Out {
                return Err(Error::Invalid("an accessory comes back, is missing or is damaged".to_owned()));
            }
            accessory.state = part.state;
        }
        Ok(())
    }

    /// What the device on an asset says of itself; refused when it is not in order. One without an agent is judged by who hands it over.
    async fn fitness(&mut self, number: &str) -> Result<Facts> {
        let Some(device) = self.asset(number).await?.device else { return Ok(Facts::default()) };
        let (store, territory) = (self.desk.store.as_ref(), self.desk.territory);
        let row = DEVICES.get(store, territory, device.to_string()).await?.map(|row| row.value);
        let Some(row) = row.filter(|row| row.state == JoinState::Active) else {
            return Err(Error::Expired(format!("the device on {number} is not active; look at it first")));
        };
        if kit_has(store, territory, &row).await? {
            return Err(Error::Expired(format!("the device on {number} is part of a kit; take it out first")));
        }
        let facts = FACTS.get(store, territory, device.to_string()).await?.map(|row| row.value).unwrap_or_default();
        if facts.health == Condition::Critical {
            return Err(Error::Expired(format!(
                "the device on {number} says of itself that it is in a critical state"
            )));
        }
        Ok(facts)
    }
}

/// What a person saw, and the device's own measure of its battery and its disk where it gives one.
fn report(seen: &Seen, facts: &Facts) -> ConditionReport {
    ConditionReport {
        screen: seen.screen,
        keyboard: seen.keyboard,
        case: seen.case,
        battery_wear: facts.battery_wear.or(seen.battery_wear),
        disk_wear: facts.disk_wear.or(seen.disk_wear),
    }
}
