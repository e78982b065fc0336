//! What is proven at a renewal: that the identity key, and not only a TLS key, asks for the new certificate.

use crate::digest::Digest;
use crate::token::framed;

/// What the identity key signs to renew: this certificate is to be followed by this one, on this connection.
///
/// There is no nonce: what is signed names the certificate in force and the new key, so that a replay can only ask for what was asked
/// for already, and the connection it comes on shows that certificate.
#[derive(Clone, Copy, Debug)]
pub struct RenewalTranscript<'a> {
    /// The serial number of the certificate shown, in lower-case hexadecimal.
    pub serial: &'a str,
    /// The certificate request, DER.
    pub csr: &'a [u8],
    /// The digest of the server's certificate (tls-server-end-point, RFC 5929).
    pub channel_binding: &'a [u8],
}

impl RenewalTranscript<'_> {
    /// The bytes the identity key signs: each part after its length as four bytes, most significant first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let csr = Digest::of(self.csr);
        framed(&[b"cartable renew v1", self.serial.as_bytes(), csr.as_bytes(), self.channel_binding])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_changes_what_is_signed() {
        let one = RenewalTranscript { serial: "4a", csr: b"c", channel_binding: b"b" };
        let others = [
            RenewalTranscript { serial: "4b", ..one },
            RenewalTranscript { csr: b"d", ..one },
            RenewalTranscript { channel_binding: b"x", ..one },
            RenewalTranscript { serial: "4", ..one },
        ];
        assert_eq!(one.to_bytes(), one.to_bytes());
        for other in others {
            assert_ne!(one.to_bytes(), other.to_bytes());
        }
        assert_eq!(&one.to_bytes()[..21], b"\0\0\0\x11cartable renew v1");
    }
}
