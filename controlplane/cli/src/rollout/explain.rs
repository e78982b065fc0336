//! Why a device holds or awaits what it does, in words.

use crate::Error;
use crate::call::Call;
use crate::print::{Sheet, Tone, reason_text};
use clap::Args;
use serde::Serialize;
use wire::v1::{RolloutExplainRequest, RolloutPlace};

#[derive(Debug, Args)]
pub(crate) struct Explain {
    device: String,
}

/// Where a device stands in a rollout; the field names are promised to programs.
#[derive(Debug, Serialize)]
struct Place {
    rollout: String,
    bundle: String,
    version: String,
    state: String,
    covered: bool,
    wave: u32,
    phase: Option<String>,
    code: Option<String>,
    seed_first: bool,
}

#[derive(Debug, Serialize)]
struct Explained {
    device: String,
    rollouts: Vec<Place>,
}

pub(super) async fn explain(asked: Explain, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let answer = call.answer(client.rollout_explain(RolloutExplainRequest { device: asked.device })).await?;
    call.progress.clear();
    let explained = Explained { device: answer.device, rollouts: answer.places.into_iter().map(Place::from).collect() };
    let mut sheet = Sheet::default();
    for place in &explained.rollouts {
        sheet.section(format!("{} {} ({})", place.bundle, place.version, place.rollout));
        let state = call.words.text(&format!("rollout-state-{}", place.state.replace('_', "-")));
        sheet.line(call.words.text("rollout-state"), state, Tone::Plain);
        sheet.line(call.words.text("rollout-here"), place.text(call), Tone::Plain);
    }
    if explained.rollouts.is_empty() {
        sheet.section(call.words.text("rollout-none"));
    }
    call.print.one(&explained, || sheet)
}

impl Place {
    fn text(&self, call: &Call<'_>) -> String {
        let wave = u64::from(self.wave);
        let of = |key: &str| call.words.text_with(key, &[("wave", wave.to_string().into())]);
        let Some(phase) = self.phase.as_deref().filter(|_| self.covered) else {
            return call.words.text("rollout-here-not-covered");
        };
        match (self.state.as_str(), phase) {
            ("draft" | "approved", _) => of("rollout-here-not-started"),
            (_, "closed") => of("rollout-here-closed"),
            (_, "withheld") => of("rollout-here-withheld"),
            _ => {
                let phase = call.words.text(&format!("rollout-phase-{}", phase.replace('_', "-")));
                let code = self.code.as_ref().map(|code| format!(" ({})", reason_text(code, call.words)));
                let values = [
                    ("wave", wave.to_string().into()),
                    ("phase", format!("{phase}{}", code.unwrap_or_default()).into()),
                ];
                call.words.text_with("rollout-here-phase", &values)
            }
        }
    }
}

impl From<RolloutPlace> for Place {
    fn from(place: RolloutPlace) -> Self {
        let rollout = place.rollout.unwrap_or_default();
        let wish = rollout.wish.unwrap_or_default();
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            rollout: rollout.id,
            bundle: wish.bundle,
            version: wish.version,
            state: rollout.state,
            covered: place.covered,
            wave: place.wave,
            phase: some(place.phase),
            code: some(place.code),
            seed_first: place.seed_first,
        }
    }
}
