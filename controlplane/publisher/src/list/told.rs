//! What a list changes and what speaks against it, in the reader's words.

use super::difference::With;
use super::gate::Objection;
use super::said::plain;
use super::terms::{Guard, TermChange};
use words::{Catalogue, Value};

/// What speaks against a list, a line each.
pub(crate) fn objections_text(objections: &[Objection], words: &Catalogue) -> String {
    let line = |one: &Objection| match one {
        Objection::Shrunk { category, before, now } => words
            .text_with("held-shrunk", &[text("category", category), number("before", *before), number("now", *now)]),
        Objection::Grown { category, before, now } => {
            words.text_with("held-grown", &[text("category", category), number("before", *before), number("now", *now)])
        }
        Objection::Turned { category, white } => {
            words.text_with(if *white { "held-white" } else { "held-black" }, &[text("category", category)])
        }
        Objection::Merged { category, into } => {
            words.text_with("held-merged", &[text("category", category), text("into", into)])
        }
        Objection::Unnamed { name, category, now } => {
            let key = match now {
                None => "held-unnamed",
                Some(now) if now == name => "held-parted",
                Some(_) => "held-renamed",
            };
            let now = text("now", now.as_deref().unwrap_or_default());
            words.text_with(key, &[text("name", name), text("category", category), now])
        }
        Objection::Unguarded { guard, name } => {
            words.text_with("held-unguarded", &[text("name", name), guard_value(*guard, words)])
        }
        Objection::Never { name } => words.text_with("held-never", &[text("name", name)]),
        Objection::Must { name } => words.text_with("held-must", &[text("name", name)]),
    };
    objections.iter().map(|one| format!("\n  {}", line(one))).collect()
}

/// What changed beside names, a line each.
pub(super) fn terms_text(terms: &[TermChange], words: &Catalogue) -> String {
    let say = |key: &str, values: &[(&str, Value)]| words.text_with(key, values);
    let line = |one: &TermChange| match one {
        TermChange::Guard { guard, name, came } => {
            let key = if *came { "term-guard-came" } else { "term-guard-gone" };
            say(key, &[text("name", name), guard_value(*guard, words)])
        }
        TermChange::Omitted { name, came } => {
            say(if *came { "term-omitted-came" } else { "term-omitted-gone" }, &[text("name", name)])
        }
        TermChange::OtherName { category, name, came } => {
            let key = if *came { "term-name-came" } else { "term-name-gone" };
            say(key, &[text("category", category), text("name", name)])
        }
        TermChange::Kept { category, name } => say("term-name-kept", &[text("category", category), text("name", name)]),
        TermChange::Merged { category, into: Some(into) } => {
            say("term-merged", &[text("category", category), text("into", into)])
        }
        TermChange::Merged { category, into: None } => say("term-parted", &[text("category", category)]),
        TermChange::Colour { category, white } => {
            say(if *white { "term-white" } else { "term-black" }, &[text("category", category)])
        }
        TermChange::Label { category, fr, en } => {
            say("term-label", &[text("category", category), text("fr", fr), text("en", en)])
        }
        TermChange::Attribution { text: whose } => say("term-attribution", &[text("text", whose)]),
    };
    terms.iter().map(|one| line(one) + "\n").collect()
}

/// What the later list is compared with.
pub(super) fn with_text(with: Option<&With>, words: &Catalogue) -> String {
    let Some(with) = with else { return words.text("list-first") + "\n" };
    let key = if with.packed { "list-with-packed" } else { "list-with-approved" };
    let mut told = words.text_with(key, &[text("day", with.imported.split('T').next().unwrap_or_default())]) + "\n";
    if let Some(approval) = with.approval.as_ref().filter(|approval| !approval.accepted.is_empty()) {
        let accepted = approval.accepted.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let why = text("why", approval.why.as_deref().unwrap_or_default());
        told.push_str(
            &words.text_with("list-with-accepted", &[text("by", &approval.by), text("accepted", &accepted), why]),
        );
        told.push('\n');
    }
    told
}

fn guard_value(guard: Guard, words: &Catalogue) -> (&'static str, Value) {
    let key = match guard {
        Guard::Never => "term-never",
        Guard::NeverBeneath => "term-never-beneath",
        Guard::Must => "term-must",
    };
    ("guard", Value::Text(words.text(key)))
}

fn text(name: &'static str, text: &str) -> (&'static str, Value) {
    (name, Value::Text(plain(text)))
}

fn number(name: &'static str, number: u64) -> (&'static str, Value) {
    (name, Value::count(number))
}
