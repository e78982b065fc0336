//! Bundles on a disk: fetched, resumed, patched, repaired, switched and removed, with sources that lie, stall and die.

mod classroom;
mod hostile;
mod neighbours;
mod world;

use super::fault::Fault;
use super::shown::noted;
use super::stage::{Disk, PatchFile};
use crate::folder::Folder;
use crate::publisher::Signed;
use crate::source::Road;
use bundle::{Patch, patch_make};
use model::digest::Digest;
use model::resource::BundleVersion;
use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;
use world::{Manner, World, next_tree, noise, tree, version};

#[tokio::test]
async fn a_download_that_dies_goes_on_where_it_was() {
    let world = World::new();
    let index = world.packed(&tree(), "1");
    let total = world.total(&index);
    let mut given = 0;
    // Two lives, in each of which one answer comes.
    for _ in 0..2 {
        let (giver, gave) = world.giver(Road::Server, Manner::Honest, 1_100_000);
        let stage = world.staged(&index);
        let died = world.fetched(&mut world.fetcher(vec![giver]), &stage).await;
        assert!(matches!(died, Err(Fault::Unreachable(_))), "{died:?}");
        given += gave.load(Ordering::Relaxed);
    }
    let (giver, gave) = world.giver(Road::Server, Manner::Honest, i64::MAX);
    let stage = world.staged(&index);
    world.fetched(&mut world.fetcher(vec![giver]), &stage).await.unwrap();
    given += gave.load(Ordering::Relaxed);
    world.put(&index, &stage);
    world.holds(&tree());
    assert_eq!(given, total, "nothing is fetched twice");
    // Everybody may read, and only its owner writes.
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&world.current().join("films")), mode(&world.current().join("films/a.webm"))), (0o755, 0o644));
    let noted = noted(&Folder::new(&world.temporary.path().join("state"))).unwrap();
    assert_eq!((noted[0].bytes, noted[0].of_bytes, noted[0].lan_bytes), (index.size(), index.size(), 0));
}

#[tokio::test]
async fn whoever_lies_is_left_alone_and_others_are_asked() {
    for manner in [Manner::Lying, Manner::Endless, Manner::Empty] {
        let world = World::new();
        let index = world.packed(&tree(), "1");
        let stage = world.staged(&index);
        let (liar, lied) = world.giver(Road::Peer, manner, i64::MAX);
        let alone = world.fetched(&mut world.fetcher(vec![liar.clone()]), &stage).await;
        assert!(matches!(alone, Err(Fault::Failed("damaged"))), "{alone:?}");
        let before = lied.load(Ordering::Relaxed);
        let (server, _) = world.giver(Road::Server, Manner::Honest, i64::MAX);
        let mut fetcher = world.fetcher(vec![liar, server]);
        world.fetched(&mut fetcher, &stage).await.unwrap();
        world.put(&index, &stage);
        world.holds(&tree());
        // Three requests were under way when the first lie was seen.
        assert!(lied.load(Ordering::Relaxed) - before <= 3 << 20);
        assert_eq!(fetcher.free().iter().map(|free| free.source.road()).collect::<Vec<_>>(), [Road::Server]);
    }
}

#[tokio::test]
async fn a_file_that_is_signed_is_taken_from_whoever_has_it_and_goes_on() {
    let world = World::new();
    let bytes = noise(3, 3_000_000);
    fs::create_dir_all(world.repository().join("targets")).unwrap();
    fs::write(world.repository().join("targets/x"), &bytes).unwrap();
    let signed = Signed { item: "targets/x".to_owned(), length: 3_000_000, sha256: Digest::of(&bytes) };
    let at = world.place.root().join("part");
    let (dying, _) = world.giver(Road::Server, Manner::Honest, 1_500_000);
    let mut gate = world.gate();
    let died = world.fetcher(vec![dying]).file(&signed, &at, (&world.name, &world.shown, &mut gate)).await;
    assert!(matches!(died, Err(Fault::Unreachable(_))) && fs::metadata(&at).unwrap().len() == (128 + 512) << 10);
    let (liar, _) = world.giver(Road::Peer, Manner::Lying, i64::MAX);
    let (server, gave) = world.giver(Road::Server, Manner::Honest, i64::MAX);
    let mut fetcher = world.fetcher(vec![liar.clone(), server.clone()]);
    fetcher.file(&signed, &at, (&world.name, &world.shown, &mut gate)).await.unwrap();
    assert_eq!(fs::read(&at).unwrap(), bytes);
    assert!(gave.load(Ordering::Relaxed) <= 3_000_000);
    // What lies there is not believed either.
    fs::write(&at, noise(4, 2_000_000)).unwrap();
    let mut fetcher = world.fetcher(vec![server]);
    fetcher.file(&signed, &at, (&world.name, &world.shown, &mut gate)).await.unwrap_or(());
    let mut fetcher = world.fetcher(vec![world.giver(Road::Mirror, Manner::Honest, i64::MAX).0]);
    fetcher.file(&signed, &at, (&world.name, &world.shown, &mut gate)).await.unwrap();
    assert_eq!(fs::read(&at).unwrap(), bytes);
    for manner in [Manner::Lying, Manner::Endless, Manner::Empty] {
        fs::remove_file(&at).unwrap_or(());
        let mut fetcher = world.fetcher(vec![world.giver(Road::Peer, manner, i64::MAX).0]);
        let said = fetcher.file(&signed, &at, (&world.name, &world.shown, &mut gate)).await;
        assert!(matches!(said, Err(Fault::Failed("damaged"))), "{manner:?}: {said:?}");
    }
}

#[tokio::test]
async fn a_patch_makes_the_next_version_and_chunks_what_a_damaged_disk_cannot() {
    for damaged in [false, true] {
        let world = World::new();
        let old = world.installed(&tree(), "1").await;
        let next = world.packed(&next_tree(), "2");
        let folder = world.place.folder(&world.name, &version("1"));
        let source = world.temporary.path().join("next");
        for (path, bytes) in next_tree() {
            fs::create_dir_all(source.join(&path).parent().unwrap()).unwrap();
            fs::write(source.join(path), bytes).unwrap();
        }
        let mut contents = (Disk::new(&folder, &old), Disk::new(&source, &next));
        let patch = patch_make((&old, &mut contents.0), (&next, &mut contents.1)).unwrap().unwrap();
        let at = world.temporary.path().join("patch");
        fs::write(&at, &patch).unwrap();
        if damaged {
            let mut bytes = fs::read(folder.join("films/b.webm")).unwrap();
            bytes[100_000] ^= 1;
            fs::write(folder.join("films/b.webm"), bytes).unwrap();
            fs::remove_file(folder.join("pages/011.html")).unwrap();
        }
        let stage = world.staged(&next);
        let left = {
            let mut stage = stage.lock().unwrap();
            stage.files_take(&folder, &old).unwrap();
            let mut patch = Patch::open(PatchFile::open(&at).unwrap(), &old).unwrap();
            stage.patch_apply(&mut patch, &folder, &old).unwrap();
            assert_eq!(stage.whole(), !damaged);
            let needed = stage.needed();
            let left = stage.lacking(needed).unwrap();
            stage.chunks_take(left, &folder, &old).unwrap()
        };
        let (server, gave) = world.giver(Road::Server, Manner::Honest, i64::MAX);
        let mut fetcher = world.fetcher(vec![server]);
        fetcher.chunks(&stage, left, (&world.name, &world.shown, &mut world.gate())).await.unwrap();
        // A damaged byte costs the chunk it lies in and the one that was new, not the film.
        assert!(gave.load(Ordering::Relaxed) < 1_000_000, "{gave:?}");
        assert_eq!(gave.load(Ordering::Relaxed) == 0, !damaged);
        world.put(&next, &stage);
        world.holds(&next_tree());
        // What did not change is one file with two names, and writing to one of them is never done.
        use std::os::unix::fs::MetadataExt;
        assert_eq!(fs::metadata(world.current().join("films/a.webm")).unwrap().nlink(), 2);
    }
}

#[tokio::test]
async fn what_lies_in_another_bundle_or_version_is_not_fetched() {
    let world = World::new();
    let old = world.installed(&tree(), "1").await;
    let next = world.packed(&next_tree(), "2");
    let folder = world.place.folder(&world.name, &version("1"));
    let stage = world.staged(&next);
    let left = {
        let mut stage = stage.lock().unwrap();
        stage.files_take(&folder, &old).unwrap();
        let needed = stage.needed();
        let left = stage.lacking(needed).unwrap();
        stage.chunks_take(left, &folder, &old).unwrap()
    };
    let bytes: usize = left.iter().map(|placed| next.chunks()[placed.chunk].length).sum();
    assert!(bytes < 800_000, "{bytes} of {}", next.size());
    // A file of the old version is never written through its second name.
    let damaged = world.place.stage(&world.name, &version("2")).join("films/a.webm");
    let kept = fs::read(folder.join("films/a.webm")).unwrap();
    drop(stage);
    let stage = world.staged(&next);
    fs::remove_file(&damaged).unwrap();
    fs::write(folder.join("films/c"), vec![0; kept.len()]).unwrap();
    fs::hard_link(folder.join("films/c"), &damaged).unwrap();
    drop(stage);
    let stage = world.staged(&next);
    let mut fetcher = world.fetcher(vec![world.giver(Road::Server, Manner::Honest, i64::MAX).0]);
    world.fetched(&mut fetcher, &stage).await.unwrap();
    world.put(&next, &stage);
    assert_eq!(fs::read(folder.join("films/c")).unwrap(), vec![0; kept.len()]);
    world.holds(&next_tree());
}

#[tokio::test]
async fn strangers_in_the_making_go_and_links_are_not_followed() {
    let world = World::new();
    let index = world.packed(&tree(), "1");
    let outside = world.temporary.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("005.html"), b"mine").unwrap();
    let folder = world.place.stage(&world.name, &version("1"));
    fs::create_dir_all(folder.join("films")).unwrap();
    std::os::unix::fs::symlink(&outside, folder.join("pages")).unwrap();
    std::os::unix::fs::symlink(outside.join("005.html"), folder.join("films/a.webm")).unwrap();
    fs::write(folder.join("films/z.webm"), b"stranger").unwrap();
    fs::create_dir(folder.join("films/b.webm")).unwrap();
    let stage = world.staged(&index);
    let mut fetcher = world.fetcher(vec![world.giver(Road::Server, Manner::Honest, i64::MAX).0]);
    world.fetched(&mut fetcher, &stage).await.unwrap();
    world.put(&index, &stage);
    world.holds(&tree());
    assert_eq!(fs::read(outside.join("005.html")).unwrap(), b"mine");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
}

#[tokio::test]
async fn the_version_before_stays_and_older_ones_go_and_what_is_not_ours_is_left_alone() {
    let world = World::new();
    fs::create_dir_all(world.place.root().join("photos/2024")).unwrap();
    for text in ["1", "2", "3"] {
        let mut tree = tree();
        tree.insert("pages/000.html".to_owned(), text.as_bytes().to_vec());
        let before = world.place.current(&world.name);
        world.installed(&tree, text).await;
        let keep: Vec<BundleVersion> = before.into_iter().chain([version(text)]).collect();
        world.place.prune(&world.name, &keep, Some(&version(text))).unwrap();
    }
    assert_eq!(world.place.versions(&world.name).unwrap(), [version("2"), version("3")]);
    assert_eq!(fs::read_link(world.current()).unwrap(), Path::new("3"));
    assert!(world.place.spare(&world.name).unwrap() > 2_000_000);
    assert_eq!(world.place.known().unwrap(), std::slice::from_ref(&world.name));
    world.place.remove(&world.name).unwrap();
    assert_eq!(world.place.known().unwrap(), []);
    assert!(!world.current().exists() && world.place.root().join("photos/2024").exists());
}

#[tokio::test]
async fn a_version_that_was_damaged_in_place_is_seen_not_to_be_there_and_repaired() {
    let world = World::new();
    let index = world.installed(&tree(), "1").await;
    let film = world.place.folder(&world.name, &version("1")).join("films/b.webm");
    fs::write(&film, &fs::read(&film).unwrap()[..1_000_000]).unwrap();
    assert!(!world.place.seen(&world.wanted(&index)).unwrap());
    let stage = world.staged(&index);
    let left = {
        let mut stage = stage.lock().unwrap();
        let folder = world.place.folder(&world.name, &version("1"));
        stage.files_take(&folder, &index).unwrap();
        let needed = stage.needed();
        stage.chunks_take(needed, &folder, &index).unwrap()
    };
    let (server, gave) = world.giver(Road::Server, Manner::Honest, i64::MAX);
    let mut fetcher = world.fetcher(vec![server]);
    fetcher.chunks(&stage, left, (&world.name, &world.shown, &mut world.gate())).await.unwrap();
    world.put(&index, &stage);
    world.holds(&tree());
    assert!(gave.load(Ordering::Relaxed) < 900_000, "{gave:?}");
}

#[tokio::test]
async fn what_stays_free_is_not_touched() {
    let world = World::new();
    let index = world.packed(&tree(), "1");
    let stage = world.staged(&index);
    let mut gate = world.gate();
    gate.fetching.free_floor_bytes = u64::MAX;
    let lacking = stage.lock().unwrap().needed();
    let mut fetcher = world.fetcher(vec![world.giver(Road::Server, Manner::Honest, i64::MAX).0]);
    let said = fetcher.chunks(&stage, lacking, (&world.name, &world.shown, &mut gate)).await;
    assert!(matches!(&said, Err(fault @ Fault::Skipped("disk")) if fault.makes_way()), "{said:?}");
}
