//! What the link says of itself while it works: to `status` by a note, to its supervisor by a line and a pulse.

use super::Link;
use crate::status::{Live, note};
use std::time::Duration;

impl Link {
    /// Notes how the device is, where that is news.
    pub(super) fn note(&mut self) {
        (self.live.waiting, self.live.waiting_bytes) = self.report.waiting();
        self.line_tell();
        self.live.connected = self.connection.is_some() && self.calling;
        self.live.conditions = self.desired.conditions();
        let news = self.noted.as_ref() != Some(&self.live);
        note(self.state.folder(), &mut self.noted, &self.live);
        if news {
            let told = self.told();
            if told != self.told {
                self.agent.supervisor.status(&told);
                self.told = told;
            }
        }
    }

    /// Says within what time this loop is heard of again.
    pub(super) fn expect(&self, within: Duration) {
        self.agent.pulse.expect(within, &*self.agent.clock);
    }

    /// How the device is, in one line.
    fn told(&self) -> String {
        let told = match &self.live {
            Live { refused: true, .. } => format!("{} refuses this device", self.server),
            Live { fault: Some(fault), .. } => format!("{}: {}, trying again", self.server, fault.text),
            Live { quarantined: true, .. } => format!("in quarantine at {}", self.server),
            Live { last_contact_unix_ms: None, .. } => format!("looking for {}", self.server),
            _ => format!("in touch with {}", self.server),
        };
        if self.live.other_machine { format!("not the machine that was enrolled; {told}") } else { told }
    }
}
