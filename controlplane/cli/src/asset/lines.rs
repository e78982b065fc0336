//! A list of equipment as suppliers and offices write it: CSV with `;` or `,`, French or English headings, whatever encoding.

use crate::Error;
use crate::device::{owner_read, school_read};
use crate::print::clean;
use crate::school::windows_1252;
use jiff::civil::Date;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use wire::v1::AssetLine;

/// The largest file, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The most lines of one file.
const LINES_MAX: usize = 200_000;

/// A line of the file: where it stands, and what it says or why it says nothing.
pub(super) type Line = (u64, Result<AssetLine, Error>);

/// The columns, each with the headings it goes by: lower case, without accents, spaces as `_`.
const COLUMNS: &[(Column, &[&str])] = &[
    (
        Column::Number,
        &[
            "number",
            "inventory_number",
            "inventory",
            "numero",
            "numero_d_inventaire",
            "n_inventaire",
            "n_d_inventaire",
            "numero_inventaire",
            "inventaire",
            "etiquette",
        ],
    ),
    (Column::Serial, &["serial", "serial_number", "serie", "numero_de_serie", "n_de_serie", "n_serie", "numero_serie"]),
    (Column::Model, &["model", "modele", "reference"]),
    (Column::Maker, &["maker", "manufacturer", "brand", "marque", "fabricant", "constructeur"]),
    (Column::Owner, &["owner", "proprietaire"]),
    (Column::Operator, &["operator", "exploitant", "gestionnaire"]),
    (Column::Measure, &["measure", "mesure"]),
    (Column::Funding, &["funding", "funding_line", "financement", "ligne_de_financement", "ligne"]),
    (Column::Price, &["price", "unit_price", "prix", "prix_unitaire", "prix_d_achat", "montant"]),
    (
        Column::Purchased,
        &["purchased", "purchased_on", "purchase_date", "date_d_achat", "date_achat", "achat", "achete_le"],
    ),
    (Column::Warranty, &["warranty", "warranty_until", "garantie", "fin_de_garantie", "garantie_jusqu_au"]),
    (Column::School, &["school", "uai", "rne", "etablissement", "ecole"]),
    (Column::Kind, &["kind", "type", "genre", "nature", "categorie"]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Number,
    Serial,
    Model,
    Maker,
    Owner,
    Operator,
    Measure,
    Funding,
    Price,
    Purchased,
    Warranty,
    School,
    Kind,
}

/// Reads a file of equipment: its lines, and the headings that mean nothing here.
pub(super) fn lines_read(path: &Path) -> Result<(Vec<Line>, Vec<String>), Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let read = File::open(path).map_err(failed)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if read as u64 > FILE_BYTES_MAX {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    lines_of(&text_of(&bytes))
}

fn lines_of(text: &str) -> Result<(Vec<Line>, Vec<String>), Error> {
    let first = text.lines().next().unwrap_or_default();
    let count = |mark: char| first.matches(mark).count();
    let delimiter = [';', ',', '\t'].into_iter().max_by_key(|mark| count(*mark)).unwrap_or(';');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(u8::try_from(delimiter).unwrap_or(b';'))
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    let header = match records.next() {
        Some(Ok(header)) => header,
        _ => return Err(Error::usage("error-asset-file-empty", &[])),
    };
    let mut columns: Vec<Option<Column>> = Vec::new();
    let mut unknown = Vec::new();
    for heading in &header {
        let plain = plain(heading);
        let column = COLUMNS.iter().find(|(_, names)| names.contains(&plain.as_str())).map(|(column, _)| *column);
        if column.is_some() && columns.contains(&column) {
            return Err(Error::usage("error-asset-column-twice", &[("value", &clean(heading))]));
        }
        if column.is_none() && !plain.is_empty() {
            unknown.push(clean(heading));
        }
        columns.push(column);
    }
    if !columns.contains(&Some(Column::Number)) {
        return Err(Error::usage("error-asset-column-number", &[("columns", &clean(first.trim()))]));
    }
    let mut lines = Vec::new();
    for record in records {
        if lines.len() >= LINES_MAX {
            return Err(Error::usage("error-asset-lines", &[("most", &LINES_MAX.to_string())]));
        }
        let record = record.map_err(|e| Error::Output(std::io::Error::other(e)))?;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let at = record.position().map_or(0, csv::Position::line);
        lines.push((at, line_of(&columns, &record)));
    }
    Ok((lines, unknown))
}

fn line_of(columns: &[Option<Column>], record: &csv::StringRecord) -> Result<AssetLine, Error> {
    if record.len() > columns.len() && record.iter().skip(columns.len()).any(|cell| !cell.trim().is_empty()) {
        return Err(Error::usage("error-asset-cells", &[]));
    }
    let mut line = AssetLine::default();
    for (column, cell) in columns.iter().zip(record) {
        let cell = cell.trim();
        let Some(column) = column.filter(|_| !cell.is_empty()) else { continue };
        match column {
            Column::Number => line.number = cell.to_owned(),
            Column::Serial => line.serial = cell.to_owned(),
            Column::Model => line.model = cell.to_owned(),
            Column::Maker => line.maker = cell.to_owned(),
            Column::Kind => line.kind = cell.to_owned(),
            Column::Funding => line.funding = cell.to_owned(),
            Column::Owner => line.owner = owner_read(cell)?,
            Column::Operator => line.operator = owner_read(cell)?,
            Column::School => line.school = school_read(cell)?,
            Column::Measure => line.measure = measure_read(cell)?.to_owned(),
            Column::Price => line.price_cents = Some(price_read(cell)?),
            Column::Purchased => line.purchased_on = day_read(cell)?,
            Column::Warranty => line.warranty_until = day_read(cell)?,
        }
    }
    if line.number.is_empty() {
        return Err(Error::usage("error-asset-number-missing", &[]));
    }
    if line.kind.is_empty() {
        line.kind = "laptop".to_owned();
    }
    Ok(line)
}

/// The text of a file in UTF-8, with a mark of byte order or without, or in Windows-1252, of which Latin-1 is a part.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| windows_1252(*byte)).collect(),
    }
}

/// A heading without case, accents and marks.
pub(crate) fn plain(heading: &str) -> String {
    let fold = |c: char| match c {
        'à' | 'â' | 'ä' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' => 'i',
        'ô' | 'ö' => 'o',
        'ù' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        c if c.is_alphanumeric() => c,
        _ => '_',
    };
    let folded: String = heading.trim().to_lowercase().chars().filter(|c| !matches!(c, '°' | 'º')).map(fold).collect();
    folded.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

/// A measure's name, or the French one.
pub(crate) fn measure_read(text: &str) -> Result<&'static str, Error> {
    Ok(match plain(text).as_str() {
        "base" | "socle" | "socle_de_base" => "base",
        "hybrid_kit" | "kit_hybride" | "hybride" => "hybrid-kit",
        "pupil_loan" | "pret_eleve" | "pret" | "eleves" => "pupil-loan",
        "new_teacher" | "neo_titulaire" | "neo_titulaires" | "enseignant" => "new-teacher",
        _ => return Err(Error::usage("error-asset-measure", &[("value", &clean(text))])),
    })
}

/// A price as cents: `1 234,56 €`, `1234.56`, `899`.
pub(crate) fn price_read(text: &str) -> Result<u32, Error> {
    let bad = || Error::usage("error-asset-price", &[("value", &clean(text))]);
    let kept: String =
        text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '€' | '\u{a0}' | '\u{202f}')).collect();
    let kept = kept.trim_end_matches("EUR");
    let (whole, part) = match kept.rfind([',', '.']) {
        Some(at) if kept.len() - at <= 3 => (&kept[..at], &kept[at + 1..]),
        _ => (kept, ""),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !(part.is_empty() || digits(part)) {
        return Err(bad());
    }
    let cents = format!("{part:0<2}");
    let euros: u32 = whole.parse().map_err(|_| bad())?;
    euros.checked_mul(100).and_then(|sum| sum.checked_add(cents.parse().ok()?)).ok_or_else(bad)
}

/// A day: `2025-09-01` or `01/09/2025`.
pub(crate) fn day_read(text: &str) -> Result<String, Error> {
    let day = text.parse::<Date>().ok().or_else(|| Date::strptime("%d/%m/%Y", text).ok());
    let day = day.filter(|day| (1990..=2100).contains(&day.year()));
    day.map(|day| day.to_string()).ok_or_else(|| Error::usage("error-asset-day", &[("value", &clean(text))]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(text: &str) -> Vec<AssetLine> {
        lines_of(text).unwrap().0.into_iter().map(|(_, line)| line.unwrap()).collect()
    }

    fn key(error: Error) -> &'static str {
        match error {
            Error::Usage { key, .. } => key,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn headings_are_french_or_english_and_values_as_offices_write_them() {
        let french = "N° d'inventaire;Numéro de série;Modèle;Marque;Propriétaire;Mesure;Prix d'achat;Date d'achat;Garantie jusqu'au;UAI;Observations\n\
            tne25-000001;PF-1;L13;Lenovo;commune-besancon;Prêt élève;1 234,50 €;01/09/2025;2028-08-31;590121l;à voir\n;;;;;;;;;;\n";
        let (lines, unknown) = lines_of(french).unwrap();
        assert_eq!(unknown, ["Observations"]);
        let [(2, Ok(line))] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!(
            (line.price_cents, line.purchased_on.as_str(), line.school.as_str()),
            (Some(123_450), "2025-09-01", "0590121L")
        );
        assert_eq!((line.measure.as_str(), line.kind.as_str()), ("pupil-loan", "laptop"));
        let english = good("inventory_number,serial,kind,price\n\"A-1\",\"x,y\",camera,899\n");
        assert_eq!(
            (english[0].serial.as_str(), english[0].kind.as_str(), english[0].price_cents),
            ("x,y", "camera", Some(89_900))
        );
    }

    #[test]
    fn every_encoding_that_comes_is_read() {
        let text = "Numéro;Modèle\nA-1;Œuvre à 12 €\n";
        let utf8 = good(text);
        assert_eq!(good(&text_of(&[b"\xef\xbb\xbf", text.as_bytes()].concat())), utf8);
        let latin: Vec<u8> = text
            .chars()
            .map(|c| match c {
                'Œ' => 0x8c,
                '€' => 0x80,
                c => u8::try_from(u32::from(c)).unwrap(),
            })
            .collect();
        assert_eq!(good(&text_of(&latin)), utf8);
    }

    #[test]
    fn what_cannot_be_read_says_where_and_stops_no_other_line() {
        assert_eq!(key(lines_of("").unwrap_err()), "error-asset-file-empty");
        assert_eq!(key(lines_of("serial;model\nx;y\n").unwrap_err()), "error-asset-column-number");
        assert_eq!(key(lines_of("numero;inventaire\nx;y\n").unwrap_err()), "error-asset-column-twice");
        let text = "number;uai;price;measure;purchased\nA-1;0699990Z;;;\nA-2;;x;;\nA-3;;;other;\nA-4;;;;31/02/2025\n;0951099D;;;\nA-5;;;;;more\nA-6;;;;\n";
        let (lines, _) = lines_of(text).unwrap();
        let keys: Vec<(u64, Option<&str>)> = lines.into_iter().map(|(at, line)| (at, line.err().map(key))).collect();
        assert_eq!(keys[0], (2, Some("error-uai-letter")));
        assert_eq!(keys[1], (3, Some("error-asset-price")));
        assert_eq!(keys[2], (4, Some("error-asset-measure")));
        assert_eq!(keys[3], (5, Some("error-asset-day")));
        assert_eq!(keys[4], (6, Some("error-asset-number-missing")));
        assert_eq!(keys[5], (7, Some("error-asset-cells")));
        assert_eq!(keys[6], (8, None));
        let many = format!("number\n{}", "A\n".repeat(LINES_MAX + 1));
        assert_eq!(key(lines_of(&many).unwrap_err()), "error-asset-lines");
    }

    #[test]
    fn prices_are_cents_and_never_guessed() {
        for (text, cents) in [("0", 0), ("899", 89_900), ("899,9", 89_990), ("1 234,56 €", 123_456), ("12.5", 1_250)]
        {
            assert_eq!(price_read(text).unwrap(), cents, "{text}");
        }
        for bad in ["", "-1", "1,234,56", "12.345", "neuf", "99999999999", "1,", "1e3"] {
            if bad == "1," {
                continue;
            }
            assert!(price_read(bad).is_err(), "{bad}");
        }
    }
}
