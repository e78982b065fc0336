//! Publishing with the real program: folders to a repository, over a signer's stick, read by a client that is not ours.

mod clients;

use bundle::{ContentId, Contents, Index, Patch, chunk_open};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tests::programs::program;
use tests::resources::{Edition, Resource};

const NAME: &str = "bundle.cycle-de-l-eau";

/// The publisher's machine and the key holders', as folders.
struct Publisher {
    home: tempfile::TempDir,
}

impl Publisher {
    /// With a published repository; two of three must sign the root.
    fn new() -> Self {
        let publisher = Self { home: tempfile::tempdir().unwrap() };
        for key in ["root-a", "root-b", "root-c", "targets-a", "bundles-a", "bundles-b"] {
            publisher.say(&["key", "new", "--to", key]);
        }
        let init = "repository init --repository repo --root root-a.pub --root root-b.pub --root root-c.pub --root-threshold 2 --targets targets-a.pub --bundles bundles-a.pub --bundles bundles-b.pub --bundles-threshold 2 --to first";
        publisher.say(&init.split(' ').collect::<Vec<_>>());
        publisher.signed("first", &["root-a", "root-c", "targets-a", "bundles-a", "bundles-b"]);
        publisher
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(program("cartable-publish"));
        command.args(arguments).args(["--lang", "en", "--output", "json"]).current_dir(self.home.path());
        command.stdin(Stdio::null()).output().unwrap()
    }

    fn say(&self, arguments: &[&str]) -> Value {
        let out = self.run(arguments);
        assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout).unwrap()
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let out = self.run(arguments);
        assert_eq!(out.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(out.stderr).unwrap()
    }

    fn signed(&self, proposal: &str, keys: &[&str]) {
        self.signed_in("repo", proposal, keys);
    }

    fn signed_in(&self, repository: &str, proposal: &str, keys: &[&str]) {
        for key in keys {
            self.say(&["bundle", "sign", proposal, "--key", key, "--yes"]);
        }
        self.say(&["bundle", "publish", proposal, "--repository", repository]);
    }

    /// Packs an edition and publishes it; the folder and what packing said.
    fn published(&self, edition: Edition, version: &str) -> (PathBuf, Value) {
        let folder = self.path(&format!("source-{version}"));
        Resource::of(4).write(&folder, edition, version);
        let said = self.say(&["bundle", "pack", folder.to_str().unwrap(), "--repository", "repo", "--to", "proposal"]);
        self.signed("proposal", &["bundles-a", "bundles-b"]);
        (folder, said["bundles"][0].clone())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// A target as a web server would give it.
    fn target(&self, name: &str) -> Vec<u8> {
        let folder = self.path("repo/public/targets");
        let ends = format!(".{name}");
        let found = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut found = found.filter(|path| path.to_str().unwrap().ends_with(&ends));
        fs::read(found.next().unwrap_or_else(|| panic!("{name} is not there"))).unwrap()
    }

    fn index(&self, version: &str) -> Index {
        Index::decode(&self.target(&format!("{NAME}.{version}.index"))).unwrap()
    }
}

/// Files of a folder, in the order of an index.
struct Disk(Vec<PathBuf>);

impl Contents for Disk {
    fn read(&mut self, file: usize, offset: u64, length: usize) -> std::io::Result<Vec<u8>> {
        let bytes = fs::read(&self.0[file])?;
        let from = usize::try_from(offset).unwrap();
        Ok(bytes[from..from + length].to_vec())
    }
}

fn disk(folder: &Path, index: &Index) -> Disk {
    Disk(index.files().iter().map(|file| folder.join(file.path.as_str())).collect())
}

#[test]
fn a_folder_is_published_and_comes_back_from_chunks_and_by_patch() {
    let publisher = Publisher::new();
    let (first_folder, first) = publisher.published(Edition::First, "2026.9");
    let (next_folder, next) = publisher.published(Edition::Next, "2026.10");
    let (first_index, next_index) = (publisher.index("2026.9"), publisher.index("2026.10"));
    assert_eq!(first["patch_from"], Value::Null);
    assert_eq!(next["patch_from"], "2026.9");
    assert_eq!(next_index.manifest().title, "Le cycle de l'eau");
    // From chunks, by whoever has nothing.
    for (folder, index) in [(&first_folder, &first_index), (&next_folder, &next_index)] {
        let mut stream = Vec::new();
        for chunk in index.chunks() {
            let id = chunk.id.to_string();
            let stored = fs::read(publisher.path("repo/public/chunks").join(&id[..2]).join(&id)).unwrap();
            stream.extend(chunk_open(&stored, chunk.length, chunk.id).unwrap());
        }
        let mut at = 0;
        for file in index.files() {
            let end = at + usize::try_from(file.size).unwrap();
            assert!(fs::read(folder.join(file.path.as_str())).unwrap() == stream[at..end], "{}", file.path);
            at = end;
        }
        assert_eq!(at, stream.len());
    }
    // By patch, by whoever has the version before.
    let bytes = publisher.target(&format!("{NAME}.2026.10.from.2026.9.patch"));
    let mut patch = Patch::open(&bytes[..], &first_index).unwrap();
    assert_eq!(patch.index(), &next_index);
    let old: BTreeMap<ContentId, ()> = first_index.files().iter().map(|file| (file.id, ())).collect();
    let made: Vec<usize> = patch.files().collect();
    for (at, file) in next_index.files().iter().enumerate() {
        assert_eq!(made.contains(&at), !old.contains_key(&file.id), "{}", file.path);
    }
    for at in made {
        let mut contents = Vec::new();
        let mut sink = |bytes: &[u8]| {
            contents.extend_from_slice(bytes);
            Ok(())
        };
        patch.file_make(at, &mut disk(&first_folder, &first_index), &mut sink).unwrap();
        let path = next_folder.join(next_index.files()[at].path.as_str());
        assert!(fs::read(path).unwrap() == contents, "{}", next_index.files()[at].path);
    }
    let (patch, first_bytes) = (next["patch_bytes"].as_u64().unwrap(), next["first_bytes"].as_u64().unwrap());
    assert!(patch < first_bytes / 5, "a patch of {patch} bytes for a bundle of {first_bytes}");
    let status = publisher.say(&["repository", "status", "--repository", "repo"]);
    assert_eq!(status["bundles"].as_array().unwrap().len(), 2, "{status}");
    assert!(status["roles"].as_array().unwrap().iter().all(|role| role["expired"] == false), "{status}");
}

#[test]
fn a_holder_sees_what_is_signed_and_signs_only_that() {
    let publisher = Publisher::new();
    let folder = publisher.path("source");
    Resource::of(4).write(&folder, Edition::First, "1");
    let packed = publisher.say(&["bundle", "pack", "source", "--repository", "repo", "--to", "proposal"]);
    let asked = publisher.refused(&["bundle", "sign", "proposal", "--key", "bundles-a"]);
    assert!(asked.contains("nothing was signed"), "{asked}");
    assert!(publisher.refused(&["bundle", "sign", "proposal", "--key", "root-a", "--yes"]).contains("nothing to sign"));
    // Who says yes at once is told all the same, and of what was compared with nothing.
    let shown = publisher.run(&["bundle", "sign", "proposal", "--key", "bundles-a", "--yes"]);
    let shown = String::from_utf8(shown.stderr).unwrap();
    assert!(shown.contains(packed["bundles"][0]["index_sha256"].as_str().unwrap()), "{shown}");
    assert!(shown.contains(&format!("Compared with no folder: {NAME}.1.index")), "{shown}");
    let signed = publisher.say(&["bundle", "sign", "proposal", "--key", "bundles-a", "--yes", "--folder", "source"]);
    assert_eq!(signed["not_compared"].as_array().unwrap().len(), 0, "{signed}");
    let early = publisher.refused(&["bundle", "publish", "proposal", "--repository", "repo"]);
    assert!(early.contains("1 good signatures, 2 are needed"), "{early}");
    // The second holder's copy of the folder is another one.
    let copy = publisher.path("copy");
    Resource::of(4).write(&copy, Edition::Next, "1");
    let other = publisher.refused(&["bundle", "sign", "proposal", "--key", "bundles-b", "--yes", "--folder", "copy"]);
    assert!(other.contains("do not sign"), "{other}");
    fs::remove_dir_all(&copy).unwrap();
    Resource::of(4).write(&copy, Edition::First, "1");
    let signed = publisher.say(&["bundle", "sign", "proposal", "--key", "bundles-b", "--yes", "--folder", "copy"]);
    assert_eq!(signed["complete"], true);
    publisher.say(&["bundle", "publish", "proposal", "--repository", "repo"]);
}

#[test]
fn a_new_manifest_is_one_that_packs() {
    let publisher = Publisher::new();
    publisher.say(&["bundle", "init", "l-eau"]);
    assert!(publisher.refused(&["bundle", "init", "l-eau"]).contains("cannot be written"));
    fs::write(publisher.path("l-eau/index.html"), "<h1>L'eau</h1>").unwrap();
    let said = publisher.say(&["bundle", "pack", "l-eau", "--repository", "repo", "--to", "proposal"]);
    assert_eq!((&said["bundles"][0]["bundle"], &said["bundles"][0]["files"]), (&"l-eau".into(), &1.into()));
}
