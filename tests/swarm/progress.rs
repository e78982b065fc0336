//! How far things are, on standard error.

use indicatif::{ProgressBar, ProgressStyle};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tests::swarm::crowd::Shown;

/// One bar at a time; where standard error is no terminal, a line for each step.
pub(crate) struct Bars(Mutex<Option<ProgressBar>>);

impl Bars {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Nothing more comes.
    pub(crate) fn end(&self) {
        if let Some(bar) = self.lock().take() {
            bar.finish_and_clear();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown for Bars {
    fn begun(&self, what: &str, steps: u64) {
        self.end();
        let bar = ProgressBar::new(steps).with_message(what.to_owned());
        if bar.is_hidden() {
            eprintln!("{what} …");
        }
        if let Ok(style) = ProgressStyle::with_template("{msg:32} [{bar:40}] {pos}/{len} {elapsed}") {
            bar.set_style(style.progress_chars("=> "));
        }
        *self.lock() = Some(bar);
    }

    fn done(&self, steps: u64) {
        if let Some(bar) = &*self.lock() {
            bar.set_position(steps);
        }
    }
}
