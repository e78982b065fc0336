use super::*;
use crate::establishment::Position;
use proptest::prelude::*;

const HEADER: &[&str] = &[
    "identifiant_de_l_etablissement",
    "NOM_ETABLISSEMENT",
    "Type_etablissement",
    "Statut_public_prive",
    "Adresse_1",
    "Code_commune",
    "Nom_commune",
    "Code_departement",
    "Libelle_academie",
    "SIREN_SIRET",
    "Nombre_d_eleves",
    "Telephone",
    "date_ouverture",
    "position",
    "etat",
    "multi_uai",
    "rpi_disperse",
];

const GOOD: [&str; 17] = [
    "6200088B",
    "Ecole primaire Exemple",
    "Ecole",
    "Public",
    "1 rue Neuve",
    "2A041",
    "Exemple",
    "02A",
    "Corse",
    "21200041800047",
    "123",
    "495000001",
    "26/04/1969",
    "41.38,9.15",
    "OUVERT",
    "",
    "0",
];

fn read(change: &[(usize, &str)]) -> Result<Read, Refused> {
    let mut fields = GOOD;
    for (at, text) in change {
        fields[*at] = text;
    }
    Columns::find(HEADER.iter().copied()).unwrap().read(&fields)
}

fn done(read: &Read) -> Vec<(&'static str, Done, &str)> {
    read.notes.iter().map(|note| (note.column, note.what, note.now.as_str())).collect()
}

#[test]
fn a_row_is_read_with_what_was_repaired() {
    let row = read(&[]).unwrap();
    let school = &row.establishment;
    assert_eq!(school.departement.unwrap().to_string(), "2A");
    assert_eq!(school.communes[0].code, "2A041");
    assert_eq!(school.kind, Kind::Primary);
    assert_eq!(school.opened.unwrap().to_string(), "1969-04-26");
    assert_eq!(school.position, Some(Position { latitude_e5: 4_138_000, longitude_e5: 915_000 }));
    assert!(school.fits() && !school.dispersed && school.flag().is_none());
    assert_eq!(done(&row), [("Telephone", Done::Zeros, "0495000001")]);

    let row = read(&[(0, "10001w"), (5, "1004"), (7, "1"), (1, "CollÃ¨ge\u{b} des PrÃ©s"), (9, "2.12E+13")]).unwrap();
    assert_eq!(row.establishment.uai.to_string(), "0010001W");
    assert_eq!(row.establishment.name, "Collège des Prés");
    assert_eq!(
        done(&row),
        [
            ("Identifiant_de_l_etablissement", Done::Zeros, "0010001W"),
            ("Nom_etablissement", Done::Controls, "Collège des Prés"),
            ("Code_commune", Done::Zeros, "01004"),
            ("Code_departement", Done::Zeros, "01"),
            ("SIREN_SIRET", Done::Dropped, ""),
            ("Telephone", Done::Zeros, "0495000001"),
        ]
    );
}

#[test]
fn wrong_letters_and_closed_schools_are_flagged() {
    let row = read(&[(0, "0699990Z"), (14, "FERME")]).unwrap();
    assert_eq!(row.establishment.flag(), Some(crate::establishment::Flag::Letter));
    assert!(row.establishment.closed);
    assert!(done(&row).contains(&("Identifiant_de_l_etablissement", Done::Letter, "J")));
    let row = read(&[(14, "FERMÉ")]).unwrap();
    assert_eq!(row.establishment.flag(), Some(crate::establishment::Flag::Closed));
}

#[test]
fn what_cannot_be_known_is_refused() {
    assert_eq!(read(&[(0, "6,2E+06")]), Err(Refused::Uai("6,2E+06".to_owned())));
    assert_eq!(read(&[(0, "")]), Err(Refused::Uai(String::new())));
    assert_eq!(read(&[(1, "  ")]), Err(Refused::Name));
    assert_eq!(read(&[(1, &"x".repeat(5_000))]), Err(Refused::Long("Nom_etablissement")));
    let columns = Columns::find(HEADER.iter().copied()).unwrap();
    assert_eq!(columns.read(&GOOD[..5]), Err(Refused::Fields { found: 5, columns: 17 }));
    assert!(columns.absent().contains(&"Code_academie"));
    let missing = Columns::find(["\u{feff}Nom_etablissement", "Code_commune"]).unwrap_err();
    assert!(missing.0.contains(&"Identifiant_de_l_etablissement") && !missing.0.contains(&"Nom_etablissement"));
}

#[test]
fn rows_of_one_establishment_are_joined() {
    let mut school = read(&[(16, "1")]).unwrap().establishment;
    let other = read(&[(5, "2A042"), (6, "Autre"), (10, "7"), (15, "1"), (14, "FERME")]).unwrap().establishment;
    school.join(other.clone());
    school.join(other);
    assert_eq!(school.communes.len(), 2);
    assert_eq!((school.pupils, school.several_sites, school.dispersed, school.closed), (Some(123), true, true, false));
}

proptest! {
    /// Whatever a file holds: it is refused, or it is an establishment within the limits that reads as itself.
    #[test]
    fn any_row_is_refused_or_fits(fields in proptest::collection::vec("\\PC{0,40}|[0-9A-Za-z,./ -]{0,12}", 17), uai in "[0-9]{1,7}[A-Za-z]") {
        let columns = Columns::find(HEADER.iter().copied()).unwrap();
        let mut fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        fields[0] = &uai;
        if let Ok(read) = columns.read(&fields) {
            let school = read.establishment;
            prop_assert!(school.fits(), "{:?}", school);
            let again: Establishment = serde_json::from_value(serde_json::to_value(&school).unwrap()).unwrap();
            prop_assert_eq!(again, school);
        }
    }
}
