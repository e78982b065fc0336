//! The command line; its help is in the catalogue.

use clap::{CommandFactory, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use words::{Catalogue, command_translate};

/// A whole command line.
#[derive(Debug, Parser)]
#[command(name = "cartable-server", version, propagate_version = false)]
pub(crate) struct Arguments {
    // Read before parsing, see `words::lang_flag`; here for the help and to refuse others.
    #[arg(long, global = true, value_parser = ["fr", "en"], value_name = "LANG")]
    pub(crate) lang: Option<String>,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Init {
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        #[arg(long, value_name = "NAME")]
        territory: String,
        #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8443")]
        listen: SocketAddr,
        #[arg(long = "name", value_name = "HOST", required = true)]
        names: Vec<String>,
        #[arg(long, value_name = "NAME", default_value = "admin")]
        operator: String,
    },
    Run {
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        #[arg(long)]
        check_config: bool,
    },
    Export {
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    Import {
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
    },
    Operator {
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        #[arg(long, value_name = "NAME", default_value = "admin")]
        name: String,
    },
    Completion {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    Man {
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
    // Run by `run` in a child process; a damaged store may end it in any way.
    #[command(hide = true)]
    Probe {
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}

/// The command with its help in the reader's language.
pub(crate) fn command(words: &Catalogue) -> clap::Command {
    command_translate(Arguments::command(), words)
}
