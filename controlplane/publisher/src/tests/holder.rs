//! What the holder of a key is shown before it signs.

use super::*;
use crate::program::{EN, FR};
use crate::said::proposal_said;
use crate::tuf::Root;
use ::words::{Catalogue, Language};
use std::collections::BTreeSet;

const NAME: &str = "bundle.eau.1.index";

fn lines(proposal: &Proposal, role: &str, key: &SigningKey) -> Vec<(Mark, What, String, String)> {
    let standings = proposal.standings(Some(&key.public())).unwrap();
    let standing = standings.into_iter().find(|standing| standing.role == role).unwrap();
    standing.lines.into_iter().map(|line| (line.mark, line.what, line.name, line.value)).collect()
}

fn marks(proposal: &Proposal, key: &SigningKey) -> Vec<(Mark, String)> {
    lines(proposal, BUNDLES, key).into_iter().map(|(mark, _, name, _)| (mark, name)).collect()
}

/// What its holder reads.
fn text(proposal: &Proposal, key: &SigningKey, compared: &[&str], language: Language) -> String {
    let compared: BTreeSet<String> = compared.iter().map(|&name| name.to_owned()).collect();
    let standings = proposal.standings(Some(&key.public())).unwrap();
    proposal_said(&standings, Some(&compared), None, &Catalogue::new(language, FR, EN)).text
}

#[test]
fn each_key_and_threshold_that_comes_or_goes_is_shown() {
    let world = World::new();
    let new = SigningKey::create(&world.home.path().join("root-d")).unwrap();
    let gone = world.root[0].public().id();
    let rotation = Rotation { add: vec![new.public()], remove: vec![gone.clone()], threshold: Some(3) };
    let proposal = rotate(&world.folder, "root", &rotation, start()).unwrap();
    let said = lines(&proposal, "root", &world.root[1]);
    let line = |mark, what, value: &str| (mark, what, "root".to_owned(), value.to_owned());
    for one in [
        line(Mark::New, What::Key, &new.public().id()),
        line(Mark::Gone, What::Key, &gone),
        line(Mark::Same, What::Key, &world.root[1].public().id()),
        line(Mark::New, What::Threshold, "3"),
        line(Mark::Gone, What::Threshold, "2"),
    ] {
        assert!(said.contains(&one), "{one:?} in {said:?}");
    }
    let text = text(&proposal, &world.root[1], &[], Language::En);
    assert!(text.contains(&format!("  + root: key {}\n", new.public().id())), "{text}");
    assert!(text.contains(&format!("  - root: key {gone}\n")), "{text}");

    // Whoever may sign bundles, too.
    let rotation = Rotation { add: vec![new.public()], ..Rotation::default() };
    let proposal = rotate(&world.folder, BUNDLES, &rotation, start()).unwrap();
    let said = lines(&proposal, "targets", &world.targets);
    assert!(said.contains(&(Mark::New, What::Key, BUNDLES.to_owned(), new.public().id())), "{said:?}");
    assert!(said.contains(&(Mark::Same, What::Delegation, BUNDLES.to_owned(), "bundle.*".to_owned())), "{said:?}");
}

#[test]
fn what_a_key_did_not_sign_just_before_is_new_to_its_holder() {
    let world = World::new();
    publish(&world.folder, &world.packed("1").0, start()).unwrap();
    let (next, packed) = world.packed("2");
    let shown = lines(&next, BUNDLES, &world.bundles);
    let index = "bundle.eau.2.index".to_owned();
    assert!(shown.contains(&(Mark::New, What::Target, index, packed.index_sha256)), "{shown:?}");
    assert!(marks(&next, &world.bundles).contains(&(Mark::Same, NAME.to_owned())));
    // Another holder has signed nothing of it.
    assert!(marks(&next, &world.root[0]).iter().all(|(mark, _)| *mark == Mark::New));
    // Bundles that were carried with it prove nothing when somebody else signed them, or when they are of long ago.
    let carried = |edit: &dyn Fn(&mut Targets, &mut Document)| {
        let mut whole = serde_json::to_value(&next).unwrap();
        let mut document: Document = serde_json::from_value(whole["lists"][BUNDLES].clone()).unwrap();
        let mut bundles: Targets = document.role().unwrap();
        bundles.targets.insert("bundle.x.1.index".to_owned(), Target::of(b"x", None));
        edit(&mut bundles, &mut document);
        whole["lists"][BUNDLES] = serde_json::to_value(&document).unwrap();
        marks(&serde_json::from_value(whole).unwrap(), &world.bundles)
    };
    let signed = |bundles: &Targets, key: &SigningKey| {
        let mut document = Document::new(bundles).unwrap();
        document.sign(key).unwrap();
        document
    };
    let by_another = carried(&|bundles, document| *document = signed(bundles, &world.root[0]));
    let of_long_ago = carried(&|bundles, document| {
        bundles.version = 1;
        *document = signed(bundles, &world.bundles);
    });
    for shown in [by_another, of_long_ago] {
        assert!(shown.iter().all(|(mark, _)| *mark == Mark::New), "{shown:?}");
    }
    let by_this_key = carried(&|bundles, document| *document = signed(bundles, &world.bundles));
    assert!(by_this_key.contains(&(Mark::Gone, "bundle.x.1.index".to_owned())), "{by_this_key:?}");
}

#[test]
fn an_index_that_no_folder_gave_is_named() {
    let world = World::new();
    let (proposal, packed) = world.packed("1");
    let said = |compared: &[&str]| text(&proposal, &world.bundles, compared, Language::En);
    assert!(said(&[]).contains(&format!("Compared with no folder: {NAME}\n")));
    assert!(said(&[]).contains(&format!("  + {NAME}, SHA-256 {}\n", packed.index_sha256)));
    assert!(!said(&[NAME]).contains("Compared with"));
    assert!(text(&proposal, &world.bundles, &[], Language::Fr).contains("Comparé à aucun dossier"));
}

#[test]
fn what_no_key_should_sign_is_not_read() {
    let world = World::new();
    let path = world.home.path().join("stick");
    let (proposal, _) = world.packed("1");
    let refused = |bad: &Proposal| {
        bad.write(&path).unwrap();
        assert!(matches!(Proposal::read(&path), Err(Error::NotProposal { .. })));
    };
    let published = Repository::read(&world.folder).unwrap().published.unwrap();
    refused(&forged(&proposal, |targets| targets.delegations.clone_from(&published.targets.delegations)));
    for name in ["bundle.eau.1.index\n", "bundle.EAU.1.index", "eau", "bundle./../x"] {
        refused(&forged(&proposal, |targets| drop(targets.targets.insert(name.to_owned(), Target::of(b"x", None)))));
    }
    // A list beside that of bundles, and a key under another one's name.
    let mut bad = proposal.clone();
    let mut targets = published.targets.clone();
    targets.targets.insert(NAME.to_owned(), Target::of(b"x", None));
    bad.add("targets", &targets).unwrap();
    refused(&bad);
    let mut bad = rotate(&world.folder, "root", &Rotation::default(), start()).unwrap();
    let mut root: Root = bad.document("root").unwrap().role().unwrap();
    root.keys.insert(world.root[0].public().id(), world.root[1].public().0);
    bad.add("root", &root).unwrap();
    refused(&bad);
    proposal.write(&path).unwrap();
    Proposal::read(&path).unwrap();
}

#[test]
fn nothing_that_is_shown_moves_the_cursor() {
    let world = World::new();
    let (proposal, _) = world.packed("1");
    let bad = forged(&proposal, |targets| targets.expires = "\u{1b}[2J\u{202e}2027\r\n".to_owned());
    let text = text(&bad, &world.bundles, &[], Language::En);
    assert!(text.contains("\\u{1b}[2J\\u{202e}2027\\u{d}\\u{a}"), "{text}");
    // Isolates are the catalogue's own.
    assert!(text.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')), "{text:?}");
}
