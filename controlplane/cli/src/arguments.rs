//! The command line.

use crate::{
    asset, audit, bundle, cadence, calendar, campaign, class, contact, desk, device, explain, fetch, kit, lesson, loan,
    operator, org, policy, profile, proposal, release, rollout, school, server, stocktake, token, unblock, vault,
};
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use words::{Catalogue, command_translate};

/// A whole command line; its help is in the catalogue.
#[derive(Debug, Parser)]
#[command(name = "cartable", version, propagate_version = false)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) noun: Noun,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Common {
    #[arg(long, global = true, env = "CARTABLE_CONFIG", value_name = "FILE", display_order = 500)]
    pub(crate) config: Option<PathBuf>,
    #[arg(long, global = true, env = "CARTABLE_PROFILE", value_name = "NAME", display_order = 501)]
    pub(crate) profile: Option<String>,
    #[arg(long, global = true, value_enum, value_name = "FORM", default_value = "table", display_order = 502)]
    pub(crate) output: Output,
    // Read before parsing, see `words::lang_flag`; here for the help and to refuse others.
    #[arg(long, global = true, value_parser = ["fr", "en"], value_name = "LANG", display_order = 503)]
    pub(crate) lang: Option<String>,
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto", display_order = 504)]
    pub(crate) color: When,
}

/// The form of what goes to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Table,
    /// For programs: one value, RFC 3339 times, null for the unknown.
    Json,
    /// For spreadsheets: a header, then a line each.
    Csv,
}

/// When to do what only a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal.
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Noun {
    Device {
        #[command(subcommand)]
        verb: device::Verb,
    },
    Token {
        #[command(subcommand)]
        verb: token::Verb,
    },
    Asset {
        #[command(subcommand)]
        verb: asset::Verb,
    },
    Kit {
        #[command(subcommand)]
        verb: kit::Verb,
    },
    Class {
        #[command(subcommand)]
        verb: class::Verb,
    },
    Release {
        #[command(subcommand)]
        verb: release::Verb,
    },
    Cadence {
        #[command(subcommand)]
        verb: cadence::Verb,
    },
    Audit {
        #[command(subcommand)]
        verb: audit::Verb,
    },
    Server {
        #[command(subcommand)]
        verb: server::Verb,
    },
    Operator {
        #[command(subcommand)]
        verb: operator::Verb,
    },
    Proposal {
        #[command(subcommand)]
        verb: proposal::Verb,
    },
    Campaign {
        #[command(subcommand)]
        verb: campaign::Verb,
    },
    Desk {
        #[command(subcommand)]
        verb: desk::Verb,
    },
    Stocktake {
        #[command(subcommand)]
        verb: stocktake::Verb,
    },
    Vault {
        #[command(subcommand)]
        verb: vault::Verb,
    },
    Profile {
        #[command(subcommand)]
        verb: profile::Verb,
    },
    School {
        #[command(subcommand)]
        verb: school::Verb,
    },
    Org {
        #[command(subcommand)]
        verb: org::Verb,
    },
    Calendar {
        #[command(subcommand)]
        verb: calendar::Verb,
    },
    Rollout {
        #[command(subcommand)]
        verb: rollout::Verb,
    },
    Contact {
        #[command(subcommand)]
        verb: contact::Verb,
    },
    Loan {
        #[command(subcommand)]
        verb: loan::Verb,
    },
    Bundle {
        #[command(subcommand)]
        verb: bundle::Verb,
    },
    Fetch {
        #[command(subcommand)]
        verb: fetch::Verb,
    },
    Policy {
        #[command(subcommand)]
        verb: policy::Verb,
    },
    Explain(explain::Explain),
    Lesson {
        #[command(subcommand)]
        verb: lesson::Verb,
    },
    Unblock {
        #[command(subcommand)]
        verb: unblock::Verb,
    },
    Completion {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    Man {
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
}

/// The command line's grammar, with its help in the catalogue's language.
#[must_use]
pub fn command(words: &Catalogue) -> clap::Command {
    command_translate(Arguments::command(), words)
}

impl When {
    /// Whether to, given whether there is a terminal.
    pub(crate) const fn on(self, terminal: bool) -> bool {
        match self {
            Self::Auto => terminal,
            Self::Always => true,
            Self::Never => false,
        }
    }
}
