//! What a device is told of the acts on it: what, when, in which role and why; never who.
//!
//! They are written with the audit entry itself, so that no rule can forget them, and each under a key of its own, so that they
//! conflict with nothing.

use crate::audit::{Act, Author};
use crate::error::Result;
use crate::rules::EVERYWHERE;
use crate::store::{PAGE_MAX, Revision, Store};
use crate::table::{Intent, Table};
use model::id::TerritoryId;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Acts under `<device>/<time>-<verb>`, those on the whole territory under `territory/<time>-<verb>`.
pub static ACTS: Table<ActTold, Intent> = Table::new("act");
/// The most that are told of one device, and of the whole territory: the latest.
pub const ACTS_TOLD_MAX: usize = 50;
/// Most devices have few: so many are read first, which a store does at once.
const FIRST: usize = 16;

/// An act as the device is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActTold {
    /// When.
    pub at: Timestamp,
    /// What, such as `device_quarantine`.
    pub verb: String,
    /// In which role: a person's, or `rule`, or `token`.
    pub by: String,
    /// Why, in the words of who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Whether a second person agreed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub agreed: bool,
}

/// The id under which an act is told, and what of it; nothing for what is not done to a device.
///
/// What a device does itself, such as renewing its certificate, is no act on it.
#[must_use]
pub fn act_told(act: &Act) -> Option<(String, ActTold)> {
    let by = match &act.by {
        Author::Operator(_) => act.role.map_or("staff", |role| role.name()),
        Author::Rule(_) if act.verb.starts_with("device_") => "rule",
        Author::Enrolment(_) if act.verb == "device_reenrol" => "token",
        Author::Rule(_) | Author::Enrolment(_) => return None,
    };
    let on_a_device = act.subject == EVERYWHERE || act.device().is_some();
    if act.refused || !on_a_device {
        return None;
    }
    let at = u64::try_from(act.at.unix_millis()).unwrap_or(0);
    let told = ActTold {
        at: act.at,
        verb: act.verb.clone(),
        by: by.to_owned(),
        why: act.why.clone(),
        agreed: act.second.is_some(),
    };
    Some((format!("{}/{at:016x}-{}", act.subject, act.verb), told))
}

/// The latest acts on a device, or on the whole territory ([`EVERYWHERE`]), oldest first, with the revision of each.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn acts_of(store: &dyn Store, territory: &TerritoryId, subject: &str) -> Result<Vec<(Revision, ActTold)>> {
    let scope = ACTS.scope(territory, format!("{subject}/"));
    let mut after = String::new();
    let mut acts = Vec::new();
    let mut limit = FIRST;
    loop {
        let page = ACTS.page(store, &scope, &after, limit).await?;
        let whole = page.len() == limit;
        limit = PAGE_MAX;
        if let Some(last) = page.last() {
            after.clone_from(&last.id);
        }
        acts.extend(page.into_iter().map(|row| (row.revision, row.value)));
        acts.drain(..acts.len().saturating_sub(ACTS_TOLD_MAX));
        if !whole {
            return Ok(acts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Person;
    use crate::memory::Memory;
    use crate::role::Role;
    use crate::store::SharedStore;
    use crate::table::Writes;
    use model::id::DeviceId;
    use std::sync::Arc;

    #[tokio::test]
    async fn an_act_is_told_by_its_role_and_never_by_a_name() {
        let store: SharedStore = Arc::new(Memory::default());
        let territory: TerritoryId = "doubs".parse().unwrap();
        let at = |n: i64| Timestamp::from_unix_seconds(1_795_000_000 + n);
        let (one, other) = (DeviceId::new(at(0), [1; 10]).to_string(), DeviceId::new(at(0), [2; 10]).to_string());
        let person = Person { name: "jeanne".to_owned(), role: Role::Technician };
        let rule = |verb: &str| Act::new(at(5), Author::Rule("x".to_owned()), verb, one.clone());
        for act in [
            Act::of(at(1), &person, "device_quarantine", one.clone(), "to be looked at"),
            Act::of(at(2), &person, "device_approve", other.clone(), ""),
            Act::of(at(3), &person, "token_create", "TOKEN", ""),
            Act::of(at(4), &person, "device_revoke", one.clone(), "").refused(),
            rule("device_cloned"),
            rule("certificate_issue"),
        ] {
            Writes::by(&territory, &act).unwrap().commit(&store).await.unwrap();
        }
        let told = acts_of(store.as_ref(), &territory, &one).await.unwrap();
        let said: Vec<_> = told.iter().map(|(_, act)| (act.verb.as_str(), act.by.as_str())).collect();
        assert_eq!(said, [("device_quarantine", "technician"), ("device_cloned", "rule")]);
        assert_eq!(told[0].1.why.as_deref(), Some("to be looked at"));
        assert!(!serde_json::to_string(&told[0].1).unwrap().contains("jeanne"));
        assert_eq!(acts_of(store.as_ref(), &territory, &other).await.unwrap().len(), 1);
        assert_eq!(acts_of(store.as_ref(), &territory, EVERYWHERE).await.unwrap().len(), 0);
        for n in 0..80 {
            let act = Act::of(at(100 + n), &person, "cadence_set", EVERYWHERE, "");
            Writes::by(&territory, &act).unwrap().commit(&store).await.unwrap();
        }
        let told = acts_of(store.as_ref(), &territory, EVERYWHERE).await.unwrap();
        assert_eq!((told.len(), told[49].1.at), (ACTS_TOLD_MAX, at(179)));
    }
}
