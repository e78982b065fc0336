//! A hand-out day and a return day: several desks, some of them without a network.

use super::bench::{Shell, laptop, lent, waiting, world, world_at};
use cartable::Exit;
use model::lifecycle::Lifecycle;
use serde_json::Value;
use std::path::{Path, PathBuf};
use tests::world::World;

const A: &str = "0951099D";
const B: &str = "0750654D";

/// A file of a campaign's day, and its passphrase beside it.
struct Day {
    folder: tempfile::TempDir,
    words: String,
}

impl Day {
    async fn prepare(shell: &Shell, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let words = folder.path().join("words").display().to_string();
        std::fs::write(&words, "four invented words here\n").unwrap();
        let day = Self { folder, words };
        let (to, words) = (day.path("day"), day.words.clone());
        let line = [&["desk", "prepare", "--to", to.to_str().unwrap(), "--passphrase-file", &words], more].concat();
        shell.json(&line).await;
        day
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.desk"))
    }

    /// Carries the file to another desk.
    fn desk<'a>(&'a self, shell: &'a Shell, name: &str) -> Desk<'a> {
        let path = self.path(name);
        std::fs::copy(self.path("day"), &path).unwrap();
        Desk { shell, words: &self.words, path }
    }
}

struct Desk<'a> {
    shell: &'a Shell,
    words: &'a str,
    path: PathBuf,
}

impl Desk<'_> {
    async fn says(&self, verb: &str, more: &[&str]) -> (Exit, Value) {
        let path = self.path.to_str().unwrap();
        let line = [&["--output", "json", "desk", verb, path, "--passphrase-file", self.words], more].concat();
        let (exit, out, _) = self.shell.ran(&line).await;
        (exit, serde_json::from_str(&out).unwrap_or(Value::Null))
    }

    async fn scan(&self, codes: &[&str]) -> Value {
        let (exit, said) = self.says("scan", codes).await;
        assert_eq!(exit, Exit::Done, "{said}");
        said
    }

    async fn send(&self) -> Value {
        self.says("send", &[]).await.1
    }

    async fn against(&self) -> Value {
        self.says("conflicts", &[]).await.1
    }

    fn journal(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".journal");
        name.into()
    }
}

async fn campaign(shell: &Shell, world: &World, kind: &str) -> String {
    let today = jiff::Timestamp::from_millisecond(world.now().unix_millis()).unwrap();
    let paris = today.to_zoned(jiff::tz::TimeZone::get("Europe/Paris").unwrap()).date();
    let (first, last) = (paris.yesterday().unwrap().to_string(), paris.tomorrow().unwrap().to_string());
    let line = ["campaign", "create", kind, "--kind", kind, "--school", A, "--first", &first, "--last", &last];
    shell.json(&line).await["id"].as_str().unwrap().to_owned()
}

fn counts(report: &Value) -> Vec<u64> {
    let keys = ["expected", "handed", "returned", "no_show", "refused", "problem"];
    keys.map(|key| report["counts"].as_array().unwrap().iter().map(|c| c[key].as_u64().unwrap()).sum()).to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_desks_one_of_them_offline_hand_out_and_the_report_is_the_loans_own() {
    let world = world().await;
    let shell = Shell::first(&world);
    let loans = waiting(&world, A, 8).await;
    laptop(&world, "TNE25-000090", B, Lifecycle::Available).await;
    let campaign = campaign(&shell, &world, "handout").await;
    let report = shell.json(&["campaign", "show", &campaign]).await;
    assert_eq!(counts(&report), [8, 0, 0, 0, 0, 0], "{report}");
    let day = Day::prepare(&shell, &["--campaign", &campaign]).await;
    // A stolen file says nothing without its passphrase, not even which loans or devices it is about.
    let bytes = std::fs::read(day.path("day")).unwrap();
    for text in [&loans[0].number, "TNE25-000000", "charger", A] {
        assert!(!bytes.windows(text.len()).any(|part| part == text.as_bytes()), "{text}");
    }
    let (a, b, c) = (day.desk(&shell, "a"), day.desk(&shell, "b"), day.desk(&shell, "c"));
    // The first desk: the label alone tells the loan; with a signature made here.
    a.scan(&["--finish", "LBL000000", "TNE25-000001"]).await;
    assert_eq!(a.send().await["done"], 2);
    // The second: everything by hand.
    let by_hand = ["PF000002", "/item 1 there", "/item 2 missing", "/sign guardian1", "/screen worn", "/done"];
    b.scan(&by_hand).await;
    b.scan(&[&loans[3].number]).await;
    let (exit, said) = b.says("scan", &[&loans[3].number, "TNE25-000090", "4006381333931"]).await;
    assert_eq!(exit, Exit::Failed);
    assert_eq!(said[2]["said"], "desk-said-unknown", "{said}");
    b.scan(&[&loans[3].number, "/problem the sleeve is torn"]).await;
    assert_eq!(b.send().await["done"], 2);
    // The third has no network all day. It does not know that the first was there already.
    c.scan(&["--finish", "TNE25-000000", "TNE25-000004"]).await;
    c.scan(&[&loans[5].number, "/no-show", &loans[6].number, "/refused"]).await;
    c.scan(&["--finish", "TNE25-000007"]).await;
    let undone = c.scan(&["/undo"]).await;
    assert_eq!(undone[0]["said"], "desk-said-undone");
    let journal = std::fs::read(c.journal()).unwrap();
    let (exit, sent) = c.says("send", &[]).await;
    assert_eq!(exit, Exit::Conflict, "{sent}");
    assert_eq!((&sent["done"], &sent["conflicts"], &sent["waiting"]), (&3.into(), &1.into(), &0.into()), "{sent}");
    let against = c.against().await;
    let why = against[0]["why"].as_str().unwrap();
    assert!(why.contains("active") && against[0]["asset"] == "TNE25-000000", "{against}");
    assert_eq!(against.as_array().unwrap().len(), 1, "and it stays listed");
    assert_eq!(c.send().await["sent"], 0);
    // The loans themselves tell.
    let report = shell.json(&["campaign", "report", &campaign]).await;
    assert_eq!(counts(&report), [1, 4, 0, 1, 1, 1], "{report}");
    let lines = report["lines"].as_array().unwrap();
    assert_eq!(lines[3]["why"], "the sleeve is torn");
    assert!(lines.iter().all(|line| line["school"] == A));
    let loan = lent(&world, &loans[2].id).await;
    assert_eq!(loan.lines[0].out.screen, model::loan::Grade::Worn);
    let parts: Vec<&str> = loan.accessories.iter().map(|part| part.state.name()).collect();
    assert_eq!(parts, ["out", "returned"], "what was not handed out is not owed");
    // The same file again, as after a restored copy of the desk: nothing changes.
    std::fs::write(c.journal(), &journal).unwrap();
    let again = c.send().await;
    assert_eq!((&again["done"], &again["conflicts"]), (&3.into(), &1.into()), "{again}");
    let after = shell.json(&["campaign", "report", &campaign]).await;
    assert_eq!(after["lines"], report["lines"]);
    // Who had not come by the end did not come.
    shell.json(&["campaign", "close", &campaign]).await;
    let closed = shell.json(&["campaign", "show", &campaign]).await;
    assert_eq!(counts(&closed), [0, 4, 0, 2, 1, 1], "{closed}");
    let (exit, text) = shell.says(&["campaign", "note", &campaign, &loans[7].number, "--outcome", "refused"]).await;
    assert!(exit == Exit::Conflict && text.contains("noted otherwise"), "{text}");
    let (_, csv) = shell.says(&["--output", "csv", "campaign", "report", &campaign, "--outcome", "no-show"]).await;
    assert_eq!(csv.lines().count(), 3, "{csv}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_desks_that_lend_one_device_at_the_same_second_end_with_one_loan() {
    let world = world().await;
    let shell = Shell::first(&world);
    // Agreements that name no device: any that is free will do.
    let loans = super::bench::unnamed(&world, A, 2).await;
    laptop(&world, "TNE25-000009", A, Lifecycle::Available).await;
    let campaign = campaign(&shell, &world, "handout").await;
    let day = Day::prepare(&shell, &["--campaign", &campaign]).await;
    let (a, b) = (day.desk(&shell, "a"), day.desk(&shell, "b"));
    a.scan(&["--finish", &loans[0].number, "TNE25-000009"]).await;
    b.scan(&["--finish", &loans[1].number, "TNE25-000009"]).await;
    let (first, second) = tokio::join!(a.send(), b.send());
    let sum = |key: &str| first[key].as_u64().unwrap() + second[key].as_u64().unwrap();
    assert_eq!((sum("done"), sum("conflicts")), (1, 1), "{first} {second}");
    let loser = if first["conflicts"] == 1 { &a } else { &b };
    let why = loser.against().await[0]["why"].as_str().unwrap().to_owned();
    assert!(why.contains("TNE25-000009"), "{why}");
    // At that desk it counts as not done: the family gets another device.
    laptop(&world, "TNE25-000010", A, Lifecycle::Available).await;
    let number = if first["conflicts"] == 1 { &loans[0].number } else { &loans[1].number };
    let said = loser.says("scan", &[number]).await;
    assert_eq!(said.0, Exit::Done, "{}", said.1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_back_is_noted_piece_by_piece_and_once() {
    let world = world().await;
    let shell = Shell::first(&world);
    let loans = waiting(&world, A, 3).await;
    let out = campaign(&shell, &world, "handout").await;
    let day = Day::prepare(&shell, &["--campaign", &out]).await;
    let desk = day.desk(&shell, "a");
    desk.scan(&["--finish", "TNE25-000000", "TNE25-000001", "TNE25-000002"]).await;
    assert_eq!(desk.send().await["done"], 3);
    let back = campaign(&shell, &world, "return").await;
    let day = Day::prepare(&shell, &["--campaign", &back]).await;
    let (a, b) = (day.desk(&shell, "a"), day.desk(&shell, "b"));
    a.scan(&["LBL000000", "/item 2 missing", "/all", "/case damaged", "/done"]).await;
    a.scan(&["--finish", "TNE25-000001"]).await;
    // The same pupil stands at two desks.
    b.scan(&["--finish", "TNE25-000001"]).await;
    assert_eq!(a.send().await["done"], 2);
    assert_eq!(b.send().await["conflicts"], 1);
    let loan = lent(&world, &loans[0].id).await;
    let parts: Vec<&str> = loan.accessories.iter().map(|part| part.state.name()).collect();
    assert_eq!(parts, ["returned", "missing"]);
    assert_eq!(loan.worse().len(), 1);
    let report = shell.json(&["campaign", "show", &back]).await;
    assert_eq!(counts(&report), [1, 0, 2, 0, 0, 0], "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_whose_clock_is_a_day_ahead_is_told_and_the_server_keeps_its_days() {
    let real = jiff::Timestamp::now().as_millisecond();
    let world = world_at(real - 86_400_000).await;
    let shell = Shell::first(&world);
    let loans = waiting(&world, A, 2).await;
    let campaign = campaign(&shell, &world, "handout").await;
    let day = Day::prepare(&shell, &["--campaign", &campaign]).await;
    let desk = day.desk(&shell, "a");
    // To be signed here: the day stands on the paper.
    desk.scan(&["--finish", "TNE25-000001"]).await;
    let (exit, out, err) = {
        let path = desk.path.to_str().unwrap();
        shell.ran(&["--output", "json", "desk", "send", path, "--passphrase-file", &day.words]).await
    };
    assert!(exit == Exit::Done && err.contains("clock is wrong"), "{out}{err}");
    let sent: Value = serde_json::from_str(&out).unwrap();
    let behind = sent["clock_behind_seconds"].as_i64().unwrap();
    assert!((behind + 86_400).abs() < 120, "{sent}");
    let loan = lent(&world, &loans[1].id).await;
    let off = loan.lines[0].from.unix_millis() - world.now().unix_millis();
    assert!(off.abs() < 120_000, "{off}");
    let today = jiff::Timestamp::from_millisecond(world.now().unix_millis()).unwrap();
    // The server's zone, whatever this machine's is.
    let zone = jiff::tz::TimeZone::get("Europe/Paris").unwrap();
    assert_eq!(loan.signatures[0].on, today.to_zoned(zone).date());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_set_that_is_too_old_a_wrong_passphrase_and_a_torn_journal() {
    let world = world_at(jiff::Timestamp::now().as_millisecond() - 86_400_000).await;
    let shell = Shell::first(&world);
    waiting(&world, A, 2).await;
    let campaign = campaign(&shell, &world, "handout").await;
    let day = Day::prepare(&shell, &["--campaign", &campaign, "--life", "2d"]).await;
    let desk = day.desk(&shell, "a");
    // A mistyped line is found before any other is done.
    assert_eq!(desk.says("scan", &["--finish", "TNE25-000000", "/al"]).await.0, Exit::Usage);
    desk.scan(&["--finish", "TNE25-000000", "TNE25-000001"]).await;
    let whole = std::fs::read(desk.journal()).unwrap();
    // Killed while it wrote the last record: what was acknowledged before is there, and the last can be done again.
    for cut in [1, 40, 200] {
        std::fs::write(desk.journal(), &whole[..whole.len() - cut]).unwrap();
        let acts = desk.says("conflicts", &["--all"]).await.1;
        assert_eq!(acts.as_array().unwrap().len(), 1, "cut {cut}: {acts}");
        assert!(Path::new(&format!("{}.torn", desk.journal().display())).exists());
    }
    desk.scan(&["--finish", "TNE25-000001"]).await;
    assert_eq!(desk.send().await["done"], 2);
    let mut edited = whole.clone();
    edited[60] ^= 1;
    std::fs::write(desk.journal(), &edited).unwrap();
    assert_eq!(desk.says("send", &[]).await.0, Exit::Conflict, "an edited journal is refused");
    let wrong = day.folder.path().join("wrong");
    std::fs::write(&wrong, "four other words here\n").unwrap();
    let path = desk.path.to_str().unwrap();
    let (exit, text) = shell.says(&["desk", "send", path, "--passphrase-file", wrong.to_str().unwrap()]).await;
    assert!(exit == Exit::Refused && text.contains("passphrase is wrong"), "{text}");
    // A file in the place of another would make what was done with that unreadable.
    let line = ["desk", "prepare", "--campaign", &campaign, "--to", path, "--passphrase-file", &day.words];
    assert_eq!(shell.says(&line).await.0, Exit::Failed);
    // Made a day ago by the server's clock, for an hour.
    let old = Day::prepare(&shell, &["--campaign", &campaign, "--life", "1h"]).await;
    let desk = old.desk(&shell, "a");
    assert_eq!(desk.says("scan", &["TNE25-000000"]).await.0, Exit::Expired);
    assert_eq!(desk.says("send", &[]).await.0, Exit::Done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_count_without_a_network_is_sent_later_and_once() {
    let world = world().await;
    let shell = Shell::first(&world);
    for n in 1..4 {
        laptop(&world, &format!("TNE25-00000{n}"), A, Lifecycle::Available).await;
    }
    laptop(&world, "TNE25-000009", B, Lifecycle::Available).await;
    let begun = shell.json(&["stocktake", "start", "--school", A]).await;
    let id = begun["id"].as_str().unwrap();
    let day = Day::prepare(&shell, &["--stocktake", id]).await;
    let (a, b) = (day.desk(&shell, "a"), day.desk(&shell, "b"));
    a.scan(&["LBL000001", "TNE25-000002"]).await;
    b.scan(&["TNE25-000002", "https://example.org/LBL000009", "4006381333931"]).await;
    assert_eq!((&a.send().await["done"], &b.send().await["done"]), (&2.into(), &3.into()));
    let report = shell.json(&["stocktake", "report", id]).await;
    let counts = ["missing", "unexpected", "unknown", "present"].map(|key| report[key].as_u64().unwrap());
    assert_eq!(counts, [1, 1, 1, 2], "{report}");
}
