//! Hours of weekdays as people write them: `mon-fri 08:00-12:00`, `mon,tue,thu,fri 13h30-17h30`.

use jiff::civil::Weekday;
use model::filtering::{Days, Slot};
use serde::Deserialize;

/// A slot as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct WrittenSlot(pub(super) Slot);

/// Weekdays with their English and French names.
const DAYS: [(Weekday, &str, &str); 7] = [
    (Weekday::Monday, "mon", "lun"),
    (Weekday::Tuesday, "tue", "mar"),
    (Weekday::Wednesday, "wed", "mer"),
    (Weekday::Thursday, "thu", "jeu"),
    (Weekday::Friday, "fri", "ven"),
    (Weekday::Saturday, "sat", "sam"),
    (Weekday::Sunday, "sun", "dim"),
];

impl TryFrom<String> for WrittenSlot {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || {
            let text: String = text.chars().take(60).collect();
            format!("{text:?} is no slot such as \"mon-fri 08:00-12:00\" or \"lun,mar,jeu,ven 13:30-17:30\"")
        };
        let (days, hours) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let (from, until) = hours.split_once('-').ok_or_else(wrong)?;
        let days = days_read(days).ok_or_else(wrong)?;
        let (from_minute, until_minute) = minute(from).zip(minute(until)).ok_or_else(wrong)?;
        Ok(Self(Slot { days, from_minute, until_minute }))
    }
}

/// Slots as they are written, for people.
#[must_use]
pub fn slots_text(slots: &[Slot]) -> String {
    let hour = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let one = |slot: &Slot| {
        let days: Vec<&str> = DAYS.iter().filter(|(day, ..)| slot.days.holds(*day)).map(|(_, name, _)| *name).collect();
        format!("{} {}-{}", days.join(","), hour(slot.from_minute), hour(slot.until_minute))
    };
    slots.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn days_read(text: &str) -> Option<Days> {
    let mut days = Days(0);
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day_read(first)?, day_read(last)?);
        if first > last {
            return None;
        }
        DAYS.get(first..=last)?.iter().for_each(|(day, ..)| days = days.with(*day));
    }
    Some(days)
}

fn day_read(text: &str) -> Option<usize> {
    let text = text.trim().to_ascii_lowercase();
    DAYS.iter().position(|(_, english, french)| text == *english || text == *french)
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once([':', 'h'])?;
    let short = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !short(hour) || !short(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let whole = hour.checked_mul(60)?.checked_add(minute)?;
    (minute < 60 && whole <= 1_440).then_some(whole)
}
