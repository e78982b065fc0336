//! What can go wrong in publishing.

use std::path::PathBuf;

/// Why something was not packed, signed or published.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder that cannot be read or written.
    #[error("{path}: cannot be {what}")]
    File {
        /// `read` or `written`.
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A bundle's rules.
    #[error(transparent)]
    Bundle(#[from] bundle::Error),
    /// A manifest that is no TOML, or lacks something.
    #[error("{path}: {why}")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        why: String,
    },
    /// A floor that no device would obey.
    #[error("floor: {0}")]
    Floor(#[source] model::floor::FloorError),
    /// What the filter's engine says of a list.
    #[error(transparent)]
    Filter(#[from] filter::Error),
    /// A description of lists that no device would believe.
    #[error(transparent)]
    List(model::lists::ListError),
    /// A file or archive that no list can be read from.
    #[error("{path}: {why}")]
    Source {
        /// The file, or what lies within it.
        path: String,
        /// Why.
        #[source]
        why: crate::list::SourceFault,
    },
    /// Names that stand guard, or are left out, and are none.
    #[error("{path}: {why}")]
    Sentinels {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// An archive that is not what its publisher's checksums say.
    #[error("{archive}: not what {sums} says")]
    Checksum {
        /// The archive.
        archive: PathBuf,
        /// The checksums.
        sums: PathBuf,
    },
    /// A list that the gate holds back.
    #[error("{} objections against this list", .0.len())]
    ListHeld(Vec<crate::list::Objection>),
    /// A work folder without what is asked for.
    #[error("{0}: no list there")]
    ListNone(PathBuf),
    /// What is kept in a work folder, and is not what it was.
    #[error("{0}: damaged")]
    ListDamaged(PathBuf),
    /// What is to be approved is not what was looked at.
    #[error("its digest is {0}")]
    ListOther(model::digest::Digest),
    /// A list that was changed after somebody approved it.
    #[error("not what was approved")]
    ListUnapproved,
    /// A category by a word that policies use for something else.
    #[error("{0}: no name for a category")]
    CategoryReserved(String),
    /// A list that is published already.
    #[error("this list is published already")]
    ListSame,
    /// A category accepted that nothing was said against.
    #[error("{0}: nothing to accept")]
    ListNeedless(String),
    /// Nobody says who approves.
    #[error("nobody says who approves")]
    ListNameless,
    /// Something accepted, and nobody says why.
    #[error("accepted without a reason")]
    ListReason,
    /// A field of a manifest that nobody knows.
    #[error("{path}: {field:?} is no field of a manifest")]
    Field {
        /// The file.
        path: PathBuf,
        /// The field.
        field: String,
    },
    /// A link, a device, a socket: something that no bundle holds.
    #[error("{0}: neither a file nor a folder")]
    NotRegular(PathBuf),
    /// A name that is not UTF-8.
    #[error("{0}: its name is not UTF-8")]
    NotUtf8(PathBuf),
    /// A file that holds no key.
    #[error("{0}: holds no key of this program")]
    NotKey(PathBuf),
    /// A file that is no proposal.
    #[error("{path}: no proposal of this program: {why}")]
    NotProposal {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A folder that holds no repository.
    #[error("{0}: holds no repository")]
    NotRepository(PathBuf),
    /// A folder that is in use already.
    #[error("{0}: is not empty")]
    NotEmpty(PathBuf),
    /// Somebody else publishes at this moment.
    #[error("{0}: another program is publishing")]
    Busy(PathBuf),
    /// Metadata that is not what it must be.
    #[error("{name}: {why}")]
    Metadata {
        /// The role or file.
        name: String,
        /// What is wrong.
        why: &'static str,
    },
    /// A role that the repository's targets let sign nothing.
    #[error("{0}: nothing is delegated to it in this repository")]
    NotDelegated(String),
    /// Too few signatures.
    #[error("{role}: {have} of {need} signatures")]
    Threshold {
        /// The role.
        role: String,
        /// Signatures that hold.
        have: usize,
        /// How many there must be.
        need: usize,
    },
    /// A proposal made before something else was published.
    #[error("{role}: version {version} was proposed, {expected} is next")]
    Stale {
        /// The role.
        role: String,
        /// What the proposal says.
        version: u64,
        /// What would be right.
        expected: u64,
    },
    /// A key that signs none of what is proposed.
    #[error("this key signs nothing of this proposal")]
    KeyUnasked,
    /// A folder that none of the proposed bundles was packed from.
    #[error("{0}: none of the proposed bundles")]
    FolderUnasked(PathBuf),
    /// A version that is not above the last one.
    #[error("{bundle} {version}: {last} is published already")]
    VersionOld {
        /// The bundle.
        bundle: String,
        /// The version that was to be packed.
        version: String,
        /// The one that is published.
        last: String,
    },
    /// A bundle under a name that travels under another role.
    #[error("{0}: the name of the filter's lists")]
    NameReserved(String),
    /// One bundle twice in one proposal.
    #[error("{0}: named twice")]
    Twice(String),
    /// Something that a proposal names and the repository lacks, or has damaged.
    #[error("{0}: missing or damaged in the repository")]
    TargetBad(String),
    /// Thresholds that the keys cannot reach, or that nobody needs to reach.
    #[error("{role}: {threshold} of {keys} keys is no threshold")]
    ThresholdBad {
        /// The role.
        role: String,
        /// The threshold.
        threshold: usize,
        /// How many keys there are.
        keys: usize,
    },
    /// A key to remove that the role does not have.
    #[error("{role} has no key {id}")]
    KeyUnknown {
        /// The role.
        role: String,
        /// The key.
        id: String,
    },
    /// Keys of the publishing machine are made there, not added.
    #[error("{0}: its key is made anew on this machine; --add, --remove and --threshold are not for it")]
    RoleOnline(String),
    /// Nobody said yes.
    #[error("not confirmed")]
    NotConfirmed,
}

/// What most of this crate returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Says which file it was.
pub(crate) fn read_failed(path: &std::path::Path) -> impl Fn(std::io::Error) -> Error + '_ {
    |source| Error::File { what: "read", path: path.to_owned(), source }
}

/// Says which file it was.
pub(crate) fn write_failed(path: &std::path::Path) -> impl Fn(std::io::Error) -> Error + '_ {
    |source| Error::File { what: "written", path: path.to_owned(), source }
}
