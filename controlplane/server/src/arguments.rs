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
    Backup {
        #[arg(long, value_name = "DIR", required_unless_present = "verify")]
        data: Option<PathBuf>,
        #[arg(long, value_name = "PLACE", required_unless_present = "verify")]
        to: Option<PathBuf>,
        #[arg(long, value_name = "COUNT", value_parser = keep_parse)]
        keep: Option<usize>,
        #[arg(long)]
        with_root_key: bool,
        #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "to", "keep", "with_root_key"])]
        verify: Option<PathBuf>,
        #[arg(long, value_name = "FORM", value_enum, default_value_t = CaOutput::Table)]
        output: CaOutput,
    },
    Restore {
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        #[arg(long, value_name = "FILE")]
        ends: Option<PathBuf>,
        #[arg(long, value_name = "FORM", value_enum, default_value_t = CaOutput::Table)]
        output: CaOutput,
    },
    Healthcheck {
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
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
    Ca {
        #[command(subcommand)]
        verb: CaVerb,
    },
    Vault {
        #[command(subcommand)]
        verb: VaultVerb,
    },
    // Run by `run` in a child process; a damaged store may end it in any way.
    #[command(hide = true)]
    Probe {
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        #[arg(long)]
        vault: bool,
    },
}

/// What is done with the identity vault, on the server's machine.
#[derive(Debug, Subcommand)]
pub(crate) enum VaultVerb {
    Init {
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    Rekey {
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}

/// Keeping none would remove the one just made.
fn keep_parse(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=10_000) => Ok(count),
        _ => Err("1-10000".to_owned()),
    }
}

/// What is done with keys and certificates.
#[derive(Debug, Subcommand)]
pub(crate) enum CaVerb {
    Status {
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        #[arg(long, value_name = "FORM", value_enum, default_value_t = CaOutput::Table)]
        output: CaOutput,
    },
    Rotate {
        #[arg(value_enum, value_name = "WHAT")]
        what: Rotated,
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        #[arg(long, value_name = "FILE")]
        root_key: Option<PathBuf>,
        #[arg(long = "name", value_name = "HOST")]
        names: Vec<String>,
        #[arg(long, conflicts_with = "stolen")]
        finish: bool,
        #[arg(long)]
        stolen: bool,
        #[arg(long)]
        dry_run: bool,
    },
    Publisher {
        #[arg(value_name = "ROOT.json")]
        root: PathBuf,
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        #[arg(long, value_name = "FILE")]
        root_key: Option<PathBuf>,
        #[arg(long)]
        dry_run: bool,
    },
    ExportRoot {
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        #[arg(long)]
        with_key: bool,
        #[arg(long)]
        remove: bool,
    },
    Request {
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    Sign {
        #[arg(long, value_name = "FILE")]
        root: PathBuf,
        #[arg(long, value_name = "FILE")]
        root_key: PathBuf,
        #[arg(long, value_name = "FILE")]
        request: PathBuf,
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    Import {
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
    },
}

/// What `ca rotate` makes anew.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Rotated {
    Server,
    Intermediate,
    OnlineKey,
}

/// How `ca status` speaks.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum CaOutput {
    Table,
    Json,
}

/// The command with its help in the reader's language.
pub(crate) fn command(words: &Catalogue) -> clap::Command {
    command_translate(Arguments::command(), words)
}
