//! When the next look at health and the next inventory are due, by the plan.
//!
//! Time here is the time since the machine was switched on, sleep included: setting the clock moves nothing.

use crate::backoff::{SERVER_WAIT_MAX, jittered};
use model::desired::Cadence;
use std::time::Duration;

/// The shortest pause a server may ask for: below it, its devices would do nothing but ask.
const SERVER_WAIT_MIN: Duration = Duration::from_secs(1);

/// What is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// A look at the device's health.
    pub health: bool,
    /// A full inventory.
    pub inventory: bool,
}

/// The calendar of looks; both are due when it is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    cadence: Cadence,
    health: Option<Duration>,
    inventory: Option<Duration>,
}

impl Calendar {
    /// A calendar in which everything is due.
    #[must_use]
    pub const fn new(cadence: Cadence) -> Self {
        Self { cadence, health: None, inventory: None }
    }

    /// Follows another cadence from now on; what was looked at stays looked at.
    pub fn follow(&mut self, cadence: Cadence) {
        self.cadence = cadence;
    }

    /// What is due now.
    #[must_use]
    pub fn due(&self, now: Duration) -> Due {
        Due { health: self.health_at() <= now, inventory: self.inventory_at() <= now }
    }

    /// How long until something is due; zero when something is.
    #[must_use]
    pub fn until_due(&self, now: Duration) -> Duration {
        self.health_at().min(self.inventory_at()).saturating_sub(now)
    }

    /// Notes that these were looked at.
    pub fn looked(&mut self, due: Due, now: Duration) {
        if due.health {
            self.health = Some(now);
        }
        if due.inventory {
            self.inventory = Some(now);
        }
    }

    /// Makes a look at health due at once: something it judges became known.
    pub fn health_hasten(&mut self) {
        self.health = None;
    }

    /// The pause before the next check-in: as the server asked, 1 s to 24 h, else the plan's, a tenth more or less.
    #[must_use]
    pub fn pause(&self, server: Option<Duration>, random: u32) -> Duration {
        let plan = || jittered(self.cadence.poll(), random);
        server.map_or_else(plan, |wait| wait.clamp(SERVER_WAIT_MIN, SERVER_WAIT_MAX))
    }

    /// How long the server may hold the next empty check-in.
    #[must_use]
    pub fn hold(&self) -> Duration {
        self.cadence.hold()
    }

    fn health_at(&self) -> Duration {
        self.health.map_or(Duration::ZERO, |at| at + Duration::from_secs(self.cadence.health_seconds.into()))
    }

    fn inventory_at(&self) -> Duration {
        self.inventory.map_or(Duration::ZERO, |at| at + Duration::from_secs(self.cadence.inventory_seconds.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_fall_due_by_the_plan_and_move_with_it() {
        let s = Duration::from_secs;
        let mut calendar = Calendar::new(Cadence::default());
        let all = Due { health: true, inventory: true };
        assert_eq!(calendar.due(s(5)), all);
        calendar.looked(all, s(5));
        assert_eq!(calendar.due(s(5)), Due::default());
        assert_eq!(calendar.until_due(s(5)), s(900));
        assert_eq!(calendar.due(s(905)), Due { health: true, inventory: false });
        calendar.looked(Due { health: true, inventory: false }, s(905));
        calendar.follow(Cadence { health_seconds: 60, ..Cadence::default() });
        assert_eq!(calendar.until_due(s(905)), s(60));
        assert_eq!(calendar.due(s(14_405)), all);
        calendar.looked(all, s(14_405));
        calendar.health_hasten();
        assert_eq!(calendar.due(s(14_405)), Due { health: true, inventory: false });
    }

    #[test]
    fn the_server_may_name_the_pause() {
        let calendar = Calendar::new(Cadence::default());
        assert_eq!(calendar.pause(Some(Duration::from_millis(20)), 7), Duration::from_secs(1));
        assert_eq!(calendar.pause(Some(Duration::from_millis(1_500)), 7), Duration::from_millis(1_500));
        assert_eq!(calendar.pause(None, 0), Duration::from_secs(810));
        assert_eq!(calendar.pause(Some(Duration::MAX), 0), Duration::from_secs(86_400));
    }
}
