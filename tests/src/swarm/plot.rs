//! A picture: how long things took, and what the server used meanwhile. Plain SVG, which every browser shows.

use super::profile::Outcome;
use super::samples::Sample;
use std::fmt::Write;
use std::time::Duration;

const WIDTH: f64 = 900.0;
const PANEL: f64 = 220.0;
const GAP: f64 = 70.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 250.0;
const COLOURS: [&str; 6] = ["#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#5d6d7e"];
/// Where each line of latencies is drawn through.
const PARTS: [f64; 12] = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1.0];

/// A line of a panel.
struct Series<'a> {
    name: &'a str,
    points: Vec<(f64, f64)>,
}

/// A panel with its axes: what stands beneath and beside it, and how far each goes.
struct Panel<'a> {
    title: &'a str,
    below: [String; 3],
    beside: String,
    x_max: f64,
    y_max: f64,
    series: Vec<Series<'a>>,
}

/// The picture of what came of a profile.
#[must_use]
pub fn svg(outcome: &Outcome) -> String {
    let panels = [latencies(outcome), cpu(&outcome.cost.samples), memory(&outcome.cost.samples)];
    let height = 50.0 + (PANEL + GAP) * panels.len() as f64;
    let title = format!("cartable-server, {}: {} devices, seed {}", outcome.profile, outcome.devices, outcome.seed);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<title>{title}</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"{LEFT}\" y=\"24\" font-size=\"16\">{title}</text>\n",
    );
    for (nth, panel) in panels.iter().enumerate() {
        panel.draw(&mut out, 60.0 + (PANEL + GAP) * nth as f64);
    }
    out.push_str("</svg>\n");
    out
}

/// Milliseconds over the part of all that took no longer.
fn latencies(outcome: &Outcome) -> Panel<'_> {
    let ms = |took: Duration| took.as_secs_f64() * 1e3;
    let series: Vec<Series<'_>> = outcome
        .cost
        .latencies
        .iter()
        .map(|(name, all)| {
            let points = PARTS.into_iter().zip(all.quantiles(&PARTS)).map(|(part, took)| (part, ms(took)));
            Series { name, points: points.collect() }
        })
        .collect();
    let y_max = highest(&series);
    let below = ["0 %".to_owned(), "50 %".to_owned(), "100 %".to_owned()];
    Panel {
        title: "how long: this part of all took no longer",
        below,
        beside: "ms".to_owned(),
        x_max: 1.0,
        y_max,
        series,
    }
}

fn cpu(samples: &[Sample]) -> Panel<'_> {
    let cores = samples.windows(2).filter_map(|two| {
        let span = two[1].at.saturating_sub(two[0].at).as_secs_f64();
        let used = two[1].cpu.saturating_sub(two[0].cpu).as_secs_f64();
        (span > 0.0).then(|| (two[1].at.as_secs_f64(), used / span))
    });
    over_time("processor of the server", "cores", Series { name: "cores in use", points: cores.collect() })
}

fn memory(samples: &[Sample]) -> Panel<'_> {
    let points = samples.iter().map(|sample| (sample.at.as_secs_f64(), sample.resident_mib)).collect();
    over_time("memory of the server", "MiB", Series { name: "resident", points })
}

fn over_time<'a>(title: &'a str, beside: &str, series: Series<'a>) -> Panel<'a> {
    let x_max = series.points.last().map_or(1.0, |last| last.0).max(1e-3);
    let series = vec![series];
    let below = [0.0, x_max / 2.0, x_max].map(|s| format!("{s:.1} s"));
    Panel { title, below, beside: beside.to_owned(), x_max, y_max: highest(&series), series }
}

fn highest(series: &[Series<'_>]) -> f64 {
    series.iter().flat_map(|series| &series.points).map(|point| point.1).fold(1e-3, f64::max)
}

impl Panel<'_> {
    fn draw(&self, out: &mut String, top: f64) {
        let (right, bottom) = (WIDTH - RIGHT, top + PANEL);
        let _ = writeln!(out, "<text x=\"{LEFT}\" y=\"{:.0}\">{}</text>", top - 8.0, self.title);
        for step in 0..=4 {
            let part = f64::from(step) / 4.0;
            let y = bottom - part * PANEL;
            let value = self.y_max * part;
            let digits = usize::from(self.y_max < 100.0) + usize::from(self.y_max < 10.0) * 2;
            let _ = writeln!(
                out,
                "<path d=\"M{LEFT} {y:.1}H{right:.1}\" stroke=\"#ddd\"/>\
                 <text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{value:.digits$}</text>",
                LEFT - 6.0,
                y + 4.0
            );
        }
        let _ = writeln!(out, "<text x=\"8\" y=\"{:.0}\">{}</text>", top + 4.0, self.beside);
        for (text, part) in self.below.iter().zip([0.0, 0.5, 1.0]) {
            let x = LEFT + part * (right - LEFT);
            let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{text}</text>", bottom + 18.0);
        }
        for (nth, series) in self.series.iter().enumerate() {
            let colour = COLOURS[nth % COLOURS.len()];
            let at = |(x, y): &(f64, f64)| {
                let x = LEFT + (x / self.x_max).clamp(0.0, 1.0) * (right - LEFT);
                format!("{x:.1},{:.1}", bottom - (y / self.y_max).clamp(0.0, 1.0) * PANEL)
            };
            let points: Vec<String> = series.points.iter().map(at).collect();
            let _ = writeln!(
                out,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>\
                 <text x=\"{:.0}\" y=\"{:.0}\" fill=\"{colour}\">{}</text>",
                points.join(" "),
                right + 12.0,
                top + 14.0 + 18.0 * nth as f64,
                series.name
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::swarm::latency::Latencies;
    use crate::swarm::profile::Profile;
    use crate::swarm::world::Cost;
    use std::collections::BTreeMap;

    #[test]
    fn every_point_lies_within_its_panel() {
        let mut polls = Latencies::default();
        (1..=1_000).for_each(|ms| polls.note(Duration::from_millis(ms * ms)));
        let samples: Vec<Sample> = (0..50u32)
            .map(|n| Sample {
                at: Duration::from_millis(100) * n,
                cpu: Duration::from_millis(u64::from(n * n)),
                resident_mib: f64::from(n),
            })
            .collect();
        let cost = Cost { latencies: BTreeMap::from([("visit", polls)]), samples, ..Cost::default() };
        let picture = |cost| svg(&Outcome { profile: Profile::Poll, devices: 7, seed: 9, facts: Vec::new(), cost });
        let text = picture(cost);
        assert_eq!(text.matches("<polyline").count(), 3);
        let lines: Vec<&str> = text.split("points=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(lines.iter().map(|line| line.split(' ').count()).collect::<Vec<_>>(), [PARTS.len(), 49, 50]);
        for (nth, line) in lines.iter().enumerate() {
            let top = 60.0 + (PANEL + GAP) * nth as f64;
            for point in line.split(' ') {
                let (x, y) = point.split_once(',').unwrap();
                let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
                assert!((LEFT..=WIDTH - RIGHT).contains(&x) && (top..=top + PANEL).contains(&y), "{nth}: {point}");
            }
        }
        // Where there is nothing to show, nothing breaks.
        assert!(!picture(Cost::default()).contains("NaN"));
    }
}
