//! Which rule of which layer holds, and which does not, and why.

use super::compose::Composed;
use super::layer::Layer;
use super::list::List;
use super::verdict::Because;
use model::filtering::Regime;
use model::host::CategoryName;

/// What a layer says of one thing, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Of which regime; none where it is of both.
    pub regime: Option<Regime>,
    /// The key, as in a document.
    pub key: &'static str,
    /// Of which category or name it is, where there are many.
    pub item: Option<String>,
    /// What is said, as in a document.
    pub value: String,
    /// Who says it.
    pub layer: Layer,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a layer's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Holds,
    /// It holds, as a layer above said already.
    Again,
    /// A layer below said otherwise, and may.
    Overridden(Layer),
    /// It says otherwise than a layer above, which does not leave it to it.
    Ignored(Layer),
}

/// The word of a layer by which something decides in a regime.
#[must_use]
pub fn deciding<'a>(
    composed: &'a Composed,
    regime: Regime,
    because: &Because,
    blocked: bool,
    list: Option<&List>,
) -> Option<&'a Reason> {
    let called = |item: &str| list.map_or(item.to_owned(), |list| list.category(item).to_owned());
    let said = |reason: &&Reason| {
        let item = reason.item.as_deref().unwrap_or_default();
        let about = match because {
            Because::Name(name) => reason.key == "name" && item == name,
            Because::Category(category) => reason.key == "category" && called(item) == *category,
            Because::All(_) => reason.key == "category" && item == CategoryName::ALL,
            Because::OnlyOpen => reason.key == "only_open" && reason.value == "true",
            Because::Nothing => false,
        };
        let way = *because == Because::OnlyOpen || reason.value == if blocked { "blocked" } else { "open" };
        about && way && reason.regime == Some(regime) && reason.outcome == Outcome::Holds
    };
    composed.reasons.iter().find(said)
}

/// What was said so far.
#[derive(Debug, Default)]
pub(super) struct Reasons(pub(super) Vec<Reason>);

impl Reasons {
    /// Notes a word; where it holds, it takes the place of others on the same thing.
    pub(super) fn note(&mut self, reason: Reason) {
        if reason.outcome == Outcome::Holds {
            let same = |other: &Reason| {
                (other.regime, other.key, &other.item) == (reason.regime, reason.key, &reason.item)
                    && matches!(other.outcome, Outcome::Holds | Outcome::Again)
            };
            for other in self.0.iter_mut().filter(|other| same(other)) {
                other.outcome = Outcome::Overridden(reason.layer.clone());
            }
        }
        self.0.push(reason);
    }
}
