//! The product's own repository, as far as a device reads it: the list of releases, and a program.

use crate::clock::{Clock, within};
use crate::error::Error;
use crate::folder::Folder;
use crate::platform::{Here, Platform};
use crate::publisher::{Publisher, PublisherError, Signed};
use crate::resources::Fault;
use crate::source::{ANSWER_BYTES_MAX, Fetched, Piece, Road, Source, SourceError};
use async_trait::async_trait;
use bundle::{Architecture, Program, Release, System};
use model::digest::Digest;
use model::resource::{BundleVersion, ReleaseWanted};
use model::time::Timestamp;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where the product's repository lies within the one that is mirrored.
const BELOW: &str = "releases";
/// The largest root that a package brings, in bytes.
const ROOT_BYTES_MAX: u64 = 64 << 10;
/// The largest program as it is stored, in bytes.
const PROGRAM_STORED_MAX: usize = 64 << 20;
/// How long a source may take for a piece.
const ANSWER_LIMIT: Duration = Duration::from_secs(120);
/// What stays free beside a program that is put in place, in bytes.
const FREE_BYTES: u64 = 64 << 20;

/// What is signed of releases.
pub(super) struct Repository {
    publisher: Publisher,
    clock: Arc<dyn Clock>,
}

/// Why a release is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    /// What the repository says, or does not.
    #[error(transparent)]
    Publisher(#[from] PublisherError),
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
struct Below<'a>(&'a dyn Source, &'a dyn Clock);

#[async_trait]
impl Source for Below<'_> {
    fn road(&self) -> Road {
        self.0.road()
    }

    async fn fetch(&self, pieces: &[Piece]) -> Result<Vec<Fetched>, SourceError> {
        let below = |piece: &Piece| Piece { item: format!("{BELOW}/{}", piece.item), ..piece.clone() };
        let pieces: Vec<Piece> = pieces.iter().map(below).collect();
        let late = || Err(SourceError::Unreachable("no answer in time".to_owned()));
        within(self.1, ANSWER_LIMIT, self.0.fetch(&pieces)).await.unwrap_or_else(late)
    }
}

impl Repository {
    /// What was kept of it, from the package's root on.
    pub(super) fn open(folder: &Folder, root: &Path, clock: &Arc<dyn Clock>) -> Result<Self, Stopped> {
        let above = Folder::new(root.parent().unwrap_or(Path::new("/")));
        let name = root.file_name().unwrap_or_default().to_string_lossy();
        let root = above.read_within(&name, ROOT_BYTES_MAX)?.ok_or_else(|| Stopped::Rootless(root.to_owned()))?;
        Ok(Self { publisher: Publisher::open_releases(folder, &root)?, clock: clock.clone() })
    }

    /// Takes what is newest.
    pub(super) async fn refresh(&mut self, source: &dyn Source, now: Timestamp) -> Result<(), Stopped> {
        let clock = self.clock.clone();
        Ok(self.publisher.refresh(&Below(source, &*clock), now).await?)
    }

    /// The least version that the newest release lets anybody be led to.
    pub(super) async fn minimum(&self, source: &dyn Source, now: Timestamp) -> Result<BundleVersion, Stopped> {
        let named = self.publisher.names().filter_map(|name| {
            let version = name.strip_prefix("release.")?.strip_suffix(".index")?;
            version.parse::<BundleVersion>().ok()
        });
        let newest = named.max().ok_or_else(|| PublisherError::NotSigned("no release".to_owned()))?;
        Ok(self.release(&newest, source, now).await?.1.minimum)
    }

    /// The program of a release that is wanted, for this machine.
    pub(super) async fn program(
        &self,
        wanted: &ReleaseWanted,
        source: &dyn Source,
        now: Timestamp,
    ) -> Result<Program, Stopped> {
        let (index, release) = self.release(&wanted.version, source, now).await?;
        if index != wanted.index {
            return Err(PublisherError::NotSigned(Release::index_name(&wanted.version)).into());
        }
        let program = here().and_then(|(system, architecture)| release.program(system, architecture));
        program.cloned().ok_or(Stopped::System)
    }

    /// The program itself, where there is room for it.
    pub(super) async fn bytes(
        &self,
        program: &Program,
        wanted: &ReleaseWanted,
        source: &dyn Source,
        now: Timestamp,
        to: &Folder,
    ) -> Result<Vec<u8>, Stopped> {
        let room = program.bytes.saturating_add(FREE_BYTES);
        if Here::free_bytes(to.root()).is_some_and(|free| free < room) {
            return Err(Stopped::Room);
        }
        let name = program.target_name(&wanted.version);
        let signed = self.publisher.release(&name, PROGRAM_STORED_MAX, now)?;
        let stored = whole(&Below(source, &*self.clock), &signed).await?;
        let program = program.clone();
        aside(move || program.open(&stored).map_err(|error| Stopped::Damaged(format!("{name}: {error}")))).await
    }

    /// A release with the digest of its index.
    async fn release(
        &self,
        version: &BundleVersion,
        source: &dyn Source,
        now: Timestamp,
    ) -> Result<(Digest, Release), Stopped> {
        let name = Release::index_name(version);
        let signed = self.publisher.release(&name, bundle::RELEASE_BYTES_MAX, now)?;
        let bytes = whole(&Below(source, &*self.clock), &signed).await?;
        let release = Release::decode(&bytes).map_err(|error| Stopped::Damaged(format!("{name}: {error}")))?;
        if release.version != *version {
            return Err(Stopped::Damaged(format!("{name}: another release")));
        }
        Ok((signed.sha256, release))
    }
}

/// A signed file, whole and as it was signed.
async fn whole(source: &dyn Source, signed: &Signed) -> Result<Vec<u8>, Stopped> {
    let damaged = |why: &str| Stopped::Damaged(format!("{}: {why}", signed.item));
    let mut whole = Vec::new();
    while (whole.len() as u64) < signed.length {
        let offset = whole.len() as u64;
        let length = u32::try_from((signed.length - offset).min(ANSWER_BYTES_MAX as u64)).unwrap_or(u32::MAX);
        let piece = Piece { item: signed.item.clone(), offset, length };
        let fetched = source.fetch(std::slice::from_ref(&piece)).await.map_err(PublisherError::from)?;
        let Some(Fetched::Found { body, size }) = fetched.into_iter().next() else {
            return Err(PublisherError::from(SourceError::Unreachable(format!("{} is not there", signed.item))).into());
        };
        // Else a source could give a byte at a time, or more than was asked for.
        if size != signed.length || body.len() as u64 != u64::from(length) {
            return Err(damaged("not as long as it was signed"));
        }
        whole.extend_from_slice(&body);
    }
    if Digest::of(&whole) == signed.sha256 { Ok(whole) } else { Err(damaged("not what was signed")) }
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
