//! What is plugged in, as far as a school's kit consists of it.

use super::PARTS_MAX;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Displays, cameras, microphones, speakers, docks, hubs and input devices; nothing else that is plugged in is ever looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peripherals {
    /// Connected displays, the built-in one included.
    pub displays: Vec<Display>,
    /// What makes pictures.
    pub cameras: Vec<Peripheral>,
    /// What records sound.
    pub microphones: Vec<Peripheral>,
    /// What plays sound.
    pub speakers: Vec<Peripheral>,
    /// One entry a dock, whatever it is made of inside.
    pub docks: Vec<Peripheral>,
    /// Hubs that are not part of a dock or of the machine.
    pub hubs: Vec<Peripheral>,
    /// Keyboards, pointers, touch surfaces and the like.
    pub inputs: Vec<Peripheral>,
}

/// One display, as its EDID describes it (VESA E-EDID 1.3 and 1.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Display {
    /// The maker's three-letter PNP id.
    pub maker: Option<String>,
    /// The maker's product code.
    pub product: Option<u16>,
    /// The serial number: the text where there is one, else the number.
    pub serial: Option<String>,
    /// The product's name.
    pub name: Option<String>,
    /// The year of manufacture or of the model.
    pub year: Option<u16>,
    /// The width of the image, in mm.
    pub width_mm: Option<u16>,
    /// The height of the image, in mm.
    pub height_mm: Option<u16>,
    /// Whether it is the machine's own panel.
    pub built_in: bool,
}

/// One peripheral.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Peripheral {
    /// How it is attached.
    pub bus: Bus,
    /// Vendor and product.
    pub id: Option<HardwareId>,
    /// What it calls itself; never for Bluetooth, where people name their things after themselves.
    pub name: Option<String>,
    /// Its serial number, unless that has the form of a network address.
    pub serial: Option<String>,
}

/// How a peripheral is attached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bus {
    /// Some other way.
    #[default]
    Other,
    /// USB.
    Usb,
    /// Bluetooth.
    Bluetooth,
    /// Thunderbolt or USB4.
    Thunderbolt,
    /// Soldered in: PCI, I²C, SPI, PS/2 and their like.
    Internal,
}

/// A vendor and product number, written `046d:0825`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HardwareId {
    /// Who made it, as the bus's registry numbers them.
    pub vendor: u16,
    /// Which of the vendor's products.
    pub product: u16,
}

/// Why a text is not a vendor and product number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a vendor and product number is four hexadecimal digits, a colon and four more")]
pub struct HardwareIdError;

impl Peripherals {
    /// The same facts with lists in order and within their limits.
    #[must_use]
    pub fn canonical(mut self) -> Self {
        // Two equal entries without a serial are two things: the readers have told apart what they could.
        self.displays.sort();
        self.displays.truncate(PARTS_MAX);
        for list in [
            &mut self.cameras,
            &mut self.microphones,
            &mut self.speakers,
            &mut self.docks,
            &mut self.hubs,
            &mut self.inputs,
        ] {
            list.sort();
            list.truncate(PARTS_MAX);
        }
        self
    }
}

impl fmt::Display for HardwareId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:04x}", self.vendor, self.product)
    }
}

impl FromStr for HardwareId {
    type Err = HardwareIdError;
    fn from_str(text: &str) -> Result<Self, HardwareIdError> {
        let (vendor, product) = text.split_once(':').ok_or(HardwareIdError)?;
        let number = |digits: &str| {
            let four = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
            if four { u16::from_str_radix(digits, 16).map_err(|_| HardwareIdError) } else { Err(HardwareIdError) }
        };
        Ok(Self { vendor: number(vendor)?, product: number(product)? })
    }
}

impl TryFrom<String> for HardwareId {
    type Error = HardwareIdError;
    fn try_from(text: String) -> Result<Self, HardwareIdError> {
        text.parse()
    }
}

impl From<HardwareId> for String {
    fn from(id: HardwareId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_as_everybody_does() {
        let id = HardwareId { vendor: 0x046d, product: 0x0825 };
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""046d:0825""#);
        assert_eq!("046D:0825".parse(), Ok(id));
        for bad in ["", "046d", "046d:", "+46d:0825", "046d:08255", "46d:825"] {
            assert_eq!(bad.parse::<HardwareId>(), Err(HardwareIdError), "{bad}");
        }
    }
}
