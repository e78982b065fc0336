//! A device with a disk, a repository beside it, and sources that give it well or badly.

use super::super::fault::Fault;
use super::super::fetcher::{Fetcher, Named};
use super::super::gate::Gate;
use super::super::place::Place;
use super::super::shown::Shown;
use super::super::stage::Stage;
use crate::clock::JudgingTime;
use crate::folder::Folder;
use crate::source::folder::FolderSource;
use crate::source::{Fetched, Piece, Road, Source, SourceError};
use crate::{Clock, SystemClock};
use async_trait::async_trait;
use bundle::{Entry, Index, Manifest, Packer, Packing, SafePath};
use bytes::Bytes;
use model::digest::Digest;
use model::resource::{BundleName, BundleVersion, BundleWanted, Fetching};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub(super) type Tree = BTreeMap<String, Vec<u8>>;

/// A device's folders, and a repository in another one.
pub(super) struct World {
    pub(super) temporary: tempfile::TempDir,
    pub(super) place: Place,
    pub(super) shown: Shown,
    pub(super) name: BundleName,
}

/// What a source does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    Honest,
    Lying,
    Endless,
    Empty,
}

/// A folder's files by some road and in some manner; it counts what it gave and dies when it has given enough.
#[derive(Debug)]
struct Giver {
    folder: FolderSource,
    road: Road,
    manner: Manner,
    left: AtomicI64,
    gave: Arc<AtomicU64>,
}

#[async_trait]
impl Source for Giver {
    fn road(&self) -> Road {
        self.road
    }

    async fn fetch(&self, pieces: &[Piece]) -> Result<Vec<Fetched>, SourceError> {
        let mut fetched = self.folder.fetch(pieces).await?;
        let size = |one: &Fetched| if let Fetched::Found { body, .. } = one { body.len() } else { 0 };
        let length = i64::try_from(fetched.iter().map(size).sum::<usize>()).unwrap();
        if self.left.fetch_sub(length, Ordering::Relaxed) < length {
            return Err(SourceError::Unreachable("it went away".to_owned()));
        }
        self.gave.fetch_add(length.unsigned_abs(), Ordering::Relaxed);
        for one in &mut fetched {
            let Fetched::Found { body, size } = one else { continue };
            match self.manner {
                Manner::Honest => {}
                Manner::Lying => {
                    let mut bytes = body.to_vec();
                    bytes[0] ^= 1;
                    *body = bytes.into();
                }
                Manner::Endless => (*body, *size) = (vec![0; 1 << 20].into(), 1 << 40),
                Manner::Empty => *body = Bytes::new(),
            }
        }
        Ok(fetched)
    }
}

pub(super) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    };
    std::iter::repeat_with(|| next().to_le_bytes()).flatten().take(length).collect()
}

/// Small pages, an empty one, and two films.
pub(super) fn tree() -> Tree {
    let page = |at: u64| (format!("pages/{at:03}.html"), noise(at, 900 + usize::try_from(at).unwrap() * 31));
    let mut tree: Tree = (0..120).map(page).collect();
    tree.insert("pages/vide.html".to_owned(), Vec::new());
    tree.insert("films/a.webm".to_owned(), noise(1_001, 900_000));
    tree.insert("films/b.webm".to_owned(), noise(1_002, 1_500_000));
    tree
}

/// The same with a page changed, one renamed, one gone, and some bytes put into a film.
pub(super) fn next_tree() -> Tree {
    let mut tree = tree();
    tree.get_mut("pages/005.html").unwrap().splice(100..100, *b"neu");
    let renamed = tree.remove("pages/007.html").unwrap();
    tree.insert("pages/sept.html".to_owned(), renamed);
    tree.remove("pages/009.html");
    tree.get_mut("films/b.webm").unwrap().splice(700_000..700_000, noise(9, 1_000));
    tree
}

pub(super) fn version(text: &str) -> BundleVersion {
    text.parse().unwrap()
}

impl World {
    pub(super) fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let state = Folder::new(&temporary.path().join("state"));
        state.make().unwrap();
        let place = Place::new(&temporary.path().join("resources"), &state);
        place.make().unwrap();
        let shown = Shown::new(&state);
        Self { temporary, place, shown, name: "eau".parse().unwrap() }
    }

    /// Packs a tree into the repository.
    pub(super) fn packed(&self, tree: &Tree, version: &str) -> Index {
        let manifest = Manifest {
            name: self.name.clone(),
            version: version.parse().unwrap(),
            title: "L'eau".to_owned(),
            description: "Des séances".to_owned(),
            language: "fr".to_owned(),
            levels: [].into(),
            subjects: [].into(),
            licence: "CC-BY-SA-4.0".to_owned(),
            publisher: "Atelier des exemples".to_owned(),
            systems: [].into(),
            architectures: [].into(),
            measures: [].into(),
        };
        let entry =
            |(path, bytes): (&String, &Vec<u8>)| Entry { path: SafePath::new(path).unwrap(), size: bytes.len() as u64 };
        let mut packer = Packer::new(manifest, tree.iter().map(entry).collect()).unwrap();
        let (mut packing, repository) = (Packing::new().unwrap(), self.repository());
        let mut sink = |id: bundle::ContentId, contents: &[u8]| {
            let id = id.to_string();
            let folder = repository.join("chunks").join(&id[..2]);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(id), packing.chunk_store(contents)?).unwrap();
            Ok::<(), bundle::Error>(())
        };
        for at in 0..packer.entries().len() {
            packer.feed(&tree[packer.entries()[at].path.as_str()], &mut sink).unwrap();
            packer.file_end(&mut sink).unwrap();
        }
        packer.finish().unwrap()
    }

    pub(super) fn repository(&self) -> PathBuf {
        self.temporary.path().join("repository")
    }

    pub(super) fn giver(&self, road: Road, manner: Manner, left: i64) -> (Named, Arc<AtomicU64>) {
        let gave = Arc::new(AtomicU64::new(0));
        let folder = FolderSource::new(&self.repository());
        let giver = Giver { folder, road, manner, left: AtomicI64::new(left), gave: gave.clone() };
        (Named { name: format!("{road:?} {manner:?}"), source: Arc::new(giver) }, gave)
    }

    pub(super) fn wanted(&self, index: &Index) -> BundleWanted {
        BundleWanted {
            name: self.name.clone(),
            version: index.manifest().version.clone(),
            index: Digest::of(&index.encode()),
            urgent: false,
            hold: false,
        }
    }

    pub(super) fn gate(&self) -> Gate {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Gate {
            time: Arc::new(JudgingTime::new(clock.clone(), None)),
            clock,
            machine: self.temporary.path().to_owned(),
            resources: self.place.root().to_owned(),
            fetching: Fetching { free_floor_bytes: 0, ..Fetching::default() },
            urgent: false,
            near: false,
            asked: None,
        }
    }

    /// Begins a version, or goes on with it.
    pub(super) fn staged(&self, index: &Index) -> Arc<Mutex<Stage>> {
        let version = &index.manifest().version;
        let stage = Stage::open(self.place.stage(&self.name, version), Arc::new(index.clone())).unwrap();
        Arc::new(Mutex::new(stage))
    }

    /// Fetches what is missing of a version.
    pub(super) async fn fetched(&self, fetcher: &mut Fetcher, stage: &Arc<Mutex<Stage>>) -> Result<(), Fault> {
        let lacking = {
            let mut stage = stage.lock().unwrap();
            let needed = stage.needed();
            stage.lacking(needed).unwrap()
        };
        self.shown.wanted(&[self.wanted(stage.lock().unwrap().index())]);
        fetcher.chunks(stage, lacking, (&self.name, &self.shown, &mut self.gate())).await
    }

    pub(super) fn put(&self, index: &Index, stage: &Arc<Mutex<Stage>>) {
        assert!(stage.lock().unwrap().finish().unwrap());
        self.place.index_write(&self.name, &index.manifest().version, &index.encode()).unwrap();
        self.place.switch(&self.name, &index.manifest().version).unwrap();
        assert!(self.place.seen(&self.wanted(index)).unwrap());
    }

    /// A version that is in place.
    pub(super) async fn installed(&self, tree: &Tree, version: &str) -> Index {
        let index = self.packed(tree, version);
        let stage = self.staged(&index);
        let mut fetcher = self.fetcher(vec![self.giver(Road::Server, Manner::Honest, i64::MAX).0]);
        self.fetched(&mut fetcher, &stage).await.unwrap();
        self.put(&index, &stage);
        self.holds(tree);
        index
    }

    pub(super) fn fetcher(&self, sources: Vec<Named>) -> Fetcher {
        let mut fetcher = Fetcher::new(Arc::new(SystemClock), Arc::default());
        fetcher.follow(sources, 0);
        fetcher
    }

    pub(super) fn current(&self) -> PathBuf {
        self.place.root().join("eau/current")
    }

    /// What everybody reads is this.
    pub(super) fn holds(&self, tree: &Tree) {
        for (path, bytes) in tree {
            assert!(fs::read(self.current().join(path)).unwrap() == *bytes, "{path}");
        }
        let mut count = 0;
        let mut folders = vec![self.current()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { count += 1 }
            }
        }
        assert_eq!(count, tree.len());
    }

    pub(super) fn total(&self, index: &Index) -> u64 {
        let mut ids: Vec<String> = index.chunks().iter().map(|chunk| chunk.id.to_string()).collect();
        ids.sort();
        ids.dedup();
        ids.iter().map(|id| fs::metadata(self.repository().join("chunks").join(&id[..2]).join(id)).unwrap().len()).sum()
    }
}
