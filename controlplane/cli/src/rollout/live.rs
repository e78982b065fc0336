//! A rollout as it stands, as a picture for a terminal: how far each wave is, by which road the bytes came, what is waited for.

use super::row::{RolloutRow, devices, percent};
use crate::print::{Look, Tone, clean};
use wire::v1::{Rollout, RolloutCounts, RolloutWave};

/// A bar is at most so wide: a wider one says no more.
const BAR_COLUMNS_MAX: usize = 60;
/// So many reasons are listed.
const REASONS_MAX: usize = 6;

/// A line of the picture: texts that follow each other, each in its tone.
pub(super) type Line = Vec<(String, Tone)>;

/// How devices stand, as far as a bar can show it: a sign, a word, a tone. Without colours the signs alone tell.
const PARTS: [(char, &str, Tone); 6] = [
    ('█', "rollout-phase-in-place", Tone::Good),
    ('▓', "rollout-under-way", Tone::Plain),
    ('░', "rollout-phase-waiting", Tone::Faint),
    ('×', "rollout-failing", Tone::Bad),
    ('-', "rollout-phase-skipped", Tone::Warning),
    ('·', "rollout-phase-unreachable", Tone::Warning),
];

/// The picture, no wider and no higher than the terminal; `now` in milliseconds since 1970.
pub(super) fn picture(rollout: &Rollout, now: i64, look: &Look<'_>, (width, height): (usize, usize)) -> Vec<Line> {
    let mut head = head(rollout, now, look);
    let mut foot = foot(rollout, look);
    let open = rollout.waves.iter().rposition(|wave| wave.opened_unix_ms > 0).unwrap_or(0);
    let waves: Vec<Vec<Line>> =
        rollout.waves.iter().enumerate().map(|(n, one)| wave(n, one, now, look, width)).collect();
    let room = height.saturating_sub(head.len() + foot.len());
    // Where not all have room, the one that is open and those before it are what people look for.
    let mut first = 0;
    while first < open && waves[first..=open].iter().map(Vec::len).sum::<usize>() > room {
        first += 1;
    }
    let mut lines = Vec::new();
    lines.append(&mut head);
    lines.extend(waves.into_iter().skip(first).flatten().take(room));
    lines.append(&mut foot);
    lines.truncate(height);
    lines.into_iter().map(|line| cut(line, width.saturating_sub(1))).collect()
}

/// The texts of a line in their colours.
pub(super) fn painted(line: &Line, colour: bool) -> String {
    line.iter().map(|(text, tone)| tone.paint(text, colour)).collect()
}

fn head(rollout: &Rollout, now: i64, look: &Look<'_>) -> Vec<Line> {
    let row = RolloutRow::from(rollout);
    let wish = rollout.wish.clone().unwrap_or_default();
    let (state, tone) = row.state_text(look);
    let mut title = vec![(format!("{} {}  ", clean(&row.bundle), clean(&row.version)), Tone::Plain), (state, tone)];
    let begun = rollout.waves.iter().map(|wave| wave.opened_unix_ms).filter(|opened| *opened > 0).min();
    // Of one that is over, what has passed since says nothing.
    let goes_on = matches!(rollout.state.as_str(), "running" | "paused");
    if let Some(span) = begun.filter(|_| goes_on).and_then(|begun| passed(begun, now)) {
        title.push((
            format!("  {}", look.words.text_with("rollout-for", &[("span", look.span(span).into())])),
            Tone::Faint,
        ));
    }
    let scope = format!("{}{} {}", look.text("rollout-scope"), look.colon(), clean(&wish.scope.join(" ")));
    let mut lines = vec![title, vec![(scope, Tone::Faint)]];
    lines.extend(waits(rollout, look).map(|text| vec![(text, Tone::Plain)]));
    lines.push(Vec::new());
    lines
}

/// What it waits for, as far as the control plane says so: it makes no guess about when.
fn waits(rollout: &Rollout, look: &Look<'_>) -> Option<String> {
    if rollout.state != "running" {
        return None;
    }
    let last = rollout.waves.last().is_some_and(|wave| wave.opened_unix_ms > 0);
    match (rollout.waits.as_str(), last) {
        ("", true) => Some(look.text("rollout-waits-last")),
        ("", false) => None,
        (known, _) => {
            let what = look.text(&format!("rollout-waits-{}", clean(known)));
            Some(format!("{}{} {what}", look.text("rollout-waits"), look.colon()))
        }
    }
}

fn wave(n: usize, wave: &RolloutWave, now: i64, look: &Look<'_>, width: usize) -> Vec<Line> {
    let counts = wave.counts.unwrap_or_default();
    let all = devices(&counts);
    let size = if wave.share > 0 {
        format!("{}\u{a0}%", look.decimal(percent(wave.share), 2))
    } else {
        look.count("rollout-schools", wave.schools.len())
    };
    let opened = match passed(wave.opened_unix_ms, now).filter(|_| wave.opened_unix_ms > 0) {
        Some(span) => (look.words.text_with("rollout-for", &[("span", look.span(span).into())]), Tone::Plain),
        None if wave.agree && wave.agreed_by.is_empty() => (look.text("rollout-waits-agreement"), Tone::Warning),
        None => (look.text("rollout-phase-closed"), Tone::Faint),
    };
    let number = look.number(u64::try_from(n + 1).unwrap_or(u64::MAX));
    let title = vec![(format!("{} {number}  {size}  ", look.text("rollout-wave")), Tone::Plain), opened];
    let parts = parts(&counts);
    let share = format!("  {} / {}", look.number(counts.in_place), look.number(all));
    let columns = width.saturating_sub(share.chars().count() + 3).min(BAR_COLUMNS_MAX);
    let mut bar = vec![("  ".to_owned(), Tone::Plain)];
    for (cells, (sign, _, tone)) in shared_out(&parts, columns).into_iter().zip(PARTS) {
        bar.push((sign.to_string().repeat(cells), tone));
    }
    bar.push((share, Tone::Plain));
    let mut lines = vec![title, bar];
    let mut left = 0;
    for (count, (sign, word, tone)) in parts.into_iter().zip(PARTS).filter(|(count, _)| *count > 0) {
        let text = format!("  {sign} {} {}", look.number(count), look.text(word).to_lowercase());
        let columns = text.chars().count();
        if columns > left {
            lines.push(Vec::new());
            left = width.saturating_sub(1);
        }
        left = left.saturating_sub(columns);
        lines.last_mut().into_iter().for_each(|line| line.push((text.clone(), tone)));
    }
    lines
}

fn foot(rollout: &Rollout, look: &Look<'_>) -> Vec<Line> {
    let (outside, inside) = (rollout.wan_bytes, rollout.lan_bytes);
    let bytes =
        format!("{}{} {} / {}", look.text("rollout-bytes"), look.colon(), look.bytes(outside), look.bytes(inside));
    let mut lines = vec![Vec::new(), vec![(bytes, Tone::Plain)]];
    for of in rollout.codes.iter().take(REASONS_MAX) {
        let phase = look.text(&format!("rollout-phase-{}", clean(&of.phase).replace('_', "-")));
        let text = format!("{} × {phase}{} {}", look.number(of.devices), look.colon(), look.reason(&of.code));
        lines.push(vec![(text, Tone::Bad)]);
    }
    lines
}

/// How many devices stand as each part of a bar says.
const fn parts(of: &RolloutCounts) -> [u64; 6] {
    let under_way = of.offered + of.downloading + of.verifying + of.staged;
    [of.in_place, under_way, of.closed + of.withheld + of.waiting, of.failed + of.stuck, of.skipped, of.unreachable]
}

/// So many columns for each part, by its share; what there is has one, be it small, as long as there are enough.
fn shared_out(parts: &[u64; 6], columns: usize) -> [usize; 6] {
    let all: u64 = parts.iter().sum();
    let mut cells = [0; 6];
    let there = parts.iter().filter(|count| **count > 0).count();
    if all == 0 || columns < there {
        return cells;
    }
    let share = |count: u64| u128::from(count) * columns as u128;
    for (cell, count) in cells.iter_mut().zip(parts).filter(|(_, count)| **count > 0) {
        *cell = usize::try_from(share(*count) / u128::from(all)).unwrap_or(0).max(1);
    }
    // What is left over goes to those that lost most by whole columns; what was given to the smallest is the largest's.
    let mut order: Vec<usize> = (0..6).filter(|part| parts[*part] > 0).collect();
    order.sort_by_key(|part| std::cmp::Reverse(share(parts[*part]) % u128::from(all)));
    let left = columns.saturating_sub(cells.iter().sum());
    order.iter().cycle().take(left).for_each(|part| cells[*part] += 1);
    while cells.iter().sum::<usize>() > columns {
        let Some(largest) = cells.iter_mut().max() else { break };
        *largest -= 1;
    }
    cells
}

/// The seconds since a moment; nothing when the two clocks do not agree on which was first.
fn passed(since: i64, now: i64) -> Option<u64> {
    u64::try_from(now.checked_sub(since)?).ok().map(|passed| passed / 1_000)
}

/// A line that ends before it would go on in the next one.
pub(super) fn cut(line: Line, columns: usize) -> Line {
    let mut left = columns;
    let mut kept = Vec::new();
    for (text, tone) in line {
        let fits: String = text.chars().take(left).collect();
        left -= fits.chars().count();
        if !fits.is_empty() {
            kept.push((fits, tone));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use wire::v1::{RolloutCode, RolloutWish};
    use words::{Catalogue, Language};

    fn counts() -> RolloutCounts {
        RolloutCounts {
            in_place: 60,
            downloading: 20,
            waiting: 10,
            failed: 4,
            skipped: 1,
            unreachable: 5,
            ..Default::default()
        }
    }

    fn rollout() -> Rollout {
        let wave = |share, opened, counts| RolloutWave {
            share,
            opened_unix_ms: opened,
            counts: Some(counts),
            sites: 3,
            ..RolloutWave::default()
        };
        let closed = RolloutCounts { closed: 900, ..Default::default() };
        Rollout {
            id: "r".to_owned(),
            wish: Some(RolloutWish {
                bundle: "dictionnaire".to_owned(),
                version: "2026.9".to_owned(),
                scope: vec!["class:0951099D/CM2 A".to_owned()],
                ..RolloutWish::default()
            }),
            waves: vec![wave(1_000, 1_000_000, counts()), wave(10_000, 0, closed)],
            state: "running".to_owned(),
            waits: "devices".to_owned(),
            counts: Some(counts()),
            codes: vec![RolloutCode { phase: "failed".to_owned(), code: "not_signed".to_owned(), devices: 4 }],
            wan_bytes: 1_000_000,
            lan_bytes: 29_000_000,
            ..Rollout::default()
        }
    }

    fn shown(rollout: &Rollout, size: (usize, usize), colour: bool) -> Vec<String> {
        let words = Catalogue::new(Language::En, crate::FR, crate::EN);
        let look = Look { words: &words, zone: jiff::tz::TimeZone::UTC, colour };
        let lines = picture(rollout, 1_000_000 + 3_660_000, &look, size);
        lines.iter().map(|line| painted(line, colour).replace('\u{a0}', " ")).collect()
    }

    #[test]
    fn a_wave_is_a_bar_of_those_that_have_it_and_those_that_do_not() {
        let lines = shown(&rollout(), (100, 40), false);
        let text = lines.join("\n");
        let bar = lines.iter().find(|line| line.contains('█')).unwrap();
        let cells = |sign: char| bar.chars().filter(|c| *c == sign).count();
        assert_eq!(PARTS.map(|(sign, _, _)| cells(sign)), [36, 12, 6, 2, 1, 3], "{bar}");
        assert!(bar.ends_with("  60 / 100"), "{bar}");
        assert!(lines[0].contains("dictionnaire 2026.9") && lines[0].contains("1 h"), "{text}");
        assert!(text.contains("20 under way") && text.contains("4 × failed"), "{text}");
        assert!(text.contains("class:0951099D/CM2 A") && text.contains("1.0 MB / 29 MB"), "{text}");
        assert!(!text.contains('\x1b'), "no colour where none is wished");
        assert!(shown(&rollout(), (100, 40), true).join("").contains("\x1b[32m█"));
        // A clock that is behind says no time rather than a wrong one.
        let ahead = Rollout {
            waves: vec![RolloutWave { opened_unix_ms: i64::MAX, ..rollout().waves[0].clone() }],
            ..rollout()
        };
        assert!(!shown(&ahead, (100, 40), false)[0].contains(" h"));
        // What has no room in one line goes on in the next.
        let narrow = shown(&rollout(), (50, 40), false).join("\n");
        assert!(narrow.contains("5 unreachable") && narrow.contains("60 in place"), "{narrow}");
        let over = Rollout { state: "finished".to_owned(), waits: String::new(), ..rollout() };
        assert!(!shown(&over, (100, 40), false).join("").contains("Next wave"));
    }

    #[test]
    fn what_a_device_says_does_not_steer_the_terminal() {
        let mut hostile = rollout();
        hostile.codes[0].code = "\x1b[2J\u{202e}".to_owned();
        hostile.waits = "\x1b]0;x\x07".to_owned();
        assert!(!shown(&hostile, (100, 40), false).join("").contains(['\x1b', '\u{202e}', '\x07']));
    }

    proptest! {
        #[test]
        fn a_bar_is_as_wide_as_it_may_be_and_leaves_nobody_out(parts in proptest::array::uniform6(prop_oneof![Just(0_u64), 1..9_u64, any::<u32>().prop_map(u64::from)]), columns in 0_usize..80) {
            let cells = shared_out(&parts, columns);
            let there = parts.iter().filter(|count| **count > 0).count();
            if there > 0 && columns >= there {
                prop_assert_eq!(cells.iter().sum::<usize>(), columns);
                prop_assert!(cells.iter().zip(parts).all(|(cells, count)| (*cells > 0) == (count > 0)));
            } else {
                prop_assert_eq!(cells, [0; 6]);
            }
        }

        #[test]
        fn the_picture_stays_within_the_terminal(width in 1_usize..200, height in 1_usize..60, waves in 0_usize..20) {
            let mut many = rollout();
            many.waves = many.waves.iter().cycle().take(waves).cloned().collect();
            let lines = shown(&many, (width, height), false);
            prop_assert!(lines.len() <= height);
            prop_assert!(lines.iter().all(|line| line.chars().count() < width.max(1)));
        }
    }
}
