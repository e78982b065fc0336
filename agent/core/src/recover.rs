//! What a device does about its certificate and its time before it connects.

use model::time::Timestamp;

/// What comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Connect: nothing speaks against it.
    Connect,
    /// Ask the control plane what time it is: by this device's, a certificate does not hold, and a clock is wrong more often than a
    /// device is away for a month.
    AskTime,
    /// Find back by the identity key: the certificate has ended by the control plane's own time, or has yet to begin, because the
    /// control plane's clock was ahead when it was made.
    Recover,
}

/// The step for a certificate that holds from then until then; `told` when `now` is the control plane's time, `doubted` when a certificate was
/// found not to hold by either side's clock.
#[must_use]
pub fn step(now: Timestamp, (from, until): (Timestamp, Timestamp), told: bool, doubted: bool) -> Step {
    match (now > until || now < from, told) {
        (true, true) => Step::Recover,
        (true, false) => Step::AskTime,
        (false, false) if doubted => Step::AskTime,
        (false, _) => Step::Connect,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_recovers_by_a_clock_that_nobody_confirmed() {
        let at = Timestamp::from_unix_seconds;
        let span = (at(10), at(100));
        for doubted in [false, true] {
            for off in [at(9), at(101)] {
                assert_eq!(step(off, span, false, doubted), Step::AskTime);
                assert_eq!(step(off, span, true, doubted), Step::Recover);
            }
            // Once told, what still does not hold is not the clock's fault.
            assert_eq!(step(at(100), span, true, doubted), Step::Connect);
        }
        assert_eq!(step(at(100), span, false, true), Step::AskTime);
        assert_eq!(step(at(10), span, false, false), Step::Connect);
    }
}
