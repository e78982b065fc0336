//! Sets of categories that names are in, each kept once.

use crate::category::Mask;
use crate::error::{Result, limit_check};
use crate::limits::SETS_MAX;
use std::collections::BTreeMap;

/// Sets by the number that stands for each, with how many names are in each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sets {
    sets: Vec<Mask>,
    names: Vec<u32>,
    codes: BTreeMap<Mask, u32>,
}

impl Sets {
    /// The number of a set, for one more name.
    ///
    /// # Errors
    ///
    /// When there are too many.
    pub(crate) fn code(&mut self, set: Mask) -> Result<u32> {
        let code = match self.codes.get(&set) {
            Some(code) => *code,
            None => {
                limit_check("sets of categories", self.sets.len() + 1, SETS_MAX)?;
                let code = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
                self.sets.push(set);
                self.names.push(0);
                self.codes.insert(set, code);
                code
            }
        };
        if let Some(names) = self.names.get_mut(code as usize) {
            *names += 1;
        }
        Ok(code)
    }

    /// What a number stands for.
    pub(crate) fn get(&self, code: u32) -> Mask {
        self.sets.get(code as usize).copied().unwrap_or_default()
    }

    /// The sets, the commonest first, and for each number its place among them.
    pub(crate) fn ranked(&self) -> (Vec<Mask>, Vec<u32>) {
        let mut order: Vec<(u32, u32)> = self.names.iter().map(|names| u32::MAX - names).zip(0..).collect();
        // Of equals the smaller number first: it is the set seen first, in the order of fingerprints.
        order.sort_unstable();
        let mut places = vec![0; order.len()];
        for (place, (_, code)) in (0..).zip(&order) {
            if let Some(slot) = places.get_mut(*code as usize) {
                *slot = place;
            }
        }
        (order.iter().map(|(_, code)| self.get(*code)).collect(), places)
    }

    /// Each set with how many names are in it.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (Mask, u32)> {
        self.sets.iter().copied().zip(self.names.iter().copied())
    }
}
