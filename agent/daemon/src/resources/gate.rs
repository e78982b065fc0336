//! Whether a device may go on fetching: looked at before each request, and asked of the machine now and then.

use super::fault::Fault;
use super::fetcher::blocking;
use crate::clock::{Clock, JudgingTime};
use crate::platform::{Here, Platform};
use agent_core::fetching;
use model::resource::Fetching;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The machine is asked so often.
const ASK_EVERY: Duration = Duration::from_secs(60);

/// Hour, link, battery and room, for one bundle, or for a release of the agent.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) time: Arc<JudgingTime>,
    /// The folder where the machine's files are read.
    pub(crate) machine: PathBuf,
    /// The folder of resources.
    pub(crate) resources: PathBuf,
    pub(crate) fetching: Fetching,
    pub(crate) urgent: bool,
    /// Whether all comes from a medium: then no link is used, and somebody stands beside it.
    pub(crate) near: bool,
    /// When the machine was asked last.
    pub(crate) asked: Option<Duration>,
}

impl Gate {
    /// Goes on, or says why not.
    ///
    /// # Errors
    /// [`Fault::Wait`], or [`Fault::Skipped`] when what stays free on the disk would be touched.
    pub(crate) async fn check(&mut self) -> Result<(), Fault> {
        if self.free().is_some_and(|free| free < self.fetching.free_floor_bytes) {
            return Err(Fault::Skipped("disk"));
        }
        if self.near {
            return Ok(());
        }
        let now = self.clock.elapsed();
        if self.asked.is_some_and(|asked| now.saturating_sub(asked) < ASK_EVERY) {
            return Ok(());
        }
        self.asked = Some(now);
        let machine = self.machine.clone();
        let (power, metered) = blocking(move || Ok(Here::at(&machine).surroundings())).await?;
        let here = fetching::Here { local: self.local(), metered, power };
        fetching::wait(&self.fetching, self.urgent, &here).map_or(Ok(()), |wait| Err(Fault::Wait(wait)))
    }

    /// Bytes that are free on the volume of resources.
    pub(crate) fn free(&self) -> Option<u64> {
        Here::free_bytes(&self.resources)
    }

    /// The hour in the plan's zone; in the machine's own where that is not known here.
    fn local(&self) -> jiff::civil::DateTime {
        let zone = self.fetching.quiet.as_ref().and_then(|quiet| jiff::tz::TimeZone::get(&quiet.zone).ok());
        let zone = zone.unwrap_or_else(jiff::tz::TimeZone::system);
        let now = jiff::Timestamp::from_millisecond(self.time.now().unix_millis()).unwrap_or_default();
        now.to_zoned(zone).datetime()
    }
}
