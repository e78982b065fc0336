//! An intermediate whose key never leaves the server: asked for here, signed where the root's key lies, judged when it comes back.

use crate::Error;
use model::time::Timestamp;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// What begins the name of a root (see `root_make`); the territory follows.
const ROOT_NAME: &str = "Cartable root ";

/// Whether a certificate is an intermediate of this root for this key, and holds now.
///
/// # Errors
/// [`Error::Malformed`] that says what is wrong with it.
pub fn intermediate_check(der: &[u8], root: &[u8], point: &[u8], now: Timestamp) -> Result<(), Error> {
    let no = Error::Malformed;
    let (rest, read) = X509Certificate::from_der(der).map_err(|_| no("it is no certificate"))?;
    let (_, root) = X509Certificate::from_der(root).map_err(|_| no("the root is no certificate"))?;
    if !rest.is_empty() {
        return Err(no("bytes follow the certificate"));
    }
    if read.issuer() != root.subject() || read.verify_signature(Some(root.public_key())).is_err() {
        return Err(no("it is not signed by the root of this control plane"));
    }
    if read.public_key().subject_public_key.data.as_ref() != point {
        return Err(no("it is for another key than the one that was asked for"));
    }
    let limits = read.basic_constraints().ok().flatten().ok_or(no("it is no authority's certificate"))?;
    if !limits.value.ca || !limits.critical {
        return Err(no("it is no authority's certificate"));
    }
    if limits.value.path_len_constraint != Some(0) {
        return Err(no("it may sign further authorities: its path length is not 0"));
    }
    let usage = read.key_usage().ok().flatten().ok_or(no("it does not say what its key is for"))?;
    if !usage.value.key_cert_sign() {
        return Err(no("its key may not sign certificates"));
    }
    let validity = read.validity();
    if validity.not_after.timestamp() <= now.unix_seconds() {
        return Err(no("it has expired"));
    }
    if validity.not_before.timestamp() > now.unix_seconds() {
        return Err(no("it is not valid yet"));
    }
    Ok(())
}

/// Whose root a certificate is, by its name.
///
/// # Errors
/// [`Error::Malformed`] when it is no root of ours.
pub fn territory_of(root: &[u8]) -> Result<String, Error> {
    let no = || Error::Malformed("it is no root of a control plane");
    let (_, read) = X509Certificate::from_der(root).map_err(|_| no())?;
    let mut names = read.subject().iter_common_name();
    let name = names.next().and_then(|name| name.as_str().ok()).ok_or_else(no)?;
    let ca = read.basic_constraints().ok().flatten().is_some_and(|limits| limits.value.ca);
    if !ca || read.verify_signature(None).is_err() {
        return Err(no());
    }
    name.strip_prefix(ROOT_NAME).map(str::to_owned).ok_or_else(no)
}

/// The names of a server's certificate: DNS names and addresses, as [`crate::issue::Authority::server_issue`] takes them.
///
/// # Errors
/// [`Error::Malformed`] when it has none.
pub fn names_of(der: &[u8]) -> Result<Vec<String>, Error> {
    let no = || Error::Malformed("it is no server's certificate");
    let (_, read) = X509Certificate::from_der(der).map_err(|_| no())?;
    let names = read.subject_alternative_name().map_err(|_| no())?.ok_or_else(no)?;
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|b| std::net::IpAddr::from(b).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|b| std::net::IpAddr::from(b).to_string()),
        },
        _ => None,
    };
    let names: Option<Vec<_>> = names.value.general_names.iter().map(name).collect();
    names.filter(|names| !names.is_empty()).ok_or_else(no)
}

/// What a person is shown of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its common name, or its alternative names.
    pub subject: String,
    /// Its serial number, in hexadecimal.
    pub serial: String,
    /// Its end.
    pub until: Timestamp,
    /// The day of its end, as ISO 8601 writes it.
    pub day: String,
}

/// Reads a certificate for a person.
///
/// # Errors
/// [`Error::Malformed`] when it is none.
pub fn shown(der: &[u8]) -> Result<Shown, Error> {
    let (_, read) = X509Certificate::from_der(der).map_err(|_| Error::Malformed("not a certificate"))?;
    let common = read.subject().iter_common_name().next().and_then(|name| name.as_str().ok()).map(str::to_owned);
    Ok(Shown {
        subject: common.or_else(|| names_of(der).ok().map(|names| names.join(", "))).unwrap_or_default(),
        serial: read.raw_serial().iter().map(|b| format!("{b:02x}")).collect(),
        until: Timestamp::from_unix_seconds(read.validity().not_after.timestamp()),
        day: read.validity().not_after.to_datetime().date().to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Caller;
    use crate::csr::{key_make, request_make, request_point};
    use crate::issue::{Authority, INTERMEDIATE_LIFE, root_make};
    use std::time::Duration;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_000_000);

    fn root(territory: &str) -> Authority {
        let root = root_make(territory, NOW).unwrap();
        Authority::new(&root.key_pem, root.chain).unwrap()
    }

    #[test]
    fn only_an_intermediate_of_this_root_for_this_key_that_holds_now_passes() {
        let (ours, theirs) = (root("doubs"), root("jura"));
        let request = request_make(&key_make().unwrap()).unwrap();
        let point = request_point(&request).unwrap();
        let good = ours.intermediate_certify(&request, "doubs", NOW, [1; 16]).unwrap().remove(0);
        let check = |der: &[u8], now| intermediate_check(der, &ours.chain[0], &point, now).map_err(|e| e.to_string());
        assert_eq!(check(&good, NOW), Ok(()));
        let foreign = theirs.intermediate_certify(&request, "doubs", NOW, [1; 16]).unwrap().remove(0);
        let other = request_make(&key_make().unwrap()).unwrap();
        let other = ours.intermediate_certify(&other, "doubs", NOW, [1; 16]).unwrap().remove(0);
        let caller = Caller::Operator { territory: "doubs".parse().unwrap(), name: "x".to_owned() };
        let leaf = ours.operator_certify(&request, &caller, NOW, [1; 16]).unwrap().remove(0);
        let mut broken = good.clone();
        *broken.last_mut().unwrap() ^= 1;
        let mut longer = good.clone();
        longer.push(0);
        for (der, now, why) in [
            (&foreign, NOW, "not signed by the root"),
            (&broken, NOW, "not signed by the root"),
            (&other, NOW, "another key"),
            (&leaf, NOW, "no authority"),
            (&longer, NOW, "bytes follow"),
            (&good[..good.len() - 1].to_vec(), NOW, "no certificate"),
            (&Vec::new(), NOW, "no certificate"),
            (&good, NOW.after(INTERMEDIATE_LIFE + Duration::from_secs(1)), "expired"),
            (&good, NOW.before(Duration::from_secs(7_200)), "not valid yet"),
        ] {
            let said = check(der, now).unwrap_err();
            assert!(said.contains(why), "{said} instead of {why}");
        }
        // A root with our name and our key's certificate, but no limit on what it signs.
        assert!(check(&ours.chain[0], NOW).is_err());
    }

    #[test]
    fn names_and_territories_are_read_back() {
        let ours = root("doubs");
        assert_eq!(territory_of(&ours.chain[0]).unwrap(), "doubs");
        let middle = ours.intermediate_issue("doubs", NOW, [1; 16]).unwrap();
        assert!(territory_of(&middle.chain[0]).is_err());
        let middle = Authority::new(&middle.key_pem, middle.chain).unwrap();
        let names = ["cartable.example.fr", "192.0.2.7", "2001:db8::7"].map(str::to_owned);
        let server = middle.server_issue(&names, NOW, [2; 16]).unwrap();
        assert_eq!(names_of(&server.chain[0]).unwrap(), names);
        assert!(names_of(&middle.chain[0]).is_err());
        assert_eq!(shown(&server.chain[0]).unwrap().subject, "cartable.example.fr, 192.0.2.7, 2001:db8::7");
        assert_eq!(shown(&ours.chain[0]).unwrap().subject, "Cartable root doubs");
    }
}
