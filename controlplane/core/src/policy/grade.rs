//! A value of which more is tighter, said by one layer after another.

use super::layer::Layer;
use super::reason::Outcome;

/// What was said of it so far, and what it is at least.
#[derive(Debug)]
pub(super) struct Grade<T> {
    now: Option<T>,
    least: Option<(T, Layer)>,
}

impl<T> Default for Grade<T> {
    fn default() -> Self {
        Self { now: None, least: None }
    }
}

impl<T: Ord + Copy> Grade<T> {
    /// A layer says a value, and whether those below it may say a lower one.
    pub(super) fn say(&mut self, value: T, negotiable: bool, layer: &Layer) -> Outcome {
        if let Some((least, by)) = &self.least
            && value < *least
        {
            return Outcome::Ignored(by.clone());
        }
        if !negotiable && self.least.as_ref().is_none_or(|(least, _)| value > *least) {
            self.least = Some((value, layer.clone()));
        }
        if self.now.replace(value) == Some(value) { Outcome::Again } else { Outcome::Holds }
    }

    pub(super) const fn now(&self) -> Option<T> {
        self.now
    }
}
