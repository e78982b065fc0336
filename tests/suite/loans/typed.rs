//! Loans as a desk types them: the command line, and the paper that comes of it.

use super::BORROWER;

#[test]
fn a_desk_lends_by_typing_and_prints_what_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = tests::process::ServerProcess::init(folder.path());
    server.start();
    let today =
        server.json(&["loan", "policy", "set", "--grace-days", "7", "--price", "charger:39,50", "--why", "voted"]);
    assert_eq!((today["grace_days"].as_u64(), today["notice_days"].as_u64()), (Some(7), Some(14)));
    assert_eq!(today["prices"], serde_json::json!([{"kind": "charger", "cents": 3_950}]));
    let changed = server.json(&["loan", "policy", "set", "--price", "charger:0", "--price", "mouse:12"]);
    assert_eq!(changed["prices"], serde_json::json!([{"kind": "mouse", "cents": 1_200}]));
    let create = ["loan", "create", "--school", "951099d", "--borrower", BORROWER, "--due", "2099-06-30"];
    let loan = server.json(&create);
    let number = loan["number"].as_str().unwrap().to_owned();
    assert_eq!(loan["state"], "draft");
    server.json(&["loan", "approve", &number]);
    let made = server.json(&["loan", "prepare", &number, "--accessory", "charger:CH-1", "--accessory", "mouse:MO-1"]);
    assert_eq!(
        (made["state"].as_str(), made["accessories"][1]["number"].as_str()),
        (Some("agreement_pending"), Some("MO-1"))
    );
    let pdf = folder.path().join("agreement.pdf");
    let written = server.json(&["loan", "agreement", &number, "--blank", "--to", pdf.to_str().unwrap()]);
    assert_eq!(written["template"], "fr-1");
    assert!(std::fs::read(&pdf).unwrap().starts_with(b"%PDF-1."));
    let signed = server.json(&["loan", "sign", &number, "--by", "guardian1", "--by", "borrower", "--on", "2026-09-05"]);
    assert_eq!(signed["state"], "ready");
    let listed = server.json(&["loan", "list", "--state", "ready"]);
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    // What is not there, what makes no sense, and what comes too early each have their exit code.
    let code = |arguments: &[&str]| server.cartable(arguments).status.code();
    assert_eq!(code(&["loan", "hand-over", &number, "--asset", "TNE-9"]), Some(3));
    assert_eq!(code(&["loan", "extend", &number, "--due", "30/06/2099"]), Some(2));
    assert_eq!(code(&["loan", "return", &number]), Some(5));
    assert_eq!(code(&["loan", "agreement", &number, "--blank", "--to", "/nowhere/x.pdf"]), Some(1));
    assert_eq!(server.json(&["loan", "cancel", &number])["state"], "cancelled");
    assert_eq!(code(&["loan", "cancel", &number]), Some(5));

    // An exam of a whole school: said again, it changes nothing; taken back, it is gone from all.
    for n in 0..2 {
        let asset = format!("TNE-{n}");
        server.json(&["asset", "receive", &asset, "--school", "951099d", "--measure", "pupil-loan"]);
        for step in ["prepare", "ready"] {
            server.json(&["asset", step, &asset]);
        }
        let number = server.json(&create)["number"].as_str().unwrap().to_owned();
        server.json(&["loan", "approve", &number]);
        server.json(&["loan", "prepare", &number, "--asset", &asset]);
        server.json(&["loan", "sign", &number, "--by", "guardian1", "--on", "2026-09-05"]);
        server.json(&["loan", "hand-over", &number]);
    }
    let first = jiff::Zoned::now().date().tomorrow().unwrap();
    let (from, until) = (first.to_string(), first.strftime("%d/%m/%Y").to_string());
    let school = ["loan", "exam", "--school", "951099d", "--why", "brevet"];
    let noted = [&school[..], &["--from", &from, "--until", &until]].concat();
    let taken = [&noted[..], &["--cancel"]].concat();
    let outcomes = |arguments: &[&str]| {
        let rows = server.json(arguments);
        let rows = rows.as_array().unwrap().iter().map(|row| row["outcome"].as_str().unwrap().to_owned());
        rows.collect::<Vec<_>>()
    };
    assert_eq!(outcomes(&noted), ["done", "done"]);
    assert_eq!(outcomes(&noted), ["already", "already"]);
    let lent = server.json(&["loan", "show", "TNE-1"]);
    assert_eq!((lent["exam_from"].as_str(), lent["exam_until"].as_str()), (Some(&*from), Some(&*from)));
    assert_eq!(
        server.json(&["loan", "exam", "TNE-1", "--cancel", "--why", "moved"])["exam_from"],
        serde_json::Value::Null
    );
    // A pupil's own exam is neither replaced nor taken back with the school's, unless somebody says so.
    let own = first.tomorrow().unwrap().to_string();
    server.json(&["loan", "exam", "TNE-1", "--from", &own, "--until", &own, "--why", "oral"]);
    assert_eq!(outcomes(&noted), ["already", "other"]);
    assert_eq!(outcomes(&taken), ["done", "other"]);
    assert_eq!(server.json(&["loan", "show", "TNE-1"])["exam_from"].as_str(), Some(&*own));
    assert_eq!(outcomes(&[&noted[..], &["--replace"]].concat()), ["done", "done"]);
    assert_eq!(outcomes(&taken), ["done", "done"]);
    assert_eq!(outcomes(&taken), ["already", "already"]);
    assert_eq!(code(&[&school[..], &["--cancel"]].concat()), Some(2), "of which exam");
    let cancel = ["loan", "exam", "TNE-1", "--cancel", "--from", &from, "--until", &from, "--why", "moved"];
    assert_eq!(code(&cancel), Some(2));
    let late = ["loan", "exam", "TNE-1", "--from", &from, "--until", "2099-06-30", "--why", "brevet"];
    assert_eq!(code(&late), Some(2));
    assert_eq!(code(&["loan", "exam", "TNE-1", "--why", "brevet"]), Some(2));
}
