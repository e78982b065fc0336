//! What the commands of lists do and answer, for people and for programs.

use super::difference::Difference;
use super::import::{Import, Imported, Own};
use super::publish::ListPacked;
use super::told::{objections_text, terms_text, with_text};
use super::{Approved, SourceFault, Yes, list_approve, list_difference, list_import, list_publish};
use crate::arguments::{ListVerb, Output};
use crate::clock;
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::program::{bar, print, said_text};
use crate::said::{Said, packed_said};
use filter::{NameFault, Reason};
use serde_json::json;
use std::path::Path;
use words::{Catalogue, Value, bytes_text};

/// Why a line of a list is refused, and the words for it.
const REASONS: [(Reason, &str); 14] = [
    (Reason::Long, "line-long"),
    (Reason::Encoding, "line-encoding"),
    (Reason::Single, "line-single"),
    (Reason::Leads, "line-leads"),
    (Reason::Exception, "line-exception"),
    (Reason::Rule, "line-rule"),
    (Reason::Name(NameFault::Empty), "name-empty"),
    (Reason::Name(NameFault::LabelEmpty), "name-label-empty"),
    (Reason::Name(NameFault::LabelLong), "name-label-long"),
    (Reason::Name(NameFault::Long), "name-long"),
    (Reason::Name(NameFault::Deep), "name-deep"),
    (Reason::Name(NameFault::Sign), "name-sign"),
    (Reason::Name(NameFault::International), "name-international"),
    (Reason::Name(NameFault::Number), "name-number"),
];
/// So many faults are shown.
const FAULTS_SHOWN: usize = 5;

/// Does what a command says.
pub(crate) fn list_act(verb: ListVerb, output: Output, words: &Catalogue) -> Result<Said> {
    match verb {
        ListVerb::Import { path, work, md5, sha256, own, white, sentinels, omitted, attribution } => {
            let import = Import { path, work, md5, sha256, own, white, sentinels, omitted, attribution };
            let imported = list_import(&import, clock::now(), &mut bar("reading", words))?;
            let said = imported_said(&imported, words);
            if imported.about.objections.is_empty() {
                return Ok(said);
            }
            // What was read is told, and that it may not go on.
            print(said_text(&said, output).as_bytes());
            Err(Error::ListHeld(imported.about.objections))
        }
        ListVerb::Diff { work, names } => {
            let names = usize::try_from(names).unwrap_or(usize::MAX);
            Ok(difference_said(&list_difference(&work, names, &mut bar("comparing", words))?, words))
        }
        ListVerb::Approve { work, accepted, why, by, digest } => {
            let variables = ["USER", "LOGNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
            let named = by.into_iter().chain(variables).find(|name| !name.trim().is_empty());
            let by = named.ok_or(Error::ListNameless)?;
            let accepted = accepted.into_iter().collect();
            let yes = Yes { by: &by, accepted: &accepted, why: why.as_deref(), digest };
            Ok(approved_said(&list_approve(&work, yes, clock::now())?, words))
        }
        ListVerb::Publish { work, repository, to } => {
            let repository = Folder::new(repository);
            let (proposal, packed) = list_publish(&work, &repository, clock::now(), &mut bar("packing", words))?;
            proposal.write(&to)?;
            Ok(list_packed_said(&packed, &to, words))
        }
    }
}

/// `NAME=FILE`.
pub(crate) fn own_parse(text: &str) -> std::result::Result<Own, String> {
    let (category, file) = text.split_once('=').ok_or_else(|| "NAME=FILE".to_owned())?;
    Ok(Own { category: category.to_owned(), file: file.into() })
}

/// Why a source is not read, in the reader's words.
pub(crate) fn source_text(path: &str, why: &SourceFault, words: &Catalogue) -> String {
    let number = |number: u64| [("limit", Value::Text(number.to_string()))];
    let why = match why {
        SourceFault::Outside => words.text("source-outside"),
        SourceFault::Path => words.text("source-path"),
        SourceFault::Twice => words.text("source-twice"),
        SourceFault::Kind => words.text("source-kind"),
        SourceFault::Circle => words.text("source-circle"),
        SourceFault::Many(limit) => words.text_with("source-many", &number(*limit as u64)),
        SourceFault::Large(limit) => {
            words.text_with("source-large", &[("limit", bytes_text(words.language(), *limit).into())])
        }
        SourceFault::Bomb(limit) => words.text_with("source-bomb", &number(*limit)),
        SourceFault::Damaged(why) => words.text_with("source-damaged", &[("why", why.clone().into())]),
        SourceFault::Nothing => words.text("source-nothing"),
        SourceFault::Places => words.text("source-places"),
    };
    words.text_with("error-source", &[("path", plain(path).into()), ("why", why.into())])
}

fn imported_said(imported: &Imported, words: &Catalogue) -> Said {
    let (about, report) = (&imported.about, &imported.about.report);
    let values = [
        ("entries", Value::count(about.entries)),
        ("categories", Value::count(about.categories.len() as u64)),
        ("files", Value::count(report.files)),
        ("addresses", Value::count(report.addresses)),
        ("urls", Value::count(report.urls)),
        ("refused", Value::count(report.refused)),
        ("expressions", Value::count(report.passed.expressions)),
        ("others", Value::count(report.passed.others + report.passed.links)),
    ];
    let mut text = words.text_with("list-imported", &values) + "\n";
    for fault in report.faults.iter().take(FAULTS_SHOWN) {
        text.push_str(&format!("  {}\n", plain(&fault_text(fault, words))));
    }
    if imported.before.is_none() {
        text.push_str(&(words.text("list-first") + "\n"));
    }
    if about.objections.is_empty() {
        text.push_str(&words.text("list-next-approve"));
    }
    Said { text, json: json!(about) }
}

/// A refused line, `FILE:LINE: WHY`: where it is, and why in the reader's words as far as there are any.
fn fault_text(fault: &str, words: &Catalogue) -> String {
    let Some((place, why)) = fault.split_once(": ") else { return fault.to_owned() };
    let known = REASONS.iter().find(|(reason, _)| reason.to_string() == why);
    let why = known.map_or_else(|| why.to_owned(), |(_, key)| words.text(key));
    words.text_with("list-refused", &[("place", place.into()), ("why", why.into())])
}

fn difference_said(difference: &Difference, words: &Catalogue) -> Said {
    let mut text = with_text(difference.with.as_ref(), words);
    for one in &difference.changes {
        let values = [
            ("category", one.category.clone().into()),
            ("before", Value::count(one.before)),
            ("after", Value::count(one.after)),
            ("added", Value::count(one.added)),
            ("removed", Value::count(one.removed)),
        ];
        text.push_str(&(words.text_with("list-change", &values) + "\n"));
        one.added_names.iter().for_each(|name| text.push_str(&format!("  + {}\n", plain(name))));
        one.removed_names.iter().for_each(|name| text.push_str(&format!("  - {}\n", plain(name))));
    }
    if difference.changes.is_empty() {
        text.push_str(&(words.text("list-unchanged") + "\n"));
    }
    text.push_str(&terms_text(&difference.terms, words));
    let digest = [("digest", Value::Text(difference.digest.to_string()))];
    text.push_str(&(words.text_with("list-digest", &digest) + "\n"));
    if !difference.objections.is_empty() {
        text.push_str(&words.text("list-held"));
        text.push_str(&objections_text(&difference.objections, words));
    }
    Said { text, json: json!(difference) }
}

fn approved_said(approved: &Approved, words: &Catalogue) -> Said {
    let about = &approved.about;
    let by = about.approval.as_ref().map(|approval| approval.by.clone()).unwrap_or_default();
    let values = [("entries", Value::count(about.entries)), ("by", by.into())];
    let text = terms_text(&approved.terms, words) + &words.text_with("list-approved", &values);
    Said { text, json: json!(approved) }
}

fn list_packed_said(packed: &ListPacked, to: &Path, words: &Catalogue) -> Said {
    let size = |bytes: u64| bytes_text(words.language(), bytes).into();
    let key = if packed.new_image { "list-packed-image" } else { "list-packed-overlay" };
    let values = [
        ("entries", Value::count(packed.entries)),
        ("image", size(packed.image_bytes)),
        ("overlay", size(packed.overlay_bytes)),
        ("overlays", Value::count(packed.overlays as u64)),
        ("folder", packed.folder.display().to_string().into()),
    ];
    let bundle = packed_said(std::slice::from_ref(&packed.bundle), to, words);
    let text = words.text_with(key, &values) + "\n" + &bundle.text;
    Said { text, json: json!({"proposal": to.display().to_string(), "list": packed}) }
}

/// As it may stand on a terminal: another's text moves no cursor.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{EN, FR};
    use words::Language;

    #[test]
    fn a_refused_line_is_said_in_the_readers_words() {
        let (fr, en) = (Catalogue::new(Language::Fr, FR, EN), Catalogue::new(Language::En, FR, EN));
        for (reason, _) in REASONS {
            let fault = format!("adult/domains:64: {reason}");
            let (french, english) = (fault_text(&fault, &fr), fault_text(&fault, &en));
            assert!(english.starts_with("adult/domains:64: ") && !french.contains(&reason.to_string()), "{french}");
        }
        assert_eq!(fault_text("a:1: a single label", &fr), "a:1\u{a0}: une seule étiquette");
    }
}
