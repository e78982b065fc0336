//! A day's working set: all that a desk needs to know for one campaign, or for one stocktake, without a network.

use jiff::civil::Date;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The form of the set; a program refuses one it does not know.
pub(crate) const VERSION: u32 = 1;
/// The most loans in one set.
pub(crate) const LOANS_MAX: usize = 20_000;
/// The most assets in one set.
pub(crate) const ASSETS_MAX: usize = 100_000;

/// What is taken along to a desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DaySet {
    /// [`VERSION`].
    pub(crate) version: u32,
    /// What is done at the desk.
    pub(crate) mode: Mode,
    /// The campaign's or the stocktake's id.
    pub(crate) subject: String,
    /// Its name, for people.
    pub(crate) name: String,
    /// When it was made, by the control plane's clock.
    pub(crate) made: Timestamp,
    /// From when on it serves only to send what was done.
    pub(crate) expires: Timestamp,
    /// The day it was made, where the territory is.
    pub(crate) day: Date,
    /// The loans that are expected.
    #[serde(default)]
    pub(crate) loans: Vec<Loan>,
    /// The equipment that may turn up.
    #[serde(default)]
    pub(crate) assets: Vec<Asset>,
}

/// What is done at a desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Equipment goes out.
    Handout,
    /// Equipment comes back.
    Return,
    /// Equipment is counted.
    Stocktake,
}

/// A loan as a desk knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Loan {
    /// Its id.
    pub(crate) id: String,
    /// Its number, as it stands on the agreement.
    pub(crate) number: String,
    /// Where it stood when the set was made.
    pub(crate) state: String,
    /// The establishment.
    pub(crate) school: String,
    /// Whether the borrower is a minor: a guardian signs.
    #[serde(default)]
    pub(crate) minor: bool,
    /// Who borrows, as on the agreement.
    #[serde(default)]
    pub(crate) name: String,
    /// Their class.
    #[serde(default)]
    pub(crate) class: String,
    /// Those who may sign for a minor.
    #[serde(default)]
    pub(crate) guardians: Vec<String>,
    /// Whether the agreement is signed.
    #[serde(default)]
    pub(crate) signed: bool,
    /// The last day of the loan.
    #[serde(default)]
    pub(crate) due: Option<Date>,
    /// The inventory number of the device that is set aside for it, or lent with it.
    #[serde(default)]
    pub(crate) asset: Option<String>,
    /// What goes with the device.
    #[serde(default)]
    pub(crate) items: Vec<Item>,
    /// The device's parts at hand-over, where they were not good.
    #[serde(default)]
    pub(crate) condition: Vec<(Part, Grade)>,
    /// What was already said of it in this campaign.
    #[serde(default)]
    pub(crate) outcome: String,
}

/// An accessory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    /// What it is, such as `charger`.
    pub(crate) kind: String,
    /// Its own number, if it has one.
    #[serde(default)]
    pub(crate) number: String,
}

/// A piece of equipment as a desk knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asset {
    /// Its inventory number.
    pub(crate) number: String,
    /// The opaque code of its label.
    #[serde(default)]
    pub(crate) label: String,
    /// The maker's serial number.
    #[serde(default)]
    pub(crate) serial: String,
    /// Maker and model.
    #[serde(default)]
    pub(crate) model: String,
    /// Where it is filed.
    #[serde(default)]
    pub(crate) school: String,
    /// Where it stood in its life when the set was made.
    pub(crate) lifecycle: String,
}

/// A part of a device that people look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    /// The screen.
    Screen,
    /// The keyboard.
    Keyboard,
    /// The case.
    Case,
}

/// How a part looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Grade {
    /// As it should.
    #[default]
    Good,
    /// Used.
    Worn,
    /// Broken.
    Damaged,
}

/// What became of an accessory at the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ItemState {
    /// It changed hands.
    There,
    /// It is not there.
    Missing,
    /// It came back broken.
    Damaged,
}

/// Who signed the agreement on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Signer {
    /// The first guardian.
    Guardian1,
    /// The second guardian.
    Guardian2,
    /// The borrower, of age.
    Borrower,
}

impl Mode {
    /// The name in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Handout => "handout",
            Self::Return => "return",
            Self::Stocktake => "stocktake",
        }
    }
}

impl Part {
    /// Every part, in the order of the screen.
    pub(crate) const ALL: [Self; 3] = [Self::Screen, Self::Keyboard, Self::Case];

    /// The name in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Screen => "screen",
            Self::Keyboard => "keyboard",
            Self::Case => "case",
        }
    }
}

impl Grade {
    /// The next one, around.
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::Good => Self::Worn,
            Self::Worn => Self::Damaged,
            Self::Damaged => Self::Good,
        }
    }

    /// The name in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Worn => "worn",
            Self::Damaged => "damaged",
        }
    }
}

impl Loan {
    /// How the screen calls it: by whom it is for, where that is known, else by its number.
    pub(crate) fn called(&self) -> &str {
        if self.name.is_empty() { &self.number } else { &self.name }
    }
}

impl ItemState {
    /// The next one, around; what goes out is there or not.
    pub(crate) const fn next(self, mode: Mode) -> Self {
        match (self, mode) {
            (Self::There, _) => Self::Missing,
            (Self::Missing, Mode::Return) => Self::Damaged,
            _ => Self::There,
        }
    }

    /// The name in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::There => "there",
            Self::Missing => "missing",
            Self::Damaged => "damaged",
        }
    }
}

impl Signer {
    /// The name in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Guardian1 => "guardian1",
            Self::Guardian2 => "guardian2",
            Self::Borrower => "borrower",
        }
    }
}
