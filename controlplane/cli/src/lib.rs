//! The command `cartable`: a noun, then a verb, over the control plane's admin service.
//!
//! Data goes to standard output, everything else to standard error. All that people read comes from the catalogue in `i18n/`;
//! errors become words and exit codes in [`print`] and nowhere else.

mod arguments;
mod asset;
mod audit;
mod bundle;
mod cadence;
mod calendar;
mod call;
mod campaign;
mod class;
mod completion;
mod config;
mod confirm;
mod connect;
mod contact;
mod desk;
mod device;
mod error;
mod explain;
mod fetch;
mod kit;
mod lesson;
mod loan;
mod manual;
mod operator;
mod org;
mod policy;
mod print;
mod profile;
mod progress;
mod proposal;
mod release;
mod rollout;
mod school;
mod server;
mod size;
mod span;
mod stocktake;
mod surroundings;
mod token;
mod unblock;
mod vault;

pub use arguments::command;
pub use desk::DeskFault;
pub use error::Error;
pub use print::Exit;
pub use surroundings::Surroundings;

use arguments::{Arguments, Noun};
use call::Call;
use clap::FromArgMatches;
use print::{Printer, failure_exit, failure_text};
use std::ffi::OsString;
use std::io::Write;
use words::{Catalogue, Language, lang_flag, usage_error_text};

const FR: &str = include_str!("../i18n/fr.ftl");
const EN: &str = include_str!("../i18n/en.ftl");

/// Runs one command line and says how it ended.
///
/// Streams and surroundings come from outside, so that tests run whole commands within their own process.
pub async fn run(
    arguments: Vec<OsString>,
    surroundings: &Surroundings,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> Exit {
    let language = Language::choose(lang_flag(&arguments).as_deref(), &surroundings.locale());
    let words = Catalogue::new(language, FR, EN);
    let parsed = command(&words).try_get_matches_from(arguments).and_then(|m| Arguments::from_arg_matches(&m));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error, &words, out, err),
    };
    let ended = match noun(arguments, &words, surroundings, out, err).await {
        // What is written last shows only now that its reader has gone.
        Ok(()) => out.flush().map_err(Error::Output),
        failed => failed,
    };
    match ended {
        Ok(()) => Exit::Done,
        // The reader has read enough (`cartable device list | head`).
        Err(Error::Output(e)) if e.kind() == std::io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            // Lines that came before belong before; if they cannot be written, the error already says more.
            let _ = out.flush();
            let _ = writeln!(err, "{}", failure_text(&error, &words));
            failure_exit(&error)
        }
    }
}

async fn noun(
    arguments: Arguments,
    words: &Catalogue,
    surroundings: &Surroundings,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> Result<(), Error> {
    let Arguments { common, noun } = arguments;
    let print = Printer::new(words, &common, surroundings, out);
    let mut call = Call::new(words, print, surroundings, common, err);
    match noun {
        Noun::Device { verb } => device::run(verb, &mut call).await,
        Noun::Token { verb } => token::run(verb, &mut call).await,
        Noun::Asset { verb } => asset::run(verb, &mut call).await,
        Noun::Kit { verb } => kit::run(verb, &mut call).await,
        Noun::Class { verb } => class::run(verb, &mut call).await,
        Noun::Release { verb } => release::run(verb, &mut call).await,
        Noun::Cadence { verb } => cadence::run(verb, &mut call).await,
        Noun::Audit { verb } => audit::run(verb, &mut call).await,
        Noun::Server { verb } => server::run(verb, &mut call).await,
        Noun::Operator { verb } => operator::run(verb, &mut call).await,
        Noun::Proposal { verb } => proposal::run(verb, &mut call).await,
        Noun::Campaign { verb } => campaign::run(verb, &mut call).await,
        Noun::Desk { verb } => desk::run(verb, &mut call).await,
        Noun::Stocktake { verb } => stocktake::run(verb, &mut call).await,
        Noun::Vault { verb } => vault::run(verb, &mut call).await,
        Noun::Profile { verb } => profile::run(verb, &mut call),
        Noun::School { verb } => school::run(verb, &mut call).await,
        Noun::Org { verb } => org::run(verb, &mut call).await,
        Noun::Calendar { verb } => calendar::run(verb, &mut call).await,
        Noun::Rollout { verb } => rollout::run(verb, &mut call).await,
        Noun::Contact { verb } => contact::run(verb, &mut call).await,
        Noun::Loan { verb } => loan::run(verb, &mut call).await,
        Noun::Bundle { verb } => bundle::run(verb, &mut call).await,
        Noun::Policy { verb } => policy::run(verb, &mut call).await,
        Noun::Explain(explain) => explain::run(explain, &mut call).await,
        Noun::Lesson { verb } => lesson::run(verb, &mut call).await,
        Noun::Unblock { verb } => unblock::run(verb, &mut call).await,
        Noun::Fetch { verb } => fetch::run(verb, &mut call).await,
        Noun::Completion { shell } => completion::run(shell, &mut call),
        Noun::Man { to } => manual::run(&to, &mut call),
    }
}

/// Help and version are data; everything else that clap refuses is a usage error.
fn usage(error: &clap::Error, words: &Catalogue, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let text = usage_error_text(error, words);
    if error.use_stderr() {
        let _ = write!(err, "{text}");
        return Exit::Usage;
    }
    let _ = write!(out, "{text}").and_then(|()| out.flush());
    Exit::Done
}

#[cfg(test)]
mod tests;
