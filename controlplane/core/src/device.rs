//! The register of devices: who belongs, who decided so, and how a person names one.

use crate::audit::{Act, Person};
use crate::error::{Error, Result};
use crate::merge::{Merged, merged_check};
use crate::scope::Reach;
use crate::store::{Expect, SharedStore, Store};
use crate::table::{Intent, Row, Table, Writes};
use model::class::Class;
use model::device::{Claims, JoinState, evidence};
use model::digest::Digest;
use model::id::{DeviceId, TerritoryId};
use model::key::IdentityKey;
use model::owner::OwnerId;
use model::time::Timestamp;
use model::token::TokenId;
use model::uai::Uai;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Devices by their id.
pub static DEVICES: Table<Device, Intent> = Table::new("device");
/// The same entries, of which only the state is read: a check-in asks for no more.
pub static ADMISSIONS: Table<Admission, Intent> = Table::new("device");
/// Devices by their identity key's fingerprint.
pub static IDENTITIES: Table<DeviceId, Intent> = Table::new("identity");
/// Devices by what they claim: `serial:<serial>/<device>` and `uuid:<uuid>/<device>`.
pub static EVIDENCE: Table<DeviceId, Intent> = Table::new("evidence");

/// The fewest characters by which a person may name a device's id.
const ID_PREFIX_MIN: usize = 4;
/// The most devices looked at for one such name, so many at a time, and the most that are said to fit.
const FITS_MAX: usize = 5_000;
const FITS_PAGE: usize = 500;
const FITS_SAID: usize = 3;

/// A device as people and rules have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Which.
    pub id: DeviceId,
    /// Whether it belongs.
    pub state: JoinState,
    /// Why it is in quarantine or revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The establishment it is filed under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub school: Option<Uai>,
    /// Whose it is, as its token named them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerId>,
    /// Which class of its school it serves, where that is written on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// The kit and slot its token named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kit: Option<KitSlot>,
    /// What it said of itself when it joined.
    pub claims: Claims,
    /// The key that is its identity.
    pub identity_key: IdentityKey,
    /// Counts its identities, from 1.
    pub identity_generation: u32,
    /// The number of the first certificate of its present identity: those before it were an earlier identity's.
    #[serde(default)]
    pub identity_from: u32,
    /// Its certificate in force.
    pub certificate: Certificate,
    /// When that one took the place of another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switched: Option<Timestamp>,
    /// The one that takes its place at the first check-in made with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Certificate>,
    /// Since when it is known to be there twice; until a person decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloned: Option<Timestamp>,
    /// Which device took its place, and what it was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<Merged>,
    /// The devices whose place it took.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absorbed: Vec<DeviceId>,
    /// The token it came with.
    pub token: TokenId,
    /// When it joined.
    pub enrolled: Timestamp,
    /// Its latest recoveries, a few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recoveries: Vec<Recovery>,
}

/// A certificate that a device got by its identity key alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// When it was asked for first.
    pub at: Timestamp,
    /// The digest of the TLS key that it is for.
    pub key: Digest,
    /// The number of the certificate that was given last for it.
    #[serde(default)]
    pub number: u32,
}

/// Whether a device may talk.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Admission {
    /// Whether it belongs.
    pub state: JoinState,
    /// Its certificate in force.
    pub certificate: Certificate,
    /// The one that is to follow.
    #[serde(default)]
    pub candidate: Option<Certificate>,
}

/// What a certificate is to the device it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is in force.
    InForce,
    /// It is the next one, used for the first time.
    Candidate,
    /// It was issued after all that is on record: the record is from before, so the control plane was restored from a copy.
    Newer,
    /// A newer one took its place.
    Superseded,
}

/// A certificate in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Its serial number, in hexadecimal.
    pub serial: String,
    /// Counts the device's certificates, from 1; 0 for one from before they were counted.
    #[serde(default)]
    pub number: u32,
    /// The end of its validity.
    pub until: Timestamp,
}

/// A kit's label and a slot in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KitSlot {
    /// The kit.
    pub kit: String,
    /// The slot.
    pub slot: String,
}

/// Why a device is not simply active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Its kit token's list of serials does not hold it, or there is none.
    NotListed,
    /// Another device claims the same serial number.
    SameSerial,
    /// Another device claims the same system UUID.
    SameUuid,
    /// A person decided.
    ByOperator,
    /// A person said that it is lost or stolen.
    Lost,
    /// It came back after a longer absence than is taken without asking.
    TooLongAway,
    /// It has had to find back too often of late.
    TooManyRecoveries,
    /// It came back with another generation of its identity than the one on record.
    Generation,
    /// Its identity is in use twice.
    Cloned,
    /// Another one took its place.
    Merged,
}

/// What a person decides about a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is in this state.
    State(JoinState),
    /// It is lost or stolen: quarantined, so that it cannot find back by itself, until a person approves it.
    Lost,
}

impl From<JoinState> for Decision {
    fn from(state: JoinState) -> Self {
        Self::State(state)
    }
}

impl Reason {
    /// The name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotListed => "not_listed",
            Self::SameSerial => "same_serial",
            Self::SameUuid => "same_uuid",
            Self::ByOperator => "by_operator",
            Self::Lost => "lost",
            Self::TooLongAway => "too_long_away",
            Self::TooManyRecoveries => "too_many_recoveries",
            Self::Generation => "generation",
            Self::Cloned => "cloned",
            Self::Merged => "merged",
        }
    }
}

/// The device with this id.
///
/// # Errors
/// `NotFound` when there is none.
pub async fn device_get(store: &dyn Store, territory: &TerritoryId, id: DeviceId) -> Result<Row<Device>> {
    let row = DEVICES.get(store, territory, id.to_string()).await?;
    row.ok_or_else(|| Error::NotFound(format!("device {id}")))
}

/// Whether the device with this id may talk; looked up at every check-in, since a resumed TLS session verifies no certificate.
///
/// # Errors
/// `Denied` when it is not known or revoked.
pub async fn device_admit(store: &dyn Store, territory: &TerritoryId, id: DeviceId) -> Result<Admission> {
    match ADMISSIONS.get(store, territory, id.to_string()).await?.map(|row| row.value) {
        None => Err(Error::Denied("this device is not known here; enrol it again".to_owned())),
        Some(admission) => state_check(admission.state).map(|()| admission),
    }
}

impl Admission {
    /// What the certificate that the device shows is to it.
    #[must_use]
    pub fn standing(&self, shown: &Certificate) -> Standing {
        standing(&self.certificate, self.candidate.as_ref(), shown)
    }
}

impl Device {
    /// The number of its next certificate: above all that were issued, for the last one issued is on record.
    #[must_use]
    pub fn certificate_next(&self) -> u32 {
        self.certificate.number.max(self.candidate.as_ref().map_or(0, |c| c.number)).saturating_add(1)
    }

    /// This device without a class of another school than it is filed under: that has ended, and does not begin again when it comes back.
    #[must_use]
    pub(crate) fn in_class_here(mut self) -> Self {
        self.class = self.class.filter(|class| self.school.is_none_or(|school| school == class.school));
        self
    }

    /// This device as one that is lost or stolen, so that it cannot find back by itself; nothing where that changes nothing, and what is
    /// revoked or merged stays so.
    pub(crate) fn missed(&self) -> Result<Option<Self>> {
        let told = self.state != JoinState::Revoked && self.merged.is_none();
        if told { self.decided(Decision::Lost) } else { Ok(None) }
    }
}

impl Certificate {
    /// Whether it was issued after another. The end decides where neither is numbered; two within one second then count as alike.
    #[must_use]
    pub fn follows(&self, other: &Self) -> bool {
        if (self.number, other.number) == (0, 0) { self.until > other.until } else { self.number > other.number }
    }
}

/// What a certificate is beside the one in force and the next.
///
/// An unknown one is superseded unless it was issued after all that is on record: then the record is from before, and the device
/// must not be stranded.
pub(crate) fn standing(in_force: &Certificate, candidate: Option<&Certificate>, shown: &Certificate) -> Standing {
    if in_force.serial == shown.serial {
        return Standing::InForce;
    }
    if candidate.is_some_and(|candidate| candidate.serial == shown.serial) {
        return Standing::Candidate;
    }
    let newer = shown.follows(in_force) && candidate.is_none_or(|candidate| shown.follows(candidate));
    if newer { Standing::Newer } else { Standing::Superseded }
}

/// Whether a device in this state may talk at all.
pub(crate) fn state_check(state: JoinState) -> Result<()> {
    match state {
        JoinState::Revoked => Err(Error::Denied("this device is revoked; enrol it again with a new token".to_owned())),
        JoinState::Active | JoinState::Quarantined => Ok(()),
    }
}

/// The device a person means by an id, the beginning of one, or a serial number, among those within a reach.
///
/// What lies outside is not found, and not named among several that fit: who may not see a device does not learn that it is there.
///
/// # Errors
/// `NotFound` when none fits, `Invalid` when several do.
pub async fn device_find(store: &dyn Store, territory: &TerritoryId, reach: &Reach, text: &str) -> Result<Row<Device>> {
    let text = text.trim();
    let mut found: BTreeMap<DeviceId, Row<Device>> = BTreeMap::new();
    let mut take = |row: Row<Device>| {
        if reach.covers(&row.value.filed()) {
            found.insert(row.value.id, row);
        }
        found.len() > FITS_SAID
    };
    if let Ok(id) = text.parse::<DeviceId>() {
        DEVICES.get(store, territory, id.to_string()).await?.map(&mut take);
    } else {
        if text.len() >= ID_PREFIX_MIN && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
            let scope = DEVICES.scope(territory, text.to_ascii_lowercase());
            let (mut after, mut looked_at) = (String::new(), 0);
            'pages: while looked_at < FITS_MAX {
                let page = DEVICES.page(store, &scope, &after, FITS_PAGE).await?;
                let Some(last) = page.last() else { break };
                after.clone_from(&last.id);
                looked_at += page.len();
                for row in page {
                    if take(row) {
                        break 'pages;
                    }
                }
            }
            if looked_at >= FITS_MAX {
                return Err(Error::Invalid("too many devices begin so; give more of the id".to_owned()));
            }
        }
        if !text.is_empty() {
            let scope = EVIDENCE.scope(territory, evidence_prefix("serial", text));
            for row in EVIDENCE.page(store, &scope, "", FITS_PAGE).await? {
                DEVICES.get(store, territory, row.value.to_string()).await?.map(&mut take);
            }
        }
    }
    let mut found: Vec<Row<Device>> = found.into_values().collect();
    if found.len() > 1 {
        // After a reinstallation the serial number is the new identity's; the old one is revoked.
        let living = |row: &&Row<Device>| row.value.state != JoinState::Revoked;
        if found.iter().filter(living).count() == 1 {
            found.retain(|row| row.value.state != JoinState::Revoked);
        }
    }
    match found.len() {
        0 => Err(Error::NotFound(format!("device {:?}", text.chars().take(64).collect::<String>()))),
        1 => Ok(found.remove(0)),
        _ => {
            let ids: Vec<String> = found.iter().take(FITS_SAID).map(|row| row.id.clone()).collect();
            Err(Error::Invalid(format!("several devices fit: {}; give the whole id", ids.join(", "))))
        }
    }
}

/// Other devices within a reach that claim the same serial number or system UUID; revoked ones too, for a person compares.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn device_alike(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    device: &Device,
) -> Result<Vec<DeviceId>> {
    let mut alike: Vec<DeviceId> = Vec::new();
    for prefix in evidence_of(&device.claims) {
        let rows = EVIDENCE.page(store, &EVIDENCE.scope(territory, prefix), "", 50).await?;
        alike.extend(rows.into_iter().map(|row| row.value).filter(|id| *id != device.id));
    }
    alike.sort_unstable();
    alike.dedup();
    let mut within = Vec::new();
    for id in alike {
        let row = DEVICES.get(store, territory, id.to_string()).await?;
        within.extend(row.filter(|row| reach.covers(&row.value.filed())).map(|row| row.value.id));
    }
    Ok(within)
}

/// The devices within a reach that claim this serial number and are not put out; none for a placeholder.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn device_claiming(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    serial: &str,
) -> Result<Vec<DeviceId>> {
    let Some(serial) = evidence(serial) else { return Ok(Vec::new()) };
    let scope = EVIDENCE.scope(territory, evidence_prefix("serial", &serial));
    let mut found = Vec::new();
    for row in EVIDENCE.page(store, &scope, "", 50).await? {
        let device = DEVICES.get(store, territory, row.value.to_string()).await?.map(|row| row.value);
        let fits = |device: &Device| device.state != JoinState::Revoked && reach.covers(&device.filed());
        found.extend(device.filter(fits).map(|device| device.id));
    }
    Ok(found)
}

/// A person's decision: approve, quarantine, say lost, or revoke.
///
/// # Errors
/// `NotFound`, `Invalid` for a revoked device (it stays so: it must enrol again), `Conflict` when
/// somebody else decided at the same time.
pub async fn device_decide(
    store: &SharedStore,
    territory: &TerritoryId,
    id: DeviceId,
    decision: impl Into<Decision> + Send,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<Device> {
    let decision = decision.into();
    let row = device_get(store.as_ref(), territory, id).await?;
    let Some(device) = row.value.decided(decision)? else { return Ok(row.value) };
    let act = Act::of(now, by, decision.verb(), id.to_string(), why);
    Writes::by(territory, &act)?.device(Some(&row.value), &device, Expect::At(row.revision))?.commit(store).await?;
    Ok(device)
}

/// What is revoked stays so.
pub(crate) fn revoked_check(device: &Device) -> Result<()> {
    merged_check(device)?;
    if device.state == JoinState::Revoked {
        let id = device.id;
        return Err(Error::Invalid(format!("device {id} is revoked for good; enrol it again with a new token")));
    }
    Ok(())
}

impl Device {
    /// The device after a person's decision; nothing when it is so already.
    ///
    /// # Errors
    /// `Invalid` for a revoked device: it stays so.
    pub fn decided(&self, decision: Decision) -> Result<Option<Self>> {
        merged_check(self)?;
        let (state, reason) = decision.outcome();
        // That a person keeps it back is news where a rule did, for a rule's reason may pass; that it is lost stays said.
        let kept = self.reason == reason || state == JoinState::Revoked;
        let lost = self.reason == Some(Reason::Lost) && state == JoinState::Quarantined;
        if self.state == state && (kept || lost) {
            return Ok(None);
        }
        revoked_check(self)?;
        // Whoever approves has seen to the copy; if not, it is noticed again.
        let cloned = if state == JoinState::Active { None } else { self.cloned };
        Ok(Some(Self { state, reason, cloned, ..self.clone() }))
    }
}

impl Decision {
    /// The audit's word for it.
    #[must_use]
    pub const fn verb(self) -> &'static str {
        match self {
            Self::State(JoinState::Active) => "device_approve",
            Self::State(JoinState::Quarantined) => "device_quarantine",
            Self::State(JoinState::Revoked) => "device_revoke",
            Self::Lost => "device_lost",
        }
    }

    const fn outcome(self) -> (JoinState, Option<Reason>) {
        match self {
            Self::State(JoinState::Active) => (JoinState::Active, None),
            Self::State(state) => (state, Some(Reason::ByOperator)),
            Self::Lost => (JoinState::Quarantined, Some(Reason::Lost)),
        }
    }
}

/// The prefixes under which a device's claims are filed.
pub(crate) fn evidence_of(claims: &Claims) -> Vec<String> {
    let serial = claims.serial.as_deref().map(|s| evidence_prefix("serial", s));
    let uuid = claims.system_uuid.as_deref().map(|u| evidence_prefix("uuid", u));
    serial.into_iter().chain(uuid).collect()
}

/// `kind:text/`, the text without what has a meaning in ids; case does not count.
fn evidence_prefix(kind: &str, text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control() && *c != '/').take(96).collect();
    let mut prefix = format!("{kind}:{}", text.to_lowercase());
    while prefix.len() > 200 {
        prefix.pop();
    }
    prefix + "/"
}
