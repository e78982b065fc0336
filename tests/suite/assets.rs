//! Equipment from the delivery note to its retirement: received by list, bound when it enrols, lost and found, wiped, labelled.

use model::token::Token;
use std::path::Path;
use std::process::{Command, Output};
use tests::caller::{Attempt, TestDevice};
use tests::process::ServerProcess;

/// Latin-1, as an office's spreadsheet writes it: with a column that means nothing here, and lines that are wrong.
const LIST: &str = "Numéro d'inventaire;N° de série;Marque;Modèle;Type;Propriétaire;Mesure;Financement;Prix;Date d'achat;UAI;Remarque\n\
    tne25-000001;PF-1;Lenovo;ThinkPad L13;laptop;commune-besancon;prêt élève;PIA4-2025;1 234,50;01/09/2025;951099d;lot 1\n\
    TNE25-000002;PF-2;Lenovo;ThinkPad L13;laptop;commune-besancon;prêt élève;PIA4-2025;1 234,50;01/09/2025;0951099D;\n\
    TNE25-000003;PF-3;Lenovo;ThinkPad L13;laptop;commune-besancon;prêt élève;;;;0951099D;\n\
    TNE25-000004;PF-3;Lenovo;ThinkPad L13;laptop;commune-besancon;;;;;0951099D;\n\
    TNE25-000005;Default string;;;camera;;;;;;;\n\
    TNE25-000006;;;;cable;;;;;;0699990Z;\n\
    TNE25-000007;;;;câble;;;;douze;;;\n";

pub(super) struct Fleet {
    _folder: tempfile::TempDir,
    pub(super) server: ServerProcess,
}

impl Fleet {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = ServerProcess::init(folder.path());
        server.start();
        Self { _folder: folder, server }
    }

    /// Runs the CLI, which must succeed; what it prints.
    pub(super) fn said(&self, arguments: &[&str]) -> String {
        let out = self.server.cartable(arguments);
        assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }

    /// Runs the CLI, which must fail so; what it says.
    pub(super) fn refused(&self, code: i32, arguments: &[&str]) -> String {
        let out: Output = self.server.cartable(arguments);
        let said = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(code), "{arguments:?}: {said}");
        said
    }

    pub(super) fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self._folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(super) fn path(&self, name: &str) -> String {
        self._folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(super) fn asset(&self, number: &str) -> serde_json::Value {
        self.server.json(&["asset", "show", number])
    }

    /// Enrols a device that claims this serial number, with a token made so.
    pub(super) async fn enrol(&self, serial: &str, token: &[&str]) -> (String, TestDevice) {
        let token: Token = self.server.token(token).parse().unwrap();
        let device = Attempt::new(&token, serial).enrol(self.server.port, &self.server.data).await.unwrap();
        (uuid::Uuid::from_slice(&device.answer.device).unwrap().to_string(), device)
    }
}

/// The text of a PDF, and its first page as a picture beside it; nothing where poppler is not installed.
pub(super) fn pdf_text(path: &str) -> Option<String> {
    let out = Command::new("pdftotext").args(["-layout", path, "-"]).output().ok()?;
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let drawn = Command::new("pdftoppm").args(["-r", "60", "-png", "-f", "1", "-l", "1", path, path]).status().ok()?;
    assert!(drawn.success() && Path::new(path).exists());
    Some(String::from_utf8(out.stdout).unwrap())
}

fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_received_once_and_what_enrols_finds_its_place_in_it() {
    let fleet = Fleet::new();
    let list = fleet.file("lot.csv", &latin(LIST));
    // Nobody owns anything yet, and three lines name no measure.
    let refused = fleet.refused(1, &["asset", "import", &list, "--dry-run"]);
    assert!(refused.contains("A trial") && refused.contains("7 lines were refused"), "{refused}");
    fleet.said(&["org", "add", "commune-besancon", "--name", "Commune A", "--kind", "commune"]);
    let refused = fleet.refused(1, &["asset", "import", &list, "--dry-run"]);
    assert!(refused.contains("4 lines were refused"), "{refused}");
    let import = ["asset", "import", &list, "--measure", "base"];
    let refused = fleet.refused(1, &[&import[..], &["--dry-run"]].concat());
    assert!(refused.contains("3 lines were refused"), "{refused}");
    assert_eq!(fleet.server.json(&["asset", "list"]).as_array().unwrap().len(), 0, "a trial writes nothing");
    let out = fleet.server.cartable(&[&["--output", "json"], &import[..]].concat());
    let report: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((&report["new"], &report["refused"]), (&4.into(), &3.into()), "{report}");
    assert_eq!(report["ignored_columns"], serde_json::json!(["Remarque"]));
    let lines = report["lines"].as_array().unwrap();
    let at = |line: u64| lines.iter().find(|row| row["line"] == line).unwrap();
    assert_eq!((&at(5)["outcome"], &at(5)["fields"]), (&"alike".into(), &"TNE25-000003".into()));
    assert!(at(6)["why"].as_str().unwrap().contains("Default string"), "{report}");
    assert!(at(7)["why"].as_str().unwrap().contains("0699990Z"), "{report}");
    assert!(at(8)["why"].as_str().unwrap().contains("douze"), "{report}");
    // The same list again changes nothing.
    let out = fleet.server.cartable(&[&["--output", "json"], &import[..]].concat());
    let again: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((&again["new"], &again["same"]), (&0.into(), &4.into()), "{again}");
    let one = fleet.asset("TNE25-000001");
    assert_eq!((&one["lifecycle"], &one["price_cents"]), (&"received".into(), &123_450.into()));
    assert_eq!((&one["school"], &one["measure"]), (&"0951099D".into(), &"pupil-loan".into()));

    // It enrols with a token that names no place: the list does.
    let (device, _) = fleet.enrol("pf-1", &["--kind", "unit"]).await;
    let one = fleet.asset("pf-1");
    assert_eq!((&one["device"], &one["number"]), (&device.as_str().into(), &"TNE25-000001".into()));
    let shown = fleet.server.json(&["device", "show", &device]);
    assert_eq!((&shown["school"], &shown["owner"]), (&"0951099D".into(), &"commune-besancon".into()));
    // Two assets bear one serial number, or the token files it elsewhere: a person decides.
    let (twice, _) = fleet.enrol("PF-3", &["--kind", "unit"]).await;
    let (elsewhere, _) = fleet.enrol("PF-2", &["--kind", "unit", "--school", "0750654D"]).await;
    let unbound = fleet.server.json(&["asset", "list", "--unbound"]);
    assert_eq!(unbound.as_array().unwrap().len(), 3, "{unbound}");
    assert_eq!(fleet.asset("TNE25-000003")["candidates"][0]["id"], twice.as_str());
    fleet.refused(4, &["asset", "bind", "TNE25-000003", &twice]);
    fleet.said(&["asset", "bind", "TNE25-000003", &twice, "--yes", "--why", "label read on the machine"]);
    assert_eq!(fleet.asset("TNE25-000003")["device"], twice.as_str());
    let said = fleet.refused(2, &["asset", "bind", "TNE25-000004", &twice, "--yes"]);
    assert!(said.contains("is bound to TNE25-000003"), "{said}");
    let said = fleet.refused(2, &["asset", "bind", "TNE25-000002", &elsewhere, "--yes"]);
    assert!(said.contains("different schools"), "{said}");
    fleet.said(&["asset", "move", "TNE25-000002", "--school", "0750654D"]);
    fleet.said(&["asset", "bind", "TNE25-000002", &elsewhere, "--yes"]);
    fleet.said(&["asset", "unbind", "TNE25-000002"]);
    // A placeholder never binds.
    fleet.said(&["asset", "receive", "X-1", "--kind", "laptop", "--measure", "base"]);
    let (nameless, _) = fleet.enrol("Default string", &["--kind", "unit"]).await;
    assert_eq!(fleet.asset("X-1")["device"], serde_json::Value::Null);
    assert!(!nameless.is_empty());
    let csv = fleet.said(&["--output", "csv", "asset", "list", "--measure", "pupil-loan", "--model", "thinkpad"]);
    assert_eq!(csv.lines().count(), 4, "{csv}");
    let said = fleet.refused(3, &["asset", "show", "TNE99"]);
    assert!(said.contains("no equipment fits \"TNE99\""), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_found_repaired_wiped_and_retired() {
    let fleet = Fleet::new();
    fleet.said(&["asset", "receive", "A-1", "--serial", "PF-1", "--school", "0951099D", "--measure", "pupil-loan"]);
    let (device, _) = fleet.enrol("PF-1", &["--kind", "unit"]).await;
    let said = fleet.refused(2, &["asset", "ready", "A-1"]);
    assert!(said.contains("A-1 is received and cannot be made available"), "{said}");
    fleet.said(&["asset", "prepare", "A-1"]);
    fleet.said(&["asset", "ready", "A-1"]);
    let epoch = fleet.asset("A-1")["epoch"].as_u64().unwrap();
    fleet.said(&["asset", "steal", "A-1", "--why", "complaint 2026/1234"]);
    let stolen = fleet.asset("A-1");
    assert_eq!((&stolen["lifecycle"], stolen["epoch"].as_u64()), (&"stolen".into(), Some(epoch + 1)));
    assert_eq!((&stolen["bound"]["state"], &stolen["bound"]["reason"]), (&"quarantined".into(), &"lost".into()));
    fleet.refused(2, &["asset", "unbind", "A-1"]);
    fleet.refused(2, &["asset", "wipe", "A-1", "--why", "x"]);
    let found = fleet.server.cartable(&["asset", "find", "A-1"]);
    assert!(String::from_utf8_lossy(&found.stderr).contains(&format!("device approve {device}")));
    fleet.said(&["device", "approve", &device, "--why", "looked at"]);
    fleet.said(&["asset", "check", "A-1"]);
    // Reinstalled, it enrols again with another key: wiped.
    fleet.enrol("PF-1", &["--device", &device]).await;
    let wiped = fleet.asset("A-1");
    assert_eq!((&wiped["wiped_how"], &wiped["device"]), (&"reenrolled".into(), &device.as_str().into()));
    for verb in ["repair", "prepare", "retire"] {
        if verb == "retire" {
            fleet.refused(3, &["asset", "retire", "A-2"]);
            fleet.said(&["asset", "ready", "A-1"]);
        }
        fleet.said(&["asset", verb, "A-1"]);
    }
    let sheet = fleet.said(&["asset", "show", "A-1"]);
    assert!(sheet.contains("retired") && sheet.contains(&device), "{sheet}");
    let audit = fleet.said(&["audit", "list"]);
    for verb in ["asset_receive", "asset_bind", "asset_steal", "asset_find", "asset_retire"] {
        assert!(audit.contains(verb), "{verb} in {audit}");
    }
}

#[test]
fn labels_say_no_school_and_are_refused_where_they_say_nothing() {
    let fleet = Fleet::new();
    fleet.said(&["org", "add", "commune-besancon", "--name", "Commune A", "--kind", "commune"]);
    for n in 1..=22 {
        let number = format!("TNE25-{n:06}");
        fleet.said(&[
            "asset",
            "receive",
            &number,
            "--school",
            "0951099D",
            "--owner",
            "commune-besancon",
            "--measure",
            "base",
        ]);
    }
    let to = fleet.path("labels.pdf");
    let out = fleet.server.cartable(&["asset", "labels", "--school", "0951099D", "-o", &to]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("22 labels are in"), "{out:?}");
    let code = fleet.asset("TNE25-000022")["label"].as_str().unwrap().to_owned();
    assert_eq!(fleet.asset(&code)["number"], "TNE25-000022", "the code that a scanner reads names it");
    if let Some(text) = pdf_text(&to) {
        assert!(
            text.contains("TNE25-000001") && text.contains("commune-besancon") && !text.contains("0951099D"),
            "{text}"
        );
        assert_eq!(text.matches('\u{c}').count(), 2, "22 labels are two sheets of 21");
    }
    let one = fleet.path("one.pdf");
    fleet.said(&["asset", "labels", "TNE25-000003", "--format", "avery-l7651", "--skip", "64", "--to", &one]);
    fleet.refused(2, &["asset", "labels", "--to", &one]);
    fleet.refused(2, &["asset", "labels", "A", "--format", "avery-x", "--to", &one]);
}
