//! Inviting people: a secret that is said once, and the certificate that its holder gets for a key of their own making.

use crate::audit::{Act, Author, Person};
use crate::device::Certificate;
use crate::error::{Error, Result};
use crate::operator::{Grant, OPERATORS, Operator, grants_check, others_lead};
use crate::scope::Reach;
use crate::store::{Expect, SharedStore, Store};
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
    /// Whether it is for somebody who is known already and lost their key, or comes back.
    pub again: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When its time is over.
    pub expires: Timestamp,
    /// How many bad proofs there were.
    pub failures: u32,
    /// Whether somebody withdrew it.
    pub withdrawn: bool,
    /// The digest of the key it was used for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Digest>,
    /// Who made it.
    pub by: String,
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
    let token = Token::new(random, pin);
    let invitation = Invitation {
        id: token.id,
        key: token.key(),
        name: wish.name,
        grants: wish.grants,
        again: wish.again,
        created: now,
        expires: now.after(life),
        failures: 0,
        withdrawn: false,
        used: None,
        by: by.name.clone(),
    };
    let act = Act::of(now, by, "operator_invite", invitation.name.clone(), why);
    Writes::by(territory, &act)?
        .put(&INVITATIONS, token.id.to_string(), &invitation, Expect::Absent)?
        .commit(store)
        .await?;
    Ok((token, invitation))
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
    if invitation.used.is_some_and(|used| used != issued.key) {
        return Err(denied());
    }
    let known = OPERATORS.get(store.as_ref(), territory, invitation.name.clone()).await?;
    let again = invitation.used.is_some();
    let expect = match &known {
        // Made by somebody else since, or put an end to since: the invitation is nothing any more.
        Some(row) if !(again || invitation.again) || again && row.value.revoked.is_some() => return Err(denied()),
        Some(row) => Expect::At(row.revision),
        None => Expect::Absent,
    };
    let operator = Operator {
        name: invitation.name.clone(),
        grants: invitation.grants.clone(),
        certificate: issued.certificate,
        candidate: None,
        revoked: None,
        since: known.as_ref().map_or(now, |row| row.value.since),
        by: invitation.by.clone(),
    };
    if known.as_ref().is_some_and(|row| row.value.leads()) && !operator.leads() {
        others_lead(store.as_ref(), territory, &operator.name).await?;
    }
    invitation.used = Some(issued.key);
    let act = Act::new(now, Author::from(id), "operator_accept", operator.name.clone());
    Writes::by(territory, &act)?
        .put(&INVITATIONS, id.to_string(), &invitation, Expect::At(row.revision))?
        .put(&OPERATORS, operator.name.clone(), &operator, expect)?
        .commit(store)
        .await?;
    Ok((operator, issued.chain))
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
/// `NotFound`, also for one outside the reach, or `Conflict` when it was used at the same time.
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
    invitation.withdrawn = true;
    let act = Act::of(now, by, "invitation_withdraw", invitation.name.clone(), why);
    Writes::by(territory, &act)?
        .put(&INVITATIONS, id.to_string(), &invitation, Expect::At(row.revision))?
        .commit(store)
        .await?;
    Ok(invitation)
}
