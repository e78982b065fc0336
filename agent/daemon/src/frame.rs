//! Messages between programs: a length of four bytes, big-endian, then Protocol Buffers.

use prost::Message;
use std::io::{self, ErrorKind};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Sends one.
pub(crate) async fn put(to: &mut (impl AsyncWrite + Unpin), message: &impl Message) -> io::Result<()> {
    let length = u32::try_from(message.encoded_len()).map_err(|_| io::Error::from(ErrorKind::InvalidInput))?;
    let mut bytes = Vec::with_capacity(message.encoded_len() + 4);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend(message.encode_to_vec());
    to.write_all(&bytes).await?;
    to.flush().await
}

/// The next one, of at most so many bytes.
pub(crate) async fn take<M: Message + Default>(from: &mut (impl AsyncRead + Unpin), bytes_max: usize) -> io::Result<M> {
    let length = from.read_u32().await?;
    let length = usize::try_from(length).ok().filter(|length| *length <= bytes_max);
    let length = length.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "a message that is too long"))?;
    // As it comes: a length alone takes no memory.
    let mut bytes = Vec::new();
    from.take(length as u64).read_to_end(&mut bytes).await?;
    if bytes.len() < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    M::decode(&bytes[..]).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}
