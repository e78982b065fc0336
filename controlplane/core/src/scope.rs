//! How far an operator's word reaches: a territory, an owner's equipment, some schools.

use crate::device::Device;
use model::owner::OwnerId;
use model::uai::Uai;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most schools one grant names.
pub const SCHOOLS_MAX: usize = 200;

/// What one grant covers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everything.
    Territory,
    /// What this owner has.
    Owner(OwnerId),
    /// What is filed under these schools.
    Schools(BTreeSet<Uai>),
}

/// What several grants cover together; nothing when there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach(Vec<Scope>);

/// Where a thing is filed, as far as scopes are concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filed {
    /// Its owner, if one was named.
    pub owner: Option<OwnerId>,
    /// Its establishment, if one was named.
    pub school: Option<Uai>,
}

impl Scope {
    /// Whether this scope covers what is filed there. What is filed nowhere belongs to the territory alone.
    #[must_use]
    pub fn covers(&self, filed: &Filed) -> bool {
        match self {
            Self::Territory => true,
            Self::Owner(owner) => filed.owner.as_ref() == Some(owner),
            Self::Schools(schools) => filed.school.is_some_and(|school| schools.contains(&school)),
        }
    }

    /// Whether everything the other scope covers is covered by this one, as far as can be known without a register of owners.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Territory, _) => true,
            (Self::Owner(mine), Self::Owner(theirs)) => mine == theirs,
            (Self::Schools(mine), Self::Schools(theirs)) => theirs.is_subset(mine),
            _ => false,
        }
    }
}

impl Reach {
    /// Everything.
    #[must_use]
    pub fn territory() -> Self {
        Self(vec![Scope::Territory])
    }

    /// What these scopes cover together.
    #[must_use]
    pub fn of(scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self(scopes.into_iter().collect())
    }

    /// The school whose things it is, if it is one school's and no more.
    #[must_use]
    pub fn school(&self) -> Option<Uai> {
        // Several roles at one school are several scopes; an owner's equipment may stand at any school.
        let named = self.0.iter().map(|scope| match scope {
            Scope::Schools(schools) => Some(schools),
            Scope::Territory | Scope::Owner(_) => None,
        });
        let schools: BTreeSet<Uai> = named.collect::<Option<Vec<_>>>()?.into_iter().flatten().copied().collect();
        schools.first().copied().filter(|_| schools.len() == 1)
    }

    /// Whether nothing is left out.
    #[must_use]
    pub fn is_territory(&self) -> bool {
        self.0.contains(&Scope::Territory)
    }

    /// The schools that are named in it, where nothing else is covered that is filed by school; none for the whole.
    #[must_use]
    pub fn schools(&self) -> Option<BTreeSet<Uai>> {
        let named = self.0.iter().map(|scope| match scope {
            Scope::Territory => None,
            Scope::Owner(_) => Some(BTreeSet::new()),
            Scope::Schools(schools) => Some(schools.clone()),
        });
        named.collect::<Option<Vec<_>>>().map(|sets| sets.into_iter().flatten().collect())
    }

    /// The schools to which it is bound, where everything that it covers is filed under one of them; none where more is.
    #[must_use]
    pub fn schools_alone(&self) -> Option<BTreeSet<Uai>> {
        let all = self.0.iter().all(|scope| matches!(scope, Scope::Schools(_)));
        self.schools().filter(|_| all)
    }

    /// Whether one of the scopes covers what is filed there.
    #[must_use]
    pub fn covers(&self, filed: &Filed) -> bool {
        self.0.iter().any(|scope| scope.covers(filed))
    }

    /// Whether one of the scopes contains the other.
    #[must_use]
    pub fn contains(&self, other: &Scope) -> bool {
        self.0.iter().any(|scope| scope.contains(other))
    }
}

impl Device {
    /// Where it is filed.
    #[must_use]
    pub fn filed(&self) -> Filed {
        Filed { owner: self.owner.clone(), school: self.school }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UAIS: [&str; 3] = ["0951099D", "0750654D", "0752524L"];
    const OWNERS: [&str; 2] = ["commune-a", "commune-b"];

    fn filed() -> impl Strategy<Value = Filed> {
        (proptest::option::of(0usize..2), proptest::option::of(0usize..3)).prop_map(|(owner, school)| Filed {
            owner: owner.map(|n| OWNERS[n].parse().unwrap()),
            school: school.map(|n| UAIS[n].parse().unwrap()),
        })
    }

    fn scope() -> impl Strategy<Value = Scope> {
        prop_oneof![
            Just(Scope::Territory),
            (0usize..2).prop_map(|n| Scope::Owner(OWNERS[n].parse().unwrap())),
            proptest::collection::btree_set(0usize..3, 0..3)
                .prop_map(|set| Scope::Schools(set.into_iter().map(|n| UAIS[n].parse().unwrap()).collect())),
        ]
    }

    #[test]
    fn several_roles_at_one_school_are_of_that_school() {
        let at = |n: usize| Scope::Schools([UAIS[n].parse().unwrap()].into());
        let owner = Scope::Owner(OWNERS[0].parse().unwrap());
        let school = |scopes: &[Scope]| Reach::of(scopes.iter().cloned()).school();
        assert_eq!(school(&[at(0), at(0)]), Some(UAIS[0].parse().unwrap()));
        for more in [vec![at(0), at(1)], vec![at(0), owner], vec![at(0), Scope::Territory], vec![]] {
            assert_eq!(school(&more), None, "{more:?}");
        }
    }

    proptest! {
        /// What one may hand on reaches no further than what one has.
        #[test]
        fn a_contained_scope_covers_nothing_more(outer in scope(), inner in scope(), filed in filed()) {
            if outer.contains(&inner) && inner.covers(&filed) {
                prop_assert!(outer.covers(&filed));
            }
        }

        #[test]
        fn a_reach_covers_what_one_of_its_scopes_does(scopes in proptest::collection::vec(scope(), 0..3), filed in filed()) {
            let reach = Reach::of(scopes.clone());
            prop_assert_eq!(reach.covers(&filed), scopes.iter().any(|s| s.covers(&filed)));
            prop_assert!(!reach.is_territory() || reach.covers(&filed));
        }
    }

    #[test]
    fn what_is_filed_nowhere_is_the_territorys_alone() {
        let nowhere = Filed::default();
        assert!(Reach::territory().covers(&nowhere));
        assert!(!Reach::of([Scope::Owner("x".parse().unwrap())]).covers(&nowhere));
        assert!(!Reach::of([Scope::Schools(BTreeSet::from(["0951099D".parse().unwrap()]))]).covers(&nowhere));
        assert!(!Reach::default().covers(&nowhere));
    }
}
