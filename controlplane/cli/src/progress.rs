//! A sign of life on standard error when something takes long.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::pin::{Pin, pin};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// From when on waiting is shown.
const SHOWN_AFTER: Duration = Duration::from_secs(1);
/// How often the sign moves.
const TICK: Duration = Duration::from_millis(120);

/// A spinner that shows itself after a second, on a terminal only.
pub(crate) struct Progress {
    bar: ProgressBar,
    terminal: bool,
    due: Option<Pin<Box<Sleep>>>,
}

impl Progress {
    pub(crate) fn new(terminal: bool, text: String) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()).with_message(text);
        Self { bar, terminal, due: terminal.then(|| Box::pin(sleep(SHOWN_AFTER))) }
    }

    /// Waits for something.
    pub(crate) async fn during<F: Future>(&mut self, waited: F) -> F::Output {
        let mut waited = pin!(waited);
        if let Some(due) = &mut self.due {
            tokio::select! {
                biased;
                done = &mut waited => return done,
                () = due => {}
            }
            self.due = None;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.enable_steady_tick(TICK);
        }
        waited.await
    }

    /// Says how far it is.
    pub(crate) fn text(&self, text: String) {
        self.bar.set_message(text);
    }

    /// Says how much of a known whole is done: the spinner becomes a bar.
    pub(crate) fn reached(&self, done: usize, total: usize) {
        let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        if self.bar.length().is_none()
            && let Ok(style) = ProgressStyle::with_template("{bar:30} {human_pos}/{human_len} {msg}")
        {
            self.bar.set_style(style);
        }
        self.bar.set_length(number(total));
        self.bar.set_position(number(done));
    }

    /// Becomes a bar that fills up to `total`, shown at once: what has a length is known to take its time.
    pub(crate) fn bar(&mut self, total: u64, text: String) {
        if !self.terminal {
            return;
        }
        if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:40}] {percent} % ({eta})") {
            self.bar.set_style(style.progress_chars("=> "));
        }
        self.due = None;
        self.bar.set_length(total);
        self.bar.set_position(0);
        self.bar.set_message(text);
        self.bar.set_draw_target(ProgressDrawTarget::stderr());
    }

    /// How far the bar is.
    pub(crate) fn at(&self, position: u64) {
        self.bar.set_position(position);
    }

    /// Leaves the screen, for good.
    pub(crate) fn clear(&mut self) {
        self.due = None;
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
