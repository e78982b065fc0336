//! What is asked for on the command line.

use ::tests::swarm::profile::Profile;
use clap::{Parser, ValueEnum};
use std::path::PathBuf;

/// Shows what a cartable-server carries on this machine: as many devices as you ask for, in one process, each with its own keys and
/// certificate, over real TLS and HTTP/2, as agents speak it.
///
/// Without --data it makes a server in a temporary folder, runs the profile against it, and removes it. Run it on the machine that is to
/// be sized: what the server uses is read from /proc, so that the devices' own work is not counted; but they share the processors, so
/// leave them half (times are longer than they will be, processor times are what they are). Everything happens on loopback, where schools
/// have addresses of 127.0.0.0/8.
///
/// Profiles:
///   poll     at home: each device comes once within --seconds, resumes its TLS session, has no news, and goes
///   held     in class: all are held for --seconds, and nothing happens
///   monday   all wake up within --seconds, half of them with a full handshake, report their health, and are held
///   restart  all are held and reporting when the server is killed (kill -9) and started again; nothing acknowledged may be lost
///   enrol    all join, as fast as they are let in
///   policy   all are held when what they are to hold changes
///   summer   all were off for sixty days; certificates have ended, and they find back within --seconds
#[derive(Parser, Debug)]
#[command(name = "swarm", version, verbatim_doc_comment, after_help = "How to read what comes out: docs/scale.md.")]
pub(crate) struct Arguments {
    /// What the devices do: poll, held, monday, restart, enrol, policy or summer.
    #[arg(long, default_value = "held")]
    pub(crate) profile: Profile,
    /// How many devices; a process holds at most some 19,800 with `ulimit -n 20000`.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) devices: u64,
    /// Who comes when, with what, and how it is spread: the same again with the same seed.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Over how long devices come, or how long they are held.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) seconds: u64,
    /// How the report is printed.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
    /// Draw how long things took, and what the server used over time, into this SVG file.
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) plot: Option<PathBuf>,
    /// A server that runs on this machine already: its data folder. Its devices stay in it: take one that is for trials only.
    #[arg(long, value_name = "DIR", requires = "server_pid")]
    pub(crate) data: Option<PathBuf>,
    /// The process of that server (pidof cartable-server).
    #[arg(long, value_name = "PID", requires = "data")]
    pub(crate) server_pid: Option<u32>,
    /// Where cartable-server lies, if not beside this program.
    #[arg(long, value_name = "DIR", conflicts_with = "data")]
    pub(crate) programs: Option<PathBuf>,
}

/// For whom the report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// People.
    Table,
    /// Programs: one object.
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_holds_together() {
        Arguments::command().debug_assert();
        let read = |line: &str| Arguments::try_parse_from(line.split(' '));
        let asked =
            read("swarm --profile monday --devices 40 --seed 9 --seconds 3 --output json --plot a.svg").unwrap();
        assert_eq!((asked.profile, asked.devices, asked.seed, asked.output), (Profile::Monday, 40, 9, Output::Json));
        for bad in [
            "swarm --profile friday",
            "swarm --devices 0",
            "swarm --data here",
            "swarm --server-pid 7",
            "swarm --seconds 0",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let help = Arguments::command().render_long_help().to_string();
        for profile in Profile::ALL {
            assert!(help.contains(&format!("\n  {:<8} ", profile.name())), "{profile} is not explained: {help}");
        }
    }
}
