//! Issuing: the root, the intermediate that works in its place, and what that one signs.

use crate::caller::Caller;
use crate::{Error, csr};
use model::time::Timestamp;
use model::token::Pin;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber, SigningKey,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::net::IpAddr;
use std::time::Duration;
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Certificates begin this long before they are made, for clocks that are a little behind.
const BACKDATE: Duration = Duration::from_secs(3_600);
/// A device's certificate; renewed in its second half.
pub const DEVICE_LIFE: Duration = Duration::from_secs(30 * 86_400);
/// An operator's certificate.
pub const OPERATOR_LIFE: Duration = Duration::from_secs(365 * 86_400);
/// The server's own certificate.
pub const SERVER_LIFE: Duration = Duration::from_secs(365 * 86_400);
/// The intermediate: it outlives every certificate it signs.
pub const INTERMEDIATE_LIFE: Duration = Duration::from_secs(3 * 365 * 86_400);
/// The root: it lies in a safe and outlives the programme.
pub const ROOT_LIFE: Duration = Duration::from_secs(20 * 365 * 86_400);

/// A signing certificate with its key, and those above it.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// This authority's certificate first, the root last; DER.
    pub chain: Vec<Vec<u8>>,
    /// The end of this authority's own certificate.
    pub until: Timestamp,
}

/// A certificate with its fresh key.
pub struct Issued {
    /// The key, PKCS #8 PEM; to be kept with mode 0600.
    pub key_pem: String,
    /// The certificate first, the root last; DER.
    pub chain: Vec<Vec<u8>>,
}

/// A new root: the key belongs in a safe, the certificate everywhere.
///
/// # Errors
/// [`Error::Certificate`] when it cannot be made.
pub fn root_make(territory: &str, now: Timestamp) -> Result<Issued, Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let params =
        authority_params(&format!("Cartable root {territory}"), BasicConstraints::Unconstrained, now, ROOT_LIFE)?;
    let root = CertifiedIssuer::self_signed(params, &key)?;
    Ok(Issued { key_pem: key.serialize_pem(), chain: vec![root.der().to_vec()] })
}

impl Authority {
    /// An authority of its key and its chain, this certificate first, the root last.
    ///
    /// # Errors
    /// [`Error`] when the key does not belong to the first certificate or either cannot be read.
    pub fn new(key_pem: &str, chain: Vec<Vec<u8>>) -> Result<Self, Error> {
        let key = KeyPair::from_pkcs8_pem_and_sign_algo(key_pem, &PKCS_ECDSA_P256_SHA256)?;
        let first = chain.first().ok_or(Error::Malformed("the certificate chain is empty"))?;
        let (_, read) = X509Certificate::from_der(first).map_err(|_| Error::Malformed("not a certificate"))?;
        if read.public_key().subject_public_key.data.as_ref() != key.der_bytes() {
            return Err(Error::Malformed("the key does not belong to the certificate"));
        }
        let until = Timestamp::from_unix_seconds(read.validity().not_after.timestamp());
        let issuer = Issuer::from_ca_cert_der(&CertificateDer::from(first.clone()), key)?;
        Ok(Self { issuer, chain, until })
    }

    /// An intermediate that can sign no further authority.
    ///
    /// # Errors
    /// [`Error::Certificate`] when it cannot be made.
    pub fn intermediate_issue(&self, territory: &str, now: Timestamp, serial: [u8; 16]) -> Result<Issued, Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        self.issued(self.intermediate_params(territory, now, serial)?, key)
    }

    /// The same for the key of a request, whose other half stays where it was made.
    ///
    /// # Errors
    /// [`Error::Request`] when the request is not valid, [`Error::Certificate`] when it cannot be made.
    pub fn intermediate_certify(
        &self,
        request: &[u8],
        territory: &str,
        now: Timestamp,
        serial: [u8; 16],
    ) -> Result<Vec<Vec<u8>>, Error> {
        let key = csr::request_read(request)?;
        self.signed(&self.intermediate_params(territory, now, serial)?, &key)
    }

    fn intermediate_params(
        &self,
        territory: &str,
        now: Timestamp,
        serial: [u8; 16],
    ) -> Result<CertificateParams, Error> {
        let name = format!("Cartable intermediate {territory}");
        let mut params = authority_params(&name, BasicConstraints::Constrained(0), now, INTERMEDIATE_LIFE)?;
        params.not_after = date(now.after(INTERMEDIATE_LIFE).min(self.until))?;
        params.serial_number = Some(serial_number(serial));
        Ok(params)
    }

    /// A certificate for the server under its names (DNS names or addresses).
    ///
    /// # Errors
    /// [`Error::Certificate`] when a name is none or it cannot be made.
    pub fn server_issue(&self, names: &[String], now: Timestamp, serial: [u8; 16]) -> Result<Issued, Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let sans = names.iter().map(|name| {
            Ok(match name.parse::<IpAddr>() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName(name.as_str().try_into()?),
            })
        });
        let sans = sans.collect::<Result<Vec<_>, rcgen::Error>>()?;
        let params =
            self.leaf_params(sans, ExtendedKeyUsagePurpose::ServerAuth, now, SERVER_LIFE, serial_number(serial))?;
        self.issued(params, key)
    }

    /// A certificate for a person, with the key.
    ///
    /// # Errors
    /// [`Error::Certificate`] when it cannot be made.
    pub fn operator_issue(&self, caller: &Caller, now: Timestamp, serial: [u8; 16]) -> Result<Issued, Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let sans = vec![SanType::URI(caller.uri().as_str().try_into()?)];
        let params =
            self.leaf_params(sans, ExtendedKeyUsagePurpose::ClientAuth, now, OPERATOR_LIFE, serial_number(serial))?;
        self.issued(params, key)
    }

    /// A certificate for the key of a person's request, in the caller's name and no other: the key never leaves their machine.
    ///
    /// # Errors
    /// [`Error::Request`] when the request is not valid, [`Error::Certificate`] when it cannot be made.
    pub fn operator_certify(
        &self,
        request: &[u8],
        caller: &Caller,
        now: Timestamp,
        serial: [u8; 16],
    ) -> Result<Vec<Vec<u8>>, Error> {
        let key = csr::request_read(request)?;
        let sans = vec![SanType::URI(caller.uri().as_str().try_into()?)];
        let params =
            self.leaf_params(sans, ExtendedKeyUsagePurpose::ClientAuth, now, OPERATOR_LIFE, serial_number(serial))?;
        self.signed(&params, &key)
    }

    /// A certificate for the key of a request, in the caller's name and no other; `number` counts the caller's certificates and
    /// stands in the serial number, so that an older one is known for what it is.
    ///
    /// # Errors
    /// [`Error::Request`] when the request is not valid, [`Error::Certificate`] when it cannot be made.
    pub fn device_issue(
        &self,
        request: &[u8],
        caller: &Caller,
        now: Timestamp,
        number: u32,
        random: [u8; 16],
    ) -> Result<Vec<Vec<u8>>, Error> {
        let key = csr::request_read(request)?;
        let sans = vec![SanType::URI(caller.uri().as_str().try_into()?)];
        let serial = numbered_serial(number, random);
        let params = self.leaf_params(sans, ExtendedKeyUsagePurpose::ClientAuth, now, DEVICE_LIFE, serial)?;
        self.signed(&params, &key)
    }

    /// Signs bytes with the authority's own key: ECDSA P-256 with SHA-256, ASN.1.
    ///
    /// # Errors
    /// [`Error::Certificate`] when the system gives no randomness.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.issuer.key().sign(message)?)
    }

    fn leaf_params(
        &self,
        sans: Vec<SanType>,
        usage: ExtendedKeyUsagePurpose,
        now: Timestamp,
        life: Duration,
        serial: SerialNumber,
    ) -> Result<CertificateParams, Error> {
        let mut params = dated_params(now, now.after(life).min(self.until))?;
        params.subject_alt_names = sans;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.serial_number = Some(serial);
        params.is_ca = IsCa::ExplicitNoCa;
        Ok(params)
    }

    fn issued(&self, params: CertificateParams, key: KeyPair) -> Result<Issued, Error> {
        Ok(Issued { chain: self.signed(&params, &key)?, key_pem: key.serialize_pem() })
    }

    fn signed(&self, params: &CertificateParams, key: &impl PublicKeyData) -> Result<Vec<Vec<u8>>, Error> {
        let certificate = params.signed_by(key, &self.issuer)?;
        Ok([vec![certificate.der().to_vec()], self.chain.clone()].concat())
    }
}

/// The pin of a certificate's key.
///
/// # Errors
/// [`Error::Malformed`] when it is no certificate.
pub fn pin_of(der: &[u8]) -> Result<Pin, Error> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|_| Error::Malformed("not a certificate"))?;
    Ok(Pin::of(certificate.public_key().raw))
}

/// The public point of a certificate's key, for checking what an authority signed.
///
/// # Errors
/// [`Error::Malformed`] when it is no certificate.
pub fn point_of(der: &[u8]) -> Result<Vec<u8>, Error> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|_| Error::Malformed("not a certificate"))?;
    Ok(certificate.public_key().subject_public_key.data.to_vec())
}

/// The end of a certificate's validity.
///
/// # Errors
/// [`Error::Malformed`] when it is no certificate.
pub fn until_of(der: &[u8]) -> Result<Timestamp, Error> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|_| Error::Malformed("not a certificate"))?;
    Ok(Timestamp::from_unix_seconds(certificate.validity().not_after.timestamp()))
}

/// Certificates as PEM text (RFC 7468), in their order.
#[must_use]
pub fn chain_to_pem(chain: &[Vec<u8>]) -> String {
    use base64::Engine;
    let mut out = String::new();
    for der in chain {
        out.push_str("-----BEGIN CERTIFICATE-----\n");
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        for at in (0..text.len()).step_by(64) {
            out.push_str(&text[at..text.len().min(at + 64)]);
            out.push('\n');
        }
        out.push_str("-----END CERTIFICATE-----\n");
    }
    out
}

/// The certificates of PEM text, in their order.
///
/// # Errors
/// [`Error::Malformed`] when there is none or one is damaged.
pub fn chain_of_pem(pem: &str) -> Result<Vec<Vec<u8>>, Error> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain.into_iter().map(|c| c.to_vec()).collect()),
        _ => Err(Error::Malformed("no certificate in PEM form")),
    }
}

fn authority_params(
    name: &str,
    path: BasicConstraints,
    now: Timestamp,
    life: Duration,
) -> Result<CertificateParams, Error> {
    let mut params = dated_params(now, now.after(life))?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(path);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    if matches!(params.is_ca, IsCa::Ca(BasicConstraints::Unconstrained)) {
        // The root also signs the trust roots that devices hold.
        params.key_usages.push(KeyUsagePurpose::DigitalSignature);
    }
    Ok(params)
}

fn dated_params(now: Timestamp, until: Timestamp) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = date(now.before(BACKDATE))?;
    params.not_after = date(until)?;
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Positive and of 16 bytes, as RFC 5280, 4.1.2.2 wants; the randomness is the caller's.
fn serial_number(mut random: [u8; 16]) -> SerialNumber {
    random[0] = random[0] & 0x7f | 0x40;
    SerialNumber::from_slice(&random)
}

/// The longest serial number that RFC 5280, 4.1.2.2 allows, in bytes; only numbered ones are so long.
const NUMBERED_BYTES: usize = 20;

/// One random byte that keeps it positive, the number as four bytes, most significant first, and fifteen random bytes.
fn numbered_serial(number: u32, mut random: [u8; 16]) -> SerialNumber {
    random[0] = random[0] & 0x7f | 0x40;
    let (first, rest) = random.split_at(1);
    SerialNumber::from_slice(&[first, &number.to_be_bytes(), rest].concat())
}

/// The number that a device's certificate bears in its serial number; 0 in one from before they were counted.
pub(crate) fn issue_number(serial: &[u8]) -> u32 {
    match serial {
        [_, a, b, c, d, ..] if serial.len() == NUMBERED_BYTES => u32::from_be_bytes([*a, *b, *c, *d]),
        _ => 0,
    }
}

fn date(at: Timestamp) -> Result<OffsetDateTime, Error> {
    OffsetDateTime::from_unix_timestamp(at.unix_seconds()).map_err(|_| Error::Malformed("a date out of range"))
}

/// When a device's certificate with this end is to be renewed: from 50 to 66 % of its life (security.md).
#[must_use]
pub fn renewal_window(until: Timestamp) -> (Timestamp, Timestamp) {
    (until.before(DEVICE_LIFE / 2), until.before(DEVICE_LIFE.mul_f64(0.34)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numbered_serial_tells_its_number_and_another_tells_none() {
        for number in [0, 1, 0x0102_0304, u32::MAX] {
            for random in [[0; 16], [0xff; 16]] {
                let serial = numbered_serial(number, random).to_bytes();
                assert_eq!((serial.len(), serial[0] & 0xc0), (NUMBERED_BYTES, 0x40));
                assert_eq!(issue_number(&serial), number);
            }
        }
        assert_eq!(issue_number(&serial_number([9; 16]).to_bytes()), 0);
        assert_eq!(issue_number(&[]), 0);
    }
}
