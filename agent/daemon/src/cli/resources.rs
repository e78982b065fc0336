//! The resources of this device in words: what is in place, and what is on its way.

use crate::resources::Resource;
use words::{Catalogue, Language, Value, bytes_text, decimal_text};

/// All of them, two lines each, and where they lie.
pub(super) fn text(resources: &[Resource], folder: &str, catalogue: &Catalogue) -> String {
    if resources.is_empty() {
        return catalogue.text("resources-none");
    }
    let mut out = catalogue.text_with("resources-folder", &[("folder", folder.into())]) + "\n";
    for one in resources {
        let version = if one.version.is_empty() { catalogue.text("resources-no-version") } else { one.version.clone() };
        out.push_str(&format!("{}  {version}\n    {}\n", one.name, standing(one, catalogue)));
        let came = one.wan_bytes + one.lan_bytes;
        if came > 0 {
            let size = |bytes| Value::Text(bytes_text(catalogue.language(), bytes));
            let values = [("wan", size(one.wan_bytes)), ("lan", size(one.lan_bytes))];
            out.push_str(&format!("    {}\n", catalogue.text_with("resources-came", &values)));
        }
        if one.medium_bytes > 0 {
            let size = bytes_text(catalogue.language(), one.medium_bytes);
            out.push_str(&format!(
                "    {}\n",
                catalogue.text_with("resources-came-medium", &[("medium", size.into())])
            ));
        }
    }
    out
}

/// How many are in place, for the line of `status`; nothing where none is wanted.
pub(super) fn summary(resources: &[Resource], catalogue: &Catalogue) -> Option<String> {
    let held = resources.iter().filter(|one| one.state == "held").count();
    let count = |count: usize| Value::count(u64::try_from(count).unwrap_or(u64::MAX));
    let values = [("held", count(held)), ("n", count(resources.len()))];
    (!resources.is_empty()).then(|| catalogue.text_with("status-resources-text", &values))
}

fn standing(one: &Resource, catalogue: &Catalogue) -> String {
    let language = catalogue.language();
    let reason = reason_text(&one.reason, catalogue);
    let values = [("version", one.wanted.as_str().into()), ("reason", reason.into())];
    let said = catalogue.text_with(&format!("resources-{}", one.state), &values);
    if one.of_bytes == 0 || one.bytes == one.of_bytes {
        return said;
    }
    let values = [
        ("done", bytes_text(language, one.bytes).into()),
        ("size", bytes_text(language, one.of_bytes).into()),
        ("percent", percent(language, one).into()),
    ];
    format!("{said} {}", catalogue.text_with("resources-progress", &values))
}

/// Why a bundle is not in place; a code that has no words yet is shown itself.
pub(super) fn reason_text(reason: &str, catalogue: &Catalogue) -> String {
    catalogue.find(&format!("resources-reason-{reason}"), None).unwrap_or_else(|| reason.to_owned())
}

fn percent(language: Language, one: &Resource) -> String {
    // Beyond 2^53 bytes the lost bits do not show.
    #[allow(clippy::cast_precision_loss)]
    let share = one.bytes as f64 * 100.0 / one.of_bytes as f64;
    decimal_text(language, share, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_and_what_comes_is_said_in_french() {
        let catalogue = Catalogue::new(Language::Fr, super::super::FR, super::super::EN);
        let one = |state: &str, reason: &str| Resource {
            name: "eau".to_owned(),
            wanted: "2".to_owned(),
            version: if state == "held" { "2" } else { "" }.to_owned(),
            state: state.to_owned(),
            reason: reason.to_owned(),
            bytes: 50_000_000,
            of_bytes: if state == "held" { 50_000_000 } else { 200_000_000 },
            wan_bytes: 1_000_000,
            lan_bytes: 0,
            medium_bytes: 0,
        };
        let said = |one: Resource| text(&[one], "/r", &catalogue).replace(['\u{a0}', '\u{202f}'], " ");
        let held = said(one("held", ""));
        assert!(held.contains("eau  2\n    en place\n") && !held.contains('%'), "{held}");
        let coming = said(one("pending", "downloading"));
        assert!(coming.contains("aucune version en place") && coming.contains("téléchargement"), "{coming}");
        assert!(coming.contains("50 Mo sur 200 Mo (25 %)"), "{coming}");
        assert!(said(one("skipped", "disk")).contains("plus assez de place"));
        assert!(said(one("failed", "of_tomorrow")).contains("(of_tomorrow)"));
        assert_eq!(summary(&[], &catalogue), None);
        assert_eq!(summary(&[one("held", ""), one("failed", "x")], &catalogue).unwrap(), "1 en place sur 2");
        assert!(text(&[], "/r", &catalogue).contains("aucune ressource"));
    }

    #[test]
    fn every_reason_has_words() {
        let sources = [
            include_str!("../resources/fault.rs"),
            include_str!("../resources/install.rs"),
            include_str!("../resources/fetcher.rs"),
            include_str!("../resources/gate.rs"),
            include_str!("../resources/shown.rs"),
            include_str!("../resources.rs"),
            include_str!("../publisher/error.rs"),
            include_str!("../release/fetch.rs"),
        ];
        let catalogue = Catalogue::new(Language::Fr, super::super::FR, super::super::EN);
        let mut reasons = vec!["waiting_hours", "waiting_metered", "waiting_battery", "quota", "disk", "file"];
        for source in sources {
            for mark in ["Skipped(\"", "Failed(\"", "Pending, \"", "=> \""] {
                let found = source.split(mark).skip(1).filter_map(|rest| rest.split('"').next());
                reasons.extend(found.filter(|reason| !["held", "failed", "skipped", "pending"].contains(reason)));
            }
        }
        for reason in reasons {
            assert!(catalogue.find(&format!("resources-reason-{reason}"), None).is_some(), "{reason}");
        }
    }
}
