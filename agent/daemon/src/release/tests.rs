use super::*;
use crate::Config;
use crate::fixture::HandClock;
use crate::source::folder::FolderSource;
use agent_core::release::{Placed, Returned, Slot, Trial};
use model::digest::Digest;

struct Place {
    home: tempfile::TempDir,
    clock: Arc<HandClock>,
    releases: Arc<Releases>,
}

impl Place {
    /// A device that runs the program of a slot, or the packaged one.
    fn new(running: Option<Slot>, slots: &Slots) -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::new(home.path());
        Kept::new(&folder).slots_write(slots).unwrap();
        let clock = Arc::new(HandClock::new());
        let release_root = home.path().join("root.json");
        let config = Config { state: home.path().to_owned(), release_root, ..Config::default() };
        let mut agent = Agent::new(config, clock.clone());
        agent.running.slot = running;
        agent.running.packaged = "0.1".parse().unwrap();
        let time = Arc::new(JudgingTime::new(clock.clone(), None));
        let releases = Arc::new(Releases::new(&agent, &folder, &time));
        Self { home, clock, releases }
    }

    fn kept(&self) -> Slots {
        Kept::new(&Folder::new(self.home.path())).slots()
    }

    fn said(&self) -> Option<(ConditionState, &'static str)> {
        self.releases.said().borrow().as_ref().map(|said| (said.state, said.reason))
    }
}

fn placed(slot: Slot, version: &str) -> Placed {
    let digest = Digest::of(version.as_bytes());
    Placed { slot, version: version.parse().unwrap(), release: digest, program: digest }
}

fn on_trial() -> Slots {
    let trial = Some(Trial { placed: placed(Slot::B, "0.3"), starts: 1 });
    Slots { in_force: Some(placed(Slot::A, "0.2")), trial, ..Slots::default() }
}

fn wanted(version: &str) -> ReleaseWanted {
    ReleaseWanted { version: version.parse().unwrap(), index: Digest::of(version.as_bytes()) }
}

async fn settled() {
    for _ in 0..5 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_trial_that_nobody_answers_is_given_back_in_its_time() {
    let place = Place::new(Some(Slot::B), &on_trial());
    let (_line, none) = watch::channel(None);
    let keeping = tokio::spawn({
        let releases = place.releases.clone();
        async move { releases.keep(none).await }
    });
    settled().await;
    assert_eq!(place.said(), Some((ConditionState::Pending, "trial")));
    place.clock.forward(Build::default().trial - Duration::from_secs(1));
    settled().await;
    assert!(!keeping.is_finished());
    place.clock.forward(Duration::from_secs(1));
    keeping.await.unwrap();
    let returned = Some(Returned { release: placed(Slot::B, "0.3").release, tries: 1 });
    let expected = Slots { in_force: Some(placed(Slot::A, "0.2")), returned, ..Slots::default() };
    assert_eq!(place.kept(), expected);
}

#[tokio::test]
async fn a_trial_that_the_server_answers_stays() {
    let place = Place::new(Some(Slot::B), &on_trial());
    place.releases.want(Some((wanted("0.3"), Fetching::default())));
    let (_line, none) = watch::channel(None);
    let keeping = tokio::spawn({
        let releases = place.releases.clone();
        async move { releases.keep(none).await }
    });
    settled().await;
    place.releases.prove();
    settled().await;
    place.clock.forward(Build::default().trial * 2);
    settled().await;
    assert!(!keeping.is_finished());
    assert_eq!(place.said(), Some((ConditionState::Held, "")));
    assert_eq!(place.kept(), Slots { in_force: Some(placed(Slot::B, "0.3")), ..Slots::default() });
    keeping.abort();
    // The packaged program proves nothing of a trial that it looks after.
    let place = Place::new(None, &on_trial());
    place.releases.prove();
    assert_eq!(place.kept(), on_trial());
}

#[tokio::test]
async fn without_the_packages_root_nothing_is_taken() {
    let place = Place::new(None, &Slots::default());
    let source = FolderSource::new(place.home.path());
    let said = |turn: Turn| match turn {
        Turn::Said(state, reason, _) => (state, reason),
        Turn::Switch => panic!("it would switch"),
    };
    let turn = place.releases.turn(&wanted("0.3"), &Fetching::default(), None).await;
    assert_eq!(said(turn), (ConditionState::Pending, "unreachable"));
    let turn = place.releases.turn(&wanted("0.3"), &Fetching::default(), Some(&source)).await;
    assert_eq!(said(turn), (ConditionState::Skipped, "no_root"));
    std::fs::write(place.home.path().join("root.json"), "{}").unwrap();
    let turn = place.releases.turn(&wanted("0.3"), &Fetching::default(), Some(&source)).await;
    assert_eq!(said(turn).0, ConditionState::Failed);
    assert_eq!(place.kept(), Slots::default());
    // What the package itself is needs nobody's word.
    let turn = place.releases.turn(&wanted("0.1"), &Fetching::default(), None).await;
    assert_eq!(said(turn), (ConditionState::Held, ""));
    let turn = place.releases.turn(&wanted("0.0.9"), &Fetching::default(), None).await;
    assert_eq!(said(turn), (ConditionState::Failed, "packaged"));
}
