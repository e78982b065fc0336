//! What the register takes for granted of nobody: owners, measures and schools are known, or refused with what to do.

use crate::loans::{acted, conflict, create, done, prepare, stock};
use crate::people::staff::Staff;
use tests::world::World;
use tonic::transport::Channel;
use wire::v1::admin_client::AdminClient;
use wire::v1::loan_act::Deed;
use wire::v1::{
    AssetLine, AssetMoveRequest, AssetOutcome, AssetReceiveRequest, AssetReceived, Commune, LoanApprove, LoanCreate,
    LoanListRequest, LoanOutcome, Organisation, OrganisationSetRequest, School, SchoolImportRequest,
};

const A: &str = "0951099D";
const B: &str = "0750654D";

fn wish(school: &str, change: impl FnOnce(&mut LoanCreate)) -> Deed {
    let Deed::Create(mut wish) = create(school, "2027-06-30") else { unreachable!() };
    change(&mut wish);
    Deed::Create(wish)
}

async fn received(client: &mut AdminClient<Channel>, line: AssetLine) -> AssetReceived {
    let asked = AssetReceiveRequest { lines: vec![line], dry_run: false, update: true };
    client.asset_receive(asked).await.unwrap().into_inner().received.remove(0)
}

async fn organisation(client: &mut AdminClient<Channel>, id: &str) {
    let one = Organisation { id: id.to_owned(), name: id.to_owned(), kind: "commune".to_owned(), siret: String::new() };
    let asked = OrganisationSetRequest { organisations: vec![one], why: "a test".to_owned() };
    client.organisation_set(asked).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loan_without_a_measure_takes_its_devices_and_lists_narrow_by_owner_measure_and_money() {
    let world = World::new().await;
    let mut client = Staff::first(&world).client(&world).await;
    stock(&world, A, &[("TNE-1", None), ("TNE-2", None)]).await;
    let unmeasured = wish(A, |wish| wish.measure = String::new());
    let loan = done(&mut client, "", unmeasured).await;
    assert_eq!(loan.measure, "");
    done(&mut client, &loan.id, Deed::Approve(LoanApprove {})).await;
    let why = conflict(&mut client, &loan.id, prepare("TNE-1")).await;
    assert_eq!(why, format!("neither loan {} nor TNE-1 names a measure", loan.number));
    let line = AssetLine {
        number: "TNE-1".to_owned(),
        kind: "laptop".to_owned(),
        measure: "base".to_owned(),
        funding: "PIA4-2026".to_owned(),
        ..Default::default()
    };
    assert_eq!(received(&mut client, line).await.outcome(), AssetOutcome::Changed);
    organisation(&mut client, "commune-c").await;
    let (asset, owner) = ("TNE-1".to_owned(), "commune-c".to_owned());
    client.asset_move(AssetMoveRequest { asset, owner, why: "a test".to_owned(), ..Default::default() }).await.unwrap();
    let made = done(&mut client, &loan.id, prepare("TNE-1")).await;
    assert_eq!((made.measure.as_str(), made.funding.as_str()), ("base", "PIA4-2026"));
    assert_eq!(made.owner, "commune-c", "whose it is stands on the agreement");

    let owned = || wish(A, |wish| wish.owner = "commune-a".to_owned());
    let refused = acted(&mut client, "", owned()).await;
    assert_eq!(refused.outcome(), LoanOutcome::Refused);
    assert_eq!(refused.why, "no organisation is called commune-a; add it first");
    organisation(&mut client, "commune-a").await;
    let owned = done(&mut client, "", owned()).await;
    for (asked, found) in [
        (LoanListRequest { owner: "commune-a".to_owned(), ..Default::default() }, vec![&owned.id]),
        (LoanListRequest { owner: "commune-b".to_owned(), ..Default::default() }, vec![]),
        (LoanListRequest { funding: "PIA4-2026".to_owned(), ..Default::default() }, vec![&loan.id]),
        (LoanListRequest { measure: "base".to_owned(), ..Default::default() }, vec![&loan.id]),
        (LoanListRequest { measure: "pupil-loan".to_owned(), ..Default::default() }, vec![&owned.id]),
    ] {
        let loans = client.loan_list(asked.clone()).await.unwrap().into_inner().loans;
        assert_eq!(loans.iter().map(|loan| &loan.id).collect::<Vec<_>>(), found, "{asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_an_annuaire_was_imported_only_its_schools_are_lent_to_and_delivered_to() {
    let world = World::new().await;
    let mut client = Staff::first(&world).client(&world).await;
    let line = |number: &str, school: &str| AssetLine {
        number: number.to_owned(),
        kind: "laptop".to_owned(),
        school: school.to_owned(),
        measure: "pupil-loan".to_owned(),
        ..Default::default()
    };
    // A territory that imported nothing takes every well-written UAI.
    done(&mut client, "", create(A, "2027-06-30")).await;
    assert_eq!(received(&mut client, line("T-1", A)).await.outcome(), AssetOutcome::New);
    let school = School {
        uai: B.to_owned(),
        name: "Ecole primaire des Tilleuls".to_owned(),
        kind: "primary".to_owned(),
        sector: "public".to_owned(),
        communes: vec![Commune { code: "25056".to_owned(), name: "Commune A".to_owned() }],
        departement: "25".to_owned(),
        ..Default::default()
    };
    let asked = SchoolImportRequest { schools: vec![school], source: "annuaire.csv".to_owned(), dry_run: false };
    client.school_import(asked).await.unwrap();
    let unknown = format!("school {A} is not in the annuaire that was imported");
    assert_eq!(acted(&mut client, "", create(A, "2027-06-30")).await.why, unknown);
    assert_eq!(received(&mut client, line("T-2", A)).await.why, unknown);
    done(&mut client, "", create(B, "2027-06-30")).await;
    assert_eq!(received(&mut client, line("T-2", B)).await.outcome(), AssetOutcome::New);
    // Who runs it is somebody, too; and it is for a measure.
    let operated = AssetLine { operator: "syndicat-a".to_owned(), ..line("T-3", B) };
    let why = received(&mut client, operated.clone()).await.why;
    assert_eq!(why, "no organisation is called syndicat-a; add it first");
    organisation(&mut client, "syndicat-a").await;
    assert_eq!(received(&mut client, operated).await.outcome(), AssetOutcome::New);
    let unmeasured = AssetLine { measure: String::new(), ..line("T-4", B) };
    assert_eq!(received(&mut client, unmeasured).await.why, "T-4 names no measure");
    // What is there already may be said again without one.
    let again = AssetLine { measure: String::new(), ..line("T-1", "") };
    assert_eq!(received(&mut client, again).await.outcome(), AssetOutcome::Same);
}
