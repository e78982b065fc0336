//! A check-in that was taken: answered at once, or held until there is something to tell.
//!
//! Many thousand wait at a time. What is needed only for a moment is in boxes of its own, which are gone while they wait.

use crate::acts;
use crate::admission::admitted;
use crate::grant::{granted, missing};
use crate::live::Call;
use crate::random;
use crate::ruling::Ruling;
use crate::shared::Shared;
use crate::telling::{Telling, told};
use crate::ticket;
use identity::caller::Certificate;
use model::desired::{Generation, Head};
use model::device::JoinState;
use model::digest::Digest;
use model::id::{BootId, DeviceId};
use std::sync::Arc;
use std::time::Duration;
use tonic::Status;
use wire::v1::CheckInResponse;

/// What a check-in says, checked.
pub(crate) struct Said {
    pub(crate) boot: BootId,
    pub(crate) sequence: u64,
    pub(crate) root: Digest,
    pub(crate) generation: Option<Generation>,
    pub(crate) plan: Option<Digest>,
    pub(crate) hold: Duration,
    pub(crate) agent_version: String,
    pub(crate) clock_ahead_ms: Option<i64>,
    pub(crate) other_machine: bool,
    pub(crate) acts_upto: Option<Generation>,
    pub(crate) trust_version: u64,
    pub(crate) ticket: Option<ticket::Held>,
}

/// A check-in whose report, if it has one, is durable.
pub(crate) struct Taken<'a> {
    /// Who calls.
    pub(crate) id: DeviceId,
    /// By which certificate.
    pub(crate) certificate: Arc<Certificate>,
    /// Whether it belongs.
    pub(crate) state: JoinState,
    /// The call, which a later one of the device ends.
    pub(crate) call: Call<'a>,
    /// What it says.
    pub(crate) said: Box<Said>,
    /// What is in the answer already, where it is given at once.
    pub(crate) answer: Option<Box<CheckInResponse>>,
}

/// Answers at once, or when something changes, or when the hold is over.
///
/// # Errors
/// `Aborted` when the device calls anew, `PermissionDenied` once it may not talk any more, `Unavailable` when the store fails.
pub(crate) async fn answer(shared: &Shared, mut taken: Taken<'_>) -> Result<CheckInResponse, Status> {
    let mut stop = shared.stop.clone();
    let mut keys = shared.keys.changes();
    let mut due = taken.answer.is_some();
    let mut over = shared.clock.sleep(if due { Duration::ZERO } else { taken.said.hold });
    let _held = (!due).then(|| taken.call.hold());
    let mut before = None;
    loop {
        if !taken.call.is_newest() {
            return Err(Status::aborted("a newer check-in of this device has begun"));
        }
        // A person's decision is news even where the head stays.
        let decided = before.replace(taken.state).is_some_and(|before| before != taken.state);
        let answer = taken.answer.take().unwrap_or_default();
        let now = Arc::clone(&shared.ruling.borrow());
        if let Some(answer) = Box::pin(look(shared, &taken, now, due || decided, answer)).await? {
            return Ok(*answer);
        }
        tokio::select! {
            () = taken.call.woken() => {}
            Ok(()) = stop.changed() => {}
            () = keys.changed() => {}
            () = &mut over => due = true,
        }
        taken.state = admitted(shared, taken.id, &taken.certificate).await?;
    }
}

/// The answer, if there is something new, or it is due.
async fn look(
    shared: &Shared,
    taken: &Taken<'_>,
    ruling: Arc<Ruling>,
    due: bool,
    mut answer: Box<CheckInResponse>,
) -> Result<Option<Box<CheckInResponse>>, Status> {
    let Taken { id, state, said, .. } = taken;
    let news = tell(shared, *id, said, &ruling, &mut answer).await?;
    // Whoever has a device that is missing is told whom to contact, and no more.
    let missing = missing(granted(shared, *id).await?.as_deref());
    let acts_upto = if missing { None } else { said.acts_upto };
    let news = Box::pin(acts::tell(shared, *id, acts_upto, &ruling, &mut answer)).await? || news;
    let stopping = *shared.stop.borrow();
    if stopping {
        answer.wait_ms = u32::try_from(random::below(shared.spread_ms().into()) + 1).unwrap_or(u32::MAX);
    }
    if !(news || due || stopping) {
        return Ok(None);
    }
    answer.spread_ms = shared.spread_ms();
    answer.quarantined = *state == JoinState::Quarantined;
    answer.server_unix_ms = shared.clock.now().unix_millis();
    answer.sequence = shared.live.with(*id, |seat| seat.kept.map_or(0, |kept| kept.sequence));
    // No news of its own: it holds long enough to wait for what is.
    if let Some(held) = said.ticket.filter(|_| !missing) {
        answer.ticket = Box::pin(ticket::renewed(shared, *id, *state, held, &ruling.rules.fetching)).await?;
    }
    Ok(Some(answer))
}

/// Puts the head, and the plan if the device lacks it, into the answer; says whether there is something new.
async fn tell(
    shared: &Shared,
    id: DeviceId,
    said: &Said,
    ruling: &Ruling,
    answer: &mut CheckInResponse,
) -> Result<bool, Status> {
    let ca = shared.ca();
    // Whoever does not know the key that signs now is taught it with the same answer.
    let untaught = said.trust_version != 0 && said.trust_version < ca.trust_version;
    answer.trust = untaught.then(|| ca.trust.clone());
    let Telling { told, grant, planned } = told(shared, id, said.generation, ruling).await?;
    // Newer rules have told the device already; they come here by themselves.
    if told.plan != planned.plan.digest {
        return Ok(false);
    }
    if !untaught && said.generation == Some(told.generation) && said.plan == Some(told.plan) {
        return Ok(false);
    }
    let grant = grant.map(|standing| standing.grant.clone());
    let head = Head { device: id, generation: told.generation, plan: told.plan, grant };
    answer.head = Some((&ca.head_sign(&head)).into());
    if said.plan != Some(told.plan) {
        answer.plan = planned.plan.bytes.clone();
    }
    Ok(true)
}
