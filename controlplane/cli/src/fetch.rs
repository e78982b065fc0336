//! `cartable fetch`: how devices fetch resources.

use crate::Error;
use crate::call::Call;
use crate::device::school_read;
use crate::print::{Look, Sheet, Tone, clean};
use crate::proposal::proposal_print;
use crate::size::size_read;
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use std::collections::BTreeMap;
use wire::v1::{FetchPolicy, FetchPolicySetRequest, FetchPolicyShowRequest, Fetching, QuietHours, SchoolBandwidth};

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Show,
    #[command(arg_required_else_help = true)]
    Set(Box<Set>),
}

/// What is not named stays as it is.
#[derive(Debug, Args)]
pub(crate) struct Set {
    #[arg(long)]
    quota: Option<String>,
    #[arg(long)]
    free_floor: Option<String>,
    #[arg(long)]
    bandwidth: Option<String>,
    #[arg(long)]
    upload: Option<String>,
    #[arg(long, value_enum)]
    metered: Option<Answer>,
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=100))]
    battery: Option<u32>,
    #[arg(long, value_enum)]
    peers: Option<Answer>,
    #[arg(long)]
    quiet: Option<String>,
    #[arg(long, conflicts_with = "no_mirror")]
    mirror: Vec<String>,
    #[arg(long)]
    no_mirror: bool,
    #[arg(long)]
    school_bandwidth: Vec<String>,
    #[arg(long)]
    site_node: Vec<String>,
    #[arg(long)]
    no_site_node: Vec<String>,
    #[arg(long)]
    why: Option<String>,
}

/// A yes or a no, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Answer {
    Yes,
    No,
}

/// How devices fetch; the field names are promised to programs.
#[derive(Debug, Serialize)]
struct Shown {
    quota_bytes: u64,
    free_floor_bytes: u64,
    bytes_per_second: u64,
    upload_bytes_per_second: u64,
    metered: bool,
    battery_floor_percent: u32,
    peers: bool,
    quiet: Option<String>,
    mirrors: Vec<String>,
    schools: BTreeMap<String, u64>,
    site_nodes: Vec<String>,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::Show => {
            let policy = policy_ask(call).await?;
            policy_print(policy, call)
        }
        Verb::Set(set) => fetch_set(*set, call).await,
    }
}

async fn fetch_set(set: Set, call: &mut Call<'_>) -> Result<(), Error> {
    let why = set.why.clone().unwrap_or_else(|| "cartable fetch set".to_owned());
    let before = policy_ask(call).await?;
    let after = set.changed(before.clone())?;
    if after == before {
        return Err(Error::usage("error-fetch-nothing", &[]));
    }
    let asked = FetchPolicySetRequest { policy: Some(after), why, before: Some(before) };
    let mut client = call.client().await?;
    let answer = call.answer(client.fetch_policy_set(asked)).await?;
    match answer.proposal {
        Some(proposal) => proposal_print(proposal, call),
        None => policy_print(answer.policy.unwrap_or_default(), call),
    }
}

async fn policy_ask(call: &mut Call<'_>) -> Result<FetchPolicy, Error> {
    let mut client = call.client().await?;
    Ok(call.answer(client.fetch_policy_show(FetchPolicyShowRequest {})).await?.policy.unwrap_or_default())
}

impl Set {
    /// The policy with what was named.
    fn changed(self, mut policy: FetchPolicy) -> Result<FetchPolicy, Error> {
        let fetching = policy.fetching.get_or_insert_default();
        for (text, bytes) in [
            (self.quota, &mut fetching.quota_bytes),
            (self.free_floor, &mut fetching.free_floor_bytes),
            (self.bandwidth, &mut fetching.bytes_per_second),
            (self.upload, &mut fetching.upload_bytes_per_second),
        ] {
            if let Some(text) = text {
                *bytes = size_read(&text)?;
            }
        }
        let yes = |answer: Option<Answer>, before: bool| answer.map_or(before, |answer| answer == Answer::Yes);
        fetching.metered = yes(self.metered, fetching.metered);
        fetching.peers = yes(self.peers, fetching.peers);
        fetching.battery_floor_percent = self.battery.unwrap_or(fetching.battery_floor_percent);
        if let Some(text) = &self.quiet {
            fetching.quiet = hours_read(text)?;
        }
        if self.no_mirror || !self.mirror.is_empty() {
            fetching.mirrors = self.mirror;
        }
        let mut schools: BTreeMap<String, u64> =
            policy.schools.into_iter().map(|one| (one.school, one.bytes_per_second)).collect();
        for text in &self.school_bandwidth {
            let (school, rate) =
                text.split_once('=').ok_or_else(|| Error::usage("error-fetch-school", &[("value", &clean(text))]))?;
            let school = school_read(school)?;
            match rate {
                "" => schools.remove(&school),
                rate => schools.insert(school, size_read(rate)?),
            };
        }
        let school = |(school, bytes_per_second)| SchoolBandwidth { school, bytes_per_second };
        policy.schools = schools.into_iter().map(school).collect();
        policy.site_nodes.retain(|node| !self.no_site_node.contains(node));
        policy.site_nodes.extend(self.site_node);
        Ok(policy)
    }
}

/// Hours such as `08:00-18:00`, or `none`.
fn hours_read(text: &str) -> Result<Option<QuietHours>, Error> {
    let bad = || Error::usage("error-fetch-quiet", &[("value", &clean(text))]);
    if text == "none" {
        return Ok(None);
    }
    let (from_minute, until_minute) = crate::span::hours_read(text).ok_or_else(bad)?;
    Ok(Some(QuietHours { from_minute, until_minute, ..QuietHours::default() }))
}

fn hours_text(hours: &QuietHours) -> String {
    let hour = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    format!("{}-{}", hour(hours.from_minute), hour(hours.until_minute))
}

fn policy_print(policy: FetchPolicy, call: &mut Call<'_>) -> Result<(), Error> {
    call.progress.clear();
    let shown = Shown::from(policy);
    let sheet = shown.sheet(call.print.look());
    call.print.one(&shown, || sheet)
}

impl From<FetchPolicy> for Shown {
    fn from(policy: FetchPolicy) -> Self {
        let Fetching { quota_bytes, free_floor_bytes, bytes_per_second, upload_bytes_per_second, .. } =
            policy.fetching.clone().unwrap_or_default();
        let fetching = policy.fetching.unwrap_or_default();
        Self {
            quota_bytes,
            free_floor_bytes,
            bytes_per_second,
            upload_bytes_per_second,
            metered: fetching.metered,
            battery_floor_percent: fetching.battery_floor_percent,
            peers: fetching.peers,
            quiet: fetching.quiet.as_ref().map(hours_text),
            mirrors: fetching.mirrors.iter().map(|mirror| clean(mirror)).collect(),
            schools: policy.schools.into_iter().map(|one| (clean(&one.school), one.bytes_per_second)).collect(),
            site_nodes: policy.site_nodes.iter().map(|node| clean(node)).collect(),
        }
    }
}

impl Shown {
    fn sheet(&self, look: &Look<'_>) -> Sheet {
        let limit = |bytes: u64| if bytes == 0 { look.text("fetch-unlimited") } else { look.bytes(bytes) };
        let rate = |bytes: u64| {
            if bytes == 0 { look.text("fetch-unlimited") } else { format!("{}/s", look.bytes(bytes)) }
        };
        let served = if self.upload_bytes_per_second == 0 {
            look.text("fetch-nothing")
        } else {
            rate(self.upload_bytes_per_second)
        };
        let mut sheet = Sheet::default();
        sheet.section(look.text("fetch-title"));
        for (key, value) in [
            ("fetch-quota", limit(self.quota_bytes)),
            ("fetch-free-floor", look.bytes(self.free_floor_bytes)),
            ("fetch-bandwidth", rate(self.bytes_per_second)),
            ("fetch-upload", served),
            ("fetch-metered", look.yes(self.metered)),
            ("fetch-battery", format!("{}\u{a0}%", self.battery_floor_percent)),
            ("fetch-peers", look.yes(self.peers)),
            ("fetch-quiet", self.quiet.clone().unwrap_or_else(|| look.text("fetch-never"))),
            ("fetch-mirrors", self.mirrors.join(", ")),
            ("fetch-site-nodes", self.site_nodes.join(", ")),
        ] {
            if !value.is_empty() {
                sheet.line(look.text(key), value, Tone::Plain);
            }
        }
        for (school, bytes) in &self.schools {
            sheet.line(school.clone(), rate(*bytes), Tone::Plain);
        }
        sheet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_as_people_write_them() {
        let read = |text| hours_read(text).map(|hours| hours.map(|h| (h.from_minute, h.until_minute)));
        assert_eq!(read("08:00-18:00").unwrap(), Some((480, 1_080)));
        assert_eq!(read("8h30 - 16h00").unwrap(), Some((510, 960)));
        assert_eq!(read("none").unwrap(), None);
        for bad in ["", "8-18", "08:00", "08:60-18:00", "25:00-26:00"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
