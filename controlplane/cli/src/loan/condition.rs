//! How a device is, as typed.

use clap::{Args, ValueEnum};
use wire::v1::LoanCondition;

/// How a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Grade {
    Good,
    Worn,
    Damaged,
}

/// How a device is that is handed over, or comes back.
#[derive(Debug, Args)]
pub(super) struct Condition {
    #[arg(long, value_enum, default_value = "good")]
    screen: Grade,
    #[arg(long, value_enum, default_value = "good")]
    keyboard: Grade,
    #[arg(long, value_enum, default_value = "good")]
    case: Grade,
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=100))]
    battery_wear: Option<u32>,
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=100))]
    disk_wear: Option<u32>,
}

/// How the first device of a swap is.
#[derive(Debug, Args)]
pub(super) struct Back {
    #[arg(long, value_enum, default_value = "good")]
    back_screen: Grade,
    #[arg(long, value_enum, default_value = "good")]
    back_keyboard: Grade,
    #[arg(long, value_enum, default_value = "good")]
    back_case: Grade,
}

impl Condition {
    pub(super) fn wire(&self) -> LoanCondition {
        LoanCondition {
            screen: self.screen.wire().into(),
            keyboard: self.keyboard.wire().into(),
            case: self.case.wire().into(),
            battery_wear: self.battery_wear,
            disk_wear: self.disk_wear,
        }
    }
}

impl Back {
    pub(super) fn wire(&self) -> LoanCondition {
        LoanCondition {
            screen: self.back_screen.wire().into(),
            keyboard: self.back_keyboard.wire().into(),
            case: self.back_case.wire().into(),
            battery_wear: None,
            disk_wear: None,
        }
    }
}
