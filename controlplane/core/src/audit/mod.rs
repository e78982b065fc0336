//! Who did what, when and why: one hash chain a territory, linked by the store as it commits.

mod page;
mod verify;

pub use page::{Entry, Filter, Reader, audit_page};
pub use verify::{VERIFY_MAX, audit_verify};

use crate::error::{Error, Result};
use crate::role::Role;
use crate::store::{Append, Batch, Scope, Store};
use bytes::Bytes;
use model::id::{DeviceId, TerritoryId};
use model::time::Timestamp;
use model::token::TokenId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The table of the chain.
pub const AUDIT: &str = "audit";
/// The longest reason a person may give, in characters.
pub const WHY_CHARS_MAX: usize = 400;

/// Who writes intent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// A person of the staff.
    Operator(String),
    /// A device that joins with a token.
    Enrolment(String),
    /// A named rule of the control plane.
    Rule(String),
}

/// A person of the staff who acts, and in which role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name in the certificate.
    pub name: String,
    /// The role by which the act is allowed.
    pub role: Role,
}

/// The proof that acts stand in the chain, durably: what follows them may be done.
#[derive(Debug)]
pub struct Noted(());

/// Writes acts into the chain before what they are about is done elsewhere: read for somebody, or written to another store.
///
/// # Errors
/// `Invalid` when one cannot be recorded, or there is none; as [`crate::store::Store::commit`] else.
pub async fn acts_note(store: &dyn Store, territory: &TerritoryId, acts: &[Act]) -> Result<Noted> {
    let appends = acts.iter().map(|act| act.append(territory)).collect::<Result<_>>()?;
    store.commit(Batch { writes: Vec::new(), appends }).await?;
    Ok(Noted(()))
}

/// One act, done or refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Author,
    /// In which role, when a person acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Who else had to agree, where the act needed a second person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<String>,
    /// What, such as `device_revoke`.
    pub verb: String,
    /// To what, such as a device id.
    pub subject: String,
    /// Why, in the words of who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Whether it was refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
    /// How often within the minute; refusals are summed, so that outsiders cannot make the server write.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub times: u64,
}

impl Act {
    /// An act that is done.
    #[must_use]
    pub fn new(at: Timestamp, by: Author, verb: &str, subject: impl Into<String>) -> Self {
        let (verb, subject) = (verb.to_owned(), subject.into());
        Self { at, by, role: None, second: None, verb, subject, why: None, refused: false, times: 1 }
    }

    /// An act that a person has done, with the reason they gave.
    #[must_use]
    pub fn of(at: Timestamp, by: &Person, verb: &str, subject: impl Into<String>, why: &str) -> Self {
        let act = Self { role: Some(by.role), ..Self::new(at, Author::Operator(by.name.clone()), verb, subject) };
        if why.is_empty() { act } else { act.because(why) }
    }

    /// The same, with the second person who agreed.
    #[must_use]
    pub fn with(mut self, second: Option<&Person>) -> Self {
        self.second = second.map(|second| second.name.clone());
        self
    }

    /// The same with a reason.
    #[must_use]
    pub fn because(mut self, why: &str) -> Self {
        self.why = Some(why.chars().filter(|c| !c.is_control()).take(WHY_CHARS_MAX).collect());
        self
    }

    /// The device that it is about, if it is one: an id is written with hyphens, which a borrower's reference has not.
    #[must_use]
    pub fn device(&self) -> Option<DeviceId> {
        self.subject.contains('-').then(|| self.subject.parse().ok()).flatten()
    }

    /// The same, refused.
    #[must_use]
    pub fn refused(mut self) -> Self {
        self.refused = true;
        self
    }

    /// The chain entry of this act.
    ///
    /// # Errors
    /// `Invalid` when it cannot be written as JSON.
    pub fn append(&self, territory: &TerritoryId) -> Result<Append> {
        let body = serde_json::to_vec(self).map_err(|e| Error::Invalid(format!("the act cannot be recorded: {e}")))?;
        Ok(Append { territory: territory.clone(), table: AUDIT, body: Bytes::from(body) })
    }
}

impl Author {
    /// The name it goes by: a person's, a token's id, a rule's.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Operator(name) | Self::Enrolment(name) | Self::Rule(name) => name,
        }
    }
}

impl From<TokenId> for Author {
    fn from(id: TokenId) -> Self {
        Self::Enrolment(id.to_string())
    }
}

/// Refusals of the current minute, by caller and kind, waiting to be written as one entry each.
#[derive(Debug, Default)]
pub struct Refusals {
    waiting: BTreeMap<(Author, String, String), (Timestamp, u64)>,
}

/// The most distinct refusals kept between two writings; further ones are counted together.
const REFUSALS_MAX: usize = 256;

impl Refusals {
    /// Counts a refusal; memory stays bounded whatever callers do.
    pub fn count(&mut self, by: Author, verb: &str, subject: &str, at: Timestamp) {
        let subject: String = subject.chars().take(64).collect();
        let mut key = (by, verb.to_owned(), subject);
        if self.waiting.len() >= REFUSALS_MAX && !self.waiting.contains_key(&key) {
            key = (Author::Rule("refusals".to_owned()), "other".to_owned(), String::new());
        }
        self.waiting.entry(key).or_insert((at, 0)).1 += 1;
    }

    /// Puts acts back that could not be written.
    pub fn put_back(&mut self, acts: Vec<Act>) {
        for act in acts {
            self.waiting.entry((act.by, act.verb, act.subject)).or_insert((act.at, 0)).1 += act.times;
        }
    }

    /// Takes what waits, as acts to be written.
    pub fn take(&mut self) -> Vec<Act> {
        let acts = std::mem::take(&mut self.waiting).into_iter();
        acts.map(|((by, verb, subject), (at, times))| Act { times, ..Act::new(at, by, &verb, subject).refused() })
            .collect()
    }
}

fn scope(territory: &TerritoryId) -> Scope {
    Scope { territory: territory.clone(), tables: vec![AUDIT], prefix: String::new() }
}

const fn one() -> u64 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_one(n: &u64) -> bool {
    *n == 1
}
