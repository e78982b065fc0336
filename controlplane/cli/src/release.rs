//! `cartable release`: which release of the agent devices are to run.

use crate::Error;
use crate::call::Call;
use crate::print::{Sheet, Tone};
use crate::proposal::proposal_print;
use clap::{Args, Subcommand};
use model::digest::Digest;
use model::resource::{BundleName, BundleVersion, ReleaseWanted};
use serde::Serialize;
use wire::v1::{BundlePlace, BundleReachRequest, ReleaseSetRequest, ReleaseShowRequest};

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Show,
    Set(Set),
    Unset(Unset),
}

#[derive(Debug, Args)]
pub(crate) struct Set {
    #[arg(value_name = "VERSION")]
    number: String,
    #[arg(long)]
    digest: Option<String>,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Unset {
    #[arg(long)]
    why: Option<String>,
}

/// What is wanted of the whole territory, and how far devices are with what is wanted of each; the field names are promised to programs.
#[derive(Debug, Serialize)]
struct Shown {
    version: Option<String>,
    index: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    devices: Option<Devices>,
}

/// The devices that are to run some release, by where they stand.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Devices {
    targeted: u32,
    in_place: u32,
    downloading: u32,
    waiting: u32,
    failed: u32,
    skipped: u32,
    unreachable: u32,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::Show => {
            let mut client = call.client().await?;
            let shown = call.answer(client.release_show(ReleaseShowRequest {})).await?;
            let request =
                BundleReachRequest { bundle: BundleName::agent().to_string(), by_owner: false, by_class: false };
            let reach = call.answer(client.bundle_reach(request)).await?;
            let devices = reach.places.iter().fold(Devices::default(), Devices::with);
            release_print(shown.release, (devices.targeted > 0).then_some(devices), call)
        }
        Verb::Set(Set { number, digest, why }) => {
            let wrong = |value: &str| Error::usage("error-agent-release", &[("value", value)]);
            let version: BundleVersion = number.parse().map_err(|_| wrong(&number))?;
            let digest = digest.map(|text| text.parse::<Digest>().map_err(|_| wrong(&text))).transpose()?;
            let index = digest.map(|digest| digest.as_bytes().to_vec()).unwrap_or_default();
            let wanted = wire::v1::ReleaseWanted { version: version.to_string(), index, ..Default::default() };
            release_set(Some(wanted), why, "cartable release set", call).await
        }
        Verb::Unset(Unset { why }) => release_set(None, why, "cartable release unset", call).await,
    }
}

async fn release_set(
    release: Option<wire::v1::ReleaseWanted>,
    why: Option<String>,
    own: &str,
    call: &mut Call<'_>,
) -> Result<(), Error> {
    let why = why.unwrap_or_else(|| own.to_owned());
    let mut client = call.client().await?;
    let asked = ReleaseSetRequest { release, why };
    let answer = call.answer(client.release_set(asked)).await?;
    match answer.proposal {
        Some(proposal) => proposal_print(proposal, call),
        None => release_print(answer.release, None, call),
    }
}

fn release_print(
    release: Option<wire::v1::ReleaseWanted>,
    devices: Option<Devices>,
    call: &mut Call<'_>,
) -> Result<(), Error> {
    call.progress.clear();
    let release = release.map(ReleaseWanted::try_from).transpose()?;
    let shown = Shown {
        version: release.as_ref().map(|release| release.version.to_string()),
        index: release.as_ref().map(|release| release.index.to_string()),
        devices,
    };
    let look = call.print.look();
    let mut sheet = Sheet::default();
    sheet.section(look.text("agent-release-title"));
    let version = shown.version.clone().unwrap_or_else(|| look.text("agent-release-none"));
    sheet.line(look.text("agent-release-version"), version, Tone::Plain);
    if let Some(index) = &shown.index {
        sheet.line(look.text("agent-release-digest"), index.clone(), Tone::Plain);
    }
    for (key, count) in shown.devices.iter().flat_map(Devices::lines) {
        let tone = if key == "bundle-failed" && count > 0 { Tone::Bad } else { Tone::Plain };
        sheet.line(look.text(key), look.number(count.into()), tone);
    }
    call.print.one(&shown, || sheet)
}

impl Devices {
    fn with(self, place: &BundlePlace) -> Self {
        Self {
            targeted: self.targeted + place.targeted,
            in_place: self.in_place + place.in_place,
            downloading: self.downloading + place.downloading,
            waiting: self.waiting + place.waiting,
            failed: self.failed + place.failed,
            skipped: self.skipped + place.skipped,
            unreachable: self.unreachable + place.unreachable,
        }
    }

    const fn lines(&self) -> [(&'static str, u32); 7] {
        [
            ("bundle-targeted", self.targeted),
            ("bundle-in-place", self.in_place),
            ("bundle-downloading", self.downloading),
            ("bundle-waiting", self.waiting),
            ("bundle-failed", self.failed),
            ("bundle-skipped", self.skipped),
            ("bundle-unreachable", self.unreachable),
        ]
    }
}
