//! The desired state: taken from answers, verified, kept, and what has become of it.

use crate::enforce::{FilterSaid, Shown};
use crate::error::Error;
use crate::release::Said;
use crate::resources::{Resource, Wanted, state_name};
use crate::state::{Held, State};
use crate::status::Condition;
use crate::trust::trust_take;
use agent_core::ledger::{Accepted, Ledger};
use bytes::Bytes;
use model::desired::{Cadence, Generation, Head, Plan};
use model::digest::Digest;
use model::filtering::FILTER_ITEM;
use model::grant::{Grant, Hold};
use model::resource::{Fetching, RELEASE_ITEM, ReleaseWanted};
use model::signed::Signed;
use std::sync::Arc;
use wire::convert::{Trust, head_decode, plan_decode};
use wire::v1;

/// What a device holds and makes of it.
pub(crate) struct Desired {
    trust: Trust,
    /// The root of the enrolment, DER: it alone says whom to trust.
    root: Vec<u8>,
    ledger: Ledger,
    plan: Option<Plan>,
    /// What it was last granted, and how that stands.
    grant: Option<Grant>,
    loan: Option<Shown>,
    /// Where its bundles stand.
    resources: Arc<Vec<Resource>>,
    /// How the release of the agent stands.
    release: Option<Said>,
    /// How the filter stands.
    filter: Option<FilterSaid>,
    /// Why the last trust roots were not taken.
    distrusted: Option<&'static str>,
    /// Why the last head was not taken.
    refused: Option<&'static str>,
    /// What the server last heard of all this.
    told: Option<v1::Observed>,
}

/// What came of an answer's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// There was none, or the one that is held.
    None,
    /// It is held now.
    New,
    /// It is not taken, and why.
    Refused(&'static str),
}

impl Desired {
    pub(crate) fn new(ledger: Ledger, (trust, root): (Trust, Vec<u8>), held: Option<Held>) -> Self {
        let mut desired = Self {
            trust,
            root,
            ledger,
            plan: None,
            grant: None,
            loan: None,
            resources: Arc::default(),
            release: None,
            filter: None,
            distrusted: None,
            refused: None,
            told: None,
        };
        if let Some(Held { head, plan }) = held {
            // Verified when it was read. One whose loan is over, such as a copy laid back, is held no longer, and asked for again.
            let grant = head.grant.clone();
            if desired.ledger.accept(head).is_ok() {
                (desired.plan, desired.grant) = (Some(plan), grant);
            }
        }
        desired
    }

    /// Takes an answer's trust roots; a head whose key they put out is held no longer, and is asked for again. Says whether they are of
    /// use, be it because there are none.
    pub(crate) fn trust_take(&mut self, envelope: Option<&v1::Envelope>, state: &State) -> Change {
        let Some(envelope) = envelope else { return Change::None };
        match trust_take(&self.trust, envelope, &self.root, state) {
            Ok(None) => {
                self.distrusted = None;
                Change::None
            }
            Ok(Some(trust)) => {
                self.distrusted = None;
                tracing::info!(version = trust.version, "newer trust roots are used");
                self.trust = trust;
                if !state.head_trusted(&self.trust) {
                    self.ledger.forget();
                }
                Change::New
            }
            Err(code) => {
                if self.distrusted != Some(code) {
                    tracing::error!(reason = code, "trust roots from the server are refused; those held stay");
                }
                self.distrusted = Some(code);
                Change::Refused(code)
            }
        }
    }

    pub(crate) fn trust_version(&self) -> u64 {
        self.trust.version
    }

    /// Takes an answer's head and plan: verified, then written down, then held.
    pub(crate) fn take(&mut self, head: Option<v1::Envelope>, plan: &Bytes, state: &State) -> Change {
        let Some(envelope) = head else { return Change::None };
        match self.taken(envelope, plan, state) {
            Ok(change) => {
                self.refused = None;
                change
            }
            Err(code) => {
                if self.refused != Some(code) {
                    tracing::error!(reason = code, "a head from the server is refused; what is held stays");
                }
                self.refused = Some(code);
                Change::Refused(code)
            }
        }
    }

    /// What it trusts to sign heads.
    pub(crate) const fn trust(&self) -> &Trust {
        &self.trust
    }

    pub(crate) fn generation(&self) -> Option<Generation> {
        self.ledger.held().map(|head| head.generation)
    }

    pub(crate) fn plan_digest(&self) -> Option<Digest> {
        self.ledger.held().map(|head| head.plan)
    }

    /// What the device is granted because of its loan.
    pub(crate) const fn grant(&self) -> Option<&Grant> {
        self.grant.as_ref()
    }

    /// Whether the device is said to be lost or stolen: then it has nothing to say.
    pub(crate) fn missing(&self) -> bool {
        self.grant.as_ref().is_some_and(|grant| grant.hold == Hold::Missing)
    }

    /// How the loan stands, and what was made of it.
    pub(crate) fn loan_note(&mut self, shown: Shown) {
        self.loan = Some(shown);
    }

    /// How it fetches.
    pub(crate) fn fetching(&self) -> Fetching {
        self.plan.as_ref().map(|plan| plan.fetching.clone()).unwrap_or_default()
    }

    /// Where its bundles stand now.
    pub(crate) fn resources_note(&mut self, resources: Arc<Vec<Resource>>) {
        self.resources = resources;
    }

    /// What is wanted of resources, and by whose word.
    pub(crate) fn wanted(&self) -> Wanted {
        let plan = self.plan.as_ref();
        Wanted {
            bundles: plan.map(|plan| plan.bundles.clone()),
            fetching: self.fetching(),
            measure: plan.and_then(|plan| plan.measure),
            publisher: self.trust.publisher.clone(),
        }
    }

    /// How the release stands.
    pub(crate) fn release_note(&mut self, said: Option<Said>) {
        self.release = said;
    }

    /// How the filter stands.
    pub(crate) fn filter_note(&mut self, said: Option<FilterSaid>) {
        self.filter = said;
    }

    /// What is held.
    pub(crate) const fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// Which release of the agent is to run, and how it is fetched.
    pub(crate) fn release(&self) -> Option<(ReleaseWanted, Fetching)> {
        Some((self.plan.as_ref()?.release.clone()?, self.fetching()))
    }

    pub(crate) fn cadence(&self) -> Cadence {
        self.plan.as_ref().map(|plan| plan.check_in).unwrap_or_default()
    }

    /// What the server has not heard yet.
    pub(crate) fn news(&self) -> Option<v1::Observed> {
        let now = self.observed();
        (self.told.as_ref() != Some(&now)).then_some(now)
    }

    /// The server has heard this.
    pub(crate) fn told(&mut self, observed: v1::Observed) {
        self.told = Some(observed);
    }

    /// Each item, in words for a person.
    pub(crate) fn conditions(&self) -> Vec<Condition> {
        let conditions = self.observed().conditions;
        conditions
            .into_iter()
            .map(|c| Condition { state: state_name(c.state()).to_owned(), item: c.item, reason: c.reason })
            .collect()
    }

    fn observed(&self) -> v1::Observed {
        let condition = |item: &str, state: v1::ConditionState, reason: &str| v1::Condition {
            item: item.to_owned(),
            state: state.into(),
            reason: reason.to_owned(),
            ..v1::Condition::default()
        };
        let cadence = match self.plan {
            Some(_) => condition("cadence", v1::ConditionState::Held, ""),
            None => condition("cadence", v1::ConditionState::Pending, "no_plan"),
        };
        let distrusted = self.distrusted.map(|code| condition("trust", v1::ConditionState::Failed, code));
        let refused = self.refused.map(|code| condition("head", v1::ConditionState::Failed, code));
        let loan = self.loan.filter(|_| self.grant.is_some()).map(|shown| v1::Condition {
            epoch: shown.epoch,
            ..match shown.failed {
                None => condition("loan", v1::ConditionState::Held, shown.stage.code()),
                Some(code) => condition("loan", v1::ConditionState::Failed, code),
            }
        });
        let wanted = self.plan.as_ref().and_then(|plan| plan.release.as_ref());
        let release = self.release.as_ref().map(|said| {
            // What was said of another release is none of this one's.
            let (state, reason) = match wanted {
                Some(wanted) if wanted.index != said.release => (v1::ConditionState::Pending, "offered"),
                _ => (said.state, said.reason),
            };
            let (wan_bytes, lan_bytes) = (said.wan_bytes, said.lan_bytes);
            v1::Condition {
                version: said.version.clone(),
                wan_bytes,
                lan_bytes,
                ..condition(RELEASE_ITEM, state, reason)
            }
        });
        let filter = self.filter.as_ref().map(|said| v1::Condition {
            version: said.list.clone(),
            ..condition(FILTER_ITEM, said.state, &said.reason)
        });
        let kept = loan.into_iter().chain(release).chain(filter);
        let resources = self.resources.iter().map(v1::Condition::from);
        v1::Observed {
            generation: self.generation().map(Into::into),
            conditions: std::iter::once(cadence)
                .chain(kept)
                .chain(distrusted)
                .chain(refused)
                .chain(resources)
                .collect(),
        }
    }

    fn taken(&mut self, envelope: v1::Envelope, plan: &Bytes, state: &State) -> Result<Change, &'static str> {
        let signed = Signed::<Head>::try_from(envelope.clone()).map_err(|_| "head_signature")?;
        let head = signed.bytes(&self.trust.online).map_err(|_| "head_signature")?;
        let head = head_decode(head).map_err(|_| "head_unreadable")?;
        if self.ledger.judge(&head).map_err(|refused| refused.code())? == Accepted::Same {
            return Ok(Change::None);
        }
        let bytes = match plan.is_empty() {
            false => plan.clone(),
            // Kept from before, be it under a head whose key was put out since.
            true => state.plan_bytes(&head.plan).ok_or("plan_missing")?,
        };
        if Digest::of(&bytes) != head.plan {
            return Err("plan_digest");
        }
        let plan = plan_decode(&bytes).map_err(|_| "plan_unreadable")?;
        state.held_write(&envelope, &head.plan, &bytes).map_err(|error: Error| {
            tracing::warn!(%error, "the desired state cannot be kept and is not taken");
            "head_not_kept"
        })?;
        let (generation, grant, floor) = (head.generation, head.grant.clone(), self.ledger.floor());
        self.ledger.accept(head).map_err(|refused| refused.code())?;
        self.grant = grant;
        // After the head: cut between the two, the head that is read again says it.
        if self.ledger.floor() != floor
            && let Err(error) = state.loan_floor_write(self.ledger.floor())
        {
            tracing::warn!(%error, "the newest loan epoch cannot be kept");
        }
        self.plan = Some(plan);
        tracing::info!(epoch = generation.epoch, revision = generation.revision, "a newer desired state is held");
        Ok(Change::New)
    }
}
