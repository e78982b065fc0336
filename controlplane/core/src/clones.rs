//! One identity in two places: a copied disk, a copied folder, a restored image. Noticed, and locked until a person decides.
//!
//! Nothing of the machine's own counts here: serial numbers and UUIDs are copied by firmware and forgers alike, and change with a
//! mainboard. What counts is that the same key is used by two that do not know of each other (security.md, "Clones").

use crate::audit::{Act, Author};
use crate::device::{Certificate, Device, Reason, device_get};
use crate::error::{Error, Result};
use crate::store::{Expect, SharedStore};
use crate::table::Writes;
use model::device::JoinState;
use model::id::{BootId, DeviceId, TerritoryId};
use model::time::Timestamp;
use std::time::Duration;

/// A call that was under way while the certificate was replaced may arrive so long after.
pub const GRACE: Duration = Duration::from_secs(120);
/// A boot that is heard again within so long, with another one in between, is a second machine.
pub const FLAPPING: Duration = Duration::from_secs(86_400);
/// How many boots are remembered.
const BOOTS: usize = 4;
/// How often a lock that met another write is tried again.
const TRIES: usize = 8;

/// The boots of which a device was last heard, the newest first.
///
/// A boot's name is random and never comes back: a restart goes from one to the next and stays there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Boots([Option<(BootId, Timestamp)>; BOOTS]);

impl Boots {
    /// Notes from which boot a call came; whether that one was heard before the one that was heard last.
    pub fn heard(&mut self, boot: BootId, now: Timestamp) -> bool {
        let known = self.0.iter().position(|known| known.is_some_and(|(name, _)| name == boot));
        let returned = known.filter(|at| *at > 0).and_then(|at| self.0[at]);
        self.0[..=known.unwrap_or(BOOTS - 1)].rotate_right(1);
        self.0[0] = Some((boot, now));
        returned.is_some_and(|(_, before)| now.since(before) <= FLAPPING)
    }

    /// The boots that are remembered, the newest first.
    pub fn said(&self) -> impl Iterator<Item = (BootId, Timestamp)> {
        self.0.into_iter().flatten()
    }

    /// Boots as they were remembered.
    #[must_use]
    pub fn of(said: &[(BootId, Timestamp)]) -> Self {
        Self(std::array::from_fn(|at| said.get(at).copied()))
    }
}

/// What shows that an identity is in use twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// A certificate older than the one in force was used.
    Superseded,
    /// Two boots called in turn.
    TwoBoots,
}

impl Evidence {
    /// The name in the audit.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Superseded => "superseded_certificate",
            Self::TwoBoots => "two_boots",
        }
    }
}

/// Judges the use of a superseded certificate, and locks the device if it shows a copy; says whether it did.
///
/// It shows none when it is an earlier identity's, which a person has replaced; when it never was in force, for the answer that
/// followed it may have been overtaken; and for a moment after the switch.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn clone_superseded(
    store: &SharedStore,
    territory: &TerritoryId,
    id: DeviceId,
    shown: &Certificate,
    now: Timestamp,
) -> Result<bool> {
    let device = device_get(store.as_ref(), territory, id).await?.value;
    if !superseded_shows_copy(&device, shown, now) {
        return Ok(false);
    }
    clone_lock(store, territory, id, Evidence::Superseded, now).await
}

/// Notes that a device is there twice, and quarantines it; says whether that was news.
///
/// # Errors
/// `NotFound` for a device that is not known, `Unavailable` when the store fails.
pub async fn clone_lock(
    store: &SharedStore,
    territory: &TerritoryId,
    id: DeviceId,
    evidence: Evidence,
    now: Timestamp,
) -> Result<bool> {
    let mut met = None;
    for _ in 0..TRIES {
        let row = device_get(store.as_ref(), territory, id).await?;
        let mut device = row.value.clone();
        if device.cloned.is_some() || device.state == JoinState::Revoked {
            return Ok(false);
        }
        device.cloned = Some(now);
        // What waits for another reason goes on waiting for that one, too.
        if device.state == JoinState::Active {
            (device.state, device.reason) = (JoinState::Quarantined, Some(Reason::Cloned));
        }
        let act = Act::new(now, Author::Rule("clones".to_owned()), "device_cloned", id.to_string());
        let writes = Writes::by(territory, &act.because(evidence.name()))?;
        let writes = writes.device(Some(&row.value), &device, Expect::At(row.revision))?;
        match writes.commit(store).await {
            Err(Error::Conflict(key)) => met = Some(key),
            done => return done.map(|_| true),
        }
    }
    Err(met.map_or_else(|| Error::NotFound(format!("device {id}")), Error::Conflict))
}

fn superseded_shows_copy(device: &Device, shown: &Certificate, now: Timestamp) -> bool {
    device.certificate.follows(shown)
        && shown.number >= device.identity_from
        && device.switched.is_none_or(|at| now.since(at) >= GRACE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn boot(name: u8) -> BootId {
        BootId::from_bytes([name; 16])
    }

    fn flaps(calls: &[(u8, i64)]) -> bool {
        let mut boots = Boots::default();
        let heard = |(name, at): &(u8, i64)| boots.heard(boot(*name), Timestamp::from_unix_seconds(*at));
        calls.iter().map(heard).collect::<Vec<_>>().into_iter().any(|flapping| flapping)
    }

    #[test]
    fn a_restart_is_none_and_a_return_is_one() {
        assert!(!flaps(&[(1, 0), (1, 60), (2, 120), (2, 180), (3, 240)]));
        assert!(flaps(&[(1, 0), (2, 60), (1, 120)]));
        assert!(flaps(&[(1, 0), (2, 10), (3, 20), (4, 30), (1, 40)]));
        let day = i64::try_from(FLAPPING.as_secs()).unwrap();
        assert!(flaps(&[(1, 0), (2, 60), (1, day)]));
        assert!(!flaps(&[(1, 0), (2, 60), (1, day + 1)]));
    }

    proptest! {
        /// A machine that only ever restarts is never taken for two, however often it calls.
        #[test]
        fn one_machine_never_flaps(calls in proptest::collection::vec(0u8..3, 1..60)) {
            let mut at = 0;
            let calls: Vec<(u8, i64)> = calls.iter().scan(0, |name, step| {
                *name += u8::from(*step == 0);
                at += 30;
                Some((*name, at))
            }).collect();
            prop_assert!(!flaps(&calls));
        }

        /// Two machines that call in any order flap as soon as one is heard again after the other.
        #[test]
        fn two_machines_flap(calls in proptest::collection::vec(1u8..3, 1..30)) {
            let mut runs = calls.clone();
            runs.dedup();
            let calls: Vec<(u8, i64)> = calls.into_iter().zip(0..).collect();
            prop_assert_eq!(flaps(&calls), runs.len() > 2);
        }
    }

    #[test]
    fn only_what_was_in_force_and_is_this_identitys_shows_a_copy() {
        let text = r#"{"id":"01890000-0000-7000-8000-000000000000","state":"active","claims":{},"identity_key":"KEY",
            "identity_generation":2,"identity_from":4,"certificate":{"serial":"06","number":6,"until":9},"switched":1000000,
            "token":"ABCDEFGH","enrolled":1}"#;
        let key = format!("04{}", "11".repeat(64));
        let device: Device = serde_json::from_str(&text.replace("KEY", &key)).unwrap();
        let shown = |number: u32| Certificate { serial: format!("0{number}"), number, until: Timestamp::default() };
        let late = Timestamp::from_unix_millis(1_000_000).after(GRACE);
        assert!(superseded_shows_copy(&device, &shown(5), late) && superseded_shows_copy(&device, &shown(4), late));
        assert!(!superseded_shows_copy(&device, &shown(5), late.before(Duration::from_secs(1))), "on its way");
        assert!(!superseded_shows_copy(&device, &shown(3), late), "an earlier identity");
        assert!(!superseded_shows_copy(&device, &shown(7), late), "never in force");
    }
}
