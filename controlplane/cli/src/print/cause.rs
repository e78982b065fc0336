//! What lies below an error: the system's and TLS's own reasons, as far as they are worth words of their own.

use rustls::{AlertDescription, CertificateError};
use std::error::Error;
use std::io::{self, ErrorKind};
use words::Catalogue;

/// What is said about an error beyond its sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// In the reader's language.
    Said(String),
    /// As a library or the control plane put it, in English.
    Raw(String),
}

/// The reason furthest below that has words; else the innermost one as it stands.
pub(crate) fn cause_detail(error: &(dyn Error + 'static), words: &Catalogue) -> Option<Detail> {
    let causes = causes(error);
    let known = causes.iter().rev().find_map(|cause| cause_key(*cause));
    match known {
        Some(key) => Some(Detail::Said(words.text(key))),
        None => causes.last().map(|cause| Detail::Raw(cause.to_string())),
    }
}

/// An error and its causes; an `io::Error` passes over what it carries when asked for its source, so that is asked for apart.
pub(crate) fn causes<'e>(error: &'e (dyn Error + 'static)) -> Vec<&'e (dyn Error + 'static)> {
    let mut causes: Vec<&'e (dyn Error + 'static)> = vec![error];
    while let Some(last) = causes.last().copied() {
        let carried = last.downcast_ref::<io::Error>().and_then(|e| e.get_ref());
        match carried.map(|c| c as &(dyn Error + 'static)).or_else(|| last.source()) {
            Some(next) if causes.len() < 32 => causes.push(next),
            _ => break,
        }
    }
    causes
}

fn cause_key(cause: &(dyn Error + 'static)) -> Option<&'static str> {
    if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
        return tls_key(tls);
    }
    let system = cause.downcast_ref::<io::Error>()?;
    match system.kind() {
        ErrorKind::ConnectionRefused => Some("cause-connection-refused"),
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => Some("cause-connection-reset"),
        ErrorKind::NotFound => Some("cause-not-found"),
        ErrorKind::PermissionDenied => Some("cause-permission"),
        ErrorKind::TimedOut => Some("cause-timed-out"),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => Some("cause-network"),
        // With something carried it speaks of that: TLS, for one.
        ErrorKind::InvalidData if system.get_ref().is_none() => Some("cause-utf8"),
        ErrorKind::AlreadyExists => Some("cause-exists"),
        ErrorKind::FileTooLarge => Some("cause-large"),
        ErrorKind::IsADirectory => Some("cause-directory"),
        ErrorKind::StorageFull => Some("cause-disk-full"),
        // The standard library gives getaddrinfo's failures no kind of their own.
        _ if system.to_string().starts_with("failed to lookup address information") => Some("cause-name"),
        _ => None,
    }
}

fn tls_key(tls: &rustls::Error) -> Option<&'static str> {
    match tls {
        rustls::Error::InvalidCertificate(bad) => match bad {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Some("cause-certificate-expired"),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Some("cause-certificate-early")
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Some("cause-certificate-name")
            }
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Some("cause-certificate-issuer"),
            _ => None,
        },
        // RFC 8446, 6.2.
        rustls::Error::AlertReceived(alert) => match alert {
            AlertDescription::CertificateExpired => Some("cause-alert-expired"),
            AlertDescription::CertificateRevoked => Some("cause-alert-revoked"),
            AlertDescription::UnknownCA => Some("cause-alert-unknown"),
            _ => None,
        },
        _ => None,
    }
}
