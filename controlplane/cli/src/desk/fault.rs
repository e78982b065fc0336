//! Why a desk's file cannot be used.

/// What is wrong with a desk's file, its passphrase, or what was asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeskFault {
    /// It is no file of a desk.
    NotADesk,
    /// A newer program made it.
    Newer,
    /// The passphrase is wrong, or the file was changed: sealed as it is, the two cannot be told apart.
    Passphrase,
    /// The passphrase is too short to protect anything.
    PassphraseShort,
    /// Nobody can be asked for the passphrase.
    PassphraseNobody,
    /// The journal beside the file is not as it was written, or belongs to another file.
    Journal,
    /// The file or an entry is larger than any of ours.
    TooLarge,
    /// Another program has it open.
    Busy,
    /// The set is too old: it serves only to send what was done.
    Expired,
    /// What was asked does not go with this set.
    Mode,
    /// It needs a terminal.
    NoTerminal,
    /// Some of what was asked was not done; the lines say which.
    SomeNotDone,
    /// The control plane did not take some of the acts.
    SomeAgainst,
    /// The control plane was too busy for some of the acts.
    SomeWaiting,
}

impl DeskFault {
    /// The message's key.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::NotADesk => "failure-desk-not",
            Self::Newer => "failure-desk-newer",
            Self::Passphrase => "failure-desk-passphrase",
            Self::PassphraseShort => "failure-desk-passphrase-short",
            Self::PassphraseNobody => "failure-desk-passphrase-nobody",
            Self::Journal => "failure-desk-journal",
            Self::TooLarge => "failure-desk-large",
            Self::Busy => "failure-desk-busy",
            Self::Expired => "failure-desk-expired",
            Self::Mode => "failure-desk-mode",
            Self::NoTerminal => "failure-desk-terminal",
            Self::SomeNotDone => "failure-desk-some",
            Self::SomeAgainst => "failure-desk-against",
            Self::SomeWaiting => "failure-desk-waiting",
        }
    }
}
