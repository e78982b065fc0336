//! The filtering policy over real mTLS: what documents in layers come to in a device's plan, who may change it, and what ends by itself.

mod asks;
mod names;
mod pages;
mod second;

use super::assets::Fleet;
use controlplane::clock::{Clock, SystemClock};
use model::filtering::{Filtering, LessonKind, YouTube};
use serde_json::{Value, json};
use tests::reporter::Reporter;
use wire::convert::plan_decode;

const SCHOOL: &str = "0951099D";
const CLASS: &str = "0951099D/CM2 A";

fn example(name: &str) -> String {
    format!("{}/../deploy/examples/policy/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

/// What a device is told to filter.
async fn filters(device: &Reporter, port: u16) -> Option<Filtering> {
    let mut client = device.client(port).await.unwrap();
    let answer = client.check_in(device.request()).await.unwrap().into_inner();
    plan_decode(&answer.plan).unwrap().filtering.map(|filtering| *filtering)
}

/// What it filters once its plan is as it is wanted; nothing moves the clock, so it was told at once.
async fn filters_so(device: &Reporter, port: u16, wanted: impl Fn(&Filtering) -> bool) -> Filtering {
    let seen = async {
        loop {
            if let Some(filtering) = filters(device, port).await.filter(&wanted) {
                return filtering;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), seen).await.expect("another plan")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_reaches_devices_and_what_it_would_change_is_said_before() {
    let fleet = Fleet::new();
    let (server, port) = (&fleet.server, fleet.server.port);
    let (id, device) = fleet.enrol("PC-1", &["--school", SCHOOL]).await;
    let device = Reporter::new(device);
    assert_eq!(filters(&device, port).await, None, "nobody has said anything");
    assert!(fleet.said(&["explain", &id]).contains("nothing is filtered"));

    let bad = fleet.file("bad.toml", b"[in_school]\nyoutube = \"sometimes\"\n");
    let refused = fleet.refused(2, &["policy", "apply", &bad, "--layer", "national"]);
    assert!(refused.contains("line 2, youtube") && refused.contains("`strict`"), "{refused}");
    let torn = fleet.file("torn.toml", b"name = ");
    assert!(fleet.refused(2, &["policy", "check", &torn, "--layer", "national"]).contains("torn.toml"));
    let refused = fleet.refused(2, &["policy", "check", &example("national"), "--layer", "nation"]);
    assert!(refused.contains("a layer is national, territory"), "{refused}");

    // Nothing was filtered: all of it tightens, and one person is enough.
    let names = fleet.file("names.txt", b"a.example adult\nb.example games\nc.example\n");
    let plan = ["policy", "plan", &example("national"), "--layer", "national", "--names", &names];
    let planned = server.json(&plan);
    assert_eq!(
        (&planned["loosens"], &planned["devices"], &planned["schools"]),
        (&json!(false), &json!(1), &json!([SCHOOL]))
    );
    let turns: Vec<(&str, &str)> = planned["turns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|turn| (turn["name"].as_str().unwrap(), turn["regime"].as_str().unwrap()))
        .collect();
    assert_eq!(turns, [("a.example", "in_school"), ("a.example", "out_of_school"), ("b.example", "in_school")]);
    assert_eq!(planned["lists"], json!([{"version": null, "state": "none", "devices": 1}]));
    assert!(fleet.said(&plan).contains("none is assigned: categories block nothing yet"));
    let applied = server.json(&["policy", "apply", &example("national"), "--layer", "national", "--why", "a start"]);
    assert_eq!((&applied["version"], &applied["devices"]), (&json!(1), &json!(1)));
    let told = filters_so(&device, port, |_| true).await;
    assert_eq!((told.in_school.youtube, told.out_of_school.youtube), (YouTube::Strict, YouTube::Moderate));
    let hours = told.hours.unwrap();
    assert_eq!((hours.zone.as_str(), hours.slots.len()), ("Europe/Paris", 2));
    assert!(
        fleet.refused(2, &["policy", "apply", &example("national"), "--layer", "national"]).contains("holds already")
    );

    // To open a name where something is kept away loosens, and is not one person's word.
    let waits = server.json(&["policy", "apply", &example("territoire"), "--layer", "territory"]);
    assert_eq!((&waits["state"], &waits["verb"]), (&json!("open"), &json!("policy_apply")));
    let text = std::fs::read_to_string(example("territoire")).unwrap();
    let text: Vec<&str> = text.lines().filter(|line| !line.starts_with("open_names")).collect();
    let territory = fleet.file("territory.toml", text.join("\n").as_bytes());
    server.json(&["policy", "apply", &territory, "--layer", "territory"]);
    let told = filters_so(&device, port, |told| told.contact == "numerique@departement.example").await;
    assert!(told.in_school.names_blocked.iter().any(|name| name.as_str() == "jeux.example"));
    let shown = server.json(&["policy", "show"]);
    let layers: Vec<&Value> = shown.as_array().unwrap().iter().map(|one| &one["layer"]).collect();
    assert_eq!(layers, ["national", "territory"]);
    let text = std::fs::read_to_string(example("national")).unwrap();
    assert_eq!(fleet.said(&["policy", "show", "--layer", "national"]), text, "as it was written");
    let explained = server.json(&["explain", &id, "WWW.jeux.example"]);
    assert_eq!(explained["layers"], json!(["national", "territory"]));
    assert_eq!(explained["verdicts"][0]["blocked"], true);
    let reason = &explained["reasons"][0];
    assert_eq!(
        (&reason["layer"], &reason["item"], &reason["outcome"]),
        (&json!("territory"), &json!("jeux.example"), &json!("holds"))
    );
    let explained = server.json(&["explain", &id, "x.example", "--category", "adult,press"]);
    assert_eq!(
        (&explained["verdicts"][1]["because"], &explained["verdicts"][1]["item"]),
        (&json!("category"), &json!("adult"))
    );
    let verdict = &explained["verdicts"][1];
    assert_eq!(verdict["whose"], "floor", "none is published, and the agent's own closes it whatever holds here");
    assert_eq!((&explained["list"]["state"], &explained["floor"]), (&json!("given"), &Value::Null));
    let explained = server.json(&["explain", &id, "x.example", "--category", "games"]);
    assert_eq!(
        (&explained["verdicts"][0]["whose"], &explained["verdicts"][0]["by"]),
        (&json!("policy"), &json!("national"))
    );
    assert!(explained["hours"].as_str().unwrap().contains("08:00"), "{explained}");
    fleet.refused(2, &["explain", &id, "https://x.example/"]);

    // What a school says that is not left to it does not hold, and it is said by whom.
    let school = fleet.file(
        "school.toml",
        b"[both]\nopen = [\"adult\"]\nblock = [\"press\"]\nblock_names = [\"www.education.gouv.fr\"]\n",
    );
    let layer = format!("school:{SCHOOL}");
    let checked = server.json(&["policy", "check", &school, "--layer", &layer]);
    let ignored: Vec<&str> =
        checked["ignored"].as_array().unwrap().iter().map(|r| r["item"].as_str().unwrap()).collect();
    assert!(ignored.contains(&"adult") && ignored.contains(&"www.education.gouv.fr"), "{checked}");
    assert_eq!(checked["loosens"], false);
    server.json(&["policy", "apply", &school, "--layer", &layer]);
    let told = filters_so(&device, port, |told| told.in_school.blocked.iter().any(|c| c.as_str() == "press")).await;
    assert!(told.in_school.blocked.iter().any(|category| category.as_str() == "adult"));

    // The same school reopens games: that loosens, and waits.
    let diff = server.json(&["policy", "diff", &example("ecole"), "--layer", &layer]);
    assert_eq!(diff["loosens"], true);
    assert!(
        diff["text"]
            .as_array()
            .unwrap()
            .iter()
            .any(|line| line == "- block = [\"press\"]" || line.as_str().unwrap().contains("press"))
    );
    let waits = server.json(&["policy", "apply", &example("ecole"), "--layer", &layer]);
    assert_eq!((&waits["state"], &waits["verb"]), (&json!("open"), &json!("policy_apply")));
    let proposed = server.json(&["policy", "diff", "--proposal", waits["id"].as_str().unwrap()]);
    assert_eq!(proposed["changes"], diff["changes"]);
    let refused = fleet.refused(4, &["proposal", "approve", waits["id"].as_str().unwrap(), "--yes"]);
    assert!(refused.contains("second person"), "{refused}");

    let versions = server.json(&["policy", "history", "--layer", "national"]);
    assert_eq!((&versions[0]["version"], &versions[0]["why"]), (&json!(1), &json!("a start")));
    assert_eq!(fleet.said(&["policy", "history", "--layer", "national", "--version", "1"]), text);
    fleet.refused(3, &["policy", "history", "--layer", "national", "--version", "2"]);
    // To take out what says nothing takes nothing away.
    let quiet = fleet.file("quiet.toml", b"name = \"CM2\"\n");
    let class = format!("class:{CLASS}");
    let refused = fleet.refused(2, &["policy", "apply", &quiet, "--layer", &class]);
    assert!(refused.contains("nothing serves class"), "{refused}");
    fleet.said(&["class", "put", CLASS, "--device", &id]);
    server.json(&["policy", "apply", &quiet, "--layer", &class]);
    let refused = fleet.refused(2, &["policy", "apply", &quiet, "--layer", &class.replace("CM2 A", "CM2A")]);
    assert!(refused.contains("perhaps 0951099D/CM2 A is meant"), "{refused}");
    let mut french = std::process::Command::new(tests::programs::program("cartable"));
    french.args(["--lang", "fr", "--config"]).arg(server.config()).args(["policy", "remove", "--layer", &class]);
    let emptied = String::from_utf8(french.output().unwrap().stdout).unwrap();
    let wanted = format!("Niveau {class}\u{a0}: vidé, il ne dit plus rien (1 appareil)");
    assert!(emptied.contains(&wanted), "{emptied}");
    server.json(&["policy", "apply", &quiet, "--layer", &class]);
    let emptied = fleet.said(&["policy", "remove", "--layer", &class]);
    assert!(emptied.contains(&format!("Layer {class} is emptied: it says nothing any more (1 device)")), "{emptied}");
    let gone = server.json(&["policy", "remove", "--layer", "national"]);
    assert_eq!(gone["verb"], "policy_remove", "what takes protection away waits: {gone}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lesson_reaches_its_class_alone_within_what_is_left_to_it() {
    let fleet = Fleet::new();
    let (server, port) = (&fleet.server, fleet.server.port);
    let (id, in_class) = fleet.enrol("PC-1", &["--school", SCHOOL]).await;
    let (_, beside) = fleet.enrol("PC-2", &["--school", SCHOOL]).await;
    let (in_class, beside) = (Reporter::new(in_class), Reporter::new(beside));
    fleet.said(&["class", "put", CLASS, "--device", &id]);
    let start = ["lesson", "start", "--class", CLASS, "--minutes", "50"];
    let refused = fleet.refused(2, &[&start[..], &["--open", "games"]].concat());
    assert!(refused.contains("nothing to change"), "{refused}");
    server.json(&["policy", "apply", &example("national"), "--layer", "national"]);
    let refused = fleet.refused(2, &[&start[..], &["--block", "sexual_education"]].concat());
    assert!(refused.contains("sexual_education is kept open"), "{refused}");
    fleet.refused(2, &start);

    let lesson = server.json(&[&start[..], &["--open", "games", "--open-name", "jeu.example", "--only-open"]].concat());
    let told = filters_so(&in_class, port, |told| !told.lessons.is_empty()).await;
    let one = &told.lessons[0];
    assert_eq!((one.id.as_str(), one.kind, one.only_open), (lesson["id"].as_str().unwrap(), LessonKind::Lesson, true));
    assert_eq!(one.until.since(one.from).as_secs(), 50 * 60);
    assert!(filters(&beside, port).await.unwrap().lessons.is_empty());
    assert_eq!(server.json(&["explain", &id])["lessons"][0]["id"], lesson["id"]);
    let explained = server.json(&["explain", &id, "www.jeu.example"]);
    let verdict = |at: usize| (&explained["verdicts"][at]["blocked"], &explained["verdicts"][at]["by"]);
    assert_eq!(verdict(0), (&json!(false), &lesson["id"]), "within the lesson, in school");
    assert_eq!(verdict(1), (&json!(false), &Value::Null));
    let elsewhere = server.json(&["explain", &id, "other.example"]);
    assert_eq!(
        (&elsewhere["verdicts"][0]["because"], &elsewhere["verdicts"][0]["by"]),
        (&json!("only_open"), &lesson["id"])
    );
    assert_eq!(server.json(&["lesson", "list"])[0]["scope"], format!("class:{CLASS}"));
    let stopped = server.json(&["lesson", "stop", lesson["id"].as_str().unwrap()]);
    assert_eq!(stopped["state"], "stopped");
    filters_so(&in_class, port, |told| told.lessons.is_empty()).await;
    assert_eq!(server.json(&["lesson", "list"]), json!([]));
    assert!(fleet.refused(7, &["lesson", "stop", lesson["id"].as_str().unwrap()]).contains("over"));

    // One that is announced is told at once, and changes nothing yet.
    let far = ["--at", "2099-01-05T08:00", "--block-name", "far.example"];
    assert!(fleet.refused(2, &[&start[..], &far].concat()).contains("now or within 14 days"));
    let refused = fleet.refused(2, &[&start[..], &["--at", "8h", "--block-name", "a.example"]].concat());
    assert!(refused.contains("\"8h\" is no moment") && refused.contains("14:00"), "{refused}");
    let week = jiff::Timestamp::from_millisecond(SystemClock.now().unix_millis() + 7 * 86_400_000).unwrap();
    let moment = week.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d 08:00").to_string();
    let lesson = server.json(&[&start[..], &["--at", &moment, "--block-name", "far.example"]].concat());
    assert_eq!(lesson["state"], "ahead");
    let told = filters_so(&in_class, port, |told| !told.lessons.is_empty()).await;
    assert_eq!(told.lessons[0].until.since(told.lessons[0].from).as_secs(), 50 * 60);
    assert_eq!(server.json(&["explain", &id, "far.example"])["verdicts"][0]["blocked"], false);
    let listed = fleet.said(&["lesson", "list"]);
    assert!(listed.contains("announced") && listed.contains("from ") && listed.contains("until "), "{listed}");
    assert_eq!(server.json(&["lesson", "stop", lesson["id"].as_str().unwrap()])["state"], "stopped");
    filters_so(&in_class, port, |told| told.lessons.is_empty()).await;

    // An exam for the whole school.
    let exam = ["lesson", "start", "--school", SCHOOL, "--minutes", "120", "--exam", "--only-open"];
    server.json(&[&exam[..], &["--open-name", "examen.example"]].concat());
    for device in [&in_class, &beside] {
        let told = filters_so(device, port, |told| !told.lessons.is_empty()).await;
        assert_eq!(told.lessons[0].kind, LessonKind::Exam);
    }
    // A layer above that leaves nothing to lessons: they can still block.
    let strict = fleet.file("strict.toml", b"[both]\nblock = [\"chat\"]\n");
    server.json(&["policy", "apply", &strict, "--layer", "territory"]);
    let refused = fleet.refused(2, &[&start[..], &["--open", "games"]].concat());
    assert!(refused.contains("layer territory does not let lessons open anything"), "{refused}");
    let told = filters_so(&in_class, port, |told| told.lessons.iter().all(|one| one.names_open.is_empty())).await;
    assert!(told.lessons[0].only_open, "the exam still keeps away what it did: {told:?}");
    server.json(&[&start[..], &["--block", "press"]].concat());
    filters_so(&in_class, port, |told| told.lessons.len() == 2).await;
}
