//! Backups: one file that holds a control plane, taken while it runs, and a folder made from it.
//!
//! The file is a tar archive under zstd, which every system's own tools open in an emergency:
//!
//! | name | what |
//! | --- | --- |
//! | `backup.json` | [`Head`]: first, so that a reader knows the version before anything else |
//! | `server.toml`, `ca/*`, `operator/*` | as they lie in the data folder; the root's key only where it was asked for |
//! | `store/epoch`, `store/exports/*`, `store/journal/*` | what the store is built from again |
//! | `vault/*` | the same of the identities, sealed as they lie; their key is never in it |
//! | `end.json` | [`End`]: last, with the length and SHA-256 of each |

mod archive;
pub(crate) mod command;
mod keep;
pub(crate) mod note;
mod restore;
mod take;

pub(crate) use note::owner_like;
pub(crate) use restore::owner_all;

use model::digest::Digest;
use model::id::TerritoryId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const FORMAT: &str = "cartable-backup";
const VERSION: u32 = 1;
const HEAD: &str = "backup.json";
const END: &str = "end.json";
/// Configuration, keys and certificates, each.
const SMALL_BYTES_MAX: u64 = 1024 * 1024;
/// An export of some ten million devices.
const EXPORT_BYTES_MAX: u64 = 64 * 1024 * 1024 * 1024;
/// A journal file is closed at 8 MiB, by earlier servers at 64, after the group that reached it.
const SEGMENT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// More files than any backup holds.
const FILES_MAX: usize = 10_000;

/// What a backup says of itself first. Fields that a newer version adds are not looked at, so that its version can be told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Head {
    format: String,
    version: u32,
    pub(crate) territory: TerritoryId,
    pub(crate) made_unix_ms: i64,
    /// The program that made it.
    pub(crate) program: String,
}

/// What a backup says last: whoever has read this has read all of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    pub(crate) revision: u64,
    pub(crate) epoch: u32,
    pub(crate) files: BTreeMap<String, Sum>,
}

/// One file of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sum {
    pub(crate) bytes: u64,
    pub(crate) sha256: Digest,
}

/// Whether a backup may hold a file of this name, and how large it may be. What is not named here goes nowhere: a name is never a path.
fn member_limit(name: &str) -> Option<u64> {
    let plain = |file: &str| {
        let bytes =
            file.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_'));
        bytes && (1..=64).contains(&file.len()) && !file.starts_with('.')
    };
    let numbered = |file: &str, ending: &str| {
        file.strip_suffix(ending).is_some_and(|number| number.len() == 20 && number.bytes().all(|b| b.is_ascii_digit()))
    };
    match name.split('/').collect::<Vec<_>>()[..] {
        ["server.toml"] | ["store" | "vault", "epoch"] => Some(SMALL_BYTES_MAX),
        ["ca" | "operator", file] if plain(file) => Some(SMALL_BYTES_MAX),
        ["store" | "vault", "exports", file] if numbered(file, ".jsonl") || numbered(file, ".jsonl.zst") => {
            Some(EXPORT_BYTES_MAX)
        }
        ["store" | "vault", "journal", file] if numbered(file, ".log") => Some(SEGMENT_BYTES_MAX),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_ours_have_a_place() {
        for name in [
            "server.toml",
            "ca/root.pem",
            "operator/cartable.toml",
            "store/epoch",
            "vault/epoch",
            "vault/exports/00000000000000000001.jsonl",
            "store/exports/00000000000000000001.jsonl.zst",
        ] {
            assert!(member_limit(name).is_some(), "{name}");
        }
        assert_eq!(member_limit("store/journal/00000000000000000001.log"), Some(SEGMENT_BYTES_MAX));
        for name in [
            "",
            "/",
            "..",
            "../server.toml",
            "/etc/passwd",
            "ca",
            "ca/",
            "ca/..",
            "ca/.hidden",
            "ca/a/b",
            "ca/../x",
            "./server.toml",
            "ca//root.pem",
            "operator/é",
            "store/entries/db",
            "vault/entries/db",
            "vault/vault.key",
            "store/lock",
            "store/clean",
            "store/journal/1.log",
            "store/journal/../../../../../../x.log",
            "store/exports/00000000000000000001.log",
            "backup.json",
            "ca\\x",
            "ca/a\0b",
        ] {
            assert_eq!(member_limit(name), None, "{name:?}");
        }
    }
}
