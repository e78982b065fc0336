//! What each device is granted because of its loan: written with the act that changes it, read when the device is told.

use crate::device::DEVICES;
use crate::error::{Error, Result};
use crate::scope::Filed;
use crate::store::{Revision, Store};
use crate::table::{Intent, Row, Table};
use model::digest::Digest;
use model::grant::{CONTACT_CHARS_MAX, Grant, Hold};
use model::id::{DeviceId, TerritoryId};
use model::uai::Uai;
use serde::{Deserialize, Serialize};

/// Grants by device id. A loan, an assignment, a loss or a return writes it in its own batch, so that the register and what the device
/// obeys never differ.
pub static GRANTS: Table<Granted, Intent> = Table::new("grant");
/// Whom to contact: by `school/<uai>`, by `owner/<owner>`, and by `territory`.
pub static CONTACTS: Table<String, Intent> = Table::new("loan_contact");

/// The key of the contact that holds where no other does.
pub const CONTACT_TERRITORY: &str = "territory";

/// A grant but for the key that it is for, which is the device's present one, and for whom to contact, which is looked up when it is told:
/// a contact that changes reaches every device without a grant being written anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// The loan epoch.
    pub epoch: u64,
    /// In whose hands the device is.
    pub hold: Hold,
    /// The school that lends it, where a loan does; else the device's own file says whose contact is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub school: Option<Uai>,
}

/// A grant as it is told to its device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What is told.
    pub grant: Grant,
    /// The digest of it, by which a change is noticed.
    pub digest: Digest,
    /// The latest revision of what it is made of: the grant, the device and the contact.
    pub revision: Revision,
    /// Whose contact it shows; nobody's where it shows none.
    shown: Option<Filed>,
}

impl Standing {
    /// A grant that was written at this revision, and whose contact it shows.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be encoded.
    pub fn new(grant: Grant, revision: Revision, shown: Option<Filed>) -> Result<Self> {
        let bytes = serde_json::to_vec(&grant).map_err(|e| Error::unavailable("a grant cannot be written", e))?;
        Ok(Self { digest: Digest::of(&bytes), grant, revision, shown })
    }

    /// Whether the contact with this key may be the one it shows.
    #[must_use]
    pub fn shows(&self, key: &str) -> bool {
        self.shown.as_ref().is_some_and(|filed| contact_keys(filed).iter().any(|shown| shown == key))
    }
}

/// What a device is granted at this moment; nothing where nobody has said anything of it.
///
/// What a terminal would obey, or a device refuse for its length, is left out of the contact: a head that is refused for it would keep
/// every other news from the device, too.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn standing_of(store: &dyn Store, territory: &TerritoryId, device: DeviceId) -> Result<Option<Standing>> {
    let Some(row) = GRANTS.get(store, territory, device.to_string()).await? else { return Ok(None) };
    let Some(record) = DEVICES.get(store, territory, device.to_string()).await? else { return Ok(None) };
    // Whoever enrols again is told anew, though the grant stayed: its key has changed.
    let revision = row.revision.max(record.revision);
    let (Granted { epoch, hold, school }, device) = (row.value, record.value);
    // Nobody has what is free.
    let shown = (hold != Hold::Free).then(|| Filed { school: school.or(device.school), owner: device.owner.clone() });
    let found = match &shown {
        Some(filed) => contact_find(store, territory, filed).await?,
        None => None,
    };
    let (contact, said) = found.map_or((String::new(), 0), |row| (row.value, row.revision));
    let contact = contact.chars().filter(|c| !c.is_control()).take(CONTACT_CHARS_MAX).collect();
    let grant = Grant { key: device.identity_key.fingerprint(), epoch, hold, contact };
    Standing::new(grant, revision.max(said), shown).map(Some)
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
    Ok(contact_find(store, territory, filed).await?.map(|row| row.value).unwrap_or_default())
}

async fn contact_find(store: &dyn Store, territory: &TerritoryId, filed: &Filed) -> Result<Option<Row<String>>> {
    for key in contact_keys(filed) {
        let row = CONTACTS.get(store, territory, key).await?;
        if row.is_some() {
            return Ok(row);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Act, Author};
    use crate::device::Device;
    use crate::memory::Memory;
    use crate::store::{Expect, SharedStore};
    use crate::table::Writes;
    use model::time::Timestamp;
    use std::sync::Arc;

    #[tokio::test]
    async fn the_contact_is_looked_up_when_a_device_is_told_and_of_what_is_free_there_is_none() {
        let (store, territory): (SharedStore, TerritoryId) = (Arc::new(Memory::default()), "doubs".parse().unwrap());
        let id = DeviceId::new(Timestamp::default(), [1; 10]);
        let text = r#"{"id":"ID","state":"active","claims":{},"identity_key":"KEY","identity_generation":1,
            "school":"0750654D","certificate":{"serial":"0a","number":1,"until":9},"token":"ABCDEFGH","enrolled":1}"#;
        let text = text.replace("ID", &id.to_string()).replace("KEY", &format!("04{}", "11".repeat(64)));
        let device: Device = serde_json::from_str(&text).unwrap();
        let writes =
            || Writes::by(&territory, &Act::new(Timestamp::default(), Author::Rule("test".into()), "test", "test"));
        let put = writes().unwrap().put(&DEVICES, id.to_string(), &device, Expect::Absent).unwrap();
        put.commit(&store).await.unwrap();
        let say = async |key: &str, text: &str| {
            writes().unwrap().put(&CONTACTS, key, &text.to_owned(), Expect::Any).unwrap().commit(&store).await.unwrap();
        };
        let grant = async |text: &str| {
            let granted: Granted = serde_json::from_str(text).unwrap();
            let put = writes().unwrap().put(&GRANTS, id.to_string(), &granted, Expect::Any).unwrap();
            put.commit(&store).await.unwrap();
        };
        let told = async || standing_of(store.as_ref(), &territory, id).await.unwrap().unwrap();
        // As it was written when the text itself stood in it.
        grant(r#"{"epoch":3,"hold":"missing","contact":"of old"}"#).await;
        assert_eq!(told().await.grant.contact, "");
        say(CONTACT_TERRITORY, "0300000000").await;
        let before = told().await;
        assert_eq!(before.grant.contact, "0300000000");
        assert!(before.shows("school/0750654D") && !before.shows("school/0951099D"));
        say("school/0951099D", "another school's").await;
        assert_eq!(told().await, before);
        say("school/0750654D", &format!("M.\u{1b}[2J {}", "x".repeat(300))).await;
        let after = told().await;
        assert!(after.grant.checked().is_ok() && after.digest != before.digest && after.revision > before.revision);
        // Another school lends it than the one where it is filed.
        grant(r#"{"epoch":4,"hold":"missing","school":"0951099D"}"#).await;
        assert_eq!(told().await.grant.contact, "another school's");
        grant(r#"{"epoch":5,"hold":"free"}"#).await;
        let free = told().await;
        assert!(free.grant.contact.is_empty() && !free.shows(CONTACT_TERRITORY));
    }
}
