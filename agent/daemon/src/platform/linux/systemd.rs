//! systemd, as it is told by datagrams (sd_notify(3)); where `NOTIFY_SOCKET` is not set, nobody is.

use crate::supervisor::Supervisor;
use sd_notify::NotifyState;
use std::time::Duration;

/// A longer line is cut: `systemctl status` shows one.
const STATUS_CHARACTERS_MAX: usize = 200;

/// The service manager that started this process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Systemd {
    silence_max: Option<Duration>,
}

impl Systemd {
    /// As the environment says.
    pub(super) fn from_environment() -> Self {
        Self { silence_max: sd_notify::watchdog_enabled().filter(|silence| !silence.is_zero()) }
    }

    fn tell(state: NotifyState<'_>) {
        if let Err(error) = sd_notify::notify(&[state]) {
            tracing::debug!(%error, "systemd cannot be told");
        }
    }
}

impl Supervisor for Systemd {
    fn ready(&self) {
        Self::tell(NotifyState::Ready);
    }

    fn status(&self, text: &str) {
        // A line break would begin another message.
        let line: String = text.chars().filter(|c| !c.is_control()).take(STATUS_CHARACTERS_MAX).collect();
        Self::tell(NotifyState::Status(&line));
    }

    fn stopping(&self) {
        Self::tell(NotifyState::Stopping);
    }

    fn alive(&self) {
        Self::tell(NotifyState::Watchdog);
    }

    fn silence_max(&self) -> Option<Duration> {
        self.silence_max
    }
}
