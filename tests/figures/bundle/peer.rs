//! What other programs make of the same folders, where they are installed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tests::system_program;

/// What `rsync -z` sends and receives to make a new version of an old one, by its own count; it compares contents, as devices do.
pub(super) fn rsync(old: &Path, new: &Path, home: &Path) -> Option<u64> {
    installed(&["rsync"])?;
    let (copy, line) = (home.join("rsync"), home.join("line"));
    let _ = fs::remove_dir_all(&copy);
    shell(&format!("cp -a {} {}", old.display(), copy.display()));
    // A remote shell that is none: both ends run here and talk through pipes, with all that they would say over a network.
    fs::write(&line, "#!/bin/sh\nshift\nexec \"$@\"\n").expect("a file");
    fs::set_permissions(&line, fs::Permissions::from_mode(0o755)).expect("its permissions");
    let (line, new, copied) = (line.display(), new.display(), copy.display());
    let said = shell(&format!("rsync -e {line} -rzc --no-whole-file --delete --stats {new}/ there:{copied}/"));
    let number = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name)).expect("rsync says so");
        line.chars().filter(char::is_ascii_digit).collect::<String>().parse::<u64>().expect("a number")
    };
    Some(number("Total bytes sent:") + number("Total bytes received:"))
}

/// What casync fetches of a new version for who has the old one.
pub(super) fn casync(old: &Path, new: &Path, home: &Path) -> Option<u64> {
    installed(&["casync"])?;
    for (name, folder) in [("casync-old", old), ("casync-new", new)] {
        let (index, store) = (home.join(format!("{name}.caidx")), home.join(format!("{name}.castr")));
        let (index, store, folder) = (index.display(), store.display(), folder.display());
        shell(&format!("casync make --without=all --store={store} {index} {folder}"));
    }
    let new_chunks = "cd casync-new.castr && find . -name '*.cacnk' | while read -r c; do [ -e ../casync-old.castr/$c ] || stat -c %s $c; done | awk '{s+=$1} END {print s+0}'";
    let chunks: u64 = shell(&format!("cd {} && {new_chunks}", home.display())).trim().parse().expect("a number");
    Some(chunks + fs::metadata(home.join("casync-new.caidx")).expect("an index").len())
}

/// How long casync takes to make the old version from a store on this disk, until it has reached the disk as a device's has.
pub(super) fn casync_extract(home: &Path) -> Duration {
    let place = home.display();
    shell(&format!("rm -rf {place}/casync-out && sync"));
    let began = now();
    shell(&format!(
        "cd {place} && casync extract --without=all --store=casync-old.castr casync-old.caidx casync-out && sync -f casync-out"
    ));
    began.elapsed()
}

/// How large the patches of xdelta3 and of zstd are, of one archive from another.
pub(super) fn archives(old: &Path, new: &Path, home: &Path) -> [Option<u64>; 2] {
    let tar = |name: &str, folder: &Path| {
        let path = home.join(name);
        shell(&format!("tar --sort=name --mtime=@0 -cf {} -C {} .", path.display(), folder.display()));
        path.display().to_string()
    };
    let (old, new) = (tar("old.tar", old), tar("new.tar", new));
    let counted = |program: &str, command: String| {
        installed(&[program])?;
        shell(&format!("{command} | wc -c")).trim().parse().ok()
    };
    [
        counted("xdelta3", format!("xdelta3 -q -e -9 -B 536870912 -c -s {old} {new}")),
        counted("zstd", format!("zstd -q -3 --long=31 --patch-from={old} {new} -c")),
    ]
}

/// The size of tar and zstd -3.
pub(super) fn tarred(folder: &Path) -> Option<u64> {
    installed(&["tar", "zstd"])?;
    shell(&format!("cd {} && tar -c . | zstd -3 -c | wc -c", folder.display())).trim().parse().ok()
}

pub(super) fn now() -> Instant {
    #[allow(clippy::disallowed_methods, reason = "what passes is measured")]
    Instant::now()
}

pub(super) fn copy(from: &Path, to: PathBuf) -> PathBuf {
    shell(&format!("cp -a {} {}", from.display(), to.display()));
    to
}

fn installed(programs: &[&str]) -> Option<()> {
    let missing = programs.iter().find(|program| system_program(program).is_none());
    if let Some(missing) = missing {
        eprintln!("{missing} is not on this machine; its rows are left out");
    }
    missing.is_none().then_some(())
}

fn shell(command: &str) -> String {
    let out = Command::new("sh").args(["-c", command]).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let out = out.expect("a shell");
    assert!(out.status.success(), "{command}");
    String::from_utf8_lossy(&out.stdout).into_owned()
}
