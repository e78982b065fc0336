//! What is wished of a rollout, as it is typed.

use crate::Error;
use crate::device::school_read;
use crate::span::{hours_read, span_read_u32};
use clap::Args;
use model::digest::Digest;
use std::collections::BTreeMap;
use wire::v1::{RolloutWave, RolloutWish};

/// What a rollout waits for: a device that is offered it, and so on, the first device of a school, a wave.
const PATIENCE: [&str; 6] = ["offered", "downloading", "verifying", "staged", "seed", "wave"];

#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[arg(long)]
    bundle: String,
    #[arg(long)]
    index: Option<String>,
    #[arg(long, required = true)]
    scope: Vec<String>,
    #[arg(long)]
    wave: Vec<String>,
    #[arg(long)]
    agree: Vec<usize>,
    #[arg(long)]
    success: Option<f64>,
    #[arg(long)]
    error: Option<f64>,
    #[arg(long)]
    errors: Option<u32>,
    #[arg(long)]
    sample: Option<u32>,
    #[arg(long)]
    unreachable: Option<String>,
    #[arg(long)]
    patience: Vec<String>,
    #[arg(long)]
    seeds: bool,
    #[arg(long)]
    site_mb: Option<u32>,
    #[arg(long)]
    hours: Option<String>,
    #[arg(long)]
    urgent: bool,
    #[arg(long)]
    why: Option<String>,
    #[arg(long)]
    pub(super) dry: bool,
}

impl Plan {
    /// The wish as it is sent.
    pub(super) fn read(self) -> Result<RolloutWish, Error> {
        let bad = |value: &str| Error::usage("error-rollout-bundle", &[("value", value)]);
        let (bundle, version) = self.bundle.split_once('@').ok_or_else(|| bad(&self.bundle))?;
        let digest = |text: &String| {
            let read = text.parse::<Digest>();
            read.map_err(|_| Error::usage("error-rollout-index", &[("value", text.as_str())]))
        };
        let index = self.index.as_ref().map(digest).transpose()?;
        let mut waves = self.wave.iter().map(|wave| wave_read(wave)).collect::<Result<Vec<_>, _>>()?;
        for number in &self.agree {
            let wave = number.checked_sub(1).and_then(|n| waves.get_mut(n));
            let unknown = || Error::usage("error-rollout-agree", &[("value", number.to_string().as_str())]);
            wave.ok_or_else(unknown)?.agree = true;
        }
        let span = |text: &Option<String>| text.as_deref().map_or(Ok(0), span_read_u32);
        let (from_minute, until_minute) = match &self.hours {
            Some(text) => hours_read(text).ok_or_else(|| Error::usage("error-rollout-hours", &[("value", text)]))?,
            None => (0, 0),
        };
        let waited = patience_read(&self.patience)?;
        let patience = |what: &str| waited.get(what).copied().unwrap_or(0);
        let share = |text: Option<f64>| text.map_or(Ok(0), |percent| share_read(percent, &percent.to_string()));
        Ok(RolloutWish {
            bundle: bundle.to_owned(),
            version: version.to_owned(),
            index: index.map(|index| index.as_bytes().to_vec()).unwrap_or_default(),
            scope: self.scope,
            waves,
            success: share(self.success)?,
            error: share(self.error)?,
            zero_error: self.error == Some(0.0),
            errors: self.errors.unwrap_or(0),
            sample: self.sample.unwrap_or(0),
            unreachable_seconds: span(&self.unreachable)?,
            offered_seconds: patience("offered"),
            downloading_seconds: patience("downloading"),
            verifying_seconds: patience("verifying"),
            staged_seconds: patience("staged"),
            seed_seconds: patience("seed"),
            wave_seconds: patience("wave"),
            seeds: self.seeds,
            site_bytes: u64::from(self.site_mb.unwrap_or(0)) * 1_000_000,
            from_minute,
            until_minute,
            urgent: self.urgent,
            why: self.why.unwrap_or_default(),
        })
    }
}

/// What a rollout waits for, and for how long: `downloading=12h`, and a span alone for a wave as a whole.
fn patience_read(texts: &[String]) -> Result<BTreeMap<String, u32>, Error> {
    let mut waited = BTreeMap::new();
    for text in texts {
        let bad = || Error::usage("error-rollout-patience", &[("value", text)]);
        let (what, span) = text.split_once('=').unwrap_or(("wave", text));
        let what = what.trim().to_lowercase();
        if !PATIENCE.contains(&what.as_str()) || waited.insert(what, span_read_u32(span)?).is_some() {
            return Err(bad());
        }
    }
    Ok(waited)
}

/// A wave as it is typed: `10%`, `5sites`, or schools with commas between them.
fn wave_read(text: &str) -> Result<RolloutWave, Error> {
    let bad = || Error::usage("error-rollout-wave", &[("value", text)]);
    if let Some(percent) = text.strip_suffix('%') {
        let percent: f64 = percent.trim().replace(',', ".").parse().map_err(|_| bad())?;
        return Ok(RolloutWave { share: share_read(percent, text)?, ..RolloutWave::default() });
    }
    if let Some(count) = text.strip_suffix("sites") {
        let draw = count.trim().parse().ok().filter(|draw| *draw > 0).ok_or_else(bad)?;
        return Ok(RolloutWave { draw, ..RolloutWave::default() });
    }
    let schools: Result<Vec<String>, Error> = text.split(',').map(school_read).collect();
    Ok(RolloutWave { schools: schools?, ..RolloutWave::default() })
}

fn share_read(percent: f64, text: &str) -> Result<u32, Error> {
    let bad = || Error::usage("error-rollout-share", &[("value", text)]);
    if !(0.0..=100.0).contains(&percent) {
        return Err(bad());
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 10,000")]
    Ok((percent * 100.0).round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_is_a_span_for_each_phase_or_for_the_wave() {
        let read = |texts: &[&str]| patience_read(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        let waited = read(&["3d", "downloading=12h", "Seed = 30m"]).unwrap();
        let waited: Vec<_> = waited.iter().map(|(what, seconds)| (what.as_str(), *seconds)).collect();
        assert_eq!(waited, [("downloading", 43_200), ("seed", 1_800), ("wave", 259_200)]);
        for bad in
            [&["lunch=1h"][..], &["=1h"], &["staged="], &["staged=5"], &["1h", "wave=2h"], &["seed=1h", "seed=1h"]]
        {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn waves_are_shares_drawn_sites_or_schools() {
        assert_eq!(wave_read("1%").unwrap().share, 100);
        assert_eq!(wave_read("0,5 %").unwrap().share, 50);
        assert_eq!(wave_read("5sites").unwrap().draw, 5);
        assert_eq!(wave_read("0951099d,0750654D").unwrap().schools, ["0951099D", "0750654D"]);
        for bad in ["", "%", "101%", "-1%", "NaN%", "0sites", "sites", "0951099X"] {
            assert!(wave_read(bad).is_err(), "{bad}");
        }
        assert_eq!(hours_read("19:00-06:30").unwrap(), (1_140, 390));
        for bad in ["", "19-6", "25:00-06:00", "19:60-06:00", "19:00"] {
            assert!(hours_read(bad).is_none(), "{bad}");
        }
    }
}
