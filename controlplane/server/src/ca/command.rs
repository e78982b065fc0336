//! `cartable-server ca`: what each command does and says.

use super::publisher::{PublisherRoot, publisher_root_read, publisher_set};
use super::request::{intermediate_import, intermediate_request, intermediate_sign};
use super::root::root_export;
use super::rotate::{intermediate_rotate, online_begin, online_finish, online_stolen, root, server_rotate};
use super::status::{CaStatus, status};
use crate::arguments::{CaOutput, CaVerb, Rotated};
use crate::config::Config;
use crate::error::Result;
use crate::folder::Folder;
use model::time::Timestamp;
use std::path::Path;
use words::Catalogue;

/// Does it, and gives what is to be printed.
///
/// # Errors
/// [`crate::error::Error`] that says what to do.
pub(crate) fn ca(verb: CaVerb, now: Timestamp, words: &Catalogue) -> Result<String> {
    let path = |path: &Path| path.display().to_string().into();
    match verb {
        CaVerb::Status { data, output } => {
            let folder = Folder::new(data);
            let status = status(&folder, &Config::read(&folder)?.territory, now)?;
            Ok(match output {
                CaOutput::Table => status_text(&status, words),
                CaOutput::Json => serde_json::to_string_pretty(&status).unwrap_or_default(),
            })
        }
        CaVerb::Rotate { what, data, root_key, names, finish, stolen, dry_run } => {
            if !names.is_empty() && !matches!(what, Rotated::Server) {
                return Err(crate::error::CaFault::NamesOther.into());
            }
            let folder = Folder::new(data);
            let config = Config::read(&folder)?;
            names_check(&names, &config.url)?;
            let territory = config.territory;
            let root_key = root_key.as_deref();
            if dry_run {
                if !matches!(what, Rotated::Server) && !finish {
                    root(&folder, root_key)?;
                }
                status(&folder, &territory, now)?;
                return Ok(words.text("ca-rotate-dry"));
            }
            let version = |version: u64| [("version", version.to_string().into())];
            Ok(match what {
                Rotated::Server => {
                    server_rotate(&folder, &names, now)?;
                    words.text("ca-server-done")
                }
                Rotated::Intermediate => {
                    intermediate_rotate(&folder, &territory, root_key, now)?;
                    words.text("ca-intermediate-done")
                }
                Rotated::OnlineKey if finish => {
                    words.text_with("ca-online-finished", &version(online_finish(&folder, &territory)?))
                }
                Rotated::OnlineKey if stolen => {
                    words.text_with("ca-online-stolen", &version(online_stolen(&folder, &territory, root_key)?))
                }
                Rotated::OnlineKey => {
                    words.text_with("ca-online-begun", &version(online_begin(&folder, &territory, root_key)?))
                }
            })
        }
        CaVerb::Publisher { root: file, data, root_key, dry_run } => {
            let folder = Folder::new(data);
            let territory = Config::read(&folder)?.territory;
            let (text, read) = publisher_root_read(&file, now)?;
            let last = if dry_run {
                root(&folder, root_key.as_deref())?;
                words.text("ca-rotate-dry")
            } else {
                let version = publisher_set(&folder, &territory, root_key.as_deref(), &text)?;
                words.text_with("ca-publisher-done", &[("version", version.to_string().into())])
            };
            Ok(publisher_text(&read, words) + &last)
        }
        CaVerb::ExportRoot { data, to, with_key, remove } => {
            let folder = Folder::new(data);
            Config::read(&folder)?;
            let pin = root_export(&folder, &to, (with_key, remove))?;
            let done = match (with_key, remove) {
                (false, _) => "ca-root-certificate",
                (true, false) => "ca-root-copied",
                (true, true) => "ca-root-moved",
            };
            Ok(words.text_with(done, &[("path", path(&to)), ("pin", pin.to_string().into())]))
        }
        CaVerb::Request { data, to } => {
            let folder = Folder::new(data);
            Config::read(&folder)?;
            intermediate_request(&folder, &to)?;
            Ok(words.text_with("ca-request-done", &[("path", path(&to))]))
        }
        CaVerb::Sign { root, root_key, request, to } => {
            intermediate_sign(&root, &root_key, &request, &to, now)?;
            Ok(words.text_with("ca-sign-done", &[("path", path(&to))]))
        }
        CaVerb::Import { data, from } => {
            let folder = Folder::new(data);
            Config::read(&folder)?;
            intermediate_import(&folder, &from, now)?;
            Ok(words.text("ca-import-done"))
        }
    }
}

/// Devices go on calling the address they were told; a certificate without its host would shut all of them out.
fn names_check(names: &[String], url: &str) -> Result<()> {
    let host = url.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    let host = host.trim_matches(['[', ']']);
    if names.is_empty() || names.iter().any(|name| name.eq_ignore_ascii_case(host)) {
        return Ok(());
    }
    Err(crate::error::Error::NameLost(host.to_owned()))
}

fn publisher_text(root: &PublisherRoot, words: &Catalogue) -> String {
    let said = [
        ("sha256", root.sha256.to_string().into()),
        ("version", root.version.to_string().into()),
        ("threshold", root.threshold.to_string().into()),
        ("count", root.keys.len().to_string().into()),
    ];
    let keys: String = root.keys.iter().map(|key| format!("  {key}\n")).collect();
    words.text_with("ca-publisher-root", &said) + "\n" + &keys
}

fn status_text(status: &CaStatus, words: &Catalogue) -> String {
    let heading = ["ca-what", "ca-subject", "ca-until", "ca-days", "ca-serial"].map(|key| words.text(key));
    let rows = status.certificates.iter().map(|line| {
        let name = words.text(&format!("ca-{}", line.name));
        [name, line.subject.clone(), line.day.clone(), line.days_left.to_string(), line.serial.clone()]
    });
    let rows: Vec<_> = std::iter::once(heading).chain(rows).collect();
    let widths: Vec<usize> =
        (0..5).map(|i| rows.iter().map(|row| row[i].chars().count()).max().unwrap_or_default()).collect();
    let mut lines: Vec<String> = Vec::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        lines.push(cells.collect::<Vec<_>>().join("  ").trim_end().to_owned());
    }
    lines.push(String::new());
    let version = status.trust_version.to_string();
    lines.push(words.text_with(
        "ca-online",
        &[("key", status.online_key.chars().take(16).collect::<String>().into()), ("version", version.into())],
    ));
    lines.push(match &status.root_key {
        Some(path) => words.text_with("ca-root-key-here", &[("path", path.clone().into())]),
        None => words.text("ca-root-key-away"),
    });
    for code in &status.advice {
        lines.push(words.text(&format!("ca-advice-{code}")));
    }
    lines.join("\n")
}
