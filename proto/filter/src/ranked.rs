//! What is said of names and categories, rank by rank, made into a filter: by devices, which decide, and by whoever explains what they decide.
//!
//! Names that a policy speaks of itself become a small image with the list's own key, so that they are asked at almost no cost beside it.

use crate::category::{Categories, CategoryId, Mask};
use crate::compile::Collector;
use crate::error::Result;
use crate::hash::Seed;
use crate::matcher::FilterSet;
use crate::verdict::{Decision, Filter, Sheet};
use std::sync::Arc;

/// What stands for all categories that a list does not mean as allowed.
const ALL: &str = "all";
/// The key of own names where no list is there: no list is aimed at.
const SEED: [u8; 16] = *b"cartable filter\0";

/// What is said in one rank.
#[derive(Clone, Debug, Default)]
pub struct Said<'a> {
    /// It decides before all lower ranks, whatever the length of the name.
    pub rank: u8,
    /// Names that it opens.
    pub names_open: Vec<&'a str>,
    /// Names that it blocks.
    pub names_blocked: Vec<&'a str>,
    /// Names that a person opened: here where its own categories block them, else in the rank below, where a longer name decides.
    pub names_lifted: Vec<&'a str>,
    /// Categories that it opens, as the list calls them.
    pub open: Vec<&'a str>,
    /// Categories that it blocks; `all` stands for each that the list does not mean as allowed.
    pub blocked: Vec<&'a str>,
}

/// A filter, and where each of its sheets comes from.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// The filter.
    pub filter: Filter<'static>,
    /// Of which rank each sheet is, and whether it is the list's; else it holds names.
    pub origins: Vec<(u8, bool)>,
    /// Categories that the list does not have, with the rank that speaks of them: they block and open nothing.
    pub unknown: Vec<(u8, String)>,
}

impl Ranked {
    /// Of ranks, with the list there is. Without one nothing is made of categories.
    ///
    /// # Errors
    /// When it is more than the engine takes.
    pub fn new(said: &[Said<'_>], list: Option<&Arc<FilterSet<'static>>>) -> Result<Self> {
        let said = lifted(said, list)?;
        let seed = list.map_or_else(|| Seed::new(SEED), |list| list.seed());
        let mut names = Names(Collector::new(seed, Categories::new()));
        let masks = said.iter().map(|one| Ok((names.add(&one.names_blocked)?, names.add(&one.names_open)?)));
        let masks: Vec<(Mask, Mask)> = masks.collect::<Result<_>>()?;
        let own = names.set()?;
        let (mut sheets, mut origins, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        let mut put = |set: &Arc<FilterSet<'static>>, (block, allow): (Mask, Mask), rank: u8, listed: bool| {
            // One that says nothing would be looked at for nothing.
            if !block.is_empty() || !allow.is_empty() {
                sheets.push(Sheet { set: Arc::clone(set), block, allow, rank });
                origins.push((rank, listed));
            }
        };
        for (one, masks) in said.iter().zip(masks) {
            put(&own, masks, one.rank, false);
        }
        for one in &said {
            let Some(list) = list else { break };
            let mut mask = |names: &[&str]| mask(list, names, |name| unknown.push((one.rank, name.to_owned())));
            put(list, (mask(&one.blocked), mask(&one.open)), one.rank, true);
        }
        Ok(Self { filter: Filter::new(sheets)?, origins, unknown })
    }
}

/// The ranks with each name that was lifted where it belongs: opened above all of a lower rank, it would open what is listed beneath it.
fn lifted<'a>(said: &[Said<'a>], list: Option<&Arc<FilterSet<'static>>>) -> Result<Vec<Said<'a>>> {
    let mut all = said.to_vec();
    for one in said.iter().filter(|one| !one.names_lifted.is_empty()) {
        let block = list.map_or(Mask::NONE, |list| mask(list, &one.blocked, |_| {}));
        let sheet = list.map(|list| Sheet { set: Arc::clone(list), block, allow: Mask::NONE, rank: one.rank });
        let filter = Filter::new(sheet.into_iter().collect())?;
        for name in &one.names_lifted {
            let here = filter.verdict(name.as_bytes()).decision == Decision::Blocked;
            let rank = if here { one.rank } else { one.rank.saturating_sub(1) };
            if let Some(of) = all.iter_mut().find(|of| of.rank == rank) {
                of.names_open.push(*name);
            }
        }
    }
    Ok(all)
}

/// A policy's own names, as a small image.
struct Names(Collector);

impl Names {
    /// Names under a category of their own; none of none.
    fn add(&mut self, names: &[&str]) -> Result<Mask> {
        if names.is_empty() {
            return Ok(Mask::NONE);
        }
        let id: CategoryId = self.0.category(&format!("own-{}", self.0.categories().all().len()), false)?;
        for name in names {
            // What is no name to the engine is nobody's question.
            if let Ok(name) = name.parse() {
                self.0.add(id, &name)?;
            }
        }
        Ok(Mask::of(id))
    }

    fn set(self) -> Result<Arc<FilterSet<'static>>> {
        Ok(Arc::new(FilterSet::open(self.0.finish()?.image(&[])?)?))
    }
}

/// The set of categories named; those that the list does not have are handed out.
fn mask(list: &FilterSet<'_>, names: &[&str], mut unknown: impl FnMut(&str)) -> Mask {
    let categories = list.categories();
    names.iter().fold(Mask::NONE, |mask, name| match (*name, categories.find(name)) {
        (ALL, _) => mask | categories.black(),
        (_, Some(id)) => mask | Mask::of(id),
        (_, None) => {
            unknown(name);
            mask
        }
    })
}
