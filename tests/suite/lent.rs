//! Loans, equipment and devices together: what the register says of an asset is what the device that runs on it keeps to.

use crate::loans::{act, active, asset, create, done, sent, stock};
use crate::people::staff::{Staff, schools};
use controlplane_core::asset::{AssetWish, CODE_CHARS, Receiving, asset_receive, asset_step};
use controlplane_core::grant::GRANTS;
use controlplane_core::loan::{ACT_LIFE, LOAN_ACTS};
use controlplane_core::role::Role;
use controlplane_core::scope::Reach;
use model::grant::Hold;
use model::id::DeviceId;
use model::lifecycle::{Lifecycle, Step};
use model::measure::Measure;
use std::time::Duration;
use tests::world::{DAY, Machine, World, admin};
use tonic::transport::Channel;
use wire::v1::admin_client::AdminClient;
use wire::v1::loan_act::Deed;
use wire::v1::{AssetBindRequest, Contact, ContactSetRequest, LoanAct, LoanExtend, LoanOutcome};

const A: &str = "0951099D";
const BANNER: &str = "etc/issue.d/cartable.issue";

/// Receives a laptop with this serial number, and makes it ready to be lent.
async fn received(world: &World, number: &str, serial: &str) {
    let wish = AssetWish {
        number: number.to_owned(),
        kind: "laptop".to_owned(),
        serial: serial.to_owned(),
        school: Some(A.parse().unwrap()),
        measure: Some(Measure::PupilLoan),
        ..AssetWish::default()
    };
    let (store, territory, now) = (&world.store, &world.territory, world.now());
    let (reach, how, codes) = (Reach::territory(), Receiving::default(), [[number.as_bytes()[0]; CODE_CHARS]]);
    asset_receive(store, territory, &reach, &[wish], how, &admin(), &codes, now).await.unwrap();
    for step in [Step::Prepare, Step::Ready] {
        asset_step(store, territory, number, step, &admin(), "", now).await.unwrap();
    }
}

/// The day so many days from now.
fn day(world: &World, after: i32) -> String {
    let days = jiff::Span::new().days(after + i32::try_from(world.now().unix_seconds().div_euclid(86_400)).unwrap());
    jiff::civil::date(1970, 1, 1).checked_add(days).unwrap().to_string()
}

/// Until its banner says this, or there is none.
async fn says(machine: &Machine, wanted: Option<&str>) {
    let path = machine.root.join(BANNER);
    let read = || std::fs::read_to_string(&path).ok();
    let seen = async {
        while !wanted.map_or_else(|| read().is_none(), |text| read().is_some_and(|said| said.contains(text))) {
            tokio::task::yield_now().await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(20), seen).await;
    assert!(seen.is_ok(), "{wanted:?}: {:?}", read());
}

async fn hold(world: &World, device: DeviceId) -> Option<Hold> {
    let row = GRANTS.get(world.store.as_ref(), &world.territory, device.to_string()).await.unwrap();
    row.map(|row| row.value.hold)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_lent_before_it_was_ever_switched_on_keeps_to_its_loan_from_then_on() {
    let world = World::new().await;
    let desk = Staff::invited(&world, "jeanne", vec![schools(Role::LoanDesk, &[A])]).await;
    let mut client = desk.client(&world).await;
    received(&world, "TNE-1", "PF-LENT-1").await;
    received(&world, "UNE-2", "PF-LENT-2").await;
    let first = active(&mut client, A, "TNE-1", &day(&world, 5)).await;
    let second = active(&mut client, A, "UNE-2", &day(&world, 5)).await;

    // Switched on at home, it finds its asset by its serial number, and its loan with it.
    let mut machine = world.agent("one");
    let dmi = machine.root.join("sys/class/dmi/id");
    std::fs::create_dir_all(&dmi).unwrap();
    std::fs::write(dmi.join("product_serial"), "PF-LENT-1\n").unwrap();
    let device = machine.enrol(&world).await;
    assert_eq!(asset(&world, "TNE-1").await.device, Some(device));
    assert!(matches!(hold(&world, device).await, Some(Hold::Lent(term)) if term.loan == first.number));
    machine.start().await;
    says(&machine, Some(&first.number)).await;
    // The next act on the loan reaches it like any other.
    done(&mut client, &first.id, Deed::Extend(LoanExtend { due_on: day(&world, 90) })).await;
    says(&machine, None).await;

    // What nothing on record leads to, a person binds.
    let mut other = world.agent("two");
    let device = other.enrol(&world).await;
    other.start().await;
    other.settled().await;
    assert_eq!((hold(&world, device).await, asset(&world, "UNE-2").await.lifecycle), (None, Lifecycle::OnLoan));
    let bind = AssetBindRequest { asset: "UNE-2".to_owned(), device: device.to_string(), why: "read on it".to_owned() };
    Staff::first(&world).client(&world).await.asset_bind(bind).await.unwrap();
    says(&other, Some(&second.number)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contact_that_changes_reaches_every_device_that_is_lent() {
    let world = World::new().await;
    let mut client = Staff::first(&world).client(&world).await;
    let mut machines = Vec::new();
    for (name, number) in [("one", "TNE-1"), ("two", "TNE-2")] {
        let mut machine = world.agent(name);
        let device = machine.enrol(&world).await;
        stock(&world, A, &[(number, Some(device.to_string()))]).await;
        active(&mut client, A, number, &day(&world, 5)).await;
        machine.start().await;
        machines.push(machine);
    }
    for (school, text) in [("", "Mairie, 03 00 00 00 00"), (A, "M. Exemple, 03 00 00 00 01"), (A, "Mme Modèle")] {
        contact(&mut client, school, text).await;
        for machine in &machines {
            says(machine, Some(text)).await;
        }
    }
    // One that is away meanwhile hears of it when it is back; where the school has none, it is the territory's again.
    machines[1].kill().await;
    contact(&mut client, A, "").await;
    says(&machines[0], Some("Mairie, 03 00 00 00 00")).await;
    machines[1].start().await;
    says(&machines[1], Some("Mairie, 03 00 00 00 00")).await;
}

async fn contact(client: &mut AdminClient<Channel>, school: &str, text: &str) {
    let contact = Contact { school: school.to_owned(), text: text.to_owned(), ..Contact::default() };
    client.contact_set(ContactSetRequest { contact: Some(contact), why: "a test".to_owned() }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_forgets_by_itself_which_acts_were_sent_once_nobody_can_send_them_again() {
    let world = World::new().await;
    let mut client = Staff::first(&world).client(&world).await;
    let known = async || {
        let scope = LOAN_ACTS.scope(&world.territory, "");
        LOAN_ACTS.page(world.store.as_ref(), &scope, "", 10).await.unwrap().len()
    };
    let named = LoanAct { act: "01930000-0000-7000-8000-000000000001".to_owned(), ..act("", create(A, "2030-06-30")) };
    assert_eq!(sent(&mut client, vec![named]).await[0].outcome(), LoanOutcome::Done);
    assert_eq!(known().await, 1);
    world.clock.forward(ACT_LIFE + DAY);
    let forgotten = async {
        // The server looks once a day: time goes on until it has.
        while known().await > 0 {
            world.pass(DAY).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(120), forgotten).await.is_ok());
}
