//! Whom the user of a device is to contact: a school's words, an owner's, the territory's.

use crate::audit::{Act, Person};
use crate::error::{Error, Result};
use crate::grant::{CONTACT_TERRITORY, CONTACTS};
use crate::scope::{Filed, Reach, Scope};
use crate::store::{Expect, PAGE_MAX, SharedStore, Store};
use crate::table::Writes;
use model::grant::CONTACT_CHARS_MAX;
use model::id::TerritoryId;
use model::owner::OwnerId;
use model::time::Timestamp;
use model::uai::Uai;

/// For whose devices a contact holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A school's.
    School(Uai),
    /// An owner's, where the school has none.
    Owner(OwnerId),
    /// All others.
    Territory,
}

impl Whose {
    /// The key it is kept by.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::School(uai) => format!("school/{uai}"),
            Self::Owner(owner) => format!("owner/{owner}"),
            Self::Territory => CONTACT_TERRITORY.to_owned(),
        }
    }

    fn of_key(key: &str) -> Option<Self> {
        match key.split_once('/') {
            Some(("school", uai)) => uai.parse().ok().map(Self::School),
            Some(("owner", owner)) => owner.parse().ok().map(Self::Owner),
            _ => (key == CONTACT_TERRITORY).then_some(Self::Territory),
        }
    }

    /// Whether somebody with this reach may say it: for all of those whom it concerns, not for some.
    fn within(&self, reach: &Reach) -> bool {
        match self {
            Self::School(uai) => reach.covers(&Filed { owner: None, school: Some(*uai) }),
            Self::Owner(owner) => reach.contains(&Scope::Owner(owner.clone())),
            Self::Territory => reach.is_territory(),
        }
    }
}

/// Says whom to contact; with no text, nobody in particular. `false` when it was so already.
///
/// # Errors
/// `Denied` outside the reach, `Invalid` for a text that cannot be shown, `Conflict` when somebody else changed it.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn contact_set(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    whose: &Whose,
    text: &str,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<bool> {
    if !whose.within(reach) {
        return Err(Error::Denied("a contact can be set only within your scope".to_owned()));
    }
    let text = text.trim();
    if text.chars().count() > CONTACT_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(Error::Invalid(format!("a contact is one line of at most {CONTACT_CHARS_MAX} characters")));
    }
    let key = whose.key();
    let row = CONTACTS.get(store.as_ref(), territory, key.clone()).await?;
    if row.as_ref().map_or("", |row| row.value.as_str()) == text {
        return Ok(false);
    }
    let expect = row.map_or(Expect::Absent, |row| Expect::At(row.revision));
    let writes = Writes::by(territory, &Act::of(now, by, "contact_set", key.clone(), why))?;
    let writes = if text.is_empty() {
        writes.remove(&CONTACTS, key, expect)
    } else {
        writes.put(&CONTACTS, key, &text.to_owned(), expect)?
    };
    writes.commit(store).await?;
    Ok(true)
}

/// A page of the contacts within a reach, and where the next one begins.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn contact_page(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    after: &str,
    limit: usize,
) -> Result<(Vec<(Whose, String)>, String)> {
    let scope = CONTACTS.scope(territory, "");
    let (mut found, mut after) = (Vec::new(), after.to_owned());
    loop {
        let page = CONTACTS.page(store, &scope, &after, PAGE_MAX).await?;
        if page.is_empty() {
            return Ok((found, String::new()));
        }
        for row in page {
            let whose = Whose::of_key(&row.id).filter(|whose| whose.within(reach));
            after = row.id;
            found.extend(whose.map(|whose| (whose, row.value)));
            if found.len() >= limit {
                return Ok((found, after));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::contact_of;
    use crate::memory::Memory;
    use crate::role::Role;
    use std::collections::BTreeSet;
    use std::sync::Arc;

    #[tokio::test]
    async fn the_nearest_contact_holds_and_nobody_speaks_for_others() {
        let store: SharedStore = Arc::new(Memory::default());
        let territory: TerritoryId = "doubs".parse().unwrap();
        let by = Person { name: "jeanne".to_owned(), role: Role::LoanDesk };
        let school: Uai = "0951099D".parse().unwrap();
        let owner: OwnerId = "commune-a".parse().unwrap();
        let of_school = Reach::of([Scope::Schools(BTreeSet::from([school]))]);
        let of_owner = Reach::of([Scope::Owner(owner.clone())]);
        let set = async |reach: &Reach, whose: Whose, text: &str| {
            contact_set(&store, &territory, reach, &whose, text, &by, "", Timestamp::default()).await
        };
        assert!(set(&Reach::territory(), Whose::Territory, "03 00 00 00 00").await.unwrap());
        assert!(!set(&Reach::territory(), Whose::Territory, " 03 00 00 00 00 ").await.unwrap());
        assert!(set(&of_owner, Whose::Owner(owner.clone()), "mairie").await.unwrap());
        assert!(set(&of_school, Whose::School(school), "M. Exemple").await.unwrap());
        for (reach, whose) in [
            (&of_school, Whose::Territory),
            (&of_school, Whose::Owner(owner.clone())),
            (&of_owner, Whose::School(school)),
            (&of_owner, Whose::Territory),
        ] {
            assert!(matches!(set(reach, whose, "x").await, Err(Error::Denied(_))));
        }
        assert!(matches!(set(&of_school, Whose::School(school), "a\nb").await, Err(Error::Invalid(_))));
        let filed = Filed { owner: Some(owner), school: Some(school) };
        let said = async || contact_of(store.as_ref(), &territory, &filed).await.unwrap();
        assert_eq!(said().await, "M. Exemple");
        set(&of_school, Whose::School(school), "").await.unwrap();
        assert_eq!(said().await, "mairie");
        let (seen, next) = contact_page(store.as_ref(), &territory, &of_owner, "", 10).await.unwrap();
        assert_eq!((seen.len(), next.as_str()), (1, ""));
    }
}
