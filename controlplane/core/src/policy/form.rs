//! A document as it is written: TOML, every key optional, none unknown.

use super::slots::WrittenSlot;
use super::typed::hosts_read;
use model::filtering::YouTube;
use model::host::{CategoryName, Host};
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    pub(super) name: Option<String>,
    pub(super) contact: Option<String>,
    pub(super) hours: Option<FormHours>,
    #[serde(default)]
    pub(super) both: FormWords,
    #[serde(default)]
    pub(super) in_school: FormWords,
    #[serde(default)]
    pub(super) out_of_school: FormWords,
    #[serde(default)]
    pub(super) negotiable: super::Negotiable,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FormHours {
    pub(super) slots: Vec<WrittenSlot>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FormWords {
    pub(super) block: BTreeSet<CategoryName>,
    pub(super) open: BTreeSet<CategoryName>,
    #[serde(deserialize_with = "hosts_read")]
    pub(super) block_names: BTreeSet<Host>,
    #[serde(deserialize_with = "hosts_read")]
    pub(super) open_names: BTreeSet<Host>,
    pub(super) only_open: Option<bool>,
    pub(super) safe_search: Option<bool>,
    pub(super) youtube: Option<YouTube>,
    pub(super) engine: Option<super::EngineWord>,
    pub(super) other_resolvers: Option<bool>,
    pub(super) vpn: Option<bool>,
    pub(super) private_windows: Option<bool>,
    pub(super) developer_tools: Option<bool>,
    pub(super) any_extension: Option<bool>,
    pub(super) extensions: Option<BTreeSet<String>>,
    pub(super) sign_in: Option<bool>,
}
