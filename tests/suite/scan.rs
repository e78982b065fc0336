//! What testssl.sh finds on the agents' port.

use std::process::Command;
use tests::process::ServerProcess;
use tests::system_program;

/// Findings that are there on purpose, each with the reason.
const ON_PURPOSE: &[(&str, &str)] = &[(
    "cert_revocation",
    "devices know one private root and ask nobody else on the way: a server key that was stolen is put out by new trust roots, and \
     server certificates last a year at most",
)];
/// How grave a finding is, from what is to be looked at.
const GRAVE: [&str; 4] = ["MEDIUM", "HIGH", "CRITICAL", "FATAL"];

#[test]
fn testssl_finds_nothing_of_medium_or_above_and_only_tls_1_3() {
    let Some(testssl) = system_program("testssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let json = folder.path().join("scan.json");
    let out = Command::new(testssl)
        .args(["--quiet", "--color", "0", "--warnings", "batch", "--ip", "127.0.0.1", "--nodns", "min"])
        .args(["--protocols", "--std", "--pfs", "--server-defaults", "--vulnerable", "--add-ca"])
        .arg(server.data.join("operator/root.pem"))
        .arg("--jsonfile")
        .arg(&json)
        .arg(format!("localhost:{}", server.port))
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    let text = std::fs::read_to_string(&json).unwrap_or_default();
    let said = String::from_utf8_lossy(&out.stdout);
    let findings: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {said}"));
    let finding = |id: &str| findings.iter().find(|f| f["id"] == id).map(|f| f["finding"].as_str().unwrap_or_default());
    for (id, expected) in [
        ("SSLv2", "not offered"),
        ("SSLv3", "not offered"),
        ("TLS1", "not offered"),
        ("TLS1_1", "not offered"),
        ("TLS1_2", "not offered"),
        ("TLS1_3", "offered with final"),
        ("ALPN_HTTP2", "h2"),
        ("cert_chain_of_trust", "passed."),
    ] {
        assert_eq!(finding(id), Some(expected), "{id}: {said}");
    }
    // The scan went through to its last part.
    assert!(finding("RC4").is_some_and(|said| said.starts_with("not vulnerable")), "{said}");
    let grave: Vec<_> =
        findings.iter().filter(|f| GRAVE.contains(&f["severity"].as_str().unwrap_or_default())).collect();
    let unexpected: Vec<_> = grave.iter().filter(|f| !ON_PURPOSE.iter().any(|(id, _)| f["id"] == *id)).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    for (id, reason) in ON_PURPOSE {
        assert!(grave.iter().any(|f| f["id"] == *id), "no longer found, so no exception any more: {id} ({reason})");
    }
}
