//! Why the agent cannot do what it was asked.

use crate::config::ConfigFault;
use std::path::{Path, PathBuf};

/// Everything that goes wrong outside the rules.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file of the state folder does not hold what it should.
    #[error("{}: damaged ({why}); {}", path.display(), advice.text())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
        /// What helps.
        advice: Advice,
    },
    /// The folder meant for the state holds something else.
    #[error("{}: this folder holds something else ({name}); name another one, empty or yet to be made", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// One of the things in it.
        name: String,
    },
    /// Others may enter the folder meant for the state.
    #[error("{}: others may enter this folder; close it (chmod 700) or name another one", .0.display())]
    Open(PathBuf),
    /// Others may read a file that holds a password.
    #[error("{}: others may read this file, which holds the proxy's password; close it (chmod 600)", .0.display())]
    Exposed(PathBuf),
    /// Others may read a file that holds a token.
    #[error("{}: others may read this file, which holds a token; close it (chmod 600)", .0.display())]
    TokenExposed(PathBuf),
    /// Another agent works on the state folder.
    #[error("{}: another agent is using this folder", .0.display())]
    Locked(PathBuf),
    /// The state folder holds no enrolment.
    #[error("{}: this device is not enrolled", .0.display())]
    NotEnrolled(PathBuf),
    /// The state folder already holds an enrolment.
    #[error("{}: this device is already enrolled", .0.display())]
    AlreadyEnrolled(PathBuf),
    /// The configuration file is not valid.
    #[error("{}: {fault}", path.display())]
    Config {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        fault: ConfigFault,
    },
    /// The server's address is not one.
    #[error("{0:?} is not a server address such as https://cartable.example.fr:8443")]
    Server(String),
    /// The proxy's address is not one.
    #[error("{0}: the proxy's address is not of the form [http://][user:password@]host:port")]
    ProxyAddress(
        /// The setting or variable it was read from.
        &'static str,
    ),
    /// The file of the proxy's credentials does not hold them.
    #[error("{}: not one line of the form user:password", .0.display())]
    ProxyCredentials(PathBuf),
    /// The token is not one.
    #[error(transparent)]
    Token(#[from] model::token::TokenError),
    /// Neither a server nor a file that names one was given.
    #[error("the server is missing")]
    ServerMissing,
    /// No token was given.
    #[error("the token is missing")]
    TokenMissing,
    /// Nobody answers.
    #[error("{target} cannot be reached: {why}")]
    Unreachable {
        /// Server or proxy, with its port.
        target: String,
        /// Why.
        why: String,
    },
    /// The proxy does not let us through.
    #[error("the proxy refuses ({status}): {}", if *status == 407 { "it asks for a user name and a password" } else { "see its own log" })]
    Proxy {
        /// The HTTP status of its answer.
        status: u16,
    },
    /// The server's certificate is not that of the control plane.
    #[error("the server at {target} is not the one this device trusts: {why}")]
    Untrusted {
        /// Server and port.
        target: String,
        /// What TLS says.
        why: String,
    },
    /// A certificate does not hold at this time, the server's by this device's or this device's by the server's.
    #[error("a certificate does not hold at this time ({why}): the server's, or this device's clock is wrong")]
    Dates {
        /// Server and port.
        target: String,
        /// What TLS says.
        why: String,
    },
    /// The server said no.
    #[error("the server refuses: {message}")]
    Refused {
        /// The gRPC status code's name.
        code: &'static str,
        /// In its words.
        message: String,
    },
    /// The server answered something that does not hold.
    #[error("the server's answer is not valid: {0}")]
    Answer(&'static str),
    /// Keys or TLS cannot be set up.
    #[error(transparent)]
    Identity(#[from] identity::Error),
    /// No agent runs on the state folder.
    #[error("{}: no agent runs on this folder", .0.display())]
    NotRunning(PathBuf),
    /// What is to be imported is no medium with resources.
    #[error("{}: no resources in this folder: metadata/timestamp.json is missing", .0.display())]
    ImportNone(PathBuf),
    /// Another import is under way.
    #[error("another import is under way")]
    ImportBusy,
    /// The agent holds no plan yet.
    #[error("the agent does not know yet what this device is to hold")]
    ImportUnplanned,
    /// The agent ended meanwhile.
    #[error("the agent ended in the middle")]
    ImportCut,
    /// The system gives no runtime or no signals.
    #[error("the system refuses")]
    System(#[source] std::io::Error),
}

/// What helps against a damaged file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// It can be deleted: the agent asks for it again.
    Delete,
    /// The device must be enrolled anew with an empty folder.
    Enrol,
}

impl Advice {
    const fn text(self) -> &'static str {
        match self {
            Self::Delete => "delete the files head and plan, the server sends them again",
            Self::Enrol => "move the folder away and enrol again with a new token",
        }
    }
}

impl Error {
    /// For `map_err`: this file, and what the system says.
    pub fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::File { path: path.to_owned(), source }
    }

    /// The part that is not said by its kind: why, in the words of the system or the server.
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::Unreachable { why, .. } | Self::Untrusted { why, .. } | Self::Dates { why, .. } => why.clone(),
            Self::Proxy { status } => format!("HTTP {status}"),
            Self::Refused { message, .. } => message.clone(),
            Self::Answer(what) => (*what).to_owned(),
            other => other.to_string(),
        }
    }

    /// The program's exit code: 2 usage, 3 not enrolled, 4 refused, 6 cannot reach, 1 all else.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Server(_) | Self::ServerMissing | Self::Token(_) | Self::TokenMissing | Self::ProxyAddress(_) => 2,
            Self::NotEnrolled(_) => 3,
            Self::Refused { .. } | Self::Untrusted { .. } | Self::Dates { .. } => 4,
            Self::Unreachable { .. } | Self::Proxy { .. } => 6,
            _ => 1,
        }
    }
}
