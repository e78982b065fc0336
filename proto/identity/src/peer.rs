//! TLS between devices of one territory: each shows its device certificate, and neither has a name that the other could check.

use crate::caller::{Caller, certificate_read};
use crate::key::IdentitySigner;
use crate::tls::{Time, ders, key_of_pem, provider, roots};
use crate::{Error, caller};
use model::id::TerritoryId;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::version::TLS13;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};
use std::sync::Arc;

const ALPN: &[u8] = b"cartable-peer/1";
/// What stands where a name would: TLS asks for one.
pub const NAME: &str = "peer.invalid";

/// The settings of both ends.
#[derive(Clone, Debug)]
pub struct Ends {
    /// Of who listens.
    pub listening: Arc<ServerConfig>,
    /// Of who connects.
    pub connecting: Arc<ClientConfig>,
    /// With the key that both show.
    pub signer: Arc<IdentitySigner>,
}

/// The settings of a device with this certificate, which is known to be a device's of this territory.
///
/// # Errors
/// [`Error`] when key, chain or root cannot be used.
pub fn ends(root: &[u8], chain: &[Vec<u8>], key_pem: &str, territory: &TerritoryId, time: Time) -> Result<Ends, Error> {
    let verifier = Arc::new(verifier(root, territory)?);
    let mut listening = ServerConfig::builder_with_details(provider(), Arc::clone(&time))
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier.clone())
        .with_single_cert(ders(chain.to_vec()), key_of_pem(key_pem)?)?;
    listening.alpn_protocols = vec![ALPN.to_vec()];
    // Each connection is judged anew.
    listening.send_tls13_tickets = 0;
    let mut connecting = ClientConfig::builder_with_details(provider(), time)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_auth_cert(ders(chain.to_vec()), key_of_pem(key_pem)?)?;
    connecting.alpn_protocols = vec![ALPN.to_vec()];
    connecting.resumption = Resumption::disabled();
    connecting.enable_sni = false;
    let signer = IdentitySigner::from_pkcs8(key_of_pem(key_pem)?.secret_der())?;
    Ok(Ends { listening: Arc::new(listening), connecting: Arc::new(connecting), signer: Arc::new(signer) })
}

fn verifier(root: &[u8], territory: &TerritoryId) -> Result<PeerVerifier, Error> {
    let inner = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(root)?), provider())
        .build()
        .map_err(|_| Error::Malformed("the root cannot be used"))?;
    Ok(PeerVerifier { inner, territory: territory.clone() })
}

/// Judges both ends alike: a chain to the root, as a client's (the only use that device certificates are issued for), and the name of a
/// device of the territory.
#[derive(Debug)]
struct PeerVerifier {
    inner: Arc<dyn ClientCertVerifier>,
    territory: TerritoryId,
}

impl PeerVerifier {
    fn judge(
        &self,
        own: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        self.inner.verify_client_cert(own, between, now)?;
        match certificate_read(own) {
            Ok(caller::Certificate { caller: Caller::Device { territory, .. }, .. }) if territory == self.territory => {
                Ok(())
            }
            _ => Err(rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)),
        }
    }
}

impl ServerCertVerifier for PeerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.judge(end_entity, intermediates, now).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

impl ClientCertVerifier for PeerVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.judge(end_entity, intermediates, now).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csr::{key_make, request_make};
    use crate::issue::{Authority, root_make};
    use model::id::DeviceId;
    use model::time::Timestamp;
    use std::time::Duration;

    const DAY: Duration = Duration::from_secs(86_400);
    const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_000_000);

    #[test]
    fn only_a_device_of_the_territory_under_the_root_in_its_time() {
        let authority = || {
            let root = root_make("doubs", NOW).unwrap();
            let top = Authority::new(&root.key_pem, root.chain.clone()).unwrap();
            let middle = top.intermediate_issue("doubs", NOW, [1; 16]).unwrap();
            (root.chain[0].clone(), Authority::new(&middle.key_pem, middle.chain).unwrap())
        };
        let ((root, ours), (_, others)) = (authority(), authority());
        let territory: TerritoryId = "doubs".parse().unwrap();
        let verifier = verifier(&root, &territory).unwrap();
        let device = DeviceId::new(NOW, [1; 10]);
        let issued = |by: &Authority, caller: &Caller| {
            let request = request_make(&key_make().unwrap()).unwrap();
            ders(by.device_issue(&request, caller, NOW, 1, [3; 16]).unwrap())
        };
        let judged = |chain: &[CertificateDer<'_>], at: Timestamp| {
            let at = UnixTime::since_unix_epoch(Duration::from_secs(at.unix_seconds().unsigned_abs()));
            verifier.judge(&chain[0], &chain[1..], at).is_ok()
        };
        let good = issued(&ours, &Caller::Device { territory: territory.clone(), device });
        assert!(judged(&good, NOW) && !judged(&good, NOW.after(40 * DAY)) && !judged(&good, NOW.before(40 * DAY)));
        assert!(!judged(&issued(&others, &Caller::Device { territory: territory.clone(), device }), NOW));
        assert!(!judged(&issued(&ours, &Caller::Device { territory: "jura".parse().unwrap(), device }), NOW));
        assert!(!judged(&issued(&ours, &Caller::Operator { territory, name: "x".to_owned() }), NOW));
        let server = ders(ours.server_issue(&["localhost".to_owned()], NOW, [2; 16]).unwrap().chain);
        assert!(!judged(&server, NOW));
    }
}
