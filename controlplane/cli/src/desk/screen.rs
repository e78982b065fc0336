//! What stands on the desk's one screen, as words: drawing it is another matter.

use super::act::{Answer, What};
use super::engine::Desk;
use super::log::{Logged, Standing};
use super::set::{Grade, ItemState, Mode, Part};
use crate::loan::item_word;
use crate::print::{Look, Tone, clean};
use words::Value;

/// The most acts that the list of acts shows.
const ACTS_SHOWN: usize = 100;

/// A line: a label, a value, how it is meant.
pub(crate) type Line = (String, String, Tone);

/// Everything that stands on the screen.
#[derive(Debug)]
pub(crate) struct Screen {
    /// Above all: the campaign and the mode.
    pub(crate) title: String,
    /// Above all, on the right: the desk.
    pub(crate) desk: String,
    /// Who is there.
    pub(crate) family: Vec<Line>,
    /// The device.
    pub(crate) device: Vec<Line>,
    /// The accessories, each with its place.
    pub(crate) items: Vec<Line>,
    /// The device's parts.
    pub(crate) condition: Vec<Line>,
    /// Loans to choose from.
    pub(crate) choices: Vec<Line>,
    /// What was said last.
    pub(crate) said: Option<(String, Tone)>,
    /// What comes next.
    pub(crate) hint: String,
    /// What was done and sent so far.
    pub(crate) status: String,
    /// How the status is meant.
    pub(crate) status_tone: Tone,
    /// Keys and what they do.
    pub(crate) keys: Vec<(&'static str, String)>,
    /// The acts, latest first.
    pub(crate) acts: Vec<Line>,
}

/// What the desk knows of the way to the control plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// It was not tried yet.
    Unknown,
    /// It answers.
    Up,
    /// It does not answer.
    Down,
}

/// The screen of a desk.
pub(crate) fn screen(desk: &Desk, link: &Link, look: &Look<'_>) -> Screen {
    let mode = look.text(&format!("desk-mode-{}", desk.mode.name()));
    let id = desk.log.desk.map(|id| id.to_string().split_off(30)).unwrap_or_default();
    let counts = desk.log.counts();
    Screen {
        title: format!("{} · {mode}", clean(&desk.set().name)),
        desk: look.words.text_with("desk-name", &[("id", id.into())]),
        family: family(desk, look),
        device: device(desk, look),
        items: items(desk, look),
        condition: condition(desk, look),
        choices: choices(desk, look),
        said: desk.said.as_ref().map(|said| (said.say(look.words), said.tone)),
        hint: look.text(hint(desk)),
        status: status(desk, link, look),
        status_tone: if counts.against > 0 || clock_is_off(desk) { Tone::Bad } else { Tone::Plain },
        keys: keys(desk, look),
        acts: desk.log.acts().iter().rev().take(ACTS_SHOWN).map(|logged| act_line(desk, logged, look)).collect(),
    }
}

/// Whether the desk's clock is so wrong that its own dates would be wrong: the control plane's are kept.
pub(crate) fn clock_is_off(desk: &Desk) -> bool {
    desk.log.behind_ms.is_some_and(|behind| behind.abs() > super::CLOCK_OFF_MS)
}

/// An act, and where it stands.
pub(crate) fn act_line(desk: &Desk, logged: &Logged, look: &Look<'_>) -> Line {
    let act = &logged.act;
    let what = look.text(&format!("desk-act-{}", act.what.name().replace('_', "-")));
    let asset = act.what.asset().map(|asset| format!(" · {asset}")).unwrap_or_default();
    let (standing, tone) = match &logged.standing {
        Standing::Waiting => (look.text("desk-standing-waiting"), Tone::Plain),
        Standing::Sending => (look.text("desk-standing-sending"), Tone::Plain),
        Standing::Undone => (look.text("desk-standing-undone"), Tone::Faint),
        Standing::Told(Answer::Done) => (look.text("desk-standing-done"), Tone::Good),
        Standing::Told(Answer::Conflict(why)) => (
            look.words.text_with("desk-standing-conflict", &[("why", super::send::why_say(why, look.words).into())]),
            Tone::Bad,
        ),
        Standing::Told(Answer::Refused(why)) => (
            look.words.text_with("desk-standing-refused", &[("why", super::send::why_say(why, look.words).into())]),
            Tone::Bad,
        ),
    };
    (format!("{what} · {}{asset}", clean(&desk.who(act))), standing, tone)
}

/// Who stands before the desk, and how their loan stands.
fn family(desk: &Desk, look: &Look<'_>) -> Vec<Line> {
    let Some(loan) = desk.loan() else { return Vec::new() };
    let line = |key: &str, value: &str| (look.text(key), clean(value), Tone::Plain);
    let name = if loan.name.is_empty() { look.text("desk-no-name") } else { loan.name.clone() };
    let pupil = if loan.class.is_empty() { name } else { format!("{name} · {}", loan.class) };
    let mut lines = vec![line("desk-pupil", &pupil)];
    if !loan.guardians.is_empty() {
        lines.push(line("desk-guardians", &loan.guardians.join(", ")));
    }
    lines.push(line("desk-loan", &loan.number));
    lines.push(line("desk-school", &loan.school));
    if let Some(due) = loan.due {
        lines.push(line("desk-due", &look.day(&due.to_string())));
    }
    if desk.mode == Mode::Handout {
        let (value, tone) = match (loan.signed, desk.draft.signer) {
            (true, _) => (look.text("desk-signed"), Tone::Good),
            (false, Some(signer)) => {
                let who = look.text(&format!("desk-signer-{}", signer.name()));
                (look.words.text_with("desk-signed-here", &[("who", who.into())]), Tone::Good)
            }
            (false, None) => (look.text("desk-unsigned"), Tone::Warning),
        };
        lines.push((look.text("desk-agreement"), value, tone));
    }
    if let Some(end) =
        desk.log.of_loan(&loan.id).map(|act| act.what.name()).or(Some(loan.outcome.as_str()).filter(|o| !o.is_empty()))
    {
        let word = look.text(&format!("desk-act-{}", end.replace('_', "-")));
        lines.push((look.text("desk-before"), word, Tone::Warning));
    }
    lines
}

fn device(desk: &Desk, look: &Look<'_>) -> Vec<Line> {
    let line = |key: &str, value: &str, tone| (look.text(key), clean(value), tone);
    if desk.mode == Mode::Stocktake {
        // Of the one that was scanned last.
        let last = desk.log.last().map(|logged| &logged.act.what);
        let Some(What::Seen { code }) = last else { return Vec::new() };
        let Some(asset) = desk.asset_of(code) else {
            return vec![
                line("desk-device", code, Tone::Plain),
                line("desk-where", &look.text("desk-not-in-set"), Tone::Warning),
            ];
        };
        let mut lines = vec![line("desk-device", &asset.number, Tone::Plain)];
        lines.extend(asset_lines(asset, look));
        return lines;
    }
    match (desk.asset(), desk.loan()) {
        (Some(asset), _) => {
            let mut lines = vec![line("desk-device", &asset.number, Tone::Good)];
            lines.extend(asset_lines(asset, look));
            lines
        }
        (None, Some(loan)) => match &loan.asset {
            Some(number) => vec![line("desk-device-expected", number, Tone::Warning)],
            None => vec![line("desk-device", &look.text("desk-device-any"), Tone::Warning)],
        },
        (None, None) => Vec::new(),
    }
}

fn asset_lines(asset: &super::set::Asset, look: &Look<'_>) -> Vec<Line> {
    let state = look.words.find(&format!("desk-lifecycle-{}", asset.lifecycle.replace('_', "-")), None);
    let mut lines = vec![
        (look.text("desk-model"), clean(&asset.model), Tone::Plain),
        (look.text("desk-serial"), clean(&asset.serial), Tone::Plain),
        (look.text("desk-where"), clean(&asset.school), Tone::Plain),
        (look.text("desk-state"), state.unwrap_or_else(|| asset.lifecycle.clone()), Tone::Plain),
    ];
    lines.retain(|(_, value, _)| !value.is_empty());
    lines
}

fn items(desk: &Desk, look: &Look<'_>) -> Vec<Line> {
    let Some(loan) = desk.loan() else { return Vec::new() };
    let states = desk.draft.items.iter();
    let lines = loan.items.iter().zip(states).enumerate().map(|(at, (item, state))| {
        let (mark, tone) = match state {
            None => ("[ ]", Tone::Warning),
            Some(ItemState::There) => ("[x]", Tone::Good),
            Some(ItemState::Missing) => ("[–]", Tone::Bad),
            Some(ItemState::Damaged) => ("[!]", Tone::Bad),
        };
        let number = if item.number.is_empty() { String::new() } else { format!(" · {}", clean(&item.number)) };
        let word = match state {
            Some(state @ (ItemState::Missing | ItemState::Damaged)) => {
                let away = *state == ItemState::Missing && desk.mode == Mode::Handout;
                format!(" — {}", look.text(if away { "desk-item-state-not-given" } else { item_state_key(*state) }))
            }
            _ => String::new(),
        };
        (format!("{} {mark}", at + 1), format!("{}{number}{word}", item_word(&item.kind, look)), tone)
    });
    lines.collect()
}

const fn item_state_key(state: ItemState) -> &'static str {
    match state {
        ItemState::Missing => "desk-item-state-missing",
        ItemState::Damaged | ItemState::There => "desk-item-state-damaged",
    }
}

fn condition(desk: &Desk, look: &Look<'_>) -> Vec<Line> {
    if desk.loan().is_none() {
        return Vec::new();
    }
    let grade = |part: Part| {
        let found = desk.draft.condition.iter().find(|(known, _)| *known == part);
        found.map_or(Grade::Good, |(_, grade)| *grade)
    };
    let line = |part: Part| {
        let grade = grade(part);
        let tone = match grade {
            Grade::Good => Tone::Good,
            Grade::Worn => Tone::Warning,
            Grade::Damaged => Tone::Bad,
        };
        (look.text(&format!("desk-part-{}", part.name())), look.text(&format!("desk-grade-{}", grade.name())), tone)
    };
    Part::ALL.into_iter().map(line).collect()
}

fn choices(desk: &Desk, look: &Look<'_>) -> Vec<Line> {
    let line = |(place, at): (usize, &usize)| {
        let loan = &desk.set().loans[*at];
        let done =
            desk.log.of_loan(&loan.id).map(|act| look.text(&format!("desk-act-{}", act.what.name().replace('_', "-"))));
        let tone = if done.is_some() { Tone::Faint } else { Tone::Plain };
        let done = done.map(|done| format!(" — {done}")).unwrap_or_default();
        (
            (place + 1).to_string(),
            format!("{} · {} · {}{done}", clean(&loan.name), clean(&loan.class), loan.number),
            tone,
        )
    };
    desk.choices.iter().enumerate().map(line).collect()
}

/// The next thing to do.
fn hint(desk: &Desk) -> &'static str {
    if desk.mode == Mode::Stocktake {
        return "desk-hint-stocktake";
    }
    if !desk.choices.is_empty() {
        return "desk-hint-choose";
    }
    match (desk.loan(), desk.asset()) {
        (None, None) => "desk-hint-scan",
        (None, Some(_)) => "desk-hint-loan",
        (Some(_), None) => "desk-hint-device",
        (Some(_), Some(_)) if desk.draft.items.iter().any(Option::is_none) => "desk-hint-items",
        (Some(_), Some(_)) if desk.signature_lacks() => "desk-hint-sign",
        (Some(_), Some(_)) => "desk-hint-finish",
    }
}

fn status(desk: &Desk, link: &Link, look: &Look<'_>) -> String {
    let counts = desk.log.counts();
    let number = |n: usize| Value::count(u64::try_from(n).unwrap_or(u64::MAX));
    let holding =
        |name: &str| desk.log.acts().iter().filter(|logged| logged.holds() && logged.act.what.name() == name).count();
    let loans = u64::try_from(desk.set().loans.len()).unwrap_or(u64::MAX);
    let mut parts = match desk.mode {
        Mode::Stocktake => vec![look.words.text_with("desk-status-seen", &[("n", number(holding("seen")))])],
        mode => vec![
            look.words.text_with(
                if mode == Mode::Return { "desk-status-returned" } else { "desk-status-handed" },
                &[("n", number(holding(mode.name()))), ("of", Value::count(loans))],
            ),
            look.words.text_with("desk-status-no-show", &[("n", number(holding("no_show")))]),
        ],
    };
    parts.push(look.words.text_with("desk-status-waiting", &[("n", number(counts.waiting))]));
    if counts.against > 0 {
        parts.push(look.words.text_with("desk-status-against", &[("n", number(counts.against))]));
    }
    parts.push(look.text(match link {
        Link::Unknown => "desk-link-unknown",
        Link::Up => "desk-link-up",
        Link::Down => "desk-link-down",
    }));
    if clock_is_off(desk) {
        parts.push(look.text("desk-clock-off"));
    }
    parts.join(" · ")
}

fn keys(desk: &Desk, look: &Look<'_>) -> Vec<(&'static str, String)> {
    let keys: &[(&'static str, &str)] = match desk.mode {
        Mode::Handout => &[
            ("F1", "desk-key-acts"),
            ("F2", "desk-key-all"),
            ("F3", "desk-key-sign"),
            ("F4", "desk-key-screen"),
            ("F5", "desk-key-keyboard"),
            ("F6", "desk-key-case"),
            ("F7", "desk-key-no-show"),
            ("F8", "desk-key-refused"),
            ("F9", "desk-key-undo"),
            ("↵", "desk-key-finish"),
            ("Esc", "desk-key-clear"),
            ("F12", "desk-key-quit"),
        ],
        Mode::Return => &[
            ("F1", "desk-key-acts"),
            ("F2", "desk-key-all-back"),
            ("F4", "desk-key-screen"),
            ("F5", "desk-key-keyboard"),
            ("F6", "desk-key-case"),
            ("F7", "desk-key-no-show"),
            ("F9", "desk-key-undo"),
            ("↵", "desk-key-finish"),
            ("Esc", "desk-key-clear"),
            ("F12", "desk-key-quit"),
        ],
        Mode::Stocktake => &[("F1", "desk-key-acts"), ("F9", "desk-key-undo"), ("F12", "desk-key-quit")],
    };
    keys.iter().map(|(key, word)| (*key, look.text(word))).collect()
}
