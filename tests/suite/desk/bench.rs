//! A control plane with equipment, and the command line as people at a desk type it.

use cartable::{Exit, Surroundings, run};
use controlplane_core::asset::{ASSET_LABELS, ASSET_SERIALS, ASSETS, Asset};
use controlplane_core::audit::Act;
use controlplane_core::store::Expect;
use controlplane_core::table::Writes;
use jiff::tz::TimeZone;
use model::lifecycle::Lifecycle;
use model::time::Timestamp;
use std::ffi::OsString;
use std::path::PathBuf;
use tests::world::{World, admin};

/// A world whose clock is right, since the command line judges certificates by the machine's.
pub(super) async fn world() -> World {
    World::at(Timestamp::from_unix_millis(jiff::Timestamp::now().as_millisecond())).await
}

/// Puts a laptop on record.
pub(super) async fn laptop(world: &World, number: &str, school: &str, lifecycle: Lifecycle) {
    let at = number.rfind('-').map_or(0, |at| at + 1);
    let asset = Asset {
        number: number.to_owned(),
        label: format!("LBL{}", &number[at..]),
        kind: "laptop".to_owned(),
        maker: "Exemplaire".to_owned(),
        model: "14".to_owned(),
        serial: format!("PF{}", &number[at..]),
        owner: None,
        school: Some(school.parse().unwrap()),
        measure: None,
        funding: None,
        price_cents: None,
        purchased_on: None,
        warranty_until: None,
        lifecycle,
        epoch: 0,
        device: None,
        used_until: None,
        wiped: None,
        received: world.now(),
    };
    let act = Act::of(world.now(), &admin(), "test", number, "");
    let writes = Writes::by(&world.territory, &act).unwrap();
    let writes = writes.put(&ASSETS, number, &asset, Expect::Any).unwrap();
    let writes = writes.put(&ASSET_LABELS, asset.label.as_str(), &asset.number, Expect::Any).unwrap();
    let serial = format!("{}/{number}", asset.serial.to_lowercase());
    writes.put(&ASSET_SERIALS, serial, &asset.number, Expect::Any).unwrap().commit(&world.store).await.unwrap();
}

/// Somebody at a terminal of their own.
pub(super) struct Shell {
    config: PathBuf,
}

impl Shell {
    /// The first operator's.
    pub(super) fn first(world: &World) -> Self {
        let folder = world.data().join("operator");
        let path = |file: &str| folder.join(file).display().to_string();
        let config = folder.join("shell.toml");
        let text = format!(
            "[profile.default]\nserver = {:?}\ncertificate = {:?}\nkey = {:?}\nroot = {:?}\n",
            world.url(),
            path("operator.pem"),
            path("operator.key"),
            path("root.pem"),
        );
        std::fs::write(&config, text).unwrap();
        Self { config }
    }

    /// Runs a command line in English: how it ended, and what it said.
    pub(super) async fn says(&self, line: &[&str]) -> (Exit, String) {
        let (exit, out, err) = self.ran(line).await;
        (exit, out + &err)
    }

    /// Runs a command line and reads its JSON.
    pub(super) async fn json(&self, line: &[&str]) -> serde_json::Value {
        let (exit, out, err) = self.ran(&[&["--output", "json"], line].concat()).await;
        assert_eq!(exit, Exit::Done, "{line:?}: {out}{err}");
        serde_json::from_str(&out).unwrap_or_else(|_| panic!("{line:?}: {out}"))
    }

    async fn ran(&self, line: &[&str]) -> (Exit, String, String) {
        let around = Surroundings {
            variables: std::collections::BTreeMap::new(),
            zone: TimeZone::UTC,
            in_terminal: false,
            out_terminal: false,
            err_terminal: false,
            width: None,
        };
        let config = self.config.display().to_string();
        let before = ["cartable", "--lang", "en", "--config", config.as_str()];
        let arguments = before.iter().chain(line).map(OsString::from).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exit = run(arguments, &around, &mut out, &mut err).await;
        (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }
}
