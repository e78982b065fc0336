//! Tokens.

use crate::caller::Staff;
use crate::random;
use crate::shared::Shared;
use crate::status::{invalid, status};
use controlplane_core::Error;
use controlplane_core::device::KitSlot;
use controlplane_core::token::{
    TokenKind, TokenRecord, TokenState, TokenWish, token_create, token_list, token_revoke, wish_placed,
};
use model::time::Timestamp;
use std::time::Duration;
use tonic::Status;
use wire::v1::{
    TokenCreateRequest, TokenCreateResponse, TokenListRequest, TokenListResponse, TokenRevokeRequest,
    TokenRevokeResponse, TokenSummary,
};

pub(super) async fn create(
    shared: &Shared,
    staff: &Staff,
    asked: TokenCreateRequest,
) -> Result<TokenCreateResponse, Status> {
    let kind = match asked.kind() {
        wire::v1::TokenKind::Unit => TokenKind::Unit,
        wire::v1::TokenKind::Kit => TokenKind::Kit,
        wire::v1::TokenKind::ReEnrol => TokenKind::ReEnrol,
        wire::v1::TokenKind::Unspecified => return Err(invalid("a token is of kind unit, kit or re-enrol")),
    };
    let device = match asked.device.as_str() {
        "" => None,
        text => Some(super::device::found(shared, staff, text).await?.value.id),
    };
    let wish = TokenWish {
        kind,
        uses: asked.uses,
        life: (asked.life_seconds > 0).then(|| Duration::from_secs(asked.life_seconds)),
        school: super::device::school_of(&asked.school)?,
        owner: super::device::owner_of(&asked.owner)?,
        kit: (!asked.kit.is_empty() || !asked.slot.is_empty()).then_some(KitSlot { kit: asked.kit, slot: asked.slot }),
        serials: asked.serials,
        device,
        note: asked.note,
    };
    // A kit files its devices where it is itself.
    let wish = wish_placed(shared.store.as_ref(), shared.territory(), &staff.reach, wish).await.map_err(status)?;
    // A device that is known was looked for within the scope, and stays filed where it is.
    if wish.device.is_none() && !staff.reach.covers(&wish.filed()) {
        let denied =
            Error::Denied("devices can be filed only within your scope: name its school or its owner".to_owned());
        return Err(shared.refuse(staff.author(), "token_create", "")(denied));
    }
    let (now, random) = (shared.clock.now(), random::bytes().map_err(status)?);
    let made = token_create(&shared.store, shared.territory(), wish, &staff.person, shared.ca().pin, &random, now);
    let (token, record) = made.await.map_err(status)?;
    Ok(TokenCreateResponse {
        token: Some(summary(&record, now)),
        secret: token.to_string(),
        server: shared.config.url.clone(),
    })
}

pub(super) async fn list(shared: &Shared, staff: &Staff, asked: TokenListRequest) -> Result<TokenListResponse, Status> {
    let now = shared.clock.now();
    let limit = super::device::limit_of(asked.limit)?;
    let page = token_list(shared.store.as_ref(), shared.territory(), &staff.reach, asked.all, &asked.after, limit, now);
    let (tokens, next) = page.await.map_err(status)?;
    Ok(TokenListResponse { tokens: tokens.iter().map(|t| summary(t, now)).collect(), next })
}

pub(super) async fn revoke(
    shared: &Shared,
    staff: &Staff,
    asked: TokenRevokeRequest,
) -> Result<TokenRevokeResponse, Status> {
    let now = shared.clock.now();
    let id = asked.id.parse().map_err(invalid)?;
    let record = token_revoke(&shared.store, shared.territory(), &staff.reach, id, &staff.person, &asked.why, now);
    let record = record.await.inspect_err(|error| shared.missed(staff, error, &asked.id));
    Ok(TokenRevokeResponse { token: Some(summary(&record.map_err(status)?, now)) })
}

fn summary(token: &TokenRecord, now: Timestamp) -> TokenSummary {
    let kind = match token.kind {
        TokenKind::Unit => wire::v1::TokenKind::Unit,
        TokenKind::Kit => wire::v1::TokenKind::Kit,
        TokenKind::ReEnrol => wire::v1::TokenKind::ReEnrol,
    };
    let state = match token.state(now) {
        TokenState::Open => wire::v1::TokenState::Open,
        TokenState::UsedUp => wire::v1::TokenState::UsedUp,
        TokenState::Expired => wire::v1::TokenState::Expired,
        TokenState::Locked => wire::v1::TokenState::Locked,
        TokenState::Revoked => wire::v1::TokenState::Revoked,
    };
    let (kit, slot) = token.kit.clone().map_or_else(Default::default, |k| (k.kit, k.slot));
    TokenSummary {
        id: token.id.to_string(),
        kind: kind.into(),
        state: state.into(),
        uses: token.uses,
        used: token.used,
        failures: token.failures,
        created_unix_ms: token.created.unix_millis(),
        expires_unix_ms: token.expires.unix_millis(),
        school: token.school.map_or_else(String::new, |s| s.to_string()),
        owner: token.owner.as_ref().map_or_else(String::new, ToString::to_string),
        kit,
        slot,
        note: token.note.clone(),
        operator: token.operator.clone(),
        device: token.device.map_or_else(String::new, |id| id.to_string()),
        serials: u32::try_from(token.serials.len()).unwrap_or(u32::MAX),
    }
}
