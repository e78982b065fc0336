//! Why a command did not do what it was asked.

use crate::desk::DeskFault;
use model::chain::Broken;
use std::io;
use std::path::PathBuf;
use words::Value;

/// Everything that goes wrong in the command; [`print`](crate::print) turns it into words and an exit code.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was typed cannot be meant; the message of `key` says why.
    #[error("usage: {key}")]
    Usage {
        /// The message's key.
        key: &'static str,
        /// Its values.
        values: Vec<(&'static str, Value)>,
    },
    /// A desk's file cannot be used, or not for this.
    #[error("desk: {0:?}")]
    Desk(DeskFault),
    /// A person said no, or could not be asked.
    #[error("not confirmed: {0}")]
    NotConfirmed(&'static str),
    /// There is no configuration file.
    #[error("no configuration at {0}")]
    ConfigMissing(PathBuf),
    /// Nothing says where the configuration file would be.
    #[error("no home folder")]
    ConfigNowhere,
    /// The configuration file cannot be understood.
    #[error("the configuration {path} is not understood")]
    ConfigSyntax {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        source: Box<toml::de::Error>,
    },
    /// The configuration has no such profile.
    #[error("{path} has no profile {name}")]
    ProfileMissing {
        /// The file.
        path: PathBuf,
        /// The profile asked for.
        name: String,
        /// The profiles there are.
        known: String,
    },
    /// The server's address is not one.
    #[error("{0} is no https address")]
    Address(String),
    /// A file cannot be read.
    #[error("{path} cannot be read")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("{path} cannot be written")]
    FileWrite {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of a repository is not what another one says of it.
    #[error("the repository is damaged at {0}")]
    Damaged(String),
    /// The audit is not as it was written.
    #[error("the audit chain is broken at entry {}", .0.sequence)]
    ChainBroken(Broken),
    /// Certificate, key or root are not what they should be.
    #[error("the credentials cannot be used")]
    Credentials(#[from] identity::Error),
    /// The control plane cannot be reached, or does not prove who it is.
    #[error("no connection to {server}")]
    Connect {
        /// Its address.
        server: String,
        /// Why.
        source: tonic::transport::Error,
    },
    /// The control plane said no.
    #[error("the control plane refused")]
    Status(Box<tonic::Status>),
    /// The control plane has ended a watch, which has no end of its own.
    #[error("the watch has ended")]
    WatchEnded,
    /// The control plane's answer cannot be understood.
    #[error("the answer is not understood")]
    Answer(#[from] wire::convert::ConvertError),
    /// Lines of a list were refused; the others were taken.
    #[error("{0} lines were refused")]
    LinesRefused(usize),
    /// What is asked for is not there; the message of `key` says what.
    #[error("absent: {key}")]
    Absent {
        /// The message's key.
        key: &'static str,
        /// Its values.
        values: Vec<(&'static str, Value)>,
    },
    /// There is too little room for what is to be written.
    #[error("no room")]
    Short {
        /// Where, how much is needed, and how much is free.
        values: Vec<(&'static str, Value)>,
    },
    /// Some loans have no paper; the others have.
    #[error("{0} loans have no paper")]
    PapersLeft(usize),
    /// What was to be put on paper cannot be.
    #[error("paper")]
    Paper(#[from] paper::Error),
    /// What was to be printed cannot be.
    #[error("output")]
    Output(#[from] io::Error),
}

impl Error {
    /// What was typed cannot be meant.
    pub(crate) fn usage(key: &'static str, values: &[(&'static str, &str)]) -> Self {
        Self::Usage { key, values: values.iter().map(|(name, value)| (*name, Value::from(*value))).collect() }
    }
}

impl From<tonic::Status> for Error {
    fn from(status: tonic::Status) -> Self {
        Self::Status(Box::new(status))
    }
}
