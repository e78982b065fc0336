//! How long a network may be greeted: a window after each change of network, within a budget that nobody stretches by changing back and forth.
//!
//! While it is open, names that systems look for a portal by pass, and the network's own servers are asked even where others are configured. So a
//! user who switches a radio on and off must not keep it open: a quarter of an hour at once, a quarter of the time in the long run. Whoever
//! changes trains three times has what that takes.

use std::time::Duration;

/// How long a network may be greeted after a change.
pub const WINDOW: Duration = Duration::from_secs(300);
/// So long it may be open at once, all windows of the last while together.
const BUDGET: Duration = Duration::from_secs(900);
/// Closed for so long, one such part of it may be open again.
const SHARE: u32 = 4;

/// When the window is open. Times are those since the machine was switched on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Greetings {
    until: Duration,
    /// When all that was used will be forgiven.
    forgiven_at: Duration,
}

impl Greetings {
    /// The network is another one: how long it may be greeted from now on; zero when too much was used already, and what is open goes on.
    pub fn changed(&mut self, now: Duration) -> Duration {
        let forgiven_at = self.forgiven_at.max(now);
        let open_until = self.until.max(now);
        let used = (forgiven_at - now) / SHARE;
        let more = (now + WINDOW).saturating_sub(open_until).min(BUDGET.saturating_sub(used));
        if more.is_zero() {
            return Duration::ZERO;
        }
        self.until = open_until + more;
        self.forgiven_at = forgiven_at + more * SHARE;
        self.until - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn each_network_is_greeted_and_who_changes_all_the_time_waits() {
        let mut greetings = Greetings::default();
        let start = MINUTE * 100;
        assert_eq!(greetings.changed(start), WINDOW);
        // The lines of a network come one after the other: they are one window, and cost what they add.
        assert_eq!(greetings.changed(start + MINUTE), WINDOW);
        assert_eq!(greetings.changed(start + MINUTE * 10), WINDOW);
        assert_eq!(greetings.changed(start + MINUTE * 20), WINDOW);
        assert_eq!(greetings.changed(start + MINUTE * 26), WINDOW);
        assert_eq!(greetings.changed(start + MINUTE * 32), MINUTE * 2);
        assert_eq!(greetings.changed(start + MINUTE * 34), MINUTE / 2);
        // An hour later it is as before.
        assert_eq!(greetings.changed(start + MINUTE * 120), WINDOW);
    }

    proptest! {
        #[test]
        fn nobody_keeps_it_open_by_changing(pauses in prop::collection::vec(0_u64..400, 1..60)) {
            let (mut greetings, mut now, mut spans) = (Greetings::default(), Duration::from_secs(7), Vec::new());
            for pause in pauses {
                now += Duration::from_secs(pause);
                let open = greetings.changed(now);
                prop_assert!(open <= WINDOW);
                if !open.is_zero() {
                    spans.push((now, now + open));
                }
            }
            // Of any while: the budget, and a quarter of the while.
            for (from, _) in &spans {
                for (_, to) in spans.iter().filter(|(_, to)| to > from) {
                    let (mut open, mut counted) = (Duration::ZERO, *from);
                    for (begun, ended) in spans.iter().filter(|(_, ended)| ended > from) {
                        let (begun, ended) = ((*begun).max(counted), (*ended).min(*to));
                        open += ended.saturating_sub(begun);
                        counted = counted.max(ended);
                    }
                    prop_assert!(open <= BUDGET + (*to - *from) / SHARE + Duration::from_secs(1), "{open:?} of {:?}", *to - *from);
                }
            }
        }
    }
}
