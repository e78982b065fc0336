//! A release in two waves, over agents that run it: one that does not work goes no further than the first.

use super::{Product, slots, version};
use serde_json::Value;
use tests::process::{AgentProcess, until};

const SCHOOLS: [&str; 2] = ["0951099D", "0750654D"];

/// A school of one device each, in which the first wave is the first school.
struct Schools {
    product: Product,
    agents: [AgentProcess; 2],
}

impl Schools {
    fn new() -> Self {
        let product = Product::new();
        let agents = SCHOOLS.map(|school| product.agent(&format!("agent-{school}"), &["--school", school]));
        let mut schools = Self { product, agents };
        schools.agents.iter_mut().for_each(AgentProcess::start);
        schools
    }

    fn rolled(&self, version: &str) -> String {
        let (bundle, cli) =
            (format!("cartable-agent@{version}"), |arguments: &[&str]| self.product.server.json(arguments));
        let plan = ["rollout", "plan", "--bundle", &bundle, "--scope", "territory", "--urgent", "--wave", SCHOOLS[0]];
        let id = cli(&plan)["id"].as_str().unwrap().to_owned();
        cli(&["rollout", "start", &id, "--yes"]);
        id
    }

    fn shown(&self, rollout: &str) -> Value {
        self.product.server.json(&["rollout", "show", rollout])
    }

    /// Waits as long as supervisors start anew what has ended.
    fn until(&mut self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        until(240, what, || {
            self.agents.iter_mut().for_each(AgentProcess::restart);
            holds(self)
        });
    }

    fn told(&self, seat: usize) -> Option<[String; 3]> {
        self.product.told(&self.agents[seat])
    }
}

fn said(state: &str, reason: &str, version: &str) -> Option<[String; 3]> {
    Some([state, reason, version].map(str::to_owned))
}

#[test]
fn a_release_that_returns_stops_its_rollout_and_one_that_works_reaches_everybody() {
    let mut schools = Schools::new();
    until(60, "it says what it is", || !version(&schools.agents[1]).is_empty());
    let packaged = version(&schools.agents[1]);
    let bad = schools.product.script("crashes", "exit 1");
    schools.product.published("0.9.0", &bad, "");
    let rollout = schools.rolled("0.9.0");
    schools.until("it stops by itself", |schools| schools.shown(&rollout)["state"] == "stopped");
    let shown = schools.shown(&rollout);
    assert_eq!(
        (&shown["halt"], &shown["failing"], &shown["open_waves"]),
        (&"error_share".into(), &1.into(), &1.into()),
        "{shown}"
    );
    assert_eq!(schools.told(0), said("failed", "returned", &packaged));
    let status = schools.agents[0].run(&["status"]);
    let status = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(status.contains("0.9.0 is wanted, tried 2 times without success, the installed one runs"), "{status}");
    // The second school never heard of it.
    assert_eq!((schools.told(1), slots(&schools.agents[1])), (None, Value::Null));
    let explained = schools.product.server.json(&["bundle", "explain", &schools.agents[0].id()]);
    let agent = explained["bundles"].as_array().unwrap().iter().find(|one| one["bundle"] == "cartable-agent").unwrap();
    assert_eq!((&agent["rollout"], &agent["reason"]), (&rollout.as_str().into(), &"returned".into()), "{explained}");
    // Nothing is left to go back to but what runs.
    let refused = schools.product.server.cartable(&["rollout", "rollback", &rollout, "--yes"]);
    let refused = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.contains("cartable-agent@VERSION"), "{refused}");

    let next = schools.product.next();
    schools.product.published("0.9.1", &next, "");
    let rollout = schools.rolled("0.9.1");
    schools.until("it has reached everybody", |schools| schools.shown(&rollout)["state"] == "finished");
    let shown = schools.shown(&rollout);
    assert_eq!((&shown["in_place"], &shown["open_waves"]), (&2.into(), &2.into()), "{shown}");
    for seat in 0..2 {
        assert_eq!(schools.told(seat), said("held", "", "0.9.1"));
        assert_eq!(slots(&schools.agents[seat])["in_force"]["version"], "0.9.1");
    }
    // It is what the territory is assigned now.
    let shown = schools.product.server.json(&["release", "show"]);
    assert_eq!((&shown["version"], &shown["devices"]["in_place"]), (&"0.9.1".into(), &2.into()), "{shown}");
    let shown = schools.product.server.cartable(&["device", "show", &schools.agents[1].id()]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("0.9.1 runs"), "{shown}");
    let status = schools.agents[1].run(&["status"]);
    let status = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(status.contains("0.9.1 is wanted, 0.9.1 runs"), "{status}");
    let reach = schools.product.server.json(&["bundle", "reach", "cartable-agent"]);
    assert_eq!(
        reach.as_array().map(|places| places.iter().filter(|place| place["in_place"] == 1).count()),
        Some(2),
        "{reach}"
    );
}
