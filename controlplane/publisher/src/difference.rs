//! What a proposal would change: what a holder has to see before a key signs it.

use crate::error::Result;
use crate::key::PublicKey;
use crate::tuf::{Delegations, Document, RoleKeys, Root, Targets};
use serde::Serialize;
use std::collections::BTreeSet;

/// One thing that a document says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// How it stands beside what holds now.
    pub mark: Mark,
    /// What kind of thing it is.
    pub what: What,
    /// The role, or the target.
    pub name: String,
    /// The key, the number, the paths, or the SHA-256.
    pub value: String,
}

/// How something stands beside what holds now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// It is no longer said.
    Gone,
    /// It is said for the first time, or otherwise than before.
    New,
    /// It holds now, too.
    Same,
}

/// What kind of thing a document says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// A key that may sign for a role.
    Key,
    /// How many of them must.
    Threshold,
    /// Names that a role may sign.
    Delegation,
    /// A file that devices may install.
    Target,
}

type Said = BTreeSet<(What, String, String)>;

/// What a document says, line by line, and what the one before it said besides.
pub(crate) fn lines(role: &str, before: Option<&Document>, next: &Document) -> Result<Vec<Line>> {
    let (before, next) = (before.map(|before| said(role, before)).transpose()?.unwrap_or_default(), said(role, next)?);
    let line = |mark, (what, name, value): &(What, String, String)| Line {
        mark,
        what: *what,
        name: name.clone(),
        value: value.clone(),
    };
    let mut lines: Vec<Line> = before.difference(&next).map(|one| line(Mark::Gone, one)).collect();
    lines.extend(next.iter().map(|one| line(if before.contains(one) { Mark::Same } else { Mark::New }, one)));
    lines.sort_by(|one, other| (one.what, &one.name, one.mark).cmp(&(other.what, &other.name, other.mark)));
    Ok(lines)
}

/// The list of before, when a key itself signed them: whoever carries a proposal may carry others with it.
pub(crate) fn signed_before<'a>(
    role: &str,
    before: &'a Document,
    next: &Document,
    key: &PublicKey,
) -> Result<Option<&'a Document>> {
    let (was, will): (Targets, Targets) = (before.role()?, next.role()?);
    let keys = [(key.id(), key.0.clone())].into();
    let alone = RoleKeys { keyids: vec![key.id()], threshold: 1 };
    let follows = was.version.checked_add(1) == Some(will.version);
    Ok((follows && before.verify(role, &keys, &alone).is_ok()).then_some(before))
}

fn said(role: &str, document: &Document) -> Result<Said> {
    let mut said = Said::new();
    if role == "root" {
        let root: Root = document.role()?;
        root.roles.iter().for_each(|(role, keys)| keys_say(role, keys, &mut said));
        return Ok(said);
    }
    let targets: Targets = document.role()?;
    if let Some(Delegations { roles, .. }) = &targets.delegations {
        for role in roles {
            keys_say(&role.name, &role.keys, &mut said);
            let mut paths = role.paths.join(" ");
            if !role.terminating {
                paths.push_str(", not terminating");
            }
            said.insert((What::Delegation, role.name.clone(), paths));
        }
    }
    for (name, target) in targets.targets {
        let digest = target.hashes.get("sha256").cloned().unwrap_or_default();
        said.insert((What::Target, name, digest));
    }
    Ok(said)
}

fn keys_say(role: &str, keys: &RoleKeys, said: &mut Said) {
    said.extend(keys.keyids.iter().map(|id| (What::Key, role.to_owned(), id.clone())));
    said.insert((What::Threshold, role.to_owned(), keys.threshold.to_string()));
}
