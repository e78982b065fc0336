//! A stock count, online.

use super::bench::{Shell, laptop, world};
use cartable::Exit;
use model::lifecycle::Lifecycle;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_school_is_counted_and_the_report_tells_what_is_missing_and_what_belongs_elsewhere() {
    let world = world().await;
    for (number, school, lifecycle) in [
        ("TNE25-000001", "0951099D", Lifecycle::Available),
        ("TNE25-000002", "0951099D", Lifecycle::InKit),
        ("TNE25-000003", "0951099D", Lifecycle::OnLoan),
        ("TNE25-000004", "0750654D", Lifecycle::Available),
    ] {
        laptop(&world, number, school, lifecycle).await;
    }
    let shell = Shell::first(&world);
    let begun = shell.json(&["stocktake", "start", "--school", "951099d"]).await;
    let id = begun["id"].as_str().unwrap();
    let noted = shell.json(&["stocktake", "scan", id, "LBL000001", "TNE25-000004", "4006381333931"]).await;
    assert_eq!(noted[0]["asset"], "TNE25-000001");
    assert_eq!(noted[2]["asset"], serde_json::Value::Null);
    let again = shell.json(&["stocktake", "scan", id, "PF000001"]).await;
    assert_eq!(again[0]["already"], true, "{again}");
    let report = shell.json(&["stocktake", "report", id]).await;
    let counts = ["missing", "unexpected", "unknown", "present"].map(|key| report[key].as_u64().unwrap());
    assert_eq!(counts, [1, 1, 1, 1], "{report}");
    let findings = report["findings"].as_array().unwrap();
    assert_eq!((&findings[0]["number"], &findings[0]["found"]), (&"TNE25-000002".into(), &"missing".into()));
    assert_eq!((&findings[1]["number"], &findings[1]["school"]), (&"TNE25-000004".into(), &"0750654D".into()));
    let (_, csv) = shell.says(&["--output", "csv", "stocktake", "report", id, "--found", "missing"]).await;
    assert_eq!(csv.lines().count(), 2, "{csv}");
    let (_, table) = shell.says(&["stocktake", "report", id]).await;
    assert!(table.contains("belongs to") || table.contains("BELONGS TO"), "{table}");
    assert_eq!(shell.says(&["stocktake", "close", id]).await.0, Exit::Done);
    let (exit, text) = shell.says(&["stocktake", "scan", id, "TNE25-000002"]).await;
    assert!(exit == Exit::Expired && text.contains("start another one"), "{text}");
    let (exit, text) = shell.says(&["stocktake", "report", "0951099D-1999-01-01"]).await;
    assert!(exit == Exit::NotFound && text.contains("no such stock count"), "{text}");
    assert_eq!(shell.json(&["stocktake", "list"]).await.as_array().unwrap().len(), 1);
}
