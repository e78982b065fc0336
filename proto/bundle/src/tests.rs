//! Rules over whole bundles: what is packed comes back, and nothing hostile gets anywhere.

use crate::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Paths with their contents.
type Tree = BTreeMap<String, Vec<u8>>;

pub(crate) fn manifest(version: &str) -> Manifest {
    Manifest {
        name: "sciences-cm1".parse().unwrap(),
        version: version.parse().unwrap(),
        title: "Les états de l'eau".to_owned(),
        description: "Six séances avec leurs images.".to_owned(),
        language: "fr".to_owned(),
        levels: ["cm1".to_owned()].into(),
        subjects: ["Sciences et technologie".to_owned()].into(),
        licence: "CC-BY-SA-4.0".to_owned(),
        publisher: "Atelier des exemples".to_owned(),
        systems: [].into(),
        architectures: [].into(),
        measures: [].into(),
    }
}

/// A folder in memory, in the order of its index.
struct Held(Vec<Vec<u8>>);

impl Contents for Held {
    fn read(&mut self, file: usize, offset: u64, length: usize) -> std::io::Result<Vec<u8>> {
        let from = usize::try_from(offset).unwrap();
        Ok(self.0[file][from..from + length].to_vec())
    }
}

fn held(index: &Index, tree: &Tree) -> Held {
    Held(index.files().iter().map(|file| tree[file.path.as_str()].clone()).collect())
}

/// Packs a tree, fed in parts of some size.
fn packed(tree: &Tree, version: &str, part: usize) -> (Index, BTreeMap<ContentId, Vec<u8>>) {
    let entry =
        |(path, bytes): (&String, &Vec<u8>)| Entry { path: SafePath::new(path).unwrap(), size: bytes.len() as u64 };
    let mut packer = Packer::new(manifest(version), tree.iter().map(entry).collect()).unwrap();
    let mut packing = Packing::new().unwrap();
    let mut stored = BTreeMap::new();
    let mut sink = |id, contents: &[u8]| {
        stored.insert(id, packing.chunk_store(contents)?);
        Ok::<(), Error>(())
    };
    for at in 0..packer.entries().len() {
        let bytes = &tree[packer.entries()[at].path.as_str()];
        for part in bytes.chunks(part) {
            packer.feed(part, &mut sink).unwrap();
        }
        packer.file_end(&mut sink).unwrap();
    }
    (packer.finish().unwrap(), stored)
}

fn unpacked(index: &Index, stored: &BTreeMap<ContentId, Vec<u8>>) -> Tree {
    let open = |chunk: &Chunk| chunk_open(&stored[&chunk.id], chunk.length, chunk.id).unwrap();
    let whole: Vec<u8> = index.chunks().iter().flat_map(open).collect();
    let mut rest = whole.as_slice();
    let mut tree = Tree::new();
    for file in index.files() {
        let (contents, after) = rest.split_at(usize::try_from(file.size).unwrap());
        assert_eq!(ContentId::of(contents), file.id);
        tree.insert(file.path.to_string(), contents.to_vec());
        rest = after;
    }
    tree
}

fn patched(patch: &[u8], (old, old_tree): (&Index, &Tree), new: &Index) -> Tree {
    let mut patch = Patch::open(patch, old).unwrap();
    assert_eq!(patch.index(), new);
    assert_eq!(patch.index_bytes(), new.encode());
    let mut tree = Tree::new();
    let made: Vec<usize> = patch.files().collect();
    for (at, file) in new.files().iter().enumerate() {
        let contents = if made.contains(&at) {
            let mut contents = Vec::new();
            let mut sink = |bytes: &[u8]| {
                contents.extend_from_slice(bytes);
                Ok(())
            };
            patch.file_make(at, &mut held(old, old_tree), &mut sink).unwrap();
            contents
        } else {
            let same = old.files().iter().find(|one| one.id == file.id).unwrap();
            old_tree[same.path.as_str()].clone()
        };
        tree.insert(file.path.to_string(), contents);
    }
    tree
}

/// Contents by a seed: text that compresses, or noise; now and then large.
fn contents() -> impl Strategy<Value = Vec<u8>> {
    (any::<u64>(), prop_oneof![4 => 0_usize..3_000, 1 => 0_usize..700_000], any::<bool>()).prop_map(
        |(seed, length, text)| {
            let mut bytes = vec![0; length];
            blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
            if text {
                bytes.iter_mut().for_each(|byte| *byte = b"esaintru"[usize::from(*byte & 7)]);
            }
            bytes
        },
    )
}

fn tree() -> impl Strategy<Value = Tree> {
    prop::collection::btree_map("[a-d]{1,2}(\\.(html|svg))?", contents(), 0..12).prop_map(|tree| {
        let beside = |(path, bytes): (String, Vec<u8>)| {
            let folder = if path.contains('.') { format!("lecon/{path}") } else { path };
            (folder, bytes)
        };
        tree.into_iter().map(beside).collect()
    })
}

/// What happens to a tree from one version to the next.
fn changed(tree: &Tree, edits: &[(prop::sample::Index, u8, Vec<u8>)]) -> Tree {
    let mut tree = tree.clone();
    for (which, kind, bytes) in edits {
        let Some(path) = (!tree.is_empty()).then(|| tree.keys().nth(which.index(tree.len())).unwrap().clone()) else {
            break;
        };
        match kind % 4 {
            0 => drop(tree.remove(&path)),
            1 => {
                let contents = tree.remove(&path).unwrap();
                tree.insert(format!("moved/{}", path.rsplit('/').next().unwrap()), contents);
            }
            2 => {
                let contents = tree.get_mut(&path).unwrap();
                let at = which.index(contents.len() + 1);
                contents.splice(at..at, bytes.iter().copied());
            }
            _ => drop(tree.insert("neu".to_owned(), bytes.clone())),
        }
    }
    tree
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_is_packed_unpacks_to_the_same(tree in tree(), part in 1_usize..200_000) {
        let (index, stored) = packed(&tree, "1", part.max(500));
        prop_assert_eq!(unpacked(&index, &stored), tree.clone());
        prop_assert_eq!(&Index::decode(&index.encode()).unwrap(), &index);
        // However it was fed.
        prop_assert_eq!(&packed(&tree, "1", usize::MAX).0, &index);
    }

    #[test]
    fn a_patch_makes_the_next_version(tree in tree(), edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), contents()), 0..6)) {
        let next = changed(&tree, &edits);
        let ((old, _), (new, stored)) = (packed(&tree, "1", usize::MAX), packed(&next, "2", usize::MAX));
        let patch = patch_make((&old, &mut held(&old, &tree)), (&new, &mut held(&new, &next))).unwrap().unwrap();
        prop_assert_eq!(patched(&patch, (&old, &tree), &new), next.clone());
        prop_assert_eq!(unpacked(&new, &stored), next);
        prop_assert!(matches!(Patch::open(&patch[..], &new), Err(Error::OtherVersion)));
    }

    #[test]
    fn a_hostile_index_never_escapes(tree in tree(), at: prop::sample::Index, by in prop::collection::vec(any::<u8>(), 0..6), cut: bool) {
        let mut bytes = packed(&tree, "1", usize::MAX).0.encode();
        let at = at.index(bytes.len());
        let until = if cut { bytes.len().min(at + by.len()) } else { at };
        bytes.splice(at..until, by);
        if let Ok(index) = Index::decode(&bytes) {
            prop_assert_eq!(index.encode(), bytes);
            prop_assert!(paths_check(index.files().iter().map(|file| &file.path)).is_ok());
            for file in index.files() {
                prop_assert!(SafePath::new(file.path.as_str()).is_ok());
            }
        }
    }

    #[test]
    fn a_hostile_patch_makes_nothing_else(tree in tree(), edits in prop::collection::vec((any::<prop::sample::Index>(), Just(2), contents()), 1..4), at: prop::sample::Index, by in 1_u8..) {
        let next = changed(&tree, &edits);
        let ((old, _), (new, _)) = (packed(&tree, "1", usize::MAX), packed(&next, "2", usize::MAX));
        let mut patch = patch_make((&old, &mut held(&old, &tree)), (&new, &mut held(&new, &next))).unwrap().unwrap();
        let at = at.index(patch.len());
        patch[at] ^= by;
        if let Ok(mut patch) = Patch::open(&patch[..], &old) {
            for file in patch.files().collect::<Vec<_>>() {
                let mut contents = Vec::new();
                let mut sink = |bytes: &[u8]| {
                    contents.extend_from_slice(bytes);
                    Ok(())
                };
                if patch.file_make(file, &mut held(&old, &tree), &mut sink).is_ok() {
                    prop_assert_eq!(ContentId::of(&contents), patch.index().files()[file].id);
                }
            }
        }
    }

    #[test]
    fn noise_is_no_index_and_no_patch(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let (old, _) = packed(&Tree::new(), "1", usize::MAX);
        let after = |magic: &[u8]| [magic, &bytes].concat();
        prop_assert!(Index::decode(&after(b"cartable-bundle 1\n")).is_err());
        prop_assert!(Patch::open(&after(b"cartable-patch 1\n")[..], &old).is_err());
    }
}

/// Whoever reads bundles in another language may begin here; a change of these is a change of the format. The digests are those
/// of a second implementation, in Python, from the decision record alone.
#[test]
fn the_format_is_what_it_was() {
    let tree: Tree = [("index.html", "<h1>L'eau</h1>"), ("img/a.svg", "<svg/>"), ("img/b.svg", "")]
        .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
        .into();
    let (index, stored) = packed(&tree, "2026.9.1", usize::MAX);
    let bytes = index.encode();
    let paths: Vec<&str> = index.files().iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["index.html", "img/a.svg", "img/b.svg"]);
    assert_eq!(
        stored.keys().map(ContentId::to_string).collect::<Vec<_>>(),
        ["135f5172ed22c528afb32a0b7a5a16b19805ff07fe6a24af483cdd08870d6177"]
    );
    assert_eq!(
        (bytes.len(), ContentId::of(&bytes).to_string().as_str()),
        (446, "b97d7715cae5f7dd57f8948d3b6b73a6aaf304f357e484804d97d8d901d579ac")
    );
}

#[test]
fn a_changed_file_is_refused_while_packing() {
    let entries = vec![Entry { path: SafePath::new("a").unwrap(), size: 3 }];
    let mut sink = |_, _: &[u8]| Ok::<(), Error>(());
    let mut packer = Packer::new(manifest("1"), entries.clone()).unwrap();
    assert!(matches!(packer.feed(b"abcd", &mut sink), Err(Error::Changed(_))));
    let mut packer = Packer::new(manifest("1"), entries).unwrap();
    packer.feed(b"ab", &mut sink).unwrap();
    assert!(matches!(packer.file_end(&mut sink), Err(Error::Changed(_))));
    assert!(packer.finish().is_err());
}

/// A large file with a kilobyte put into it travels as little more than that; a renamed one as nothing.
#[test]
fn a_patch_is_about_as_large_as_what_is_new() {
    let noise = |seed: &str, length| {
        let mut bytes = vec![0; length];
        blake3::Hasher::new().update(seed.as_bytes()).finalize_xof().fill(&mut bytes);
        bytes
    };
    let old_tree: Tree = [("film.webm", 5 << 20), ("autre.webm", 3 << 20)]
        .map(|(path, size)| (path.to_owned(), noise(path, size)))
        .into();
    let mut new_tree = old_tree.clone();
    new_tree.get_mut("film.webm").unwrap().splice(2_000_000..2_000_000, noise("new", 1_000));
    let moved = new_tree.remove("autre.webm").unwrap();
    new_tree.insert("films/autre.webm".to_owned(), moved);
    let ((old, _), (new, _)) = (packed(&old_tree, "1", usize::MAX), packed(&new_tree, "2", usize::MAX));
    let patch = patch_make((&old, &mut held(&old, &old_tree)), (&new, &mut held(&new, &new_tree))).unwrap().unwrap();
    assert!(patch.len() < 2_000, "{}", patch.len());
    assert_eq!(patched(&patch, (&old, &old_tree), &new), new_tree);
}

/// A patch to a version with one file of three bytes, by whoever writes its steps by hand.
fn patch_by_hand(old: &Index, new: &Index, claimed: Option<usize>, steps: &[(usize, usize)]) -> Vec<u8> {
    let (old_bytes, new_bytes) = (old.encode(), new.encode());
    let mut data = stored::frame_make(&new_bytes, 3, &old_bytes).unwrap();
    let mut instructions = code::Writer::default();
    // The index, one file, the first one.
    for number in [new_bytes.len(), data.len(), 1, 0, steps.len()] {
        instructions.size(number);
    }
    for &(length, stored) in steps {
        // A piece like nothing.
        [2, length, stored].into_iter().for_each(|number| instructions.size(number));
        data.extend(&b"abcabcabc"[..stored]);
    }
    let frame = stored::frame_make(&instructions.0, 3, &[]).unwrap();
    let mut patch = code::Writer::default();
    patch.bytes(b"cartable-patch 1\n");
    [&old_bytes, &new_bytes].into_iter().for_each(|bytes| patch.bytes(ContentId::of(bytes).as_bytes()));
    patch.size(claimed.unwrap_or(instructions.0.len()));
    patch.size(frame.len());
    patch.bytes(&frame);
    patch.bytes(&data);
    patch.0
}

#[test]
fn a_patch_of_steps_without_number_is_refused() {
    let tree: Tree = [("a".to_owned(), b"abc".to_vec())].into();
    let ((old, _), (new, _)) = (packed(&Tree::new(), "1", usize::MAX), packed(&tree, "2", usize::MAX));
    let open = |claimed, steps: &[(usize, usize)]| {
        Patch::open(&patch_by_hand(&old, &new, claimed, steps)[..], &old).map(|patch| patch.files().count())
    };
    assert_eq!(open(None, &[(3, 3)]).unwrap(), 1);
    for steps in [&[(0, 0), (3, 3)][..], &[(3, 0)], &[(3, 3), (1, 1)], &[(2, 2)]] {
        assert!(matches!(open(None, steps), Err(Error::Damaged(_))), "{steps:?}");
    }
    // They are not read on when the file is made: what would follow is of no known kind.
    let said = open(None, &[(3, 3), (1, 1), (1 << 30, 1)]).unwrap_err();
    assert!(matches!(said, Error::Damaged("a file's steps make more than it is")), "{said}");
    assert!(matches!(open(Some(3 << 20), &[(3, 3)]), Err(Error::Limit { .. })));
}

#[test]
fn too_many_folders_are_refused() {
    let path = |at: usize| {
        let parts: Vec<String> = (0..24).map(|depth| format!("{at:x}{depth}")).collect();
        SafePath::new(&parts.join("/")).unwrap()
    };
    // Each is a file in 23 folders of its own: 6,666 of them are 159,984 paths.
    let paths: Vec<SafePath> = (0..6_667).map(path).collect();
    assert!(paths_check(paths[1..].iter()).is_ok());
    assert!(matches!(paths_check(paths.iter()), Err(Error::Limit { .. })));
}

#[test]
fn too_many_files_are_refused_before_they_are_read() {
    let mut bytes = packed(&Tree::new(), "1", usize::MAX).0.encode();
    // No files and no chunks: the last two bytes.
    bytes.truncate(bytes.len() - 2);
    bytes.extend_from_slice(&[0x80, 0xad, 0xe2, 4]);
    let said = Index::decode(&bytes).unwrap_err();
    assert!(matches!(said, Error::Limit { what: "files", .. }), "{said}");
}

/// What limits allow each for itself is allowed together, so that nobody packs for hours and is refused at the end.
#[test]
fn the_largest_bundle_has_an_index_that_is_read() {
    use crate::limits::{BUNDLE_BYTES_MAX, CHUNKS_MAX, FILES_MAX};
    let id = |at: usize| ContentId::of(&at.to_le_bytes());
    let length = usize::try_from(BUNDLE_BYTES_MAX).unwrap() / CHUNKS_MAX;
    let size = (length * CHUNKS_MAX / FILES_MAX) as u64;
    let file = |at: usize| File {
        path: SafePath::new(&format!("sequence-{:03}/images/planche-{at:06}.webp", at / 400)).unwrap(),
        size,
        id: id(at),
    };
    let chunks = (0..CHUNKS_MAX).map(|at| Chunk { length, id: id(at) }).collect();
    let index = Index::new(manifest("1"), (0..FILES_MAX).map(file).collect(), chunks).unwrap();
    assert_eq!(Index::decode(&index.encode()).unwrap(), index);
}
