//! An educational resource made up for tests and figures: many small pages, drawings and data, some large media; and its next
//! version, as an editor would leave it.

use std::fs;
use std::path::Path;

/// How large it is: a thousandth of everything per unit.
#[derive(Clone, Copy, Debug)]
pub struct Resource {
    small: u64,
    media: u64,
    media_bytes: u64,
    replaced: u64,
}

/// Which version is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// The first.
    First,
    /// A tenth of the small files edited, a kilobyte put into six of the largest, a megabyte of media replaced, a hundred of the small
    /// renamed.
    Next,
    /// The same again, of other files: for who was away while [`Edition::Next`] was published.
    Later,
}

/// Numbers that look like nothing, the same each time (xorshift64*, Vigna 2016).
struct Dice(u64);

const WORDS: &[&str] = &[
    "eau",
    "air",
    "glace",
    "vapeur",
    "nuage",
    "rivière",
    "mesure",
    "expérience",
    "observer",
    "comparer",
    "élève",
    "classe",
    "le",
    "la",
    "les",
    "un",
    "une",
    "des",
    "de",
    "et",
    "dans",
    "pour",
    "avec",
    "sur",
    "quand",
    "comment",
    "pourquoi",
    "est",
    "sont",
    "température",
    "degré",
    "solide",
    "liquide",
    "gaz",
    "fondre",
    "bouillir",
    "évaporation",
    "condensation",
    "cycle",
    "mer",
    "montagne",
    "soleil",
    "lumière",
    "ombre",
    "planète",
    "terre",
    "lune",
    "saison",
    "jour",
    "nuit",
    "plante",
    "graine",
    "animal",
];

impl Resource {
    /// 1,000 is the whole: 7,500 small files and 55 of media, some 400 MB.
    #[must_use]
    pub fn of(thousandths: u64) -> Self {
        let share = |whole: u64| (whole * thousandths / 1_000).max(1);
        Self {
            small: share(7_500).max(20),
            media: share(55).max(7),
            media_bytes: share(12_000_000).max(200_000),
            replaced: share(1_000_000).max(20_000),
        }
    }

    /// Writes an edition of a version, with its manifest.
    pub fn write(self, folder: &Path, edition: Edition, version: &str) {
        fs::create_dir_all(folder).unwrap();
        let manifest = format!(
            "name = \"cycle-de-l-eau\"\nversion = \"{version}\"\ntitle = \"Le cycle de l'eau\"\ndescription = \"Des séances, leurs images et leurs films\"\nlanguage = \"fr\"\nlicence = \"CC-BY-SA-4.0\"\npublisher = \"Atelier des exemples\"\nlevels = [\"cm1\", \"cm2\"]\nsubjects = [\"Sciences et technologie\"]\n"
        );
        fs::write(folder.join("bundle.toml"), manifest).unwrap();
        let rounds = match edition {
            Edition::First => 0,
            Edition::Next => 1,
            Edition::Later => 2,
        };
        let renamed_every = (self.small / 100).max(6);
        for at in 0..self.small {
            let (kind, folder_at) = (["html", "html", "json", "svg"][dice(at, 1).below(4)], at / 60);
            let renamed = |round: &u64| at % renamed_every == 5 - round;
            let stem = if (0..rounds).any(|round| renamed(&round)) { "feuille" } else { "page" };
            let path = folder.join(format!("seance-{folder_at:03}/{stem}-{at:05}.{kind}"));
            let mut text = small(at, kind);
            for round in (0..rounds).filter(|round| at % 10 == 3 + round) {
                let middle = text.len() / 2;
                let middle = (0..=middle).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
                text.insert_str(middle, &sentence(&mut dice(at, 9 + 8 * round)));
            }
            put(&path, text.as_bytes());
        }
        for at in 0..self.media {
            let mut bytes = self.media(at);
            for round in 0..rounds {
                // The largest are the last.
                if at + 6 >= self.media {
                    let middle = bytes.len() / usize::try_from(3 + round).unwrap();
                    bytes.splice(middle..middle, noise(&mut dice(at, 11 + 8 * round), 1_000));
                }
                if at == self.media / 2 - round {
                    let replaced = noise(&mut dice(at, 12 + 8 * round), self.replaced);
                    let from = bytes.len().saturating_sub(replaced.len()) / 2;
                    let to = (from + replaced.len()).min(bytes.len());
                    bytes.splice(from..to, replaced);
                }
            }
            put(&folder.join(format!("media/film-{at:02}.webm")), &bytes);
        }
    }

    /// Between nearly nothing and twice the mean.
    fn media(self, at: u64) -> Vec<u8> {
        noise(&mut dice(at, 2), self.media_bytes * (at + 2) / (self.media + 2))
    }
}

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: u64) -> usize {
        usize::try_from((self.next() >> 33) % limit).unwrap()
    }
}

fn dice(at: u64, salt: u64) -> Dice {
    let mut dice = Dice((at + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ salt.wrapping_mul(0xD1B5_4A32_D192_ED03) | 1);
    (0..8).for_each(|_| {
        dice.next();
    });
    dice
}

fn noise(dice: &mut Dice, length: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < length {
        bytes.extend_from_slice(&dice.next().to_le_bytes());
    }
    bytes.truncate(usize::try_from(length).unwrap());
    bytes
}

fn sentence(dice: &mut Dice) -> String {
    let words = 6 + dice.below(12);
    // Small numbers come more often, as words do.
    let word = |dice: &mut Dice| WORDS[dice.below(WORDS.len() as u64).min(dice.below(WORDS.len() as u64))];
    (0..words).map(|_| word(dice)).collect::<Vec<_>>().join(" ") + ". "
}

fn small(at: u64, kind: &str) -> String {
    let mut dice = dice(at, 3);
    let parts = 20 + dice.below(110);
    match kind {
        "html" => {
            let body: String = (0..parts).map(|_| format!("<p>{}</p>\n", sentence(&mut dice))).collect();
            format!(
                "<!doctype html>\n<html lang=\"fr\">\n<head><meta charset=\"utf-8\"><title>Page {at}</title><link rel=\"stylesheet\" href=\"../style.css\"></head>\n<body>\n<h1>{}</h1>\n{body}</body>\n</html>\n",
                sentence(&mut dice)
            )
        }
        "svg" => {
            let lines = (0..parts * 2).map(|_| {
                let [a, b, c, d] = [(); 4].map(|()| dice.below(1_000));
                format!("<path d=\"M{a} {b} L{c} {d}\" stroke=\"#333\" fill=\"none\"/>\n")
            });
            let lines: String = lines.collect();
            format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1000 1000\">\n{lines}</svg>\n")
        }
        _ => {
            let questions = (0..parts).map(|n| {
                format!("{{\"id\":{n},\"question\":\"{}\",\"points\":{}}}", sentence(&mut dice), dice.below(5))
            });
            format!("{{\"page\":{at},\"questions\":[{}]}}\n", questions.collect::<Vec<_>>().join(",\n"))
        }
    }
}

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}
