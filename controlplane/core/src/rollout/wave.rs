//! Which wave a device is in: a pure function of the rollout and of the device, so that no row a device is written.

use super::{Opened, Rollout};
use crate::error::{Error, Result};
use crate::rollout::site::Site;
use model::digest::Digest;
use model::id::DeviceId;
use model::uai::Uai;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// All, as a share.
pub const SHARE_ALL: u32 = 10_000;
/// The most schools of one wave.
pub const SCHOOLS_MAX: usize = 2_000;

/// A wave: devices that are opened together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wave {
    /// Which.
    pub size: WaveSize,
    /// Whether a second person must agree before it opens.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub agree: bool,
}

/// Which devices a wave holds, beside those of the waves before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaveSize {
    /// So many hundredths of a percent of all, those of the waves before included, by a stable draw.
    Share(u32),
    /// All of these schools; a number of sites is drawn when it is planned.
    Schools(BTreeSet<Uai>),
}

/// A device as far as waves are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Which.
    pub device: DeviceId,
    /// At which school.
    pub school: Option<Uai>,
}

impl Wave {
    /// Whether it can be meant.
    ///
    /// # Errors
    /// `Invalid` for a share or a number of schools out of its range.
    pub fn check(&self) -> Result<()> {
        match &self.size {
            WaveSize::Share(1..=SHARE_ALL) => Ok(()),
            WaveSize::Share(_) => Err(Error::Invalid("a wave is 0.01 to 100 % of the devices".to_owned())),
            WaveSize::Schools(schools) if (1..=SCHOOLS_MAX).contains(&schools.len()) => Ok(()),
            WaveSize::Schools(_) => Err(Error::Invalid(format!("a wave names 1 to {SCHOOLS_MAX} schools"))),
        }
    }
}

impl Rollout {
    /// The first wave that a device of the scope is in.
    #[must_use]
    pub fn wave_of(&self, member: &Member) -> Option<usize> {
        let drawn = draw(&self.id, member.device.to_string().as_bytes());
        self.waves.iter().position(|wave| match &wave.size {
            WaveSize::Share(share) => drawn < *share,
            WaveSize::Schools(schools) => member.school.is_some_and(|school| schools.contains(&school)),
        })
    }

    /// Since when it is open to a device of the scope; nothing when it is not. `site` is the school's, where sites are opened one by one.
    #[must_use]
    pub fn open_to(&self, member: &Member, site: Option<&Site>) -> Option<Opened> {
        let wave = *self.opened.get(self.wave_of(member)?)?;
        if !self.by_site() || member.school.is_none() {
            return Some(wave);
        }
        Some(wave.later(site?.open_to(member.device)?))
    }
}

/// Draws so many of these schools, the same ones whenever it is asked.
#[must_use]
pub fn schools_drawn(rollout: &str, schools: &BTreeSet<Uai>, count: usize) -> BTreeSet<Uai> {
    let mut drawn: Vec<(u32, Uai)> =
        schools.iter().map(|uai| (draw(rollout, uai.to_string().as_bytes()), *uai)).collect();
    drawn.sort_unstable();
    drawn.into_iter().take(count).map(|(_, uai)| uai).collect()
}

/// A number below [`SHARE_ALL`], the same for a rollout and a thing whenever it is asked, and another one for another rollout: the same
/// devices are not always the first.
fn draw(rollout: &str, thing: &[u8]) -> u32 {
    let digest = Digest::of_parts(&[b"cartable rollout draw\n", rollout.as_bytes(), b"\n", thing]);
    let mut first = [0; 8];
    first.copy_from_slice(&digest.as_bytes()[..8]);
    u32::try_from(u64::from_be_bytes(first) % u64::from(SHARE_ALL)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schools_are_drawn_alike_whenever_it_is_asked() {
        let uais = ["0951099D", "0750654D", "0752524L"];
        let all: BTreeSet<Uai> = uais.iter().map(|uai| uai.parse().unwrap()).collect();
        let one = schools_drawn("a", &all, 1);
        assert_eq!((one.len(), &one), (1, &schools_drawn("a", &all, 1)));
        assert!(one.is_subset(&schools_drawn("a", &all, 2)));
        assert_eq!(schools_drawn("a", &all, 9), all);
    }
}
