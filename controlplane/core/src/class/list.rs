//! Which classes there are, by what serves them: nothing else says that there is one.

use crate::device::Device;
use crate::error::{Error, Result};
use crate::facts::facts_from;
use crate::filing::{Near, Walk};
use crate::kit::KITS;
use crate::loan::LOANS;
use crate::policy::near;
use crate::scope::Reach;
use crate::store::{PAGE_MAX, Store};
use model::class::Class;
use model::device::JoinState;
use model::id::{DeviceId, TerritoryId};
use model::loan::{LoanId, LoanState};
use model::uai::Uai;
use std::collections::BTreeMap;

/// The most classes in one answer.
pub const CLASSES_MAX: usize = 25_000;

/// What serves a class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Serving {
    /// The kits on which it is written.
    pub kits: Vec<String>,
    /// The open loans on which it is written, by convention number.
    pub loans: BTreeMap<LoanId, String>,
    /// The devices that serve it, whatever it is written on.
    pub devices: BTreeMap<DeviceId, Through>,
}

/// On what the class of a device is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Through {
    /// On its own record.
    Device,
    /// On the loan by which somebody has it.
    Loan,
    /// On the kit in which it is packed.
    Kit,
}

impl Through {
    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Loan => "loan",
            Self::Kit => "kit",
        }
    }
}

/// Whether anything serves a class: what is meant for one that was mistyped would wait for ever.
///
/// # Errors
/// `Invalid`, with those of its school that may have been meant, where nothing does; `Unavailable` when the store fails.
pub async fn class_serves(store: &dyn Store, territory: &TerritoryId, class: &Class) -> Result<()> {
    let (scope, mut after) = (KITS.scope(territory, ""), String::new());
    loop {
        let page = KITS.page(store, &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        if page.iter().any(|row| row.value.class.as_ref() == Some(class)) {
            return Ok(());
        }
    }
    let mut walk = Walk::begin(store, territory, &Near::class_of(class.school), "").await?;
    while let Some(page) = walk.next(store, territory, PAGE_MAX).await? {
        if page.iter().any(|row| row.value.class.as_ref() == Some(class)) {
            return Ok(());
        }
    }
    // What is written on loans alone, and what may have been meant.
    let known = classes_of(store, territory, &Reach::territory(), Some(class.school)).await?;
    if known.contains_key(class) {
        return Ok(());
    }
    let labels: Vec<String> = known.keys().map(|class| class.label.to_string()).collect();
    let meant = near(&class.label.to_string(), labels.iter().map(String::as_str));
    let school = class.school;
    if meant.is_empty() {
        return Err(Error::Invalid(format!("nothing serves class {class}; class list shows the classes of a school")));
    }
    let meant: Vec<String> = meant.iter().map(|label| format!("{school}/{label}")).collect();
    Err(Error::Invalid(format!("nothing serves class {class}; perhaps {} is meant", meant.join(", "))))
}

/// The classes within a reach, of one school or of all, with what serves each.
///
/// # Errors
/// `Invalid` for more classes than one answer holds; `Unavailable` when the store fails.
pub async fn classes_of(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    school: Option<Uai>,
) -> Result<BTreeMap<Class, Serving>> {
    let meant = |class: &Class| school.is_none_or(|school| class.school == school);
    let mut classes: BTreeMap<Class, Serving> = BTreeMap::new();
    let (scope, mut after) = (KITS.scope(territory, ""), String::new());
    loop {
        let page = KITS.page(store, &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        for kit in page.into_iter().map(|row| row.value).filter(|kit| reach.covers(&kit.filed())) {
            let class = kit.class.filter(|class| kit.school == Some(class.school) && meant(class));
            if let Some(class) = class {
                classes.entry(class).or_default().kits.push(kit.label);
            }
        }
    }
    let (scope, mut after) = (LOANS.scope(territory, ""), String::new());
    loop {
        let page = LOANS.page(store, &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        for loan in page.into_iter().map(|row| row.value).filter(|loan| reach.covers(&loan.filed())) {
            if let Some(class) = loan.class.filter(meant) {
                classes.entry(class).or_default().loans.insert(loan.id, loan.number);
            }
        }
    }
    let mut walk = Walk::begin(store, territory, &school.map_or(Near::Everywhere, Near::class_of), "").await?;
    while let Some(page) = walk.next(store, territory, PAGE_MAX).await? {
        let there = |state: JoinState| state != JoinState::Revoked;
        // What is filed elsewhere serves no class here.
        let near = |filed: Option<Uai>| school.is_none_or(|school| filed.is_none_or(|filed| filed == school));
        let near = |device: &Device| near(device.school) && reach.covers(&device.filed());
        for row in page.into_iter().filter(|row| there(row.value.state) && near(&row.value)) {
            let (facts, _) = facts_from(store, territory, &row.value).await?;
            let Some(class) = facts.class.filter(meant) else { continue };
            let own = row.value.class.as_ref() == Some(&class);
            let lent = async |id: LoanId| -> Result<bool> {
                let row = LOANS.get(store, territory, id.to_string()).await?;
                Ok(row.is_some_and(|row| {
                    row.value.state == LoanState::Active && row.value.class.as_ref() == Some(&class)
                }))
            };
            let through = match facts.loan {
                _ if own => Through::Device,
                Some(loan) if lent(loan).await? => Through::Loan,
                _ => Through::Kit,
            };
            classes.entry(class).or_default().devices.insert(row.value.id, through);
        }
    }
    if classes.len() > CLASSES_MAX {
        return Err(Error::Invalid(format!("there are more than {CLASSES_MAX} classes; name a school")));
    }
    Ok(classes)
}
