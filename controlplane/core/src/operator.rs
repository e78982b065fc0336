//! People of the staff: what they may do, by which certificate they are known, and when that ends.

use crate::audit::{Act, Author, Person};
use crate::device::Certificate;
use crate::error::{Error, Result};
use crate::role::Role;
use crate::scope::{Reach, SCHOOLS_MAX, Scope};
use crate::store::{Expect, SharedStore, Store};
use crate::table::{Intent, Row, Table, Writes};
use model::id::TerritoryId;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Operators by their names.
pub static OPERATORS: Table<Operator, Intent> = Table::new("operator");
/// The certificate of the data folder that was admitted last, under [`FOLDER`].
static FOLDERS: Table<String, Intent> = Table::new("operator_folder");
const FOLDER: &str = "serial";
/// Counts revocations, under [`GUARD`], so that two of them cannot both find the other one's admin still there.
static GUARDS: Table<u64, Intent> = Table::new("operator_guard");
const GUARD: &str = "revocations";
/// The most grants one operator has.
const GRANTS_MAX: usize = 8;
/// How often a call that met another write is tried again.
const TRIES: usize = 8;

/// A role and how far it reaches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grant {
    /// As what.
    pub role: Role,
    /// Over what.
    pub scope: Scope,
}

/// A person of the staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// The name, as in the certificate.
    pub name: String,
    /// What they may do.
    pub grants: Vec<Grant>,
    /// The certificate in force.
    pub certificate: Certificate,
    /// The one that takes its place at its first use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Certificate>,
    /// When somebody put an end to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
    /// Since when they are here.
    pub since: Timestamp,
    /// Who invited them.
    pub by: String,
}

impl Operator {
    /// Whether everything they may do lies within a reach.
    #[must_use]
    pub fn within(&self, reach: &Reach) -> bool {
        self.grants.iter().all(|grant| reach.contains(&grant.scope))
    }

    /// Whether this certificate is theirs: the one in force, or the one that takes its place.
    fn bears(&self, serial: &str) -> bool {
        let candidate = self.candidate.as_ref().is_some_and(|candidate| candidate.serial == serial);
        candidate || self.certificate.serial == serial
    }

    /// Whether they answer for the whole territory, and can come in at this moment.
    pub(crate) fn leads(&self, now: Timestamp) -> bool {
        let whole = Grant { role: Role::Admin, scope: Scope::Territory };
        self.revoked.is_none() && self.certificate.until > now && self.grants.contains(&whole)
    }
}

/// Checks that grants make sense together.
///
/// An auditor does nothing else, and who works on devices does not lend them: one hand must not cover the other (domain.md:
/// technician ≠ loan desk ≠ auditor).
///
/// # Errors
/// `Invalid` that says why not.
pub fn grants_check(grants: &[Grant]) -> Result<()> {
    let invalid = |text: String| Err(Error::Invalid(text));
    if grants.is_empty() || grants.len() > GRANTS_MAX {
        return invalid(format!("an operator has 1 to {GRANTS_MAX} roles"));
    }
    for scope in grants.iter().map(|grant| &grant.scope) {
        if matches!(scope, Scope::Schools(schools) if schools.is_empty() || schools.len() > SCHOOLS_MAX) {
            return invalid(format!("a scope names 1 to {SCHOOLS_MAX} schools"));
        }
    }
    let has = |role: Role| grants.iter().any(|grant| grant.role == role);
    if has(Role::Auditor) && grants.iter().any(|grant| grant.role != Role::Auditor) {
        return invalid("an auditor has no other role".to_owned());
    }
    if has(Role::Technician) && has(Role::LoanDesk) {
        return invalid("a technician does not also lend; give the two roles to two people".to_owned());
    }
    Ok(())
}

/// The operator with this name.
///
/// # Errors
/// `NotFound` when there is none.
pub async fn operator_get(store: &dyn Store, territory: &TerritoryId, name: &str) -> Result<Row<Operator>> {
    let row = OPERATORS.get(store, territory, name).await?;
    row.ok_or_else(|| Error::NotFound(format!("operator {name}")))
}

/// The operator who shows this certificate; looked up at every call, since a resumed TLS session verifies no certificate.
///
/// The first use of a renewed certificate puts it in force.
///
/// # Errors
/// `Denied` for who is not known here or was revoked, and for a certificate that was replaced.
pub async fn operator_admit(
    store: &SharedStore,
    territory: &TerritoryId,
    name: &str,
    serial: &str,
    now: Timestamp,
) -> Result<Operator> {
    let mut met = None;
    for _ in 0..TRIES {
        match admit_once(store, territory, name, serial, now).await {
            // Another call of the same person, or somebody who put an end to their access: it is read again.
            Err(Error::Conflict(key)) => met = Some(key),
            done => return done,
        }
    }
    Err(met.map_or_else(|| Error::NotFound(format!("operator {name}")), Error::Conflict))
}

async fn admit_once(
    store: &SharedStore,
    territory: &TerritoryId,
    name: &str,
    serial: &str,
    now: Timestamp,
) -> Result<Operator> {
    let row = OPERATORS.get(store.as_ref(), territory, name).await?;
    let row = row.ok_or_else(|| Error::Denied("this operator is not known here; ask for an invitation".to_owned()))?;
    let mut operator = row.value;
    if operator.revoked.is_some() {
        return Err(Error::Denied("this operator's access has ended; ask for an invitation".to_owned()));
    }
    if operator.certificate.serial == serial {
        return Ok(operator);
    }
    let Some(candidate) = operator.candidate.take_if(|candidate| candidate.serial == serial) else {
        return Err(Error::Denied("this operator's certificate was replaced; ask for an invitation".to_owned()));
    };
    operator.certificate = candidate;
    let act = Act::new(now, Author::Rule("renewal".to_owned()), "operator_certificate_switch", name);
    let writes = Writes::by(territory, &act)?.put(&OPERATORS, name, &operator, Expect::At(row.revision))?;
    writes.commit(store).await.map(|_| operator)
}

/// Admits the certificate that lies in the data folder, as the territory's admin: the first operator, or the one of a folder
/// that was made anew. Once for each such certificate, so that one which was replaced since does not come back;
/// one that the store knows as theirs changes nothing.
///
/// Who owns the folder holds the authority's keys, so this gives nothing away.
///
/// # Errors
/// `Unavailable` when it could not be made durable.
pub async fn operator_folder_admit(
    store: &SharedStore,
    territory: &TerritoryId,
    name: &str,
    certificate: Certificate,
    now: Timestamp,
) -> Result<()> {
    let before = FOLDERS.get(store.as_ref(), territory, FOLDER).await?;
    if before.as_ref().is_some_and(|row| row.value == certificate.serial) {
        return Ok(());
    }
    let known = OPERATORS.get(store.as_ref(), territory, name).await?;
    let expect = |revision: Option<u64>| revision.map_or(Expect::Absent, Expect::At);
    let (serial, since) = (certificate.serial.clone(), known.as_ref().map_or(now, |row| row.value.since));
    let at = expect(before.map(|row| row.revision));
    if known.as_ref().is_some_and(|row| row.value.bears(&serial)) {
        // Renewed, or invited again to other roles, in its own place: what the store says of it stands.
        let act = Act::new(now, Author::Rule("folder".to_owned()), "operator_keep", name);
        let writes = Writes::by(territory, &act)?.put(&FOLDERS, FOLDER, &serial, at)?;
        return writes.commit(store).await.map(|_| ());
    }
    let operator = Operator {
        name: name.to_owned(),
        grants: vec![Grant { role: Role::Admin, scope: Scope::Territory }],
        certificate,
        candidate: None,
        revoked: None,
        since,
        by: String::new(),
    };
    let act = Act::new(now, Author::Rule("folder".to_owned()), "operator_begin", name);
    Writes::by(territory, &act)?
        .put(&OPERATORS, name, &operator, expect(known.map(|row| row.revision)))?
        .put(&FOLDERS, FOLDER, &serial, at)?
        .commit(store)
        .await
        .map(|_| ())
}

/// Every operator within a reach, in the order of their names; those whose access has ended too when `all`.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn operator_list(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    all: bool,
) -> Result<Vec<Operator>> {
    let scope = OPERATORS.scope(territory, "");
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = OPERATORS.page(store, &scope, &after, 500).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after.clone_from(&last.id);
        let shown = |operator: &Operator| (all || operator.revoked.is_none()) && operator.within(reach);
        found.extend(page.into_iter().map(|row| row.value).filter(shown));
    }
}

/// Puts an end to an operator's access, at their next call.
///
/// # Errors
/// `NotFound`, also for one outside the reach; `Invalid` for the last who answers for the whole territory; `Conflict` when somebody
/// else's access ended at the same time.
pub async fn operator_revoke(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    name: &str,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<Operator> {
    let guard = guard_get(store.as_ref(), territory).await?;
    let row = operator_get(store.as_ref(), territory, name).await?;
    let mut operator = row.value;
    if !operator.within(reach) {
        return Err(Error::NotFound(format!("operator {name}")));
    }
    if operator.revoked.is_some() {
        return Ok(operator);
    }
    if operator.leads(now) {
        others_lead(store.as_ref(), territory, name, now).await?;
    }
    operator.revoked = Some(now);
    operator.candidate = None;
    let act = Act::of(now, by, "operator_revoke", name, why);
    let writes = Writes::by(territory, &act)?.put(&OPERATORS, name, &operator, Expect::At(row.revision))?;
    guarded(writes, guard)?.commit(store).await?;
    Ok(operator)
}

/// What keeps two who take powers away at the same moment from each counting on the other's admin: read before anything else.
pub(crate) async fn guard_get(store: &dyn Store, territory: &TerritoryId) -> Result<Option<Row<u64>>> {
    GUARDS.get(store, territory, GUARD).await
}

/// These writes, only if nobody took powers away since the guard was read.
///
/// # Errors
/// `Invalid` when the count cannot be written.
pub(crate) fn guarded(writes: Writes<Intent>, guard: Option<Row<u64>>) -> Result<Writes<Intent>> {
    let expect = guard.as_ref().map_or(Expect::Absent, |row| Expect::At(row.revision));
    writes.put(&GUARDS, GUARD, &guard.map_or(1, |row| row.value.saturating_add(1)), expect)
}

/// Notes the next certificate of an operator who asked for one; the one in force stays until the first call with the new one.
///
/// # Errors
/// `Denied` when the certificate shown is no longer in force, or `Conflict` when two asked at the same time.
pub async fn operator_renew(
    store: &SharedStore,
    territory: &TerritoryId,
    by: &Person,
    shown: &str,
    candidate: Certificate,
    now: Timestamp,
) -> Result<Operator> {
    let row = operator_get(store.as_ref(), territory, &by.name).await?;
    // Since the call began, somebody may have come in by an invitation, or put an end to it.
    if row.value.revoked.is_some() || row.value.certificate.serial != shown {
        return Err(Error::Denied("this operator's certificate was replaced; ask for an invitation".to_owned()));
    }
    let operator = Operator { candidate: Some(candidate), ..row.value };
    let act = Act::of(now, by, "operator_certificate_renew", by.name.clone(), "");
    Writes::by(territory, &act)?
        .put(&OPERATORS, by.name.clone(), &operator, Expect::At(row.revision))?
        .commit(store)
        .await?;
    Ok(operator)
}

/// Whether somebody besides this operator answers for the whole territory.
///
/// # Errors
/// `Invalid` when nobody does.
pub(crate) async fn others_lead(store: &dyn Store, territory: &TerritoryId, name: &str, now: Timestamp) -> Result<()> {
    let all = operator_list(store, territory, &Reach::territory(), false).await?;
    if all.iter().any(|other| other.name != name && other.leads(now)) {
        return Ok(());
    }
    Err(Error::Invalid("this is the last admin of the whole territory; invite another one first".to_owned()))
}
