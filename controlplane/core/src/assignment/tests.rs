//! The most particular word decides, whatever was said in which order; against an oracle that knows nothing of ranks.

use super::*;
use crate::audit::Person;
use crate::error::Error;
use crate::memory::Memory;
use crate::plan::plan;
use crate::role::Role;
use crate::rules::Rules;
use crate::store::SharedStore;
use model::id::DeviceId;
use model::loan::LoanId;
use model::measure::Measure;
use model::resource::{BUNDLES_MAX, BundleName};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

const SCHOOLS: [&str; 2] = ["0951099D", "0750654D"];
const CLASSES: [&str; 3] = ["0951099D/CM2 A", "0951099D/CM2 B", "0750654D/CM2 A"];
const OWNERS: [&str; 2] = ["commune-a", "commune-b"];

fn device(n: u8) -> DeviceId {
    DeviceId::new(Timestamp::default(), [n; 10])
}

fn loan(n: u8) -> LoanId {
    LoanId::new(Timestamp::default(), [n; 10])
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        Just(Target::Territory),
        (0usize..2).prop_map(|n| Target::Measure(Measure::ALL[n])),
        (0usize..2).prop_map(|n| Target::Owner(OWNERS[n].parse().unwrap())),
        (0usize..2).prop_map(|n| Target::School(SCHOOLS[n].parse().unwrap())),
        (0usize..3).prop_map(|n| Target::Class(CLASSES[n].parse().unwrap())),
        (0u8..2).prop_map(|n| Target::Kit(format!("MALLE-{n}"))),
        (0u8..2).prop_map(|n| Target::Loan(loan(n))),
        (0u8..2).prop_map(|n| Target::Device(device(n))),
    ]
}

fn facts() -> impl Strategy<Value = Facts> {
    let some = || proptest::option::of(0u8..2);
    let class = proptest::option::of(0usize..3);
    (0u8..2, some(), some(), class, some(), some(), some()).prop_map(|(id, school, owner, class, kit, of, measure)| {
        Facts {
            device: device(id),
            school: school.map(|n| SCHOOLS[usize::from(n)].parse().unwrap()),
            class: class.map(|n| CLASSES[n].parse().unwrap()),
            owner: owner.map(|n| OWNERS[usize::from(n)].parse().unwrap()),
            kit: kit.map(|n| format!("MALLE-{n}")),
            loan: of.map(loan),
            measure: measure.map(|n| Measure::ALL[usize::from(n)]),
            quarantined: false,
        }
    })
}

fn edition(n: u8) -> Edition {
    Edition { version: format!("{n}").parse().unwrap(), index: Digest::of(&[n]) }
}

fn said(bundle: u8, target: Target, version: Option<u8>, urgent: bool) -> Assignment {
    let bundle = format!("b-{bundle}").parse().unwrap();
    Assignment { bundle, target, edition: version.map(edition), urgent, by: "jeanne".into(), at: Timestamp::default() }
}

/// Asks for each bundle, from the most particular kind of target on, whether anybody said something that covers the device.
fn oracle(all: &[Assignment], facts: &Facts) -> Vec<(String, u8, bool)> {
    let names: BTreeSet<String> = all.iter().map(|one| one.bundle.to_string()).collect();
    let decided = names.into_iter().filter_map(|name| {
        for kind in ["device", "loan", "kit", "class", "school", "owner", "measure", "territory"] {
            let fits = |one: &&Assignment| {
                one.bundle.to_string() == name && one.target.kind() == kind && one.target.covers(facts)
            };
            if let Some(one) = all.iter().rev().find(fits) {
                let version = one.edition.as_ref()?.version.to_string().parse().unwrap();
                return Some((name, version, one.urgent));
            }
        }
        None
    });
    decided.collect()
}

proptest! {
    #[test]
    fn the_most_particular_word_decides_and_of_equals_the_later(
        words in proptest::collection::vec((0u8..4, target(), proptest::option::of(1u8..5), any::<bool>()), 0..40),
        facts in facts(),
    ) {
        let words: Vec<_> = words.into_iter().map(|(b, t, v, u)| said(b, t, v, u)).collect();
        let mut rules = Rules::default();
        rules.assignments.extend(words.clone());
        let planned = plan(&rules, &facts);
        let held = planned.plan.bundles.iter();
        let held: Vec<_> = held.map(|b| (b.name.to_string(), b.version.to_string().parse().unwrap(), b.urgent)).collect();
        prop_assert_eq!(held, oracle(&words, &facts));
        prop_assert!(planned.why.iter().all(|why| why.target.covers(&facts) && !why.cut));
    }

    #[test]
    fn a_target_is_read_as_it_is_written(target in target()) {
        prop_assert_eq!(target.to_string().parse::<Target>(), Ok(target.clone()));
        prop_assert!(Target::of(&Facts::bare(device(0))).is_sorted());
    }
}

#[test]
fn what_names_no_target_is_refused() {
    for bad in [
        "",
        "territory:",
        "school",
        "school:",
        "school:0951099A",
        "kit:",
        "kit:a\u{1b}b",
        "class:5B",
        "class:0951099D",
        "class:0951099D/",
        "device:7",
    ] {
        assert!(bad.parse::<Target>().is_err(), "{bad:?}");
    }
}

#[test]
fn of_more_bundles_than_a_device_holds_the_most_particular_stay() {
    let mut rules = Rules::default();
    let count = u8::try_from(BUNDLES_MAX).unwrap();
    rules.assignments.extend((0..count).map(|n| said(n, Target::Territory, Some(1), false)));
    rules.assignments.extend([said(200, Target::Device(device(0)), Some(2), false)]);
    let planned = plan(&rules, &Facts::bare(device(0)));
    assert_eq!(planned.plan.bundles.len(), BUNDLES_MAX);
    assert!(planned.plan.bundles.is_sorted() && planned.plan.bundles.iter().any(|b| b.name.as_str() == "b-200"));
    let cut: Vec<_> = planned.why.iter().filter(|why| why.cut).map(|why| why.bundle.as_str()).collect();
    assert_eq!(cut, ["b-9"]);
    assert_eq!(plan(&rules, &Facts::bare(device(1))).plan.bundles.len(), BUNDLES_MAX);
    // The filter's lists, which everybody has, give way to nothing.
    let lists = Assignment { bundle: BundleName::lists(), ..said(201, Target::Territory, Some(1), false) };
    rules.assignments.extend([lists]);
    let planned = plan(&rules, &Facts::bare(device(0)));
    assert_eq!(planned.plan.bundles.len(), BUNDLES_MAX);
    assert!(planned.plan.bundles.iter().any(|wanted| wanted.name.is_lists()));
    // For which measure it is, where there is something to judge by it.
    let measured = Facts { measure: Some(Measure::HybridKit), ..Facts::bare(device(1)) };
    assert_eq!(plan(&rules, &measured).plan.measure, Some(Measure::HybridKit));
    assert_eq!(plan(&Rules::default(), &measured).plan.measure, None);
}

#[tokio::test]
async fn each_act_is_noted_and_a_word_that_is_taken_back_makes_rules_newer() {
    let (store, territory): (SharedStore, TerritoryId) = (Arc::new(Memory::default()), "doubs".parse().unwrap());
    let by = Person { name: "jeanne".to_owned(), role: Role::PolicyAuthor };
    let school: Target = "school:0951099D".parse().unwrap();
    let act = async |bundle: u8, word: Word| {
        let wish = Wish { bundle: format!("b-{bundle}").parse().unwrap(), targets: [school.clone()].into(), word };
        let now = Timestamp::from_unix_seconds(7);
        assignment_writes(store.as_ref(), &territory, &wish, &by, None, "", now).await?.commit(&store).await
    };
    let rules = async || Rules::load(store.as_ref(), &territory, "Europe/Paris").await.unwrap();
    let hold = || Word::Hold { edition: edition(1), urgent: false };
    let first = act(0, hold()).await.unwrap();
    assert_eq!((rules().await.changed, rules().await.assignments.iter().count()), (first, 1));
    let again = act(0, hold()).await;
    assert!(matches!(again, Err(Error::Invalid(_))), "{again:?}");
    act(0, Word::Absent).await.unwrap();
    assert_eq!(rules().await.assignments.iter().next().unwrap().edition, None);
    let last = act(0, Word::Nothing).await.unwrap();
    assert_eq!((rules().await.changed, rules().await.assignments.iter().count()), (last, 0));
    for n in 0..u8::try_from(BUNDLES_MAX).unwrap() {
        act(n, hold()).await.unwrap();
    }
    let full = act(99, hold()).await.unwrap_err().to_string();
    assert!(full.contains("at most 48 bundles"), "{full}");
    act(0, Word::Absent).await.unwrap();
    act(99, hold()).await.unwrap();
    // Something else in the same moment does not pass the count.
    let wish = Wish { bundle: "b-98".parse().unwrap(), targets: [Target::Territory].into(), word: hold() };
    let late = assignment_writes(store.as_ref(), &territory, &wish, &by, None, "", Timestamp::default()).await.unwrap();
    act(1, Word::Nothing).await.unwrap();
    assert!(matches!(late.commit(&store).await, Err(Error::Conflict(_))));
}
