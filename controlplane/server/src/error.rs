//! Why the server cannot be set up or cannot run; each says what to do next.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Everything that keeps the program from doing its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder is there and not empty.
    #[error("{path} is not empty; `init` never overwrites: choose another folder, or run the server that is there", path = .0.display())]
    NotEmpty(PathBuf),
    /// A file cannot be read or written.
    #[error("{path} cannot be {what}", path = path.display())]
    File {
        /// "read", "written", "removed" or "run".
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The configuration cannot be read.
    #[error("{path}: {message}", path = path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
    /// Keys and certificates are being changed by another program.
    #[error("keys and certificates are being changed by another program at this moment; try again")]
    CaBusy,
    /// What is asked of keys and certificates cannot be done.
    #[error(transparent)]
    Ca(#[from] CaFault),
    /// A backup cannot be used.
    #[error(transparent)]
    Backup(#[from] BackupFault),
    /// The identity vault cannot be used.
    #[error(transparent)]
    Vault(VaultFault),
    /// A restore has not come to its end here.
    #[error("{path} was being restored and is not complete: run the restore again", path = .0.display())]
    Unfinished(PathBuf),
    /// A backup must not be poured onto a screen.
    #[error("a backup is not for a terminal: send it into a pipe or a file")]
    Terminal,
    /// The running server does not answer that it serves.
    #[error("the server at {address} does not serve: {why}")]
    NotServing {
        /// Where it was asked.
        address: SocketAddr,
        /// What it said, or what went wrong.
        why: String,
    },
    /// The names would leave out the one in the address that devices were told.
    #[error("{0} must stay among the names: it stands in `url` of server.toml, where devices reach this server")]
    NameLost(String),
    /// Something lies where a new file is to be.
    #[error("{path} is there already and is not overwritten", path = .0.display())]
    Exists(PathBuf),
    /// Somebody else listens there.
    #[error(
        "{address} cannot be listened on; another program may use the port: change `listen` in server.toml, or stop that program"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What `init` is asked makes no sense.
    #[error("{0}")]
    Wish(String),
    /// A name of the server is neither a DNS name nor an address.
    #[error("{0:?} is not a name or an address of a server")]
    Name(String),
    /// Keys or certificates.
    #[error(transparent)]
    Identity(#[from] identity::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] controlplane_store::Error),
    /// A rule.
    #[error(transparent)]
    Rule(#[from] controlplane_core::Error),
    /// A file of ours does not hold what it should.
    #[error("{path} is damaged: {why}; restore it from a backup of the data folder", path = path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The descriptions of our own calls cannot be read.
    #[error("the description of the calls, which is part of this program, cannot be read")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// Why keys and certificates stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaFault {
    /// Only the root's key can do it.
    #[error("this needs the root's key, which is not here: bring it and say where it lies with --root-key")]
    RootKeyMissing,
    /// The key is another's.
    #[error("this is not the key of this root")]
    RootKeyOther,
    /// Nothing can be signed in its name any more.
    #[error("the intermediate has ended: renew it first")]
    IntermediateEnded,
    /// Two at a time would leave devices behind.
    #[error("a rotation of the online key is under way: finish it first, with --finish")]
    UnderWay,
    /// There is none to finish.
    #[error("no rotation of the online key is under way")]
    NotUnderWay,
    /// Nothing was asked for.
    #[error("no intermediate was asked for here: begin with `ca request`")]
    NotAsked,
    /// There is no copy that would remain.
    #[error("the root's key is removed only together with a copy that was verified: add --with-key")]
    NoCopy,
    /// Only the server's certificate has names.
    #[error("only the server's certificate has names: ca rotate server --name")]
    NamesOther,
    /// No device would begin with it.
    #[error(
        "this is not the signed root of a repository of resources, as cartable-publish writes it (public/metadata/1.root.json)"
    )]
    PublisherRoot,
    /// It would stop every device from installing.
    #[error("this root of a repository has expired: renew it first, with `cartable-publish repository renew`")]
    PublisherRootEnded,
    /// The copy is the original by another name.
    #[error("that copy is the root's key itself: name a folder on another medium")]
    SameCopy,
}

impl CaFault {
    /// Its message in the catalogue.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::RootKeyMissing => "error-ca-root-key-missing",
            Self::RootKeyOther => "error-ca-root-key-other",
            Self::IntermediateEnded => "error-ca-intermediate-ended",
            Self::UnderWay => "error-ca-under-way",
            Self::NotUnderWay => "error-ca-not-under-way",
            Self::NotAsked => "error-ca-not-asked",
            Self::NoCopy => "error-ca-no-copy",
            Self::NamesOther => "error-ca-names-other",
            Self::PublisherRoot => "error-ca-publisher-root",
            Self::PublisherRootEnded => "error-ca-publisher-root-ended",
            Self::SameCopy => "error-ca-same-copy",
        }
    }
}

/// Why a backup is not restored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupFault {
    /// It is something else.
    #[error("this is no backup of cartable-server")]
    NotOurs,
    /// A newer program has made it.
    #[error("a newer cartable-server has made this backup: restore it with that one")]
    Newer,
    /// Its bytes are not those that were written.
    #[error("this backup is damaged: {0}; take another one")]
    Damaged(String),
    /// Another restore fills the folder.
    #[error("another restore is filling this folder")]
    Busy,
}

/// Why the vault cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultFault {
    /// The configuration names none.
    #[error("this server has no vault: `cartable-server vault init` makes one")]
    None,
    /// There is one already.
    #[error("this server has a vault already: `cartable-server vault rekey` gives it a new key")]
    Made,
    /// The configuration names a key, and there is no vault.
    #[error("{path} is missing: restore the vault from a backup; if a rekey was cut here, run it again", path = .0.display())]
    NotMade(PathBuf),
    /// The key would be taken along with what it seals.
    #[error("{path} lies within the data folder: keep the vault's key elsewhere", path = .0.display())]
    KeyInside(PathBuf),
    /// The key does not open it.
    #[error("{path} is not the key of this vault: bring back the right one; if a rekey was cut here, run it again", path = .0.display())]
    KeyOther(PathBuf),
}

/// The result of setting up and running.
pub type Result<T> = std::result::Result<T, Error>;
