//! The next release of the agent, as another build of it: all that differs is the version it says it is.

fn main() -> std::process::ExitCode {
    agent::cli::main_of("0.9.1")
}
