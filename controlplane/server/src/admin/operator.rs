//! People of the staff: invited, listed, put an end to; and what each may ask about themselves.

use super::device::short;
use crate::caller::Staff;
use crate::random;
use crate::shared::Shared;
use crate::status::{convert_status, invalid, status};
use controlplane_core::invitation::{
    Invitation, OperatorIssuer, Wish, invitation_list, invitation_withdraw, operator_invite,
};
use controlplane_core::operator::{Grant, Operator, operator_get, operator_list, operator_renew, operator_revoke};
use controlplane_core::role::{CALLS, Role, allowed};
use controlplane_core::scope::{SCHOOLS_MAX, Scope};
use identity::caller::operator_name;
use identity::csr::REQUEST_BYTES_MAX;
use model::time::Timestamp;
use std::time::Duration;
use tonic::Status;
use wire::convert::ConvertError;
use wire::v1::{
    OperatorInviteRequest, OperatorInviteResponse, OperatorListRequest, OperatorListResponse, OperatorRenewRequest,
    OperatorRenewResponse, OperatorRevokeRequest, OperatorRevokeResponse, OperatorSelfResponse, OperatorState,
    OperatorSummary,
};

/// The most grants read from one message.
const GRANTS_MAX: usize = 16;

pub(super) async fn invite(
    shared: &Shared,
    staff: &Staff,
    asked: OperatorInviteRequest,
) -> Result<OperatorInviteResponse, Status> {
    let name =
        operator_name(&asked.name).ok_or_else(|| invalid("an operator's name is 1 to 64 of a-z, 0-9, . and -"))?;
    if asked.grants.len() > GRANTS_MAX {
        return Err(invalid(format!("at most {GRANTS_MAX} roles")));
    }
    let grants = asked.grants.into_iter().map(grant_read).collect::<Result<_, _>>()?;
    let life = (asked.life_seconds > 0).then(|| Duration::from_secs(asked.life_seconds));
    let wish = Wish { name, grants, life, again: asked.again };
    let (now, random) = (shared.clock.now(), random::bytes().map_err(status)?);
    let (store, territory, pin) = (&shared.store, shared.territory(), shared.ca().pin);
    let made =
        operator_invite(store, territory, &staff.reach, wish, &staff.person, &asked.why, pin, &random, now).await;
    let made = made.inspect_err(|error| shared.missed(staff, error, &asked.name));
    let (token, invitation) = made.map_err(shared.refuse(staff.author(), "OperatorInvite", &asked.name))?;
    Ok(OperatorInviteResponse {
        operator: Some(invited(&invitation)),
        secret: token.to_string(),
        server: shared.config.url.clone(),
    })
}

pub(super) async fn list(
    shared: &Shared,
    staff: &Staff,
    asked: OperatorListRequest,
) -> Result<OperatorListResponse, Status> {
    let (store, now) = (shared.store.as_ref(), shared.clock.now());
    let operators = operator_list(store, shared.territory(), &staff.reach, asked.all).await.map_err(status)?;
    let invitations = invitation_list(store, shared.territory(), &staff.reach, now).await.map_err(status)?;
    let known = operators.iter().map(|operator| summary(operator, now));
    Ok(OperatorListResponse { operators: known.chain(invitations.iter().map(invited)).collect() })
}

pub(super) async fn revoke(
    shared: &Shared,
    staff: &Staff,
    asked: OperatorRevokeRequest,
) -> Result<OperatorRevokeResponse, Status> {
    let (store, territory, now) = (&shared.store, shared.territory(), shared.clock.now());
    let (name, by, why) = (short(&asked.name)?, &staff.person, asked.why.as_str());
    let revoked = operator_revoke(store, territory, &staff.reach, name, by, why, now).await;
    let operator = match (revoked, name.parse()) {
        (Ok(operator), _) => summary(&operator, now),
        (Err(controlplane_core::Error::NotFound(_)), Ok(id)) => {
            let withdrawn = invitation_withdraw(store, territory, &staff.reach, id, by, why, now).await;
            let withdrawn = withdrawn.inspect_err(|error| shared.missed(staff, error, name));
            let gone = OperatorSummary { state: OperatorState::Revoked.into(), ..invited(&withdrawn.map_err(status)?) };
            return Ok(OperatorRevokeResponse { operator: Some(gone) });
        }
        (Err(error), _) => {
            shared.missed(staff, &error, name);
            return Err(status(error));
        }
    };
    Ok(OperatorRevokeResponse { operator: Some(operator) })
}

pub(super) async fn itself(shared: &Shared, staff: &Staff) -> Result<OperatorSelfResponse, Status> {
    let row = operator_get(shared.store.as_ref(), shared.territory(), &staff.person.name).await.map_err(status)?;
    let may = |call: &str| allowed(call, &row.value.grants).is_some();
    let calls = CALLS.iter().filter(|row| may(row.call)).map(|row| row.call.to_owned()).collect();
    Ok(OperatorSelfResponse { operator: Some(summary(&row.value, shared.clock.now())), calls })
}

pub(super) async fn renew(
    shared: &Shared,
    staff: &Staff,
    asked: OperatorRenewRequest,
) -> Result<OperatorRenewResponse, Status> {
    if asked.csr.len() > REQUEST_BYTES_MAX {
        return Err(invalid("the certificate request is too large"));
    }
    let now = shared.clock.now();
    let issued = shared.ca().operator_issue(&asked.csr, &staff.person.name, now).map_err(status)?;
    let (store, territory, shown) = (&shared.store, shared.territory(), staff.certificate.serial.as_str());
    let renewed = operator_renew(store, territory, &staff.person, shown, issued.certificate, now).await;
    renewed.map_err(status)?;
    Ok(OperatorRenewResponse { chain: issued.chain })
}

/// An operator as a line.
pub(crate) fn summary(operator: &Operator, now: Timestamp) -> OperatorSummary {
    let state = match operator.revoked {
        Some(_) => OperatorState::Revoked,
        None if operator.certificate.until <= now => OperatorState::Expired,
        None => OperatorState::Active,
    };
    OperatorSummary {
        name: operator.name.clone(),
        state: state.into(),
        grants: operator.grants.iter().map(grant).collect(),
        since_unix_ms: operator.since.unix_millis(),
        by: operator.by.clone(),
        until_unix_ms: operator.certificate.until.unix_millis(),
        invitation: String::new(),
    }
}

/// A grant as it travels.
pub(crate) fn grant(grant: &Grant) -> wire::v1::Grant {
    let role = match grant.role {
        Role::Admin => wire::v1::Role::Admin,
        Role::Technician => wire::v1::Role::Technician,
        Role::LoanDesk => wire::v1::Role::LoanDesk,
        Role::PolicyAuthor => wire::v1::Role::PolicyAuthor,
        Role::Publisher => wire::v1::Role::Publisher,
        Role::Auditor => wire::v1::Role::Auditor,
        Role::Evaluator => wire::v1::Role::Evaluator,
    };
    let (owner, schools) = match &grant.scope {
        Scope::Territory => (String::new(), Vec::new()),
        Scope::Owner(owner) => (owner.to_string(), Vec::new()),
        Scope::Schools(schools) => (String::new(), schools.iter().map(ToString::to_string).collect()),
    };
    wire::v1::Grant { role: role.into(), owner, schools }
}

fn grant_read(said: wire::v1::Grant) -> Result<Grant, Status> {
    let role = match said.role() {
        wire::v1::Role::Unspecified => return Err(convert_status(ConvertError::invalid("grant.role"))),
        wire::v1::Role::Admin => Role::Admin,
        wire::v1::Role::Technician => Role::Technician,
        wire::v1::Role::LoanDesk => Role::LoanDesk,
        wire::v1::Role::PolicyAuthor => Role::PolicyAuthor,
        wire::v1::Role::Publisher => Role::Publisher,
        wire::v1::Role::Auditor => Role::Auditor,
        wire::v1::Role::Evaluator => Role::Evaluator,
    };
    if said.schools.len() > SCHOOLS_MAX {
        return Err(invalid(format!("a scope names 1 to {SCHOOLS_MAX} schools")));
    }
    let scope = match (said.owner.is_empty(), said.schools.is_empty()) {
        (true, true) => Scope::Territory,
        (false, true) => Scope::Owner(said.owner.parse().map_err(invalid)?),
        (true, false) => {
            let schools = said.schools.iter().map(|uai| uai.parse()).collect::<Result<_, _>>().map_err(invalid)?;
            Scope::Schools(schools)
        }
        (false, false) => return Err(invalid("a scope is an owner or some schools, not both")),
    };
    Ok(Grant { role, scope })
}

fn invited(invitation: &Invitation) -> OperatorSummary {
    OperatorSummary {
        name: invitation.name.clone(),
        state: OperatorState::Invited.into(),
        grants: invitation.grants.iter().map(grant).collect(),
        since_unix_ms: invitation.created.unix_millis(),
        by: invitation.by.clone(),
        until_unix_ms: invitation.expires.unix_millis(),
        invitation: invitation.id.to_string(),
    }
}
