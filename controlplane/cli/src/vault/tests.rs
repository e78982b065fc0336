use super::file::{Fault, Refused, SchoolFile};
use super::table::LINES_MAX;
use super::{onde, siecle, staff};
use crate::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;

const SCHOOL: &str = "0951099D";
const PUPILS: &str = "Nom élève;Prénom élève;INE;Cycle;Niveau;Libellé classe;Date naissance\n\
    ZZEXEMPLE;Éléa;123456789AB;CYCLE III;CM2;CM2A;2016-05-14\n\
    \"ZZ ;ESSAI\";Noé;123456789AC;CYCLE III;CM2;CM2A;14/05/2016\n";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

/// The key of a refusal; it must not repeat what the file holds.
fn refused(read: Result<SchoolFile, Error>) -> &'static str {
    match read {
        Err(Error::Usage { key, values }) => {
            let said = format!("{values:?}");
            assert!(!said.contains("ZZ") && !said.contains("Éléa"), "{said}");
            key
        }
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("taken"),
    }
}

#[test]
fn a_primary_schools_file_is_read_in_either_alphabet() {
    let folder = Folder::new();
    let marked = [b"\xef\xbb\xbf".as_slice(), PUPILS.as_bytes()].concat();
    let dos = PUPILS.replace('\n', "\r\n");
    for (name, bytes) in
        [("utf8", PUPILS.into()), ("latin1", latin(PUPILS)), ("marked", marked), ("dos", dos.into_bytes())]
    {
        let file = onde::pupils_read(&folder.file(name, &bytes)).unwrap();
        assert!(file.refused.is_empty() && file.footer.is_none(), "{name}");
        let [one, two] = &file.persons[..] else { panic!("{name}") };
        assert_eq!((one.line, one.first_name.as_str(), one.class.as_str()), (2, "Éléa", "CM2A"), "{name}");
        assert_eq!((two.surname.as_str(), two.birth.as_str()), ("ZZ ;ESSAI", "2016-05-14"), "{name}");
    }
}

#[test]
fn what_a_spreadsheet_writes_between_the_two_latin_alphabets_is_read() {
    let folder = Folder::new();
    // As Excel saves it: œ is 0x9c, Ÿ 0x9f and the apostrophe 0x92, and 0x81 is nothing.
    let with =
        |first: &[u8]| [&latin("Nom élève;Prénom élève;INE\nZZ"), first, &latin(";Éléa;123456789AB\n")[..]].concat();
    for (bytes, text) in [(&b"C\x9cUR D\x92O"[..], "ZZCœUR D’O"), (b"\x9f\x8c", "ZZŸŒ"), (b"\x81", "ZZ\u{81}")] {
        let file = onde::pupils_read(&folder.file("excel.csv", with(bytes))).unwrap();
        assert_eq!((file.persons[0].surname.as_str(), file.persons[0].first_name.as_str()), (text, "Éléa"));
    }
    let declared = document(SCHOOL, &pupils()).replace("ISO-8859-15", "windows-1252").replace("ZZAUTRE", "ZZ\u{9c}");
    let file = siecle::pupils_read(&folder.file("windows.xml", latin(&declared)), SCHOOL).unwrap();
    assert_eq!(file.persons[1].surname, "ZZœ");
}

#[test]
fn the_last_words_of_a_file_are_no_pupil_and_short_lines_are_left_out() {
    let folder = Folder::new();
    let with = |more: &str| onde::pupils_read(&folder.file("file.csv", format!("{PUPILS}{more}"))).unwrap();
    let footer = with("Export du 01/09/2026\n");
    assert_eq!((footer.persons.len(), footer.footer, footer.refused.len()), (2, Some(4), 0));
    let short = with("ZZCOURT;A\nExport du 01/09/2026;\n");
    assert_eq!((short.footer, &short.refused[..]), (Some(5), &[Refused { line: 4, fault: Fault::Columns }][..]));
    let birth = with("ZZDATE;A;123456789AD;C;N;L;31/02/2016\nZZDATE;A;123456789AE;C;N;L;hier\n;;;;;;\n");
    assert_eq!(
        birth.refused.iter().map(|r| (r.line, r.fault)).collect::<Vec<_>>(),
        [(4, Fault::Birth), (5, Fault::Birth)]
    );
    // Cut in the middle of a line: what came before is whole, and the rest is said to be left out.
    let cut = folder.file("cut.csv", &PUPILS.as_bytes()[..PUPILS.len() - 30]);
    let cut = onde::pupils_read(&cut).unwrap();
    assert_eq!((cut.persons.len(), cut.footer), (1, None));
    assert_eq!(&cut.refused[..], &[Refused { line: 3, fault: Fault::Columns }][..]);
}

#[test]
fn what_is_no_primary_schools_file_is_refused_whole() {
    let folder = Folder::new();
    let read = |text: &[u8]| refused(onde::pupils_read(&folder.file("file.csv", text)));
    assert_eq!(read(b""), "error-vault-onde");
    assert_eq!(read(b"Nom;Age\nA;1\n"), "error-vault-onde");
    assert_eq!(read(PUPILS.replace(';', ",").as_bytes()), "error-vault-onde");
    assert_eq!(
        read(format!("{PUPILS}\"ZZOUVERT;A;B;C;D;E;F\nZZSUIVANT;A;B;C;D;E;F\n").as_bytes()),
        "error-vault-quote"
    );
    let many = format!("{PUPILS}{}", "ZZ;A;123456789AB;C;N;L;2016-05-14\n".repeat(LINES_MAX));
    assert_eq!(read(many.as_bytes()), "error-vault-lines");
    let large = folder.file("large.csv", "");
    std::fs::File::options().write(true).open(&large).unwrap().set_len(10 << 30).unwrap();
    assert_eq!(refused(onde::pupils_read(&large)), "error-vault-size");
    assert_eq!(refused(siecle::pupils_read(&large, SCHOOL)), "error-vault-size");
    assert_eq!(refused(onde::pupils_read(Path::new("/dev/zero"))), "error-vault-size");
}

#[test]
fn guardians_keep_their_addresses_only_where_they_are_wanted() {
    let folder = Folder::new();
    let text = "Civilité Responsable;Nom usage responsable;Nom responsable;Prénom responsable;Adresse responsable;\
        CP responsable;Commune responsable;Pays;Courriel;Téléphone domicile;Téléphone travail;Téléphone portable;\
        Nom de famille élève 1;Prénom élève 1;Nom de famille élève 2;Prénom élève 2\n\
        Mme;ZZUSAGE;ZZPARENT;Alix;1 rue de l'Essai;25000;Besançon;;alix@example.org;0300000000;;0600000000;ZZEXEMPLE;Éléa;;\n";
    let path = folder.file("guardians.csv", latin(text));
    let (without, with) =
        (onde::guardians_read(&path, false, false).unwrap(), onde::guardians_read(&path, true, true).unwrap());
    assert!(without.addresses && with.addresses);
    let one = with.guardians[0].guardian.clone().unwrap();
    assert_eq!(one.address, ["1 rue de l'Essai", "25000 Besançon"]);
    assert_eq!((one.surname.as_str(), one.phones.len(), with.guardians[0].pupils.len()), ("ZZUSAGE", 2, 1));
    assert!(without.guardians[0].guardian.clone().unwrap().address.is_empty());
    // Whose word it is that all are there: an extract looks no different.
    assert!(without.guardians[0].whole.is_empty() && with.guardians[0].whole[0].surname == "ZZUSAGE");
    assert_eq!(refused(onde::pupils_read(&path)), "error-vault-onde");
}

fn document(school: &str, inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-15\"?>\n<BEE_ELEVES VERSION=\"2.1\"><PARAMETRES><UAJ>{school}</UAJ>\
         </PARAMETRES><DONNEES>{inside}</DONNEES></BEE_ELEVES>"
    )
}

fn pupils() -> String {
    "<ELEVES><ELEVE ELEVE_ID=\"4711\"><ID_NATIONAL>1234567890A</ID_NATIONAL><INE_RNIE>123456789AB</INE_RNIE>\
     <NOM_DE_FAMILLE>ZZ&#201;XEMPLE &amp; FILS</NOM_DE_FAMILLE><PRENOM><![CDATA[Éléa]]></PRENOM>\
     <DATE_NAISS>31/12/2012</DATE_NAISS></ELEVE>\
     <ELEVE ELEVE_ID=\"4712\"><NOM_DE_FAMILLE>ZZAUTRE</NOM_DE_FAMILLE><PRENOM>Noé</PRENOM></ELEVE></ELEVES>\
     <STRUCTURES><STRUCTURES_ELEVE ELEVE_ID=\"4711\"><STRUCTURE><CODE_STRUCTURE>6GR1</CODE_STRUCTURE><TYPE_STRUCTURE>G\
     </TYPE_STRUCTURE></STRUCTURE><STRUCTURE><CODE_STRUCTURE>6E3</CODE_STRUCTURE><TYPE_STRUCTURE>D</TYPE_STRUCTURE>\
     </STRUCTURE></STRUCTURES_ELEVE></STRUCTURES>"
        .to_owned()
}

#[test]
fn a_secondary_schools_file_is_read_alone_or_packed() {
    let folder = Folder::new();
    let bytes = latin(&document(SCHOOL, &pupils()));
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in [("Nomenclature.xml", &b"<x/>"[..]), ("ElevesSansAdresses.xml", &bytes)] {
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    let packed = archive.finish().unwrap().into_inner();
    for (name, bytes) in [("eleves.xml", bytes), ("eleves.zip", packed)] {
        let file = siecle::pupils_read(&folder.file(name, bytes), SCHOOL).unwrap();
        let [one, two] = &file.persons[..] else { panic!("{name}") };
        assert_eq!((one.surname.as_str(), one.first_name.as_str()), ("ZZÉXEMPLE & FILS", "Éléa"));
        assert_eq!((one.ine.as_str(), one.local_id.as_str()), ("123456789AB", "4711"));
        assert_eq!((one.birth.as_str(), one.class.as_str()), ("2012-12-31", "6E3"));
        assert_eq!((two.ine.as_str(), two.local_id.as_str(), two.class.as_str()), ("", "4712", ""));
        assert!(!file.addresses);
    }
    let with = pupils().replace("<PRENOM>Noé", "<ADRESSE><VILLE>Zzville</VILLE></ADRESSE><PRENOM>Noé");
    let with = siecle::pupils_read(&folder.file("with.xml", latin(&document(SCHOOL, &with))), SCHOOL).unwrap();
    assert!(with.addresses && with.persons.len() == 2);
    assert!(!format!("{:?}", with.persons).contains("Zzville"));
}

#[test]
fn hostile_documents_are_refused_whole() {
    let folder = Folder::new();
    let read = |bytes: &[u8]| refused(siecle::pupils_read(&folder.file("file.xml", bytes), SCHOOL));
    let good = document(SCHOOL, &pupils());
    assert_eq!(read(&latin(&document("0750654D", &pupils()))), "error-vault-school");
    // Without a school, or with its pupils before it.
    assert_eq!(read(&latin(&good.replace("<UAJ>0951099D</UAJ>", ""))), "error-vault-xml");
    // Entities: a billion laughs, a quadratic blow-up, one from outside.
    let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;\">]>";
    let outside = "<!DOCTYPE x SYSTEM \"file:///etc/passwd\">";
    for doctype in [laughs, outside, "<!DOCTYPE x>"] {
        assert_eq!(
            read(&latin(&good.replacen("<BEE_ELEVES", &format!("{doctype}<BEE_ELEVES"), 1))),
            "error-vault-doctype"
        );
    }
    let named = |name: &str| latin(&document(SCHOOL, &pupils().replace("ZZAUTRE", name)));
    assert_eq!(read(&named("&c;")), "error-vault-xml");
    assert_eq!(read(&named("&#x110000;")), "error-vault-xml");
    let quadratic = format!("<!DOCTYPE x [<!ENTITY a \"{}\">]>", "a".repeat(100_000));
    let quadratic = good.replacen("<BEE_ELEVES", &format!("{quadratic}<BEE_ELEVES"), 1);
    assert!(["error-vault-doctype", "error-vault-xml"].contains(&read(&latin(&quadratic))));
    // Deep, long, and without an end.
    assert_eq!(read(&latin(&document(SCHOOL, &"<A>".repeat(100_000)))), "error-vault-xml");
    let long = format!("<ELEVES><ELEVE ELEVE_ID=\"{}\"></ELEVE></ELEVES>", "4".repeat(1_000_000));
    assert_eq!(read(&latin(&document(SCHOOL, &long))), "error-vault-xml");
    assert_eq!(read(&named(&"A".repeat(1_000_000))), "error-vault-xml");
    assert_eq!(read(&named(&"&amp;".repeat(100_000))), "error-vault-xml");
    assert_eq!(read(&named(&format!("<!--{}-->", "A".repeat(1_000_000)))), "error-vault-xml");
    let many = format!("<ELEVES>{}</ELEVES>", "<ELEVE ELEVE_ID=\"1\"/>".repeat(LINES_MAX + 1));
    assert_eq!(read(&latin(&document(SCHOOL, &many))), "error-vault-lines");
    for at in [10, 60, 100, 200, good.len() - 20] {
        assert_eq!(read(&latin(&good)[..at]), "error-vault-xml", "cut at {at}");
    }
    assert_eq!(read(b"<html></html>"), "error-vault-xml");
    assert_eq!(read(b""), "error-vault-xml");
    assert_eq!(read(good.replace("ISO-8859-15", "UTF-16").as_bytes()), "error-vault-alphabet");
    assert_eq!(read(&good.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()), "error-vault-alphabet");
    assert_eq!(read(&latin(&good.replace("ISO-8859-15", "UTF-8"))), "error-vault-xml", "bytes that are no UTF-8");
}

#[test]
fn archives_that_swell_are_stopped() {
    let folder = Folder::new();
    let archive = |name: &str, content: &mut dyn FnMut(&mut dyn Write)| {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        content(&mut archive);
        archive.finish().unwrap().into_inner()
    };
    let mut swollen = archive("ElevesSansAdresses.xml", &mut |out| {
        out.write_all(&latin(&document(SCHOOL, "")[..80])).unwrap();
        let spaces = vec![b'\n'; 1 << 20];
        (0..80).for_each(|_| out.write_all(&spaces).unwrap());
    });
    assert!(swollen.len() < 200_000, "{} bytes hold 80 MiB", swollen.len());
    let read = |bytes: &[u8]| refused(siecle::pupils_read(&folder.file("file.zip", bytes), SCHOOL));
    assert_eq!(read(&swollen), "error-vault-size");
    // A size that lies: what is unpacked is counted too.
    let size = (80_u32 << 20) + 80;
    while let Some(at) = swollen.windows(4).position(|four| four == size.to_le_bytes()) {
        swollen[at..at + 4].copy_from_slice(&1_000_u32.to_le_bytes());
    }
    assert!(["error-vault-size", "error-vault-xml"].contains(&read(&swollen)));
    assert_eq!(read(&archive("readme.txt", &mut |out| out.write_all(b"hello").unwrap())), "error-vault-zip");
    assert_eq!(read(b"PK\x03\x04and nothing else"), "error-vault-zip");
    let none = siecle::guardians_read(&folder.file("file.zip", b"PK\x03\x04"), SCHOOL, false).map(|_| ());
    assert!(format!("{none:?}").contains("ResponsablesAvecAdresses.xml"), "{none:?}");
    // A name is looked at and never a path to write to.
    let escaping = archive("../../ElevesSansAdresses.xml", &mut |out| {
        out.write_all(&latin(&document(SCHOOL, &pupils()))).unwrap();
    });
    assert!(siecle::pupils_read(&folder.file("escaping.zip", escaping), SCHOOL).is_ok());
    assert_eq!(std::fs::read_dir(folder.0.path()).unwrap().count(), 2, "nothing is unpacked");
}

const STAFF: &str = "Référence;Nom;Prénom;Type;UAI;Fonction\n\
    25E0000ABC;ZZENSEIGNE;Éléa;Enseignante;0951099d;Mathématiques\n\
    A-17;ZZ AGENT;Noé;agent;750654D;\n";

#[test]
fn a_list_of_staff_is_read_by_school_in_either_alphabet_and_with_either_separator() {
    let folder = Folder::new();
    let marked = [b"\xef\xbb\xbf".as_slice(), STAFF.as_bytes()].concat();
    let commas = STAFF.replace(';', ",").replace("ZZ AGENT", "\"ZZ ,AGENT\"");
    for (name, bytes) in
        [("utf8", STAFF.into()), ("latin1", latin(STAFF)), ("marked", marked), ("commas", commas.into_bytes())]
    {
        let (files, refused) = staff::staff_read(&folder.file(name, &bytes), None).unwrap();
        assert!(refused.is_empty(), "{name}");
        assert_eq!(files.keys().collect::<Vec<_>>(), ["0750654D", "0951099D"], "{name}");
        let one = &files["0951099D"].persons[0];
        assert_eq!((one.line, one.kind.as_str(), one.local_id.as_str()), (2, "teacher", "25E0000ABC"), "{name}");
        assert_eq!((one.first_name.as_str(), one.class.as_str()), ("Éléa", "Mathématiques"), "{name}");
        assert_eq!(files["0750654D"].persons[0].kind, "staff", "{name}");
    }
    let bad = format!("{STAFF}X1;ZZA;B;élève;0951099D;\nX2;ZZA;B;agent;0951099K;\nX3;ZZA\nX4;ZZA;B;agent;;\n");
    let (files, refused) = staff::staff_read(&folder.file("bad", &bad), None).unwrap();
    let faults: Vec<_> = refused.iter().map(|r| (r.line, r.fault)).collect();
    assert_eq!(faults, [(4, Fault::Kind), (5, Fault::School), (6, Fault::Columns), (7, Fault::School)]);
    assert_eq!(files.values().map(|file| file.persons.len()).sum::<usize>(), 2);
    // One school's list: a line of another's is a mistake, a line of none is of this one.
    let (files, refused) = staff::staff_read(&folder.file("bad", &bad), Some(SCHOOL)).unwrap();
    assert_eq!(
        (files[SCHOOL].persons.len(), refused.iter().map(|r| r.line).collect::<Vec<_>>()),
        (2, vec![3, 4, 5, 6])
    );
}

#[test]
fn who_is_listed_at_two_schools_stays_at_the_first_and_is_told() {
    let folder = Folder::new();
    let twice = format!(
        "{STAFF} 25e0000abc ;ZZENSEIGNE;Éléa;Enseignante;0750654D;\n25E0000ABC;ZZENSEIGNE;Éléa;agent;0951099D;\n"
    );
    let (files, refused) = staff::staff_read(&folder.file("twice", twice), None).unwrap();
    assert_eq!(&refused[..], &[Refused { line: 4, fault: Fault::Schools }][..]);
    assert_eq!((files["0951099D"].persons.len(), files["0750654D"].persons.len()), (2, 1));
    let one = staff::staff_read(&folder.file("one.csv", "nom\nZZA\n"), None).map(|_| ());
    assert!(format!("{one:?}").contains("reference") && !format!("{one:?}").contains("INE"), "{one:?}");
}

#[test]
fn what_is_no_list_of_staff_is_refused_whole() {
    let folder = Folder::new();
    let read = |text: &[u8]| match staff::staff_read(&folder.file("file.csv", text), None) {
        Err(Error::Usage { key, .. }) => key,
        other => panic!("{:?}", other.map(|_| ())),
    };
    assert_eq!(read(b""), "error-vault-list");
    assert_eq!(read(PUPILS.as_bytes()), "error-vault-list");
    assert_eq!(read(STAFF.replace("UAI", "Ville").as_bytes()), "error-vault-list");
    assert_eq!(
        read(format!("{STAFF}\"ZZOUVERT;A;B;agent;{SCHOOL};\nA;B;C;agent;{SCHOOL};\n").as_bytes()),
        "error-vault-quote"
    );
    assert_eq!(
        read(format!("{STAFF}{}", "A;ZZ;B;agent;0951099D;\n".repeat(LINES_MAX)).as_bytes()),
        "error-vault-lines"
    );
    let large = folder.file("large.csv", "");
    std::fs::File::options().write(true).open(&large).unwrap().set_len(10 << 30).unwrap();
    assert!(matches!(staff::staff_read(&large, None), Err(Error::Usage { key: "error-vault-size", .. })));
}

fn responsables(inside: &str) -> String {
    document(SCHOOL, inside).replace("BEE_ELEVES", "BEE_RESPONSABLES")
}

fn family() -> String {
    let person = |id: &str, first: &str, address: &str| {
        format!(
            "<PERSONNE PERSONNE_ID=\"{id}\"><LC_CIVILITE>MME</LC_CIVILITE><NOM_DE_FAMILLE>ZZPARENT</NOM_DE_FAMILLE>\
             <PRENOM>{first}</PRENOM><TEL_PERSONNEL>0300000000</TEL_PERSONNEL><TEL_PORTABLE>0600000000</TEL_PORTABLE>\
             <MEL>{first}@example.org</MEL><ADRESSE_ID>{address}</ADRESSE_ID></PERSONNE>"
        )
    };
    let link = |pupil: &str, person: &str, legal: &str| {
        format!(
            "<RESPONSABLE_ELEVE><ELEVE_ID>{pupil}</ELEVE_ID><PERSONNE_ID>{person}</PERSONNE_ID><RESP_LEGAL>{legal}\
             </RESP_LEGAL></RESPONSABLE_ELEVE>"
        )
    };
    let people = ["7", "8", "9"].into_iter().zip(["Alix", "Noé", "Zoé"]);
    let people: String = people.map(|(id, first)| person(id, first, if id == "9" { "" } else { "55" })).collect();
    // The second to sign stands first; one who does not sign is nobody's business.
    let links: String =
        [("4711", "8", "2"), ("4711", "7", "1"), ("4712", "7", "1"), ("4711", "9", "0"), ("4712", "66", "2")]
            .map(|(pupil, person, legal)| link(pupil, person, legal))
            .concat();
    format!(
        "<PERSONNES>{people}</PERSONNES><ADRESSES><ADRESSE ADRESSE_ID=\"55\"><LIGNE1_ADRESSE>1 rue de l&apos;Essai\
         </LIGNE1_ADRESSE><LIGNE2_ADRESSE/><CODE_POSTAL>25000</CODE_POSTAL><LIBELLE_POSTAL>ZZVILLE</LIBELLE_POSTAL>\
         <LL_PAYS>FRANCE</LL_PAYS></ADRESSE></ADRESSES><RESPONSABLES>{links}</RESPONSABLES>"
    )
}

#[test]
fn secondary_schools_guardians_are_those_who_sign_in_their_order() {
    let folder = Folder::new();
    let path = folder.file("ResponsablesAvecAdresses.xml", latin(&responsables(&family())));
    let file = siecle::guardians_read(&path, SCHOOL, true).unwrap();
    let said: Vec<_> = file
        .guardians
        .iter()
        .map(|line| {
            let guardian = line.guardian.as_ref().unwrap();
            let pupils: Vec<&str> = line.pupils.iter().map(|pupil| pupil.local_id.as_str()).collect();
            (guardian.first_name.as_str(), pupils, guardian.phones.len(), guardian.address.join(", "))
        })
        .collect();
    let address = "1 rue de l'Essai, 25000 ZZVILLE".to_owned();
    assert_eq!(said, [("Alix", vec!["4711", "4712"], 2, address.clone()), ("Noé", vec!["4711"], 2, address)]);
    assert_eq!(file.guardians[0].guardian.as_ref().unwrap().title, "Mme");
    assert_eq!(&file.refused[..], &[Refused { line: 0, fault: Fault::Link }][..]);
    assert!(file.guardians.iter().all(|line| line.whole.is_empty()), "a file that lacks somebody is not whole");
    let whole = family().replace("<PERSONNE_ID>66<", "<PERSONNE_ID>9<");
    let whole = siecle::guardians_read(&folder.file("whole.xml", latin(&responsables(&whole))), SCHOOL, true).unwrap();
    let said: Vec<_> = whole
        .guardians
        .iter()
        .map(|line| {
            let names: Vec<&str> = line.whole.iter().map(|name| name.first_name.as_str()).collect();
            (line.pupils[0].local_id.as_str(), names)
        })
        .collect();
    let (first, second) = (("4711", vec!["Alix", "Noé"]), ("4712", vec!["Alix", "Zoé"]));
    assert_eq!(said, [first.clone(), second.clone(), first, second]);
    let bare = siecle::guardians_read(&path, SCHOOL, false).unwrap();
    assert!(bare.addresses && bare.guardians.iter().all(|line| line.guardian.as_ref().unwrap().address.is_empty()));
    // Packed, beside the pupils' file, and as a document of pupils.
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in [
        ("ElevesAvecAdresses.xml", document(SCHOOL, &pupils())),
        ("ResponsablesAvecAdresses.xml", responsables(&family())),
    ] {
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(&latin(&content)).unwrap();
    }
    let packed = folder.file("export.zip", archive.finish().unwrap().into_inner());
    assert_eq!(siecle::guardians_read(&packed, SCHOOL, false).unwrap().guardians.len(), 2);
    assert_eq!(siecle::pupils_read(&packed, SCHOOL).unwrap().persons.len(), 2);
    assert_eq!(refused(siecle::pupils_read(&path, SCHOOL)), "error-vault-xml");
}

#[test]
fn hostile_documents_of_guardians_are_refused_whole() {
    let folder = Folder::new();
    let read = |bytes: &[u8]| refused(siecle::guardians_read(&folder.file("file.xml", bytes), SCHOOL, true));
    let good = responsables(&family());
    for doctype in ["<!DOCTYPE x [<!ENTITY a \"ha\">]>", "<!DOCTYPE x SYSTEM \"file:///etc/passwd\">"] {
        let with = good.replacen("<BEE_RESPONSABLES", &format!("{doctype}<BEE_RESPONSABLES"), 1);
        assert_eq!(read(&latin(&with)), "error-vault-doctype");
    }
    assert_eq!(read(&latin(&good.replace(SCHOOL, "0750654D"))), "error-vault-school");
    assert_eq!(read(&latin(&good.replace("ZZVILLE", "&outside;"))), "error-vault-xml");
    assert_eq!(read(&latin(&good.replace("ZZVILLE", &"A".repeat(1_000_000)))), "error-vault-xml");
    for at in [60, 200, good.len() / 2, good.len() - 20] {
        assert_eq!(read(&latin(&good)[..at]), "error-vault-xml", "cut at {at}");
    }
    let many = |element: &str, id: &str| {
        let each = |n: usize| format!("<{element} {id}=\"{n}\"/>");
        (0..=LINES_MAX).map(each).collect::<String>()
    };
    let people = responsables(&format!("<PERSONNES>{}</PERSONNES>", many("PERSONNE", "PERSONNE_ID")));
    let addresses = responsables(&format!("<ADRESSES>{}</ADRESSES>", many("ADRESSE", "ADRESSE_ID")));
    let links = "<RESPONSABLE_ELEVE/>".repeat(4 * LINES_MAX + 1);
    let links = responsables(&format!("<RESPONSABLES>{links}</RESPONSABLES>"));
    for text in [people, addresses, links] {
        assert_eq!(read(&latin(&text)), "error-vault-lines");
    }
}
