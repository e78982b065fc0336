//! What came of a profile, for people and for programs.

use super::latency::SHOWN;
use super::profile::Outcome;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::time::Duration;

/// A table for people.
#[must_use]
pub fn table(outcome: &Outcome) -> String {
    let cost = &outcome.cost;
    let (before, after) = cost.resident_mib;
    let mut out = format!(
        "{}: {} devices, seed {}\n\n{:<60} {:>12} {}\n",
        outcome.profile, outcome.devices, outcome.seed, "name", "value", "unit"
    );
    let general = [
        ("measured for", cost.wall.as_secs_f64(), "s"),
        ("server, processor time", cost.cpu.as_secs_f64(), "s CPU"),
        ("server, memory before", before, "MiB"),
        ("server, memory after", after, "MiB"),
        ("on the wire, TLS included", cost.bytes as f64 / 1e6, "MB"),
    ];
    let facts = outcome.facts.iter().map(|fact| (fact.name, fact.value, fact.unit));
    for (name, value, unit) in facts.chain(general) {
        let _ = writeln!(out, "{name:<60} {:>12} {unit}", short(value));
    }
    let _ = write!(out, "\n{:<36} {:>9}", "latency, ms", "count");
    SHOWN.iter().for_each(|(name, _)| _ = write!(out, " {name:>9}"));
    for (name, latencies) in &cost.latencies {
        let _ = write!(out, "\n{name:<36} {:>9}", latencies.count());
        for took in latencies.quantiles(&SHOWN.map(|(_, part)| part)) {
            let _ = write!(out, " {:>9}", short(millis(took)));
        }
    }
    out.push('\n');
    if !cost.failed.is_empty() {
        let _ = writeln!(out, "\n{:<96} {:>9}", "failed, and tried again", "count");
        for (why, count) in &cost.failed {
            let _ = writeln!(out, "{why:<96} {count:>9}");
        }
    }
    out
}

/// One object for programs.
#[must_use]
pub fn json(outcome: &Outcome) -> Value {
    let cost = &outcome.cost;
    let facts: Vec<Value> =
        outcome.facts.iter().map(|f| json!({"name": f.name, "value": f.value, "unit": f.unit})).collect();
    let latencies: Map<String, Value> = cost
        .latencies
        .iter()
        .map(|(name, latencies)| {
            let parts = latencies.quantiles(&SHOWN.map(|(_, part)| part));
            let mut shown: Map<String, Value> =
                SHOWN.iter().zip(parts).map(|((name, _), took)| ((*name).to_owned(), json!(millis(took)))).collect();
            shown.insert("count".to_owned(), json!(latencies.count()));
            ((*name).to_owned(), Value::Object(shown))
        })
        .collect();
    let samples: Vec<Value> = cost
        .samples
        .iter()
        .map(|s| json!({"s": s.at.as_secs_f64(), "cpu_s": s.cpu.as_secs_f64(), "resident_mib": s.resident_mib}))
        .collect();
    json!({
        "profile": outcome.profile.name(),
        "devices": outcome.devices,
        "seed": outcome.seed,
        "facts": facts,
        "seconds": cost.wall.as_secs_f64(),
        "server": {
            "cpu_s": cost.cpu.as_secs_f64(),
            "resident_mib": {"before": cost.resident_mib.0, "after": cost.resident_mib.1},
            "samples": samples,
        },
        "wire_bytes": cost.bytes,
        "latency_ms": latencies,
        "failed": cost.failed,
    })
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

fn short(n: f64) -> String {
    if n.abs() >= 1000.0 || n == n.trunc() {
        format!("{n:.0}")
    } else if n.abs() >= 10.0 {
        format!("{n:.1}")
    } else {
        format!("{n:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::swarm::latency::Latencies;
    use crate::swarm::profile::{Fact, Profile};
    use crate::swarm::world::Cost;
    use std::collections::BTreeMap;

    #[test]
    fn both_say_the_same() {
        let mut polls = Latencies::default();
        (1..=100).for_each(|ms| polls.note(Duration::from_millis(ms)));
        let cost = Cost {
            wall: Duration::from_secs(3),
            cpu: Duration::from_millis(1_500),
            latencies: BTreeMap::from([("visit", polls)]),
            failed: BTreeMap::from([("the line was cut".to_owned(), 2)]),
            ..Cost::default()
        };
        let facts = vec![Fact { name: "a poll", value: 53.25, unit: "us CPU" }];
        let outcome = Outcome { profile: Profile::Poll, devices: 7, seed: 9, facts, cost };
        let text = table(&outcome);
        for part in ["poll: 7 devices, seed 9", "a poll", "53.2 us CPU", "1.500 s CPU", "the line was cut"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let line = text.lines().find(|line| line.starts_with("visit")).unwrap();
        let cells: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(cells, ["visit", "100", "50", "90", "99", "100", "100"]);
        let object = json(&outcome);
        assert_eq!(object["latency_ms"]["visit"]["p90"], 90.0);
        assert_eq!(
            (object["server"]["cpu_s"].as_f64(), object["failed"]["the line was cut"].as_u64()),
            (Some(1.5), Some(2))
        );
    }
}
