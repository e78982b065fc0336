//! What Windows' own words mean: product names, program lists, access lists.

use model::device::evidence;
use model::inventory::{Package, PackageManager, Packages, program_text};

/// The first build of Windows 11, whose registry still says Windows 10
/// (Microsoft, "Windows 11 release information": version 21H2, build 22000).
const ELEVEN: u32 = 22_000;
/// The accounts a closed folder is open to: the system itself (S-1-5-18) and the group of administrators (S-1-5-32-544), whatever
/// they are called in the language of the machine (Microsoft, "Well-known SIDs").
pub const SDDL_CLOSED_TO: [&str; 2] = ["S-1-5-18", "S-1-5-32-544"];
/// The same as an access list abbreviates them (Microsoft, "SID strings").
const SDDL_SHORT: [&str; 2] = ["SY", "BA"];

/// The product's name, which the registry of Windows 11 does not know; servers have their own.
#[must_use]
pub fn product_name(registry: &str, build: Option<&str>) -> String {
    let eleven = build.and_then(|build| build.parse::<u32>().ok()).is_some_and(|build| build >= ELEVEN);
    match registry.strip_prefix("Windows 10") {
        Some(edition) if eleven => format!("Windows 11{edition}"),
        _ => registry.to_owned(),
    }
}

/// `10.0.BUILD.REVISION`, as Windows says its version.
#[must_use]
pub fn system_version(build: Option<&str>, revision: Option<u32>) -> Option<String> {
    let build = build.and_then(|build| build.parse::<u32>().ok())?;
    evidence(&match revision {
        Some(revision) => format!("10.0.{build}.{revision}"),
        None => format!("10.0.{build}"),
    })
}

/// One entry of the list of installed programs.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Its name, as it is shown to people.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Windows counts it as a part of itself, and shows it to nobody.
    pub part_of_system: bool,
    /// It is an update or a part of another program.
    pub part_of_another: bool,
}

/// The programs that Windows' own list shows; nothing when it cannot be read.
#[must_use]
pub fn programs(list: Option<Vec<Program>>) -> Packages {
    let shown = |program: Program| {
        if program.part_of_system || program.part_of_another {
            return None;
        }
        let plain =
            |text: String| program_text(&text.split_whitespace().collect::<Vec<_>>().join(" ")).map(str::to_owned);
        let version = program.version.and_then(plain).unwrap_or_else(|| "-".to_owned());
        Some(Package { name: program.name.and_then(plain)?, version })
    };
    let installed = list.map(|list| list.into_iter().filter_map(shown).collect());
    Packages { manager: Some(PackageManager::Windows), installed, left_out: 0 }.canonical()
}

/// Whether an access list, as `icacls /save` writes it, lets in the system and administrators only; nothing when there is none in
/// the text.
///
/// The list must not be inherited (`P`), and each entry that allows must name one of them (Microsoft, "ACE strings"). Whatever is
/// not understood is open.
#[must_use]
pub fn access_is_closed(text: &str) -> Option<bool> {
    let list = text
        .lines()
        .map(str::trim)
        .find_map(|line| line.split_once("D:").filter(|(before, _)| before.is_empty() || before.contains(':')))?
        .1;
    let list = list.split("S:").next().unwrap_or(list);
    let (flags, entries) = list.split_once('(')?;
    let named = |entry: &str| {
        let mut fields = entry.trim_end_matches(')').split(';');
        let kind = fields.next();
        let who = fields.nth(4);
        kind == Some("D")
            || (kind == Some("A") && who.is_some_and(|who| SDDL_SHORT.contains(&who) || SDDL_CLOSED_TO.contains(&who)))
    };
    Some(flags.contains('P') && entries.split('(').all(named))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn eleven_is_told_by_its_build() {
        assert_eq!(product_name("Windows 10 Pro Education", Some("22631")), "Windows 11 Pro Education");
        assert_eq!(product_name("Windows 10 Pro", Some("19045")), "Windows 10 Pro");
        assert_eq!(product_name("Windows 10 Pro", None), "Windows 10 Pro");
        assert_eq!(product_name("Windows Server 2022 Standard", Some("26100")), "Windows Server 2022 Standard");
        assert_eq!(system_version(Some("22631"), Some(4317)).as_deref(), Some("10.0.22631.4317"));
        assert_eq!(system_version(Some("19045"), None).as_deref(), Some("10.0.19045"));
        assert_eq!(system_version(Some("x"), Some(1)), None);
    }

    #[test]
    fn programs_are_those_that_windows_shows() {
        let program = |name: &str, version: Option<&str>| Program {
            name: Some(name.to_owned()),
            version: version.map(str::to_owned),
            ..Program::default()
        };
        let all = vec![
            program("Mozilla  Firefox (x64 fr) ", Some("128.0.3")),
            program("7-Zip", None),
            Program { part_of_system: true, ..program("Hotfix", None) },
            Program { part_of_another: true, ..program("KB1", None) },
            program("a\u{202e}b", Some("1")),
            program(&"x".repeat(500), Some("1")),
            Program::default(),
        ];
        let found = programs(Some(all));
        let names: Vec<_> = found.installed.unwrap().into_iter().map(|p| (p.name, p.version)).collect();
        assert_eq!(
            names,
            [("7-Zip".to_owned(), "-".to_owned()), ("Mozilla Firefox (x64 fr)".to_owned(), "128.0.3".to_owned())]
        );
        assert_eq!(programs(None).installed, None);
    }

    #[test]
    fn a_folder_is_closed_only_when_every_entry_is_understood() {
        let closed = |text: &str| access_is_closed(text);
        assert_eq!(closed(".\nD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)\n"), Some(true));
        assert_eq!(closed("D:P(A;OICI;FA;;;S-1-5-18)(A;OICI;FA;;;S-1-5-32-544)S:AI"), Some(true));
        for open in [
            "D:AI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)",
            "D:PAI(A;OICI;FA;;;SY)(A;OICI;0x1200a9;;;BU)",
            "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;S-1-5-32-5440)",
            "D:PAI(XA;OICI;FA;;;SY)",
            "D:PAI(A;OICI;FA)",
            "D:PAI(",
        ] {
            assert_eq!(closed(open), Some(false), "{open}");
        }
        for none in ["", "a folder\n", "D:NO_ACCESS_CONTROL"] {
            assert_eq!(closed(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn no_text_stops_it(text in "\\PC{0,80}", sddl in "D:[PAI(;)SYBU]{0,40}") {
            let _ = (access_is_closed(&text), access_is_closed(&sddl));
            let _ = programs(Some(vec![Program { name: Some(text), version: Some(sddl), ..Program::default() }]));
        }
    }
}
