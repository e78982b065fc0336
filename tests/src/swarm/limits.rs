//! What this machine and the server's configuration allow, looked at before anything is begun.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files of a process beside one for each connection.
const SPARE: u64 = 200;

/// Takes all open files that this process may have, and says whether they are enough for so many devices; the server needs as many.
///
/// # Errors
/// What is missing, and what to do.
pub fn files_take(devices: u64) -> Result<(), String> {
    let limit = getrlimit(Resource::Nofile);
    // A program that is started from here inherits it. Where it is refused, what there is must do.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    files_check(devices, getrlimit(Resource::Nofile).current)
}

fn files_check(devices: u64, limit: Option<u64>) -> Result<(), String> {
    let Some(limit) = limit.filter(|limit| devices.saturating_add(SPARE) > *limit) else { return Ok(()) };
    Err(format!(
        "{devices} devices need {} open files, and a process may have {limit} here (ulimit -n): ask for at most {} devices, \
         or raise the limit (ulimit -n, LimitNOFILE=) for swarm and server alike",
        devices.saturating_add(SPARE),
        limit.saturating_sub(SPARE)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_too_many_is_told_how_many_there_may_be() {
        assert_eq!(files_check(19_800, Some(20_000)), Ok(()));
        assert_eq!(files_check(u64::MAX, None), Ok(()));
        let said = files_check(19_801, Some(20_000)).unwrap_err();
        assert!(said.contains("at most 19800 devices") && said.contains("ulimit -n"), "{said}");
        assert!(files_check(u64::MAX, Some(100)).is_err());
    }
}
