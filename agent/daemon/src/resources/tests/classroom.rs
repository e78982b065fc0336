//! What one device has put in place, or is making, another of its school installs from it.

use super::super::fetcher::Named;
use super::world::{Manner, World, tree, version};
use crate::folder::Folder;
use crate::peers::Shelf as Shelves;
use crate::peers::tests::Territory;
use crate::resources::{Shelf, noted};
use crate::source::Road;
use model::digest::Digest;
use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::Ordering;

fn shelf(world: &World) -> Shelf {
    Shelf::new(world.place.root(), &Folder::new(&world.temporary.path().join("state")))
}

fn chunk(id: bundle::ContentId) -> String {
    let id = id.to_string();
    format!("chunks/{}/{id}", &id[..2])
}

#[tokio::test]
async fn a_device_installs_from_another_of_its_school_and_nothing_comes_from_outside() {
    let territory = Territory::new();
    let (giver, taker) = (World::new(), World::new());
    let index = giver.installed(&tree(), "1").await;
    let mut host = territory.device(1);
    host.fetching.upload_bytes_per_second = 1 << 40;
    let address = territory.serving_from(host, Arc::new(shelf(&giver))).await;
    let peer = Named { name: "peer".to_owned(), source: Arc::new(territory.source(territory.device(2), address)) };
    let (server, gave) = giver.giver(Road::Server, Manner::Honest, i64::MAX);
    let stage = taker.staged(&index);
    taker.fetched(&mut taker.fetcher(vec![server, peer]), &stage).await.unwrap();
    taker.put(&index, &stage);
    taker.holds(&tree());
    assert_eq!(gave.load(Ordering::Relaxed), 0);
    let noted = noted(&Folder::new(&taker.temporary.path().join("state"))).unwrap();
    let unique: u64 = index
        .chunks()
        .iter()
        .map(|chunk| (chunk.id, chunk.length as u64))
        .collect::<BTreeMap<_, _>>()
        .into_values()
        .sum();
    assert_eq!((noted[0].wan_bytes, noted[0].lan_bytes), (0, unique));
}

#[tokio::test]
async fn nothing_leaves_but_what_is_named_in_a_kept_index_and_is_whole() {
    let world = World::new();
    let index = world.packed(&tree(), "1");
    let shelf = shelf(&world);
    let first = index.chunks()[0];
    assert_eq!(shelf.read(&chunk(first.id), 0, 1 << 20), None, "nothing is kept yet");
    // In the making: its index is kept, and its files come.
    world.place.index_write(&world.name, &version("1"), &index.encode()).unwrap();
    assert_eq!(shelf.read(&chunk(first.id), 0, 1 << 20), None, "nothing is there yet");
    let stage = world.staged(&index);
    let mut fetcher = world.fetcher(vec![world.giver(Road::Server, Manner::Honest, i64::MAX).0]);
    world.fetched(&mut fetcher, &stage).await.unwrap();
    let (body, size) = shelf.read(&chunk(first.id), 0, 1 << 20).unwrap();
    assert_eq!((body.len(), size), (first.length, first.length as u64));
    assert_eq!(shelf.read(&chunk(first.id), 5, 7).unwrap(), (body.slice(5..12), size));
    world.put(&index, &stage);
    for chunk_of in index.chunks() {
        assert!(shelf.read(&chunk(chunk_of.id), 0, 1 << 20).is_some());
    }
    let digest = Digest::of(&index.encode());
    let (bytes, _) = shelf.read(&format!("targets/{digest}.bundle.eau.1.index"), 0, 1 << 20).unwrap();
    assert_eq!(bytes, index.encode());
    let other = Digest::of(b"other");
    let id = first.id.to_string();
    for nothing in [
        &format!("targets/{other}.bundle.eau.1.index"),
        &format!("targets/{digest}.bundle.eau.2.index"),
        &format!("targets/{digest}.floor"),
        &format!("chunks/zz/{id}"),
        &format!("chunks/{id}"),
        "metadata/timestamp.json",
        "eau/1/films/a.webm",
        "../state/resources.json",
        "",
    ] {
        assert_eq!(shelf.read(nothing, 0, 1 << 20), None, "{nothing}");
    }
    // A byte that changed on the disk: what is whole is still given, and nothing else.
    let file = world.current().join("films/a.webm");
    let mut damaged = fs::read(&file).unwrap();
    damaged[0] ^= 1;
    fs::remove_file(&file).unwrap();
    fs::write(&file, damaged).unwrap();
    let given = index.chunks().iter().filter(|of| shelf.read(&chunk(of.id), 0, 1 << 20).is_some()).count();
    assert!(given > 0 && given < index.chunks().len());
    world.place.remove(&world.name).unwrap();
    assert_eq!(shelf.read(&chunk(first.id), 0, 1 << 20), None);
}
