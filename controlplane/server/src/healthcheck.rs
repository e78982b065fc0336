//! `cartable-server healthcheck`: asks the running server whether it serves, as a load balancer does, over its own TLS.

use crate::ca::files::{ROOT, certificate_read};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::folder::Folder;
use http::Uri;
use hyper_util::rt::TokioIo;
use identity::tls::{Anchor, Dates, anonymous, system_time};
use rustls::pki_types::ServerName;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// A server that takes longer does not serve well either.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Asks the server of a data folder on this machine; gives where it answered.
///
/// # Errors
/// [`Error::NotServing`] when it stops, does not answer, or cannot be believed.
pub(crate) fn healthcheck(folder: &Folder) -> Result<SocketAddr> {
    let config = Config::read(folder)?;
    let root = certificate_read(folder.ca(ROOT))?;
    let address = reached_at(config.listen);
    let not = |why: String| Error::NotServing { address, why };
    let uri: Uri = config.url.parse().map_err(|_| Error::Name(config.url.clone()))?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(host.clone()).map_err(|_| Error::Name(host))?;
    let settings = anonymous(Anchor::Root(root), Dates::Judged, system_time())?;
    let connector = TlsConnector::from(Arc::new(settings));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|source| Error::File {
        what: "run",
        path: folder.root().to_owned(),
        source,
    })?;
    let asked = async {
        let dial = tower::service_fn(move |_: Uri| {
            let (connector, name) = (connector.clone(), name.clone());
            async move {
                let stream = TcpStream::connect(address).await?;
                Ok::<_, io::Error>(TokioIo::new(connector.connect(name, stream).await?))
            }
        });
        let channel = Endpoint::from(uri).connect_with_connector(dial).await.map_err(|error| not(told(&error)))?;
        let answer = HealthClient::new(channel).check(HealthCheckRequest::default()).await;
        let status = answer.map_err(|status| not(status.message().to_owned()))?.into_inner().status();
        if status == ServingStatus::Serving { Ok(address) } else { Err(not(status.as_str_name().to_lowercase())) }
    };
    runtime.block_on(async {
        tokio::time::timeout(ANSWER_MAX, asked).await.unwrap_or_else(|_| Err(not("no answer within 5 s".to_owned())))
    })
}

/// A server that listens everywhere is asked on loopback.
fn reached_at(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// An error with what lies below it: above stands only that the transport failed.
fn told(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
