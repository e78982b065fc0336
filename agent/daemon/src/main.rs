//! The agent's command line.

fn main() -> std::process::ExitCode {
    agent::cli::main()
}
