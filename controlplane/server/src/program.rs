//! The program `cartable-server`: what each command does and says.

use crate::Server;
use crate::arguments::{Arguments, Verb, command};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::init::{Wish, init, operator_renew};
use crate::manual;
use crate::opening::{PROBE_OTHER, store_open};
use crate::otlp::{Exporter, Spans, TARGET, traces};
use crate::supervisor::Supervisor;
use crate::vault::VaultStore;
use clap::FromArgMatches;
use controlplane_store::{export, import, probe};
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use words::{Catalogue, Language, lang_flag, usage_error_text};

pub(crate) const FR: &str = include_str!("../i18n/fr.ftl");
pub(crate) const EN: &str = include_str!("../i18n/en.ftl");
/// So many threads serve; the store's writer is one more.
const BLOCKING_THREADS: usize = 8;

/// Runs a command line: 0 done, 1 failed, 2 a command line that makes no sense.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let locale: Vec<Option<String>> = ["LC_ALL", "LC_MESSAGES", "LANG"].map(|v| std::env::var(v).ok()).into();
    let locale: Vec<Option<&str>> = locale.iter().map(Option::as_deref).collect();
    let words = Catalogue::new(Language::choose(lang_flag(&arguments).as_deref(), &locale), FR, EN);
    let parsed = command(&words).try_get_matches_from(arguments).and_then(|m| Arguments::from_arg_matches(&m));
    let verb = match parsed {
        Ok(arguments) => arguments.verb,
        Err(error) if error.use_stderr() => {
            eprint!("{}", usage_error_text(&error, &words));
            return ExitCode::from(2);
        }
        Err(error) => {
            let _ = write!(io::stdout(), "{}", usage_error_text(&error, &words));
            return ExitCode::SUCCESS;
        }
    };
    if let Verb::Probe { data, vault } = &verb {
        let folder = Folder::new(data);
        return probe_run(&if *vault { folder.vault() } else { folder.store() });
    }
    match act(verb, &words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{} {}", words.text("failed"), crate::words::error_text(&error, &words));
            ExitCode::FAILURE
        }
    }
}

fn act(verb: Verb, words: &Catalogue) -> Result<()> {
    match verb {
        Verb::Init { data, territory, listen, names, operator } => {
            let territory = territory.parse().map_err(|e: model::id::IdError| Error::Wish(e.to_string()))?;
            let operator = operator_name(&operator)?;
            let folder = init(&data, &Wish { territory, listen, names, operator }, SystemClock.now())?;
            say(&crate::words::init_text(&folder, words));
            Ok(())
        }
        Verb::Run { data, check_config } => {
            let folder = Folder::new(data);
            let config = Config::read(&folder)?;
            if check_config {
                crate::ca::Ca::read(&folder, &config.territory)?.check(&folder, SystemClock.now())?;
                say(&words.text_with("config-good", &[("path", folder.config().display().to_string().into())]));
                return Ok(());
            }
            serve(&folder, config, words)
        }
        Verb::Export { data, to } => {
            logging(None);
            export_run(&Folder::new(data), &to, words)
        }
        Verb::Import { data, from } => import_run(&Folder::new(data), &from, words),
        Verb::Backup { .. } | Verb::Restore { .. } => {
            let said = crate::backup::command::backup(verb, SystemClock.now(), words)?;
            if !said.is_empty() {
                say(&said);
            }
            Ok(())
        }
        Verb::Healthcheck { data } => {
            let address = crate::healthcheck::healthcheck(&Folder::new(data))?;
            say(&words.text_with("serving", &[("address", address.to_string().into())]));
            Ok(())
        }
        Verb::Operator { data, name } => {
            let name = operator_name(&name)?;
            let folder = Folder::new(data);
            let config = Config::read(&folder)?;
            operator_renew(&folder, &config.territory, &name, SystemClock.now())?;
            let profile = folder.operator("cartable.toml").display().to_string();
            say(&words.text_with("operator-made", &[("name", name.into()), ("profile", profile.into())]));
            Ok(())
        }
        Verb::Ca { verb } => {
            say(&crate::ca::command::ca(verb, SystemClock.now(), words)?);
            Ok(())
        }
        Verb::Vault { verb } => {
            say(&crate::vault::command::vault(verb, SystemClock.now(), words)?);
            Ok(())
        }
        Verb::Completion { shell } => {
            print(&manual::completion(shell, words));
            Ok(())
        }
        Verb::Man { to } => {
            manual::pages_write(&to, words)?;
            say(&words.text_with("man-written", &[("path", to.display().to_string().into())]));
            Ok(())
        }
        Verb::Probe { .. } => Ok(()),
    }
}

fn operator_name(name: &str) -> Result<String> {
    identity::caller::operator_name(name).ok_or_else(|| Error::Wish(format!("{name:?}: 1-64 × a-z 0-9 . -")))
}

fn serve(folder: &Folder, config: Config, words: &Catalogue) -> Result<()> {
    let exporter = tracing(&config)?;
    files_allow(config.limits.connections);
    let program = std::env::current_exe().ok();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .map_err(|source| Error::File { what: "run", path: folder.root().to_owned(), source })?;
    let supervisor = Supervisor::from_environment();
    // The vault first: with a wrong key the server ends here, and nothing else was touched.
    let vault = runtime.block_on(VaultStore::open(folder, &config, program.as_deref(), SystemClock.now()))?;
    let opened = supervisor.while_("opening the store; after a cut it is read whole first", || {
        store_open(folder, &config.store, program.as_deref(), SystemClock.now())
    });
    let store = Arc::new(opened?);
    runtime.block_on(async {
        exporter.map(|exporter| tokio::spawn(exporter.run()));
        let server = Server::build_with(config, folder, store.clone(), vault, Arc::new(SystemClock)).await?;
        // From here on a signal is a stop in order, even one that comes with the line below.
        let stop = stop_asked(folder)?;
        // The one line on standard output: who starts the server waits for it.
        let address = server.address()?;
        supervisor.ready(&format!("listening on {address}"));
        say(&words.text_with("listening", &[("address", address.to_string().into())]));
        let watched = Arc::clone(&store);
        let watching = tokio::spawn(supervisor.watched(
            move || {
                let store = Arc::clone(&watched);
                async move { store.alive().await }
            },
            &SystemClock,
        ));
        let stopping = async {
            stop.await;
            supervisor.stopping();
        };
        server.run(stopping).await?;
        watching.abort();
        store.close().await?;
        tracing::info!("stopped");
        Ok(())
    })
}

/// Raises the limit of open files as far as the system lets us: each connection is one.
fn files_allow(connections: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    if allowed < connections as u64 + 256 {
        tracing::warn!(allowed, connections, "the system allows fewer open files than limits.connections needs");
    }
}

/// Ends with the first SIGTERM or SIGINT after this call.
fn stop_asked(folder: &Folder) -> Result<impl Future<Output = ()>> {
    let listen =
        |kind| signal(kind).map_err(|source| Error::File { what: "run", path: folder.root().to_owned(), source });
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn export_run(folder: &Folder, to: &Path, words: &Catalogue) -> Result<()> {
    let failed = |source| Error::File { what: "written", path: to.to_owned(), source };
    let config = Config::read(folder)?;
    let store = store_open(folder, &config.store, std::env::current_exe().ok().as_deref(), SystemClock.now())?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(failed)?;
    let mut out = BufWriter::new(file);
    let exported = export(&store, &mut out, &mut |n| progress(words, n))?;
    out.into_inner().map_err(|e| failed(e.into_error()))?.sync_all().map_err(failed)?;
    say(&words.text_with(
        "exported",
        &[
            ("entries", words::Value::count(exported.entries)),
            ("revision", exported.revision.to_string().into()),
            ("path", to.display().to_string().into()),
        ],
    ));
    Ok(())
}

fn import_run(folder: &Folder, from: &Path, words: &Catalogue) -> Result<()> {
    // A folder without its keys could not be run; `init` comes first.
    Config::read(folder)?;
    let file = File::open(from).map_err(|source| Error::File { what: "read", path: from.to_owned(), source })?;
    let mut input: Box<dyn BufRead> = Box::new(BufReader::new(file));
    let imported = import(&mut input, &folder.store(), &mut |n| progress(words, n))?;
    say(&words.text_with(
        "imported",
        &[("entries", words::Value::count(imported.entries)), ("epoch", imported.epoch.to_string().into())],
    ));
    Ok(())
}

fn probe_run(store: &Path) -> ExitCode {
    use controlplane_store::Error as StoreError;
    match probe(store) {
        Ok(_) => ExitCode::SUCCESS,
        Err(StoreError::InUse(_) | StoreError::ReadOnly { .. } | StoreError::Newer { .. } | StoreError::Io { .. }) => {
            ExitCode::from(PROBE_OTHER)
        }
        Err(_) => ExitCode::FAILURE,
    }
}

/// How far a long run is, on a terminal only.
fn progress(words: &Catalogue, entries: u64) {
    if io::stderr().is_terminal() {
        eprint!("\r{}", words.text_with("progress", &[("entries", words::Value::count(entries))]));
    }
}

/// Standard output may be closed; what was done is done.
fn say(text: &str) {
    print(format!("{text}\n").as_bytes());
}

fn print(bytes: &[u8]) {
    let _ = io::stdout().write_all(bytes);
}

/// Sets logs up, and traces if there is a collector; what carries these to it.
fn tracing(config: &Config) -> Result<Option<Exporter>> {
    let collector = config.otlp.collector().map_err(Error::Wish)?;
    let Some(collector) = collector else {
        logging(None);
        return Ok(None);
    };
    let (layer, exporter) = traces(collector, config.otlp.ratio, Arc::new(SystemClock));
    logging(Some(layer));
    Ok(Some(exporter))
}

/// Text on a terminal, JSON otherwise; `RUST_LOG` chooses what. Spans go to the collector and to no log.
fn logging(spans: Option<Spans>) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let filter = match format!("{TARGET}=off").parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    };
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_target(false);
    let layer = if io::stderr().is_terminal() { layer.boxed() } else { layer.json().boxed() };
    let registry = tracing_subscriber::registry();
    match spans {
        None => registry.with(layer.with_filter(filter)).init(),
        Some(spans) => {
            let ours = tracing_subscriber::filter::filter_fn(|metadata| metadata.target() == TARGET);
            registry.with(layer.with_filter(filter)).with(spans.with_filter(ours)).init();
        }
    }
}
