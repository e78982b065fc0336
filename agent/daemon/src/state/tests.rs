use super::*;
use crate::fixture::made;
use std::fs;

#[test]
fn what_is_written_is_read_and_old_plans_go() {
    let made = made(1);
    let read = made.read().unwrap().unwrap();
    assert_eq!(read.enrolment.device, made.device);
    assert_eq!(read.held.as_ref().unwrap().head.generation.revision, 1);
    assert_eq!(read.certificate.chain.len(), 3);
    made.hold(made.device, 2);
    assert_eq!(made.read().unwrap().unwrap().held.unwrap().plan.check_in.poll_seconds, 62);
    assert_eq!(made.names().iter().filter(|n| n.starts_with("plan-")).count(), 1);
    assert!(!made.names().contains(&TLS_NEXT_KEY.to_owned()));
}

#[test]
fn who_reads_while_an_agent_writes_finds_one_state_or_the_next() {
    let made = made(1);
    let (folder, device) = (made.state.folder().clone(), made.device);
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut reads = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                enrolled_read(&folder).unwrap().unwrap().held.unwrap();
                reads += 1;
            }
            reads
        });
        for revision in 2..400 {
            made.hold(device, revision);
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(reading.join().unwrap() > 0);
    });
}

#[test]
fn before_the_last_file_of_an_enrolment_the_device_is_not_enrolled_and_keeps_its_keys() {
    let made = made(1);
    made.state.folder().remove(ENROLMENT).unwrap();
    assert!(made.read().unwrap().is_none());
    let (identity, tls) = (made.state.identity_key().unwrap(), made.state.tls_key_next().unwrap());
    assert_eq!(made.state.identity_key().unwrap().public(), identity.public());
    assert_eq!(made.state.tls_key_next().unwrap(), tls);
}

#[test]
fn each_damaged_file_is_named_at_every_length() {
    let made = made(1);
    let plan = made.names().into_iter().find(|n| n.starts_with("plan-")).unwrap();
    for name in [ENROLMENT, TLS, TRUST, HEAD, &plan] {
        let path = made.temporary.path().join(name);
        let whole = fs::read(&path).unwrap();
        for length in (0..whole.len().saturating_sub(2)).step_by(whole.len().div_ceil(40)) {
            fs::write(&path, &whole[..length]).unwrap();
            match made.read() {
                Err(error @ Error::Damaged { .. }) => assert!(error.to_string().contains(name), "{name}: {error}"),
                other => panic!("{name} cut at {length}: {:?}", other.map(|read| read.is_some())),
            }
        }
        for at in (0..whole.len()).step_by(whole.len().div_ceil(20)) {
            let mut changed = whole.clone();
            changed[at] ^= 0x55;
            fs::write(&path, changed).unwrap();
            // Never a panic; where the change is in text nobody reads, it may pass.
            let _ = made.read();
        }
        fs::write(&path, &whole).unwrap();
        made.read().unwrap();
    }
    for name in [TLS, TRUST, &plan] {
        let path = made.temporary.path().join(name);
        let whole = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(matches!(made.read(), Err(Error::Damaged { .. })), "{name}");
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn a_head_for_another_device_or_by_another_key_is_not_held() {
    let mut made = made(1);
    made.hold(DeviceId::new(Timestamp::from_unix_seconds(5), [9; 10]), 3);
    assert!(made.read().err().unwrap().to_string().contains("for another device"));
    made.online = identity::key::OnlineSigner::generate().unwrap().0;
    made.hold(made.device, 4);
    // As if there were none: newer trust roots may have put its key out, and the server says it again.
    assert!(made.read().unwrap().unwrap().held.is_none());
}

#[test]
fn a_folder_of_somebody_elses_is_refused_and_left_alone() {
    use std::os::unix::fs::PermissionsExt;
    for name in ["thesis.tmp", "plan-2026.md", "tls.pem.old", "Bilder"] {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("home");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(path.join(name), b"mine").unwrap();
        match State::open(&Folder::new(&path)) {
            Err(Error::Foreign { name: said, .. }) => assert_eq!(said, name),
            other => panic!("{name}: {:?}", other.map(|_| ())),
        }
        let names: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [name]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o755);
    }
    let temporary = tempfile::tempdir().unwrap();
    fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o750)).unwrap();
    assert!(matches!(State::open(&Folder::new(temporary.path())), Err(Error::Open(_))));
    assert_eq!(fs::metadata(temporary.path()).unwrap().permissions().mode() & 0o777, 0o750);
}

#[test]
fn what_an_agent_leaves_behind_is_its_own() {
    let made = made(1);
    let folder = made.state.folder().clone();
    let plan = made.names().into_iter().find(|n| n.starts_with("plan-")).unwrap();
    for name in ["status.json", "progress.json", "clock_floor", &format!("{plan}.tmp"), "head.tmp"] {
        fs::write(folder.path(name), b"{}").unwrap();
    }
    crate::spool::Spool::open(&folder);
    fs::write(folder.path("plan-2026.md"), b"mine").unwrap();
    made.hold(made.device, 2);
    assert!(folder.path("plan-2026.md").exists() && !folder.path(&plan).exists());
    drop(made.state);
    // Not ours, in a folder that is: it stays, and the agent runs.
    State::open(&folder).unwrap();
    assert!(folder.path("plan-2026.md").exists() && !folder.path("head.tmp").exists());
    fs::remove_file(folder.path("plan-2026.md")).unwrap();
    // Without the key, each of the names is still known.
    fs::remove_file(folder.path(IDENTITY_KEY)).unwrap();
    State::open(&folder).unwrap();
}

#[test]
fn damaged_notes_are_forgotten() {
    let made = made(1);
    made.state.progress_write(&Progress { sequence: 7, acknowledged: Sections::new() }).unwrap();
    assert_eq!(made.state.progress().sequence, 7);
    made.state.clock_floor_write(Timestamp::from_unix_millis(5)).unwrap();
    assert_eq!(made.state.clock_floor(), Some(Timestamp::from_unix_millis(5)));
    for name in [PROGRESS, CLOCK_FLOOR] {
        fs::write(made.temporary.path().join(name), b"{nonsense").unwrap();
    }
    assert_eq!((made.state.progress(), made.state.clock_floor()), (Progress::default(), None));
}
