//! Check-ins in a row without a breath: beyond a few, server and agent talk in circles, which are gone through less and less often.

use super::Next;
use model::desired::Generation;
use std::time::Duration;

/// Check-ins in a row without a breath.
pub(super) const ROUNDS_MAX: u32 = 8;
/// So many of those that bring what was never held before count for nothing: people change several things in a row, and each is to hold at
/// once. What a server makes up for ever is a circle all the same.
pub(super) const CHANGES_MAX: u32 = 8;
/// A breath: a pause, or a check-in, of at least this.
pub(super) const BREATH: Duration = Duration::from_secs(5);

/// How many there were since the last breath.
#[derive(Debug)]
pub(super) struct Rounds {
    rounds: u32,
    /// Those that were not counted.
    changes: u32,
    /// How often in a row a breath was needed.
    circles: u32,
    /// Whether the last one gave way to a report.
    gave_way: bool,
    /// The newest that was ever held.
    newest: Option<Generation>,
}

impl Rounds {
    pub(super) const fn new(held: Option<Generation>) -> Self {
        Self { rounds: 0, changes: 0, circles: 0, gave_way: false, newest: held }
    }

    /// One is over, after so long: a quiet one is a breath.
    pub(super) fn lasted(&mut self, time: Duration) {
        if time >= BREATH {
            (self.rounds, self.changes, self.circles) = (0, 0, 0);
        }
    }

    /// Counts one; whether there were too many. A report takes the place of what was held, and is counted itself.
    pub(super) fn circling(&mut self, next: Next, held: Option<Generation>) -> bool {
        let newer = held > self.newest;
        self.newest = self.newest.max(held);
        if newer && self.changes < CHANGES_MAX {
            self.changes += 1;
        } else if next != Next::Report || self.gave_way {
            self.rounds += 1;
        }
        self.gave_way = next == Next::Report;
        self.rounds > ROUNDS_MAX
    }

    /// How long to breathe. Much happens at once at times, and what came of it is not to be told minutes later; without an end it takes ever
    /// longer.
    pub(super) fn breath(&mut self) -> Duration {
        self.circles += 1;
        BREATH.saturating_mul(1 << self.circles.min(10))
    }

    /// A pause follows. After one there is room for so many again; what was not counted is given once, until it is quiet.
    pub(super) fn paused(&mut self, pause: Duration) {
        if pause >= BREATH {
            self.rounds = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generation(revision: u64) -> Option<Generation> {
        Some(Generation { epoch: 1, revision })
    }

    /// How many pass before each breath, in a burst that goes on for ever.
    fn bursts(newer: bool) -> Vec<(u32, Duration)> {
        let mut rounds = Rounds::new(generation(1));
        let mut revision = 1;
        let burst = |_| {
            let mut passed = 0;
            loop {
                revision += u64::from(newer);
                passed += 1;
                rounds.lasted(Duration::from_millis(30));
                if rounds.circling(Next::Go, generation(revision)) {
                    let breath = rounds.breath();
                    rounds.paused(breath);
                    return (passed, breath);
                }
            }
        };
        (0..4).map(burst).collect()
    }

    #[test]
    fn a_circle_is_gone_through_less_and_less_often_whatever_it_brings() {
        let seconds = [10, 20, 40, 80].map(Duration::from_secs);
        assert_eq!(bursts(false), seconds.map(|breath| (9, breath)));
        let first = (9 + CHANGES_MAX, seconds[0]);
        assert_eq!(bursts(true), [first, (9, seconds[1]), (9, seconds[2]), (9, seconds[3])]);
    }

    #[test]
    fn what_was_held_before_is_no_change_and_a_quiet_while_gives_all_of_it_back() {
        let mut rounds = Rounds::new(generation(5));
        // One that is held again, its key having been put out meanwhile, and an older one.
        for revision in [5, 4, 5] {
            rounds.circling(Next::Go, generation(revision));
        }
        assert_eq!((rounds.rounds, rounds.changes), (3, 0));
        // A report follows, and is counted; where none does, this was one.
        let report = |rounds: &mut Rounds| (rounds.circling(Next::Report, generation(5)), rounds.rounds);
        assert_eq!((report(&mut rounds), report(&mut rounds)), ((false, 3), (false, 4)));
        rounds.circling(Next::Go, generation(6));
        assert_eq!((rounds.rounds, rounds.changes), (4, 1));
        rounds.lasted(BREATH);
        assert_eq!((rounds.rounds, rounds.changes), (0, 0));
    }
}
