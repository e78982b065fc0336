//! The filter's lists on their whole road: imported, judged, published, assigned, fetched over real mTLS, and in place.

use crate::resources::{Class, RUN};
use controlplane_core::assignment::{Edition, Target, Wish, Word, assignment_writes};
use filter::{Decision, Filter, FilterSet, Mask, Sheet};
use model::digest::Digest;
use model::lists::{LIST_FILE, ListManifest};
use model::resource::BundleName;
use publisher::list::{Import, ListPacked, Yes, list_approve, list_import, list_publish};
use publisher::{Progress, Proposal, Rotation, SigningKey, bundle_pack_dry, publish, rotate};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::lists::Lists;
use tests::publishing::Typed;
use tests::reporter::Fleet;
use tests::ut1::ut1_write;
use tests::world::admin;
use wire::convert::plan_decode;

const STEP: Duration = Duration::from_millis(20);
/// Small enough for a test, large enough that an image is many chunks.
const NAMES: u64 = 300_000;

/// A control plane with a device, and who makes lists, with a key of their own.
struct Makers {
    class: Class,
    key: SigningKey,
}

impl Makers {
    async fn new() -> Self {
        let class = Class::new().await;
        let home = class.world.folder.path();
        let key = SigningKey::create(&home.join("lists-key")).unwrap();
        let all = class.publisher.key.public();
        let rotation = Rotation { add: vec![key.public()], remove: vec![all.id()], threshold: None };
        let mut proposal = rotate(&class.publisher.folder, "lists", &rotation, class.world.now()).unwrap();
        proposal.sign(&class.publisher.key).unwrap();
        proposal.sign(&key).unwrap();
        publish(&class.publisher.folder, &proposal, class.world.now()).unwrap();
        Self { class, key }
    }

    fn work(&self) -> PathBuf {
        self.class.world.folder.path().join("lists-work")
    }

    /// The list as it is on a day: imported, approved, packed, signed and published.
    fn published(&self, gone: u64, come: u64) -> ListPacked {
        let (now, path) = (self.class.world.now(), self.class.world.folder.path().join("ut1"));
        ut1_write(Lists::of(NAMES), &path, gone, come);
        let import = Import { path, work: self.work(), ..Import::default() };
        let imported = list_import(&import, now, &mut |_, _| Progress::hidden()).unwrap();
        assert_eq!(imported.about.objections, []);
        let yes = Yes { by: "someone", accepted: &BTreeSet::new(), why: None, digest: None };
        list_approve(&self.work(), yes, now).unwrap();
        let folder = &self.class.publisher.folder;
        let (mut proposal, packed) = list_publish(&self.work(), folder, now, &mut |_, _| Progress::hidden()).unwrap();
        proposal.sign(&self.key).unwrap();
        publish(folder, &proposal, now).unwrap();
        packed
    }

    async fn assign(&self, version: &str, index: Digest) {
        let (world, target) = (&self.class.world, format!("device:{}", self.class.device));
        let targets: BTreeSet<Target> = [target.parse().unwrap()].into();
        let word = Word::Hold { edition: Edition { version: version.parse().unwrap(), index }, urgent: true };
        let wish = Wish { bundle: BundleName::lists(), targets, word };
        let (store, territory) = (world.store.as_ref(), &world.territory);
        let writes = assignment_writes(store, territory, &wish, &admin(), None, "a test", world.now()).await;
        writes.unwrap().commit(&world.store).await.unwrap();
    }

    async fn until(&self, what: &str, noted: impl Fn(&agent::Resource) -> bool) -> agent::Resource {
        let lists = || {
            let mut all = self.class.machine.agent.resources().unwrap().into_iter();
            all.find(|one| one.name == "cartable-lists").unwrap_or_default()
        };
        let seen = async {
            while !self.class.world.comes(RUN, async || noted(&lists())).await {
                self.class.world.pass(STEP).await;
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(300), seen).await.is_ok(), "not {what}: {:?}", lists());
        lists()
    }

    async fn held(&self, packed: &ListPacked) -> agent::Resource {
        let version = &packed.bundle.version;
        self.assign(version, packed.bundle.index_sha256.parse().unwrap()).await;
        self.until(version, |one| one.state == "held" && one.version == *version).await
    }

    /// Where the lists lie on the device.
    fn place(&self) -> PathBuf {
        self.class.machine.agent.resources_place().join("cartable-lists")
    }

    /// The last version's documents over the wire, in bytes: what a device fetches beside the bundle itself.
    fn documents_bytes(&self) -> u64 {
        let folder = self.class.publisher.folder.public().join("metadata");
        let mut last = Vec::new();
        for role in ["snapshot", "lists"] {
            let mut versions = (1..100).map(|version| folder.join(format!("{version}.{role}.json")));
            last.extend(versions.rfind(|path| path.exists()));
        }
        last.push(folder.join("timestamp.json"));
        last.iter().map(|path| fs::metadata(path).unwrap().len()).sum()
    }
}

/// What a device makes of the lists in a folder, each file held against its digest.
fn decides(folder: &Path, names: &[&str]) -> Vec<Decision> {
    let manifest = ListManifest::decode(&fs::read(folder.join(LIST_FILE)).unwrap()).unwrap();
    let read = |file: &model::lists::ListFile| {
        let bytes = fs::read(folder.join(&file.file)).unwrap();
        assert_eq!((Digest::of(&bytes), bytes.len() as u64), (file.sha256, file.bytes));
        bytes
    };
    let digest = |file: &model::lists::ListFile| *file.sha256.as_bytes();
    let overlays: Vec<Vec<u8>> = manifest.overlays.iter().map(read).collect();
    let overlays: Vec<(&[u8], filter::Digest)> =
        overlays.iter().zip(&manifest.overlays).map(|(bytes, file)| (&**bytes, digest(file))).collect();
    let set = FilterSet::stack(read(&manifest.image), digest(&manifest.image), &overlays).unwrap();
    let (block, allow) = (set.categories().black(), Mask::NONE);
    let filter = Filter::new(vec![Sheet { set: set.into(), block, allow, rank: 0 }]).unwrap();
    names.iter().map(|name| filter.verdict(name.as_bytes()).decision).collect()
}

#[tokio::test]
async fn a_list_lies_in_place_and_a_days_change_is_small_on_the_wire() {
    let makers = Makers::new().await;
    let lists = Lists::of(NAMES);
    let (stays, goes, comes) = (lists.name(1_000), lists.name(0), lists.name(NAMES));
    let names = [&*stays, &*goes, &*comes, "pix.fr"];
    let base = makers.published(0, 0);
    assert!(base.new_image && base.overlays == 0);
    let first = makers.held(&base).await;
    let current = makers.place().join("current");
    let (blocked, unlisted) = (Decision::Blocked, Decision::Unlisted);
    assert_eq!(decides(&current, &names), [blocked, blocked, unlisted, unlisted]);
    makers.class.world.pass(Duration::from_secs(86_400)).await;
    let day = makers.published(50, 200);
    assert!(!day.new_image && day.overlays == 1, "{day:?}");
    let second = makers.held(&day).await;
    assert_eq!(decides(&current, &names), [blocked, unlisted, blocked, unlisted]);
    let documents = makers.documents_bytes();
    println!(
        "base {} bytes on the wire; a day's change {} and documents {documents}",
        first.wan_bytes, second.wan_bytes
    );
    assert!(second.wan_bytes + documents <= 12 << 10, "{} and {documents}", second.wan_bytes);
}

#[tokio::test]
async fn lists_that_another_role_signed_are_put_nowhere() {
    let makers = Makers::new().await;
    let base = makers.published(0, 0);
    makers.held(&base).await;
    // Who holds the key of resources, and the publishing machine besides, makes a list that closes nothing.
    let forged = makers.class.world.folder.path().join("forged");
    fs::create_dir_all(&forged).unwrap();
    let manifest = fs::read_to_string(makers.work().join("packed/bundle/bundle.toml")).unwrap();
    let version = &base.bundle.version;
    fs::write(forged.join("bundle.toml"), manifest.replace(&format!("{version:?}"), "\"2030.1.1\"")).unwrap();
    fs::write(forged.join("image"), b"nothing").unwrap();
    let index = bundle_pack_dry(&forged, &mut |_, _| Progress::hidden()).unwrap().encode();
    for name in ["lists.cartable-lists.2030.1.1.index", "bundle.cartable-lists.2030.1.1.index"] {
        bundles_forge(&makers, name, &index);
        makers.assign("2030.1.1", Digest::of(&index)).await;
        let said = makers.until("not signed", |one| one.reason == "not_signed").await;
        assert_eq!(said.version, *version, "{name}: {said:?}");
        assert!(!makers.place().join("2030.1.1").exists(), "{name}");
        makers.assign(version, base.bundle.index_sha256.parse().unwrap()).await;
        makers.until("held again", |one| one.state == "held").await;
    }
}

/// Lists an index under the role of resources, with all signatures that its holder and the publishing machine can make.
fn bundles_forge(makers: &Makers, name: &str, index: &[u8]) {
    let folder = &makers.class.publisher.folder;
    let metadata = folder.public().join("metadata");
    let read = |path: &Path| serde_json::from_slice::<Value>(&fs::read(path).unwrap()).unwrap();
    let last = |role: &str| {
        let mut paths = (1..100).map(|version| (version, metadata.join(format!("{version}.{role}.json"))));
        paths.rfind(|(_, path)| path.exists()).unwrap()
    };
    let root = read(&metadata.join("1.root.json"));
    let online = |role: &str| SigningKey::read(&folder.root().join("keys").join(format!("{role}-1.key"))).unwrap();
    let put = |role: &str, version: u64, key: &SigningKey, mut signed: Value| {
        signed["version"] = version.into();
        let bytes = signed_by(&root, key, &signed).to_string().into_bytes();
        let path = match role {
            "timestamp" => metadata.join("timestamp.json"),
            _ => metadata.join(format!("{version}.{role}.json")),
        };
        fs::write(path, &bytes).unwrap();
        json!({"version": version, "length": bytes.len(), "hashes": {"sha256": Digest::of(&bytes).to_string()}})
    };
    let digest = Digest::of(index).to_string();
    fs::write(folder.public().join("targets").join(format!("{digest}.{name}")), index).unwrap();
    let (version, path) = last("bundles");
    let mut bundles = read(&path)["signed"].take();
    bundles["targets"][name] = json!({"length": index.len(), "hashes": {"sha256": digest}});
    let listed = put("bundles", version + 1, &makers.class.publisher.key, bundles);
    let (version, path) = last("snapshot");
    let mut snapshot = read(&path)["signed"].take();
    snapshot["meta"]["bundles.json"] = listed;
    let listed = put("snapshot", version + 1, &online("snapshot"), snapshot);
    let mut timestamp = read(&metadata.join("timestamp.json"))["signed"].take();
    timestamp["meta"]["snapshot.json"] = listed;
    let version = timestamp["version"].as_u64().unwrap() + 1;
    put("timestamp", version, &online("timestamp"), timestamp);
}

/// Anything, signed by a key: as what it signs in honest days.
fn signed_by(root: &Value, key: &SigningKey, signed: &Value) -> Value {
    let id = key.public().id();
    let role = json!({"name": "bundles", "keyids": [id], "threshold": 1, "paths": ["bundle.*"], "terminating": true});
    let delegations = json!({"keys": {&*id: root["signed"]["keys"][&id]}, "roles": [role]});
    let targets = json!({"_type": "targets", "spec_version": "1.0.31", "version": 1, "expires": "2037-01-01T00:00:00Z", "targets": {}, "delegations": delegations});
    let proposal = json!({
        "format": "cartable-proposal 2",
        "root": null,
        "targets": {"signatures": [], "signed": targets},
        "documents": {"bundles": {"signatures": [], "signed": signed}},
    });
    let mut proposal: Proposal = serde_json::from_value(proposal).unwrap();
    proposal.sign(key).unwrap();
    serde_json::to_value(&proposal).unwrap()["documents"]["bundles"].take()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_typing_commands_a_list_comes_to_the_territory() {
    let Fleet { folder, server, reporters } = Fleet::start(1).await;
    let home = folder.path().join("publisher");
    fs::create_dir(&home).unwrap();
    let typed = Typed::new(&home);
    ut1_write(Lists::of(5_000), &home.join("ut1"), 0, 0);
    let imported = typed.publish(&["list", "import", "ut1", "--work", "work"]);
    assert_eq!((&imported["objections"], &imported["entries"]), (&json!([]), &json!(5_000)));
    typed.publish(&["list", "approve", "--work", "work", "--why", "the first", "--by", "jeanne"]);
    typed.publish(&["list", "publish", "--work", "work", "--repository", "repo", "--to", "next"]);
    // Who signs compares with the very folder.
    let signed =
        typed.publish(&["bundle", "sign", "next", "--key", "lists", "--folder", "work/packed/bundle", "--yes"]);
    assert_eq!((&signed["signed"], &signed["not_compared"]), (&json!(["lists"]), &json!([])));
    typed.publish(&["bundle", "publish", "next", "--repository", "repo"]);
    let repository = typed.folder();
    server.json(&["bundle", "push", repository.to_str().unwrap()]);
    let offered = server.json(&["bundle", "list"]);
    assert_eq!((&offered[0]["bundle"], offered.as_array().unwrap().len()), (&json!("cartable-lists"), 1));
    let done = server.json(&["bundle", "assign", "cartable-lists", "--territory"]);
    assert_eq!(done["version"], offered[0]["version"]);
    let mut client = reporters[0].client(server.port).await.unwrap();
    let told = client.check_in(reporters[0].hold(20_000)).await.unwrap().into_inner();
    let wanted = plan_decode(&told.plan).unwrap().bundles;
    assert!(wanted[0].name.is_lists() && offered[0]["index"] == wanted[0].index.to_string(), "{wanted:?}");
    // Onto a stick as any bundle.
    let stick = folder.path().join("stick");
    let exported = server.json(&["bundle", "export", "--to", stick.to_str().unwrap()]);
    assert_eq!(exported["bundles"][0]["bundle"], "cartable-lists");
    let targets: Vec<_> = fs::read_dir(stick.join("targets")).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert!(targets.iter().any(|name| name.to_str().unwrap().contains(".lists.cartable-lists.")), "{targets:?}");
}
