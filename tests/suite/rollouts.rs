//! Rollouts over real mTLS: devices that say what a script makes of them, and a server that dies whenever it likes.

use controlplane_core::audit::{Act, Person};
use controlplane_core::device::DEVICES;
use controlplane_core::role::Role;
use controlplane_core::rollout::deed::Deed;
use controlplane_core::rollout::open::Held;
use controlplane_core::rollout::record::{rollout_act, rollout_list, rollout_make};
use controlplane_core::rollout::wave::{Member, Wave, WaveSize};
use controlplane_core::rollout::{Halt, Patience, Rollout, State, Thresholds};
use controlplane_core::store::Expect;
use controlplane_core::table::Writes;
use model::desired::{Generation, Plan};
use model::digest::Digest;
use model::filtering::FILTER_ITEM;
use model::id::DeviceId;
use model::resource::BundleName;
use model::section::{Sections, sections_root};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tests::caller::{Attempt, TestDevice};
use tests::reporter::Fleet;
use tests::world::{World, admin};
use wire::convert::{head_decode, plan_decode};
use wire::v1::device_client::DeviceClient;
use wire::v1::{CheckInRequest, Condition, ConditionState, Observed};

const SCHOOLS: [&str; 2] = ["0951099D", "0750654D"];
const STEP: Duration = Duration::from_secs(1_200);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Works,
    Fails,
    IsOff,
    /// The list lies in place, and the filter will not have it.
    Refuses,
}

/// A device that reports what its fate makes of the plan it holds.
pub(crate) struct Device {
    device: TestDevice,
    id: DeviceId,
    fate: Fate,
    sequence: u64,
    generation: Generation,
    plan: (Digest, Plan),
    /// The version in place.
    version: String,
    /// The generation with which it was first told of a bundle.
    told: Option<Generation>,
}

impl Device {
    async fn enrol(world: &World, n: usize, fate: Fate) -> Self {
        let attempt = Attempt::new(&world.token().await, &format!("PF-{n:03}"));
        let device = attempt.enrol(world.port, &world.data()).await.unwrap();
        let id: DeviceId = uuid::Uuid::from_slice(&device.answer.device).unwrap().to_string().parse().unwrap();
        let mut record = world.record(id).await;
        record.school = Some(SCHOOLS[n % 2].parse().unwrap());
        let act = Act::of(world.now(), &admin(), "device_move", id.to_string(), "a test");
        let writes = Writes::by(&world.territory, &act).unwrap();
        let writes = writes.put(&DEVICES, id.to_string(), &record, Expect::Any).unwrap();
        writes.commit(&world.store).await.unwrap();
        Self::of(device, id, fate)
    }

    /// One that is enrolled and was told nothing yet.
    pub(crate) fn of(device: TestDevice, id: DeviceId, fate: Fate) -> Self {
        let plan = (Digest::of(b"none"), Plan::default());
        let generation = Generation::default();
        Self { device, id, fate, sequence: 0, generation, plan, version: String::new(), told: None }
    }

    /// Two check-ins: it says how it stands, and is told; it does what its fate is, and says that.
    pub(crate) async fn calls(&mut self, port: u16) {
        if self.fate == Fate::IsOff {
            return;
        }
        let Ok(channel) = self.device.connect(port).await else { return };
        let mut client = DeviceClient::new(channel);
        for _ in 0..2 {
            let wanted = self.plan.1.bundles.first().filter(|wanted| !wanted.hold);
            if let (Some(wanted), Fate::Works | Fate::Refuses) = (wanted, self.fate) {
                self.version = wanted.version.to_string();
            }
            let Ok(answer) = client.check_in(self.request()).await else { return };
            let answer = answer.into_inner();
            self.sequence += 1;
            if let Some(head) = answer.head {
                let head = head_decode(&head.payload).unwrap();
                self.generation = head.generation;
                if !answer.plan.is_empty() {
                    self.plan = (head.plan, plan_decode(&answer.plan).unwrap());
                    let told = (!self.plan.1.bundles.is_empty()).then_some(head.generation);
                    self.told = self.told.or(told);
                }
            }
        }
    }

    fn request(&self) -> CheckInRequest {
        let said = self.plan.1.bundles.first().map(|wanted| {
            let (state, reason) = match self.fate {
                Fate::Works | Fate::Refuses if self.version == wanted.version.to_string() => (ConditionState::Held, ""),
                Fate::Fails if !wanted.hold => (ConditionState::Failed, "damaged"),
                _ => (ConditionState::Pending, "staged"),
            };
            Condition {
                item: format!("bundle {}", wanted.name),
                state: state.into(),
                reason: reason.to_owned(),
                version: self.version.clone(),
                ..Condition::default()
            }
        });
        let filter = said.clone().filter(|said| said.item == BundleName::lists().item()).map(|said| Condition {
            item: FILTER_ITEM.to_owned(),
            state: if self.fate == Fate::Refuses { ConditionState::Failed } else { ConditionState::Held }.into(),
            reason: if self.fate == Fate::Refuses { "list_sentinel" } else { "" }.to_owned(),
            version: if self.fate == Fate::Works { said.version } else { String::new() },
            ..Condition::default()
        });
        CheckInRequest {
            boot: vec![7; 16],
            sequence: self.sequence + 1,
            sections_root: sections_root(&Sections::new()).as_bytes().to_vec(),
            generation: Some(self.generation.into()),
            plan: self.plan.0.as_bytes().to_vec(),
            observed: Some(Observed {
                generation: Some(self.generation.into()),
                conditions: said.into_iter().chain(filter).collect(),
            }),
            report: true,
            agent_version: "0.0.0-test".to_owned(),
            ..CheckInRequest::default()
        }
    }

    /// The version that it was told of last.
    pub(crate) fn wants(&self) -> Option<String> {
        self.plan.1.bundles.first().map(|wanted| wanted.version.to_string())
    }
}

async fn devices(world: &World, fates: &[Fate]) -> Vec<Device> {
    let mut devices = Vec::new();
    for (n, fate) in fates.iter().enumerate() {
        devices.push(Device::enrol(world, n, *fate).await);
    }
    devices
}

async fn rounds(world: &World, devices: &mut [Device], count: usize) {
    for _ in 0..count {
        world.pass(STEP).await;
        for device in &mut *devices {
            device.calls(world.port).await;
        }
    }
}

/// Lets time pass and devices call until the rollout stands so.
async fn until(world: &World, devices: &mut [Device], what: &str, stands: impl Fn(&Rollout) -> bool) -> Rollout {
    for _ in 0..60 {
        let held = now(world).await;
        if stands(&held) {
            return held;
        }
        rounds(world, devices, 1).await;
    }
    panic!("not {what}: {:#?}", now(world).await);
}

/// The one there is.
async fn now(world: &World) -> Rollout {
    rollout_list(world.store.as_ref(), &world.territory).await.unwrap().remove(0)
}

/// Lets time pass until so many waves are open.
async fn opened(world: &World, waves: usize) {
    let seen = async {
        while now(world).await.opened.len() < waves {
            world.pass(Duration::from_secs(61)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(120), seen).await.is_ok(), "no wave opens");
}

async fn act(world: &World, deed: Deed) -> Rollout {
    let id = now(world).await.id;
    rollout_act(&world.store, &world.territory, &id, deed, &admin(), "a test", world.now()).await.unwrap()
}

fn share(hundredths: u32) -> Wave {
    Wave { size: WaveSize::Share(hundredths), agree: false }
}

fn wish(world: &World, waves: Vec<Wave>) -> Rollout {
    Rollout {
        id: "r-1".to_owned(),
        name: "dictionnaire".parse().unwrap(),
        version: "2026.9".parse().unwrap(),
        index: Digest::of(b"index"),
        scope: BTreeSet::from(["territory".parse().unwrap()]),
        urgent: true,
        waves,
        thresholds: Thresholds { sample: 3, ..Thresholds::default() },
        patience: Patience { unreachable: 3_600, ..Patience::default() },
        seeds: false,
        site_bytes: 0,
        hours: None,
        by: "admin".to_owned(),
        why: String::new(),
        created: world.now(),
        second: false,
        approved: None,
        agreed: BTreeMap::new(),
        state: State::Draft,
        halt: None,
        since: world.now(),
        opened: Vec::new(),
        accepted: 0,
        left: None,
        replaced: Vec::new(),
    }
}

/// The same under an id whose draw gives each wave what the test needs.
fn drawn(rollout: Rollout, devices: &[Device], fits: impl Fn(&[Vec<Fate>]) -> bool) -> Rollout {
    let ids = (0..10_000).map(|n| Rollout { id: format!("r-{n}"), ..rollout.clone() });
    let fitting = ids.into_iter().find(|rollout| {
        let mut waves = vec![Vec::new(); rollout.waves.len() + 1];
        for device in devices {
            let member = Member { device: device.id, school: None };
            let wave = rollout.wave_of(&member).unwrap_or(rollout.waves.len());
            waves[wave].push(device.fate);
        }
        fits(&waves)
    });
    fitting.expect("an id that fits")
}

fn working(wave: &[Fate]) -> usize {
    wave.iter().filter(|fate| **fate == Fate::Works).count()
}

async fn begin(world: &World, rollout: Rollout) {
    rollout_make(&world.store, &world.territory, rollout, &admin(), world.now()).await.unwrap();
    act(world, Deed::Start).await;
}

const fn fates<const N: usize>(fails: usize, off: usize) -> [Fate; N] {
    let mut fates = [Fate::Works; N];
    let mut n = 0;
    while n < N {
        // Spread over the schools.
        if n < fails {
            fates[n] = Fate::Fails;
        } else if n < fails + off {
            fates[n] = Fate::IsOff;
        }
        n += 1;
    }
    fates
}

#[tokio::test]
async fn it_ends_with_those_that_were_off_and_they_get_it_when_they_are_back() {
    let world = World::new().await;
    let mut devices = devices(&world, &fates::<12>(0, 3)).await;
    let wish = drawn(wish(&world, vec![share(4_000)]), &devices, |waves| working(&waves[0]) >= 3);
    begin(&world, wish).await;
    let ended = until(&world, &mut devices, "finished", |r| r.state == State::Finished).await;
    let left = ended.left.unwrap();
    assert_eq!((left.in_place, left.unreachable, left.failing()), (9, 3, 0));
    for device in devices.iter_mut().filter(|device| device.fate == Fate::IsOff) {
        device.fate = Fate::Works;
    }
    rounds(&world, &mut devices, 1).await;
    assert!(devices.iter().all(|device| device.version == "2026.9"));
    // It is an assignment now, and can still be taken back.
    act(&world, Deed::RollBack).await;
    rounds(&world, &mut devices, 1).await;
    assert!(devices.iter().all(|device| device.wants().is_none()));
}

#[tokio::test]
async fn with_three_in_ten_failing_it_stops_by_itself_and_goes_back_when_a_person_says_so() {
    let world = World::new().await;
    let mut devices = devices(&world, &fates::<20>(6, 0)).await;
    let failing = |wave: &[Fate]| wave.contains(&Fate::Fails) && (5..18).contains(&wave.len());
    let wish = drawn(wish(&world, vec![share(6_000)]), &devices, |waves| failing(&waves[0]));
    begin(&world, wish).await;
    let ended = until(&world, &mut devices, "stopped", |r| r.state == State::Stopped).await;
    assert_eq!((ended.halt, ended.opened.len()), (Some(Halt::ErrorShare), 1));
    let reached: usize = devices.iter().filter(|device| device.wants().is_some()).count();
    rounds(&world, &mut devices, 6).await;
    assert_eq!(devices.iter().filter(|device| device.wants().is_some()).count(), reached);
    assert!(reached < 20 && now(&world).await == ended, "nothing opens after it");
    act(&world, Deed::RollBack).await;
    rounds(&world, &mut devices, 1).await;
    assert!(devices.iter().all(|device| device.wants().is_none()));
}

#[tokio::test]
async fn a_list_that_filters_refuse_goes_no_further_though_it_lies_in_place() {
    let world = World::new().await;
    let mut fates = fates::<20>(0, 0);
    fates[..6].fill(Fate::Refuses);
    let mut devices = devices(&world, &fates).await;
    let some = |wave: &[Fate]| wave.contains(&Fate::Refuses) && (5..18).contains(&wave.len());
    let wish = Rollout { name: BundleName::lists(), ..wish(&world, vec![share(6_000)]) };
    begin(&world, drawn(wish, &devices, |waves| some(&waves[0]))).await;
    let ended = until(&world, &mut devices, "stopped", |r| r.state == State::Stopped).await;
    assert_eq!((ended.halt, ended.opened.len()), (Some(Halt::ErrorShare), 1));
    assert!(devices.iter().any(|device| device.fate == Fate::Refuses && device.version == "2026.9"));
}

#[tokio::test]
async fn what_is_paused_waits_and_what_is_aborted_stays_where_it_came() {
    let world = World::new().await;
    let mut devices = devices(&world, &fates::<10>(0, 0)).await;
    let agree = Wave { agree: true, ..share(10_000) };
    let wish = wish(&world, vec![share(5_000), agree]);
    begin(&world, drawn(wish, &devices, |waves| (3..8).contains(&waves[0].len()))).await;
    opened(&world, 1).await;
    act(&world, Deed::Pause).await;
    rounds(&world, &mut devices, 2).await;
    let held = devices.iter().filter(|device| device.plan.1.bundles.iter().any(|wanted| wanted.hold)).count();
    assert!(held > 0 && devices.iter().all(|device| device.version.is_empty()), "it is fetched, and waits");
    act(&world, Deed::Resume(false)).await;
    rounds(&world, &mut devices, 6).await;
    let first = devices.iter().filter(|device| device.version == "2026.9").count();
    assert_eq!((first, now(&world).await.opened.len()), (held, 1), "the second wave waits for a second person");
    let paul = Person { name: "paul".to_owned(), role: Role::Publisher };
    let approve = Deed::Approve(Some(1));
    let id = now(&world).await.id;
    rollout_act(&world.store, &world.territory, &id, approve, &paul, "", world.now()).await.unwrap();
    opened(&world, 2).await;
    act(&world, Deed::Abort).await;
    rounds(&world, &mut devices, 2).await;
    let (with, without): (Vec<_>, Vec<_>) = devices.iter().partition(|device| device.version == "2026.9");
    assert!(with.len() >= first && with.iter().all(|device| device.wants().is_some()));
    assert!(without.iter().all(|device| device.plan.1.bundles.iter().all(|wanted| wanted.hold)));
}

#[tokio::test]
async fn nothing_opens_in_school_hours() {
    // A Wednesday, just after noon.
    let world = World::new().await;
    let mut devices = devices(&world, &fates::<4>(0, 0)).await;
    begin(&world, Rollout { urgent: false, ..wish(&world, vec![]) }).await;
    rounds(&world, &mut devices, 15).await;
    assert!(now(&world).await.opened.is_empty());
    until(&world, &mut devices, "finished", |r| r.state == State::Finished).await;
}

#[tokio::test]
async fn one_device_of_each_school_comes_first() {
    let world = World::new().await;
    let mut devices = devices(&world, &fates::<8>(0, 0)).await;
    begin(&world, Rollout { seeds: true, ..wish(&world, vec![]) }).await;
    until(&world, &mut devices, "finished", |r| r.state == State::Finished).await;
    let held = now(&world).await;
    let held = Held::load(world.store.as_ref(), &world.territory, held, 0).await.unwrap();
    for (n, device) in devices.iter().enumerate() {
        let (site, _) = &held.sites[&SCHOOLS[n % 2].parse().unwrap()];
        let opened = if device.id == site.seed { site.opened } else { site.released.unwrap() };
        assert!(opened.told(device.told.unwrap()) && site.opened.after < site.released.unwrap().after);
        assert_eq!(device.version, "2026.9");
    }
}

#[tokio::test]
async fn killed_at_fifty_moments_it_ends_as_planned() {
    let mut world = World::new().await;
    let mut devices = devices(&world, &fates::<12>(0, 1)).await;
    let waves = vec![share(1_500), share(3_000), share(5_000), share(7_000)];
    let wish = Rollout { seeds: true, ..wish(&world, waves) };
    begin(&world, drawn(wish, &devices, |waves| waves.iter().all(|wave| working(wave) > 0))).await;
    let mut moment = 7_usize;
    for kill in 0..50 {
        world.clock.forward(Duration::from_secs(61 + 240 * (kill % 2)));
        // Somewhere in the work that this woke.
        moment = (moment * 31 + 17) % 211;
        for _ in 0..moment {
            tokio::task::yield_now().await;
        }
        if kill % 3 == 0 {
            for device in &mut devices {
                device.calls(world.port).await;
            }
        }
        world.kill().await;
        world.start().await;
    }
    let ended = until(&world, &mut devices, "finished", |r| r.state == State::Finished).await;
    let left = ended.left.unwrap();
    assert_eq!((left.in_place, left.unreachable, left.devices()), (11, 1, 12));
    assert_eq!(ended.opened.len(), 5);
    let audit = world.audit().await;
    let times = |verb: &str| audit.matches(&format!("\"verb\":\"{verb}\"")).count();
    assert_eq!((times("rollout_wave_open"), times("rollout_finish"), times("rollout_stop")), (5, 1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_planned_started_steered_and_explained_from_the_command_line() {
    let fleet = Fleet::start(4).await;
    let said = |arguments: &[&str]| {
        let output = fleet.server.cartable(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let json = |arguments: &[&str]| fleet.server.json(arguments);
    let index = "ab".repeat(32);
    let plan = ["rollout", "plan", "--bundle", "dictionnaire@2026.9", "--index", &index, "--scope", "territory"];
    let wish = [&plan[..], &["--wave", "50%", "--success", "90", "--sample", "2", "--urgent"]].concat();
    let dry = json(&[&wish[..], &["--dry"]].concat());
    assert_eq!((dry["devices"].as_u64(), dry["waves"][1]["percent"].as_f64()), (Some(4), Some(100.0)));
    let parts: Vec<u64> = (0..2).map(|n| dry["waves"][n]["devices"].as_u64().unwrap()).collect();
    assert_eq!(parts.iter().sum::<u64>(), 4, "each device is in one wave");
    assert_eq!(json(&["rollout", "list"]).as_array().unwrap().len(), 0, "nothing was written");
    let patient = json(&[&wish[..], &["--dry", "--patience", "3d", "--patience", "downloading=12h"]].concat());
    let patience = |what: &str| patient["patience"][format!("{what}_seconds")].as_u64();
    assert_eq!(["wave", "downloading", "offered"].map(patience), [Some(259_200), Some(43_200), Some(86_400)]);
    // What is for nobody says so, and is not started.
    let nobody = [&plan[..4], &["--index", &index, "--scope", "class:0951099D/CM2 A"]].concat();
    let out = fleet.server.cartable(&[&nobody[..], &["--dry"]].concat());
    let text = String::from_utf8(out.stderr).unwrap();
    assert!(out.status.success() && text.contains("covers no device now"), "{text}");
    let nobody = json(&nobody)["id"].as_str().unwrap().to_owned();
    let refused = fleet.server.cartable(&["rollout", "start", &nobody, "--yes"]);
    assert!(String::from_utf8(refused.stderr).unwrap().contains("assign the bundle instead"));
    assert_eq!((refused.status.code(), &json(&["rollout", "show", &nobody])["state"]), (Some(2), &"draft".into()));
    json(&["rollout", "abort", &nobody, "--yes"]);
    let planned = json(&wish);
    let id = planned["id"].as_str().unwrap();
    assert_eq!(planned["state"], "draft");
    let refused = fleet.server.cartable(&["rollout", "pause", id]);
    let refused = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.contains("this rollout is planned; that cannot be done with it now"), "{refused}");
    assert_eq!(json(&["rollout", "start", id, "--yes"])["state"], "running");
    let device = &fleet.reporters[0].id;
    let place = &json(&["rollout", "explain", device])["rollouts"][0];
    assert_eq!((place["covered"].as_bool(), place["state"].as_str()), (Some(true), Some("running")));
    let text = said(&["rollout", "explain", device]);
    assert!(text.contains("is in wave"), "{text}");
    assert_eq!(json(&["rollout", "pause", id])["state"], "paused");
    assert!(said(&["rollout", "show", id]).contains("paused (a person said so)"));
    assert_eq!(json(&["rollout", "resume", id])["halt"], serde_json::Value::Null);
    assert_eq!(json(&["rollout", "rollback", id, "--yes"])["state"], "rolled_back");
    let watched = said(&["rollout", "watch", id, "--output", "csv"]);
    assert!(watched.lines().count() == 2 && watched.contains("rolled_back"), "{watched}");
}
