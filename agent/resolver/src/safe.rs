//! Safe search: the names that search engines offer to schools, as aliases of the usual ones.
//!
//! Google: "Lock SafeSearch for accounts, devices & networks you manage" (`forcesafesearch.google.com`) and "Restrict YouTube content"
//! (`restrict`, `restrictmoderate`); Bing: "Block adult content with SafeSearch" (`strict.bing.com`); DuckDuckGo: "Force Safe
//! Search at the network level"; Ecosia, Pixabay and Brave as `AdGuard Home` has them.

use crate::name::Name;

/// What is made safe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SafeSearch {
    /// Google, in all its countries.
    pub google: bool,
    /// YouTube, embedded too.
    pub youtube: YouTube,
    /// Bing.
    pub bing: bool,
    /// `DuckDuckGo`.
    pub duckduckgo: bool,
    /// Ecosia.
    pub ecosia: bool,
    /// Pixabay.
    pub pixabay: bool,
    /// Brave.
    pub brave: bool,
}

/// How much of YouTube is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum YouTube {
    /// All of it.
    #[default]
    Off,
    /// What YouTube calls moderate.
    Moderate,
    /// What YouTube calls strict.
    Strict,
}

const GOOGLE: &str = "forcesafesearch.google.com";

/// Whether an engine is made safe, its names, and what stands for them.
type Engine = (fn(&SafeSearch) -> bool, &'static [&'static str], &'static str);

const ENGINES: &[Engine] = &[
    (|safe| safe.bing, &["www.bing.com", "edgeservices.bing.com"], "strict.bing.com"),
    (|safe| safe.duckduckgo, &["duckduckgo.com", "www.duckduckgo.com", "start.duckduckgo.com"], "safe.duckduckgo.com"),
    (|safe| safe.ecosia, &["www.ecosia.org"], "strict-safe-search.ecosia.org"),
    (|safe| safe.pixabay, &["pixabay.com"], "safesearch.pixabay.com"),
    (|safe| safe.brave, &["search.brave.com"], "forcesafe.search.brave.com"),
];

const YOUTUBE: &[&str] = &[
    "www.youtube.com",
    "m.youtube.com",
    "youtube.googleapis.com",
    "youtubei.googleapis.com",
    "www.youtube-nocookie.com",
];

impl SafeSearch {
    /// Everything, YouTube strictly.
    pub const ALL: Self = Self {
        google: true,
        youtube: YouTube::Strict,
        bing: true,
        duckduckgo: true,
        ecosia: true,
        pixabay: true,
        brave: true,
    };

    /// The name that stands for this one, where it is made safe.
    #[must_use]
    pub fn rewrite(&self, name: &Name) -> Option<&'static str> {
        let named = |names: &[&str]| names.iter().any(|one| name.is(one));
        if let Some((on, _, target)) = ENGINES.iter().find(|(_, names, _)| named(names)) {
            return on(self).then_some(target);
        }
        if named(YOUTUBE) {
            return match self.youtube {
                YouTube::Off => None,
                YouTube::Moderate => Some("restrictmoderate.youtube.com"),
                YouTube::Strict => Some("restrict.youtube.com"),
            };
        }
        (self.google && is_google(name)).then_some(GOOGLE)
    }
}

/// `www.google.` with `com`, `cat`, a country, or `com.` or `co.` and a country: about 190 names (`google.com/supported_domains`).
///
/// By form, since countries come and go: where such a name is not Google's, it leads to Google's safe search.
fn is_google(name: &Name) -> bool {
    let mut labels = name.labels();
    if labels.next() != Some(b"www") || labels.next() != Some(b"google") {
        return false;
    }
    let country = |label: &[u8]| label.len() == 2 && label.iter().all(u8::is_ascii_lowercase);
    match (labels.next(), labels.next(), labels.next()) {
        (Some(b"com" | b"cat"), None, _) => true,
        (Some(one), None, _) => country(one),
        (Some(b"com" | b"co"), Some(two), None) => country(two),
        _ => false,
    }
}
