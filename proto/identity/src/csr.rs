//! Certificate requests (PKCS #10, RFC 2986): made on the device, read for their key alone.

use crate::Error;
use rcgen::{
    CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData, SubjectPublicKeyInfo,
};
use rustls::pki_types::CertificateSigningRequestDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, X509CertificationRequest};

/// The largest request read, in bytes; a P-256 one has about 200.
pub const REQUEST_BYTES_MAX: usize = 4096;

/// A fresh TLS key, as PKCS #8 PEM.
///
/// # Errors
/// [`Error::Certificate`] when the system gives no randomness.
pub fn key_make() -> Result<String, Error> {
    Ok(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?.serialize_pem())
}

/// A request for this key, DER; it names nobody, for the server makes the subject.
///
/// # Errors
/// [`Error::Certificate`] when the key is not P-256 PEM.
pub fn request_make(key_pem: &str) -> Result<Vec<u8>, Error> {
    let key = KeyPair::from_pkcs8_pem_and_sign_algo(key_pem, &PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    Ok(params.serialize_request(&key)?.der().to_vec())
}

/// The key a request asks a certificate for; whatever else it says is ignored.
///
/// # Errors
/// [`Error::Request`] when it is not signed by that key or the key is not P-256.
pub fn request_read(der: &[u8]) -> Result<SubjectPublicKeyInfo, Error> {
    if der.len() > REQUEST_BYTES_MAX {
        return Err(Error::Request("too large"));
    }
    let (rest, request) = X509CertificationRequest::from_der(der).map_err(|_| Error::Request("not PKCS #10"))?;
    if !rest.is_empty() {
        return Err(Error::Request("trailing bytes"));
    }
    request.verify_signature().map_err(|_| Error::Request("not signed by its own key"))?;
    let key = SubjectPublicKeyInfo::from_der(request.certification_request_info.subject_pki.raw)
        .map_err(|_| Error::Request("its key is unknown"))?;
    if key.algorithm() == &PKCS_ECDSA_P256_SHA256 { Ok(key) } else { Err(Error::Request("its key is not P-256")) }
}

/// The public point of the key that a request asks a certificate for: the same in each request for it.
///
/// # Errors
/// As [`request_read`].
pub fn request_point(der: &[u8]) -> Result<Vec<u8>, Error> {
    Ok(request_read(der)?.der_bytes().to_vec())
}

/// A request as PEM text (RFC 7468), to be carried by hand.
#[must_use]
pub fn pem_of_request(der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut out = "-----BEGIN CERTIFICATE REQUEST-----\n".to_owned();
    for at in (0..text.len()).step_by(64) {
        out.push_str(&text[at..text.len().min(at + 64)]);
        out.push('\n');
    }
    out.push_str("-----END CERTIFICATE REQUEST-----\n");
    out
}

/// The request of PEM text, DER; it is judged by [`request_read`].
///
/// # Errors
/// [`Error::Malformed`] when there is none.
pub fn request_of_pem(pem: &[u8]) -> Result<Vec<u8>, Error> {
    let request = CertificateSigningRequestDer::from_pem_slice(pem);
    request.map(|request| request.to_vec()).map_err(|_| Error::Malformed("no certificate request in PEM form"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::SanType;

    #[test]
    fn names_in_a_request_are_ignored_and_a_broken_one_is_refused() {
        let pem = key_make().unwrap();
        let der = request_make(&pem).unwrap();
        let key = request_read(&der).unwrap();
        let pair = KeyPair::from_pem(&pem).unwrap();
        assert_eq!(key.der_bytes(), pair.public_key_raw());
        let mut params = CertificateParams::new(vec!["server.example".to_owned()]).unwrap();
        params.subject_alt_names.push(SanType::URI("spiffe://cartable/o/doubs/operator/admin".try_into().unwrap()));
        let foreign = params.serialize_request(&pair).unwrap();
        assert_eq!(request_read(foreign.der()).unwrap().der_bytes(), pair.public_key_raw());
        let mut broken = der.clone();
        *broken.last_mut().unwrap() ^= 1;
        assert!(matches!(request_read(&broken), Err(Error::Request(_))));
        assert!(request_read(&[0; REQUEST_BYTES_MAX + 1]).is_err());
        let p384 = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let other = CertificateParams::default().serialize_request(&p384).unwrap();
        assert!(matches!(request_read(other.der()), Err(Error::Request("its key is not P-256"))));
    }
}
