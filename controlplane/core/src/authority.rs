//! Which keys and certificates of the control plane's own were last in use: a change stands in the audit, whoever made it and whether
//! or not the server ran meanwhile.

use crate::audit::{Act, Author};
use crate::error::Result;
use crate::store::{Expect, SharedStore};
use crate::table::{Observed, Table, Writes};
use model::id::TerritoryId;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What is in use; one row. What lies on the disk of the server is a fact about it, not a decision.
pub const KEYS_IN_USE: Table<KeysInUse, Observed> = Table::new("keys_in_use");
const ROW: &str = "server";

/// Names of keys and certificates in use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysInUse {
    /// The serial number of the server's certificate.
    pub server: String,
    /// The serial number of the intermediate.
    pub intermediate: String,
    /// The name of the key that signs heads.
    pub online: String,
    /// The version of the trust roots.
    pub trust: u64,
}

/// Notes what is in use, with an act for each part that is another than before.
///
/// # Errors
/// `Unavailable` when the store fails; noted again with the next look.
pub async fn keys_note(
    store: &SharedStore,
    territory: &TerritoryId,
    now_used: &KeysInUse,
    now: Timestamp,
) -> Result<()> {
    let before = KEYS_IN_USE.get(store.as_ref(), territory, ROW).await?;
    if before.as_ref().is_some_and(|row| row.value == *now_used) {
        return Ok(());
    }
    if let Some(before) = before.map(|row| row.value) {
        let (old, new) = (before.trust.to_string(), now_used.trust.to_string());
        let parts = [
            ("server_certificate_change", &before.server, &now_used.server),
            ("intermediate_change", &before.intermediate, &now_used.intermediate),
            ("online_key_change", &before.online, &now_used.online),
            ("trust_roots_change", &old, &new),
        ];
        for (verb, _, subject) in parts.into_iter().filter(|(_, old, new)| old != new) {
            let act = Act::new(now, Author::Rule("authority".to_owned()), verb, subject);
            Writes::by(territory, &act)?.commit(store).await?;
        }
    }
    Writes::observed(territory).put(&KEYS_IN_USE, ROW, now_used, Expect::Any)?.commit(store).await.map(|_| ())
}
