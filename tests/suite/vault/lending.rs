//! From a school's file to a loan, its papers and its desk, and to the day when nobody knows any more whose it was.

use super::{SCHOOL, file, guardians, imported, pupils, said, vaulted};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tests::annuaire::COLUMNS;
use tests::process::ServerProcess;

/// Whether a PDF's page holds a text: its streams are as they were written, in the letters of Windows-1252, and as hexadecimal digits
/// where some of a line's are not ASCII.
fn holds(pdf: &Path, text: &str) -> bool {
    let page = fs::read(pdf).unwrap();
    let digits: String = text.chars().map(|c| format!("{:02X}", u8::try_from(u32::from(c)).unwrap())).collect();
    [text, &digits].iter().any(|form| page.windows(form.len()).any(|part| part == form.as_bytes()))
}

/// The school and the owner, in their registers.
fn registers(server: &ServerProcess, files: &Path) {
    let value = |column: &str| match column.to_lowercase().as_str() {
        "identifiant_de_l_etablissement" => SCHOOL,
        "nom_etablissement" => "Ecole des Essais",
        "type_etablissement" => "Ecole",
        "nom_commune" => "Zzville",
        "code_commune" => "95999",
        "code_departement" => "095",
        _ => "",
    };
    let row: Vec<&str> = COLUMNS.split(';').map(value).collect();
    let register = file(files, "annuaire.csv", &format!("{COLUMNS}\n{}\n", row.join(";")));
    server.json(&["school", "import", &register]);
    let owners = file(files, "owners.csv", "id,name,kind,siret\nzzville,Commune de Zzville,commune,\n");
    server.json(&["org", "import", &owners, "--why", "the start"]);
}

/// A loan that is made out for somebody, with its device.
fn agreed(server: &ServerProcess, reference: &str, asset: &str, more: &[&str]) -> String {
    server.json(&["asset", "receive", asset, "--school", SCHOOL, "--owner", "zzville", "--measure", "base"]);
    server.json(&["asset", "prepare", asset]);
    server.json(&["asset", "ready", asset]);
    let create = ["loan", "create", "--school", SCHOOL, "--owner", "zzville", "--borrower", reference];
    let loan = server.json(&[&create[..], &["--due", "2099-06-30"]].concat());
    let number = loan["number"].as_str().unwrap().to_owned();
    server.json(&["loan", "approve", &number]);
    let charger = format!("charger:CH-{asset}");
    server.json(&[&["loan", "prepare", &number, "--asset", asset, "--accessory", &charger], more].concat());
    number
}

#[test]
fn a_pupil_of_a_file_borrows_signs_returns_and_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, _) = vaulted(folder.path());
    let files = tempfile::tempdir().unwrap();
    let path = |name: &str| files.path().join(name).to_str().unwrap().to_owned();
    registers(&server, files.path());
    imported(&server, &["vault", "import", "--school", SCHOOL, "--onde", &pupils(files.path())]);
    let family = guardians(files.path());
    server.json(&["vault", "import", "--school", SCHOOL, "--onde-guardians", &family, "--with-addresses"]);
    let found = server.json(&["vault", "find", "zzqwex", "--why", "a wish for a loan"]);
    let reference = found[0]["reference"].as_str().unwrap().to_owned();
    let number = agreed(&server, &reference, "TNE-1", &[]);

    // The agreement names them, by the vault and the registers, in French for a reader in English.
    let pdf = files.path().join("agreement.pdf");
    let line = ["loan", "agreement", &number, "--to", pdf.to_str().unwrap()];
    assert_eq!(server.cartable(&line).status.code(), Some(2), "nobody says who is named");
    let written = server.json(&[&line[..], &["--why", "the agreement of Qwcamille"]].concat());
    assert_eq!((written["number"].as_str(), written["template"].as_str()), (Some(&*number), Some("fr-1")));
    assert_eq!(fs::metadata(&pdf).unwrap().permissions().mode() & 0o777, 0o600);
    let named = ["Qwcamille Zzqwexemple", "CM2A", "Mme Alix Zzqwparent", "1 rue de l'Essai, 25000 Besançon"];
    for text in named.iter().chain(&["Ecole des Essais, Zzville", "Commune de Zzville", "chargeur", "CH-TNE-1"]) {
        assert!(holds(&pdf, text), "{text}");
    }
    if let Some(text) = crate::assets::pdf_text(pdf.to_str().unwrap()) {
        assert!(text.contains("Qwcamille Zzqwexemple"), "{text}");
    }
    // A text of one's own that is not the one named on the loan.
    let own = file(files.path(), "own.toml", "version = \"ville-3\"\nlang = \"fr\"\ntitle = \"Convention\"\n");
    let other = server.cartable(&[&line[..], &["--template", &own, "--why", "the agreement"]].concat());
    assert!(other.status.code() == Some(2) && said(&other).contains("names the template \"fr-1\""), "{}", said(&other));

    // Several at once: one is in English, one nobody knows.
    let english = agreed(&server, &reference, "TNE-2", &["--template", "en-1"]);
    let stranger = agreed(&server, &"0".repeat(32), "TNE-3", &[]);
    let first = ["campaign", "create", "Remise", "--kind", "handout", "--school", SCHOOL, "--first", "2026-01-01"];
    let campaign = server.json(&[&first[..], &["--last", "2026-01-20"]].concat());
    let campaign = campaign["id"].as_str().unwrap().to_owned();
    fs::create_dir(files.path().join("papers")).unwrap();
    let batch = ["loan", "agreement", "--campaign", &campaign, "--to", &path("papers"), "--why", "the hand-out day"];
    let out = server.cartable(&[&["--output", "json"], &batch[..]].concat());
    assert!(out.status.code() == Some(1) && said(&out).contains("one loan has no paper"), "{}", said(&out));
    let rows: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let row = |number: &str| rows.as_array().unwrap().iter().find(|row| row["number"] == number).unwrap().clone();
    assert_eq!((row(&english)["template"].as_str(), row(&stranger)["left"].as_str()), (Some("en-1"), Some("unnamed")));
    let sheet = files.path().join(format!("papers/{english}.pdf"));
    assert!(holds(&sheet, "Legal guardian 1") && holds(&sheet, "charger") && holds(&sheet, "Zzqwexemple"));
    let alone = server.cartable(&["loan", "agreement", &stranger, "--to", &path("x.pdf"), "--why", "the agreement"]);
    assert!(alone.status.code() == Some(3) && said(&alone).contains("--identity FILE"), "{}", said(&alone));
    server.json(&["loan", "agreement", &stranger, "--to", &path("x.pdf"), "--blank"]);

    // The desk takes the names along, for a reason; without one it takes nothing by accident.
    fs::write(path("words"), "four invented words here\n").unwrap();
    let prepare = ["desk", "prepare", "--campaign", &campaign, "--passphrase-file", &path("words"), "--to"];
    let mute = server.cartable(&[&prepare[..], &[&path("mute.desk")]].concat());
    assert!(mute.status.code() == Some(2) && said(&mute).contains("--without-names"), "{}", said(&mute));
    let bare = server.json(&[&prepare[..], &[&path("bare.desk"), "--without-names"]].concat());
    assert_eq!((bare["loans"].as_u64(), bare["named"].as_u64()), (Some(3), Some(0)), "{bare}");
    let named = server.json(&[&prepare[..], &[&path("day.desk"), "--why", "hand-out, and Zzqwparent asked"]].concat());
    assert_eq!((named["loans"].as_u64(), named["named"].as_u64()), (Some(3), Some(2)), "{named}");
    let scan = ["desk", "scan", &path("day.desk"), "--passphrase-file", &path("words"), "TNE-1"];
    let scanned = server.json(&scan);
    assert_eq!((&scanned[0]["loan"], &scanned[0]["name"]), (&(*number).into(), &"Zzqwexemple Qwcamille".into()));

    // Who asks what is held about them is told of each of these readings.
    let held = server.json(&["vault", "export", &number, "--why", "asked for by the family"]);
    let acts = held["acts"].as_array().unwrap();
    let why = |verb: &str| -> Vec<&str> {
        acts.iter().filter(|act| act["verb"] == verb).map(|act| act["why"].as_str().unwrap()).collect()
    };
    assert_eq!(why("vault_desk"), ["hand-out, and […] asked"], "{held}");
    assert_eq!(why("vault_agreement"), ["the agreement of […]", "the hand-out day"], "{held}");

    // Handed over, back, and closed; then nobody is behind it any more.
    server.json(&["loan", "sign", &number, "--by", "guardian1", "--on", "2026-09-05"]);
    server.json(&["loan", "hand-over", &number]);
    let lent = server.cartable(&["vault", "erase", &number, "--why", "asked for", "--yes"]);
    assert!(lent.status.code() == Some(4) && said(&lent).contains("still lent"), "{}", said(&lent));
    server.json(&["loan", "return", "TNE-1", "--part", "CH-TNE-1"]);
    server.json(&["loan", "close", &number]);
    server.json(&["loan", "cancel", &english]);
    let erased = server.json(&["vault", "erase", &number, "--why", "asked for", "--yes"]);
    assert_eq!(erased["reference"], reference.as_str());
    let gone = server.cartable(&["vault", "show", "--why", "a call", &number]);
    assert!(gone.status.code() == Some(3), "{}", said(&gone));
    let loan = server.json(&["loan", "show", &number]);
    assert_eq!((loan["state"].as_str(), loan["borrower"].is_null()), (Some("closed"), true), "{loan}");
    let paper = server.cartable(&["loan", "agreement", &number, "--to", &path("x.pdf"), "--why", "once more"]);
    assert!(paper.status.code() == Some(3) && said(&paper).contains("was erased"), "{}", said(&paper));
    assert!(server.stop().success());
}

#[test]
fn without_a_vault_a_paper_says_how_else_it_is_filled() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    server.desk();
    let files = tempfile::tempdir().unwrap();
    let number = agreed_blank(&server);
    let to = files.path().join("x.pdf");
    let line = ["loan", "agreement", &number, "--to", to.to_str().unwrap()];
    let none = server.cartable(&[&line[..], &["--why", "the agreement"]].concat());
    assert!(none.status.code() == Some(3) && said(&none).contains("no vault"), "{}", said(&none));
    assert!(said(&none).contains("--blank") && !to.exists(), "{}", said(&none));
    let identity = file(files.path(), "identity.toml", "borrower = \"Qwcamille Zzqwexemple\"\n");
    server.json(&[&line[..], &["--identity", &identity]].concat());
    assert!(holds(&to, "Qwcamille Zzqwexemple"));
    assert!(server.stop().success());
}

fn agreed_blank(server: &ServerProcess) -> String {
    let create = ["loan", "create", "--school", SCHOOL, "--borrower", &"1".repeat(32), "--due", "2099-06-30"];
    let number = server.json(&create)["number"].as_str().unwrap().to_owned();
    server.json(&["loan", "approve", &number]);
    server.json(&["loan", "prepare", &number]);
    number
}
