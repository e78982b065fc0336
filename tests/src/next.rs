//! Another build of the agent: the release after the packaged one, or, by the name it is started as, `agent-VERSION` of that version
//! and `hasty-VERSION`, which is given back unless the server answers it in seconds.

use agent::Build;
use std::path::PathBuf;
use std::time::Duration;

fn main() -> std::process::ExitCode {
    let started = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    let name = started.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let next = Build { version: "0.9.1", ..Build::default() };
    agent::cli::main_of(match name.split_once('-') {
        // In the folder of programs it lies under the name of its crate's.
        Some(("agent", version)) if version != "next" => Build { version: version.to_owned().leak(), ..next },
        Some(("hasty", version)) => Build { version: version.to_owned().leak(), trial: Duration::from_secs(5) },
        // The name that every slot's program has begins otherwise.
        _ => next,
    })
}
