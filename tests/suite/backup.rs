//! A backup taken while the server works becomes a server elsewhere: nothing acknowledged before it is lost, nothing ended since comes back.

use crate::operations::{metrics_listen, scrape};
use model::section::SectionKind;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tests::process::{AgentProcess, ServerProcess, free_port, until};
use tests::programs::program;
use tests::reporter::{Fleet, Reporter};
use tonic::Code;

fn backup(data: &Path, to: &Path, more: &[&str]) -> Output {
    server(&["backup", "--data", data.to_str().unwrap(), "--to", to.to_str().unwrap(), "--output", "json"], more)
}

fn restore(from: &Path, data: &Path, more: &[&str]) -> Output {
    server(&["restore", "--from", from.to_str().unwrap(), "--data", data.to_str().unwrap()], more)
}

fn server(arguments: &[&str], more: &[&str]) -> Output {
    let mut command = Command::new(program("cartable-server"));
    command.args(arguments).args(more).args(["--lang", "en"]).stdin(Stdio::null()).output().unwrap()
}

fn good(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_moved_by_its_backup_and_what_ended_since_stays_out() {
    let Fleet { folder, server, reporters } = Fleet::start(4).await;
    let mut old = server;
    // An agent of flesh and blood among them.
    let mut agent = AgentProcess::new(folder.path(), "agent", &bare(folder.path()));
    agent.enrol(&old, &old.token(&["--kind", "unit"]));
    agent.start();
    let agent_id = agent.id();
    let spent = old.token(&["--kind", "unit"]);

    // Reports go on while it is taken.
    let port = old.port;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut tasks = tokio::task::JoinSet::new();
    let acknowledged: Arc<[AtomicU64]> = reporters.iter().map(|_| AtomicU64::new(0)).collect();
    for (at, mut reporter) in reporters.into_iter().enumerate() {
        let (stopped, acknowledged) = (stopped.clone(), Arc::clone(&acknowledged));
        tasks.spawn(async move {
            let mut client = reporter.client(port).await.unwrap();
            while !*stopped.borrow() {
                reporter.change();
                reporter.tell(&mut client).await.unwrap();
                let health = reporter.acknowledged.iter().rev().find(|(kind, _)| *kind == SectionKind::Health);
                acknowledged[at].store(health.unwrap().1, Ordering::SeqCst);
            }
            (at, reporter)
        });
    }
    let file = folder.path().join("a.tar.zst");
    let (mut newest, mut before_it) = (0, Vec::new());
    for round in 0..5 {
        let _ = fs::remove_file(&file);
        let (data, to) = (old.data.clone(), file.clone());
        let all = || -> Vec<u64> { acknowledged.iter().map(|n| n.load(Ordering::SeqCst)).collect() };
        let last = all();
        until(30, "every device has reported again", || all().iter().zip(&last).all(|(now, last)| now > last));
        before_it = acknowledged.iter().map(|n| n.load(Ordering::SeqCst)).collect();
        let taken = tokio::task::spawn_blocking(move || json(&good(&backup(&data, &to, &[])))).await.unwrap();
        let revision = taken["revision"].as_u64().unwrap();
        assert!(revision > newest, "round {round}: reports went on, and it ends at {revision} after {newest}");
        newest = revision;
        assert_eq!(taken["root_key"], false);
    }
    stop.send_replace(true);
    let mut reporters = tasks.join_all().await;
    reporters.sort_by_key(|(at, _)| *at);
    let mut reporters: Vec<Reporter> = reporters.into_iter().map(|(_, reporter)| reporter).collect();

    // What happens after it: one is revoked, one is lost, a token is spent, an invitation stays open, a policy changes.
    let newcomer = AgentProcess::new(folder.path(), "newcomer", &bare(folder.path()));
    newcomer.enrol(&old, &spent);
    good(&old.cartable(&["device", "revoke", &reporters[0].id, "--why", "stolen", "--yes"]));
    good(&old.cartable(&["device", "lost", &reporters[1].id, "--why", "not found", "--yes"]));
    let ends = old.data.join("ends.jsonl");
    until(20, "both ends are noted beside the store", || {
        let text = fs::read_to_string(&ends).unwrap_or_default();
        text.contains(&reporters[0].id) && text.contains(&reporters[1].id)
    });
    let before = old.json(&["device", "list"]).as_array().unwrap().len();
    old.kill();

    let data = folder.path().join("elsewhere");
    let text = good(&restore(&file, &data, &["--ends", ends.to_str().unwrap(), "--output", "json"]));
    let restored = json(&text);
    assert_eq!((&restored["ended"]["devices"], &restored["ended"]["tokens"]), (&2.into(), &1.into()), "{text}");
    assert_eq!(restored["revision"], newest);
    assert!(restored["epoch"].as_u64().unwrap() > 1, "{text}");
    let mut new = old.moved(data);
    new.start();
    assert_eq!(new.json(&["device", "list"]).as_array().unwrap().len(), before - 1, "all but the newcomer");
    // Of each what was acknowledged before the backup began, or something later.
    for (reporter, before) in reporters.iter().zip(&before_it) {
        let kept = reporter.kept(&new, SectionKind::Health).await;
        assert!(*before > 0 && kept >= *before, "{kept} is kept, {before} was acknowledged");
    }
    // Revoked and lost stay so, at the first contact.
    let mut client = reporters[0].client(new.port).await.unwrap();
    assert_eq!(client.check_in(reporters[0].hold(0)).await.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(new.json(&["device", "show", &reporters[1].id])["state"], "quarantined");
    // The others go on where they were, and are told by the new epoch.
    for reporter in &mut reporters[2..] {
        let mut client = reporter.client(new.port).await.unwrap();
        reporter.change();
        // It is ahead of what the backup knew; what its report did not carry is asked for.
        if !reporter.tell(&mut client).await.unwrap().wanted.is_empty() {
            reporter.forget();
            assert!(reporter.tell(&mut client).await.unwrap().wanted.is_empty());
        }
        let head = client.check_in(reporter.hold(0)).await.unwrap().into_inner().head.expect("a newer head");
        let head = wire::convert::head_decode(&head.payload).unwrap();
        assert_eq!(u64::from(head.generation.epoch), restored["epoch"].as_u64().unwrap());
        reporter.check(&new).await;
    }
    // The spent token lets nobody in a second time.
    let thief = AgentProcess::new(folder.path(), "thief", &bare(folder.path()));
    assert!(!thief.run(&["enrol", "--server", &new.url(), "--token", &spent]).status.success());
    good(&new.cartable(&["cadence", "set", "--poll", "7m", "--why", "after the move"]));
    until(60, "the agent holds what the restored server tells", || {
        let sheet = new.json(&["device", "show", &agent_id]);
        let (told, holds) = (&sheet["generation"], &sheet["observed"]["generation"]);
        told["epoch"] == restored["epoch"] && told == holds
    });
    good(&new.cartable(&["audit", "verify"]));
    let audit = new.json(&["audit", "list"]).to_string();
    assert!(audit.contains("restored from a backup"), "{audit}");
    assert!(agent.stop().success() && new.stop().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_backup_is_found_before_anything_is_written() {
    let Fleet { folder, mut server, mut reporters } = Fleet::start(2).await;
    let mut client = reporters[0].client(server.port).await.unwrap();
    reporters[0].change();
    reporters[0].tell(&mut client).await.unwrap();
    assert!(server.stop().success());
    let file = folder.path().join("whole.tar.zst");
    good(&backup(&server.data, &file, &[]));
    let whole = fs::read(&file).unwrap();
    let spoilt = folder.path().join("spoilt.tar.zst");
    let data = folder.path().join("restored");
    for step in 0..24 {
        let mut bytes = whole.clone();
        let at = bytes.len() * step / 24;
        if step % 2 == 0 {
            bytes.truncate(at);
        } else {
            // Some bytes: a single bit may be one that says nothing.
            bytes[at..].iter_mut().take(16).for_each(|byte| *byte ^= 0x55);
        }
        fs::write(&spoilt, bytes).unwrap();
        let said = refused(&restore(&spoilt, &data, &[]));
        assert!(said.contains("backup"), "{step}: {said}");
        assert!(!data.exists(), "{step}: {said}");
        assert!(!server_verify(&spoilt).status.success(), "{step}");
    }
    // Bytes behind its end.
    fs::write(&spoilt, [whole.as_slice(), b"more"].concat()).unwrap();
    refused(&restore(&spoilt, &data, &[]));
    // What is whole is told.
    let said = good(&server_verify(&file));
    assert!(
        said.contains("Territory doubs") && said.contains("ca/online.key") && !said.contains("root.key "),
        "{said}"
    );
    // Nothing is overwritten.
    assert!(refused(&backup(&server.data, &file, &[])).contains("is there already"));
    fs::create_dir(&data).unwrap();
    fs::write(data.join("mine.txt"), "mine").unwrap();
    assert!(refused(&restore(&file, &data, &[])).contains("not empty"));
    assert_eq!(fs::read_to_string(data.join("mine.txt")).unwrap(), "mine");
    assert_eq!(mode(&file), 0o600);
}

fn server_verify(file: &Path) -> Output {
    server(&["backup", "--verify", file.to_str().unwrap()], &[])
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_killed_at_any_moment_can_be_begun_again_and_never_runs_half() {
    let Fleet { folder, mut server, mut reporters } = Fleet::start(2).await;
    for reporter in &mut reporters {
        let mut client = reporter.client(server.port).await.unwrap();
        for _ in 0..40 {
            reporter.change();
            reporter.tell(&mut client).await.unwrap();
        }
    }
    let file = folder.path().join("backup.tar.zst");
    good(&backup(&server.data, &file, &[]));
    assert!(server.stop().success());
    let data = folder.path().join("restored");
    let mut unfinished = 0;
    for step in 0..40_usize {
        let mut child = Command::new(program("cartable-server"))
            .args(["restore", "--from", file.to_str().unwrap(), "--data", data.to_str().unwrap()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Each kill a little later: by what has come to be on the disk at first, then by the moment.
        while files(&data) <= step / 3 && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), Signal::KILL).ok();
        child.wait().unwrap();
        if data.join("restoring").exists() {
            unfinished += 1;
            for verb in [["run", "--check-config"].as_slice(), &["run"], &["export", "--to", "/dev/null"]] {
                let said = refused(&self::server(verb, &["--data", data.to_str().unwrap()]));
                assert!(said.contains("run the restore again"), "{verb:?}: {said}");
            }
        } else if data.join("server.toml").exists() {
            // It was quicker than the kill.
            good(&self::server(&["run", "--check-config", "--data", data.to_str().unwrap()], &[]));
            fs::remove_dir_all(&data).unwrap();
        } else {
            assert_eq!(files(&data), 0);
        }
    }
    assert!(unfinished >= 5, "only {unfinished} of 40 were caught half-way");
    if data.join("restoring").exists() || files(&data) == 0 {
        good(&restore(&file, &data, &[]));
    }
    let mut new = server.moved(data);
    new.start();
    for reporter in &reporters {
        reporter.check(&new).await;
    }
    assert!(new.stop().success());
}

fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}

#[test]
fn backups_in_a_folder_are_pruned_noted_and_piped() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let to = folder.path().join("backups");
    assert!(refused(&backup(&server.data, &to, &["--keep", "2"])).contains("backups"));
    fs::create_dir(&to).unwrap();
    for day in 10..14 {
        fs::write(to.join(format!("cartable-doubs-202611{day}T000000Z.tar.zst")), "").unwrap();
    }
    fs::write(to.join("cartable-jura-20261101T000000Z.tar.zst"), "").unwrap();
    fs::write(to.join(".cartable-doubs-20261101T000000Z.tar.zst.partial"), "").unwrap();
    let taken = json(&good(&backup(&server.data, &to, &["--keep", "2", "--with-root-key"])));
    assert_eq!(
        (taken["removed"].as_array().unwrap().len(), &taken["root_key"], &taken["noted"]),
        (3, &true.into(), &true.into())
    );
    assert_eq!(files(&to), 3);
    let note = json(&fs::read_to_string(server.data.join("last-backup.json")).unwrap());
    assert_eq!(note["made_unix_ms"], taken["made_unix_ms"]);
    // Through a pipe, as an encrypting program takes it, and back.
    let piped = backup(&server.data, Path::new("-"), &[]);
    assert!(piped.status.success() && json(&String::from_utf8(piped.stderr).unwrap())["path"].is_null());
    let file = folder.path().join("piped");
    fs::write(&file, &piped.stdout).unwrap();
    let said = Command::new(program("cartable-server"))
        .args(["backup", "--verify", "-", "--output", "json"])
        .stdin(fs::File::open(&file).unwrap())
        .output()
        .unwrap();
    assert_eq!(json(&good(&said))["territory"], "doubs");
    let data: PathBuf = folder.path().join("from-pipe");
    let restored = Command::new(program("cartable-server"))
        .args(["restore", "--from", "-", "--data", data.to_str().unwrap()])
        .stdin(fs::File::open(&file).unwrap())
        .output()
        .unwrap();
    good(&restored);
    good(&self::server(&["run", "--check-config", "--data", data.to_str().unwrap()], &[]));
    // A pipe that breaks leaves nothing.
    fs::write(&file, &piped.stdout[..piped.stdout.len() / 2]).unwrap();
    let broken = folder.path().join("broken-pipe");
    let cut = Command::new(program("cartable-server"))
        .args(["restore", "--from", "-", "--lang", "en", "--data", broken.to_str().unwrap()])
        .stdin(fs::File::open(&file).unwrap())
        .output()
        .unwrap();
    assert!(refused(&cut).contains("damaged or cut off"));
    assert_eq!(files(&broken), 0);
    assert!(server.stop().success());
}

#[test]
fn a_file_of_ends_that_cannot_be_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    let port = free_port();
    metrics_listen(&server, &format!("127.0.0.1:{port}"));
    let config = server.data.join("server.toml");
    let ends = folder.path().join("share/ends.jsonl");
    let text = fs::read_to_string(&config).unwrap().replace("[backup]\n", &format!("[backup]\nends = {ends:?}\n"));
    fs::write(&config, text).unwrap();
    server.start();
    until(20, "it is told", || scrape(port).contains("\ncartable_ends_failing 1\n"));
    assert!(server.log_text().contains("ends cannot be noted"), "{}", server.log_text());
    assert!(server.stop().success());
    fs::create_dir(ends.parent().unwrap()).unwrap();
    server.start();
    until(20, "it is noted there", || ends.exists() && scrape(port).contains("\ncartable_ends_failing 0\n"));
    assert!(!server.data.join("ends.jsonl").exists());
    assert!(server.stop().success());
}

#[test]
fn a_server_that_has_never_run_is_backed_up_too() {
    let folder = tempfile::tempdir().unwrap();
    let server = ServerProcess::init(folder.path());
    let file = folder.path().join("new.tar.zst");
    good(&backup(&server.data, &file, &[]));
    let data = folder.path().join("restored");
    good(&restore(&file, &data, &[]));
    let mut new = server.moved(data);
    new.start();
    good(&self::server(&["healthcheck", "--data", new.data.to_str().unwrap()], &[]));
    assert!(new.stop().success());
    let said = refused(&self::server(&["healthcheck", "--data", new.data.to_str().unwrap()], &[]));
    assert!(said.contains("does not serve"), "{said}");
}

#[test]
fn the_server_is_known_by_the_names_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    let rotate = |names: &[&str]| {
        let data = server.data.to_str().unwrap().to_owned();
        let mut all = vec!["ca", "rotate", "server", "--data", &data];
        names.iter().for_each(|name| all.extend(["--name", name]));
        self::server(&all, &[])
    };
    let names = || {
        json(&good(&self::server(&["ca", "status", "--output", "json", "--data"], &[server.data.to_str().unwrap()])))
    };
    assert!(refused(&rotate(&["cartable.example.fr"])).contains("localhost must stay among the names"));
    assert!(refused(&rotate(&["localhost", "not a name"])).contains("not a name"));
    good(&rotate(&["localhost", "cartable.example.fr"]));
    let text = names()["certificates"].to_string();
    assert!(text.contains("cartable.example.fr") && !text.contains("127.0.0.1"), "{text}");
    // A renewal keeps them.
    good(&rotate(&[]));
    assert!(names()["certificates"].to_string().contains("cartable.example.fr"));
    server.start();
    good(&self::server(&["healthcheck", "--data", server.data.to_str().unwrap()], &[]));
    assert!(server.stop().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_holds_no_secret_of_the_root_and_follows_the_oldest_journal() {
    let Fleet { folder, mut server, reporters } = Fleet::start(1).await;
    let data = server.data.clone();
    assert!(server.stop().success());
    // An imported store has no journal from its beginning: its base is an export.
    let export = folder.path().join("export.jsonl");
    server.command("export", &["--to", export.to_str().unwrap()]);
    fs::remove_dir_all(data.join("store")).unwrap();
    server.command("import", &["--from", export.to_str().unwrap()]);
    server.start();
    let file = folder.path().join("imported.tar.zst");
    good(&backup(&data, &file, &[]));
    assert!(server.stop().success());
    // A journal with a hole is no backup.
    let journal = fs::read_dir(data.join("store/exports")).unwrap().flatten().next().unwrap().path();
    fs::remove_file(&journal).unwrap();
    let said = refused(&backup(&data, &folder.path().join("hole.tar.zst"), &[]));
    assert!(said.contains("are missing") || said.contains("neither export nor journal"), "{said}");
    assert!(!folder.path().join("hole.tar.zst").exists());
    let restored = folder.path().join("restored");
    good(&restore(&file, &restored, &[]));
    let mut new = server.moved(restored);
    new.start();
    assert_eq!(new.json(&["device", "list"])[0]["id"], reporters[0].id);
    assert!(new.stop().success());
}

/// The configuration of an agent that sees an all but empty machine.
fn bare(folder: &Path) -> String {
    let root = folder.join("root");
    fs::create_dir_all(&root).unwrap();
    format!("root = {:?}\n", root.to_str().unwrap())
}
