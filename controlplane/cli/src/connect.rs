//! The connection: HTTP/2 over TLS 1.3, both sides with certificates of the same root.

use crate::Error;
use crate::config::{Profile, file_read};
use http::Uri;
use hyper_util::rt::TokioIo;
use identity::pki_types::pem::PemObject;
use identity::pki_types::{CertificateDer, ServerName};
use identity::tls;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncBufReadExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};

/// How long a server may take to answer the phone.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a quiet connection is tried, so that a watch notices a server that is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// The port of `https`, where the address names none.
const PORT: u16 = 443;

/// Connects to a profile's control plane.
pub(crate) async fn channel(profile: &Profile) -> Result<Channel, Error> {
    let address = || Error::Address(profile.server.clone());
    let uri: Uri = profile.server.parse().map_err(|_| address())?;
    let host = uri.host().map(|h| h.trim_matches(['[', ']']).to_owned()).ok_or_else(address)?;
    let name = ServerName::try_from(host.clone()).map_err(|_| address())?;
    if uri.scheme_str() != Some("https") {
        return Err(address());
    }
    let port = uri.port_u16().unwrap_or(PORT);
    let connector = TlsConnector::from(Arc::new(settings(profile)?));
    let dial = tower::service_fn(move |_: Uri| dial(host.clone(), port, name.clone(), connector.clone()));
    let endpoint = Endpoint::from(uri)
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_while_idle(true);
    let failed = |source| Error::Connect { server: profile.server.clone(), source };
    endpoint.connect_with_connector(dial).await.map_err(failed)
}

async fn dial(
    host: String,
    port: u16,
    name: ServerName<'static>,
    connector: TlsConnector,
) -> io::Result<TokioIo<TlsStream<TcpStream>>> {
    let stream = TcpStream::connect((host.as_str(), port)).await?;
    stream.set_nodelay(true)?;
    let mut stream = connector.connect(name, stream).await?;
    // In TLS 1.3 the client is done before the server has judged its certificate (RFC 8446, 4.4.2.4); an HTTP/2 server speaks
    // first (RFC 9113, 3.4), so its first bytes or its refusal are awaited here, where a refusal can be told from a crash.
    if stream.fill_buf().await?.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(TokioIo::new(stream))
}

fn settings(profile: &Profile) -> Result<rustls::ClientConfig, Error> {
    let chain = certificates(&profile.certificate)?;
    let roots = certificates(&profile.root)?;
    let root = roots.first().ok_or(identity::Error::Malformed("the root file holds no certificate"))?;
    Ok(tls::client(root, chain, &file_read(&profile.key)?, tls::system_time())?)
}

/// The certificates of a PEM file, in order.
fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, Error> {
    let text = file_read(path)?;
    CertificateDer::pem_slice_iter(text.as_bytes())
        .map(|found| found.map(|der| der.to_vec()))
        .collect::<Result<_, _>>()
        .map_err(|_| identity::Error::Malformed("a certificate file is not in PEM form").into())
}
