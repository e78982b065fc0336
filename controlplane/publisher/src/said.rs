//! What commands answer, for people and for programs.

use crate::pack::Packed;
use crate::proposal::Standing;
use crate::publish::Done;
use crate::repository::Repository;
use crate::tuf::moment;
use model::time::Timestamp;
use serde_json::{Value as Json, json};
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

/// What is proposed, and how far it is.
pub(crate) fn proposal_said(standings: &[Standing], signed: Option<&[String]>, words: &Catalogue) -> Said {
    let mut text = String::new();
    for one in standings {
        let values = [
            ("role", one.role.clone().into()),
            ("version", one.version.to_string().into()),
            ("expires", one.expires.clone().into()),
            ("have", Value::count(one.have as u64)),
            ("need", Value::count(one.need as u64)),
        ];
        text.push_str(&words.text_with("standing", &values));
        text.push('\n');
        for target in &one.targets {
            text.push_str(&format!("  {target}\n"));
        }
    }
    let complete = standings.iter().all(|one| one.have >= one.need);
    if signed.is_some() {
        text.push_str(&words.text(if complete { "complete" } else { "incomplete" }));
    }
    Said { text, json: json!({"documents": standings, "signed": signed, "complete": complete}) }
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
    let published = repository.published.iter().flat_map(|published| &published.bundles.targets);
    for (name, target) in published.filter(|(name, _)| name.ends_with(".index")) {
        let about = target.custom.as_ref().map(|custom| &custom["cartable"]).cloned().unwrap_or_default();
        text.push_str(&format!(
            "{} {}  {}\n",
            about["bundle"].as_str().unwrap_or(name),
            about["version"].as_str().unwrap_or_default(),
            bytes_text(words.language(), about["bytes"].as_u64().unwrap_or_default()),
        ));
        bundles.push(about);
    }
    if repository.published.is_none() {
        text.push_str(&words.text("nothing-published"));
    }
    Said { text, json: json!({"roles": roles, "bundles": bundles}) }
}
