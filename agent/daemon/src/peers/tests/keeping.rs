//! When a device serves and says so, and whom it asks.

use super::super::neighbours::Neighbour;
use super::super::{ASKED_MAX, Found, Neighbours, Network, Notice, Parts, Peers};
use super::*;
use crate::resources::Named;

/// A local network that is told everything by the test.
#[derive(Debug)]
pub(super) struct Told {
    said: Mutex<Option<Notice>>,
    pub(super) found: watch::Sender<Found>,
}

impl Neighbours for Told {
    fn announce(&self, notice: Option<&Notice>) {
        *self.said.lock().unwrap() = notice.cloned();
    }

    fn found(&self) -> watch::Receiver<Found> {
        self.found.subscribe()
    }
}

#[derive(Debug)]
struct Way(Arc<Told>);

impl Network for Way {
    fn open(&self) -> Option<Arc<dyn Neighbours>> {
        Some(self.0.clone())
    }
}

pub(super) struct Kept {
    pub(super) told: Arc<Told>,
    pub(super) pass: watch::Sender<Option<Arc<Pass>>>,
    pub(super) asked: watch::Receiver<Vec<Named>>,
    pub(super) proofs: Arc<Noted>,
    machine: tempfile::TempDir,
    _peers: Peers,
}

pub(super) fn kept(territory: &Territory) -> Kept {
    let told = Arc::new(Told { said: Mutex::default(), found: watch::Sender::default() });
    let (pass, passes) = watch::channel(None);
    let (to, asked) = watch::channel(Vec::new());
    let machine = tempfile::tempdir().unwrap();
    let proofs = Arc::new(Noted::default());
    let peers = Peers::keep(Parts {
        clock: territory.clock.clone(),
        machine: machine.path().to_owned(),
        shelf: Arc::new(Files(BTreeMap::from([("a".to_owned(), Bytes::from_static(b"0123456789"))]))),
        pass: passes,
        network: Arc::new(Way(told.clone())),
        asked: to,
        proofs: proofs.clone(),
    });
    Kept { told, pass, asked, proofs, machine, _peers: peers }
}

pub(super) async fn until(what: &str, seen: impl Fn() -> bool) {
    let seen = async {
        while !seen() {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), seen).await.is_ok(), "not {what}");
}

#[tokio::test]
async fn a_device_says_that_it_is_there_while_it_serves() {
    let territory = Territory::new();
    let kept = kept(&territory);
    let said = || kept.told.said.lock().unwrap().clone();
    let with = |change: fn(&mut Fetching)| {
        let mut pass = territory.device(1);
        change(&mut pass.fetching);
        kept.pass.send_replace(Some(Arc::new(pass)));
    };
    with(|fetching| fetching.site_node = true);
    until("announced", || said().is_some()).await;
    let notice = said().unwrap();
    assert!(notice.site_node && notice.instance.starts_with("07070707070707070707-"), "{notice:?}");
    let address = SocketAddr::from(([127, 0, 0, 1], notice.port));
    let source = territory.source(territory.device(2), address);
    assert_eq!(source.fetch(&[piece("a", 0, 1)]).await.unwrap(), [found(b"0", 10)]);
    // The next day it is called otherwise; on the third there is no ticket any more.
    territory.clock.forward(Duration::from_secs(20 * 3_600));
    until("renamed", || said().is_some_and(|notice| notice.instance.starts_with("0808"))).await;
    territory.clock.forward(Duration::from_secs(20 * 3_600));
    until("silent", || said().is_none()).await;
}

#[tokio::test]
async fn it_is_silent_where_the_plan_or_the_battery_says_so() {
    let territory = Territory::new();
    let kept = kept(&territory);
    let said = || kept.told.said.lock().unwrap().clone();
    let with = |change: fn(&mut Fetching)| {
        let mut pass = territory.device(1);
        change(&mut pass.fetching);
        kept.pass.send_replace(Some(Arc::new(pass)));
    };
    for silent in [
        |fetching: &mut Fetching| fetching.peers = false,
        |fetching: &mut Fetching| {
            fetching.upload_bytes_per_second = 0;
        },
    ] {
        with(|_| {});
        until("announced", || said().is_some()).await;
        with(silent);
        until("silent", || said().is_none()).await;
    }
    with(|_| {});
    until("announced", || said().is_some()).await;
    let battery = kept.machine.path().join("sys/class/power_supply/BAT0");
    std::fs::create_dir_all(&battery).unwrap();
    for (name, text) in [("type", "Battery"), ("present", "1"), ("status", "Discharging"), ("capacity", "20")] {
        std::fs::write(battery.join(name), format!("{text}\n")).unwrap();
    }
    territory.clock.forward(Duration::from_secs(600));
    until("silent", || said().is_none()).await;
    kept.pass.send_replace(None);
}

#[tokio::test]
async fn it_asks_devices_of_its_school_and_the_site_node_first() {
    let territory = Territory::new();
    let kept = kept(&territory);
    let neighbour = |last: u8, site_node| Neighbour { address: SocketAddr::from(([10, 0, 0, last], 4_000)), site_node };
    let mut found: Found = (0..60_u8)
        .map(|n| (format!("07070707070707070707-{:08x}", u32::from(n) << 26), neighbour(n, n == 17)))
        .collect();
    // Of another school, and what is no name of ours.
    found.insert("09090909090909090909-00000001".to_owned(), neighbour(80, true));
    found.insert("07070707070707070707".to_owned(), neighbour(81, true));
    kept.told.found.send_replace(found.clone());
    kept.pass.send_replace(Some(Arc::new(territory.device(1))));
    until("asked", || !kept.asked.borrow().is_empty()).await;
    let asked: Vec<String> = kept.asked.borrow().iter().map(|named| named.name.clone()).collect();
    assert_eq!(asked.len(), ASKED_MAX);
    assert!(asked[0].ends_with(&format!("{:08x}", 17_u32 << 26)) && asked.iter().all(|name| name.contains("-")));
    assert!(asked.iter().all(|name| name.starts_with("peer 0707")));
    // It moves to another address: it is asked there.
    let site = found.keys().nth(17).unwrap().clone();
    found.insert(site, neighbour(90, true));
    let mut changes = kept.asked.clone();
    changes.borrow_and_update();
    kept.told.found.send_replace(found);
    tokio::time::timeout(Duration::from_secs(20), changes.changed()).await.unwrap().unwrap();
    kept.told.found.send_replace(Found::new());
    until("alone", || kept.asked.borrow().is_empty()).await;
}
