//! Templates and kits: made, and named by tokens.

use super::{KIT_CODES, KITS, Kit, TEMPLATES};
use crate::asset::{CODE_CHARS, code_of, number_read};
use crate::audit::{Act, Person};
use crate::class::class_filed;
use crate::device::KitSlot;
use crate::error::{Error, Result};
use crate::establishment::filed_check;
use crate::organisation::organisation_check;
use crate::scope::{Filed, Reach};
use crate::store::{Expect, PAGE_MAX, SharedStore, Store};
use crate::table::{Row, Writes};
use model::class::Class;
use model::id::TerritoryId;
use model::kit::{Slot, Template};
use model::measure::{FundingLine, Measure};
use model::owner::OwnerId;
use model::time::Timestamp;
use std::collections::BTreeMap;

/// The most versions of one template.
const VERSIONS_MAX: u32 = 999;

/// What a person asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KitWish {
    /// The label on its case.
    pub label: String,
    /// Its template.
    pub template: String,
    /// The template's version; 0 for the newest.
    pub version: u32,
    /// Where it is filed.
    pub filed: Filed,
    /// Which class of its school it serves.
    pub class: Option<Class>,
    /// Who runs it.
    pub operator: Option<OwnerId>,
    /// What it was bought for.
    pub measure: Option<Measure>,
    /// From which money.
    pub funding: Option<FundingLine>,
}

/// Keeps a template: as a new version, unless the newest one is the same.
///
/// # Errors
/// `Invalid` for a template that cannot be meant, `Conflict` when somebody else added a version.
pub async fn template_put(
    store: &SharedStore,
    territory: &TerritoryId,
    template: Template,
    by: &Person,
    now: Timestamp,
) -> Result<(Template, bool)> {
    let template = template.checked().map_err(|e| Error::Invalid(e.to_string()))?;
    let newest = versions(store.as_ref(), territory, &template.name).await?.pop();
    let version = newest.as_ref().map_or(0, |row| row.value.version);
    if let Some(row) =
        newest.filter(|row| Template { version: 0, ..row.value.clone() } == Template { version: 0, ..template.clone() })
    {
        return Ok((row.value, false));
    }
    if version >= VERSIONS_MAX {
        return Err(Error::Invalid(format!("a template has at most {VERSIONS_MAX} versions")));
    }
    let template = Template { version: version + 1, ..template };
    let id = id_of(&template.name, template.version);
    let act = Act::of(now, by, "kit_template", id.clone(), "");
    Writes::by(territory, &act)?.put(&TEMPLATES, id, &template, Expect::Absent)?.commit(store).await?;
    Ok((template, true))
}

/// Every version of every template, or of one; in the order of their names.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn template_list(
    store: &dyn Store,
    territory: &TerritoryId,
    name: &str,
    after: &str,
    limit: usize,
) -> Result<(Vec<Template>, String)> {
    let prefix = if name.is_empty() { String::new() } else { format!("{name}/") };
    let rows = TEMPLATES.page(store, &TEMPLATES.scope(territory, prefix), after, limit).await?;
    let next =
        if rows.len() < limit { String::new() } else { rows.last().map_or_else(String::new, |row| row.id.clone()) };
    Ok((rows.into_iter().map(|row| row.value).collect(), next))
}

/// A template; its newest version for 0.
///
/// # Errors
/// `NotFound` when there is none.
pub async fn template_get(store: &dyn Store, territory: &TerritoryId, name: &str, version: u32) -> Result<Template> {
    let missing = || Error::NotFound(format!("kit template {:?}", name.chars().take(40).collect::<String>()));
    if version == 0 {
        return versions(store, territory, name).await?.pop().map(|row| row.value).ok_or_else(missing);
    }
    TEMPLATES.get(store, territory, id_of(name, version)).await?.map(|row| row.value).ok_or_else(missing)
}

/// Makes a kit; empty, to be filled by binding.
///
/// # Errors
/// `Invalid`, `NotFound` for an unknown template, `Denied` outside the reach, `Exists` for a label that is taken.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn kit_create(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    wish: &KitWish,
    by: &Person,
    code: &[u8; CODE_CHARS],
    now: Timestamp,
) -> Result<Kit> {
    let label = number_read(&wish.label)?;
    let template = template_get(store.as_ref(), territory, &wish.template, wish.version).await?;
    if !reach.covers(&wish.filed) {
        return Err(Error::Denied(
            "equipment can be filed only within your scope: name its school or its owner".to_owned(),
        ));
    }
    if wish.measure.is_none() {
        return Err(Error::Invalid(format!("{label} names no measure")));
    }
    class_filed(wish.class.as_ref(), wish.filed.school, &label)?;
    filed_check(store.as_ref(), territory, &wish.filed).await?;
    if let Some(operator) = &wish.operator {
        organisation_check(store.as_ref(), territory, operator).await?;
    }
    let kit = Kit {
        label: label.clone(),
        code: code_of(code),
        template: template.name,
        version: template.version,
        school: wish.filed.school,
        owner: wish.filed.owner.clone(),
        operator: wish.operator.clone(),
        class: wish.class.clone(),
        measure: wish.measure,
        funding: wish.funding.clone(),
        parts: Vec::new(),
        loose: BTreeMap::new(),
        created: now,
    };
    let act = Act::of(now, by, "kit_create", label.clone(), "");
    let writes = Writes::by(territory, &act)?.put(&KITS, label.clone(), &kit, Expect::Absent)?;
    match writes.put(&KIT_CODES, kit.code.clone(), &label, Expect::Absent)?.commit(store).await {
        Ok(_) => Ok(kit),
        Err(Error::Conflict(_)) => Err(Error::Exists(format!("kit {label}"))),
        Err(error) => Err(error),
    }
}

/// The kit and slot that somebody names for devices, as they are kept, with where the kit is filed.
///
/// # Errors
/// `NotFound` for an unknown kit, also one outside the reach; `Invalid` for a slot that there is not, or whose parts run no agent.
pub async fn kit_slot(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    named: &KitSlot,
) -> Result<(KitSlot, Filed)> {
    let kit = super::kit_find(store, territory, reach, &named.kit).await?.value;
    let slot = slot_of(store, territory, &kit, &named.slot).await?;
    if !slot.managed {
        return Err(Error::Invalid(format!("slot {} of kit {} is for parts that run no agent", slot.slot, kit.label)));
    }
    Ok((KitSlot { kit: kit.label.clone(), slot: slot.slot }, kit.filed()))
}

/// A slot of a kit's template.
pub(super) async fn slot_of(store: &dyn Store, territory: &TerritoryId, kit: &Kit, name: &str) -> Result<Slot> {
    let template = template_get(store, territory, &kit.template, kit.version).await?;
    let name = name.trim().to_lowercase();
    template.slot(&name).cloned().ok_or_else(|| {
        let slots: Vec<&str> = template.slots.iter().map(|slot| slot.slot.as_str()).collect();
        let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
        Error::Invalid(format!("kit {} has no slot {shown:?}; it has {}", kit.label, slots.join(", ")))
    })
}

async fn versions(store: &dyn Store, territory: &TerritoryId, name: &str) -> Result<Vec<Row<Template>>> {
    if name.is_empty() || name.len() > model::kit::NAME_CHARS_MAX {
        return Ok(Vec::new());
    }
    TEMPLATES.page(store, &TEMPLATES.scope(territory, format!("{name}/")), "", PAGE_MAX).await
}

fn id_of(name: &str, version: u32) -> String {
    format!("{name}/{version:05}")
}
