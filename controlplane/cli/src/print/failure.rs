//! Errors as words and exit codes: the one place where they become either.

use super::answer::{answer_known, answer_values};
use super::cause::{Detail, cause_detail, causes};
use crate::Error;
use crate::audit::fault_name;
use crate::desk::DeskFault;
use std::error::Error as _;
use std::process::ExitCode;
use tonic::Code;
use words::{Catalogue, Value};

/// How a command ended; the numbers are promised to scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Not done, for a reason that has no number of its own.
    Failed = 1,
    /// The command line, or a value in it, cannot be meant.
    Usage = 2,
    /// There is no such thing.
    NotFound = 3,
    /// Not allowed, not known, or not confirmed.
    Refused = 4,
    /// It exists already, changed meanwhile, or is not as it was written: a broken audit chain, a damaged repository.
    Conflict = 5,
    /// The control plane cannot be reached or is too busy.
    Unavailable = 6,
    /// Too late: it has expired.
    Expired = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What became of a connection or a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    NotFound,
    Exists,
    Conflict,
    Invalid,
    Denied,
    Expired,
    Busy,
    Unreachable,
    Untrusted,
    CertificateRefused,
    Other,
}

/// The exit code of an error.
pub(crate) fn failure_exit(error: &Error) -> Exit {
    match error {
        Error::Usage { .. }
        | Error::ConfigMissing(_)
        | Error::ConfigNowhere
        | Error::ConfigSyntax { .. }
        | Error::ProfileMissing { .. }
        | Error::Address(_) => Exit::Usage,
        Error::NotConfirmed(_) => Exit::Refused,
        Error::Desk(fault) => desk_exit(*fault),
        Error::Absent { .. } => Exit::NotFound,
        Error::WatchEnded => Exit::Unavailable,
        Error::Connect { source, .. } => kind_of_source(source).unwrap_or(Kind::Unreachable).exit(),
        Error::Status(status) => kind_of_status(status).exit(),
        Error::ChainBroken(_) | Error::Damaged(_) => Exit::Conflict,
        Error::LinesRefused(_)
        | Error::PapersLeft(_)
        | Error::Short { .. }
        | Error::Paper(_)
        | Error::File { .. }
        | Error::FileWrite { .. }
        | Error::Credentials(_)
        | Error::Answer(_)
        | Error::Output(_) => Exit::Failed,
    }
}

/// What went wrong, what was said about it, and what to do next; lines without a last newline.
pub(crate) fn failure_text(error: &Error, words: &Catalogue) -> String {
    let said = |key: &str, values: &[(&str, Value)], detail: Option<Detail>| Said {
        sentence: words.text_with(key, values),
        detail,
        next: words.find_with(key, Some("next"), values),
    };
    let path = |path: &std::path::Path| ("path", Value::from(path.display().to_string()));
    match error {
        Error::Usage { key, values } | Error::Absent { key, values } => said(key, values, None),
        Error::Damaged(item) => said("error-repository-damaged", &[("item", item.as_str().into())], None),
        Error::Short { values } => said("failure-short", values, None),
        Error::NotConfirmed(key) => said(key, &[], None),
        Error::Desk(fault) => said(fault.key(), &[], None),
        Error::WatchEnded => said("failure-watch-ended", &[], None),
        Error::ConfigMissing(at) => said("failure-config-missing", &[path(at)], None),
        Error::ConfigNowhere => said("failure-config-nowhere", &[], None),
        Error::ConfigSyntax { path: at, source } => {
            said("failure-config-syntax", &[path(at)], Some(Detail::Raw(source.to_string().trim_end().to_owned())))
        }
        Error::ProfileMissing { path: at, name, known } => {
            let values = [path(at), ("name", name.as_str().into()), ("known", known.as_str().into())];
            said("failure-profile-missing", &values, None)
        }
        Error::Address(address) => said("failure-address", &[("address", address.as_str().into())], None),
        Error::File { path: at, source } => said("failure-file", &[path(at)], cause_detail(source, words)),
        Error::FileWrite { path: at, source } => said("failure-file-write", &[path(at)], cause_detail(source, words)),
        Error::ChainBroken(broken) => {
            let (fault, number) = fault_name(broken.fault);
            let number = ("number", Value::from(number.unwrap_or_default().to_string()));
            let detail = words.text_with(&format!("audit-fault-{fault}"), &[number]);
            let values = [("sequence", Value::from(broken.sequence.to_string()))];
            said("failure-chain", &values, Some(Detail::Said(detail)))
        }
        Error::Credentials(source) => said("failure-credentials", &[], Some(Detail::Raw(source.to_string()))),
        Error::Connect { server, source } => {
            let kind = kind_of_source(source).unwrap_or(Kind::Unreachable);
            said(kind.key(), &[("server", server.as_str().into())], cause_detail(source, words))
        }
        Error::Status(status) => {
            let key = kind_of_status(status).key();
            let server = [("server", Value::from(words.text("failure-the-server")))];
            match (status.source(), answer_known(status.message())) {
                (Some(source), _) => said(key, &server, cause_detail(source, words)),
                (None, Some((known, parts))) => {
                    let answer = said(known, &answer_values(known, parts, words), None);
                    Said { next: answer.next.or_else(|| words.find(key, Some("next"))), ..answer }
                }
                (None, None) => said(key, &server, Some(Detail::Raw(status.message().to_owned()))),
            }
        }
        Error::Answer(source) => said("failure-answer", &[], Some(Detail::Raw(source.to_string()))),
        Error::LinesRefused(lines) => {
            let n = Value::count(u64::try_from(*lines).unwrap_or(u64::MAX));
            said("failure-lines", &[("n", n)], None)
        }
        Error::PapersLeft(loans) => {
            let n = Value::count(u64::try_from(*loans).unwrap_or(u64::MAX));
            said("failure-papers", &[("n", n)], None)
        }
        Error::Paper(source) => said("failure-paper", &[], Some(Detail::Raw(source.to_string()))),
        Error::Output(source) => said("failure-output", &[], cause_detail(source, words)),
    }
    .text(words)
}

/// The sentence of what was typed and cannot be meant, without what stands around it on a screen.
pub(crate) fn error_sentence(error: &Error, words: &Catalogue) -> String {
    match error {
        Error::Usage { key, values } => words.text_with(key, values),
        other => other.to_string(),
    }
}

/// How a desk's fault ends a command.
const fn desk_exit(fault: DeskFault) -> Exit {
    match fault {
        DeskFault::PassphraseShort | DeskFault::PassphraseNobody | DeskFault::Mode | DeskFault::NoTerminal => {
            Exit::Usage
        }
        DeskFault::Passphrase => Exit::Refused,
        DeskFault::Journal | DeskFault::SomeAgainst => Exit::Conflict,
        DeskFault::Expired => Exit::Expired,
        DeskFault::SomeWaiting => Exit::Unavailable,
        DeskFault::NotADesk | DeskFault::Newer | DeskFault::TooLarge | DeskFault::Busy | DeskFault::SomeNotDone => {
            Exit::Failed
        }
    }
}

struct Said {
    sentence: String,
    detail: Option<Detail>,
    next: Option<String>,
}

impl Said {
    fn text(self, words: &Catalogue) -> String {
        let mut text = format!("{} {}", words.text("usage-error"), self.sentence);
        let detail = self.detail.map(|detail| match detail {
            Detail::Said(text) => ("failure-detail", text),
            Detail::Raw(text) => ("failure-detail-raw", text),
        });
        if let Some((label, detail)) = detail.filter(|(_, text)| !text.is_empty()) {
            // What a file or a server says may hold several lines, and anything.
            let lines: Vec<String> = detail.lines().map(super::clean).collect();
            text.push_str(&format!("\n  {} {}", words.text(label), lines.join("\n    ")));
        }
        if let Some(next) = self.next {
            text.push_str(&format!("\n  {} {next}", words.text("failure-next")));
        }
        text
    }
}

impl Kind {
    const fn exit(self) -> Exit {
        match self {
            Self::NotFound => Exit::NotFound,
            Self::Exists | Self::Conflict => Exit::Conflict,
            Self::Invalid => Exit::Usage,
            Self::Denied | Self::Untrusted | Self::CertificateRefused => Exit::Refused,
            Self::Expired => Exit::Expired,
            Self::Busy | Self::Unreachable => Exit::Unavailable,
            Self::Other => Exit::Failed,
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::NotFound => "failure-not-found",
            Self::Exists => "failure-exists",
            Self::Conflict => "failure-conflict",
            Self::Invalid => "failure-invalid",
            Self::Denied => "failure-denied",
            Self::Expired => "failure-expired",
            Self::Busy => "failure-busy",
            Self::Unreachable => "failure-unreachable",
            Self::Untrusted => "failure-untrusted",
            Self::CertificateRefused => "failure-certificate-refused",
            Self::Other => "failure-other",
        }
    }
}

fn kind_of_status(status: &tonic::Status) -> Kind {
    if let Some(source) = status.source() {
        // Made on this side: the connection broke, nobody answered.
        return kind_of_source(source).unwrap_or(Kind::Unreachable);
    }
    match status.code() {
        Code::NotFound => Kind::NotFound,
        Code::AlreadyExists => Kind::Exists,
        Code::Aborted => Kind::Conflict,
        Code::InvalidArgument | Code::OutOfRange => Kind::Invalid,
        Code::PermissionDenied | Code::Unauthenticated => Kind::Denied,
        Code::FailedPrecondition => Kind::Expired,
        Code::ResourceExhausted => Kind::Busy,
        Code::Unavailable | Code::DeadlineExceeded => Kind::Unreachable,
        _ => Kind::Other,
    }
}

/// What TLS said, if it was TLS that said no.
fn kind_of_source(error: &(dyn std::error::Error + 'static)) -> Option<Kind> {
    causes(error).into_iter().find_map(|cause| match cause.downcast_ref::<rustls::Error>()? {
        rustls::Error::AlertReceived(_) => Some(Kind::CertificateRefused),
        rustls::Error::InvalidCertificate(_) => Some(Kind::Untrusted),
        _ => None,
    })
}
