//! What a borrower can read on the device: everything sent, with its purpose, and everything done from afar.

use std::fs;
use tests::process::{AgentProcess, ServerProcess, until};

#[test]
fn the_borrower_reads_what_was_sent_and_what_was_done_from_afar() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let mut agent = AgentProcess::new(folder.path(), "agent", "");
    agent.enrol(&server, &server.token(&["--kind", "unit"]));
    agent.start();
    let id = server.json(&["device", "list"])[0]["id"].as_str().unwrap().to_owned();
    until(60, "it has reported", || server.json(&["device", "show", &id])["reports"].as_array().unwrap().len() == 5);
    let decided = server.cartable(&["device", "quarantine", &id, "--why", "to be looked at"]);
    assert!(decided.status.success(), "{}", String::from_utf8_lossy(&decided.stderr));
    let decided = server.cartable(&["device", "approve", &id, "--why", "all right"]);
    assert!(decided.status.success(), "{}", String::from_utf8_lossy(&decided.stderr));
    let known = || fs::read_to_string(agent.state.join("acts.json")).unwrap_or_default();
    until(30, "it was told of both", || known().contains("device_quarantine") && known().contains("device_approve"));

    let out = agent.run(&["status", "--what-is-sent", "--output", "json"]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let read: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let messages = read["messages"].as_array().unwrap();
    let names: Vec<_> = messages.iter().map(|message| message["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "Hardware",
            "Peripherals",
            "System",
            "Packages",
            "Health",
            "CheckInRequest",
            "CheckInRequest.report",
            "FinishRequest",
            "StartRequest"
        ]
    );
    for message in messages {
        for field in message["fields"].as_array().unwrap() {
            assert!(field["purpose"]["fr"].as_str().is_some_and(|text| text.ends_with('.')), "{field}");
        }
    }
    let field = |name: &str| {
        let fields = messages.iter().flat_map(|message| message["fields"].as_array().unwrap());
        fields.into_iter().find(|field| field["name"] == name).map(|field| field["values"][0].clone())
    };
    assert_eq!(field("cartable.v1.CheckInRequest.agent_version"), Some(agent::VERSION.into()));
    let acts = read["acts"].as_array().unwrap();
    let told: Vec<_> = acts.iter().map(|act| (act["verb"].as_str().unwrap(), act["by"].as_str().unwrap())).collect();
    assert_eq!(told, [("device_quarantine", "admin"), ("device_approve", "admin")]);
    assert_eq!(acts[0]["why"], "to be looked at");

    let said = String::from_utf8(agent.run(&["status", "--what-is-sent"]).stdout).unwrap();
    for part in ["Health, sent on", "agent_version: ", "Public task (GDPR", "device quarantined, by: administrator"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let french = String::from_utf8(agent.run_in_french(&["status", "--what-is-sent"]).stdout).unwrap();
    let french = french.replace(['\u{a0}', '\u{202f}'], " ");
    for part in ["Mission d'intérêt public", "appareil approuvé, par : administrateur, motif : « all right »"] {
        assert!(french.contains(part), "{part}: {french}");
    }

    // What everybody is told, and only once: a quiet device is held, not answered in a circle.
    let calls = || server.json(&["server", "status"])["check_ins"].as_u64().unwrap();
    let set = server.cartable(&["cadence", "set", "--health", "2h", "--why", "quieter"]);
    assert!(set.status.success(), "{}", String::from_utf8_lossy(&set.stderr));
    until(30, "it was told of the cadence", || known().contains("cadence_set"));
    until(30, "it is held again", || server.json(&["server", "status"])["held"] == 1);
    assert!(calls() < 25, "{}", calls());
    assert!(!known().contains("operator") && agent.stop().success());
}
