//! What the loop does not do: read what is the same, and put back what is put back.

use super::*;
use crate::filter::FilterConfig;
use crate::filter::active::ListPlace;
use crate::filter::judge::tests::list_write;
use crate::fixture::HandClock;
use model::filtering::{Filtering, Side};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A filter whose system lies in a folder, with an `nft` that notes each call.
struct Scene {
    folder: tempfile::TempDir,
    guardian: Guardian,
    clock: Arc<HandClock>,
}

impl Scene {
    fn new(system: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir_all(root.join("usr/sbin")).unwrap();
        let nft = root.join("usr/sbin/nft");
        let called = folder.path().join("called");
        fs::write(&nft, format!("#!/bin/sh\necho called >> {}\ncat > /dev/null\n", called.display())).unwrap();
        fs::set_permissions(&nft, Permissions::from_mode(0o755)).unwrap();
        let filter = FilterConfig {
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            page: vec![],
            upstream: vec!["127.0.0.1:9".parse().unwrap()],
            system,
            ..FilterConfig::default()
        };
        let config = Config { state: folder.path().join("state"), root, filter, ..Config::default() };
        fs::create_dir(&config.state).unwrap();
        fs::write(config.state.join("enrolment.json"), "{}").unwrap();
        let own = Folder::new(&config.filter_place());
        own.make().unwrap();
        let clock = Arc::new(HandClock::new());
        let shared: Arc<dyn Clock> = clock.clone();
        let guardian = Guardian::new(&config, &own, &shared, Arc::new(Asks::open(&own)));
        Self { folder, guardian, clock }
    }

    fn told(&self) -> Folder {
        self.guardian.moments.told.clone()
    }

    fn calls(&self) -> usize {
        fs::read_to_string(self.folder.path().join("called")).unwrap_or_default().lines().count()
    }

    fn stands(&self) -> (bool, String) {
        let stands = self.guardian.stands.borrow();
        (stands.on, stands.reason.clone())
    }
}

fn active(list: Option<ListPlace>) -> Active {
    let side = Side { names_blocked: [name()].into(), ..Side::default() };
    let filtering = Filtering {
        in_school: side.clone(),
        out_of_school: side,
        hours: None,
        lessons: vec![],
        unblocked: vec![],
        contact: String::new(),
    };
    Active { filtering: Some(filtering), list, ..Active::none() }
}

fn name() -> model::host::Host {
    "chat.example".parse().unwrap()
}

#[tokio::test]
async fn what_is_the_same_file_is_not_read_again() {
    let mut scene = Scene::new(false);
    active(None).tell(&scene.told()).unwrap();
    scene.guardian.look().await;
    assert_eq!(scene.stands(), (true, "list_missing".to_owned()));
    // Another word that is taken for the one before: only who reads it finds out.
    fs::write(scene.told().path("active.json"), "torn").unwrap();
    scene.guardian.seen = Active::stamp(&scene.told());
    scene.guardian.look().await;
    assert_eq!(scene.stands(), (true, "list_missing".to_owned()));
    scene.guardian.seen = None;
    scene.guardian.look().await;
    assert_eq!(scene.stands(), (true, "policy_damaged".to_owned()));
    // What cannot be read is tried again each time, and another word is seen by itself.
    assert_eq!(scene.guardian.seen, None);
    active(None).tell(&scene.told()).unwrap();
    scene.guardian.look().await;
    assert_eq!(scene.stands(), (true, "list_missing".to_owned()));
    assert!(scene.guardian.seen.is_some());
}

#[tokio::test]
async fn what_is_put_back_is_left_alone_until_something_is_filtered_again() {
    let mut scene = Scene::new(true);
    active(None).tell(&scene.told()).unwrap();
    scene.guardian.look().await;
    let taken = scene.calls();
    assert!(taken > 0);
    Active::none().tell(&scene.told()).unwrap();
    scene.guardian.look().await;
    let back = scene.calls();
    assert!(back > taken && !scene.stands().0);
    for _ in 0..3 {
        scene.guardian.seen = None;
        scene.guardian.look().await;
    }
    // Another word that filters nothing, too: and nothing is kept of it.
    Active { own: [name()].into(), ..Active::none() }.tell(&scene.told()).unwrap();
    scene.guardian.look().await;
    assert_eq!(scene.calls(), back);
    assert!(!scene.guardian.folder.path("good.json").exists());
    active(None).tell(&scene.told()).unwrap();
    scene.guardian.look().await;
    assert!(scene.stands().0 && scene.calls() > back);
    Active::none().tell(&scene.told()).unwrap();
    let before = scene.calls();
    scene.guardian.look().await;
    assert!(scene.calls() > before, "and put back again");
}

#[tokio::test]
async fn a_list_that_is_damaged_keeps_nothing_else_from_being_held_and_is_tried_again_once_it_is_another() {
    let mut scene = Scene::new(false);
    let list = scene.folder.path().join("list");
    let place = list_write(&list, &[("games", "games.example")], &[]);
    let image = |spoil: bool| {
        let mut bytes = fs::read(list.join("image")).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= u8::from(spoil);
        fs::remove_file(list.join("image")).unwrap();
        fs::write(list.join("image"), bytes).unwrap();
    };
    image(true);
    active(Some(place)).tell(&scene.told()).unwrap();
    scene.guardian.look().await;
    // On, by what needs no list.
    assert_eq!(scene.stands(), (true, "list_damaged".to_owned()));
    scene.guardian.look().await;
    assert_eq!(scene.stands(), (true, "list_damaged".to_owned()));
    // Brought anew in its place: nobody says a word.
    image(true);
    scene.guardian.look().await;
    assert_eq!(scene.stands(), (true, "floor_category".to_owned()), "the list holds; it is a small one");
    assert!(Path::new(&scene.guardian.folder.path("lists")).is_dir());
}

/// Where names are answered, and what comes of a name; nothing where nobody answers.
async fn asked(at: std::net::SocketAddr) -> Option<bool> {
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(at).await.unwrap();
    let question = [&[7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], b"\x04chat\x07example\0", &[0, 1, 0, 1]].concat();
    socket.send(&question).await.ok()?;
    let mut answer = [0; 512];
    let heard = tokio::time::timeout(Duration::from_secs(2), socket.recv(&mut answer)).await;
    let length = heard.ok()?.ok()?;
    Some(answer[..length].ends_with(&[127, 0, 0, 1]))
}

#[tokio::test]
async fn a_fault_of_ours_ends_whoever_answers_and_another_does_at_once_by_the_same_policy() {
    let mut scene = Scene::new(false);
    active(None).tell(&scene.told()).unwrap();
    scene.guardian.look().await;
    let at = scene.guardian.system.break_down();
    let before = scene.guardian.system.answering().0.borrow().clone();
    assert_eq!(before.at, at);
    // It panics, and nobody answers: no name is found past it.
    assert_eq!(asked(at[0]).await, None);
    tokio::time::timeout(Duration::from_secs(10), scene.guardian.system.ended()).await.expect("that is noticed");
    scene.guardian.look().await;
    let after = scene.guardian.system.answering().0.borrow().clone();
    assert_eq!(asked(after.at[0]).await, Some(true), "closed, as before");
    assert_eq!(scene.stands(), (true, "list_missing".to_owned()));
}

#[tokio::test]
async fn what_could_not_be_kept_holds_and_is_kept_once_that_can_be() {
    let mut scene = Scene::new(false);
    // Nothing can be put in the place of a folder that is not empty, as nothing can be written on a full disk.
    let good = scene.guardian.folder.path("good.json");
    fs::create_dir_all(good.join("in the way")).unwrap();
    active(None).tell(&scene.told()).unwrap();
    scene.guardian.look().await;
    assert_eq!(scene.stands(), (true, "list_missing".to_owned()));
    fs::remove_dir_all(&good).unwrap();
    scene.guardian.look().await;
    assert!(!good.exists(), "not at each look: a list is large");
    scene.clock.forward(KEEP_AGAIN);
    scene.guardian.look().await;
    assert!(good.is_file());
}
