//! Mirrors over real TLS: web servers that carry the repository, honest and otherwise. None keeps a device from the control plane.

use crate::resources::{Class, fetch_policy};
use agent::Agent;
use controlplane_core::assignment::{Edition, Word};
use controlplane_core::fetching::FetchPolicy;
use model::resource::Fetching;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tests::resources::Edition as Text;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How a mirror answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Honest,
    /// Other bytes than are signed, as many.
    Garbage,
    /// It has nothing.
    Missing,
    /// It takes the question and says nothing.
    Stalled,
    /// It begins to answer and says nothing more.
    Cut,
}

/// A web server on loopback, with the certificate by which it is known.
pub(crate) struct Mirror {
    pub(crate) address: String,
    pub(crate) roots: PathBuf,
    asked: Arc<AtomicU64>,
    pub(crate) gave: Arc<AtomicU64>,
}

impl Mirror {
    async fn start(class: &Class, manner: Manner) -> Self {
        Self::of(class.world.folder.path(), class.publisher.folder.public(), manner).await
    }

    /// One of this repository, which leaves its certificate in a folder.
    pub(crate) async fn of(folder: &Path, root: PathBuf, manner: Manner) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        let roots = folder.join("mirror-roots.pem");
        fs::write(&roots, made.cert.pem()).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let chain = vec![CertificateDer::from(made.cert.der().to_vec())];
        let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = format!("https://127.0.0.1:{}/ressources/", listener.local_addr().unwrap().port());
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (asked, gave) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let counts = (Arc::clone(&asked), Arc::clone(&gave));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(served(acceptor.clone(), stream, root.clone(), manner, counts.clone()));
            }
        });
        Self { address, roots, asked, gave }
    }

    /// The device knows it, and is told of it.
    async fn named(&self, class: &mut Class, quiet: Option<(u16, u16)>) {
        class.machine.kill().await;
        let (state, root) = (class.machine.state.clone(), class.machine.root.clone());
        let config = agent::Config { state, root, mirror_roots: Some(self.roots.clone()), ..agent::Config::default() };
        class.machine.agent = Agent::new(config, class.machine.clock.clone());
        class.machine.agent.check().unwrap();
        let fetching = Fetching { free_floor_bytes: 0, mirrors: vec![self.address.clone()], ..Fetching::default() };
        fetch_policy(&class.world, FetchPolicy { fetching, quiet, ..FetchPolicy::default() }).await;
        class.machine.start().await;
    }
}

async fn served(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    root: PathBuf,
    manner: Manner,
    (asked, gave): (Arc<AtomicU64>, Arc<AtomicU64>),
) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    while let Some((path, from, length)) = request(&mut stream).await {
        asked.fetch_add(1, Ordering::SeqCst);
        let file = path.strip_prefix("/ressources/").and_then(|path| fs::read(root.join(path)).ok());
        let file = file.filter(|_| manner != Manner::Missing);
        let Some(mut file) = file else {
            let _ = stream.write_all(b"HTTP/1.1 404 none\r\ncontent-length: 0\r\n\r\n").await;
            continue;
        };
        if manner == Manner::Stalled {
            return std::future::pending().await;
        }
        if manner == Manner::Garbage {
            file.iter_mut().for_each(|byte| *byte ^= 0x55);
        }
        let part = &file[from.min(file.len())..file.len().min(from + length)];
        let head = format!(
            "HTTP/1.1 206 part\r\ncontent-range: bytes {from}-{}/{}\r\ncontent-length: {}\r\n\r\n",
            from + part.len() - 1,
            file.len(),
            part.len()
        );
        let part = if manner == Manner::Cut { &part[..part.len() / 2] } else { part };
        if stream.write_all(head.as_bytes()).await.is_err() || stream.write_all(part).await.is_err() {
            return;
        }
        gave.fetch_add(part.len() as u64, Ordering::SeqCst);
        if manner == Manner::Cut {
            return std::future::pending().await;
        }
    }
}

/// The next question: a path, from which byte, and how many.
async fn request(stream: &mut TlsStream<TcpStream>) -> Option<(String, usize, usize)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    let range = head.to_lowercase().split("range: bytes=").nth(1)?.lines().next()?.to_owned();
    let (from, to) = range.split_once('-')?;
    let (from, to): (usize, usize) = (from.parse().ok()?, to.parse().ok()?);
    Some((path, from, to + 1 - from))
}

/// The server's copy without a chunk.
fn chunks_lost(class: &Class) {
    let (copy, public) = (class.world.data().join("repository"), class.publisher.folder.public());
    fs::remove_file(&copy).unwrap();
    fs::create_dir(&copy).unwrap();
    for folder in ["metadata", "targets"] {
        copied(&public.join(folder), &copy.join(folder));
    }
}

fn copied(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap().success());
}

#[tokio::test]
async fn what_the_server_lacks_comes_from_a_mirror() {
    let mut class = Class::new().await;
    let first = class.published(Text::First, "1", |_| {});
    let mirror = Mirror::start(&class, Manner::Honest).await;
    mirror.named(&mut class, None).await;
    chunks_lost(&class);
    class.assign(&first).await;
    let one = class.held("1").await;
    class.reads(&first);
    let gave = mirror.gave.load(Ordering::SeqCst);
    assert!(gave > first.first_bytes / 2 && one.wan_bytes >= gave && one.lan_bytes == 0, "{gave} of {one:?}");
}

#[tokio::test]
async fn a_mirror_is_enough_while_the_server_is_away() {
    let mut class = Class::new().await;
    let first = class.published(Text::First, "1", |_| {});
    let mirror = Mirror::start(&class, Manner::Honest).await;
    mirror.named(&mut class, Some((8 * 60, 18 * 60))).await;
    class
        .say(Word::Hold { edition: Edition { version: "1".parse().unwrap(), index: first.index }, urgent: false })
        .await;
    class.told("waiting", |state, reason, _| (state, reason) == ("Pending", "waiting_hours")).await;
    assert_eq!(mirror.asked.load(Ordering::SeqCst), 0);
    class.world.stop().await;
    for _ in 0..100 {
        class.world.pass(Duration::from_secs(300)).await;
    }
    class.held("1").await;
    class.reads(&first);
}

#[tokio::test]
async fn no_mirror_keeps_a_device_from_the_server() {
    for manner in [Manner::Garbage, Manner::Missing, Manner::Stalled, Manner::Cut] {
        let mut class = Class::new().await;
        let first = class.published(Text::First, "1", |_| {});
        let mirror = Mirror::start(&class, manner).await;
        mirror.named(&mut class, None).await;
        class.assign(&first).await;
        class.held("1").await;
        class.reads(&first);
        assert!(mirror.asked.load(Ordering::SeqCst) > 0, "{manner:?}");
    }
}
