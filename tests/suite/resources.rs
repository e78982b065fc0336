//! Resources on devices: published, assigned, fetched over real mTLS, and seen in place.

use crate::disk::Mounted;
use controlplane::ca::publisher::publisher_set;
use controlplane::folder::Folder;
use controlplane_core::assignment::{Edition, Target, Wish, Word, assignment_writes};
use controlplane_core::audit::Act;
use controlplane_core::fetching::{FETCH_POLICIES, FetchPolicy};
use controlplane_core::presence::{Condition, PRESENCES};
use controlplane_core::store::Expect;
use controlplane_core::table::Writes;
use model::digest::Digest;
use model::id::DeviceId;
use model::resource::Fetching;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::publishing::{Publisher, index_digest};
use tests::resources::{Edition as Text, Resource};
use tests::world::{Machine, START, World, admin};

pub(crate) const NAME: &str = "cycle-de-l-eau";

/// How far time is moved at once while something is waited for: what is under way really takes a while, which a clock that runs ahead
/// of it would call a stall.
const STEP: Duration = Duration::from_millis(20);

/// How long at least what is under way really has for each step.
pub(crate) const RUN: Duration = Duration::from_millis(1);

/// How long something may really take before time is moved for it.
const STILL: Duration = Duration::from_millis(500);

/// A control plane that mirrors a publisher's repository, with one device.
pub(crate) struct Class {
    pub(crate) world: World,
    pub(crate) publisher: Publisher,
    pub(crate) machine: Machine,
    pub(crate) device: DeviceId,
}

/// A bundle that was published.
pub(crate) struct Published {
    pub(crate) version: String,
    pub(crate) index: Digest,
    pub(crate) folder: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) first_bytes: u64,
    pub(crate) patch_bytes: Option<u64>,
}

impl Class {
    pub(crate) async fn new() -> Self {
        let mut world = World::new().await;
        let publisher = Publisher::new(world.folder.path(), START);
        let repository = world.data().join("repository");
        let _ = fs::remove_dir(&repository);
        std::os::unix::fs::symlink(publisher.folder.public(), repository).unwrap();
        trust_publisher(&world, &publisher.root());
        world.restart().await;
        let mut machine = world.agent("one");
        let device = machine.enrol(&world).await;
        let class_policy =
            FetchPolicy { fetching: Fetching { free_floor_bytes: 0, ..Fetching::default() }, ..FetchPolicy::default() };
        fetch_policy(&world, class_policy).await;
        machine.start().await;
        machine.settled().await;
        Self { world, publisher, machine, device }
    }

    /// Publishes an edition; `change` has the last word on the folder.
    pub(crate) fn published(&self, text: Text, version: &str, change: impl FnOnce(&Path)) -> Published {
        let folder = self.world.folder.path().join(format!("source-{version}"));
        Resource::of(6).write(&folder, text, version);
        change(&folder);
        let packed = self.publisher.published(std::slice::from_ref(&folder), self.world.now()).remove(0);
        Published {
            version: version.to_owned(),
            index: index_digest(&packed),
            folder,
            bytes: packed.bytes,
            first_bytes: packed.first_bytes,
            patch_bytes: packed.patch_bytes,
        }
    }

    pub(crate) async fn assign(&self, published: &Published) {
        self.say(Word::Hold {
            edition: Edition { version: published.version.parse().unwrap(), index: published.index },
            urgent: true,
        })
        .await;
    }

    pub(crate) async fn say(&self, word: Word) {
        let target: Target = format!("device:{}", self.device).parse().unwrap();
        let wish = Wish { bundle: NAME.parse().unwrap(), targets: BTreeSet::from([target]), word };
        let (store, territory) = (self.world.store.as_ref(), &self.world.territory);
        let writes = assignment_writes(store, territory, &wish, &admin(), None, "a test", self.world.now()).await;
        writes.unwrap().commit(&self.world.store).await.unwrap();
    }

    pub(crate) fn resource(&self) -> agent::Resource {
        self.machine.agent.resources().unwrap().into_iter().find(|one| one.name == NAME).unwrap_or_default()
    }

    /// Until the device notes this of the bundle, while time passes.
    pub(crate) async fn until(&self, what: &str, noted: impl Fn(&agent::Resource) -> bool) -> agent::Resource {
        self.until_by(STEP, what, noted).await
    }

    /// The same with time that passes in such steps.
    async fn until_by(&self, step: Duration, what: &str, noted: impl Fn(&agent::Resource) -> bool) -> agent::Resource {
        let seen = async {
            while !self.world.comes(RUN, async || noted(&self.resource())).await {
                self.world.pass(step).await;
            }
        };
        let seen = tokio::time::timeout(Duration::from_secs(300), seen).await;
        assert!(seen.is_ok(), "not {what}: {:?}", self.resource());
        self.resource()
    }

    pub(crate) async fn held(&self, version: &str) -> agent::Resource {
        self.until(version, |one| one.state == "held" && one.version == version).await
    }

    /// Until the server knows this of the bundle.
    pub(crate) async fn told(&self, what: &str, told: impl Fn(&str, &str, &str) -> bool) {
        let seen = async {
            let told = |one: Condition| told(&format!("{:?}", one.state), &one.reason, &one.version);
            // What it would tell is something else once much time has passed.
            while !self.world.comes(STILL, async || self.known().await.is_some_and(told)).await {
                self.world.pass(STEP * 50).await;
            }
        };
        let seen = tokio::time::timeout(Duration::from_secs(120), seen).await;
        let (known, stands) = (self.known().await, self.machine.agent.status().unwrap());
        assert!(seen.is_ok(), "the server does not know: {what}, but {known:?} at {:?}; {stands:#?}", self.world.now());
    }

    /// What the server knows of it.
    async fn known(&self) -> Option<Condition> {
        let id = self.device.to_string();
        let presence = PRESENCES.get(self.world.store.as_ref(), &self.world.territory, &*id).await.unwrap();
        let conditions = presence.and_then(|row| row.value.observed).map(|observed| observed.conditions);
        conditions.into_iter().flatten().find(|one| one.item == format!("bundle {NAME}"))
    }

    /// What pupils read is what was published.
    pub(crate) fn reads(&self, published: &Published) {
        let current = self.machine.agent.resources_place().join(NAME).join("current");
        assert_eq!(files(&current), files(&published.folder));
    }
}

/// The files below a folder with the digests of their contents; a bundle's manifest is in its index.
fn files(root: &Path) -> Vec<(String, Digest)> {
    let (mut found, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() != "bundle.toml" {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.push((name, Digest::of(&fs::read(&path).unwrap())));
            }
        }
    }
    found.sort();
    found
}

/// The territory's offline root names a publisher.
fn trust_publisher(world: &World, publisher: &[u8]) {
    let root = String::from_utf8(publisher.to_vec()).unwrap();
    publisher_set(&Folder::new(world.data()), &world.territory, None, &root).unwrap();
}

pub(crate) async fn fetch_policy(world: &World, policy: FetchPolicy) {
    let act = Act::of(world.now(), &admin(), "fetch_policy_set", "territory", "a test");
    let writes = Writes::by(&world.territory, &act).unwrap();
    let writes = writes.put(&FETCH_POLICIES, "territory", &policy, Expect::Any).unwrap();
    writes.commit(&world.store).await.unwrap();
}

#[tokio::test]
async fn a_bundle_comes_changes_by_patch_and_goes() {
    let class = Class::new().await;
    let first = class.published(Text::First, "1", |_| {});
    class.assign(&first).await;
    let one = class.held("1").await;
    class.reads(&first);
    class.told("held", |state, reason, version| (state, reason, version) == ("Held", "", "1")).await;
    assert!(one.wan_bytes <= first.first_bytes + first.first_bytes / 20, "{one:?} for {}", first.first_bytes);
    assert_eq!((one.bytes, one.of_bytes, one.lan_bytes), (first.bytes, first.bytes, 0));

    let next = class.published(Text::Next, "2", |_| {});
    class.assign(&next).await;
    let two = class.held("2").await;
    class.reads(&next);
    // The patch and nothing besides: the index comes out of it.
    let patch = next.patch_bytes.unwrap();
    assert!(two.wan_bytes == patch && patch < first.first_bytes / 4, "{two:?}: a patch of {patch}");
    // The way back is there.
    let place = class.machine.agent.resources_place().join(NAME);
    assert!(place.join("1").is_dir() && fs::read_link(place.join("current")).unwrap() == Path::new("2"));

    class.say(Word::Nothing).await;
    class.until("removed", |one| one.name.is_empty() && !place.exists()).await;
}

#[tokio::test]
async fn who_was_away_for_a_version_takes_one_patch() {
    let class = Class::new().await;
    class.assign(&class.published(Text::First, "1", |_| {})).await;
    class.held("1").await;
    class.published(Text::Next, "2", |_| {});
    let later = class.published(Text::Later, "3", |_| {});
    class.assign(&later).await;
    let three = class.held("3").await;
    class.reads(&later);
    let targets = fs::read_dir(class.publisher.folder.public().join("targets")).unwrap().map(Result::unwrap);
    let from_first = format!(".bundle.{NAME}.3.from.1.patch");
    let mut patch = targets.filter(|target| target.file_name().to_str().unwrap().ends_with(&from_first));
    assert_eq!(three.wan_bytes, patch.next().unwrap().metadata().unwrap().len());
}

#[tokio::test]
async fn an_agent_that_dies_in_the_middle_goes_on_and_fetches_nothing_twice() {
    let mut class = Class::new().await;
    let first = class.published(Text::First, "1", |_| {});
    // The first message of a life comes at once, and the second, which brings the rest, after 128 KiB at this rate: as seconds really pass while the
    // clock moves by as many minutes, a machine that stalls sees each life interrupted, too.
    let fetching = Fetching { free_floor_bytes: 0, bytes_per_second: 1_000, ..Fetching::default() };
    fetch_policy(&class.world, FetchPolicy { fetching, ..FetchPolicy::default() }).await;
    class.assign(&first).await;
    let mut deaths = 0;
    for share in [1, 2, 3] {
        let some = class.until("some of it", |one| one.of_bytes > 0 && one.bytes >= one.of_bytes * share / 5).await;
        assert_eq!(some.state, "pending", "{some:?}");
        class.machine.kill().await;
        class.machine.start().await;
        deaths += 1;
    }
    let one = class.until_by(STEP * 10, "1", |one| one.state == "held").await;
    class.reads(&first);
    let again = one.wan_bytes.saturating_sub(first.first_bytes);
    assert!(again <= first.first_bytes / 20, "{again} bytes again of {} in {deaths} lives", first.first_bytes);
}

#[tokio::test]
async fn another_version_is_wanted_in_the_middle() {
    let class = Class::new().await;
    let (first, next) = (class.published(Text::First, "1", |_| {}), class.published(Text::Next, "2", |_| {}));
    let fetching = Fetching { free_floor_bytes: 0, bytes_per_second: 40_000, ..Fetching::default() };
    fetch_policy(&class.world, FetchPolicy { fetching, ..FetchPolicy::default() }).await;
    class.assign(&first).await;
    class.until("some of it", |one| one.of_bytes > 0 && one.bytes >= one.of_bytes / 3).await;
    class.assign(&next).await;
    class.held("2").await;
    class.reads(&next);
    let stage = class.machine.agent.resources_place().join(".stage");
    assert_eq!(fs::read_dir(stage).unwrap().count(), 0);
    assert!(!class.machine.agent.resources_place().join(NAME).join("1").exists());
}

#[tokio::test]
async fn a_mirror_that_gives_something_else_puts_nothing_in_place() {
    let class = Class::new().await;
    let first = class.published(Text::First, "1", |_| {});
    let chunks = class.publisher.folder.public().join("chunks");
    let chunk = fs::read_dir(&chunks).unwrap().next().unwrap().unwrap().path();
    let chunk = fs::read_dir(chunk).unwrap().next().unwrap().unwrap().path();
    let good = fs::read(&chunk).unwrap();
    let mut bad = good.clone();
    bad[good.len() / 2] ^= 0x55;
    fs::write(&chunk, &bad).unwrap();
    class.assign(&first).await;
    class.until("damaged", |one| (one.state.as_str(), one.reason.as_str()) == ("failed", "damaged")).await;
    class.told("damaged", |state, reason, version| (state, reason, version) == ("Failed", "damaged", "")).await;
    assert!(!class.machine.agent.resources_place().join(NAME).exists());
    // It is put right, and some time later asked again.
    fs::write(&chunk, &good).unwrap();
    class.world.pass(Duration::from_secs(5_000)).await;
    class.held("1").await;
    class.reads(&first);
}

#[tokio::test]
async fn what_nobody_signed_and_what_is_for_others_is_not_put_in_place() {
    let class = Class::new().await;
    let first = class.published(Text::First, "1", |_| {});
    class.assign(&Published { index: Digest::of(b"another"), folder: PathBuf::new(), ..first }).await;
    class.told("not signed", |state, reason, _| (state, reason) == ("Failed", "not_signed")).await;
    let foreign = class.published(Text::First, "2", |folder| {
        let manifest = folder.join("bundle.toml");
        let text = fs::read_to_string(&manifest).unwrap() + "systems = [\"windows\"]\n";
        fs::write(manifest, text).unwrap();
    });
    class.assign(&foreign).await;
    class.told("skipped", |state, reason, _| (state, reason) == ("Skipped", "system")).await;
    // Nobody said for which measure the device is.
    let elsewhere = class.published(Text::First, "3", |folder| {
        let manifest = folder.join("bundle.toml");
        let text = fs::read_to_string(&manifest).unwrap() + "measures = [\"hybrid-kit\"]\n";
        fs::write(manifest, text).unwrap();
    });
    class.assign(&elsewhere).await;
    class.told("skipped", |state, reason, _| (state, reason) == ("Skipped", "measure")).await;
    assert!(!class.machine.agent.resources_place().join(NAME).exists());
}

#[tokio::test]
async fn a_school_day_goes_by_before_what_is_not_urgent_comes() {
    let class = Class::new().await;
    let first = class.published(Text::First, "1", |_| {});
    // It is noon of a Wednesday.
    let policy = FetchPolicy {
        fetching: Fetching { free_floor_bytes: 0, ..Fetching::default() },
        quiet: Some((8 * 60, 18 * 60)),
        ..FetchPolicy::default()
    };
    fetch_policy(&class.world, policy).await;
    let edition = Edition { version: "1".parse().unwrap(), index: first.index };
    class.say(Word::Hold { edition, urgent: false }).await;
    class.told("waiting", |state, reason, _| (state, reason) == ("Pending", "waiting_hours")).await;
    for _ in 0..100 {
        class.world.pass(Duration::from_secs(300)).await;
    }
    class.held("1").await;
}

#[tokio::test]
async fn a_disk_that_is_full_loses_nothing_and_says_so() {
    let class = Class::new().await;
    let first = class.published(Text::First, "1", |_| {});
    let place = class.machine.agent.resources_place();
    fs::create_dir_all(&place).unwrap();
    let size = format!("size={}k", first.bytes * 5 / 4 / 1024 + 400);
    let Some(_disk) = Mounted::mount(&["-t", "tmpfs", "-o", &size, "tmpfs"], &place) else { return };
    class.assign(&first).await;
    class.held("1").await;
    // Another edition in which nothing is the same: there is no room for both.
    let next = class.published(Text::First, "2", turned);
    class.assign(&next).await;
    class.told("skipped", |state, reason, version| (state, reason, version) == ("Skipped", "disk", "1")).await;
    class.reads(&first);
    // What was begun has made way.
    assert!(fs::read_dir(place.join(".stage")).unwrap().count() == 0);
    // Somebody else fills it in the middle: the same.
    let small = class.published(Text::First, "3", |folder| {
        fs::write(folder.join("media/new.bin"), vec![1; 100_000]).unwrap();
    });
    let free = rustix::fs::statvfs(&place).unwrap();
    let rest = usize::try_from((free.f_bavail * free.f_frsize).saturating_sub(64 << 10)).unwrap();
    fs::write(place.join("somebody.bin"), vec![0; rest]).unwrap();
    class.assign(&small).await;
    class.told("skipped", |state, reason, version| (state, reason, version) == ("Skipped", "disk", "1")).await;
    class.reads(&first);
    fs::remove_file(place.join("somebody.bin")).unwrap();
    class.world.pass(Duration::from_secs(2_000)).await;
    class.held("3").await;
    class.reads(&small);
}

#[tokio::test]
async fn a_disk_that_is_full_at_any_step_holds_what_it_held() {
    // Little is fetched, and plans are changed often.
    const COARSE: Duration = Duration::from_millis(500);
    let class = Class::new().await;
    let (first, next) = (class.published(Text::First, "1", |_| {}), class.published(Text::First, "2", turned));
    let place = class.machine.agent.resources_place();
    fs::create_dir_all(&place).unwrap();
    let kib = first.bytes.div_ceil(1024);
    let size = |kib: u64| format!("remount,size={kib}k");
    let Some(disk) = Mounted::mount(&["-t", "tmpfs", "-o", &format!("size={}k", kib * 8), "tmpfs"], &place) else {
        return;
    };
    class.assign(&first).await;
    class.held("1").await;
    let used = rustix::fs::statvfs(&place).unwrap();
    let used = (used.f_blocks - used.f_bfree) * used.f_frsize / 1024;
    // From no room at all to nearly enough (a part of it is as before): whichever write it is that finds none, the version in place stays and what was begun goes.
    for step in [0, 2, 5] {
        if step > 0 {
            class.assign(&first).await;
            class.until_by(COARSE, "version 1 again", |one| one.wanted == "1" && one.state == "held").await;
        }
        disk.again(&size(used + kib * step / 8 + 4));
        class.assign(&next).await;
        let said = class.until_by(COARSE, "an end", |one| one.wanted == "2" && one.state != "pending").await;
        assert_eq!((said.state.as_str(), said.reason.as_str()), ("skipped", "disk"), "step {step}: {said:?}");
        class.reads(&first);
        assert_eq!(fs::read_dir(place.join(".stage")).unwrap().count(), 0, "step {step}");
    }
    disk.again(&size(kib * 8));
    class.world.pass(Duration::from_secs(2_000)).await;
    class.held("2").await;
    class.reads(&next);
}

/// Another edition in which no medium is the same.
fn turned(folder: &Path) {
    for entry in fs::read_dir(folder.join("media")).unwrap() {
        let path = entry.unwrap().path();
        let turned: Vec<u8> = fs::read(&path).unwrap().iter().map(|byte| byte ^ 0x5a).collect();
        fs::write(path, turned).unwrap();
    }
}
