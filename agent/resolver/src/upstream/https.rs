//! DNS over HTTPS (RFC 8484), by POST over HTTP/2.

use super::query::Query;
use bytes::Bytes;
use http::{Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

const MEDIA_TYPE: &str = "application/dns-message";
const MESSAGE_BYTES_MAX: usize = 65_535;
/// The largest head of an answer, in bytes.
const HEAD_BYTES_MAX: u32 = 16 << 10;

/// A connection; it ends with the last of its kind.
#[derive(Clone)]
pub(super) struct Conversation {
    sender: SendRequest<Full<Bytes>>,
    url: Arc<Uri>,
}

impl Conversation {
    pub(super) async fn new(stream: TlsStream<TcpStream>, url: Uri) -> io::Result<Self> {
        let mut builder = Builder::new(TokioExecutor::new());
        builder.max_header_list_size(HEAD_BYTES_MAX);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        tokio::spawn(async move {
            if connection.await.is_err() {
                tracing::debug!("the connection to a server of names ended");
            }
        });
        Ok(Self { sender, url: Arc::new(url) })
    }

    pub(super) async fn ask(&self, query: &Query) -> io::Result<Vec<u8>> {
        let mut query = query.clone();
        // The same question is the same request, for who keeps answers (RFC 8484, 4.1).
        query.number_set(0);
        let request = Request::builder()
            .method(Method::POST)
            .uri(Uri::clone(&self.url))
            .header(header::CONTENT_TYPE, MEDIA_TYPE)
            .header(header::ACCEPT, MEDIA_TYPE)
            .body(Full::new(Bytes::copy_from_slice(query.message())))
            .map_err(io::Error::other)?;
        let mut sender = self.sender.clone();
        sender.ready().await.map_err(io::Error::other)?;
        let response = sender.send_request(request).await.map_err(io::Error::other)?;
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if response.status() != StatusCode::OK || kind.is_none_or(|kind| !kind.eq_ignore_ascii_case(MEDIA_TYPE)) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let body = Limited::new(response.into_body(), MESSAGE_BYTES_MAX).collect().await.map_err(io::Error::other)?;
        let message = body.to_bytes().to_vec();
        if query.answered_by(&message) { Ok(message) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    pub(super) fn lasts(&self) -> bool {
        !self.sender.is_closed()
    }

    pub(super) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.url, &other.url)
    }
}
