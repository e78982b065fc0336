//! Errors as words and exit codes.

use crate::print::{Exit, failure_exit, failure_text};
use crate::{EN, Error, FR};
use tonic::{Code, Status};
use words::{Catalogue, Language};

#[test]
fn each_status_has_its_exit_code() {
    for (code, exit) in [
        (Code::NotFound, Exit::NotFound),
        (Code::AlreadyExists, Exit::Conflict),
        (Code::Aborted, Exit::Conflict),
        (Code::InvalidArgument, Exit::Usage),
        (Code::PermissionDenied, Exit::Refused),
        (Code::Unauthenticated, Exit::Refused),
        (Code::FailedPrecondition, Exit::Expired),
        (Code::Unavailable, Exit::Unavailable),
        (Code::ResourceExhausted, Exit::Unavailable),
        (Code::Internal, Exit::Failed),
    ] {
        assert_eq!(failure_exit(&Status::new(code, "").into()), exit, "{code:?}");
    }
    assert_eq!(Exit::Expired as u8, 7);
}

#[test]
fn an_error_says_what_was_said_and_what_to_do() {
    let error = Error::from(Status::not_found("no device \"ab\x1b[2Jcd\""));
    assert_eq!(
        failure_text(&error, &Catalogue::new(Language::Fr, FR, EN)),
        "erreur : introuvable\n  détail : no device \"ab\u{fffd}[2Jcd\"\n  que faire : « cartable device list » et « cartable \
         token list --all » montrent ce qui existe"
    );
    let error = Error::ConfigMissing("/x/config.toml".into());
    assert!(
        failure_text(&error, &Catalogue::new(Language::En, FR, EN)).starts_with(
            "error: there is no configuration file /x/config.toml\n  what to do: name one by --config FILE"
        )
    );
}

#[test]
fn tls_that_says_no_is_told_from_a_server_that_is_silent() {
    let broken = |source: rustls::Error| {
        let mut status = Status::unknown("transport error");
        status.set_source(std::sync::Arc::new(std::io::Error::other(source)));
        Error::from(status)
    };
    let refused = broken(rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRevoked));
    assert_eq!(failure_exit(&refused), Exit::Refused);
    let stranger = broken(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer));
    assert!(failure_text(&stranger, &Catalogue::new(Language::Fr, FR, EN)).contains("ne prouve pas"));
    assert_eq!(failure_exit(&broken(rustls::Error::HandshakeNotComplete)), Exit::Unavailable);
}
