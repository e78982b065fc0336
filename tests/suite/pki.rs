//! Every kind of certificate that is made here, judged by a linter that shares no code with us.

use identity::caller::Caller;
use identity::csr::{key_make, request_make};
use identity::issue::{Authority, root_make};
use model::id::DeviceId;
use model::time::Timestamp;
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::python::python_program;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_000_000);
/// pkilint knows the schemes of the web alone; ours is SPIFFE's (SPIFFE-ID, 2).
const SPIFFE: &str = "pkix.invalid_uri_syntax (ERROR): Invalid URI syntax: \"spiffe://cartable/";

/// What the linter finds, warnings and worse, SPIFFE's scheme aside.
fn findings(program: &Path, files: &[&Path]) -> Vec<String> {
    let out = Command::new(program).args(["lint", "-s", "WARNING", "-f", "TEXT"]).args(files).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let found = text.lines().map(str::trim).filter(|line| line.contains(" (") && line.starts_with("pkix."));
    let found: Vec<String> = found.map(str::to_owned).collect();
    // Its exit code is the number of findings: whatever this reading missed shows there.
    assert_eq!(out.status.code(), i32::try_from(found.len()).ok(), "{text}{}", String::from_utf8_lossy(&out.stderr));
    found.into_iter().filter(|line| !line.starts_with(SPIFFE)).collect()
}

#[test]
fn pkilint_finds_nothing_in_any_certificate_of_ours() {
    let Some(lint) = python_program("pkilint", "lint_pkix_cert") else { return };
    let Some(lint_pair) = python_program("pkilint", "lint_pkix_signer_signee_cert_chain") else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, der: &[u8]| -> PathBuf {
        let path = folder.path().join(format!("{name}.der"));
        std::fs::write(&path, der).unwrap();
        path
    };
    let root = root_make("doubs", NOW).unwrap();
    let root_file = file("root", &root.chain[0]);
    let root = Authority::new(&root.key_pem, root.chain).unwrap();
    let middle = root.intermediate_issue("doubs", NOW, [0xff; 16]).unwrap();
    let middle_file = file("intermediate", &middle.chain[0]);
    let request = request_make(&key_make().unwrap()).unwrap();
    let asked_file = file("asked", &root.intermediate_certify(&request, "doubs", NOW, [0; 16]).unwrap()[0]);
    let middle = Authority::new(&middle.key_pem, middle.chain).unwrap();
    let names = ["cartable.example.fr", "192.0.2.7", "2001:db8::7"].map(str::to_owned);
    let server_file = file("server", &middle.server_issue(&names, NOW, [0x80; 16]).unwrap().chain[0]);
    let territory: model::id::TerritoryId = "doubs".parse().unwrap();
    let device = Caller::Device { territory: territory.clone(), device: DeviceId::new(NOW, [7; 10]) };
    let operator = Caller::Operator { territory, name: "jeanne.dupond-2".to_owned() };
    let device_file = file("device", &middle.device_issue(&request, &device, NOW, 1, [1; 16]).unwrap()[0]);
    let operator_file = file("operator", &middle.operator_certify(&request, &operator, NOW, [1; 16]).unwrap()[0]);
    let first_file = file("first", &middle.operator_issue(&operator, NOW, [0x7f; 16]).unwrap().chain[0]);

    for path in [&root_file, &middle_file, &asked_file, &server_file, &device_file, &operator_file, &first_file] {
        assert_eq!(findings(&lint, &[path]), Vec::<String>::new(), "{path:?}");
    }
    for (issuer, subject) in [
        (&root_file, &middle_file),
        (&root_file, &asked_file),
        (&middle_file, &server_file),
        (&middle_file, &device_file),
        (&middle_file, &operator_file),
    ] {
        assert_eq!(findings(&lint_pair, &[issuer, subject]), Vec::<String>::new(), "{issuer:?} {subject:?}");
    }
    // It does find what is wrong: a name that is none, an issuer that did not sign.
    let short = file("short", &middle.server_issue(&["localhost".to_owned()], NOW, [1; 16]).unwrap().chain[0]);
    assert_eq!(findings(&lint, &[&short]).len(), 1);
    assert!(!findings(&lint_pair, &[&root_file, &server_file]).is_empty());
}
