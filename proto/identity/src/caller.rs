//! Who calls: read from the certificate that TLS has checked, and from nothing else.

use crate::Error;
use crate::issue::issue_number;
use model::id::{DeviceId, TerritoryId};
use model::key::IdentityKey;
use model::time::Timestamp;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// The trust domain in the SPIFFE names of our certificates (SPIFFE-ID, 2.1).
const DOMAIN: &str = "cartable";
/// The longest operator name, in bytes.
pub const OPERATOR_NAME_MAX: usize = 64;

/// Whom a certificate stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A device.
    Device {
        /// Whose.
        territory: TerritoryId,
        /// Which.
        device: DeviceId,
    },
    /// A person of the staff.
    Operator {
        /// Whose.
        territory: TerritoryId,
        /// A name of `a-z`, `0-9`, `.` and `-`.
        name: String,
    },
}

/// What a caller's certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it stands for.
    pub caller: Caller,
    /// Its serial number, in hexadecimal.
    pub serial: String,
    /// Its number among the certificates of a device; 0 for a person's, and from before they were counted.
    pub number: u32,
    /// The beginning of its validity.
    pub from: Timestamp,
    /// The end of its validity.
    pub until: Timestamp,
}

impl Caller {
    /// The name in the certificate: a URI of the subject's alternative names.
    #[must_use]
    pub fn uri(&self) -> String {
        match self {
            Self::Device { territory, device } => format!("spiffe://{DOMAIN}/d/{territory}/device/{device}"),
            Self::Operator { territory, name } => format!("spiffe://{DOMAIN}/o/{territory}/operator/{name}"),
        }
    }

    /// The caller a URI names.
    fn of_uri(uri: &str) -> Option<Self> {
        let mut parts = uri.strip_prefix("spiffe://")?.strip_prefix(DOMAIN)?.strip_prefix('/')?.split('/');
        let (kind, territory, noun, name) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let territory = territory.parse().ok()?;
        match (kind, noun, parts.next()) {
            ("d", "device", None) => Some(Self::Device { territory, device: name.parse().ok()? }),
            ("o", "operator", None) => operator_name(name).map(|name| Self::Operator { territory, name }),
            _ => None,
        }
    }
}

/// The name if it can be an operator's: 1 to 64 of `a-z`, `0-9`, `.` and `-`.
#[must_use]
pub fn operator_name(name: &str) -> Option<String> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
    ((1..=OPERATOR_NAME_MAX).contains(&name.len()) && name.bytes().all(fits)).then(|| name.to_owned())
}

/// Reads a certificate whose chain TLS has checked.
///
/// # Errors
/// [`Error::Caller`] when it does not name exactly one caller.
pub fn certificate_read(der: &[u8]) -> Result<Certificate, Error> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|_| Error::Caller)?;
    let names = certificate.subject_alternative_name().map_err(|_| Error::Caller)?.ok_or(Error::Caller)?;
    let [GeneralName::URI(uri)] = names.value.general_names.as_slice() else { return Err(Error::Caller) };
    Ok(Certificate {
        caller: Caller::of_uri(uri).ok_or(Error::Caller)?,
        number: issue_number(certificate.raw_serial()),
        serial: certificate.raw_serial().iter().map(|b| format!("{b:02x}")).collect(),
        from: Timestamp::from_unix_seconds(certificate.validity().not_before.timestamp()),
        until: Timestamp::from_unix_seconds(certificate.validity().not_after.timestamp()),
    })
}

/// The key that a certificate is for.
///
/// # Errors
/// [`Error::Caller`] when it is none of a device.
pub fn certificate_key(der: &[u8]) -> Result<IdentityKey, Error> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|_| Error::Caller)?;
    let point = certificate.public_key().subject_public_key.data.to_vec();
    IdentityKey::try_from(point).map_err(|_| Error::Caller)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_foreign_ones_do_not() {
        let territory: TerritoryId = "doubs".parse().unwrap();
        let device = DeviceId::new(Timestamp::from_unix_seconds(1), [1; 10]);
        for caller in [
            Caller::Device { territory: territory.clone(), device },
            Caller::Operator { territory, name: "jeanne.dupond-2".to_owned() },
        ] {
            assert_eq!(Caller::of_uri(&caller.uri()), Some(caller));
        }
        for foreign in [
            "spiffe://other/d/doubs/device/x",
            "spiffe://cartable/d/doubs/device/not-an-id",
            "spiffe://cartable/o/doubs/operator/",
            "spiffe://cartable/o/doubs/operator/a/b",
            "spiffe://cartable/o/DOUBS/operator/a",
            "spiffe://cartableo/doubs/operator/a",
            "https://cartable/o/doubs/operator/a",
        ] {
            assert_eq!(Caller::of_uri(foreign), None, "{foreign}");
        }
    }
}
