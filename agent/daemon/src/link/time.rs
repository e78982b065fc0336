//! What the server says of the time.

use super::Link;
use agent_core::clock_floor::floor_raised;
use model::time::Timestamp;

impl Link {
    /// The server's time came through a checked connection: it tells how far this clock is off, and that it is at least so late.
    pub(super) fn server_time(&mut self, server: Timestamp, now: Timestamp) {
        if server.unix_millis() <= 0 {
            return;
        }
        if self.clock_ahead_ms.is_none() {
            self.calendar.health_hasten();
        }
        self.clock_ahead_ms = Some(now.unix_millis().saturating_sub(server.unix_millis()));
        self.live.clock_ahead_ms = self.clock_ahead_ms;
        self.time.heard(server);
        self.filters.time(server);
        if let Some(floor) = floor_raised(self.floor, server, self.certificates.until()) {
            self.floor = Some(floor);
            self.time.floor_set(floor);
            if let Err(error) = self.state.clock_floor_write(floor) {
                tracing::debug!(%error, "the earliest possible time cannot be kept");
            }
        }
    }
}
