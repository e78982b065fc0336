use super::*;
use controlplane_core::memory::Memory;
use controlplane_core::store::{Append, Expect, Write};
use model::id::TerritoryId;
use proptest::prelude::*;

fn key(id: &str) -> Key {
    let territory: TerritoryId = "doubs".parse().unwrap();
    Key { territory, table: "person", id: id.to_owned() }
}

fn put(id: &str, value: &[u8]) -> Batch {
    let value = Some(Bytes::copy_from_slice(value));
    Batch { writes: vec![Write { key: key(id), expect: Expect::Any, value, intent: true }], appends: Vec::new() }
}

fn scope() -> Scope {
    Scope { territory: key("x").territory, tables: vec!["person"], prefix: String::new() }
}

#[tokio::test]
async fn what_is_put_is_read_and_lies_unreadable_below() {
    let below: SharedStore = Arc::new(Memory::new());
    let store = Sealed::over(Arc::clone(&below), &VaultKey::make().unwrap()).unwrap();
    store.commit(put("a", b"{\"surname\":\"Zzexemple\"}")).await.unwrap();
    assert_eq!(store.get(&key("a")).await.unwrap().unwrap().value.as_ref(), b"{\"surname\":\"Zzexemple\"}");
    assert_eq!(store.scan(&scope(), "", 10).await.unwrap().len(), 1);
    let raw = below.get(&key("a")).await.unwrap().unwrap().value;
    assert!(serde_json::from_slice::<String>(&raw).is_ok(), "a JSON string");
    assert!(!raw.windows(9).any(|window| window == b"Zzexemple"));
    // The same value twice is sealed into different bytes of the same length; so is a shorter one.
    store.commit(put("b", b"{\"surname\":\"Zzexemple\"}")).await.unwrap();
    store.commit(put("c", b"{\"surname\":\"Zz\"}")).await.unwrap();
    let raw_of = async |id| below.get(&key(id)).await.unwrap().unwrap().value;
    assert_ne!(raw, raw_of("b").await);
    assert_eq!(raw.len(), raw_of("c").await.len());
}

#[tokio::test]
async fn another_key_a_changed_byte_and_a_moved_entry_open_nothing() {
    let below: SharedStore = Arc::new(Memory::new());
    let store = Sealed::over(Arc::clone(&below), &VaultKey::make().unwrap()).unwrap();
    store.commit(put("a", b"one")).await.unwrap();
    store.commit(put("b", b"two")).await.unwrap();
    let other = Sealed::over(Arc::clone(&below), &VaultKey::make().unwrap()).unwrap();
    assert!(other.get(&key("a")).await.unwrap_err().to_string().contains("another key"));
    assert!(other.scan(&scope(), "", 10).await.is_err());
    // Swapped below.
    let (a, b) = (below.get(&key("a")).await.unwrap().unwrap(), below.get(&key("b")).await.unwrap().unwrap());
    below.commit(put("a", &b.value)).await.unwrap();
    below.commit(put("b", &a.value)).await.unwrap();
    assert!(store.get(&key("a")).await.is_err() && store.get(&key("b")).await.is_err());
    below.commit(put("a", &a.value)).await.unwrap();
    assert_eq!(store.get(&key("a")).await.unwrap().unwrap().value.as_ref(), b"one");
    // A place is the whole of territory, table and id.
    let elsewhere = Key { territory: "jura".parse().unwrap(), ..key("a") };
    let write = Write { key: elsewhere.clone(), expect: Expect::Any, value: Some(a.value.clone()), intent: true };
    below.commit(Batch { writes: vec![write], appends: Vec::new() }).await.unwrap();
    assert!(store.get(&elsewhere).await.is_err());
    // Every byte counts.
    for at in 0..a.value.len() {
        let mut bytes = a.value.to_vec();
        bytes[at] ^= 1;
        below.commit(put("a", &bytes)).await.unwrap();
        assert!(store.get(&key("a")).await.is_err(), "{at}");
    }
    for bad in [&b""[..], b"\"", b"\"\"", b"\"AAAA\"", b"null", &a.value[..a.value.len() - 5]] {
        below.commit(put("a", bad)).await.unwrap();
        assert!(store.get(&key("a")).await.is_err(), "{bad:?}");
    }
}

#[tokio::test]
async fn it_has_no_chain() {
    let store = Sealed::over(Arc::new(Memory::new()), &VaultKey::make().unwrap()).unwrap();
    let append = Append { territory: key("a").territory, table: "audit", body: Bytes::from_static(b"{}") };
    assert!(store.commit(Batch { writes: Vec::new(), appends: vec![append] }).await.is_err());
}

#[test]
fn a_key_is_written_for_its_owner_alone_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.key");
    let made = VaultKey::make().unwrap();
    made.write(&path).unwrap();
    assert_eq!(VaultKey::read(&path).unwrap().0, made.0);
    assert!(made.write(&path).is_err(), "never overwritten");
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(VaultKey::read(&path).unwrap_err().to_string().contains("chmod 600"));
    let text = std::fs::read_to_string(&path).unwrap();
    for bad in ["", "cartable-vault-key-1 \n", "cartable-vault-key-2 AAAA\n", &text[..20], &text.repeat(2)] {
        std::fs::write(&path, bad).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(VaultKey::read(&path).unwrap_err().to_string().contains("no key of a vault"), "{bad:?}");
    }
    assert_eq!(format!("{made:?}"), "VaultKey(…)");
}

proptest! {
    #[test]
    fn every_value_comes_back(value in proptest::collection::vec(any::<u8>(), 0..2_000), id in "[a-z0-9]{1,32}") {
        let sealer = VaultKey::make().unwrap().sealer().unwrap();
        let sealed = value_seal(&sealer, &key(&id), &value).unwrap();
        let opened = value_open(&sealer, &key(&id), &sealed).unwrap();
        prop_assert_eq!(opened.as_ref(), value.as_slice());
    }
}
