//! What went wrong, in the reader's words.

use crate::error::Error;
use crate::list::said::source_text;
use crate::list::told::objections_text;
use bundle::{Error as BundleError, PathFault};
use std::path::Path;
use words::{Catalogue, Value};

/// An error with what to do next and what lies below.
pub(crate) fn error_text(error: &Error, words: &Catalogue) -> String {
    let say = |key: &str, values: &[(&str, Value)]| words.text_with(key, values);
    let path = |path: &Path| ("path", Value::Text(path.display().to_string()));
    let text = |name: &'static str, text: &str| (name, Value::Text(text.to_owned()));
    let count = |name: &'static str, count: usize| (name, Value::count(count as u64));
    match error {
        Error::File { what, path: p, source } => {
            let key = if *what == "read" { "error-read" } else { "error-write" };
            say(key, &[path(p), text("why", &source.to_string())])
        }
        Error::Bundle(error) => bundle_text(error, words),
        Error::Manifest { path: p, why } => say("error-manifest", &[path(p), text("why", why)]),
        Error::Floor(error) => say("error-floor", &[text("field", error.field), text("why", &error.why)]),
        Error::Filter(error) => say("error-filter", &[text("why", &error.to_string())]),
        Error::List(error) => say("error-list", &[text("why", &error.to_string())]),
        Error::Source { path, why } => source_text(path, why, words),
        Error::Sentinels { path: p, why } => say("error-sentinels", &[path(p), text("why", why)]),
        Error::Checksum { archive, sums } => {
            say("error-checksum", &[path(archive), text("sums", &sums.display().to_string())])
        }
        Error::ListHeld(objections) => say("error-list-held", &[]) + &objections_text(objections, words),
        Error::ListNone(p) => say("error-list-none", &[path(p)]),
        Error::ListDamaged(p) => say("error-list-damaged", &[path(p)]),
        Error::ListOther(digest) => say("error-list-other", &[text("digest", &digest.to_string())]),
        Error::ListUnapproved => words.text("error-list-unapproved"),
        Error::CategoryReserved(name) => say("error-category-reserved", &[text("name", name)]),
        Error::ListSame => words.text("error-list-same"),
        Error::ListNeedless(category) => say("error-list-needless", &[text("category", category)]),
        Error::ListNameless => words.text("error-list-nameless"),
        Error::ListReason => words.text("error-list-reason"),
        Error::NotDelegated(role) => say("error-not-delegated", &[text("role", role)]),
        Error::NameReserved(name) => say("error-name-reserved", &[text("name", name)]),
        Error::Field { path: p, field } => say("error-field", &[path(p), text("field", field)]),
        Error::NotRegular(p) => say("error-not-regular", &[path(p)]),
        Error::NotUtf8(p) => say("error-not-utf8", &[path(p)]),
        Error::NotKey(p) => say("error-not-key", &[path(p)]),
        Error::NotProposal { path: p, why } => say("error-not-proposal", &[path(p), text("why", why)]),
        Error::NotRepository(p) => say("error-not-repository", &[path(p)]),
        Error::NotEmpty(p) => say("error-not-empty", &[path(p)]),
        Error::Busy(p) => say("error-busy", &[path(p)]),
        Error::Metadata { name, why } => say("error-metadata", &[text("name", name), text("why", why)]),
        Error::Threshold { role, have, need } => {
            say("error-threshold", &[text("role", role), count("have", *have), count("need", *need)])
        }
        Error::Stale { role, version, expected } => {
            let number = |name: &'static str, number: u64| (name, Value::Text(number.to_string()));
            say("error-stale", &[text("role", role), number("version", *version), number("expected", *expected)])
        }
        Error::KeyUnasked => words.text("error-key-unasked"),
        Error::FolderUnasked(p) => say("error-folder-unasked", &[path(p)]),
        Error::VersionOld { bundle, version, last } => {
            say("error-version-old", &[text("bundle", bundle), text("version", version), text("last", last)])
        }
        Error::Twice(bundle) => say("error-twice", &[text("bundle", bundle)]),
        Error::TargetBad(name) => say("error-target-bad", &[text("name", name)]),
        Error::ThresholdBad { role, threshold, keys } => {
            say("error-threshold-bad", &[text("role", role), count("threshold", *threshold), count("keys", *keys)])
        }
        Error::KeyUnknown { role, id } => say("error-key-unknown", &[text("role", role), text("id", id)]),
        Error::RoleOnline(role) => say("error-role-online", &[text("role", role)]),
        Error::NotConfirmed => words.text("error-not-confirmed"),
    }
}

fn bundle_text(error: &BundleError, words: &Catalogue) -> String {
    let text = |name: &'static str, text: &str| (name, Value::Text(text.to_owned()));
    match error {
        BundleError::Path { path, why } => {
            let why = words.text(match why {
                PathFault::Long => "path-long",
                PathFault::Deep => "path-deep",
                PathFault::Empty => "path-empty",
                PathFault::Upwards => "path-upwards",
                PathFault::Sign => "path-sign",
                PathFault::End => "path-end",
                PathFault::Reserved => "path-reserved",
            });
            words.text_with("error-path", &[text("path", path), text("why", &why)])
        }
        BundleError::Collision { first, second } => {
            words.text_with("error-collision", &[text("first", first), text("second", second)])
        }
        BundleError::Manifest { field, why } => {
            // The rule of a field says more than which part of it was broken.
            let key = format!("field-{field}");
            let rule = words.find_with(&key, None, &[text("levels", &bundle::Manifest::LEVELS.join(", "))]);
            words.text_with(
                "error-manifest-field",
                &[text("field", field), text("why", &rule.unwrap_or_else(|| why.clone()))],
            )
        }
        BundleError::Limit { what, limit } => {
            words.text_with("error-limit", &[text("what", what), text("limit", &limit.to_string())])
        }
        BundleError::Damaged(why) => words.text_with("error-damaged", &[text("why", why)]),
        BundleError::OtherVersion => words.text("error-other-version"),
        BundleError::Changed(path) => words.text_with("error-changed", &[text("path", path)]),
        BundleError::Contents(source) => words.text_with("error-contents", &[text("why", &source.to_string())]),
        BundleError::Compression(why) => words.text_with("error-compression", &[text("why", why)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{EN, FR};
    use words::{Language, catalogue_check, command_check};

    #[test]
    fn catalogues_are_complete() {
        assert_eq!(catalogue_check(FR, EN), Vec::<String>::new());
        let words = Catalogue::new(Language::Fr, FR, EN);
        assert_eq!(command_check(&crate::arguments::command(&words), FR, EN), Vec::<String>::new());
    }

    #[test]
    fn every_key_that_the_program_says_is_there() {
        let words = Catalogue::new(Language::Fr, FR, FR);
        let mut said = 0;
        for source in [
            include_str!("words.rs"),
            include_str!("program.rs"),
            include_str!("said.rs"),
            include_str!("list/said.rs"),
            include_str!("list/told.rs"),
        ] {
            let own = source.split("#[cfg(test)]").next().unwrap_or_default();
            let starts = ["error-", "path-", "line-", "role-", "list-", "held-", "source-", "term-"];
            let named =
                own.split('"').skip(1).step_by(2).filter(|part| starts.iter().any(|start| part.starts_with(start)));
            let called = ["words.text(\"", "words.text_with(\"", "done_said(\""]
                .into_iter()
                .flat_map(|call| own.split(call).skip(1));
            let called = called.filter_map(|rest| rest.split('"').next());
            for key in named.chain(called).filter(|key| !key.contains('{') && !key.ends_with('-')) {
                assert!(words.find(key, None).is_some(), "{key} is not in the catalogue");
                said += 1;
            }
        }
        assert!(said > 30, "{said} keys were looked at");
        for field in bundle::Manifest::FIELDS {
            if !["systems", "architectures", "measures"].contains(&field) {
                assert!(words.find(&format!("field-{field}"), None).is_some(), "field-{field}");
            }
        }
    }
}
