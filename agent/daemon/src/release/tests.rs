use super::*;
use crate::Config;
use crate::fixture::HandClock;
use crate::proxy::Rules;
use crate::resources::Named;
use crate::source::folder::FolderSource;
use crate::source::{Fetched, Piece, Source, mirrors};
use agent_core::release::{Returned, Slot, Trial};
use async_trait::async_trait;
use model::digest::Digest;
use std::sync::atomic::{AtomicU64, Ordering};

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
        let (state, root) = (home.path().to_owned(), home.path().to_owned());
        let config = Config { state, root, release_root, ..Config::default() };
        let mut agent = Agent::new(config, clock.clone());
        agent.running.slot = running;
        agent.running.packaged = "0.1".parse().unwrap();
        let time = Arc::new(JudgingTime::new(clock.clone(), None));
        let releases = Arc::new(Releases::new(&agent, &folder, &time));
        Self { home, clock, releases }
    }

    /// Ways to these, and to nobody else.
    fn ways(&self, sources: Vec<Named>) -> Ways {
        let (clock, time) = (self.clock.clone(), self.releases.time.clone());
        Ways {
            line: watch::Sender::default().subscribe(),
            peers: watch::Sender::new(sources).subscribe(),
            meeting: true,
            shelf: Arc::new(Shelf::new(&Folder::new(self.home.path()))),
            mirrors: mirrors::Ways { proxies: Rules::default(), roots: None, time, clock },
        }
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
    let index = Digest::of(version.as_bytes());
    ReleaseWanted { version: version.parse().unwrap(), index, urgent: false, hold: false }
}

async fn settled() {
    for _ in 0..5 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_trial_that_nobody_answers_is_given_back_in_its_time() {
    let place = Place::new(Some(Slot::B), &on_trial());
    let keeping = tokio::spawn({
        let (releases, ways) = (place.releases.clone(), place.ways(Vec::new()));
        async move { releases.keep(ways).await }
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
    let keeping = tokio::spawn({
        let (releases, ways) = (place.releases.clone(), place.ways(Vec::new()));
        async move { releases.keep(ways).await }
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
    let mut roads = Roads::new(place.clock.clone(), place.ways(Vec::new()));
    let fetching = Fetching { free_floor_bytes: 0, site_node: true, ..Fetching::default() };
    let mut said = async |version: &str| {
        place.releases.want(Some((wanted(version), fetching.clone())));
        match place.releases.turn(&wanted(version), &fetching, &mut roads).await {
            Turn::Said(state, reason, _) => (state, reason),
            Turn::Switch => panic!("it would switch"),
        }
    };
    assert_eq!(said("0.3").await, (ConditionState::Skipped, "no_root"));
    std::fs::write(place.home.path().join("root.json"), "{}").unwrap();
    assert_eq!(said("0.3").await.0, ConditionState::Failed);
    std::fs::copy(product().join("releases/metadata/1.root.json"), place.home.path().join("root.json")).unwrap();
    assert_eq!(said("0.3").await, (ConditionState::Pending, "unreachable"));
    assert_eq!(place.kept(), Slots::default());
    // What the package itself is needs nobody's word.
    assert_eq!(said("0.1").await, (ConditionState::Held, ""));
    assert_eq!(said("0.0.9").await, (ConditionState::Failed, "packaged"));
}

/// The product's repository with release 0.3, as `tests/data/release/README.md` says.
fn product() -> PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/release")
}

fn index() -> Digest {
    "d8e9eceeaf7dd9b2a0381591ac7d4905ae05940f399137236f660db9cd151cd0".parse().unwrap()
}

fn frame() -> Digest {
    "1e624bb678f6fe61700c8149c91320af23478081001cfeb8f266816cf05590ee".parse().unwrap()
}

const FRAME_BYTES: u64 = 150_015;

/// Who has the repository, and counts what they give of the program.
#[derive(Debug)]
struct Giver {
    folder: FolderSource,
    road: Road,
    lies: bool,
    gave: AtomicU64,
    /// Done when the program is asked for first.
    meanwhile: Mutex<Option<(Arc<Releases>, ReleaseWanted, Fetching)>>,
}

impl Giver {
    fn new(road: Road, lies: bool) -> Arc<Self> {
        let (gave, meanwhile) = (AtomicU64::new(0), Mutex::default());
        Arc::new(Self { folder: FolderSource::new(&product()), road, lies, gave, meanwhile })
    }

    fn gave(&self) -> u64 {
        self.gave.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Source for Giver {
    fn road(&self) -> Road {
        self.road
    }

    async fn fetch(&self, pieces: &[Piece]) -> Result<Vec<Fetched>, SourceError> {
        let mut fetched = self.folder.fetch(pieces).await?;
        for (piece, given) in pieces.iter().zip(&mut fetched) {
            if let (Fetched::Found { body, .. }, true) = (given, piece.item.ends_with(".zst")) {
                self.gave.fetch_add(body.len() as u64, Ordering::Relaxed);
                if self.lies {
                    *body = vec![7; body.len()].into();
                }
                if let Some((releases, wanted, fetching)) = self.meanwhile.lock().unwrap().take() {
                    releases.want(Some((wanted, fetching)));
                }
            }
        }
        Ok(fetched)
    }
}

/// Another device, as far as its shelf goes.
#[derive(Debug)]
struct Neighbour(Arc<Shelf>);

#[async_trait]
impl Source for Neighbour {
    fn road(&self) -> Road {
        Road::Peer
    }

    async fn fetch(&self, pieces: &[Piece]) -> Result<Vec<Fetched>, SourceError> {
        let read = |piece: &Piece| self.read(&piece.item, piece.offset, piece.length as usize);
        Ok(pieces
            .iter()
            .map(|piece| read(piece).map_or(Fetched::Missing, |(body, size)| Fetched::Found { body, size }))
            .collect())
    }
}

impl Neighbour {
    fn read(&self, item: &str, offset: u64, length: usize) -> Option<(bytes::Bytes, u64)> {
        let none = tempfile::tempdir().unwrap();
        let resources = Arc::new(crate::resources::Shelf::new(none.path(), &Folder::new(none.path())));
        let shelves = Shelves { resources, releases: self.0.clone() };
        crate::peers::Shelf::read(&shelves, item, offset, length)
    }
}

/// A device that asks these, and goes outside at once.
struct Asking {
    place: Place,
    roads: Roads,
    fetching: Fetching,
}

impl Asking {
    fn new(sources: Vec<Arc<dyn Source>>) -> Self {
        let place = Place::new(None, &Slots::default());
        std::fs::copy(product().join("releases/metadata/1.root.json"), place.home.path().join("root.json")).unwrap();
        let named = |(at, source)| Named { name: format!("source {at}"), source };
        let ways = place.ways(sources.into_iter().enumerate().map(named).collect());
        let roads = Roads::new(place.clock.clone(), ways);
        let fetching = Fetching { free_floor_bytes: 0, site_node: true, ..Fetching::default() };
        Self { place, roads, fetching }
    }

    /// One look; nothing where another program is to run.
    async fn looks(&mut self, hold: bool) -> Option<(ConditionState, &'static str)> {
        let wanted = ReleaseWanted { hold, index: index(), ..wanted("0.3") };
        self.place.releases.want(Some((wanted.clone(), self.fetching.clone())));
        match self.place.releases.turn(&wanted, &self.fetching, &mut self.roads).await {
            Turn::Switch => None,
            Turn::Said(state, reason, _) => Some((state, reason)),
        }
    }

    fn fetched(&self) -> PathBuf {
        self.place.home.path().join("releases/fetched").join(frame().to_string())
    }

    /// It was put on trial, and is the program that was signed.
    fn tries(&self) {
        let trial = self.place.kept().trial.unwrap().placed;
        assert_eq!((trial.version.to_string().as_str(), trial.release), ("0.3", index()));
        assert!(Kept::new(&Folder::new(self.place.home.path())).whole(&trial));
    }

    fn came(&self) -> (u64, u64) {
        let came = *self.place.releases.came.lock().unwrap();
        assert_eq!((came.release, self.place.releases.kept.came()), (Some(index()), came));
        (came.wan, came.lan)
    }
}

#[tokio::test]
async fn a_neighbour_that_fetched_a_release_gives_it() {
    let server = Giver::new(Road::Server, false);
    let mut first = Asking::new(vec![server.clone()]);
    assert_eq!(first.looks(false).await, None);
    first.tries();
    assert!(server.gave() == FRAME_BYTES && first.came().0 > FRAME_BYTES && first.came().1 == 0);
    // With the line away; and so does one that begins anew, or runs the release now.
    let shelf = Arc::new(Shelf::new(&Folder::new(first.place.home.path())));
    first.place.releases.shelf_fill(&shelf);
    for shelf in [first.roads.ways.shelf.clone(), shelf] {
        let mut next = Asking::new(vec![Arc::new(Neighbour(shelf))]);
        assert_eq!(next.looks(false).await, None);
        next.tries();
        assert!(next.came().0 == 0 && next.came().1 > FRAME_BYTES);
    }
    // Nothing else of the disk is given, and nothing that is not what its name says.
    let neighbour = Neighbour(first.roads.ways.shelf.clone());
    let item =
        format!("releases/targets/{}.release.0.3.linux.{}.zst", frame(), std::env::consts::ARCH.replace('_', "-"));
    assert_eq!(
        neighbour.read(&item, FRAME_BYTES - 5, 100).map(|(body, size)| (body.len(), size)),
        Some((5, FRAME_BYTES))
    );
    assert_eq!(neighbour.read(&item, u64::MAX, 100).map(|(body, size)| (body.len(), size)), Some((0, FRAME_BYTES)));
    let other = format!("releases/targets/{}.release.0.4.linux.x86-64.zst", frame());
    for absent in
        [other.as_str(), "releases/slots.json", "releases/fetched", "releases/targets/x.y", "targets/x.y", "releases/"]
    {
        assert_eq!(neighbour.read(absent, 0, 100), None, "{absent}");
    }
    let mut bytes = std::fs::read(first.fetched()).unwrap();
    bytes[9] ^= 1;
    std::fs::write(first.fetched(), &bytes).unwrap();
    assert_eq!(neighbour.read(&item, 0, 100), None);
    std::fs::write(first.fetched(), &bytes[..100]).unwrap();
    assert_eq!(neighbour.read(&item, 0, 100), None);
}

#[tokio::test]
async fn a_neighbour_that_lies_does_no_harm() {
    let (liar, server) = (Giver::new(Road::Peer, true), Giver::new(Road::Server, false));
    let mut device = Asking::new(vec![liar.clone()]);
    assert_eq!(device.looks(false).await, Some((ConditionState::Failed, "damaged")));
    assert!(device.place.kept().trial.is_none() && liar.gave() == FRAME_BYTES);
    let mut device = Asking::new(vec![liar.clone(), server.clone()]);
    assert_eq!(device.looks(false).await, None);
    device.tries();
    assert_eq!((liar.gave(), server.gave()), (2 * FRAME_BYTES, FRAME_BYTES), "it costs what it gave, once");
}

#[tokio::test]
async fn what_came_is_not_fetched_again_and_what_is_spoilt_goes() {
    let whole =
        std::fs::read(product().join(format!("releases/targets/{}.release.0.3.linux.x86-64.zst", frame()))).unwrap();
    for (there, fetched) in
        [(whole[..100_000].to_vec(), 50_015), (vec![0; 100_000], 50_015 + FRAME_BYTES), (vec![0; 200_000], FRAME_BYTES)]
    {
        let server = Giver::new(Road::Server, false);
        let mut device = Asking::new(vec![server.clone()]);
        std::fs::create_dir_all(device.fetched().parent().unwrap()).unwrap();
        std::fs::write(device.fetched(), there).unwrap();
        // Of a release that is wanted no more.
        let old = device.fetched().with_file_name(Digest::of(b"old").to_string());
        std::fs::write(&old, "old").unwrap();
        assert_eq!(device.looks(false).await, None);
        device.tries();
        assert!(server.gave() == fetched && !old.exists(), "{}", server.gave());
    }
    // Nor does a full disk stay full of it.
    let mut device = Asking::new(vec![Giver::new(Road::Server, false)]);
    std::fs::create_dir_all(device.fetched().parent().unwrap()).unwrap();
    std::fs::write(device.fetched(), &whole[..100_000]).unwrap();
    device.fetching.free_floor_bytes = u64::MAX;
    assert_eq!(device.looks(false).await, Some((ConditionState::Skipped, "disk")));
    assert!(!device.fetched().exists());
}

#[tokio::test]
async fn a_release_that_is_held_back_is_not_begun() {
    let server = Giver::new(Road::Server, false);
    let mut device = Asking::new(vec![server.clone()]);
    let offered = Some((ConditionState::Pending, "offered"));
    assert_eq!((device.looks(true).await, server.gave()), (offered, 0));
    // Nor goes it on when that is said while it comes.
    let held = ReleaseWanted { hold: true, index: index(), ..wanted("0.3") };
    *server.meanwhile.lock().unwrap() = Some((device.place.releases.clone(), held, device.fetching.clone()));
    assert_eq!(device.looks(false).await, offered);
    assert_eq!(device.place.kept(), Slots { minimum: Some("0.3".parse().unwrap()), ..Slots::default() });
    assert_eq!(device.looks(false).await, None);
    device.tries();
}
