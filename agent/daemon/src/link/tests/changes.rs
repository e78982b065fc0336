//! Several things that people change in a row, on a device that filters.

use super::super::rounds::{CHANGES_MAX, ROUNDS_MAX};
use super::super::*;
use super::world::{World, answer, stored};
use crate::Config;
use crate::filter::{FilterConfig, filter};
use model::desired::Plan;
use model::filtering::{FILTER_ITEM, Filtering, Side};
use tokio::task::JoinHandle;

/// A device with its filter, both on the test's clock.
struct Scene {
    world: World,
    filter: JoinHandle<()>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.filter.abort();
    }
}

impl Scene {
    async fn start() -> Self {
        let mut world = World::new(false).await;
        let section = FilterConfig {
            state: Some(world.apart.path().join("filter")),
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            page: Vec::new(),
            upstream: vec!["127.0.0.1:9".parse().unwrap()],
            system: false,
            ..FilterConfig::default()
        };
        let config = Config { filter: section, ..Config::clone(&world.agent.config) };
        world.agent = Agent::new(config.clone(), world.clock.clone());
        let (clock, socket) = (world.clock.clone(), config.filter_place().join("control"));
        let filter = tokio::spawn(async move {
            filter(&config, clock, &crate::supervisor::Nobody, std::future::pending()).await.unwrap();
        });
        while !socket.exists() {
            tokio::task::yield_now().await;
        }
        world.start().await;
        Self { world, filter }
    }

    /// A plan that closes one name.
    fn change(&self, revision: u64) -> v1::CheckInResponse {
        let name = format!("a{revision}.example").parse().unwrap();
        let side = Side { names_blocked: [name].into(), ..Side::default() };
        let filtering = Filtering { in_school: side.clone(), out_of_school: side, ..Filtering::bare() };
        let plan = Plan { filtering: Some(Box::new(filtering)), ..Plan::default() };
        let (head, _, plan) = self.world.made.told_plan(self.world.made.device, revision, &plan);
        v1::CheckInResponse { head: Some(head), plan, ..answer() }
    }

    /// What the next call says of the filter, which is a report.
    async fn reported(&mut self) -> (u64, String) {
        let (told, reply) = self.world.call().await;
        let said = said(&told).expect("a report of the filter");
        reply.send(Ok(stored(&told))).unwrap();
        said
    }
}

/// How the filter stands, and with which revision, where this says it.
fn said(told: &v1::CheckInRequest) -> Option<(u64, String)> {
    let observed = told.observed.as_ref()?;
    let filter = observed.conditions.iter().find(|one| one.item == FILTER_ITEM)?;
    Some((observed.generation?.revision, filter.reason.clone()))
}

#[tokio::test]
async fn each_of_several_changes_in_a_row_holds_at_once_and_is_told_in_one_report() {
    let mut scene = Scene::start().await;
    scene.world.reports().await;
    let (_, reply) = scene.world.held().await;
    reply.send(Ok(scene.change(10))).unwrap();
    // The two find each other once there is something to filter; what was held until then is kept waiting.
    let mut kept = Vec::new();
    loop {
        let (told, reply) = scene.world.call().await;
        match said(&told) {
            None => kept.push(reply),
            Some(said) => {
                reply.send(Ok(stored(&told))).unwrap();
                if said == (10, "list_missing".to_owned()) {
                    break;
                }
            }
        }
    }
    // A breath, and then nobody moves the clock.
    let (_, reply) = scene.world.held().await;
    scene.world.clock.forward(BREATH);
    reply.send(Ok(scene.change(11))).unwrap();
    assert_eq!(scene.reported().await, (11, "list_missing".to_owned()));
    for revision in 12..11 + u64::from(CHANGES_MAX.min(ROUNDS_MAX)) {
        let (_, reply) = scene.world.held().await;
        reply.send(Ok(scene.change(revision))).unwrap();
        assert_eq!(scene.reported().await, (revision, "list_missing".to_owned()));
    }
    scene.world.held().await;
}
