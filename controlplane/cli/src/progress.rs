//! A sign of life on standard error when something takes long.

use indicatif::{ProgressBar, ProgressDrawTarget};
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
    due: Option<Pin<Box<Sleep>>>,
}

impl Progress {
    pub(crate) fn new(terminal: bool, text: String) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()).with_message(text);
        Self { bar, due: terminal.then(|| Box::pin(sleep(SHOWN_AFTER))) }
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
