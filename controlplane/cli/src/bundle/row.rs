//! Lines about bundles; the field names are promised to programs.

use crate::print::{Look, Row, Sheet, Tone, clean, rfc3339};
use serde::Serialize;
use wire::v1::{BundleAssignment, BundlePlace, BundleSummary, BundleWhy};

/// A version that is offered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct OfferRow {
    pub(super) bundle: String,
    pub(super) version: String,
    title: String,
    description: String,
    language: String,
    levels: String,
    subjects: String,
    licence: String,
    publisher: String,
    bytes: u64,
    files: u32,
    index: String,
}

/// What is said of a bundle for a target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct AssignmentRow {
    bundle: String,
    target: String,
    version: Option<String>,
    urgent: bool,
    by: String,
    at: Option<String>,
    #[serde(skip)]
    at_unix_ms: i64,
}

/// How far a bundle is at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct PlaceRow {
    place: Option<String>,
    targeted: Option<u32>,
    in_place: Option<u32>,
    downloading: Option<u32>,
    waiting: Option<u32>,
    failed: Option<u32>,
    skipped: Option<u32>,
    unreachable: Option<u32>,
    wan_bytes: Option<u64>,
    lan_bytes: Option<u64>,
    medium_bytes: Option<u64>,
}

/// What decides a bundle of a device, and how it stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct WhyRow {
    bundle: String,
    target: Option<String>,
    version: Option<String>,
    urgent: bool,
    cut: bool,
    seen: Option<String>,
    state: Option<String>,
    reason: Option<String>,
    bytes: u64,
    of_bytes: u64,
    medium_bytes: u64,
    rollout: Option<String>,
}

fn some(text: String) -> Option<String> {
    Some(clean(&text)).filter(|text| !text.is_empty())
}

impl From<BundleSummary> for OfferRow {
    fn from(offer: BundleSummary) -> Self {
        Self {
            bundle: clean(&offer.name),
            version: clean(&offer.version),
            title: clean(&offer.title),
            description: clean(&offer.description),
            language: clean(&offer.language),
            levels: clean(&offer.levels.join(", ")),
            subjects: clean(&offer.subjects.join(", ")),
            licence: clean(&offer.licence),
            publisher: clean(&offer.publisher),
            bytes: offer.size,
            files: offer.files,
            index: clean(&offer.index),
        }
    }
}

impl OfferRow {
    /// What people read of it, with the versions that are offered.
    pub(super) fn sheet(&self, versions: &[Self], look: &Look<'_>) -> Sheet {
        let mut sheet = Sheet::default();
        sheet.section(self.title.clone());
        let versions: Vec<&str> = versions.iter().map(|row| row.version.as_str()).collect();
        for (key, value) in [
            ("bundle-name", self.bundle.clone()),
            ("bundle-versions", versions.join(", ")),
            ("bundle-description", self.description.clone()),
            ("bundle-language", self.language.clone()),
            ("bundle-levels", self.levels.clone()),
            ("bundle-subjects", self.subjects.clone()),
            ("bundle-licence", self.licence.clone()),
            ("bundle-publisher", self.publisher.clone()),
            ("bundle-size", look.bytes(self.bytes)),
            ("bundle-files", look.number(self.files.into())),
            ("bundle-index", self.index.clone()),
        ] {
            if !value.is_empty() {
                sheet.line(look.text(key), value, Tone::Plain);
            }
        }
        sheet
    }
}

impl Row for OfferRow {
    const COLUMNS: &'static [&'static str] =
        &["bundle-name", "bundle-version", "bundle-title", "bundle-levels", "bundle-subjects", "bundle-size"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let texts = [&self.bundle, &self.version, &self.title, &self.levels, &self.subjects];
        let cells = texts.into_iter().cloned().chain([look.bytes(self.bytes)]);
        cells.map(|text| (text, Tone::Plain)).collect()
    }
}

impl From<BundleAssignment> for AssignmentRow {
    fn from(one: BundleAssignment) -> Self {
        Self {
            bundle: clean(&one.bundle),
            target: clean(&one.target),
            version: some(one.version),
            urgent: one.urgent,
            by: clean(&one.by),
            at: rfc3339(one.at_unix_ms),
            at_unix_ms: one.at_unix_ms,
        }
    }
}

impl Row for AssignmentRow {
    const COLUMNS: &'static [&'static str] =
        &["bundle-name", "bundle-target", "bundle-version", "bundle-urgent", "bundle-by", "bundle-at"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let version = self.version.clone().unwrap_or_else(|| look.text("bundle-absent"));
        let urgent = if self.urgent { look.text("bundle-urgent-yes") } else { String::new() };
        let texts = [self.bundle.clone(), self.target.clone(), version, urgent, self.by.clone()];
        let cells = texts.into_iter().chain([look.date(self.at_unix_ms)]);
        cells.map(|text| (text, Tone::Plain)).collect()
    }
}

impl From<BundlePlace> for PlaceRow {
    fn from(place: BundlePlace) -> Self {
        // Where there are few, nothing is said of them.
        let count = |number: u32| (!place.few).then_some(number);
        let bytes = |number: u64| (!place.few).then_some(number);
        Self {
            targeted: count(place.targeted),
            in_place: count(place.in_place),
            downloading: count(place.downloading),
            waiting: count(place.waiting),
            failed: count(place.failed),
            skipped: count(place.skipped),
            unreachable: count(place.unreachable),
            wan_bytes: bytes(place.wan_bytes),
            lan_bytes: bytes(place.lan_bytes),
            medium_bytes: bytes(place.medium_bytes),
            place: some(place.place),
        }
    }
}

impl Row for PlaceRow {
    const COLUMNS: &'static [&'static str] = &[
        "bundle-place",
        "bundle-targeted",
        "bundle-in-place",
        "bundle-downloading",
        "bundle-waiting",
        "bundle-failed",
        "bundle-skipped",
        "bundle-unreachable",
        "bundle-wan",
        "bundle-lan",
        "bundle-medium",
    ];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let number = |number: Option<u32>| number.map_or_else(|| look.text("bundle-few"), |n| look.number(n.into()));
        let bytes = |number: Option<u64>| number.map_or_else(|| look.text("bundle-few"), |n| look.bytes(n));
        let bad = if self.failed.is_some_and(|n| n > 0) { Tone::Bad } else { Tone::Plain };
        vec![
            (self.place.clone().unwrap_or_else(|| look.text("bundle-nowhere")), Tone::Plain),
            (number(self.targeted), Tone::Plain),
            (number(self.in_place), Tone::Plain),
            (number(self.downloading), Tone::Plain),
            (number(self.waiting), Tone::Plain),
            (number(self.failed), bad),
            (number(self.skipped), Tone::Plain),
            (number(self.unreachable), Tone::Plain),
            (bytes(self.wan_bytes), Tone::Plain),
            (bytes(self.lan_bytes), Tone::Plain),
            (bytes(self.medium_bytes), Tone::Plain),
        ]
    }
}

impl From<BundleWhy> for WhyRow {
    fn from(why: BundleWhy) -> Self {
        Self {
            bundle: clean(&why.bundle),
            target: some(why.target),
            version: some(why.version),
            urgent: why.urgent,
            cut: why.cut,
            seen: some(why.seen),
            state: some(why.state),
            reason: some(why.reason),
            bytes: why.bytes,
            of_bytes: why.of_bytes,
            medium_bytes: why.medium_bytes,
            rollout: some(why.rollout),
        }
    }
}

impl Row for WhyRow {
    const COLUMNS: &'static [&'static str] =
        &["bundle-name", "bundle-target", "bundle-wanted", "bundle-seen", "bundle-state"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let wanted = match (&self.version, self.cut) {
            (_, true) => look.text("bundle-cut"),
            (Some(version), false) => version.clone(),
            (None, false) => look.text("bundle-absent"),
        };
        let state = match self.state.as_deref() {
            None => look.text("desired-unknown"),
            Some("held") => look.text("desired-held"),
            Some(state) => {
                let known = look.words.find(&format!("condition-{state}"), None);
                let reason = self.reason.as_ref().map(|reason| look.reason(reason));
                [Some(known.unwrap_or_else(|| state.to_owned())), reason]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(&format!("{} ", look.colon()))
            }
        };
        // A rollout's word stands nowhere among the assignments.
        let target = [self.target.as_deref(), self.rollout.as_deref()];
        let target = target.into_iter().flatten().collect::<Vec<_>>().join(" · ");
        let state = match self.medium_bytes {
            0 => state,
            bytes => format!("{state} ({} {})", look.text("bundle-by-medium"), look.bytes(bytes)),
        };
        let seen = self.seen.clone().unwrap_or_default();
        [self.bundle.clone(), target, wanted, seen, state].into_iter().map(|text| (text, Tone::Plain)).collect()
    }
}
