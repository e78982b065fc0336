//! A bar on standard error while much is read, on a terminal only.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far something is, in bytes.
pub struct Progress(ProgressBar);

impl Progress {
    /// Shown when a person looks on.
    pub(crate) fn new(total: u64, text: String, terminal: bool) -> Self {
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target).with_message(text);
        if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:40}] {percent} % ({eta})") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self(bar)
    }

    /// Shown to nobody.
    #[must_use]
    pub fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    pub(crate) fn more(&self, bytes: usize) {
        self.0.inc(bytes as u64);
    }

    pub(crate) fn text(&self, text: String) {
        self.0.set_message(text);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
