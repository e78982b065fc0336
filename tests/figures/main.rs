//! `cargo figures AREA [--json] [--full]`: where every performance figure of the product is measured.
//!
//! A row is a name, a value with its unit, what it must reach and what we want it to reach. Figures are shown, never asserted:
//! the machine's noise is not a defect of the code.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that fails says so and ends")]

mod agent;
mod bundle;
mod core;
mod durable;
mod faults;
mod filter;
mod fleet;
mod identity;
mod known;
mod loans;
mod meter;
mod planning;
mod row;
mod said;
mod scale;
mod schools;

use row::Report;
use std::process::ExitCode;

const USAGE: &str = "usage: cargo figures AREA [--json] [--full]
areas: core, server (the part of core without store and agent), planning (the part of core without anything that runs), identity, agent (with its package, if it is made),
  schools (a country's register imported), loans (two hundred thousand of them listed),
  bundle (an educational resource packed, and what travels of its next version),
  filter (a list of 4.6 million names compiled, asked and changed; the resolver beside unbound, with dnsperf),
  scale (what one server carries of devices that are connected, as `cargo swarm` lets them live; known after it),
  known (10,000 and 100,000 devices that are known but away, and a year of reports; with --full 1,000,000),
  faults (kills, a full disk, floods and the like under 5,000 devices)
  --json   print one JSON object on standard output
  --full   measure ten idle minutes of the agent instead of two, and 15,000 held devices";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let flag = |name: &str| arguments.iter().any(|a| a == name);
    let areas: Vec<&String> = arguments.iter().filter(|a| !a.starts_with("--")).collect();
    let unknown = arguments.iter().any(|a| a.starts_with("--") && a != "--json" && a != "--full");
    match areas.as_slice() {
        [area]
            if [
                "core", "server", "planning", "identity", "agent", "schools", "loans", "bundle", "filter", "scale",
                "known", "faults",
            ]
            .contains(&area.as_str())
                && !unknown =>
        {
            let report: Report = match area.as_str() {
                "server" => core::measure_server(),
                "planning" => core::measure_planning(),
                "identity" => identity::measure(),
                "schools" => schools::measure(),
                "loans" => loans::measure(),
                "bundle" => bundle::measure(),
                "filter" => filter::measure(),
                "scale" => scale::measure(flag("--full")),
                "known" => known::measure(flag("--full")),
                "faults" => faults::measure(),
                "agent" => core::measure_agent(flag("--full")),
                _ => core::measure(flag("--full")),
            };
            if flag("--json") {
                println!("{}", report.json());
            } else {
                print!("{}", report.table());
            }
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}
