//! What must not come back with a restored backup: ends that are noted outside the store, and whatever still lets somebody in.

use crate::audit::{Act, Author};
use crate::device::{DEVICES, Decision, Reason};
use crate::error::{Error, Result};
use crate::invitation::INVITATIONS;
use crate::operator::{OPERATORS, Operator};
use crate::store::{Expect, PAGE_MAX, SharedStore};
use crate::table::Writes;
use crate::token::{TOKENS, TokenState};
use model::device::JoinState;
use model::id::{DeviceId, TerritoryId};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The rule that stands as author in the audit.
const RULE: &str = "restore";
const WHY: &str = "restored from a backup";

/// Whose end it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A device.
    Device(DeviceId),
    /// A person of the staff.
    Operator(String),
}

/// What is noted of somebody last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Revoked.
    Revoked,
    /// Said to be lost or stolen.
    Lost,
    /// Not any more: found again, or invited again.
    Not,
}

/// What was ended after a restore.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Devices that the backup knew as they were before their end.
    pub devices: u64,
    /// Operators, likewise.
    pub operators: u64,
    /// Tokens and invitations that were open; whether they were spent since is not known.
    pub tokens: u64,
}

/// Where a device stands in this respect.
#[must_use]
pub fn device_ended(state: JoinState, reason: Option<Reason>) -> Ended {
    match (state, reason) {
        (JoinState::Revoked, _) => Ended::Revoked,
        (JoinState::Quarantined, Some(Reason::Lost)) => Ended::Lost,
        (JoinState::Active | JoinState::Quarantined, _) => Ended::Not,
    }
}

/// Where a person of the staff stands in this respect.
#[must_use]
pub fn operator_ended(operator: &Operator) -> Ended {
    if operator.revoked.is_some() { Ended::Revoked } else { Ended::Not }
}

/// Puts into effect what was ended since a backup, each with its audit entry, and closes every token and invitation: a spent one cannot
/// be told from an open one, and a new one is quickly made.
///
/// # Errors
/// `Unavailable` when the store fails; what is done is done, and it can be run again.
pub async fn ends_apply(
    store: &SharedStore,
    territory: &TerritoryId,
    ends: &BTreeMap<Subject, Ended>,
    now: Timestamp,
) -> Result<Applied> {
    let mut applied = Applied::default();
    for (subject, ended) in ends {
        match subject {
            Subject::Device(id) => applied.devices += u64::from(device_end(store, territory, *id, *ended, now).await?),
            Subject::Operator(name) if *ended == Ended::Revoked => {
                applied.operators += u64::from(operator_end(store, territory, name, now).await?);
            }
            Subject::Operator(_) => {}
        }
    }
    applied.tokens = tokens_close(store, territory, now).await? + invitations_close(store, territory, now).await?;
    Ok(applied)
}

async fn device_end(
    store: &SharedStore,
    territory: &TerritoryId,
    id: DeviceId,
    ended: Ended,
    now: Timestamp,
) -> Result<bool> {
    let decision = match ended {
        Ended::Revoked => Decision::State(JoinState::Revoked),
        Ended::Lost => Decision::Lost,
        Ended::Not => return Ok(false),
    };
    let Some(row) = DEVICES.get(store.as_ref(), territory, id.to_string()).await? else { return Ok(false) };
    let after = match row.value.decided(decision) {
        Ok(Some(after)) => after,
        // It is so already, or stands even lower.
        Ok(None) | Err(Error::Invalid(_)) => return Ok(false),
        Err(error) => return Err(error),
    };
    let act = act(now, decision.verb(), id.to_string());
    let writes = Writes::by(territory, &act)?.device(Some(&row.value), &after, Expect::At(row.revision))?;
    writes.commit(store).await.map(|_| true)
}

async fn operator_end(store: &SharedStore, territory: &TerritoryId, name: &str, now: Timestamp) -> Result<bool> {
    let Some(row) = OPERATORS.get(store.as_ref(), territory, name).await? else { return Ok(false) };
    if row.value.revoked.is_some() {
        return Ok(false);
    }
    let operator = Operator { revoked: Some(now), candidate: None, ..row.value };
    let act = act(now, "operator_revoke", name.to_owned());
    let writes = Writes::by(territory, &act)?.put(&OPERATORS, name, &operator, Expect::At(row.revision))?;
    writes.commit(store).await.map(|_| true)
}

async fn tokens_close(store: &SharedStore, territory: &TerritoryId, now: Timestamp) -> Result<u64> {
    let (scope, mut after, mut closed) = (TOKENS.scope(territory, ""), String::new(), 0);
    loop {
        let page = TOKENS.page(store.as_ref(), &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { return Ok(closed) };
        after.clone_from(&last.id);
        for mut row in page {
            if row.value.state(now) != TokenState::Open {
                continue;
            }
            row.value.revoked = true;
            let act = act(now, "token_revoke", row.id.clone());
            let writes = Writes::by(territory, &act)?.put(&TOKENS, row.id, &row.value, Expect::At(row.revision))?;
            writes.commit(store).await?;
            closed += 1;
        }
    }
}

async fn invitations_close(store: &SharedStore, territory: &TerritoryId, now: Timestamp) -> Result<u64> {
    let (scope, mut after, mut closed) = (INVITATIONS.scope(territory, ""), String::new(), 0);
    loop {
        let page = INVITATIONS.page(store.as_ref(), &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { return Ok(closed) };
        after.clone_from(&last.id);
        for mut row in page {
            let invitation = &mut row.value;
            if invitation.withdrawn || invitation.used.is_some() || now >= invitation.expires {
                continue;
            }
            invitation.withdrawn = true;
            let act = act(now, "operator_invitation_withdraw", row.id.clone());
            let writes =
                Writes::by(territory, &act)?.put(&INVITATIONS, row.id, &row.value, Expect::At(row.revision))?;
            writes.commit(store).await?;
            closed += 1;
        }
    }
}

fn act(now: Timestamp, verb: &str, subject: String) -> Act {
    Act::new(now, Author::Rule(RULE.to_owned()), verb, subject).because(WHY)
}
