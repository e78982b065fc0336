//! Whole commands, as far as they go without a control plane, and what they print.

mod device;
mod failure;
mod list;

use crate::arguments::{Arguments, Output, When};
use crate::print::{Exit, Look, Printer};
use crate::{EN, Error, FR, Surroundings, run};
use clap::CommandFactory;
use std::ffi::OsString;
use words::{Catalogue, Language, catalogue_check, command_check};

/// Runs a command line without a terminal: how it ended, standard output, standard error.
async fn ran(around: &Surroundings, line: &[&str]) -> (Exit, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = std::iter::once("cartable").chain(line.iter().copied()).map(OsString::from).collect();
    let exit = run(arguments, around, &mut out, &mut err).await;
    let text = |bytes| String::from_utf8(bytes).unwrap().replace(['\u{a0}', '\u{202f}'], " ");
    (exit, text(out), text(err))
}

/// What a printer prints, in a language and a form.
fn printed(language: Language, output: Output, each: impl FnOnce(&mut Printer<'_>) -> Result<(), Error>) -> String {
    let words = Catalogue::new(language, FR, EN);
    let mut out = Vec::new();
    let common = crate::arguments::Common { config: None, profile: None, output, lang: None, color: When::Never };
    each(&mut Printer::new(&words, &common, &Surroundings::of_test(), &mut out)).unwrap();
    String::from_utf8(out).unwrap().replace(['\u{a0}', '\u{202f}'], " ")
}

fn look(words: &Catalogue) -> Look<'_> {
    Look { words, zone: Surroundings::of_test().zone, colour: false }
}

#[test]
fn every_message_is_in_both_languages() {
    assert_eq!(catalogue_check(FR, EN), Vec::<String>::new());
    assert_eq!(command_check(&Arguments::command(), FR, EN), Vec::<String>::new());
}

/// Keys are looked up by name; a misspelt one would show only on the screen where it stands.
#[test]
fn every_key_in_the_sources_has_a_message() {
    let words = Catalogue::new(Language::Fr, FR, EN);
    let starts = [
        "asset-",
        "vault-",
        "audit-",
        "kit-",
        "server-",
        "agent-",
        "cadence-",
        "token-",
        "device-",
        "section-",
        "hardware-",
        "peripheral-",
        "system-",
        "packages-",
        "check-",
        "volume-",
        "failure-",
        "error-",
        "disk-",
        "battery-",
        "display-",
        "bus-",
        "chassis-",
        "desired-",
        "processor-",
        "contact-",
        "progress-",
        "answer-",
        "cause-",
        "clock-",
        "model-",
        "operator-",
        "proposal-",
        "profile-",
        "role-",
        "scope-",
        "stocktake-",
        "campaign-",
        "desk-",
        "lifecycle-",
        "school-",
        "org-",
        "calendar-",
        "zone-",
        "import-",
        "loan-",
    ];
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            for key in
                source.split('"').skip(1).step_by(2).filter(|k| starts.iter().any(|s| k.starts_with(s) && k != s))
            {
                let simple = key.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == '_');
                assert!(!simple || words.find(key, None).is_some(), "{key} in {}", path.display());
            }
        }
    }
}

#[test]
fn the_grammar_is_sound() {
    for language in [Language::Fr, Language::En] {
        crate::command(&Catalogue::new(language, FR, EN)).debug_assert();
    }
}

#[tokio::test]
async fn help_speaks_the_language_asked_for() {
    let mut around = Surroundings::of_test();
    let (exit, out, err) = ran(&around, &["device", "list", "--help"]).await;
    assert_eq!((exit, err.as_str()), (Exit::Done, ""));
    for part in
        ["Lister les appareils", "Utilisation :", "--school <UAI>", "Afficher cette aide", "valeurs : ok, warning"]
    {
        assert!(out.replace('\u{a0}', " ").contains(part), "{part} in {out}");
    }
    let (_, out, _) = ran(&around, &["--help"]).await;
    let after = out.find("Codes de sortie").map(|at| out[at..].trim()).unwrap();
    // One paragraph: wrapped where the terminal ends, nowhere else.
    let wrapped = after.lines().collect::<Vec<_>>();
    let filled = wrapped.iter().rev().skip(1).all(|line| line.chars().count() > 80);
    assert!(filled && after.ends_with("7 expiré."), "{out}");
    around.variables.insert("LANG".into(), "en_GB.UTF-8".into());
    let (_, out, _) = ran(&around, &["device", "list", "--help"]).await;
    assert!(out.contains("List devices") && out.contains("Usage:"), "{out}");
    let (_, out, _) = ran(&around, &["--lang", "fr", "device", "list", "--help"]).await;
    assert!(out.contains("Lister les appareils"), "{out}");
    let (exit, out, _) = ran(&around, &["--version"]).await;
    assert_eq!((exit, out), (Exit::Done, format!("cartable {}\n", env!("CARGO_PKG_VERSION"))));
}

#[tokio::test]
async fn mistakes_are_usage_errors_and_leave_standard_output_alone() {
    let around = Surroundings::of_test();
    let config = ["--config", "/nowhere/config.toml"];
    for (line, said) in [
        (&["device", "aprove"][..], "Vouliez-vous dire « approve » ?"),
        (&["device", "list", "--output", "xml"], "valeurs possibles : table, json, csv"),
        (&["device", "list", "--school", "0699990Z"], "s'il est juste, la lettre est J"),
        (&["device", "list", "--silent", "10"], "« 10 » n'est pas une durée"),
        (&["token", "create", "--uses", "3"], "--kind kit"),
        (&["token", "create", "--kit", "K1"], "--slot"),
        (&["cadence", "set"], "rien à changer n'est indiqué\n  que faire : ajoutez au moins une durée : --poll,"),
        (&["token", "revoke", "jeton"], "« jeton » n'est pas l'identifiant d'un jeton"),
        (&["server", "status"], "cartable-server init"),
    ] {
        let line: Vec<&str> = config.iter().chain(line).copied().collect();
        let (exit, out, err) = ran(&around, &line).await;
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{line:?}: {err}");
        assert!(err.starts_with("erreur : ") && err.contains(said), "{said} in {err}");
    }
    // A noun alone asks what can be done with it.
    let (exit, out, err) = ran(&around, &["device"]).await;
    assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
    assert!(err.contains("Lister les appareils"), "{err}");
}

#[tokio::test]
async fn completions_know_the_verbs() {
    let (exit, out, err) = ran(&Surroundings::of_test(), &["completion", "bash"]).await;
    assert_eq!((exit, err.as_str()), (Exit::Done, ""));
    assert!(out.contains("quarantine") && out.contains("--school"));
}

#[tokio::test]
async fn manual_pages_are_written_in_the_readers_language() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("man");
    let to = to.to_str().unwrap();
    for (language, said) in [("fr", "Lister les appareils"), ("en", "List devices")] {
        let (exit, out, err) = ran(&Surroundings::of_test(), &["--lang", language, "man", "--to", to]).await;
        assert_eq!((exit, err.as_str()), (Exit::Done, ""));
        assert!(out.contains(to), "{out}");
        let page = std::fs::read_to_string(format!("{to}/cartable-device-list.1")).unwrap();
        assert!(page.contains(said), "{page}");
        for page in std::fs::read_dir(to).unwrap() {
            let page = std::fs::read_to_string(page.unwrap().path()).unwrap();
            let shown = page.replace("\\fB", "").replace("\\fR", "").replace("\\fI", "").replace('\\', "");
            // groff cannot adjust a line with a longer word, and lintian refuses such a page.
            let synopsis = shown.lines().skip_while(|line| *line != ".SH SYNOPSIS").nth(1).unwrap();
            assert!(synopsis.split(' ').all(|word| word.len() <= 70), "{synopsis}");
        }
        // Two packages cannot bring one page. That of `cartable server` is left out where packages are made.
        for other in ["cartable-agent", "cartable-publish"] {
            let same = std::path::Path::new(to).join(format!("{other}.1"));
            assert!(!same.exists(), "{other} is a program of its own");
        }
    }
    let (exit, _, err) = ran(&Surroundings::of_test(), &["man", "--to", &format!("{to}/cartable.1")]).await;
    assert!(exit != Exit::Done && err.contains("cartable.1"), "{err}");
}

/// A reader that has gone.
struct Gone;

impl std::io::Write for Gone {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_reader_that_has_gone_is_no_error() {
    let mut err = Vec::new();
    let line = ["cartable", "completion", "zsh"].map(OsString::from).to_vec();
    assert_eq!(run(line, &Surroundings::of_test(), &mut Gone, &mut err).await, Exit::Done);
    assert_eq!(err, b"");
}
