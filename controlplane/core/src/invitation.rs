//! Inviting people: a secret that is said once, and the certificate that its holder gets for a key of their own making.

use crate::audit::{Act, Author, Person};
use crate::device::Certificate;
use crate::error::{Error, Result};
use crate::operator::{Grant, OPERATORS, Operator, grants_check, guard_get, guarded, operator_get, others_lead};
use crate::role::allowed;
use crate::scope::Reach;
use crate::store::{Expect, Revision, SharedStore, Store};
use crate::table::{Intent, Row, Table, Writes};
use model::digest::Digest;
use model::id::TerritoryId;
use model::time::Timestamp;
use model::token::{Acceptance, Pin, Token, TokenId, TokenKey};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Invitations by their public ids.
pub static INVITATIONS: Table<Invitation, Intent> = Table::new("invitation");

/// How long an invitation lives when nobody says, and at most.
pub const LIFE: Duration = Duration::from_secs(72 * 3_600);
const LIFE_MAX: Duration = Duration::from_secs(7 * 86_400);
/// After so many bad proofs an invitation is locked, as a token is.
const FAILURES_MAX: u32 = 10;
/// The most open invitations of one person.
const OPEN_MAX: usize = 200;
/// An invitation is kept so long after its time, and at most so many are forgotten at once.
const KEPT: Duration = Duration::from_secs(30 * 86_400);
const CLOSED_MAX: usize = 100;
/// How often an acceptance that met another is tried again.
const TRIES: usize = 8;

/// What every refused invitation is told, whatever is wrong with it: who tries must not learn which.
pub const REFUSED: &str =
    "this invitation is not valid here: wrong, expired, used, locked or withdrawn; ask for another one";

/// An invitation as kept: the secret's derived key, never the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The public name.
    pub id: TokenId,
    /// The key derived from the secret.
    pub key: TokenKey,
    /// Whom it makes.
    pub name: String,
    /// What they may do.
    pub grants: Vec<Grant>,
    /// Whom it is for, as they were when it was made, when they were known already: somebody who lost their key, or comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Known>,
    /// When it was made.
    pub created: Timestamp,
    /// When its time is over.
    pub expires: Timestamp,
    /// How many bad proofs there were.
    pub failures: u32,
    /// Whether somebody withdrew it.
    pub withdrawn: bool,
    /// What it was used for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Used>,
    /// Who made it.
    pub by: String,
}

/// An operator as they were when somebody invited them again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// What they could do.
    pub grants: Vec<Grant>,
    /// When their access had ended, if it had.
    pub revoked: Option<Timestamp>,
}

/// What an invitation was used for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// The digest of the key.
    pub key: Digest,
    /// The serial number of the certificate that was given last.
    pub serial: String,
}

impl Known {
    fn of(operator: &Operator) -> Self {
        Self { grants: operator.grants.clone(), revoked: operator.revoked }
    }
}

/// Whom to invite.
#[derive(Clone, Debug)]
pub struct Wish {
    /// A name that can stand in a certificate.
    pub name: String,
    /// What they are to do.
    pub grants: Vec<Grant>,
    /// How long the invitation lives; `None` for [`LIFE`].
    pub life: Option<Duration>,
    /// For somebody who is known already.
    pub again: bool,
}

/// Issues operator certificates; the outer crate holds the keys.
pub trait OperatorIssuer: Send + Sync {
    /// A certificate for the key of a request, in this operator's name, with the digest of that key.
    ///
    /// # Errors
    /// `Invalid` when the request is not valid.
    fn operator_issue(&self, request: &[u8], name: &str, now: Timestamp) -> Result<Issued>;
}

/// A certificate that was issued to a person.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The record of it.
    pub certificate: Certificate,
    /// The chain as DER.
    pub chain: Vec<Vec<u8>>,
    /// The digest of the key it is for.
    pub key: Digest,
}

impl Invitation {
    /// Whether it still lets somebody in.
    #[must_use]
    pub fn open(&self, now: Timestamp) -> bool {
        !self.withdrawn && self.failures < FAILURES_MAX && now < self.expires
    }
}

/// Invites somebody; the secret in the answer is said once and kept nowhere.
///
/// # Errors
/// `Invalid` for grants that do not go together or a life out of its limits, `Denied` for grants beyond the reach of who invites,
/// `Exists` for a name that is taken, `NotFound` for one that is to come back and never was.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn operator_invite(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    wish: Wish,
    by: &Person,
    why: &str,
    pin: Pin,
    random: &[u8; 31],
    now: Timestamp,
) -> Result<(Token, Invitation)> {
    grants_check(&wish.grants)?;
    if !wish.grants.iter().all(|grant| reach.contains(&grant.scope)) {
        return Err(Error::Denied("nobody can be granted more than the one who invites has".to_owned()));
    }
    let life = wish.life.unwrap_or(LIFE);
    if life < Duration::from_secs(60) || life > LIFE_MAX {
        let days = LIFE_MAX.as_secs() / 86_400;
        return Err(Error::Invalid(format!("an invitation lives from one minute to {days} days")));
    }
    let known = OPERATORS.get(store.as_ref(), territory, wish.name.clone()).await?;
    match (&known, wish.again) {
        (Some(_), false) => return Err(Error::Exists(format!("operator {}", wish.name))),
        (None, true) => return Err(Error::NotFound(format!("operator {}", wish.name))),
        (Some(row), true) if !row.value.within(reach) => {
            return Err(Error::NotFound(format!("operator {}", wish.name)));
        }
        _ => {}
    }
    let closed = closed_and_room(store.as_ref(), territory, &by.name, now).await?;
    let token = Token::new(random, pin);
    let invitation = Invitation {
        id: token.id,
        key: token.key(),
        name: wish.name,
        grants: wish.grants,
        again: known.filter(|_| wish.again).map(|row| Known::of(&row.value)),
        created: now,
        expires: now.after(life),
        failures: 0,
        withdrawn: false,
        used: None,
        by: by.name.clone(),
    };
    let act = Act::of(now, by, "operator_invite", invitation.name.clone(), why);
    let mut writes =
        Writes::by(territory, &act)?.put(&INVITATIONS, token.id.to_string(), &invitation, Expect::Absent)?;
    for (id, revision) in closed {
        writes = writes.remove(&INVITATIONS, id, Expect::At(revision));
    }
    writes.commit(store).await?;
    Ok((token, invitation))
}

/// Some invitations whose time was over long ago, to be forgotten; the audit remembers them.
async fn closed_and_room(
    store: &dyn Store,
    territory: &TerritoryId,
    by: &str,
    now: Timestamp,
) -> Result<Vec<(String, Revision)>> {
    let scope = INVITATIONS.scope(territory, "");
    let (mut closed, mut open, mut after) = (Vec::new(), 0, String::new());
    loop {
        let page = INVITATIONS.page(store, &scope, &after, 500).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        for row in page {
            let invitation = &row.value;
            if invitation.expires.after(KEPT) <= now {
                closed.push((row.id, row.revision));
            } else if invitation.open(now) && invitation.used.is_none() && invitation.by == by {
                open += 1;
            }
        }
    }
    if open >= OPEN_MAX {
        return Err(Error::Invalid(format!("{OPEN_MAX} invitations of yours are open; withdraw some first")));
    }
    closed.truncate(CLOSED_MAX);
    Ok(closed)
}

/// Judges an acceptance and makes the operator; one that was said before with the same key gets a new certificate for it, so an
/// answer that was lost costs nothing.
///
/// # Errors
/// `Denied` with [`REFUSED`] for any invitation that does not let them in, `Invalid` for a certificate request that is none.
pub async fn invitation_accept(
    store: &SharedStore,
    territory: &TerritoryId,
    issuer: &dyn OperatorIssuer,
    id: TokenId,
    acceptance: &Acceptance<'_>,
    proof: &[u8],
    now: Timestamp,
) -> Result<(Operator, Vec<Vec<u8>>)> {
    for _ in 0..TRIES {
        match accept_once(store, territory, issuer, id, acceptance, proof, now).await {
            Err(Error::Conflict(_)) => {}
            done => return done,
        }
    }
    Err(Error::Denied(REFUSED.to_owned()))
}

async fn accept_once(
    store: &SharedStore,
    territory: &TerritoryId,
    issuer: &dyn OperatorIssuer,
    id: TokenId,
    acceptance: &Acceptance<'_>,
    proof: &[u8],
    now: Timestamp,
) -> Result<(Operator, Vec<Vec<u8>>)> {
    let denied = || Error::Denied(REFUSED.to_owned());
    let row = INVITATIONS.get(store.as_ref(), territory, id.to_string()).await?;
    // An unknown invitation is judged by a key nobody has, so that it takes the same time.
    let nobody = TokenKey::try_from(vec![0; 32]).map_err(|_| denied())?;
    let proven = row.as_ref().map_or(&nobody, |row| &row.value.key).accepts(acceptance, proof);
    let Some(row) = row else { return Err(denied()) };
    if !proven {
        failure_count(store, territory, row, now).await?;
        return Err(denied());
    }
    let mut invitation = row.value;
    if !invitation.open(now) {
        return Err(denied());
    }
    let issued = issuer.operator_issue(acceptance.csr, &invitation.name, now)?;
    let guard = guard_get(store.as_ref(), territory).await?;
    let known = OPERATORS.get(store.as_ref(), territory, invitation.name.clone()).await?;
    let before = known.as_ref().map(|row| &row.value);
    if !still_meant(&invitation, before, &issued.key)
        || !inviter_may(store.as_ref(), territory, &invitation, before).await?
    {
        return Err(denied());
    }
    let operator = Operator {
        name: invitation.name.clone(),
        grants: invitation.grants.clone(),
        certificate: issued.certificate,
        candidate: None,
        revoked: None,
        since: before.map_or(now, |before| before.since),
        by: invitation.by.clone(),
    };
    let demoted = before.is_some_and(|before| before.leads(now)) && !operator.leads(now);
    if demoted {
        others_lead(store.as_ref(), territory, &operator.name, now).await?;
    }
    invitation.used = Some(Used { key: issued.key, serial: operator.certificate.serial.clone() });
    let expect = known.as_ref().map_or(Expect::Absent, |row| Expect::At(row.revision));
    let act = Act::new(now, Author::from(id), "operator_accept", operator.name.clone());
    let mut writes = Writes::by(territory, &act)?
        .put(&INVITATIONS, id.to_string(), &invitation, Expect::At(row.revision))?
        .put(&OPERATORS, operator.name.clone(), &operator, expect)?;
    if demoted {
        writes = guarded(writes, guard)?;
    }
    writes.commit(store).await?;
    Ok((operator, issued.chain))
}

/// Whether the invitation still fits the one it was for.
///
/// Said again, it gives another certificate for the same key only while the one it gave is in force and was not renewed: otherwise a
/// key that was lost, with the invitation's text beside it, would take back what somebody has since become.
fn still_meant(invitation: &Invitation, before: Option<&Operator>, key: &Digest) -> bool {
    match (&invitation.used, before) {
        (Some(used), Some(before)) => {
            used.key == *key
                && used.serial == before.certificate.serial
                && before.candidate.is_none()
                && before.revoked.is_none()
        }
        (Some(_), None) => false,
        (None, before) => invitation.again == before.map(Known::of),
    }
}

/// Whether the one who invited may still do so: they may have lost since what they hand on.
async fn inviter_may(
    store: &dyn Store,
    territory: &TerritoryId,
    invitation: &Invitation,
    before: Option<&Operator>,
) -> Result<bool> {
    let inviter = match operator_get(store, territory, &invitation.by).await {
        Ok(row) if row.value.revoked.is_none() => row.value,
        Ok(_) | Err(Error::NotFound(_)) => return Ok(false),
        Err(error) => return Err(error),
    };
    let Some(may) = allowed("OperatorInvite", &inviter.grants) else { return Ok(false) };
    let grants = invitation.grants.iter().all(|grant| may.reach.contains(&grant.scope));
    Ok(grants && before.is_none_or(|before| before.within(&may.reach)))
}

/// Counts a bad proof; the tenth locks the invitation.
async fn failure_count(
    store: &SharedStore,
    territory: &TerritoryId,
    row: Row<Invitation>,
    now: Timestamp,
) -> Result<()> {
    let mut invitation = row.value;
    if !invitation.open(now) || invitation.used.is_some() {
        return Ok(());
    }
    invitation.failures += 1;
    let id = invitation.id;
    let act = Act::new(now, Author::from(id), "invitation_proof", id.to_string()).refused();
    let writes =
        Writes::by(territory, &act)?.put(&INVITATIONS, id.to_string(), &invitation, Expect::At(row.revision))?;
    match writes.commit(store).await {
        // Another bad proof was counted at the same moment; one uncounted guess at 130 bits gives nothing away.
        Ok(_) | Err(Error::Conflict(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The invitations that still let somebody in, and lie within a reach.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn invitation_list(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    now: Timestamp,
) -> Result<Vec<Invitation>> {
    let scope = INVITATIONS.scope(territory, "");
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = INVITATIONS.page(store, &scope, &after, 500).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after.clone_from(&last.id);
        let open = |i: &Invitation| {
            i.open(now) && i.used.is_none() && i.grants.iter().all(|grant| reach.contains(&grant.scope))
        };
        found.extend(page.into_iter().map(|row| row.value).filter(open));
    }
}

/// Withdraws an invitation within a reach.
///
/// # Errors
/// `NotFound`, also for one outside the reach; `Invalid` for one that was accepted; `Conflict` when it was used at the same time.
pub async fn invitation_withdraw(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    id: TokenId,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<Invitation> {
    let row = INVITATIONS.get(store.as_ref(), territory, id.to_string()).await?;
    let row = row.filter(|row| row.value.grants.iter().all(|grant| reach.contains(&grant.scope)));
    let row = row.ok_or_else(|| Error::NotFound(format!("invitation {id}")))?;
    let mut invitation = row.value;
    if invitation.used.is_some() {
        let name = &invitation.name;
        return Err(Error::Invalid(format!("this invitation was accepted; end the access of operator {name} instead")));
    }
    if !invitation.open(now) {
        return Ok(invitation);
    }
    invitation.withdrawn = true;
    let act = Act::of(now, by, "invitation_withdraw", invitation.name.clone(), why);
    Writes::by(territory, &act)?
        .put(&INVITATIONS, id.to_string(), &invitation, Expect::At(row.revision))?
        .commit(store)
        .await?;
    Ok(invitation)
}
