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
    // What was typed is right, and the repository is not.
    assert_eq!(failure_exit(&Error::Damaged("targets/x".to_owned())), Exit::Conflict);
}

fn french(error: &Error) -> String {
    failure_text(error, &Catalogue::new(Language::Fr, FR, EN)).replace(['\u{a0}', '\u{202f}'], " ")
}

/// What the control plane and the system say in English is said in French, without a detail that repeats it.
#[test]
fn known_refusals_and_causes_are_french() {
    let refused = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    for (error, said) in [
        (Status::not_found("no such device \"PF3Q\"").into(), "erreur : aucun appareil ne correspond à « PF3Q »\n"),
        (Status::not_found("no such token 7K2M9QXD").into(), "erreur : il n'y a pas de jeton 7K2M9QXD\n"),
        (
            Status::invalid_argument("several devices fit: 01a2-b, 01a2-c; give the whole id").into(),
            "erreur : plusieurs appareils correspondent : 01a2-b ou 01a2-c\n  que faire : donnez l'identifiant entier",
        ),
        (
            Status::invalid_argument("a kit token lets in 1 to 40 devices, not 99").into(),
            "erreur : un jeton de lot sert pour 1 à 40 appareils, pas 99\n",
        ),
        (
            Status::permission_denied("this call is for staff of this territory").into(),
            "erreur : le serveur ne parle qu'aux comptes opérateurs de son territoire\n  que faire : le certificat de",
        ),
        (
            Error::File { path: "/x".into(), source: refused },
            "erreur : le fichier /x ne peut pas être lu\n  détail : accès refusé",
        ),
    ] {
        let text = french(&error);
        assert!(text.starts_with(said) && !text.contains("anglais"), "{text}");
    }
}

#[test]
fn a_watch_that_the_server_ends_is_an_error() {
    assert_eq!(failure_exit(&Error::WatchEnded), Exit::Unavailable);
    let text = french(&Error::WatchEnded);
    assert!(text.starts_with("erreur : le serveur a fermé le suivi\n  que faire : relancez la commande"), "{text}");
}

#[test]
fn an_error_says_what_was_said_and_what_to_do() {
    let error = Error::from(Status::not_found("no pupil \"ab\x1b[2Jcd\""));
    assert_eq!(
        french(&error),
        "erreur : introuvable\n  détail (en anglais) : no pupil \"ab\u{fffd}[2Jcd\"\n  que faire : « cartable device list » \
         et « cartable token list --all » montrent ce qui existe"
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
    assert!(french(&stranger).contains("détail : le certificat du serveur vient d'une autre autorité"));
    assert_eq!(failure_exit(&broken(rustls::Error::HandshakeNotComplete)), Exit::Unavailable);
}
