//! An import in words: how far it is, and what became of each bundle of the medium.

use super::resources::reason_text;
use crate::clock::Clock;
use crate::{Agent, Carried, Imported, Part, SystemClock};
use std::io::{IsTerminal, Write};
use std::time::Duration;
use words::{Catalogue, Value, bytes_text};

/// How far it is, is said anew after so long.
const SAY_EVERY: Duration = Duration::from_millis(300);

/// A line that says how far it is, on a terminal only.
pub(super) struct Line<'a> {
    catalogue: &'a Catalogue,
    terminal: bool,
    said: Option<Duration>,
    width: usize,
}

impl<'a> Line<'a> {
    pub(super) fn new(catalogue: &'a Catalogue) -> Self {
        Self { catalogue, terminal: std::io::stderr().is_terminal(), said: None, width: 0 }
    }

    /// So many bytes were handed over.
    pub(super) fn at(&mut self, bytes: u64, agent: &Agent) {
        let now = SystemClock.elapsed();
        if !self.terminal || self.said.is_some_and(|said| now.saturating_sub(said) < SAY_EVERY) {
            return;
        }
        self.said = Some(now);
        let resources = agent.resources().unwrap_or_default();
        let under_way = resources.iter().find(|one| one.state == "pending" && one.medium_bytes > 0 && one.of_bytes > 0);
        let language = self.catalogue.language();
        let size = Value::Text(bytes_text(language, bytes));
        let text = match under_way {
            Some(one) => {
                let percent = one.bytes.saturating_mul(100) / one.of_bytes;
                let values =
                    [("bytes", size), ("name", one.name.as_str().into()), ("percent", percent.to_string().into())];
                self.catalogue.text_with("import-at-bundle", &values)
            }
            None => self.catalogue.text_with("import-at", &[("bytes", size)]),
        };
        let width = text.chars().count();
        let _ = write!(std::io::stderr(), "\r{text}{:1$}", "", self.width.saturating_sub(width));
        self.width = width;
    }

    /// It leaves the screen.
    pub(super) fn clear(&mut self) {
        if self.width > 0 {
            let _ = write!(std::io::stderr(), "\r{:1$}\r", "", self.width);
            self.width = 0;
        }
    }
}

/// A line a bundle, and what to do when the medium was taken out.
pub(super) fn text(imported: &Imported, catalogue: &Catalogue) -> String {
    let mut out: String = imported.bundles.iter().map(|one| bundle(one, catalogue) + "\n").collect();
    if imported.bundles.is_empty() {
        out = catalogue.text("import-empty") + "\n";
    }
    if let Some(why) = &imported.broken {
        out.push_str(&catalogue.text_with("import-broken", &[("detail", super::print::phrase(why, catalogue).into())]));
        out.push('\n');
    }
    let size = bytes_text(catalogue.language(), imported.bytes);
    out.push_str(&catalogue.text_with("import-bytes", &[("bytes", size.into())]));
    out
}

fn bundle(one: &Carried, catalogue: &Catalogue) -> String {
    let key = match one.part {
        Part::InPlace => "import-in-place",
        Part::Already => "import-already",
        Part::Ready => "import-ready",
        Part::Partly => "import-partly",
        Part::Absent if one.carried.is_empty() => "import-absent",
        Part::Absent => "import-other-version",
        Part::Refused => "import-refused",
        Part::Skipped => "import-skipped",
        Part::Unassigned => "import-unassigned",
    };
    let wanted = one.wanted.as_ref();
    let size = |bytes| Value::Text(bytes_text(catalogue.language(), bytes));
    let values = [
        ("name", one.name.as_str().into()),
        ("carried", one.carried.join(", ").into()),
        ("version", wanted.map(|wanted| wanted.version.clone()).unwrap_or_default().into()),
        ("reason", wanted.map(|wanted| reason_text(&wanted.reason, catalogue)).unwrap_or_default().into()),
        ("done", size(wanted.map_or(0, |wanted| wanted.bytes))),
        ("size", size(wanted.map_or(0, |wanted| wanted.of_bytes))),
    ];
    catalogue.text_with(key, &values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Wanting;
    use words::Language;

    #[test]
    fn each_bundle_is_told_in_french() {
        let catalogue = Catalogue::new(Language::Fr, super::super::FR, super::super::EN);
        let wanting = |reason: &str| Wanting {
            version: "2".to_owned(),
            reason: reason.to_owned(),
            bytes: 5_000_000,
            of_bytes: 20_000_000,
            medium_bytes: 5_000_000,
        };
        let one = |part: Part, carried: &[&str], reason: Option<&str>| Carried {
            name: "eau".to_owned(),
            carried: carried.iter().map(|text| (*text).to_owned()).collect(),
            part,
            wanted: reason.map(wanting),
        };
        let said = |one: Carried, broken: Option<&str>| {
            let imported = Imported { bundles: vec![one], bytes: 5_000_000, broken: broken.map(str::to_owned) };
            text(&imported, &catalogue).replace(['\u{a0}', '\u{202f}'], " ")
        };
        assert!(said(one(Part::InPlace, &["2"], Some("")), None).contains("eau 2 : en place"));
        assert!(
            said(one(Part::Unassigned, &["1", "2"], None), None).contains("eau 1, 2 : pas attribué à cet appareil")
        );
        let partly = said(one(Part::Partly, &["2"], Some("unreachable")), Some("Input/output error (os error 5)"));
        assert!(partly.contains("5,0 Mo sur 20 Mo") && partly.contains("rebranchez"), "{partly}");
        let refused = said(one(Part::Refused, &["2"], Some("damaged")), None);
        assert!(refused.contains("refusé") && refused.contains("signé"), "{refused}");
        assert!(
            said(one(Part::Absent, &["1"], Some("unreachable")), None)
                .contains("eau 2 : le support n'en donne rien (il porte 1)")
        );
        let nothing = Imported { bundles: Vec::new(), bytes: 0, broken: None };
        assert!(text(&nothing, &catalogue).contains("aucune ressource"));
    }
}
