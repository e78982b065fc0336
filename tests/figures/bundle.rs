//! An educational bundle and its next version: how fast it is packed, and what travels; beside rsync, casync, tar with zstd and zstd's
//! own patches, where they are installed.

use crate::meter;
use crate::row::{Report, Row};
use ::bundle::Index;
use publisher::Packed;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tests::publishing::Publisher;
use tests::resources::{Edition, Resource};
use tests::system_program;

/// A thousandth of the whole per unit: see `tests/src/resources.rs`.
const SCALE: u64 = 1_000;

/// Packs both, then weighs them.
pub(crate) fn measure() -> Report {
    let home = tempfile::tempdir().expect("a temporary folder");
    let (old, new) = (home.path().join("old"), home.path().join("new"));
    Resource::of(SCALE).write(&old, Edition::First, "1");
    Resource::of(SCALE).write(&new, Edition::Next, "2");
    let publisher = Publisher::new(home.path(), now());
    let (first, took_first) = pack(&publisher, &old);
    let (next, took_next) = pack(&publisher, &new);
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let metadata = metadata_bytes(&publisher);
    let patch = next.patch_bytes.expect("a patch") + metadata;
    let chunks = chunks_bytes(&publisher, &first, &next) + metadata;
    let tarred = piped(&old, "tar -c . | zstd -3 -c | wc -c", &["tar", "zstd"]);
    let rsync = rsync(&old, &new, home.path());
    let mut rows = vec![
        Row::less("size of the bundle", megabytes(first.bytes), "MB"),
        Row::more("packing, per core", megabytes(first.bytes) / took_first.as_secs_f64(), "MB/s").within(80.0, 180.0),
        Row::less("packing the next version, with its patch", took_next.as_secs_f64(), "core-seconds"),
        Row::less("first install", megabytes(first.first_bytes + metadata), "MB"),
        Row::less("update from the last version", megabytes(patch), "MB").within(rsync.map_or(6.0, megabytes), 1.4),
        Row::less("update by chunks alone, from any other version", megabytes(chunks), "MB")
            .within(rsync.map_or(12.0, |bytes| 2.0 * megabytes(bytes)), rsync.map_or(6.0, megabytes)),
        Row::less("metadata within each of these", megabytes(metadata), "MB"),
    ];
    if let Some(tarred) = tarred {
        let ratio = (first.first_bytes + metadata) as f64 / tarred as f64;
        rows.push(Row::less("first install against tar + zstd -3", ratio, "×").within(1.03, 1.0));
        rows.push(Row::less("tar + zstd -3", megabytes(tarred), "MB"));
    }
    if let Some(bytes) = rsync {
        rows.push(Row::less("rsync -z, update", megabytes(bytes), "MB"));
        rows.push(Row::less("our update against rsync -z", patch as f64 / bytes as f64, "×").within(1.0, 0.23));
    }
    if let Some(bytes) = casync(&old, &new, home.path()) {
        rows.push(Row::less("casync, update", megabytes(bytes), "MB"));
    }
    if let Some(bytes) = zstd_patch(&old, &new, home.path()) {
        rows.push(Row::less("zstd --patch-from of the whole archive, update", megabytes(bytes), "MB"));
    }
    Report { area: "bundle", rows }
}

/// Packs and publishes; with the processor time of both.
fn pack(publisher: &Publisher, source: &Path) -> (Packed, Duration) {
    let before = meter::cpu(std::process::id());
    let mut packed = publisher.published(&[source.to_owned()], now());
    (packed.remove(0), meter::cpu(std::process::id()).saturating_sub(before))
}

/// What a device asks for before it knows which target it wants: the latest of each role that changes.
fn metadata_bytes(publisher: &Publisher) -> u64 {
    let folder = publisher.folder.public().join("metadata");
    let latest = |role: &str| {
        let paths = (1..).map(|version| folder.join(format!("{version}.{role}.json"))).take_while(|path| path.exists());
        paths.last().expect("one is there")
    };
    let paths: [PathBuf; 3] = [folder.join("timestamp.json"), latest("snapshot"), latest("bundles")];
    paths.iter().map(|path| fs::metadata(path).expect("a file").len()).sum()
}

/// The chunks that only the next version has, and its index.
fn chunks_bytes(publisher: &Publisher, first: &Packed, next: &Packed) -> u64 {
    let (old, new) = (index(publisher, first), index(publisher, next));
    let known: BTreeSet<_> = old.chunks().iter().map(|chunk| chunk.id).collect();
    let fetched: BTreeSet<_> = new.chunks().iter().map(|chunk| chunk.id).filter(|id| !known.contains(id)).collect();
    let stored = |id: &::bundle::ContentId| {
        let name = id.to_string();
        fs::metadata(publisher.folder.public().join("chunks").join(&name[..2]).join(&name)).expect("a chunk").len()
    };
    fetched.iter().map(stored).sum::<u64>() + new.encode().len() as u64
}

fn index(publisher: &Publisher, packed: &Packed) -> Index {
    let name = format!("{}.bundle.{}.{}.index", packed.index_sha256, packed.bundle, packed.version);
    let bytes = fs::read(publisher.folder.public().join("targets").join(name)).expect("an index");
    Index::decode(&bytes).expect("an index")
}

/// Any day will do.
fn now() -> model::time::Timestamp {
    model::time::Timestamp::from_unix_seconds(1_788_000_000)
}

fn rsync(old: &Path, new: &Path, home: &Path) -> Option<u64> {
    system_program("rsync")?;
    let copy = home.join("rsync");
    shell(&format!("cp -a {} {}", old.display(), copy.display()));
    let command = format!("rsync -rzc --no-whole-file --delete --stats {}/ {}/", new.display(), copy.display());
    let said = shell(&command);
    let number = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name)).expect("rsync says so");
        line.chars().filter(char::is_ascii_digit).collect::<String>().parse::<u64>().expect("a number")
    };
    Some(number("Total bytes sent:") + number("Total bytes received:"))
}

fn casync(old: &Path, new: &Path, home: &Path) -> Option<u64> {
    system_program("casync")?;
    for (name, folder) in [("casync-old", old), ("casync-new", new)] {
        let (index, store) = (home.join(format!("{name}.caidx")), home.join(format!("{name}.castr")));
        shell(&format!(
            "casync make --without=all --store={} {} {}",
            store.display(),
            index.display(),
            folder.display()
        ));
    }
    let new_chunks = "cd casync-new.castr && find . -name '*.cacnk' | while read -r c; do [ -e ../casync-old.castr/$c ] || stat -c %s $c; done | awk '{s+=$1} END {print s+0}'";
    let chunks: u64 = shell(&format!("cd {} && {new_chunks}", home.display())).trim().parse().expect("a number");
    Some(chunks + fs::metadata(home.join("casync-new.caidx")).expect("an index").len())
}

fn zstd_patch(old: &Path, new: &Path, home: &Path) -> Option<u64> {
    system_program("zstd")?;
    let tar = |name: &str, folder: &Path| {
        let path = home.join(name);
        shell(&format!("tar --sort=name --mtime=@0 -cf {} -C {} .", path.display(), folder.display()));
        path
    };
    let (old, new) = (tar("old.tar", old), tar("new.tar", new));
    let said = shell(&format!("zstd -q -3 --long=31 --patch-from={} {} -c | wc -c", old.display(), new.display()));
    Some(said.trim().parse().expect("a number"))
}

fn piped(folder: &Path, command: &str, programs: &[&str]) -> Option<u64> {
    if programs.iter().any(|program| system_program(program).is_none()) {
        return None;
    }
    shell(&format!("cd {} && {command}", folder.display())).trim().parse().ok()
}

fn shell(command: &str) -> String {
    let out = Command::new("sh").args(["-c", command]).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let out = out.expect("a shell");
    assert!(out.status.success(), "{command}");
    String::from_utf8_lossy(&out.stdout).into_owned()
}
