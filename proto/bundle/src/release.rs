//! A release of the agent: which program is meant for which machine, and below which version no device may be led back.
//!
//! One index names the programs of all systems, so that a fleet of several is told one digest.

use crate::error::limit_check;
use crate::stored::{frame_make, frame_open};
use crate::{Architecture, Error, Result, System, Version};
use model::digest::Digest;
use serde::{Deserialize, Serialize};

/// The largest program, in bytes; whoever opens one holds it in memory once.
pub const PROGRAM_BYTES_MAX: u64 = 64 << 20;
/// The largest index of a release, in bytes.
pub const RELEASE_BYTES_MAX: usize = 16 << 10;
/// A release is made once and fetched by everybody.
const LEVEL: i32 = 19;

/// What one release consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Which.
    pub version: Version,
    /// Once a device has seen this signed, nothing older is ever put in place on it.
    pub minimum: Version,
    /// In order, each machine once.
    pub programs: Vec<Program>,
}

/// The agent's program for one kind of machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Program {
    /// For which system.
    pub system: System,
    /// For which processor.
    pub architecture: Architecture,
    /// As it is started.
    pub sha256: Digest,
    /// In bytes.
    pub bytes: u64,
}

impl Release {
    /// A release whose programs are in order.
    ///
    /// # Errors
    /// [`Error::Damaged`] for one that no device would take; [`Error::Limit`].
    pub fn new(version: Version, minimum: Version, mut programs: Vec<Program>) -> Result<Self> {
        programs.sort();
        let release = Self { version, minimum, programs };
        release.check()?;
        Ok(release)
    }

    /// As it is signed: JSON, its fields in their order.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it has no such form.
    pub fn encode(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|_| Error::Damaged("a release has no JSON form"))
    }

    /// Reads what [`Release::encode`] wrote; fields of later versions are passed over.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Limit`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        limit_check("a release", bytes.len() as u64, RELEASE_BYTES_MAX as u64)?;
        let release: Self = serde_json::from_slice(bytes).map_err(|_| Error::Damaged("not a release"))?;
        release.check()?;
        Ok(release)
    }

    /// The program for one kind of machine.
    #[must_use]
    pub fn program(&self, system: System, architecture: Architecture) -> Option<&Program> {
        self.programs.iter().find(|one| (one.system, one.architecture) == (system, architecture))
    }

    /// What its index is called.
    #[must_use]
    pub fn index_name(version: &Version) -> String {
        format!("release.{version}.index")
    }

    fn check(&self) -> Result<()> {
        if self.minimum > self.version {
            return Err(Error::Damaged("a release is older than what it demands"));
        }
        let machine = |one: &Program| (one.system, one.architecture);
        if self.programs.is_empty() || !self.programs.is_sorted_by(|one, other| machine(one) < machine(other)) {
            return Err(Error::Damaged("a release names no program, or a machine twice"));
        }
        self.programs.iter().try_for_each(|one| limit_check("a program", one.bytes, PROGRAM_BYTES_MAX))
    }
}

impl Program {
    /// Of these bytes.
    #[must_use]
    pub fn of(system: System, architecture: Architecture, bytes: &[u8]) -> Self {
        Self { system, architecture, sha256: Digest::of(bytes), bytes: bytes.len() as u64 }
    }

    /// What the file is called that holds it.
    #[must_use]
    pub fn target_name(&self, version: &Version) -> String {
        // Underscores are no signs of a target's name.
        let architecture = self.architecture.as_str().replace('_', "-");
        format!("release.{version}.{}.{architecture}.zst", self.system.as_str())
    }

    /// The program as it lies in a repository: a zstd frame.
    ///
    /// # Errors
    /// [`Error::Compression`], [`Error::Limit`].
    pub fn store(bytes: &[u8]) -> Result<Vec<u8>> {
        limit_check("a program", bytes.len() as u64, PROGRAM_BYTES_MAX)?;
        frame_make(bytes, LEVEL, &[])
    }

    /// The program itself, when it is the one that was signed.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is anything else.
    pub fn open(&self, stored: &[u8]) -> Result<Vec<u8>> {
        limit_check("a program", self.bytes, PROGRAM_BYTES_MAX)?;
        let length = usize::try_from(self.bytes).map_err(|_| Error::Damaged("a program is too large"))?;
        let bytes = frame_open(stored, length, &[]).map_err(|_| Error::Damaged("a program does not unpack"))?;
        if Digest::of(&bytes) == self.sha256 {
            Ok(bytes)
        } else {
            Err(Error::Damaged("not the program that was signed"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(bytes: &[u8]) -> Program {
        Program::of(System::Linux, Architecture::X86, bytes)
    }

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn a_program_comes_back_and_no_other() {
        let bytes = b"program ".repeat(5_000);
        let (one, stored) = (program(&bytes), Program::store(&bytes).unwrap());
        assert_eq!(one.open(&stored).unwrap(), bytes);
        assert_eq!(one.target_name(&version("1.2")), "release.1.2.linux.x86-64.zst");
        // Another one, a longer one that claims the same, a cut one, none.
        let longer = Program::store(&b"program ".repeat(50_000)).unwrap();
        for bad in [Program::store(b"other").unwrap(), longer, stored[..stored.len() - 1].to_vec(), Vec::new()] {
            assert!(matches!(one.open(&bad), Err(Error::Damaged(_))));
        }
        let huge = Program { bytes: u64::MAX, ..one };
        assert!(matches!(huge.open(&stored), Err(Error::Limit { .. })));
    }

    #[test]
    fn a_release_is_read_as_it_was_written() {
        let arm = Program { architecture: Architecture::Arm, ..program(b"a") };
        let release = Release::new(version("1.10"), version("1.9"), vec![arm.clone(), program(b"b")]).unwrap();
        let bytes = release.encode().unwrap();
        assert_eq!(Release::decode(&bytes).unwrap(), release);
        assert_eq!(release.program(System::Linux, Architecture::Arm), Some(&arm));
        assert_eq!(release.program(System::Windows, Architecture::Arm), None);
        let mut later: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        later["notes"] = "more".into();
        assert_eq!(Release::decode(later.to_string().as_bytes()).unwrap(), release);
        let twice = Release::new(version("1"), version("1"), vec![program(b"a"), program(b"b")]);
        assert!(matches!(twice, Err(Error::Damaged(_))));
        assert!(matches!(Release::new(version("1"), version("1"), Vec::new()), Err(Error::Damaged(_))));
        assert!(matches!(Release::new(version("1"), version("1.0"), vec![arm.clone()]), Err(Error::Damaged(_))));
        let large = Program { bytes: PROGRAM_BYTES_MAX + 1, ..arm };
        assert!(matches!(Release::new(version("1"), version("1"), vec![large]), Err(Error::Limit { .. })));
        assert!(matches!(Release::decode(&vec![b' '; RELEASE_BYTES_MAX + 1]), Err(Error::Limit { .. })));
        for bad in ["", "{}", "[]", "null"] {
            assert!(Release::decode(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
