//! Where Prometheus reads the metrics: plain HTTP, on loopback only.

use crate::backup::note::note_read;
use crate::metrics::Disk;
use crate::shared::Shared;
use http::header::CONTENT_TYPE;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Scrapes at a time; further ones wait.
const SCRAPES_MAX: usize = 8;
/// A scrape that takes longer is given up: whoever asks must not keep a place for ever.
const SCRAPE_MAX: Duration = Duration::from_secs(30);
const HEADERS_MAX: Duration = Duration::from_secs(5);
/// After an error of accept (such as too many open files), wait so long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The store's folders lie no deeper in one another.
const FOLDERS_DEEP: usize = 3;
/// The text format that `prometheus-client` writes (`OpenMetrics` 1.0, section "Content type").
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers scrapes until it is dropped.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let room = Arc::new(Semaphore::new(SCRAPES_MAX));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let tcp = match listener.accept().await {
            Ok((tcp, _)) => tcp,
            Err(error) => {
                tracing::warn!(%error, "accept failed for a scrape");
                shared.clock.sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            if tokio::time::timeout(SCRAPE_MAX, connection(tcp, &shared)).await.is_err() {
                tracing::debug!("a scrape took too long");
            }
            drop(place);
        });
    }
}

/// One request; what goes wrong with it concerns its caller only.
async fn connection(tcp: TcpStream, shared: &Shared) {
    let service = service_fn(|request| async move { Ok::<_, Infallible>(answer(&request, shared).await) });
    let served = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_MAX)
        .max_headers(64)
        .serve_connection(TokioIo::new(tcp), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "a scrape failed");
    }
}

async fn answer(request: &Request<Incoming>, shared: &Shared) -> Response<String> {
    let plain = |status: StatusCode, text: &str| {
        let mut response = Response::new(format!("{text}\n"));
        *response.status_mut() = status;
        response
    };
    if request.uri().path() != "/metrics" {
        return plain(StatusCode::NOT_FOUND, "the metrics are at /metrics");
    }
    if request.method() != Method::GET {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET");
    }
    match scrape(shared).await {
        Ok(text) => {
            let mut response = Response::new(text);
            response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(OPEN_METRICS));
            response
        }
        Err(error) => {
            tracing::warn!(%error, "the metrics cannot be written");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written")
        }
    }
}

async fn scrape(shared: &Shared) -> Result<String, std::fmt::Error> {
    let (metrics, now) = (&shared.metrics, shared.clock.now());
    match shared.counted.census(shared.store.as_ref(), shared.territory(), (shared.live.records(), now)).await {
        Ok(Some(census)) => metrics.census(&census),
        Ok(None) => {}
        // Everything else is still worth reading, then most of all.
        Err(error) => tracing::warn!(%error, "the fleet cannot be counted"),
    }
    let left = |until: model::time::Timestamp| until.unix_seconds() - now.unix_seconds();
    let ca = shared.ca();
    let certificates = [("server", left(ca.server_until)), ("intermediate", left(ca.intermediate_until()))];
    metrics.now(shared.live.held(), certificates);
    let backup = note_read(&shared.folder).map_or(0, |note| note.made_unix_ms / 1_000);
    metrics.times(shared.started.unix_seconds(), backup);
    match disk(shared) {
        Ok(disk) => metrics.disk(disk),
        Err(error) => tracing::warn!(%error, "the disk cannot be looked at"),
    }
    metrics.text()
}

fn disk(shared: &Shared) -> std::io::Result<Disk> {
    let root = shared.folder.root();
    let at = rustix::fs::statvfs(root)?;
    let free = at.f_bavail.saturating_mul(at.f_frsize);
    let floor = shared.config.store.free_floor_mib.saturating_mul(1024 * 1024);
    Ok(Disk { free, floor, store: files_bytes(&shared.folder.store(), FOLDERS_DEEP) })
}

/// The sizes of the files below a folder; what goes away meanwhile does not count.
fn files_bytes(folder: &Path, deep: usize) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() && deep > 0 => files_bytes(&entry.path(), deep - 1),
        Ok(meta) if meta.is_file() => meta.len(),
        _ => 0,
    });
    sizes.fold(0, u64::saturating_add)
}
