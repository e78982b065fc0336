//! Newer trust roots: who may sign what this device is told changes only by the word of the root it was enrolled under.

use crate::state::{State, trust_open};
use wire::convert::Trust;
use wire::v1;

/// What came of an answer's trust roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// Those that are held.
    Same,
    /// Newer ones.
    Newer,
}

/// Whether these may take the place of those that are held; a code says why not.
///
/// A thief of an older state, or of the server, must not bring back a key that was put out: the version only grows.
pub(crate) fn trust_judge(held: &Trust, next: &Trust) -> Result<Judged, &'static str> {
    if next.territory != held.territory {
        return Err("trust_not_mine");
    }
    match next.version.cmp(&held.version) {
        std::cmp::Ordering::Less => Err("trust_stale"),
        std::cmp::Ordering::Equal if next == held => Ok(Judged::Same),
        std::cmp::Ordering::Equal => Err("trust_changed"),
        std::cmp::Ordering::Greater => Ok(Judged::Newer),
    }
}

/// Takes newer trust roots: verified, then written down, then used. What is held stays otherwise.
pub(crate) fn trust_take(
    held: &Trust,
    envelope: &v1::Envelope,
    root: &[u8],
    state: &State,
) -> Result<Option<Trust>, &'static str> {
    let next = trust_open(envelope, root).map_err(|_| "trust_signature")?;
    if trust_judge(held, &next)? == Judged::Same {
        return Ok(None);
    }
    state.trust_write(envelope).map_err(|error| {
        tracing::warn!(%error, "newer trust roots cannot be kept and are not used");
        "trust_not_kept"
    })?;
    Ok(Some(next))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use identity::key::OnlineSigner;

    fn trust(version: u64, territory: &str, keys: &[&OnlineSigner]) -> Trust {
        let online = keys.iter().map(|key| key.public().clone()).collect();
        Trust { version, territory: territory.parse().unwrap(), online, publisher: Bytes::new() }
    }

    #[test]
    fn the_version_only_grows_and_never_means_two_things() {
        let (one, two) = (OnlineSigner::generate().unwrap().0, OnlineSigner::generate().unwrap().0);
        let held = trust(2, "doubs", &[&one]);
        assert_eq!(trust_judge(&held, &held), Ok(Judged::Same));
        for version in [3, 4, u64::MAX] {
            assert_eq!(trust_judge(&held, &trust(version, "doubs", &[&two])), Ok(Judged::Newer));
        }
        for (refused, why) in [
            (trust(2, "doubs", &[&one, &two]), "trust_changed"),
            (trust(2, "doubs", &[&two]), "trust_changed"),
            (trust(1, "doubs", &[&one]), "trust_stale"),
            (trust(0, "doubs", &[&two]), "trust_stale"),
            (trust(3, "jura", &[&two]), "trust_not_mine"),
        ] {
            assert_eq!(trust_judge(&held, &refused), Err(why), "{refused:?}");
        }
    }

    #[test]
    fn whose_resources_to_install_is_said_by_the_root_alone() {
        let made = crate::fixture::made(1);
        let enrolled = made.read().unwrap().unwrap();
        let (held, root) = (enrolled.trust, enrolled.certificate.chain.last().unwrap().clone());
        // Who stole the server has the online key.
        let next = Trust { version: held.version + 1, publisher: Bytes::from_static(b"{}"), ..held.clone() };
        let forged = v1::Envelope::from(&made.online.sign::<model::desired::Head>(wire::convert::trust_encode(&next)));
        assert_eq!(trust_take(&held, &forged, &root, &made.state), Err("trust_signature"));
        assert_eq!(made.read().unwrap().unwrap().trust, held);
    }
}
