//! An invented *annuaire de l'éducation*: as many schools as wanted, with each trap of real exports at a given rate.
//!
//! Names, numbers and places are made up; UAIs take serial numbers that are not given out. The same seed gives the same file.

use model::uai::WrittenUai;
use std::io::{self, Write};

/// The columns of the open data, in its order.
pub const COLUMNS: &str = "Identifiant_de_l_etablissement;Nom_etablissement;Type_etablissement;Statut_public_prive;Adresse_1;\
Adresse_2;Adresse_3;Code_postal;Code_commune;Nom_commune;Code_departement;Code_academie;Code_region;Ecole_maternelle;\
Ecole_elementaire;Voie_generale;Voie_technologique;Voie_professionnelle;Telephone;Fax;Web;Mail;Restauration;Hebergement;ULIS;\
Apprentissage;Segpa;Section_arts;Section_cinema;Section_theatre;Section_sport;Section_internationale;Section_europeenne;\
Lycee_Agricole;Lycee_militaire;Lycee_des_metiers;Post_BAC;Appartenance_Education_Prioritaire;GRETA;SIREN_SIRET;Nombre_d_eleves;\
Fiche_onisep;position;Type_contrat_prive;Libelle_departement;Libelle_academie;Libelle_region;coordX_origine;coordY_origine;\
epsg_origine;nom_circonscription;latitude;longitude;precision_localisation;date_ouverture;date_maj_ligne;etat;ministere_tutelle;\
multi_uai;rpi_concentre;rpi_disperse;code_nature;libelle_nature;Code_type_contrat_prive;PIAL;etablissement_mere;\
type_rattachement_etablissement_mere;code_circonscription;code_zone_animation_pedagogique;libelle_zone_animation_pedagogique;\
code_bassin_formation;libelle_bassin_formation";

/// A file to be made.
#[derive(Clone, Debug)]
pub struct Register {
    /// How many schools.
    pub schools: u32,
    /// Another seed is another file.
    pub seed: u64,
    /// The départements they lie in, in turn; as INSEE writes them.
    pub departements: Vec<String>,
    /// How often each trap occurs.
    pub traps: Traps,
    /// How the text is written.
    pub encoding: Encoding,
    /// Whether the names of the columns are in lower case, as the API gives them.
    pub lower_header: bool,
    /// How many pupils are added to each school: another year's file.
    pub pupils_more: u32,
}

/// How many of a thousand schools have each trap.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traps {
    /// UAI, département, commune and telephone without their leading zeros.
    pub zeros: u32,
    /// The UAI in lower case.
    pub case: u32,
    /// A check letter that is wrong.
    pub letter: u32,
    /// A UAI that cannot be repaired.
    pub shape: u32,
    /// No name.
    pub nameless: u32,
    /// Closed.
    pub closed: u32,
    /// A second row, for another site under the same UAI.
    pub sites: u32,
    /// A second row, for another commune of a dispersed school.
    pub dispersed: u32,
    /// A name with the separator, a quote and a line's end in it.
    pub quotes: u32,
    /// UTF-8 taken for Latin-1, and written so.
    pub accents: u32,
    /// A SIRET as a spreadsheet's number.
    pub siret: u32,
    /// A row cut off in the middle.
    pub short: u32,
}

/// How text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-8 with a byte order mark.
    Utf8Bom,
    /// Latin-1.
    Latin1,
}

/// What reading the file must come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Rows, the first one not counted.
    pub rows: u32,
    /// Schools that are known after an import with warnings.
    pub schools: u32,
    /// Those of them left out of indicators.
    pub flagged: u32,
    /// Of these, because of their letter.
    pub letters: u32,
    /// Rows that are refused.
    pub refused: u32,
    /// Rows joined to another.
    pub joined: u32,
}

impl Traps {
    /// Each of them now and then, as real exports have them.
    #[must_use]
    pub const fn real() -> Self {
        Self {
            zeros: 120,
            case: 20,
            letter: 3,
            shape: 2,
            nameless: 1,
            closed: 15,
            sites: 10,
            dispersed: 12,
            quotes: 20,
            accents: 5,
            siret: 8,
            short: 1,
        }
    }
}

impl Register {
    /// A file of so many schools all over France, with traps as real ones have them.
    #[must_use]
    pub fn of(schools: u32) -> Self {
        let metropolitan = (1..=95).filter(|code| *code != 20).map(|code| format!("{code:02}"));
        let others = ["2A", "2B", "971", "972", "973", "974", "976"].map(str::to_owned);
        Self {
            schools,
            seed: 1,
            departements: metropolitan.chain(others).collect(),
            traps: Traps::real(),
            encoding: Encoding::Utf8,
            lower_header: false,
            pupils_more: 0,
        }
    }

    /// Writes it, and says what reading it must come to.
    ///
    /// # Errors
    /// When it cannot be written.
    ///
    /// # Panics
    /// For more schools than there are serial numbers.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<Expected> {
        let mut chance = Chance(self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let header = if self.lower_header { COLUMNS.to_lowercase() } else { COLUMNS.to_owned() };
        let mut expected = Expected::default();
        let mut line = |text: &str| -> io::Result<()> {
            match self.encoding {
                Encoding::Latin1 => {
                    out.write_all(
                        &text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect::<Vec<_>>(),
                    )?;
                }
                Encoding::Utf8 | Encoding::Utf8Bom => out.write_all(text.as_bytes())?,
            }
            out.write_all(b"\r\n")
        };
        let bom = if self.encoding == Encoding::Utf8Bom { "\u{feff}" } else { "" };
        line(&format!("{bom}{header}"))?;
        let count = u32::try_from(self.departements.len()).expect("few");
        for n in 0..self.schools {
            let departement = &self.departements[(n % count) as usize];
            let serial = 7_000 + n / count;
            assert!(serial < 10_000, "there are no more serial numbers");
            for row in school(departement, serial, self, &mut chance, &mut expected) {
                expected.rows += 1;
                line(&row)?;
            }
        }
        Ok(expected)
    }
}

/// The UAI of the so-manieth school of a département.
#[must_use]
pub fn uai(departement: &str, serial: u32) -> String {
    let prefix = match departement {
        "2A" => "620",
        "2B" => "720",
        code => code,
    };
    let number = format!("{prefix:0>3}{serial:04}");
    let letter = format!("{number}A").parse::<WrittenUai>().expect("seven digits").expected();
    format!("{number}{letter}")
}

/// The rows of one school: one, or two that are to be joined.
fn school(
    departement: &str,
    serial: u32,
    register: &Register,
    chance: &mut Chance,
    expected: &mut Expected,
) -> Vec<String> {
    let traps = &register.traps;
    let primary = chance.of(1_000) < 750;
    let zeros = chance.hits(traps.zeros);
    let bare = |text: String| if zeros { text.trim_start_matches('0').to_owned() } else { text };
    let mut written = uai(departement, serial);
    let (shape, nameless) = (chance.hits(traps.shape), chance.hits(traps.nameless));
    let (letter, closed) = (chance.hits(traps.letter), chance.hits(traps.closed));
    let short = chance.hits(traps.short);
    if letter {
        let wrong = if written.ends_with('B') { 'C' } else { 'B' };
        written.replace_range(7.., &wrong.to_string());
    }
    written = bare(written);
    if chance.hits(traps.case) {
        written = written.to_lowercase();
    }
    if shape {
        "9,51E+06".clone_into(&mut written);
    }
    let mut name =
        format!("{} {}", if primary { "École primaire des" } else { "Collège des" }, WORDS[chance.of(8) as usize]);
    if chance.hits(traps.accents) && register.encoding != Encoding::Latin1 {
        name = name.bytes().map(char::from).collect();
    }
    if chance.hits(traps.quotes) {
        name = format!("\"{name} ; dite \"\"l'Exemple\"\"\r\nannexe\"");
    }
    if nameless {
        name.clear();
    }
    let second = if shape || nameless || short {
        None
    } else if chance.hits(traps.sites) {
        Some(("1", "0"))
    } else {
        (primary && chance.hits(traps.dispersed)).then_some(("0", "1"))
    };
    let commune = chance.of(300) + 1;
    let siret = siret(departement, commune);
    let siret = if chance.hits(traps.siret) { "9,92E+13".to_owned() } else { siret };
    let pupils = 20 + chance.of(400) + register.pupils_more;
    let row = |commune: u32| {
        let (code, coded) = (format!("{departement:0>2}{commune:03}"), format!("{departement:0>3}"));
        let code = bare(code.chars().take(5).collect());
        let mut fields = vec![String::new(); 72];
        for (at, text) in [
            (0, written.clone()),
            (1, name.clone()),
            (2, (if primary { "Ecole" } else { "Collège" }).to_owned()),
            (3, (if serial.is_multiple_of(7) { "Privé" } else { "Public" }).to_owned()),
            (4, "1 rue de l'Exemple".to_owned()),
            (7, format!("{departement:0<2}000")),
            (8, code),
            (9, format!("Exemple-{departement}-{commune}")),
            (10, bare(coded)),
            (11, "3".to_owned()),
            (13, u8::from(primary).to_string()),
            (18, if zeros { "381000000".to_owned() } else { "0381000000".to_owned() }),
            (21, "ce.exemple@example.org".to_owned()),
            (37, (if serial.is_multiple_of(11) { "REP" } else { "" }).to_owned()),
            (39, siret.clone()),
            (40, pupils.to_string()),
            (42, format!("47.{serial:04},6.{commune:04}")),
            (45, "Exemple".to_owned()),
            (54, (if serial.is_multiple_of(2) { "26/04/1969" } else { "1971-09-01" }).to_owned()),
            (56, (if closed { "FERME" } else { "OUVERT" }).to_owned()),
            (58, second.map_or("", |(sites, _)| sites).to_owned()),
            (60, second.map_or("0", |(_, dispersed)| dispersed).to_owned()),
            (61, (if primary { "151" } else { "340" }).to_owned()),
        ] {
            fields[at] = text;
        }
        if short {
            fields.truncate(30);
        }
        fields.join(";")
    };
    if shape || nameless || short {
        expected.refused += 1;
        return vec![row(commune)];
    }
    expected.schools += 1;
    expected.letters += u32::from(letter);
    expected.flagged += u32::from(letter || closed);
    let mut rows = vec![row(commune)];
    if second.is_some() {
        expected.joined += 1;
        rows.push(row(commune + 400));
    }
    rows
}

const WORDS: [&str; 8] = ["Tilleuls", "Prés", "Érables", "Lilas", "Vignes", "Chênes", "Mésanges", "Marronniers"];

/// An invented SIRET whose check digits are right; no organisation's begins so.
#[must_use]
pub fn siret(departement: &str, commune: u32) -> String {
    let place: u32 = departement.bytes().map(u32::from).fold(0, |sum, byte| (sum * 37 + byte) % 1_000);
    let siren = checked(&format!("99{place:03}{commune:03}"));
    checked(&format!("{siren}0001"))
}

/// Digits with the one that makes them right by Luhn's rule.
fn checked(digits: &str) -> String {
    let values = digits.bytes().rev().map(|byte| u32::from(byte - b'0'));
    let sum: u32 = values.enumerate().map(|(at, d)| if at % 2 == 0 { d * 2 / 10 + d * 2 % 10 } else { d }).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// Chance that is the same each time (xorshift).
struct Chance(u64);

impl Chance {
    fn of(&mut self, below: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from((self.0 >> 32) % u64::from(below)).expect("below a u32")
    }

    fn hits(&mut self, of_thousand: u32) -> bool {
        self.of(1_000) < of_thousand
    }
}
