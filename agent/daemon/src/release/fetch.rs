//! The product's own repository, as far as a device reads it: the list of releases, and a program.

use super::shelf::FETCHED;
use crate::error::Error;
use crate::folder::Folder;
use crate::platform::{Here, Platform};
use crate::publisher::{Documents, Publisher, PublisherError, Signed};
use crate::resources::{Counted, Fault, Fetcher, Gate};
use crate::source::{Fetched, Piece, Road, Source, SourceError};
use async_trait::async_trait;
use bundle::{Architecture, Program, Release, System};
use model::digest::Digest;
use model::resource::{BundleVersion, ReleaseWanted};
use model::time::Timestamp;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the product's repository lies within the one that is mirrored.
pub(super) const BELOW: &str = "releases/";
/// The largest root that a package brings, in bytes.
const ROOT_BYTES_MAX: u64 = 64 << 10;
/// The largest program as it is stored, in bytes.
const PROGRAM_STORED_MAX: usize = 64 << 20;
/// What stays free beside a program that is put in place, in bytes.
const FREE_BYTES: u64 = 64 << 20;

/// What is signed of releases.
pub(super) struct Repository {
    publisher: Publisher,
    /// What was fetched of it.
    fetched: Folder,
}

/// Why a release is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    /// What the repository says, or does not.
    #[error(transparent)]
    Publisher(#[from] PublisherError),
    /// A file does not come.
    #[error("a file of it is not fetched: {0:?}")]
    Fetch(Fault),
    /// Something else than what was signed.
    #[error("damaged: {0}")]
    Damaged(String),
    /// The package says of nobody that they may sign releases.
    #[error("{0}: there is no such root of releases")]
    Rootless(PathBuf),
    /// No room.
    #[error("not enough room on the disk")]
    Room,
    /// There is no such program for this machine.
    #[error("the release has no program for this machine")]
    System,
    /// It cannot be kept.
    #[error(transparent)]
    Kept(#[from] Error),
}

impl Stopped {
    /// The same as of a bundle, for what is reported and when it is tried again.
    pub(super) fn fault(self) -> Fault {
        match self {
            Self::Publisher(error) => error.into(),
            Self::Fetch(fault) => fault,
            Self::Damaged(_) => Fault::Failed("damaged"),
            Self::Rootless(_) => Fault::Skipped("no_root"),
            Self::Room => Fault::Skipped("disk"),
            Self::System => Fault::Skipped("system"),
            Self::Kept(error) => PublisherError::Kept(error).into(),
        }
    }
}

/// A repository that lies in a folder of another one's source.
#[derive(Debug)]
pub(super) struct Below(pub(super) Arc<dyn Source>);

#[async_trait]
impl Source for Below {
    fn road(&self) -> Road {
        self.0.road()
    }

    async fn fetch(&self, pieces: &[Piece]) -> Result<Vec<Fetched>, SourceError> {
        let below = |piece: &Piece| Piece { item: format!("{BELOW}{}", piece.item), ..piece.clone() };
        let pieces: Vec<Piece> = pieces.iter().map(below).collect();
        self.0.fetch(&pieces).await
    }
}

/// What files are fetched with.
pub(super) struct Asking<'a> {
    pub(super) fetcher: &'a mut Fetcher,
    pub(super) gate: &'a mut Gate,
    pub(super) counted: &'a Counted<'a>,
    pub(super) now: Timestamp,
}

impl Repository {
    /// What was kept of it, from the package's root on.
    pub(super) fn open(folder: &Folder, root: &Path) -> Result<Self, Stopped> {
        let above = Folder::new(root.parent().unwrap_or(Path::new("/")));
        let name = root.file_name().unwrap_or_default().to_string_lossy();
        let root = above.read_within(&name, ROOT_BYTES_MAX)?.ok_or_else(|| Stopped::Rootless(root.to_owned()))?;
        Ok(Self { publisher: Publisher::open_releases(folder, &root)?, fetched: folder.inner(FETCHED) })
    }

    /// Takes what is newest at a source.
    pub(super) async fn refresh(&mut self, source: &dyn Source, now: Timestamp) -> Result<(), PublisherError> {
        self.publisher.refresh(source, now).await
    }

    /// Whether the list that is held is new enough for what is wanted.
    pub(super) fn lists(&self, wanted: &ReleaseWanted, now: Timestamp) -> bool {
        let signed = self.publisher.release(&Release::index_name(&wanted.version), bundle::RELEASE_BYTES_MAX, now);
        signed.is_ok_and(|signed| signed.sha256 == wanted.index)
    }

    /// What devices beside this one are given of it.
    pub(super) fn documents(&self) -> Documents {
        self.publisher.documents()
    }

    /// The least version that the newest release lets anybody be led to.
    pub(super) async fn minimum(&self, asking: &mut Asking<'_>) -> Result<BundleVersion, Stopped> {
        let newest = self.newest().ok_or_else(|| PublisherError::NotSigned("no release".to_owned()))?;
        Ok(self.release(&newest, asking).await?.1.minimum)
    }

    /// The program of a release that is wanted, for this machine.
    pub(super) async fn program(&self, wanted: &ReleaseWanted, asking: &mut Asking<'_>) -> Result<Program, Stopped> {
        let (index, release) = self.release(&wanted.version, asking).await?;
        if index != wanted.index {
            return Err(PublisherError::NotSigned(Release::index_name(&wanted.version)).into());
        }
        let program = here().and_then(|(system, architecture)| release.program(system, architecture));
        program.cloned().ok_or(Stopped::System)
    }

    /// The program itself, where there is room for it. Its frame stays, for devices beside this one; those of other releases go.
    pub(super) async fn bytes(
        &self,
        program: &Program,
        wanted: &ReleaseWanted,
        asking: &mut Asking<'_>,
    ) -> Result<Vec<u8>, Stopped> {
        let name = program.target_name(&wanted.version);
        let signed = self.publisher.release(&name, PROGRAM_STORED_MAX, asking.now)?;
        // Who is led back to an older one reads the newest one's index too, and so do its neighbours.
        let newest = self.newest().and_then(|newest| {
            let name = Release::index_name(&newest);
            self.publisher.release(&name, bundle::RELEASE_BYTES_MAX, asking.now).ok()
        });
        let newest = newest.map_or(wanted.index, |signed| signed.sha256);
        self.prune(&[wanted.index, newest, signed.sha256])?;
        let room = program.bytes.saturating_add(signed.length).saturating_add(FREE_BYTES);
        if Here::free_bytes(self.fetched.root()).is_some_and(|free| free < room) {
            return Err(Stopped::Room);
        }
        let stored = self.file(&signed, asking).await?;
        let program = program.clone();
        aside(move || program.open(&stored).map_err(|error| Stopped::Damaged(format!("{name}: {error}")))).await
    }

    /// A release with the digest of its index.
    async fn release(&self, version: &BundleVersion, asking: &mut Asking<'_>) -> Result<(Digest, Release), Stopped> {
        let name = Release::index_name(version);
        let signed = self.publisher.release(&name, bundle::RELEASE_BYTES_MAX, asking.now)?;
        let bytes = self.file(&signed, asking).await?;
        let release = Release::decode(&bytes).map_err(|error| Stopped::Damaged(format!("{name}: {error}")))?;
        if release.version != *version {
            return Err(Stopped::Damaged(format!("{name}: another release")));
        }
        Ok((signed.sha256, release))
    }

    /// A signed file, whole and as it was signed. It lies under its SHA-256 from its first piece on, so that what came is not fetched again.
    async fn file(&self, signed: &Signed, asking: &mut Asking<'_>) -> Result<Vec<u8>, Stopped> {
        self.fetched.make()?;
        let name = signed.sha256.to_string();
        let to = self.fetched.path(&name);
        asking.fetcher.file_counted(signed, &to, asking.counted, asking.gate).await.map_err(Stopped::Fetch)?;
        let bytes = self.fetched.read_within(&name, signed.length)?.unwrap_or_default();
        // The disk may have given something else than it took.
        if Digest::of(&bytes) == signed.sha256 {
            return Ok(bytes);
        }
        self.fetched.remove(&name)?;
        Err(Stopped::Damaged(format!("{}: not what was signed", signed.item)))
    }

    /// Deletes what was fetched beside this.
    /// The newest release that is signed.
    fn newest(&self) -> Option<BundleVersion> {
        let named = self.publisher.names().filter_map(|name| {
            let version = name.strip_prefix("release.")?.strip_suffix(".index")?;
            version.parse::<BundleVersion>().ok()
        });
        named.max()
    }

    fn prune(&self, kept: &[Digest]) -> Result<(), Error> {
        let kept: Vec<String> = kept.iter().map(ToString::to_string).collect();
        let old = self.fetched.names(|name| !kept.iter().any(|kept| kept == name))?;
        old.iter().try_for_each(|name| self.fetched.remove(name))
    }
}

/// Does what takes long beside the conversation.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Stopped> + Send + 'static,
) -> Result<T, Stopped> {
    let ended = |error| Stopped::Kept(Error::System(std::io::Error::other(error)));
    tokio::task::spawn_blocking(work).await.map_err(ended)?
}

/// The machine this program was built for.
fn here() -> Option<(System, Architecture)> {
    let system = System::ALL.into_iter().find(|one| one.as_str() == std::env::consts::OS)?;
    let architecture = Architecture::ALL.into_iter().find(|one| one.as_str() == std::env::consts::ARCH)?;
    Some((system, architecture))
}
