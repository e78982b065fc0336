//! Disks that are full or cannot be written, on a small file system in memory.

use super::{all, batch, config, filled, open};
use crate::{Config, Embedded, Error};
use controlplane_core::error::Error as CoreError;
use controlplane_core::store::Store;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// A tmpfs, unmounted when dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    /// None where mounting is not permitted, unless `CARTABLE_REQUIRE` asks for it.
    fn mount(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        if mount(&["-t", "tmpfs", "-o", &size, "tmpfs"], folder.path()) {
            return Some(Self(folder));
        }
        let required = std::env::var("CARTABLE_REQUIRE").is_ok_and(|list| list.contains("tmpfs"));
        assert!(!required, "a tmpfs is required and cannot be mounted");
        println!("skipped: a tmpfs cannot be mounted here");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).stderr(Stdio::null()).status();
    }
}

fn mount(arguments: &[&str], at: &Path) -> bool {
    let status = Command::new("mount").args(arguments).arg(at).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Remounts read-only, again while the kernel says it is busy: a program that another test starts holds copies of our open
/// files between its fork and its exec, and a file system with a file open for writing stays writable.
fn read_only(disk: &Disk) {
    let mut said = String::new();
    for _ in 0..2_000 {
        let output = Command::new("mount").args(["-o", "remount,ro"]).arg(disk.path()).output().unwrap();
        if output.status.success() {
            return;
        }
        said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("busy"), "{said}");
    }
    panic!("{said}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_told() {
    let Some(disk) = Disk::mount(32) else { return };
    filled(disk.path(), 3).await.close().await.unwrap();
    read_only(&disk);
    let error = Embedded::open(config(disk.path())).err().unwrap();
    assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
    assert!(error.to_string().contains("cannot be written"), "{error}");
    assert!(mount(&["-o", "remount,rw"], disk.path()));
    assert_eq!(open(disk.path()).1.revision, 3, "and nothing was changed");
}

#[tokio::test]
async fn a_nearly_full_disk_refuses_writes_and_goes_on_reading() {
    let Some(disk) = Disk::mount(32) else { return };
    // A decision goes through down to a quarter of the floor.
    let floor = 4 * 8 * 1024 * 1024;
    let (store, _) = Embedded::open(Config { free_floor_bytes: floor, ..config(disk.path()) }).unwrap();
    store.commit(batch(1)).await.unwrap();
    let ballast = disk.path().join("ballast");
    fs::write(&ballast, vec![1; 24 * 1024 * 1024]).unwrap();
    let before = all(&store).await;
    let error = store.commit(batch(2)).await.unwrap_err();
    assert!(matches!(&error, CoreError::Unavailable { reason, .. } if reason.contains("nearly full")), "{error}");
    assert_eq!(all(&store).await, before);
    fs::remove_file(&ballast).unwrap();
    assert_eq!(store.commit(batch(2)).await.unwrap(), 2, "it goes on when there is room");
}

/// Without a floor the disk runs full under the journal or under sled: whatever breaks, what was acknowledged is there afterwards.
#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let Some(disk) = Disk::mount(16) else { return };
    let (store, _) = Embedded::open(Config { segment_bytes: 512 * 1024, ..config(disk.path()) }).unwrap();
    let mut acknowledged = 0;
    let error = loop {
        match store.commit(batch(acknowledged + 1)).await {
            Ok(revision) => {
                acknowledged += 1;
                assert_eq!(usize::try_from(revision).unwrap(), acknowledged);
                if acknowledged == 20 {
                    let free = 16 * 1024 * 1024 - used(disk.path());
                    fs::write(disk.path().join("ballast"), vec![1; free - 300 * 1024]).unwrap();
                }
            }
            Err(error) => break error,
        }
    };
    assert!(matches!(&error, CoreError::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains("nothing was written"), "{error}");
    // A smaller page may have been left: what is then acknowledged must be kept too.
    while store.commit(batch(acknowledged + 1)).await.is_ok() {
        acknowledged += 1;
    }
    drop(store);
    fs::remove_file(disk.path().join("ballast")).unwrap();
    let (store, opened) = open(disk.path());
    assert_eq!(usize::try_from(opened.revision).unwrap(), acknowledged, "{opened}");
    assert_eq!(all(&store).await, super::expected(acknowledged).await);
}

fn used(folder: &Path) -> usize {
    let sizes = fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() { used(&path) } else { usize::try_from(fs::metadata(&path).unwrap().len()).unwrap() }
    });
    sizes.sum()
}
