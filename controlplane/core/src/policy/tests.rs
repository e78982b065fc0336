//! Documents, and what they come to together.

use super::*;
use crate::facts::Facts;
use crate::rules::Rules;
use filter::{Categories, Collector, FilterSet, Seed};
use model::filtering::{Regime, YouTube};
use model::floor::Floor;
use model::host::{CategoryName, Host};
use model::id::DeviceId;
use model::time::Timestamp;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

const EXAMPLES: [(&str, &str); 3] = [
    ("national", include_str!("../../../../deploy/examples/policy/national.toml")),
    ("territory", include_str!("../../../../deploy/examples/policy/territoire.toml")),
    ("school:0951099D", include_str!("../../../../deploy/examples/policy/ecole.toml")),
];
const LAYERS: [&str; 5] = ["national", "territory", "owner:commune-a", "school:0951099D", "class:0951099D/CM2 A"];
const REGIMES: [Regime; 2] = [Regime::InSchool, Regime::OutOfSchool];

fn layer(text: &str) -> Layer {
    text.parse().unwrap()
}

fn read(name: &str, text: &str) -> (Layer, Arc<Document>) {
    let layer = layer(name);
    let document = Document::read(text, &layer).unwrap_or_else(|error| panic!("{name}: {error}"));
    (layer, Arc::new(document))
}

fn composed(documents: &[(&str, &str)]) -> Composed {
    compose(&documents.iter().map(|(name, text)| read(name, text)).collect::<Vec<_>>())
}

fn host(text: &str) -> Host {
    text.parse().unwrap()
}

fn category(text: &str) -> CategoryName {
    text.parse().unwrap()
}

/// What a list says of one name, and which of its categories it means as allowed.
#[derive(Clone, Debug)]
struct Listed {
    name: Host,
    categories: Vec<String>,
    white: bool,
}

fn listed(name: &str, categories: &[&str]) -> Listed {
    Listed { name: host(name), categories: categories.iter().map(|c| (*c).to_owned()).collect(), white: false }
}

impl Listed {
    fn list(&self) -> List {
        let mut collector = Collector::new(Seed::new([7; 16]), Categories::new());
        for category in &self.categories {
            let id = collector.category(category, self.white).unwrap();
            collector.add(id, &self.name.as_str().parse().unwrap()).unwrap();
        }
        let set = FilterSet::open(collector.finish().unwrap().image(&[]).unwrap()).unwrap();
        List { manifest: None, set: Arc::new(set) }
    }
}

fn no_floor() -> Floor {
    serde_json::from_str(r#"{"version":1,"blocked":[],"open":[]}"#).unwrap()
}

impl Composed {
    /// What becomes of a name by layers and one listing alone.
    fn verdict(&self, regime: Regime, name: &Host, listed: Option<&Listed>) -> Verdict {
        let facts = Facts::bare(DeviceId::new(Timestamp::default(), [1; 10]));
        let told = filtering(&Rules::default(), self, &facts);
        let list = listed.map(Listed::list);
        Scales::new(&told, &no_floor(), list.as_ref(), regime, Timestamp::default()).unwrap().verdict(name)
    }
}

#[test]
fn the_examples_come_to_what_they_say() {
    let all = composed(&EXAMPLES);
    let blocked = |regime: Regime, name: &str, categories: &[&str]| {
        all.verdict(regime, &host(name), Some(&listed(name, categories))).blocked
    };
    use Regime::{InSchool, OutOfSchool};
    assert!(!blocked(InSchool, "a.example", &["games"]), "the school reopens it");
    assert!(blocked(InSchool, "a.example", &["games", "adult"]), "and nothing that is kept away for another reason");
    assert!(
        blocked(InSchool, "a.example", &["social_networks"])
            && !blocked(OutOfSchool, "a.example", &["social_networks"])
    );
    assert!(!blocked(InSchool, "a.example", &["sexual_education", "adult"]));
    assert!(!blocked(InSchool, "education.gouv.fr", &["adult"]));
    assert!(blocked(OutOfSchool, "www.jeux.example", &[]));
    assert_eq!((all.in_school.youtube, all.out_of_school.youtube), (YouTube::Strict, YouTube::Moderate));
    assert_eq!(all.slots.as_ref().unwrap().len(), 2);
    assert_eq!(all.contact, "numerique@departement.example");
    assert!(all.lessons && all.unblock);
    assert!(!all.reasons.iter().any(|reason| matches!(reason.outcome, Outcome::Ignored(_))), "{:#?}", all.reasons);
    let engine: Vec<_> = all.reasons.iter().filter(|r| r.key == "engine" && r.regime == Some(InSchool)).collect();
    assert_eq!(engine[0].outcome, Outcome::Overridden(layer("school:0951099D")));
    assert_eq!((engine[1].outcome.clone(), engine[1].value.as_str()), (Outcome::Holds, "qwant_junior"));
}

#[test]
fn mistakes_are_named_by_line_and_key_with_what_is_allowed() {
    let said = |text: &str| Document::read(text, &Layer::National).unwrap_err().to_string();
    for (text, wanted) in [
        ("name = \"x\"\nblok = []", "line 2"),
        (
            "[in_school]\nyoutube = \"sometimes\"",
            "line 2, youtube: unknown variant `sometimes`, expected one of `off`, `moderate`, `strict`",
        ),
        ("[both]\nblock = [\n  \"adult\",\n  \"Adult\",\n]", "line 2, block: \"Adult\" is not a category"),
        (
            "[both]\nblock_names = [\"https://a.fr\"]",
            "line 2, block_names: \"https://a.fr\" is not a name such as example.org",
        ),
        ("[both]\nengine = \"altavista\"", "any, qwant, qwant_junior, ecosia, duckduckgo, google, bing"),
        ("[both]\nblock = [\"games\"]\n[in_school]\nopen = [\"games\"]", "games is blocked too"),
        ("[both]\nblock_names = [\"a.fr\"]\nopen_names = [\"a.fr\"]", "a.fr is blocked too"),
        ("[both]\nopen = [\"all\"]", "only block takes \"all\""),
        ("[hours]\nslots = [\"lundi 8-12\"]", "line 2, slots: \"lundi 8-12\" is no slot such as"),
        ("[hours]\nslots = [\"mon 08:00-12:00\", \"mon-fri 11:00-13:00\"]", "two slots of one day lie over each other"),
        ("[hours]\nslots = []", "line 2, slots: name a slot, or leave the hours out"),
        ("[hours]\nslots = [\"mon 12:00-08:00\"]", "a slot ends after it begins"),
        ("[hours]\nslots = [\"mon 08:00-24:01\"]", "is no slot"),
        ("[both]\nextensions = [\"<script>\"]", "extensions"),
        ("[negotiable]\nall = true", "unknown field `all`"),
        ("contact = \"a\\nb\"", "line 1, contact: one line"),
        ("name = ", "line 1"),
        ("[both]\nsafe_search = \"yes\"", "line 2, safe_search"),
    ] {
        assert!(said(text).contains(wanted), "{text}: {}", said(text));
    }
    let many: Vec<String> = (0..501).map(|n| format!("\"h{n}.example\"")).collect();
    assert!(
        said(&format!("[in_school]\nblock_names = [{}]", many.join(",")))
            .contains("a policy of this layer holds at most 500")
    );
    assert!(said(&" ".repeat(POLICY_BYTES_MAX + 1)).contains("at most 65536 bytes"));
    assert_eq!(Document::read("", &Layer::National), Ok(Document::default()));
    for bad in ["", "nation", "school:", "school:0951099X", "class:0951099D", "owner:A b", "territory:x"] {
        assert!(bad.parse::<Layer>().is_err(), "{bad}");
    }
}

#[test]
fn what_is_not_left_is_ignored_and_it_is_said_by_whom() {
    let national = "[both]\nblock = [\"adult\"]\nopen_names = [\"education.gouv.fr\"]\nyoutube = \"moderate\"\n[negotiable]\ncategories = [\"games\"]";
    let school = "[both]\nopen = [\"adult\", \"press\"]\nopen_names = [\"a.example\"]\nblock_names = [\"www.education.gouv.fr\"]\nyoutube = \"off\"";
    let all = composed(&[("national", national), ("school:0951099D", school)]);
    let ignored: BTreeSet<_> = all
        .reasons
        .iter()
        .filter(|reason| reason.outcome == Outcome::Ignored(Layer::National))
        .map(|reason| (reason.key, reason.item.clone().unwrap_or_default()))
        .collect();
    let wanted = [
        ("category", "adult"),
        ("category", "press"),
        ("name", "a.example"),
        ("name", "www.education.gouv.fr"),
        ("youtube", ""),
    ];
    assert_eq!(ignored, wanted.map(|(key, item)| (key, item.to_owned())).into());
    assert_eq!(all.in_school.youtube, YouTube::Moderate);
}

#[test]
fn a_level_that_leaves_something_does_not_leave_what_lies_above_it() {
    let strict = "[both]\nyoutube = \"moderate\"";
    let more = "[both]\nyoutube = \"strict\"\n[negotiable]\nyoutube = true";
    let school = |word: &str| format!("[both]\nyoutube = \"{word}\"");
    let after = |word: &str| composed(&[("national", strict), ("territory", more), ("school:0951099D", &school(word))]);
    assert_eq!(
        after("moderate").in_school.youtube,
        YouTube::Moderate,
        "the territory leaves it, and no less is asked above"
    );
    assert_eq!(after("off").in_school.youtube, YouTube::Strict);
    let all = "[both]\nblock = [\"all\"]\n[negotiable]\ncategories = [\"press\"]";
    let press = "[both]\nopen = [\"press\", \"games\"]";
    let opened = composed(&[("national", all), ("territory", press)]);
    assert_eq!(opened.in_school.open, [category("press")].into());
    let only = "[both]\nonly_open = true\nopen_names = [\"ent.example\"]";
    let class = composed(&[("national", "[both]\nopen = [\"bank\"]"), ("class:0951099D/CM2 A", only)]);
    assert!(class.verdict(Regime::InSchool, &host("x.example"), None).blocked);
    assert!(!class.verdict(Regime::InSchool, &host("a.ent.example"), None).blocked);
    assert!(!class.verdict(Regime::InSchool, &host("b.example"), Some(&listed("b.example", &["bank"]))).blocked);
    // What the list means as allowed is not of all.
    let white = Listed { white: true, ..listed("p.example", &["press"]) };
    let every = composed(&[("national", "[both]\nblock = [\"all\"]")]);
    assert!(!every.verdict(Regime::InSchool, &host("p.example"), Some(&white)).blocked);
    assert!(every.verdict(Regime::InSchool, &host("p.example"), Some(&listed("p.example", &["games"]))).blocked);
}

#[test]
fn nobody_asks_elsewhere_unless_a_layer_says_so() {
    let elsewhere = |documents: &[(&str, &str)]| composed(documents).in_school.other_resolvers;
    let (silent, opens) = ("[both]\nblock = [\"adult\"]\n", "[both]\nother_resolvers = true\n");
    assert!(!elsewhere(&[("national", silent)]));
    assert!(elsewhere(&[("national", opens)]));
    assert!(!elsewhere(&[("national", silent), ("territory", opens)]));
    let leaves = format!("{silent}[negotiable]\nother_resolvers = true\n");
    assert!(!elsewhere(&[("national", &leaves)]));
    assert!(elsewhere(&[("national", &leaves), ("territory", opens)]));
    let vpn = |documents: &[(&str, &str)]| composed(documents).out_of_school.vpn;
    assert!(!vpn(&[("national", silent)]) && vpn(&[("national", "[both]\nvpn = true\n")]));
}

#[test]
fn changes_are_told_by_their_meaning() {
    let before = composed(&[("national", "[both]\nblock = [\"adult\", \"games\"]\nyoutube = \"strict\"")]);
    let after = composed(&[("national", "[both]\nblock = [\"adult\", \"malware\"]\nyoutube = \"moderate\"")]);
    let list = changes(Some(&before), Some(&after));
    let of = |key: &str, item: Option<&str>| {
        list.iter().find(|change| change.key == key && change.item.as_deref() == item).unwrap()
    };
    let youtube = of("youtube", None);
    assert_eq!(
        (youtube.before.as_str(), youtube.after.as_str(), youtube.effect),
        ("strict", "moderate", Effect::Loosens)
    );
    assert_eq!(of("category", Some("games")).effect, Effect::Loosens);
    assert_eq!(of("category", Some("malware")).effect, Effect::Tightens);
    assert!(changes(Some(&before), Some(&before)).is_empty() && changes(None, None).is_empty());
    assert!(changes(None, Some(&before)).iter().all(|change| change.effect == Effect::Tightens));
    assert!(changes(Some(&before), None).iter().any(|change| change.effect == Effect::Loosens));
    // No hours at all and none of them are not the same.
    let never = Composed { slots: Some(Vec::new()), ..before.clone() };
    assert_eq!(changes(Some(&before), Some(&never))[0].key, "hours");
    let effects = |before: &str, after: &str| -> Vec<(&'static str, Effect)> {
        let [before, after] = [before, after].map(|text| composed(&[("national", &format!("[in_school]\n{text}"))]));
        changes(Some(&before), Some(&after)).into_iter().map(|change| (change.key, change.effect)).collect()
    };
    let (any, named) = ("any_extension = true", "any_extension = false\nextensions = [\"abc\"]");
    assert_eq!(effects(any, named), [("any_extension", Effect::Tightens)]);
    assert_eq!(effects(named, any), [("any_extension", Effect::Loosens)]);
    let more = "any_extension = false\nextensions = [\"abc\", \"def\"]";
    assert_eq!(effects(named, more), [("extensions", Effect::Loosens)]);
    let (junior, other) = ("engine = \"qwant_junior\"", "engine = \"bing\"");
    assert_eq!(effects(junior, other), [("engine", Effect::Loosens)]);
    assert_eq!(effects(other, junior), [("engine", Effect::Tightens)]);
    assert_eq!(effects(other, "engine = \"qwant\""), [("engine", Effect::Alters)]);
    let lessons = Document::read("[negotiable]\nlessons = true", &Layer::National).unwrap();
    let left = negotiable_changes(Some(&Document::default()), Some(&lessons));
    assert_eq!((left.len(), left[0].effect), (1, Effect::Loosens));
}

#[test]
fn what_lies_below_the_floor_is_said() {
    let floor: Floor =
        serde_json::from_str(r#"{"version":1,"blocked":["adult","drugs"],"open":["education.gouv.fr"]}"#).unwrap();
    let text = "[in_school]\nblock = [\"all\"]\nblock_names = [\"www.education.gouv.fr\"]\n[out_of_school]\nblock = [\"adult\"]";
    let below = composed(&[("national", text)]).below(&floor);
    let said: Vec<_> = below.iter().map(|one| (one.regime, one.key, one.item.as_str(), one.blocked)).collect();
    let wanted =
        [(Regime::InSchool, "name", "www.education.gouv.fr", false), (Regime::OutOfSchool, "category", "drugs", true)];
    assert_eq!(said, wanted);
}

#[test]
fn one_composition_serves_all_devices_of_which_the_same_layers_speak() {
    let layers =
        Layers::default().with(&Layer::National, Some(Document::read(EXAMPLES[0].1, &Layer::National).unwrap()));
    let facts = |n: u8| Facts::bare(DeviceId::new(Timestamp::default(), [n; 10]));
    let (one, other) = (layers.composed(&facts(1)).unwrap(), layers.composed(&facts(2)).unwrap());
    assert!(Arc::ptr_eq(&one, &other));
    assert_eq!(Layers::default().composed(&facts(1)), None);
    let rules = Rules { policies: layers, zone: "Europe/Paris".to_owned(), ..Rules::default() };
    let filtering = told(&rules, &facts(1)).unwrap();
    assert_eq!(filtering.check(), Ok(()));
    assert_eq!(filtering.hours.unwrap().zone, "Europe/Paris");
    assert_eq!(told(&Rules::default(), &facts(1)), None);
    let stranger = Facts { quarantined: true, ..facts(1) };
    let strict = told(&Rules::default(), &stranger).unwrap();
    assert_eq!(strict.check(), Ok(()));
    assert!(strict.out_of_school.blocked.contains(&"all".parse().unwrap()) && strict.out_of_school.safe_search);
    assert_eq!(told(&rules, &stranger), Some(strict));
}

#[test]
fn what_layers_hold_at_most_stays_within_a_plan() {
    let rooms = LAYERS.map(|name| layer(name).room());
    let (count, bytes) = rooms.iter().fold((0, 0), |(c, b), (count, bytes)| (c + count, b + bytes));
    assert!(count + 200 <= model::filtering::NAMES_MAX && bytes + (6 << 10) <= model::filtering::NAMES_BYTES_MAX);
}

/// The text of a document of a few keys; `left` says whether it may leave anything.
fn document(left: bool) -> impl Strategy<Value = String> {
    let words = || {
        let categories = || proptest::sample::subsequence(vec!["adult", "games", "press", "bank"], 0..=2);
        let names = || proptest::sample::subsequence(vec!["a.fr", "b.a.fr", "c.fr", "x.c.fr"], 0..=2);
        (categories(), any::<bool>(), categories(), names(), names(), 0u8..6, 0u8..4, 0u8..3).prop_map(
            |(block, all, open, block_names, open_names, bits, youtube, engine)| {
                let list = |items: Vec<&str>, without: &[&str]| {
                    let kept: Vec<String> =
                        items.iter().filter(|i| !without.contains(i)).map(|i| format!("{i:?}")).collect();
                    format!("[{}]", kept.join(", "))
                };
                let open = list(open, &block);
                let open_names = list(open_names, &block_names);
                let block = if all { [&block[..], &["all"]].concat() } else { block };
                let mut text = format!(
                    "block = {}\nopen = {open}\nblock_names = {}\nopen_names = {open_names}\n",
                    list(block, &[]),
                    list(block_names, &[])
                );
                let flag = |n: u8| if n == 0 { None } else { Some(n == 1) };
                for (key, value) in [
                    ("only_open", flag(bits % 3)),
                    ("safe_search", flag(bits / 2)),
                    ("other_resolvers", flag(youtube % 3)),
                    ("vpn", flag(bits / 3)),
                    ("any_extension", flag(engine)),
                    ("sign_in", flag(bits % 2 + engine % 2)),
                ] {
                    if let Some(value) = value {
                        text.push_str(&format!("{key} = {value}\n"));
                    }
                }
                if let Some(word) = ["off", "moderate", "strict"].get(usize::from(youtube)) {
                    text.push_str(&format!("youtube = {word:?}\n"));
                }
                match engine {
                    0 => text.push_str("extensions = [\"abc\", \"def\"]\n"),
                    1 => text.push_str("engine = \"qwant\"\n"),
                    _ => text.push_str("engine = \"any\"\nextensions = [\"def\"]\n"),
                }
                text
            },
        )
    };
    (words(), words(), any::<u8>()).prop_map(move |(school, home, bits)| {
        let mut text = format!("[in_school]\n{school}[out_of_school]\n{home}");
        if left {
            let yes = |n: u8| bits >> n & 1 == 1;
            let categories = if yes(0) { "[\"games\"]" } else { "[]" };
            text.push_str(&format!(
                "[negotiable]\ncategories = {categories}\nnames = {}\nyoutube = {}\nonly_open = {}\nbrowser = {}\n",
                yes(1),
                yes(2),
                yes(3),
                yes(4)
            ));
        }
        text
    })
}

fn probes() -> impl Strategy<Value = (Host, Option<Listed>)> {
    let names =
        prop_oneof![Just("a.fr"), Just("b.a.fr"), Just("z.b.a.fr"), Just("c.fr"), Just("x.c.fr"), Just("other.fr")];
    let categories = proptest::sample::subsequence(vec!["adult", "games", "press", "bank"], 0..=3);
    (names, categories, any::<bool>()).prop_map(|(name, categories, parent)| {
        let entry = if parent {
            name.split_once('.').filter(|(_, rest)| rest.contains('.')).map_or(name, |(_, rest)| rest)
        } else {
            name
        };
        (host(name), (!categories.is_empty()).then(|| listed(entry, &categories)))
    })
}

proptest! {
    /// What nothing above leaves is never looser below, for any name in any list, nor in what differs by meaning.
    #[test]
    fn a_lower_layer_loosens_nothing_that_is_not_left(
        upper in document(false), more in document(false), lower in document(true), probe in probes(),
    ) {
        let above = [("national", upper.as_str()), ("territory", more.as_str())];
        let before = composed(&above);
        let after = composed(&[above[0], above[1], ("school:0951099D", lower.as_str())]);
        let (name, list) = probe;
        for regime in REGIMES {
            let (was, is) = (before.verdict(regime, &name, list.as_ref()), after.verdict(regime, &name, list.as_ref()));
            prop_assert!(!was.blocked || is.blocked, "{name} {list:?} {was:?} {is:?}\n{upper}\n{more}\n{lower}");
            // Nor does it block what is opened above by name; a longer name in a list is the list's business, and its gate's.
            if let (false, Because::Name(_), None) = (was.blocked, &was.because, &list) {
                prop_assert!(!is.blocked, "{name} {list:?} {was:?} {is:?}");
            }
            prop_assert!(before.side(regime).open.is_subset(&after.side(regime).open));
        }
        let blocking = before.reasons.iter().any(|reason| reason.value == "blocked" || reason.key == "only_open");
        for change in changes(Some(&before), Some(&after)) {
            let free = change.regime.is_some_and(|regime| !before.reasons.iter().any(|r| {
                r.regime == Some(regime) && (r.value == "blocked" || (r.key == "only_open" && r.value == "true"))
            }));
            let opened = matches!(change.key, "category" | "name") && change.after == "open" && (free || !blocking);
            let unsaid = |key: &str| !before.reasons.iter().any(|r| r.regime == change.regime && r.key == key);
            let extension = change.key == "extensions" && unsaid("extensions");
            prop_assert!(change.effect != Effect::Loosens || opened || extension, "{change:?}\n{upper}\n{more}\n{lower}");
        }
    }

    /// What is left is not looser in what is not: here in anything but games, names, videos, what is shown at all, and browsers.
    #[test]
    fn what_is_left_loosens_nothing_else(
        upper in document(true), lower in document(true), categories in proptest::sample::subsequence(vec!["adult", "press", "bank"], 1..=3),
    ) {
        let text = format!("{upper}\n").replace("names = true", "names = false").replace("only_open = true", "only_open = false");
        // Replacing in the words too does no harm: only the layer above is changed.
        let before = composed(&[("national", text.as_str())]);
        let after = composed(&[("national", text.as_str()), ("school:0951099D", lower.as_str())]);
        let (name, list) = (host("q.example"), listed("q.example", &categories));
        for regime in REGIMES {
            let (was, is) = (before.verdict(regime, &name, Some(&list)), after.verdict(regime, &name, Some(&list)));
            prop_assert!(!was.blocked || is.blocked, "{categories:?} {was:?} {is:?}\n{text}\n{lower}");
            prop_assert!(!before.side(regime).safe_search || after.side(regime).safe_search);
        }
    }

    /// A layer that says nothing changes nothing, wherever it stands; one that repeats what is above it neither.
    #[test]
    fn silence_and_repetition_change_nothing(upper in document(true), lower in document(true)) {
        let two = composed(&[("national", upper.as_str()), ("school:0951099D", lower.as_str())]);
        let three = composed(&[("national", upper.as_str()), ("territory", ""), ("school:0951099D", lower.as_str())]);
        prop_assert_eq!((&two.in_school, &two.out_of_school), (&three.in_school, &three.out_of_school));
        let twice = composed(&[("national", upper.as_str()), ("territory", upper.as_str())]);
        let once = composed(&[("national", upper.as_str())]);
        prop_assert!(changes(Some(&once), Some(&twice)).iter().all(|change| change.effect != Effect::Loosens));
    }

    /// Any text is read or refused, and any reason for that can be said.
    #[test]
    fn no_text_is_too_strange(text in "\\PC{0,200}", inside in proptest::sample::select(vec![
        "[both]\nblock = [", "[hours]\nslots = [\"", "name = \"", "[negotiable]\n", "[in_school]\nopen_names = [\"",
    ])) {
        for text in [text.clone(), format!("{inside}{text}"), format!("{inside}{text}\"]")] {
            if let Err(error) = Document::read(&text, &Layer::Territory) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}

mod record;
mod typed;
mod verdicts;
