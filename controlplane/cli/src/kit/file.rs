//! A template as people write it: TOML, or a CSV with a line a slot.

use crate::Error;
use crate::asset::{plain, text_of};
use crate::print::clean;
use model::kit::{PartRole, Slot, Template};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use wire::v1;

/// The largest file, in bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// Reads a template; its name and title may be said beside the file, and a CSV has only those.
pub(super) fn template_read(path: &Path, name: Option<String>, title: Option<String>) -> Result<Template, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let read = File::open(path).map_err(failed)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if read as u64 > FILE_BYTES_MAX {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    let text = text_of(&bytes);
    let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let stem = path.file_stem().map_or_else(String::new, |stem| plain(&stem.to_string_lossy()).replace('_', "-"));
    let mut template = if is_csv { csv_read(&text)? } else { toml_read(&text)? };
    template.name = name.or(Some(template.name).filter(|name| !name.is_empty())).unwrap_or(stem);
    template.title = title.unwrap_or(template.title);
    template.checked().map_err(|e| syntax(&e.to_string()))
}

fn toml_read(text: &str) -> Result<Template, Error> {
    toml::from_str(text).map_err(|e: toml::de::Error| syntax(e.to_string().trim_end()))
}

fn csv_read(text: &str) -> Result<Template, Error> {
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.matches(';').count() >= first.matches(',').count() { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let headings: Vec<String> = reader.headers().map_err(|e| syntax(&e.to_string()))?.iter().map(plain).collect();
    let mut slots = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| syntax(&e.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |names: &[&str]| {
            let at = headings.iter().position(|heading| names.contains(&heading.as_str()));
            at.and_then(|at| record.get(at)).unwrap_or_default().trim().to_owned()
        };
        let wrong = |column: &str| Error::usage("error-kit-line", &[("line", &line.to_string()), ("column", column)]);
        let many = |text: String, column: &str, usual: u16| match text.as_str() {
            "" => Ok(usual),
            text => text.parse().map_err(|_| wrong(column)),
        };
        let flag = |text: String, column: &str| match text.to_lowercase().as_str() {
            "" | "0" | "non" | "no" | "false" | "n" => Ok(false),
            "1" | "oui" | "yes" | "true" | "o" | "y" | "x" => Ok(true),
            _ => Err(wrong(column)),
        };
        let role = cell(&["role", "type"]).to_lowercase();
        slots.push(Slot {
            slot: cell(&["slot", "place", "emplacement"]),
            title: cell(&["title", "titre", "designation", "libelle"]),
            role: PartRole::ALL.into_iter().find(|known| known.name() == role).ok_or_else(|| wrong("role"))?,
            min: many(cell(&["min", "minimum"]), "min", 1)?,
            max: many(cell(&["max", "maximum"]), "max", 0)?,
            managed: flag(cell(&["managed", "gere", "agent"]), "managed")?,
            serial: flag(cell(&["serial", "serie", "numero_de_serie"]), "serial")?,
            plugged: flag(cell(&["plugged", "branche"]), "plugged")?,
        });
    }
    Ok(Template { name: String::new(), version: 0, title: String::new(), slots })
}

fn syntax(why: &str) -> Error {
    Error::usage("error-kit-template", &[("why", &why.lines().map(clean).collect::<Vec<_>>().join("\n    "))])
}

/// The template as it is sent.
pub(super) fn template_wire(template: &Template) -> v1::KitTemplate {
    let slot = |slot: &Slot| v1::KitSlot {
        slot: slot.slot.clone(),
        title: slot.title.clone(),
        role: slot.role.name().to_owned(),
        min: slot.min.into(),
        max: slot.max.into(),
        managed: slot.managed,
        serial: slot.serial,
        plugged: slot.plugged,
    };
    v1::KitTemplate {
        name: template.name.clone(),
        version: 0,
        title: template.title.clone(),
        slots: template.slots.iter().map(slot).collect(),
    }
}

/// A template as it came; a role from a newer server is another one.
pub(super) fn template_of(template: v1::KitTemplate) -> Template {
    let many = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
    let slot = |slot: v1::KitSlot| Slot {
        role: PartRole::ALL.into_iter().find(|role| role.name() == slot.role).unwrap_or(PartRole::Other),
        slot: slot.slot,
        title: slot.title,
        min: many(slot.min),
        max: many(slot.max),
        managed: slot.managed,
        serial: slot.serial,
        plugged: slot.plugged,
    };
    Template {
        name: template.name,
        version: template.version,
        title: template.title,
        slots: template.slots.into_iter().map(slot).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Result<Template, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        template_read(&path, None, None)
    }

    #[test]
    fn a_template_is_read_from_toml_and_from_csv_alike() {
        let toml = r#"
            name = "kit-hybride"
            [[slots]]
            slot = "pc"
            role = "mini-pc"
            managed = true
            [[slots]]
            slot = "cables"
            title = "Câbles HDMI"
            role = "cable"
            min = 2
            max = 4
        "#;
        let csv = "place;désignation;type;min;max;géré\npc;;mini-pc;;;oui\ncables;Câbles HDMI;cable;2;4;non\n";
        let toml = read("x.toml", toml).unwrap();
        assert_eq!(read("Kit hybride.csv", csv).unwrap(), toml);
        assert_eq!((toml.slots[0].min, toml.slots[0].max), (1, 1));
        assert_eq!(template_of(template_wire(&toml)), toml);
    }

    #[test]
    fn what_cannot_be_meant_says_where() {
        let key = |read: Result<Template, Error>| match read {
            Err(Error::Usage { key, .. }) => key,
            other => panic!("{other:?}"),
        };
        assert_eq!(key(read("x.toml", "name = ")), "error-kit-template");
        assert_eq!(key(read("x.toml", "name = \"a\"\nslots = []\ncolour = 1")), "error-kit-template");
        assert_eq!(key(read("x.toml", "name = \"a\"\nslots = []")), "error-kit-template");
        assert_eq!(key(read("x.csv", "slot;role\na;printer\n")), "error-kit-line");
        assert_eq!(key(read("x.csv", "slot;role;min\na;hub;many\n")), "error-kit-line");
        assert_eq!(key(read("x.csv", "slot;role;managed\na;hub;perhaps\n")), "error-kit-line");
    }
}
