//! What we show people is true: the example configurations parse, each spoilt key is refused, and every command of the README
//! is one.

use controlplane::folder::Folder;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tests::programs::program;
use toml::{Table, Value};

/// Cargo's own commands that the README may show; others are aliases.
const CARGO: &[&str] = &["build", "test"];

#[test]
fn the_agents_example_is_what_the_agent_reads() {
    let text = example("agent.toml");
    agent_read(&text).unwrap();
    // What is commented out is an example, too.
    let whole: String = text.lines().map(|line| format!("{}\n", uncommented(line))).collect();
    agent_read(&whole).unwrap();
    let keys: Vec<String> = leaves(&whole.parse().unwrap()).into_iter().map(|path| path.join(".")).collect();
    assert_eq!(
        keys,
        [
            "enrolment_file",
            "filter.listen",
            "filter.page",
            "filter.secure",
            "filter.state",
            "filter.system",
            "filter.upstream",
            "log",
            "mirror_roots",
            "no_proxy",
            "proxy",
            "proxy_credentials",
            "release_root",
            "resources",
            "state"
        ]
    );
    each_spoilt_key_is_refused(&whole, agent_read);
    // What stands in the file is what holds without it.
    let (said, default) = (agent_read(&text).unwrap(), agent::Config::default());
    assert_eq!(
        (said.state, said.proxy, said.no_proxy, said.log, said.enrolment_file, said.release_root),
        (default.state, default.proxy, default.no_proxy, default.log, default.enrolment_file, default.release_root)
    );
    assert_eq!(said.filter, default.filter);
}

/// Each way to place the agent's file closes it; what else holds of these is judged by their own linters, by hand.
#[test]
fn installers_place_a_closed_file_where_the_agent_looks() {
    let place = agent::Config::default().enrolment_place().display().to_string();
    for (name, closed) in [
        ("examples/preseed.cfg", "umask 077"),
        ("examples/cloud-init.yaml", "permissions: \"0600\""),
        ("examples/ansible/site.yml", "mode: \"0600\""),
    ] {
        let text = example(name);
        for part in [&*place, closed, "cartable-agent", "server =", "token ="] {
            assert!(text.contains(part), "{name} lacks {part}");
        }
    }
}

#[test]
fn the_servers_example_is_what_the_server_reads() {
    let text = example("server.toml");
    server_read(&text).unwrap();
    // What is commented out is an example, too.
    let whole: String = text.lines().map(|line| format!("{}\n", uncommented(line))).collect();
    assert!(server_read(&whole).unwrap().metrics.listen.is_some());
    each_spoilt_key_is_refused(&whole, server_read);
    // Nothing is left out, and where there is a default it stands in the file.
    let shown: Table = text.parse().unwrap();
    let few = Table::from_iter(["territory", "listen", "url"].map(|key| (key.to_owned(), shown[key].clone())));
    let config: controlplane::config::Config = toml::from_str(&few.to_string()).unwrap();
    assert_eq!(Table::try_from(&config).unwrap(), shown);
}

#[test]
fn every_command_of_the_readme_is_one() {
    let commands = commands(&fs::read_to_string(root().join("README.md")).unwrap());
    for first in ["cargo demo", "cargo test", "cartable-server init", "cartable-agent enrol", "cartable token"] {
        assert!(commands.iter().any(|command| command.starts_with(first)), "the README shows no `{first}`");
    }
    let faults: Vec<String> = commands.iter().filter_map(|command| command_fault(command)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_command_of_the_operating_guide_is_one() {
    let guide = fs::read_to_string(root().join("docs/operating.md")).unwrap();
    assert!(guide.lines().count() <= 420, "a guide that long is read by nobody");
    let commands = commands(&guide);
    for first in ["init", "backup --data", "restore", "healthcheck", "ca rotate", "operator", "export"] {
        let shown = commands.iter().any(|command| command.starts_with(&format!("cartable-server {first}")));
        assert!(shown, "the guide shows no `{first}`");
    }
    let faults: Vec<String> = commands.iter().filter_map(|command| command_fault(command)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_command_of_the_page_on_scale_is_one() {
    let commands = commands(&fs::read_to_string(root().join("docs/scale.md")).unwrap());
    assert!(commands.iter().any(|command| command.starts_with("cargo swarm --profile")), "{commands:?}");
    let faults: Vec<String> = commands.iter().filter_map(|command| command_fault(command)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_wrong_command_is_found() {
    for wrong in [
        "cartable device lend",
        "cartable device list --colour-of-case",
        "cartable-agent enrol --sever https://x",
        "cartable-server run --data a --listen here",
        "cargo demonstrate",
        "cargo demo --loudly",
        "cargo swarm --profile friday",
    ] {
        assert!(command_fault(wrong).is_some(), "{wrong} was taken for a command");
    }
    let text = "```sh\nsudo cartable-agent run   # stays\ntarget/release/cartable device \\\n  list | less\nls\n```\ncartable no\n";
    assert_eq!(commands(text), ["cartable-agent run", "cartable device list"]);
    let text = "```sh\nrunuser -u cartable-server -- cartable-server run --data a\nage -d b | cartable-server backup --verify -\njournalctl -u cartable-server -n 5\n```\n";
    assert_eq!(commands(text), ["cartable-server run --data a", "cartable-server backup --verify -"]);
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let mut documents = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    for folder in [root().join("docs"), root().join("docs/decisions")] {
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        documents.extend(files.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        for rest in text.split("](").skip(1) {
            let target = rest.split([')', '#', '\n']).next().unwrap_or_default();
            let there = target.is_empty() || target.contains("://") || document.parent().unwrap().join(target).exists();
            assert!(there, "{}: {target} does not exist", document.display());
        }
    }
}

/// Renames each key, then gives each a value of another type; the parser must refuse both.
fn each_spoilt_key_is_refused<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) {
    let whole: Table = text.parse().unwrap();
    for path in leaves(&whole) {
        let (key, parents) = path.split_last().unwrap();
        let spoilt = |spoil: &dyn Fn(&mut Table)| {
            let mut copy = whole.clone();
            let table = parents.iter().fold(&mut copy, |table, name| table[name].as_table_mut().unwrap());
            spoil(table);
            read(&copy.to_string()).map(|_| ())
        };
        let renamed = spoilt(&|table| {
            let value = table.remove(key).unwrap();
            table.insert(format!("{key}_"), value);
        });
        let said = renamed.expect_err(&format!("{key}_ was taken"));
        assert!(said.contains(&format!("`{key}_`")), "{said}");
        let retyped = spoilt(&|table| {
            table.insert(key.clone(), Value::Array(vec![Value::Boolean(true)]));
        });
        assert!(retyped.is_err(), "{key} = [true] was taken");
        let emptied = spoilt(&|table| {
            let value = if table[key].is_str() { Value::from("\u{1}=[") } else { Value::from(-1) };
            table.insert(key.clone(), value);
        });
        // Any text is a list of names.
        assert!(emptied.is_err() || key == "no_proxy", "a senseless {key} was taken");
    }
}

/// The path of every value that is not a table.
fn leaves(table: &Table) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) => {
                found.extend(leaves(inner).into_iter().map(|path| [vec![key.clone()], path].concat()));
            }
            _ => found.push(vec![key.clone()]),
        }
    }
    found
}

/// `#key = value` without its mark; a sentence has a space after it.
fn uncommented(line: &str) -> &str {
    line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase())).unwrap_or(line)
}

/// The commands of ours within the code blocks of a text, one a line, without what a shell takes for itself.
fn commands(markdown: &str) -> Vec<String> {
    let code = markdown.split("```").skip(1).step_by(2);
    let text: String = code.map(|block| block.replace("\\\n", " ")).collect();
    let ours = |line: &str| {
        let words = line.split_whitespace().take_while(|word| !["|", "&", ">", ";", "#"].contains(word));
        let mut words: Vec<&str> = words.skip_while(|word| ["$", "sudo"].contains(word)).collect();
        // As another user: `runuser -u NAME -- PROGRAM …`.
        if let ["runuser", "-u", _, "--", ..] = words[..] {
            words.drain(..4);
        }
        let program = words.first_mut()?;
        *program = program.rsplit('/').next().unwrap_or(program);
        let ours = ["cargo", "cartable", "cartable-server", "cartable-agent", "cartable-publish"].contains(program)
            && words.len() > 1;
        ours.then(|| words.join(" "))
    };
    // A picture is no pipe.
    let parts = |line: &str| -> Vec<String> {
        let whole = line.trim_start().starts_with(['|', '+']);
        if whole { vec![line.to_owned()] } else { line.split(" | ").map(str::to_owned).collect() }
    };
    text.lines().flat_map(parts).filter_map(|part| ours(&part)).collect()
}

/// Why a command is none. `--help` at its end makes the real parser judge all before it, and do nothing.
fn command_fault(command: &str) -> Option<String> {
    // What stands between quotation marks is one word.
    let parts = command.split('"').enumerate();
    let mut words =
        parts.flat_map(|(at, part)| if at % 2 == 1 { vec![part] } else { part.split_whitespace().collect() });
    let name = words.next()?;
    let words: Vec<&str> = words.collect();
    let (name, arguments) = if name == "cargo" {
        let (verb, rest) = words.split_first()?;
        if CARGO.contains(verb) {
            return None;
        }
        let config: Table = fs::read_to_string(root().join(".cargo/config.toml")).unwrap().parse().unwrap();
        if config["alias"].get(verb).is_none() {
            return Some(format!("`{command}`: cargo has no command or alias `{verb}`"));
        }
        // The alias and its program bear one name.
        (*verb, rest.to_vec())
    } else {
        (name, words)
    };
    let mut run = Command::new(program(name));
    let done = run.args(arguments).arg("--help").env("LANG", "C").stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    (!done.status.success()).then(|| format!("`{command}`: {}", said.trim()))
}

fn agent_read(text: &str) -> Result<agent::Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.toml");
    fs::write(&path, text).unwrap();
    agent::Config::read(&path).map_err(|error| error.to_string())
}

fn server_read(text: &str) -> Result<controlplane::config::Config, String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("server.toml"), text).unwrap();
    controlplane::config::Config::read(&Folder::new(folder.path())).map_err(|error| error.to_string())
}

fn example(name: &str) -> String {
    fs::read_to_string(root().join("deploy").join(name)).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lie in the workspace").to_owned()
}
