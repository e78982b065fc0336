//! Ends that outlive the store: who was revoked or lost is also noted in a file beside it, line by line, so that a restored backup does
//! not let them back in. On another disk, that file survives the loss of this one.

use crate::config::Config;
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::shared::Shared;
use controlplane_core::ends::{Ended, Subject, device_ended, operator_ended};
use controlplane_core::filing::BRIEFS;
use controlplane_core::operator::OPERATORS;
use controlplane_core::store::{Changes, Key, PAGE_MAX, Revision, SharedStore};
use controlplane_core::table::{Intent, Row, Table};
use model::id::TerritoryId;
use model::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// After a failure, wait so long.
const RETRY: Duration = Duration::from_secs(60);
/// No line of ours is longer.
const LINE_BYTES_MAX: u64 = 1024;
/// As many as ten million devices that each ended and came back.
const LINES_MAX: usize = 20_000_000;

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    at_unix_ms: i64,
    #[serde(flatten)]
    subject: Subject,
    ended: Ended,
}

/// Where they are noted.
pub(crate) fn ends_path(folder: &Folder, config: &Config) -> PathBuf {
    config.backup.ends.clone().unwrap_or_else(|| folder.ends())
}

/// What is noted last of each; a line that was cut short is passed over, since what it said is noted again.
///
/// # Errors
/// [`Error::File`] when the file cannot be read, and [`Error::Damaged`] when it holds something else.
pub(crate) fn ends_read(path: &Path) -> Result<BTreeMap<Subject, Ended>> {
    let failed = |source| Error::File { what: "read", path: path.to_owned(), source };
    let damaged = |why: &str| Error::Damaged { path: path.to_owned(), why: why.to_owned() };
    let mut input = BufReader::new(fs::File::open(path).map_err(failed)?);
    let (mut ends, mut line, mut good, mut bad) = (BTreeMap::new(), Vec::new(), 0_usize, 0_usize);
    loop {
        line.clear();
        if (&mut input).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(failed)? == 0 {
            break;
        }
        match serde_json::from_slice::<Line>(&line) {
            Ok(Line { subject, ended, .. }) => {
                ends.insert(subject, ended);
                good += 1;
            }
            // What begins a line of ours, and what a cut left at the end, are no fault.
            Err(_) if line == b"\n" || (!line.ends_with(b"\n") && (line.len() as u64) < LINE_BYTES_MAX) => {}
            Err(_) => bad += 1,
        }
        if good + bad > LINES_MAX {
            return Err(damaged("it has more lines than there can be ends"));
        }
    }
    if bad > good { Err(damaged("it is no file of ends")) } else { Ok(ends) }
}

/// Notes each end as it becomes durable; those that a kill kept from being noted are at the next start.
pub(crate) async fn ends_follow(shared: Arc<Shared>) {
    let path = ends_path(&shared.folder, &shared.config);
    loop {
        if let Err(error) = follow(&shared, &path).await {
            shared.metrics.ends(false);
            tracing::error!(%error, path = %path.display(), "ends cannot be noted beside the store; tried again in a minute");
        }
        shared.clock.sleep(RETRY).await;
    }
}

async fn follow(
    shared: &Arc<Shared>,
    path: &Path,
) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut noted = match ends_read(path) {
        // Made at once, so that whoever looks for it after a loss finds it, and one that cannot be written is known before it is needed.
        Err(Error::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
            BTreeMap::new()
        }
        read => read?,
    };
    let since = shared.store.revision().await?;
    let mut ends = all(&shared.store, shared.territory(), &BRIEFS, &noted, |row| {
        (Subject::Device(row.value.id), device_ended(row.value.state, row.value.reason))
    })
    .await?;
    ends.extend(
        all(&shared.store, shared.territory(), &OPERATORS, &noted, |row| {
            (Subject::Operator(row.id.clone()), operator_ended(&row.value))
        })
        .await?,
    );
    let mut disputed = BTreeSet::new();
    for (subject, _) in ends.extract_if(.., |(_, ended)| *ended == Ended::Not) {
        disputed.insert(subject);
    }
    note(path, &mut noted, &mut disputed, ends, shared.clock.now())?;
    shared.metrics.ends(disputed.is_empty());
    if !disputed.is_empty() {
        tracing::error!(
            count = disputed.len(),
            path = %path.display(),
            "ends noted beside the store are not in it: if it was restored without them, restore it again with --ends, or end them again"
        );
    }
    let (mut devices, mut operators) = (since, since);
    loop {
        let (device_scope, operator_scope) =
            (BRIEFS.scope(shared.territory(), ""), OPERATORS.scope(shared.territory(), ""));
        let ends = tokio::select! {
            changes = shared.store.changes(&device_scope, devices, PAGE_MAX) => {
                let Some(keys) = seen(changes?, &mut devices) else { return Ok(()) };
                let mut ends = Vec::new();
                for key in keys {
                    if let Some(row) = BRIEFS.get(shared.store.as_ref(), shared.territory(), key.id).await? {
                        ends.push((Subject::Device(row.value.id), device_ended(row.value.state, row.value.reason)));
                    }
                }
                ends
            }
            changes = shared.store.changes(&operator_scope, operators, PAGE_MAX) => {
                let Some(keys) = seen(changes?, &mut operators) else { return Ok(()) };
                let mut ends = Vec::new();
                for key in keys {
                    if let Some(row) = OPERATORS.get(shared.store.as_ref(), shared.territory(), key.id).await? {
                        ends.push((Subject::Operator(row.id.clone()), operator_ended(&row.value)));
                    }
                }
                ends
            }
        };
        note(path, &mut noted, &mut disputed, ends, shared.clock.now())?;
    }
}

/// The keys that changed; nothing when it is too long ago, and everything is to be looked at again.
fn seen(changes: Changes, since: &mut Revision) -> Option<Vec<Key>> {
    match changes {
        Changes::Keys { keys, upto } => {
            *since = upto;
            Some(keys)
        }
        Changes::Gone { .. } => None,
    }
}

async fn all<T: DeserializeOwned>(
    store: &SharedStore,
    territory: &TerritoryId,
    table: &Table<T, Intent>,
    noted: &BTreeMap<Subject, Ended>,
    end: impl Fn(&Row<T>) -> (Subject, Ended),
) -> controlplane_core::Result<Vec<(Subject, Ended)>> {
    let (scope, mut after, mut ends) = (table.scope(territory, ""), String::new(), Vec::new());
    loop {
        let page = table.page(store.as_ref(), &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { return Ok(ends) };
        after.clone_from(&last.id);
        let ended_once = |subject: &Subject| noted.get(subject).is_some_and(|before| *before != Ended::Not);
        ends.extend(page.iter().map(&end).filter(|(subject, ended)| *ended != Ended::Not || ended_once(subject)));
    }
}

/// Adds what is news, durably. `disputed` had ended by this file and has not by the store as it was found: most likely it is an older
/// one, restored without this file. That whoever was ended calls again must not undo the note.
fn note(
    path: &Path,
    noted: &mut BTreeMap<Subject, Ended>,
    disputed: &mut BTreeSet<Subject>,
    ends: Vec<(Subject, Ended)>,
    now: Timestamp,
) -> io::Result<()> {
    for (subject, _) in ends.iter().filter(|(_, ended)| *ended != Ended::Not) {
        disputed.remove(subject);
    }
    let news = |(subject, ended): &(Subject, Ended)| match noted.get(subject) {
        None => *ended != Ended::Not,
        Some(before) => before != ended && !disputed.contains(subject),
    };
    let ends: Vec<_> = ends.into_iter().filter(news).collect();
    if ends.is_empty() {
        return Ok(());
    }
    // Begins with a line feed, so that a line which was cut short spoils no other one.
    let mut text = Vec::new();
    for (subject, ended) in &ends {
        text.push(b'\n');
        let line = Line { at_unix_ms: now.unix_millis(), subject: subject.clone(), ended: *ended };
        serde_json::to_writer(&mut text, &line)?;
    }
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    file.write_all(&text)?;
    file.sync_data()?;
    if let Some(folder) = path.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    noted.extend(ends);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(n: u8) -> Subject {
        Subject::Device(format!("01a203c9-be6a-7d10-8000-0000000000{n:02x}").parse().unwrap())
    }

    #[test]
    fn what_is_noted_last_holds_and_a_cut_line_spoils_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ends.jsonl");
        let mut noted = BTreeMap::new();
        let now = Timestamp::from_unix_seconds(1_790_000_000);
        let paul = Subject::Operator("paul".to_owned());
        let mut none = BTreeSet::new();
        note(
            &path,
            &mut noted,
            &mut none,
            vec![(device(1), Ended::Revoked), (device(2), Ended::Lost), (device(3), Ended::Not)],
            now,
        )
        .unwrap();
        let length = fs::metadata(&path).unwrap().len();
        // Said again, it is no news.
        note(&path, &mut noted, &mut none, vec![(device(1), Ended::Revoked)], now).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), length);
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"\n{\"at_unix_ms\":17900").unwrap();
        note(&path, &mut noted, &mut none, vec![(device(2), Ended::Not), (paul.clone(), Ended::Revoked)], now).unwrap();
        let read = ends_read(&path).unwrap();
        assert_eq!(
            read,
            BTreeMap::from([(device(1), Ended::Revoked), (device(2), Ended::Not), (paul, Ended::Revoked)])
        );
        assert_eq!(read, noted);
        fs::write(&path, "a\nb\nc\n").unwrap();
        assert!(matches!(ends_read(&path), Err(Error::Damaged { .. })));
        // The very first write was cut.
        fs::write(&path, "\n{\"at_un").unwrap();
        assert_eq!(ends_read(&path).unwrap(), BTreeMap::new());
    }

    #[test]
    fn whoever_was_ended_does_not_undo_it_by_calling_a_server_that_has_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ends.jsonl");
        let now = Timestamp::from_unix_seconds(1_790_000_000);
        let (mut noted, mut disputed) = (BTreeMap::new(), BTreeSet::new());
        note(&path, &mut noted, &mut disputed, vec![(device(1), Ended::Revoked)], now).unwrap();
        disputed.insert(device(1));
        note(&path, &mut noted, &mut disputed, vec![(device(1), Ended::Not)], now).unwrap();
        assert_eq!(ends_read(&path).unwrap()[&device(1)], Ended::Revoked);
        // Ended again, and then taken back by a person who knows of it.
        note(&path, &mut noted, &mut disputed, vec![(device(1), Ended::Revoked)], now).unwrap();
        note(&path, &mut noted, &mut disputed, vec![(device(1), Ended::Not)], now).unwrap();
        assert_eq!(ends_read(&path).unwrap()[&device(1)], Ended::Not);
    }
}
