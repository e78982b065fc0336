//! The TLS settings of both sides: version 1.3 only, ALPN `h2`, one provider of cryptography.

use crate::{Error, issue};
use model::token::Pin;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject};
use rustls::server::WebPkiClientVerifier;
use rustls::time_provider::TimeProvider;
use rustls::version::TLS13;
use rustls::{
    AlertDescription, CertificateError, CipherSuite, ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig,
    SignatureScheme,
};
use std::sync::Arc;
use std::time::Duration;
use x509_parser::prelude::{FromDer, X509Certificate};

const ALPN: &[u8] = b"h2";

/// The time by which certificates are judged, given from outside.
pub type Time = Arc<dyn TimeProvider>;

/// Settings of the control plane's listener: callers show a certificate of this root, or none (to enrol).
///
/// The chain is sent with its root, so that a device that knows only the pin can check it.
///
/// # Errors
/// [`Error`] when key, chain or root cannot be used.
pub fn server(root: &[u8], chain: Vec<Vec<u8>>, key_pem: &str, time: Time) -> Result<ServerConfig, Error> {
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(root)?), provider())
        .allow_unauthenticated()
        .build()
        .map_err(|_| Error::Malformed("the root cannot be used"))?;
    let mut config = ServerConfig::builder_with_details(provider(), time)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(ders(chain), key_of_pem(key_pem)?)?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    // Resumption costs a third of a full handshake; revocation is looked up at each call, so a ticket revives nobody.
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    config.send_tls13_tickets = 1;
    // An agent from before has another order.
    config.ignore_client_order = true;
    Ok(config)
}

/// Settings of a caller who has a certificate and knows the root.
///
/// # Errors
/// [`Error`] when key, chain or root cannot be used.
pub fn client(root: &[u8], chain: Vec<Vec<u8>>, key_pem: &str, time: Time) -> Result<ClientConfig, Error> {
    let mut config = ClientConfig::builder_with_details(provider(), time)
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots(root)?)
        .with_client_auth_cert(ders(chain), key_of_pem(key_pem)?)?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

/// By what a caller without a certificate knows the control plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The pin in its token: the server sends the root along.
    Pin(Pin),
    /// The root's certificate, DER.
    Root(Vec<u8>),
    /// Whatever root the server sends along: for looking at a server, never for telling it anything.
    Sent,
}

/// Whether the server's certificates must hold at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dates {
    /// They must.
    Judged,
    /// They must have held together at some moment: for a caller whose clock is wrong, and for asking the time alone.
    Ignored,
}

/// Settings of a device that enrols: no certificate yet, and the server known by its root's pin.
///
/// # Errors
/// [`Error::Tls`] when TLS cannot be set up.
pub fn enrolling(pin: Pin, time: Time) -> Result<ClientConfig, Error> {
    anonymous(Anchor::Pin(pin), Dates::Judged, time)
}

/// Settings of a caller without a certificate.
///
/// # Errors
/// [`Error::Tls`] when TLS cannot be set up.
pub fn anonymous(anchor: Anchor, dates: Dates, time: Time) -> Result<ClientConfig, Error> {
    let verifier = AnchorVerifier { anchor, dates, provider: provider() };
    let mut config = ClientConfig::builder_with_details(provider(), time)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

/// Whether a connection failed because of the dates of certificates and, as far as TLS looked, of nothing else.
///
/// The other end says it with `certificate_expired`, for a certificate that is not valid yet, too (RFC 8446, 6.2).
#[must_use]
pub fn dates_at_fault(error: &rustls::Error) -> bool {
    match error {
        rustls::Error::InvalidCertificate(why) => matches!(
            why,
            CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. }
        ),
        rustls::Error::AlertReceived(alert) => *alert == AlertDescription::CertificateExpired,
        _ => false,
    }
}

/// The system's clock, for programs that judge certificates by it.
#[must_use]
pub fn system_time() -> Time {
    Arc::new(rustls::time_provider::DefaultTimeProvider)
}

/// Judges a server by the ordinary rules under the one root that is known, by its pin among those the server sends, or itself.
#[derive(Debug)]
struct AnchorVerifier {
    anchor: Anchor,
    dates: Dates,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnchorVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let unknown = || rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let root: &[u8] = match &self.anchor {
            Anchor::Root(root) => root,
            Anchor::Sent => intermediates.last().ok_or_else(unknown)?,
            Anchor::Pin(pin) => {
                intermediates.iter().find(|c| issue::pin_of(c).is_ok_and(|p| p == *pin)).ok_or_else(unknown)?
            }
        };
        let now = match self.dates {
            Dates::Judged => now,
            Dates::Ignored => moment(std::iter::once(end_entity).chain(intermediates).filter(|der| ***der != *root))?,
        };
        let roots = Arc::new(roots(root).map_err(|_| unknown())?);
        WebPkiServerVerifier::builder_with_provider(roots, self.provider.clone())
            .build()
            .map_err(|_| unknown())?
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.2 is not spoken here".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// A moment at which all of these are valid: the first. Everything but the dates is then judged as ever.
fn moment<'a>(certificates: impl Iterator<Item = &'a CertificateDer<'a>>) -> Result<UnixTime, rustls::Error> {
    let no = |why| rustls::Error::InvalidCertificate(why);
    let (mut from, mut until) = (i64::MIN, i64::MAX);
    for der in certificates {
        let (_, read) = X509Certificate::from_der(der).map_err(|_| no(CertificateError::BadEncoding))?;
        from = from.max(read.validity().not_before.timestamp());
        until = until.min(read.validity().not_after.timestamp());
    }
    if from > until {
        return Err(no(CertificateError::UnknownIssuer));
    }
    let from = u64::try_from(from).map_err(|_| no(CertificateError::BadEncoding))?;
    Ok(UnixTime::since_unix_epoch(Duration::from_secs(from)))
}

/// Both sides take the suite with SHA-256 where they can (RFC 8446, 9.1: the one that all have): processors hash it in hardware, and SHA-384 in
/// software was a ninth of what a resumed handshake cost the server.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
    Arc::new(provider)
}

pub(crate) fn roots(root: &[u8]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(root.to_vec()))?;
    Ok(roots)
}

pub(crate) fn ders(chain: Vec<Vec<u8>>) -> Vec<CertificateDer<'static>> {
    chain.into_iter().map(CertificateDer::from).collect()
}

pub(crate) fn key_of_pem(pem: &str) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| Error::Malformed("no private key in PEM form"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issue::{Authority, Issued, pin_of, root_make};
    use model::time::Timestamp;

    const DAY: Duration = Duration::from_secs(86_400);
    const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_000_000);

    struct Made {
        root: Vec<u8>,
        middle: Authority,
        server: Issued,
    }

    fn made(at: Timestamp) -> Made {
        let root = root_make("doubs", at).unwrap();
        let top = Authority::new(&root.key_pem, root.chain.clone()).unwrap();
        let middle = top.intermediate_issue("doubs", at, [1; 16]).unwrap();
        let middle = Authority::new(&middle.key_pem, middle.chain).unwrap();
        let server = middle.server_issue(&["localhost".to_owned()], at, [2; 16]).unwrap();
        Made { root: root.chain[0].clone(), middle, server }
    }

    fn judged(anchor: Anchor, dates: Dates, chain: &[Vec<u8>], name: &str, at: Timestamp) -> Result<(), rustls::Error> {
        let verifier = AnchorVerifier { anchor, dates, provider: provider() };
        let ders = ders(chain.to_vec());
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let seconds = u64::try_from(at.unix_seconds()).unwrap();
        let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        verifier.verify_server_cert(&ders[0], &ders[1..], &name, &[], at).map(|_| ())
    }

    #[test]
    fn dates_may_be_ignored_and_nothing_else() {
        let ours = made(NOW);
        let anchors = [Anchor::Root(ours.root.clone()), Anchor::Pin(pin_of(&ours.root).unwrap())];
        let epoch = Timestamp::from_unix_seconds(0);
        for anchor in anchors {
            let ask = |dates, chain: &[Vec<u8>], name, at| judged(anchor.clone(), dates, chain, name, at);
            let chain = &ours.server.chain;
            ask(Dates::Judged, chain, "localhost", NOW).unwrap();
            for at in [epoch, NOW.after(400 * DAY), NOW.after(4_000 * DAY)] {
                let fault = ask(Dates::Judged, chain, "localhost", at).unwrap_err();
                assert!(dates_at_fault(&fault), "{fault:?}");
                ask(Dates::Ignored, chain, "localhost", at).unwrap();
                // Another name, another root, a broken signature, a device in the server's place.
                let fault = ask(Dates::Ignored, chain, "elsewhere", at).unwrap_err();
                assert!(!dates_at_fault(&fault), "{fault:?}");
                assert!(ask(Dates::Ignored, &made(NOW).server.chain, "localhost", at).is_err());
                let mut broken = chain.clone();
                *broken[0].last_mut().unwrap() ^= 1;
                assert!(ask(Dates::Ignored, &broken, "localhost", at).is_err());
                let request = crate::csr::request_make(&crate::csr::key_make().unwrap()).unwrap();
                let caller =
                    crate::caller::Caller::Operator { territory: "doubs".parse().unwrap(), name: "x".to_owned() };
                let device = ours.middle.device_issue(&request, &caller, NOW, 1, [3; 16]).unwrap();
                assert!(ask(Dates::Ignored, &device, "localhost", at).is_err());
            }
        }
    }

    #[test]
    fn certificates_that_never_held_together_do_not_pass() {
        let ours = made(NOW);
        // By the authority's key, but begun when that had long ended.
        let late = NOW.after(issue::INTERMEDIATE_LIFE + 30 * DAY);
        let server = ours.middle.server_issue(&["localhost".to_owned()], late, [4; 16]).unwrap();
        let anchor = Anchor::Root(ours.root.clone());
        assert!(judged(anchor, Dates::Ignored, &server.chain, "localhost", late).is_err());
    }
}
