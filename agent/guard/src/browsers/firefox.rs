//! Policies of Firefox (mozilla.github.io/policy-templates), beside those that were there.

use super::patterns::Patterns;
use super::{Proxy, Wish, engine};
use crate::hold::MARK;
use model::host::Host;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The file: what an administrator has told it, with ours before it. Firefox reads `policies` alone; the mark beside it says whose it is.
pub(super) fn rendered(wish: &Wish<'_>, patterns: &Patterns, before: Option<&[u8]>) -> Vec<u8> {
    let before: Map<String, Value> = before.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
    let theirs = before.get("policies").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut policies: BTreeMap<String, Value> = theirs.into_iter().collect();
    policies.extend(ours(wish, patterns).into_iter().map(|(name, value)| (name.to_owned(), value)));
    let mut file: BTreeMap<String, Value> = before.into_iter().collect();
    file.insert("cartable".to_owned(), json!(MARK));
    file.insert("policies".to_owned(), json!(policies));
    serde_json::to_vec_pretty(&file).unwrap_or_default()
}

/// What is allowed is not mentioned, and stays the user's.
fn ours(wish: &Wish<'_>, patterns: &Patterns) -> BTreeMap<&'static str, Value> {
    let mut policies: BTreeMap<&str, Value> = BTreeMap::new();
    let browser = &wish.side.browser;
    if !wish.side.other_resolvers {
        policies.insert("DNSOverHTTPS", json!({"Enabled": false, "Locked": true}));
        // Firefox's own way through somebody else's network.
        policies.insert("IPProtectionAvailable", json!(false));
        policies.insert("Proxy", proxy(wish.proxy));
    }
    if !browser.private_windows {
        policies.insert("DisablePrivateBrowsing", json!(true));
    }
    if !browser.developer_tools {
        policies.insert("BlockAboutConfig", json!(true));
        policies.insert("DisableDeveloperTools", json!(true));
    }
    if !browser.any_extension {
        // Not `blocked`, which would take dictionaries and the browser's own language away, too.
        let mut settings: BTreeMap<&str, Value> = BTreeMap::new();
        settings.insert("*", json!({"allowed_types": ["theme", "dictionary", "locale"]}));
        settings.extend(browser.extensions.iter().map(|id| (id.as_str(), json!({"installation_mode": "allowed"}))));
        policies.insert("ExtensionSettings", json!(settings));
    }
    if !browser.sign_in {
        policies.insert("DisableAccounts", json!(true));
        // As versions before 136 call it.
        policies.insert("DisableFirefoxAccounts", json!(true));
    }
    if let Some((name, url)) = wish.side.engine.map(engine) {
        policies.insert("SearchEngines", json!({"Add": [{"Name": name, "URLTemplate": url}], "Default": name}));
    }
    if !patterns.blocked.is_empty() {
        let block: Vec<String> = patterns.blocked.iter().map(pattern).collect();
        let exceptions: Vec<String> = patterns.open.iter().map(pattern).collect();
        policies.insert("WebsiteFilter", json!({"Block": block, "Exceptions": exceptions}));
    }
    let bookmark = json!([{"toplevel_name": "Cartable"}, {"name": wish.bookmark(), "url": wish.page}]);
    policies.insert("ManagedBookmarks", bookmark);
    policies
}

/// A name with all beneath it (MDN, "Match patterns").
fn pattern(name: &Host) -> String {
    format!("*://*.{name}/*")
}

fn proxy(proxy: &Proxy) -> Value {
    match proxy {
        Proxy::Direct => json!({"Locked": true, "Mode": "none"}),
        Proxy::At(server) => {
            json!({"HTTPProxy": server, "Locked": true, "Mode": "manual", "UseHTTPProxyForAllProtocols": true})
        }
        Proxy::System => json!({"Locked": true, "Mode": "system"}),
    }
}
