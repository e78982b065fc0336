//! The control plane's signed time.

use super::ConvertError;
use crate::v1;
use bytes::Bytes;
use model::recovery::ServerTime;
use model::time::Timestamp;
use prost::Message;

/// A time's bytes, to be signed.
#[must_use]
pub fn time_encode(time: &ServerTime) -> Bytes {
    let message = v1::ServerTime {
        nonce: time.nonce.to_vec(),
        server_unix_ms: time.at.unix_millis(),
        territory: time.territory.to_string(),
    };
    message.encode_to_vec().into()
}

/// A time of bytes whose signature was checked.
///
/// # Errors
/// [`ConvertError`] when they are no time.
pub fn time_decode(bytes: &[u8]) -> Result<ServerTime, ConvertError> {
    let message = v1::ServerTime::decode(bytes)?;
    Ok(ServerTime {
        nonce: message.nonce.try_into().map_err(|_| ConvertError::invalid("time.nonce"))?,
        at: Timestamp::from_unix_millis(message.server_unix_ms),
        territory: message.territory.parse().map_err(|_| ConvertError::invalid("time.territory"))?,
    })
}
