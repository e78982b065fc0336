//! `cargo swarm PROFILE`: what one server on this machine carries, shown with as many devices as are asked for.

mod arguments;
mod progress;

use arguments::{Arguments, Output};
use clap::Parser;
use progress::Bars;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tests::programs::programs_lie_in;
use tests::swarm::profile::run;
use tests::swarm::world::Wish;
use tests::swarm::{limits, plot, report};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match swarm(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("swarm: {why}");
            ExitCode::FAILURE
        }
    }
}

fn swarm(arguments: &Arguments) -> Result<(), String> {
    limits::files_take(arguments.devices)?;
    let running = arguments.data.clone().zip(arguments.server_pid);
    if let Some(folder) = programs(arguments)? {
        programs_lie_in(folder);
    }
    let wish = Wish {
        devices: arguments.devices,
        seed: arguments.seed,
        over: Duration::from_secs(arguments.seconds),
        speaks: true,
        running,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    let bars = Arc::new(Bars::new());
    let outcome = runtime.block_on(run(arguments.profile, wish, bars.clone()));
    bars.end();
    let outcome = outcome?;
    // Thousands of lines are given up at once; nobody has to wait for each to be cut in order.
    runtime.shutdown_background();
    if let Some(path) = &arguments.plot {
        std::fs::write(path, plot::svg(&outcome)).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    match arguments.output {
        Output::Table => print!("{}", report::table(&outcome)),
        Output::Json => println!("{}", report::json(&outcome)),
    }
    Ok(())
}

/// Where `cartable-server` lies: beside this program, unless cargo runs it, which builds what is not there or old.
fn programs(arguments: &Arguments) -> Result<Option<PathBuf>, String> {
    let there = |folder: PathBuf| {
        let found = folder.join("cartable-server").is_file();
        if found { Ok(Some(folder)) } else { Err(format!("there is no cartable-server in {}", folder.display())) }
    };
    if let Some(folder) = &arguments.programs {
        return there(folder.clone());
    }
    if arguments.data.is_some() || std::env::var_os("CARGO").is_some() {
        return Ok(None);
    }
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let beside = there(own.parent().unwrap_or(&own).to_owned());
    beside.map_err(|why| format!("{why}; say with --programs where it lies"))
}
