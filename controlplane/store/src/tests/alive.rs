//! Whether the writer says that it lives only while it writes.

use super::{batch, filled};
use controlplane_core::store::Store;
use std::sync::Arc;
use std::sync::mpsc::channel;

#[tokio::test]
async fn a_writer_that_hangs_does_not_say_that_it_lives() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(filled(folder.path(), 1).await);
    assert!(store.alive().await);
    let (held, holding) = channel();
    let (release, released) = channel::<()>();
    let quiet = {
        let store = Arc::clone(&store);
        std::thread::spawn(move || {
            store.quietly(|_, _| {
                held.send(()).unwrap();
                released.recv().unwrap();
                Ok(())
            })
        })
    };
    holding.recv().unwrap();
    let mut commit = Box::pin(store.commit(batch(2)));
    let mut asking = Box::pin(store.alive());
    let turns = async {
        for _ in 0..20_000 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        _ = &mut commit => panic!("it is written while nothing may be"),
        _ = &mut asking => panic!("it answers while it cannot write"),
        () = turns => {}
    }
    release.send(()).unwrap();
    assert!(asking.await);
    assert_eq!(commit.await.unwrap(), 2);
    quiet.join().unwrap().unwrap();
    store.close().await.unwrap();
    assert!(!store.alive().await);
}
