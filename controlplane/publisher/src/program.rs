//! The program `cartable-publish`: what each command does and says.

use crate::arguments::{Arguments, BundleVerb, FloorVerb, KeyVerb, Output, ReleaseVerb, RepositoryVerb, Verb, command};
use crate::error::{Error, Result, write_failed};
use crate::floor::floor_pack;
use crate::folder::{Folder, file_create};
use crate::key::{PublicKey, SigningKey};
use crate::kind::{FLOOR, LISTS_ROLE, RELEASES};
use crate::list::said::list_act;
use crate::progress::Progress;
use crate::proposal::Proposal;
use crate::release::release_pack;
use crate::repository::{BUNDLES, Founders, Holders, Repository, init, renew};
use crate::rotate::{Rotation, rotate};
use crate::said::{Said, done_said, floor_said, packed_said, proposal_said, released_said, signed_text, status_said};
use crate::source::MANIFEST;
use crate::tuf::sha256;
use crate::{bundle_pack, bundle_pack_dry, clock, manual, publish, refresh};
use clap::FromArgMatches;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use words::{Catalogue, Language, lang_flag, usage_error_text};

pub(crate) const FR: &str = include_str!("../i18n/fr.ftl");
pub(crate) const EN: &str = include_str!("../i18n/en.ftl");

/// Runs a command line: 0 done, 1 failed, 2 a command line that makes no sense.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let locale: Vec<Option<String>> = ["LC_ALL", "LC_MESSAGES", "LANG"].map(|v| std::env::var(v).ok()).into();
    let locale: Vec<Option<&str>> = locale.iter().map(Option::as_deref).collect();
    let words = Catalogue::new(Language::choose(lang_flag(&arguments).as_deref(), &locale), FR, EN);
    let parsed = command(&words).try_get_matches_from(arguments).and_then(|m| Arguments::from_arg_matches(&m));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => {
            eprint!("{}", usage_error_text(&error, &words));
            return ExitCode::from(2);
        }
        Err(error) => {
            print(usage_error_text(&error, &words).as_bytes());
            return ExitCode::SUCCESS;
        }
    };
    let done = match arguments.verb {
        Verb::Completion { shell } => {
            print(&manual::completion(shell, &words));
            return ExitCode::SUCCESS;
        }
        Verb::Man { to } => manual::pages_write(&to, &words).map(|()| path_said("man-written", &to, &words)),
        Verb::Bundle { verb } => bundle_act(verb, arguments.output, &words),
        Verb::Release { verb } => release_act(verb, &words),
        Verb::Floor { verb } => floor_act(verb, &words),
        Verb::List { verb } => list_act(verb, arguments.output, &words),
        Verb::Key { verb } => key_act(verb, &words),
        Verb::Repository { verb } => repository_act(verb, &words),
    };
    match done {
        Ok(said) => {
            print(said_text(&said, arguments.output).as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{} {}", words.text("failed"), crate::words::error_text(&error, &words));
            ExitCode::FAILURE
        }
    }
}

/// An answer in the form that was asked for.
pub(crate) fn said_text(said: &Said, output: Output) -> String {
    let json = said.json.to_string();
    let text = if output == Output::Json { &json } else { &said.text };
    format!("{}\n", text.trim_end())
}

fn bundle_act(verb: BundleVerb, output: Output, words: &Catalogue) -> Result<Said> {
    match verb {
        BundleVerb::Init { folder, name } => {
            let path = folder.join(MANIFEST);
            let named = folder.file_name().and_then(|name| name.to_str()).map(str::to_owned);
            let name: Option<bundle::Name> = match name {
                Some(name) => Some(name.parse().map_err(bundle::Error::from)?),
                None => named.and_then(|name| name.parse().ok()),
            };
            let name = name.as_ref().map_or("ma-ressource", bundle::Name::as_str).to_owned();
            std::fs::create_dir_all(&folder).map_err(write_failed(&folder))?;
            let text = words.text_with("manifest", &[("name", name.into())]) + "\n";
            file_create(&path, text.as_bytes(), 0o644)?;
            Ok(path_said("manifest-written", &path, words))
        }
        BundleVerb::Pack { folders, repository, to } => {
            let (proposal, packed) =
                bundle_pack(&Folder::new(repository), &folders, clock::now(), &mut bar("packing", words))?;
            proposal.write(&to)?;
            Ok(packed_said(&packed, &to, words))
        }
        BundleVerb::Sign { proposal: path, key, folders, yes } => {
            let mut proposal = Proposal::read(&path)?;
            let key = SigningKey::read(&key)?;
            let mut compared = BTreeSet::new();
            for folder in &folders {
                let index = bundle_pack_dry(folder, &mut bar("comparing", words))?;
                let name = bundle::index_target(&index.manifest().name, &index.manifest().version);
                if !proposal.names(&name, &sha256(&index.encode()))? {
                    return Err(Error::FolderUnasked(folder.clone()));
                }
                compared.insert(name);
            }
            let public = key.public();
            let shown = proposal_said(&proposal.standings(Some(&public))?, Some(&compared), None, words);
            confirm(&shown.text, yes, output, words)?;
            let signed = proposal.sign(&key)?;
            proposal.write(&path)?;
            // It was shown before; programs are told now.
            let mut said = proposal_said(&proposal.standings(Some(&public))?, Some(&compared), Some(&signed), words);
            said.text = signed_text(&proposal.standings(None)?, words);
            Ok(said)
        }
        BundleVerb::Publish { proposal, repository } => {
            let done = publish(&Folder::new(repository), &Proposal::read(&proposal)?, clock::now())?;
            Ok(done_said("published", &done, words))
        }
    }
}

fn release_act(verb: ReleaseVerb, words: &Catalogue) -> Result<Said> {
    let ReleaseVerb::Pack { version, minimum, programs, repository, to } = verb;
    let (proposal, released) = release_pack(&Folder::new(repository), version, minimum, &programs, clock::now())?;
    proposal.write(&to)?;
    Ok(released_said(&released, &to, words))
}

fn floor_act(verb: FloorVerb, words: &Catalogue) -> Result<Said> {
    match verb {
        FloorVerb::Init { floor } => {
            file_create(&floor, (words.text("floor") + "\n").as_bytes(), 0o644)?;
            Ok(path_said("floor-written", &floor, words))
        }
        FloorVerb::Pack { floor, repository, to } => {
            let (proposal, floor) = floor_pack(&Folder::new(repository), &floor, clock::now())?;
            proposal.write(&to)?;
            Ok(floor_said(&floor, &to, words))
        }
    }
}

fn key_act(verb: KeyVerb, words: &Catalogue) -> Result<Said> {
    match verb {
        KeyVerb::New { to } => {
            let id = SigningKey::create(&to)?.public().id();
            let path = to.display().to_string();
            let text = words.text_with("key-made", &[("path", path.clone().into()), ("id", id.clone().into())]);
            Ok(Said { text, json: json!({"id": id, "key": path, "public": format!("{path}.pub")}) })
        }
        KeyVerb::Show { key } => {
            let key = PublicKey::read(&key)?;
            let public = key.0.keyval.public.clone();
            let text = words.text_with("key-shown", &[("id", key.id().into()), ("public", public.clone().into())]);
            Ok(Said { text, json: json!({"id": key.id(), "public": public}) })
        }
        KeyVerb::Rotate { repository, role, add, remove, threshold, to } => {
            let rotation = Rotation { add: keys_read(&add)?, remove, threshold };
            let proposal = rotate(&Folder::new(repository), role.name(), &rotation, clock::now())?;
            proposed(&proposal, &to, words)
        }
    }
}

fn repository_act(verb: RepositoryVerb, words: &Catalogue) -> Result<Said> {
    match verb {
        RepositoryVerb::Init {
            repository,
            kind,
            root,
            root_threshold,
            targets,
            targets_threshold,
            bundles,
            bundles_threshold,
            floor,
            floor_threshold,
            lists,
            lists_threshold,
            releases,
            releases_threshold,
            to,
        } => {
            let holders = |keys: &[PathBuf], threshold| keys_read(keys).map(|keys| Holders { keys, threshold });
            let (root, targets) = (holders(&root, root_threshold)?, holders(&targets, targets_threshold)?);
            let mut founders = Founders { root, targets, lists: BTreeMap::new() };
            for (role, keys, threshold) in [
                (BUNDLES, bundles, bundles_threshold),
                (FLOOR, floor, floor_threshold),
                (LISTS_ROLE, lists, lists_threshold),
                (RELEASES, releases, releases_threshold),
            ] {
                if !keys.is_empty() {
                    founders.lists.insert(role.to_owned(), holders(&keys, threshold.unwrap_or(1))?);
                }
            }
            let proposal = init(&Folder::new(repository), kind.into(), &founders, clock::now())?;
            proposed(&proposal, &to, words)
        }
        RepositoryVerb::Refresh { repository } => {
            Ok(done_said("refreshed", &refresh(&Folder::new(repository), clock::now())?, words))
        }
        RepositoryVerb::Renew { repository, to } => {
            proposed(&renew(&Folder::new(repository), clock::now())?, &to, words)
        }
        RepositoryVerb::Status { repository } => {
            Ok(status_said(&Repository::read(&Folder::new(repository))?, clock::now(), words))
        }
    }
}

fn proposed(proposal: &Proposal, to: &Path, words: &Catalogue) -> Result<Said> {
    proposal.write(to)?;
    let mut said = proposal_said(&proposal.standings(None)?, None, None, words);
    said.text.push_str(&words.text_with("proposal-written", &[("path", to.display().to_string().into())]));
    Ok(said)
}

fn keys_read(paths: &[PathBuf]) -> Result<Vec<PublicKey>> {
    paths.iter().map(|path| PublicKey::read(path)).collect()
}

/// Shows what would be signed, and asks; refuses where nobody can answer, unless the answer was given before.
fn confirm(what: &str, yes: bool, output: Output, words: &Catalogue) -> Result<()> {
    eprint!("{what}");
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() || output == Output::Json {
        return Err(Error::NotConfirmed);
    }
    eprint!("{} ", words.text("sign-question"));
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(|_| Error::NotConfirmed)?;
    let yes = ["o", "oui", "y", "yes"].contains(&line.trim().to_lowercase().as_str());
    if yes { Ok(()) } else { Err(Error::NotConfirmed) }
}

pub(crate) fn bar<'a>(key: &'a str, words: &'a Catalogue) -> impl FnMut(u64, &str) -> Progress + 'a {
    move |total, name| {
        Progress::new(total, words.text_with(key, &[("name", name.to_owned().into())]), io::stderr().is_terminal())
    }
}

fn path_said(key: &str, path: &Path, words: &Catalogue) -> Said {
    let path = path.display().to_string();
    Said { text: words.text_with(key, &[("path", path.clone().into())]), json: json!({ "path": path }) }
}

/// Standard output may be closed; what was done is done.
pub(crate) fn print(bytes: &[u8]) {
    let _ = io::stdout().write_all(bytes);
}
