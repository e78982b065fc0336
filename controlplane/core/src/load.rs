//! When a server has too much to do, and what it then leaves undone first.
//!
//! The signal is how long writes wait: not the slowest, which one busy moment makes slow, but the quickest of a span. When even that one
//! waited long, there is a queue that does not drain, whatever made it: the disk, the processor, or a herd. A write that does not end
//! at all counts while it goes on. Handshakes that wait for their turn are the other queue.

use std::time::Duration;

/// Over so long the quickest write is sought.
const SPAN: Duration = Duration::from_secs(5);

/// What can be left undone, first what is missed least.
///
/// Revocations, recovery and what people ask are in no class: they are never left undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Sections of a report: the device keeps them and sends them again.
    Inventory,
    /// That a device is there and holds what it should.
    Heartbeat,
    /// What a device does not hold yet.
    Desired,
}

/// What is waited for.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// Writes begun and not ended.
    writing: u64,
    /// When a write last ended, or the first of those that wait began.
    moved: Duration,
    /// When this span began, and its quickest write.
    span: Duration,
    quickest: Option<Duration>,
    /// The quickest write of the span before.
    standing: Duration,
}

/// Handshakes that wait are a herd: it has passed within seconds, and who is sent away for longer is missed for longer than it took to let
/// all in.
const HERD_PAUSE: Duration = Duration::from_secs(10);
/// From so many handshakes that wait for their turn on, inventories are left undone.
const HANDSHAKES_MAX: u64 = 256;

impl Class {
    /// Every class, first what is left undone first.
    pub const ALL: [Self; 3] = [Self::Inventory, Self::Heartbeat, Self::Desired];

    /// The name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inventory => "inventory",
            Self::Heartbeat => "heartbeat",
            Self::Desired => "desired",
        }
    }

    /// It is left undone from such a wait of writes on.
    const fn wait_max(self) -> Duration {
        match self {
            Self::Inventory => Duration::from_secs(2),
            Self::Heartbeat => Duration::from_secs(5),
            Self::Desired => Duration::from_secs(15),
        }
    }

    /// How long to stay away, before jitter: the less it is missed, the longer.
    #[must_use]
    const fn pause(self) -> Duration {
        match self {
            Self::Inventory => Duration::from_secs(60),
            Self::Heartbeat => Duration::from_secs(30),
            Self::Desired => Duration::from_secs(10),
        }
    }
}

impl Load {
    /// Notes that a write begins; `now` is a time that only grows, here and below.
    pub fn write_begun(&mut self, now: Duration) {
        if self.writing == 0 {
            self.moved = now;
        }
        self.writing += 1;
    }

    /// Notes that a write has ended after so long, well or not.
    pub fn write_ended(&mut self, waited: Duration, now: Duration) {
        self.writing = self.writing.saturating_sub(1);
        self.moved = now;
        if now.saturating_sub(self.span) >= SPAN {
            let quickest = self.quickest.take().filter(|_| now.saturating_sub(self.span) < 2 * SPAN);
            self.standing = quickest.unwrap_or_default();
            self.span = now;
        }
        self.quickest = Some(self.quickest.map_or(waited, |quickest| quickest.min(waited)));
    }

    /// For how long something of this class is to be left undone, before jitter, if it is, while so many handshakes wait for their turn.
    #[must_use]
    pub fn sheds(&self, class: Class, handshakes: u64, now: Duration) -> Option<Duration> {
        if self.wait(now) >= class.wait_max() {
            return Some(class.pause());
        }
        // Handshakes are kept waiting by whoever greets and falls silent; that must cost no device that is here already its answer.
        (class == Class::Inventory && handshakes >= HANDSHAKES_MAX).then_some(HERD_PAUSE)
    }

    /// How long writes wait at least.
    fn wait(&self, now: Duration) -> Duration {
        // What was long ago says nothing.
        let standing = if now.saturating_sub(self.span) < 2 * SPAN { self.standing } else { Duration::ZERO };
        let stuck = if self.writing > 0 { now.saturating_sub(self.moved) } else { Duration::ZERO };
        standing.max(stuck)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn shed(load: &Load, handshakes: u64, now: Duration) -> Vec<Class> {
        Class::ALL.into_iter().filter(|class| load.sheds(*class, handshakes, now).is_some()).collect()
    }

    #[test]
    fn what_is_missed_least_goes_first_and_comes_back_last() {
        let mut load = Load::default();
        load.write_begun(s(100));
        let mut before = 0;
        for now in 100..130 {
            let shed = shed(&load, 0, s(now));
            assert_eq!(shed, Class::ALL[..shed.len()], "in the order of their classes");
            assert!(shed.len() >= before, "{now}");
            before = shed.len();
        }
        assert_eq!(before, 3);
        load.write_ended(s(30), s(130));
        assert_eq!(shed(&load, 0, s(130)), []);
    }

    #[test]
    fn one_slow_write_among_quick_ones_is_no_overload() {
        let mut load = Load::default();
        for now in 0..60 {
            for waited in [9, 0, 9] {
                load.write_begun(s(now));
                load.write_ended(s(waited), s(now));
            }
            assert_eq!(shed(&load, 0, s(now)), [], "{now}");
        }
    }

    #[test]
    fn a_queue_that_does_not_drain_is_noticed_and_forgotten() {
        let mut load = Load::default();
        let write = |load: &mut Load, waited, now| {
            load.write_begun(s(now));
            load.write_ended(s(waited), s(now));
        };
        for now in 0..12 {
            write(&mut load, 3, now);
        }
        assert_eq!(shed(&load, 0, s(12)), [Class::Inventory]);
        // A whole span of quick ones, or none at all for long.
        let quiet = load.clone();
        for now in 12..23 {
            write(&mut load, 0, now);
        }
        assert_eq!(shed(&load, 0, s(23)), []);
        assert_eq!(shed(&quiet, 0, s(40)), []);
    }

    #[test]
    fn handshakes_that_wait_count_too() {
        let load = Load::default();
        assert_eq!(shed(&load, 255, s(0)), []);
        assert_eq!(shed(&load, 256, s(0)), [Class::Inventory]);
        // A queue of those who greet and fall silent takes nobody's answer.
        assert_eq!(shed(&load, u64::MAX, s(0)), [Class::Inventory]);
        // It has passed sooner than a disk that is too slow.
        assert_eq!(load.sheds(Class::Inventory, 256, s(0)), Some(HERD_PAUSE));
        let mut stuck = load;
        stuck.write_begun(s(0));
        assert_eq!(stuck.sheds(Class::Inventory, 256, s(2)), Some(s(60)));
    }
}
