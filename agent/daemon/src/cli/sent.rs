//! What was sent and what was done from afar, for the borrower: every field with its value and its purpose.

use super::print::date;
use crate::{Act, Sent, SentField, Shown, Texts};
use model::time::Timestamp;
use std::collections::BTreeMap;
use words::{Catalogue, Language, Value};

/// The most values of one field written out; a list of packages has thousands.
const VALUES_MAX: usize = 12;
/// The longest value written out, in characters: a certificate request means nothing to a reader.
const VALUE_CHARS_MAX: usize = 80;

/// All of it in the reader's language.
pub(super) fn text(sent: &Sent, catalogue: &Catalogue) -> String {
    let mut out = format!("{}\n", catalogue.text("sent-heading"));
    let (mut bases, mut retentions) = (Notes::new('1'), Notes::new('a'));
    if sent.messages.is_empty() {
        out.push_str(&format!("  {}\n", catalogue.text("sent-nothing")));
    }
    for message in &sent.messages {
        let key = format!("sent-title-{}", message.name.replace('.', "-"));
        let title = catalogue.find(&key, None).unwrap_or_else(|| message.name.clone());
        let values = [("title", Value::Text(title)), ("at", date(message.at_unix_ms, catalogue).into())];
        out.push_str(&format!("\n{}\n", catalogue.text_with("sent-title", &values)));
        if message.fields.is_empty() {
            out.push_str(&format!("  {}\n", catalogue.text("sent-empty")));
        }
        for field in message.fields.iter().filter(|field| !field.values.is_empty()) {
            let short = field.name.rsplit('.').next().unwrap_or_default();
            let values = [("field", short.into()), ("value", values_text(field, catalogue).into())];
            out.push_str(&format!("  {}\n", catalogue.text_with("sent-field", &values)));
            let purpose = field.purpose.as_ref().map(|texts| said(texts, catalogue).to_owned());
            let purpose = purpose.unwrap_or_else(|| catalogue.text("sent-no-purpose"));
            let (basis, retention) = (bases.mark(&field.legal_basis), retentions.mark(&field.retention));
            out.push_str(&format!("      {purpose} [{basis}, {retention}]\n"));
        }
    }
    notes_text(&mut out, "sent-basis", &bases, &sent.legal_basis, catalogue);
    notes_text(&mut out, "sent-retention", &retentions, &sent.retention, catalogue);
    out.push_str(&format!("\n{}\n", catalogue.text("acts-heading")));
    if sent.acts.is_empty() {
        out.push_str(&format!("  {}\n", catalogue.text("acts-none")));
    }
    for act in &sent.acts {
        out.push_str(&format!("  {}\n", act_text(act, catalogue)));
    }
    out
}

/// Marks in the order in which they are first used.
struct Notes {
    first: char,
    keys: Vec<String>,
}

impl Notes {
    const fn new(first: char) -> Self {
        Self { first, keys: Vec::new() }
    }

    fn mark(&mut self, key: &str) -> char {
        let at = self.keys.iter().position(|known| known == key).unwrap_or_else(|| {
            self.keys.push(key.to_owned());
            self.keys.len() - 1
        });
        self.mark_at(at)
    }

    fn mark_at(&self, at: usize) -> char {
        u32::try_from(at).ok().and_then(|at| char::from_u32(u32::from(self.first) + at)).unwrap_or('*')
    }
}

fn notes_text(out: &mut String, key: &str, notes: &Notes, texts: &BTreeMap<String, Texts>, catalogue: &Catalogue) {
    let known = notes.keys.iter().enumerate().filter_map(|(at, key)| Some((notes.mark_at(at), texts.get(key)?)));
    for (place, (mark, texts)) in known.enumerate() {
        if place == 0 {
            out.push_str(&format!("\n{}\n", catalogue.text(key)));
        }
        out.push_str(&format!("  [{mark}] {}\n", said(texts, catalogue)));
    }
}

fn values_text(field: &SentField, catalogue: &Catalogue) -> String {
    let moment = field.name.ends_with("_unix_ms");
    let shown = field.values.iter().take(VALUES_MAX).map(|value| match value {
        Shown::Whole(at) if moment => date(Timestamp::from_unix_millis(*at), catalogue),
        Shown::Whole(number) => number.to_string(),
        Shown::Count(number) => number.to_string(),
        Shown::Number(number) => number.to_string(),
        Shown::Flag(true) => catalogue.text("sent-yes"),
        Shown::Flag(false) => catalogue.text("sent-no"),
        Shown::Text(text) if text.chars().count() > VALUE_CHARS_MAX => {
            text.chars().take(VALUE_CHARS_MAX).chain(['…']).collect()
        }
        Shown::Text(text) => text.clone(),
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    match field.values.len().checked_sub(VALUES_MAX) {
        None | Some(0) => shown,
        Some(more) => {
            let more = Value::count(u64::try_from(more).unwrap_or(u64::MAX));
            catalogue.text_with("sent-more", &[("values", shown.into()), ("n", more)])
        }
    }
}

fn act_text(act: &Act, catalogue: &Catalogue) -> String {
    // A word that has no translation yet is shown itself.
    let named = |kind: &str, word: &str| {
        catalogue.find(&format!("{kind}-{}", word.replace('_', "-")), None).unwrap_or_else(|| word.to_owned())
    };
    let values = [
        ("at", date(act.at_unix_ms, catalogue).into()),
        ("what", named("act", &act.verb).into()),
        ("by", named("role", &act.by).into()),
        ("why", act.why.as_str().into()),
    ];
    let mut text = catalogue.text_with(if act.why.is_empty() { "act-said" } else { "act-said-why" }, &values);
    if act.agreed {
        text.push_str(&catalogue.text("act-agreed"));
    }
    text
}

fn said<'a>(texts: &'a Texts, catalogue: &Catalogue) -> &'a str {
    match catalogue.language() {
        Language::Fr => &texts.fr,
        Language::En => &texts.en,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_is_said_with_its_role_and_reason_in_both_languages() {
        let act = Act {
            at_unix_ms: crate::fixture::NOW,
            verb: "device_quarantine".to_owned(),
            by: "technician".to_owned(),
            why: "à contrôler".to_owned(),
            agreed: true,
        };
        let unknown =
            Act { verb: "device_tomorrow".to_owned(), by: "robot".to_owned(), why: String::new(), ..act.clone() };
        let sent = Sent {
            messages: vec![],
            legal_basis: BTreeMap::new(),
            retention: BTreeMap::new(),
            acts: vec![act, unknown],
        };
        let of = |language| text(&sent, &Catalogue::new(language, super::super::FR, super::super::EN));
        let fr = of(Language::Fr).replace(['\u{a0}', '\u{202f}'], " ");
        assert!(fr.contains("appareil mis en quarantaine, par : technicien, motif : « à contrôler »"), "{fr}");
        assert!(fr.contains("device_tomorrow, par : robot") && fr.contains("une seconde personne"), "{fr}");
        let en = of(Language::En);
        assert!(en.contains("device quarantined, by: technician, because: “à contrôler”"), "{en}");
    }
}
