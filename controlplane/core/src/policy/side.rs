//! One regime, made of what the layers say of it one after another.

use super::document::{Document, EngineWord, Words};
use super::grade::Grade;
use super::layer::Layer;
use super::reason::{Outcome, Reason, Reasons};
use model::filtering::{Browser, Regime, Side, YouTube};
use model::host::{CategoryName, Host};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What was said of a regime so far, and what of it the layers below cannot change.
#[derive(Debug)]
pub(super) struct SideFold {
    regime: Regime,
    side: Side,
    /// Layers that keep names away: each says what may be opened in spite of it.
    blockers: Vec<(Layer, Arc<Document>)>,
    /// Categories and names that must stay as they are, and who says so.
    blocked: BTreeMap<CategoryName, Layer>,
    opened: BTreeMap<CategoryName, Layer>,
    names_opened: BTreeMap<Host, Layer>,
    only_open: Grade<bool>,
    safe_search: Grade<bool>,
    youtube: Grade<YouTube>,
    /// From here on tighter is to forbid.
    no_resolvers: Grade<bool>,
    no_vpn: Grade<bool>,
    no_private_windows: Grade<bool>,
    no_developer_tools: Grade<bool>,
    no_extension: Grade<bool>,
    no_sign_in: Grade<bool>,
    engine: Option<Layer>,
    engine_said: bool,
    extensions: Option<Layer>,
}

impl SideFold {
    pub(super) fn new(regime: Regime) -> Self {
        Self {
            regime,
            side: Side::default(),
            blockers: Vec::new(),
            blocked: BTreeMap::new(),
            opened: BTreeMap::new(),
            names_opened: BTreeMap::new(),
            only_open: Grade::default(),
            safe_search: Grade::default(),
            youtube: Grade::default(),
            no_resolvers: Grade::default(),
            no_vpn: Grade::default(),
            no_private_windows: Grade::default(),
            no_developer_tools: Grade::default(),
            no_extension: Grade::default(),
            no_sign_in: Grade::default(),
            engine: None,
            engine_said: false,
            extensions: None,
        }
    }

    /// What the next layer below says.
    pub(super) fn say(&mut self, layer: &Layer, document: &Arc<Document>, words: &Words, reasons: &mut Reasons) {
        let mut said = Said { regime: self.regime, layer, reasons };
        // What a layer opens is opened under what it says itself of all the rest.
        self.grades_say(document, words, &mut said);
        for name in &words.block {
            said.note("category", Some(name.as_str()), "blocked", self.category_block(name, document, layer));
        }
        for name in &words.open {
            said.note("category", Some(name.as_str()), "open", self.category_open(name, document, layer));
        }
        for name in &words.block_names {
            said.note("name", Some(name.as_str()), "blocked", self.name_block(name));
        }
        for name in &words.open_names {
            said.note("name", Some(name.as_str()), "open", self.name_open(name, layer));
        }
        if words.blocks() {
            self.blockers.push((layer.clone(), Arc::clone(document)));
        }
    }

    /// What it came to, with the names and categories that no lesson blocks.
    pub(super) fn ended(self) -> (Side, Kept) {
        let mut side = self.side;
        side.only_open = self.only_open.now().unwrap_or_default();
        side.safe_search = self.safe_search.now().unwrap_or_default();
        side.youtube = self.youtube.now().unwrap_or_default();
        side.other_resolvers = !self.no_resolvers.now().unwrap_or_default();
        side.vpn = !self.no_vpn.now().unwrap_or_default();
        side.browser = Browser {
            private_windows: !self.no_private_windows.now().unwrap_or_default(),
            developer_tools: !self.no_developer_tools.now().unwrap_or_default(),
            any_extension: !self.no_extension.now().unwrap_or_default(),
            sign_in: !self.no_sign_in.now().unwrap_or_default(),
            extensions: side.browser.extensions,
        };
        (side, Kept { categories: self.opened.into_keys().collect(), names: self.names_opened.into_keys().collect() })
    }

    fn grades_say(&mut self, document: &Document, words: &Words, said: &mut Said<'_>) {
        let left = &document.negotiable;
        let held = self.extensions.clone();
        for (key, word, grade, tight, left) in [
            ("only_open", words.only_open, &mut self.only_open, true, left.only_open),
            ("safe_search", words.safe_search, &mut self.safe_search, true, left.safe_search),
            ("other_resolvers", words.other_resolvers, &mut self.no_resolvers, false, left.other_resolvers),
            ("vpn", words.vpn, &mut self.no_vpn, false, left.vpn),
            ("private_windows", words.private_windows, &mut self.no_private_windows, false, left.browser),
            ("developer_tools", words.developer_tools, &mut self.no_developer_tools, false, left.browser),
            ("any_extension", words.any_extension, &mut self.no_extension, false, left.browser),
            ("sign_in", words.sign_in, &mut self.no_sign_in, false, left.browser),
        ] {
            if let Some(word) = word {
                let outcome = grade.say(word == tight, left, said.layer);
                said.note(key, None, if word { "true" } else { "false" }, outcome);
            }
        }
        // Whoever keeps names away means for programs that ask elsewhere, too: silence is no word for going round.
        for (grade, left) in [(&mut self.no_resolvers, left.other_resolvers), (&mut self.no_vpn, left.vpn)] {
            if grade.now().is_none() {
                grade.say(true, left, said.layer);
            }
        }
        if let Some(youtube) = words.youtube {
            said.note("youtube", None, youtube.name(), self.youtube.say(youtube, left.youtube, said.layer));
        }
        if let Some(engine) = words.engine {
            self.engine_say(engine, left.engine, said);
        }
        if let Some(wished) = &words.extensions {
            // Where a layer above names them, or takes none, one below can leave out some.
            let kept = |id: &&String| held.is_none() || self.side.browser.extensions.contains(*id);
            let after: BTreeSet<String> = wished.iter().filter(kept).cloned().collect();
            for id in wished {
                let refused = held.clone().filter(|_| !after.contains(id));
                said.note("extensions", Some(id), "true", refused.map_or(Outcome::Holds, Outcome::Ignored));
            }
            self.side.browser.extensions = after;
        }
        if !left.browser && (words.extensions.is_some() || words.any_extension == Some(false)) {
            self.extensions.get_or_insert_with(|| said.layer.clone());
        }
    }

    fn engine_say(&mut self, word: EngineWord, left: bool, said: &mut Said<'_>) {
        let value = word.engine().map_or("any", model::filtering::Engine::name);
        let outcome = match &self.engine {
            Some(by) if word.engine() != self.side.engine => Outcome::Ignored(by.clone()),
            _ if self.engine_said && word.engine() == self.side.engine => Outcome::Again,
            _ => Outcome::Holds,
        };
        if !matches!(outcome, Outcome::Ignored(_)) {
            (self.side.engine, self.engine_said) = (word.engine(), true);
            if !left {
                self.engine.get_or_insert_with(|| said.layer.clone());
            }
        }
        said.note("engine", None, value, outcome);
    }

    fn category_block(&mut self, name: &CategoryName, document: &Document, layer: &Layer) -> Outcome {
        if let Some(by) = self.opened.get(name) {
            return Outcome::Ignored(by.clone());
        }
        self.side.open.remove(name);
        if !document.negotiable.category(name) {
            self.blocked.entry(name.clone()).or_insert_with(|| layer.clone());
        }
        if self.side.blocked.insert(name.clone()) { Outcome::Holds } else { Outcome::Again }
    }

    fn category_open(&mut self, name: &CategoryName, document: &Document, layer: &Layer) -> Outcome {
        let all = self.side.blocked.iter().any(CategoryName::is_all);
        if let Some(by) = self.blocked.get(name) {
            return Outcome::Ignored(by.clone());
        }
        // A category that is no longer blocked opens nothing that another one blocks; one that is open does, so that each layer which
        // keeps anything away has to leave it.
        let lifted = self.side.blocked.contains(name) && !all && self.only_open.now() != Some(true);
        let holding = self.blockers.iter().find(|(_, above)| !above.negotiable.category(name));
        if let Some((by, _)) = holding.filter(|_| !lifted) {
            return Outcome::Ignored(by.clone());
        }
        if !document.negotiable.category(name) {
            self.opened.entry(name.clone()).or_insert_with(|| layer.clone());
        }
        let blocked = self.side.blocked.remove(name);
        let opened = !lifted && self.side.open.insert(name.clone());
        if blocked || opened { Outcome::Holds } else { Outcome::Again }
    }

    fn name_block(&mut self, name: &Host) -> Outcome {
        if let Some((_, by)) = self.names_opened.iter().find(|(open, _)| open.covers(name)) {
            return Outcome::Ignored(by.clone());
        }
        self.side.names_open.remove(name);
        if self.side.names_blocked.insert(name.clone()) { Outcome::Holds } else { Outcome::Again }
    }

    fn name_open(&mut self, name: &Host, layer: &Layer) -> Outcome {
        if let Some((by, _)) = self.blockers.iter().find(|(_, above)| !above.negotiable.names) {
            return Outcome::Ignored(by.clone());
        }
        self.side.names_blocked.remove(name);
        self.names_opened.entry(name.clone()).or_insert_with(|| layer.clone());
        if self.side.names_open.insert(name.clone()) { Outcome::Holds } else { Outcome::Again }
    }
}

/// What a level opens and does not leave: nothing below blocks it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Categories.
    pub categories: BTreeSet<CategoryName>,
    /// Names.
    pub names: BTreeSet<Host>,
}

/// Who speaks, of which regime, and where it is noted.
struct Said<'a> {
    regime: Regime,
    layer: &'a Layer,
    reasons: &'a mut Reasons,
}

impl Said<'_> {
    fn note(&mut self, key: &'static str, item: Option<&str>, value: &str, outcome: Outcome) {
        let (regime, layer) = (Some(self.regime), self.layer.clone());
        let (item, value) = (item.map(str::to_owned), value.to_owned());
        self.reasons.note(Reason { regime, key, item, value, layer, outcome });
    }
}
