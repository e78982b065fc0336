//! A site node's word.

use super::ConvertError;
use super::desired::device_id;
use crate::v1;
use bytes::Bytes;
use model::site::SiteProof;
use model::time::Timestamp;
use prost::Message;

/// A proof's bytes, to be signed.
#[must_use]
pub fn site_proof_encode(proof: &SiteProof) -> Bytes {
    let message = v1::SiteProof {
        school: proof.school.to_string(),
        nonce: proof.nonce.to_vec(),
        device: proof.device.as_bytes().to_vec(),
        at_unix_ms: proof.at.unix_millis(),
    };
    message.encode_to_vec().into()
}

/// A proof of bytes whose signature was checked.
///
/// # Errors
/// [`ConvertError`] when they are none.
pub fn site_proof_decode(bytes: &[u8]) -> Result<SiteProof, ConvertError> {
    let message = v1::SiteProof::decode(bytes)?;
    Ok(SiteProof {
        school: message.school.parse().map_err(|_| ConvertError::invalid("site_proof.school"))?,
        nonce: message.nonce[..].try_into().map_err(|_| ConvertError::invalid("site_proof.nonce"))?,
        device: device_id(&message.device)?,
        at: Timestamp::from_unix_millis(message.at_unix_ms),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_reads_back_and_half_of_one_does_not() {
        let at = Timestamp::from_unix_seconds(1_795_000_000);
        let device = model::id::DeviceId::new(at, [1; 10]);
        let proof = SiteProof { school: "0951099D".parse().unwrap(), nonce: [7; 32], device, at };
        let bytes = site_proof_encode(&proof);
        assert_eq!(site_proof_decode(&bytes).unwrap(), proof);
        for length in 0..bytes.len() {
            assert_ne!(site_proof_decode(&bytes[..length]).ok().as_ref(), Some(&proof), "{length} bytes of it");
        }
    }
}
