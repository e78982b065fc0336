//! Who may use whom, as `docs/architecture.md` draws it: a new edge, an unknown crate or a long file fails here.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each crate of ours with those it may use; a crate that stands here alone uses none.
const EDGES: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("filter", &[]),
    ("words", &[]),
    ("identity", &["model"]),
    ("wire", &["model"]),
    ("bundle", &["model"]),
    ("agent-core", &["model"]),
    // For its tests alone: who answers there shows certificates.
    ("resolver", &["model", "identity"]),
    ("guard", &["model", "filter", "words"]),
    ("agent", &["agent-core", "resolver", "guard", "model", "filter", "bundle", "identity", "wire", "words"]),
    ("controlplane-core", &["model", "filter", "bundle"]),
    ("controlplane-store", &["controlplane-core", "model"]),
    ("paper", &["model"]),
    ("publisher", &["model", "bundle", "filter", "words"]),
    ("controlplane", &["controlplane-core", "controlplane-store", "model", "bundle", "identity", "wire", "words"]),
    ("cartable", &["model", "bundle", "identity", "wire", "words", "paper"]),
    ("tests", &["*"]),
];

/// Crates from outside that stand for a layer, with those of ours that may name them; `deny.toml` says the same of some for
/// the whole tree of dependencies.
const OUTSIDE: &[(&str, &[&str])] = &[
    // storage
    ("sled", &["controlplane-store"]),
    ("tar", &["controlplane", "publisher"]),
    ("flate2", &["publisher"]),
    ("md-5", &["publisher"]),
    ("zstd", &["wire", "bundle", "controlplane", "controlplane-store"]),
    ("blake3", &["bundle"]),
    // names
    ("idna", &["filter"]),
    ("hickory-proto", &["resolver", "tests"]),
    // identity
    ("aws-lc-rs", &["model", "identity", "controlplane-store", "publisher"]),
    ("zeroize", &["controlplane-store", "cartable"]),
    ("rcgen", &["identity", "tests"]),
    ("rustls-native-certs", &["agent"]),
    ("sigstore-tuf", &["agent"]),
    ("x509-parser", &["identity"]),
    ("argon2", &["cartable"]),
    ("chacha20poly1305", &["cartable"]),
    ("rustls", &["identity", "agent", "resolver", "controlplane", "cartable", "tests"]),
    ("tokio-rustls", &["agent", "resolver", "controlplane", "cartable", "tests"]),
    // wire
    ("prost", &["wire", "agent", "controlplane", "tests"]),
    ("prost-types", &["wire", "agent", "tests"]),
    ("protox", &["wire"]),
    ("tonic", &["wire", "agent", "controlplane", "cartable", "tests"]),
    ("tonic-health", &["controlplane", "tests"]),
    ("tonic-reflection", &["controlplane", "tests"]),
    ("tonic-prost", &["wire", "agent", "controlplane", "cartable", "tests"]),
    ("tonic-prost-build", &["wire"]),
    ("http", &["agent", "guard", "resolver", "controlplane", "cartable", "tests"]),
    ("tower", &["agent", "controlplane", "cartable", "tests"]),
    ("http-body-util", &["resolver"]),
    ("hyper", &["agent", "guard", "resolver", "controlplane"]),
    ("hyper-util", &["agent", "guard", "resolver", "controlplane", "cartable", "tests"]),
    // host
    ("sysinfo", &["agent"]),
    ("rustix", &["agent", "controlplane", "controlplane-store", "publisher", "cartable", "tests"]),
    ("sd-notify", &["agent", "controlplane"]),
    ("eventlog", &["agent"]),
    ("log", &["agent"]),
    ("mdns-sd", &["agent"]),
    ("memmap2", &["agent"]),
    ("socket2", &["resolver"]),
    ("starship-battery", &["agent"]),
    ("windows-registry", &["agent"]),
    ("windows-service", &["agent"]),
    // runtime; the cores' features are in `CORE_TOKIO`
    (
        "tokio",
        &["agent", "guard", "resolver", "controlplane-core", "controlplane-store", "controlplane", "cartable", "tests"],
    ),
    ("tokio-stream", &["agent", "controlplane", "cartable", "tests"]),
    // people
    ("clap", &["words", "agent", "controlplane", "cartable", "publisher", "tests"]),
    ("clap_complete", &["agent", "controlplane", "cartable", "publisher"]),
    ("clap_mangen", &["agent", "controlplane", "cartable", "publisher"]),
    ("comfy-table", &["cartable"]),
    ("indicatif", &["cartable", "publisher", "tests"]),
    ("pdf-writer", &["paper"]),
    ("qrcode", &["cartable", "paper"]),
    ("ratatui", &["cartable"]),
    ("crossterm", &["cartable"]),
    ("csv", &["cartable", "tests"]),
    ("quick-xml", &["cartable"]),
    ("zip", &["cartable", "tests"]),
    ("fluent-bundle", &["words"]),
    ("unic-langid", &["words"]),
    ("anyhow", &["agent", "controlplane", "cartable", "tests"]),
    ("tracing-subscriber", &["agent", "controlplane", "tests"]),
    ("prometheus-client", &["controlplane"]),
];

/// All that a crate without I/O may take of tokio: tasks, locks and a clock that tests move by hand.
const CORE_TOKIO: &[&str] = &["sync", "rt", "rt-multi-thread", "macros", "time", "test-util"];

/// The crates that decide and do nothing, by folder: the cores, and all of `proto/`.
const PURE: &[&str] = &["proto", "agent/core", "controlplane/core"];

/// What a pure crate's source must not name. `std::net::IpAddr` is a value and may stay.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env::var",
    "std::process",
    "std::net::Tcp",
    "std::net::Udp",
    "std::net::ToSocketAddrs",
    "std::thread::sleep",
    "tokio::fs",
    "tokio::io",
    "tokio::net",
    "tokio::process",
    "tokio::signal",
];

/// A longer source file is two files.
const LINES_MAX: usize = 500;

/// A dependency as its manifest declares it.
struct Use {
    name: String,
    ours: bool,
    features: Vec<String>,
}

/// A crate of ours with what it names, for running, testing and building.
struct Member {
    name: String,
    uses: Vec<Use>,
}

#[test]
fn crates_use_only_what_they_may() {
    let faults = layer_faults(&members(&metadata()));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn manifests_take_everything_from_the_one_table() {
    let metadata = metadata();
    let mut faults = Vec::new();
    for package in &metadata.packages {
        let text = fs::read_to_string(&package.manifest_path).unwrap();
        faults.extend(manifest_faults(&package.name, &text.parse().unwrap()));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_source_file_is_longer_than_500_lines() {
    let faults: Vec<String> = sources(&root())
        .into_iter()
        .filter_map(|path| length_fault(&path.display().to_string(), &fs::read_to_string(&path).unwrap()))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn pure_crates_touch_nothing() {
    let mut faults = Vec::new();
    for path in PURE.iter().flat_map(|folder| sources(&root().join(folder))).filter(|path| !path.ends_with("build.rs"))
    {
        faults.extend(purity_faults(&path.display().to_string(), &fs::read_to_string(&path).unwrap()));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_bad_edge_is_refused() {
    let ours = |name: &str| Use { name: name.to_owned(), ours: true, features: Vec::new() };
    let outside = |name: &str, features: &[&str]| Use {
        name: name.to_owned(),
        ours: false,
        features: features.iter().map(|&f| f.to_owned()).collect(),
    };
    let with = |name: &str, one: Use| {
        let mut all: Vec<Member> =
            EDGES.iter().map(|(name, _)| Member { name: (*name).to_owned(), uses: Vec::new() }).collect();
        match all.iter_mut().find(|member| member.name == name) {
            Some(member) => member.uses.push(one),
            None => all.push(Member { name: name.to_owned(), uses: vec![one] }),
        }
        layer_faults(&all)
    };
    for (name, one, said) in [
        ("publisher", ours("controlplane-core"), "`publisher` may not use `controlplane-core`"),
        ("controlplane", ours("publisher"), "`controlplane` may not use `publisher`"),
        ("cartable", ours("controlplane-store"), "`cartable` may not use `controlplane-store`"),
        ("agent", ours("controlplane-core"), "`agent` may not use `controlplane-core`"),
        ("controlplane", ours("agent"), "`controlplane` may not use `agent`"),
        ("controlplane-core", ours("wire"), "`controlplane-core` may not use `wire`"),
        ("agent-core", ours("identity"), "`agent-core` may not use `identity`"),
        ("agent-core", ours("words"), "`agent-core` may not use `words`"),
        ("model", ours("tests"), "`model` may not use `tests`"),
        ("controlplane", outside("sled", &[]), "`controlplane` may not name `sled`"),
        ("controlplane-core", outside("rustls", &[]), "`controlplane-core` may not name `rustls`"),
        ("agent-core", outside("tonic", &[]), "`agent-core` may not name `tonic`"),
        ("agent-core", outside("tokio", &["sync"]), "`agent-core` may not name `tokio`"),
        ("controlplane-core", outside("tokio", &["net"]), "`controlplane-core` may not use tokio's `net`"),
        ("controlplane-core", outside("tokio", &["full"]), "`controlplane-core` may not use tokio's `full`"),
        ("cartable", outside("sysinfo", &[]), "`cartable` may not name `sysinfo`"),
        ("common", ours("model"), "`common` is not in the table of tests/suite/layering.rs"),
    ] {
        assert_eq!(with(name, one), [said], "{name}");
    }
    assert_eq!(with("tests", ours("controlplane-store")), Vec::<String>::new());
    assert_eq!(with("cartable", ours("words")), Vec::<String>::new());
    assert_eq!(layer_faults(&[])[0], "`model` is in the table of tests/suite/layering.rs, but not in the workspace");
}

#[test]
fn a_bad_manifest_file_or_line_is_refused() {
    let faults = |text: &str| manifest_faults("agent", &text.parse().unwrap()).join("; ");
    let lints = "lints.workspace = true\n";
    assert_eq!(faults(&format!("{lints}[dependencies]\nbytes.workspace = true\n")), "");
    assert!(faults("[dependencies]\n").contains("[lints]"));
    for bad in ["\"1\"", "{ version = \"1\" }", "{ path = \"../x\" }", "{ workspace = true, version = \"1\" }"] {
        for table in ["dependencies", "dev-dependencies", "build-dependencies", "target.'cfg(unix)'.dependencies"] {
            let said = faults(&format!("{lints}[{table}]\nbytes = {bad}\n"));
            assert_eq!(said, "`agent` must take `bytes` with `workspace = true` and nothing but features");
        }
    }
    assert_eq!(length_fault("a.rs", &"\n".repeat(LINES_MAX)), None);
    assert_eq!(length_fault("a.rs", &"\n".repeat(LINES_MAX + 1)).unwrap(), "a.rs has 501 lines, more than 500");
    assert_eq!(
        purity_faults("a.rs", "use std::net::IpAddr;\n// std::fs is named by a comment\n"),
        Vec::<String>::new()
    );
    assert_eq!(
        purity_faults("a.rs", "\nuse std::fs;\n"),
        ["a.rs:2 names `std::fs`: a core decides, the outer crate does"]
    );
}

/// What is wrong with these crates' edges.
fn layer_faults(members: &[Member]) -> Vec<String> {
    let edges: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let outside: BTreeMap<&str, &[&str]> = OUTSIDE.iter().copied().collect();
    let mut faults = Vec::new();
    for Member { name, uses } in members {
        let Some(may) = edges.get(name.as_str()) else {
            faults.push(format!("`{name}` is not in the table of tests/suite/layering.rs"));
            continue;
        };
        for one in uses {
            let used = one.name.as_str();
            if one.ours {
                if !may.contains(&used) && !may.contains(&"*") {
                    faults.push(format!("`{name}` may not use `{used}`"));
                }
                continue;
            }
            if outside.get(used).is_some_and(|who| !who.contains(&name.as_str())) {
                faults.push(format!("`{name}` may not name `{used}`"));
            } else if used == "tokio" && name.ends_with("-core") {
                let more = one.features.iter().filter(|feature| !CORE_TOKIO.contains(&feature.as_str()));
                faults.extend(more.map(|feature| format!("`{name}` may not use tokio's `{feature}`")));
            }
        }
    }
    let gone = EDGES.iter().filter(|(name, _)| members.iter().all(|member| member.name != *name));
    faults.extend(
        gone.map(|(name, _)| format!("`{name}` is in the table of tests/suite/layering.rs, but not in the workspace")),
    );
    faults
}

/// What is wrong with a member's manifest.
fn manifest_faults(name: &str, manifest: &toml::Table) -> Vec<String> {
    let mut faults = Vec::new();
    if manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool) != Some(true) {
        faults.push(format!("`{name}` must have [lints] workspace = true"));
    }
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let parts = std::iter::once(manifest)
        .chain(targets.into_iter().flat_map(toml::Table::values).filter_map(toml::Value::as_table));
    for part in parts {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (used, how) in part.get(kind).and_then(toml::Value::as_table).into_iter().flatten() {
                let inherits = how.get("workspace").and_then(toml::Value::as_bool) == Some(true);
                let only = how
                    .as_table()
                    .is_some_and(|t| t.keys().all(|k| ["workspace", "features", "optional"].contains(&k.as_str())));
                if !inherits || !only {
                    faults
                        .push(format!("`{name}` must take `{used}` with `workspace = true` and nothing but features"));
                }
            }
        }
    }
    faults
}

fn length_fault(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > LINES_MAX).then(|| format!("{path} has {lines} lines, more than {LINES_MAX}"))
}

fn purity_faults(path: &str, text: &str) -> Vec<String> {
    let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    let named =
        code.flat_map(|(at, line)| IMPURE.iter().filter(|name| line.contains(**name)).map(move |name| (at, name)));
    named.map(|(at, name)| format!("{path}:{} names `{name}`: a core decides, the outer crate does", at + 1)).collect()
}

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().expect("cargo metadata")
}

fn members(metadata: &Metadata) -> Vec<Member> {
    let uses = |package: &cargo_metadata::Package| {
        let known = [DependencyKind::Normal, DependencyKind::Development, DependencyKind::Build];
        let all = package.dependencies.iter();
        all.map(|one| {
            assert!(known.contains(&one.kind), "{}: a kind of dependency that this test does not know", one.name);
            Use { name: one.name.to_string(), ours: one.path.is_some(), features: one.features.clone() }
        })
        .collect()
    };
    metadata.packages.iter().map(|package| Member { name: package.name.to_string(), uses: uses(package) }).collect()
}

/// Every Rust file below a folder, but for what cargo made.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if kind.is_dir() && !hidden && entry.file_name() != "target" {
            found.extend(sources(&path));
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lie in the workspace").to_owned()
}
