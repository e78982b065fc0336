//! The territory of the year: its people, its schools, its equipment, and the agents on it.

use super::acts::answered;
use crate::people::staff::{Staff, schools, whole};
use controlplane_core::asset::{ASSETS, Asset};
use controlplane_core::role::Role;
use model::id::DeviceId;
use std::collections::BTreeMap;
use std::time::Duration;
use tests::world::{DAY, Machine, World};
use tonic::transport::Channel;
use wire::v1::admin_client::AdminClient;
use wire::v1::{
    AssetLine, AssetReceiveRequest, AssetStep, AssetStepRequest, Commune, Contact, ContactSetRequest, School,
    SchoolImportRequest, TokenCreateRequest, TokenKind,
};

/// Three schools that do not exist, with their letters right.
pub(super) const SCHOOLS: [&str; 3] = ["0951099D", "0750654D", "0752524L"];
/// Laptops in all, with an agent each.
pub(super) const LAPTOPS: usize = 200;
/// A token lets at most so many in.
const TOKEN_USES: usize = 40;

/// The world and those who work in it.
pub(super) struct Territory {
    pub(super) world: World,
    pub(super) technician: Staff,
    pub(super) desks: Vec<Staff>,
    pub(super) auditor: Staff,
    /// The agents, by inventory number.
    pub(super) machines: BTreeMap<String, Machine>,
    /// Their devices.
    pub(super) devices: BTreeMap<String, DeviceId>,
}

/// The inventory number of the n-th laptop; they are dealt out to the schools in turn.
pub(super) fn number(n: usize) -> String {
    format!("TNE26-{n:06}")
}

/// The school of the n-th laptop.
pub(super) const fn school(n: usize) -> &'static str {
    SCHOOLS[n % SCHOOLS.len()]
}

impl Territory {
    /// People invited, schools imported, laptops received and enrolled.
    pub(super) async fn new(world: World) -> Self {
        let technician = Staff::invited(&world, "paul", vec![whole(Role::Technician)]).await;
        let mut desks = Vec::new();
        for name in ["jeanne", "samia", "luc"] {
            desks.push(Staff::invited(&world, name, vec![schools(Role::LoanDesk, &SCHOOLS)]).await);
        }
        let auditor = Staff::invited(&world, "marie", vec![whole(Role::Auditor)]).await;
        let (machines, devices) = (BTreeMap::new(), BTreeMap::new());
        let mut territory = Self { world, technician, desks, auditor, machines, devices };
        territory.schools_import().await;
        territory.laptops_receive().await;
        territory.laptops_enrol().await;
        territory
    }

    /// The first operator.
    pub(super) async fn admin(&self) -> AdminClient<Channel> {
        Staff::first(&self.world).client(&self.world).await
    }

    /// A technician.
    pub(super) async fn hands(&self) -> AdminClient<Channel> {
        self.technician.client(&self.world).await
    }

    /// The n-th desk.
    pub(super) async fn desk(&self, n: usize) -> AdminClient<Channel> {
        self.desks[n].client(&self.world).await
    }

    /// What the register has of an asset.
    pub(super) async fn asset(&self, number: &str) -> Asset {
        ASSETS.get(self.world.store.as_ref(), &self.world.territory, number).await.unwrap().unwrap().value
    }

    /// Does a step of preparing it.
    pub(super) async fn step(
        &self,
        hands: &mut AdminClient<Channel>,
        number: &str,
        step: AssetStep,
    ) -> Result<(), String> {
        let asked = AssetStepRequest { asset: number.to_owned(), step: step.into(), why: "the year".to_owned() };
        let done = hands.asset_step(asked).await;
        done.map(|_| ()).map_err(|status| status.message().to_owned())
    }

    /// The stage of its loan, as the agent on it says.
    pub(super) fn stage(&self, number: &str) -> &'static str {
        self.machines[number].agent.status().unwrap().loan.map_or("none", |loan| loan.stage)
    }

    /// Lets time pass until the agent on it was in touch and says this.
    pub(super) async fn stage_comes(&self, number: &str, stage: &str) {
        // The limits of a connection go by the hand-driven clock as well: while one is made, time stands still.
        self.stage_while(number, stage, Duration::from_millis(500), Duration::from_secs(900)).await;
    }

    /// The same with nobody to be in touch with.
    pub(super) async fn stage_comes_offline(&self, number: &str, stage: &str) {
        self.stage_while(number, stage, Duration::from_millis(50), Duration::from_secs(6 * 3_600)).await;
    }

    async fn stage_while(&self, number: &str, stage: &str, still: Duration, step: Duration) {
        for _ in 0..200 {
            if self.world.comes(still, async || self.stage(number) == stage).await {
                return;
            }
            self.world.pass(step).await;
        }
        panic!("{number}: not {stage}: {:#?}", self.machines[number].agent.status().unwrap());
    }

    /// Lets so many days pass; those that are switched on come back to the server in between.
    pub(super) async fn days(&self, awake: &[usize], days: u32) {
        let mut left = days;
        while left > 0 {
            let some = left.min(6);
            left -= some;
            self.world.pass(DAY * some).await;
            self.connected(awake).await;
        }
    }

    /// Lets so many days pass while these lie in a drawer, so that their certificates end, and switches them on again.
    pub(super) async fn drawer(&mut self, some: &[usize], days: u32) {
        for n in some {
            self.machines.get_mut(&number(*n)).unwrap().kill().await;
        }
        self.world.pass(DAY * days).await;
        for n in some {
            self.machines.get_mut(&number(*n)).unwrap().start().await;
        }
        self.connected(some).await;
    }

    /// Until the agents on these have been in touch since time passed, and are held by the server. What they noted before says nothing.
    async fn connected(&self, some: &[usize]) {
        let before = self.world.now().before(Duration::from_secs(1));
        // A third of a certificate's thirty days is left when it has to have been renewed; time that leaps goes no further.
        let lasting = self.world.now().after(DAY * 10);
        let held = |n: &usize| {
            let status = self.machines[&number(*n)].agent.status().unwrap();
            let fresh = |live: &agent::Live| {
                live.connected && live.fault.is_none() && live.last_contact_unix_ms.is_some_and(|at| at > before)
            };
            status.certificate_until_unix_ms.is_some_and(|until| until > lasting)
                && status.live.as_ref().is_some_and(fresh)
        };
        let mut left = some.to_vec();
        for round in 0..120 {
            let all = async {
                while !left.is_empty() {
                    left.retain(|n| !held(n));
                    tokio::task::yield_now().await;
                }
            };
            // Time that goes on ends whatever is under way: a machine that stalls is given longer and longer to come to its end.
            if tokio::time::timeout(Duration::from_millis(500 + 25 * round), all).await.is_ok() {
                return;
            }
            // They wait for their turns: a quarter of an hour at most.
            self.world.pass(Duration::from_secs(900)).await;
        }
        for n in left {
            eprintln!("{n}: {:#?}", self.machines[&number(n)].agent.status().unwrap());
        }
        panic!("not all are in touch");
    }

    async fn schools_import(&self) {
        let one = |(n, uai): (usize, &&str)| School {
            uai: (*uai).to_owned(),
            name: format!("Ecole primaire des Tilleuls {n}"),
            kind: "primary".to_owned(),
            sector: "public".to_owned(),
            communes: vec![Commune { code: format!("2505{n}"), name: format!("Commune {n}") }],
            departement: "25".to_owned(),
            pupils: Some(200),
            ..Default::default()
        };
        let schools = SCHOOLS.iter().enumerate().map(one).collect();
        let asked = SchoolImportRequest { schools, source: "annuaire.csv".to_owned(), dry_run: false };
        let mut admin = self.admin().await;
        assert_eq!(admin.school_import(asked).await.unwrap().into_inner().added, 3);
        let contact = "Mairie, 01 00 00 00 00".to_owned();
        let contact = Contact { school: SCHOOLS[0].to_owned(), text: contact, ..Default::default() };
        let asked = ContactSetRequest { contact: Some(contact), why: "the year".to_owned() };
        admin.contact_set(asked).await.unwrap();
    }

    async fn laptops_receive(&self) {
        let line = |n: usize| AssetLine {
            number: number(n),
            kind: "laptop".to_owned(),
            serial: format!("PF-{n:04}"),
            school: school(n).to_owned(),
            measure: "pupil-loan".to_owned(),
            price_cents: Some(45_000),
            purchased_on: "2026-06-01".to_owned(),
            ..Default::default()
        };
        let lines = (0..LAPTOPS).map(line).collect();
        let asked = AssetReceiveRequest { lines, dry_run: false, update: false };
        let mut hands = self.hands().await;
        let answer = hands.asset_receive(asked).await.unwrap().into_inner();
        assert!(answer.received.iter().all(|one| one.outcome() == wire::v1::AssetOutcome::New), "{answer:?}");
        for n in 0..LAPTOPS {
            self.step(&mut hands, &number(n), AssetStep::Prepare).await.unwrap();
            self.step(&mut hands, &number(n), AssetStep::Ready).await.unwrap();
        }
    }

    /// Each laptop enrols with a token for many, and takes the place of the asset that bears its serial number.
    async fn laptops_enrol(&mut self) {
        let all: Vec<usize> = (0..LAPTOPS).collect();
        for some in all.chunks(TOKEN_USES) {
            let asked = TokenCreateRequest {
                kind: TokenKind::Kit.into(),
                uses: u32::try_from(some.len()).unwrap(),
                serials: some.iter().map(|n| format!("PF-{n:04}")).collect(),
                ..Default::default()
            };
            let token = self.hands().await.token_create(asked).await.unwrap().into_inner().secret;
            for n in some.iter().copied() {
                let machine = self.world.agent(&number(n));
                serial_set(&machine, &format!("PF-{n:04}"));
                let joined = machine.agent.enrol(&self.world.url(), &token).await.unwrap();
                assert_eq!(self.asset(&number(n)).await.device, Some(joined.device));
                self.devices.insert(number(n), joined.device);
                self.machines.insert(number(n), machine);
            }
        }
        let asked = wire::v1::AssetListRequest { unbound: true, ..Default::default() };
        let unbound = answered(self.hands().await.asset_list(asked).await).assets;
        assert!(unbound.is_empty(), "{unbound:?}");
    }
}

/// What the firmware of the machine tells.
fn serial_set(machine: &Machine, serial: &str) {
    let path = machine.root.join("sys/class/dmi/id/product_serial");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, format!("{serial}\n")).unwrap();
}
