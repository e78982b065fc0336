//! Messages by key.

use crate::{Language, OWN_EN, OWN_FR};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

/// The messages of one program in one language, with those of this crate beneath.
///
/// French is the source: a message that English lacks is said in French, and one that both lack is its key.
pub struct Catalogue {
    language: Language,
    /// Looked through in order.
    bundles: Vec<FluentBundle<FluentResource>>,
}

/// A value put into a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text, put in as it is.
    Text(String),
    /// A number; messages may choose by its plural.
    Number(f64),
}

impl Catalogue {
    /// The messages of a program, from its Fluent sources (Project Fluent syntax 1.0).
    ///
    /// A part that does not parse is left out here and named by [`catalogue_check`](crate::catalogue_check), which each program
    /// runs as a test.
    #[must_use]
    pub fn new(language: Language, fr: &str, en: &str) -> Self {
        let french = [fr, OWN_FR].map(|source| bundle(Language::Fr, source));
        let bundles = match language {
            Language::Fr => french.into(),
            Language::En => [en, OWN_EN].map(|source| bundle(Language::En, source)).into_iter().chain(french).collect(),
        };
        Self { language, bundles }
    }

    /// The language it speaks.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    /// The message of a key.
    #[must_use]
    pub fn text(&self, key: &str) -> String {
        self.text_with(key, &[])
    }

    /// The message of a key, with values.
    #[must_use]
    pub fn text_with(&self, key: &str, values: &[(&str, Value)]) -> String {
        self.find_with(key, None, values).unwrap_or_else(|| key.to_owned())
    }

    /// The message of a key, or of an attribute of it; nothing where no language has it.
    #[must_use]
    pub fn find(&self, key: &str, attribute: Option<&str>) -> Option<String> {
        self.find_with(key, attribute, &[])
    }

    /// The same, with values.
    #[must_use]
    pub fn find_with(&self, key: &str, attribute: Option<&str>, values: &[(&str, Value)]) -> Option<String> {
        let arguments: FluentArgs<'_> = values.iter().map(|(name, value)| (*name, value.fluent())).collect();
        self.bundles.iter().find_map(|bundle| {
            let message = bundle.get_message(key)?;
            let pattern = match attribute {
                Some(name) => message.get_attribute(name)?.value(),
                None => message.value()?,
            };
            // A value that is missing shows as {$name}: visible, and no reason to be silent.
            let mut errors = Vec::new();
            Some(bundle.format_pattern(pattern, Some(&arguments), &mut errors).into_owned())
        })
    }
}

impl Value {
    fn fluent(&self) -> FluentValue<'_> {
        match self {
            Self::Text(text) => FluentValue::String(text.as_str().into()),
            Self::Number(number) => FluentValue::from(*number),
        }
    }
}

impl<T: Into<String>> From<T> for Value {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

impl Value {
    /// A whole number.
    #[must_use]
    pub fn count(number: u64) -> Self {
        // Exact below 2^53; no count on a screen comes near.
        #[allow(clippy::cast_precision_loss)]
        Self::Number(number as f64)
    }
}

impl std::fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Catalogue({})", self.language.tag())
    }
}

fn bundle(language: Language, source: &str) -> FluentBundle<FluentResource> {
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(parsed, _)| parsed);
    let mut bundle = FluentBundle::new_concurrent(vec![language.identifier()]);
    // Terminals show the isolation marks as boxes, and both languages run from left to right.
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    bundle
}

#[cfg(test)]
mod tests {
    use super::*;

    const FR: &str = "\
hello = Bonjour { $name }
devices = { $n ->
    [one] { $n } appareil
   *[other] { $n } appareils
}
only = Seulement
    .more = Davantage
";
    const EN: &str = "\
hello = Hello { $name }
devices = { $n ->
    [one] { $n } device
   *[other] { $n } devices
}
";

    #[test]
    fn values_plurals_and_the_fall_back_to_french() {
        let fr = Catalogue::new(Language::Fr, FR, EN);
        let en = Catalogue::new(Language::En, FR, EN);
        assert_eq!(fr.text_with("hello", &[("name", "Zoé".into())]), "Bonjour Zoé");
        let count = |c: &Catalogue, n| c.text_with("devices", &[("n", Value::count(n))]);
        assert_eq!([count(&fr, 0), count(&fr, 1), count(&fr, 2)], ["0 appareil", "1 appareil", "2 appareils"]);
        assert_eq!([count(&en, 0), count(&en, 1), count(&en, 2)], ["0 devices", "1 device", "2 devices"]);
        assert_eq!(en.text("only"), "Seulement");
        assert_eq!(en.find("only", Some("more")).as_deref(), Some("Davantage"));
        assert_eq!(en.text("nowhere"), "nowhere");
        assert_eq!(fr.text("help-options").trim(), "Options");
    }
}
