//! Policies of Chromium and its kin (chromeenterprise.google/policies; learn.microsoft.com/deployedge/microsoft-edge-policies).

use super::patterns::Patterns;
use super::{Proxy, Wish, engine};
use model::filtering::YouTube;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Which of them; Edge calls some policies otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kin {
    Chrome,
    Edge,
}

/// The file. What is allowed is not mentioned, and stays the user's.
pub(super) fn rendered(kin: Kin, wish: &Wish<'_>, patterns: &Patterns) -> Vec<u8> {
    let mut policies: BTreeMap<&str, Value> = BTreeMap::new();
    let browser = &wish.side.browser;
    if !wish.side.other_resolvers {
        policies.insert("BuiltInDnsClientEnabled", json!(false));
        policies.insert("DnsOverHttpsMode", json!("off"));
        policies.insert("ProxySettings", proxy(wish.proxy));
    }
    if wish.side.safe_search {
        policies.insert("ForceGoogleSafeSearch", json!(true));
        if kin == Kin::Edge {
            policies.insert("ForceBingSafeSearch", json!(2));
        }
    }
    let restrict = match wish.side.youtube {
        YouTube::Off => None,
        YouTube::Moderate => Some(1),
        YouTube::Strict => Some(2),
    };
    policies.extend(restrict.map(|restrict| ("ForceYouTubeRestrict", json!(restrict))));
    if !browser.private_windows {
        let name = if kin == Kin::Edge { "InPrivateModeAvailability" } else { "IncognitoModeAvailability" };
        policies.insert(name, json!(1));
        // A guest leaves no trace either.
        policies.insert("BrowserGuestModeEnabled", json!(false));
    }
    if !browser.developer_tools {
        policies.insert("DeveloperToolsAvailability", json!(2));
    }
    if !browser.any_extension {
        let ids: Vec<&String> = browser.extensions.iter().filter(|id| is_id(id)).collect();
        policies.insert("BlockExternalExtensions", json!(true));
        policies.insert("ExtensionInstallAllowlist", json!(ids));
        policies.insert("ExtensionInstallBlocklist", json!(["*"]));
    }
    if !browser.sign_in {
        policies.insert("BrowserSignin", json!(0));
        policies.insert("SyncDisabled", json!(true));
    }
    if let Some((name, url)) = wish.side.engine.map(engine) {
        policies.insert("DefaultSearchProviderEnabled", json!(true));
        policies.insert("DefaultSearchProviderName", json!(name));
        policies.insert("DefaultSearchProviderSearchURL", json!(url));
    }
    let mut blocked: Vec<&str> = patterns.blocked.iter().map(model::host::Host::as_str).collect();
    if !browser.developer_tools {
        blocked.extend(match kin {
            Kin::Chrome => ["chrome://flags", "chrome://inspect"],
            Kin::Edge => ["edge://flags", "edge://inspect"],
        });
    }
    if !blocked.is_empty() {
        policies.insert("URLBlocklist", json!(blocked));
    }
    if !patterns.open.is_empty() {
        policies.insert("URLAllowlist", json!(patterns.open));
    }
    policies.insert(
        "ManagedBookmarks",
        json!([{"toplevel_name": "Cartable"}, {"name": wish.bookmark(), "url": wish.page}]),
    );
    serde_json::to_vec_pretty(&policies).unwrap_or_default()
}

fn proxy(proxy: &Proxy) -> Value {
    match proxy {
        Proxy::Direct => json!({"ProxyMode": "direct"}),
        Proxy::At(server) => json!({"ProxyMode": "fixed_servers", "ProxyServer": server}),
        Proxy::System => json!({"ProxyMode": "system"}),
    }
}

/// Firefox's ids are none here: 32 letters from a to p.
fn is_id(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|b| (b'a'..=b'p').contains(&b))
}
