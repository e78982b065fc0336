use super::*;
use crate::assignment::{Assignments, assignment_writes};
use crate::audit::Person;
use crate::error::Error;
use crate::facts::Facts;
use crate::memory::Memory;
use crate::plan::plan;
use crate::presence::{Condition, ConditionState};
use crate::proposal::Deed as Act;
use crate::role::Role;
use crate::rollout::deed::Deed;
use crate::rollout::open::Held;
use crate::rollout::phase::{Phase, Sighting};
use crate::rollout::record::{rollout_act, rollout_get, rollout_make, rollout_move};
use crate::rollout::step::Move;
use crate::rollout::{Opened, Patience, Rollout, State, Thresholds};
use crate::rules::Rules;
use crate::store::SharedStore;
use model::desired::Generation;
use model::digest::Digest;
use model::id::DeviceId;
use model::resource::{BUNDLES_MAX, ReleaseWanted};
use std::collections::BTreeMap;
use std::sync::Arc;

struct Place {
    store: SharedStore,
    territory: TerritoryId,
    by: Person,
}

impl Place {
    fn new() -> Self {
        let by = Person { name: "jeanne".to_owned(), role: Role::Admin };
        Self { store: Arc::new(Memory::default()), territory: "doubs".parse().unwrap(), by }
    }

    async fn said(&self, bundle: &str, target: &str, word: Word) -> Result<()> {
        let wish = Wish { bundle: bundle.parse().unwrap(), targets: [target.parse().unwrap()].into(), word };
        let (store, now) = (self.store.as_ref(), Timestamp::from_unix_seconds(7));
        let writes = assignment_writes(store, &self.territory, &wish, &self.by, None, "", now).await?;
        writes.commit(&self.store).await.map(|_| ())
    }

    async fn rules(&self) -> Rules {
        Rules::load(self.store.as_ref(), &self.territory, "Europe/Paris").await.unwrap()
    }

    /// The version that a device of a school is told, and whether it is held back.
    async fn told(&self, school: Option<&str>) -> Option<(String, bool)> {
        let planned = plan(&self.rules().await, &facts(school)).plan;
        assert!(planned.bundles.iter().all(|wanted| !wanted.name.is_agent()), "it is no bundle");
        assert_eq!(planned.version_of(&BundleName::agent()), planned.release.as_ref().map(|release| &release.version));
        planned.release.map(|ReleaseWanted { version, hold, .. }| (version.to_string(), hold))
    }

    /// As it was written before releases were assigned.
    async fn before(&self, version: u8) {
        let rule = ReleaseRule { release: Some(edition(version)) };
        let act = crate::audit::Act::of(Timestamp::default(), &self.by, "release_set", EVERYWHERE, "");
        let writes = Writes::by(&self.territory, &act).unwrap();
        writes.put(&RELEASES, EVERYWHERE, &rule, Expect::Any).unwrap().commit(&self.store).await.unwrap();
    }

    async fn act(&self, deed: Deed) -> Result<Rollout> {
        rollout_act(&self.store, &self.territory, "r", deed, &self.by, "", Timestamp::from_unix_seconds(9)).await
    }

    async fn moved(&self, done: Move) -> Rollout {
        let row = rollout_get(self.store.as_ref(), &self.territory, "r").await.unwrap();
        let held = Held { rollout: row.value, revision: row.revision, sites: BTreeMap::new() };
        rollout_move(&self.store, &self.territory, &held, &done, Timestamp::from_unix_seconds(9)).await.unwrap()
    }
}

fn edition(n: u8) -> Edition {
    Edition { version: format!("0.{n}").parse().unwrap(), index: Digest::of(&[n]) }
}

fn hold(n: u8) -> Word {
    Word::Hold { edition: edition(n), urgent: false }
}

fn facts(school: Option<&str>) -> Facts {
    let device = DeviceId::new(Timestamp::default(), [1; 10]);
    Facts { school: school.map(|uai| uai.parse().unwrap()), ..Facts::bare(device) }
}

fn rollout(version: u8, scope: &str) -> Rollout {
    let Edition { version, index } = edition(version);
    Rollout {
        id: "r".to_owned(),
        name: BundleName::agent(),
        version,
        index,
        scope: BTreeSet::from([scope.parse().unwrap()]),
        urgent: false,
        waves: Vec::new(),
        thresholds: Thresholds::default(),
        patience: Patience::default(),
        seeds: false,
        site_bytes: 0,
        hours: None,
        by: "jeanne".to_owned(),
        why: String::new(),
        created: Timestamp::default(),
        second: false,
        approved: None,
        agreed: BTreeMap::new(),
        state: State::Draft,
        halt: None,
        since: Timestamp::default(),
        opened: Vec::new(),
        accepted: 0,
        left: None,
        replaced: Vec::new(),
    }
}

const SCHOOL: &str = "0951099D";

#[tokio::test]
async fn the_most_particular_word_says_which_release_runs_and_no_bundle_takes_its_place() {
    let place = Place::new();
    assert_eq!(place.told(Some(SCHOOL)).await, None);
    for n in 0..BUNDLES_MAX {
        place.said(&format!("b-{n}"), "territory", hold(1)).await.unwrap();
    }
    place.said("cartable-agent", "territory", hold(1)).await.unwrap();
    place.said("cartable-agent", "school:0951099D", hold(2)).await.unwrap();
    assert_eq!(place.told(None).await, Some(("0.1".to_owned(), false)));
    assert_eq!(place.told(Some(SCHOOL)).await, Some(("0.2".to_owned(), false)));
    assert_eq!(plan(&place.rules().await, &facts(None)).plan.bundles.len(), BUNDLES_MAX);
    // What runs there stays.
    place.said("cartable-agent", "school:0951099D", Word::Absent).await.unwrap();
    assert_eq!(place.told(Some(SCHOOL)).await, None);
    // And it takes no place of a bundle's.
    let last = format!("b-{}", BUNDLES_MAX - 1);
    place.said(&last, "territory", Word::Nothing).await.unwrap();
    place.said("b-last", "territory", hold(1)).await.unwrap();
    assert!(place.said(&last, "territory", hold(1)).await.is_err());
}

#[tokio::test]
async fn what_was_said_before_releases_were_assigned_holds_until_somebody_says_otherwise() {
    for word in [hold(2), Word::Nothing, Word::Absent] {
        let place = Place::new();
        place.before(1).await;
        let begun = place.rules().await.changed;
        assert!(begun > 0, "who holds rules of that revision is not behind");
        assert_eq!(place.told(None).await, Some(("0.1".to_owned(), false)));
        place.said("cartable-agent", "school:0951099D", hold(3)).await.unwrap();
        assert_eq!(place.told(Some(SCHOOL)).await, Some(("0.3".to_owned(), false)));
        assert!(matches!(place.said("cartable-agent", "territory", hold(1)).await, Err(Error::Invalid(_))));
        place.said("cartable-agent", "territory", word.clone()).await.unwrap();
        let expected = matches!(word, Word::Hold { .. }).then(|| ("0.2".to_owned(), false));
        assert_eq!(place.told(None).await, expected);
        assert!(place.rules().await.changed > begun);
        if word != Word::Nothing {
            place.said("cartable-agent", "territory", Word::Nothing).await.unwrap();
        }
        assert_eq!(place.told(None).await, None, "it does not come back");
    }
    let written = r#"{"release":{"release":{"version":"0.2","index":"DIGEST"}}}"#;
    let written = written.replace("DIGEST", &Digest::of(&[2]).to_string());
    let read: Act = serde_json::from_str(&written).unwrap();
    assert_eq!(read, Act::Release(ReleaseRule { release: Some(edition(2)) }), "a proposal of old is read");
}

#[tokio::test]
async fn a_rollout_of_a_release_holds_back_and_is_taken_back_only_to_another() {
    let place = Place::new();
    rollout_make(&place.store, &place.territory, rollout(2, "school:0951099D"), &place.by, Timestamp::default())
        .await
        .unwrap();
    place.act(Deed::Start).await.unwrap();
    assert_eq!(place.told(Some(SCHOOL)).await, None, "no wave is open");
    place.moved(Move::Open(0)).await;
    assert_eq!(place.told(Some(SCHOOL)).await, Some(("0.2".to_owned(), false)));
    assert_eq!(place.told(None).await, None);
    place.act(Deed::Pause).await.unwrap();
    assert_eq!(place.told(Some(SCHOOL)).await, Some(("0.2".to_owned(), true)));
    // Without a word on it what runs would stay, and nobody would be taken back.
    let refused = place.act(Deed::RollBack).await.unwrap_err().to_string();
    assert!(refused.contains("no release is assigned to school:0951099D to return to"), "{refused}");
    place.act(Deed::Resume(false)).await.unwrap();
    place.moved(Move::Finish(crate::rollout::tally::Counts::default())).await;
    assert_eq!(place.told(Some(SCHOOL)).await, Some(("0.2".to_owned(), false)));
    assert!(place.act(Deed::RollBack).await.is_err());
    place.said("cartable-agent", "territory", hold(1)).await.unwrap();
    // A more particular word that none is to be there is no release to return to.
    let of = |target: &str, edition: Option<Edition>| Assignment {
        bundle: BundleName::agent(),
        target: target.parse().unwrap(),
        edition,
        urgent: false,
        by: "jeanne".to_owned(),
        at: Timestamp::default(),
    };
    let mut all = Assignments::default();
    all.extend([of("territory", Some(edition(1))), of("school:0951099D", None)]);
    assert!(rollout(2, "school:0951099D").return_check(&all).is_err());
    assert!(rollout(2, "school:0750654D").return_check(&all).is_ok());
    place.act(Deed::RollBack).await.unwrap();
    assert_eq!(place.told(Some(SCHOOL)).await, Some(("0.1".to_owned(), false)));
}

#[test]
fn a_release_is_in_place_when_it_has_proven_itself_and_failed_when_it_was_given_back() {
    let generation = |revision| Generation { epoch: 1, revision };
    let opened = Opened { at: Timestamp::default(), after: generation(1) };
    let rollout = Rollout { state: State::Running, opened: vec![opened], ..rollout(2, "territory") };
    let phase = |state, reason: &str, version: &str, held| {
        let condition = Condition {
            item: BundleName::agent().item(),
            state,
            reason: reason.to_owned(),
            epoch: 0,
            version: version.to_owned(),
            bytes: 0,
            of_bytes: 0,
            wan_bytes: 0,
            lan_bytes: 0,
            medium_bytes: 0,
            since: Timestamp::default(),
        };
        let seen = Sighting { condition: Some(condition), held: Some(generation(held)), ..Sighting::default() };
        rollout.standing(&seen, true, Some(opened), Timestamp::from_unix_seconds(1)).phase
    };
    use ConditionState::{Failed, Held, Pending};
    assert_eq!(phase(Held, "", "0.1", 2), Phase::Offered, "the one before");
    assert_eq!(phase(Pending, "downloading", "0.1", 2), Phase::Downloading);
    assert_eq!(phase(Pending, "trial", "0.2", 2), Phase::Verifying, "it runs, and nobody has answered it");
    assert_eq!(phase(Held, "", "0.2", 2), Phase::InPlace);
    assert_eq!(phase(Failed, "returned", "0.1", 2), Phase::Failed);
    assert_eq!(phase(Failed, "returned", "0.1", 1), Phase::Offered, "that was said of an earlier plan");
}
