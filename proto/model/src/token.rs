//! Enrolment tokens: what a technician scans or types, and the proof made of it.
//!
//! The secret never travels: the device proves it with an HMAC (RFC 2104), the control plane keeps only the key derived from
//! it by HKDF (RFC 5869).

use crate::digest::{Digest, hex, unhex};
use crate::key::IdentityKey;
use aws_lc_rs::{hkdf, hmac};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Crockford's base 32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ID_SYMBOLS: usize = 8;
const SECRET_SYMBOLS: usize = 26;
const PIN_SYMBOLS: usize = 20;
const CHECK_SYMBOLS: usize = 2;
const SYMBOLS: usize = ID_SYMBOLS + SECRET_SYMBOLS + PIN_SYMBOLS + CHECK_SYMBOLS;

/// The public name of a token: 40 random bits, eight symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenId([u8; ID_SYMBOLS]);

/// The first 100 bits of the SHA-256 of the root CA's public key (its SubjectPublicKeyInfo, DER).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin([u8; PIN_SYMBOLS]);

/// A whole token. Its text is a secret: print it once, to the one who asked for it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// The public name.
    pub id: TokenId,
    secret: [u8; SECRET_SYMBOLS],
    /// The control plane's root, as known to the one who made the token.
    pub pin: Pin,
}

/// Why a text is not a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// A character that is not in the alphabet.
    #[error("{0:?} is not a character of a token")]
    Character(char),
    /// Too short or too long.
    #[error("a token has {SYMBOLS} characters, this one has {0}")]
    Length(usize),
    /// The check characters do not fit: a typing mistake.
    #[error("the token was mistyped: its check characters do not fit")]
    Check,
}

impl Token {
    /// Makes a token of randomness (31 bytes: 5 for the id, 26 for the secret) and the root's pin.
    #[must_use]
    pub fn new(random: &[u8; 31], pin: Pin) -> Self {
        let mut id = [0; ID_SYMBOLS];
        symbols_of(&random[..5], &mut id);
        let mut secret = [0; SECRET_SYMBOLS];
        for (to, byte) in secret.iter_mut().zip(&random[5..]) {
            *to = byte & 31;
        }
        Self { id: TokenId(id), secret, pin }
    }

    /// The key the control plane keeps in place of the secret.
    #[must_use]
    pub fn key(&self) -> TokenKey {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"cartable token v1");
        let text: Vec<u8> = self.secret.iter().map(|s| ALPHABET[usize::from(*s)]).collect();
        let mut key = [0; 32];
        let id = self.id.to_string();
        let info = [id.as_bytes()];
        // 32 bytes is one block of HKDF-SHA256, far below the 255 at which `expand` and `fill` say no.
        if let Ok(okm) = salt.extract(&text).expand(&info, hkdf::HKDF_SHA256) {
            let _ = okm.fill(&mut key);
        }
        TokenKey(key)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}, …)", self.id)
    }
}

impl fmt::Display for Token {
    /// Groups of four, so that it can be read aloud and typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body: Vec<u8> = [&self.id.0[..], &self.secret, &self.pin.0].concat();
        let check = check_symbols(&body);
        for (at, symbol) in body.iter().chain(&check).enumerate() {
            if at > 0 && at % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(ALPHABET[usize::from(*symbol)]))?;
        }
        Ok(())
    }
}

impl FromStr for Token {
    type Err = TokenError;
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let symbols = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .take(SYMBOLS * 4)
            .map(symbol_of)
            .collect::<Result<Vec<u8>, _>>()?;
        if symbols.len() != SYMBOLS {
            return Err(TokenError::Length(symbols.len()));
        }
        let (body, check) = symbols.split_at(SYMBOLS - CHECK_SYMBOLS);
        if check_symbols(body) != check {
            return Err(TokenError::Check);
        }
        let mut token = Self { id: TokenId([0; ID_SYMBOLS]), secret: [0; SECRET_SYMBOLS], pin: Pin([0; PIN_SYMBOLS]) };
        token.id.0.copy_from_slice(&body[..ID_SYMBOLS]);
        token.secret.copy_from_slice(&body[ID_SYMBOLS..ID_SYMBOLS + SECRET_SYMBOLS]);
        token.pin.0.copy_from_slice(&body[ID_SYMBOLS + SECRET_SYMBOLS..]);
        Ok(token)
    }
}

impl Pin {
    /// The pin of a root whose SubjectPublicKeyInfo (DER) is given.
    #[must_use]
    pub fn of(spki: &[u8]) -> Self {
        let mut pin = [0; PIN_SYMBOLS];
        symbols_of(Digest::of(spki).as_bytes(), &mut pin);
        Self(pin)
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|s| write!(f, "{}", char::from(ALPHABET[usize::from(*s)])))
    }
}

impl FromStr for TokenId {
    type Err = TokenError;
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let symbols =
            text.chars().filter(|c| *c != '-').take(SYMBOLS).map(symbol_of).collect::<Result<Vec<u8>, _>>()?;
        symbols.try_into().map(Self).map_err(|s: Vec<u8>| TokenError::Length(s.len()))
    }
}

impl TryFrom<String> for TokenId {
    type Error = TokenError;
    fn try_from(text: String) -> Result<Self, TokenError> {
        text.parse()
    }
}

impl From<TokenId> for String {
    fn from(id: TokenId) -> Self {
        id.to_string()
    }
}

/// What is proven at enrolment: this key asks for this certificate, on this connection, in answer to this challenge.
#[derive(Clone, Copy, Debug)]
pub struct Transcript<'a> {
    /// The server's challenge.
    pub nonce: &'a [u8],
    /// The certificate request, DER.
    pub csr: &'a [u8],
    /// The digest of the server's certificate (tls-server-end-point, RFC 5929).
    pub channel_binding: &'a [u8],
}

impl Transcript<'_> {
    /// The bytes the identity key signs: each part after its length as four bytes, most significant first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        framed(&[b"cartable enrol v1", self.nonce, Digest::of(self.csr).as_bytes(), self.channel_binding])
    }

    /// The bytes the token's key proves: the same, and the identity key.
    fn proof_bytes(&self, key: &IdentityKey) -> Vec<u8> {
        framed(&[&self.to_bytes(), key.as_bytes()])
    }
}

/// What is proven when an invitation is accepted: who knows its secret asks for this certificate, on this connection.
///
/// There is no nonce: what is proven names the new key, so a replay can only ask for what was asked for already.
#[derive(Clone, Copy, Debug)]
pub struct Acceptance<'a> {
    /// The certificate request, DER.
    pub csr: &'a [u8],
    /// The digest of the server's certificate (tls-server-end-point, RFC 5929).
    pub channel_binding: &'a [u8],
}

impl Acceptance<'_> {
    /// The bytes the invitation's key proves: each part after its length as four bytes, most significant first.
    fn to_bytes(self) -> Vec<u8> {
        framed(&[b"cartable invite v1", Digest::of(self.csr).as_bytes(), self.channel_binding])
    }
}

/// The key derived from a token's secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenKey([u8; 32]);

impl TokenKey {
    /// The HMAC-SHA-256 over a transcript and the identity key that signed it.
    #[must_use]
    pub fn proof(&self, transcript: &Transcript<'_>, key: &IdentityKey) -> Vec<u8> {
        hmac::sign(&self.hmac(), &transcript.proof_bytes(key)).as_ref().to_vec()
    }

    /// Whether a proof holds; takes the same time whatever is wrong with it.
    #[must_use]
    pub fn proves(&self, transcript: &Transcript<'_>, key: &IdentityKey, proof: &[u8]) -> bool {
        hmac::verify(&self.hmac(), &transcript.proof_bytes(key), proof).is_ok()
    }

    /// The HMAC-SHA-256 over what a person who accepts an invitation says.
    #[must_use]
    pub fn acceptance(&self, acceptance: &Acceptance<'_>) -> Vec<u8> {
        hmac::sign(&self.hmac(), &acceptance.to_bytes()).as_ref().to_vec()
    }

    /// Whether an acceptance holds; takes the same time whatever is wrong with it.
    #[must_use]
    pub fn accepts(&self, acceptance: &Acceptance<'_>, proof: &[u8]) -> bool {
        hmac::verify(&self.hmac(), &acceptance.to_bytes(), proof).is_ok()
    }

    fn hmac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.0)
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

impl TryFrom<Vec<u8>> for TokenKey {
    type Error = TokenError;
    fn try_from(bytes: Vec<u8>) -> Result<Self, TokenError> {
        bytes.try_into().map(Self).map_err(|b: Vec<u8>| TokenError::Length(b.len()))
    }
}

impl TryFrom<String> for TokenKey {
    type Error = TokenError;
    fn try_from(text: String) -> Result<Self, TokenError> {
        unhex(&text).ok_or(TokenError::Length(text.len()))?.try_into()
    }
}

impl From<TokenKey> for String {
    fn from(key: TokenKey) -> Self {
        hex(&key.0)
    }
}

/// Parts one after the other, each after its length as four bytes, most significant first.
pub(crate) fn framed(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(parts.iter().map(|p| p.len() + 4).sum());
    for part in parts {
        out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

fn symbol_of(c: char) -> Result<u8, TokenError> {
    let upper = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let at = ALPHABET.iter().position(|a| char::from(*a) == upper).ok_or(TokenError::Character(c))?;
    u8::try_from(at).map_err(|_| TokenError::Character(c))
}

/// Fills `out` with five-bit symbols from the bits of `bytes`, first bit first.
fn symbols_of(bytes: &[u8], out: &mut [u8]) {
    for (n, to) in out.iter_mut().enumerate() {
        *to = (0..5).fold(0, |acc, bit| {
            let at = n * 5 + bit;
            acc << 1 | bytes.get(at / 8).map_or(0, |b| b >> (7 - at % 8) & 1)
        });
    }
}

fn check_symbols(body: &[u8]) -> [u8; CHECK_SYMBOLS] {
    let mut check = [0; CHECK_SYMBOLS];
    symbols_of(Digest::of_parts(&[b"cartable token check", body]).as_bytes(), &mut check);
    check
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_reads_back(random in any::<[u8; 31]>(), spki in any::<Vec<u8>>()) {
            let token = Token::new(&random, Pin::of(&spki));
            let text = token.to_string();
            prop_assert_eq!(text.parse::<Token>(), Ok(token.clone()));
            let typed = text.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
            prop_assert_eq!(typed.parse::<Token>(), Ok(token));
        }

        #[test]
        fn one_wrong_symbol_is_noticed(random in any::<[u8; 31]>(), at in 0usize..54, to in 0u8..32) {
            let token = Token::new(&random, Pin::of(b"root"));
            let mut text: Vec<u8> = token.to_string().replace('-', "").into_bytes();
            let other = ALPHABET[usize::from(to)];
            prop_assume!(text[at] != other);
            text[at] = other;
            // Ten check bits: one in 1,024 slips through here and is caught by the proof.
            if let Ok(slipped) = String::from_utf8(text).unwrap().parse::<Token>() {
                prop_assert_ne!(slipped, token);
            }
        }

        #[test]
        fn anything_typed_is_answered(text in ".{0,300}") {
            let _ = text.parse::<Token>();
            let _ = text.parse::<TokenId>();
        }
    }

    #[test]
    fn a_proof_is_for_one_transcript_and_key() {
        let token = Token::new(&[7; 31], Pin::of(b"root"));
        let key = IdentityKey::try_from([&[4u8][..], &[9; 64]].concat()).unwrap();
        let other = IdentityKey::try_from([&[4u8][..], &[8; 64]].concat()).unwrap();
        let transcript = Transcript { nonce: b"n", csr: b"c", channel_binding: b"b" };
        let proof = token.key().proof(&transcript, &key);
        assert!(token.key().proves(&transcript, &key, &proof));
        assert!(!token.key().proves(&transcript, &other, &proof));
        assert!(!token.key().proves(&Transcript { nonce: b"m", ..transcript }, &key, &proof));
        assert!(!token.key().proves(&Transcript { channel_binding: b"x", ..transcript }, &key, &proof));
        assert!(!Token::new(&[8; 31], Pin::of(b"root")).key().proves(&transcript, &key, &proof));
    }
}
