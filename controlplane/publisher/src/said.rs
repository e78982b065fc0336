//! What commands answer, for people and for programs.

use crate::difference::{Line, Mark, What};
use crate::pack::Packed;
use crate::proposal::Standing;
use crate::publish::Done;
use crate::release::Released;
use crate::repository::Repository;
use crate::tuf::moment;
use bundle::index_named;
use model::floor::Floor;
use model::time::Timestamp;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::Path;
use words::{Catalogue, Value, bytes_text};

/// The same in both forms.
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) json: Json,
}

/// What was packed, and what is to be done with it.
pub(crate) fn packed_said(all: &[Packed], to: &Path, words: &Catalogue) -> Said {
    let size = |bytes: u64| bytes_text(words.language(), bytes).into();
    let mut text = String::new();
    for packed in all {
        let values = [
            ("bundle", packed.bundle.clone().into()),
            ("version", packed.version.clone().into()),
            ("files", Value::count(packed.files as u64)),
            ("bytes", size(packed.bytes)),
            ("first", size(packed.first_bytes)),
            ("digest", packed.index_sha256.clone().into()),
        ];
        text.push_str(&words.text_with("packed", &values));
        text.push('\n');
        if let Some((from, bytes)) = packed.patch_from.as_ref().zip(packed.patch_bytes) {
            text.push_str(&words.text_with("packed-patch", &[("from", from.clone().into()), ("bytes", size(bytes))]));
            text.push('\n');
        }
    }
    let path = to.display().to_string();
    text.push_str(&words.text_with("proposal-written", &[("path", path.clone().into())]));
    Said { text, json: json!({"proposal": path, "bundles": all}) }
}

/// What a release consists of, and what is to be done with it.
pub(crate) fn released_said(released: &Released, to: &Path, words: &Catalogue) -> Said {
    let (release, path) = (&released.release, to.display().to_string());
    let values = [
        ("version", release.version.to_string().into()),
        ("minimum", release.minimum.to_string().into()),
        ("digest", released.index_sha256.clone().into()),
    ];
    let mut text = words.text_with("released", &values) + "\n";
    for (program, stored) in release.programs.iter().zip(&released.stored_bytes) {
        let machine = format!("{}/{}", program.system.as_str(), program.architecture.as_str());
        let values = [
            ("machine", machine.into()),
            ("bytes", bytes_text(words.language(), *stored).into()),
            ("digest", program.sha256.to_string().into()),
        ];
        text.push_str(&(words.text_with("released-program", &values) + "\n"));
    }
    text.push_str(&words.text_with("proposal-written", &[("path", path.clone().into())]));
    Said { text, json: json!({"proposal": path, "release": released}) }
}

/// What a floor demands, and what is to be done with it.
pub(crate) fn floor_said(floor: &Floor, to: &Path, words: &Catalogue) -> Said {
    let path = to.display().to_string();
    let values = [
        ("version", floor.version.to_string().into()),
        ("blocked", Value::count(floor.blocked.len() as u64)),
        ("open", Value::count(floor.open.len() as u64)),
    ];
    let mut text = words.text_with("floor-packed", &values) + "\n";
    text.push_str(&words.text_with("proposal-written", &[("path", path.clone().into())]));
    Said { text, json: json!({"proposal": path, "floor": floor}) }
}

/// What is proposed, line by line, and how far it is; `compared` names the indexes that a holder's own folders gave.
pub(crate) fn proposal_said(
    standings: &[Standing],
    compared: Option<&BTreeSet<String>>,
    signed: Option<&[String]>,
    words: &Catalogue,
) -> Said {
    let (mut text, mut unknown) = (String::new(), Vec::new());
    for one in standings {
        text.push_str(&standing_text(one, words));
        let targets = one.lines.iter().filter(|line| line.what == What::Target);
        let (same, told): (Vec<&Line>, Vec<&Line>) = targets.partition(|line| line.mark == Mark::Same);
        // Keys that stay are said, too: who signs a root signs for all of them.
        for line in one.lines.iter().filter(|line| line.what != What::Target).chain(told.iter().copied()) {
            text.push_str(&line_text(line, words));
        }
        if !same.is_empty() {
            let values = [("count", Value::count(same.len() as u64))];
            text.push_str(&format!("    {}\n", words.text_with("line-same", &values)));
        }
        let new = told.into_iter().filter(|line| line.mark == Mark::New && is_bundle(&line.name));
        unknown.extend(new.map(|line| line.name.clone()));
    }
    unknown.retain(|name| compared.is_some_and(|compared| !compared.contains(name)));
    for name in &unknown {
        text.push_str(&words.text_with("not-compared", &[("name", plain(name).into())]));
        text.push('\n');
    }
    let complete = is_complete(standings);
    Said {
        text,
        json: json!({"documents": standings, "not_compared": unknown, "signed": signed, "complete": complete}),
    }
}

/// Whether a target is a resource's index: what a holder may compare with a folder.
fn is_bundle(name: &str) -> bool {
    index_named(name).is_some()
}

/// How far a proposal is after a signature; what it says was shown before.
pub(crate) fn signed_text(standings: &[Standing], words: &Catalogue) -> String {
    let mut text: String = standings.iter().map(|one| standing_text(one, words)).collect();
    text.push_str(&words.text(if is_complete(standings) { "complete" } else { "incomplete" }));
    text
}

fn is_complete(standings: &[Standing]) -> bool {
    standings.iter().all(|one| one.have >= one.need)
}

fn standing_text(one: &Standing, words: &Catalogue) -> String {
    let values = [
        ("role", one.role.clone().into()),
        ("version", one.version.to_string().into()),
        ("expires", plain(&one.expires).into()),
        ("have", Value::count(one.have as u64)),
        ("need", Value::count(one.need as u64)),
    ];
    words.text_with("standing", &values) + "\n"
}

fn line_text(line: &Line, words: &Catalogue) -> String {
    let mark = match line.mark {
        Mark::New => '+',
        Mark::Gone => '-',
        Mark::Same => ' ',
    };
    let key = match line.what {
        What::Key => "line-key",
        What::Threshold => "line-threshold",
        What::Delegation => "line-delegation",
        What::Target => "line-target",
    };
    let values = [("name", plain(&line.name).into()), ("value", plain(&line.value).into())];
    format!("  {mark} {}\n", words.text_with(key, &values))
}

/// As it may stand on a terminal: another's text moves no cursor and turns no line round.
fn plain(text: &str) -> String {
    let sign = |c: char| if c == ' ' || c.is_ascii_graphic() { c.to_string() } else { c.escape_unicode().to_string() };
    text.chars().map(sign).collect()
}

/// What devices are offered now.
pub(crate) fn done_said(key: &str, done: &Done, words: &Catalogue) -> Said {
    let versions: Vec<String> = done.versions.iter().map(|(role, version)| format!("{role} {version}")).collect();
    Said { text: words.text_with(key, &[("versions", versions.join(", ").into())]), json: json!(done) }
}

/// Each role with its end, and each bundle.
pub(crate) fn status_said(repository: &Repository, now: Timestamp, words: &Catalogue) -> Said {
    let now = moment(now);
    let (mut text, mut roles, mut bundles) = (String::new(), Vec::new(), Vec::new());
    for (role, version, expires) in repository.roles() {
        // Both are written alike, so that their order is that of time.
        let expired = expires <= now.as_str();
        let key = if expired { "role-expired" } else { "role-held" };
        let values =
            [("role", role.into()), ("version", version.to_string().into()), ("expires", expires.to_owned().into())];
        text.push_str(&words.text_with(key, &values));
        text.push('\n');
        roles.push(json!({"role": role, "version": version, "expires": expires, "expired": expired}));
    }
    let lists = repository.published.iter().flat_map(|published| published.lists.values());
    let published: Vec<_> = lists.flat_map(|list| &list.targets.targets).collect();
    for (name, target) in published.iter().filter(|(name, _)| is_bundle(name)) {
        let about = target.custom.as_ref().map(|custom| &custom["cartable"]).cloned().unwrap_or_default();
        text.push_str(&format!(
            "{} {}  {}\n",
            about["bundle"].as_str().unwrap_or(name),
            about["version"].as_str().unwrap_or_default(),
            bytes_text(words.language(), about["bytes"].as_u64().unwrap_or_default()),
        ));
        bundles.push(about);
    }
    let others: Vec<&String> =
        published.iter().map(|(name, _)| *name).filter(|name| !name.ends_with(".patch") && !is_bundle(name)).collect();
    others.iter().for_each(|name| text.push_str(&format!("{name}\n")));
    if repository.published.is_none() {
        text.push_str(&words.text("nothing-published"));
    }
    Said { text, json: json!({"roles": roles, "bundles": bundles, "others": others}) }
}
