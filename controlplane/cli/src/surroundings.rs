//! What the process finds around it.

use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr, stdin, stdout};

/// The environment variables looked at, besides those of `--config` and `--profile`.
const VARIABLES: [&str; 6] = ["LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR", "XDG_CONFIG_HOME", "HOME"];

/// What a command finds around it: terminals, a few environment variables, the local time zone.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Environment variables by name.
    pub variables: BTreeMap<String, String>,
    /// The zone dates are shown in.
    pub zone: TimeZone,
    /// Whether a person may answer questions.
    pub in_terminal: bool,
    /// Whether data goes to a terminal.
    pub out_terminal: bool,
    /// Whether messages go to a terminal.
    pub err_terminal: bool,
    /// The terminal's width in columns, where data goes to one.
    pub width: Option<u16>,
}

impl Surroundings {
    /// Those of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let read = |name: &str| std::env::var(name).ok().map(|value| (name.to_owned(), value));
        Self {
            variables: VARIABLES.into_iter().filter_map(read).collect(),
            zone: TimeZone::system(),
            in_terminal: stdin().is_terminal(),
            out_terminal: stdout().is_terminal(),
            err_terminal: stderr().is_terminal(),
            width: comfy_table::Table::new().width(),
        }
    }

    /// A variable that is set and not empty.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(crate) fn locale(&self) -> [Option<&str>; 3] {
        ["LC_ALL", "LC_MESSAGES", "LANG"].map(|name| self.variable(name))
    }
}

#[cfg(test)]
impl Surroundings {
    /// A script's: no terminal, French time, nothing set.
    pub(crate) fn of_test() -> Self {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        Self {
            variables: BTreeMap::new(),
            zone,
            in_terminal: false,
            out_terminal: false,
            err_terminal: false,
            width: None,
        }
    }
}
