//! The purpose register is complete: every field that a device sends has an entry, and no field is of a forbidden kind.

use prost::Message;
use prost_types::{DescriptorProto, FileDescriptorSet};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Words that no field's name may contain between its underscores.
const FORBIDDEN: &[&str] = &[
    "mac",
    "ssid",
    "bssid",
    "host",
    "hostname",
    "user",
    "username",
    "account",
    "email",
    "url",
    "uri",
    "domain",
    "location",
    "latitude",
    "longitude",
    "gps",
    "ip",
    "address",
    "process",
    "command",
    "cmdline",
    "window",
    "file",
    "path",
    "history",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Register {
    legal_basis: BTreeMap<String, Texts>,
    retention: BTreeMap<String, Texts>,
    field: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    fr: String,
    en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    purpose_fr: String,
    purpose_en: String,
    legal_basis: String,
    retention: String,
}

fn register() -> Register {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/privacy/register.toml");
    toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Every field that a device sends: of what it asks over the services that devices call, and of the sections, which
/// travel as bytes.
fn sent() -> BTreeSet<String> {
    let set = FileDescriptorSet::decode(wire::DESCRIPTORS).unwrap();
    let mut messages: BTreeMap<String, DescriptorProto> = BTreeMap::new();
    let mut next: Vec<String> = Vec::new();
    for file in &set.file {
        let package = format!(".{}", file.package());
        for message in &file.message_type {
            flatten(&package, message, &mut messages);
            if file.name() == "inventory.proto" {
                next.push(format!("{package}.{}", message.name()));
            }
        }
        let by_devices = ["device.proto", "enrolment.proto", "recovery.proto"].contains(&file.name());
        for method in file.service.iter().filter(|_| by_devices).flat_map(|service| &service.method) {
            next.push(method.input_type().to_owned());
        }
    }
    let (mut seen, mut fields) = (BTreeSet::new(), BTreeSet::new());
    while let Some(name) = next.pop() {
        let Some(message) = messages.get(&name).filter(|_| seen.insert(name.clone())) else { continue };
        for field in &message.field {
            fields.insert(format!("{}.{}", name.trim_start_matches('.'), field.name()));
            next.extend(field.type_name.clone());
        }
    }
    fields
}

fn flatten(scope: &str, message: &DescriptorProto, into: &mut BTreeMap<String, DescriptorProto>) {
    let name = format!("{scope}.{}", message.name());
    for nested in &message.nested_type {
        flatten(&name, nested, into);
    }
    into.insert(name, message.clone());
}

#[test]
fn every_field_a_device_sends_has_its_purpose() {
    let register = register();
    let listed: BTreeSet<String> = register.field.iter().map(|entry| entry.name.clone()).collect();
    assert_eq!(listed.len(), register.field.len(), "a field is listed twice");
    let sent = sent();
    assert!(sent.contains("cartable.v1.CheckInRequest.parts") && sent.contains("cartable.v1.Hardware.serial"));
    let missing: Vec<_> = sent.difference(&listed).collect();
    assert!(missing.is_empty(), "docs/privacy/register.toml has no entry for {missing:#?}");
    let idle: Vec<_> = listed.difference(&sent).collect();
    assert!(idle.is_empty(), "docs/privacy/register.toml lists what no device sends: {idle:#?}");
}

#[test]
fn every_entry_says_what_for_and_how_long_in_both_languages() {
    let register = register();
    for entry in &register.field {
        assert!(register.legal_basis.contains_key(&entry.legal_basis), "{}: legal basis", entry.name);
        assert!(register.retention.contains_key(&entry.retention), "{}: retention", entry.name);
    }
    let purposes = register.field.iter().flat_map(|entry| [&entry.purpose_fr, &entry.purpose_en]);
    let texts =
        register.legal_basis.values().chain(register.retention.values()).flat_map(|texts| [&texts.fr, &texts.en]);
    for text in purposes.chain(texts) {
        assert!(text.len() > 10 && text.ends_with('.'), "{text:?} is no sentence");
    }
}

#[test]
fn no_field_is_of_a_forbidden_kind() {
    for field in sent() {
        let name = field.rsplit('.').next().unwrap();
        let found: Vec<_> = name.split('_').filter(|word| FORBIDDEN.contains(word)).collect();
        assert!(found.is_empty(), "{field} may not exist: {found:?}");
    }
}
