//! Bundles onto a medium: a small repository, for devices that have no network, or a slow one.

use super::carry::{Item, Known, Medium, is_known};
use super::push::public;
use super::shelf::{BYTES_MAX, PIECES_MAX, Shelf, damaged, piece};
use crate::Error;
use crate::call::Call;
use crate::print::{Sheet, Tone, clean};
use bundle::limits::{INDEX_BYTES_MAX, PATCH_BYTES_MAX};
use bundle::{Index, Name, Version, index_named, index_target, target_prefix};
use clap::Args;
use identity::tls;
use model::digest::{Digest, Digester};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use wire::v1::{BundleAssignmentsRequest, FilePiece};

/// The largest document of the metadata, in bytes.
const DOCUMENT_BYTES_MAX: u64 = 4 << 20;
/// All documents together, in bytes, which are in memory at one time.
const DOCUMENTS_BYTES_MAX: usize = 64 << 20;
/// The most roots, and the most roles of a snapshot.
const ROOTS_MAX: u64 = 4_096;
const ROLES_MAX: usize = 100;
/// The most assignments that are asked for at a time.
const PAGE: u32 = 500;
/// When the medium was made, for devices that have no network: `cartable-agent import` reads it.
const DATE: &str = "medium.json";
const TIMESTAMP: &str = "metadata/timestamp.json";

#[derive(Debug, Args)]
pub(crate) struct Export {
    bundles: Vec<String>,
    #[arg(long)]
    to: PathBuf,
    #[arg(long)]
    from: Option<PathBuf>,
    #[arg(long)]
    patches: bool,
}

/// What a medium holds now; the field names are promised to programs.
#[derive(Debug, Serialize)]
struct Exported {
    folder: PathBuf,
    bundles: Vec<Carried>,
    /// What is assigned and not in the repository any more.
    left_out: Vec<String>,
    files: usize,
    files_copied: usize,
    bytes: u64,
    bytes_copied: u64,
}

#[derive(Debug, Serialize)]
struct Carried {
    bundle: String,
    version: String,
    title: String,
    bytes: u64,
}

#[derive(Deserialize)]
struct Document<T> {
    signed: T,
}

#[derive(Deserialize)]
struct Listing {
    meta: BTreeMap<String, Listed>,
}

#[derive(Deserialize)]
struct Listed {
    version: u64,
}

#[derive(Deserialize)]
struct Targets {
    targets: BTreeMap<String, Target>,
}

#[derive(Clone, Deserialize)]
struct Target {
    length: u64,
    hashes: Hashes,
}

#[derive(Clone, Deserialize)]
struct Hashes {
    sha256: Digest,
}

/// The metadata as it was when the medium was begun.
struct Metadata {
    /// All documents by their names, in the order in which they are written.
    documents: Vec<(String, Vec<u8>)>,
    targets: BTreeMap<String, Target>,
}

pub(super) async fn bundle_export(export: Export, call: &mut Call<'_>) -> Result<(), Error> {
    let mut shelf = match &export.from {
        Some(folder) => Shelf::Folder(public(folder)?),
        None => Shelf::Server(Box::new(call.client().await?)),
    };
    let made = now();
    let metadata = metadata_read(&mut shelf, call).await?;
    let (chosen, left_out) = chosen(&export, &metadata, &mut shelf, call).await?;
    let medium = Medium::open(&export.to)?;
    call.progress.text(call.words.text("progress-comparing"));
    let mut items: BTreeMap<String, Item> = BTreeMap::new();
    let (mut carried, mut indexes) = (Vec::new(), Vec::new());
    for (name, version) in &chosen {
        let target_name = index_target(name, version);
        let target = &metadata.targets[&target_name];
        let item = item_of(&target_name, target);
        let bytes = shelf.file(&item.path, INDEX_BYTES_MAX as u64, call).await?;
        let bytes = bytes.filter(|bytes| is_known(bytes, &item.known)).ok_or_else(|| damaged(&item.path))?;
        let index = Index::decode(&bytes).map_err(|_| damaged(&item.path))?;
        carried.push(Carried {
            bundle: name.to_string(),
            version: version.to_string(),
            title: clean(&index.manifest().title),
            bytes: index.size(),
        });
        items.insert(item.path.clone(), item);
        let patches = metadata.targets.iter().filter(|(target, _)| export.patches && is_patch(target, name, version));
        items.extend(patches.map(|(name, target)| item_of(name, target)).map(|item| (item.path.clone(), item)));
        indexes.push(index);
    }
    for item in chunks_sized(&indexes, &mut shelf, call).await? {
        items.insert(item.path.clone(), item);
    }
    let missing = missing(&medium, &items, call);
    let documents: u64 = metadata.documents.iter().map(|(_, bytes)| bytes.len() as u64).sum();
    if let Err((needed, free)) = medium.room(&missing, documents) {
        let look = call.print.look();
        let values =
            [("path", export.to.display().to_string()), ("needed", look.bytes(needed)), ("free", look.bytes(free))];
        let values = values.into_iter().map(|(key, value)| (key, value.into())).collect();
        return Err(Error::Short { values });
    }
    let bytes_copied = copied(&missing, &medium, &mut shelf, call).await?;
    // Everything that the metadata names is there before it is.
    medium.sync()?;
    for (path, bytes) in metadata.documents.iter().filter(|(path, _)| path != TIMESTAMP) {
        medium.write(path, bytes, true)?;
    }
    medium.write(DATE, format!("{{\"made\":\"{made}\"}}\n").as_bytes(), true)?;
    for (path, bytes) in metadata.documents.iter().filter(|(path, _)| path == TIMESTAMP) {
        medium.write(path, bytes, true)?;
    }
    medium.sync()?;
    call.progress.clear();
    let exported = Exported {
        bundles: carried,
        left_out,
        files: items.len() + metadata.documents.len() + 1,
        files_copied: missing.len(),
        bytes: items.values().map(|item| item.size).sum::<u64>() + documents,
        bytes_copied,
        folder: export.to,
    };
    let sheet = exported.sheet(call);
    call.print.one(&exported, || sheet)
}

impl Exported {
    fn sheet(&self, call: &Call<'_>) -> Sheet {
        let look = call.print.look();
        let mut sheet = Sheet::default();
        sheet.section(look.words.text_with("export-done", &[("path", self.folder.display().to_string().into())]));
        for one in &self.bundles {
            let what = format!("{} ({})", one.title, look.bytes(one.bytes));
            sheet.line(format!("{} {}", one.bundle, one.version), what, Tone::Plain);
        }
        for one in &self.left_out {
            sheet.line(one.clone(), look.text("export-left-out"), Tone::Warning);
        }
        sheet.line(look.text("export-bytes"), look.bytes(self.bytes), Tone::Plain);
        sheet.line(look.text("export-copied"), look.bytes(self.bytes_copied), Tone::Plain);
        sheet.line(look.text("export-next"), look.text("export-command"), Tone::Plain);
        sheet
    }
}

async fn metadata_read(shelf: &mut Shelf, call: &mut Call<'_>) -> Result<Metadata, Error> {
    let (mut documents, mut room) = (Vec::new(), DOCUMENTS_BYTES_MAX);
    let timestamp = shelf.file(TIMESTAMP, DOCUMENT_BYTES_MAX, call).await?;
    let timestamp = timestamp.ok_or_else(|| Error::usage("error-repository-none", &[]))?;
    let listing: Listing = parsed(&timestamp, TIMESTAMP)?;
    let snapshot = listing.meta.get("snapshot.json").ok_or_else(|| damaged(TIMESTAMP))?;
    let snapshot_path = format!("metadata/{}.snapshot.json", snapshot.version);
    let snapshot = document(shelf, &snapshot_path, call).await?;
    let listing: Listing = parsed(&snapshot, &snapshot_path)?;
    for number in 1..=ROOTS_MAX {
        let path = format!("metadata/{number}.root.json");
        let Some(root) = shelf.file(&path, DOCUMENT_BYTES_MAX, call).await? else { break };
        room = room.checked_sub(root.len()).ok_or_else(|| damaged(&path))?;
        documents.push((path, root));
    }
    let mut targets = BTreeMap::new();
    for (file, listed) in listing.meta.iter().take(ROLES_MAX) {
        let path = format!("metadata/{}.{file}", listed.version);
        let role = document(shelf, &path, call).await?;
        if ["bundles.json", "lists.json"].contains(&file.as_str()) {
            targets.extend(parsed::<Targets>(&role, &path)?.targets);
        }
        room = room.checked_sub(role.len()).ok_or_else(|| damaged(&path))?;
        documents.push((path, role));
    }
    documents.push((snapshot_path, snapshot));
    documents.push((TIMESTAMP.to_owned(), timestamp));
    Ok(Metadata { documents, targets })
}

async fn document(shelf: &mut Shelf, path: &str, call: &mut Call<'_>) -> Result<Vec<u8>, Error> {
    shelf.file(path, DOCUMENT_BYTES_MAX, call).await?.ok_or_else(|| damaged(path))
}

fn parsed<T: for<'a> Deserialize<'a>>(bytes: &[u8], path: &str) -> Result<T, Error> {
    serde_json::from_slice::<Document<T>>(bytes).map(|document| document.signed).map_err(|_| damaged(path))
}

/// Which versions go on the medium: those that are named, else those that are assigned, or all of a folder's newest; and what is assigned
/// and not there.
async fn chosen(
    export: &Export,
    metadata: &Metadata,
    shelf: &mut Shelf,
    call: &mut Call<'_>,
) -> Result<(BTreeSet<(Name, Version)>, Vec<String>), Error> {
    let mut left_out = Vec::new();
    let mut offered: BTreeMap<Name, BTreeSet<Version>> = BTreeMap::new();
    for (name, version) in metadata.targets.keys().filter_map(|target| index_named(target)) {
        offered.entry(name).or_default().insert(version);
    }
    let newest = |name: &Name| offered.get(name).and_then(|versions| versions.last().cloned());
    let mut chosen = BTreeSet::new();
    for text in &export.bundles {
        let (name, version) =
            text.split_once('@').map_or((text.as_str(), None), |(name, version)| (name, Some(version)));
        let unknown = || Error::usage("error-bundle-none", &[("bundle", &clean(text))]);
        let name: Name = name.parse().map_err(|_| unknown())?;
        let version = match version {
            Some(version) => {
                version.parse().ok().filter(|version| offered.get(&name).is_some_and(|v| v.contains(version)))
            }
            None => newest(&name),
        };
        chosen.insert((name, version.ok_or_else(unknown)?));
    }
    if export.bundles.is_empty() {
        match shelf {
            Shelf::Folder(_) => chosen.extend(offered.keys().filter_map(|name| Some((name.clone(), newest(name)?)))),
            Shelf::Server(_) => {
                for (name, version) in assigned(call).await? {
                    if offered.get(&name).is_some_and(|all| all.contains(&version)) {
                        chosen.insert((name, version));
                    } else {
                        left_out.push(format!("{name}@{version}"));
                    }
                }
            }
        }
    }
    if chosen.is_empty() {
        let known: Vec<String> = offered.keys().map(ToString::to_string).collect();
        if !left_out.is_empty() {
            let values = [("gone", &*left_out.join(", ")), ("known", &known.join(", "))];
            return Err(Error::usage("error-export-gone", &values));
        }
        return Err(Error::usage("error-export-none", &[("known", &known.join(", "))]));
    }
    Ok((chosen, left_out))
}

/// What is assigned to anybody within the caller's reach.
async fn assigned(call: &mut Call<'_>) -> Result<BTreeSet<(Name, Version)>, Error> {
    let mut client = call.client().await?;
    let (mut assigned, mut after) = (BTreeSet::new(), String::new());
    loop {
        let request = BundleAssignmentsRequest { bundle: String::new(), limit: PAGE, after };
        let answer = call.answer(client.bundle_assignments(request)).await?;
        let pairs =
            answer.assignments.iter().filter_map(|one| Some((one.bundle.parse().ok()?, one.version.parse().ok()?)));
        // Releases of the agent lie in another repository.
        assigned.extend(pairs.filter(|(name, _): &(Name, Version)| !name.is_agent()));
        if answer.next.is_empty() {
            return Ok(assigned);
        }
        after = answer.next;
    }
}

/// The chunks of all indexes, once each, with their sizes in the repository.
async fn chunks_sized(indexes: &[Index], shelf: &mut Shelf, call: &mut Call<'_>) -> Result<Vec<Item>, Error> {
    let chunks = indexes.iter().flat_map(Index::chunks).map(|chunk| (chunk.id, chunk.length));
    let chunks: BTreeMap<_, usize> = chunks.collect();
    let path = |id: &bundle::ContentId| {
        let id = id.to_string();
        format!("chunks/{}/{id}", &id[..2])
    };
    let paths: Vec<String> = chunks.keys().map(path).collect();
    let sizes = shelf.sizes(&paths, call).await?;
    let items = paths.into_iter().zip(sizes).zip(chunks).map(|((path, size), (id, length))| {
        let size = size.filter(|size| *size <= length as u64).ok_or_else(|| damaged(&path))?;
        Ok(Item { path, size, known: Known::Chunk(length, id) })
    });
    items.collect()
}

/// What the medium does not hold yet, or not whole.
fn missing(medium: &Medium, items: &BTreeMap<String, Item>, call: &mut Call<'_>) -> Vec<Item> {
    call.progress.bar(items.values().map(|item| item.size).sum(), call.words.text("progress-comparing"));
    let (mut missing, mut seen) = (Vec::new(), 0);
    for item in items.values() {
        if !medium.has(item) {
            missing.push(item.clone());
        }
        seen += item.size;
        call.progress.at(seen);
    }
    missing
}

/// Copies files, those that fit in one answer together; how many bytes that were.
async fn copied(missing: &[Item], medium: &Medium, shelf: &mut Shelf, call: &mut Call<'_>) -> Result<u64, Error> {
    call.progress.bar(missing.iter().map(|item| item.size).sum(), call.words.text("progress-copying"));
    let (mut at, mut bytes) = (0, 0);
    while let Some(first) = missing.get(at) {
        if first.size > BYTES_MAX {
            large_copied(first, medium, shelf, (bytes, call)).await?;
            (at, bytes) = (at + 1, bytes + first.size);
        } else {
            let mut room = BYTES_MAX;
            let together = missing[at..].iter().take(PIECES_MAX).map_while(|item| {
                room = room.checked_sub(item.size)?;
                Some(item)
            });
            let together: Vec<&Item> = together.collect();
            let asked: Vec<FilePiece> = together.iter().map(|item| piece(&item.path, 0, item.size)).collect();
            let told = shelf.pieces(&asked, call).await?;
            for (item, told) in together.iter().zip(&told) {
                if !told.found || told.size != item.size || !is_known(&told.body, &item.known) {
                    return Err(damaged(&item.path));
                }
                medium.write(&item.path, &told.body, false)?;
                (at, bytes) = (at + 1, bytes + item.size);
            }
        }
        call.progress.at(bytes);
    }
    Ok(bytes)
}

/// Copies a file piece by piece, through no more memory than one.
async fn large_copied(
    item: &Item,
    medium: &Medium,
    shelf: &mut Shelf,
    (before, call): (u64, &mut Call<'_>),
) -> Result<(), Error> {
    let Known::Sha256(digest) = &item.known else { return Err(damaged(&item.path)) };
    let mut draft = medium.draft()?;
    let (mut digester, mut at) = (Digester::default(), 0);
    while at < item.size {
        let next = shelf.piece_at(&item.path, at, BYTES_MAX, call).await?;
        let (body, size) = next.ok_or_else(|| damaged(&item.path))?;
        if size != item.size || body.is_empty() {
            return Err(damaged(&item.path));
        }
        digester.update(&body);
        draft.add(&body)?;
        at += body.len() as u64;
        call.progress.at(before + at);
    }
    if digester.finish() != *digest {
        return Err(damaged(&item.path));
    }
    medium.place(draft, &item.path, true)
}

fn item_of(name: &str, target: &Target) -> Item {
    let sha256 = target.hashes.sha256;
    Item {
        path: format!("targets/{sha256}.{name}"),
        size: target.length.min(PATCH_BYTES_MAX as u64),
        known: Known::Sha256(sha256),
    }
}

fn is_patch(target: &str, name: &Name, version: &Version) -> bool {
    target.starts_with(&format!("{}{version}.from.", target_prefix(name))) && target.ends_with(".patch")
}

fn now() -> jiff::Timestamp {
    let seconds = tls::system_time().current_time().and_then(|now| i64::try_from(now.as_secs()).ok());
    jiff::Timestamp::from_second(seconds.unwrap_or(0)).unwrap_or_default()
}
