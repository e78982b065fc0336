//! Which names browsers block themselves.

use model::host::Host;
use std::collections::BTreeSet;

/// The most patterns that a browser reads (Chromium `URLBlocklist`, Firefox `WebsiteFilter`): the rest would be passed over in silence. All kinds
/// together stay below it.
pub const PATTERNS_MAX: usize = 1_000;
/// Kept free for pages of browsers themselves.
const OWN_PAGES: usize = 10;

/// Names for a browser: what is blocked, and what beneath it is open.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Patterns {
    pub(super) blocked: Vec<Host>,
    pub(super) open: Vec<Host>,
    /// Names that found no room.
    pub(super) left: usize,
}

impl Patterns {
    /// Takes names with their exceptions as long as there is room, `first` before the others. What is `always` open decides over all of them; of the
    /// others the longer name does, and the open one of two that are equal (decision 28).
    pub(super) fn new(first: &[Host], blocked: &BTreeSet<Host>, open: &BTreeSet<Host>, always: &[Host]) -> Self {
        let mut patterns = Self::default();
        let mut seen = BTreeSet::new();
        let mut exceptions = BTreeSet::new();
        for name in first.iter().chain(blocked) {
            let is_open = open.contains(name) || always.iter().any(|always| always.covers(name));
            if is_open || !seen.insert(name) {
                continue;
            }
            let beneath = open.iter().chain(always).filter(|open| name.covers(open));
            let new: BTreeSet<&Host> = beneath.filter(|open| !exceptions.contains(*open)).collect();
            if patterns.blocked.len() + exceptions.len() + new.len() < PATTERNS_MAX - OWN_PAGES {
                patterns.blocked.push(name.clone());
                exceptions.extend(new);
            } else {
                patterns.left += 1;
            }
        }
        patterns.open = exceptions.into_iter().cloned().collect();
        patterns
    }
}
