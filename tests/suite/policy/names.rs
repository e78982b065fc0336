//! Names as people type them, wherever they do.

use super::super::assets::Fleet;
use super::{CLASS, SCHOOL, filters_so};
use serde_json::json;
use tests::reporter::Reporter;

const ASKED: &str = "xn--lve-6lad.example";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_is_one_name_however_it_is_typed() {
    let fleet = Fleet::new();
    let (server, port) = (&fleet.server, fleet.server.port);
    let (id, device) = fleet.enrol("PC-1", &["--school", SCHOOL]).await;
    let device = Reporter::new(device);
    fleet.said(&["class", "put", CLASS, "--device", &id]);
    let text = "[both]\nblock_names = [\"Élève.Example.\", \"_A_B.example\"]\nopen_names = [\"ＷＷＷ。élève。example\"]\n\
                [negotiable]\nnames = true\nlessons = true\nunblock = true\n";
    let policy = fleet.file("names.toml", text.as_bytes());
    server.json(&["policy", "apply", &policy, "--layer", "territory"]);
    let told = filters_so(&device, port, |_| true).await;
    let names: Vec<&str> = told.in_school.names_blocked.iter().map(|name| name.as_str()).collect();
    assert_eq!(names, ["_a_b.example", ASKED]);
    assert_eq!(fleet.said(&["policy", "show", "--layer", "territory"]), text, "as it was written");
    let both = "[both]\nblock_names = [\"élève.example\"]\nopen_names = [\"XN--LVE-6LAD.example\"]\n";
    let both = fleet.file("both.toml", both.as_bytes());
    let refused = fleet.refused(2, &["policy", "check", &both, "--layer", "territory"]);
    assert!(refused.contains(&format!("{ASKED} is blocked too")), "{refused}");

    for (typed, asked, blocked) in [
        ("ÉLÈVE.example.", ASKED, true),
        (" a.élève。EXAMPLE", &format!("a.{ASKED}"), true),
        ("www.xn--lve-6lad.example", &format!("www.{ASKED}"), false),
        ("x._a_b.Example", "x._a_b.example", true),
    ] {
        let explained = server.json(&["explain", &id, typed]);
        let verdict = &explained["verdicts"][0];
        assert_eq!((&verdict["name"], &verdict["blocked"]), (&json!(asked), &json!(blocked)), "{typed}");
        assert_eq!(verdict["by"], "territory");
    }
    let sample = fleet.file("sample.txt", "Élève.example\nother.example adult\n".as_bytes());
    let quiet = fleet.file("quiet.toml", b"name = \"x\"\n");
    let planned = server.json(&["policy", "plan", &quiet, "--layer", "territory", "--names", &sample]);
    assert_eq!(planned["turns"][0]["name"], ASKED);

    let start = ["lesson", "start", "--class", CLASS, "--minutes", "50"];
    let names = ["--open-name", "École.example,_x.Example", "--block-name", "例え.example."];
    let lesson = server.json(&[&start[..], &names].concat());
    assert_eq!(lesson["names_open"], json!(["_x.example", "xn--cole-9oa.example"]));
    assert_eq!(lesson["names_blocked"], json!(["xn--r8jz45g.example"]));
    let told = filters_so(&device, port, |told| !told.lessons.is_empty()).await;
    assert_eq!(told.lessons[0].names_open.len(), 2);

    for bad in ["https://élève.example/", "élève", "1.2.3.4", "a..example", "a b.example"] {
        let said = format!("\"{bad}\" is not a name such as example.org");
        let refused = fleet.refused(2, &["explain", &id, bad]);
        assert!(refused.contains(&said) && refused.contains("without https://"), "{refused}");
        let refused = fleet.refused(2, &[&start[..], &["--open-name", bad]].concat());
        assert!(refused.contains(&said), "{refused}");
        let policy = fleet.file("bad.toml", format!("[both]\nblock_names = [\"{bad}\"]\n").as_bytes());
        let refused = fleet.refused(2, &["policy", "check", &policy, "--layer", "territory"]);
        assert!(refused.contains("line 2, block_names: ") && refused.contains(&said), "{refused}");
    }
    let sample = fleet.file("bad.txt", "www.example\nhttps://élève.example/\n".as_bytes());
    let refused = fleet.refused(2, &["policy", "plan", &quiet, "--layer", "territory", "--names", &sample]);
    assert!(refused.contains("\"https://élève.example/\" is not a name such as example.org"), "{refused}");
}
