//! A control plane with equipment, and the command line as people at a desk type it.

use cartable::{Exit, Surroundings, run};
use controlplane_core::asset::{ASSET_LABELS, ASSET_SERIALS, ASSETS, Asset};
use controlplane_core::audit::Act;
use controlplane_core::loan::LOANS;
use controlplane_core::store::Expect;
use controlplane_core::table::Writes;
use jiff::tz::TimeZone;
use model::lifecycle::Lifecycle;
use model::time::Timestamp;
use std::ffi::OsString;
use std::path::PathBuf;
use tests::world::{World, admin};
use tonic::transport::Channel;
use wire::v1::admin_client::AdminClient;
use wire::v1::loan_act::Deed;
use wire::v1::{
    BorrowerKind, Loan, LoanAccessory, LoanAct, LoanActsRequest, LoanApprove, LoanCreate, LoanOutcome, LoanPrepare,
    LoanSign, LoanSignature, SignatureMode, Signer,
};

/// A world whose clock is right, since the command line judges certificates by the machine's.
pub(crate) async fn world() -> World {
    world_at(jiff::Timestamp::now().as_millisecond()).await
}

/// A world at this time, in milliseconds since 1970.
pub(crate) async fn world_at(unix_ms: i64) -> World {
    World::at(Timestamp::from_unix_millis(unix_ms)).await
}

/// Puts a laptop on record.
pub(crate) async fn laptop(world: &World, number: &str, school: &str, lifecycle: Lifecycle) {
    let at = number.rfind('-').map_or(0, |at| at + 1);
    let asset = Asset {
        number: number.to_owned(),
        label: format!("LBL{}", &number[at..]),
        kind: "laptop".to_owned(),
        maker: "Exemplaire".to_owned(),
        model: "14".to_owned(),
        serial: format!("PF{}", &number[at..]),
        owner: None,
        operator: None,
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
pub(crate) struct Shell {
    config: PathBuf,
}

impl Shell {
    /// The first operator's.
    pub(crate) fn first(world: &World) -> Self {
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
    pub(crate) async fn says(&self, line: &[&str]) -> (Exit, String) {
        let (exit, out, err) = self.ran(line).await;
        (exit, out + &err)
    }

    /// Runs a command line and reads its JSON.
    pub(crate) async fn json(&self, line: &[&str]) -> serde_json::Value {
        let (exit, out, err) = self.ran(&[&["--output", "json"], line].concat()).await;
        assert_eq!(exit, Exit::Done, "{line:?}: {out}{err}");
        serde_json::from_str(&out).unwrap_or_else(|_| panic!("{line:?}: {out}"))
    }

    /// How a command line ended, and what it said on standard output and error.
    pub(crate) async fn ran(&self, line: &[&str]) -> (Exit, String, String) {
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

/// So many loans whose agreement names a laptop, a charger and a sleeve; every third of them is signed.
pub(crate) async fn waiting(world: &World, school: &str, count: usize) -> Vec<Loan> {
    for n in 0..count {
        laptop(world, &format!("TNE25-{n:06}"), school, Lifecycle::Available).await;
    }
    agreed(world, school, (0..count).map(|n| Some(format!("TNE25-{n:06}"))).collect()).await
}

/// So many loans whose agreement names no laptop.
pub(crate) async fn unnamed(world: &World, school: &str, count: usize) -> Vec<Loan> {
    agreed(world, school, vec![None; count]).await
}

/// A loan as it stands.
pub(crate) async fn lent(world: &World, id: &str) -> controlplane_core::loan::Loan {
    LOANS.get(world.store.as_ref(), &world.territory, id).await.unwrap().unwrap().value
}

async fn agreed(world: &World, school: &str, assets: Vec<Option<String>>) -> Vec<Loan> {
    let mut client = client(world).await;
    let due = jiff::Timestamp::from_millisecond(world.now().after(200 * tests::world::DAY).unix_millis()).unwrap();
    let due = due.to_zoned(TimeZone::UTC).date().to_string();
    let mut loans = Vec::new();
    for (n, asset) in assets.into_iter().enumerate() {
        let create = LoanCreate {
            school: school.to_owned(),
            borrower: format!("{n:032x}"),
            kind: BorrowerKind::Pupil.into(),
            minor: true,
            measure: "pupil-loan".to_owned(),
            due_on: due.clone(),
            ..Default::default()
        };
        let number = done(&mut client, "", Deed::Create(create)).await.number;
        done(&mut client, &number, Deed::Approve(LoanApprove {})).await;
        let part = |kind: &str| LoanAccessory { number: format!("{kind}-{n:06}"), kind: kind.to_owned(), state: 0 };
        let prepare = LoanPrepare {
            asset: asset.unwrap_or_default(),
            accessories: vec![part("charger"), part("sleeve")],
            template: "fr-1".to_owned(),
        };
        let mut loan = done(&mut client, &number, Deed::Prepare(prepare)).await;
        if n.is_multiple_of(3) {
            let signature = LoanSignature {
                by: Signer::Guardian1.into(),
                mode: SignatureMode::Paper.into(),
                on: "2026-09-01".to_owned(),
                scan: String::new(),
            };
            loan = done(&mut client, &number, Deed::Sign(LoanSign { signatures: vec![signature] })).await;
        }
        loans.push(loan);
    }
    loans
}

/// The first operator's, who judges certificates by the world's clock.
async fn client(world: &World) -> AdminClient<Channel> {
    let read = |file: &str| std::fs::read_to_string(world.data().join("operator").join(file)).unwrap();
    let chain = identity::issue::chain_of_pem(&read("operator.pem")).unwrap();
    let config =
        identity::tls::client(&chain[chain.len() - 1], chain.clone(), &read("operator.key"), world.clock.clone());
    AdminClient::new(tests::caller::connect(world.port, config.unwrap()).await.unwrap())
}

async fn done(client: &mut AdminClient<Channel>, loan: &str, deed: Deed) -> Loan {
    let act = LoanAct { loan: loan.to_owned(), deed: Some(deed), ..Default::default() };
    let answer = client.loan_acts(LoanActsRequest { acts: vec![act], desk_unix_ms: 0 }).await.unwrap().into_inner();
    let answer = answer.answers.into_iter().next().unwrap();
    assert_eq!(answer.outcome(), LoanOutcome::Done, "{}", answer.why);
    answer.loan.unwrap()
}
