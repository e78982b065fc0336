//! Rows and how they are printed.

use serde_json::{Value, json};
use std::fmt::Write;

/// Which way is better.
#[derive(Clone, Copy)]
pub(crate) enum Better {
    /// Small values.
    Less,
    /// Large values.
    More,
}

/// One figure.
pub(crate) struct Row {
    /// What is measured.
    pub(crate) name: &'static str,
    /// What came out.
    pub(crate) value: f64,
    /// In which unit.
    pub(crate) unit: &'static str,
    /// What it must reach; none for a peer or a bare fact.
    pub(crate) must: Option<f64>,
    /// What we want it to reach.
    pub(crate) goal: Option<f64>,
    /// Which way is better.
    pub(crate) better: Better,
}

/// An area's figures.
pub(crate) struct Report {
    /// Which area.
    pub(crate) area: &'static str,
    /// The rows.
    pub(crate) rows: Vec<Row>,
}

impl Row {
    /// A figure that is better when small.
    pub(crate) const fn less(name: &'static str, value: f64, unit: &'static str) -> Self {
        Self { name, value, unit, must: None, goal: None, better: Better::Less }
    }

    /// A figure that is better when large.
    pub(crate) const fn more(name: &'static str, value: f64, unit: &'static str) -> Self {
        Self { name, value, unit, must: None, goal: None, better: Better::More }
    }

    /// With what it must and should reach.
    pub(crate) const fn within(mut self, must: f64, goal: f64) -> Self {
        self.must = Some(must);
        self.goal = Some(goal);
        self
    }

    fn reaches(&self, mark: f64) -> bool {
        match self.better {
            Better::Less => self.value <= mark,
            Better::More => self.value >= mark,
        }
    }

    fn verdict(&self) -> &'static str {
        match (self.must, self.goal) {
            (_, Some(goal)) if self.reaches(goal) => "goal",
            (Some(must), _) if self.reaches(must) => "met",
            (Some(_), _) => "MISSED",
            (None, _) => "",
        }
    }
}

impl Report {
    /// A table for people.
    pub(crate) fn table(&self) -> String {
        let mut out = format!("{} on {}\n\n", self.area, machine());
        let number = |n: Option<f64>| n.map_or_else(String::new, short);
        let _ = writeln!(out, "{:<58} {:>10} {:<14} {:>9} {:>9}  verdict", "name", "value", "unit", "must", "goal");
        for row in &self.rows {
            let _ = writeln!(
                out,
                "{:<58} {:>10} {:<14} {:>9} {:>9}  {}",
                row.name,
                short(row.value),
                row.unit,
                number(row.must),
                number(row.goal),
                row.verdict()
            );
        }
        out
    }

    /// One object for programs.
    pub(crate) fn json(&self) -> String {
        let rows: Vec<Value> = self.rows.iter().map(|row| {
            let better = match row.better {
                Better::Less => "less",
                Better::More => "more",
            };
            json!({"name": row.name, "value": row.value, "unit": row.unit, "must": row.must, "goal": row.goal, "better": better})
        }).collect();
        json!({"area": self.area, "machine": machine(), "rows": rows}).to_string()
    }
}

/// The processor and how many of them: no name of the machine.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|l| l.strip_prefix("model name"))
        .map_or("unknown processor", |m| m.trim_start_matches(['\t', ':', ' ']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{model}, {cores} cores, {} build", if cfg!(debug_assertions) { "debug" } else { "release" })
}

fn short(n: f64) -> String {
    if n.abs() >= 1000.0 {
        format!("{n:.0}")
    } else if n.abs() >= 10.0 {
        format!("{n:.1}")
    } else {
        format!("{n:.3}")
    }
}
