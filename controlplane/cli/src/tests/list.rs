//! Lists in their three forms.

use super::printed;
use crate::arguments::Output;
use crate::device::DeviceRow;
use wire::v1::{DeviceSummary, HealthStatus, JoinState};
use words::Language;

fn rows() -> Vec<DeviceRow> {
    let laptop = DeviceSummary {
        id: "019ab8c1-7c1e-7abc-8def-001122334455".into(),
        state: JoinState::Active.into(),
        school: "0951099D".into(),
        maker: "LENOVO".into(),
        model: "ThinkPad L13".into(),
        serial: "PF3Q9X2B".into(),
        os: "Debian 13".into(),
        health: HealthStatus::Warning.into(),
        enrolled_unix_ms: 1_795_352_700_000,
        last_seen_unix_ms: 1_795_352_700_000,
        agent_version: "0.1.0".into(),
        ..DeviceSummary::default()
    };
    let silent = DeviceSummary {
        id: "019ab8c1-7c1e-7abd-8def-001122334455".into(),
        state: JoinState::Quarantined.into(),
        reason: "not_listed".into(),
        model: "evil\u{1b}[2J,\"x\"".into(),
        ..DeviceSummary::default()
    };
    vec![laptop.into(), silent.into()]
}

#[test]
fn a_table_is_for_people() {
    let fr = printed(Language::Fr, Output::Table, |p| p.list(&rows()));
    let lines: Vec<Vec<&str>> =
        fr.lines().map(|l| l.split("  ").map(str::trim).filter(|c| !c.is_empty()).collect()).collect();
    assert_eq!(
        lines[0],
        ["APPAREIL", "ÉTAT", "SANTÉ", "ÉTABLISSEMENT", "MODÈLE", "N° DE SÉRIE", "SYSTÈME", "DERNIER CONTACT"]
    );
    assert_eq!(
        lines[1],
        [
            "019ab8c1-7c1e-7abc",
            "actif",
            "à surveiller",
            "0951099D",
            "LENOVO ThinkPad L13",
            "PF3Q9X2B",
            "Debian 13",
            "22/11/2026 14:05"
        ]
    );
    assert_eq!(
        lines[2],
        ["019ab8c1-7c1e-7abd", "en quarantaine", "sans information", "–", "evil\u{fffd}[2J,\"x\"", "–", "–", "jamais"]
    );
    let en = printed(Language::En, Output::Table, |p| p.list(&rows()));
    assert!(en.contains("quarantined") && en.contains("22 Nov 2026, 14:05"), "{en}");
}

#[test]
fn json_and_csv_are_for_programs_in_any_language() {
    let json = printed(Language::Fr, Output::Json, |p| p.list(&rows()));
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value[0]["last_seen"], "2026-11-22T13:05:00.000Z");
    assert_eq!(value[0]["state"], "active");
    assert_eq!(value[1]["last_seen"], serde_json::Value::Null);
    assert_eq!(value[1]["reason"], "not_listed");
    assert_eq!(value[1]["serial"], serde_json::Value::Null);
    let csv = printed(Language::Fr, Output::Csv, |p| p.list(&rows()));
    let mut lines = csv.lines();
    assert_eq!(
        lines.next(),
        Some(
            "id,state,reason,health,school,kit,slot,maker,model,serial,os,enrolled,last_seen,agent_version,connected,owner,contact"
        )
    );
    assert_eq!(
        lines.next(),
        Some(
            "019ab8c1-7c1e-7abc-8def-001122334455,active,,warning,0951099D,,,LENOVO,ThinkPad L13,PF3Q9X2B,\
        Debian 13,2026-11-22T13:05:00.000Z,2026-11-22T13:05:00.000Z,0.1.0,false,,"
        )
    );
    assert!(lines.next().is_some_and(|l| l.contains("\"evil\u{1b}[2J,\"\"x\"\"\"")));
    assert_eq!(printed(Language::En, Output::Json, |p| p.list::<DeviceRow>(&[])), "[]\n");
}

/// OWASP, CSV Injection.
#[test]
fn a_spreadsheet_runs_nothing() {
    let named = |serial: &str| DeviceRow::from(DeviceSummary { serial: serial.into(), ..DeviceSummary::default() });
    for formula in ["=HYPERLINK(\"http://x\")", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
        let texts = [
            printed(Language::Fr, Output::Csv, |p| p.list(&[named(formula)])),
            printed(Language::Fr, Output::Csv, |p| p.line(&named(formula), true)),
            printed(Language::Fr, Output::Csv, |p| p.one(&named(formula), crate::print::Sheet::default)),
        ];
        for text in texts {
            let cells: Vec<String> = csv::ReaderBuilder::new()
                .flexible(true)
                .from_reader(text.as_bytes())
                .records()
                .flat_map(|record| record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
                .collect();
            assert!(cells.contains(&format!("'{formula}")), "{text}");
        }
        let json = printed(Language::Fr, Output::Json, |p| p.list(&[named(formula)]));
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value[0]["serial"], formula);
    }
}

#[test]
fn an_empty_csv_still_has_its_header() {
    let csv = printed(Language::En, Output::Csv, |p| p.list::<DeviceRow>(&[]));
    assert!(csv.starts_with("id,state,"), "{csv:?}");
}

#[test]
fn a_watch_is_a_line_each() {
    let watch = |output| {
        printed(Language::Fr, output, |p| rows().iter().enumerate().try_for_each(|(at, row)| p.line(row, at == 0)))
    };
    let json = watch(Output::Json);
    assert_eq!(json.lines().count(), 2);
    assert!(json.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    assert_eq!(watch(Output::Csv).lines().count(), 3);
    assert!(watch(Output::Table).starts_with("019ab8c1-7c1e-7abc  actif  à surveiller  0951099D  "));
}
