//! The control plane's copy of the repository, over the line on which the device checks in.

use super::{ANSWER_BYTES_MAX, Fetched, Piece, Road, Source, SourceError};
use async_trait::async_trait;
use std::time::Duration;
use tonic::transport::Channel;
use wire::v1::device_client::DeviceClient;
use wire::v1::{FetchRequest, FilePiece};

/// The largest answer with what stands around its bytes.
const MESSAGE_BYTES_MAX: usize = ANSWER_BYTES_MAX + (64 << 10);
/// A server that has too much to do is asked again after this.
const BUSY: Duration = Duration::from_secs(30);

/// The control plane.
#[derive(Clone, Debug)]
pub(crate) struct ChannelSource(Channel);

impl ChannelSource {
    /// Over a line that stands.
    pub(crate) const fn new(channel: Channel) -> Self {
        Self(channel)
    }
}

#[async_trait]
impl Source for ChannelSource {
    fn road(&self) -> Road {
        Road::Server
    }

    async fn fetch(&self, pieces: &[Piece]) -> Result<Vec<Fetched>, SourceError> {
        let piece = |piece: &Piece| FilePiece { item: piece.item.clone(), offset: piece.offset, length: piece.length };
        let request = FetchRequest { pieces: pieces.iter().map(piece).collect() };
        let mut client = DeviceClient::new(self.0.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX);
        let answer = client.fetch(request).await.map_err(|status| match status.code() {
            tonic::Code::ResourceExhausted => SourceError::Busy { again: BUSY },
            tonic::Code::InvalidArgument | tonic::Code::PermissionDenied | tonic::Code::Unauthenticated => {
                SourceError::Refused(status.message().to_owned())
            }
            _ => SourceError::Unreachable(status.message().to_owned()),
        })?;
        let fetched = answer.into_inner().pieces.into_iter().zip(pieces).map(|(fetched, asked)| {
            if fetched.body.len() > usize::try_from(asked.length).unwrap_or(usize::MAX) {
                return Err(SourceError::Refused("more than was asked for".to_owned()));
            }
            let found = Fetched::Found { body: fetched.body, size: fetched.size };
            Ok(if fetched.found { found } else { Fetched::Missing })
        });
        fetched.collect()
    }
}
