//! The audit from end to end: it tells the whole story, and whoever changes it is found.

use std::fs;
use std::path::Path;
use std::process::Output;
use tests::caller::Attempt;
use tests::process::ServerProcess;

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

/// Runs `audit` with these arguments, which must end with this code; gives what it says on standard error.
fn audit(server: &ServerProcess, arguments: &[&str], code: i32) -> String {
    let out = server.cartable(&[&["audit"], arguments].concat());
    assert_eq!(out.status.code(), Some(code), "{arguments:?}: {}", said(&out));
    said(&out)
}

/// Verifies a file of these lines; gives the exit code and what was found, as programs read it.
fn verified(server: &ServerProcess, file: &Path, lines: &[&str], more: &[&str]) -> (Option<i32>, serde_json::Value) {
    fs::write(file, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let path = file.to_str().unwrap();
    let out = server.cartable(&[&["--output", "json", "audit", "verify", "--file", path], more].concat());
    (out.status.code(), serde_json::from_slice(&out.stdout).unwrap())
}

#[tokio::test]
async fn the_audit_tells_the_whole_story_and_tampering_is_located() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let kit = server.token(&["--kind", "kit", "--uses", "2", "--serial", "PF-1"]).parse().unwrap();
    Attempt::new(&kit, "PF-1").enrol(server.port, &server.data).await.map(|_| ()).unwrap();
    Attempt::new(&kit, "PF-2").enrol(server.port, &server.data).await.map(|_| ()).unwrap();
    let id = server.json(&["device", "list", "--state", "quarantined"])[0]["id"].as_str().unwrap().to_owned();
    assert!(server.cartable(&["device", "approve", &id, "--why", "seen"]).status.success());
    assert!(server.cartable(&["device", "revoke", &id, "--why", "lost", "--yes"]).status.success());
    // The proof over another server's certificate is refused.
    let other = server.token(&["--kind", "unit"]).parse().unwrap();
    let mut moved = Attempt::new(&other, "PF-3");
    moved.binding = Some(vec![0; 32]);
    assert!(moved.enrol(server.port, &server.data).await.is_err());

    let story = server.json(&["audit", "list"]);
    let story = story.as_array().unwrap();
    let verbs: Vec<&str> = story.iter().filter_map(|act| act["verb"].as_str()).collect();
    let told = ["device_enrol", "device_enrol", "device_approve", "device_revoke", "token_create"];
    assert_eq!((verbs[..2].as_ref(), &verbs[2..7]), (["operator_begin", "token_create"].as_ref(), told.as_ref()));
    assert_eq!((verbs[7], story[7]["refused"].as_bool()), ("token_proof", Some(true)));
    assert_eq!((story[5]["subject"].as_str(), story[5]["why"].as_str()), (Some(id.as_str()), Some("lost")));
    assert_eq!(story[2]["author"], "enrolment");
    assert_eq!((story[5]["by"].as_str(), story[5]["role"].as_str()), (Some("admin"), Some("admin")));
    assert!(story.iter().zip(0_u64..).all(|(act, place)| act["sequence"] == place));
    let count = |arguments: &[&str]| server.json(&[&["audit", "list"], arguments].concat()).as_array().unwrap().len();
    assert_eq!(count(&["--device", &id[..18], "--verb", "device_revoke"]), 1);
    assert_eq!(count(&["--device", &id]), 3);
    assert_eq!(count(&["--refused", "--since", "1h"]), 1);
    assert_eq!(count(&["--until", "2020-01-01"]), 0);
    assert_eq!(count(&["--limit", "2"]), 2);
    assert_eq!(count(&["--by", "nobody"]), 0);
    audit(&server, &["list", "--since", "yesterday"], 2);

    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (export, checkpoint) = (path("audit.jsonl"), path("checkpoint"));
    audit(&server, &["export", "--to", &export], 0);
    assert!(audit(&server, &["export", "--to", &export], 1).contains("exists already"));
    audit(&server, &["verify", "--checkpoint", &checkpoint], 0);
    let text = fs::read_to_string(&export).unwrap();
    let whole: Vec<&str> = text.lines().collect();
    assert_eq!(whole.len(), story.len());
    // Without the server from here on.
    server.stop();
    let file = folder.path().join("copy.jsonl");
    let check = |lines: &[&str], more: &[&str]| verified(&server, &file, lines, more);
    let (code, verdict) = check(&whole, &["--checkpoint", &checkpoint]);
    assert_eq!((code, verdict["intact"].as_bool()), (Some(0), Some(true)));
    assert_eq!(verdict["length"], whole.len());
    let located = |lines: &[&str], more: &[&str], place: u64, fault: &str| {
        let (code, verdict) = check(lines, more);
        assert_eq!(code, Some(5), "{verdict}");
        assert_eq!((&verdict["broken_sequence"], &verdict["fault"]), (&place.into(), &fault.into()), "{verdict}");
    };
    let edited = whole[5].replace("lost", "sold");
    located(&[&whole[..5], &[edited.as_str()], &whole[6..]].concat(), &[], 5, "edited");
    located(&[&whole[..2], &whole[4..]].concat(), &[], 2, "cut");
    located(&[&whole[..2], &[whole[3], whole[2]], &whole[4..]].concat(), &[], 2, "reordered");
    assert_eq!(check(&whole[..5], &[]).0, Some(0), "nothing within it tells");
    located(&whole[..5], &["--checkpoint", &checkpoint], 5, "truncated");
    let said = audit(&server, &["verify", "--file", &path("copy.jsonl"), "--checkpoint", &checkpoint], 5);
    assert!(said.contains("broken at entry 5") && said.contains("the checkpoint had seen"), "{said}");
    // The chain goes on, and the checkpoint with it.
    server.start();
    assert!(server.cartable(&["cadence", "set", "--poll", "20m", "--why", "trial"]).status.success());
    audit(&server, &["verify", "--checkpoint", &checkpoint], 0);
    let grown = server.json(&["audit", "list"]);
    let verbs: Vec<&str> = grown.as_array().unwrap()[whole.len()..].iter().filter_map(|a| a["verb"].as_str()).collect();
    assert_eq!(verbs.last(), Some(&"cadence_set"), "{verbs:?}");
    let kept: serde_json::Value = serde_json::from_str(&fs::read_to_string(&checkpoint).unwrap()).unwrap();
    assert_eq!(kept["length"], whole.len() + verbs.len(), "{verbs:?}");
}
