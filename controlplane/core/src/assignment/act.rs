//! Assigning: one bundle, in one version or none, for some targets at once.

use super::{ASSIGNMENTS, ASSIGNMENTS_MAX, Assignment, Assignments, Edition, Target};
use crate::audit::{Act, Person};
use crate::error::{Error, Result};
use crate::release::release_before_end;
use crate::rules::{rules_mark, rules_marked};
use crate::store::{Expect, Store};
use crate::table::{Intent, Writes};
use model::id::TerritoryId;
use model::resource::{BUNDLES_MAX, BundleName};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most targets of one act.
pub const TARGETS_MAX: usize = 500;

/// What is to be said of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// It is to be there, in this version.
    Hold {
        /// Which.
        edition: Edition,
        /// Whether it is fetched in quiet hours too.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        urgent: bool,
    },
    /// It is not to be there, whatever less particular targets say.
    Absent,
    /// Nothing more: less particular targets decide.
    Nothing,
}

/// An act on assignments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Which bundle.
    pub bundle: BundleName,
    /// For whom.
    pub targets: BTreeSet<Target>,
    /// What.
    pub word: Word,
}

impl Wish {
    /// The name in tables and messages.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        match self.word {
            Word::Hold { .. } => "bundle_assign",
            Word::Absent => "bundle_withhold",
            Word::Nothing => "bundle_unassign",
        }
    }
}

/// The writes of an act, an audit entry for each target.
///
/// # Errors
/// `Invalid` for no or too many targets, one bundle too many, or where all is so already; `Conflict` at the commit when somebody else
/// changed rules meanwhile.
pub async fn assignment_writes(
    store: &dyn Store,
    territory: &TerritoryId,
    wish: &Wish,
    by: &Person,
    second: Option<&Person>,
    why: &str,
    now: Timestamp,
) -> Result<Writes<Intent>> {
    if wish.targets.is_empty() || wish.targets.len() > TARGETS_MAX {
        return Err(Error::Invalid(format!("a bundle is assigned to 1 to {TARGETS_MAX} targets at a time")));
    }
    let mark = rules_marked(store, territory).await?;
    let all = Assignments::load(store, territory).await?;
    let mut writes: Option<Writes<Intent>> = None;
    let mut added = 0;
    for target in &wish.targets {
        let before = all.get(target, &wish.bundle);
        let after = after(wish, target, by, now);
        let said = |one: &Assignment| (one.edition.clone(), one.urgent);
        if before.map(said) == after.as_ref().map(said) {
            continue;
        }
        if after.as_ref().is_some_and(|after| after.edition.is_some()) {
            room_check(&all, wish, target)?;
        }
        added += usize::from(before.is_none());
        let id = format!("{}/{target}", wish.bundle);
        let act = Act::of(now, by, wish.verb(), id.clone(), why).with(second);
        let begun = match writes {
            None => Writes::by(territory, &act)?,
            Some(writes) => writes.also(&act)?,
        };
        writes = Some(match &after {
            Some(after) => begun.put(&ASSIGNMENTS, id, after, Expect::Any)?,
            None => begun.remove(&ASSIGNMENTS, id, Expect::Any),
        });
    }
    if all.iter().count() + added > ASSIGNMENTS_MAX {
        return Err(Error::Invalid(format!("there are at most {ASSIGNMENTS_MAX} assignments; take some back first")));
    }
    match writes {
        Some(writes) if wish.bundle.is_agent() && wish.targets.contains(&Target::Territory) => {
            rules_mark(release_before_end(store, territory, writes).await?, mark)
        }
        Some(writes) => rules_mark(writes, mark),
        None => Err(Error::Invalid("this is assigned so already".to_owned())),
    }
}

fn after(wish: &Wish, target: &Target, by: &Person, now: Timestamp) -> Option<Assignment> {
    let (edition, urgent) = match &wish.word {
        Word::Hold { edition, urgent } => (Some(edition.clone()), *urgent),
        Word::Absent => (None, false),
        Word::Nothing => return None,
    };
    let (bundle, target, by) = (wish.bundle.clone(), target.clone(), by.name.clone());
    Some(Assignment { bundle, target, edition, urgent, by, at: now })
}

/// Whether a device that only this target and the whole territory cover has room for one bundle more. What comes together from more
/// targets than these two is cut when it is planned.
fn room_check(all: &Assignments, wish: &Wish, target: &Target) -> Result<()> {
    let here = all.of_target(target).chain(all.of_target(&Target::Territory));
    let held: BTreeSet<_> = here.filter(|one| one.edition.is_some()).map(|one| &one.bundle).collect();
    let full = held.iter().filter(|name| !name.is_agent()).count() >= BUNDLES_MAX;
    if !full || wish.bundle.is_agent() || held.contains(&wish.bundle) {
        return Ok(());
    }
    Err(Error::Invalid(format!("a device holds at most {BUNDLES_MAX} bundles; {target} is assigned as many already")))
}
