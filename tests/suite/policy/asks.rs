//! What users ask about single names, and what people answer.

use super::super::assets::Fleet;
use super::{CLASS, SCHOOL, example, filters, filters_so};
use serde_json::json;
use tests::reporter::Reporter;
use wire::v1::{CheckInRequest, FilterAsk, FilterAskKind};

fn ask(n: u8, kind: FilterAskKind, name: &str) -> FilterAsk {
    FilterAsk { id: vec![n; 16], kind: kind.into(), name: name.to_owned(), at_unix_ms: 1 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_users_ask_for_is_answered_for_a_class_and_reaches_its_devices() {
    let fleet = Fleet::new();
    let (server, port) = (&fleet.server, fleet.server.port);
    let (id, one) = fleet.enrol("PC-1", &["--school", SCHOOL]).await;
    let (_, other) = fleet.enrol("PC-2", &["--school", SCHOOL]).await;
    let (one, other) = (Reporter::new(one), Reporter::new(other));
    fleet.said(&["class", "put", CLASS, "--device", &id]);
    server.json(&["policy", "apply", &example("national"), "--layer", "national"]);
    let says = async |device: &Reporter, asks: Vec<FilterAsk>| {
        let mut client = device.client(port).await.unwrap();
        // Held for an hour, were it not for what it says.
        let request = CheckInRequest { asks, hold_ms: 3_600_000, ..device.request() };
        client.check_in(request).await.map(|answer| answer.into_inner().asks_kept)
    };
    let unblock = FilterAskKind::Unblock;
    let kept = says(&other, vec![ask(1, unblock, "atlas.example"), ask(2, FilterAskKind::Report, "bad.example")]).await;
    assert_eq!(kept.unwrap(), [vec![1; 16], vec![2; 16]]);
    assert_eq!(says(&one, vec![ask(3, unblock, "atlas.example")]).await.unwrap(), [vec![3; 16]]);
    assert_eq!(says(&one, vec![ask(3, unblock, "atlas.example")]).await.unwrap(), [vec![3; 16]], "its answer was lost");
    // What can never be meant is not asked for again either; what is no message is refused.
    assert_eq!(says(&one, vec![ask(4, unblock, "https://a/")]).await.unwrap(), [vec![4; 16]]);
    assert!(says(&one, vec![FilterAsk { id: vec![1], ..ask(5, unblock, "a.example") }]).await.is_err());
    assert!(says(&one, (0..21).map(|n| ask(n, unblock, "a.example")).collect()).await.is_err());
    let many = (100..120).map(|n| ask(n, unblock, &format!("h{n}.example"))).collect();
    assert_eq!(says(&one, many).await.unwrap().len(), 20, "more than a day's are acknowledged, and not kept");

    let listed = server.json(&["unblock", "list", "--school", SCHOOL, "--state", "open"]);
    let rows = listed.as_array().unwrap();
    assert_eq!(rows.len(), 2 + 19);
    let atlas = rows.iter().find(|row| row["name"] == "atlas.example").unwrap();
    assert_eq!((&atlas["devices"], &atlas["classes"], &atlas["kind"]), (&json!(2), &json!([CLASS]), &json!("unblock")));
    assert!(!listed.to_string().contains(&id), "nobody is told which device asks");
    let request = atlas["id"].as_str().unwrap();
    let report = rows.iter().find(|row| row["kind"] == "report").unwrap()["id"].as_str().unwrap();
    fleet.refused(2, &["unblock", "accept", report, "--for", "school", "--days", "3"]);
    fleet.refused(3, &["unblock", "accept", "00", "--days", "3"]);
    let accepted = server.json(&["unblock", "accept", request, "--for", "class", "--days", "7", "--why", "géographie"]);
    assert_eq!((&accepted["state"], &accepted["scope"]), (&json!("accepted"), &json!(format!("class:{CLASS}"))));
    let told = filters_so(&one, port, |told| !told.unblocked.is_empty()).await;
    assert_eq!((told.unblocked[0].name.as_str(), told.unblocked.len()), ("atlas.example", 1));
    assert!(filters(&other, port).await.unwrap().unblocked.is_empty(), "it is in another class");
    assert_eq!(server.json(&["explain", &id])["unblocked"], json!(["atlas.example"]));
    let explained = server.json(&["explain", &id, "www.atlas.example"]);
    let (verdict, item) = (&explained["verdicts"][1], "atlas.example");
    assert_eq!(
        (&verdict["blocked"], &verdict["whose"], &verdict["item"]),
        (&json!(false), &json!("unblock"), &json!(item))
    );
    fleet.refused(2, &["unblock", "accept", request, "--until", "demain"]);
    fleet.refused(2, &["unblock", "accept", request, "--for", "lesson"]);
    let lesson = server.json(&["lesson", "start", "--school", SCHOOL, "--minutes", "50", "--only-open"]);
    let within = server.json(&["unblock", "accept", request, "--for", "lesson"]);
    assert_eq!((&within["scope"], &within["until"]), (&json!(format!("school:{SCHOOL}")), &lesson["until"]));
    let week = server.json(&["unblock", "accept", request]);
    assert_eq!((&week["scope"], &week["state"]), (&json!(format!("class:{CLASS}")), &json!("accepted")));
    let alone = server.json(&["unblock", "accept", request, "--for", "device", "--days", "7"]);
    assert_eq!(alone["scope"], "device", "which one is nobody's business");
    server.json(&["unblock", "refuse", report]);
    let open = server.json(&["unblock", "list", "--state", "open"]);
    assert_eq!(open.as_array().unwrap().len(), 19);
    assert_eq!(server.json(&["unblock", "list", "--state", "refused"])[0]["name"], "bad.example");
    // The audit says who answered, and no name that somebody asked for.
    let audit = server.cartable(&["--output", "json", "audit", "list"]);
    let audit = String::from_utf8(audit.stdout).unwrap();
    assert!(audit.contains("unblock_accept") && !audit.contains("atlas.example"), "{audit}");
    // Where a layer above does not leave it, nothing is unblocked.
    let strict = fleet.file("strict.toml", b"[both]\nblock = [\"chat\"]\n");
    server.json(&["policy", "apply", &strict, "--layer", "territory"]);
    filters_so(&one, port, |told| told.unblocked.is_empty()).await;
    let refused = fleet.refused(2, &["unblock", "accept", request, "--for", "school", "--days", "3"]);
    assert!(refused.contains("layer territory does not let names be unblocked"), "{refused}");
}
