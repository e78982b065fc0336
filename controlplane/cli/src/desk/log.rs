//! What a desk has done, as its journal tells it: which acts hold, which wait to be sent, what became of them.

use super::act::{Act, Answer, Entry, What};
use model::loan::ActId;
use std::collections::BTreeMap;

/// The acts of one desk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Log {
    /// Which desk.
    pub(crate) desk: Option<ActId>,
    /// How far its clock is behind the control plane's, once that is known.
    pub(crate) behind_ms: Option<i64>,
    acts: Vec<Logged>,
    places: BTreeMap<ActId, usize>,
    loans: BTreeMap<String, Vec<usize>>,
    assets: BTreeMap<String, Vec<usize>>,
}

/// An act and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Logged {
    /// The act.
    pub(crate) act: Act,
    /// Where it stands.
    pub(crate) standing: Standing,
    /// How far the desk's clock was behind, as known when it was first sent: what it is dated by stays the same ever after.
    pub(crate) behind_ms: i64,
}

/// Where an act stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It waits to be sent.
    Waiting,
    /// It may have arrived.
    Sending,
    /// It was taken back before it was sent.
    Undone,
    /// The control plane has spoken.
    Told(Answer),
}

/// How many acts stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Not told of yet.
    pub(crate) waiting: usize,
    /// Done.
    pub(crate) done: usize,
    /// Conflicts and refusals.
    pub(crate) against: usize,
}

impl Log {
    /// Takes an entry; one that fits nothing changes nothing.
    pub(crate) fn take(&mut self, entry: Entry) {
        match entry {
            Entry::Desk { id, .. } => self.desk = self.desk.or(Some(id)),
            Entry::Clock { behind_ms } => self.behind_ms = Some(behind_ms),
            Entry::Act(act) => {
                let at = self.acts.len();
                if self.places.contains_key(&act.id) {
                    return;
                }
                self.places.insert(act.id, at);
                if let Some(loan) = act.what.loan() {
                    self.loans.entry(loan.to_owned()).or_default().push(at);
                }
                let asset = match &act.what {
                    What::Seen { code } => Some(code.as_str()),
                    what => what.asset(),
                };
                if let Some(asset) = asset {
                    self.assets.entry(asset.to_owned()).or_default().push(at);
                }
                self.acts.push(Logged { act, standing: Standing::Waiting, behind_ms: 0 });
            }
            Entry::Undo { act } => self.stands(act, &[Standing::Waiting], Standing::Undone),
            Entry::Sending { acts } => {
                let behind = self.behind_ms.unwrap_or(0);
                for act in acts {
                    let logged = self.places.get(&act).and_then(|at| self.acts.get_mut(*at));
                    if let Some(logged) = logged.filter(|logged| logged.standing == Standing::Waiting) {
                        logged.standing = Standing::Sending;
                        logged.behind_ms = behind;
                    }
                }
            }
            Entry::Told { act, answer } => {
                self.stands(act, &[Standing::Waiting, Standing::Sending], Standing::Told(answer));
            }
        }
    }

    /// Every act, oldest first.
    pub(crate) fn acts(&self) -> &[Logged] {
        &self.acts
    }

    /// The acts to be sent next, oldest first: what may have arrived is sent again, since that changes nothing.
    pub(crate) fn outbox(&self, most: usize) -> Vec<Act> {
        self.acts.iter().filter(|logged| logged.is_to_send()).map(|logged| logged.act.clone()).take(most).collect()
    }

    /// The moment of an act by the control plane's clock, as far as the desk's error was known when the act was first sent.
    pub(crate) fn right(&self, act: &Act) -> i64 {
        let behind = self.places.get(&act.id).map_or(0, |at| self.acts[*at].behind_ms);
        act.at.unix_millis().saturating_add(behind)
    }

    /// The latest act that holds for a loan.
    pub(crate) fn of_loan(&self, loan: &str) -> Option<&Act> {
        self.latest(self.loans.get(loan)?)
    }

    /// The latest act that holds for an asset.
    pub(crate) fn of_asset(&self, asset: &str) -> Option<&Act> {
        self.latest(self.assets.get(asset)?)
    }

    /// The act that could be taken back: the last one that was not, if it is not on its way.
    pub(crate) fn last(&self) -> Option<&Logged> {
        self.acts.iter().rev().find(|logged| logged.standing != Standing::Undone)
    }

    /// How many acts stand where.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for logged in &self.acts {
            match &logged.standing {
                Standing::Waiting | Standing::Sending => counts.waiting += 1,
                Standing::Told(Answer::Done) => counts.done += 1,
                Standing::Told(_) => counts.against += 1,
                Standing::Undone => {}
            }
        }
        counts
    }

    fn latest(&self, places: &[usize]) -> Option<&Act> {
        places.iter().rev().map(|at| &self.acts[*at]).find(|logged| logged.holds()).map(|logged| &logged.act)
    }

    fn stands(&mut self, act: ActId, from: &[Standing], to: Standing) {
        if let Some(logged) = self.places.get(&act).and_then(|at| self.acts.get_mut(*at))
            && from.contains(&logged.standing)
        {
            logged.standing = to;
        }
    }
}

impl Logged {
    /// Whether it is to be reckoned with at this desk: neither taken back nor turned down.
    pub(crate) fn holds(&self) -> bool {
        matches!(self.standing, Standing::Waiting | Standing::Sending | Standing::Told(Answer::Done))
    }

    /// Whether the control plane has yet to speak.
    pub(crate) fn is_to_send(&self) -> bool {
        matches!(self.standing, Standing::Waiting | Standing::Sending)
    }
}
