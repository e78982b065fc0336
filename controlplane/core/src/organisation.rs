//! Organisations: who owns or runs equipment. A school is not one of them.

use crate::audit::{Act, Person};
use crate::error::{Error, Result};
use crate::scope::{Filed, Reach};
use crate::store::{Expect, PAGE_MAX, SharedStore, Store};
use crate::table::{Intent, Row, Table, Writes};
use model::establishment::{siren_is_valid, siret_is_valid};
use model::id::TerritoryId;
use model::owner::OwnerId;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::str::FromStr;

/// Organisations by their slug.
pub static ORGANISATIONS: Table<Organisation, Intent> = Table::new("organisation");
/// The slug of the organisation with a SIREN, which is how a school's SIRET leads to its owner.
pub static ORGANISATION_SIRENS: Table<OwnerId, Intent> = Table::new("organisation_siren");

/// The most organisations one call sets.
pub const SET_MAX: usize = 400;
/// The longest name, in characters.
const NAME_CHARS_MAX: usize = 160;

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Its slug, by which devices name their owner.
    pub id: OwnerId,
    /// What it is called.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Its SIRET (14 digits) or SIREN (9), empty when not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub siret: String,
}

/// What an organisation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A commune: owner of primary schools' equipment.
    Commune,
    /// An *établissement public de coopération intercommunale*.
    Epci,
    /// A *syndicat*.
    Syndicat,
    /// A département: owner of collèges' equipment.
    Departement,
    /// A région: owner of lycées' equipment.
    Region,
    /// An *organisme de gestion de l'enseignement catholique*, or another private one.
    Ogec,
    /// The state.
    Etat,
}

/// What became of those that were to be set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Set {
    /// New ones.
    pub added: u32,
    /// Those that were otherwise before.
    pub changed: u32,
    /// Those that were so already.
    pub same: u32,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Commune, Self::Epci, Self::Syndicat, Self::Departement, Self::Region, Self::Ogec, Self::Etat];

    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commune => "commune",
            Self::Epci => "epci",
            Self::Syndicat => "syndicat",
            Self::Departement => "departement",
            Self::Region => "region",
            Self::Ogec => "ogec",
            Self::Etat => "etat",
        }
    }
}

impl FromStr for Kind {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| {
            Error::Invalid("an organisation is a commune, epci, syndicat, departement, region, ogec or etat".to_owned())
        })
    }
}

impl Organisation {
    /// Its SIREN, if it is known.
    #[must_use]
    pub fn siren(&self) -> Option<&str> {
        self.siret.get(..9)
    }

    fn check(&self) -> Result<()> {
        let chars = self.name.chars().count();
        if !(1..=NAME_CHARS_MAX).contains(&chars) || self.name.chars().any(char::is_control) {
            return Err(Error::Invalid(format!("an organisation is named with 1 to {NAME_CHARS_MAX} characters")));
        }
        if !self.siret.is_empty() && !siret_is_valid(&self.siret) && !siren_is_valid(&self.siret) {
            let siret: String = self.siret.chars().take(20).collect();
            return Err(Error::Invalid(format!("{siret:?} is neither a SIRET nor a SIREN; a digit may be mistyped")));
        }
        Ok(())
    }
}

/// Adds organisations, or changes those that are there: all of them or none. Nothing is written when all are so already.
///
/// # Errors
/// `Invalid` for what an organisation cannot be, one that is named twice, or a SIREN that another one has; `Conflict` when somebody else changed one of them.
pub async fn organisations_set(
    store: &SharedStore,
    territory: &TerritoryId,
    wished: &[Organisation],
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<Set> {
    if wished.len() > SET_MAX {
        return Err(Error::Invalid(format!("at most {SET_MAX} organisations at a time")));
    }
    let (mut set, mut named, mut sirens) = (Set::default(), BTreeSet::new(), BTreeSet::new());
    let mut puts = Vec::new();
    for one in wished {
        one.check()?;
        if !named.insert(&one.id) || one.siren().is_some_and(|siren| !sirens.insert(siren)) {
            return Err(Error::Invalid(format!("organisation {} or its SIREN is named twice", one.id)));
        }
        let row = ORGANISATIONS.get(store.as_ref(), territory, one.id.to_string()).await?;
        match &row {
            Some(row) if row.value == *one => {
                set.same += 1;
                continue;
            }
            Some(_) => set.changed += 1,
            None => set.added += 1,
        }
        let siren = match one.siren() {
            None => None,
            Some(siren) => Some((siren, ORGANISATION_SIRENS.get(store.as_ref(), territory, siren).await?)),
        };
        if let Some((siren, Some(other))) = &siren
            && other.value != one.id
        {
            return Err(Error::Invalid(format!("the SIREN {siren} is that of organisation {}", other.value)));
        }
        puts.push((one, row, siren));
    }
    let (Some((first, ..)), Some((last, ..))) = (puts.first(), puts.last()) else { return Ok(set) };
    let subject = if puts.len() == 1 { first.id.to_string() } else { format!("{}..{}", first.id, last.id) };
    let mut writes = Writes::by(territory, &Act::of(now, by, "organisation_set", subject, why))?;
    for (one, row, siren) in puts {
        // A SIREN that is no longer its own leads nowhere.
        let former = row.as_ref().and_then(|row| row.value.siren()).filter(|former| Some(*former) != one.siren());
        if let Some(former) = former {
            writes = writes.remove(&ORGANISATION_SIRENS, former, Expect::Any);
        }
        if let Some((siren, held)) = siren {
            writes = writes.put(&ORGANISATION_SIRENS, siren, &one.id, expected(held.as_ref()))?;
        }
        writes = writes.put(&ORGANISATIONS, one.id.to_string(), one, expected(row.as_ref()))?;
    }
    writes.commit(store).await?;
    Ok(set)
}

/// A page of the organisations within a reach with this in their slug or name, and where the next one begins.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn organisation_page(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    kind: Option<Kind>,
    part: &str,
    after: &str,
    limit: usize,
) -> Result<(Vec<Organisation>, String)> {
    let (scope, part) = (ORGANISATIONS.scope(territory, ""), part.to_lowercase());
    let (mut found, mut after) = (Vec::new(), after.to_owned());
    loop {
        let page = ORGANISATIONS.page(store, &scope, &after, PAGE_MAX).await?;
        if page.is_empty() {
            return Ok((found, String::new()));
        }
        for Row { id, value, .. } in page {
            let filed = Filed { owner: Some(value.id.clone()), school: None };
            let fits = reach.covers(&filed)
                && kind.is_none_or(|kind| value.kind == kind)
                && (id.contains(&part) || value.name.to_lowercase().contains(&part));
            after = id;
            if fits {
                found.push(value);
            }
            if found.len() >= limit {
                return Ok((found, after));
            }
        }
    }
}

/// Says that this organisation is not known here: equipment is nobody's by a typing mistake.
///
/// # Errors
/// `Invalid` when it is not known, `Unavailable` when the store fails.
pub async fn organisation_check(store: &dyn Store, territory: &TerritoryId, id: &OwnerId) -> Result<()> {
    match ORGANISATIONS.get(store, territory, id.to_string()).await? {
        Some(_) => Ok(()),
        None => Err(Error::Invalid(format!("no organisation is called {id}; add it first"))),
    }
}

/// The owner to whom a SIRET leads, if that organisation is known here.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn owner_of_siret(store: &dyn Store, territory: &TerritoryId, siret: &str) -> Result<Option<OwnerId>> {
    let Some(siren) = siret.get(..9) else { return Ok(None) };
    Ok(ORGANISATION_SIRENS.get(store, territory, siren).await?.map(|row| row.value))
}

fn expected<T>(row: Option<&Row<T>>) -> Expect {
    row.map_or(Expect::Absent, |row| Expect::At(row.revision))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;
    use crate::role::Role;
    use std::sync::Arc;

    fn organisation(id: &str, siret: &str) -> Organisation {
        Organisation { id: id.parse().unwrap(), name: id.to_owned(), kind: Kind::Commune, siret: siret.to_owned() }
    }

    #[tokio::test]
    async fn a_siren_leads_to_one_owner_and_follows_a_correction() {
        let store: SharedStore = Arc::new(Memory::default());
        let territory: TerritoryId = "doubs".parse().unwrap();
        let by = Person { name: "jeanne".to_owned(), role: Role::Admin };
        let set = async |one: &[Organisation]| {
            organisations_set(&store, &territory, one, &by, "", Timestamp::default()).await
        };
        let leads = async |siret: &str| owner_of_siret(store.as_ref(), &territory, siret).await.unwrap();
        let a = organisation("a", "21200041800047");
        assert_eq!(set(std::slice::from_ref(&a)).await.unwrap(), Set { added: 1, ..Set::default() });
        let revision = store.revision().await.unwrap();
        assert_eq!(set(std::slice::from_ref(&a)).await.unwrap(), Set { same: 1, ..Set::default() });
        assert_eq!(store.revision().await.unwrap(), revision, "nothing was written");
        // The commune's head office, or any other place of it.
        assert_eq!(leads("21200041899999").await, Some("a".parse().unwrap()));
        assert!(matches!(set(&[organisation("b", "212000418")]).await, Err(Error::Invalid(_))));
        assert!(matches!(set(&[organisation("b", "212000419")]).await, Err(Error::Invalid(_))));
        assert!(matches!(set(&[a.clone(), a.clone()]).await, Err(Error::Invalid(_))));
        set(&[organisation("a", "")]).await.unwrap();
        assert_eq!(leads("21200041800047").await, None);
        set(&[organisation("b", "212000418")]).await.unwrap();
        assert_eq!(leads("21200041800047").await, Some("b".parse().unwrap()));
    }
}
