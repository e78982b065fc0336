//! The server's data folder: full, read-only, shared, damaged. A clear refusal, nothing lost.

use rustix::fs::statvfs;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tests::process::ServerProcess;
use tests::reporter::{Fleet, Reporter, operator};
use tests::required;
use tonic::Code;
use wire::v1::{CheckInResponse, ServerStatusRequest};

const MIB: u64 = 1024 * 1024;

/// A file system mounted on a folder, unmounted when dropped.
pub(crate) struct Mounted(PathBuf);

impl Mounted {
    /// None where mounting is not permitted, unless it is required.
    pub(crate) fn mount(arguments: &[&str], at: &Path) -> Option<Self> {
        let status = Command::new("mount").args(arguments).arg(at).stderr(Stdio::null()).status();
        if status.is_ok_and(|status| status.success()) {
            return Some(Self(at.to_owned()));
        }
        assert!(!required("tmpfs"), "mounting is required by CARTABLE_REQUIRE and not permitted");
        eprintln!("skipped: mounting is not permitted here");
        None
    }

    pub(crate) fn again(&self, options: &str) {
        let status = Command::new("mount").args(["-o", options]).arg(&self.0).status();
        assert!(status.unwrap().success(), "{options}");
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).stderr(Stdio::null()).status();
    }
}

fn config_change(server: &ServerProcess, change: impl FnOnce(String) -> String) {
    let path = server.data.join("server.toml");
    fs::write(&path, change(fs::read_to_string(&path).unwrap())).unwrap();
}

async fn epoch(server: &ServerProcess) -> u32 {
    operator(server).await.server_status(ServerStatusRequest {}).await.unwrap().into_inner().epoch
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_reports_and_loses_nothing() {
    let Fleet { folder, mut server, mut reporters } = Fleet::start(1).await;
    let reporter = &mut reporters[0];
    assert!(server.stop().success());
    // The whole data folder moves to a small disk.
    let large = folder.path().join("large");
    fs::rename(&server.data, &large).unwrap();
    fs::create_dir(&server.data).unwrap();
    let Some(_disk) = Mounted::mount(&["-t", "tmpfs", "-o", "size=64m", "tmpfs"], &server.data) else { return };
    let copied = Command::new("cp").arg("-a").arg(large.join(".")).arg(&server.data).status();
    assert!(copied.unwrap().success());
    config_change(&server, |text| text.replace("free_floor_mib = 256", "free_floor_mib = 16"));
    server.start();
    let mut client = reporter.client(server.port).await.unwrap();
    reporter.change();
    reporter.tell(&mut client).await.unwrap();

    let filler = server.data.join("filler");
    let mut file = File::create(&filler).unwrap();
    let free = || statvfs(&server.data).map(|disk| disk.f_bavail * disk.f_frsize).unwrap();
    let mut fill = |down_to: u64| {
        while free() > down_to {
            file.write_all(&[1; 64 * 1024]).unwrap();
        }
    };
    fill(10 * MIB);
    for _ in 0..3 {
        reporter.change();
        let refused = reporter.tell(&mut client).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
        assert!(refused.message().contains("nearly full") && refused.message().contains("make room"), "{refused:?}");
    }
    // Staff may still decide, down to a quarter of the floor.
    let decide = || server.cartable(&["token", "create", "--kind", "unit"]);
    assert!(decide().status.success());
    fill(3 * MIB);
    let token = decide();
    assert!(!token.status.success() && String::from_utf8_lossy(&token.stderr).contains("nearly full"), "{token:?}");
    // Reading goes on, across a restart too.
    reporter.check(&server).await;
    assert!(server.cartable(&["device", "list"]).status.success());
    server.kill();
    server.start();
    reporter.check(&server).await;

    drop(file);
    fs::remove_file(filler).unwrap();
    let mut client = reporter.client(server.port).await.unwrap();
    assert!(reporter.tell(&mut client).await.unwrap().wanted.is_empty());
    reporter.check(&server).await;
    assert!(server.stop().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_folder_is_refused_and_unchanged() {
    let Fleet { folder: _folder, mut server, reporters } = Fleet::start(1).await;
    assert!(server.stop().success());
    let data = server.data.to_str().unwrap().to_owned();
    let Some(bound) = Mounted::mount(&["--bind", &data], &server.data) else { return };
    bound.again("remount,ro,bind");
    let said = server.start_refused();
    assert!(said.contains("cannot be written") && said.contains("write permission"), "{said}");
    drop(bound);
    server.start();
    reporters[0].check(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_leaves_the_folder_to_the_first() {
    let Fleet { folder: _folder, server, mut reporters } = Fleet::start(1).await;
    let said = server.start_refused();
    assert!(said.contains("another cartable-server uses"), "{said}");
    let mut client = reporters[0].client(server.port).await.unwrap();
    reporters[0].change();
    reporters[0].tell(&mut client).await.unwrap();
    reporters[0].check(&server).await;
}

#[test]
fn a_port_in_use_and_an_unknown_key_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    let port = std::net::TcpListener::bind(("127.0.0.1", server.port)).unwrap();
    let said = server.start_refused();
    assert!(said.contains(&format!("127.0.0.1:{} cannot be listened on", server.port)), "{said}");
    drop(port);
    config_change(&server, |text| format!("colour = 1\n{text}"));
    let said = server.start_refused();
    assert!(said.contains("server.toml") && said.contains("line 1") && said.contains("`colour`"), "{said}");
    config_change(&server, |text| text.replace("colour = 1\n", ""));
    server.start();
    assert!(server.stop().success());
}

/// Spoils the entries of a store that nobody uses: every so many bytes one is inverted.
fn spoil(server: &ServerProcess) {
    let db = server.data.join("store/entries/db");
    let mut bytes = fs::read(&db).unwrap();
    bytes.iter_mut().step_by(509).for_each(|byte| *byte = !*byte);
    fs::write(db, bytes).unwrap();
}

/// What a damaged store holds afterwards: everything.
struct Before {
    tokens: serde_json::Value,
    epoch: u32,
}

/// A fleet with a store that stands on an export, so that the journal alone does not make it whole.
async fn fleet_on_export() -> (Fleet, Before) {
    let mut fleet = Fleet::start(2).await;
    fleet.server.token(&["--kind", "kit", "--uses", "3"]);
    assert!(fleet.server.stop().success());
    let export = fleet.folder.path().join("export.jsonl");
    fleet.server.command("export", &["--to", export.to_str().unwrap()]);
    fs::remove_dir_all(fleet.server.data.join("store")).unwrap();
    fleet.server.command("import", &["--from", export.to_str().unwrap()]);
    fleet.server.start();
    let before = busy(&fleet.server, &mut fleet.reporters).await;
    (fleet, before)
}

/// Reports from all devices.
async fn busy(server: &ServerProcess, reporters: &mut [Reporter]) -> Before {
    for reporter in reporters {
        let mut client = reporter.client(server.port).await.unwrap();
        for _ in 0..20 {
            reporter.change();
            reporter.tell(&mut client).await.unwrap();
        }
    }
    Before { tokens: server.json(&["token", "list", "--all"]), epoch: epoch(server).await }
}

/// Everything acknowledged and decided is there, and reporting goes on; gives the epoch that devices are told.
async fn whole(server: &ServerProcess, reporters: &mut [Reporter], before: &Before) -> u32 {
    assert!(!server.log_text().contains("panicked"), "{}", server.log_text());
    assert_eq!(server.json(&["token", "list", "--all"]), before.tokens);
    assert_eq!(server.json(&["device", "list"]).as_array().unwrap().len(), reporters.len());
    let epoch = epoch(server).await;
    for reporter in reporters {
        reporter.check(server).await;
        let mut client = reporter.client(server.port).await.unwrap();
        let CheckInResponse { head, wanted, .. } = client.check_in(reporter.hold(0)).await.unwrap().into_inner();
        // Export and journal held every report, so nothing need be asked for.
        assert!(wanted.is_empty(), "{wanted:?}");
        if let Some(head) = head {
            assert_eq!(wire::convert::head_decode(&head.payload).unwrap().generation.epoch, epoch);
        }
        reporter.change();
        assert!(reporter.tell(&mut client).await.unwrap().wanted.is_empty());
    }
    epoch
}

async fn rebuilt(stop: impl FnOnce(&mut ServerProcess)) {
    let (Fleet { folder: _folder, mut server, mut reporters }, before) = fleet_on_export().await;
    stop(&mut server);
    spoil(&server);
    server.start();
    let log = server.log_text();
    let told: Vec<_> = log.lines().filter(|line| line.contains("damaged")).collect();
    assert_eq!(told.len(), 1, "one message: {told:#?} in {log}");
    assert!(told[0].contains("has been rebuilt") && told[0].contains("no acknowledged decision is lost"), "{told:?}");
    let aside = fs::read_dir(server.data.join("store")).unwrap().flatten();
    assert_eq!(aside.filter(|entry| entry.file_name().to_string_lossy().starts_with("damaged-")).count(), 1);
    assert_eq!(whole(&server, &mut reporters, &before).await, before.epoch + 1);
    assert!(server.stop().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_damaged_after_a_crash_is_rebuilt() {
    rebuilt(ServerProcess::kill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_damaged_while_it_lay_is_rebuilt() {
    rebuilt(|server| assert!(server.stop().success())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_whose_journal_holds_everything_is_whole_after_any_damage() {
    let Fleet { folder: _folder, mut server, mut reporters } = Fleet::start(2).await;
    for round in 0..6 {
        let before = busy(&server, &mut reporters).await;
        if round % 2 == 0 {
            server.kill()
        } else {
            assert!(server.stop().success())
        }
        match round {
            0 | 1 => spoil(&server),
            2 | 3 => fs::remove_dir_all(server.data.join("store/entries")).unwrap(),
            _ => File::options()
                .write(true)
                .open(server.data.join("store/entries/db"))
                .unwrap()
                .set_len(100_000)
                .unwrap(),
        }
        server.start();
        whole(&server, &mut reporters, &before).await;
    }
    assert!(server.stop().success());
}
