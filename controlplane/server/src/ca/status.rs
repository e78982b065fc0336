//! What keys and certificates there are, until when, and what is to be done.

use super::Ca;
use super::files::{INTERMEDIATE_NEXT, ONLINE_NEXT, ROOT_KEY};
use super::watch::INTERMEDIATE_LEFT;
use crate::error::Result;
use crate::folder::Folder;
use identity::intermediate::shown;
use model::id::TerritoryId;
use model::time::Timestamp;
use serde::Serialize;

/// Everything `ca status` says.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CaStatus {
    pub(crate) territory: String,
    pub(crate) certificates: Vec<Line>,
    /// Where the root's key lies here; absent when it was taken away.
    pub(crate) root_key: Option<String>,
    /// The digest of the key that signs heads.
    pub(crate) online_key: String,
    pub(crate) trust_version: u64,
    /// Codes: `root_key_here`, `intermediate_ends`, `intermediate_asked`, `online_under_way`.
    pub(crate) advice: Vec<&'static str>,
}

/// One certificate.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    /// `root`, `intermediate` or `server`.
    pub(crate) name: &'static str,
    pub(crate) subject: String,
    pub(crate) serial: String,
    pub(crate) until_unix_ms: i64,
    #[serde(skip)]
    pub(crate) day: String,
    pub(crate) days_left: i64,
}

/// Looks at a data folder.
///
/// # Errors
/// As [`Ca::read`].
pub(crate) fn status(folder: &Folder, territory: &TerritoryId, now: Timestamp) -> Result<CaStatus> {
    let ca = Ca::read(folder, territory)?;
    let ders = [("root", ca.root.as_slice()), ("intermediate", &ca.intermediate()[0]), ("server", &ca.server_chain[0])];
    let certificates = ders.into_iter().map(|(name, der)| {
        let shown = shown(der)?;
        let left = shown.until.unix_seconds() - now.unix_seconds();
        Ok(Line {
            name,
            subject: shown.subject,
            serial: shown.serial,
            until_unix_ms: shown.until.unix_millis(),
            day: shown.day,
            days_left: left.div_euclid(86_400),
        })
    });
    let root_key = folder.ca(ROOT_KEY);
    let advice = [
        ("root_key_here", root_key.exists()),
        ("intermediate_ends", ca.intermediate_until() < now.after(INTERMEDIATE_LEFT)),
        ("intermediate_asked", folder.ca(INTERMEDIATE_NEXT).exists()),
        ("online_under_way", folder.ca(ONLINE_NEXT).exists()),
    ];
    Ok(CaStatus {
        territory: territory.to_string(),
        certificates: certificates.collect::<Result<_>>()?,
        root_key: root_key.exists().then(|| root_key.display().to_string()),
        online_key: ca.online().to_string(),
        trust_version: ca.trust_version,
        advice: advice.into_iter().filter(|(_, due)| *due).map(|(code, _)| code).collect(),
    })
}
