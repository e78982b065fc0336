//! Enrolment tokens: made by a person, counted at each use, closed by use, time, mistakes or a person.

use crate::audit::{Act, Person};
use crate::device::{KitSlot, device_get, revoked_check};
use crate::error::{Error, Result};
use crate::kit::kit_slot;
use crate::scope::{Filed, Reach};
use crate::store::{Expect, SharedStore, Store};
use crate::table::{Intent, Row, Table, Writes};
use model::device::evidence;
use model::id::{DeviceId, TerritoryId};
use model::owner::OwnerId;
use model::time::Timestamp;
use model::token::{Pin, Token, TokenId, TokenKey};
use model::uai::Uai;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Tokens by their public id.
pub static TOKENS: Table<TokenRecord, Intent> = Table::new("token");

/// After so many bad proofs a token is locked (security.md).
pub const FAILURES_MAX: u32 = 10;
/// The most devices a kit token lets in.
pub const USES_MAX: u32 = 40;
/// The most tokens looked at for one page, even if few of them fit.
const LOOKED_AT_MAX: usize = 20_000;
const NOTE_CHARS_MAX: usize = 200;
const LABEL_CHARS_MAX: usize = 64;
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What a token makes of those who come with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// One device, active at once.
    Unit,
    /// Up to 40 devices; those whose serial is not listed wait for a person.
    Kit,
    /// One device that is known already, for a new identity of it.
    ReEnrol,
}

impl TokenKind {
    /// The life when none is asked for, and the longest.
    #[must_use]
    pub const fn life(self) -> (Duration, Duration) {
        match self {
            Self::Unit => (HOUR, DAY),
            Self::Kit => (Duration::from_secs(72 * 3600), Duration::from_secs(7 * 24 * 3600)),
            Self::ReEnrol => (DAY, DAY),
        }
    }
}

/// Where a token stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// It lets devices in.
    Open,
    /// Every use is used.
    UsedUp,
    /// Its time is over.
    Expired,
    /// Too many bad proofs.
    Locked,
    /// A person closed it.
    Revoked,
}

/// A token as kept: the secret's derived key, never the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// The public name.
    pub id: TokenId,
    /// What it makes of devices.
    pub kind: TokenKind,
    /// The key derived from the secret.
    pub key: TokenKey,
    /// How many devices it lets in.
    pub uses: u32,
    /// How many it has let in.
    pub used: u32,
    /// How many bad proofs there were.
    pub failures: u32,
    /// Whether a person closed it.
    pub revoked: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When its time is over.
    pub expires: Timestamp,
    /// Where its devices are filed.
    pub school: Option<Uai>,
    /// Whose its devices are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerId>,
    /// Into which kit and slot they go.
    pub kit: Option<KitSlot>,
    /// Serial numbers that are active at once, as evidence (cleaned, lower case).
    pub serials: Vec<String>,
    /// The device it is for, when it is for a new identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// A note for the list.
    pub note: String,
    /// Who made it.
    pub operator: String,
}

impl TokenRecord {
    /// Where it stands.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> TokenState {
        if self.revoked {
            TokenState::Revoked
        } else if self.failures >= FAILURES_MAX {
            TokenState::Locked
        } else if self.used >= self.uses {
            TokenState::UsedUp
        } else if now >= self.expires {
            TokenState::Expired
        } else {
            TokenState::Open
        }
    }

    /// Where its devices are filed.
    #[must_use]
    pub fn filed(&self) -> Filed {
        Filed { owner: self.owner.clone(), school: self.school }
    }

    /// Whether this serial number is on its list.
    #[must_use]
    pub fn lists(&self, serial: &str) -> bool {
        self.serials.contains(&serial.to_lowercase())
    }
}

/// What a person asks for.
#[derive(Clone, Debug)]
pub struct TokenWish {
    /// What it makes of devices.
    pub kind: TokenKind,
    /// How many it lets in.
    pub uses: u32,
    /// How long; `None` for the kind's own.
    pub life: Option<Duration>,
    /// Where devices are filed.
    pub school: Option<Uai>,
    /// Whose devices they are.
    pub owner: Option<OwnerId>,
    /// Into which kit and slot.
    pub kit: Option<KitSlot>,
    /// Serials that are active at once.
    pub serials: Vec<String>,
    /// The device, for a new identity of it.
    pub device: Option<DeviceId>,
    /// A note.
    pub note: String,
}

impl TokenWish {
    /// Where its devices are to be filed.
    #[must_use]
    pub fn filed(&self) -> Filed {
        Filed { owner: self.owner.clone(), school: self.school }
    }
}

/// Makes a token; the secret in the answer is said once and kept nowhere.
///
/// # Errors
/// `Invalid` for a wish out of its limits, or for a device that is revoked; `NotFound` for a device that is not known.
pub async fn token_create(
    store: &SharedStore,
    territory: &TerritoryId,
    wish: TokenWish,
    by: &Person,
    pin: Pin,
    random: &[u8; 31],
    now: Timestamp,
) -> Result<(Token, TokenRecord)> {
    let life = wish_check(&wish)?;
    let wish = wish_placed(store.as_ref(), territory, &Reach::territory(), wish).await?;
    let mut filed = wish.filed();
    if let Some(id) = wish.device {
        let device = device_get(store.as_ref(), territory, id).await?.value;
        revoked_check(&device)?;
        filed = device.filed();
    }
    let token = Token::new(random, pin);
    let record = TokenRecord {
        id: token.id,
        kind: wish.kind,
        key: token.key(),
        uses: wish.uses,
        used: 0,
        failures: 0,
        revoked: false,
        created: now,
        expires: now.after(life),
        school: filed.school,
        owner: filed.owner,
        kit: wish.kit,
        serials: wish.serials.iter().filter_map(|s| evidence(s)).map(|s| s.to_lowercase()).collect(),
        device: wish.device,
        note: wish.note,
        operator: by.name.clone(),
    };
    let act = Act::of(now, by, "token_create", token.id.to_string(), "");
    Writes::by(territory, &act)?.put(&TOKENS, token.id.to_string(), &record, Expect::Absent)?.commit(store).await?;
    Ok((token, record))
}

/// The wish with its kit and slot as they are kept; devices are filed where the kit is, when the wish files them nowhere.
///
/// # Errors
/// `NotFound` for a kit that there is not within the reach, `Invalid` for a slot that there is not, or whose parts run no agent, and
/// for a kit that is filed elsewhere.
pub async fn wish_placed(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    mut wish: TokenWish,
) -> Result<TokenWish> {
    let Some(named) = &wish.kit else { return Ok(wish) };
    let (place, filed) = kit_slot(store, territory, reach, named).await?;
    let elsewhere = wish.school.is_some_and(|school| filed.school.is_some_and(|kit| kit != school))
        || wish.owner.as_ref().is_some_and(|owner| filed.owner.as_ref().is_some_and(|kit| kit != owner));
    if elsewhere {
        return Err(Error::Invalid(format!("kit {} is filed under another school or owner", place.kit)));
    }
    wish.kit = Some(place);
    wish.school = wish.school.or(filed.school);
    wish.owner = wish.owner.or(filed.owner);
    Ok(wish)
}

/// Tokens within a reach in the order of their ids; only those that still let devices in, unless all are asked for.
///
/// # Errors
/// `Unavailable` when the store fails.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn token_list(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    all: bool,
    after: &str,
    limit: usize,
    now: Timestamp,
) -> Result<(Vec<TokenRecord>, String)> {
    let scope = TOKENS.scope(territory, "");
    let mut found = Vec::new();
    let mut after = after.to_owned();
    let mut looked_at = 0;
    loop {
        let page = TOKENS.page(store, &scope, &after, 500).await?;
        if page.is_empty() {
            return Ok((found, String::new()));
        }
        looked_at += page.len();
        for row in page {
            after = row.id;
            if reach.covers(&row.value.filed()) && (all || row.value.state(now) == TokenState::Open) {
                found.push(row.value);
            }
            if found.len() >= limit {
                return Ok((found, after));
            }
        }
        if looked_at >= LOOKED_AT_MAX {
            return Ok((found, after));
        }
    }
}

/// Closes a token within a reach; devices that came with it stay.
///
/// # Errors
/// `NotFound`, also for one outside the reach, or `Conflict` when it was used at the same time.
pub async fn token_revoke(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    id: TokenId,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<TokenRecord> {
    let row = token_get(store.as_ref(), territory, id).await?.filter(|row| reach.covers(&row.value.filed()));
    let row = row.ok_or_else(|| Error::NotFound(format!("token {id}")))?;
    let mut record = row.value;
    if record.revoked {
        return Ok(record);
    }
    record.revoked = true;
    let act = Act::of(now, by, "token_revoke", id.to_string(), why);
    Writes::by(territory, &act)?.put(&TOKENS, id.to_string(), &record, Expect::At(row.revision))?.commit(store).await?;
    Ok(record)
}

/// The token of this id.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn token_get(store: &dyn Store, territory: &TerritoryId, id: TokenId) -> Result<Option<Row<TokenRecord>>> {
    TOKENS.get(store, territory, id.to_string()).await
}

fn wish_check(wish: &TokenWish) -> Result<Duration> {
    let invalid = |text: String| Err(Error::Invalid(text));
    match wish.kind {
        TokenKind::Unit if wish.uses != 1 => return invalid("a unit token lets in exactly one device".to_owned()),
        TokenKind::Kit if !(1..=USES_MAX).contains(&wish.uses) => {
            return invalid(format!("a kit token lets in 1 to {USES_MAX} devices, not {}", wish.uses));
        }
        TokenKind::ReEnrol if wish.uses != 1 => {
            return invalid("a re-enrol token lets in exactly one device".to_owned());
        }
        TokenKind::Unit | TokenKind::Kit | TokenKind::ReEnrol => {}
    }
    if (wish.kind == TokenKind::ReEnrol) != wish.device.is_some() {
        return invalid("a re-enrol token names its device, and no other token does".to_owned());
    }
    if wish.device.is_some() && (wish.filed() != Filed::default() || wish.kit.is_some() || !wish.serials.is_empty()) {
        return invalid("a device that enrols again keeps its school, its owner and its kit".to_owned());
    }
    let (usual, longest) = wish.kind.life();
    let life = wish.life.unwrap_or(usual);
    if life < Duration::from_secs(60) || life > longest {
        return invalid(format!("this kind of token lives from one minute to {} hours", longest.as_secs() / 3600));
    }
    if wish.serials.len() > USES_MAX as usize {
        return invalid(format!("at most {USES_MAX} serial numbers"));
    }
    if let Some(bad) = wish.serials.iter().find(|s| evidence(s).is_none()) {
        return invalid(format!(
            "{:?} is a placeholder, not a serial number",
            bad.chars().take(40).collect::<String>()
        ));
    }
    let labels = wish.kit.iter().flat_map(|k| [&k.kit, &k.slot]);
    for label in labels {
        if label.is_empty() || label.chars().count() > LABEL_CHARS_MAX || label.chars().any(char::is_control) {
            return invalid(format!(
                "a kit and a slot are named with 1 to {LABEL_CHARS_MAX} characters, both together"
            ));
        }
    }
    if wish.note.chars().count() > NOTE_CHARS_MAX {
        return invalid(format!("a note has at most {NOTE_CHARS_MAX} characters"));
    }
    Ok(life)
}
