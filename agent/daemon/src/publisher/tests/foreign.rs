//! Attacks made by python-tuf and judged by its client: what that refuses is refused here, and what is honest is taken.

use super::*;
use serde::Deserialize;
use std::process::{Command, Stdio};

#[derive(Deserialize)]
struct Attack {
    what: String,
    steps: usize,
    /// The digest of the bundle's index, or an error's name.
    python: String,
}

/// A Python with python-tuf, where `.ci/run` put one; nothing on a machine without it.
fn python() -> Option<PathBuf> {
    let own = std::env::var_os("CARTABLE_PYTHON_BIN").map(PathBuf::from);
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found =
        own.into_iter().chain(std::env::split_paths(&paths)).map(|folder| folder.join("python3")).find(|path| {
            let mut command = Command::new(path);
            command.args(["-c", "import tuf.ngclient"]).stdin(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        });
    let required = std::env::var("CARTABLE_REQUIRE").unwrap_or_default();
    assert!(found.is_some() || !required.split([',', ' ']).any(|name| name == "tuf"), "tuf is required and not here");
    found
}

#[tokio::test]
async fn what_another_client_refuses_is_refused() {
    let Some(python) = python() else {
        eprintln!("skipped: tuf (PyPI) is not on this machine");
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let script = data().join("../../foreign/attacks.py");
    let mut command = Command::new(python);
    command.arg(script).arg(home.path()).args(["100", "1"]).env("PYTHONDONTWRITEBYTECODE", "1");
    let out = command.stdin(Stdio::null()).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let attacks: Vec<Attack> = serde_json::from_slice(&fs::read(home.path().join("attacks.json")).unwrap()).unwrap();
    let (mut refused, mut stricter) = (0, 0);
    for (number, attack) in attacks.iter().enumerate() {
        let place = home.path().join(number.to_string());
        let root = fs::read(place.join("1/metadata/1.root.json")).unwrap();
        let device = Device::new();
        let mut said = Err("nothing");
        for step in 1..=attack.steps {
            // The agent starts anew each time.
            let mut publisher = Publisher::open(&Folder::new(device.0.path()), &root).unwrap();
            let source = FolderSource::new(&place.join(step.to_string()));
            said = publisher.refresh(&source, NOW).await.map_err(|error| error.code());
            assert!(said.is_ok() || step == attack.steps, "{number}, {step}: {said:?}");
            if let (Ok(()), Ok(digest)) = (said, attack.python.parse::<Digest>())
                && step == attack.steps
                // There it takes what it has under that number, whatever its digest.
                && !attack.what.starts_with("lower")
            {
                let wanted = BundleWanted { index: digest, ..wanted("1", b"") };
                assert!(publisher.index(&wanted, NOW).is_ok(), "{number}: {}", attack.what);
            }
        }
        let taken = attack.python.parse::<Digest>().is_ok();
        let both = format!("{number}: {}: {said:?}, and python-tuf says {}", attack.what, attack.python);
        assert!(taken || said.is_err(), "{both}");
        // After a new root it goes on with what it had, unseen; this client asks for it again, and may find it spoilt.
        assert!(said.is_ok() || !attack.what.starts_with("nothing"), "{both}");
        refused += usize::from(!taken);
        stricter += usize::from(taken && said.is_err());
    }
    assert!(refused > 50 && attacks.len() - refused > 10 && stricter < 5, "{refused} of {}, {stricter}", attacks.len());
}
