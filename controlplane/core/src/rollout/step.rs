//! What happens next: a pure function of the rollout, of how its devices stand, and of the time.

use super::tally::{Counts, Tally};
use super::wave::SHARE_ALL;
use super::{Halt, Opened, Patience, Rollout, State};
use model::time::Timestamp;

/// What is written of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// The next wave opens: the one of this number, from 0.
    Open(usize),
    /// No more opens until a person says so.
    Pause(Halt),
    /// No more opens.
    Stop(Halt),
    /// It has ended: so many were where then.
    Finish(Counts),
}

/// What the next wave waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Nothing: it is due now.
    Nothing,
    /// Devices of the open wave.
    Devices,
    /// A second person.
    Agreement,
    /// The hours in which waves open.
    Hours,
}

impl Wait {
    /// The name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Devices => "devices",
            Self::Agreement => "agreement",
            Self::Hours => "hours",
        }
    }
}

/// The next move, if there is one; `open` says whether waves may open at this hour.
///
/// Done twice it is done once: what is written answers a tally of before with nothing.
#[must_use]
pub fn rollout_step(rollout: &Rollout, tally: &Tally, now: Timestamp, open: bool) -> Option<Move> {
    if rollout.state != State::Running || tally.open != rollout.opened.len() {
        return None;
    }
    if let Some(why) = failing(rollout, tally) {
        return Some(Move::Stop(why));
    }
    let next = rollout.opened.len();
    if wave_passed(rollout, tally, now) {
        if next == rollout.waves.len() {
            return Some(Move::Finish(tally.all()));
        }
        return (rollout_wait(rollout, tally, now, open) == Wait::Nothing).then_some(Move::Open(next));
    }
    let wave = tally.waves.get(next.checked_sub(1)?)?;
    if wave.under_way() == 0 && wave.decided() > 0 && sampled(rollout, wave, now) {
        return Some(Move::Pause(Halt::BelowSuccess));
    }
    let last = rollout.opened.last().map_or(rollout.since, |opened| opened.at);
    // A person who has resumed it is given the same while again.
    let waited = now.since(last.max(rollout.since));
    (waited >= Patience::of(rollout.patience.wave)).then_some(Move::Pause(Halt::TooSlow))
}

/// What the next wave waits for.
#[must_use]
pub fn rollout_wait(rollout: &Rollout, tally: &Tally, now: Timestamp, open: bool) -> Wait {
    let next = rollout.opened.len();
    if !wave_passed(rollout, tally, now) {
        return Wait::Devices;
    }
    let agreed = |wave: usize| u16::try_from(wave).is_ok_and(|wave| rollout.agreed.contains_key(&wave));
    match rollout.waves.get(next) {
        Some(wave) if wave.agree && !agreed(next) => Wait::Agreement,
        Some(_) if !open => Wait::Hours,
        _ => Wait::Nothing,
    }
}

impl Rollout {
    /// The rollout after a move; the same where the move has been made already.
    #[must_use]
    pub fn moved(&self, done: &Move, opened: Opened) -> Self {
        let mut after = self.clone();
        match done {
            Move::Open(wave) if *wave == self.opened.len() && *wave < self.waves.len() => after.opened.push(opened),
            Move::Open(_) => {}
            Move::Pause(why) => after.state_set(State::Paused, Some(*why), opened.at),
            Move::Stop(why) => after.state_set(State::Stopped, Some(*why), opened.at),
            Move::Finish(left) => {
                after.state_set(State::Finished, None, opened.at);
                after.left = Some(*left);
            }
        }
        after
    }

    pub(super) fn state_set(&mut self, state: State, halt: Option<Halt>, at: Timestamp) {
        (self.state, self.halt, self.since) = (state, halt, at);
    }
}

/// Whether the open wave has passed, so that the next may open: the first has none before it.
fn wave_passed(rollout: &Rollout, tally: &Tally, now: Timestamp) -> bool {
    let open = rollout.opened.len();
    let Some(wave) = open.checked_sub(1).and_then(|wave| tally.waves.get(wave)) else { return open == 0 };
    if usize::from(rollout.accepted) >= open || wave.devices() == 0 {
        return true;
    }
    // Nobody is left to wait for, and whoever is away gets it on their return; an earlier wave has shown that it is good.
    let last = open == rollout.waves.len();
    if last && wave.reachable() == 0 && tally.opened().in_place > 0 && waited(rollout, now) {
        return true;
    }
    let enough = wave.in_place * u64::from(SHARE_ALL) >= u64::from(rollout.thresholds.success) * wave.reachable();
    sampled(rollout, wave, now) && enough
}

/// Whether enough is known of a wave; of those that do not answer it is known that they do not when they have had the time to.
fn sampled(rollout: &Rollout, wave: &Counts, now: Timestamp) -> bool {
    let sample = rollout.thresholds.sample;
    wave.sampled_whole(sample) || waited(rollout, now) && wave.sampled(sample)
}

fn waited(rollout: &Rollout, now: Timestamp) -> bool {
    let opened = rollout.opened.last().map_or(rollout.since, |opened| opened.at);
    now.since(opened) >= Patience::of(rollout.patience.unreachable)
}

fn failing(rollout: &Rollout, tally: &Tally) -> Option<Halt> {
    let limits = &rollout.thresholds;
    let all = tally.opened();
    if limits.errors > 0 && all.failing() >= u64::from(limits.errors) {
        return Some(Halt::ErrorCount);
    }
    let above = |counts: &Counts| {
        counts.sampled_whole(limits.sample)
            && counts.failing() * u64::from(SHARE_ALL) > u64::from(limits.error) * counts.decided()
    };
    let current = tally.open.checked_sub(1).and_then(|wave| tally.waves.get(wave));
    (above(&all) || current.is_some_and(above)).then_some(Halt::ErrorShare)
}
