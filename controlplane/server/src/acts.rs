//! Tells a device of the acts on it: those that are newer than what it knows.

use crate::ruling::Ruling;
use crate::shared::Shared;
use crate::status::status;
use controlplane_core::acts::{ActTold, acts_of};
use controlplane_core::store::Revision;
use model::desired::Generation;
use model::id::DeviceId;
use model::time::Timestamp;
use prost::Message;
use tonic::Status;
use wire::v1::{Act, CheckInResponse};

/// The most bytes of acts in one answer, which has a head and a plan to carry, too: the latest are told.
const ACTS_BYTES_MAX: usize = 24 * 1024;

/// Puts what the device does not know into the answer; says whether there is something. An agent that does not say how far it
/// knows is older than acts.
///
/// Costs a look into memory, and a page of the store at a device's first check-in and after its record changed.
pub(crate) async fn tell(
    shared: &Shared,
    id: DeviceId,
    known: Option<Generation>,
    ruling: &Ruling,
    answer: &mut CheckInResponse,
) -> Result<bool, Status> {
    let Some(known) = known else { return Ok(false) };
    let epoch = shared.store.epoch();
    // Another epoch counts anew: all is told again, and the device knows what it has.
    let since = if known.epoch == epoch { known.revision } else { 0 };
    let before = shared.live.with(id, |seat| seat.acts);
    let everywhere = ruling.rules.acts.last().map_or(0, |(revision, _)| *revision);
    if before.is_some_and(|newest| newest.max(everywhere) <= since) {
        return Ok(false);
    }
    let (mut acts, newest) = match before {
        // An act on the whole territory is told to all at once: nobody reads for it what it knows already.
        Some(newest) if newest <= since => (Vec::new(), newest),
        _ => {
            let acts = acts_of(shared.store.as_ref(), shared.territory(), &id.to_string()).await.map_err(status)?;
            let newest = acts.last().map_or(0, |(revision, _)| *revision);
            (acts, newest)
        }
    };
    shared.live.with(id, |seat| {
        // The record may have changed meanwhile.
        if seat.acts == before {
            seat.acts = Some(newest);
        }
    });
    let upto = newest.max(everywhere);
    if upto <= since {
        return Ok(false);
    }
    let joined = joined(id);
    acts.extend(ruling.rules.acts.iter().filter(|(_, act)| act.at >= joined).cloned());
    acts.retain(|(revision, _)| *revision > since);
    answer.acts = latest(acts);
    answer.acts_upto = Some(Generation { epoch, revision: upto }.into());
    Ok(true)
}

/// The latest that fit, oldest first.
fn latest(mut acts: Vec<(Revision, ActTold)>) -> Vec<Act> {
    acts.sort_by_key(|(_, act)| act.at);
    let mut room = ACTS_BYTES_MAX;
    let mut told: Vec<Act> = Vec::new();
    for (_, act) in acts.into_iter().rev() {
        let act = Act {
            at_unix_ms: act.at.unix_millis(),
            verb: act.verb,
            by: act.by,
            why: act.why.unwrap_or_default(),
            agreed: act.agreed,
        };
        let Some(left) = room.checked_sub(act.encoded_len() + 8) else { break };
        room = left;
        told.push(act);
    }
    told.reverse();
    told
}

/// When the device joined, which its id tells (RFC 9562, 5.7): what was done before is none of its affairs.
fn joined(id: DeviceId) -> Timestamp {
    let [a, b, c, d, e, f, ..] = *id.as_bytes();
    Timestamp::from_unix_millis(i64::from_be_bytes([0, 0, a, b, c, d, e, f]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_acts_fit_and_the_id_tells_when_a_device_joined() {
        let at = Timestamp::from_unix_seconds(1_795_000_000);
        assert_eq!(joined(DeviceId::new(at, [3; 10])), at);
        let act = |n: i64| ActTold {
            at: Timestamp::from_unix_seconds(n),
            verb: "device_quarantine".to_owned(),
            by: "technician".to_owned(),
            why: Some("é".repeat(400)),
            agreed: false,
        };
        let told = latest((0..100).map(|n| (1, act(n))).collect());
        assert!((20..30).contains(&told.len()), "{}", told.len());
        assert_eq!(told.last().map(|act| act.at_unix_ms), Some(99_000));
        assert!(told.iter().map(Message::encoded_len).sum::<usize>() <= ACTS_BYTES_MAX);
    }
}
