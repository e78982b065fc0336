//! Words for people: errors, and the answers of the commands.

use crate::status::{Live, Status};
use crate::{Advice, Error, Joined};
use model::time::Timestamp;
use model::token::TokenError;
use std::error::Error as _;
use words::{Catalogue, Value, bytes_text, span_text};

/// A clock that is less far off is right, in milliseconds.
const CLOCK_RIGHT_MS: i64 = 5_000;

/// One error, with what to do about it.
pub(super) fn error(error: &Error, catalogue: &Catalogue) -> String {
    let text = error_text(error, catalogue);
    catalogue.text_with("error", &[("text", text.into())])
}

/// What came of an enrolment.
pub(super) fn joined(joined: &Joined, catalogue: &Catalogue) -> String {
    let device = Value::Text(joined.device.to_string());
    let mut out =
        catalogue.text_with("enrolled", &[("device", device.clone()), ("server", joined.server.as_str().into())]);
    out.push('\n');
    if joined.quarantined {
        out.push_str(&catalogue.text_with("enrolled-quarantined", &[("device", device)]));
        out.push('\n');
    }
    out.push_str(&catalogue.text("enrolled-next"));
    out.push('\n');
    out
}

/// Where the device stands, a line a fact.
pub(super) fn status(status: &Status, catalogue: &Catalogue) -> String {
    let Some(enrolment) = &status.enrolment else {
        let said = catalogue.text_with("status-not-enrolled", &[("state", status.state.display().to_string().into())]);
        return format!("{said}\n{}\n", catalogue.text("status-not-enrolled-next"));
    };
    let say = |key: &str| catalogue.text(key);
    let mut rows = vec![
        (say("status-server"), enrolment.server.clone()),
        (say("status-device"), enrolment.device.to_string()),
        (say("status-territory"), enrolment.territory.to_string()),
        (say("status-agent"), say(if status.running { "status-running" } else { "status-stopped" })),
    ];
    let default = Live::default();
    let live = status.live.as_ref().unwrap_or(&default);
    let contact = live.last_contact_unix_ms.map_or_else(|| say("status-never"), |at| date(at, catalogue));
    rows.push((say("status-contact"), contact));
    if status.running {
        rows.push((say("status-link"), say(if live.connected { "status-link-open" } else { "status-link-closed" })));
    }
    let join = match live {
        Live { refused: true, .. } => "status-join-refused",
        Live { last_contact_unix_ms: None, .. } => "status-join-unknown",
        Live { quarantined: true, .. } => "status-join-quarantined",
        _ => "status-join-active",
    };
    rows.push((say("status-join"), say(join)));
    let generation = status.generation.map(|g| {
        let values = [("revision", g.revision.to_string().into()), ("epoch", g.epoch.to_string().into())];
        catalogue.text_with("status-generation-text", &values)
    });
    rows.push((say("status-generation"), generation.unwrap_or_else(|| say("status-none"))));
    for condition in &live.conditions {
        let label = catalogue.text_with("status-condition", &[("item", condition.item.as_str().into())]);
        let key = format!("status-condition-{}", condition.state);
        rows.push((label, catalogue.text_with(&key, &[("reason", condition.reason.as_str().into())])));
    }
    let count = u64::try_from(live.waiting).unwrap_or(u64::MAX);
    let bytes = bytes_text(catalogue.language(), live.waiting_bytes);
    let values = [("n", Value::count(count)), ("bytes", bytes.into())];
    rows.push((say("status-waiting"), catalogue.text_with("status-waiting-text", &values)));
    if let Some(ahead) = live.clock_ahead_ms {
        rows.push((say("status-clock"), clock(ahead, catalogue)));
    }
    if let Some(until) = status.certificate_until_unix_ms {
        rows.push((say("status-certificate"), date(until, catalogue)));
    }
    if let Some(fault) = &live.fault {
        let values = [
            ("at", date(fault.at_unix_ms, catalogue).into()),
            ("what", say(&format!("fault-{}", fault.code)).into()),
            ("detail", fault.text.as_str().into()),
        ];
        rows.push((say("status-fault"), catalogue.text_with("fault-text", &values)));
    }
    let width = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    rows.into_iter().map(|(label, value)| format!("{label:width$}  {value}\n")).collect()
}

fn clock(ahead_ms: i64, catalogue: &Catalogue) -> String {
    if ahead_ms.abs() < CLOCK_RIGHT_MS {
        return catalogue.text("status-clock-right");
    }
    let key = if ahead_ms > 0 { "status-clock-ahead" } else { "status-clock-behind" };
    catalogue.text_with(key, &[("span", span_text(catalogue, ahead_ms.unsigned_abs() / 1000).into())])
}

/// To the minute, in local time.
fn date(at: Timestamp, catalogue: &Catalogue) -> String {
    let local = jiff::Timestamp::from_millisecond(at.unix_millis()).map(|t| t.to_zoned(jiff::tz::TimeZone::system()));
    local.map_or_else(|_| "?".to_owned(), |t| t.strftime(catalogue.language().date_pattern()).to_string())
}

fn error_text(error: &Error, catalogue: &Catalogue) -> String {
    let say = |key: &str, values: &[(&str, String)]| {
        let values: Vec<_> = values.iter().map(|(name, value)| (*name, Value::Text(value.clone()))).collect();
        catalogue.text_with(key, &values)
    };
    let path = |path: &std::path::Path| ("path", path.display().to_string());
    let detail = |text: &dyn ToString| ("detail", text.to_string());
    match error {
        Error::File { path: file, source } if source.kind() == std::io::ErrorKind::PermissionDenied => {
            say("error-file-permission", &[path(file)])
        }
        Error::File { path: file, source } => say("error-file", &[path(file), detail(source)]),
        Error::Damaged { path: file, why, advice: Advice::Delete } => {
            say("error-damaged-delete", &[path(file), detail(why)])
        }
        Error::Damaged { path: file, why, advice: Advice::Enrol } => {
            say("error-damaged-enrol", &[path(file), detail(why)])
        }
        Error::Locked(folder) => say("error-locked", &[path(folder)]),
        Error::NotEnrolled(folder) => say("error-not-enrolled", &[path(folder)]),
        Error::AlreadyEnrolled(folder) => say("error-already", &[path(folder)]),
        Error::Config { path: file, why } => say("error-config", &[path(file), detail(why)]),
        Error::Server(text) => say("error-server", &[detail(text)]),
        Error::ProxyAddress => say("error-proxy-address", &[]),
        Error::Token(TokenError::Character(c)) => say("error-token-character", &[detail(c)]),
        Error::Token(TokenError::Length(n)) => say("error-token-length", &[detail(n)]),
        Error::Token(TokenError::Check) => say("error-token-check", &[]),
        Error::TokenMissing => say("error-token-missing", &[]),
        Error::Unreachable { target, why } => say("error-unreachable", &[("target", target.clone()), detail(why)]),
        Error::Proxy { status: 407 } => say("error-proxy-password", &[]),
        Error::Proxy { status } => say("error-proxy", &[detail(status)]),
        Error::Untrusted { target, why } => say("error-untrusted", &[("target", target.clone()), detail(why)]),
        Error::Refused { code: "permission_denied" | "unauthenticated" | "not_found", .. } => {
            say("error-refused-token", &[])
        }
        Error::Refused { message, .. } => say("error-refused", &[detail(message)]),
        Error::Answer(what) => say("error-answer", &[detail(what)]),
        Error::Identity(inner) => {
            let source = inner.source().map(|s| format!(" ({s})")).unwrap_or_default();
            say("error-identity", &[("detail", format!("{inner}{source}"))])
        }
        Error::System(source) => say("error-system", &[detail(source)]),
    }
}
