//! What an answer says is durable.

use super::Link;
use crate::state::Progress;
use model::digest::Digest;
use model::section::SectionKind;
use std::io::Write;
use wire::v1;

impl Link {
    pub(super) fn stored(&mut self, answer: &v1::CheckInResponse) -> bool {
        let digests = answer.stored.iter().filter_map(|d| <[u8; 32]>::try_from(&d[..]).ok()).map(Digest::from_bytes);
        let news = self.report.stored(&digests.collect::<Vec<_>>());
        let moved = self.sequence.answered(answer.sequence);
        if moved || !news.is_empty() {
            let progress =
                Progress { sequence: self.sequence.held(), acknowledged: self.report.acknowledged().clone() };
            if let Err(error) = self.state.progress_write(&progress) {
                tracing::debug!(%error, "how far reporting is cannot be kept");
            }
            self.acknowledgements_write(&news);
        }
        !news.is_empty()
    }

    /// The agent's own list of what the server acknowledged: an oracle for tests.
    fn acknowledgements_write(&self, news: &[(SectionKind, Digest)]) {
        let Some(path) = &self.agent.config.acknowledgements else { return };
        let now = self.agent.clock.now().unix_millis();
        let text: String = news.iter().map(|(kind, digest)| format!("{now} {kind} {digest}\n")).collect();
        let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
        if let Err(error) = file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all())) {
            tracing::error!(%error, "the list of acknowledgements cannot be written");
        }
    }
}
