//! What a thief of a publisher's keys would sign (`tests/data/bundles`), and chunks that are not what they say: nothing is put in place,
//! nothing is written outside, and the device goes on.

use super::super::fault::Fault;
use super::super::install::{Job, index_signed};
use super::world::{Manner, Tree, World, noise, version};
use crate::publisher::{Publisher, Signed};
use crate::source::Road;
use bundle::{CHUNK_MAX, Index};
use model::digest::Digest;
use model::resource::BundleWanted;
use model::time::Timestamp;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What a device says of each, and in which words it notes why; nothing: it takes it.
const HOSTILE: &[(&str, Option<(&str, &str)>)] = &[
    ("another-bundle", Some(("not_signed", ""))),
    ("another-format", Some(("unpack", "a later format"))),
    ("another-version", Some(("not_signed", ""))),
    ("bytes-after", Some(("unpack", "follows its end"))),
    ("chunk-of-nothing", Some(("unpack", "do not make up"))),
    ("chunk-too-large", Some(("unpack", "bytes of a chunk"))),
    ("chunks-too-few", Some(("unpack", "do not make up"))),
    ("endless-chunks", Some(("unpack", "chunks"))),
    ("endless-file", Some(("unpack", "bytes of the bundle"))),
    ("file-below-a-file", Some(("unpack", "page/below"))),
    ("good", None),
    ("manifest-endless", Some(("unpack", "manifest bytes"))),
    ("manifest-none", Some(("unpack", "manifest"))),
    ("names-alike", Some(("unpack", "PAGE"))),
    ("path-above", Some(("unpack", "leads out"))),
    ("path-above-within", Some(("unpack", "leads out"))),
    ("path-absolute", Some(("unpack", "empty"))),
    ("path-backslash", Some(("unpack", "Windows does not allow"))),
    ("path-control", Some(("unpack", "Windows does not allow"))),
    ("path-deep", Some(("unpack", "too many folders"))),
    ("path-device", Some(("unpack", "device"))),
    ("path-drive", Some(("unpack", "Windows does not allow"))),
    ("path-empty", Some(("unpack", "empty"))),
    ("path-end", Some(("unpack", "ends in a dot"))),
    ("path-here", Some(("unpack", "leads out"))),
    ("path-long", Some(("unpack", "bytes of a path"))),
    ("path-stream", Some(("unpack", "Windows does not allow"))),
    ("ten-million-files", Some(("unpack", "files"))),
    ("twice", Some(("unpack", "order"))),
];

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/bundles")
}

/// Has the device fetch a signed index as it does, and install what it says.
async fn installed(world: &World, index: &[u8]) -> Result<bool, Fault> {
    let signed = Signed { item: "targets/index".to_owned(), length: index.len() as u64, sha256: Digest::of(index) };
    fs::create_dir_all(world.repository().join("targets")).unwrap();
    fs::write(world.repository().join("targets/index"), index).unwrap();
    let wanted = BundleWanted {
        name: world.name.clone(),
        version: version("1"),
        index: signed.sha256,
        urgent: false,
        hold: false,
    };
    world.shown.wanted(std::slice::from_ref(&wanted));
    let mut gate = world.gate();
    let mut fetcher = world.fetcher(vec![world.giver(Road::Server, Manner::Honest, i64::MAX).0]);
    let index = index_signed(&world.place, &mut fetcher, &wanted, (&signed, None), (&world.shown, &mut gate)).await?;
    let root = fs::read(data().join("../publisher/good/metadata/1.root.json")).unwrap();
    let state = crate::folder::Folder::new(&world.temporary.path().join("state"));
    let publisher = Publisher::open(&state, &root).unwrap();
    let job = Job {
        place: &world.place,
        publisher: &publisher,
        now: Timestamp::from_unix_seconds(1_795_000_000),
        shown: &world.shown,
        wanted: &wanted,
        index: &index,
    };
    job.done(&mut fetcher, &mut gate, false).await
}

/// All that lies anywhere around the device.
fn around(world: &World) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![world.temporary.path().to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn chunk_write(world: &World, id: &str, stored: &[u8]) {
    let folder = world.repository().join("chunks").join(&id[..2]);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(id), stored).unwrap();
}

#[tokio::test]
async fn what_a_thief_signs_is_refused_and_leaves_nothing() {
    let mut folders: Vec<String> = fs::read_dir(data())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    folders.sort();
    assert_eq!(folders, HOSTILE.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let mut faults = Vec::new();
    for (name, expected) in HOSTILE {
        let world = World::new();
        chunk_write(&world, "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85", b"abc");
        let index = fs::read(data().join(name).join("index")).unwrap();
        let before = around(&world);
        let done = installed(&world, &index).await;
        let Some((code, words)) = expected else {
            assert!(done.unwrap(), "{name}");
            world.holds(&BTreeMap::from([("page.html".to_owned(), b"abc".to_vec())]));
            continue;
        };
        if !matches!(done, Err(Fault::Failed(said)) if said == *code) {
            faults.push(format!("{name}: {done:?}"));
        }
        // Because of what it attacks with, and not since it was made badly.
        let why = Index::decode(&index).map_or_else(|error| error.to_string(), |_| String::new());
        if !why.contains(words) || why.is_empty() != words.is_empty() {
            faults.push(format!("{name}: {why}"));
        }
        let resources =
            |path: &&PathBuf| !path.starts_with(world.repository()) && !path.ends_with("state/resources.json");
        let (after, before) = (around(&world), before.iter().filter(resources).collect::<Vec<_>>());
        assert_eq!(after.iter().filter(resources).collect::<Vec<_>>(), before, "{name}");
        assert!(!world.current().exists(), "{name}");
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[tokio::test]
async fn millions_of_entries_are_refused_before_they_are_read() {
    let world = World::new();
    let good = fs::read(data().join("good/index")).unwrap();
    // Up to the count of files, which is ten million.
    let files = good.windows(9).position(|window| window == b"page.html").unwrap() - 3;
    let mut index = good[..files].to_vec();
    index.extend([0x80, 0xad, 0xe2, 0x04]);
    let entry = |at: u32| [vec![0, 8], format!("{at:08x}").into_bytes(), vec![0], vec![7; 32]].concat();
    let mut at = 0;
    while index.len() + 64 < bundle::limits::INDEX_BYTES_MAX {
        index.extend(entry(at));
        at += 1;
    }
    assert!(at > 4 * u32::try_from(bundle::limits::FILES_MAX).unwrap());
    let refused = installed(&world, &index).await;
    assert!(matches!(refused, Err(Fault::Failed("unpack"))), "{refused:?}");
    assert!(!world.current().exists());
}

#[tokio::test]
async fn chunks_that_are_not_what_they_say_make_no_file() {
    let contents: Tree = BTreeMap::from([("film.webm".to_owned(), noise(7, 200_000))]);
    // A frame of a gigabyte: blocks that repeat one byte 128 KiB times.
    let mut bomb = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
    for block in 0..8_192_u32 {
        let head = (128 << 10 << 3) | 2 | u32::from(block == 8_191);
        bomb.extend(&head.to_le_bytes()[..3]);
        bomb.push(0);
    }
    type Spoil<'a> = (&'a str, Box<dyn Fn(&[u8]) -> Vec<u8> + 'a>);
    let spoils: Vec<Spoil<'_>> = vec![
        ("a compression bomb", Box::new(|_| bomb.clone())),
        ("shorter", Box::new(|good| good[..good.len() - 1].to_vec())),
        ("another byte", Box::new(|good| good.iter().enumerate().map(|(at, b)| b ^ u8::from(at == 5)).collect())),
        ("nothing", Box::new(|_| Vec::new())),
        ("as large as a chunk may be", Box::new(|_| vec![0; CHUNK_MAX])),
    ];
    for (what, spoil) in &spoils {
        let world = World::new();
        let index = world.packed(&contents, "1");
        for chunk in index.chunks() {
            let id = chunk.id.to_string();
            let good = fs::read(world.repository().join("chunks").join(&id[..2]).join(&id)).unwrap();
            chunk_write(&world, &id, &spoil(&good));
        }
        let done = installed(&world, &index.encode()).await;
        assert!(matches!(done, Err(Fault::Failed("damaged"))), "{what}: {done:?}");
        assert!(!world.current().exists(), "{what}");
    }
    let world = World::new();
    let index = world.packed(&contents, "1");
    assert!(installed(&world, &index.encode()).await.unwrap());
    world.holds(&contents);
}
