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
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme};
use std::sync::Arc;

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

/// Settings of a device that enrols: no certificate yet, and the server known by its root's pin.
///
/// # Errors
/// [`Error::Tls`] when TLS cannot be set up.
pub fn enrolling(pin: Pin, time: Time) -> Result<ClientConfig, Error> {
    let mut config = ClientConfig::builder_with_details(provider(), time)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(PinVerifier { pin, provider: provider() }))
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

/// The system's clock, for programs that judge certificates by it.
#[must_use]
pub fn system_time() -> Time {
    Arc::new(rustls::time_provider::DefaultTimeProvider)
}

/// Judges a server by the ordinary rules under the one root, among those it sends, that has the pin.
#[derive(Debug)]
struct PinVerifier {
    pin: Pin,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let unknown = || rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let root =
            intermediates.iter().find(|c| issue::pin_of(c).is_ok_and(|pin| pin == self.pin)).ok_or_else(unknown)?;
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

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn roots(root: &[u8]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(root.to_vec()))?;
    Ok(roots)
}

fn ders(chain: Vec<Vec<u8>>) -> Vec<CertificateDer<'static>> {
    chain.into_iter().map(CertificateDer::from).collect()
}

fn key_of_pem(pem: &str) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| Error::Malformed("no private key in PEM form"))
}
