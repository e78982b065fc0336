//! The command line; its help is in the catalogue.

use crate::kind::Kind;
use crate::list::Own;
use crate::list::said::own_parse;
use crate::release::Built;
use bundle::{Architecture, System, Version};
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use model::digest::Digest;
use std::path::PathBuf;
use words::{Catalogue, command_translate};

/// A whole command line.
#[derive(Debug, Parser)]
#[command(name = "cartable-publish", version, propagate_version = false)]
pub(crate) struct Arguments {
    // Read before parsing, see `words::lang_flag`; here for the help and to refuse others.
    #[arg(long, global = true, value_parser = ["fr", "en"], value_name = "LANG")]
    pub(crate) lang: Option<String>,
    #[arg(long, global = true, value_name = "FORM", value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// How answers are said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    Table,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Bundle {
        #[command(subcommand)]
        verb: BundleVerb,
    },
    Release {
        #[command(subcommand)]
        verb: ReleaseVerb,
    },
    Floor {
        #[command(subcommand)]
        verb: FloorVerb,
    },
    List {
        #[command(subcommand)]
        verb: ListVerb,
    },
    Key {
        #[command(subcommand)]
        verb: KeyVerb,
    },
    Repository {
        #[command(subcommand)]
        verb: RepositoryVerb,
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

#[derive(Debug, Subcommand)]
pub(crate) enum BundleVerb {
    Init {
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
        #[arg(long)]
        name: Option<String>,
    },
    Pack {
        #[arg(value_name = "FOLDER", required = true)]
        folders: Vec<PathBuf>,
        #[arg(long, value_name = "DIR")]
        repository: PathBuf,
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    Sign {
        #[arg(value_name = "FILE")]
        proposal: PathBuf,
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        #[arg(long = "folder", value_name = "FOLDER")]
        folders: Vec<PathBuf>,
        #[arg(long)]
        yes: bool,
    },
    Publish {
        #[arg(value_name = "FILE")]
        proposal: PathBuf,
        #[arg(long, value_name = "DIR")]
        repository: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReleaseVerb {
    Pack {
        #[arg(long = "number", value_name = "VERSION")]
        version: Version,
        #[arg(long, value_name = "VERSION")]
        minimum: Option<Version>,
        #[arg(long = "program", value_name = "MACHINE=FILE", required = true, value_parser = built_parse)]
        programs: Vec<Built>,
        #[arg(long, value_name = "DIR")]
        repository: PathBuf,
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum FloorVerb {
    Init {
        #[arg(value_name = "FILE")]
        floor: PathBuf,
    },
    Pack {
        #[arg(value_name = "FILE")]
        floor: PathBuf,
        #[arg(long, value_name = "DIR")]
        repository: PathBuf,
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ListVerb {
    Import {
        #[arg(value_name = "PATH")]
        path: PathBuf,
        #[arg(long, value_name = "DIR")]
        work: PathBuf,
        #[arg(long, value_name = "FILE")]
        md5: Option<PathBuf>,
        #[arg(long, value_name = "FILE")]
        sha256: Option<PathBuf>,
        #[arg(long = "category", value_name = "NAME=FILE", value_parser = own_parse)]
        own: Vec<Own>,
        #[arg(long, value_name = "NAME")]
        white: Vec<String>,
        #[arg(long, value_name = "FILE")]
        sentinels: Option<PathBuf>,
        #[arg(long = "omit", value_name = "HOST")]
        omitted: Vec<String>,
        #[arg(long, value_name = "TEXT")]
        attribution: Option<String>,
    },
    Diff {
        #[arg(long, value_name = "DIR")]
        work: PathBuf,
        #[arg(long, value_name = "NUMBER", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=10_000))]
        names: u32,
    },
    Approve {
        #[arg(long, value_name = "DIR")]
        work: PathBuf,
        #[arg(long = "accept", value_name = "NAME")]
        accepted: Vec<String>,
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        #[arg(long, value_name = "DIGEST")]
        digest: Option<Digest>,
    },
    Publish {
        #[arg(long, value_name = "DIR")]
        work: PathBuf,
        #[arg(long, value_name = "DIR")]
        repository: PathBuf,
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyVerb {
    New {
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    Show {
        #[arg(value_name = "FILE")]
        key: PathBuf,
    },
    Rotate {
        #[arg(long, value_name = "DIR")]
        repository: PathBuf,
        #[arg(value_enum, value_name = "ROLE")]
        role: RoleName,
        #[arg(long, value_name = "FILE")]
        add: Vec<PathBuf>,
        #[arg(long, value_name = "ID")]
        remove: Vec<String>,
        #[arg(long, value_name = "NUMBER")]
        threshold: Option<usize>,
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one, once")]
pub(crate) enum RepositoryVerb {
    Init {
        #[arg(long, value_name = "DIR")]
        repository: PathBuf,
        #[arg(long, value_name = "KIND", value_enum, default_value_t = KindName::Territory)]
        kind: KindName,
        #[arg(long, value_name = "FILE", required = true)]
        root: Vec<PathBuf>,
        #[arg(long, value_name = "NUMBER", default_value_t = 1)]
        root_threshold: usize,
        #[arg(long, value_name = "FILE", required = true)]
        targets: Vec<PathBuf>,
        #[arg(long, value_name = "NUMBER", default_value_t = 1)]
        targets_threshold: usize,
        #[arg(long, value_name = "FILE")]
        bundles: Vec<PathBuf>,
        #[arg(long, value_name = "NUMBER", requires = "bundles")]
        bundles_threshold: Option<usize>,
        #[arg(long, value_name = "FILE")]
        floor: Vec<PathBuf>,
        #[arg(long, value_name = "NUMBER", requires = "floor")]
        floor_threshold: Option<usize>,
        #[arg(long, value_name = "FILE")]
        lists: Vec<PathBuf>,
        #[arg(long, value_name = "NUMBER", requires = "lists")]
        lists_threshold: Option<usize>,
        #[arg(long, value_name = "FILE")]
        releases: Vec<PathBuf>,
        #[arg(long, value_name = "NUMBER", requires = "releases")]
        releases_threshold: Option<usize>,
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    Refresh {
        #[arg(long, value_name = "DIR")]
        repository: PathBuf,
    },
    Renew {
        #[arg(long, value_name = "DIR")]
        repository: PathBuf,
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    Status {
        #[arg(long, value_name = "DIR")]
        repository: PathBuf,
    },
}

/// Whose repository it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindName {
    Territory,
    Product,
}

impl From<KindName> for Kind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Territory => Self::Territory,
            KindName::Product => Self::Product,
        }
    }
}

/// A role whose keys may be rotated.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RoleName {
    Root,
    Targets,
    Bundles,
    Floor,
    Lists,
    Releases,
    Snapshot,
    Timestamp,
}

impl RoleName {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Targets => "targets",
            Self::Bundles => "bundles",
            Self::Floor => "floor",
            Self::Lists => "lists",
            Self::Releases => "releases",
            Self::Snapshot => "snapshot",
            Self::Timestamp => "timestamp",
        }
    }
}

/// The command with its help in the reader's language.
pub(crate) fn command(words: &Catalogue) -> clap::Command {
    command_translate(Arguments::command(), words)
}

/// A program with the machine it is for: `linux/x86_64=FILE`.
fn built_parse(text: &str) -> Result<Built, String> {
    let read = || {
        let (machine, path) = text.split_once('=')?;
        let (system, architecture) = machine.split_once('/')?;
        let system = System::ALL.into_iter().find(|one| one.as_str() == system)?;
        let architecture = Architecture::ALL.into_iter().find(|one| one.as_str() == architecture)?;
        Some(Built { system, architecture, path: path.into() })
    };
    read().ok_or_else(|| "linux/x86_64=FILE".to_owned())
}
