//! The fleet as lists show it: filtered, a page at a time.

use crate::calendar::{Contact, Silence};
use crate::device::Device;
use crate::error::Result;
use crate::filing::{BRIEFS, Near, Walk};
use crate::presence::{CONTACTS, PRESENCES, Presence};
use crate::report::{Condition, FACTS, Facts};
use crate::scope::Reach;
use crate::store::{PAGE_MAX, Store};
use model::device::JoinState;
use model::id::{DeviceId, TerritoryId};
use model::owner::OwnerId;
use model::time::Timestamp;
use model::uai::Uai;
use std::time::Duration;

/// How many devices a page looks at before it is handed out, even if few of them fit.
const LOOKED_AT_MAX: usize = 20_000;

/// Which devices a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this establishment.
    pub school: Option<Uai>,
    /// Of this owner.
    pub owner: Option<OwnerId>,
    /// With this in maker or model, case ignored.
    pub model: Option<String>,
    /// With this health.
    pub health: Option<Condition>,
    /// In this state.
    pub state: Option<JoinState>,
    /// Not heard for so long, or never.
    pub silent: Option<Duration>,
    /// Not heard for so many school days, or never; where no calendar was entered nobody is.
    pub silent_school: Option<Silence>,
}

/// A line of a list.
#[derive(Clone, Debug)]
pub struct Member {
    /// The device.
    pub device: Device,
    /// Its facts.
    pub facts: Facts,
    /// When it was last heard; zero when never.
    pub presence: Presence,
}

/// What a person should look at, and what decides nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// Its serial number is not the one it joined with.
    Serial,
    /// Its system UUID is not the one it joined with.
    SystemUuid,
    /// It says itself that its machine is another one.
    OtherMachine,
    /// Its identity is in use twice.
    Cloned,
}

impl Flag {
    /// The name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::SystemUuid => "system_uuid",
            Self::OtherMachine => "other_machine",
            Self::Cloned => "cloned",
        }
    }
}

impl Member {
    /// What a person should look at. Hardware changes with a repair, so it only flags (security.md, "Clones").
    #[must_use]
    pub fn flags(&self) -> Vec<Flag> {
        let differ = |a: &Option<String>, b: &Option<String>| {
            a.as_ref().zip(b.as_ref()).is_some_and(|(a, b)| a.to_lowercase() != b.to_lowercase())
        };
        let (claims, facts) = (&self.device.claims, &self.facts);
        let flags = [
            (Flag::Serial, differ(&claims.serial, &facts.serial)),
            (Flag::SystemUuid, differ(&claims.system_uuid, &facts.system_uuid)),
            (Flag::OtherMachine, self.presence.other_machine),
            (Flag::Cloned, self.device.cloned.is_some()),
        ];
        flags.into_iter().filter(|(_, set)| *set).map(|(flag, _)| flag).collect()
    }
}

impl Member {
    /// Whether it is heard of, counted in school days.
    #[must_use]
    pub fn contact(&self, silence: &Silence) -> Option<Contact> {
        silence.contact(self.device.school, self.presence.seen)
    }
}

impl Filter {
    /// Whether a device fits.
    #[must_use]
    pub fn fits(&self, member: &Member, now: Timestamp) -> bool {
        let named = |part: &str| {
            let has = |text: &Option<String>| text.as_ref().is_some_and(|t| t.to_lowercase().contains(part));
            has(&member.facts.model) || has(&member.facts.maker)
        };
        self.school.is_none_or(|school| member.device.school == Some(school))
            && self.owner.as_ref().is_none_or(|owner| member.device.owner.as_ref() == Some(owner))
            && self.state.is_none_or(|state| member.device.state == state)
            && self.health.is_none_or(|health| member.facts.health == health)
            && self.model.as_ref().is_none_or(|part| named(&part.to_lowercase()))
            && self.silent.is_none_or(|silent| now.since(member.presence.seen) >= silent)
            && self
                .silent_school
                .as_ref()
                .is_none_or(|silence| matches!(member.contact(silence), Some(Contact::Silent | Contact::NeverSeen)))
    }
}

/// A page of the devices within a reach that fit, and where the next one begins (empty when there is none).
///
/// `heard` gives the last contact where memory is ahead of the store.
///
/// # Errors
/// `Unavailable` when the store fails.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn fleet_page(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    filter: &Filter,
    after: &str,
    limit: usize,
    now: Timestamp,
    heard: &(dyn Fn(DeviceId) -> Option<Timestamp> + Sync),
) -> Result<(Vec<Member>, String)> {
    let mut walk = Walk::begin(store, territory, &Near::of(filter, reach), after).await?;
    let mut found = Vec::new();
    let mut after = after.to_owned();
    let mut looked_at = 0;
    loop {
        let Some(page) = walk.next(store, territory, limit).await? else { return Ok((found, String::new())) };
        for row in page {
            after = row.id;
            looked_at += 1;
            if !reach.covers(&row.value.filed())
                || filter.state.is_some_and(|s| s != row.value.state)
                || filter.school.is_some_and(|s| row.value.school != Some(s))
                || filter.owner.as_ref().is_some_and(|o| row.value.owner.as_ref() != Some(o))
            {
                continue;
            }
            let member = member_of(store, territory, row.value, heard).await?;
            if filter.fits(&member, now) {
                found.push(member);
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

/// The line of one device.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn member_of(
    store: &dyn Store,
    territory: &TerritoryId,
    device: Device,
    heard: &(dyn Fn(DeviceId) -> Option<Timestamp> + Sync),
) -> Result<Member> {
    let id = device.id.to_string();
    let facts = FACTS.get(store, territory, id.clone()).await?.map(|row| row.value);
    let facts = facts.unwrap_or_else(|| Facts {
        maker: device.claims.maker.clone(),
        model: device.claims.model.clone(),
        serial: device.claims.serial.clone(),
        system_uuid: device.claims.system_uuid.clone(),
        ..Facts::default()
    });
    let mut presence = PRESENCES.get(store, territory, id.clone()).await?.map(|row| row.value).unwrap_or_default();
    let contact = match heard(device.id) {
        Some(at) => Some(at),
        None => CONTACTS.get(store, territory, id).await?.map(|row| row.value),
    };
    presence.seen = contact.map_or(presence.seen, |at| at.max(presence.seen));
    Ok(Member { device, facts, presence })
}

/// The devices of an establishment within a reach that are meant, at most so many.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn school_devices(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    school: Uai,
    meant: &(dyn Fn(&Device) -> bool + Sync),
    most: usize,
) -> Result<Vec<Device>> {
    let mut walk = Walk::begin(store, territory, &Near::school(school), "").await?;
    let mut found = Vec::new();
    loop {
        let Some(page) = walk.next(store, territory, PAGE_MAX).await? else { return Ok(found) };
        let fits = |device: &Device| device.school == Some(school) && reach.covers(&device.filed()) && meant(device);
        found.extend(page.into_iter().map(|row| row.value).filter(fits));
        if found.len() >= most {
            found.truncate(most);
            return Ok(found);
        }
    }
}

/// How many devices are not revoked, counted up to `most`.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn fleet_count(store: &dyn Store, territory: &TerritoryId, most: usize) -> Result<usize> {
    let scope = BRIEFS.scope(territory, "");
    let (mut count, mut after) = (0, String::new());
    loop {
        let page = BRIEFS.page(store, &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { return Ok(count) };
        after.clone_from(&last.id);
        count += page.iter().filter(|row| row.value.state != JoinState::Revoked).count();
        if count >= most {
            return Ok(most);
        }
    }
}

/// How many devices there are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Active ones.
    pub active: u64,
    /// Those that wait for a person.
    pub quarantined: u64,
    /// Those put out.
    pub revoked: u64,
}

/// Counts the fleet within a reach.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn fleet_census(store: &dyn Store, territory: &TerritoryId, reach: &Reach) -> Result<Census> {
    let mut census = Census::default();
    let near = Near::within(reach);
    if near != Near::Everywhere {
        let mut walk = Walk::begin(store, territory, &near, "").await?;
        while let Some(page) = walk.next(store, territory, PAGE_MAX).await? {
            let within = page.iter().filter(|row| reach.covers(&row.value.filed()));
            within.for_each(|row| census.count(row.value.state));
        }
        return Ok(census);
    }
    let (scope, mut after) = (BRIEFS.scope(territory, ""), String::new());
    loop {
        let page = BRIEFS.page(store, &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { return Ok(census) };
        after.clone_from(&last.id);
        page.iter().filter(|row| reach.covers(&row.value.filed())).for_each(|row| census.count(row.value.state));
    }
}

impl Census {
    fn count(&mut self, state: JoinState) {
        match state {
            JoinState::Active => self.active += 1,
            JoinState::Quarantined => self.quarantined += 1,
            JoinState::Revoked => self.revoked += 1,
        }
    }
}
