//! Where a policy lies below the signed floor. Devices keep to the floor whatever is written here; a person ought to know.

use super::compose::Composed;
use model::filtering::Regime;
use model::floor::Floor;
use model::host::CategoryName;

/// What a policy lets through, or keeps away, against the floor.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Below {
    /// In which regime.
    pub regime: Regime,
    /// The key, `category` or `name`.
    pub key: &'static str,
    /// Which category or name it is.
    pub item: String,
    /// Whether the floor blocks it; else it keeps it open.
    pub blocked: bool,
}

impl Composed {
    /// Where it lies below a floor.
    #[must_use]
    pub fn below(&self, floor: &Floor) -> Vec<Below> {
        let mut found = Vec::new();
        for regime in [Regime::InSchool, Regime::OutOfSchool] {
            let side = self.side(regime);
            let all = side.blocked.iter().any(CategoryName::is_all);
            let let_through = floor.blocked.iter().filter(|name| {
                let named = |one: &CategoryName| one.as_str() == name.as_str();
                side.open.iter().any(named) || !(all || side.blocked.iter().any(named))
            });
            found.extend(let_through.map(|name| Below { regime, key: "category", item: name.clone(), blocked: true }));
            let kept = |name: &&model::host::Host| {
                let covers = |open: &String| {
                    let above = name.as_str().strip_suffix(open.as_str());
                    above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
                };
                floor.open.iter().any(covers)
            };
            let blocked = side.names_blocked.iter().filter(kept).map(ToString::to_string);
            found.extend(blocked.map(|item| Below { regime, key: "name", item, blocked: false }));
        }
        found
    }
}
