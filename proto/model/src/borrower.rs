//! Who borrows, as the fleet knows them: a reference that only the vault's key can make, and that says nothing by itself.

use crate::id::TerritoryId;
use crate::uai::Uai;
use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest local identifier, in bytes.
pub const LOCAL_ID_MAX: usize = 64;

/// A borrower's reference: 128 bits of a keyed hash, written as 32 hexadecimal digits.
///
/// Two of ten million people share one with a probability below 10⁻²⁴.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BorrowerRef([u8; 16]);

/// Why a text is not a borrower's reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a borrower reference is 32 hexadecimal digits in lower case, as the vault makes it")]
pub struct RefError;

/// A pupil's national identifier: nine digits and two letters since 2018, ten digits and one letter before.
///
/// It is hashed and forgotten; that is why it can neither be printed nor written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ine(String);

/// Why a text is not an INE; it does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an INE is nine digits and two letters, or ten digits and one letter")]
pub struct IneError;

/// By what somebody is known where they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<'a> {
    /// Nationally.
    Ine(&'a Ine),
    /// Within a school, by its own software.
    Local(Uai, &'a str),
    /// As staff of the territory, whatever school they are at: they move, and a device may follow them.
    Staff(&'a str),
}

/// The key that makes references.
#[derive(Clone)]
pub struct ReferenceKey(hmac::Key);

impl ReferenceKey {
    /// From 32 bytes that nobody can foresee.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The reference of somebody in a territory; another territory has another one for the same person, so that the two cannot be joined.
    #[must_use]
    pub fn reference(&self, territory: &TerritoryId, known: &Known<'_>) -> BorrowerRef {
        let mut context = hmac::Context::with_key(&self.0);
        let mut part = |bytes: &[u8]| {
            // Each part after its length, so that no two sets of parts make the same bytes.
            context.update(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
            context.update(bytes);
        };
        part(b"cartable borrower v1");
        part(territory.as_str().as_bytes());
        match known {
            Known::Ine(ine) => {
                part(b"ine");
                part(ine.0.as_bytes());
            }
            Known::Local(school, id) => {
                part(b"local");
                part(school.to_string().as_bytes());
                part(id.as_bytes());
            }
            Known::Staff(id) => {
                part(b"staff");
                part(id.as_bytes());
            }
        }
        let mut reference = [0; 16];
        for (to, from) in reference.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        BorrowerRef(reference)
    }
}

impl fmt::Debug for ReferenceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReferenceKey(…)")
    }
}

impl fmt::Display for BorrowerRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BorrowerRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for BorrowerRef {
    type Err = RefError;
    fn from_str(text: &str) -> Result<Self, RefError> {
        let bytes = text.as_bytes();
        if bytes.len() != 32 || !bytes.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(RefError);
        }
        let mut reference = [0; 16];
        for (at, to) in reference.iter_mut().enumerate() {
            *to = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).map_err(|_| RefError)?;
        }
        Ok(Self(reference))
    }
}

impl TryFrom<String> for BorrowerRef {
    type Error = RefError;
    fn try_from(text: String) -> Result<Self, RefError> {
        text.parse()
    }
}

impl From<BorrowerRef> for String {
    fn from(reference: BorrowerRef) -> Self {
        reference.to_string()
    }
}

impl FromStr for Ine {
    type Err = IneError;
    fn from_str(text: &str) -> Result<Self, IneError> {
        let text = text.trim().to_ascii_uppercase();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let letters = text.bytes().skip(digits).all(|b| b.is_ascii_uppercase());
        let fits = text.len() == 11 && matches!(digits, 9 | 10) && letters;
        if fits { Ok(Self(text)) } else { Err(IneError) }
    }
}

impl fmt::Debug for Ine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ine(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn doubs() -> TerritoryId {
        "doubs".parse().unwrap()
    }

    #[test]
    fn a_reference_is_the_same_every_time_and_another_for_every_other_thing() {
        let (key, other) = (ReferenceKey::new(&[7; 32]), ReferenceKey::new(&[8; 32]));
        let ine: Ine = " 123456789ab".parse().unwrap();
        let school: Uai = "0951099D".parse().unwrap();
        let made = key.reference(&doubs(), &Known::Ine(&ine));
        assert_eq!(made, key.reference(&doubs(), &Known::Ine(&"123456789AB".parse().unwrap())));
        let others = [
            other.reference(&doubs(), &Known::Ine(&ine)),
            key.reference(&"jura".parse().unwrap(), &Known::Ine(&ine)),
            key.reference(&doubs(), &Known::Ine(&"123456789AC".parse().unwrap())),
            key.reference(&doubs(), &Known::Local(school, "123456789AB")),
            key.reference(&doubs(), &Known::Staff("123456789AB")),
            key.reference(&doubs(), &Known::Local("0750654D".parse().unwrap(), "123456789AB")),
        ];
        for (at, one) in others.iter().enumerate() {
            assert_ne!(*one, made, "{at}");
            assert!(!others[at + 1..].contains(one), "{at}");
        }
        assert_eq!(made.to_string().parse(), Ok(made));
        assert_eq!(format!("{ine:?} {key:?}"), "Ine(…) ReferenceKey(…)");
    }

    #[test]
    fn an_ine_has_one_of_two_shapes() {
        for good in ["123456789AB", "1234567890A", "0000000000z"] {
            assert!(good.parse::<Ine>().is_ok(), "{good}");
        }
        for bad in ["", "12345678901", "12345678ABC", "123456789ABC", "123456789É", "ABCDEFGHIJK", "1234567890 "] {
            assert_eq!(bad.parse::<Ine>(), Err(IneError), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn only_what_is_written_as_a_reference_is_one(text in ".{0,40}", bytes in any::<[u8; 16]>()) {
            let reference = BorrowerRef(bytes);
            prop_assert_eq!(reference.to_string().parse(), Ok(reference));
            if let Ok(read) = text.parse::<BorrowerRef>() {
                prop_assert_eq!(read.to_string(), text);
            }
        }
    }
}
