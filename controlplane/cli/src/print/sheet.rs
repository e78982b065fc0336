//! A sheet: sections of labelled lines, for one thing in detail.

use super::{Tone, clean};

/// Sections of labelled lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sheet {
    sections: Vec<Section>,
}

#[derive(Clone, Debug, Default)]
struct Section {
    title: String,
    lines: Vec<(String, String, Tone)>,
}

impl Sheet {
    /// Begins a section.
    pub(crate) fn section(&mut self, title: String) {
        self.sections.push(Section { title, lines: Vec::new() });
    }

    /// Adds a line to the last section; an empty label goes on with the line before.
    pub(crate) fn line(&mut self, label: String, value: String, tone: Tone) {
        if self.sections.is_empty() {
            self.sections.push(Section::default());
        }
        if let Some(section) = self.sections.last_mut() {
            section.lines.push((label, value, tone));
        }
    }

    /// The whole as text, its values below each other.
    pub(crate) fn text(&self, colour: bool) -> String {
        let valued = self.sections.iter().flat_map(|s| &s.lines).filter(|(_, value, _)| !value.is_empty());
        let width = valued.map(|(label, ..)| label.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for (at, section) in self.sections.iter().enumerate() {
            if at > 0 {
                text.push('\n');
            }
            if !section.title.is_empty() {
                let bold = if colour { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
                text.push_str(&format!("{}{}{}\n", bold.0, section.title, bold.1));
            }
            for (label, value, tone) in &section.lines {
                let value = tone.paint(&clean(value), colour);
                text.push_str(format!("  {label:width$}  {value}").trim_end());
                text.push('\n');
            }
        }
        text
    }
}
