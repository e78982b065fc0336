//! Establishments: imported from the ministry's register, read by all who work with devices.

use crate::audit::{Act, Person};
use crate::error::{Error, Result};
use crate::organisation::{organisation_check, owner_of_siret};
use crate::scope::{Filed, Reach};
use crate::store::{Expect, SharedStore, Store};
use crate::table::{Intent, Table, Writes};
use model::calendar::Zone;
use model::departement::Departement;
use model::establishment::{Degree, Establishment, Kind, Sector};
use model::id::TerritoryId;
use model::owner::OwnerId;
use model::time::Timestamp;
use model::uai::{Uai, WrittenUai};
use std::collections::BTreeSet;

/// Establishments by their UAI as the register writes it.
pub static ESTABLISHMENTS: Table<Establishment, Intent> = Table::new("establishment");

/// The most establishments one call imports.
pub const IMPORT_MAX: usize = 500;
/// How many establishments a page looks at before it is handed out, even if few of them fit.
const LOOKED_AT_MAX: usize = 20_000;

/// What an import did, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// New ones.
    pub added: u32,
    /// Those that were otherwise before.
    pub changed: u32,
    /// Those that were so already.
    pub same: u32,
}

/// Which establishments a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// In this département.
    pub departement: Option<Departement>,
    /// In this commune: its code, or a part of its name.
    pub commune: String,
    /// With this in its name or UAI.
    pub name: String,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Of this degree.
    pub degree: Option<Degree>,
    /// Public or private.
    pub sector: Option<Sector>,
    /// In this holiday zone.
    pub zone: Option<Zone>,
    /// Of this owner.
    pub owner: Option<OwnerId>,
    /// Only those left out of indicators, or only the others.
    pub flagged: Option<bool>,
}

/// An establishment, and the organisation whose SIRET it bears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The establishment.
    pub establishment: Establishment,
    /// Whose its equipment is by default.
    pub owner: Option<OwnerId>,
}

impl Placed {
    /// Where what belongs to it is filed.
    #[must_use]
    pub fn filed(&self) -> Filed {
        Filed { owner: self.owner.clone(), school: self.establishment.uai.uai() }
    }
}

impl Filter {
    fn fits(&self, one: &Establishment) -> bool {
        let named = |text: &str, part: &str| text.to_lowercase().contains(part);
        let (commune, name) = (self.commune.to_lowercase(), self.name.to_lowercase());
        self.departement.is_none_or(|departement| one.departement == Some(departement))
            && self.kind.is_none_or(|kind| one.kind == kind)
            && self.degree.is_none_or(|degree| one.kind.degree() == Some(degree))
            && self.sector.is_none_or(|sector| one.sector == Some(sector))
            && self.zone.is_none_or(|zone| one.departement.and_then(Departement::zone) == Some(zone))
            && self.flagged.is_none_or(|flagged| one.flag().is_some() == flagged)
            && (commune.is_empty()
                || one.communes.iter().any(|c| c.code.to_lowercase() == commune || named(&c.name, &commune)))
            && (name.is_empty() || named(&one.name, &name) || named(&one.uai.to_string(), &name))
    }
}

/// Writes those that are new or changed, in one commit with one act; with `dry_run` only says what it would do.
///
/// What is not named stays: a file may hold one département only. Importing the same again writes nothing.
///
/// # Errors
/// `Invalid` for what is out of its limits or named twice, `Conflict` when somebody else imports the same.
pub async fn establishments_import(
    store: &SharedStore,
    territory: &TerritoryId,
    batch: &[Establishment],
    by: &Person,
    source: &str,
    dry_run: bool,
    now: Timestamp,
) -> Result<Imported> {
    if batch.len() > IMPORT_MAX {
        return Err(Error::Invalid(format!("at most {IMPORT_MAX} establishments at a time")));
    }
    let (mut done, mut named, mut puts) = (Imported::default(), BTreeSet::new(), Vec::new());
    for one in batch {
        if !one.fits() {
            return Err(Error::Invalid(format!("establishment {} is not within the limits", one.uai)));
        }
        if !named.insert(one.uai) {
            return Err(Error::Invalid(format!("establishment {} is named twice", one.uai)));
        }
        let row = ESTABLISHMENTS.get(store.as_ref(), territory, one.uai.to_string()).await?;
        match row {
            Some(row) if row.value == *one => done.same += 1,
            Some(row) => {
                done.changed += 1;
                puts.push((one, Expect::At(row.revision)));
            }
            None => {
                done.added += 1;
                puts.push((one, Expect::Absent));
            }
        }
    }
    let (Some((first, _)), Some((last, _)), false) = (puts.first(), puts.last(), dry_run) else { return Ok(done) };
    let why = format!("{} added, {} changed: {source}", done.added, done.changed);
    let subject = if puts.len() == 1 { first.uai.to_string() } else { format!("{}..{}", first.uai, last.uai) };
    let mut writes = Writes::by(territory, &Act::of(now, by, "school_import", subject, &why))?;
    for (one, expect) in puts {
        writes = writes.put(&ESTABLISHMENTS, one.uai.to_string(), one, expect)?;
    }
    writes.commit(store).await?;
    Ok(done)
}

/// A page of the establishments within a reach that fit, and where the next one begins (empty when there is none).
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn establishment_page(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    filter: &Filter,
    after: &str,
    limit: usize,
) -> Result<(Vec<Placed>, String)> {
    let scope = ESTABLISHMENTS.scope(territory, "");
    let (mut found, mut after, mut looked_at) = (Vec::new(), after.to_owned(), 0);
    loop {
        let page = ESTABLISHMENTS.page(store, &scope, &after, 1_000).await?;
        if page.is_empty() {
            return Ok((found, String::new()));
        }
        looked_at += page.len();
        for row in page {
            after = row.id;
            if !filter.fits(&row.value) {
                continue;
            }
            let placed = placed(store, territory, row.value).await?;
            if reach.covers(&placed.filed()) && filter.owner.as_ref().is_none_or(|o| placed.owner.as_ref() == Some(o)) {
                found.push(placed);
            }
            if found.len() >= limit {
                return Ok((found, after));
            }
        }
        if looked_at >= LOOKED_AT_MAX {
            return Ok((found, after));
        }
    }
}

/// The establishment with this UAI, within a reach.
///
/// # Errors
/// `NotFound` when there is none, or none within the reach.
pub async fn establishment_get(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    uai: WrittenUai,
) -> Result<Placed> {
    let row = ESTABLISHMENTS.get(store, territory, uai.to_string()).await?;
    let placed = match row {
        Some(row) => Some(placed(store, territory, row.value).await?),
        None => None,
    };
    placed.filter(|one| reach.covers(&one.filed())).ok_or_else(|| Error::NotFound(format!("school {uai}")))
}

/// The name of an establishment; nothing when it was never imported.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn establishment_name(store: &dyn Store, territory: &TerritoryId, uai: Uai) -> Result<Option<String>> {
    Ok(ESTABLISHMENTS.get(store, territory, uai.to_string()).await?.map(|row| row.value.name))
}

/// Says that an establishment is not in the annuaire that was imported; where none was, every well-written UAI is taken.
///
/// # Errors
/// `Invalid` when it is not known, `Unavailable` when the store fails.
pub async fn establishment_check(store: &dyn Store, territory: &TerritoryId, uai: Uai) -> Result<()> {
    let known = ESTABLISHMENTS.get(store, territory, uai.to_string()).await?.is_some();
    if known || ESTABLISHMENTS.page(store, &ESTABLISHMENTS.scope(territory, ""), "", 1).await?.is_empty() {
        return Ok(());
    }
    Err(Error::Invalid(format!("school {uai} is not in the annuaire that was imported")))
}

/// Both checks of where a thing is to be filed.
///
/// # Errors
/// As [`establishment_check`] and [`organisation_check`].
pub async fn filed_check(store: &dyn Store, territory: &TerritoryId, filed: &Filed) -> Result<()> {
    if let Some(owner) = &filed.owner {
        organisation_check(store, territory, owner).await?;
    }
    match filed.school {
        Some(school) => establishment_check(store, territory, school).await,
        None => Ok(()),
    }
}

async fn placed(store: &dyn Store, territory: &TerritoryId, establishment: Establishment) -> Result<Placed> {
    let owner = owner_of_siret(store, territory, &establishment.siret).await?;
    Ok(Placed { establishment, owner })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::AUDIT;
    use crate::memory::Memory;
    use crate::role::Role;
    use crate::store::Scope;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn school(number: u32, pupils: u32) -> Establishment {
        let uai = format!("{:07}{}", number, WrittenUai::expected(format!("{number}A").parse().unwrap()));
        let value = serde_json::json!({
            "uai": uai, "name": format!("École {number}"), "kind": "primary", "pupils": pupils,
            "communes": [{"code": "25056", "name": "Exemple"}], "departement": "25",
        });
        serde_json::from_value(value).unwrap()
    }

    async fn all(store: &SharedStore, territory: &TerritoryId) -> BTreeMap<String, Establishment> {
        let (page, _) =
            establishment_page(store.as_ref(), territory, &Reach::territory(), &Filter::default(), "", 1_000)
                .await
                .unwrap();
        page.into_iter().map(|one| (one.establishment.uai.to_string(), one.establishment)).collect()
    }

    proptest! {
        /// However an import is cut and begun again: the register holds the last word of each, and one more run changes nothing.
        #[test]
        fn an_import_may_be_cut_anywhere_and_run_again(
            first in proptest::collection::btree_map(1u32..40, 0u32..3, 0..30),
            second in proptest::collection::btree_map(1u32..40, 0u32..3, 0..30),
            cut in 0usize..30, size in 1usize..12,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let store: SharedStore = Arc::new(Memory::default());
                let territory: TerritoryId = "doubs".parse().unwrap();
                let by = Person { name: "jeanne".to_owned(), role: Role::Admin };
                let rows = |file: &BTreeMap<u32, u32>| file.iter().map(|(n, p)| school(250_000 + n, *p)).collect::<Vec<_>>();
                let run = async |rows: &[Establishment]| {
                    let mut sum = Imported::default();
                    for batch in rows.chunks(size) {
                        let done = establishments_import(&store, &territory, batch, &by, "f", false, Timestamp::default()).await.unwrap();
                        sum = Imported { added: sum.added + done.added, changed: sum.changed + done.changed, same: sum.same + done.same };
                    }
                    sum
                };
                let (first, second) = (rows(&first), rows(&second));
                run(&first).await;
                run(&second[..cut.min(second.len())]).await;
                run(&second).await;
                let mut expected: BTreeMap<String, Establishment> = BTreeMap::new();
                expected.extend(first.into_iter().chain(second.clone()).map(|one| (one.uai.to_string(), one)));
                assert_eq!(all(&store, &territory).await, expected);
                let revision = store.revision().await.unwrap();
                let again = run(&second).await;
                assert_eq!((again.added, again.changed), (0, 0));
                assert_eq!(store.revision().await.unwrap(), revision, "neither a write nor an act");
            });
        }
    }

    #[tokio::test]
    async fn a_batch_is_one_act_and_a_dry_run_none() {
        let store: SharedStore = Arc::new(Memory::default());
        let territory: TerritoryId = "doubs".parse().unwrap();
        let by = Person { name: "jeanne".to_owned(), role: Role::Admin };
        let batch: Vec<_> = (1..=20).map(|n| school(250_000 + n, 5)).collect();
        let import = async |batch: &[Establishment], dry: bool| {
            establishments_import(&store, &territory, batch, &by, "annuaire.csv", dry, Timestamp::default()).await
        };
        assert_eq!(import(&batch, true).await.unwrap(), Imported { added: 20, ..Imported::default() });
        assert_eq!(store.revision().await.unwrap(), 0);
        import(&batch, false).await.unwrap();
        let scope = Scope { territory: territory.clone(), tables: vec![AUDIT], prefix: String::new() };
        let acts = store.scan(&scope, "", 10).await.unwrap();
        assert_eq!(acts.len(), 1);
        assert!(String::from_utf8_lossy(&acts[0].1.value).contains("school_import"));
        let long = Establishment { name: "x".repeat(500), ..batch[0].clone() };
        assert!(matches!(import(&[long], false).await, Err(Error::Invalid(_))));
        assert!(matches!(import(&[batch[0].clone(), batch[0].clone()], false).await, Err(Error::Invalid(_))));
    }
}
