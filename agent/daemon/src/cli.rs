//! The command line: `enrol`, `run`, `status`, `resources`, `import`, `doctor`.
//!
//! Exit codes: 0 done, 1 failed, 2 usage, 3 not enrolled, 4 refused by the server, 6 server out of reach.

mod doctor;
mod import;
mod manual;
mod print;
mod resources;
mod sent;

use crate::enforce::Medium;
use crate::enrol::file::{self as enrol_file, EnrolFile};
use crate::platform::{Here, Job, Platform};
use crate::{Agent, Build, Config, Ended, Error, Nobody, SystemClock, release, waiting};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use words::{Catalogue, Language, command_translate, lang_flag, shell_word, usage_error_text};

pub(crate) const FR: &str = include_str!("../i18n/fr.ftl");
pub(crate) const EN: &str = include_str!("../i18n/en.ftl");

/// The exit code of a mistake in the command line.
const USAGE: u8 = 2;

#[derive(Parser)]
#[command(name = "cartable-agent", version, subcommand_required = true, arg_required_else_help = true)]
struct Line {
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[arg(long, global = true)]
    state: Option<PathBuf>,
    #[arg(long, global = true, value_parser = ["fr", "en"])]
    lang: Option<String>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Enrol {
        #[arg(long)]
        server: Option<String>,
        #[arg(long, env = "CARTABLE_TOKEN", hide_env_values = true)]
        token: Option<String>,
        #[arg(long, conflicts_with_all = ["server", "token"])]
        from: Option<PathBuf>,
        #[arg(long)]
        again: bool,
        #[arg(long, conflicts_with = "again")]
        later: bool,
    },
    Run {
        #[arg(long)]
        check_config: bool,
        #[arg(long, hide = true)]
        acknowledgements: Option<PathBuf>,
    },
    #[cfg(unix)]
    Filter {
        #[arg(long)]
        put_back: bool,
    },
    Status {
        #[arg(long)]
        what_is_sent: bool,
        #[arg(long, value_enum, default_value = "text")]
        output: Output,
    },
    Resources {
        #[arg(long, value_enum, default_value = "text")]
        output: Output,
    },
    Import {
        folder: PathBuf,
        #[arg(long, value_enum, default_value = "text")]
        output: Output,
    },
    Completion {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    Man {
        #[arg(long)]
        to: PathBuf,
    },
    Notice {
        #[arg(long, value_enum)]
        to: Option<To>,
        #[arg(long, default_value = "/dev/tty8", hide = true)]
        terminal: PathBuf,
        #[arg(long, default_value = "/", hide = true)]
        root: PathBuf,
    },
    Forget {
        #[arg(long, required = true)]
        yes: bool,
    },
    Doctor {
        #[arg(long)]
        server: Option<String>,
        #[arg(long, value_enum, default_value = "text")]
        output: Output,
    },
}

/// By what a notice is shown.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum To {
    Desktop,
    Session,
    Screen,
    Closed,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
}

/// Reads the command line, does what it says, and says how that went.
#[must_use]
pub fn main() -> ExitCode {
    main_of(Build::default())
}

/// The same as another build, for tests: nothing else differs.
#[must_use]
pub fn main_of(build: Build) -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let variables = ["LC_ALL", "LC_MESSAGES", "LANG"].map(|name| std::env::var(name).ok());
    let language = Language::choose(lang_flag(&arguments).as_deref(), &variables.each_ref().map(Option::as_deref));
    let catalogue = Catalogue::new(language, FR, EN);
    let matches = command_translate(Line::command().version(build.version), &catalogue).try_get_matches_from(arguments);
    let line = match matches.and_then(|matches| Line::from_arg_matches(&matches)) {
        Ok(line) => line,
        Err(error) if !error.use_stderr() => {
            say(&mut std::io::stdout(), &usage_error_text(&error, &catalogue));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            say(&mut std::io::stderr(), &usage_error_text(&error, &catalogue));
            return ExitCode::from(USAGE);
        }
    };
    let flags = flags(&line);
    match done(line, &flags, build, catalogue) {
        Ok(code) => code,
        Err(error) => {
            let catalogue = Catalogue::new(language, FR, EN);
            say(&mut std::io::stderr(), &print::error(&error, &flags, &catalogue));
            ExitCode::from(error.exit_code())
        }
    }
}

/// The flags that say which agent is meant, as a next command needs them, too.
fn flags(line: &Line) -> String {
    let given = [("--config", &line.config), ("--state", &line.state)];
    let given = given.into_iter().filter_map(|(flag, path)| Some((flag, path.as_ref()?)));
    given.map(|(flag, path)| format!(" {flag} {}", shell_word(&path.to_string_lossy()))).collect()
}

fn done(line: Line, flags: &str, build: Build, catalogue: Catalogue) -> Result<ExitCode, Error> {
    // These need no configuration.
    match &line.verb {
        Verb::Completion { shell } => {
            say(&mut std::io::stdout(), &manual::completion(*shell, &catalogue));
            return Ok(ExitCode::SUCCESS);
        }
        Verb::Man { to } => {
            manual::pages_write(to, &catalogue)?;
            let said = catalogue.text_with("man-written", &[("path", to.display().to_string().into())]);
            say(&mut std::io::stdout(), &said);
            return Ok(ExitCode::SUCCESS);
        }
        // Said by whoever sits at the machine, who may not read the configuration.
        Verb::Notice { to, terminal, root } => return notice(*to, terminal, root, &catalogue),
        _ => {}
    }
    let file = line.config.clone().unwrap_or_else(Here::config_file);
    let there = line.config.is_some() || file.exists();
    let mut config = if there { Config::read(&file)? } else { Config::default() };
    config = config.with_environment(|name| std::env::var(name).ok());
    if let Some(state) = line.state {
        config.state = std::path::absolute(&state).map_err(Error::file(&state))?;
    }
    config.build = build;
    match line.verb {
        Verb::Completion { .. } | Verb::Man { .. } | Verb::Notice { .. } => {}
        Verb::Run { check_config: true, .. } => {
            agent(config).check()?;
            let key = if there { "config-good" } else { "config-default" };
            let said = catalogue.text_with(key, &[("file", file.display().to_string().into())]);
            say(&mut std::io::stdout(), &said);
        }
        Verb::Run { acknowledgements, .. } => {
            // An agent that runs speaks to nobody: its memory is for its work.
            drop(catalogue);
            config.acknowledgements = acknowledgements;
            log(&config);
            release::become_release(&config);
            Here::serve(run, Job { config, supervisor: Arc::new(Nobody) })?;
        }
        #[cfg(unix)]
        Verb::Filter { put_back: true } => {
            log(&Config { log: "warn".to_owned(), ..config.clone() });
            blocking(async { Agent::new(config, Arc::new(SystemClock)).filter_put_back().await })?;
            say(&mut std::io::stdout(), &catalogue.text("filter-put-back"));
        }
        #[cfg(unix)]
        Verb::Filter { .. } => {
            drop(catalogue);
            log(&config);
            Here::serve(filter, Job { config, supervisor: Arc::new(Nobody) })?;
        }
        Verb::Enrol { server, token, from, again, later } => {
            log(&Config { log: "warn".to_owned(), ..config.clone() });
            // What is wrong with it is said before a token is asked for.
            config.proxy_rules()?;
            let EnrolFile { server, token } = match (server, from) {
                (_, Some(folder)) => EnrolFile::read(&folder.join(enrol_file::NAME))?,
                (Some(server), None) => EnrolFile { server, token: token_read(token, &catalogue)? },
                (None, None) if config.enrolment_place().exists() => {
                    EnrolFile::read_private(&config.enrolment_place())?
                }
                (None, None) => return Err(Error::ServerMissing),
            };
            if later {
                let place = config.enrolment_place();
                EnrolFile::place(&place, &server, &token)?;
                let file = place.display().to_string();
                say(&mut std::io::stdout(), &catalogue.text_with("enrol-later", &[("file", file.into())]));
                return Ok(ExitCode::SUCCESS);
            }
            let agent = agent(config);
            let joined = blocking(async {
                if again { agent.enrol_again(&server, &token).await } else { agent.enrol(&server, &token).await }
            })?;
            waiting::left_forget(&agent);
            say(&mut std::io::stdout(), &print::joined(&joined, flags, &catalogue));
        }
        Verb::Status { what_is_sent: true, output } => {
            let sent = agent(config).sent()?;
            let said = match output {
                Output::Text => sent::text(&sent, &catalogue),
                Output::Json => serde_json::to_string_pretty(&sent).unwrap_or_default(),
            };
            say(&mut std::io::stdout(), &said);
        }
        Verb::Status { output, .. } => {
            let status = agent(config).status()?;
            let said = match output {
                Output::Text => print::status(&status, flags, &catalogue),
                Output::Json => serde_json::to_string_pretty(&status).unwrap_or_default(),
            };
            say(&mut std::io::stdout(), &said);
            if status.enrolment.is_none() {
                return Ok(ExitCode::from(Error::NotEnrolled(status.state).exit_code()));
            }
        }
        Verb::Resources { output } => {
            let agent = agent(config);
            let found = agent.resources()?;
            let said = match output {
                Output::Text => resources::text(&found, &agent.resources_place().display().to_string(), &catalogue),
                Output::Json => serde_json::to_string_pretty(&found).unwrap_or_default(),
            };
            say(&mut std::io::stdout(), &said);
        }
        Verb::Import { folder, output } => {
            let agent = agent(config);
            let mut line = import::Line::new(&catalogue);
            let imported = blocking(async { agent.import(&folder, |bytes| line.at(bytes, &agent)).await });
            line.clear();
            let imported = imported?;
            let said = match output {
                Output::Text => import::text(&imported, &catalogue),
                Output::Json => serde_json::to_string_pretty(&imported).unwrap_or_default(),
            };
            say(&mut std::io::stdout(), &said);
            return Ok(if imported.well() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Verb::Forget { .. } => {
            let agent = agent(config);
            let key = if agent.forget()? { "forgotten" } else { "forgotten-none" };
            #[cfg(unix)]
            if agent.filter_left() {
                blocking(agent.filter_put_back())?;
            }
            let folder = agent.state().display().to_string();
            say(&mut std::io::stdout(), &catalogue.text_with(key, &[("folder", folder.into())]));
        }
        Verb::Doctor { server, output } => {
            log(&Config { log: "off".to_owned(), ..config.clone() });
            let diagnosis = blocking(async { agent(config).doctor(server.as_deref()).await })?;
            let said = match output {
                Output::Text => doctor::text(&diagnosis, flags, coloured(&std::io::stdout()), &catalogue),
                Output::Json => doctor::json(&diagnosis, flags, &catalogue),
            };
            say(&mut std::io::stdout(), &said);
            return Ok(if diagnosis.well() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Says what the loan asks of who sits at the machine, or that a site is closed. Nobody's session fails because of it.
fn notice(to: Option<To>, terminal: &Path, root: &Path, catalogue: &Catalogue) -> Result<ExitCode, Error> {
    let medium = match to {
        None => {
            let said = Here::noticed(root).map(|notice| notice.lines(catalogue).join("\n"));
            say(&mut std::io::stdout(), &said.unwrap_or_else(|| catalogue.text("loan-nothing")));
            return Ok(ExitCode::SUCCESS);
        }
        Some(To::Desktop) => Medium::Desktop,
        Some(To::Session) => Medium::Session,
        Some(To::Closed) => Medium::Closed,
        Some(To::Screen) => Medium::Screen(terminal.to_owned()),
    };
    log(&Config { log: "warn".to_owned(), ..Config::default() });
    match Here::tell(root, &medium, catalogue) {
        Err(error) if matches!(medium, Medium::Screen(_)) => Err(Error::file(terminal)(error)),
        Err(error) => {
            tracing::warn!(%error, "the notice cannot be shown here");
            Ok(ExitCode::SUCCESS)
        }
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}

/// Whether colours may be used: on a terminal whose owner has not said no (no-color.org).
fn coloured(to: &impl IsTerminal) -> bool {
    to.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Writes a text and ends its last line. Nobody reading any more, as after `| head -1`, is no failure.
fn say(to: &mut dyn Write, text: &str) {
    let _ = writeln!(to, "{}", text.trim_end_matches('\n'));
}

fn agent(config: Config) -> Agent {
    Agent::new(config, Arc::new(SystemClock)).neighbourly()
}

/// The token as given, or the first line of standard input: there it shows in no list of processes and no shell history. A
/// person at a terminal who gives none is asked for it.
fn token_read(token: Option<String>, catalogue: &Catalogue) -> Result<String, Error> {
    let terminal = std::io::stdin().is_terminal();
    match token {
        Some(token) if token != "-" => return Ok(token),
        None if !terminal => return Err(Error::TokenMissing),
        _ if terminal => {
            let mut err = std::io::stderr();
            let _ = write!(err, "{} ", catalogue.text("token-ask"));
            let _ = err.flush();
        }
        _ => {}
    }
    let mut line = String::new();
    let limited = &mut std::io::Read::take(std::io::stdin(), 4096);
    std::io::BufRead::read_line(&mut std::io::BufReader::new(limited), &mut line)
        .map_err(Error::file(Path::new("stdin")))?;
    Ok(line)
}

/// Runs the agent until it is asked to end.
fn run(Job { config, supervisor }: Job) -> Result<(), Error> {
    let agent = agent(config).supervised(supervisor);
    match blocking(async { agent.run(Here::stopped().map_err(Error::System)?).await })? {
        Ended::Asked => Ok(()),
        Ended::Replaced => Err(Error::System(agent.replace())),
    }
}

#[cfg(unix)]
fn filter(Job { config, supervisor }: Job) -> Result<(), Error> {
    let agent = Agent::new(config, Arc::new(SystemClock)).supervised(supervisor);
    blocking(async { agent.filter(Here::stopped().map_err(Error::System)?).await })
}

/// Runs on one thread: the agent waits for most of its life.
fn blocking<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(3)
        .thread_keep_alive(std::time::Duration::from_secs(1))
        .build()
        .map_err(Error::System)?;
    runtime.block_on(future)
}

/// Logs to standard error, text for a person and JSON for a machine, or where the system keeps what its services say.
fn log(config: &Config) {
    let filter = config.log.parse::<tracing_subscriber::EnvFilter>().unwrap_or_default();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    if let Some(sink) = Here::log_sink() {
        return log.with_writer(sink).without_time().with_level(false).with_ansi(false).init();
    }
    let log = log.with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        log.with_ansi(coloured(&std::io::stderr())).init();
    } else {
        log.json().flatten_event(true).init();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_message_is_in_both_languages() {
        assert_eq!(words::catalogue_check(FR, EN), Vec::<String>::new());
        assert_eq!(words::command_check(&Line::command(), FR, EN), Vec::<String>::new());
    }

    #[test]
    fn the_next_command_names_the_same_agent() {
        let line = |words: &[&str]| flags(&Line::try_parse_from(words).ok().unwrap());
        assert_eq!(line(&["cartable-agent", "run"]), "");
        assert_eq!(
            line(&["cartable-agent", "--config", "a.toml", "status", "--state", "l'état 1"]),
            " --config a.toml --state 'l'\\''état 1'"
        );
    }

    #[test]
    fn the_command_line_is_sound() {
        Line::command().debug_assert();
        let line =
            Line::try_parse_from(["cartable-agent", "enrol", "--server", "https://x", "--token", "-", "--state", "/s"]);
        assert!(matches!(line.map(|l| (l.state, l.verb)), Ok((Some(_), Verb::Enrol { token: Some(_), .. }))));
    }
}
