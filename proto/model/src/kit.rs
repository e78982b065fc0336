//! Kits: what belongs in a case by its template, and what of it is missing.

use crate::inventory::{Bus, Peripheral, Peripherals};
use serde::{Deserialize, Serialize};

/// The most slots of a template.
pub const SLOTS_MAX: usize = 64;
/// The most parts of one slot.
pub const PARTS_MAX: u16 = 100;
/// The longest name of a template or a slot, in characters.
pub const NAME_CHARS_MAX: usize = 40;
/// The longest title, in characters.
pub const TITLE_CHARS_MAX: usize = 120;

/// What a part is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartRole {
    /// A laptop.
    Laptop,
    /// A small computer without a screen.
    MiniPc,
    /// A camera.
    Camera,
    /// A camera that looks down on a sheet of paper.
    Visualiser,
    /// A microphone.
    Microphone,
    /// A loudspeaker.
    Speaker,
    /// A dock.
    Dock,
    /// A hub.
    Hub,
    /// A screen or projector.
    Display,
    /// A keyboard, mouse or pen.
    Input,
    /// A cable.
    Cable,
    /// The case itself.
    Case,
    /// Anything else.
    Other,
}

/// A place in a kit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// Its name, such as `camera-room`: lower case letters, digits and `-`.
    pub slot: String,
    /// What people call it.
    #[serde(default)]
    pub title: String,
    /// What it is there for.
    pub role: PartRole,
    /// How many parts it needs.
    #[serde(default = "one")]
    pub min: u16,
    /// How many it takes; as many as it needs where nothing is said.
    #[serde(default)]
    pub max: u16,
    /// Whether its parts run the agent.
    #[serde(default)]
    pub managed: bool,
    /// Whether its parts must have a serial number.
    #[serde(default)]
    pub serial: bool,
    /// Whether its parts must be plugged into one of the kit's devices, as the device reports it.
    #[serde(default)]
    pub plugged: bool,
}

/// What belongs in a kit of one kind; a version is never changed, a new one takes its place for new kits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Its name, such as `hybride-doubs`: lower case letters, digits and `-`.
    pub name: String,
    /// Its version, from 1; 0 for one that is not kept yet.
    #[serde(default)]
    pub version: u32,
    /// What people call it.
    #[serde(default)]
    pub title: String,
    /// Its slots, in the order in which they are packed.
    #[serde(rename = "slots")]
    pub slots: Vec<Slot>,
}

/// Why a template cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A name that is none.
    #[error("a template or a slot is named with 1 to {NAME_CHARS_MAX} of a-z, 0-9 and -, not {0:?}")]
    Name(String),
    /// A title that is too long.
    #[error("a title has at most {TITLE_CHARS_MAX} printable characters")]
    Title,
    /// No slot, or too many.
    #[error("a template has 1 to {SLOTS_MAX} slots")]
    Slots,
    /// A slot that stands there twice.
    #[error("slot {0} stands in the template twice")]
    Twice(String),
    /// A slot whose numbers contradict each other.
    #[error("slot {0} takes from its min to its max parts: 1 to {PARTS_MAX}, and min at most max")]
    Count(String),
    /// A slot whose role does not run an agent.
    #[error("slot {0} cannot be managed: only a laptop or a mini-pc runs the agent")]
    Managed(String),
    /// A slot whose role no device can see.
    #[error(
        "slot {0} cannot be seen by a device: only cameras, microphones, speakers, docks, hubs, displays and inputs are"
    )]
    Plugged(String),
}

/// A part that is bound to a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The slot.
    pub slot: String,
    /// The inventory number, or the device's id; empty for loose parts.
    pub name: String,
    /// Its serial number; empty when it has none.
    pub serial: String,
    /// How many: 1 but for loose parts.
    pub count: u16,
}

/// What a kit lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Fewer parts are bound than the slot needs.
    Missing {
        /// The slot.
        slot: String,
        /// How many are bound.
        have: u16,
        /// How many it needs.
        min: u16,
    },
    /// A part is bound, and none of the kit's devices sees it.
    Unplugged {
        /// The slot.
        slot: String,
        /// The part; empty where parts have no serial number and only their count tells.
        part: String,
    },
}

impl Template {
    /// The template with its defaults filled in.
    ///
    /// # Errors
    /// [`TemplateError`] when it cannot be meant.
    pub fn checked(mut self) -> Result<Self, TemplateError> {
        name_check(&self.name)?;
        title_check(&self.title)?;
        if self.slots.is_empty() || self.slots.len() > SLOTS_MAX {
            return Err(TemplateError::Slots);
        }
        for at in 0..self.slots.len() {
            let slot = &mut self.slots[at];
            name_check(&slot.slot)?;
            title_check(&slot.title)?;
            if slot.max == 0 {
                slot.max = slot.min.max(1);
            }
            if slot.min > slot.max || slot.max > PARTS_MAX {
                return Err(TemplateError::Count(slot.slot.clone()));
            }
            if slot.managed && !matches!(slot.role, PartRole::Laptop | PartRole::MiniPc) {
                return Err(TemplateError::Managed(slot.slot.clone()));
            }
            if slot.plugged && !slot.role.is_seen() {
                return Err(TemplateError::Plugged(slot.slot.clone()));
            }
            let name = &self.slots[at].slot;
            if self.slots[..at].iter().any(|before| before.slot == *name) {
                return Err(TemplateError::Twice(name.clone()));
            }
        }
        Ok(self)
    }

    /// The slot of this name.
    #[must_use]
    pub fn slot(&self, name: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.slot == name)
    }
}

/// What a kit lacks, by its template, what is bound, and what its devices report; nothing when it is complete.
///
/// What is plugged in is judged only once one of the kit's devices has reported.
#[must_use]
pub fn kit_lacks(template: &Template, bound: &[Bound], reports: &[Peripherals]) -> Vec<Lack> {
    let mut lacks = Vec::new();
    for slot in &template.slots {
        let parts: Vec<&Bound> = bound.iter().filter(|part| part.slot == slot.slot).collect();
        let have = parts.iter().fold(0_u16, |sum, part| sum.saturating_add(part.count));
        if have < slot.min {
            lacks.push(Lack::Missing { slot: slot.slot.clone(), have, min: slot.min });
        }
        if !slot.plugged || reports.is_empty() {
            continue;
        }
        let seen: Vec<Option<&str>> = reports.iter().flat_map(|report| slot.role.seen(report)).collect();
        let before = lacks.len();
        for part in parts.iter().filter(|part| !part.serial.is_empty()) {
            if !seen.iter().flatten().any(|serial| serial.eq_ignore_ascii_case(&part.serial)) {
                lacks.push(Lack::Unplugged { slot: slot.slot.clone(), part: part.name.clone() });
            }
        }
        let plugged = u16::try_from(seen.len()).unwrap_or(u16::MAX);
        if lacks.len() == before && plugged < have.min(slot.min) {
            lacks.push(Lack::Unplugged { slot: slot.slot.clone(), part: String::new() });
        }
    }
    lacks
}

impl PartRole {
    /// Every role.
    pub const ALL: [Self; 13] = [
        Self::Laptop,
        Self::MiniPc,
        Self::Camera,
        Self::Visualiser,
        Self::Microphone,
        Self::Speaker,
        Self::Dock,
        Self::Hub,
        Self::Display,
        Self::Input,
        Self::Cable,
        Self::Case,
        Self::Other,
    ];

    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Laptop => "laptop",
            Self::MiniPc => "mini-pc",
            Self::Camera => "camera",
            Self::Visualiser => "visualiser",
            Self::Microphone => "microphone",
            Self::Speaker => "speaker",
            Self::Dock => "dock",
            Self::Hub => "hub",
            Self::Display => "display",
            Self::Input => "input",
            Self::Cable => "cable",
            Self::Case => "case",
            Self::Other => "other",
        }
    }

    /// Whether two laptops use one and the same in a day: it is then shared, and has not moved.
    #[must_use]
    pub const fn is_shared(self) -> bool {
        matches!(self, Self::Dock | Self::Hub | Self::Display)
    }

    const fn is_seen(self) -> bool {
        !matches!(self, Self::Laptop | Self::MiniPc | Self::Cable | Self::Case | Self::Other)
    }

    /// What of this kind a device reports as plugged in, by serial number where there is one.
    fn seen(self, report: &Peripherals) -> Vec<Option<&str>> {
        let list: &[Peripheral] = match self {
            Self::Camera | Self::Visualiser => &report.cameras,
            Self::Microphone => &report.microphones,
            Self::Speaker => &report.speakers,
            Self::Dock => &report.docks,
            Self::Hub => &report.hubs,
            Self::Input => &report.inputs,
            Self::Display => {
                let plugged = report.displays.iter().filter(|display| !display.built_in);
                return plugged.map(|display| display.serial.as_deref()).collect();
            }
            Self::Laptop | Self::MiniPc | Self::Cable | Self::Case | Self::Other => &[],
        };
        list.iter().filter(|part| part.bus != Bus::Internal).map(|part| part.serial.as_deref()).collect()
    }
}

/// The serial numbers of everything that a device reports as plugged in, without double ones.
#[must_use]
pub fn serials_seen(report: &Peripherals) -> Vec<String> {
    let lists = [&report.cameras, &report.microphones, &report.speakers, &report.docks, &report.hubs, &report.inputs];
    let parts = lists.into_iter().flatten().filter(|part| part.bus != Bus::Internal).filter_map(|p| p.serial.clone());
    let displays = report.displays.iter().filter(|display| !display.built_in).filter_map(|d| d.serial.clone());
    let mut serials: Vec<String> = parts.chain(displays).collect();
    serials.sort();
    serials.dedup();
    serials
}

fn name_check(name: &str) -> Result<(), TemplateError> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    Err(TemplateError::Name(name.chars().take(NAME_CHARS_MAX).collect()))
}

fn title_check(title: &str) -> Result<(), TemplateError> {
    let fits = title.chars().count() <= TITLE_CHARS_MAX && !title.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(TemplateError::Title) }
}

const fn one() -> u16 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slot(name: &str, role: PartRole, min: u16, max: u16) -> Slot {
        let managed = matches!(role, PartRole::Laptop | PartRole::MiniPc);
        Slot {
            slot: name.to_owned(),
            title: String::new(),
            role,
            min,
            max,
            managed,
            serial: false,
            plugged: role.is_seen(),
        }
    }

    fn template(slots: Vec<Slot>) -> Template {
        Template { name: "hybride".to_owned(), version: 1, title: "Kit".to_owned(), slots }
    }

    fn part(slot: &str, name: &str, serial: &str) -> Bound {
        Bound { slot: slot.to_owned(), name: name.to_owned(), serial: serial.to_owned(), count: 1 }
    }

    fn camera(serial: Option<&str>, bus: Bus) -> Peripherals {
        let camera = Peripheral { bus, serial: serial.map(str::to_owned), ..Peripheral::default() };
        Peripherals { cameras: vec![camera], ..Peripherals::default() }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let bad = |slot: Slot| template(vec![slot]).checked().unwrap_err();
        assert!(matches!(bad(slot("A", PartRole::Camera, 1, 1)), TemplateError::Name(_)));
        assert!(matches!(bad(slot("a", PartRole::Camera, 3, 2)), TemplateError::Count(_)));
        assert!(matches!(bad(slot("a", PartRole::Camera, 1, 101)), TemplateError::Count(_)));
        let cable = Slot { plugged: true, ..slot("a", PartRole::Cable, 1, 1) };
        assert!(matches!(bad(cable), TemplateError::Plugged(_)));
        let managed = Slot { managed: true, ..slot("a", PartRole::Camera, 1, 1) };
        assert!(matches!(bad(managed), TemplateError::Managed(_)));
        let twice = template(vec![slot("a", PartRole::Camera, 1, 1), slot("a", PartRole::Hub, 1, 1)]);
        assert_eq!(twice.checked(), Err(TemplateError::Twice("a".to_owned())));
        assert_eq!(template(Vec::new()).checked(), Err(TemplateError::Slots));
        assert_eq!(template(vec![slot("a", PartRole::Hub, 2, 0)]).checked().unwrap().slots[0].max, 2);
    }

    #[test]
    fn a_part_that_no_device_sees_is_unplugged_once_one_has_reported() {
        let template = template(vec![slot("pc", PartRole::MiniPc, 1, 1), slot("room", PartRole::Camera, 1, 2)]);
        let bound = [part("pc", "N1", ""), part("room", "N2", "SER-9")];
        let unplugged = |part: &str| vec![Lack::Unplugged { slot: "room".to_owned(), part: part.to_owned() }];
        assert_eq!(kit_lacks(&template, &bound, &[]), []);
        assert_eq!(kit_lacks(&template, &bound, &[camera(Some("ser-9"), Bus::Usb)]), []);
        assert_eq!(kit_lacks(&template, &bound, &[camera(Some("other"), Bus::Usb)]), unplugged("N2"));
        // Without a serial only the count tells, and what is soldered in does not count.
        let bound = [part("pc", "N1", ""), part("room", "N2", "")];
        assert_eq!(kit_lacks(&template, &bound, &[camera(None, Bus::Usb)]), []);
        assert_eq!(kit_lacks(&template, &bound, &[camera(None, Bus::Internal)]), unplugged(""));
        let lacks = kit_lacks(&template, &bound[..1], &[Peripherals::default()]);
        assert_eq!(lacks, [Lack::Missing { slot: "room".to_owned(), have: 0, min: 1 }]);
        assert_eq!(serials_seen(&camera(Some("x"), Bus::Usb)), ["x"]);
        assert!(serials_seen(&camera(Some("x"), Bus::Internal)).is_empty());
    }

    proptest! {
        /// A kit is complete when every slot has what it needs, whatever else there is; and binding more never makes it less so.
        #[test]
        fn binding_a_part_never_takes_a_lack_away_from_another_slot(counts in proptest::collection::vec(0u16..4, 3)) {
            let names = ["a", "b", "c"];
            let slots = names.iter().map(|name| Slot { plugged: false, ..slot(name, PartRole::Hub, 2, 3) }).collect();
            let template = template(slots);
            let bound: Vec<Bound> = names.iter().zip(&counts).flat_map(|(name, count)| (0..*count).map(move |n| part(name, &format!("{name}{n}"), ""))).collect();
            let lacks = kit_lacks(&template, &bound, &[Peripherals::default()]);
            prop_assert_eq!(lacks.len(), counts.iter().filter(|count| **count < 2).count());
            let more = [bound, vec![part("a", "more", "")]].concat();
            prop_assert!(kit_lacks(&template, &more, &[]).len() <= lacks.len());
        }
    }
}
