//! What every command has at hand: words, output, and the control plane once it is needed.

use crate::arguments::Common;
use crate::config::{DEFAULT, Profile, config_path, file_read};
use crate::operator::pending_finish;
use crate::print::Printer;
use crate::progress::Progress;
use crate::{Error, Surroundings, connect};
use identity::issue::{chain_of_pem, until_of};
use identity::tls;
use std::io::Write;
use std::path::PathBuf;
use tonic::transport::Channel;
use tonic::{Response, Status};
use wire::v1::admin_client::AdminClient;
use words::Catalogue;

/// The largest answer taken: a device with all its packages is below 2 MiB.
pub(crate) const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A certificate that ends within this is spoken of: 30 days.
const ENDS_SOON_SECONDS: i64 = 30 * 86_400;

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
        let profile = self.profile()?;
        self.certificate_watch(&profile);
        let channel = self.progress.during(connect::channel(&profile)).await?;
        Ok(AdminClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    /// The profile that is meant, its key and certificate in place.
    pub(crate) fn profile(&self) -> Result<Profile, Error> {
        let name = self.common.profile.as_deref();
        let profile = Profile::load(self.common.config.as_deref(), name, self.surroundings)?;
        pending_finish(&profile)?;
        Ok(profile)
    }

    /// The configuration file that is meant, and the name of the profile.
    pub(crate) fn profile_place(&self) -> Result<(PathBuf, String), Error> {
        let path = config_path(self.common.config.as_deref(), self.surroundings)?;
        Ok((path, self.common.profile.clone().unwrap_or_else(|| DEFAULT.to_owned())))
    }

    /// Says in time that the certificate is about to end: afterwards only another person could help.
    fn certificate_watch(&mut self, profile: &Profile) {
        let chain = file_read(&profile.certificate).ok().and_then(|pem| chain_of_pem(&pem).ok());
        let until = chain.and_then(|chain| until_of(&chain[0]).ok()).map(|until| until.unix_seconds());
        let now = tls::system_time().current_time().and_then(|now| i64::try_from(now.as_secs()).ok());
        let (Some(until), Some(now)) = (until, now) else { return };
        if now < until && until - now < ENDS_SOON_SECONDS {
            let date = self.print.look().date(until.saturating_mul(1_000));
            let text = self.words.text_with("operator-ends-soon", &[("date", date.into())]);
            self.note(&text);
        }
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
