//! What differs between two policies in meaning, and which way it goes.

use super::compose::Composed;
use super::document::Document;
use super::slots::slots_text;
use model::filtering::{Browser, Engine, Regime, Side, UNBLOCK_DAYS_MAX};
use model::host::{CategoryName, Host};
use std::collections::BTreeSet;

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Of which regime; none where it is of both.
    pub regime: Option<Regime>,
    /// The key, as in a document.
    pub key: &'static str,
    /// Of which category or name it is, where there are many.
    pub item: Option<String>,
    /// What held; empty: nothing.
    pub before: String,
    /// What is to hold.
    pub after: String,
    /// Which way it goes.
    pub effect: Effect,
}

/// Which way a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// More is kept away.
    Tightens,
    /// Something else holds, neither tighter nor looser.
    Alters,
    /// More is let through, or left to others: a second person agrees.
    Loosens,
}

impl Effect {
    /// The name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tightens => "tightens",
            Self::Alters => "alters",
            Self::Loosens => "loosens",
        }
    }
}

/// What differs between what held and what is to hold; nothing at all filters nothing.
#[must_use]
pub fn changes(before: Option<&Composed>, after: Option<&Composed>) -> Vec<Change> {
    let unfiltered = Composed {
        in_school: Side { other_resolvers: true, vpn: true, ..Side::default() },
        out_of_school: Side { other_resolvers: true, vpn: true, ..Side::default() },
        lessons: true,
        unblock: true,
        ..Composed::default()
    };
    let mut list = List::default();
    if before.is_some() != after.is_some() {
        list.graded("filtering", None, before.is_some(), after.is_some(), true);
    }
    let (was, is) = (before.unwrap_or(&unfiltered), after.unwrap_or(&unfiltered));
    // Where nothing is filtered there is nothing that a lesson could open.
    if before.is_some() && after.is_some() {
        list.graded("lessons", None, was.lessons, is.lessons, false);
        list.graded("unblock", None, was.unblock, is.unblock, false);
        let days = |composed: &Composed| composed.unblock_days.unwrap_or(UNBLOCK_DAYS_MAX);
        let effect = if days(is) > days(was) { Effect::Loosens } else { Effect::Tightens };
        list.plain("unblock_days", days(was).to_string(), days(is).to_string(), effect);
    }
    list.plain("contact", was.contact.clone(), is.contact.clone(), Effect::Alters);
    let hours = |composed: &Composed| composed.slots.as_deref().map(slots_text).unwrap_or_default();
    // Neither hours are the tighter ones, unless both regimes are the same.
    let apart = before.is_some() && (was.in_school != was.out_of_school || is.in_school != is.out_of_school);
    if was.slots != is.slots {
        list.put("hours", None, hours(was), hours(is), if apart { Effect::Loosens } else { Effect::Alters });
    }
    for regime in [Regime::InSchool, Regime::OutOfSchool] {
        list.regime = Some(regime);
        list.sides(was.side(regime), is.side(regime));
    }
    list.changes
}

/// What a document leaves to the layers below that it did not, and the other way round.
#[must_use]
pub fn negotiable_changes(before: Option<&Document>, after: Option<&Document>) -> Vec<Change> {
    // A document that comes leaves nothing that was held before, and one that goes holds nothing: what it comes to says the rest.
    let (Some(before), Some(after)) = (before, after) else { return Vec::new() };
    let (was, is) = (&before.negotiable, &after.negotiable);
    let mut list = List::default();
    for ((key, was), (_, is)) in was.flags().into_iter().zip(is.flags()) {
        list.graded("negotiable", Some(key.to_owned()), was, is, false);
    }
    for name in was.categories.union(&is.categories) {
        let left = |set: &BTreeSet<CategoryName>| set.contains(name);
        list.graded("negotiable", Some(name.to_string()), left(&was.categories), left(&is.categories), false);
    }
    list.changes
}

#[derive(Default)]
struct List {
    regime: Option<Regime>,
    changes: Vec<Change>,
}

impl List {
    fn put(&mut self, key: &'static str, item: Option<String>, before: String, after: String, effect: Effect) {
        self.changes.push(Change { regime: self.regime, key, item, before, after, effect });
    }

    fn plain(&mut self, key: &'static str, before: String, after: String, effect: Effect) {
        if before != after {
            self.put(key, None, before, after, effect);
        }
    }

    /// A yes or no, of which the yes is the tighter one where `tight`.
    fn graded(&mut self, key: &'static str, item: Option<String>, before: bool, after: bool, tight: bool) {
        if before != after {
            let effect = if after == tight { Effect::Tightens } else { Effect::Loosens };
            self.put(key, item, before.to_string(), after.to_string(), effect);
        }
    }

    fn sides(&mut self, was: &Side, is: &Side) {
        let free = was.blocked.is_empty() && was.names_blocked.is_empty() && !was.only_open;
        let categories: BTreeSet<&CategoryName> =
            [&was.blocked, &was.open, &is.blocked, &is.open].into_iter().flatten().collect();
        for name in categories {
            self.ranked("category", name.as_str(), category_rank(was, name), category_rank(is, name), free);
        }
        let names: BTreeSet<&Host> =
            [&was.names_blocked, &was.names_open, &is.names_blocked, &is.names_open].into_iter().flatten().collect();
        for name in names {
            self.ranked("name", name.as_str(), name_rank(was, name), name_rank(is, name), free);
        }
        let (old, new) = (&was.browser, &is.browser);
        for (key, before, after, tight) in [
            ("only_open", was.only_open, is.only_open, true),
            ("safe_search", was.safe_search, is.safe_search, true),
            ("other_resolvers", was.other_resolvers, is.other_resolvers, false),
            ("vpn", was.vpn, is.vpn, false),
            ("private_windows", old.private_windows, new.private_windows, false),
            ("developer_tools", old.developer_tools, new.developer_tools, false),
            ("any_extension", old.any_extension, new.any_extension, false),
            ("sign_in", old.sign_in, new.sign_in, false),
        ] {
            self.graded(key, None, before, after, tight);
        }
        let effect = if is.youtube < was.youtube { Effect::Loosens } else { Effect::Tightens };
        self.plain("youtube", was.youtube.to_string(), is.youtube.to_string(), effect);
        let effect = match (was.engine, is.engine) {
            (None, _) => Effect::Tightens,
            (Some(_), None) => Effect::Loosens,
            // One made for children leaves out what others find.
            (Some(_), Some(Engine::QwantJunior)) => Effect::Tightens,
            (Some(Engine::QwantJunior), Some(_)) => Effect::Loosens,
            (Some(_), Some(_)) => Effect::Alters,
        };
        let named = |engine: Option<Engine>| engine.map_or("any", Engine::name).to_owned();
        self.plain("engine", named(was.engine), named(is.engine), effect);
        for id in old.extensions.symmetric_difference(&new.extensions) {
            // Where any is taken, this one is, named or not.
            let taken = |browser: &Browser| browser.any_extension || browser.extensions.contains(id);
            self.graded("extensions", Some(id.clone()), taken(old), taken(new), false);
        }
    }

    fn ranked(&mut self, key: &'static str, item: &str, before: Rank, after: Rank, free: bool) {
        if before != after {
            let effect = match (before, after) {
                // Where nothing is kept away, what is opened lets nothing more in.
                (Rank::Unsaid, Rank::Open) if free => Effect::Alters,
                _ if after > before => Effect::Tightens,
                _ => Effect::Loosens,
            };
            self.put(key, Some(item.to_owned()), before.name().to_owned(), after.name().to_owned(), effect);
        }
    }
}

/// How far something is kept away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Open,
    Unsaid,
    /// With all others, unless the list means it as allowed.
    All,
    Blocked,
}

impl Rank {
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Unsaid => "",
            Self::All => "all",
            Self::Blocked => "blocked",
        }
    }
}

fn category_rank(side: &Side, name: &CategoryName) -> Rank {
    if side.open.contains(name) {
        Rank::Open
    } else if side.blocked.contains(name) {
        Rank::Blocked
    } else if side.blocked.iter().any(CategoryName::is_all) {
        Rank::All
    } else {
        Rank::Unsaid
    }
}

fn name_rank(side: &Side, name: &Host) -> Rank {
    if side.names_open.contains(name) {
        Rank::Open
    } else if side.names_blocked.contains(name) {
        Rank::Blocked
    } else {
        Rank::Unsaid
    }
}
