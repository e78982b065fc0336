//! What a scanned code or a typed name means, within a set.

use super::set::DaySet;
use std::collections::BTreeMap;

/// The most loans that a search offers.
pub(crate) const FOUND_MAX: usize = 9;

/// What a code stands for: an index into the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A loan.
    Loan(usize),
    /// A piece of equipment.
    Asset(usize),
    /// An accessory: its loan, and its place in that.
    Item(usize, usize),
}

/// The codes of a set.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    /// In capitals; what two things share stands for neither.
    codes: BTreeMap<String, Option<Found>>,
    /// Names as they are searched, with their loan.
    names: Vec<(String, usize)>,
    /// Loans by id.
    loans: BTreeMap<String, usize>,
    /// Assets by inventory number.
    assets: BTreeMap<String, usize>,
}

impl Codes {
    /// The codes of this set.
    pub(crate) fn of(set: &DaySet) -> Self {
        let mut codes = Self::default();
        for (at, loan) in set.loans.iter().enumerate() {
            codes.add(&loan.id, Found::Loan(at));
            codes.add(&loan.number, Found::Loan(at));
            loan.items.iter().enumerate().for_each(|(n, item)| codes.add(&item.number, Found::Item(at, n)));
            codes.loans.insert(loan.id.clone(), at);
            codes.names.push((plain(&format!("{} {}", loan.name, loan.class)), at));
        }
        for (at, asset) in set.assets.iter().enumerate() {
            codes.add(&asset.number, Found::Asset(at));
            codes.add(&asset.label, Found::Asset(at));
            codes.assets.insert(asset.number.clone(), at);
        }
        // A serial number is evidence, never a key: it gives way to every other code.
        for (at, asset) in set.assets.iter().enumerate() {
            let serial = key(&asset.serial);
            match codes.codes.get(&serial).copied() {
                Some(Some(Found::Asset(other))) if other != at && key(&set.assets[other].serial) == serial => {
                    codes.codes.insert(serial, None);
                }
                Some(_) => {}
                None => codes.add(&asset.serial, Found::Asset(at)),
            }
        }
        codes
    }

    /// What was scanned or typed as a code.
    ///
    /// A scanner set for an American keyboard, on a machine set for a French one, types `TNE25-004217` as `TNEé()àà'é&è`: such a
    /// text is read that way once it means nothing as it is.
    pub(crate) fn find(&self, text: &str) -> Option<Found> {
        let tries = [text.to_owned(), unshifted(text)];
        tries.iter().find_map(|text| {
            let whole = self.codes.get(&key(text));
            // A QR code may hold an address that ends with the code.
            let last = text.rsplit(['/', '#', '=']).next().and_then(|last| self.codes.get(&key(last)));
            whole.or(last).copied().flatten()
        })
    }

    /// The loan of this id.
    pub(crate) fn loan(&self, id: &str) -> Option<usize> {
        self.loans.get(id).copied()
    }

    /// The asset of this inventory number.
    pub(crate) fn asset(&self, number: &str) -> Option<usize> {
        self.assets.get(number).copied()
    }

    /// The loans whose borrower's name or class holds each of these words, without regard to accents and capitals.
    pub(crate) fn search(&self, text: &str) -> Vec<usize> {
        let text = plain(text);
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.is_empty() || text.chars().filter(|c| c.is_alphabetic()).count() < 2 {
            return Vec::new();
        }
        let fits = |name: &str| words.iter().all(|word| name.split_whitespace().any(|part| part.starts_with(word)));
        self.names.iter().filter(|(name, _)| fits(name)).map(|(_, at)| *at).take(FOUND_MAX + 1).collect()
    }

    fn add(&mut self, code: &str, found: Found) {
        let code = key(code);
        if code.is_empty() {
            return;
        }
        self.codes
            .entry(code)
            .and_modify(|known| *known = (*known == Some(found)).then_some(found))
            .or_insert(Some(found));
    }
}

/// A code as it is compared.
fn key(text: &str) -> String {
    text.trim().to_uppercase()
}

/// A name as it is searched: small letters without accents, and spaces for all that is no letter or digit.
fn plain(text: &str) -> String {
    let letter = |c: char| match c {
        'à' | 'â' | 'ä' | 'á' | 'ã' => 'a',
        'ç' => 'c',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' | 'í' => 'i',
        'ñ' => 'n',
        'ô' | 'ö' | 'ó' | 'õ' => 'o',
        'ù' | 'û' | 'ü' | 'ú' => 'u',
        'ÿ' => 'y',
        c if c.is_alphanumeric() => c,
        _ => ' ',
    };
    text.to_lowercase().replace('œ', "oe").replace('æ', "ae").chars().map(letter).collect()
}

/// What an American keyboard would have typed with the keys that gave this text on a French one.
fn unshifted(text: &str) -> String {
    let back = |c: char| match c {
        '&' => '1',
        'é' => '2',
        '"' => '3',
        '\'' => '4',
        '(' => '5',
        '-' => '6',
        'è' => '7',
        '_' => '8',
        'ç' => '9',
        'à' => '0',
        ')' => '-',
        '!' => '/',
        'a' => 'q',
        'q' => 'a',
        'z' => 'w',
        'w' => 'z',
        'A' => 'Q',
        'Q' => 'A',
        'Z' => 'W',
        'W' => 'Z',
        ',' => 'm',
        '?' => 'M',
        c => c,
    };
    text.trim().chars().map(back).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::fixture::day;

    #[test]
    fn a_code_is_found_in_each_form() {
        let set = day(3);
        let codes = Codes::of(&set);
        for text in ["TNE25-000001", " tne25-000001 ", "https://etiquette.example/LBL000001", "lbl000001", "PF-000001"]
        {
            assert_eq!(codes.find(text), Some(Found::Asset(1)), "{text}");
        }
        // The same label, by a scanner that believes in another keyboard.
        assert_eq!(codes.find("TNEé()àààààé"), Some(Found::Asset(2)));
        for text in [set.loans[2].id.as_str(), "0951099D-2026-00002"] {
            assert_eq!(codes.find(text), Some(Found::Loan(2)), "{text}");
        }
        assert_eq!(codes.find("ch-000001"), Some(Found::Item(1, 0)));
        assert_eq!(codes.find("978-2-07-036822-8"), None);
        assert_eq!(codes.find(""), None);
    }

    #[test]
    fn a_code_that_two_things_share_stands_for_neither_and_a_serial_for_no_other() {
        let mut set = day(3);
        set.assets[1].serial = "SAME".to_owned();
        set.assets[2].serial = "same".to_owned();
        set.assets[0].serial = "TNE25-000002".to_owned();
        let codes = Codes::of(&set);
        assert_eq!(codes.find("SAME"), None);
        assert_eq!(codes.find("TNE25-000002"), Some(Found::Asset(2)));
    }

    #[test]
    fn names_are_searched_without_accents() {
        let mut set = day(4);
        set.loans[3].name = "LÉVÊQUE-Exemple Anaïs".to_owned();
        let codes = Codes::of(&set);
        assert_eq!(codes.search("leveque anais"), [3]);
        assert_eq!(codes.search("EXEMPLE"), [0, 1, 2, 3]);
        assert_eq!(codes.search("4"), Vec::<usize>::new());
        assert_eq!(codes.search("nobody"), Vec::<usize>::new());
    }
}
