//! The held check-in: the server keeps its answer back until something changes, or the hold is over.

use super::{BREATH, Error, Failed, Link, Next};
use std::time::Duration;
use wire::v1;

/// How long a held answer may come after its time.
pub(super) const GRACE: Duration = Duration::from_secs(60);
/// An answer that comes this little before its time was held for all of it.
const EARLY: Duration = Duration::from_secs(5);
/// Proxies end a quiet tunnel after a minute or two; what is cut sooner than this was cut for another reason.
const STOOD: Duration = Duration::from_secs(30);
/// A hold that proved too long is tried again after a day: the device may be behind another proxy by then.
const REMEMBERED: Duration = Duration::from_secs(86_400);

/// The longest hold that the line bears, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct HoldLimit(Option<Cut>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cut {
    /// When, since the machine was switched on.
    at: Duration,
    limit: Duration,
}

impl HoldLimit {
    /// The hold to ask for where the plan names this one.
    fn of(self, hold: Duration, now: Duration) -> Duration {
        let fresh = self.0.filter(|cut| now.saturating_sub(cut.at) < REMEMBERED);
        fresh.map_or(hold, |cut| hold.min(cut.limit))
    }

    /// Notes that a hold of so long was cut. The next is half as long, or none where even that could not be told from a fault.
    fn cut(&mut self, hold: Duration, now: Duration) {
        let limit = if hold / 2 < STOOD { Duration::ZERO } else { hold / 2 };
        self.0 = Some(Cut { at: now, limit });
    }
}

/// How a held call ended.
enum Ended {
    Answered(Box<v1::CheckInResponse>),
    Failed(tonic::Status),
    /// No answer came in the time of the hold.
    Late,
    /// A report takes its place.
    Report,
}

impl Link {
    /// How long the server may hold the next empty check-in.
    pub(super) fn hold(&self) -> Duration {
        // Only an answer puts a certificate in force, and lines that never live to the end of a hold bring none that was held.
        if self.certificates.candidate_there() {
            return Duration::ZERO;
        }
        self.hold_limit.of(self.calendar.hold(), self.clock().elapsed())
    }

    pub(super) async fn held_check_in(&mut self) -> Result<Next, Failed> {
        let clock = self.clock();
        let (hold, began) = (self.hold(), clock.elapsed());
        let candidate = self.certificates.candidate_there();
        let ended = self.held(hold).await?;
        self.calling = false;
        let stood = clock.elapsed().saturating_sub(began);
        match ended {
            Ended::Report => Ok(Next::Report),
            Ended::Late => Err(self.late().into()),
            Ended::Failed(status) => {
                // With a source it is this side's report of a broken line, not the server's word.
                let cut = std::error::Error::source(&status).is_some() && !hold.is_zero() && stood > STOOD;
                if !cut {
                    return Err(self.status_failed(&status));
                }
                tracing::info!(stood = stood.as_secs(), "a held check-in was cut; the next is held for less");
                self.hold_limit.cut(hold, clock.elapsed());
                self.connection = None;
                self.note();
                Ok(Next::Cut)
            }
            Ended::Answered(answer) => {
                // Nothing happened in all that time: the device is held again at once, else it would be out of reach for a poll.
                let whole = !hold.is_zero() && stood + EARLY.min(hold / 2) >= hold;
                let next = self.answered(*answer, false).1;
                let settled = candidate && !self.certificates.candidate_there();
                Ok(next.unwrap_or(if whole || settled { Next::Go } else { Next::Pause(None) }))
            }
        }
    }

    async fn held(&mut self, hold: Duration) -> Result<Ended, Error> {
        let clock = self.clock();
        let mut call = Box::pin(self.call(self.request(None, hold, false))?);
        let mut limit = clock.sleep(hold + GRACE);
        // A quick download is told of with a breath between, else the two would talk in circles and then not at all.
        let (mut breath, mut rested) = (clock.sleep(BREATH), false);
        loop {
            tokio::select! {
                biased;
                answer = &mut call => {
                    return Ok(answer.map_or_else(Ended::Failed, |answer| Ended::Answered(Box::new(answer))));
                }
                () = &mut limit => return Ok(Ended::Late),
                () = clock.sleep(self.calendar.until_due(clock.elapsed())) => {
                    self.look();
                    if self.pending() {
                        return Ok(Ended::Report);
                    }
                }
                // The loan has come to another stage.
                Ok(()) = self.stage.changed() => {
                    self.look();
                    self.note();
                    if self.something_to_say() {
                        return Ok(Ended::Report);
                    }
                }
                () = &mut breath, if !rested => rested = true,
                // Resources are further than they were.
                Ok(()) = self.beside.standing.changed(), if rested => {
                    self.look();
                    self.note();
                    if self.something_to_say() {
                        return Ok(Ended::Report);
                    }
                }
                // The filter stands otherwise, or somebody asks for a name.
                () = self.heard.changed() => {
                    self.look();
                    self.note();
                    if self.something_to_say() {
                        return Ok(Ended::Report);
                    }
                }
                // The release of the agent is further than it was.
                Ok(()) = self.release.changed() => {
                    self.look();
                    self.note();
                    if self.something_to_say() {
                        return Ok(Ended::Report);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_halves_with_each_cut_down_to_none_and_is_whole_again_after_a_day() {
        let s = Duration::from_secs;
        let mut limit = HoldLimit::default();
        let mut holds = Vec::new();
        loop {
            let hold = limit.of(s(600), s(10));
            holds.push(hold.as_secs());
            if hold.is_zero() {
                break;
            }
            limit.cut(hold, s(10));
        }
        assert_eq!(holds, [600, 300, 150, 75, 37, 0]);
        assert_eq!(limit.of(s(600), s(86_409)), s(0));
        assert_eq!(limit.of(s(600), s(86_410)), s(600));
    }
}
