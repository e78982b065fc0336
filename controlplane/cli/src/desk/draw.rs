//! The screen drawn: no rule is here.

use super::screen::{Line, Screen};
use crate::print::{Look, Tone};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line as Row, Span};
use ratatui::widgets::{Block, Paragraph, Wrap};

/// What lies over the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Panel {
    /// Nothing.
    None,
    /// The acts.
    Acts,
}

/// Draws a screen, with what is being typed.
pub(crate) fn draw(frame: &mut Frame<'_>, screen: &Screen, typed: &str, panel: Panel, look: &Look<'_>) {
    let keys = keys(screen, frame.area().width);
    let height = u16::try_from(keys.len()).unwrap_or(1);
    let [title, middle, said, hint, input, status, footer] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(8),
        Constraint::Length(2),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(height),
    ])
    .areas(frame.area());
    let [left, right] = Layout::horizontal([Constraint::Min(10), Constraint::Length(width(&screen.desk))]).areas(title);
    let bar = Style::new().add_modifier(Modifier::REVERSED);
    frame.render_widget(Paragraph::new(format!(" {}", screen.title)).style(bar.add_modifier(Modifier::BOLD)), left);
    frame.render_widget(Paragraph::new(format!("{} ", screen.desk)).style(bar), right);
    match panel {
        Panel::Acts => section(frame, middle, &look.text("desk-title-acts"), &screen.acts),
        Panel::None if !screen.choices.is_empty() => {
            section(frame, middle, &look.text("desk-title-choices"), &screen.choices);
        }
        Panel::None => main(frame, middle, screen, look),
    }
    if let Some((text, tone)) = &screen.said {
        let style = style(*tone).add_modifier(Modifier::BOLD);
        frame.render_widget(Paragraph::new(format!(" {text}")).style(style).wrap(Wrap { trim: false }), said);
    }
    let label = format!(" {}{} ", look.text("desk-title-input"), look.colon());
    // The end of a long text is what was typed last.
    let room = usize::from(input.width.saturating_sub(width(&label) + 1));
    let shown: String = typed.chars().skip(typed.chars().count().saturating_sub(room)).collect();
    let column = input.x.saturating_add(width(&label) - 1).saturating_add(width(&shown) - 1);
    let line = Row::from(vec![Span::styled(label, Style::new().add_modifier(Modifier::BOLD)), Span::raw(shown)]);
    frame.render_widget(Paragraph::new(line), input);
    frame.set_cursor_position(Position::new(column.min(input.right().saturating_sub(1)), input.y));
    frame.render_widget(
        Paragraph::new(format!(" → {}", screen.hint)).style(Style::new().add_modifier(Modifier::BOLD)),
        hint,
    );
    frame.render_widget(Paragraph::new(format!(" {}", screen.status)).style(style(screen.status_tone)), status);
    frame.render_widget(Paragraph::new(keys), footer);
}

fn main(frame: &mut Frame<'_>, area: Rect, screen: &Screen, look: &Look<'_>) {
    let [left, right] = Layout::horizontal([Constraint::Percentage(55), Constraint::Percentage(45)]).areas(area);
    let tall = |lines: &[Line], least: u16| Constraint::Length(u16::try_from(lines.len()).unwrap_or(0).max(least) + 2);
    let [family, items] = Layout::vertical([tall(&screen.family, 6), Constraint::Min(3)]).areas(left);
    let [device, condition] = Layout::vertical([tall(&screen.device, 6), Constraint::Min(3)]).areas(right);
    section(frame, family, &look.text("desk-title-family"), &screen.family);
    section(frame, items, &look.text("desk-title-items"), &screen.items);
    section(frame, device, &look.text("desk-title-device"), &screen.device);
    section(frame, condition, &look.text("desk-title-condition"), &screen.condition);
}

fn section(frame: &mut Frame<'_>, area: Rect, title: &str, lines: &[Line]) {
    let label = lines.iter().map(|(label, ..)| label.chars().count()).max().unwrap_or(0);
    let rows: Vec<Row<'_>> = lines
        .iter()
        .map(|(text, value, tone)| {
            Row::from(vec![Span::raw(format!(" {text:label$}  ")), Span::styled(value.as_str(), style(*tone))])
        })
        .collect();
    frame.render_widget(Paragraph::new(rows).block(Block::bordered().title(title.to_owned())), area);
}

/// The keys, on as many lines as they need.
fn keys(screen: &Screen, columns: u16) -> Vec<Row<'static>> {
    let mut rows = vec![Vec::new()];
    let mut used = 0;
    for (key, word) in &screen.keys {
        let wide = key.chars().count() + word.chars().count() + 4;
        if used + wide > usize::from(columns) && used > 0 {
            rows.push(Vec::new());
            used = 0;
        }
        used += wide;
        if let Some(row) = rows.last_mut() {
            row.push(Span::raw(" "));
            row.push(Span::styled(format!("{key} "), Style::new().add_modifier(Modifier::REVERSED)));
            row.push(Span::raw(format!("{word} ")));
        }
    }
    rows.into_iter().map(Row::from).collect()
}

fn width(text: &str) -> u16 {
    u16::try_from(text.chars().count() + 1).unwrap_or(u16::MAX)
}

/// A tone as a terminal shows it; what is bad is also said in words, for those who see no colours.
fn style(tone: Tone) -> Style {
    match tone {
        Tone::Plain => Style::new(),
        Tone::Good => Style::new().fg(Color::Green),
        Tone::Warning => Style::new().fg(Color::Yellow),
        Tone::Bad => Style::new().fg(Color::Red),
        Tone::Faint => Style::new().add_modifier(Modifier::DIM),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Surroundings;
    use crate::desk::command::Command;
    use crate::desk::engine::{Desk, Moment};
    use crate::desk::fixture::day;
    use crate::desk::screen::{Link, screen};
    use crate::{EN, FR};
    use model::loan::ActId;
    use model::time::Timestamp;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use words::{Catalogue, Language};

    fn drawn(desk: &Desk, language: Language, columns: u16, rows: u16) -> String {
        let words = Catalogue::new(language, FR, EN);
        let look = Look { words: &words, zone: Surroundings::of_test().zone, colour: false };
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| draw(frame, &screen(desk, &Link::Down, &look), "TNE2", Panel::None, &look)).unwrap();
        let buffer = terminal.backend().buffer().clone();
        let rows = buffer.content.chunks(usize::from(columns));
        let text: Vec<String> = rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>()).collect();
        text.join("\n").replace(['\u{a0}', '\u{202f}'], " ")
    }

    #[test]
    fn all_of_a_family_stands_on_one_small_screen() {
        let set = day(3);
        let mode = set.mode;
        let mut desk = Desk::new(set, mode);
        for line in ["TNE25-000001", "/item 2 missing", "/screen worn", "/sign"] {
            let now = Timestamp::from_unix_seconds(1_795_010_000);
            let moment = Moment { now, ids: std::array::from_fn(|n| ActId::new(now, [u8::try_from(n).unwrap(); 10])) };
            desk.does(Command::read(line).unwrap(), &moment);
        }
        let french = drawn(&desk, Language::Fr, 80, 24);
        for part in [
            "EXEMPLE1 Camille",
            "6e2",
            "Exemple Dominique",
            "TNE25-000001",
            "chargeur",
            "housse",
            "écran",
            "usé",
            "TNE2",
            "F12",
        ] {
            assert!(french.contains(part), "{part} in\n{french}");
        }
        assert!(!french.contains("desk-"), "a word lacks in\n{french}");
        let english = drawn(&desk, Language::En, 100, 32);
        assert!(english.contains("charger") && !english.contains("desk-"), "{english}");
        // However small the window is, nothing breaks.
        for (columns, rows) in [(1, 1), (20, 5), (40, 10), (200, 60)] {
            drawn(&desk, Language::Fr, columns, rows);
        }
    }
}
