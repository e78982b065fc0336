//! What every command has at hand: words, output, and the control plane once it is needed.

use crate::arguments::Common;
use crate::config::Profile;
use crate::print::Printer;
use crate::progress::Progress;
use crate::{Error, Surroundings, connect};
use std::io::Write;
use tonic::transport::Channel;
use tonic::{Response, Status};
use wire::v1::admin_client::AdminClient;
use words::Catalogue;

/// The largest answer taken: a device with all its packages is below 2 MiB.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// One command's means.
pub(crate) struct Call<'a> {
    pub(crate) words: &'a Catalogue,
    pub(crate) print: Printer<'a>,
    pub(crate) surroundings: &'a Surroundings,
    pub(crate) progress: Progress,
    common: Common,
    err: &'a mut (dyn Write + Send),
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        words: &'a Catalogue,
        print: Printer<'a>,
        surroundings: &'a Surroundings,
        common: Common,
        err: &'a mut (dyn Write + Send),
    ) -> Self {
        let progress = Progress::new(surroundings.err_terminal, words.text("progress"));
        Self { words, print, surroundings, progress, common, err }
    }

    /// Reads the configuration and connects; commands call it after they have checked what they were given.
    pub(crate) async fn client(&mut self) -> Result<AdminClient<Channel>, Error> {
        let profile = Profile::load(self.common.config.as_deref(), &self.common.profile, self.surroundings)?;
        let channel = self.progress.during(connect::channel(&profile)).await?;
        Ok(AdminClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    /// Waits for an answer, with a sign of life when it takes long.
    pub(crate) async fn answer<T>(
        &mut self,
        asked: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, Error> {
        Ok(self.progress.during(asked).await?.into_inner())
    }

    /// Says something to a person that is not data.
    pub(crate) fn note(&mut self, text: &str) {
        self.progress.clear();
        // Without a place to say it the command goes on.
        let _ = writeln!(self.err, "{text}");
    }
}
