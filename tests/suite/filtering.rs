//! What is to be filtered, from a document at the control plane to the answer that a program of the device gets.

mod full;

use controlplane::clock::{Clock, SystemClock};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tests::ahead::Ahead;
use tests::filtering::FilterProcess;
use tests::lists::Lists;
use tests::names::Upstream;
use tests::process::{ServerProcess, until};
use tests::publishing::Typed;
use tests::school::School;
use tests::ut1::ut1_write;

/// A device that runs, beside its filter.
struct Scene {
    server: ServerProcess,
    filter: FilterProcess,
    device: String,
    /// Where people keep their documents.
    desk: PathBuf,
    _upstream: Upstream,
}

impl Scene {
    fn start(folder: &Path) -> Self {
        Self::start_with(folder, |_| {})
    }

    /// With what is done to the server's folder before it starts.
    fn start_with(folder: &Path, prepare: impl FnOnce(&ServerProcess)) -> Self {
        let mut scene = Self::enrolled(folder, &[], prepare);
        scene.filter.start();
        scene
    }

    /// A device that runs, and whose filter does not yet.
    fn enrolled(folder: &Path, token: &[&str], prepare: impl FnOnce(&ServerProcess)) -> Self {
        Self::enrolled_at(folder, folder, token, prepare)
    }

    /// The same with all that is the device's in another folder.
    fn enrolled_at(folder: &Path, device: &Path, token: &[&str], prepare: impl FnOnce(&ServerProcess)) -> Self {
        let mut server = ServerProcess::init(folder);
        prepare(&server);
        server.start();
        let upstream = Upstream::start();
        let mut filter = FilterProcess::new(device, &upstream);
        filter.agent.enrol(&server, &server.token(token));
        let device = filter.agent.id();
        filter.agent.start();
        Self { server, filter, device, desk: folder.to_owned(), _upstream: upstream }
    }

    /// Lets a document hold for the territory.
    fn apply(&self, name: &str, text: &str) {
        let file = self.desk.join(name);
        fs::write(&file, text).unwrap();
        let file = file.to_str().unwrap();
        let out = self.server.cartable(&["policy", "apply", file, "--layer", "territory", "--why", "a test"]);
        assert!(
            out.status.success(),
            "{}{}",
            String::from_utf8_lossy(&out.stdout),
            String::from_utf8_lossy(&out.stderr)
        );
    }

    fn condition(&self) -> Value {
        self.condition_of("filter")
    }

    /// How one thing stands, as the server was told.
    fn condition_of(&self, item: &str) -> Value {
        let shown = self.server.json(&["device", "show", &self.device]);
        let conditions = shown["observed"]["conditions"].as_array().cloned().unwrap_or_default();
        conditions.into_iter().find(|one| one["item"] == item).unwrap_or(Value::Null)
    }

    fn logs(&self) -> String {
        format!("{}\n{}", self.filter.agent.log_text(), self.filter.log_text())
    }
}

#[test]
fn a_policy_reaches_the_device_and_holds_when_the_server_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let mut scene = Scene::start(folder.path());
    scene.apply("one.toml", "name = \"Territoire\"\n[both]\nblock_names = [\"games.example\"]\nsafe_search = true\n");
    assert!(scene.filter.answers(30_000, "www.games.example", true), "{}", scene.logs());
    assert!(scene.filter.answers(1_000, "nobody.example", false));
    until(30, "the server hears how it stands", || scene.condition() != Value::Null);
    until(30, "no list has come yet", || scene.condition()["reason"] == json!("list_missing"));

    // The next one is told while the device is held.
    scene.apply(
        "two.toml",
        "name = \"Territoire\"\n[both]\nblock_names = [\"games.example\", \"chat.example\"]\nsafe_search = true\n",
    );
    assert!(scene.filter.answers(30_000, "chat.example", true), "{}", scene.logs());

    // Nobody is there any more, and the filter is killed: it goes on by what it has.
    scene.server.stop();
    scene.filter.agent.stop();
    scene.filter.kill();
    scene.filter.start();
    for closed in ["games.example", "chat.example"] {
        assert!(scene.filter.answers(10_000, closed, true), "{closed}: {}", scene.logs());
    }
    assert!(scene.filter.answers(1_000, "nobody.example", false));
}

/// Made-up names of the list, in the shape of a real one.
const NAMES: u64 = 5_000;

#[test]
fn the_publishers_list_and_floor_are_held_to() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("publisher");
    fs::create_dir(&home).unwrap();
    let typed = Typed::new(&home);
    // A role for the floor, its key apart.
    typed.publish(&["key", "new", "--to", "floor"]);
    let rotate = ["key", "rotate", "floor", "--repository", "repo", "--add", "floor.pub", "--to", "role"];
    typed.publish(&rotate);
    typed.sign("role", &["targets", "floor"]);
    let floor = "version = 3\nblocked = [\"adult\", \"gambling\"]\nopen = [\"games.example\"]\n";
    fs::write(home.join("floor.toml"), floor).unwrap();
    typed.publish(&["floor", "pack", "floor.toml", "--repository", "repo", "--to", "floor-next"]);
    typed.sign("floor-next", &["floor"]);
    let lists = Lists::of(NAMES);
    ut1_write(lists, &home.join("ut1"), 0, 0);
    typed.publish(&["list", "import", "ut1", "--work", "work"]);
    typed.publish(&["list", "approve", "--work", "work", "--why", "the first", "--by", "jeanne"]);
    typed.publish(&["list", "publish", "--work", "work", "--repository", "repo", "--to", "next"]);
    typed.sign("next", &["lists"]);

    let root = typed.folder().join("public/metadata/1.root.json");
    let mut scene =
        Scene::start_with(folder.path(), |server| server.command("ca", &["publisher", root.to_str().unwrap()]));
    // Before any list: its names hold.
    scene.apply(
        "one.toml",
        "name = \"T\"\n[both]\nblock = [\"all\"]\nblock_names = [\"games.example\", \"quiz.example\"]\n",
    );
    assert!(scene.filter.answers(30_000, "games.example", true), "{}", scene.logs());
    assert!(scene.filter.answers(1_000, &lists.name(1_000), false), "{}", scene.logs());
    scene.server.json(&["bundle", "push", typed.folder().to_str().unwrap()]);
    let done = scene.server.json(&["bundle", "assign", "cartable-lists", "--territory", "--urgent"]);
    let version = done["version"].clone();
    assert!(scene.filter.answers(60_000, &lists.name(1_000), true), "{}", scene.logs());
    assert!(scene.filter.answers(5_000, "nobody.example", false));
    // The floor came with it: no policy closes what it keeps open.
    assert!(scene.filter.answers(30_000, "www.games.example", false), "{}", scene.logs());
    until(30, "the server hears of it", || {
        let filter = scene.condition();
        filter["state"] == json!("held") && filter["version"] == version
    });
    // The control plane says why, from the same list and the same floor.
    let explain = |name: &str| scene.server.json(&["explain", &scene.device, name]);
    let explained = explain(&format!("www.{}", lists.name(1_000)));
    assert_eq!(explained["list"], json!({"version": version, "state": "held", "devices": 0}), "{explained}");
    let verdict = &explained["verdicts"][1];
    assert_eq!((&verdict["blocked"], &verdict["listed"]), (&json!(true), &json!(lists.name(1_000))), "{explained}");
    assert_eq!(explained["listed"][0]["name"], json!(lists.name(1_000)));
    assert_eq!(explained["listed"][0]["categories"][0], verdict["item"]);
    let kept = explain("www.games.example");
    assert_eq!((&kept["verdicts"][0]["whose"], &kept["floor"]), (&json!("floor"), &json!(3)), "{kept}");
    let file = scene.filter.agent.state.with_file_name("two.toml");
    fs::write(&file, "[both]\nblock = [\"all\", \"gmaes\"]\n[negotiable]\ncategories = [\"all\"]\n").unwrap();
    let names = scene.filter.agent.state.with_file_name("names.txt");
    let games = lists.categories().into_iter().find(|(category, ..)| *category == "games").map(|(_, _, range)| range);
    // A name beneath no other: every fourth is.
    let other = lists.name(games.expect("games").find(|at| at % 4 == 0).expect("one of them"));
    let verdict = explain(&other)["verdicts"][1].clone();
    assert_eq!(
        (&verdict["whose"], &verdict["because"], &verdict["item"]),
        (&json!("policy"), &json!("all"), &json!("games"))
    );
    assert_eq!(verdict["by"], json!("territory"));
    fs::write(&names, format!("{other}\nwww.games.example\nnobody.example\n")).unwrap();
    let (file, names) = (file.to_str().unwrap(), names.to_str().unwrap());
    let checked = scene.server.json(&["policy", "check", file, "--layer", "territory"]);
    assert_eq!(checked["unknown"], json!([{"category": "gmaes", "near": ["games"]}]), "{checked}");
    let said = scene.server.cartable(&["policy", "check", file, "--layer", "territory"]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("Categories that no list knows") && said.contains("games"), "{said}");
    fs::write(file, "[both]\nblock_names = [\"games.example\"]\n").unwrap();
    let planned = scene.server.json(&["policy", "plan", file, "--layer", "territory", "--names", names]);
    let turns: Vec<&Value> = planned["turns"].as_array().unwrap().iter().map(|turn| &turn["name"]).collect();
    assert_eq!(turns, [&json!(other), &json!(other)], "on both sides, and neither of the others: {planned}");

    // A newer floor comes by itself: nothing else is to be fetched.
    let floor = "version = 4\nblocked = [\"adult\", \"gambling\"]\nopen = [\"games.example\", \"quiz.example\"]\n";
    fs::write(home.join("floor.toml"), floor).unwrap();
    typed.publish(&["floor", "pack", "floor.toml", "--repository", "repo", "--to", "floor-later"]);
    typed.sign("floor-later", &["floor"]);
    scene.server.json(&["bundle", "push", typed.folder().to_str().unwrap()]);
    assert!(scene.filter.answers(1_000, "quiz.example", true));
    scene.filter.agent.stop();
    scene.filter.agent.start();
    assert!(scene.filter.answers(120_000, "quiz.example", false), "{}", scene.logs());

    // What the filter had kept is lost, and the list is damaged though it has its size: what holds without it holds, and it comes anew.
    scene.filter.kill();
    fs::remove_dir_all(scene.filter.folder()).unwrap();
    let image = walk(folder.path())
        .into_iter()
        .find(|file| file.ends_with("image") && file.parent().unwrap().join("list.json").exists());
    let image = image.expect("the list's image");
    let mut bytes = fs::read(&image).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::remove_file(&image).unwrap();
    fs::write(&image, bytes).unwrap();
    scene.filter.start();
    assert!(scene.filter.answers(10_000, "www.bing.com", false), "{}", scene.logs());
    assert!(scene.filter.answers(120_000, &lists.name(1_000), true), "{}", scene.logs());
    assert!(scene.filter.agent.log_text().contains("brought anew"), "{}", scene.logs());
    until(30, "all is well again", || scene.condition()["state"] == json!("held"));
    // Nothing that anybody asked for lies anywhere on the device, was logged or sent, or came to the server; open, closed by the policy, or listed.
    let listed = lists.name(1_001);
    assert!(scene.filter.answers(5_000, "curious.example", false) && scene.filter.answers(5_000, &listed, true));
    scene.filter.agent.stop();
    scene.filter.stop();
    scene.server.stop();
    let own = [scene.filter.agent.state.clone(), scene.filter.folder()];
    let (asked, staff) = (["curious.example", &listed, "nobody.example", "www.games.example"], 2);
    for entry in walk(folder.path()) {
        let device = own.iter().any(|own| entry.starts_with(own)) || entry.extension().is_some_and(|end| end == "log");
        // What people wrote themselves, and explained the last two names with.
        let names = if device { &asked[..] } else { &asked[..staff] };
        let text = fs::read(&entry).unwrap_or_default();
        let found = names.iter().find(|name| text.windows(name.len()).any(|part| part == name.as_bytes()));
        let published = entry.starts_with(&home) || entry.ends_with("names.txt");
        assert!(published || found.is_none(), "{} holds {found:?}", entry.display());
    }
}

/// All files under a folder.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            files.extend(walk(&entry.path()));
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    files
}

/// The hours of a school that began an hour ago and end in two, on every day, midnight or not.
fn hours_now() -> String {
    let zone = jiff::tz::TimeZone::get("Europe/Paris").unwrap();
    let now = jiff::Timestamp::from_millisecond(SystemClock.now().unix_millis()).unwrap().to_zoned(zone).time();
    let minute = i32::from(now.hour()) * 60 + i32::from(now.minute());
    let text = |minute: i32| format!("{:02}:{:02}", minute / 60, minute % 60);
    let (from, until) = (minute - 60, minute + 120);
    let slots = match (from < 0, until > 1_440) {
        (true, _) => vec![(0, until), (1_440 + from, 1_440)],
        (_, true) => vec![(from, 1_440), (0, until - 1_440)],
        _ => vec![(from, until)],
    };
    let slots = slots.into_iter().map(|(from, until)| format!("\"lun-dim {}-{}\"", text(from), text(until)));
    format!("[hours]\nslots = [{}]\n", slots.collect::<Vec<_>>().join(", "))
}

#[test]
fn lessons_exams_and_hours_end_on_the_device_when_nobody_is_there_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let Some(ahead) = Ahead::new(folder.path()) else { return };
    let mut scene = Scene::enrolled(folder.path(), &["--school", tests::school::SCHOOL], |_| {});
    let words: Vec<&str> = ahead.words.iter().map(String::as_str).collect();
    scene.filter.start_with(&words);
    let document = format!(
        "name = \"T\"\n{}[in_school]\nblock_names = [\"chat.example\"]\n[out_of_school]\nblock_names = [\"night.example\"]\n\
         [negotiable]\nlessons = true\n",
        hours_now()
    );
    scene.apply("one.toml", &document);
    assert!(scene.filter.answers(30_000, "night.example", true), "{}", scene.logs());
    assert!(scene.filter.answers(1_000, "chat.example", false));
    // A site node's word, good for four hours.
    let until = SystemClock.now().unix_millis() + 4 * 3_600_000 - 60_000;
    fs::write(scene.filter.agent.state.join("filter/proof.json"), json!({"until_unix_ms": until}).to_string()).unwrap();
    let says = |scene: &Scene, when: &str, closed: &[&str], open: &[&str]| {
        for (names, closed) in [(closed, true), (open, false)] {
            for name in names {
                assert!(scene.filter.answers(30_000, name, closed), "{when}: {name} {closed}\n{}", scene.logs());
            }
        }
    };
    let nobody = "nobody.example";
    says(&scene, "in school", &["chat.example"], &["night.example", "film.example", "exam.example", nobody]);
    let school = tests::school::SCHOOL;
    let lesson = ["lesson", "start", "--school", school, "--minutes", "90", "--block-name", "film.example"];
    scene.server.json(&lesson);
    says(&scene, "a lesson", &["film.example", "chat.example"], &["night.example", nobody]);
    // One that is announced; a minute sooner or later, since people name minutes.
    let moment = jiff::Timestamp::from_millisecond(SystemClock.now().unix_millis() + 95 * 60_000).unwrap();
    let moment = moment.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%dT%H:%M").to_string();
    let later =
        ["lesson", "start", "--school", school, "--minutes", "20", "--at", &moment, "--block-name", "later.example"];
    assert_eq!(scene.server.json(&later)["state"], "ahead");
    let exam = ["lesson", "start", "--school", school, "--minutes", "60", "--exam", "--only-open"];
    scene.server.json(&[&exam[..], &["--open-name", "exam.example"]].concat());
    says(&scene, "an exam", &["film.example", "chat.example", nobody], &["exam.example"]);

    // While a server was heard since this start of the machine, whoever sets the clock moves nothing.
    ahead.minutes(600);
    says(&scene, "a clock that is ahead", &["film.example", nobody], &["exam.example"]);
    ahead.minutes(0);
    // From here on nobody says anything.
    scene.server.stop();
    scene.filter.agent.stop();
    // As after a start of the machine without a network: what a server said is known no longer, and the clock is believed.
    fs::remove_file(scene.filter.agent.state.join("filter/heard.json")).unwrap();
    ahead.minutes(55);
    says(&scene, "still an exam", &["film.example", nobody], &["exam.example"]);
    ahead.minutes(61);
    says(&scene, "the exam is over", &["film.example", "chat.example"], &["night.example", "exam.example", nobody]);
    scene.filter.kill();
    scene.filter.start_with(&words);
    says(&scene, "started anew", &["film.example", "chat.example"], &[nobody]);
    ahead.minutes(91);
    says(&scene, "the lesson is over", &["chat.example"], &["film.example", "night.example", "later.example", nobody]);
    ahead.minutes(97);
    says(&scene, "the announced one has begun", &["chat.example", "later.example"], &["film.example", nobody]);
    ahead.minutes(117);
    says(&scene, "and is over", &["chat.example"], &["later.example", nobody]);
    ahead.minutes(121);
    says(&scene, "the school is out", &["night.example"], &["chat.example", "film.example", nobody]);
    // Set back, the clock brings nothing back.
    ahead.minutes(0);
    says(&scene, "set back", &["night.example"], &["chat.example", nobody]);
}

#[test]
fn a_device_is_in_school_beside_a_site_node_and_nowhere_else() {
    let upstream = Upstream::start();
    let (at, more) = FilterProcess::place(&upstream);
    let Some(mut school) = School::open_with(2, 4_000, &more) else { return };
    // Its agent runs at a seat of the school; the filter reads what that one says, wherever it runs.
    let mut agent = school.agents.pop().unwrap();
    agent.place.clear();
    let mut filter = FilterProcess::of(agent, at);
    filter.start();
    let logs = |filter: &FilterProcess| format!("{}\n{}", filter.agent.log_text(), filter.log_text());
    let document = filter.agent.state.with_file_name("one.toml");
    let text = "name = \"Territoire\"\n[in_school]\nblock_names = [\"chat.example\"]\n\
                [out_of_school]\nblock_names = [\"night.example\"]\n";
    fs::write(&document, text).unwrap();
    let document = document.to_str().unwrap();
    school.server.json(&["policy", "apply", document, "--layer", "territory", "--why", "a test"]);

    // They are of one school and on one network, and that proves nothing.
    assert!(filter.answers(30_000, "night.example", true), "{}", logs(&filter));
    assert!(filter.answers(1_000, "chat.example", false));
    let proof = filter.agent.state.join("filter/proof.json");
    assert!(!proof.exists());

    let node = school.agents[0].id();
    school.server.json(&["fetch", "set", "--site-node", &node, "--why", "a test"]);
    assert!(filter.answers(90_000, "chat.example", true), "{}\n{}", logs(&filter), school.agents[0].log_text());
    assert!(filter.answers(5_000, "night.example", false), "{}", logs(&filter));
    let said: Value = serde_json::from_slice(&fs::read(&proof).unwrap()).unwrap();
    assert_eq!(said.as_object().map(|said| said.keys().cloned().collect()), Some(vec!["until_unix_ms".to_owned()]));

    // Without a word until then, it is out of school again.
    let over = json!({"until_unix_ms": 1_000});
    fs::write(&proof, over.to_string()).unwrap();
    assert!(filter.answers(30_000, "night.example", true), "{}", logs(&filter));
}
