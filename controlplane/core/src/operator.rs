//! People of the staff: what they may do, by which certificate they are known, and when that ends.

use crate::audit::{Act, Author};
use crate::device::Certificate;
use crate::error::{Error, Result};
use crate::role::Role;
use crate::scope::Scope;
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
    match writes.commit(store).await {
        // Another call of the same person was first.
        Ok(_) | Err(Error::Conflict(_)) => Ok(operator),
        Err(error) => Err(error),
    }
}

/// Admits the certificate that lies in the data folder, as the territory's admin: the first operator, or the one of a folder
/// that was made anew. Once for each such certificate, so that one which was replaced since does not come back.
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
        .put(&FOLDERS, FOLDER, &serial, expect(before.map(|row| row.revision)))?
        .commit(store)
        .await
        .map(|_| ())
}
