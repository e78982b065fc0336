//! `cartable-server backup` and `restore`: what each does and says.

use super::keep::moment_text;
use super::restore::{Restored, Source, backup_verify, restore};
use super::take::{Place, Taken, backup_take};
use super::{End, Head};
use crate::arguments::{CaOutput, Verb};
use crate::error::{Error, Result};
use crate::folder::Folder;
use model::time::Timestamp;
use serde_json::json;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use words::{Catalogue, Language, Value};

/// Stands in every backup that has a vault.
const VAULT: &str = "vault/epoch";
const PIPE: &str = "-";

/// Does it, and gives what is to be printed; a backup that went to standard output is told beside it.
///
/// # Errors
/// [`Error`] that says what to do.
pub(crate) fn backup(verb: Verb, now: Timestamp, words: &Catalogue) -> Result<String> {
    let language = words.language();
    let mut shown = 0;
    let mut progress = |bytes: u64| {
        let mib = bytes / (1024 * 1024);
        if mib > shown && io::stderr().is_terminal() {
            shown = mib;
            eprint!("\r{}", words.text_with("backup-progress", &[("mib", Value::count(mib))]));
        }
    };
    match verb {
        Verb::Backup { verify: Some(file), output, .. } => {
            let (head, end) = backup_verify(&source(&file), &mut progress)?;
            Ok(match output {
                CaOutput::Table => verified_text(&head, &end, language, words),
                CaOutput::Json => pretty(&summary(&head, &end)),
            })
        }
        Verb::Backup { data: Some(data), to: Some(to), keep, with_root_key, output, .. } => {
            let place = place(to, keep)?;
            let piped = matches!(place, Place::Pipe);
            let taken = backup_take(&Folder::new(data), place, with_root_key, now, &mut progress)?;
            let text = match output {
                CaOutput::Table => taken_text(&taken, language, words),
                CaOutput::Json => pretty(&taken_json(&taken)),
            };
            if piped {
                eprintln!("{text}");
            }
            Ok(if piped { String::new() } else { text })
        }
        Verb::Restore { from, data, ends, output } => {
            let folder = Folder::new(data);
            let restored = restore(&source(&from), &folder, now, ends.as_deref(), &mut progress)?;
            Ok(match output {
                CaOutput::Table => restored_text(&restored, &folder, words),
                CaOutput::Json => pretty(&restored_json(&restored)),
            })
        }
        _ => Ok(String::new()),
    }
}

fn source(path: &Path) -> Source<'_> {
    if path == Path::new(PIPE) { Source::Pipe } else { Source::File(path) }
}

fn place(to: PathBuf, keep: Option<usize>) -> Result<Place> {
    if to == Path::new(PIPE) {
        return if io::stdout().is_terminal() { Err(Error::Terminal) } else { Ok(Place::Pipe) };
    }
    if to.is_dir() {
        return Ok(Place::Folder(to, keep));
    }
    // Else the first backup would be a file of that name, and the second an error.
    if keep.is_some() {
        return Err(Error::File { what: "read", path: to, source: io::ErrorKind::NotADirectory.into() });
    }
    Ok(Place::File(to))
}

fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn summary(head: &Head, end: &End) -> serde_json::Value {
    json!({
        "territory": head.territory,
        "made": moment_text(Timestamp::from_unix_millis(head.made_unix_ms)),
        "made_unix_ms": head.made_unix_ms,
        "program": head.program,
        "revision": end.revision,
        "epoch": end.epoch,
        "root_key": end.files.contains_key("ca/root.key"),
        "vault": end.files.contains_key(VAULT),
        "files": end.files,
    })
}

fn taken_json(taken: &Taken) -> serde_json::Value {
    json!({
        "territory": taken.territory,
        "made_unix_ms": taken.made.unix_millis(),
        "path": taken.path,
        "bytes": taken.bytes,
        "revision": taken.end.revision,
        "epoch": taken.end.epoch,
        "root_key": taken.root_key,
        "vault": taken.end.files.contains_key(VAULT),
        "removed": taken.removed,
        "noted": taken.unnoted.is_none(),
    })
}

fn restored_json(restored: &Restored) -> serde_json::Value {
    let rebuilt = restored.rebuilt.as_ref();
    let mut said = summary(&restored.head, &restored.end);
    said["epoch"] = json!(rebuilt.map_or(1, |rebuilt| rebuilt.epoch));
    said["reports_asked_again"] = json!(rebuilt.is_some_and(|rebuilt| rebuilt.reports_missing));
    let ended = &restored.ended;
    said["ended"] = json!({ "devices": ended.devices, "operators": ended.operators, "tokens": ended.tokens });
    said["ends_given"] = json!(restored.ends);
    said
}

fn verified_text(head: &Head, end: &End, language: Language, words: &Catalogue) -> String {
    let bytes = end.files.values().map(|sum| sum.bytes).sum();
    let mut lines = vec![words.text_with(
        "backup-good",
        &[
            ("territory", head.territory.to_string().into()),
            ("made", moment_text(Timestamp::from_unix_millis(head.made_unix_ms)).into()),
            ("program", head.program.clone().into()),
            ("revision", end.revision.to_string().into()),
            ("epoch", end.epoch.to_string().into()),
        ],
    )];
    let held = [("files", Value::count(end.files.len() as u64)), ("size", words::bytes_text(language, bytes).into())];
    lines.push(words.text_with("backup-holds", &held));
    for (name, sum) in &end.files {
        lines.push(format!("  {name}  {}", words::bytes_text(language, sum.bytes)));
    }
    let root = if end.files.contains_key("ca/root.key") { "backup-root-key" } else { "backup-no-root-key" };
    lines.push(words.text(root));
    if end.files.contains_key(VAULT) {
        lines.push(words.text("backup-vault"));
    }
    lines.join("\n")
}

fn taken_text(taken: &Taken, language: Language, words: &Catalogue) -> String {
    let path = taken.path.as_ref().map_or_else(|| PIPE.to_owned(), |path| path.display().to_string());
    let mut lines = vec![words.text_with(
        "backup-taken",
        &[
            ("path", path.into()),
            ("size", words::bytes_text(language, taken.bytes).into()),
            ("revision", taken.end.revision.to_string().into()),
        ],
    )];
    for removed in &taken.removed {
        lines.push(words.text_with("backup-removed", &[("path", removed.display().to_string().into())]));
    }
    lines.push(words.text(if taken.root_key { "backup-root-key" } else { "backup-no-root-key" }));
    if taken.end.files.contains_key(VAULT) {
        lines.push(words.text("backup-vault"));
    }
    lines.push(words.text("backup-secret"));
    if let Some(error) = &taken.unnoted {
        let why = crate::words::error_text(error, words);
        lines.push(words.text_with("backup-unnoted", &[("why", why.into())]));
    }
    lines.join("\n")
}

fn restored_text(restored: &Restored, folder: &Folder, words: &Catalogue) -> String {
    let epoch = restored.rebuilt.as_ref().map_or(1, |rebuilt| rebuilt.epoch);
    let mut lines = vec![words.text_with(
        "restored",
        &[
            ("territory", restored.head.territory.to_string().into()),
            ("data", folder.root().display().to_string().into()),
            ("made", moment_text(Timestamp::from_unix_millis(restored.head.made_unix_ms)).into()),
            ("revision", restored.end.revision.to_string().into()),
            ("epoch", epoch.to_string().into()),
        ],
    )];
    if restored.rebuilt.as_ref().is_some_and(|rebuilt| rebuilt.reports_missing) {
        lines.push(words.text("restored-reports"));
    }
    let ended = &restored.ended;
    lines.push(words.text_with("restored-tokens", &[("tokens", Value::count(ended.tokens))]));
    lines.push(if restored.ends {
        let counts = [("devices", Value::count(ended.devices)), ("operators", Value::count(ended.operators))];
        words.text_with("restored-ends", &counts)
    } else {
        words.text("restored-no-ends")
    });
    lines.join("\n")
}
