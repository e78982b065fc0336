//! What each device is granted because of its loan: written with the act that changes it, read when the device is told.

use crate::device::DEVICES;
use crate::error::{Error, Result};
use crate::scope::Filed;
use crate::store::{Revision, Store};
use crate::table::{Intent, Table};
use model::digest::Digest;
use model::grant::{CONTACT_CHARS_MAX, Grant, Hold};
use model::id::{DeviceId, TerritoryId};
use model::key::IdentityKey;
use serde::{Deserialize, Serialize};

/// Grants by device id. A loan, an assignment, a loss or a return writes it in its own batch, so that the register and what the device
/// obeys never differ.
pub static GRANTS: Table<Granted, Intent> = Table::new("grant");
/// Whom to contact: by `school/<uai>`, by `owner/<owner>`, and by `territory`.
pub static CONTACTS: Table<String, Intent> = Table::new("loan_contact");

/// The key of the contact that holds where no other does.
pub const CONTACT_TERRITORY: &str = "territory";

/// A grant but for the key that it is for: that one is the device's present one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// The loan epoch.
    pub epoch: u64,
    /// In whose hands the device is.
    pub hold: Hold,
    /// Whom to contact.
    #[serde(default)]
    pub contact: String,
}

impl Granted {
    /// The grant for whoever holds this key. What a terminal would obey, or a device refuse for its length, is left out of the contact: a
    /// head that is refused for it would keep every other news from the device, too.
    #[must_use]
    pub fn to(&self, key: &IdentityKey) -> Grant {
        let contact = self.contact.chars().filter(|c| !c.is_control()).take(CONTACT_CHARS_MAX).collect();
        Grant { key: key.fingerprint(), epoch: self.epoch, hold: self.hold.clone(), contact }
    }
}

/// A grant as it is told to its device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What is told.
    pub grant: Grant,
    /// The digest of it, by which a change is noticed.
    pub digest: Digest,
    /// The revision at which it was written.
    pub revision: Revision,
}

/// What a device is granted at this moment; nothing where nobody has said anything of it.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn standing_of(store: &dyn Store, territory: &TerritoryId, device: DeviceId) -> Result<Option<Standing>> {
    let Some(row) = GRANTS.get(store, territory, device.to_string()).await? else { return Ok(None) };
    let Some(record) = DEVICES.get(store, territory, device.to_string()).await? else { return Ok(None) };
    let grant = row.value.to(&record.value.identity_key);
    let bytes = serde_json::to_vec(&grant).map_err(|e| Error::unavailable("a grant cannot be written", e))?;
    // Whoever enrols again is told anew, though the grant stayed: its key has changed.
    Ok(Some(Standing { digest: Digest::of(&bytes), grant, revision: row.revision.max(record.revision) }))
}

/// The key of a contact: the school's, else the owner's.
#[must_use]
pub fn contact_keys(filed: &Filed) -> Vec<String> {
    let school = filed.school.map(|school| format!("school/{school}"));
    let owner = filed.owner.as_ref().map(|owner| format!("owner/{owner}"));
    school.into_iter().chain(owner).chain(std::iter::once(CONTACT_TERRITORY.to_owned())).collect()
}

/// Whom the user of a device filed there is to contact: the school's contact, else the owner's, else the territory's, else nobody.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn contact_of(store: &dyn Store, territory: &TerritoryId, filed: &Filed) -> Result<String> {
    for key in contact_keys(filed) {
        if let Some(row) = CONTACTS.get(store, territory, key).await? {
            return Ok(row.value);
        }
    }
    Ok(String::new())
}
