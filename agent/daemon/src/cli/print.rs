//! Words for people: errors, and the answers of the commands.

use super::resources;
use crate::enforce::date_text;
use crate::status::{Condition, Fault, Live, Loan, ReleaseStands, Status};
use crate::{Advice, ConfigFault, Error, Joined};
use model::resource::BUNDLE_ITEM;
use model::time::Timestamp;
use model::token::TokenError;
use std::error::Error as _;
use words::{Catalogue, Value, bytes_text, span_text};

/// A clock that is less far off is right, in milliseconds.
const CLOCK_RIGHT_MS: i64 = 5_000;

/// One error, with what to do about it.
pub(super) fn error(error: &Error, flags: &str, catalogue: &Catalogue) -> String {
    let text = error_text(error, flags, catalogue);
    catalogue.text_with("error", &[("text", text.into())])
}

/// What came of an enrolment.
pub(super) fn joined(joined: &Joined, flags: &str, catalogue: &Catalogue) -> String {
    let device = Value::Text(joined.device.to_string());
    let mut out =
        catalogue.text_with("enrolled", &[("device", device.clone()), ("server", joined.server.as_str().into())]);
    out.push('\n');
    if joined.quarantined {
        out.push_str(&catalogue.text_with("enrolled-quarantined", &[("device", device)]));
        out.push('\n');
    }
    out.push_str(&catalogue.text_with("enrolled-next", &[("flags", flags.into())]));
    out.push('\n');
    out
}

/// Where the device stands, a line a fact.
pub(super) fn status(status: &Status, flags: &str, catalogue: &Catalogue) -> String {
    let Some(enrolment) = &status.enrolment else {
        let said = catalogue.text_with("status-not-enrolled", &[("state", status.state.display().to_string().into())]);
        let next = catalogue.text_with("status-not-enrolled-next", &[("flags", flags.into())]);
        let fault = status.live.as_ref().and_then(|live| live.fault.as_ref());
        let fault = fault.map(|fault| {
            catalogue.text_with("status-not-enrolled-fault", &[("fault", fault_line(fault, catalogue).into())]) + "\n"
        });
        return format!("{said}\n{next}\n{}", fault.unwrap_or_default());
    };
    let say = |key: &str| catalogue.text_with(key, &[("flags", flags.into())]);
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
    if live.other_machine {
        rows.push((say("status-machine"), say("status-machine-other")));
    }
    let generation = status.generation.map(|g| {
        let values = [("revision", g.revision.to_string().into()), ("epoch", g.epoch.to_string().into())];
        catalogue.text_with("status-generation-text", &values)
    });
    rows.push((say("status-generation"), generation.unwrap_or_else(|| say("status-none"))));
    rows.extend(status.loan.iter().flat_map(|loan| loan_rows(loan, catalogue)));
    rows.extend(status.answered.iter().map(|day| {
        let said = [
            ("day", date_text(day.day, catalogue).into()),
            ("n", Value::count(day.answered)),
            ("closed", Value::count(day.closed)),
            ("safe", Value::count(day.made_safe)),
            ("failed", Value::count(day.failed)),
        ];
        (say("status-answered"), catalogue.text_with("status-answered-text", &said))
    }));
    if let Some(summary) = resources::summary(&status.resources, catalogue) {
        rows.push((say("status-resources"), summary));
    }
    if let Some(release) = &status.release {
        rows.push((say("status-release"), release_text(release, catalogue)));
    }
    let own = |condition: &&Condition| {
        (condition.item != "loan" || condition.state != "held") && !condition.item.starts_with(BUNDLE_ITEM)
    };
    for condition in live.conditions.iter().filter(own) {
        // A code that has no words yet is shown itself.
        let named = |kinds: &[&str], code: &str| {
            let found = kinds.iter().find_map(|kind| catalogue.find(&format!("{kind}-{code}"), None));
            found.unwrap_or_else(|| code.to_owned())
        };
        let label = catalogue.text_with("status-condition", &[("item", named(&["item"], &condition.item).into())]);
        let key = format!("status-condition-{}", condition.state);
        // A release of the agent is fetched as resources are.
        let reason = named(&["reason", "resources-reason"], &condition.reason);
        rows.push((label, catalogue.text_with(&key, &[("reason", reason.into())])));
    }
    let count = u64::try_from(live.waiting).unwrap_or(u64::MAX);
    let bytes = bytes_text(catalogue.language(), live.waiting_bytes);
    let values = [("n", Value::count(count)), ("bytes", bytes.into())];
    rows.push((say("status-waiting"), catalogue.text_with("status-waiting-text", &values)));
    if let Some(ahead) = live.clock_ahead_ms {
        rows.push((say("status-clock"), clock(ahead, catalogue)));
    }
    if let Some(until) = status.certificate_until_unix_ms {
        let key = if status.certificate_expired { "status-certificate-expired" } else { "status-certificate-until" };
        rows.push((say("status-certificate"), catalogue.text_with(key, &[("at", date(until, catalogue).into())])));
    }
    if let Some(fault) = &live.fault {
        rows.push((say("status-fault"), fault_line(fault, catalogue)));
    }
    let width = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    rows.into_iter().map(|(label, value)| format!("{label:width$}  {value}\n")).collect()
}

/// Which release of the agent is wanted, runs, is tried, and did not work.
fn release_text(release: &ReleaseStands, catalogue: &Catalogue) -> String {
    let said = |key: &str, version: &Option<String>| {
        let version = version.as_ref()?;
        Some(catalogue.text_with(key, &[("version", version.as_str().into())]))
    };
    let in_force = said("status-release-in-force", &release.in_force);
    let in_force = in_force.unwrap_or_else(|| catalogue.text("status-release-installed"));
    let tries = [("n", Value::count(u64::from(release.returned)))];
    let returned = (release.returned > 0).then(|| catalogue.text_with("status-release-returned", &tries));
    let wanted = said("status-release-wanted", &release.wanted);
    let parts = [wanted, returned, Some(in_force), said("status-release-trial", &release.trial)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// How the loan stands: what it is, until when, whom to contact.
fn loan_rows(loan: &Loan, catalogue: &Catalogue) -> Vec<(String, String)> {
    let say = |key: &str| catalogue.text(key);
    let stage = say(&format!("status-loan-{}", loan.stage));
    let mut rows = vec![(say("status-loan"), stage)];
    if let Some(number) = &loan.loan {
        rows.push((say("status-loan-number"), number.clone()));
    }
    if let Some(due) = loan.due {
        let days = loan.days_left.unwrap_or(0);
        let key = if days < 0 { "status-loan-due-late" } else { "status-loan-due-text" };
        let values = [("due", date_text(due, catalogue).into()), ("n", Value::count(u64::from(days.unsigned_abs())))];
        rows.push((say("status-loan-due"), catalogue.text_with(key, &values)));
    }
    if let Some(exam) = loan.exam {
        let day = |day| date_text(day, catalogue).into();
        let values = [("from", day(exam.from)), ("until", day(exam.until))];
        rows.push((say("status-loan-exam"), catalogue.text_with("status-loan-exam-text", &values)));
    }
    if !loan.contact.is_empty() {
        rows.push((say("status-loan-contact"), loan.contact.clone()));
    }
    rows
}

/// What went wrong last, and when.
fn fault_line(fault: &Fault, catalogue: &Catalogue) -> String {
    let values = [
        ("at", date(fault.at_unix_ms, catalogue).into()),
        ("what", catalogue.text(&format!("fault-{}", fault.code)).into()),
        ("detail", phrase(&fault.text, catalogue).into()),
    ];
    catalogue.text_with("fault-text", &values)
}

fn clock(ahead_ms: i64, catalogue: &Catalogue) -> String {
    if ahead_ms.abs() < CLOCK_RIGHT_MS {
        return catalogue.text("status-clock-right");
    }
    let key = if ahead_ms > 0 { "status-clock-ahead" } else { "status-clock-behind" };
    catalogue.text_with(key, &[("span", span_text(catalogue, ahead_ms.unsigned_abs() / 1000).into())])
}

/// To the minute, in local time.
pub(super) fn date(at: Timestamp, catalogue: &Catalogue) -> String {
    let local = jiff::Timestamp::from_millisecond(at.unix_millis()).map(|t| t.to_zoned(jiff::tz::TimeZone::system()));
    local.map_or_else(|_| "?".to_owned(), |t| t.strftime(catalogue.language().date_pattern()).to_string())
}

/// The reason in the reader's language where the catalogue has it (`why-` and the English words), else as it is: the words of
/// libraries, of proxies and of the system have no end.
pub(super) fn phrase(english: &str, catalogue: &Catalogue) -> String {
    let words = english.split(" (os error").next().unwrap_or(english);
    let words: Vec<&str> = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let key = format!("why-{}", words.join("-").to_ascii_lowercase());
    catalogue.find(&key, None).unwrap_or_else(|| english.to_owned())
}

fn config_text(fault: &ConfigFault, catalogue: &Catalogue) -> String {
    match fault {
        ConfigFault::Large => catalogue.text("config-large"),
        ConfigFault::Line { line, what } => {
            catalogue.text_with("config-line", &[("line", line.to_string().into()), ("detail", what.as_str().into())])
        }
        ConfigFault::Proxy => catalogue.text_with("error-proxy-address", &[("origin", "proxy".into())]),
        ConfigFault::Log(what) => catalogue.text_with("config-log", &[("detail", what.as_str().into())]),
        ConfigFault::Server => catalogue.text("config-server"),
        ConfigFault::Token(fault) => token_text(fault, catalogue),
        ConfigFault::Path(key) => catalogue.text_with("config-path", &[("key", (*key).into())]),
    }
}

fn token_text(fault: &TokenError, catalogue: &Catalogue) -> String {
    match fault {
        TokenError::Character(c) => catalogue.text_with("error-token-character", &[("detail", c.to_string().into())]),
        TokenError::Length(n) => catalogue.text_with("error-token-length", &[("detail", n.to_string().into())]),
        TokenError::Check => catalogue.text("error-token-check"),
    }
}

pub(super) fn error_text(error: &Error, flags: &str, catalogue: &Catalogue) -> String {
    let say = |key: &str, values: &[(&str, String)]| {
        let values: Vec<_> = values.iter().map(|(name, value)| (*name, Value::Text(value.clone()))).collect();
        catalogue.text_with(key, &values)
    };
    let path = |path: &std::path::Path| ("path", path.display().to_string());
    let detail = |text: &dyn ToString| ("detail", phrase(&text.to_string(), catalogue));
    let flags = ("flags", flags.to_owned());
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
        Error::NotEnrolled(folder) => say("error-not-enrolled", &[path(folder), flags]),
        Error::NotRunning(folder) => say("error-not-running", &[path(folder), flags]),
        Error::ImportNone(folder) => say("error-import-none", &[path(folder)]),
        Error::ImportBusy => say("error-import-busy", &[]),
        Error::ImportUnplanned => say("error-import-unplanned", &[]),
        Error::ImportCut => say("error-import-cut", &[]),
        Error::AlreadyEnrolled(folder) => say("error-already", &[path(folder)]),
        Error::Foreign { path: folder, name } => say("error-foreign", &[path(folder), ("name", name.clone())]),
        Error::Open(folder) => say("error-open", &[path(folder)]),
        Error::TokenExposed(file) => say("error-token-exposed", &[path(file)]),
        Error::Exposed(file) => say("error-exposed", &[path(file)]),
        Error::Config { path: file, fault } => {
            say("error-config", &[path(file), ("detail", config_text(fault, catalogue))])
        }
        Error::Server(text) => say("error-server", &[detail(text)]),
        Error::ProxyAddress(origin) => say("error-proxy-address", &[("origin", (*origin).to_owned())]),
        Error::ProxyCredentials(file) => say("error-proxy-credentials", &[path(file)]),
        Error::ServerMissing => say("error-server-missing", &[flags]),
        Error::Token(fault) => token_text(fault, catalogue),
        Error::TokenMissing => say("error-token-missing", &[]),
        Error::Unreachable { target, why } => say("error-unreachable", &[("target", target.clone()), detail(why)]),
        Error::Proxy { status: 407 } => say("error-proxy-password", &[]),
        Error::Proxy { status } => say("error-proxy", &[detail(status)]),
        Error::Untrusted { target, why } => say("error-untrusted", &[("target", target.clone()), detail(why)]),
        Error::Dates { target, why } => say("error-dates", &[("target", target.clone()), detail(why)]),
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

#[cfg(test)]
mod tests {
    use super::*;
    use words::Language;

    fn catalogue(language: Language) -> Catalogue {
        Catalogue::new(language, super::super::FR, super::super::EN)
    }

    fn of(device: Live, expired: bool) -> String {
        let made = crate::fixture::made(1);
        let mut shown = crate::status::read(made.state.folder(), made.state.folder(), crate::fixture::NOW).unwrap();
        (shown.live, shown.certificate_expired) = (Some(device), expired);
        status(&shown, " --state 'a b'", &catalogue(Language::Fr)).replace(['\u{a0}', '\u{202f}'], " ")
    }

    #[test]
    fn a_status_is_french_from_end_to_end_and_names_the_same_agent() {
        let condition = |item: &str, state: &str, reason: &str| Condition {
            item: item.to_owned(),
            state: state.to_owned(),
            reason: reason.to_owned(),
        };
        let fault = |code: &str, text: &str| {
            Some(Fault { at_unix_ms: crate::fixture::NOW, code: code.to_owned(), text: text.to_owned(), times: 1 })
        };
        let conditions = vec![
            condition("cadence", "pending", "no_plan"),
            condition("novelty", "failed", "of_tomorrow"),
            condition("agent", "failed", "returned"),
        ];
        let said =
            of(Live { conditions, fault: fault("unreachable", "the connection was cut"), ..Live::default() }, false);
        let parts = ["« rythme des contacts »", "(pas encore de plan)", "« novelty »", "(of_tomorrow)"];
        for part in parts.into_iter().chain(["« version de l'agent »", "(elle n'a pas fonctionné"]) {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(said.contains("serveur injoignable (la liaison a été coupée)\n"), "{said}");
        let refused =
            of(Live { fault: fault("unreachable", "Connection refused (os error 111)"), ..Live::default() }, true);
        assert!(refused.contains("(connexion refusée)") && refused.contains("terminé le"), "{refused}");
    }

    #[test]
    fn each_next_command_has_the_flags_that_were_given() {
        let fr = catalogue(Language::Fr);
        let device = model::id::DeviceId::new(crate::fixture::NOW, [1; 10]);
        let met = Joined { device, server: "https://x".to_owned(), quarantined: true };
        assert!(joined(&met, " --state /s", &fr).ends_with("cartable-agent run --state /s\n"));
        let absent = Error::NotEnrolled("/s".into());
        assert!(error(&absent, " --state /s", &fr).contains("cartable-agent enrol --state /s --server URL"));
        assert!(error(&absent, "", &fr).contains("cartable-agent enrol --server URL"));
    }

    #[test]
    fn every_reason_of_ours_has_words() {
        let sources = [
            include_str!("../enrol.rs"),
            include_str!("../state.rs"),
            include_str!("../link.rs"),
            include_str!("../link/recovery.rs"),
            include_str!("../signed_time.rs"),
            include_str!("../renew.rs"),
        ];
        let mut found = 0;
        for source in sources {
            for mark in ["no(\"", "bad(\"", "Answer(\""] {
                let reasons = source.split(mark).skip(1).filter_map(|rest| rest.split('"').next());
                for reason in reasons {
                    found += 1;
                    assert_ne!(phrase(reason, &catalogue(Language::Fr)), reason);
                }
            }
        }
        assert!(found > 30, "{found}");
        assert_eq!(phrase("words of a library", &catalogue(Language::Fr)), "words of a library");
    }
}
