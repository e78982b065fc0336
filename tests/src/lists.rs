//! Lists of names made up for tests and figures, of any size, in the shape of a real one: the same each time, and no name of anybody.

use std::ops::Range;

/// Categories as UT1 has them: the name, whether it is white, and so many names among 4.6 million.
pub const CATEGORIES: &[(&str, bool, u64)] = &[
    ("adult", false, 4_205_000),
    ("redirector", false, 129_674),
    ("malware", false, 62_927),
    ("phishing", false, 62_818),
    ("shopping", false, 36_565),
    ("cryptojacking", false, 14_224),
    ("games", false, 11_514),
    ("press", true, 4_493),
    ("publicite", false, 4_044),
    ("download", true, 4_019),
    ("dating", false, 3_813),
    ("audio-video", false, 3_574),
    ("liste_bu", true, 2_898),
    ("bank", true, 1_845),
    ("vpn", false, 1_454),
    ("gambling", false, 1_332),
    ("warez", false, 1_275),
    ("drogue", false, 1_064),
    ("filehosting", false, 898),
    ("social_networks", false, 682),
    ("ddos", false, 421),
    ("webmail", false, 410),
    ("agressif", false, 388),
    ("shortener", true, 356),
    ("hacking", false, 304),
    ("examen_pix", false, 276),
    ("chat", false, 243),
    ("translation", true, 178),
    ("cleaning", true, 173),
    ("sect", false, 144),
    ("doh", false, 89),
    ("child", true, 74),
    ("arjel", false, 69),
    ("tricheur", false, 53),
    ("dangerous_material", false, 49),
    ("remote-control", false, 48),
    ("stalkerware", false, 22),
    ("sexual_education", true, 19),
    ("update", true, 6),
];

/// A category whose names are another's too, as UT1's `strict` repeats `redirector`.
pub const TWIN: (&str, &str) = ("redirector", "strict");

const WORDS: &[&str] = &[
    "video", "live", "hot", "free", "web", "best", "my", "the", "net", "top", "club", "star", "online", "shop", "star",
    "play", "world", "zone", "cam", "photo", "tube", "blue", "red", "night", "city", "girl", "boy", "fun", "game",
    "win", "bet", "max", "super", "mega", "info", "news", "blog", "forum", "page", "site",
];
const HOSTS: &[&str] = &["blogs", "pages", "sites", "hosting", "myspot", "freeweb", "homes", "stores"];
const ENDS: &[&str] = &[
    "com", "com", "com", "com", "com", "com", "net", "net", "org", "info", "fr", "de", "ru", "xyz", "top", "online",
    "co.uk", "com.br", "nl", "it", "es", "pl", "site", "club",
];
const BEFORE: &[&str] = &["www", "m", "video", "img", "cdn", "fr", "en", "forum", "shop", "a1"];

/// Names by their number: those below the size are listed, all others are neither listed nor beneath a listed one.
#[derive(Clone, Copy, Debug)]
pub struct Lists {
    names: u64,
}

impl Lists {
    /// So many listed names.
    #[must_use]
    pub const fn of(names: u64) -> Self {
        Self { names }
    }

    /// Each category with the numbers of its names; a quarter of them lie beneath another name of the category.
    #[must_use]
    pub fn categories(&self) -> Vec<(&'static str, bool, Range<u64>)> {
        let all: u64 = CATEGORIES.iter().map(|(_, _, names)| names).sum();
        let mut sum = 0;
        let mut start = 0;
        let each = CATEGORIES.iter().map(|(name, white, names)| {
            sum += names;
            let end = u64::try_from(u128::from(sum) * u128::from(self.names) / u128::from(all)).unwrap_or(u64::MAX);
            let range = start..end;
            start = end;
            (*name, *white, range)
        });
        each.collect()
    }

    /// The name of a number.
    #[must_use]
    pub fn name(&self, number: u64) -> String {
        let mut out = String::with_capacity(32);
        if number % 4 == 3 {
            // Beneath the name before it, which is never beneath another.
            let mut dice = Dice::new(number);
            out.push_str(dice.one(BEFORE));
            out.push('.');
            own(number - 1, &mut out);
        } else {
            own(number, &mut out);
        }
        out
    }
}

/// A name that differs from that of every other number by six letters made of the number.
fn own(number: u64, out: &mut String) {
    let mut dice = Dice::new(number);
    for _ in 0..1 + dice.next() % 2 {
        out.push_str(dice.one(WORDS));
    }
    if dice.next().is_multiple_of(4) {
        out.push('-');
    }
    // The factor has no divisor in common with 26⁶, so no two numbers below that get the same letters.
    let mut letters = number.wrapping_mul(7_919) % 26_u64.pow(6);
    for _ in 0..6 {
        out.push(char::from(b'a' + u8::try_from(letters % 26).unwrap_or(0)));
        letters /= 26;
    }
    if dice.next().is_multiple_of(8) {
        out.push('.');
        out.push_str(dice.one(HOSTS));
    }
    out.push('.');
    out.push_str(dice.one(ENDS));
}

/// Numbers that look like nothing, the same each time (SplitMix64, Steele 2014).
#[derive(Clone, Copy, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Of a start.
    #[must_use]
    pub const fn new(start: u64) -> Self {
        Self(start)
    }

    /// The next.
    #[allow(clippy::should_implement_trait, reason = "it never ends")]
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of several.
    pub fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let at = usize::try_from(self.next() % of.len() as u64).unwrap_or(0);
        of.get(at).copied().unwrap_or_default()
    }
}
