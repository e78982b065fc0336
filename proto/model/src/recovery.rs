//! What is proven when a device finds back, and the time that the control plane signs for one whose clock is wrong.

use crate::digest::Digest;
use crate::id::{DeviceId, TerritoryId};
use crate::signed::Payload;
use crate::time::Timestamp;
use crate::token::framed;

/// The length of a challenge's and of a time's nonce, in bytes.
pub const NONCE_BYTES: usize = 32;

/// What the identity key signs to recover: this device asks for this certificate, on this connection, in answer to this challenge.
#[derive(Clone, Copy, Debug)]
pub struct RecoveryTranscript<'a> {
    /// The server's challenge.
    pub nonce: &'a [u8],
    /// Which device.
    pub device: DeviceId,
    /// The generation of the identity it joined with.
    pub generation: u32,
    /// The certificate request, DER.
    pub csr: &'a [u8],
    /// The digest of the server's certificate (tls-server-end-point, RFC 5929).
    pub channel_binding: &'a [u8],
}

impl RecoveryTranscript<'_> {
    /// The bytes the identity key signs: each part after its length as four bytes, most significant first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        framed(&[
            b"cartable recover v1",
            self.nonce,
            self.device.as_bytes(),
            &self.generation.to_be_bytes(),
            Digest::of(self.csr).as_bytes(),
            self.channel_binding,
        ])
    }
}

/// The control plane's time, said to one who asked with this nonce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTime {
    /// What the one who asked drew: no earlier answer can serve it.
    pub nonce: [u8; NONCE_BYTES],
    /// The time.
    pub at: Timestamp,
    /// Whose control plane it is.
    pub territory: TerritoryId,
}

impl Payload for ServerTime {
    const PURPOSE: &'static str = "cartable time v1";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_changes_what_is_signed() {
        let device = |n| DeviceId::new(Timestamp::from_unix_seconds(1), [n; 10]);
        let one =
            RecoveryTranscript { nonce: b"n", device: device(1), generation: 1, csr: b"c", channel_binding: b"b" };
        let others = [
            RecoveryTranscript { nonce: b"m", ..one },
            RecoveryTranscript { device: device(2), ..one },
            RecoveryTranscript { generation: 2, ..one },
            RecoveryTranscript { csr: b"d", ..one },
            RecoveryTranscript { channel_binding: b"x", ..one },
        ];
        for other in others {
            assert_ne!(one.to_bytes(), other.to_bytes());
        }
        assert_eq!(&one.to_bytes()[..23], b"\0\0\0\x13cartable recover v1");
    }
}
