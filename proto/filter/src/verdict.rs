//! What a policy makes of a name.
//!
//! A listed name decides over itself and all names beneath it. Only a listing that the policy speaks of decides: one in a category that it
//! blocks or allows. Of those the one with most labels decides, and where two are equally long, allowing comes before blocking. So a
//! name listed under games stays blocked for adult content by a name above it, where only adult content is blocked.

use crate::category::{CategoryId, Mask};
use crate::error::{Result, limit_check};
use crate::hash::ROOT;
use crate::limits::{LABELS_MAX, SHEETS_MAX};
use crate::matcher::FilterSet;
use std::sync::Arc;

/// A list and what a policy says of its categories.
#[derive(Clone, Debug)]
pub struct Sheet<'a> {
    /// The list.
    pub set: Arc<FilterSet<'a>>,
    /// Which categories are blocked.
    pub block: Mask,
    /// Which are allowed, before all blocking of names as long.
    pub allow: Mask,
    /// A sheet decides before all sheets of lower rank, whatever the length: the floor stands above a school's lists.
    pub rank: u8,
}

/// A policy's sheets.
#[derive(Clone, Debug)]
pub struct Filter<'a> {
    sheets: Vec<Sheet<'a>>,
    /// The most labels of any listed name.
    deepest: usize,
}

/// What is to happen with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing says anything of it; a lesson with an allow list alone blocks it.
    Unlisted,
    /// The policy allows it.
    Allowed,
    /// The policy blocks it.
    Blocked,
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// Which sheet, in the filter's order.
    pub sheet: usize,
    /// The first of the categories by which it decides.
    pub category: CategoryId,
    /// How many of the name's labels, from the right, the listed name has.
    pub labels: u32,
}

/// A decision and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What is to happen.
    pub decision: Decision,
    /// Why; none when nothing says anything.
    pub by: Option<Match>,
}

impl<'a> Filter<'a> {
    /// Of sheets, in the order in which one of equals is named.
    ///
    /// # Errors
    ///
    /// When there are too many.
    pub fn new(sheets: Vec<Sheet<'a>>) -> Result<Self> {
        limit_check("sheets of a filter", sheets.len(), SHEETS_MAX)?;
        let depths = sheets.iter().fold(0, |depths, sheet| depths | sheet.set.depths);
        Ok(Self { sheets, deepest: LABELS_MAX - depths.leading_zeros() as usize })
    }

    /// Its sheets.
    #[must_use]
    pub fn sheets(&self) -> &[Sheet<'a>] {
        &self.sheets
    }

    /// Decides over a name as text: A-labels in any case, with or without the dot at its end.
    #[must_use]
    pub fn verdict(&self, name: &[u8]) -> Verdict {
        let name = name.strip_suffix(b".").unwrap_or(name);
        self.verdict_labels(name.rsplit(|byte| *byte == b'.'))
    }

    /// Decides over a name's labels, the last one first, as they stand in a DNS message.
    ///
    /// Beyond a label that no name can have, nothing more is looked for: what stands to its right decides.
    #[must_use]
    pub fn verdict_labels<'b>(&self, labels: impl Iterator<Item = &'b [u8]> + Clone) -> Verdict {
        let mut hashes = [ROOT; LABELS_MAX];
        let mut length = 0;
        let mut seed = None;
        let mut best: Option<(u8, Verdict)> = None;
        for (at, sheet) in self.sheets.iter().enumerate() {
            if seed != Some(sheet.set.seed()) {
                length = sheet.set.seed().fill(&mut hashes[..self.deepest], labels.clone());
                seed = Some(sheet.set.seed());
            }
            for (labels, set) in sheet.set.each(&hashes[..length]) {
                if let Some(found) = sheet.verdict(at, set, labels)
                    && best.is_none_or(|(rank, best)| (sheet.rank, found.weight()) > (rank, best.weight()))
                {
                    best = Some((sheet.rank, found));
                }
            }
        }
        best.map_or(Verdict::UNLISTED, |(_, verdict)| verdict)
    }
}

impl Sheet<'_> {
    #[inline]
    fn verdict(&self, sheet: usize, found: Mask, labels: u32) -> Option<Verdict> {
        let (allowed, blocked) = (found.both(self.allow).first(), found.both(self.block).first());
        let decision = if allowed.is_some() { Decision::Allowed } else { Decision::Blocked };
        let category = allowed.or(blocked)?;
        Some(Verdict { decision, by: Some(Match { sheet, category, labels }) })
    }
}

impl Verdict {
    const UNLISTED: Self = Self { decision: Decision::Unlisted, by: None };

    /// By which one verdict comes before another of the same rank.
    fn weight(self) -> (u32, bool) {
        (self.by.map_or(0, |by| by.labels), self.decision == Decision::Allowed)
    }
}
