//! The connection: HTTP/2 over TLS 1.3, both sides with certificates of the same root.

use crate::Error;
use crate::config::{Profile, file_read};
use http::Uri;
use hyper_util::rt::TokioIo;
use identity::pki_types::pem::PemObject;
use identity::pki_types::{CertificateDer, ServerName};
use identity::tls;
use model::digest::Digest;
use model::token::Pin;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
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
    let place = Place::of(&profile.server)?;
    let connector = TlsConnector::from(Arc::new(settings(profile)?));
    let endpoint = endpoint(place.uri.clone());
    let dial = tower::service_fn(move |_: Uri| dial(place.clone(), connector.clone()));
    let failed = |source| Error::Connect { server: profile.server.clone(), source };
    endpoint.connect_with_connector(dial).await.map_err(failed)
}

/// Connects as somebody who has no certificate yet, to the control plane whose root has this pin; with the digest of the server's
/// certificate, which binds what is said to this connection.
pub(crate) async fn stranger(server: &str, pin: Pin) -> Result<(Channel, Digest), Error> {
    let place = Place::of(server)?;
    let connector = TlsConnector::from(Arc::new(tls::enrolling(pin, tls::system_time())?));
    let endpoint = endpoint(place.uri.clone());
    let seen: Arc<Mutex<Option<Digest>>> = Arc::default();
    let note = Arc::clone(&seen);
    let dial = tower::service_fn(move |_: Uri| {
        let (place, connector, note) = (place.clone(), connector.clone(), Arc::clone(&note));
        async move {
            let stream = dial(place, connector).await?;
            let leaf = stream.inner().get_ref().1.peer_certificates().and_then(<[_]>::first).map(|der| Digest::of(der));
            *note.lock().unwrap_or_else(PoisonError::into_inner) = leaf;
            Ok::<_, io::Error>(stream)
        }
    });
    let failed = |source| Error::Connect { server: server.to_owned(), source };
    let channel = endpoint.connect_with_connector(dial).await.map_err(failed)?;
    let leaf = *seen.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((channel, leaf.ok_or(identity::Error::Malformed("the server shows no certificate"))?))
}

/// Where a server is reached.
#[derive(Clone)]
struct Place {
    uri: Uri,
    host: String,
    port: u16,
    name: ServerName<'static>,
}

impl Place {
    fn of(server: &str) -> Result<Self, Error> {
        let address = || Error::Address(server.to_owned());
        let uri: Uri = server.parse().map_err(|_| address())?;
        let host = uri.host().map(|h| h.trim_matches(['[', ']']).to_owned()).ok_or_else(address)?;
        let name = ServerName::try_from(host.clone()).map_err(|_| address())?;
        if uri.scheme_str() != Some("https") {
            return Err(address());
        }
        Ok(Self { port: uri.port_u16().unwrap_or(PORT), uri, host, name })
    }
}

fn endpoint(uri: Uri) -> Endpoint {
    Endpoint::from(uri)
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_while_idle(true)
}

async fn dial(place: Place, connector: TlsConnector) -> io::Result<TokioIo<TlsStream<TcpStream>>> {
    let stream = TcpStream::connect((place.host.as_str(), place.port)).await?;
    stream.set_nodelay(true)?;
    let mut stream = connector.connect(place.name, stream).await?;
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
