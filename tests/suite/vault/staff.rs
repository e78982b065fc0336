//! People other than a primary school's pupils: teachers and staff, one person by hand, and a secondary school's families.

use super::{OTHER, SCHOOL, file, holding, imported, said, vaulted};
use std::fs;

#[test]
fn teachers_and_staff_are_listed_or_typed_and_borrow_like_anybody() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, _) = vaulted(folder.path());
    let files = tempfile::tempdir().unwrap();
    let list = file(
        files.path(),
        "staff.csv",
        "Référence;Nom;Prénom;Type;UAI\n25E0000ABC;Zzqwprof;Sacha;enseignante;951099D\nA-17;Zzqwagent;Noé;agent;0750654D\n\
         X-1;Zzqwfaux;Max;élève;0951099D\n",
    );
    let report = imported(&server, &["vault", "import", "--staff", &list]);
    assert_eq!((report["added"].as_u64(), report["refused"][0]["fault"].as_str()), (Some(2), Some("kind")), "{report}");
    assert_eq!(report["school"], format!("{OTHER}, {SCHOOL}"));
    let found = server.json(&["vault", "find", "zzqwprof", "--why", "a new teacher"]);
    assert_eq!((&found[0]["kind"], &found[0]["source"]), (&"teacher".into(), &"staff".into()));
    let reference = found[0]["reference"].as_str().unwrap();
    // The same person, typed by somebody at their next school.
    let person = ["--id", "25e0000abc", "--surname", "Zzqwprof", "--first-name", "Sacha", "--class", "Mathématiques"];
    let add = ["vault", "add", "--school", OTHER, "--kind", "teacher"];
    let added = server.json(&[&add[..], &person].concat());
    assert_eq!((added["reference"].as_str(), added["outcome"].as_str()), (Some(reference), Some("updated")));
    let mute = server.cartable(&add);
    assert!(mute.status.code() == Some(2) && said(&mute).contains("--first-name"), "{}", said(&mute));
    // Somebody else's identifier, by a slip of the hand; and an INE with a letter for a digit.
    let slip = ["--id", "25e0000abc", "--surname", "Zzqwautre", "--first-name", "Max"];
    let slip = server.cartable(&[&add[..], &slip].concat());
    assert!(slip.status.code() == Some(2) && said(&slip).contains("check the identifier"), "{}", said(&slip));
    let add_pupil = ["vault", "add", "--school", OTHER, "--kind", "pupil", "--id", "12345678OAB"];
    let slip = server.cartable(&[&add_pupil[..], &person[2..6]].concat());
    assert!(slip.status.code() == Some(2) && said(&slip).contains("as long as an INE"), "{}", said(&slip));
    let bad = server
        .cartable(&[&["vault", "add", "--school", SCHOOL, "--kind", "staff", "--id", " "], &person[2..6]].concat());
    assert!(bad.status.code() == Some(2) && said(&bad).contains("was not added"), "{}", said(&bad));
    let loan = ["loan", "create", "--school", OTHER, "--kind", "teacher", "--measure", "new-teacher", "--borrower"];
    let number = server.json(&[&loan[..], &[reference]].concat())["number"].as_str().unwrap().to_owned();
    let shown = server.json(&["vault", "show", &number, "--why", "the agreement"]);
    assert_eq!((&shown["surname"], &shown["class"]), (&"Zzqwprof".into(), &"Mathématiques".into()));
    assert_eq!(holding(folder.path(), &["Zzqwprof", "25E0000ABC"]), Vec::<String>::new());
    assert!(server.stop().success());
}

#[test]
fn a_secondary_schools_family_comes_from_two_files() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, _) = vaulted(folder.path());
    let files = tempfile::tempdir().unwrap();
    let document = |root: &str, inside: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"ISO-8859-15\"?><{root}><PARAMETRES><UAJ>{OTHER}</UAJ></PARAMETRES><DONNEES>\
             {inside}</DONNEES></{root}>"
        )
    };
    let pupils = document(
        "BEE_ELEVES",
        "<ELEVES><ELEVE ELEVE_ID=\"4711\"><INE_RNIE>123456789AD</INE_RNIE><NOM_DE_FAMILLE>Zzqwcollège</NOM_DE_FAMILLE>\
         <PRENOM>Léo</PRENOM></ELEVE></ELEVES>",
    );
    let link = |person: u32, legal: u32| {
        format!(
            "<RESPONSABLE_ELEVE><ELEVE_ID>4711</ELEVE_ID><PERSONNE_ID>{person}</PERSONNE_ID><RESP_LEGAL>{legal}</RESP_LEGAL>\
             </RESPONSABLE_ELEVE>"
        )
    };
    let person = |id: u32, name: &str| {
        format!(
            "<PERSONNE PERSONNE_ID=\"{id}\"><LC_CIVILITE>M.</LC_CIVILITE><NOM_DE_FAMILLE>Zzqwparent</NOM_DE_FAMILLE>\
             <PRENOM>{name}</PRENOM><ADRESSE_ID>9</ADRESSE_ID></PERSONNE>"
        )
    };
    let people = person(1, "Second") + &person(2, "Premier");
    let links = link(1, 2) + &link(2, 1);
    let families = document(
        "BEE_RESPONSABLES",
        &format!(
            "<PERSONNES>{people}</PERSONNES><ADRESSES><ADRESSE ADRESSE_ID=\"9\"><LIGNE1_ADRESSE>2 rue de l'Essai\
             </LIGNE1_ADRESSE><CODE_POSTAL>75000</CODE_POSTAL><LIBELLE_POSTAL>Zzville</LIBELLE_POSTAL></ADRESSE></ADRESSES>\
             <RESPONSABLES>{links}</RESPONSABLES>"
        ),
    );
    let pupils = file(files.path(), "ElevesAvecAdresses.xml", &pupils);
    let families = file(files.path(), "ResponsablesAvecAdresses.xml", &families);
    let guardians = ["vault", "import", "--school", OTHER, "--siecle-guardians", &families, "--with-addresses"];
    let early = imported(&server, &guardians);
    assert_eq!(early["refused"][0]["fault"], "pupil_unknown", "{early}");
    assert_eq!(server.json(&["vault", "import", "--school", OTHER, "--siecle", &pupils])["added"], 1);
    assert_eq!(server.json(&guardians)["updated"], 2);
    assert_eq!(server.json(&guardians)["same"], 2);
    let found = server.json(&["vault", "find", "zzqwcol", "--why", "a call"]);
    let named = |n: usize| found[0]["guardians"][n]["first_name"].as_str().unwrap().to_owned();
    assert_eq!((named(0), named(1)), ("Premier".to_owned(), "Second".to_owned()), "{found}");
    assert_eq!(found[0]["guardians"][0]["address"][1], "75000 Zzville");
    // The second one signs no more, and somebody else does.
    let text = fs::read_to_string(&families).unwrap();
    let moved = file(files.path(), "moved.xml", &text.replace("<PRENOM>Second", "<PRENOM>Nouveau"));
    let moved = ["vault", "import", "--school", OTHER, "--siecle-guardians", &moved];
    assert_eq!(server.json(&moved)["updated"], 2);
    let found = server.json(&["vault", "find", "zzqwcol", "--why", "a call"]);
    let signing: Vec<_> = found[0]["guardians"].as_array().unwrap().iter().map(|one| &one["first_name"]).collect();
    assert_eq!(signing, ["Premier", "Nouveau"]);
    assert_eq!(found[0]["guardians"][0]["address"][1], "75000 Zzville", "a file without addresses takes none away");
    // The same file of another school, and one that would read the machine's own files.
    let wrong = server.cartable(&["vault", "import", "--school", SCHOOL, "--siecle-guardians", &families]);
    assert!(wrong.status.code() == Some(2) && said(&wrong).contains("not of 0951099D"), "{}", said(&wrong));
    let text = fs::read_to_string(&families).unwrap();
    let hostile = text.replace("<BEE_RESP", "<!DOCTYPE x [<!ENTITY p SYSTEM \"file:///etc/passwd\">]><BEE_RESP");
    let hostile = file(files.path(), "hostile.xml", &hostile);
    let refused = server.cartable(&["vault", "import", "--school", OTHER, "--siecle-guardians", &hostile]);
    assert!(refused.status.code() == Some(2) && said(&refused).contains("document type"), "{}", said(&refused));
    assert!(server.stop().success());
}
