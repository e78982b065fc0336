//! A device in Python, written from the `.proto` files alone: what they say is enough, and is what the server does.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tests::process::ServerProcess;
use tests::python::python;
use tests::reporter::show;
use wire::v1::SectionKind;

/// A device whose certificate is so old is within its window of renewal, from half of thirty days on.
const AGO: Duration = Duration::from_secs(16 * 86_400);

/// The device in Python, with what it keeps.
struct Foreign {
    python: PathBuf,
    state: PathBuf,
}

impl Foreign {
    fn new(python: PathBuf, folder: &Path) -> Self {
        let state = folder.join("foreign");
        std::fs::create_dir(&state).unwrap();
        Self { python, state }
    }

    async fn act(&self, arguments: &[&str]) -> Value {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(&self.python);
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("GRPC_VERBOSITY", "ERROR");
        for name in ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "grpc_proxy"] {
            command.env_remove(name);
        }
        command.arg(tests.join("foreign/client.py")).arg("--protos").arg(tests.join("../proto/wire"));
        command.arg("--state").arg(&self.state).args(arguments);
        let out = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout).unwrap()
    }

    async fn enrol(&self, server: &ServerProcess, token: &str) -> Value {
        let address = format!("localhost:{}", server.port);
        self.act(&["enrol", "--server", &address, "--token", token, "--serial", "PY-1"]).await
    }

    async fn check_in(&self, sequence: &str) {
        let told = self.act(&["check-in", "--sequence", sequence]).await;
        let expected = serde_json::json!({
            "sequence": sequence.parse::<u64>().unwrap(), "stored": true, "wanted": 0, "head_again": false,
        });
        assert_eq!(told, expected);
    }
}

fn id(joined: &Value) -> String {
    uuid::Uuid::parse_str(joined["device"].as_str().unwrap()).unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_client_enrols_and_reports() {
    let Some(python) = python("grpcio", "grpc_tools, cryptography, grpc") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let foreign = Foreign::new(python, folder.path());
    let token = server.token(&["--kind", "unit"]);
    // As somebody types it.
    let joined = foreign.enrol(&server, &token.to_lowercase().replace('0', "o").replace('-', " ")).await;
    assert_eq!((&joined["quarantined"], &joined["identity_generation"]), (&false.into(), &1.into()), "{joined}");
    foreign.check_in("1").await;
    foreign.check_in("2").await;
    let shown = show(&server, &id(&joined)).await;
    let kinds: Vec<SectionKind> = shown.sections.iter().map(|section| section.kind()).collect();
    assert_eq!(kinds, [SectionKind::Hardware, SectionKind::Health]);
    assert_eq!(shown.device.unwrap().model, "grpcio");
    // What it may not is said in words that it can show.
    let early = foreign.act(&["renew"]).await;
    assert_eq!(early["refused"], "INVALID_ARGUMENT", "{early}");
    let second = Foreign::new(foreign.python.clone(), &tempfile::tempdir_in(folder.path()).unwrap().keep());
    let spent = second.enrol(&server, &token).await;
    assert_eq!(spent["refused"], "PERMISSION_DENIED", "{spent}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_client_renews() {
    let Some(python) = python("grpcio", "grpc_tools, cryptography, grpc") else { return };
    let folder = tempfile::tempdir().unwrap();
    let foreign = Foreign::new(python, folder.path());
    let (mut server, joined) = ServerProcess::earlier(folder.path(), AGO, async |server| {
        let joined = foreign.enrol(server, &server.token(&["--kind", "unit"])).await;
        foreign.check_in("1").await;
        joined
    })
    .await;
    server.start();
    let renewed = foreign.act(&["renew"]).await;
    let from = |answer: &Value| answer["renew_from_unix_ms"].as_i64().unwrap();
    let later = Duration::from_millis(u64::try_from(from(&renewed) - from(&joined)).unwrap());
    assert!(later.abs_diff(AGO) < Duration::from_secs(3_600), "{joined} {renewed}");
    foreign.check_in("2").await;
    // Its first check-in with the new one has put that in force.
    let audit = server.json(&["audit", "list"]).to_string();
    assert!(audit.contains("certificate_switch"), "{audit}");
}
