//! Planning and encoding, for one device among many of a class.

use crate::meter::cpu;
use crate::row::Row;
use bytes::Bytes;
use controlplane_core::assignment::Target;
use controlplane_core::audit::Person;
use controlplane_core::facts::Facts;
use controlplane_core::lesson::{LessonHeld, lesson_start};
use controlplane_core::memory::Memory;
use controlplane_core::plan::{Now, plan, told_next};
use controlplane_core::policy::{PolicyWish, policy_writes};
use controlplane_core::role::Role;
use controlplane_core::rules::Rules;
use controlplane_core::scope::Reach;
use controlplane_core::store::SharedStore;
use identity::key::OnlineSigner;
use model::desired::{Head, Plan};
use model::digest::Digest;
use model::filtering::{Lesson, LessonKind};
use model::id::DeviceId;
use model::signed::Signed;
use model::time::Timestamp;
use model::uai::Uai;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hint::black_box;
use std::sync::Arc;
use wire::convert::{head_encode, plan_encode};

const DEVICES: u32 = 20_000;
/// Held devices, their schools, and the classes of each, when a lesson begins.
const HELD: usize = 15_000;
const SCHOOLS: usize = 500;
const CLASSES: usize = 10;

/// The processor time of planning once for a class, then of a head for each device.
pub(crate) async fn measure() -> Vec<Row> {
    let (signer, _) = OnlineSigner::generate().expect("a key");
    let rules = Rules { changed: 7, ..Rules::default() };
    let facts = Facts::bare(DeviceId::new(Timestamp::from_unix_seconds(1), [1; 10]));
    let before = used();
    for _ in 0..DEVICES {
        black_box(Digest::of(&plan_encode(&plan(black_box(&rules), &facts).plan)));
    }
    let planned = used();
    let digest = Digest::of(&plan_encode(&plan(&rules, &facts).plan));
    for n in 0..DEVICES {
        let told = told_next(None, None, Now { plan: digest, facts: 7, grant: None }, 1, black_box(&rules));
        let mut random = [0; 10];
        random[..4].copy_from_slice(&n.to_be_bytes());
        let device = DeviceId::new(Timestamp::from_unix_seconds(1), random);
        let head = Head { device, generation: told.generation, plan: told.plan, grant: None };
        let signed: Signed<Head> = signer.sign(Bytes::clone(&head_encode(&head)));
        black_box(wire::v1::Envelope::from(&signed));
    }
    let headed = used();
    let [whole, apart] = lesson().await;
    vec![
        Row::less("a lesson begins: all of 15,000 devices planned anew, as for any other rule", whole, "ms CPU"),
        Row::less("a lesson begins: rules followed, of 15,000 devices its school planned anew", apart, "ms CPU"),
        Row::less("plan and encode, once for a class of devices", (planned - before) / f64::from(DEVICES), "us CPU"),
        Row::less("head: decide, encode and sign, for each device", (headed - planned) / f64::from(DEVICES), "us CPU")
            .within(60.0, 40.0),
    ]
}

/// What a lesson's beginning costs with all devices of a territory held: planned for all, and for whom it is, in milliseconds.
async fn lesson() -> [f64; 2] {
    let store: SharedStore = Arc::new(Memory::default());
    let territory = "doubs".parse().expect("a territory");
    let (all, now) = (Reach::territory(), Timestamp::from_unix_seconds(1_795_000_000));
    let by = Person { name: "figures".to_owned(), role: Role::Admin };
    let schools: Vec<Uai> = (0..SCHOOLS).map(|n| uai(100_000 + n)).collect();
    let fleet: Vec<Facts> = (0..HELD)
        .map(|n| {
            let school = schools[n % SCHOOLS];
            let class = format!("{school}/C{}", n / SCHOOLS % CLASSES).parse().expect("a class");
            let mut random = [0; 10];
            random[2..].copy_from_slice(&n.to_be_bytes());
            let device = DeviceId::new(now, random);
            Facts { school: Some(school), class: Some(class), ..Facts::bare(device) }
        })
        .collect();
    for (layer, text) in LAYERS {
        let wish = PolicyWish { layer: layer.parse().expect("a layer"), text: Some((*text).to_owned()), of: None };
        let writes = policy_writes(store.as_ref(), &territory, &all, &wish, &by, None, "figures", now).await;
        writes.expect("it is good").commit(&store).await.expect("it is written");
    }
    let rules = Rules::load(store.as_ref(), &territory, "Europe/Paris").await.expect("rules");
    // As the server remembers them, by the plan itself.
    let planned = |rules: &Rules, facts: &[&Facts]| {
        let mut known: HashMap<Plan, Bytes> = HashMap::new();
        for facts in facts {
            if let Entry::Vacant(new) = known.entry(plan(rules, facts).plan) {
                let bytes = plan_encode(new.key());
                new.insert(black_box(bytes));
            }
        }
    };
    let everybody: Vec<&Facts> = fleet.iter().collect();
    planned(&rules, &everybody);
    let school = Target::School(schools[7]);
    let held =
        LessonHeld { lesson: of_an_hour(now), scope: school, by: by.name.clone(), why: String::new(), stopped: None };
    lesson_start(&store, &territory, &all, held, &by, now).await.expect("it begins");
    let before = used();
    let next = Rules::load(store.as_ref(), &territory, "Europe/Paris").await.expect("rules");
    planned(&next, &everybody);
    let whole = used();
    let next = rules.follow(store.as_ref(), &territory).await.expect("rules");
    let concerned: Vec<&Facts> = fleet.iter().filter(|facts| !next.same_since(facts, rules.revision)).collect();
    assert_eq!(concerned.len(), HELD / SCHOOLS, "those of the school alone");
    planned(&next, &concerned);
    [(whole - before) / 1e3, (used() - whole) / 1e3]
}

/// The layers of a territory, as the examples have them.
const LAYERS: &[(&str, &str)] = &[
    ("national", include_str!("../../deploy/examples/policy/national.toml")),
    ("territory", include_str!("../../deploy/examples/policy/territoire.toml")),
];

fn of_an_hour(from: Timestamp) -> Lesson {
    Lesson {
        id: "l1".parse().expect("an id"),
        kind: LessonKind::Lesson,
        from,
        until: from.after(std::time::Duration::from_secs(3_600)),
        only_open: true,
        opens: [].into(),
        blocks: [].into(),
        names_open: [].into(),
        names_blocked: [].into(),
    }
}

/// An invented school's number, with the letter that belongs to it.
fn uai(number: usize) -> Uai {
    let digits = format!("095{:04}", number % 10_000);
    let found = ('A'..='Z').find_map(|letter| format!("{digits}{letter}").parse().ok());
    found.expect("one of the letters is right")
}

/// This process's own processor time so far, in microseconds.
fn used() -> f64 {
    cpu(std::process::id()).as_secs_f64() * 1e6
}
