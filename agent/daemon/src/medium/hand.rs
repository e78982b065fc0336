//! The command's side: reads the medium, hands over what the agent asks for, and says what became of each bundle.

use super::DATE;
use super::import::{answer_of, pieces_of};
use super::words::{Hello, MESSAGE_BYTES_MAX, Said};
use crate::error::Error;
use crate::frame;
use crate::platform::door::Door;
use crate::platform::{Here, Platform};
use crate::resources::Resource;
use crate::source::folder::FolderSource;
use crate::source::{Fetched, Piece, Source, SourceError};
use model::resource::{BundleName, BundleVersion};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use wire::v1::FetchResponse;

/// The most names of a medium's folder that are read.
const NAMES_MAX: usize = 100_000;
const DATE_BYTES_MAX: u32 = 64 << 10;

/// What became of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Each bundle that the medium carries or that this device is to hold, by name.
    pub bundles: Vec<Carried>,
    /// Bytes that were handed over.
    pub bytes: u64,
    /// Why the medium could not be read to its end, in the system's words.
    pub broken: Option<String>,
}

/// A bundle of a medium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Carried {
    /// Which one.
    pub name: String,
    /// The versions that the medium carries.
    pub carried: Vec<String>,
    /// What became of it.
    pub part: Part,
    /// What the plan wants of it, and where that stands.
    pub wanted: Option<Wanting>,
}

/// A bundle that this device is to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wanting {
    /// The version.
    pub version: String,
    /// A code that says why it is not in place; empty where it is.
    pub reason: String,
    /// Bytes of it that are there.
    pub bytes: u64,
    /// Of how many; 0 while nobody knows.
    pub of_bytes: u64,
    /// Bytes of it that media gave.
    pub medium_bytes: u64,
}

/// What became of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// It is in place now, and was not before.
    InPlace,
    /// It was in place before.
    Already,
    /// It lies here and waits for the word.
    Ready,
    /// Some of it came; the rest comes by another road.
    Partly,
    /// The medium has nothing of what this device is to hold.
    Absent,
    /// It is refused; the reason says why.
    Refused,
    /// It is not for this device as it is, or there is no room.
    Skipped,
    /// This device is not to hold it.
    Unassigned,
}

#[derive(Deserialize)]
struct Dated {
    made: String,
}

impl Imported {
    /// Whether nothing went wrong: what is not for this device is as it should be.
    #[must_use]
    pub fn well(&self) -> bool {
        let bad = |one: &Carried| matches!(one.part, Part::Refused | Part::Skipped);
        self.broken.is_none() && !self.bundles.iter().any(bad)
    }
}

/// Hands a medium over to the agent on this state folder; `told` is called now and then with what was handed over.
pub(crate) async fn import(
    state: &Path,
    folder: &Path,
    before: &[Resource],
    mut told: impl FnMut(u64),
) -> Result<Imported, Error> {
    let source = FolderSource::new(folder);
    let made = made(&source, folder).await?;
    let carried = carried(folder)?;
    let mut line = <Here as Platform>::Door::knock(state).await.map_err(|error| knock_failed(state, error))?;
    let gone = |_| Error::ImportCut;
    frame::put(&mut line, &Hello { made_unix_ms: made.map_or(0, Timestamp::unix_millis) }).await.map_err(gone)?;
    let (mut bytes, mut broken) = (0, None);
    let end = loop {
        let said: Said = frame::take(&mut line, MESSAGE_BYTES_MAX).await.map_err(gone)?;
        if let Some(end) = said.end {
            break end;
        }
        let answer = match handed(&source, folder, &pieces_of(said)).await {
            Ok(answer) => answer,
            // Said once, the agent asks no more.
            Err(error) => {
                broken.get_or_insert(error);
                FetchResponse::default()
            }
        };
        bytes += answer.pieces.iter().map(|piece| piece.body.len() as u64).sum::<u64>();
        frame::put(&mut line, &answer).await.map_err(gone)?;
        told(bytes);
    };
    if end.busy {
        return Err(Error::ImportBusy);
    }
    if !end.planned {
        return Err(Error::ImportUnplanned);
    }
    let after: Vec<Resource> = serde_json::from_slice(&end.resources).map_err(|_| Error::ImportCut)?;
    Ok(Imported { bundles: judged(carried, before, &after), bytes, broken })
}

/// When the medium says that it was made.
async fn made(source: &FolderSource, folder: &Path) -> Result<Option<Timestamp>, Error> {
    let piece = |item: &str, length| Piece { item: item.to_owned(), offset: 0, length };
    let fetched = source.fetch(&[piece("metadata/timestamp.json", 1), piece(DATE, DATE_BYTES_MAX)]).await;
    let fetched = fetched.map_err(|error| Error::File {
        path: folder.to_owned(),
        source: io::Error::other(match error {
            SourceError::Unreachable(why) => why,
            other => other.to_string(),
        }),
    })?;
    let mut fetched = fetched.into_iter();
    if !matches!(fetched.next(), Some(Fetched::Found { .. })) {
        return Err(Error::ImportNone(folder.to_owned()));
    }
    let Some(Fetched::Found { body, .. }) = fetched.next() else { return Ok(None) };
    let dated = serde_json::from_slice::<Dated>(&body).ok();
    let at = dated.and_then(|dated| dated.made.parse::<jiff::Timestamp>().ok());
    Ok(at.map(|at| Timestamp::from_unix_millis(at.as_millisecond())))
}

/// The versions of each bundle whose index the medium carries, by the names of its files.
fn carried(folder: &Path) -> Result<BTreeMap<BundleName, BTreeSet<BundleVersion>>, Error> {
    let targets = folder.join("targets");
    let failed = Error::file(&targets);
    let plain = fs::symlink_metadata(&targets);
    let entries = match plain
        .and_then(|about| if about.is_dir() { fs::read_dir(&targets) } else { Err(ErrorKind::NotFound.into()) })
    {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        entries => entries.map_err(failed)?,
    };
    let mut carried: BTreeMap<BundleName, BTreeSet<BundleVersion>> = BTreeMap::new();
    for entry in entries.take(NAMES_MAX) {
        let Ok(name) = entry.map_err(Error::file(&targets))?.file_name().into_string() else { continue };
        let index = name.split_once(".bundle.").and_then(|(_, rest)| rest.strip_suffix(".index"));
        let Some((name, version)) = index.and_then(|index| index.split_once('.')) else { continue };
        if let (Ok(name), Ok(version)) = (name.parse(), version.parse()) {
            carried.entry(name).or_default().insert(version);
        }
    }
    Ok(carried)
}

/// What the medium has of some pieces; an error in the system's words when it cannot be read any more.
async fn handed(source: &FolderSource, folder: &Path, pieces: &[Piece]) -> Result<FetchResponse, String> {
    match source.fetch(pieces).await {
        Ok(fetched) => {
            // A medium that was taken out may look like an empty folder.
            if fetched.contains(&Fetched::Missing)
                && let Err(error) = fs::symlink_metadata(folder.join("metadata/timestamp.json"))
            {
                return Err(error.to_string());
            }
            Ok(answer_of(fetched))
        }
        Err(SourceError::Unreachable(why)) => Err(why),
        Err(other) => Err(other.to_string()),
    }
}

fn judged(
    carried: BTreeMap<BundleName, BTreeSet<BundleVersion>>,
    before: &[Resource],
    after: &[Resource],
) -> Vec<Carried> {
    let mut bundles: BTreeMap<String, Carried> = carried
        .into_iter()
        .map(|(name, versions)| {
            let carried = versions.iter().map(ToString::to_string).collect();
            let name = name.to_string();
            (name.clone(), Carried { name, carried, part: Part::Unassigned, wanted: None })
        })
        .collect();
    for one in after {
        let none = || Carried { name: one.name.clone(), carried: Vec::new(), part: Part::Absent, wanted: None };
        let bundle = bundles.entry(one.name.clone()).or_insert_with(none);
        let held = |one: &Resource| one.state == "held";
        let was = before.iter().find(|was| was.name == one.name && was.wanted == one.wanted);
        let some = one.medium_bytes > was.map_or(0, |was| was.medium_bytes);
        bundle.part = match one.state.as_str() {
            "held" if was.is_some_and(held) => Part::Already,
            "held" => Part::InPlace,
            "failed" => Part::Refused,
            "skipped" => Part::Skipped,
            _ if one.reason == "staged" => Part::Ready,
            _ if some && one.bytes > 0 => Part::Partly,
            _ => Part::Absent,
        };
        bundle.wanted = Some(Wanting {
            version: one.wanted.clone(),
            reason: one.reason.clone(),
            bytes: one.bytes,
            of_bytes: one.of_bytes,
            medium_bytes: one.medium_bytes,
        });
    }
    bundles.into_values().collect()
}

fn knock_failed(state: &Path, error: io::Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => Error::NotRunning(state.to_owned()),
        _ => Error::File { path: state.to_owned(), source: error },
    }
}
