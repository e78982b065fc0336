//! What browsers let their users do: policies in the files that each of them reads, locked.
//!
//! Volume is the resolver's; this is hardening, the engine that is searched with, and a short list of names, for which a browser shows its own page
//! instead of an error. Chromium and its kin notice a change while they run, Firefox when it starts.

mod chromium;
mod firefox;
mod patterns;

pub use patterns::PATTERNS_MAX;

use crate::disk::{READABLE, System, Was};
use crate::hold::{Hold, Place, Record};
use crate::{GuardError, Seen};
use chromium::Kin;
use model::filtering::{Engine, Side};
use model::host::Host;
use patterns::Patterns;
use words::{Catalogue, Language};

/// The file of the state folder that keeps what was there.
const KEPT: &str = "browsers.json";
/// The last file of a folder by its name decides (`ConfigDirPolicyLoader` of Chromium).
const CHROMIUM: [(Kin, Place); 4] = [
    (Kin::Chrome, ours("/etc/chromium/policies/managed/zz-cartable.json")),
    // Ubuntu's
    (Kin::Chrome, ours("/etc/chromium-browser/policies/managed/zz-cartable.json")),
    (Kin::Chrome, ours("/etc/opt/chrome/policies/managed/zz-cartable.json")),
    (Kin::Edge, ours("/etc/opt/edge/policies/managed/zz-cartable.json")),
];
/// The one file there is; read before that of the installation, which then counts no more.
const FIREFOX: Place = Place { path: "/etc/firefox/policies/policies.json", ours: false, unit: None };
/// That of the installation, by distribution.
const FIREFOX_INSTALLED: [&str; 3] = [
    "/usr/lib/firefox-esr/distribution/policies.json",
    "/usr/lib/firefox/distribution/policies.json",
    "/usr/lib64/firefox/distribution/policies.json",
];

/// What browsers are to hold.
#[derive(Clone, Debug)]
pub struct Wish<'a> {
    /// The side that holds now.
    pub side: &'a Side,
    /// Names that are blocked before those of the side, should there be too many.
    pub first: &'a [Host],
    /// Names that stay open whatever the side says: the floor's, and unblocked ones.
    pub open: &'a [Host],
    /// The local page, for a bookmark.
    pub page: &'a str,
    /// By which way browsers reach the network.
    pub proxy: &'a Proxy,
    /// The language of the bookmark.
    pub language: Language,
}

/// By which way browsers reach the network. One of the user's own choice would go round the resolver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// Straight.
    #[default]
    Direct,
    /// By this proxy alone, `host:port`; it finds names itself.
    At(String),
    /// As the desktop says, which its user may change.
    System,
}

/// The policies of browsers on this system.
#[derive(Clone, Copy, Debug)]
pub struct Browsers<'a> {
    system: &'a System,
}

impl<'a> Browsers<'a> {
    /// Those of a system.
    #[must_use]
    pub const fn new(system: &'a System) -> Self {
        Self { system }
    }

    /// Whether browsers hold what is wished.
    ///
    /// # Errors
    /// [`GuardError::File`] when a file cannot be read.
    pub fn observe(&self, wish: &Wish<'_>) -> Result<Seen, GuardError> {
        let hold = self.hold();
        let record = hold.look(&places())?;
        Ok(Seen::of(hold.differing(&record, &self.wanted(wish, &record))?))
    }

    /// Makes browsers hold what is wished; says whether anything had to be changed. They are told whether or not they are installed: one that comes
    /// later holds it from its first start.
    ///
    /// # Errors
    /// [`GuardError::File`] for what could not be written; the next call does the rest.
    pub fn take(&self, wish: &Wish<'_>) -> Result<bool, GuardError> {
        if self.observe(wish)?.held() {
            return Ok(false);
        }
        let hold = self.hold();
        let record = hold.look(&places())?;
        let wanted = self.wanted(wish, &record);
        hold.take(record, &wanted)?;
        Ok(true)
    }

    /// Removes what is ours, and puts back what was there.
    ///
    /// # Errors
    /// [`GuardError::File`] for what could not be done; the next call does the rest.
    pub fn put_back(&self) -> Result<(), GuardError> {
        let hold = self.hold();
        hold.put_back(&places(), |_| Was::Absent)?;
        hold.forget()
    }

    const fn hold(&self) -> Hold<'a> {
        Hold::new(self.system, KEPT)
    }

    fn wanted(&self, wish: &Wish<'_>, record: &Record) -> Vec<(Place, Was)> {
        let patterns = wish.patterns();
        let file = |bytes: Vec<u8>| Was::File { mode: READABLE, bytes };
        let mut wanted: Vec<(Place, Was)> =
            CHROMIUM.iter().map(|(kin, place)| (*place, file(chromium::rendered(*kin, wish, &patterns)))).collect();
        let before = self.firefox_before(record.was(FIREFOX.path));
        wanted.push((FIREFOX, file(firefox::rendered(wish, &patterns, before.as_deref()))));
        wanted
    }

    /// What an administrator has told Firefox, which goes on holding beside ours.
    fn firefox_before(&self, was: Option<&Was>) -> Option<Vec<u8>> {
        match was {
            Some(Was::File { bytes, .. }) => Some(bytes.clone()),
            Some(Was::Link(target)) => {
                let target = String::from_utf8_lossy(target);
                let near = || format!("/etc/firefox/policies/{target}");
                self.system.read(&if target.starts_with('/') { target.to_string() } else { near() })
            }
            Some(Was::Absent) | None => FIREFOX_INSTALLED.iter().find_map(|path| self.system.read(path)),
        }
    }
}

impl Wish<'_> {
    /// So many names are left to the resolver alone, since browsers take no more.
    #[must_use]
    pub fn left_to_dns(&self) -> usize {
        self.patterns().left
    }

    fn patterns(&self) -> Patterns {
        Patterns::new(self.first, &self.side.names_blocked, &self.side.names_open, self.open)
    }

    fn bookmark(&self) -> String {
        Catalogue::new(self.language, crate::FR, crate::EN).text("browser-bookmark")
    }
}

const fn ours(path: &'static str) -> Place {
    Place { path, ours: true, unit: None }
}

fn places() -> Vec<Place> {
    CHROMIUM.iter().map(|(_, place)| *place).chain([FIREFOX]).collect()
}

/// How an engine is called, and asked: as its own page and its entry in browsers say.
const fn engine(engine: Engine) -> (&'static str, &'static str) {
    match engine {
        Engine::Qwant => ("Qwant", "https://www.qwant.com/?q={searchTerms}"),
        Engine::QwantJunior => ("Qwant Junior", "https://www.qwantjunior.com/?q={searchTerms}"),
        Engine::Ecosia => ("Ecosia", "https://www.ecosia.org/search?q={searchTerms}"),
        Engine::Duckduckgo => ("DuckDuckGo", "https://duckduckgo.com/?q={searchTerms}"),
        Engine::Google => ("Google", "https://www.google.com/search?q={searchTerms}"),
        Engine::Bing => ("Bing", "https://www.bing.com/search?q={searchTerms}"),
    }
}

#[cfg(test)]
mod tests;
