//! The identity vault over real mTLS: what is imported is found by who may, and lies nowhere in clear.

mod lending;
mod staff;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use tests::process::ServerProcess;
use tests::programs::program;

const SCHOOL: &str = "0951099D";
const OTHER: &str = "0750654D";
/// Words that stand nowhere else, in the letters of a file.
const SECRETS: [&str; 5] = ["Zzqwexemple", "Qwcamille", "123456789AB", "Zzqwparent", "qwalix@example.org"];

fn said(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

/// A server with a vault, started, and the key's file.
fn vaulted(folder: &Path) -> (ServerProcess, PathBuf) {
    let mut server = ServerProcess::init(folder);
    let key = folder.join("vault.key");
    vault_command(&server, &["init", "--key", key.to_str().unwrap()]).unwrap();
    server.start();
    server.desk();
    (server, key)
}

/// A command of `cartable-server vault`; what it says when it fails.
fn vault_command(server: &ServerProcess, arguments: &[&str]) -> Result<String, String> {
    let (verb, rest) = arguments.split_first().unwrap();
    let mut command = std::process::Command::new(program("cartable-server"));
    command.args(["vault", verb, "--lang", "en", "--data"]).arg(&server.data).args(rest);
    let out = command.output().unwrap();
    if out.status.success() { Ok(said(&out)) } else { Err(said(&out)) }
}

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect::<Vec<u8>>()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn pupils(folder: &Path) -> String {
    let text = "Nom élève;Prénom élève;INE;Cycle;Niveau;Libellé classe;Date naissance\n\
        Zzqwexemple;Qwcamille;123456789AB;CYCLE III;CM2;CM2A;2016-05-14\n\
        Zzqwautre;Élia;123456789AC;CYCLE III;CM2;CM2A;2016-06-14\n\
        Zzqwfaux;Noé;12345;CYCLE III;CM2;CM2A;2016-06-14\n\
        Export du 01/09/2026\n";
    file(folder, "CSVExtraction.csv", text)
}

fn guardians(folder: &Path) -> String {
    let text = "Civilité Responsable;Nom usage responsable;Nom responsable;Prénom responsable;Adresse responsable;\
        CP responsable;Commune responsable;Pays;Courriel;Téléphone domicile;Nom de famille élève 1;Prénom élève 1\n\
        Mme;;Zzqwparent;Alix;1 rue de l'Essai;25000;Besançon;;qwalix@example.org;0300000000;ZZQWEXEMPLE;Qwcamille\n";
    file(folder, "guardians.csv", text)
}

#[test]
fn who_answers_for_the_whole_reads_no_identity_before_taking_up_the_desk() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    vault_command(&server, &["init", "--key", folder.path().join("vault.key").to_str().unwrap()]).unwrap();
    server.start();
    let files = tempfile::tempdir().unwrap();
    imported(&server, &["vault", "import", "--school", SCHOOL, "--onde", &pupils(files.path())]);
    for look in [&["find", "zzqw"][..], &["show", "0951099D-2026-00001"], &["export", "0951099D-2026-00001"]] {
        let refused = server.cartable(&[&["vault"], look, &["--why", "a look"]].concat());
        assert!(refused.status.code() == Some(4) && said(&refused).contains("your role"), "{}", said(&refused));
    }
    // A file that was taken is reported, though who left is not theirs to read; a reason that is none is said before.
    let whole = "Nom élève;Prénom élève;INE\nZzqwneuf;Max;123456789AE\n";
    let whole = file(files.path(), "whole.csv", whole);
    let leavers = ["--output", "json", "vault", "import", "--school", SCHOOL, "--onde", &whole, "--leavers", "--why"];
    let mute = server.cartable(&[&leavers[..], &["ab"]].concat());
    assert!(mute.status.code() == Some(2) && said(&mute).contains("nothing was sent"), "{}", said(&mute));
    assert_eq!(server.json(&["vault", "status"])["persons"], 2);
    let taken = server.cartable(&[&leavers[..], &["the end of the year"]].concat());
    assert!(taken.status.code() == Some(4) && said(&taken).contains("your role"), "{}", said(&taken));
    let report: serde_json::Value = serde_json::from_slice(&taken.stdout).unwrap();
    assert_eq!((report["added"].as_u64(), report.get("leavers")), (Some(1), None), "{report}");
    server.desk();
    assert_eq!(server.json(&["vault", "find", "zzqw", "--why", "a look"]).as_array().unwrap().len(), 3);
    let acts = said(&server.cartable(&["--output", "json", "audit", "list"]));
    assert!(acts.contains("operator_invite") && acts.contains("guichet"), "{acts}");
    assert!(server.stop().success());
}

/// Every file below a folder that holds one of these words, in any letters.
fn holding(folder: &Path, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).to_lowercase();
            found.extend(
                words
                    .iter()
                    .filter(|word| text.contains(&word.to_lowercase()))
                    .map(|w| format!("{w} in {}", path.display())),
            );
        }
    }
    found
}

/// The report of an import that left lines out.
fn imported(server: &ServerProcess, line: &[&str]) -> serde_json::Value {
    let out = server.cartable(&[&["--output", "json"], line].concat());
    assert_eq!(out.status.code(), Some(1), "{}", said(&out));
    serde_json::from_slice(&out.stdout).unwrap()
}

#[test]
fn what_is_imported_lies_nowhere_in_clear_and_is_shown_to_who_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, key) = vaulted(folder.path());
    let files = tempfile::tempdir().unwrap();
    let (pupils, guardians) = (pupils(files.path()), guardians(files.path()));
    let import = ["vault", "import", "--school", SCHOOL, "--onde", &pupils];
    let report = imported(&server, &import);
    assert_eq!((report["added"].as_u64(), report["footer"].as_u64()), (Some(2), Some(5)), "{report}");
    assert_eq!(report["refused"][0]["line"], 4);
    assert_eq!(report["refused"][0]["fault"], "ine");
    assert_eq!(imported(&server, &import)["same"], 2);
    let joined =
        server.json(&["vault", "import", "--school", SCHOOL, "--onde-guardians", &guardians, "--with-addresses"]);
    assert_eq!((joined["updated"].as_u64(), joined["addresses_dropped"].as_bool()), (Some(1), Some(false)));

    let found = server.json(&["vault", "find", "zzqwex", "--why", "appel de Mme Zzqwparent"]);
    let reference = found[0]["reference"].as_str().unwrap().to_owned();
    assert_eq!((found.as_array().unwrap().len(), reference.len()), (1, 32));
    let shown = server.json(&["vault", "show", &reference, "--why", "the agreement"]);
    assert_eq!(shown["guardians"][0]["email"], "qwalix@example.org");
    assert_eq!(shown["guardians"][0]["address"][1], "25000 Besançon");
    let sheet = said(&server.cartable(&["vault", "show", &reference, "--why", "the agreement"]));
    assert!(sheet.contains("Zzqwexemple Qwcamille") && sheet.contains("Guardian: Mme Alix Zzqwparent"), "{sheet}");
    let mute = server.cartable(&["vault", "show", &reference, "--why", "-"]);
    assert!(said(&mute).contains("say why"), "{}", said(&mute));
    assert_eq!(server.cartable(&["vault", "show", &reference]).status.code(), Some(2));
    let nobody = server.cartable(&["vault", "show", &"0".repeat(32), "--why", "the agreement"]);
    assert_eq!(nobody.status.code(), Some(3), "{}", said(&nobody));
    let held = server.json(&["vault", "export", &reference, "--why", "asked for by the family"]);
    assert_eq!(held["identity"]["birth"], "2016-05-14");
    assert!(held["acts"].as_array().unwrap().len() >= 4 && held["acts"][0].get("by").is_none(), "{held}");
    let status = server.json(&["vault", "status"]);
    assert_eq!((status["persons"].as_u64(), status["days_after_loan"].as_u64()), (Some(2), Some(365)));

    // The audit tells who looked, whose, and why, and names nobody.
    let acts = said(&server.cartable(&["--output", "json", "audit", "list"]));
    for verb in ["vault_import", "vault_find", "vault_show"] {
        assert!(acts.contains(verb), "{acts}");
    }
    assert!(acts.contains(&reference) && acts.contains("appel de Mme […]"), "{acts}");

    // Running and stopped; in the journal, in the log, in an export, and in all that was in a backup.
    let backup = folder.path().join("backup.tar.zst");
    let taken = std::process::Command::new(program("cartable-server"))
        .args(["backup", "--lang", "en", "--data"])
        .arg(&server.data)
        .arg("--to")
        .arg(&backup)
        .output()
        .unwrap();
    assert!(taken.status.success() && said(&taken).contains("Its key is not"), "{}", said(&taken));
    assert_eq!(holding(folder.path(), &SECRETS), Vec::<String>::new());
    assert!(server.stop().success());
    server.command("export", &["--to", folder.path().join("export.jsonl").to_str().unwrap()]);
    let restored = folder.path().join("restored");
    let done = std::process::Command::new(program("cartable-server"))
        .args(["restore", "--lang", "en", "--from"])
        .arg(&backup)
        .arg("--data")
        .arg(&restored)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", said(&done));
    assert_eq!(holding(folder.path(), &SECRETS), Vec::<String>::new());
    let key_text = fs::read_to_string(&key).unwrap();
    let key_text = key_text.split(' ').nth(1).unwrap().trim();
    assert_eq!(holding(&restored, &[key_text]), Vec::<String>::new(), "the key is in no backup");

    let mut again = server.moved(restored);
    again.start();
    let shown = again.json(&["vault", "show", &reference, "--why", "after the restore"]);
    assert_eq!(shown["surname"], "Zzqwexemple");
    // Erased: there is no more of them, and the others stay.
    let kept = again.cartable(&["vault", "erase", &reference, "--why", "asked for"]);
    assert_eq!(kept.status.code(), Some(4), "nobody was asked: {}", said(&kept));
    let erased = again.json(&["vault", "erase", &reference, "--why", "asked for", "--yes"]);
    assert_eq!(erased["reference"], reference.as_str());
    assert_eq!(again.cartable(&["vault", "show", &reference, "--why", "a look"]).status.code(), Some(3));
    assert_eq!(again.json(&["vault", "status"])["persons"], 1);
    assert!(again.stop().success());
}

#[test]
fn a_part_of_a_file_ends_nothing_and_shows_who_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (server, _) = vaulted(folder.path());
    let files = tempfile::tempdir().unwrap();
    imported(&server, &["vault", "import", "--school", SCHOOL, "--onde", &pupils(files.path())]);
    let part = "Nom élève;Prénom élève;INE;Libellé classe\nZzqwexemple;Qwcamille;123456789AB;CM2A\n";
    let cut = file(files.path(), "cut.csv", &format!("{part}Zzqwautre;Qwdomi"));
    let part = file(files.path(), "part.csv", part);
    let import = ["vault", "import", "--school", SCHOOL, "--onde", &part, "--leavers"];
    assert_eq!(server.cartable(&import).status.code(), Some(2), "a list of people needs a reason");
    // Cut within a line: who stands in it is not gone.
    let whole = ["vault", "import", "--school", SCHOOL, "--onde", &cut, "--leavers", "--why", "the end of the year"];
    let report = imported(&server, &whole);
    assert!(report["refused"][0]["line"] == 3 && report.get("leavers").is_none(), "{report}");
    let report = server.json(&[&import[..], &["--why", "the end of the year"]].concat());
    assert_eq!(report["leavers"][0]["surname"], "Zzqwautre", "{report}");
    assert_eq!(report["leavers"].as_array().unwrap().len(), 1);
    assert_eq!(server.json(&["vault", "status"])["persons"], 2);
    // Another school's file, by its own words: nothing is sent.
    let siecle = format!(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-15\"?><BEE_ELEVES><PARAMETRES><UAJ>{OTHER}</UAJ></PARAMETRES>\
         <DONNEES><ELEVES><ELEVE ELEVE_ID=\"1\"><INE_RNIE>123456789AD</INE_RNIE><NOM_DE_FAMILLE>Zzqwcollège\
         </NOM_DE_FAMILLE><PRENOM>Léo</PRENOM></ELEVE></ELEVES></DONNEES></BEE_ELEVES>"
    );
    let siecle = file(files.path(), "ElevesSansAdresses.xml", &siecle);
    let wrong = server.cartable(&["vault", "import", "--school", SCHOOL, "--siecle", &siecle]);
    assert!(wrong.status.code() == Some(2) && said(&wrong).contains("0750654D, not of 0951099D"), "{}", said(&wrong));
    assert_eq!(server.json(&["vault", "import", "--school", OTHER, "--siecle", &siecle])["added"], 1);
    assert_eq!(
        server.json(&["vault", "find", "leo", "--school", OTHER, "--why", "a look"])[0]["surname"],
        "Zzqwcollège"
    );
    let retention = server.json(&["vault", "retention", "show"]);
    assert_eq!((retention["due"].as_u64(), retention["days_without_loan"].as_u64()), (Some(0), Some(365)));
    assert_eq!(server.json(&["vault", "retention", "run", "--yes"])["due"], 0);
}

#[test]
fn a_vault_without_its_key_is_not_opened_and_nothing_of_it_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, key) = vaulted(folder.path());
    let files = tempfile::tempdir().unwrap();
    imported(&server, &["vault", "import", "--school", SCHOOL, "--onde", &pupils(files.path())]);
    assert!(server.stop().success());
    let inside = server.data.join("inside.key");
    assert!(vault_command(&server, &["init", "--key", inside.to_str().unwrap()]).unwrap_err().contains("already"));

    let right = fs::read_to_string(&key).unwrap();
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    let stranger = ServerProcess::init(&other);
    assert!(
        vault_command(&stranger, &["init", "--key", stranger.data.join("k").to_str().unwrap()])
            .unwrap_err()
            .contains("keep the vault's key elsewhere")
    );
    vault_command(&stranger, &["init", "--key", other.join("vault.key").to_str().unwrap()]).unwrap();
    let wrong = fs::read_to_string(other.join("vault.key")).unwrap();
    for (text, mode, word) in [
        (wrong.as_str(), 0o600, "not the key of this vault"),
        ("cartable", 0o600, "holds no key"),
        (right.as_str(), 0o644, "chmod 600"),
    ] {
        fs::write(&key, text).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        let refused = server.start_refused();
        assert!(refused.contains(word), "{refused}");
    }
    fs::remove_file(&key).unwrap();
    assert!(server.start_refused().contains("vault.key"));
    fs::write(&key, &right).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    server.start();
    assert_eq!(server.json(&["vault", "find", "zzqw", "--why", "a look"]).as_array().unwrap().len(), 2);
    // While it runs nobody changes its key.
    assert!(vault_command(&server, &["rekey"]).unwrap_err().contains("vault"), "in use");
    assert!(server.stop().success());

    // The vault's folder taken away is no empty vault.
    fs::rename(server.data.join("vault"), folder.path().join("away")).unwrap();
    assert!(server.start_refused().contains("restore the vault"));
    fs::rename(folder.path().join("away"), server.data.join("vault")).unwrap();

    // A new key: the old one opens nothing any more, references stay.
    server.start();
    let before = server.json(&["vault", "find", "zzqw", "--why", "a look"]);
    server.kill();
    assert!(vault_command(&server, &["rekey"]).unwrap().contains("sealed anew"));
    assert_ne!(fs::read_to_string(&key).unwrap(), right);
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    server.start();
    let after = server.json(&["vault", "find", "zzqw", "--why", "a look"]);
    assert_eq!(before[0]["reference"], after[0]["reference"]);
    assert_eq!(imported(&server, &["vault", "import", "--school", SCHOOL, "--onde", &pupils(files.path())])["same"], 2);
    assert!(server.stop().success());
    let new = fs::read_to_string(&key).unwrap();
    fs::write(&key, &right).unwrap();
    assert!(server.start_refused().contains("not the key of this vault"));
    // Cut after the new store was in place and before the key was: the command finishes it.
    fs::write(key.with_extension("key.next"), &new).unwrap();
    fs::set_permissions(key.with_extension("key.next"), fs::Permissions::from_mode(0o600)).unwrap();
    vault_command(&server, &["rekey"]).unwrap();
    assert_eq!(fs::read_to_string(&key).unwrap(), new);
    server.start();
    // Cut before: it begins again.
    assert!(server.stop().success());
    fs::rename(server.data.join("vault"), server.data.join("vault.before")).unwrap();
    vault_command(&server, &["rekey"]).unwrap();
    server.start();
    assert_eq!(server.json(&["vault", "status"])["persons"], 2);
    assert!(server.stop().success());
}

#[test]
fn a_server_without_a_vault_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let none = server.cartable(&["vault", "status"]);
    assert!(none.status.code() == Some(3) && said(&none).contains("cartable-server vault init"), "{}", said(&none));
    assert!(server.stop().success());
}
