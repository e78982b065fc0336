//! Schools, organisations, calendar and contacts as people enter them: through the command line, a real server and mTLS.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tests::annuaire::{COLUMNS, Encoding, Expected, Register, Traps, siret, uai};
use tests::process::{ServerProcess, within};
use tests::programs::program;

fn served(folder: &Path) -> ServerProcess {
    let mut server = ServerProcess::init(folder);
    server.start();
    server
}

fn made(folder: &Path, name: &str, register: &Register) -> (PathBuf, Expected) {
    let path = folder.join(name);
    let mut out = BufWriter::new(File::create(&path).unwrap());
    let expected = register.write(&mut out).unwrap();
    out.flush().unwrap();
    (path, expected)
}

fn said(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

/// How long the audit is; the first of it is the entry of this very server's start.
fn audit_length(server: &ServerProcess) -> usize {
    server.json(&["audit", "list"]).as_array().unwrap().len()
}

fn small(count: u32) -> Register {
    let traps = Traps { letter: 60, shape: 40, nameless: 30, sites: 80, dispersed: 80, short: 30, ..Traps::real() };
    Register { traps, departements: ["25", "39", "2A"].map(str::to_owned).to_vec(), ..Register::of(count) }
}

#[test]
fn a_register_with_every_trap_is_imported_and_the_same_again_is_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = served(folder.path());
    let mut first: Option<serde_json::Value> = None;
    for (name, encoding, lower_header) in [
        ("bom.csv", Encoding::Utf8Bom, true),
        ("utf8.csv", Encoding::Utf8, false),
        ("latin1.csv", Encoding::Latin1, false),
    ] {
        let (path, expected) = made(
            folder.path(),
            name,
            &Register { encoding, lower_header, traps: Traps { accents: 0, ..small(0).traps }, ..small(900) },
        );
        let path = path.to_str().unwrap();
        let dry = server.json(&["school", "import", path, "--dry-run"]);
        let before = audit_length(&server);
        let done = server.json(&["school", "import", path]);
        let number = |key: &str| u32::try_from(done[key].as_u64().unwrap()).unwrap();
        let seen = Expected {
            rows: number("rows"),
            schools: number("schools"),
            flagged: number("flagged"),
            letters: expected.letters,
            refused: number("refused"),
            joined: number("joined"),
        };
        assert_eq!(seen, expected, "{name}");
        assert!(expected.letters > 10 && expected.refused > 10 && expected.joined > 10, "{expected:?}");
        for key in ["added", "changed", "same"] {
            assert_eq!(dry[key], done[key], "a trial says what will be: {key}");
        }
        let listed = server.json(&["school", "list"]);
        assert_eq!(listed.as_array().unwrap().len(), expected.schools as usize);
        match &first {
            // In whatever encoding, it is the same register.
            Some(first) => {
                assert_eq!(*first, listed, "{name}");
                assert_eq!((number("same"), audit_length(&server)), (expected.schools, before));
            }
            None => {
                assert_eq!(number("added"), expected.schools);
                assert!(audit_length(&server) > before);
                first = Some(listed);
            }
        }
    }
    let flagged = server.json(&["school", "list", "--flagged"]);
    let letters = flagged.as_array().unwrap().iter().filter(|school| school["flag"] == "letter").count();
    assert!(letters > 10 && flagged.as_array().unwrap().iter().all(|school| !school["flag"].is_null()));
    let corsica = server.json(&["school", "list", "--departement", "02A", "--zone", "corse"]);
    assert_eq!(
        corsica.as_array().unwrap().len(),
        server.json(&["school", "list", "--departement", "2a"]).as_array().unwrap().len()
    );
    assert!(corsica[0]["uai"].as_str().unwrap().starts_with("620"));
    let some = server.json(&["school", "list", "--limit", "7", "--degree", "first", "--sector", "public"]);
    assert_eq!(some.as_array().unwrap().len(), 7);
    // Another year: what has changed is written, and nothing else.
    let (path, expected) = made(
        folder.path(),
        "next.csv",
        &Register { pupils_more: 1, traps: Traps { accents: 0, ..small(0).traps }, ..small(900) },
    );
    let report = folder.path().join("report.csv");
    let done =
        server.json(&["school", "import", path.to_str().unwrap(), "--reject", "--report", report.to_str().unwrap()]);
    assert_eq!(done["refused"], expected.refused + expected.letters + second_rows(&report));
    assert_eq!(done["changed"], expected.schools - expected.letters);
    let report = fs::read_to_string(report).unwrap();
    assert!(report.starts_with("line,uai,result,column,what,was,now\n"), "{report}");
    for part in [
        ",refused,,letter,",
        ",refused,,uai,\"9,51E+06\"",
        ",refused,,name,",
        ",refused,,fields,30,72",
        ",repaired,Telephone,zeros,",
        ",joined,,joined,",
        ",flagged,etat,closed,",
    ] {
        assert!(report.contains(part), "{part} in {report}");
    }
    // Only one département, which the rest of the file does not change.
    let (path, _) = made(folder.path(), "one.csv", &Register { pupils_more: 2, ..small(900) });
    let done = server.json(&["school", "import", path.to_str().unwrap(), "--departement", "39,025", "--dry-run"]);
    assert!(done["elsewhere"].as_u64().unwrap() > 250 && done["schools"].as_u64().unwrap() > 500, "{done}");
}

/// Rows with a wrong letter beyond the first of each school.
fn second_rows(report: &Path) -> u32 {
    let report = fs::read_to_string(report).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    let letters = report.lines().filter(|line| line.contains(",refused,,letter,"));
    u32::try_from(letters.filter(|line| !seen.insert(line.split(',').nth(1).unwrap().to_owned())).count()).unwrap()
}

#[test]
fn what_is_no_register_is_refused_by_name_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = served(folder.path());
    let before = audit_length(&server);
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let refused = |path: &str, part: &str| {
        let out = server.cartable(&["school", "import", path]);
        assert!(!out.status.success() && said(&out).contains(part), "{part} in {}", said(&out));
    };
    refused(&write("empty.csv", b""), "it lacks Identifiant_de_l_etablissement, Nom_etablissement");
    let less = COLUMNS.replace("Code_commune;", "").replace("Nom_etablissement;", "");
    refused(&write("less.csv", less.as_bytes()), "it lacks Nom_etablissement, Code_commune");
    refused(&write("utf16.csv", b"\xff\xfeI\0d\0"), "UTF-16");
    refused(&write("zip.csv", b"PK\x03\x04\0\0\0\xff\xfe;;;"), "it lacks");
    refused("/nowhere/annuaire.csv", "/nowhere/annuaire.csv");
    refused(folder.path().to_str().unwrap(), "cannot");
    // A quote that is never closed must not take the rest of the file into memory.
    let mut endless = format!("{COLUMNS}\r\n0259001X;\"").into_bytes();
    endless.resize(4 * 1024 * 1024, b'x');
    refused(&write("endless.csv", &endless), "larger than 1 MiB");
    let path = folder.path().join("many.csv");
    // Rows of elsewhere are only counted.
    let mut out = BufWriter::new(File::create(&path).unwrap());
    writeln!(out, "identifiant_de_l_etablissement,nom_etablissement,type_etablissement,statut_public_prive,code_commune,nom_commune,code_departement").unwrap();
    for n in 0..40_000 {
        writeln!(out, "{n}A,École,Ecole,Public,39056,Exemple,39").unwrap();
    }
    out.flush().unwrap();
    let done = server.json(&["school", "import", path.to_str().unwrap(), "--departement", "25"]);
    assert_eq!((done["rows"].as_u64(), done["schools"].as_u64()), (Some(40_000), Some(0)));
    assert_eq!(audit_length(&server), before);
    assert_eq!(server.json(&["school", "list"]), serde_json::json!([]));
    // Nor is the file itself a place for the report of it.
    let own = server.cartable(&["school", "import", path.to_str().unwrap(), "--report", path.to_str().unwrap()]);
    assert!(!own.status.success() && fs::metadata(&path).unwrap().len() > 1_000_000, "{}", said(&own));
}

#[test]
fn an_import_cut_in_the_middle_is_simply_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = served(folder.path());
    let (path, expected) =
        made(folder.path(), "annuaire.csv", &Register { traps: Traps::default(), ..Register::of(6_000) });
    let known = || server.json(&["school", "list", "--limit", "5"]).as_array().unwrap().len();
    let mut cut = Command::new(program("cartable"))
        .args(["--config"])
        .arg(server.data.join("operator/cartable.toml"))
        .args(["school", "import"])
        .arg(&path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert!(within(60_000, || known() > 0), "nothing arrives");
    cut.kill().unwrap();
    cut.wait().unwrap();
    let done = server.json(&["school", "import", path.to_str().unwrap()]);
    let number = |key: &str| done[key].as_u64().unwrap();
    assert_eq!(number("added") + number("same"), u64::from(expected.schools));
    assert!(number("same") > 0, "{done}");
    let again = server.json(&["school", "import", path.to_str().unwrap()]);
    assert_eq!(again["same"], expected.schools);
    assert!(server.cartable(&["audit", "verify"]).status.success());
}

#[test]
fn a_school_finds_its_owner_by_its_siret_and_its_contact_by_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let server = served(folder.path());
    let register = Register { traps: Traps::default(), departements: vec!["25".to_owned()], ..Register::of(40) };
    let (path, _) = made(folder.path(), "annuaire.csv", &register);
    server.json(&["school", "import", path.to_str().unwrap()]);
    let schools = server.json(&["school", "list"]);
    let (one, number) = (schools[3]["uai"].as_str().unwrap(), schools[3]["siret"].as_str().unwrap());
    assert_eq!(one, uai("25", 7_003));
    assert!(schools[3]["owner"].is_null());
    let commune: u32 = schools[3]["commune_code"].as_str().unwrap()[2..].parse().unwrap();
    assert_eq!(number, siret("25", commune));
    let spaced = format!("{} {}", &number[..9], &number[9..]);
    let add = ["org", "add", "commune-exemple", "--name", "Commune d'Exemple", "--kind", "commune", "--siret", &spaced];
    assert_eq!(server.json(&add)["added"], 1);
    assert_eq!(server.json(&add)["same"], 1);
    let mistyped = server.cartable(&["org", "add", "x", "--name", "X", "--kind", "epci", "--siret", "123456789"]);
    assert!(said(&mistyped).contains("neither a SIRET nor a SIREN"), "{}", said(&mistyped));
    let file = folder.path().join("orgs.csv");
    fs::write(
        &file,
        "id;name;kind;siret\ndepartement-exemple;Département;departement;\nregion-exemple;Région;region;\n",
    )
    .unwrap();
    assert_eq!(server.json(&["org", "import", file.to_str().unwrap()])["added"], 2);
    assert_eq!(server.json(&["org", "list", "--kind", "commune"])[0]["id"], "commune-exemple");
    assert_eq!(server.json(&["org", "show", "region-exemple"])["name"], "Région");
    assert_eq!(server.cartable(&["org", "show", "region"]).status.code(), Some(3));
    let owned = server.json(&["school", "list", "--owner", "commune-exemple"]);
    assert!(owned.as_array().unwrap().iter().any(|school| school["uai"] == one), "{owned}");

    server.json(&["contact", "set", "Assistance 03 00 00 00 00"]);
    assert_eq!(server.json(&["school", "show", one])["contact"], "Assistance 03 00 00 00 00");
    server.json(&["contact", "set", "Mairie d'Exemple", "--owner", "commune-exemple"]);
    assert_eq!(server.json(&["school", "show", one])["contact"], "Mairie d'Exemple");
    let lower = one.trim_start_matches('0').to_lowercase();
    server.json(&["contact", "set", "M. Exemple, salle 2", "--school", &lower]);
    assert_eq!(server.json(&["school", "show", &lower])["contact"], "M. Exemple, salle 2");
    assert_eq!(server.json(&["contact", "list"]).as_array().unwrap().len(), 3);
    server.json(&["contact", "remove", "--school", one]);
    assert_eq!(server.json(&["school", "show", one])["contact"], "Mairie d'Exemple");
    let lines = server.cartable(&["contact", "set", "a\nb"]);
    assert!(!lines.status.success() && said(&lines).contains("one line"), "{}", said(&lines));
    let none = server.cartable(&["school", "show", "0951099D"]);
    assert!(none.status.code() == Some(3) && said(&none).contains("school import"), "{}", said(&none));
    let sheet = said(&server.cartable(&["school", "show", one]));
    assert!(sheet.contains("commune-exemple") && sheet.contains("zone A"), "{sheet}");
}

#[test]
fn school_days_are_counted_by_the_calendar_that_was_entered() {
    let folder = tempfile::tempdir().unwrap();
    let server = served(folder.path());
    let silent = server.cartable(&["device", "list", "--silent-school-days", "5"]);
    assert!(!silent.status.success() && said(&silent).contains("no school calendar"), "{}", said(&silent));
    let file = folder.path().join("calendar.csv");
    fs::write(
        &file,
        "zone;name;first;last\nA;Toussaint;2026-10-17;2026-11-01\nA;Noël;2026-12-19;2027-01-03\nB;Noël;2026-12-19;2027-01-03\n",
    )
    .unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(server.json(&["calendar", "import", file, "--home", "a"])["changed"], true);
    assert_eq!(server.json(&["calendar", "import", file])["changed"], false);
    let days = |zone: &str| {
        server.json(&["calendar", "days", "--first", "2026-10-12", "--last", "2026-11-15", "--zone", zone])
    };
    // Five weeks, of which zone A has two off, and 11 November.
    assert_eq!((days("a")["count"].as_u64(), days("b")["count"].as_u64()), (Some(14), Some(24)));
    assert_eq!(server.json(&["calendar", "list", "--zone", "A"]).as_array().unwrap().len(), 2);
    assert_eq!(server.json(&["device", "list", "--silent-school-days", "5"]), serde_json::json!([]));
    let bad = folder.path().join("bad.csv");
    fs::write(&bad, "zone;name;first;last\nA;Noël;2027-01-03;2026-12-19\n").unwrap();
    let bad = server.cartable(&["calendar", "import", bad.to_str().unwrap()]);
    assert!(bad.status.code() == Some(2) && said(&bad).contains("line 2"), "{}", said(&bad));
}
