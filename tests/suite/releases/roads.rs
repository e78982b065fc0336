//! By which roads a release comes: after a cut, from a mirror, and to a class behind one narrow line.

use super::{Place, Product, copied, frame, next, packed, product, slots};
use crate::mirrors::{Manner, Mirror};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;
use tests::process::{AgentProcess, until};
use tests::school::School;

const DEVICES: usize = 4;
const LINE_KILOBITS: u32 = 40_000;
/// Lists and indexes, generously.
const AROUND_BYTES: u64 = 200_000;

/// What an agent noted of what came for its release.
fn came(agent: &AgentProcess, road: &str) -> u64 {
    let read = fs::read(agent.state.join("releases/came.json"));
    let came: Value = read.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    came[road].as_u64().unwrap_or_default()
}

#[test]
fn a_release_goes_on_after_a_cut_and_comes_from_a_mirror_where_the_server_lacks_it() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut product = Product::new();
    let carried = product.folder.path().join("mirror");
    let mirror = runtime.block_on(Mirror::of(product.folder.path(), carried.clone(), Manner::Honest));
    product.more.push_str(&format!("mirror_roots = {:?}\n", mirror.roots.to_str().unwrap()));
    let agent = product.agent("agent", &[]);
    let mut place = Place { product, agent };
    place.server.json(&["fetch", "set", "--bandwidth", "600k"]);
    place.agent.start();
    let digest = place.published("0.9.1", &place.next(), "");
    let repository = place.server.data.join("repository");
    let stored = frame(&repository, "0.9.1");
    let size = fs::metadata(&stored).unwrap().len();
    let part = place.agent.state.join("releases/fetched").join(&stored.file_name().unwrap().to_string_lossy()[..64]);
    let there = |part: &Path| fs::metadata(part).map_or(0, |about| about.len());
    place.want("0.9.1", &digest);
    until(120, "a part of it came", || there(&part) > 1_000_000);
    place.agent.kill();
    let kept = there(&part);
    assert!(kept < size, "{kept} of {size}");
    place.agent.start();
    place.until_told("held", "", "0.9.1");
    let wan = came(&place.agent, "wan");
    println!("{size} bytes, cut after {kept}: {wan} came");
    assert!(wan >= size && wan < size + AROUND_BYTES, "{size} bytes, cut after {kept}: {wan} came");

    // The server lists another one, and its copy of the program is away.
    let digest = place.published("0.9.5", &place.script_of("agent-0.9.5", ""), "");
    copied(place.folder.path(), &carried);
    fs::remove_file(frame(&repository, "0.9.5")).unwrap();
    place.server.json(&["fetch", "set", "--mirror", &mirror.address]);
    place.want("0.9.5", &digest);
    place.until_told("held", "", "0.9.5");
    assert!(mirror.gave.load(Ordering::SeqCst) > 0);
}

/// What is urgent is waited for no longer than a minute, and who begins in the same moments as the first goes outside as well: that all four do
/// is one case in a thousand.
#[test]
fn devices_of_a_class_give_a_release_to_each_other() {
    let folder = tempfile::tempdir().unwrap();
    product(folder.path());
    let root = folder.path().join("product/public/metadata/1.root.json");
    let more = format!("release_root = {:?}\n", root.to_str().unwrap());
    let Some(mut school) = School::open_with(DEVICES, LINE_KILOBITS, &more) else { return };
    packed(folder.path(), "0.9.1", &next(folder.path()), "");
    let repository = school.server.data.join("repository");
    copied(folder.path(), &repository);
    let size = fs::metadata(frame(&repository, "0.9.1")).unwrap().len();
    let before = school.room.line_bytes();
    let rollout = school.rolled("cartable-agent@0.9.1", &["--wave", "100%"]);
    until(300, "all run it", || {
        school.agents.iter_mut().for_each(AgentProcess::restart);
        school.agents.iter().all(|agent| slots(agent)["in_force"]["version"] == "0.9.1")
    });
    let crossed = school.room.line_bytes() - before;
    let shown = school.over(&rollout);
    assert_eq!((&shown["state"], &shown["in_place"]), (&"finished".into(), &DEVICES.into()), "{shown}");
    let lan: u64 = school.agents.iter().map(|agent| came(agent, "lan")).sum();
    println!("{size} bytes for {DEVICES} devices: {crossed} crossed the line, {lan} came from neighbours");
    let most = size * (DEVICES as u64 - 1) + AROUND_BYTES * DEVICES as u64;
    assert!(crossed < most && lan >= size, "{size} bytes, {crossed} crossed the line, {lan} from neighbours");
}
